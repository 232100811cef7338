//! Which fields of a line are shown, as a person chooses them.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::segment::Segment;
use super::sgr;

/// Fields to be shown, in their order, or to be left out. The default shows lines as they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    shown: Vec<String>,
    hidden: Vec<String>,
}

impl Choice {
    /// Reads `level,msg,user`, or `-trace_id` for all but that; nothing is every field.
    pub fn parse(text: &str) -> Self {
        let mut choice = Self::default();
        for name in text.split([',', ' ']) {
            match name.strip_prefix('-') {
                Some("") => {}
                Some(name) => choice.hidden.push(name.to_owned()),
                None if name.is_empty() => {}
                None => choice.shown.push(name.to_owned()),
            }
        }
        choice
    }

    /// Whether lines are shown as they are.
    pub fn is_all(&self) -> bool {
        self.shown.is_empty() && self.hidden.is_empty()
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let hidden = self.hidden.iter().map(|name| format!("-{name}"));
        self.shown.iter().cloned().chain(hidden).collect::<Vec<_>>().join(",")
    }

    /// What is shown of a line. One without fields stays as it is.
    pub fn of<'a>(&self, segment: &'a Segment, line: u32) -> Cow<'a, [u8]> {
        let bytes = segment.line(line);
        if self.is_all() || segment.is_note(line) {
            return bytes.into();
        }
        let plain = sgr::strip(bytes);
        if self.shown.is_empty() && plain.trim_ascii_start().first() != Some(&b'{') {
            return match self.without(&plain) {
                Some(rest) => rest.into(),
                None => bytes.into(),
            };
        }
        let mut values: Vec<Vec<u8>> = vec![Vec::new(); self.shown.len()];
        let (mut others, mut some) = (Vec::new(), false);
        let _ = segment.formats().fields(&plain, &mut |name, value| {
            some = true;
            if self.hidden.iter().any(|hidden| is_of(name, hidden.as_bytes())) {
                return ControlFlow::Continue(());
            }
            if self.shown.is_empty() {
                put(&mut others, name, value);
            } else if let Some(at) = self.shown.iter().position(|shown| is_of(name, shown.as_bytes()))
                && let Some(place) = values.get_mut(at)
                // Of two with one name the first counts.
                && (place.is_empty() || self.shown.get(at).is_none_or(|shown| shown.as_bytes() != name))
            {
                put(place, name, value);
            }
            ControlFlow::Continue(())
        });
        if !some {
            return bytes.into();
        }
        for (name, value) in self.shown.iter().zip(&mut values) {
            if value.is_empty() && matches!(name.as_str(), "msg" | "message") {
                *value = plain.get(segment.formats().message(&plain)).unwrap_or_default().to_vec();
            }
            if !others.is_empty() && !value.is_empty() {
                others.push(b' ');
            }
            others.append(value);
        }
        if others.is_empty() {
            // What has none of them is not hidden by that.
            return bytes.into();
        }
        others.into()
    }

    /// The line without the pairs `name=value` that are left out; `None` if it has none of them.
    fn without(&self, line: &[u8]) -> Option<Vec<u8>> {
        let mut rest: Option<Vec<u8>> = None;
        for name in &self.hidden {
            while let Some(pair) = pair(rest.as_deref().unwrap_or(line), name.as_bytes()) {
                rest.get_or_insert_with(|| line.to_vec()).drain(pair);
            }
        }
        rest
    }
}

/// Whether a field is the one that is meant, or one in it: `kubernetes.pod_name` is of `kubernetes`.
fn is_of(name: &[u8], meant: &[u8]) -> bool {
    name.strip_prefix(meant).is_some_and(|rest| matches!(rest.first(), None | Some(b'.')))
}

/// Adds a field; of a message the value alone.
fn put(to: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if !to.is_empty() {
        to.push(b' ');
    }
    if !matches!(name, b"msg" | b"message") {
        to.extend_from_slice(name);
        to.push(b'=');
    }
    to.extend_from_slice(value);
}

