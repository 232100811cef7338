//! Credentials: had when they are needed, renewed before they end, asked for again once when a server
//! refuses them, and shown to no other server than those that the configuration names them for.

mod escaped;
mod file;
mod format;
mod forms;
mod helper;
mod mask;
mod secret;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::zeroize::Zeroizing;
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;

use self::file::Refused;
use self::format::Found;
pub use self::mask::Mask;
pub use self::secret::Credential;
use self::secret::Held;
use super::disk::{self, Lost};
use super::origin::Origin;
use crate::config::credentials::{CredentialTable, Format, Source};
use crate::config::endpoint::{Endpoint, HeaderValue};
use crate::model::credential::{Standing, Standings};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;

/// What may have changed is looked at so often: a file, or the helper of a credential that does not work.
const LOOK: Duration = Duration::from_secs(30);
/// Two runs of a helper are at least so far apart, however short its secrets live.
const LEAST: Duration = Duration::from_secs(1);
/// The variable that systemd sets for units with credentials (systemd.exec(5)).
const SYSTEMD: &str = "CREDENTIALS_DIRECTORY";

/// Tells the time that secrets live in.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// All credentials of the program.
pub struct Vault {
    slots: BTreeMap<String, Slot>,
    mask: Mask,
    clock: Clock,
    standings: watch::Sender<Standings>,
}

struct Slot {
    table: CredentialTable,
    origins: Arc<BTreeSet<Origin>>,
    /// Held while it is looked for, so that all who need it wait for one look.
    state: Mutex<State>,
    changed: Notify,
    /// Since when it is looked for without an answer; a look that was given up counts too.
    asked: std::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct State {
    held: Option<Credential>,
    /// When what is held has to be renewed.
    renew_at: Option<Timestamp>,
    /// When it was last looked for.
    looked: Option<Instant>,
    /// Why the last look brought nothing.
    failure: Option<Failure>,
    /// Who refused what is held. Others are still asked with it: what is wrong there is their own.
    refused: BTreeSet<Origin>,
    /// When a refusal last led to a look.
    retried: Option<Instant>,
    generations: u64,
}

/// The name by which the vault knows what a header refers to.
pub(super) fn name_in_vault(value: &HeaderValue) -> Option<Cow<'_, str>> {
    match value {
        HeaderValue::Text(_) => None,
        HeaderValue::Credential(name) => Some(Cow::Borrowed(name)),
        HeaderValue::Variable(name) => Some(format!("env:{name}").into()),
        HeaderValue::File(path) => Some(format!("file:{}", path.display()).into()),
    }
}

/// A credential that has no table: a header says itself where its value is to be had.
fn unnamed(value: &HeaderValue) -> Option<CredentialTable> {
    let source = match value {
        HeaderValue::Text(_) | HeaderValue::Credential(_) => return None,
        HeaderValue::Variable(name) => Source::Variable(name.clone()),
        HeaderValue::File(path) => Source::File(path.clone()),
    };
    Some(CredentialTable {
        name: name_in_vault(value)?.into_owned(),
        source,
        format: Format::Line,
        user: None,
        login: None,
        trusted_groups: Vec::new(),
    })
}

/// Reads a file that holds a secret, such as a private key: refused if others can read or replace it.
pub(super) fn private_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    file::read(path, &[]).map_err(|Refused { kind, what, advice }| Failure::new(kind, what).advise(advice))
}

