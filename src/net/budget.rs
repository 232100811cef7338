//! How many requests a server lets us make, by its own headers, and how they are shared out: polling
//! may use half of what is left, the rest is for a person who asks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::exchange::{Class, http_date};

/// A server cannot silence us for longer than this by `Retry-After`.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Nor by the end of its window: the longest that are known are an hour.
const WINDOW: Duration = Duration::from_secs(65 * 60);
/// How long to wait where a server says "too many" and not until when; GitHub asks for this much.
const UNKNOWN: Duration = Duration::from_secs(60);
/// Parts of a service with budgets of their own that are remembered.
const MOST_NAMES: usize = 64;

/// Whose budget: a host and a credential share one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Payer {
    pub(super) host: String,
    pub(super) credential: String,
}

/// All budgets.
#[derive(Default)]
pub(super) struct Budgets(Mutex<BTreeMap<Payer, Account>>);

/// Whether a request may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Now.
    Go,
    /// Polling comes again after this, so that half of the budget is left.
    Later(Duration),
    /// The server takes none before this is over.
    Never(Duration),
}

/// What an answer was, as far as budgets care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Came {
    /// Any other.
    Answered,
    /// 304.
    Unchanged,
    /// "Too many".
    Refused,
}

#[derive(Default)]
struct Account {
    silent_until: Option<Instant>,
    /// By the name that the server gives to a part of its service, such as GitHub's `search`.
    buckets: BTreeMap<String, Bucket>,
    /// Which part the paths that begin so were counted to.
    parts: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
struct Bucket {
    remaining: f64,
    /// What the last answer said of it; the requests since are not in it.
    told: f64,
    resets: Instant,
    /// What polling may still use in this window.
    share: f64,
    /// What polling may use at once; grows with time.
    tokens: f64,
    filled: Instant,
}

/// What one answer says of the budget.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Told {
    remaining: Option<f64>,
    resets: Option<Duration>,
    part: String,
    retry_after: Option<Duration>,
}

