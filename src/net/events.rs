//! `text/event-stream`: events as the WHATWG HTML standard (9.2, Server-sent events) reads them, out of
//! pieces that end anywhere.

use std::collections::VecDeque;
use std::time::Duration;

use super::credential::Mask;
use super::stream::Stream;
use crate::model::health::Failure;
use crate::model::text::RawText;

/// The media type.
pub const MEDIA: &str = "text/event-stream";

/// The most bytes of one event's data, and of one line. The rest is counted.
const MOST: usize = 1 << 20;
/// The most bytes of an event's id, which is sent back in a header.
const ID: usize = 1 << 10;

/// One event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Its type; `message` if the server names none.
    pub name: RawText,
    /// Its data, lines joined by a line feed.
    pub data: RawText,
    /// The last id that the server gave, for `Last-Event-ID`. May be empty.
    pub id: RawText,
    /// So many bytes of the data were left out, because there are too many.
    pub cut: usize,
}

impl Event {
    /// The same without these secrets in its data.
    fn without(self, mask: &Mask) -> Self {
        let mut data = self.data.as_bytes().to_vec();
        mask.blot(&mut data);
        Self { data: data.into(), ..self }
    }
}

/// An open stream of events.
pub struct EventStream {
    stream: Stream,
    parser: Parser,
    ready: VecDeque<Event>,
}

impl EventStream {
    /// Reads the answer to a request that accepts [`MEDIA`].
    pub fn new(stream: Stream) -> Self {
        Self { stream, parser: Parser::default(), ready: VecDeque::new() }
    }

    /// The next event; `None` when the server has ended the stream. Dropping the wait loses nothing.
    ///
    /// Errors as [`Stream::next`] does. An event that is not whole then is none.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(piece) = self.stream.next().await? else { return Ok(None) };
            let events = self.parser.push(&piece).into_iter();
            self.ready.extend(events.map(|event| event.without(self.stream.mask())));
        }
    }

    /// How long the server asks to wait before the stream is opened again, if it does.
    pub fn retry(&self) -> Option<Duration> {
        self.parser.retry
    }
}

/// What is known between two pieces.
#[derive(Default)]
struct Parser {
    /// The line that has not ended yet, and how many bytes of it were left out.
    line: Vec<u8>,
    surplus: usize,
    /// A line ended with CR: an LF right after it belongs to that end.
    after_cr: bool,
    /// The first line, which may begin with a byte order mark, is over.
    begun: bool,
    name: Vec<u8>,
    data: Option<Vec<u8>>,
    cut: usize,
    id: RawText,
    retry: Option<Duration>,
}

