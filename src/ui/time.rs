//! Times as a person reads them: a clock in the chosen zone, or an age.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::text::SafeText;
use crate::safe;

/// How times are shown.
#[derive(Clone, Debug)]
pub enum Zone {
    /// In UTC.
    Utc,
    /// In the person's own zone.
    Own(TimeZone),
    /// As ages.
    Relative,
}

impl Zone {
    /// The zone's name for the header; ages are told beside a clock in UTC.
    pub fn name(&self, now: Timestamp) -> SafeText {
        match self {
            Self::Utc => SafeText::literal("UTC"),
            Self::Own(zone) => {
                safe!("{}", crate::model::text::clean(&zone.to_offset_info(now).abbreviation().into()))
            }
            Self::Relative => SafeText::literal("UTC, ages"),
        }
    }

    /// The zone that clocks are shown in, and that typed times are read in.
    pub fn zone(&self) -> TimeZone {
        match self {
            Self::Own(zone) => zone.clone(),
            Self::Utc | Self::Relative => TimeZone::UTC,
        }
    }

    /// `03:26`
    pub fn minute(&self, at: Timestamp) -> SafeText {
        let time = at.to_zoned(self.zone());
        two(time.hour(), time.minute())
    }

    /// `03:26:40.112`, or the age.
    pub fn precise(&self, at: Timestamp, now: Timestamp) -> SafeText {
        if matches!(self, Self::Relative) {
            return age(now.duration_since(at));
        }
        let time = at.to_zoned(self.zone());
        let mut text = two(time.hour(), time.minute());
        text.push(&padded(":", time.second(), 2));
        text.push(&padded(".", time.millisecond(), 3));
        text
    }

    /// `03:26`, `Nov 22 03:26` when it is not today, or the age.
    pub fn moment(&self, at: Timestamp, now: Timestamp) -> SafeText {
        if matches!(self, Self::Relative) {
            return age(now.duration_since(at));
        }
        self.clock(at, now)
    }

    /// `03:26`, `Nov 22 03:26` when it is not today: for times within a sentence, also where others are
    /// shown as ages.
    pub fn clock(&self, at: Timestamp, now: Timestamp) -> SafeText {
        let (time, today) = (at.to_zoned(self.zone()), now.to_zoned(self.zone()));
        if time.date() == today.date() {
            return two(time.hour(), time.minute());
        }
        safe!("{} {}", day(&time), two(time.hour(), time.minute()))
    }

    /// The same with its zone, `03:26Z`, where that is UTC: a text in which it stands may be kept, and read where
    /// other times are shown in the person's own.
    pub fn told(&self, at: Timestamp, now: Timestamp) -> SafeText {
        let zone = if matches!(self, Self::Own(_)) { "" } else { "Z" };
        safe!("{}{}", self.clock(at, now), SafeText::literal(zone))
    }

    /// `03:26`, with seconds and thousandths as far as steps of so many milliseconds need them, and the day
    /// where `near` is of another; or the age.
    pub fn stepped(&self, at: Timestamp, step: i64, near: Timestamp, now: Timestamp) -> SafeText {
        if matches!(self, Self::Relative) {
            return age(now.duration_since(at));
        }
        let (time, near) = (at.to_zoned(self.zone()), near.to_zoned(self.zone()));
        let mut text = two(time.hour(), time.minute());
        if step < 60_000 {
            text.push(&padded(":", time.second(), 2));
        }
        if step < 1000 {
            text.push(&padded(".", time.millisecond(), 3));
        }
        if time.date() == near.date() { text } else { safe!("{} {}", day(&time), text) }
    }

    /// `between 03:12Z and 09:40Z`; nothing where both are shown alike. Where the clock went back between the two,
    /// only the later look says something: `by 02:40Z (the clock went back)`.
    pub fn between(&self, after: Timestamp, at: Timestamp, now: Timestamp) -> Option<SafeText> {
        let is_back = after > at;
        let [after, at] = [after, at].map(|time| self.told(time, now));
        let back = || safe!("by {} (the clock went back)", at);
        (after != at).then(|| if is_back { back() } else { safe!("between {} and {}", after, at) })
    }

