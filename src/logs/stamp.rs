//! When a line says it was written, read from the forms that programs commonly write.

use jiff::tz::TimeZone;

/// How far into a line a date is looked for.
const REACH: usize = 96;
/// A day, in milliseconds.
const DAY: i64 = 24 * 3_600_000;
/// How far ahead of its arrival a stamp without a year may be before it is last year's.
const AHEAD: i64 = DAY;
/// How far ahead of its arrival a time of day may be before it is yesterday's.
const SOON: i64 = 3_600_000;

/// The zone of stamps that name none: the source's setting, else UTC.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    /// `None` is UTC.
    zone: Option<TimeZone>,
    /// The last quarter of an hour asked for and its offset in seconds: offsets change at its
    /// edges only.
    last: Option<(i64, i64)>,
}

impl Zone {
    /// Stamps without a zone are of this one.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone: (zone != TimeZone::UTC).then_some(zone), last: None }
    }

    /// Seconds since 1970 of seconds on the wall clock of this zone.
    fn utc(&mut self, wall: i64) -> Option<i64> {
        let Some(zone) = &self.zone else { return Some(wall) };
        let quarter = wall.div_euclid(900);
        if let Some((at, offset)) = self.last
            && at == quarter
        {
            return Some(wall - offset);
        }
        // As if the wall clock were UTC, to have its fields.
        let civil = jiff::Timestamp::from_second(quarter * 900).ok()?.to_zoned(TimeZone::UTC).datetime();
        let offset = quarter * 900 - civil.to_zoned(zone.clone()).ok()?.timestamp().as_second();
        self.last = Some((quarter, offset));
        Some(wall - offset)
    }
}

/// A date and a time of day as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Written {
    date: Date,
    /// Milliseconds of the day.
    millis: i64,
    /// Seconds east of UTC, if the stamp says.
    offset: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Date {
    /// Days since 1970.
    Days(i64),
    /// A month and a day without a year.
    Month(i64, i64),
    /// A time of day alone.
    Unsaid,
}

impl Written {
    fn new(date: Date, clock: &Clock, offset: Option<i64>) -> Self {
        Self { date, millis: clock.millis, offset }
    }

    /// A time in milliseconds since 1970.
    pub(super) fn at(millis: i64) -> Self {
        Self { date: Date::Days(millis.div_euclid(DAY)), millis: millis.rem_euclid(DAY), offset: Some(0) }
    }

    /// A date (year, month, day), a clock (hour, minute, second), milliseconds and seconds east of UTC,
    /// as far as they are said.
    pub(super) fn of(
        date: Option<(Option<i64>, i64, i64)>,
        [hour, minute, second]: [i64; 3],
        millis: i64,
        offset: Option<i64>,
    ) -> Option<Self> {
        let date = match date {
            Some((Some(year), month, day)) => Date::Days(days(year, month, day)?),
            Some((None, month, day)) => Date::Month(month, day),
            None => Date::Unsaid,
        };
        Some(Self { date, millis: (hour * 3600 + minute * 60 + second) * 1000 + millis, offset })
    }

    /// The same with these nanoseconds of its second.
    pub(super) fn with_nanos(self, nanos: u32) -> Self {
        Self { millis: self.millis - self.millis.rem_euclid(1000) + i64::from(nanos / 1_000_000), ..self }
    }

