//! When a line says it was written, read from the forms that programs commonly write.

use jiff::tz::TimeZone;

/// How far into a line a date is looked for.
const REACH: usize = 96;
/// How far ahead of its arrival a stamp without a year may be before it is last year's.
const AHEAD: i64 = 24 * 3_600_000;

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
struct Written {
    /// Seconds on the wall clock.
    wall: i64,
    millis: i64,
    /// Seconds east of UTC, if the stamp says.
    offset: Option<i64>,
}

impl Written {
    fn millis(&self, zone: &mut Zone) -> Option<i64> {
        let seconds = match self.offset {
            Some(offset) => self.wall - offset,
            None => zone.utc(self.wall)?,
        };
        Some(seconds * 1000 + self.millis)
    }
}

/// The time of a line that is not JSON, in milliseconds since 1970.
pub(super) fn of_text(line: &[u8], arrival: i64, zone: &mut Zone) -> Option<i64> {
    let front = line.get(..REACH).unwrap_or(line);
    let start = opening(front);
    let rest = front.get(start..)?;
    if let Some(found) = month_first(rest, arrival, zone).or_else(|| klog(rest, arrival, zone)) {
        return Some(found);
    }
    for separator in memchr::memchr2_iter(b'-', b'/', front) {
        let found = separator
            .checked_sub(4)
            .and_then(|at| numeric(front.get(at..)?))
            .or_else(|| clf(front.get(separator.checked_sub(2)?..)?));
        if let Some(written) = found {
            return written.millis(zone);
        }
    }
    [b"ts=".as_slice(), b"time=", b"t="].iter().find_map(|key| {
        let value = front.strip_prefix(*key)?;
        let end = value.iter().position(|b| !matches!(b, b'0'..=b'9' | b'.')).unwrap_or(value.len());
        epoch(value.get(..end)?)
    })
}

/// The time in a field's value: a date or seconds, milliseconds, microseconds or nanoseconds
/// since 1970.
pub(super) fn of_value(value: &[u8], arrival: i64, zone: &mut Zone) -> Option<i64> {
    epoch(value).or_else(|| of_text(value, arrival, zone))
}

/// Where a date may begin: after syslog's priority and version, a bracket and a weekday.
fn opening(front: &[u8]) -> usize {
    let mut at = 0;
    if front.first() == Some(&b'<')
        && let Some(end) = front.iter().take(5).position(|&b| b == b'>')
    {
        at = end + 1;
    }
    if front.get(at..).is_some_and(|rest| rest.starts_with(b"1 ")) {
        at += 2;
    }
    if front.get(at) == Some(&b'[') {
        at += 1;
    }
    match front.get(at..at + 4) {
        Some(b"Mon " | b"Tue " | b"Wed " | b"Thu " | b"Fri " | b"Sat " | b"Sun ") => at + 4,
        _ => at,
    }
}

/// `2026-11-22T03:12:01.123+01:00`, `2026-11-22 03:12:01,123`, `2026/11/22 03:12:01`.
fn numeric(at: &[u8]) -> Option<Written> {
    let year = number(at, 0, 4)?;
    let separator = at.get(4)?;
    let month = number(at, 5, 2)?;
    if at.get(7) != Some(separator) || !matches!(at.get(10)?, b'T' | b't' | b' ' | b'_') {
        return None;
    }
    let day = number(at, 8, 2)?;
    let (time, millis, end) = clock(at, 11)?;
    let offset = offset(at.get(end..)?);
    Some(Written { wall: days(year, month, day)? * 86_400 + time, millis, offset })
}

/// Common log format: `22/Nov/2026:03:12:01 +0000`.
fn clf(at: &[u8]) -> Option<Written> {
    let day = number(at, 0, 2)?;
    let month = month(at.get(3..6)?)?;
    if at.get(6) != Some(&b'/') || at.get(11) != Some(&b':') {
        return None;
    }
    let year = number(at, 7, 4)?;
    let (time, millis, end) = clock(at, 12)?;
    Some(Written { wall: days(year, month, day)? * 86_400 + time, millis, offset: offset(at.get(end..)?) })
}