impl Parser {
    /// Takes the next piece in; returns the events that are whole now.
    fn push(&mut self, mut piece: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((first, after)) = piece.split_first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                piece = after;
                continue;
            }
            let Some(at) = memchr::memchr2(b'\r', b'\n', piece) else {
                self.extend(piece);
                break;
            };
            let Some((line, [end, rest @ ..])) = piece.split_at_checked(at) else { break };
            self.extend(line);
            self.after_cr = *end == b'\r';
            events.extend(self.end_line());
            piece = rest;
        }
        events
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = MOST.saturating_sub(self.line.len()).min(bytes.len());
        self.line.extend(bytes.iter().take(room));
        self.surplus = self.surplus.saturating_add(bytes.len() - room);
    }

    fn end_line(&mut self) -> Option<Event> {
        let (line, surplus) = (std::mem::take(&mut self.line), std::mem::take(&mut self.surplus));
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = match memchr::memchr(b':', line).and_then(|at| line.split_at_checked(at)) {
            // A field without a value has the empty one.
            None => (line, &[][..]),
            Some((field, [_, b' ', value @ ..] | [_, value @ ..])) => (field, value),
            Some((field, _)) => (field, &[][..]),
        };
        match field {
            b"data" => {
                self.cut = self.cut.saturating_add(surplus);
                let between: &[u8] = if self.data.is_some() { b"\n" } else { b"" };
                let data = self.data.get_or_insert_default();
                let room = MOST.saturating_sub(data.len()).min(between.len() + value.len());
                data.extend(between.iter().chain(value).take(room));
                self.cut = self.cut.saturating_add(between.len() + value.len() - room);
            }
            b"event" if value.len() <= ID => self.name = value.to_vec(),
            b"id" if value.len() <= ID && !value.contains(&0) => self.id = RawText::from_bytes(value),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                self.retry = millis.map(Duration::from_millis).or(self.retry);
            }
            // A comment, which begins with the colon, or what no version of the standard knows.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let (name, cut) = (std::mem::take(&mut self.name), std::mem::take(&mut self.cut));
        // Without data it is none, whatever else was said.
        let data = self.data.take()?;
        let name = if name.is_empty() { RawText::from("message") } else { RawText::from(name) };
        Some(Event { name, data: data.into(), id: self.id.clone(), cut })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Event> {
        Parser::default().push(bytes)
    }

    /// The events as `(name, data, id)`.
    fn told(bytes: &str) -> Vec<(String, String, String)> {
        let text = |raw: &RawText| raw.as_str().unwrap().to_owned();
        read(bytes.as_bytes())
            .iter()
            .map(|event| (text(&event.name), text(&event.data), text(&event.id)))
            .collect()
    }

    fn event(name: &str, data: &str, id: &str) -> (String, String, String) {
        (name.to_owned(), data.to_owned(), id.to_owned())
    }

    #[test]
    fn no_secret_is_in_what_an_event_says() {
        let mask = Mask::default();
        mask.learn(None, "c4nary-token-1");
        let said = read(b"data: {\"state\":\"with \\u00634nary-token-1\"}\n\n").remove(0);
        assert_eq!(said.without(&mask).data, r#"{"state":"with *******************"}"#.into());
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        for (bytes, expected) in [
            // Its own examples.
            (
                "data: This is the first message.\n\n",
                vec![event("message", "This is the first message.", "")],
            ),
            ("data: YHOO\ndata: +2\ndata: 10\n\n", vec![event("message", "YHOO\n+2\n10", "")]),
            (
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                vec![
                    event("message", "first event", "1"),
                    event("message", "second event", ""),
                    event("message", " third event", ""),
                ],
            ),
            ("data\n\ndata\ndata\n\ndata:", vec![event("message", "", ""), event("message", "\n", "")]),
            ("data:test\n\ndata: test\n\n", vec![event("message", "test", ""), event("message", "test", "")]),
            // What Buildbot writes.
            (
                "event: handshake\ndata: 9bca\n\nevent: event\ndata: {\"key\": [\"builds\"]}\n\n",
                vec![event("handshake", "9bca", ""), event("event", "{\"key\": [\"builds\"]}", "")],
            ),
            (
                "\u{feff}data: marked\r\rdata: \u{feff}x\r\n\r\n",
                vec![event("message", "marked", ""), event("message", "\u{feff}x", "")],
            ),
            (
                "id: 7\ndata: a\n\nid: 8\0\ndata: b\n\n",
                vec![event("message", "a", "7"), event("message", "b", "7")],
            ),
            // A name without data is none, and is not the name of the next one.
            ("event: x\n\ndata: a\nnews: b\n: c\n\n", vec![event("message", "a", "")]),
            ("data: not whole", vec![]),
            ("data: not whole\n", vec![]),
        ] {
            assert_eq!(told(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_wait_before_another_try_is_a_number_or_nothing() {
        let mut parser = Parser::default();
        for (line, millis) in [
            ("retry: 1500\n", Some(1500)),
            ("retry: soon\n", Some(1500)),
            ("retry:\n", Some(1500)),
            ("retry: 99999999999999999999\n", Some(1500)),
            ("retry: 0\n", Some(0)),
        ] {
            parser.push(line.as_bytes());
            assert_eq!(parser.retry, millis.map(Duration::from_millis), "{line}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_counted() {
        let mut parser = Parser::default();
        let mut events = parser.push(b"data: ");
        for _ in 0..10 {
            events.extend(parser.push(&vec![b'x'; MOST]));
            assert!(parser.line.capacity() <= 2 * MOST, "{}", parser.line.capacity());
        }
        events.extend(parser.push(b"\ndata: more\n\ndata: next\n\n"));
        let [long, next] = events.as_slice() else { panic!("{}", events.len()) };
        assert_eq!(long.data.as_bytes().len() + long.cut, 10 * MOST + "\nmore".len());
        assert_eq!(long.data.as_bytes().len(), MOST - "data: ".len() + "\nmore".len());
        assert_eq!((next.data.as_str(), next.cut), (Some("next"), 0));
        // Many lines of one event are as bounded as one long line.
        for line in ["data: 0123456789\n", "data\n"] {
            let [event] = read((line.repeat(2 * MOST) + "\n").as_bytes()).try_into().unwrap();
            assert_eq!(event.data.as_bytes().len(), MOST, "{line}");
        }
    }

    proptest! {
        #[test]
        fn where_pieces_end_makes_no_difference(
            text in "(data|id|event|retry|x|:|: |\r|\n|\r\n|\n\n|\u{feff}|\u{e9}|7){0,40}", ends in prop::collection::vec(0_usize..80, 0..6),
        ) {
            let bytes = text.as_bytes();
            let (mut parser, mut events, mut from) = (Parser::default(), Vec::new(), 0);
            let mut ends: Vec<usize> = ends.into_iter().map(|end| end.min(bytes.len())).collect();
            ends.push(bytes.len());
            ends.sort_unstable();
            for end in ends {
                events.extend(parser.push(&bytes[from..end]));
                from = end;
            }
            prop_assert_eq!(events, read(bytes));
        }
    }
}
