//! What lines are written in: the format of each, and what it says by that. See [`Format::ALL`].
//!
//! A line tells its format by itself, so that threads that know nothing of each other find the same.
//! What only many lines can tell ([`Formats`]) is found from the first ones.

mod daemon;
mod dated;
mod json;
pub mod own;
mod pairs;
mod parts;
mod reader;
mod said;
mod syslog;
#[cfg(test)]
mod tests;
mod trace;
mod web;

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use std::sync::Arc;

use self::own::Own;
use self::parts::Parts;
pub use self::reader::Reader;
pub use self::said::{Said, is_method};
pub use self::trace::After;
use super::level::{self, Level};
use super::sgr;
use super::stamp::{self, Zone};
use crate::model::text::{RawText, SafeText, clean};

/// How much of a coloured line is looked at for its head.
const COLOURED: usize = 1024;
/// How often a line may be wrapped in another.
const WRAPS: usize = 3;
/// How many of the first lines tell what all are written in.
const SAMPLE: usize = 512;

/// What is given each field: its name and its value, which ends it by breaking.
pub type Each<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// What a line is written in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Format {
    /// None that is known.
    #[default]
    Plain,
    /// An object of JSON.
    Json,
    /// Docker's json-file.
    Docker,
    /// The journal, exported or as JSON.
    Journal,
    /// Pairs of `name=value`.
    Logfmt,
    /// Kubernetes' runtimes.
    Cri,
    /// Syslog, RFC 5424.
    Syslog,
    /// Syslog, RFC 3164, and files of that form.
    SyslogBsd,
    /// klog and glog.
    Klog,
    /// Access logs of web servers, common and combined.
    Access,
    /// `HAProxy`.
    Haproxy,
    /// nginx's error log.
    Nginx,
    /// Apache's error log.
    Apache,
    /// log4j, logback and their kin.
    Log4j,
    /// Python's logging.
    Python,
    /// Go's package log.
    Go,
    /// Rust's tracing and `env_logger`.
    Rust,
    /// `PostgreSQL`.
    Postgres,
    /// `MySQL` and `MariaDB`.
    Mysql,
    /// Windows.
    Windows,
    /// Seconds since 1970 and a message.
    Epoch,
    /// A date and a message.
    Dated,
    /// One of the person's own, by its place among them.
    Own(u8),
}

impl Format {
    /// How many there can be.
    pub const MOST: usize = Self::ALL.len() + own::MOST;

    /// Every format that is built in.
    pub const ALL: [Self; 22] = [
        Self::Plain,
        Self::Json,
        Self::Docker,
        Self::Journal,
        Self::Logfmt,
        Self::Cri,
        Self::Syslog,
        Self::SyslogBsd,
        Self::Klog,
        Self::Access,
        Self::Haproxy,
        Self::Nginx,
        Self::Apache,
        Self::Log4j,
        Self::Python,
        Self::Go,
        Self::Rust,
        Self::Postgres,
        Self::Mysql,
        Self::Windows,
        Self::Epoch,
        Self::Dated,
    ];

    /// The format that a number of [`Format::index`] is of.
    pub fn of(index: usize) -> Option<Self> {
        let own = || u8::try_from(index.checked_sub(Self::ALL.len())?).ok().map(Self::Own);
        Self::ALL.get(index).copied().or_else(own)
    }

    /// Its number, below [`Format::MOST`].
    pub fn index(self) -> usize {
        match self {
            Self::Own(place) => Self::ALL.len() + usize::from(place),
            built_in => Self::ALL.iter().position(|known| *known == built_in).unwrap_or_default(),
        }
    }

    /// Its name, if it is built in.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Json => "json",
            Self::Docker => "docker",
            Self::Journal => "journal",
            Self::Logfmt => "logfmt",
            Self::Cri => "cri",
            Self::Syslog => "syslog",
            Self::SyslogBsd => "syslog-bsd",
            Self::Klog => "klog",
            Self::Access => "access",
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx-error",
            Self::Apache => "apache-error",
            Self::Log4j => "log4j",
            Self::Python => "python",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::Postgres => "postgresql",
            Self::Mysql => "mysql",
            Self::Windows => "windows",
            Self::Epoch => "epoch",
            Self::Dated => "dated",
            Self::Own(_) => "own",
        }
    }

    /// Whether each line has a header of its own and a message may have several lines, those after
    /// the first without one.
    fn is_text(self) -> bool {
        !matches!(
            self,
            Self::Plain
                | Self::Json
                | Self::Docker
                | Self::Journal
                | Self::Logfmt
                | Self::Cri
                | Self::Access
                | Self::Haproxy
        )
    }
}

