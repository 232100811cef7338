//! Tunnels: programs such as `ssh -L` that are kept running while sources need them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::{Host, Url};

use super::backoff::Backoff;
use super::child::{self, Group, LastWords, cannot_start};
use super::ids;
use crate::config::endpoint::is_loopback;
use crate::config::tunnels::{Ready, TunnelTable};
use crate::logs::split::Splitter;
use crate::model::health::{Failure, FailureKind};

/// How long a tunnel may take until it leads somewhere; the time of a request that waits does not count.
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

    /// Waits until the tunnel of this name leads somewhere. The first who asks starts it. `dialled` is
    /// what will be connected to, if it is on this machine: one program may open several ports.
    ///
    /// Errors have the tunnel as their cause, so that all who need it fold.
    pub(super) async fn ready(&self, name: &str, dialled: Option<&Near>) -> Result<(), Failure> {
        let Some(tunnel) = self.0.get(name) else {
            let what = format!("tunnel {name}: there is none of this name");
            return Err(Failure::new(FailureKind::Tunnel, what).because(cause(name)));
        };
        tunnel.keep_running();
        let mut stand = tunnel.stand.subscribe();
        let known = stand.wait_for(|stand| *stand != Stand::Starting).await.map(|stand| stand.clone());
        if let Ok(Stand::Down(failure)) = known {
            return Err(failure);
        }
        let owner = dialled.map_or(Ok(Owner::Nobody), Near::owner);
        owner.map(drop).map_err(|failure| of_tunnel(name, failure))
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

/// The failure of this tunnel.
fn of_tunnel(name: &str, failure: Failure) -> Failure {
    let what = format!("tunnel {name}: {}", crate::model::text::clean(&failure.what).as_str());
    Failure { kind: FailureKind::Tunnel, what: what.into(), cause: Some(cause(name).into()), ..failure }
}

async fn keep(table: Arc<TunnelTable>, stand: watch::Sender<Stand>) {
    let mut backoff = Backoff::default();
    let near = Near::of(&table.ready);
    loop {
        let failure = match near.owner() {
            // Another console of ours has it, or one left it behind.
            Ok(Owner::Us) => {
                while_it_listens(&near, &stand).await;
                continue;
            }
            // What root runs for others, such as the ports of their containers, is not ours.
            Ok(Owner::Root) => {
                let what = format!("{near} belongs to root already");
                Failure::new(FailureKind::Denied, what).advise("choose another one, in argv, ready and url")
            }
            Ok(Owner::Nobody) => {
                let started = Instant::now();
                let failure = run(&table, &near, &stand).await;
                if started.elapsed() >= STEADY {
                    backoff.reset();
                }
                failure
            }
            Err(failure) => failure,
        };
        let wait = backoff.wait();
        let again = super::now().checked_add(wait).ok();
        stand.send_replace(Stand::Down(Failure { next_try: again, ..of_tunnel(&table.name, failure) }));
        tokio::time::sleep(wait).await;
    }
}

async fn while_it_listens(near: &Near, stand: &watch::Sender<Stand>) {
    while near.owner() == Ok(Owner::Us) {
        stand.send_if_modified(|stand| std::mem::replace(stand, Stand::Ready) != Stand::Ready);
        tokio::time::sleep(NOW_AND_THEN).await;
    }
}

/// Runs the program once; returns why it does not lead anywhere any more.
async fn run(table: &TunnelTable, near: &Near, stand: &watch::Sender<Stand>) -> Failure {
    let name = &table.argv.program;
    let mut command = Command::new(name);
    command
        .args(&table.argv.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if std::env::var_os("SSH_ASKPASS_REQUIRE").is_none() {
        // ssh(1): it would ask on the terminal, over the screen.
        command.env("SSH_ASKPASS", "/bin/false").env("SSH_ASKPASS_REQUIRE", "force");
    }
    // The group is dropped first: it is killed while its leader's number is still taken.
    let (mut child, group) = match child::spawn(&mut command) {
        Ok(started) => started,
        Err(error) => return cannot_start(name, &error),
    };
    let errors = child.stderr.take();
    follow(table, near, stand, &mut child, &group, errors).await
}

async fn follow(
    table: &TunnelTable,
    near: &Near,
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
                match near.owner() {
                    Ok(Owner::Us | Owner::Root) => {
                        was_ready = true;
                        stand.send_if_modified(|stand| std::mem::replace(stand, Stand::Ready) != Stand::Ready);
                    }
                    Ok(Owner::Nobody) if was_ready => {
                        return Failure::new(FailureKind::Ended, format!("{name}: it listens no more"));
                    }
                    Ok(Owner::Nobody) if Instant::now() < deadline => {}
                    Ok(Owner::Nobody) => {
                        let what = format!("{name}: nobody listens on {near} after {} s", UP.as_secs());
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

/// The end of a tunnel that is on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Near {
    /// A port, at any of these addresses.
    Port(Vec<IpAddr>, u16),
    Socket(PathBuf),
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(_, port) => write!(f, "port {port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Who listens at a near end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    Nobody,
    Us,
    Root,
}

impl Near {
    /// Where the configuration says that a tunnel begins.
    fn of(ready: &Ready) -> Self {
        match ready {
            Ready::Port(port) => Self::Port(localhost(), *port),
            Ready::Socket(path) => Self::Socket(path.clone()),
        }
    }

    /// What is connected to for `url`; nothing if it is another machine.
    pub(super) fn dialled(url: &Url) -> Option<Self> {
        let addresses = match url.host()? {
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![IpAddr::from(address).to_canonical()],
            Host::Domain(_) => localhost(),
        };
        let port = url.port_or_known_default()?;
        is_loopback(url).then_some(Self::Port(addresses, port))
    }

    /// Who listens there. Nobody is connected to: each connection would be one at the other end too.
    ///
    /// Errors when it is another user: on a machine that many share, what we send would be theirs.
    fn owner(&self) -> Result<Owner, Failure> {
        let owners = match self {
            Self::Port(addresses, port) => {
                let v4 = read("/proc/net/tcp")?;
                let v6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
                listeners(v4.lines().chain(v6.lines()), addresses, *port)
            }
            Self::Socket(path) => {
                let here = read("/proc/net/unix")?.lines().any(|line| listens_at(line, path));
                here.then(|| fs::metadata(path))
                    .and_then(Result::ok)
                    .map(|meta| meta.uid())
                    .into_iter()
                    .collect()
            }
        };
        judge(&owners).map_err(|other| {
            let what = format!("{self} belongs to {} already", ids::user_name(other));
            Failure::new(FailureKind::Denied, what).advise("choose another one, in argv, ready and url")
        })
    }
}

/// What `localhost` may be looked up as.
fn localhost() -> Vec<IpAddr> {
    vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
}

/// Who listens, if these users do. A connection may come to any of them, so one other is enough.
fn judge(owners: &[u32]) -> Result<Owner, u32> {
    let us = rustix::process::geteuid().as_raw();
    match owners.iter().find(|owner| ![0, us].contains(owner)) {
        Some(other) => Err(*other),
        None if owners.is_empty() => Ok(Owner::Nobody),
        None if owners.iter().all(|owner| *owner == us) => Ok(Owner::Us),
        None => Ok(Owner::Root),
    }
}

fn read(path: &str) -> Result<String, Failure> {
    let broken = |error| Failure::new(FailureKind::Io, format!("read {path}: {error}"));
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(broken)
}

/// The owners of what a connection to this port of any of these addresses may come to, by the lines of
/// `/proc/net/tcp` and `tcp6` (proc(5)).
fn listeners<'a>(lines: impl Iterator<Item = &'a str>, addresses: &[IpAddr], port: u16) -> Vec<u32> {
    const LISTEN: &str = "0A";
    let owner = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (address, local_port) = fields.nth(1)?.rsplit_once(':')?;
        let state = fields.nth(1)?;
        let here = u16::from_str_radix(local_port, 16) == Ok(port) && state == LISTEN;
        let address = address_of(address).filter(|_| here)?;
        let reached = address.is_unspecified() || addresses.contains(&address);
        fields.nth(3).filter(|_| reached)?.parse().ok()
    };
    lines.filter_map(owner).collect()
}

/// An address as the kernel writes it: its 32-bit words, as this machine reads them.
fn address_of(hex: &str) -> Option<IpAddr> {
    let mut octets = Vec::with_capacity(16);
    let mut rest = hex;
    while !rest.is_empty() {
        let (word, after) = rest.split_at_checked(8)?;
        octets.extend(u32::from_str_radix(word, 16).ok()?.to_ne_bytes());
        rest = after;
    }
    let v4 = <[u8; 4]>::try_from(octets.as_slice()).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok().map(|address| address.to_canonical())
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
        let ready = tunnels.ready("bastion", None);
        tokio::pin!(ready);
        tokio::select! {
            early = &mut ready => panic!("{early:?}"),
            _ = written(&up) => {}
        }
        // What `ssh -L` does.
        let listener = UnixListener::bind(&socket).unwrap();
        ready.await.unwrap();
        tunnels.ready("bastion", None).await.unwrap();
        assert_eq!(tunnels.why_down("bastion").await, None);
        drop(listener);
        fs::OpenOptions::new().write(true).open(&down).unwrap();
        let failure = tunnels.why_down("bastion").await.unwrap();
        assert_eq!(failure.kind, FailureKind::Tunnel);
        assert_eq!(failure.what, format!("tunnel bastion: /bin/sh: exit status 255: {words}").into());
        assert_eq!(failure.cause, Some("tunnel bastion".into()));
        assert!(failure.next_try.is_some());
        assert_eq!(tunnels.ready("bastion", None).await.unwrap_err().cause, failure.cause);
    }

    #[tokio::test]
    async fn a_tunnel_ends_with_its_whole_group_when_nobody_has_it_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let [pids, socket] = ["pids", "socket"].map(|name| folder.path().join(name));
        pipe(&pids);
        let script = format!("sleep 1000 & echo $$ $! > {}; wait", pids.display());
        let tunnels = tunnels(&script, Ready::Socket(socket.clone()));
        let ready = tunnels.ready("bastion", None);
        let pids = tokio::select! {
            early = ready => panic!("{early:?}"),
            pids = written(&pids) => pids,
        };
        let _listener = UnixListener::bind(&socket).unwrap();
        tunnels.ready("bastion", None).await.unwrap();
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
        tunnels.ready("bastion", None).await.unwrap();
        assert!(!folder.path().join("started").exists());
    }

    #[test]
    fn listening_sockets_and_their_owners_are_read_from_the_system() {
        // Lines of a Linux 6.1.
        let line = "   0: 0100007F:4A95 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 643739 1 0000000062e2c2e6 100 0 0 10 0";
        let v6 = "   1: 00000000000000000000000001000000:4A95 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21410 1 0000000000000000 100 0 0 10 0";
        let header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
        let owners = |lines: &[&str], addresses: &[IpAddr], port| {
            listeners(std::iter::once(header).chain(lines.iter().copied()), addresses, port)
        };
        assert_eq!(owners(&[line, v6], &localhost(), 0x4a95), [1000, 0], "either may be connected to");
        assert_eq!(owners(&[line], &localhost(), 0x4a96), [0; 0]);
        assert_eq!(
            owners(&[&line.replace(" 0A ", " 01 ")], &localhost(), 0x4a95),
            [0; 0],
            "a connection is no listener"
        );
        let at = |url: &str| Near::dialled(&Url::parse(url).unwrap());
        let other = &line.replace("0100007F", "0200007F");
        for (url, lines, found) in [
            ("http://127.0.0.1:19093", [other.as_str(), line], vec![1000]),
            ("http://127.0.0.2:19093", [other.as_str(), v6], vec![1000]),
            ("http://[::1]:19093", [line, v6], vec![0]),
            ("http://localhost:19093", [other.as_str(), v6], vec![0]),
            ("http://127.0.0.1:19093", [&line.replace("0100007F", "00000000"), v6], vec![1000]),
            ("http://127.0.0.1:19093", [other.as_str(), &v6.replace("01000000", "00000000")], vec![0]),
            ("http://127.0.0.1:19093", [&line.replace("0100007F", "0500000A"), v6], vec![]),
        ] {
            let Some(Near::Port(addresses, port)) = at(url) else { panic!("{url}") };
            assert_eq!(owners(&lines, &addresses, port), found, "{url}");
        }
        assert_eq!(at("https://10.0.0.5:19093"), None);
        let unix = "0000000000000000: 00000002 00000000 00010000 0001 01 23104 /run/docker.sock";
        assert!(listens_at(unix, Path::new("/run/docker.sock")));
        assert!(!listens_at(unix, Path::new("/run/docker")));
        let connected = "0000000000000000: 00000003 00000000 00000000 0001 03 23105 /run/docker.sock";
        assert!(!listens_at(connected, Path::new("/run/docker.sock")));
    }

    #[test]
    fn one_other_user_at_the_near_end_is_enough_to_refuse_it() {
        let us = rustix::process::geteuid().as_raw();
        let other = us + 1000;
        assert_eq!(judge(&[]), Ok(Owner::Nobody));
        assert_eq!(judge(&[us, us]), Ok(Owner::Us));
        assert_eq!(judge(&[us, other]), Err(other));
        assert_eq!(judge(&[other, us]), Err(other));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(Near::of(&Ready::Port(port)).owner(), Ok(Owner::Us));
        let (_kept, free) = closed_port();
        assert_eq!(Near::of(&Ready::Port(free)).owner(), Ok(Owner::Nobody));
    }
}
