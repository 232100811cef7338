//! What a line says once all that it is wrapped in is taken away: what its pattern is made of.
//!
//! Only what a format takes apart for certain is taken away here: objects, pairs, containers, syslog,
//! access logs. The header of what is left is found by its look (`pattern/front.rs`), which judges headers
//! that no format knows, and some that are known only by their date, better than a format does.

use std::borrow::Cow;
use std::ops::Range;

use super::parts::Parts;
use super::{Format, Formats, WRAPS, dated, json, pairs};
use crate::logs::sgr;
use crate::logs::stamp::Zone;

/// Bytes of the path of a request that are kept: it is a value whatever it is.
const PATH: usize = 256;

/// What a line says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// It stands here in the line.
    At(Range<usize>),
    /// It does not stand in the line as it is: colours and escapes were taken out, or it was put together.
    Made(Vec<u8>),
}

impl Said {
    /// Its text; `line` is the one that it was found in.
    pub fn of<'a>(&'a self, line: &'a [u8]) -> &'a [u8] {
        match self {
            Self::At(range) => line.get(range.clone()).unwrap_or_default(),
            Self::Made(text) => text,
        }
    }

    fn moved(self, by: usize) -> Self {
        match self {
            Self::At(range) => Self::At(range.start + by..range.end + by),
            made @ Self::Made(_) => made,
        }
    }

    /// The same for those who no longer have the line.
    fn owned(self, line: &[u8]) -> Self {
        match self {
            Self::At(range) => Self::Made(line.get(range).unwrap_or_default().to_vec()),
            made @ Self::Made(_) => made,
        }
    }
}

impl Formats {
    /// What a line says.
    pub fn said(&self, line: &[u8]) -> Said {
        self.of_plain(line, |line, parts| self.said_of(line, parts, WRAPS), Said::owned)
    }

    /// What a line says, and when it was written, in milliseconds since 1970; `now` and `zone` as for
    /// [`Formats::head`].
    pub fn said_when(&self, line: &[u8], now: i64, zone: &mut Zone) -> (Said, Option<i64>) {
        let read = |line: &[u8], parts: &Parts| {
            (self.said_of(line, parts, WRAPS), self.head_of(line, parts, now, zone, WRAPS).time)
        };
        self.of_plain(line, read, |(said, time), line| (said.owned(line), time))
    }

    /// Takes a line without its colours apart, once.
    fn of_plain<T>(
        &self,
        line: &[u8],
        read: impl FnOnce(&[u8], &Parts) -> T,
        owned: impl FnOnce(T, &[u8]) -> T,
    ) -> T {
        let mut parts = Parts::default();
        match sgr::strip(line) {
            Cow::Borrowed(line) => {
                self.split(line, &mut parts);
                read(line, &parts)
            }
            Cow::Owned(plain) => {
                self.split(&plain, &mut parts);
                owned(read(&plain, &parts), &plain)
            }
        }
    }

    fn said_of(&self, line: &[u8], parts: &Parts, wraps: usize) -> Said {
        let start = line.len() - line.trim_ascii_start().len();
        let found = match parts.format {
            _ if wraps == 0 => None,
            Format::Json | Format::Docker | Format::Journal if line.get(start) == Some(&b'{') => {
                json::message(line, start)
            }
            Format::Logfmt => pairs::message(line, start),
            Format::Access | Format::Haproxy => {
                return request(line, parts).map_or(Said::At(parts.message.clone()), Said::Made);
            }
            Format::Own(_) => return Said::At(parts.message.clone()),
            Format::Cri | Format::Syslog | Format::SyslogBsd => Some(parts.message.clone()),
            // A date, and behind it a line by itself.
            _ if parts.wraps => Some(parts.message.clone()),
            _ => None,
        };
        // Of fields without a message their names tell what it is.
        let Some(found) = found.filter(|found| !found.is_empty()) else { return Said::At(0..line.len()) };
        let text = line.get(found.clone()).unwrap_or_default();
        let text = match parts.format {
            _ if parts.is_json() => json::unescaped(text),
            Format::Logfmt => pairs::unescaped(text),
            _ => Cow::Borrowed(text),
        };
        let is_line = !matches!(parts.format, Format::Json | Format::Logfmt);
        match text {
            Cow::Borrowed(text) => self.said_inside(text, is_line, wraps - 1).moved(found.start),
            Cow::Owned(text) => self.said_inside(&text, is_line, wraps - 1).owned(&text),
        }
    }

    /// The same for what was wrapped. A line of a program, and not a field of it, may begin with its level,
    /// which is no more of what it says than in a header.
    fn said_inside(&self, text: &[u8], is_line: bool, wraps: usize) -> Said {
        let from = if is_line { dated::level_end(text) } else { 0 };
        let line = text.get(from..).unwrap_or_default();
        let mut parts = Parts::default();
        self.split(line, &mut parts);
        self.said_of(line, &parts, wraps).moved(from)
    }
}

/// Whether this is the method of a request.
pub fn is_method(word: &[u8]) -> bool {
    const METHODS: [&[u8]; 12] = [
        b"GET",
        b"POST",
        b"PUT",
        b"HEAD",
        b"DELETE",
        b"PATCH",
        b"OPTIONS",
        b"CONNECT",
        b"TRACE",
        b"PROPFIND",
        b"REPORT",
        b"PURGE",
    ];
    METHODS.contains(&word)
}

/// `GET /cart/12 503`: so that what failed and what did not are told apart, and clients are not.
fn request(line: &[u8], parts: &Parts) -> Option<Vec<u8>> {
    let (mut method, mut path, mut status) = (None, None, None);
    for (name, at) in parts.fields() {
        let value = line.get(at).unwrap_or_default();
        match name {
            "method" => method = Some(value),
            "path" => path = Some(value.get(..PATH).unwrap_or(value)),
            "status" => status = Some(value),
            _ => {}
        }
    }
    // What is no method is what somebody sends to look for holes.
    let (method, path) = match (method.filter(|method| is_method(method)), path) {
        (Some(method), Some(path)) => (method, path),
        _ => (&b"-"[..], &b"-"[..]),
    };
    Some([method, path, status?].join(&b' '))
}
