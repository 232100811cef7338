//! Times as a scenario writes them: `03:11:40`, `yesterday 14:05`.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, civil};
use serde::{Deserialize, Deserializer};

/// A time of the scenario's day or of the day before, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Moment(SignedDuration);

impl Moment {
    /// The time on this day.
    pub(super) fn on(self, day: Date) -> Timestamp {
        let midnight =
            day.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MIN, |zoned| zoned.timestamp());
        midnight.checked_add(self.0).unwrap_or(midnight)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (time, day) = match text.strip_prefix("yesterday ") {
            Some(time) => (time, SignedDuration::from_hours(-24)),
            None => (text.as_str(), SignedDuration::ZERO),
        };
        let time: civil::Time = time.parse().map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is no time; write `03:11:40` or `yesterday 14:05`"))
        })?;
        Ok(Self(day + time.duration_since(civil::Time::midnight())))
    }
}