    /// Milliseconds since 1970. A stamp without a zone is of `zone`; of dates without a year or a day
    /// it is the latest that is not ahead of `arrival`.
    pub(super) fn millis(&self, arrival: i64, zone: &mut Zone) -> Option<i64> {
        let mut at = |days: i64| {
            let wall = days * 86_400 + self.millis.div_euclid(1000);
            let seconds = match self.offset {
                Some(offset) => wall - offset,
                None => zone.utc(wall)?,
            };
            Some(seconds * 1000 + self.millis.rem_euclid(1000))
        };
        let today = arrival.div_euclid(DAY);
        match self.date {
            Date::Days(days) => at(days),
            Date::Unsaid => {
                (today - 1..=today + 1).rev().find_map(|day| at(day).filter(|found| *found <= arrival + SOON))
            }
            Date::Month(month, day) => {
                // The year on no clock in particular; one day either side does not matter here.
                let year = jiff::Timestamp::from_millisecond(arrival).ok()?.to_zoned(TimeZone::UTC).year();
                let year = i64::from(year);
                // Eight years: between 1896 and 1904 lie the longest without a 29 February.
                (year - 8..=year + 1)
                    .rev()
                    .find_map(|year| at(days(year, month, day)?).filter(|found| *found <= arrival + AHEAD))
            }
        }
    }
}

/// The time of a line that is in no known format, from wherever in its front it stands.
pub(super) fn anywhere(front: &[u8]) -> Option<(Written, usize)> {
    let front = front.get(..REACH).unwrap_or(front);
    memchr::memchr2_iter(b'-', b'/', front).find_map(|separator| {
        let start = separator.checked_sub(4).filter(|at| {
            // Four digits that are not the end of more.
            at.checked_sub(1).and_then(|before| front.get(before)).is_none_or(|b| !b.is_ascii_digit())
        });
        start.and_then(|at| numeric(front, at)).or_else(|| day_first(front, separator.checked_sub(2)?))
    })
}

/// The stamp that begins at `at`, and where it ends.
pub(super) fn at(line: &[u8], at: usize) -> Option<(Written, usize)> {
    let line = line.get(..at + REACH).unwrap_or(line);
    match line.get(at)? {
        b'0'..=b'9' => numeric(line, at)
            .or_else(|| day_first(line, at))
            .or_else(|| slashed(line, at))
            .or_else(|| time_alone(line, at))
            .or_else(|| epoch_at(line, at)),
        b'A'..=b'Z' => month_first(line, at),
        _ => None,
    }
}

/// The time in a field's value: a date or seconds, milliseconds, microseconds or nanoseconds
/// since 1970.
pub(super) fn of_value(value: &[u8]) -> Option<Written> {
    let dated = || self::at(value, 0).map(|(written, _)| written);
    if value.get(4) == Some(&b'-') { dated() } else { epoch(value).or_else(dated) }
}

/// `2026-11-22T03:12:01.123+01:00`, `2026-11-22 03:12:01,123`, `2026/11/22 03:12:01`.
fn numeric(line: &[u8], at: usize) -> Option<(Written, usize)> {
    let year = number(line, at, 4)?;
    let separator = line.get(at + 4)?;
    if !matches!(separator, b'-' | b'/') || line.get(at + 7) != Some(separator) {
        return None;
    }
    let month = number(line, at + 5, 2)?;
    let day = number(line, at + 8, 2)?;
    let date = Date::Days(days(year, month, day)?);
    if !matches!(line.get(at + 10)?, b'T' | b't' | b' ' | b'_' | b'-') {
        return None;
    }
    let clock = match line.get(at + 11)? {
        b' ' => short_clock(line, at + 12)?,
        _ => clock(line, at + 11)?,
    };
    let (offset, end) = offset(line, clock.end);
    Some((Written::new(date, &clock, offset), end))
}

/// `22/Nov/2026:03:12:01 +0000` as web servers have it, `22-Nov-2026 03:12:01.123`,
/// `22 Nov 2026 03:12:01.123`.
fn day_first(line: &[u8], at: usize) -> Option<(Written, usize)> {
    let separator = line.get(at + 2)?;
    if !matches!(separator, b'/' | b'-' | b' ') || line.get(at + 6) != Some(separator) {
        return None;
    }
    let day = number(line, at, 2)?;
    let month = month(line.get(at + 3..at + 6)?)?;
    let year = number(line, at + 7, 4)?;
    if !matches!(line.get(at + 11)?, b':' | b' ') {
        return None;
    }
    let clock = clock(line, at + 12)?;
    let (offset, end) = offset(line, clock.end);
    Some((Written::new(Date::Days(days(year, month, day)?), &clock, offset), end))
}

