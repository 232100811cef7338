//! Formats that a person describes: an expression whose named groups are the parts of a line.

use std::ops::{ControlFlow, Range};

use jiff::fmt::strtime::{self, BrokenDownTime};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast};

use super::Each;
use super::parts::Parts;
use crate::logs::level;
use crate::logs::stamp::{self, Written};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// How many there can be.
pub const MOST: usize = 32;
/// Memory that the expression of one may take, in bytes.
const SIZE: usize = 1 << 20;
/// Bytes of a line that are looked at.
const REACH: usize = 16 << 10;

/// How the time of a line is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Time {
    /// In one of the forms that are known.
    #[default]
    Known,
    /// As `strptime` has it.
    As(String),
}

/// A format that a person describes.
#[derive(Clone, Debug)]
pub struct Own {
    name: String,
    /// Anchored at the start of the line.
    regex: Regex,
    time: Time,
    /// The groups of time, level and message.
    groups: [Option<usize>; 3],
    /// Every named group.
    fields: Box<[(String, usize)]>,
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.regex.as_str() == other.regex.as_str() && self.time == other.time
    }
}

/// What is wrong with a format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// The key that it is wrong in.
    pub key: &'static str,
    /// What it is.
    pub what: SafeText,
}

impl Wrong {
    fn new(key: &'static str, what: SafeText) -> Self {
        Self { key, what }
    }
}

impl Own {
    /// Makes a format of an expression with groups (`time`, `level`, `message` and any other) and the form
    /// of its time: `auto` or as `strptime` has it.
    pub fn new(name: &str, pattern: &str, time: &str) -> Result<Self, Wrong> {
        let regex = compile(pattern).map_err(|what| Wrong::new("pattern", what))?;
        let fields: Box<[(String, usize)]> = regex
            .capture_names()
            .enumerate()
            .filter_map(|(group, name)| Some((name?.to_owned(), group)))
            .collect();
        if fields.is_empty() {
            let what = safe!("it has no named group, such as (?<time>\\S+) or (?<message>.*)");
            return Err(Wrong::new("pattern", what));
        }
        let group = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, group)| *group);
        let groups = ["time", "level", "message"].map(group);
        let time = if time == "auto" { Time::Known } else { Time::As(time.to_owned()) };
        if let Time::As(form) = &time {
            let zoned = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
            if let Err(error) = strtime::format(form, &zoned) {
                let what = safe!("no form of a time: {}", clean(&RawText::from(error.to_string())));
                return Err(Wrong::new("time", what));
            }
        }
        Ok(Self { name: name.to_owned(), regex, time, groups, fields })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says why a sample is not of this format, if it is not.
    pub fn check(&self, sample: &str) -> Result<(), SafeText> {
        let mut parts = Parts::default();
        if !self.read(sample.as_bytes(), &mut parts) {
            return Err(self.where_it_stops(sample));
        }
        let text = |group: usize| {
            let found =
                self.regex.captures(sample.as_bytes()).and_then(|found| Some(found.get(group)?.range()));
            clean(&RawText::from(found.and_then(|at| sample.get(at)).unwrap_or_default()))
        };
        let [time, level, _] = self.groups;
        if let Some(group) = time.filter(|_| parts.time.is_none()) {
            return Err(match &self.time {
                Time::Known => {
                    safe!("\"{}\" is no time in a form that is known: say it with time =", text(group))
                }
                Time::As(form) => {
                    safe!("\"{}\" is no time as \"{}\"", text(group), clean(&RawText::from(form.as_str())))
                }
            });
        }
        match level.filter(|_| parts.level.is_none()) {
            Some(group) => Err(safe!("\"{}\" is no level", text(group))),
            None => Ok(()),
        }
    }

    /// How far into the expression a sample goes, and into the sample.
    fn where_it_stops(&self, sample: &str) -> SafeText {
        let pattern = self.regex.as_str();
        let pattern = pattern.strip_prefix(FRONT).and_then(|rest| rest.strip_suffix(BACK)).unwrap_or(pattern);
        let mut ends = Vec::new();
        if let Ok(Ast::Concat(concat)) = &ast::parse::Parser::new().parse(pattern) {
            ends.extend(concat.asts.iter().map(|part| part.span().end.offset));
        }
        let longest = ends.iter().rev().find_map(|end| {
            let front = pattern.get(..*end)?;
            let found = compile(front).ok()?.find(sample.as_bytes())?;
            Some((front.chars().count(), found.end()))
        });
        let (column, at) = longest.unwrap_or_default();
        let next = clean(&RawText::from(sample.get(at..).unwrap_or_default()));
        safe!("it does not match: from column {} of the pattern on nothing fits \"{}\"", column + 1, next)
    }

    /// Whether a line is of this format.
    pub(super) fn is_of(&self, line: &[u8]) -> bool {
        self.regex.is_match(line.get(..REACH).unwrap_or(line))
    }

    /// Reads a line that is of this format.
    pub(super) fn read(&self, line: &[u8], parts: &mut Parts) -> bool {
        let front = line.get(..REACH).unwrap_or(line);
        let Some(found) = self.regex.captures(front) else { return false };
        let get = |group: Option<usize>| group.and_then(|group| Some(found.get(group)?.range()));
        let [time, level, message] = self.groups.map(get);
        let text = |range: Option<Range<usize>>| range.and_then(|range| front.get(range));
        parts.time = text(time).and_then(|text| match &self.time {
            Time::Known => stamp::of_value(text),
            Time::As(form) => parsed(form, text),
        });
        parts.level = text(level).and_then(level::value);
        parts.message = message.unwrap_or(0..line.len());
        // The message goes on as far as the line does.
        if parts.message.end == front.len() {
            parts.message.end = line.len();
        }
        true
    }

    /// Gives the groups of a line that is of this format.
    pub(super) fn fields(&self, line: &[u8], each: Each<'_>) -> ControlFlow<()> {
        let Some(found) = self.regex.captures(line.get(..REACH).unwrap_or(line)) else {
            return ControlFlow::Continue(());
        };
        self.fields.iter().try_for_each(|(name, group)| match found.get(*group) {
            Some(value) => each(name.as_bytes(), value.as_bytes()),
            None => ControlFlow::Continue(()),
        })
    }
}