    /// The times between two that are a multiple of `step` seconds, with a short text for each:
    /// `03:00` in the zone of the clock, the day at midnight, or how long before `to`.
    pub fn round_times(&self, from: Timestamp, to: Timestamp, step: i64) -> Vec<(Timestamp, SafeText)> {
        let step = step.max(1);
        let (first, last) = (from.as_second(), to.as_second());
        let (zone, is_age) = (self.zone(), matches!(self, Self::Relative));
        // Ages count from the end, clocks from a midnight of the zone.
        let base = if is_age { last } else { -i64::from(zone.to_offset(from).seconds()) };
        let start = first + (base - first).rem_euclid(step);
        let mut times = Vec::new();
        let mut second = start;
        // Nobody has room for more.
        while second <= last && times.len() < 100 {
            let Ok(at) = Timestamp::from_second(second) else { break };
            let text = match last - second {
                0 if is_age => SafeText::literal("now"),
                ago if is_age => safe!("-{}", took_short(ago)),
                _ => match at.to_zoned(zone.clone()) {
                    time if time.hour() == 0 && time.minute() == 0 => day(&time),
                    time => two(time.hour(), time.minute()),
                },
            };
            times.push((at, text));
            second = second.saturating_add(step);
        }
        times
    }
}

/// `90m`, `2h`: the largest unit that has no rest.
fn took_short(seconds: i64) -> SafeText {
    match seconds {
        _ if seconds % 86_400 == 0 => safe!("{}d", seconds / 86_400),
        _ if seconds % 3600 == 0 => safe!("{}h", seconds / 3600),
        _ if seconds % 60 == 0 => safe!("{}m", seconds / 60),
        _ => safe!("{}s", seconds),
    }
}

