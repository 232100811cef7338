//! The thread that reads the terminal. It sleeps without a timer while no sequence is open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::exit::Exit;
use super::fault;
use super::keys::{Parser, Typed};
use super::signals::HANG_UP;
use super::terminal::Terminal;

/// Keys and pastes that may wait for the loop; then the thread stops reading, and the terminal
/// holds what is typed.
const QUEUE: usize = 256;

/// The escape wait on a terminal here, and on one behind ssh, where a sequence may come in pieces.
const NEAR: Duration = Duration::from_millis(50);
const FAR: Duration = Duration::from_millis(200);

/// Starts reading. `far`: the terminal is behind ssh. Errors when the system gives no thread.
pub fn start(terminal: &Terminal, exit: &Arc<Exit>, far: bool) -> std::io::Result<mpsc::Receiver<Typed>> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let (terminal, exit) = (terminal.clone(), Arc::clone(exit));
    std::thread::Builder::new().name("midwatch-input".to_owned()).spawn(move || {
        if read(&terminal, Parser::new(if far { FAR } else { NEAR }), &sender) == End::HungUp {
            exit.leave(HANG_UP);
        }
    })?;
    Ok(receiver)
}

#[derive(PartialEq, Eq, Debug)]
enum End {
    HungUp,
    /// The loop has ended and wants no more keys.
    NotWanted,
}

fn read(terminal: &Terminal, mut parser: Parser, keys: &mpsc::Sender<Typed>) -> End {
    let start = Instant::now();
    let mut bytes = [0; 4096];
    loop {
        let wait = parser.deadline().map(|deadline| deadline.saturating_sub(start.elapsed()));
        let timeout = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let mut fds = [PollFd::new(terminal, PollFlags::IN)];
        let typed = match poll(&mut fds, timeout.as_ref()) {
            Err(Errno::INTR) => continue,
            Err(_) => return End::HungUp,
            // Decided only when the system says that nothing came: a slow machine splits nothing.
            Ok(0) => parser.expire(start.elapsed()),
            Ok(_) => match terminal.read(&mut bytes) {
                // Neither is a reason to try again: a terminal that is gone says it for ever.
                Ok(0) | Err(Errno::IO) => return End::HungUp,
                Ok(n) => parser.feed(bytes.get(..n).unwrap_or_default(), start.elapsed()),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return End::HungUp,
            },
        };
        fault::panic("input");
        for typed in typed {
            if keys.blocking_send(typed).is_err() {
                return End::NotWanted;
            }
        }
    }
}
