//! Tunnels: programs such as `ssh -L` that are kept running while sources need them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::child::{Group, LastWords, cannot_start};
use super::ids;
use crate::config::tunnels::{Ready, TunnelTable};
use crate::logs::split::Splitter;
use crate::model::health::{Failure, FailureKind};

/// How long a tunnel may take until it leads somewhere: less than a request that waits for it.
const UP: Duration = Duration::from_secs(20);
/// How often it is looked whether it does: before, and from then on.
const SOON: Duration = Duration::from_millis(100);
const NOW_AND_THEN: Duration = Duration::from_secs(2);
/// One that stood this long worked: the next wait is a short one.
const STEADY: Duration = Duration::from_secs(60);

/// All tunnels of the program. Dropping them ends them.
pub struct Tunnels(BTreeMap<String, Tunnel>);

struct Tunnel {
    table: Arc<TunnelTable>,
    stand: watch::Sender<Stand>,
    /// What keeps it running, since somebody needed it.
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// How a tunnel stands.
#[derive(Clone, PartialEq, Debug)]
enum Stand {
    /// It is started for the first time.
    Starting,
    Ready,
    Down(Failure),
}

impl Tunnels {
    /// The configured tunnels. Starts none yet.
    pub fn new(tables: &[TunnelTable]) -> Self {
        let tunnel = |table: &TunnelTable| Tunnel {
            table: Arc::new(table.clone()),
            stand: watch::Sender::new(Stand::Starting),
            keeper: Mutex::default(),
        };
        Self(tables.iter().map(|table| (table.name.clone(), tunnel(table))).collect())
    }

    /// Waits until the tunnel of this name leads somewhere. The first who asks starts it.
    ///
    /// Errors have the tunnel as their cause, so that all who need it fold.
    pub async fn ready(&self, name: &str) -> Result<(), Failure> {
        let Some(tunnel) = self.0.get(name) else {
            let what = format!("tunnel {name}: there is none of this name");
            return Err(Failure::new(FailureKind::Tunnel, what).because(cause(name)));
        };
        tunnel.keep_running();
        let mut stand = tunnel.stand.subscribe();
        let known = stand.wait_for(|stand| *stand != Stand::Starting).await.map(|stand| stand.clone());
        match known {
            Ok(Stand::Down(failure)) => Err(failure),
            _ => Ok(()),
        }
    }