/// `11/22/2026 03:12:01 AM`: the month first, unless it cannot be one.
fn slashed(line: &[u8], at: usize) -> Option<(Written, usize)> {
    let one = |at: usize| match number(line, at, 2) {
        Some(found) => Some((found, at + 2)),
        None => number(line, at, 1).map(|found| (found, at + 1)),
    };
    let slash = |at: usize| (line.get(at) == Some(&b'/')).then_some(at + 1);
    let (first, end) = one(at)?;
    let (second, end) = one(slash(end)?)?;
    let end = slash(end)?;
    let year = number(line, end, 4)?;
    let (month, day) = if first > 12 { (second, first) } else { (first, second) };
    let mut end = end + 4;
    if line.get(end) == Some(&b',') {
        end += 1;
    }
    if line.get(end) != Some(&b' ') {
        return None;
    }
    end += 1;
    let clock = clock(line, end).or_else(|| short_clock(line, end))?;
    let (millis, end) = half(line, &clock);
    let clock = Clock { millis, end };
    Some((Written::new(Date::Days(days(year, month, day)?), &clock, None), end))
}

/// The time of a clock of twelve hours, if `AM` or `PM` is behind it.
fn half(line: &[u8], clock: &Clock) -> (i64, usize) {
    let hour = clock.millis / 3_600_000;
    let noon = 12 * 3_600_000;
    match line.get(clock.end..clock.end + 3) {
        Some(b" AM") => (clock.millis - if hour == 12 { noon } else { 0 }, clock.end + 3),
        Some(b" PM") => (clock.millis + if hour < 12 { noon } else { 0 }, clock.end + 3),
        _ => (clock.millis, clock.end),
    }
}

/// `03:12:01.123`: a fraction is needed, since three numbers may be many things.
fn time_alone(line: &[u8], at: usize) -> Option<(Written, usize)> {
    let clock = clock(line, at)?;
    (clock.end > at + 8).then(|| (Written::new(Date::Unsaid, &clock, None), clock.end))
}

/// `Nov 22 03:12:01`, a space or a zero before a small day, a weekday before it and a year after it
/// perhaps.
fn month_first(line: &[u8], mut at: usize) -> Option<(Written, usize)> {
    if let Some(b"Mon " | b"Tue " | b"Wed " | b"Thu " | b"Fri " | b"Sat " | b"Sun ") = line.get(at..at + 4) {
        at += 4;
    }
    let month = month(line.get(at..at + 3)?)?;
    if line.get(at + 3) != Some(&b' ') || line.get(at + 6) != Some(&b' ') {
        return None;
    }
    let day =
        if line.get(at + 4) == Some(&b' ') { number(line, at + 5, 1)? } else { number(line, at + 4, 2)? };
    // syslog-ng and Cisco may have the year before the time.
    if let Some(year @ 1970..2200) = number(line, at + 7, 4)
        && line.get(at + 11) == Some(&b' ')
    {
        let clock = clock(line, at + 12)?;
        return Some((Written::new(Date::Days(days(year, month, day)?), &clock, None), clock.end));
    }
    let clock = clock(line, at + 7)?;
    if line.get(clock.end) == Some(&b' ')
        && !line.get(clock.end + 5).is_some_and(u8::is_ascii_alphanumeric)
        && let Some(year @ 1970..2200) = number(line, clock.end + 1, 4)
    {
        let date = Date::Days(days(year, month, day)?);
        return Some((Written::new(date, &clock, None), clock.end + 5));
    }
    (1..=31).contains(&day).then_some(())?;
    // 2000 has every day.
    days(2000, month, day)?;
    Some((Written::new(Date::Month(month, day), &clock, None), clock.end))
}