/// The names of the fields of lines that do not name them, and what they mean.
pub const FIELDS: &[(&str, &str)] = &[
    ("agent", "the client's program, of an access log"),
    ("app", "the program, of syslog"),
    ("backend", "of HAProxy"),
    ("bytes", "the length of the answer"),
    ("code", "the number of a message, of MySQL"),
    ("connection", "of nginx"),
    ("data", "an element of structured data, of syslog"),
    ("database", "of PostgreSQL"),
    ("file", "the file of the code"),
    ("frontend", "of HAProxy"),
    ("host", "the host, of syslog; the server's name, of web servers"),
    ("line", "the line of the code"),
    ("logger", "the component that said it"),
    ("message", "what was said, without what is before it"),
    ("method", "of a request"),
    ("msgid", "of syslog"),
    ("path", "of a request"),
    ("pid", "the process"),
    ("process", "of Celery"),
    ("protocol", "of a request"),
    ("referrer", "of an access log"),
    ("remote", "the client's address"),
    ("server", "that answered, of HAProxy; the server's name, of nginx"),
    ("status", "of an answer"),
    ("stream", "stdout or stderr, of containers"),
    ("thread", "the thread"),
    ("timers", "of HAProxy"),
    ("upstream", "that was asked, of nginx"),
    ("user", "who asked"),
];

/// Whether a line that is not structured may have a field of this name, which does not stand in it.
pub fn is_unnamed(name: &str) -> bool {
    FIELDS.iter().any(|(known, _)| *known == name)
}

/// What the head of a line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// How severe it is.
    pub level: Level,
    /// When it was written, in milliseconds since 1970.
    pub time: Option<i64>,
    /// What it is written in.
    pub format: Format,
}

/// What a line of a log is, after those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Entry {
    /// Whether it begins a record, and does not go on with the one before it.
    pub starts: bool,
    /// What it says by itself.
    pub head: Head,
}

/// What a file or a stream is written in, as far as no line tells it by itself.
#[derive(Clone, Debug)]
pub struct Formats {
    /// The person's own formats, of which those of these bits are tried.
    own: Arc<[Own]>,
    tried: u32,
    /// Most lines have a header: one without goes on with the line before it.
    stamped: bool,
    /// The journal's export: each field has a line.
    export: bool,
}

impl Default for Formats {
    fn default() -> Self {
        Self::with(Arc::default())
    }
}

impl Formats {
    /// The built-in formats and, before them, these.
    pub fn with(own: Arc<[Own]>) -> Self {
        let tried = u32::try_from((1_u64 << own.len().min(own::MOST)) - 1).unwrap_or(u32::MAX);
        Self { own, tried, stamped: false, export: false }
    }

    /// Finds out from the first lines.
    pub fn detect(sample: &[u8], own: &Arc<[Own]>) -> Self {
        let mut reader = Reader::live(Zone::default()).knowing(Arc::clone(own));
        let whole =
            memchr::memrchr(b'\n', sample).map_or(sample, |end| sample.get(..end).unwrap_or_default());
        for line in whole.split(|b| *b == b'\n').take(SAMPLE) {
            reader.read(line.strip_suffix(b"\r").unwrap_or(line), 0);
        }
        reader.found()
    }

    /// The name of a format.
    pub fn name(&self, format: Format) -> SafeText {
        match format {
            Format::Own(place) => match self.own.get(usize::from(place)) {
                Some(own) => clean(&RawText::from(own.name())),
                None => SafeText::literal(format.name()),
            },
            built_in => SafeText::literal(built_in.name()),
        }
    }

    /// Whether lines may have fields whose names are not in them and in no list.
    pub fn has_own(&self) -> bool {
        self.tried != 0
    }

    /// Level, time and format of a line. `now` (milliseconds since 1970) settles the year of a stamp
    /// that has none; one without a zone is of `zone`.
    pub fn head(&self, line: &[u8], now: i64, zone: &mut Zone) -> Head {
        let mut parts = Parts::default();
        let line = plain(line);
        self.split(&line, &mut parts);
        self.head_of(&line, &parts, now, zone, WRAPS)
    }

    /// Where the message of a line is: what stands behind the header. The line is without colours.
    pub fn message(&self, line: &[u8]) -> Range<usize> {
        let mut parts = Parts::default();
        self.split(line, &mut parts);
        self.message_of(line, &parts, WRAPS)
    }