/// What is put around a pattern.
const FRONT: &str = "^(?:";
const BACK: &str = ")";

fn compile(pattern: &str) -> Result<Regex, SafeText> {
    let whole = format!("{FRONT}{pattern}{BACK}");
    RegexBuilder::new(&whole).size_limit(SIZE).dfa_size_limit(SIZE).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => safe!("it is too large: repeat less, or shorter parts"),
        error => {
            // It shows the pattern over several lines; the last one says what is wrong.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            clean(&RawText::from(reason))
        }
    })
}

/// The time in a text of this form.
fn parsed(form: &str, text: &[u8]) -> Option<Written> {
    let found = BrokenDownTime::parse(form, text).ok()?;
    if let Some(at) = found.timestamp() {
        return Some(Written::at(at.as_millisecond()));
    }
    let clock =
        [found.hour(), found.minute(), found.second()].map(|part| i64::from(part.unwrap_or_default()));
    let millis = i64::from(found.subsec_nanosecond().unwrap_or_default() / 1_000_000);
    let date = found.month().zip(found.day());
    let date = date.map(|(month, day)| (found.year().map(i64::from), i64::from(month), i64::from(day)));
    Written::of(date, clock, millis, found.offset().map(|offset| i64::from(offset.seconds())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::format::{Format, Formats, Head};
    use crate::logs::level::Level;
    use crate::logs::stamp::Zone;

    const PATTERN: &str = r"(?<time>\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}:\d{2}) <(?<level>\w+)> (?<unit>\w+)/(?<task>\d+): (?<message>.*)";
    const LINE: &str = "22.11.2026 03:06:40 <warn> pump/7: pressure low";

    fn own() -> Own {
        Own::new("plant", PATTERN, "%d.%m.%Y %H:%M:%S").unwrap()
    }

    fn head(own: Own, line: &str) -> Head {
        let formats = Formats::with(vec![own].into());
        formats.head(line.as_bytes(), 1_795_318_000_000, &mut Zone::default())
    }

    #[test]
    fn a_line_is_read_by_its_groups() {
        let found = head(own(), LINE);
        assert_eq!((found.level, found.format), (Level::Warn, Format::Own(0)));
        assert_eq!(found.time, Some(1_795_316_800_000));
        let formats = Formats::with(vec![own()].into());
        assert_eq!(LINE.get(formats.message(LINE.as_bytes())), Some("pressure low"));
        let mut fields = Vec::new();
        let _ = formats.fields(LINE.as_bytes(), &mut |name, value| {
            fields.push(format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
            ControlFlow::Continue(())
        });
        assert_eq!(
            fields,
            ["time=22.11.2026 03:06:40", "level=warn", "unit=pump", "task=7", "message=pressure low"]
        );
        assert_eq!(head(own(), "2026-11-22T03:06:40Z x").format, Format::Dated);
    }

    #[test]
    fn times_are_read_in_the_form_that_is_said() {
        let own = |time| Own::new("x", r"(?<time>[^|]+)\|(?<message>.*)", time).unwrap();
        for (form, line, expected) in [
            ("auto", "2026-11-22T03:06:40.25Z|x", Some("2026-11-22T03:06:40.25Z")),
            ("%Y%m%dT%H%M%S%z", "20261122T040640+0100|x", Some("2026-11-22T03:06:40Z")),
            ("%d/%b %H:%M", "22/Nov 03:06|x", Some("2026-11-22T03:06:00Z")),
            ("%H:%M:%S%.f", "03:06:40.25|x", Some("2026-11-22T03:06:40.25Z")),
            ("%s", "1795316800|x", Some("2026-11-22T03:06:40Z")),
            ("%d/%b %H:%M", "soon|x", None),
        ] {
            let at = head(own(form), line)
                .time
                .map(|at| jiff::Timestamp::from_millisecond(at).unwrap().to_string());
            assert_eq!(at.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let wrong = |pattern, time| Own::new("x", pattern, time).unwrap_err();
        assert_eq!(wrong("(?<time>.*", "auto").key, "pattern");
        assert!(wrong("abc", "auto").what.as_str().contains("no named group"));
        assert!(wrong(r"(?<m>(\w{100}){1000})", "auto").what.as_str().contains("too large"));
        assert_eq!(wrong("(?<time>.*)", "%Q%").key, "time");
        assert_eq!(own().check(LINE), Ok(()));
        for (sample, expected) in [
            (
                "22.11.2026 03:06:40 [warn] pump/7: x",
                "from column 48 of the pattern on nothing fits \"[warn] pump/7: x\"",
            ),
            ("22.11.2026 03:06:40 <loud> pump/7: x", "\"loud\" is no level"),
            ("22.13.2026 03:06:40 <warn> pump/7: x", "is no time as"),
            ("", "from column 1"),
        ] {
            let said = own().check(sample).unwrap_err();
            assert!(said.as_str().contains(expected), "{said:?}");
        }
    }
}