/// klog and glog, behind their letter: `1122 03:12:01.123456`, `20261122 03:12:01.123456`.
pub(super) fn klog(line: &[u8], at: usize) -> Option<(Written, usize)> {
    if line.get(at + 4) == Some(&b' ') {
        let (month, day) = (number(line, at, 2)?, number(line, at + 2, 2)?);
        days(2000, month, day)?;
        let clock = clock(line, at + 5)?;
        return Some((Written::new(Date::Month(month, day), &clock, None), clock.end));
    }
    let (year, month, day) = (number(line, at, 4)?, number(line, at + 4, 2)?, number(line, at + 6, 2)?);
    if line.get(at + 8) != Some(&b' ') {
        return None;
    }
    let clock = clock(line, at + 9)?;
    Some((Written::new(Date::Days(days(year, month, day)?), &clock, None), clock.end))
}

/// A time of day, in milliseconds, and where it ends.
struct Clock {
    millis: i64,
    end: usize,
}

/// `03:12:01`, with `.123` or `,123456`.
fn clock(line: &[u8], from: usize) -> Option<Clock> {
    let at = line.get(from..)?;
    if at.get(2) != Some(&b':') || at.get(5) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (number(at, 0, 2)?, number(at, 3, 2)?, number(at, 6, 2)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut end = 8;
    let mut millis = 0;
    if matches!(at.get(8), Some(b'.' | b',')) && at.get(9).is_some_and(u8::is_ascii_digit) {
        end = 9;
        let mut unit = 100;
        while let Some(digit) = at.get(end).filter(|b| b.is_ascii_digit()) {
            millis += i64::from(digit - b'0') * unit;
            unit /= 10;
            end += 1;
        }
    }
    Some(Clock { millis: (hour * 3600 + minute * 60 + second) * 1000 + millis, end: from + end })
}

/// `3:12:01`: an hour of one digit, and no fraction.
fn short_clock(line: &[u8], from: usize) -> Option<Clock> {
    let mut padded = [b'0'; 8];
    padded.get_mut(1..)?.copy_from_slice(line.get(from..from + 7)?);
    Some(Clock { end: from + 7, ..clock(&padded, 0)? })
}

/// `Z`, `+01:00`, `-0700`, ` +0000`, ` UTC`: seconds east of UTC, and where it ends.
fn offset(line: &[u8], at: usize) -> (Option<i64>, usize) {
    let Some(&first) = line.get(at) else { return (None, at) };
    if matches!(first, b'Z' | b'z') {
        return (Some(0), at + 1);
    }
    let start = if first == b' ' { at + 1 } else { at };
    let rest = line.get(start..).unwrap_or_default();
    if rest.starts_with(b"UTC") || rest.starts_with(b"GMT") {
        return (Some(0), start + 3);
    }
    let sign = match rest.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return (None, at),
    };
    let minutes_at = if rest.get(3) == Some(&b':') { 4 } else { 3 };
    let (Some(hours), minutes) = (number(rest, 1, 2), number(rest, minutes_at, 2)) else { return (None, at) };
    let (minutes, end) = match minutes {
        Some(minutes) => (minutes, start + minutes_at + 2),
        // PostgreSQL: `+01`.
        None if rest.get(3).is_none_or(|b| matches!(b, b' ' | b']' | b',')) && start == at => (0, start + 3),
        None => return (None, at),
    };
    if hours > 14 || minutes > 59 {
        return (None, at);
    }
    (Some(sign * (hours * 3600 + minutes * 60)), end)
}

