//! What the beginning of a line says about it: level and time.

use super::level::{self, Level};
use super::stamp::{self, Zone};
use super::{json, sgr};

/// How much of a coloured line is looked at.
const COLOURED: usize = 1024;

/// Level and time of a line, in milliseconds since 1970.
pub(super) struct Head {
    pub(super) level: Level,
    pub(super) time: Option<i64>,
}

/// Reads level and time. `arrival` (milliseconds since 1970) settles the year of a stamp that
/// has none.
pub(super) fn read(line: &[u8], arrival: i64, zone: &mut Zone) -> Head {
    let front = line.get(..COLOURED).unwrap_or(line);
    if memchr::memchr(0x1b, front).is_some() {
        return plain(&sgr::strip(front), arrival, zone);
    }
    plain(line, arrival, zone)
}

fn plain(line: &[u8], arrival: i64, zone: &mut Zone) -> Head {
    let line = line.trim_ascii_start();
    if line.first() == Some(&b'{') {
        let fields = json::scan(line);
        let time = fields.time.and_then(|value| stamp::of_value(value, arrival, zone));
        return Head { level: level::of_json(line, &fields), time };
    }
    Head { level: level::of_text(line), time: stamp::of_text(line, arrival, zone) }
}