/// `Nov 22 03:12:01`, a space or a zero before a small day, a year after it perhaps.
fn month_first(at: &[u8], arrival: i64, zone: &mut Zone) -> Option<i64> {
    let month = month(at.get(..3)?)?;
    if at.get(3) != Some(&b' ') || at.get(6) != Some(&b' ') {
        return None;
    }
    let day = if at.get(4) == Some(&b' ') { number(at, 5, 1)? } else { number(at, 4, 2)? };
    let (time, millis, end) = clock(at, 7)?;
    if at.get(end) == Some(&b' ')
        && !at.get(end + 5).is_some_and(u8::is_ascii_alphanumeric)
        && let Some(year @ 1970..2200) = number(at, end + 1, 4)
    {
        return Written { wall: days(year, month, day)? * 86_400 + time, millis, offset: None }.millis(zone);
    }
    without_year(month, day, time, millis, arrival, zone)
}

/// klog and glog: `E1122 03:12:01.123456`.
fn klog(at: &[u8], arrival: i64, zone: &mut Zone) -> Option<i64> {
    if !matches!(at.first()?, b'I' | b'W' | b'E' | b'F') || at.get(5) != Some(&b' ') {
        return None;
    }
    let (time, millis, _) = clock(at, 6)?;
    without_year(number(at, 1, 2)?, number(at, 3, 2)?, time, millis, arrival, zone)
}

/// Takes the latest year that does not put the line into the future.
fn without_year(month: i64, day: i64, time: i64, millis: i64, arrival: i64, zone: &mut Zone) -> Option<i64> {
    // The year on no clock in particular; one day either side does not matter here.
    let year = jiff::Timestamp::from_millisecond(arrival).ok()?.to_zoned(TimeZone::UTC).year();
    let year = i64::from(year);
    // Eight years: between 1896 and 1904 lie the longest without a 29 February.
    (year - 8..=year + 1).rev().find_map(|year| {
        let wall = days(year, month, day)? * 86_400 + time;
        let found = Written { wall, millis, offset: None }.millis(zone)?;
        (found <= arrival + AHEAD).then_some(found)
    })
}

/// `03:12:01`, with `.123` or `,123456`: seconds of the day, milliseconds, where it ends.
fn clock(at: &[u8], from: usize) -> Option<(i64, i64, usize)> {
    if at.get(from + 2) != Some(&b':') || at.get(from + 5) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (number(at, from, 2)?, number(at, from + 3, 2)?, number(at, from + 6, 2)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut end = from + 8;
    let mut millis = 0;
    if matches!(at.get(end), Some(b'.' | b',')) && at.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1;
        let mut unit = 100;
        while let Some(digit) = at.get(end).filter(|b| b.is_ascii_digit()) {
            millis += i64::from(digit - b'0') * unit;
            unit /= 10;
            end += 1;
        }
    }
    Some((hour * 3600 + minute * 60 + second, millis, end))
}

/// `Z`, `+01:00`, `-0700`, ` +0000`, ` UTC`: seconds east of UTC.
fn offset(rest: &[u8]) -> Option<i64> {
    if matches!(rest.first(), Some(b'Z' | b'z')) {
        return Some(0);
    }
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    if rest.starts_with(b"UTC") || rest.starts_with(b"GMT") {
        return Some(0);
    }
    let sign = match rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = number(rest, 1, 2)?;
    let minutes = if rest.get(3) == Some(&b':') { number(rest, 4, 2)? } else { number(rest, 3, 2)? };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Seconds (a fraction perhaps), milliseconds, microseconds or nanoseconds since 1970, told
/// apart by size: 2001 to 2286 in each unit.
fn epoch(value: &[u8]) -> Option<i64> {
    let whole = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
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
    match whole {
        10 => Some(number * 1000 + fraction),
        13 => Some(number),
        16 => Some(number / 1000),
        19 => Some(number / 1_000_000),
        _ => None,
    }
}

fn number(at: &[u8], from: usize, digits: usize) -> Option<i64> {
    at.get(from..from + digits)?
        .iter()
        .try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
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
    use crate::logs::head;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn time_in(line: &str, arrival: &str, zone: &mut Zone) -> Option<String> {
        let found = head::read(line.as_bytes(), ms(arrival), zone).time?;
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
            prop_assert_eq!(of_text(at.to_string().as_bytes(), 0, &mut zone), Some(at.as_millisecond()));
        }

        #[test]
        fn nothing_makes_it_fail(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = head::read(&line, 1_790_000_000_000, &mut Zone::default());
        }

        #[test]
        fn nothing_like_a_date_makes_it_fail(line in "[<\\[{]?[0-9:/ \"-]{0,8}(Nov|E11|ts=|T)?[0-9:., +Z/-]{0,40}") {
            let _ = head::read(line.as_bytes(), 1_790_000_000_000, &mut Zone::default());
        }
    }
}
