//! Notices that the terminal is gone, even when nobody gets a signal for it.

use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::exit::Exit;
use super::signals::HANG_UP;
use super::terminal::Terminal;

/// Starts the thread that ends the process as SIGHUP does once the terminal hangs up.
///
/// A parent may have told us to ignore SIGHUP (`nohup`, some multiplexers), and the loop may be
/// busy: so this waits on its own, without a timeout, and wakes only for the hang-up.
pub fn start(terminal: &Terminal, exit: &Arc<Exit>) -> std::io::Result<()> {
    let (terminal, exit) = (terminal.clone(), Arc::clone(exit));
    std::thread::Builder::new().name("midwatch-watchdog".to_owned()).spawn(move || {
        wait_for_hang_up(&terminal);
        exit.leave(HANG_UP);
    })?;
    Ok(())
}

/// Returns once the terminal is gone.
fn wait_for_hang_up(terminal: &Terminal) {
    loop {
        // No events asked for: hang-up and errors are reported anyway, input is not.
        let mut fds = [PollFd::new(terminal, PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        let [fd] = &fds;
        if fd.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return;
        }
    }
}