impl Vault {
    /// The configured credentials, each bound to the origins of the endpoints that name it. Looks for
    /// nothing yet.
    pub fn new<'a>(
        credentials: &[CredentialTable],
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
        clock: Clock,
    ) -> Self {
        let mut tables: BTreeMap<String, CredentialTable> =
            credentials.iter().map(|table| (table.name.clone(), table.clone())).collect();
        let mut bound: BTreeMap<String, BTreeSet<Origin>> = BTreeMap::new();
        for endpoint in endpoints {
            let headers = || endpoint.headers.iter().map(|(_, value)| value);
            tables.extend(headers().filter_map(unnamed).map(|table| (table.name.clone(), table)));
            let named = endpoint.credential.iter().cloned();
            for name in named.chain(headers().filter_map(name_in_vault).map(Cow::into_owned)) {
                bound.entry(name).or_default().extend(endpoint.addresses.iter().map(Origin::of));
            }
        }
        let slot = |(name, table): (String, CredentialTable)| {
            let origins = Arc::new(bound.remove(&name).unwrap_or_default());
            (
                name,
                Slot {
                    table,
                    origins,
                    state: Mutex::default(),
                    changed: Notify::new(),
                    asked: std::sync::Mutex::default(),
                },
            )
        };
        let slots = tables.into_iter().map(slot).collect();
        Self { slots, mask: Mask::default(), clock, standings: watch::Sender::default() }
    }

    /// The credential of this name for `origin`, looked for if it has to be.
    ///
    /// Errors say why it cannot be had, and have it as their cause.
    pub async fn get(&self, name: &str, origin: &Origin) -> Result<Credential, Failure> {
        let slot = self.slot(name)?;
        let mut state = slot.state.lock().await;
        if slot.is_due(&state, (self.clock)()) {
            self.look(slot, &mut state).await;
        }
        slot.usable(&state, (self.clock)(), std::slice::from_ref(origin))
    }

    /// The names of those that sources use and that are had without running a program.
    pub(super) fn readable(&self) -> impl Iterator<Item = &str> {
        let readable = self
            .slots
            .iter()
            .filter(|(_, slot)| !slot.origins.is_empty() && !matches!(slot.table.source, Source::Helper(..)));
        readable.map(|(name, _)| name.as_str())
    }

    /// Looks for the credential of this name, if it was not looked for yet.
    pub(super) async fn look_ahead(&self, name: &str) {
        let Ok(slot) = self.slot(name) else { return };
        let mut state = slot.state.lock().await;
        if state.looked.is_none() {
            self.look(slot, &mut state).await;
        }
    }

    /// The credential that a header refers to.
    pub async fn of_header(
        &self,
        value: &HeaderValue,
        origin: &Origin,
    ) -> Result<Option<Credential>, Failure> {
        match name_in_vault(value) {
            None => Ok(None),
            Some(name) => self.get(&name, origin).await.map(Some),
        }
    }

    /// The server at `origin` refused it: looks for another one, once.
    ///
    /// Errors when there is none. Then nothing more is sent there with it until it has changed.
    pub async fn rejected(&self, refused: &Credential, origin: &Origin) -> Result<Credential, Failure> {
        let slot = self.slot(refused.name())?;
        let mut state = slot.state.lock().await;
        let is_held = state.held.as_ref().is_some_and(|held| held.generation() == refused.generation());
        if is_held {
            // A helper that makes a new secret at each run must not lead to a request at each run.
            let rested = state.retried.is_none_or(|retried| retried.elapsed() >= LOOK);
            if state.refused.insert(origin.clone()) && rested {
                state.retried = Some(Instant::now());
                // Another one clears it.
                self.look(slot, &mut state).await;
            }
        }
        slot.usable(&state, (self.clock)(), std::slice::from_ref(origin))
    }

    /// Waits until the credential is worth another try at these origins. Asks no server.
    pub async fn changed(&self, name: &str, origins: &[Origin]) {
        let Ok(slot) = self.slot(name) else { return std::future::pending().await };
        let mut waited = false;
        loop {
            let changed = slot.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let wait = {
                let mut state = slot.state.lock().await;
                if slot.is_due(&state, (self.clock)()) {
                    self.look(slot, &mut state).await;
                    waited = true;
                }
                match slot.usable(&state, (self.clock)(), origins) {
                    Ok(_) if waited => return,
                    // Nothing is known against it: only the caller knows why it waits.
                    Ok(_) => LOOK,
                    Err(_) => state.looked.map_or(LOOK, |looked| LOOK.saturating_sub(looked.elapsed())),
                }
            };
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(wait.max(LEAST)) => {}
            }
            waited = true;
        }
    }

    /// Somebody has logged in: looks at once, and takes what there is for good.
    ///
    /// Errors say why it still cannot be had.
    pub async fn renew(&self, name: &str) -> Result<(), Failure> {
        let slot = self.slot(name)?;
        let mut state = slot.state.lock().await;
        (state.refused, state.retried) = (BTreeSet::new(), None);
        self.look(slot, &mut state).await;
        slot.changed.notify_waiters();
        slot.usable(&state, (self.clock)(), &[]).map(drop)
    }

    /// What keeps all waiting that need the credential of this name, if it is looked for and not there yet.
    pub fn unanswered(&self, name: &str) -> Option<Failure> {
        let slot = self.slot(name).ok()?;
        let since = (*slot.asked())?;
        let (of, advice) = match &slot.table.source {
            Source::Helper(argv, _) => {
                (format!("the helper {}", argv.program), "run it by hand to see what it waits for")
            }
            Source::File(_) | Source::Systemd(_) => {
                ("its file".to_owned(), "look whether the file system hangs")
            }
            Source::Variable(_) => return None,
        };
        let seconds = since.elapsed().as_secs_f64().round();
        let what = format!("credential {name}: {of} has not answered for {seconds} s");
        let cause = format!("credential {name}: {of} does not answer");
        Some(Failure::new(FailureKind::TimedOut, what).advise(advice).because(cause))
    }

    /// How the credentials that were looked for stand, now and whenever it changes.
    pub fn standings(&self) -> watch::Receiver<Standings> {
        self.standings.subscribe()
    }

    /// What takes every secret that was ever held out of a text, in whatever form it comes back.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    fn slot(&self, name: &str) -> Result<&Slot, Failure> {
        self.slots.get(name).ok_or_else(|| {
            let what = format!("credential {name}: there is none of this name");
            Failure::new(FailureKind::Missing, what).advise(format!("add a [[credential]] named {name}"))
        })
    }

    async fn look(&self, slot: &Slot, state: &mut State) {
        let name = &slot.table.name;
        slot.asked().get_or_insert_with(Instant::now);
        let read = slot.read(&self.clock).await;
        *slot.asked() = None;
        let now = (self.clock)();
        state.looked = Some(Instant::now());
        let helper = matches!(slot.table.source, Source::Helper(..));
        let mut standing = Standing::default();
        match read {
            Ok(found) => {
                let user = slot.table.user.as_deref().or(found.user.as_deref());
                self.mask.learn(user, found.secret.expose());
                found.session.iter().for_each(|session| self.mask.learn(None, session.expose()));
                standing.expires = found.expires;
                if found.expires.is_some_and(|expires| expires <= now) {
                    state.failure = Some(slot.failure(&expired(found.expires, now)));
                } else {
                    let before = state.held.as_ref().map(Credential::held);
                    let same = before.is_some_and(|before| {
                        before.secret == found.secret
                            && before.session == found.session
                            && before.user.as_deref() == user
                    });
                    let later = before.is_none_or(|before| before.expires != found.expires || !same);
                    standing.renews = helper && later;
                    if !same {
                        state.generations += 1;
                        state.refused.clear();
                        slot.changed.notify_waiters();
                    }
                    state.failure = None;
                    state.renew_at = found.expires.map(|expires| at_four_fifths(now, expires));
                    let user = user.map(str::to_owned);
                    let Found { secret, session, expires, .. } = found;
                    let (generation, origins) = (state.generations, Arc::clone(&slot.origins));
                    let name = name.clone();
                    state.held = Some(Credential::new(Held {
                        name,
                        user,
                        secret,
                        session,
                        expires,
                        generation,
                        origins,
                    }));
                }
            }
            Err(refused) => {
                if !helper {
                    // What may not be used any more is not used any more.
                    state.held = None;
                }
                standing.expires = state.held.as_ref().and_then(|held| held.held().expires);
                state.failure = Some(slot.failure(&refused));
            }
        }
        let name = RawText::from(name.as_str());
        self.standings.send_if_modified(|all| all.insert(name, standing.clone()) != Some(standing));
    }
}