/// `Nov 22`
fn day(time: &jiff::Zoned) -> SafeText {
    let month = MONTHS.get(usize::try_from(time.month() - 1).unwrap_or(0)).copied().unwrap_or("?");
    safe!("{} {}", SafeText::literal(month), i64::from(time.day()))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn two(hour: i8, minute: i8) -> SafeText {
    let mut text = padded("", hour, 2);
    text.push(&padded(":", minute, 2));
    text
}

fn padded(before: &'static str, number: impl Into<i64>, digits: u32) -> SafeText {
    let mut text = SafeText::literal(before);
    let number: i64 = number.into();
    for place in (0..digits).rev() {
        text.push(&safe!("{}", (number / 10_i64.pow(place)) % 10));
    }
    text
}

/// An age or a duration in one unit, at most four columns: `40s`, `14m`, `2h`, `3d`. Ages under a
/// minute step by ten seconds, so that a screen at rest changes seldom. A negative one is `0s`.
pub fn age(age: SignedDuration) -> SafeText {
    let seconds = age.as_secs().max(0);
    match seconds {
        0..60 => safe!("{}s", seconds / 10 * 10),
        60..3600 => safe!("{}m", seconds / 60),
        3600..86_400 => safe!("{}h", seconds / 3600),
        _ => safe!("{}d", seconds / 86_400),
    }
}

/// How long something took: `8s`, `2m10s`, `1h05m`.
pub fn took(duration: SignedDuration) -> SafeText {
    let seconds = duration.as_secs().max(0);
    match seconds {
        0..60 => safe!("{}s", seconds),
        60..3600 => {
            safe!("{}s", padded_after(seconds / 60, "m", seconds % 60))
        }
        _ => safe!("{}m", padded_after(seconds / 3600, "h", seconds % 3600 / 60)),
    }
}

/// A number, a word, and a number of two digits.
fn padded_after(first: i64, word: &'static str, second: i64) -> SafeText {
    let mut text = safe!("{}{}", first, SafeText::literal(word));
    text.push(&padded("", second, 2));
    text
}

/// How long something runs, in hours and minutes: `0:14`. It steps with the clock's minute.
pub fn running(since: Timestamp, now: Timestamp) -> SafeText {
    let minutes = (now.as_second().div_euclid(60) - since.as_second().div_euclid(60)).max(0);
    padded_after(minutes / 60, ":", minutes % 60)
}

/// How long something took; while it goes on it steps like an age, so that a screen at rest is still.
pub fn lasted(duration: SignedDuration, is_over: bool) -> SafeText {
    if is_over { took(duration) } else { age(duration) }
}

/// When the shown age of something that began at `since` changes next, after `now`. Ages over a
/// minute change with the clock's minute, all together, so that a screen at rest is drawn once.
pub fn next_change(since: Timestamp, now: Timestamp) -> Timestamp {
    let step = if now.duration_since(since) < SignedDuration::from_secs(60) { 10 } else { 60 };
    let next = (now.as_second().div_euclid(step) + 1) * step;
    Timestamp::from_second(next).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_take_four_columns_and_are_never_negative() {
        let age = |seconds| age(SignedDuration::from_secs(seconds)).as_str().to_owned();
        assert_eq!([age(-5), age(9), age(59), age(60)], ["0s", "0s", "50s", "1m"]);
        assert_eq!([age(3599), age(3600), age(86_400 * 400)], ["59m", "1h", "400d"]);
        let took = |seconds| took(SignedDuration::from_secs(seconds)).as_str().to_owned();
        assert_eq!([took(8), took(130), took(3900)], ["8s", "2m10s", "1h05m"]);
    }

    #[test]
    fn moments_name_the_day_only_when_it_is_another() {
        let now: Timestamp = "2026-11-22T03:26:40.112Z".parse().unwrap();
        let yesterday: Timestamp = "2026-11-21T23:05:00Z".parse().unwrap();
        assert_eq!(Zone::Utc.moment(now, now).as_str(), "03:26");
        assert_eq!(Zone::Utc.moment(yesterday, now).as_str(), "Nov 21 23:05");
        assert_eq!(Zone::Utc.precise(now, now).as_str(), "03:26:40.112");
        assert_eq!(Zone::Relative.precise(yesterday, now).as_str(), "4h");
        let berlin = Zone::Own(TimeZone::get("Europe/Berlin").unwrap());
        assert_eq!(berlin.minute(now).as_str(), "04:26");
        assert_eq!(berlin.name(now).as_str(), "CET");
    }

    #[test]
    fn what_lies_between_two_looks_is_told_in_their_order() {
        let [early, late]: [Timestamp; 2] =
            ["2026-11-22T02:40:10Z", "2026-11-22T03:13:00Z"].map(|at| at.parse().unwrap());
        let told = |after, at| Zone::Utc.between(after, at, late).map(|text| text.as_str().to_owned());
        assert_eq!(told(early, late).as_deref(), Some("between 02:40Z and 03:13Z"));
        assert_eq!(told(late, early).as_deref(), Some("by 02:40Z (the clock went back)"));
        let berlin = Zone::Own(TimeZone::get("Europe/Berlin").unwrap());
        assert_eq!(berlin.told(early, late).as_str(), "03:40", "the header names the zone");
        assert_eq!(told(early, early + SignedDuration::from_secs(20)), None);
    }

    #[test]
    fn times_are_as_fine_as_their_steps() {
        let at: Timestamp = "2026-11-22T03:26:40.112Z".parse().unwrap();
        let tomorrow: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let shown = |step, near| Zone::Utc.stepped(at, step, near, tomorrow).as_str().to_owned();
        assert_eq!(
            [shown(60_000, at), shown(5000, at), shown(500, at)],
            ["03:26", "03:26:40", "03:26:40.112"]
        );
        assert_eq!(shown(60_000, tomorrow), "Nov 22 03:26");
        assert_eq!(Zone::Relative.stepped(at, 1, tomorrow, tomorrow).as_str(), "20h");
    }

    #[test]
    fn round_times_are_round_where_the_person_is() {
        let (from, to) = ("2026-11-21T20:10:00Z".parse().unwrap(), "2026-11-22T00:26:00Z".parse().unwrap());
        let shown = |zone: Zone, step| {
            let times = zone.round_times(from, to, step).into_iter();
            times.map(|(_, text)| text.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown(Zone::Utc, 7200), ["22:00", "Nov 22"]);
        let kathmandu = Zone::Own(TimeZone::get("Asia/Kathmandu").unwrap());
        assert_eq!(shown(kathmandu, 7200), ["02:00", "04:00", "06:00"], "5:45 ahead of UTC");
        assert_eq!(shown(Zone::Relative, 5400), ["-3h", "-90m", "now"]);
        assert_eq!(shown(Zone::Utc, 1).len(), 100);
    }

    #[test]
    fn ages_change_with_the_ten_seconds_and_then_with_the_minute() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(next_change(at(1203), at(1209)), at(1210));
        assert_eq!(next_change(at(1000), at(1209)), at(1260));
    }
}
