//! Whether a source can be believed, and why not.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::text::RawText;

/// What sort of trouble, for the word on the screen and for folding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// There is no such file, program or address.
    Missing,
    /// Permission denied.
    Denied,
    /// It ended: a program exited, a stream closed.
    Ended,
    /// It answered something that cannot be read.
    Unreadable,
    /// Its clock is not ours.
    Clock,
    /// What it shows of itself ends soon.
    Ending,
    /// Any other error of the operating system.
    Io,
    /// The credential was not accepted.
    Unauthorized,
    /// The credential was accepted, but may not see this.
    Forbidden,
    /// The server has no such thing, or does not say so to this credential.
    NotFound,
    /// Too many requests: the server, or the budget that keeps us polite, said wait.
    Throttled,
    /// No answer in time.
    TimedOut,
    /// The host's name has no address.
    Unresolved,
    /// Nothing listens there.
    Refused,
    /// The connection ended before the answer did.
    Broken,
    /// The server's certificate, or ours, was not accepted.
    Tls,
    /// The proxy failed or refused.
    Proxy,
    /// The answer is larger than it may be.
    TooLarge,
    /// The server failed.
    Server,
    /// A person has to log in first.
    Login,
    /// The tunnel there does not stand.
    Tunnel,
    /// Something was sent and no answer came: whether it was done is not known.
    Unknown,
}

impl FailureKind {
    /// The word shown for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Denied => "denied",
            Self::Ended => "ended",
            Self::Unreadable => "unreadable",
            Self::Clock => "clock",
            Self::Ending => "ends soon",
            Self::Io => "I/O error",
            Self::Unauthorized => "auth failed",
            Self::Forbidden => "no permission",
            Self::NotFound => "not found",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed out",
            Self::Unresolved => "DNS",
            Self::Refused => "refused",
            Self::Broken => "connection broken",
            Self::Tls => "TLS",
            Self::Proxy => "proxy",
            Self::TooLarge => "too large",
            Self::Server => "server error",
            Self::Login => "needs login",
            Self::Tunnel => "tunnel",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether something cannot be seen because of it.
    pub fn hides(self) -> bool {
        !matches!(self, Self::Clock | Self::Ending)
    }
}

/// What failed, where, and what the person can do about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// What sort.
    pub kind: FailureKind,
    /// What failed and where, one line: `open /var/log/app.log: permission denied`.
    pub what: RawText,
    /// What to do: `add ops to group adm`.
    #[serde(default)]
    pub advice: Option<RawText>,
    /// When the source tries again by itself.
    #[serde(default)]
    pub next_try: Option<Timestamp>,
    /// Failures of several sources with the same cause are one line on the screen.
    #[serde(default)]
    pub cause: Option<RawText>,
}

impl Failure {
    /// A failure with nothing to advise, not tried again.
    pub fn new(kind: FailureKind, what: impl Into<RawText>) -> Self {
        Self { kind, what: what.into(), advice: None, next_try: None, cause: None }
    }

    /// With what the person can do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<RawText>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// With the cause that other sources may share, so that their failures fold.
    #[must_use]
    pub fn because(mut self, cause: impl Into<RawText>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// With the time of the next try.
    #[must_use]
    pub fn again_at(mut self, at: Timestamp) -> Self {
        self.next_try = Some(at);
        self
    }
}

/// What is stored about a source's condition. Its [`Health`] is computed from this and `now`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Condition {
    /// When it last answered well.
    pub last_ok: Option<Timestamp>,
    /// What it last failed with, since when; cleared by the next good answer.
    pub failing: Option<(Failure, Timestamp)>,
    /// Parts that fail while the rest works.
    pub troubles: Vec<Failure>,
    /// How often its task has crashed and been started again.
    pub crashes: u32,
    /// Whether the last thing its task did was to crash.
    pub crashed: bool,
    /// Whether all has come that ever will.
    pub ended: bool,
    /// Whether all that is known of it was told in an earlier session.
    pub recalled: bool,
    /// How often it is looked at now, if not as was declared.
    pub every: Option<SignedDuration>,
    /// In which versions its server speaks, such as `HTTP/2 over TLS 1.3`.
    pub spoken: Option<RawText>,
}

/// A source's condition at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Health {
    /// Nothing heard yet.
    Starting,
    /// What is shown is current.
    Live,
    /// What is shown is this old.
    Stale(SignedDuration),
    /// It fails, since when.
    Failing(Failure, Timestamp),
    /// Its task crashed this many times and is started again.
    Crashed(u32),
}

impl Health {
    /// Whether what it shows can be believed.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }

    /// Whether nothing current can be seen through this source.
    pub fn is_blind(&self) -> bool {
        matches!(self, Self::Failing(..) | Self::Crashed(_))
    }
}

impl Condition {
    /// Whether a part of what it tells cannot be seen.
    pub fn is_partly_blind(&self) -> bool {
        self.troubles.iter().any(|trouble| trouble.kind.hides())
    }

    /// The condition at `now` of a source that should answer every `interval` (`None`: a stream,
    /// which is live until it says otherwise). It is late after two intervals.
    pub fn health(&self, interval: Option<SignedDuration>, now: Timestamp) -> Health {
        let interval = self.every.or(interval);
        if self.crashed {
            return Health::Crashed(self.crashes);
        }
        if let Some((failure, since)) = &self.failing {
            return Health::Failing(failure.clone(), *since);
        }
        let Some(last) = self.last_ok else { return Health::Starting };
        let age = now.duration_since(last);
        match interval {
            _ if self.recalled => Health::Stale(age),
            Some(interval) if age > interval * 2 => Health::Stale(age),
            _ => Health::Live,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_source_is_stale_only_after_two_missed_intervals() {
        let every = Some(SignedDuration::from_secs(10));
        let mut condition = Condition::default();
        assert_eq!(condition.health(every, at(0)), Health::Starting);
        condition.last_ok = Some(at(0));
        assert_eq!(condition.health(every, at(20)), Health::Live);
        assert_eq!(condition.health(every, at(21)), Health::Stale(SignedDuration::from_secs(21)));
        assert_eq!(condition.health(None, at(9999)), Health::Live);
        condition.recalled = true;
        assert_eq!(condition.health(None, at(60)), Health::Stale(SignedDuration::from_secs(60)));
    }

    #[test]
    fn a_crash_shows_before_a_failure_and_a_failure_before_age() {
        let failure = Failure::new(FailureKind::Missing, "no such file");
        let mut condition = Condition {
            last_ok: Some(at(0)),
            failing: Some((failure.clone(), at(5))),
            ..Condition::default()
        };
        assert_eq!(condition.health(None, at(9)), Health::Failing(failure, at(5)));
        (condition.crashed, condition.crashes) = (true, 2);
        assert_eq!(condition.health(None, at(9)), Health::Crashed(2));
    }
}