fn at_four_fifths(now: Timestamp, expires: Timestamp) -> Timestamp {
    let lifetime = expires.duration_since(now);
    now.checked_add(lifetime / 5 * 4).unwrap_or(expires)
}

fn expired(at: Option<Timestamp>, now: Timestamp) -> Refused {
    let what = match at {
        // A day is not named where it is this one.
        Some(at) if now.duration_since(at).abs() < SignedDuration::from_hours(12) => {
            format!("expired {}", at.strftime("%H:%MZ"))
        }
        Some(at) => format!("expired {}", at.strftime("%Y-%m-%d %H:%MZ")),
        None => "expired".to_owned(),
    };
    let advice = "renew it where it comes from; it is looked at every 30 s";
    Refused { kind: FailureKind::Unauthorized, what, advice: advice.to_owned() }
}

impl Slot {
    fn asked(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self, state: &State, now: Timestamp) -> bool {
        let Some(looked) = state.looked else { return true };
        let rested = looked.elapsed();
        if !state.refused.is_empty() || state.failure.is_some() || state.held.is_none() {
            return rested >= LOOK;
        }
        match self.table.source {
            Source::Variable(_) => false,
            Source::File(_) | Source::Systemd(_) => rested >= LOOK,
            Source::Helper(..) => state.renew_at.is_some_and(|at| now >= at) && rested >= LEAST,
        }
    }