impl Told {
    /// Reads the headers of an answer that came at `now`.
    pub(super) fn of<'a>(header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Self {
        // The server's own clock decides what its times mean.
        let now = header("date").and_then(http_date).unwrap_or(now);
        let mut told = Self {
            retry_after: header("retry-after")
                .and_then(|text| moment(text, now))
                .map(|wait| wait.min(LONGEST)),
            part: ["x-ratelimit-resource", "x-ratelimit-name"]
                .iter()
                .find_map(|name| header(name))
                .unwrap_or("")
                .to_owned(),
            ..Self::default()
        };
        for family in ["x-ratelimit", "ratelimit", "ratelimit-user", "x-sentry-rate-limit"] {
            let of = |what: &str| header(&format!("{family}-{what}"));
            told.least(of("remaining"), of("reset"), now);
        }
        // draft-ietf-httpapi-ratelimit-headers: `limit=100, remaining=50, reset=5`, later `"name";r=50;t=5`.
        if let Some(text) = header("ratelimit") {
            let of = |names: [&str; 2]| {
                text.split([',', ';'])
                    .filter_map(|pair| pair.trim().split_once('='))
                    .find(|(name, _)| names.contains(name))
                    .map(|(_, value)| value)
            };
            told.least(of(["remaining", "r"]), of(["reset", "t"]), now);
        }
        told
    }

    /// Where a server has several limits the one that is nearest counts.
    fn least(&mut self, remaining: Option<&str>, resets: Option<&str>, now: Timestamp) {
        let Some(remaining) =
            remaining.and_then(|text| text.trim().parse::<f64>().ok()).filter(|n| n.is_finite() && *n >= 0.0)
        else {
            return;
        };
        if self.remaining.is_none_or(|known| remaining < known) {
            self.remaining = Some(remaining);
            self.resets = resets.and_then(|text| moment(text, now)).map(|wait| wait.min(WINDOW));
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        self.remaining == Some(0.0)
    }

    /// How long to wait after an answer that said "too many".
    pub(super) fn wait(&self) -> Duration {
        let reset = self.resets.filter(|_| self.is_spent());
        self.retry_after.or(reset).unwrap_or(UNKNOWN)
    }

    /// How long the server asks to wait, if it does.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// Seconds from now, seconds or milliseconds since 1970, or a date; as a time from `now` on.
fn moment(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let at = match text.parse::<f64>() {
        Ok(number) if number < 0.0 => return None,
        Ok(number) if number < 1e9 => return Some(Duration::from_secs_f64(number)),
        Ok(number) if number >= 1e12 => {
            Timestamp::from_duration(SignedDuration::try_from_secs_f64(number / 1e3).ok()?).ok()?
        }
        Ok(number) => Timestamp::from_duration(SignedDuration::try_from_secs_f64(number).ok()?).ok()?,
        Err(_) => http_date(text).or_else(|| text.parse().ok())?,
    };
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

impl Budgets {
    fn with<T>(&self, payer: &Payer, work: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(accounts.entry(payer.clone()).or_default())
    }

    /// Asks to make a request. `Go` counts it.
    pub(super) fn ask(&self, payer: &Payer, path: &str, class: Class, now: Instant) -> Verdict {
        self.with(payer, |account| {
            if let Some(until) = account.silent_until.filter(|until| *until > now) {
                return Verdict::Never(until.duration_since(now));
            }
            let part = account.parts.get(first(path)).cloned().unwrap_or_default();
            account.buckets.get_mut(&part).map_or(Verdict::Go, |bucket| bucket.ask(class, now))
        })
    }

    /// Learns what an answer said.
    pub(super) fn learn(&self, payer: &Payer, path: &str, told: &Told, came: Came, now: Instant) {
        self.with(payer, |account| {
            if came == Came::Refused && (told.retry_after.is_some() || !told.is_spent()) {
                account.silent_until = Some(now + told.wait());
            }
            let Some(remaining) = told.remaining else { return };
            let resets = now + told.resets.unwrap_or(UNKNOWN);
            if account.parts.len() < MOST_NAMES && account.buckets.len() < MOST_NAMES {
                account.parts.insert(first(path).to_owned(), told.part.clone());
            }
            if let Some(bucket) = account.buckets.get_mut(&told.part) {
                bucket.learn(remaining, resets, came, now);
            } else if account.buckets.len() < MOST_NAMES {
                account.buckets.insert(told.part.clone(), Bucket::new(remaining, resets, now));
            }
        });
    }
}

/// The first part of a path.
fn first(path: &str) -> &str {
    path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default()
}

impl Bucket {
    fn new(remaining: f64, resets: Instant, now: Instant) -> Self {
        let mut bucket =
            Self { remaining, told: remaining, resets, share: remaining / 2.0, tokens: 0.0, filled: now };
        bucket.tokens = bucket.burst();
        bucket
    }

    fn learn(&mut self, remaining: f64, resets: Instant, came: Came, now: Instant) {
        // Answers overtake each other, so that a few more than we counted are no new window.
        if now >= self.resets || remaining > self.remaining * 1.1 + 10.0 {
            self.share = remaining / 2.0;
        } else if came == Came::Unchanged && remaining >= self.told {
            // GitHub does not count these, GitLab does.
            self.share += 1.0;
        }
        (self.remaining, self.told, self.resets) = (remaining, remaining, resets);
    }

    /// What polling may use until the window ends: what is left of its half, and never more than
    /// half of what others left.
    fn allowance(&self) -> f64 {
        self.share.min(self.remaining / 2.0)
    }

    /// What polling may use at once, such as the requests of one round.
    fn burst(&self) -> f64 {
        (self.allowance() / 4.0).max(1.0)
    }

    fn ask(&mut self, class: Class, now: Instant) -> Verdict {
        let left = self.resets.saturating_duration_since(now);
        if left.is_zero() {
            // The window is over: the next answer tells what the new one has.
            return Verdict::Go;
        }
        if self.remaining < 1.0 {
            return Verdict::Never(left);
        }
        if class == Class::Person {
            self.remaining -= 1.0;
            return Verdict::Go;
        }
        let rate = self.allowance() / left.as_secs_f64();
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * rate).min(self.burst());
        if self.allowance() < 1.0 {
            return Verdict::Later(left);
        }
        if self.tokens < 1.0 {
            let wait = (1.0 - self.tokens) / rate;
            return Verdict::Later(Duration::try_from_secs_f64(wait).unwrap_or(left).min(left));
        }
        self.tokens -= 1.0;
        self.share -= 1.0;
        self.remaining -= 1.0;
        Verdict::Go
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(headers: &[(&str, &str)]) -> Told {
        let now = "2026-03-01T03:00:00Z".parse().unwrap();
        Told::of(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value), now)
    }

    fn payer() -> Payer {
        Payer { host: "https://api.github.com".to_owned(), credential: "ci".to_owned() }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn limits_are_read_as_vendors_write_them() {
        // GitHub: seconds since 1970; its clock is five minutes ahead of ours.
        let github = told(&[
            ("date", "Sun, 01 Mar 2026 03:05:00 GMT"),
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4990"),
            ("x-ratelimit-reset", "1772336100"),
            ("x-ratelimit-resource", "core"),
        ]);
        assert_eq!(
            (github.remaining, github.resets, github.part.as_str()),
            (Some(4990.0), Some(seconds(1800)), "core")
        );
        // Buildkite: seconds from now, and a limit of the user beside that of the organisation.
        let buildkite = told(&[
            ("ratelimit-remaining", "180"),
            ("ratelimit-reset", "42"),
            ("ratelimit-user-remaining", "3"),
            ("ratelimit-user-reset", "7"),
        ]);
        assert_eq!((buildkite.remaining, buildkite.resets), (Some(3.0), Some(seconds(7))));
        // The drafts of the IETF, 03 and 08.
        for text in ["limit=100, remaining=50, reset=5", "\"default\";r=50;t=5"] {
            let ietf = told(&[("ratelimit", text)]);
            assert_eq!((ietf.remaining, ietf.resets), (Some(50.0), Some(seconds(5))), "{text}");
        }
        // HCP Terraform: a fraction. Jira: a date.
        assert_eq!(
            told(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "0.7")]).wait(),
            Duration::from_millis(700)
        );
        let jira = told(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2026-03-01T03:02:00Z")]);
        assert_eq!(jira.wait(), seconds(120));
        assert!(jira.is_spent());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_has_an_end() {
        for (text, wait) in [
            ("120", seconds(120)),
            ("Sun, 01 Mar 2026 03:01:00 GMT", seconds(60)),
            ("Sun, 01 Mar 2020 03:01:00 GMT", seconds(0)),
            ("86400", LONGEST),
            ("999999999", LONGEST),
            ("1e11", LONGEST),
            ("99999999999999", LONGEST),
            ("1e300", UNKNOWN),
            ("Sat, 01 Mar 2036 03:01:00 GMT", LONGEST),
            ("soon", UNKNOWN),
            ("-5", UNKNOWN),
            ("inf", UNKNOWN),
            ("NaN", UNKNOWN),
        ] {
            assert_eq!(told(&[("retry-after", text)]).wait(), wait, "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn polling_uses_half_of_a_window_and_a_person_the_rest() {
        let budgets = Budgets::default();
        let start = Instant::now();
        let window = [("x-ratelimit-remaining", "1000"), ("x-ratelimit-reset", "1000")];
        budgets.learn(&payer(), "/repos/a", &told(&window), Came::Answered, start);
        let (mut polls, mut now) = (0, start);
        // As fast as it lets us, until the window ends.
        while now < start + seconds(999) {
            match budgets.ask(&payer(), "/repos/a", Class::Poll, now) {
                Verdict::Go => polls += 1,
                Verdict::Later(wait) => now += wait.max(Duration::from_millis(1)),
                Verdict::Never(_) => panic!("half is left"),
            }
        }
        assert!((450..=500).contains(&polls), "{polls}");
        let late = start + seconds(999);
        for _ in 0..500 {
            assert_eq!(budgets.ask(&payer(), "/repos/a", Class::Person, late), Verdict::Go);
        }
        let verdict = budgets.ask(&payer(), "/repos/a", Class::Poll, late);
        assert!(!matches!(verdict, Verdict::Go), "{verdict:?}");
        // Another credential, another budget; and a window that is over bounds nothing.
        let other = Payer { credential: "deploy".to_owned(), ..payer() };
        assert_eq!(budgets.ask(&other, "/repos/a", Class::Poll, late), Verdict::Go);
        assert_eq!(budgets.ask(&payer(), "/repos/a", Class::Poll, start + seconds(1001)), Verdict::Go);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unchanged_answer_is_free_only_where_the_server_does_not_count_it() {
        for (counts, least, most) in [(true, 450, 500), (false, 990, 1010)] {
            let budgets = Budgets::default();
            let start = Instant::now();
            let learn = |left: u32, came, now: Instant| {
                let ends = (start + seconds(1000)).duration_since(now).as_secs().to_string();
                let left = left.to_string();
                let window = [("x-ratelimit-remaining", left.as_str()), ("x-ratelimit-reset", ends.as_str())];
                budgets.learn(&payer(), "/a", &told(&window), came, now);
            };
            learn(1000, Came::Answered, start);
            let (mut polls, mut now) = (0, start);
            while now < start + seconds(999) && polls < 1000 {
                match budgets.ask(&payer(), "/a", Class::Poll, now) {
                    Verdict::Go => {
                        polls += 1;
                        learn(1000 - if counts { polls } else { 0 }, Came::Unchanged, now);
                    }
                    Verdict::Later(wait) => now += wait.max(Duration::from_millis(1)),
                    Verdict::Never(_) => panic!("half is left"),
                }
            }
            assert!((least..=most).contains(&polls), "{counts}: {polls}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_round_goes_at_once_and_what_others_use_slows_us() {
        let budgets = Budgets::default();
        let now = Instant::now();
        let window =
            |left: &'static str| told(&[("x-ratelimit-remaining", left), ("x-ratelimit-reset", "3600")]);
        budgets.learn(&payer(), "/a", &window("5000"), Came::Answered, now);
        for _ in 0..600 {
            assert_eq!(budgets.ask(&payer(), "/a", Class::Poll, now), Verdict::Go);
        }
        budgets.learn(&payer(), "/a", &window("10"), Came::Answered, now);
        let mut verdicts = (0..10).map(|_| budgets.ask(&payer(), "/a", Class::Poll, now));
        assert_eq!(verdicts.next(), Some(Verdict::Go));
        assert!(verdicts.any(|verdict| matches!(verdict, Verdict::Later(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_wait_is_not_asked_by_anybody() {
        let budgets = Budgets::default();
        let now = Instant::now();
        budgets.learn(&payer(), "/a", &told(&[("retry-after", "30")]), Came::Refused, now);
        for class in [Class::Poll, Class::Person] {
            assert_eq!(budgets.ask(&payer(), "/b", class, now), Verdict::Never(seconds(30)));
            assert_eq!(budgets.ask(&payer(), "/b", class, now + seconds(30)), Verdict::Go);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_is_used_up_does_not_stop_the_others() {
        let budgets = Budgets::default();
        let now = Instant::now();
        let of = |part, left| {
            told(&[
                ("x-ratelimit-remaining", left),
                ("x-ratelimit-reset", "60"),
                ("x-ratelimit-resource", part),
            ])
        };
        budgets.learn(&payer(), "/repos/x", &of("core", "4000"), Came::Answered, now);
        budgets.learn(&payer(), "/search/issues", &of("search", "0"), Came::Refused, now);
        assert_eq!(budgets.ask(&payer(), "/search/code", Class::Person, now), Verdict::Never(seconds(60)));
        assert_eq!(budgets.ask(&payer(), "/repos/y", Class::Poll, now), Verdict::Go);
    }
}
