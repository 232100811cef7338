//! Lines to standard output, on a thread of their own: one that does not read stops nothing else.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::Notify;

use crate::model::text::SafeText;
use crate::safe;

/// Pieces that may wait for a reader; then lines are skipped, and counted.
const QUEUE: usize = 64;
/// How long the last lines get to be read at the end.
const END: Duration = Duration::from_millis(300);

/// What has been printed, and the thread that prints.
#[derive(Debug)]
pub(super) struct Paper {
    pieces: Option<SyncSender<Vec<u8>>>,
    done: Receiver<()>,
    end: Arc<Notify>,
    pen: Pen,
    skipped: usize,
}

/// Where the printing stands: only ever further on.
#[derive(Debug, Default)]
struct Pen {
    /// What stands on the line that is not ended.
    open: String,
}

impl Pen {
    /// Bytes of whole lines. A line that was open is ended first.
    fn lines(&mut self, lines: &[SafeText]) -> String {
        let mut text = String::new();
        if !lines.is_empty() && !self.open.is_empty() {
            text.push('\n');
            self.open.clear();
        }
        for line in lines {
            text.push_str(line.as_str());
            text.push('\n');
        }
        text
    }

    /// Bytes that make `line` the open one: the rest of it, or all of it on a new line; `None` ends
    /// what is open.
    fn hold(&mut self, line: Option<&SafeText>) -> String {
        let line = line.map_or("", SafeText::as_str);
        let text = match line.strip_prefix(self.open.as_str()) {
            Some(rest) if !line.is_empty() => rest.to_owned(),
            _ if self.open.is_empty() => line.to_owned(),
            _ => format!("\n{line}"),
        };
        line.clone_into(&mut self.open);
        text
    }
}

impl Paper {
    /// Starts the thread. Errors when the system gives no thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let (pieces, to_print) = sync_channel::<Vec<u8>>(QUEUE);
        let (finished, done) = channel();
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        std::thread::Builder::new().name("midwatch-writer".to_owned()).spawn(move || {
            while let Ok(piece) = to_print.recv() {
                if write(&piece).is_err() {
                    break;
                }
            }
            ended.notify_one();
            // Nobody waits when the console ended otherwise.
            let _unheard = finished.send(());
        })?;
        Ok(Self { pieces: Some(pieces), done, end, pen: Pen::default(), skipped: 0 })
    }

    /// Completes when nobody reads any more.
    pub(super) async fn gone(&self) {
        self.end.notified().await;
    }

    /// Prints whole lines; a line that was open is ended first.
    pub(super) fn print(&mut self, lines: &[SafeText]) {
        let mut text = String::new();
        if self.skipped > 0 && !lines.is_empty() {
            let said = safe!("{} lines skipped: they were not read fast enough", self.skipped);
            text.push_str(&self.pen.lines(&[said]));
        }
        text.push_str(&self.pen.lines(lines));
        if self.send(text) {
            self.skipped = 0;
        } else {
            self.skipped += lines.len();
        }
    }

    /// Shows the line that is being typed; `None` when nothing is typed.
    pub(super) fn hold(&mut self, line: Option<&SafeText>) {
        let text = self.pen.hold(line);
        if !self.send(text) {
            // It is said again with the next key.
            self.pen.open.clear();
        }
    }

    fn send(&mut self, text: String) -> bool {
        if text.is_empty() {
            return true;
        }
        self.pieces.as_ref().is_some_and(|pieces| pieces.try_send(text.into_bytes()).is_ok())
    }
}

impl Drop for Paper {
    fn drop(&mut self) {
        self.hold(None);
        self.pieces = None;
        // Late: whoever reads has stopped; the rest is theirs no more.
        let _late = self.done.recv_timeout(END);
    }
}

fn write(mut bytes: &[u8]) -> Result<(), Errno> {
    let stdout = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(stdout, bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // The terminal is shared with a program that does not want to wait.
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None)?;
            }
            Err(gone) => return Err(gone),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> SafeText {
        SafeText::literal(text)
    }

    #[test]
    fn what_is_typed_grows_on_its_line_and_news_does_not_break_it() {
        let mut pen = Pen::default();
        assert_eq!(pen.hold(Some(&text("filter:"))), "filter:");
        assert_eq!(pen.hold(Some(&text("filter: a"))), " a");
        assert_eq!(pen.hold(Some(&text("filter: ab"))), "b");
        assert_eq!(pen.lines(&[text("news")]), "\nnews\n");
        assert_eq!(pen.hold(Some(&text("filter: ab"))), "filter: ab");
        // Taken back: nothing is painted over, the line is said anew.
        assert_eq!(pen.hold(Some(&text("filter: a"))), "\nfilter: a");
        assert_eq!(pen.hold(None), "\n");
        assert_eq!(pen.hold(None), "");
        assert_eq!(pen.lines(&[]), "");
    }
}