/// Seconds (a fraction perhaps), milliseconds, microseconds or nanoseconds since 1970, told
/// apart by size: 2001 to 2286 in each unit.
fn epoch(value: &[u8]) -> Option<Written> {
    let whole = value.iter().take(20).position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
    if !matches!(whole, 10 | 13 | 16 | 19) {
        return None;
    }
    let number: i64 = std::str::from_utf8(value.get(..whole)?).ok()?.parse().ok()?;
    let rest = value.get(whole..)?;
    let fraction = match rest {
        [] => 0,
        [b'.', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            let digit = |i: usize| digits.get(i).map_or(0, |d| i64::from(d - b'0'));
            digit(0) * 100 + digit(1) * 10 + digit(2)
        }
        _ => return None,
    };
    let millis = match whole {
        10 => number * 1000 + fraction,
        13 => number,
        16 => number / 1000,
        _ => number / 1_000_000,
    };
    Some(Written::at(millis))
}

/// The same as the first word of a line.
fn epoch_at(line: &[u8], at: usize) -> Option<(Written, usize)> {
    let rest = line.get(at..)?;
    let length = rest.iter().position(|b| !matches!(b, b'0'..=b'9' | b'.')).unwrap_or(rest.len());
    // Two dots are of an address.
    Some((epoch(rest.get(..length)?)?, at + length))
}

/// A number of one, two or four digits.
#[inline]
fn number(line: &[u8], at: usize, digits: usize) -> Option<i64> {
    match digits {
        1 => digit(*line.get(at)?),
        2 => pair(line, at),
        _ => Some(pair(line, at)? * 100 + pair(line, at + 2)?),
    }
}

#[inline]
fn pair(line: &[u8], at: usize) -> Option<i64> {
    let [tens, ones] = line.get(at..)?.first_chunk()?;
    Some(digit(*tens)? * 10 + digit(*ones)?)
}

#[inline]
fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

