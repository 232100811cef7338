//! Runs diagnostics: without a shell, side by side, with little time, and nothing of them is left behind.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::model::diagnostic::{End, Errand, Heard, MOST_OUTPUT};
use crate::model::health::{Failure, FailureKind};
use crate::net::child::{self, PASSED, cannot_start, describe};
use crate::net::credential::Mask;
use crate::pane::effect::Msg;

/// So many run at once.
const TOGETHER: usize = 8;
/// Lines are told so often at most.
const TOLD: Duration = Duration::from_millis(100);
/// What one wrote may still come so long after its end, where what it started keeps its output open.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes taken from a pipe at once.
const PIECE: usize = 8 << 10;

/// Runs diagnostics.
pub(super) struct Runner {
    answers: mpsc::Sender<Msg>,
    places: Arc<Semaphore>,
    mask: Mask,
    /// Nothing is run: what is played is no real outage.
    is_played: bool,
}

impl Runner {
    pub(super) fn new(answers: mpsc::Sender<Msg>, mask: Mask, is_played: bool) -> Self {
        Self { answers, places: Arc::new(Semaphore::new(TOGETHER)), mask, is_played }
    }

    /// Runs these; what is heard of each is told.
    pub(super) fn run(&self, errands: Vec<Errand>) {
        for errand in errands {
            let told = Told { id: errand.id, answers: self.answers.clone(), mask: self.mask.clone() };
            let (places, is_played) = (Arc::clone(&self.places), self.is_played);
            tokio::spawn(async move {
                if is_played {
                    let why = Failure::new(FailureKind::Forbidden, "a recording is played: nothing is run");
                    told.send(Heard::Ended(End::NotRun(why), Duration::ZERO)).await;
                    return;
                }
                // The semaphore is never closed.
                let _place = places.acquire().await;
                told.send(Heard::Started).await;
                let began = Instant::now();
                let end = run(&errand, &told).await;
                told.send(Heard::Ended(end, began.elapsed())).await;
            });
        }
    }
}

/// Who is told what one run does.
struct Told {
    id: u64,
    answers: mpsc::Sender<Msg>,
    mask: Mask,
}

impl Told {
    async fn send(&self, heard: Heard) {
        // Nobody is there any more: the process ends.
        drop(self.answers.send(Msg::Diagnosed(self.id, heard)).await);
    }

    async fn lines(&self, lines: &mut Vec<u8>) {
        if !lines.is_empty() {
            self.mask.blot(lines);
            self.send(Heard::Output(std::mem::take(lines).into())).await;
        }
    }
}

async fn run(errand: &Errand, told: &Told) -> End {
    let mut command = Command::new(&errand.program);
    command
        .args(&errand.arguments)
        .env_clear()
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for variable in PASSED.iter().copied().chain(errand.env.iter().map(String::as_str)) {
        if let Some(value) = std::env::var_os(variable) {
            command.env(variable, value);
        }
    }
    let (mut child, mut group) = match child::spawn(&mut command) {
        Ok(started) => started,
        Err(error) => return End::NotRun(cannot_start(&errand.program, &error)),
    };
    let mut pipes = (Pipe::new(child.stdout.take()), Pipe::new(child.stderr.take()));
    let until = Instant::now() + errand.within;
    let (mut lines, mut tell_at) = (Vec::new(), Instant::now());
    let (mut written, mut ended, mut rest) = (0, None, until);
    let end = loop {
        if pipes.0.is_closed()
            && pipes.1.is_closed()
            && let Some(end) = ended.take()
        {
            break end;
        }
        tokio::select! {
            biased;
            read = pipes.0.read() => written += read,
            read = pipes.1.read() => written += read,
            status = child.wait(), if ended.is_none() => {
                ended = Some(match status {
                    Ok(status) => status.code().map_or_else(|| End::Otherwise(describe(status).into()), End::Code),
                    Err(error) => End::Otherwise(error.to_string().into()),
                });
                // Whatever it left behind would hold the pipes open.
                group.kill();
                rest = Instant::now() + GRACE;
            }
            () = sleep_until(tell_at), if !lines.is_empty() => {
                told.lines(&mut lines).await;
                tell_at = Instant::now() + TOLD;
            }
            () = sleep_until(rest) => {
                break match ended.take() {
                    Some(end) => end,
                    None if group.is_stopped() => End::Asked,
                    None => End::TimedOut,
                };
            }
        }
        for whole in [&mut pipes.0.whole, &mut pipes.1.whole] {
            lines.append(whole);
        }
        if written > MOST_OUTPUT {
            break End::TooMuch;
        }
    };
    group.kill();
    for line in [&mut pipes.0.line, &mut pipes.1.line] {
        lines.append(line);
    }
    told.lines(&mut lines).await;
    end
}