    /// Gives the fields of a record without colours: those that its first line names, and those of its
    /// format.
    pub fn fields(&self, record: &[u8], each: Each<'_>) -> ControlFlow<()> {
        // The journal's export has a line for each.
        let lines = if self.export { usize::MAX } else { 1 };
        record
            .split(|b| *b == b'\n')
            .take(lines)
            .try_for_each(|line| self.fields_of(line.strip_suffix(b"\r").unwrap_or(line), each, WRAPS))
    }

    /// Whether a line begins a record, after the one `before` it that is not blank. Where that is not
    /// known, only if it does whatever is before.
    pub fn begins(&self, before: Option<&[u8]>, line: &[u8]) -> bool {
        let known = before.map_or(After::Unknown, |before| self.after(before, After::Unknown).1);
        self.after(line, known).0
    }

    /// Whether a line begins a record, and what may come after it.
    fn after(&self, line: &[u8], before: After) -> (bool, After) {
        let line = plain(line);
        let mut parts = Parts::default();
        self.split(&line, &mut parts);
        self.after_parts(&line, &parts, before)
    }

    fn after_parts(&self, line: &[u8], parts: &Parts, before: After) -> (bool, After) {
        match parts.format {
            Format::Plain => trace::after(line, before, self.stamped),
            Format::Docker | Format::Cri => {
                let inner = inner(line, parts);
                let mut inside = Parts::default();
                self.split(&inner, &mut inside);
                let (starts, after) = match inside.format {
                    // Once is enough.
                    Format::Docker | Format::Cri => (true, After::Head),
                    _ => self.after_parts(&inner, &inside, before),
                };
                (starts && before != After::Partial, if parts.partial { After::Partial } else { after })
            }
            _ if parts.goes_on => (before == After::Start, After::Head),
            _ if matches!(line.first(), Some(b' ' | b'\t')) && parts.time.is_none() => {
                trace::after(line, before, self.stamped)
            }
            _ => (true, After::Head),
        }
    }

    /// Takes a line apart, as far as its head goes.
    fn split(&self, line: &[u8], parts: &mut Parts) {
        if self.tried != 0 && self.of_own(line, parts) {
            return;
        }
        let start = line.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(line.len());
        let found = match line.get(start) {
            Some(b'{') if json::is_object(line, start) => {
                json::read(line, start, parts);
                true
            }
            Some(b'<') => syslog::with_priority(line, start, parts),
            Some(b'0'..=b'9') => dated::stamped(line, start, parts) || web::access(line, start, parts),
            Some(b'[') => dated::stamped(line, start, parts) || dated::level_first(line, start, parts),
            Some(b'_') if self.export || line.starts_with(b"__CURSOR=") => pairs::read_export(line, parts),
            Some(b'A'..=b'Z') => {
                (self.export && pairs::read_export(line, parts))
                    || daemon::klog(line, start, parts)
                    || dated::stamped(line, start, parts)
                    || dated::level_first(line, start, parts)
                    || self.named(line, start, parts)
            }
            Some(b'a'..=b'z' | b':' | b'@' | b'_') => self.named(line, start, parts),
            _ => false,
        };
        // Indented lines are of a record unless they have a time.
        if !found || (start > 0 && parts.time.is_none()) {
            parts.clear();
            parts.message = start..line.len();
            if start == 0
                && let Some((written, end)) = stamp::anywhere(line)
            {
                parts.format = Format::Dated;
                parts.time = Some(written);
                parts.message = end..line.len();
            }
        }
    }

    /// A line of one of the person's own formats.
    fn of_own(&self, line: &[u8], parts: &mut Parts) -> bool {
        let tried = |place: &u8| self.tried & (1 << place) != 0;
        (0..32_u8).filter(tried).any(|place| {
            let found = self.own.get(usize::from(place)).is_some_and(|own| own.read(line, parts));
            if found {
                parts.format = Format::Own(place);
            }
            found
        })
    }

    /// A line that begins with a name, which is a field's or a host's.
    #[expect(clippy::unused_self, reason = "one of the ways of `split`")]
    fn named(&self, line: &[u8], start: usize, parts: &mut Parts) -> bool {
        pairs::read(line, start, parts) || web::access(line, start, parts)
    }