/// Where a pair of this name, or of one in it, stands, with the space before or after it.
fn pair(line: &[u8], name: &[u8]) -> Option<std::ops::Range<usize>> {
    for start in memchr::memmem::find_iter(line, name) {
        let before = start.checked_sub(1).and_then(|at| line.get(at));
        if before.is_some_and(|byte| !byte.is_ascii_whitespace()) {
            continue;
        }
        let rest = line.get(start + name.len()..).unwrap_or_default();
        let inner = |b: &u8| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@' | b'/'));
        let below =
            if rest.first() == Some(&b'.') { rest.iter().position(inner).unwrap_or_default() } else { 0 };
        let Some(value) = rest.get(below..).and_then(|rest| rest.strip_prefix(b"=")) else { continue };
        let length = match value.strip_prefix(b"\"") {
            Some(quoted) => closing(quoted).map_or(value.len(), |close| close + 2),
            None => value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len()),
        };
        let end = start + name.len() + below + 1 + length;
        return Some(match before {
            Some(_) => start - 1..end,
            None => start..end + usize::from(end < line.len()),
        });
    }
    None
}

/// Where the quote that closes a value stands.
fn closing(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    fn shown(choice: &str, line: &str) -> String {
        let mut builder = SegmentBuilder::new("a".into(), Zone::default());
        builder.push(Line::from(line.as_bytes()), Given::default(), Timestamp::UNIX_EPOCH);
        let segment = builder.seal().unwrap();
        String::from_utf8(Choice::parse(choice).of(&segment, 0).into_owned()).unwrap()
    }

    const JSON: &str = r#"{"time":"2026-11-22T03:12:03Z","level":"warn","http":{"status":503},"msg":"slow \"x\"","trace_id":"ab"}"#;
    const PAIRS: &str =
        "time=2026-11-22T03:12:03Z level=warn msg=\"slow \\\"x\\\" y\" trace_id=ab status=503";

    #[test]
    fn chosen_fields_are_shown_in_their_order() {
        assert_eq!(shown("level,msg,http.status", JSON), "level=warn slow \"x\" http.status=503");
        assert_eq!(shown("status, msg", PAIRS), "status=503 slow \"x\" y");
        assert_eq!(shown("nothing", PAIRS), PAIRS, "never an empty row");
        let access = "10.0.0.1 - - [22/Nov/2026:03:12:03 +0000] \"GET /a HTTP/1.1\" 503 12 \"-\" \"curl\"";
        assert_eq!(shown("status,remote", access), "status=503 remote=10.0.0.1");
    }

    #[test]
    fn a_name_means_all_that_is_in_it() {
        let pod =
            r#"{"msg":"x","kubernetes":{"pod_name":"cart-1","labels":{"app":"cart"}},"kubernetes_id":7}"#;
        assert_eq!(shown("kubernetes,msg", pod), "kubernetes.pod_name=cart-1 kubernetes.labels.app=cart x");
        assert_eq!(shown("kubernetes.labels", pod), "kubernetes.labels.app=cart");
        assert_eq!(shown("-kubernetes", pod), "x kubernetes_id=7");
        assert_eq!(shown("msg,kubernetes,-kubernetes.labels", pod), "x kubernetes.pod_name=cart-1");
        let pairs = "level=info http.status=503 http.path=\"/a b\" https=1";
        assert_eq!(shown("-http", pairs), "level=info https=1");
        assert_eq!(shown("http", pairs), "http.status=503 http.path=/a b");
    }

    #[test]
    fn what_is_left_out_leaves_the_rest_as_it_is() {
        let rest = "time=2026-11-22T03:12:03Z level=warn msg=\"slow \\\"x\\\" y\" status=503";
        assert_eq!(shown("-trace_id", PAIRS), rest);
        assert_eq!(shown("-msg,-trace_id", PAIRS), "time=2026-11-22T03:12:03Z level=warn status=503");
        assert_eq!(shown("-time", PAIRS), PAIRS.split_once(' ').unwrap().1);
        assert_eq!(shown("-id", PAIRS), PAIRS, "not a part of a name");
        assert!(!shown("-trace_id", JSON).contains("trace_id"));
        assert!(shown("-trace_id", JSON).contains("level=warn"));
        assert_eq!(shown("-a", "a=1 b a=2"), "b");
        assert_eq!(shown("-a", "a=\"not closed"), "");
    }

    #[test]
    fn lines_without_fields_and_no_choice_change_nothing() {
        for line in ["\tat Foo.java:1", "plain words", ""] {
            assert_eq!(shown("level,msg", line), line);
            assert_eq!(shown("-level", line), line);
        }
        assert_eq!(shown("", JSON), JSON);
        assert!(Choice::parse(" , - ").is_all());
        assert_eq!(Choice::parse("a, -b c").text(), "a,c,-b");
    }
}