fn month(name: &[u8]) -> Option<i64> {
    Some(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// Days since 1970 of a date that exists.
///
/// By hand, since it runs for each line. Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::format::Formats;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn time_in(line: &str, arrival: &str, zone: &mut Zone) -> Option<String> {
        let found = Formats::default().head(line.as_bytes(), ms(arrival), zone).time?;
        Some(Timestamp::from_millisecond(found).unwrap().to_string())
    }

    fn time(line: &str) -> Option<String> {
        time_in(line, "2026-11-22T04:00:00Z", &mut Zone::default())
    }

    #[test]
    fn common_forms_are_read() {
        for (line, expected) in [
            ("2026-11-22T03:12:01Z x", "2026-11-22T03:12:01Z"),
            ("2026-11-22T03:12:01.123456789+01:00 stdout F x", "2026-11-22T02:12:01.123Z"),
            ("2026-11-22T03:12:01-0730 x", "2026-11-22T10:42:01Z"),
            ("2026-11-22 03:12:01,123 ERROR x", "2026-11-22T03:12:01.123Z"),
            ("[2026-11-22 03:12:01.5 UTC] x", "2026-11-22T03:12:01.5Z"),
            ("2026/11/22 03:12:01 [error] x", "2026-11-22T03:12:01Z"),
            ("time=\"2026-11-22T03:12:01Z\" level=info", "2026-11-22T03:12:01Z"),
            ("<11>1 2026-11-22T03:12:01Z host app - - - x", "2026-11-22T03:12:01Z"),
            ("web-1 shop/a-b 2026-11-22T03:12:01Z x", "2026-11-22T03:12:01Z"),
            ("Nov 22 03:12:01 host app: x", "2026-11-22T03:12:01Z"),
            ("Nov  2 03:12:01 host app: x", "2026-11-02T03:12:01Z"),
            ("<11>Nov 22 03:12:01 host app: x", "2026-11-22T03:12:01Z"),
            ("Nov 22 03:12:01 2026 x", "2026-11-22T03:12:01Z"),
            ("[Sun Nov 22 03:12:01.123456 2026] [core:error] x", "2026-11-22T03:12:01.123Z"),
            ("10.0.0.1 - - [22/Nov/2026:03:12:01 +0100] \"GET /\" 200", "2026-11-22T02:12:01Z"),
            ("E1122 03:12:01.123456  12 server.go:1] x", "2026-11-22T03:12:01.123Z"),
            (r#"{"ts":1763781121.25,"msg":"x"}"#, "2025-11-22T03:12:01.25Z"),
            (r#"{"time":1763781121123}"#, "2025-11-22T03:12:01.123Z"),
            (r#"{"timestamp":"1763781121123456"}"#, "2025-11-22T03:12:01.123Z"),
            (r#"{"@timestamp":"2026-11-22T03:12:01.123Z"}"#, "2026-11-22T03:12:01.123Z"),
            ("ts=1763781121.250 level=info", "2025-11-22T03:12:01.25Z"),
            ("\x1b[2m2026-11-22T03:12:01Z\x1b[0m \x1b[32m INFO\x1b[0m x", "2026-11-22T03:12:01Z"),
        ] {
            assert_eq!(time(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for line in [
            "",
            "no time",
            "2026-13-22T03:12:01Z",
            "2026-02-30T03:12:01Z",
            "2026-11-22T25:12:01Z",
            "2026-11-22",
            "2026-11-22T03:12",
            "Foo 22 03:12:01 x",
            "Nov 31 03:12:01 x",
            "550e8400-e29b-41d4-a716-446655440000",
            "12345",
            r#"{"ts":12,"time":"soon"}"#,
            "-----",
            "////",
        ] {
            assert_eq!(time(line), None, "{line}");
        }
    }

    #[test]
    fn a_stamp_without_a_year_takes_the_latest_that_is_not_ahead() {
        let mut zone = Zone::default();
        for (line, arrival, expected) in [
            ("Dec 31 23:59:59 h x", "2027-01-01T00:00:05Z", "2026-12-31T23:59:59Z"),
            ("Jan  1 00:00:02 h x", "2026-12-31T23:59:58Z", "2027-01-01T00:00:02Z"),
            ("Nov 23 12:00:00 h x", "2026-11-22T13:00:00Z", "2026-11-23T12:00:00Z"),
            ("Nov 25 12:00:00 h x", "2026-11-22T13:00:00Z", "2025-11-25T12:00:00Z"),
            ("Feb 29 12:00:00 h x", "2027-11-22T13:00:00Z", "2024-02-29T12:00:00Z"),
        ] {
            assert_eq!(time_in(line, arrival, &mut zone).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn the_zone_of_the_source_is_used_across_a_change_of_clock() {
        let mut zone = Zone::new(TimeZone::get("Europe/Berlin").unwrap());
        for (line, expected) in [
            ("2026-10-25 01:59:59 x", "2026-10-24T23:59:59Z"),
            ("2026-10-25 02:30:00 x", "2026-10-25T00:30:00Z"), // the first of two
            ("2026-10-25 03:00:00 x", "2026-10-25T02:00:00Z"),
            ("2026-10-25 03:00:00Z x", "2026-10-25T03:00:00Z"),
        ] {
            assert_eq!(time_in(line, "2026-11-22T04:00:00Z", &mut zone).as_deref(), Some(expected), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_time_is_read_back_as_jiff_wrote_it(seconds in 0_i64..7_000_000_000, millis in 0_i64..1000) {
            let at = Timestamp::from_millisecond(seconds * 1000 + millis).unwrap();
            let mut zone = Zone::default();
            let found = of_value(at.to_string().as_bytes()).and_then(|written| written.millis(0, &mut zone));
            prop_assert_eq!(found, Some(at.as_millisecond()));
        }

        #[test]
        fn nothing_makes_it_fail(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Formats::default().head(&line, 1_790_000_000_000, &mut Zone::default());
        }

        #[test]
        fn nothing_like_a_date_makes_it_fail(line in "[<\\[{]?[0-9:/ \"-]{0,8}(Nov|E11|ts=|T)?[0-9:., +Z/-]{0,40}") {
            let _ = Formats::default().head(line.as_bytes(), 1_790_000_000_000, &mut Zone::default());
        }
    }
}