    fn head_of(&self, line: &[u8], parts: &Parts, now: i64, zone: &mut Zone, wraps: usize) -> Head {
        let mut head = Head {
            level: parts.level.unwrap_or_default(),
            time: parts.time.and_then(|written| written.millis(now, zone)),
            format: parts.format,
        };
        if parts.level.is_some() && (head.time.is_some() || !parts.wraps) {
            return head;
        }
        let Some(wraps) = wraps.checked_sub(1).filter(|_| parts.wraps) else {
            if parts.level.is_none() {
                let text = if parts.format == Format::Dated { parts.message.clone() } else { 0..line.len() };
                head.level = level::of_text(line.get(text).unwrap_or_default());
                // A label before the stamp may say it.
                if head.level == Level::Unknown && parts.format == Format::Dated {
                    head.level = level::of_text(line);
                }
            }
            return head;
        };
        let inner = inner(line, parts);
        let mut inside = Parts::default();
        self.split(&inner, &mut inside);
        let found = self.head_of(&inner, &inside, now, zone, wraps);
        if parts.level.is_none() {
            head.level = found.level;
        }
        head.time = head.time.or(found.time);
        head
    }

    fn message_of(&self, line: &[u8], parts: &Parts, wraps: usize) -> Range<usize> {
        let start = line.len() - line.trim_ascii_start().len();
        let found = match parts.format {
            Format::Json | Format::Docker => json::message(line, start),
            Format::Journal if line.get(start) == Some(&b'{') => json::message(line, start),
            Format::Logfmt => pairs::message(line, start),
            _ => Some(parts.message.clone()),
        };
        let found = found.unwrap_or(start..line.len());
        let Some(wraps) = wraps
            .checked_sub(1)
            .filter(|_| parts.wraps && !(parts.is_json() && line.get(found.clone()).is_some_and(has_escape)))
        else {
            return found;
        };
        let inner = line.get(found.clone()).unwrap_or_default();
        let mut inside = Parts::default();
        self.split(inner, &mut inside);
        if inside.format == Format::Plain {
            return found;
        }
        let inner = self.message_of(inner, &inside, wraps);
        found.start + inner.start..found.start + inner.end
    }

    fn fields_of(&self, line: &[u8], each: Each<'_>, wraps: usize) -> ControlFlow<()> {
        let mut parts = Parts::default();
        self.split(line, &mut parts);
        let start = line.len() - line.trim_ascii_start().len();
        let wraps = wraps.checked_sub(1);
        if line.get(start) == Some(&b'{') && parts.is_json() {
            json::fields(line, start, each)?;
            let (Some(message), Some(wraps)) = (json::message(line, start), wraps) else {
                return ControlFlow::Continue(());
            };
            let inner = json::unescaped(line.get(message).unwrap_or_default());
            return self.fields_of(&inner, each, wraps);
        }
        match parts.format {
            Format::Plain => return pairs::inside(line, each),
            Format::Own(place) => {
                if let Some(own) = self.own.get(usize::from(place)) {
                    own.fields(line, each)?;
                }
                return pairs::inside(line.get(parts.message.clone()).unwrap_or_default(), each);
            }
            Format::Logfmt => return pairs::fields(line, start, each),
            Format::Journal => {
                let equals = memchr::memchr(b'=', line).unwrap_or_default();
                return each(
                    line.get(..equals).unwrap_or_default(),
                    line.get(equals + 1..).unwrap_or_default(),
                );
            }
            _ => {}
        }
        for (name, at) in parts.fields() {
            each(name.as_bytes(), line.get(at).unwrap_or_default())?;
        }
        let message = line.get(parts.message.clone()).unwrap_or_default();
        each(b"message", message)?;
        match wraps.filter(|_| parts.wraps) {
            Some(wraps) => self.fields_of(message, each, wraps),
            None => pairs::inside(message, each),
        }
    }
}

fn has_escape(text: &[u8]) -> bool {
    memchr::memchr(b'\\', text).is_some()
}

/// The line that is wrapped in another.
fn inner<'a>(line: &'a [u8], parts: &Parts) -> Cow<'a, [u8]> {
    let inner = line.get(parts.message.clone()).unwrap_or_default();
    if parts.is_json() { json::unescaped(inner) } else { Cow::Borrowed(inner) }
}

/// The line without its colours, as far as its head goes.
fn plain(line: &[u8]) -> Cow<'_, [u8]> {
    let front = line.get(..COLOURED).unwrap_or(line);
    if memchr::memchr(0x1b, front).is_some() { sgr::strip(front) } else { Cow::Borrowed(line) }
}