/// One of the outputs of a program, given on in whole lines.
struct Pipe<R> {
    open: Option<R>,
    /// Lines that were not given on yet.
    whole: Vec<u8>,
    /// The line that has no end yet.
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(open: Option<R>) -> Self {
        Self { open, whole: Vec::new(), line: Vec::new() }
    }

    fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    /// Reads a piece, and gives how many bytes it had. Waits for ever at the end.
    async fn read(&mut self) -> usize {
        let Some(open) = &mut self.open else { return std::future::pending().await };
        self.line.reserve(PIECE);
        let read = open.take(PIECE as u64).read_buf(&mut self.line).await.unwrap_or(0);
        if read == 0 {
            self.open = None;
            if !self.line.is_empty() {
                self.line.push(b'\n');
                self.whole.append(&mut self.line);
            }
            return 0;
        }
        if let Some(end) = memchr::memrchr(b'\n', &self.line) {
            self.whole.extend(self.line.drain(..=end));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(id: u64, script: &str, within: Duration) -> Errand {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        Errand {
            id,
            program: "/bin/sh".to_owned(),
            arguments,
            env: vec!["CARGO_PKG_NAME".to_owned()],
            within,
        }
    }

    /// What is heard until all have ended: the output and the end of each.
    async fn heard(errands: Vec<Errand>, is_played: bool) -> Vec<(String, End)> {
        let (answers, mut told) = mpsc::channel(4);
        let mut left = errands.len();
        let mut heard = vec![(String::new(), None); left];
        Runner::new(answers, Mask::default(), is_played).run(errands);
        while left > 0 {
            let next = tokio::time::timeout(Duration::from_secs(60), told.recv()).await.unwrap();
            let Some(Msg::Diagnosed(id, what)) = next else { panic!("{next:?}") };
            let one = &mut heard[usize::try_from(id).unwrap()];
            match what {
                Heard::Started => {}
                Heard::Output(text) => one.0.push_str(text.as_str().unwrap()),
                Heard::Ended(end, _) => (one.1, left) = (Some(end), left - 1),
            }
        }
        heard.into_iter().map(|(text, end)| (text, end.unwrap())).collect()
    }

    const LONG: Duration = Duration::from_secs(50);

    #[tokio::test]
    async fn output_errors_and_code_are_told_and_little_is_passed_on() {
        let script = "echo out; echo err >&2; printf end; env | grep -c . >/dev/null; exit 3";
        let all =
            heard(vec![errand(0, script, LONG), errand(1, "env | sort | cut -d= -f1", LONG)], false).await;
        let mut lines: Vec<&str> = all[0].0.lines().collect();
        lines.sort_unstable();
        assert_eq!((lines, &all[0].1), (vec!["end", "err", "out"], &End::Code(3)));
        assert!(all[1].0.contains("CARGO_PKG_NAME") && all[1].0.contains("PATH"), "{}", all[1].0);
        assert!(!all[1].0.contains("CARGO_MANIFEST_DIR"), "{}", all[1].0);
    }

    #[tokio::test]
    async fn one_that_hangs_writes_too_much_or_is_not_there_ends_and_the_others_go_on() {
        let short = Duration::from_millis(300);
        let missing = Errand { program: "/no/such/program".to_owned(), ..errand(3, "", LONG) };
        let errands = vec![
            errand(0, "echo before; sleep 50 & sleep 50", short),
            errand(1, "yes", LONG),
            errand(2, "echo well", LONG),
            missing,
            errand(4, "kill -9 $$", LONG),
        ];
        let all = heard(errands, false).await;
        assert_eq!(all[0], ("before\n".to_owned(), End::TimedOut));
        assert_eq!(all[1].1, End::TooMuch);
        assert!((MOST_OUTPUT..MOST_OUTPUT + 2 * PIECE).contains(&all[1].0.len()), "{}", all[1].0.len());
        assert_eq!(all[2], ("well\n".to_owned(), End::Code(0)));
        assert!(matches!(&all[3].1, End::NotRun(failure) if failure.kind == FailureKind::Missing), "{all:?}");
        assert_eq!(all[4].1, End::Otherwise("killed by signal 9".into()));
    }

    #[tokio::test]
    async fn what_one_leaves_behind_ends_with_it() {
        // The child would keep the output open for 50 s.
        let all = heard(vec![errand(0, "sleep 50 & echo done", LONG)], false).await;
        assert_eq!(all[0], ("done\n".to_owned(), End::Code(0)));
    }

    #[tokio::test]
    async fn in_a_recording_nothing_is_run() {
        let all = heard(vec![errand(0, "echo no", LONG)], true).await;
        assert!(matches!(&all[0], (text, End::NotRun(_)) if text.is_empty()), "{all:?}");
    }
}
