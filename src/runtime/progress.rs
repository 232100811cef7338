//! How far a file has been read, on a terminal and only when it takes long.

use std::io::{self, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use crate::model::text::SafeText;
use crate::safe;

/// What takes less is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often it is told anew.
const STEP: Duration = Duration::from_millis(100);

/// A line on standard error that is written over and over, and taken away at the end.
#[derive(Debug)]
pub struct Progress {
    name: SafeText,
    /// Bytes, where it is known how many there are.
    length: Option<u64>,
    read: u64,
    began: Instant,
    next: Duration,
    /// Whether anybody sees it.
    is_seen: bool,
    /// Whether a line stands there.
    stands: bool,
}

impl Progress {
    /// Of reading what has this name; silent unless standard error is a terminal.
    pub fn new(name: SafeText, length: Option<u64>) -> Self {
        let is_seen = io::stderr().is_terminal();
        Self { name, length, read: 0, began: Instant::now(), next: PATIENCE, is_seen, stands: false }
    }

    /// So many bytes more have been read.
    pub fn add(&mut self, bytes: u64) {
        self.read += bytes;
        let late = self.began.elapsed();
        if self.is_seen && late >= self.next {
            self.next = late + STEP;
            self.stands = true;
            // There is no other place to say that this one does not work.
            let _unheard = write!(io::stderr().lock(), "\r\x1b[K{}", self.line(late).as_str());
        }
    }

    /// Takes the line away, so that something else can be printed.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.stands) {
            let _unheard = io::stderr().lock().write_all(b"\r\x1b[K");
        }
    }

    fn line(&self, late: Duration) -> SafeText {
        let read = safe!("{} MB", self.read / 1_000_000);
        let rate = self.read / 1000 / u64::try_from(late.as_millis()).unwrap_or(1).max(1);
        let far = match self.length {
            Some(length) if length > 0 => {
                let percent = (self.read.min(length) * 100).checked_div(length).unwrap_or(100);
                let filled = usize::try_from(percent / 5).unwrap_or(0);
                let bar = SafeText::literal("####################").columns(0, filled);
                let gap = SafeText::literal("....................").columns(0, 20 - filled.min(20));
                safe!("[{}{}] {}%, {} of {} MB", bar, gap, percent, read, length / 1_000_000)
            }
            _ => read,
        };
        // A line that wraps could not be taken away.
        let name = self.name.clone().truncate_to(24, &SafeText::literal(".."));
        safe!("{} {}, {} MB/s", name, far, rate)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_how_far_it_is_in_one_short_line() {
        let mut progress = Progress::new("/var/log/an/app/with/a/long/name.log".into(), Some(586_000_000));
        progress.read = 293_000_000;
        let line = progress.line(Duration::from_millis(500));
        assert_eq!(
            line.as_str(),
            "/var/log/an/app/with/a.. [##########..........] 50%, 293 MB of 586 MB, 586 MB/s"
        );
        progress.read = 700_000_000;
        assert!(progress.line(Duration::from_secs(1)).as_str().contains("100%"), "it grew meanwhile");
        (progress.length, progress.read) = (None, 12_000_000);
        assert!(progress.line(Duration::ZERO).as_str().contains(".. 12 MB, "));
    }

    #[test]
    fn in_a_pipe_it_says_nothing() {
        // The tests of the program run it with pipes; what a terminal sees is tried on one.
        let mut progress = Progress::new("a".into(), Some(1));
        (progress.is_seen, progress.next) = (false, Duration::ZERO);
        progress.add(1);
        assert!(!progress.stands);
    }
}