    /// What is held, unless it is over or one of these origins refused it.
    fn usable(&self, state: &State, now: Timestamp, origins: &[Origin]) -> Result<Credential, Failure> {
        let failed = || state.failure.clone();
        match &state.held {
            Some(_) if origins.iter().any(|origin| state.refused.contains(origin)) => Err(failed().unwrap_or_else(|| {
                let advice = if self.table.user.is_none() && !matches!(self.table.source, Source::Helper(..)) {
                    "look whether it is the right one and has not expired, and whether it needs a `user` (HTTP Basic); a new one is looked for every 30 s, without a request"
                } else {
                    "look whether it is the right one and has not expired; a new one is looked for every 30 s, without a request"
                };
                let what = "refused by the server".to_owned();
                self.failure(&Refused { kind: FailureKind::Unauthorized, what, advice: advice.to_owned() })
            })),
            Some(held) => match held.held().expires {
                Some(expires) if expires <= now => {
                    Err(failed().unwrap_or_else(|| self.failure(&expired(Some(expires), now))))
                }
                _ => Ok(held.clone()),
            },
            None => Err(failed().unwrap_or_else(|| self.failure(&expired(None, now)))),
        }
    }

    /// What several sources say when this one credential does not work: it folds.
    fn failure(&self, refused: &Refused) -> Failure {
        let name = &self.table.name;
        let what = format!("credential {name}: {}", refused.what);
        if self.table.login.is_some() {
            // Short: it stands in the header.
            let cause = format!("{name} {}: :login {name}", refused.what);
            return Failure::new(FailureKind::Login, what).advise(format!(":login {name}")).because(cause);
        }
        Failure::new(refused.kind, what.clone()).advise(refused.advice.clone()).because(what)
    }

    async fn read(&self, clock: &Clock) -> Result<Found, Refused> {
        let trusted = self.table.trusted_groups.clone();
        let mut open = false;
        let (place, bytes) = match &self.table.source {
            Source::Variable(name) => (format!("the variable {name}"), variable(name)?),
            Source::File(path) => {
                let (place, own) = (path.display().to_string(), path.clone());
                (place, of_disk(path, move || file::read(&own, &trusted)).await?)
            }
            Source::Systemd(name) => {
                let path = systemd(name)?;
                let (place, own) = (path.display().to_string(), path.clone());
                (place, of_disk(&path, move || file::read_systemd(&own)).await?)
            }
            Source::Helper(argv, passed) => {
                let program = PathBuf::from(&argv.program);
                let own = program.clone();
                of_disk(&program, move || file::check_helper(&own, &trusted)).await?;
                let printed = helper::run(argv, passed, self.table.format).await?;
                open = printed.open;
                (format!("what {} prints", argv.program), printed.bytes)
            }
        };
        let open = if open { "; it ended, and what it started keeps its standard output open" } else { "" };
        format::read(self.table.format, &bytes, clock()).map_err(|why| Refused {
            kind: FailureKind::Unreadable,
            what: format!("{place}: {why}{open}"),
            advice: "look at it, and at `format` of the credential".to_owned(),
        })
    }
}

fn variable(name: &str) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let value = std::env::var_os(name).map(|value| Zeroizing::new(value.into_encoded_bytes()));
    value.filter(|value| !value.is_empty()).ok_or_else(|| Refused {
        kind: FailureKind::Missing,
        what: format!("the variable {name} is not set"),
        advice: format!("set {name} before midwatch starts, or use file or argv"),
    })
}

fn systemd(name: &str) -> Result<PathBuf, Refused> {
    match std::env::var_os(SYSTEMD) {
        Some(folder) if !folder.is_empty() => Ok(PathBuf::from(folder).join(name)),
        _ => Err(Refused {
            kind: FailureKind::Missing,
            what: format!("{SYSTEMD} is not set, so systemd gave no credentials"),
            advice: format!("run it as a unit with LoadCredential={name}:/path, or use file"),
        }),
    }
}

/// Waits for a disk that may hang, but not for ever.
async fn of_disk<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let why = match disk::read([path.to_owned()], work).await {
        Ok(read) => return read,
        Err(Lost::Hangs) => "no answer from the disk",
        Err(Lost::Crashed) => "the reading thread crashed",
    };
    Err(Refused {
        kind: FailureKind::Io,
        what: format!("{}: {why}", path.display()),
        advice: "look whether the file system hangs".to_owned(),
    })
}

#[cfg(test)]
mod tests;
