//! Signals, on a thread of their own that ends the process itself: the loop may never look again.

use std::os::raw::c_int;
use std::sync::Arc;

use ratatui::layout::Size;
use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use tokio::sync::watch;

use super::exit::Exit;
use super::terminal::Terminal;

/// The exit code after a hang-up.
pub const HANG_UP: i32 = 128 + SIGHUP;

/// What the loop has to know about the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Columns and rows.
    pub size: Size,
    /// Changes when the screen was given back and taken again: everything must be painted anew.
    pub taken: u64,
}

/// Catches the signals and starts the thread. The receiver holds the latest size and says when
/// everything must be painted anew.
///
/// A signal that the parent told us to ignore stays ignored, as for any program under `nohup`.
/// Errors when the system refuses a handler or a thread.
pub fn start(terminal: &Terminal, exit: &Arc<Exit>) -> std::io::Result<watch::Receiver<Screen>> {
    let ignored = ignored();
    let wanted = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH];
    let mut signals = Signals::new(wanted.into_iter().filter(|signal| ignored & mask(*signal) == 0))?;
    let (screen, receiver) = watch::channel(Screen { size: terminal.size(), taken: 0 });
    let (terminal, exit) = (terminal.clone(), Arc::clone(exit));
    std::thread::Builder::new().name("midwatch-signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGWINCH => resized(&terminal, &screen),
                SIGTSTP => drop(suspend(&terminal)),
                SIGCONT => continued(&terminal, &screen),
                signal => exit.leave(128 + signal),
            }
        }
    })?;
    Ok(receiver)
}

/// Catches the signals that end the process, where there is no terminal.
///
/// Errors when the system refuses a handler or a thread.
pub fn start_without_terminal(exit: &Arc<Exit>) -> std::io::Result<()> {
    let ignored = ignored();
    let wanted = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];
    let mut signals = Signals::new(wanted.into_iter().filter(|signal| ignored & mask(*signal) == 0))?;
    let exit = Arc::clone(exit);
    std::thread::Builder::new().name("midwatch-signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            exit.leave(128 + signal);
        }
    })?;
    Ok(())
}

fn resized(terminal: &Terminal, screen: &watch::Sender<Screen>) {
    screen.send_if_modified(|screen| {
        let size = terminal.size();
        std::mem::replace(&mut screen.size, size) != size
    });
}

/// Takes the screen again after any stop: a SIGSTOP from elsewhere gave no chance to give it back,
/// and the shell has drawn and set modes of its own since.
fn continued(terminal: &Terminal, screen: &watch::Sender<Screen>) {
    // Refused only when the terminal is gone, which the watchdog sees as well.
    if terminal.enter().is_ok() {
        screen.send_modify(|screen| {
            *screen = Screen { size: terminal.size(), taken: screen.taken + 1 };
        });
    }
}

/// No shell waits for this process group, so nothing could continue it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Orphaned;

/// Gives the screen back and stops the process group; returns when it is continued.
///
/// The signal thread takes the screen again on SIGCONT. Errors, without doing anything, when there
/// is no shell that could continue it.
pub fn suspend(terminal: &Terminal) -> Result<(), Orphaned> {
    if is_orphaned() {
        return Err(Orphaned);
    }
    terminal.restore(std::time::Duration::from_millis(300));
    // The group, so that a script in between stops too and the shell gets its prompt. STOP, not
    // TSTP, because that one is caught here.
    let _sent = rustix::process::kill_current_process_group(Signal::STOP);
    Ok(())
}

/// Whether no parent in this session, outside our process group, is there to continue us.
///
/// The kernel's rule for orphaned groups, from our own line of parents: it is the shell that counts.
fn is_orphaned() -> bool {
    let (Ok(session), group) = (rustix::process::getsid(None), rustix::process::getpgrp()) else {
        return true;
    };
    let mut parent = rustix::process::getppid();
    for _ in 0..64 {
        let Some(pid) = parent else { return true };
        if rustix::process::getsid(Some(pid)) != Ok(session) {
            return true;
        }
        match rustix::process::getpgid(Some(pid)) {
            Ok(theirs) if theirs == group => parent = parent_of(pid),
            Ok(_) => return false,
            Err(_) => return true,
        }
    }
    true
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Pid::from_raw(parent.trim().parse().ok()?)
}

/// The signals that were ignored when the process started, as a mask; none where `/proc` is not.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn mask(signal: c_int) -> u64 {
    u32::try_from(signal - 1).ok().and_then(|bit| 1u64.checked_shl(bit)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_of_this_process_is_read_from_the_system() {
        assert_eq!(parent_of(rustix::process::getpid()), rustix::process::getppid());
        assert_eq!(mask(1), 1);
        assert_eq!(mask(15), 1 << 14);
    }
}
