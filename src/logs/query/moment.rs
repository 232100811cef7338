//! Moments as a person writes them in a query: `03:12`, `2026-11-22T03:12`, `-15m`.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// Reads a moment of a query, which means the same wherever it is asked: in UTC unless it says its zone. In
/// milliseconds since 1970.
pub(super) fn moment(text: &str, now: Timestamp) -> Option<i64> {
    before(text, now, &TimeZone::UTC)
}

/// Reads a moment that is past as seen from `now`: a date and time, of this zone unless it says its own, a time of
/// day (its latest) or a length of time before `now`. In milliseconds since 1970.
pub fn before(text: &str, now: Timestamp, zone: &TimeZone) -> Option<i64> {
    if let Some(length) = text.strip_prefix('-') {
        return now.checked_sub(length_of(length)?).ok().map(Timestamp::as_millisecond);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    if let Ok(at) = text.parse::<civil::DateTime>() {
        return at.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_millisecond());
    }
    let time: civil::Time = text.parse().ok()?;
    let today = now.to_zoned(zone.clone()).date();
    let at = today.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
    let at = if at > now { at.checked_sub(SignedDuration::from_hours(24)).ok()? } else { at };
    Some(at.as_millisecond())
}

/// Whether such a text is a time of day alone that `before` takes as yesterday's, as it is still to come today.
pub fn is_to_come(text: &str, now: Timestamp, zone: &TimeZone) -> bool {
    let Ok(time) = text.parse::<civil::Time>() else { return false };
    // A date alone is midnight of its day, and says its day.
    let says_day = text.parse::<civil::DateTime>().is_ok();
    let today = now.to_zoned(zone.clone()).date().to_datetime(time).to_zoned(zone.clone());
    !says_day && today.is_ok_and(|today| today.timestamp() > now)
}

/// The same near `here`: a length is before it, and a time of day is that of the nearest day.
pub fn near(text: &str, here: Timestamp, zone: &TimeZone) -> Option<i64> {
    let at = before(text, here, zone)?;
    let back = here.as_millisecond() - at;
    // Lengths and dates have a hyphen; they are what they are.
    Some(if !text.contains('-') && back > DAY / 2 { at + DAY } else { at })
}

/// The same among lines of this time, from and to: a time of day is of a day on which there are some,
/// and a length with a plus is behind `here`.
pub fn among(text: &str, here: Timestamp, (first, last): (i64, i64), zone: &TimeZone) -> Option<i64> {
    if let Some(length) = text.strip_prefix('+') {
        return here.checked_add(length_of(length)?).ok().map(Timestamp::as_millisecond);
    }
    let at = near(text, here, zone)?;
    let days = if text.contains('-') { &[0][..] } else { &[0, -DAY, DAY] };
    Some(days.iter().map(|day| at + day).find(|at| (first..=last).contains(at)).unwrap_or(at))
}

/// Reads a moment that is to come: `+30m`, the next time of day, or one with its date, in milliseconds since 1970.
pub fn after(text: &str, now: Timestamp, zone: &TimeZone) -> Option<i64> {
    if let Some(length) = text.strip_prefix('+') {
        return now.checked_add(length_of(length)?).ok().map(Timestamp::as_millisecond);
    }
    let at = before(text, now, zone).filter(|_| !text.starts_with('-'))?;
    // A time of day is its last one, and has no hyphen.
    Some(if text.contains('-') { at } else { at + DAY })
}

/// A length of time: `90s`, `15m`, `2h`, `1d`.
pub(super) fn length_of(text: &str) -> Option<SignedDuration> {
    let (unit_at, unit) = text.char_indices().next_back()?;
    let number = text.get(..unit_at).filter(|number| !number.starts_with(['+', '-']))?;
    let number: i64 = number.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_written() {
        let now: Timestamp = "2026-11-22T04:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-22T03:12:01Z", "2026-11-22T03:12:01Z"),
            ("2026-11-22T03:12:01+01:00", "2026-11-22T02:12:01Z"),
            ("2026-11-22T03:12", "2026-11-22T03:12:00Z"),
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("03:12", "2026-11-22T03:12:00Z"),
            ("03:12:30", "2026-11-22T03:12:30Z"),
            ("23:50", "2026-11-21T23:50:00Z"),
            ("-15m", "2026-11-22T03:45:00Z"),
            ("-1d", "2026-11-21T04:00:00Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(moment(text, now), Some(expected.as_millisecond()), "{text}");
        }
        for (text, expected) in [
            ("03:12", "2026-11-22T03:12:00Z"),
            ("05:00", "2026-11-22T05:00:00Z"),
            ("23:50", "2026-11-21T23:50:00Z"),
            ("-15m", "2026-11-22T03:45:00Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20T03:12", "2026-11-20T03:12:00Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(near(text, now, &TimeZone::UTC), Some(expected.as_millisecond()), "{text}");
        }
        let millis = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let known = (millis("2026-11-20T00:00:00Z"), millis("2026-11-21T19:58:00Z"));
        let here = "2026-11-21T19:58:00Z".parse().unwrap();
        for (text, expected) in [
            ("03:12", "2026-11-21T03:12:00Z"),
            ("23:12", "2026-11-20T23:12:00Z"),
            ("2026-11-22T03:12", "2026-11-22T03:12:00Z"),
            ("-3s", "2026-11-21T19:57:57Z"),
            ("+3s", "2026-11-21T19:58:03Z"),
            ("+2h", "2026-11-21T21:58:00Z"),
        ] {
            assert_eq!(among(text, here, known, &TimeZone::UTC), Some(millis(expected)), "{text}");
        }
        for text in ["+", "+3", "+-3s", "+x", "++3s"] {
            assert_eq!(among(text, here, known, &TimeZone::UTC), None, "{text}");
        }
        for (text, expected) in
            [("03:12", false), ("04:00", false), ("04:01", true), ("23:50", true), ("2026-11-22", false)]
        {
            assert_eq!(is_to_come(text, now, &TimeZone::UTC), expected, "{text}");
        }
        for text in ["2026-11-22T23:50", "2026-11-22T23:50Z", "-15m", "soon", ""] {
            assert!(!is_to_come(text, now, &TimeZone::UTC), "{text}");
        }
        // Who reads times of a zone means those, across its midnight too.
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        for (text, last, next) in [
            ("12:30", "2026-11-22T03:30:00Z", "2026-11-23T03:30:00Z"),
            ("13:30", "2026-11-21T04:30:00Z", "2026-11-22T04:30:00Z"),
            ("2026-11-22T13:00", "2026-11-22T04:00:00Z", "2026-11-22T04:00:00Z"),
            ("2026-11-22T03:12:01Z", "2026-11-22T03:12:01Z", "2026-11-22T03:12:01Z"),
        ] {
            assert_eq!(before(text, now, &tokyo), Some(millis(last)), "{text}");
            assert_eq!(after(text, now, &tokyo), Some(millis(next)), "{text}");
        }
        for text in ["+3s", "", "-", "-m", "-5", "-5x", "--5m", "25:00", "soon", "-99999999999999999d"] {
            assert_eq!(moment(text, now), None, "{text}");
        }
    }
}