    /// After a request through the tunnel failed: why, if it is the tunnel.
    pub async fn why_down(&self, name: &str) -> Option<Failure> {
        // Its end breaks connections a moment before it is seen here.
        let mut stand = self.0.get(name)?.stand.subscribe();
        let down = stand.wait_for(|stand| matches!(stand, Stand::Down(_)));
        match tokio::time::timeout(SOON * 3, down).await {
            Ok(Ok(down)) => match &*down {
                Stand::Down(failure) => Some(failure.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner) {
            keeper.abort();
        }
    }
}

impl Tunnel {
    fn keep_running(&self) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        // It ends only by a panic.
        if keeper.as_ref().is_none_or(JoinHandle::is_finished) {
            *keeper = Some(tokio::spawn(keep(Arc::clone(&self.table), self.stand.clone())));
        }
    }
}

fn cause(name: &str) -> String {
    format!("tunnel {name}")
}

async fn keep(table: Arc<TunnelTable>, stand: watch::Sender<Stand>) {
    let mut backoff = Backoff::default();
    loop {
        let failure = match listening(&table.ready) {
            // Another console of ours has it, or one left it behind.
            Ok(true) => {
                while_it_listens(&table.ready, &stand).await;
                continue;
            }
            Ok(false) => {
                let started = Instant::now();
                let failure = run(&table, &stand).await;
                if started.elapsed() >= STEADY {
                    backoff.reset();
                }
                failure
            }
            Err(failure) => failure,
        };
        let wait = backoff.wait();
        let again = super::now().checked_add(wait).ok();
        let what = format!("tunnel {}: {}", table.name, crate::model::text::clean(&failure.what).as_str());
        stand.send_replace(Stand::Down(Failure {
            kind: FailureKind::Tunnel,
            what: what.into(),
            next_try: again,
            cause: Some(cause(&table.name).into()),
            ..failure
        }));
        tokio::time::sleep(wait).await;
    }
}

async fn while_it_listens(ready: &Ready, stand: &watch::Sender<Stand>) {
    while listening(ready).unwrap_or(false) {
        stand.send_if_modified(|stand| std::mem::replace(stand, Stand::Ready) != Stand::Ready);
        tokio::time::sleep(NOW_AND_THEN).await;
    }
}

/// Runs the program once; returns why it does not lead anywhere any more.
async fn run(table: &TunnelTable, stand: &watch::Sender<Stand>) -> Failure {
    let name = &table.argv.program;
    let mut command = Command::new(name);
    command
        .args(&table.argv.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if std::env::var_os("SSH_ASKPASS_REQUIRE").is_none() {
        // ssh(1): it would ask on the terminal, over the screen.
        command.env("SSH_ASKPASS", "/bin/false").env("SSH_ASKPASS_REQUIRE", "force");
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return cannot_start(name, &error),
    };
    // Dropped first: the group is killed while its leader's number is still taken.
    let group = Group::of(&child);
    let errors = child.stderr.take();
    follow(table, stand, &mut child, &group, errors).await
}

async fn follow(
    table: &TunnelTable,
    stand: &watch::Sender<Stand>,
    child: &mut Child,
    group: &Group,
    mut errors: Option<ChildStderr>,
) -> Failure {
    let name = &table.argv.program;
    let (mut words, mut lines) = (LastWords::default(), Splitter::default());
    let mut piece = Vec::with_capacity(4096);
    let (deadline, mut was_ready) = (Instant::now() + UP, false);
    loop {
        let look = if was_ready { NOW_AND_THEN } else { SOON };
        tokio::select! {
            heard = hear(&mut errors, &mut piece) => {
                let mut rest = piece.as_slice();
                while heard && let Some(line) = lines.next(&mut rest) {
                    words.hear(line.bytes);
                }
            }
            // What it said before it ended is read first.
            status = child.wait(), if errors.is_none() => {
                if let Some(line) = lines.finish() {
                    words.hear(line.bytes);
                }
                return match status {
                    Ok(status) => words.failure(name, status),
                    Err(error) => Failure::new(FailureKind::Io, format!("wait for {name}: {error}")),
                };
            }
            () = tokio::time::sleep(look) => {
                if group.is_stopped() {
                    return Failure::new(FailureKind::Ended, format!("{name}: it asks something on the terminal"))
                        .advise("use a key of an agent, and -o BatchMode=yes");
                }
                match listening(&table.ready) {
                    Ok(true) => {
                        was_ready = true;
                        stand.send_if_modified(|stand| std::mem::replace(stand, Stand::Ready) != Stand::Ready);
                    }
                    Ok(false) if was_ready => {
                        return Failure::new(FailureKind::Ended, format!("{name}: it listens no more"));
                    }
                    Ok(false) if Instant::now() < deadline => {}
                    Ok(false) => {
                        let what = format!("{name}: nobody listens on {} after {} s", shown(&table.ready), UP.as_secs());
                        return Failure::new(FailureKind::TimedOut, what)
                            .advise("look whether `ready` is what argv opens");
                    }
                    Err(failure) => return failure,
                }
            }
        }
    }
}

/// Reads a piece. `false`, and the pipe is closed, at its end.
async fn hear(pipe: &mut Option<ChildStderr>, piece: &mut Vec<u8>) -> bool {
    let Some(open) = pipe else { return std::future::pending().await };
    piece.clear();
    piece.reserve(4096);
    if matches!(open.read_buf(piece).await, Ok(1..)) {
        return true;
    }
    *pipe = None;
    false
}

fn shown(ready: &Ready) -> String {
    match ready {
        Ready::Port(port) => format!("port {port}"),
        Ready::Socket(path) => path.display().to_string(),
    }
}

/// Whether somebody of ours listens there. Nobody is connected to: each connection would be one at the
/// other end too.
///
/// Errors when it is somebody else: on a machine that many share, what we send would be theirs.
fn listening(ready: &Ready) -> Result<bool, Failure> {
    let owner = match ready {
        Ready::Port(port) => {
            let v4 = read("/proc/net/tcp")?;
            let v6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
            v4.lines().chain(v6.lines()).find_map(|line| listener(line, *port))
        }
        Ready::Socket(path) => {
            let here = read("/proc/net/unix")?.lines().any(|line| listens_at(line, path));
            if here { fs::metadata(path).ok().map(|meta| meta.uid()) } else { None }
        }
    };
    match owner {
        None => Ok(false),
        Some(owner) if owner == 0 || owner == rustix::process::geteuid().as_raw() => Ok(true),
        Some(owner) => {
            let what = format!("{} belongs to {} already", shown(ready), ids::user_name(owner));
            Err(Failure::new(FailureKind::Denied, what).advise("choose another one, in argv, ready and url"))
        }
    }
}

fn read(path: &str) -> Result<String, Failure> {
    let broken = |error| Failure::new(FailureKind::Io, format!("read {path}: {error}"));
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(broken)
}

/// The owner, if this line of `/proc/net/tcp` is a socket that listens on the port.
fn listener(line: &str, port: u16) -> Option<u32> {
    const LISTEN: &str = "0A";
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    let (_, local_port) = local.rsplit_once(':')?;
    let state = fields.nth(1)?;
    if u16::from_str_radix(local_port, 16) != Ok(port) || state != LISTEN {
        return None;
    }
    fields.nth(3)?.parse().ok()
}

/// Whether this line of `/proc/net/unix` (proc(5)) is a socket that listens at the path: `SO_ACCEPTCON`
/// is its flag.
fn listens_at(line: &str, path: &Path) -> bool {
    const ACCEPTS: &str = "00010000";
    let mut fields = line.split_ascii_whitespace();
    let flags = fields.nth(3);
    let Some(rest) = fields.nth(3) else { return false };
    flags == Some(ACCEPTS) && rest.as_bytes() == path.as_os_str().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::config::argv::Argv;
    use crate::net::server::closed_port;

    fn tunnels(script: &str, ready: Ready) -> Tunnels {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let argv = Argv { program: "/bin/sh".to_owned(), arguments };
        Tunnels::new(&[TunnelTable { name: "bastion".to_owned(), argv, ready }])
    }

    fn pipe(path: &Path) {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    }

    /// What a program writes to a pipe, once it has closed it.
    async fn written(pipe: &Path) -> String {
        let pipe = pipe.to_owned();
        let reading = tokio::task::spawn_blocking(move || fs::read_to_string(pipe).unwrap());
        tokio::time::timeout(UP, reading).await.unwrap().unwrap()
    }

    /// Waits for the end of a process that is not our child.
    async fn gone(pid: &str) {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
        let waiting = tokio::task::spawn_blocking(move || {
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return };
            poll(&mut [PollFd::new(&process, PollFlags::IN)], None).unwrap();
        });
        tokio::time::timeout(UP, waiting).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_tunnel_is_ready_when_it_listens_and_its_end_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let [up, down, socket] = ["up", "down", "socket"].map(|name| folder.path().join(name));
        pipe(&up);
        pipe(&down);
        let words = "Connection to bastion closed.";
        let script = format!("> {}; read x < {}; echo {words} >&2; exit 255", up.display(), down.display());
        let tunnels = tunnels(&script, Ready::Socket(socket.clone()));
        let ready = tunnels.ready("bastion");
        tokio::pin!(ready);
        tokio::select! {
            early = &mut ready => panic!("{early:?}"),
            _ = written(&up) => {}
        }
        // What `ssh -L` does.
        let listener = UnixListener::bind(&socket).unwrap();
        ready.await.unwrap();
        tunnels.ready("bastion").await.unwrap();
        assert_eq!(tunnels.why_down("bastion").await, None);
        drop(listener);
        fs::OpenOptions::new().write(true).open(&down).unwrap();
        let failure = tunnels.why_down("bastion").await.unwrap();
        assert_eq!(failure.kind, FailureKind::Tunnel);
        assert_eq!(failure.what, format!("tunnel bastion: /bin/sh: exit status 255: {words}").into());
        assert_eq!(failure.cause, Some("tunnel bastion".into()));
        assert!(failure.next_try.is_some());
        assert_eq!(tunnels.ready("bastion").await.unwrap_err().cause, failure.cause);
    }

    #[tokio::test]
    async fn a_tunnel_ends_with_its_whole_group_when_nobody_has_it_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let [pids, socket] = ["pids", "socket"].map(|name| folder.path().join(name));
        pipe(&pids);
        let script = format!("sleep 1000 & echo $$ $! > {}; wait", pids.display());
        let tunnels = tunnels(&script, Ready::Socket(socket.clone()));
        let ready = tunnels.ready("bastion");
        let pids = tokio::select! {
            early = ready => panic!("{early:?}"),
            pids = written(&pids) => pids,
        };
        let _listener = UnixListener::bind(&socket).unwrap();
        tunnels.ready("bastion").await.unwrap();
        assert!(pids.split_whitespace().all(|pid| Path::new(&format!("/proc/{pid}")).exists()), "{pids}");
        drop(tunnels);
        for pid in pids.split_whitespace() {
            gone(pid).await;
        }
    }

