//! Signals, on a thread of their own that ends the process itself: the loop may never look again.

use std::os::raw::c_int;
use std::sync::Arc;

use ratatui::layout::Size;
use rustix::process::Signal;
use signal_hook::consts::{
    SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGXFSZ,
};
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

/// Makes a write beyond the largest file that is allowed (`ulimit -f`) an error like that of a full
/// disk, instead of the end of the process.
///
/// Errors when the system refuses a handler.
pub fn outlive_large_files() -> std::io::Result<()> {
    // Caught and not ignored: programs that we start have it as usual. The mark is read by nobody.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// Has programs that sources start stop when they write on the terminal or read from it, also where whoever started
/// us ignores that, as tmux does.
///
/// Errors when the system refuses a handler.
fn stop_others_at_the_terminal(ignored: u64) -> std::io::Result<()> {
    // Caught and not ignored: programs that we start have it as usual. The mark is read by nobody.
    let mut both = [SIGTTIN, SIGTTOU].into_iter().filter(|signal| ignored & mask(*signal) != 0);
    both.try_for_each(|signal| signal_hook::flag::register(signal, Arc::default()).map(drop))
}

/// Catches the signals and starts the thread. The receiver holds the latest size and says when
/// everything must be painted anew.
///
/// A signal that the parent told us to ignore stays ignored, as for any program under `nohup`.
/// Errors when the system refuses a handler or a thread.
pub fn start(terminal: &Terminal, exit: &Arc<Exit>) -> std::io::Result<watch::Receiver<Screen>> {
    let ignored = ignored();
    stop_others_at_the_terminal(ignored)?;
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
                // Typed for the program that has the terminal, which gets it as well.
                SIGINT | SIGQUIT if terminal.is_lent() => {}
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
    if !terminal.is_lent() && terminal.enter().is_ok() {
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

fn is_orphaned() -> bool {
    kin("self").is_none_or(|own| has_no_shell(own, |pid| kin(&pid.to_string())))
}

/// What the system says of a process: its parent, process group and session.
///
/// Each is 0 when it lies outside our process namespace (a container, `unshare --pid`), which is why
/// this reads `/proc`: the calls of rustix take 0 for impossible and panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Kin {
    parent: u32,
    group: u32,
    session: u32,
}

fn kin(pid: &str) -> Option<Kin> {
    kin_in(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields 4 to 6 of `/proc/PID/stat` (proc(5)); the name before them may hold spaces and brackets.
fn kin_in(stat: &str) -> Option<Kin> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(1).map(str::parse);
    let mut next = || fields.next()?.ok();
    Some(Kin { parent: next()?, group: next()?, session: next()? })
}

/// Whether no parent in this session, outside our process group, is there to continue us.
///
/// The kernel's rule for orphaned groups, from our own line of parents: it is the shell that counts.
fn has_no_shell(own: Kin, kin: impl Fn(u32) -> Option<Kin>) -> bool {
    let mut parent = own.parent;
    for _ in 0..64 {
        let Some(theirs) = kin(parent) else { return true };
        if theirs.session != own.session {
            return true;
        }
        if theirs.group != own.group {
            return false;
        }
        parent = theirs.parent;
    }
    true
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
    fn the_kin_of_this_process_are_read_from_the_system() {
        let own = kin("self").expect("this machine has a /proc");
        assert_eq!(own.parent, std::os::unix::process::parent_id());
        assert_eq!(mask(1), 1);
        assert_eq!(mask(15), 1 << 14);
    }

    #[test]
    fn kin_are_read_behind_any_name() {
        let stat = "42 (a) S (b)) T 7 42 3 34816 42 4194560";
        assert_eq!(kin_in(stat), Some(Kin { parent: 7, group: 42, session: 3 }));
        assert_eq!(kin_in("42 (cut) S 7"), None);
        assert_eq!(kin_in(""), None);
    }

    #[test]
    fn a_shell_is_a_parent_in_our_session_and_another_group() {
        let own = Kin { parent: 7, group: 42, session: 3 };
        let script = Kin { parent: 3, ..own };
        let shell = Kin { parent: 1, group: 3, session: 3 };
        let line = |pid| match pid {
            7 => Some(script),
            3 => Some(shell),
            _ => None,
        };
        assert!(!has_no_shell(own, line));
        assert!(has_no_shell(script, |_| Some(Kin { session: 1, ..shell })));
        assert!(has_no_shell(own, |_| None));
        assert!(has_no_shell(own, |_| Some(own)), "an endless line of parents ends");
    }

    #[test]
    fn in_a_container_whose_session_is_outside_there_is_no_shell() {
        let own = Kin { parent: 0, group: 0, session: 0 };
        assert!(has_no_shell(own, |_| None));
        assert!(has_no_shell(Kin { parent: 1, group: 42, session: 42 }, |_| Some(own)));
    }
}