    #[tokio::test]
    async fn one_that_stands_already_is_used_and_not_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let tunnels = tunnels(&format!("touch {}/started", folder.path().display()), Ready::Port(port));
        tunnels.ready("bastion").await.unwrap();
        assert!(!folder.path().join("started").exists());
    }

    #[test]
    fn listening_sockets_and_their_owners_are_read_from_the_system() {
        // Lines of a Linux 6.1.
        let line = "   0: 0100007F:4A95 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 643739 1 0000000062e2c2e6 100 0 0 10 0";
        assert_eq!(listener(line, 0x4a95), Some(1000));
        assert_eq!(listener(line, 0x4a96), None);
        assert_eq!(listener(&line.replace(" 0A ", " 01 "), 0x4a95), None, "a connection is no listener");
        let v6 = "   1: 00000000000000000000000001000000:2382 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21410 1 0000000000000000 100 0 0 10 0";
        assert_eq!(listener(v6, 0x2382), Some(0));
        let header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
        assert_eq!(listener(header, 1), None);
        let unix = "0000000000000000: 00000002 00000000 00010000 0001 01 23104 /run/docker.sock";
        assert!(listens_at(unix, Path::new("/run/docker.sock")));
        assert!(!listens_at(unix, Path::new("/run/docker")));
        let connected = "0000000000000000: 00000003 00000000 00000000 0001 03 23105 /run/docker.sock";
        assert!(!listens_at(connected, Path::new("/run/docker.sock")));
    }

    #[test]
    fn ours_and_roots_are_told_from_others() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listening(&Ready::Port(port)).unwrap());
        let (_kept, free) = closed_port();
        assert!(!listening(&Ready::Port(free)).unwrap());
    }
}
