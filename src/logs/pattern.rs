//! Mines the patterns of lines: what they say again and again, with the values taken out.
//!
//! Of a line comes what it says ([`Formats::said`]), without its header (`front`); its values are masked
//! (`token`), and what is left is a shape.
//! A shape that was seen is found by its hash. Of a new one it is asked whether it differs from others
//! at one place only: where there are enough different words at a place, it holds a value, and the
//! patterns become one. How many are enough depends on what stands there and on how much text is left.
//!
//! An id is a serial given at birth. A merge makes the younger an alias of the older, so what was
//! given stays good; [`Patterns::resolve`] tells what it is now.

pub mod book;
pub mod change;
mod crowd;
mod front;
#[cfg(test)]
mod judge;
pub mod known;
mod slot;
mod template;
mod token;
mod value;
pub mod written;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use self::crowd::Crowds;
use self::front::Front;
use self::slot::{Slots, sum_of, swap};
use self::template::Template;
use self::token::{FRONT, Token, Tokens};
use self::value::Kind;
#[cfg(doc)]
use crate::logs::format::Formats;

/// Patterns that are held. Of more, those that were seen least and longest ago become [`OTHER`].
pub const MOST: usize = 8192;
/// Ids that are given. Lines that fit no pattern are [`OTHER`] from then on.
const MOST_IDS: usize = 1 << 20;
/// Shapes whose pattern is remembered.
const SHAPES: usize = 1 << 16;
/// Bytes of the line that is kept as an example.
const EXAMPLE: usize = 400;
/// Places of values, by the number of tokens, that are tried for a line of a new shape.
const MASKS: usize = 48;
/// Where a pattern has a value and so many words beside it are the same, a word is a value too.
const WORDS_BESIDE: usize = 3;
/// Steps from one merge to the next that it makes possible.
const ROUNDS: usize = 16;

/// The number of a pattern.
pub type Id = u32;
/// What is in no pattern of its own.
pub const OTHER: Id = 0;

/// Keys are hashes already.
#[derive(Clone, Copy, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = token::hash(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = token::mix(u64::from(value));
    }
}

type Map<K, V> = HashMap<K, V, BuildHasherDefault<AsIs>>;

/// A pattern and what is known of its lines.
#[derive(Debug)]
pub struct Pattern {
    /// Its number; the same as long as this miner lives.
    pub id: Id,
    /// Lines of it.
    pub count: u64,
    /// The earliest and the latest time of a line that had one, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// The first line, cut if it is long.
    pub example: Box<[u8]>,
    template: Template,
    /// When it was last seen, in lines.
    touched: u64,
}

impl Pattern {
    /// What its lines say, with names in angle brackets where they differ.
    pub fn text(&self) -> String {
        self.template.text()
    }

    /// Knows it again after a restart, and in another miner: made of its text.
    pub fn key(&self) -> u64 {
        token::hash(self.text().as_bytes())
    }

    fn see(&mut self, time: Option<i64>, touched: u64) {
        self.count += 1;
        self.touched = touched;
        if let Some(time) = time {
            self.times =
                Some(self.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        }
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.touched = self.touched.max(other.touched);
        self.times = match (self.times, other.times) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }
}

/// The miner.
pub struct Patterns {
    message_only: bool,
    tokens: Tokens,
    lines: u64,
    live: Map<u32, Pattern>,
    /// What each id that was given has become.
    aliases: Vec<Id>,
    /// Of each template, by its sum.
    own: Map<u64, Id>,
    /// Of shapes that were seen lately.
    shapes: Map<u64, Id>,
    /// Of templates with their values joined.
    joined: Map<u64, Id>,
    /// By the number of tokens, which of them patterns have found to be values.
    masks: Vec<Vec<u64>>,
    slots: Slots,
    crowds: Crowds,
    /// Lines and patterns that went into [`OTHER`].
    other: u64,
    evicted: u64,
}

impl Patterns {
    /// A miner that has seen nothing. With `message_only`, lines have no header.
    pub fn new(message_only: bool) -> Self {
        Self {
            message_only,
            tokens: Tokens::default(),
            lines: 0,
            live: Map::default(),
            aliases: vec![OTHER],
            own: Map::default(),
            shapes: Map::default(),
            joined: Map::default(),
            masks: vec![Vec::new(); token::TOKENS + 1],
            slots: Slots::default(),
            crowds: Crowds::default(),
            other: 0,
            evicted: 0,
        }
    }

    /// Patterns that there are.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Lines that are of no pattern that is held, and patterns that went because there were too many.
    pub fn rest(&self) -> (u64, u64) {
        (self.other, self.evicted)
    }

    /// What an id is now: itself, what it was merged into, or [`OTHER`].
    pub fn resolve(&self, id: Id) -> Id {
        let mut id = id;
        loop {
            let next = self.aliases.get(id as usize).copied().unwrap_or(OTHER);
            if next == id {
                return id;
            }
            id = next;
        }
    }

    /// The pattern of an id, if it is held.
    pub fn get(&self, id: Id) -> Option<&Pattern> {
        self.live.get(&self.resolve(id))
    }

    /// All, most lines first.
    pub fn top(&self) -> Vec<&Pattern> {
        let mut all: Vec<_> = self.live.values().collect();
        all.sort_unstable_by_key(|pattern| (std::cmp::Reverse(pattern.count), pattern.id));
        all
    }

    /// Takes a line that says this, seen at `time`, and gives its pattern.
    pub fn take(&mut self, line: &[u8], said: &[u8], time: Option<i64>) -> Id {
        self.lines += 1;
        let mut tokens = std::mem::take(&mut self.tokens);
        let text = if self.message_only && line.trim_ascii_start().first() != Some(&b'{') {
            tokens.read(line);
            line
        } else {
            cut(&mut tokens, said)
        };
        let sum = sum_of(&tokens.list);
        let known = self.shapes.get(&sum).copied();
        let id = match known.map(|id| self.resolve(id)).filter(|id| *id != OTHER) {
            Some(id) => id,
            None => self.place(sum, &tokens.list, text, line),
        };
        self.tokens = tokens;
        match self.live.get_mut(&id) {
            Some(pattern) => pattern.see(time, self.lines),
            None => self.other += 1,
        }
        id
    }

    /// The pattern of a shape that was not seen lately.
    fn place(&mut self, sum: u64, tokens: &[Token], text: &[u8], line: &[u8]) -> Id {
        let id = match self.find(sum, tokens) {
            Some(id) => id,
            None => self.give_birth(sum, tokens, text, line),
        };
        if self.shapes.len() >= SHAPES {
            self.shapes.clear();
        }
        if id != OTHER {
            self.shapes.insert(sum, id);
        }
        id
    }

    /// A pattern that the tokens fit.
    fn find(&self, sum: u64, tokens: &[Token]) -> Option<Id> {
        if let Some(id) = self.own.get(&sum) {
            return Some(self.resolve(*id));
        }
        let found = self.masks.get(tokens.len())?.iter().find_map(|mask| {
            let mut masked = sum;
            let mut left = *mask;
            while left != 0 {
                let at = left.trailing_zeros() as usize;
                left &= left - 1;
                let token = tokens.get(at)?;
                if token.kind == Kind::Sign {
                    return None;
                }
                masked = swap(masked, at, token.hash, token::WILD);
            }
            self.own.get(&masked)
        });
        if let Some(id) = found {
            return Some(self.resolve(*id));
        }
        let words = tokens.iter().filter(|token| matches!(token.kind, Kind::Word | Kind::Soft)).count();
        let soft = tokens.iter().enumerate().filter(|(_, token)| {
            token.kind == Kind::Soft || (token.kind == Kind::Word && words > WORDS_BESIDE)
        });
        let mut masked = soft.map(|(at, token)| swap(sum, at, token.hash, token::WILD));
        masked.find_map(|masked| self.own.get(&masked)).map(|id| self.resolve(*id))
    }

    fn give_birth(&mut self, sum: u64, tokens: &[Token], text: &[u8], line: &[u8]) -> Id {
        if self.aliases.len() >= MOST_IDS {
            return OTHER;
        }
        if self.live.len() >= MOST {
            self.evict();
        }
        let id = u32::try_from(self.aliases.len()).unwrap_or(OTHER);
        self.aliases.push(id);
        let template = Template::new(tokens, text.get(..FRONT).unwrap_or(text));
        let example = line.get(..EXAMPLE).unwrap_or(line).into();
        let joined = template.joined_sum();
        let pattern = Pattern { id, count: 0, times: None, example, template, touched: self.lines };
        self.live.insert(id, pattern);
        self.own.insert(sum, id);
        self.joined.entry(joined).or_insert(id);
        // Those that have a name where this one has a value.
        let named: Vec<_> =
            self.slots.soft_members(sum).into_iter().map(|other| self.resolve(other)).collect();
        let named: Vec<_> = named.into_iter().filter(|other| *other != OTHER && *other != id).collect();
        let id = self.gather(id, &named);
        self.generalise(id);
        let id = self.resolve(id);
        self.look_around(id)
    }

    /// Finds out whether a new pattern is one of a crowd that differs at several places.
    fn look_around(&mut self, id: Id) -> Id {
        let Some(pattern) = self.live.get(&id) else { return id };
        let mut around: Vec<Id> = Vec::new();
        for other in self.crowds.enter(id, &pattern.template.tokens) {
            let other = self.resolve(other);
            if other != id && !around.contains(&other) {
                around.push(other);
            }
        }
        let others: Vec<_> = around
            .iter()
            .filter_map(|other| self.live.get(other))
            .map(|other| (other.id, other.count, &other.template))
            .collect();
        let Some((places, crowd)) = crowd::values(&pattern.template, &others) else { return id };
        let oldest = crowd.iter().copied().fold(id, Id::min);
        for member in crowd.into_iter().chain([id]) {
            self.merge(oldest, member);
        }
        let id = self.learn(oldest, places);
        self.generalise(id);
        self.resolve(id)
    }

    /// Makes places of a pattern values, and takes in what fits it then.
    fn learn(&mut self, id: Id, places: u64) -> Id {
        let Some(pattern) = self.live.get_mut(&id) else { return id };
        self.own.remove(&pattern.template.sum());
        pattern.template.make_values(places);
        let (new, joined) = (pattern.template.sum(), pattern.template.joined_sum());
        let (length, mask) = (pattern.template.tokens.len(), pattern.template.mask);
        if let Some(masks) = self.masks.get_mut(length)
            && !masks.contains(&mask)
            && masks.len() < MASKS
        {
            masks.push(mask);
            masks.sort_unstable_by_key(|mask| mask.count_ones());
        }
        let mut id = self.absorb(id);
        for other in [self.own.insert(new, id), self.joined.insert(joined, id)].into_iter().flatten() {
            let other = self.resolve(other);
            if other != OTHER && other != id {
                id = self.unite(id, other);
            }
        }
        id
    }

    /// Finds out whether a place of this pattern holds a value, and what follows from that.
    fn generalise(&mut self, id: Id) {
        let mut id = self.resolve(id);
        for _ in 0..ROUNDS {
            let Some(pattern) = self.live.get(&id) else { return };
            let sum = pattern.template.sum();
            let found = self.slots.offer(id, sum, &pattern.template.tokens, &self.aliases, &|id| {
                self.live.get(&id).map_or(0, |pattern| pattern.count)
            });
            let Some((at, members)) = found else { return };
            let oldest = members.iter().copied().min().unwrap_or(id);
            for member in members {
                self.merge(oldest, member);
            }
            id = self.learn(oldest, 1 << at);
        }
    }

    /// Takes in what fits the values that this pattern has found.
    fn absorb(&mut self, id: Id) -> Id {
        let Some(pattern) = self.live.get(&id) else { return id };
        let (template, length) = (&pattern.template, pattern.template.tokens.len());
        let fitting: Vec<Id> = self
            .live
            .values()
            .filter(|other| {
                other.template.tokens.len() == length && other.id != id && template.covers(&other.template)
            })
            .map(|other| other.id)
            .collect();
        self.gather(id, &fitting)
    }

    /// Takes others in. The oldest keeps its number and gets what this one has learnt.
    fn gather(&mut self, id: Id, others: &[Id]) -> Id {
        let oldest = others.iter().copied().fold(id, Id::min);
        if oldest != id
            && let (Some(mut own), Some(mut other)) = (self.live.remove(&id), self.live.remove(&oldest))
        {
            self.own.remove(&other.template.sum());
            self.own.insert(own.template.sum(), oldest);
            std::mem::swap(&mut own.template, &mut other.template);
            self.live.insert(id, own);
            self.live.insert(oldest, other);
        }
        for other in others.iter().copied().chain([id]) {
            self.merge(oldest, other);
        }
        oldest
    }

    /// Makes one of two whose templates are the same but for how many values there are.
    fn unite(&mut self, one: Id, other: Id) -> Id {
        let (older, younger) = (one.min(other), one.max(other));
        let sum = self.live.get(&younger).map(|pattern| pattern.template.sum());
        self.merge(older, younger);
        // Lines with so many values are still known by the template of the younger.
        if let Some(sum) = sum {
            self.own.insert(sum, older);
        }
        older
    }

    /// Makes `from` an alias of `into`.
    fn merge(&mut self, into: Id, from: Id) {
        let (into, from) = (self.resolve(into), self.resolve(from));
        if into == from || into == OTHER || from == OTHER {
            return;
        }
        let Some(gone) = self.live.remove(&from) else { return };
        let sum = gone.template.sum();
        if self.own.get(&sum).is_some_and(|id| self.resolve(*id) == from) {
            self.own.remove(&sum);
        }
        if let Some(alias) = self.aliases.get_mut(from as usize) {
            *alias = into;
        }
        if let Some(pattern) = self.live.get_mut(&into) {
            pattern.join(&gone);
        }
    }

    /// Makes room: the fourth part that was seen least, and of those longest ago, becomes [`OTHER`].
    fn evict(&mut self) {
        let mut all: Vec<_> =
            self.live.values().map(|pattern| (pattern.count.min(64), pattern.touched, pattern.id)).collect();
        let share = all.len() / 4;
        all.select_nth_unstable(share);
        for (_, _, id) in all.into_iter().take(share) {
            if let Some(gone) = self.live.remove(&id) {
                self.other += gone.count;
                self.evicted += 1;
            }
            if let Some(alias) = self.aliases.get_mut(id as usize) {
                *alias = OTHER;
            }
        }
        let aliases = &self.aliases;
        let is_live = |id: &Id| {
            let mut id = *id;
            while let Some(next) = aliases.get(id as usize).copied().filter(|next| *next != id) {
                id = next;
            }
            id != OTHER
        };
        self.own.retain(|_, id| is_live(id));
        self.joined.retain(|_, id| is_live(id));
        self.shapes.clear();
    }
}

/// Cuts what is mined of what a line says; gives the text that the tokens are of.
fn cut<'a>(tokens: &mut Tokens, line: &'a [u8]) -> &'a [u8] {
    match front::message(line) {
        Front::Text(from, to) => {
            let text = line.get(from..to).unwrap_or_default();
            tokens.read(text);
            text
        }
        Front::Request(places) => {
            tokens.request(line, places);
            line
        }
        shape @ (Front::Json | Front::Logfmt) => {
            let line = line.trim_ascii_start();
            let line = line.get(..usize::from(u16::MAX)).unwrap_or(line);
            tokens.list.clear();
            let mut keys = 0;
            let mut take = |key: &[u8]| {
                let from = key.as_ptr() as usize - line.as_ptr() as usize;
                tokens.key(line, from, from + key.len());
                keys += 1;
                keys == front::KEYS
            };
            if shape == Front::Json {
                front::json_fields(line, |key, _, _, _| take(key));
            } else {
                front::logfmt_fields(line, |key, _, _| take(key));
            }
            line
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::written::Written;
    use super::*;
    use crate::logs::format::Formats;

    /// Takes a line as it is.
    pub(super) fn take(patterns: &mut Patterns, line: &str, time: Option<i64>) -> Id {
        let said = Formats::default().said(line.as_bytes());
        patterns.take(line.as_bytes(), said.of(line.as_bytes()), time)
    }

    fn texts(lines: &[&str]) -> Vec<(u64, String)> {
        let mut patterns = Patterns::new(false);
        for line in lines {
            take(&mut patterns, line, None);
        }
        patterns.top().into_iter().map(|pattern| (pattern.count, pattern.text())).collect()
    }

    pub(super) fn text(line: &str) -> String {
        texts(&[line]).remove(0).1
    }

    #[test]
    fn a_header_is_not_of_the_pattern() {
        for line in [
            "2026-11-22T03:12:02.123Z INFO lost the connection",
            "2026-11-22 03:12:02,123 [main] ERROR com.example.db.Pool: lost the connection",
            "2026-11-22 03:12:02,123 - app.db - WARNING - lost the connection",
            "Nov 22 03:12:02 web-3 app[812]: lost the connection",
            "Nov 22 03:12:02 web kernel: lost the connection",
            "I1122 03:12:02.123456    812 pool.go:12] lost the connection",
            "[Sun Nov 22 03:12:02 2026] [error] lost the connection",
            "2026/11/22 03:12:02 [error] 812#812: lost the connection",
            "11-22 03:12:02.123  812  840 E Pool: lost the connection",
            "1795403522 lost the connection",
            "2026-11-22 03:12:02.123 UTC [812] ERROR:  lost the connection",
            "[2026-11-22T03:12:02,123][INFO ][o.e.n.Node               ] lost the connection",
            "ts=2026-11-22T03:12:02Z level=info msg=\"lost the connection\" n=1",
            r#"{"time":"2026-11-22T03:12:02Z","level":"info","msg":"lost the connection"}"#,
            r#"{"log":"2026-11-22 03:12:02 INFO lost the connection\n","stream":"stderr"}"#,
            "\u{1b}[32mlost\u{1b}[0m the connection\r",
            "lost the connection",
        ] {
            assert_eq!(text(line), "lost the connection", "{line}");
        }
    }

    #[test]
    fn what_a_line_is_wrapped_in_is_not_of_the_pattern() {
        for line in [
            "2026-11-22T21:00:01.123456789Z stdout F {\"level\":\"error\",\"msg\":\"card declined for user 1\"}",
            "2026-11-22T21:00:01.123456789Z stderr F level=error msg=\"card declined for user 1\" n=3",
            "2026-11-22T21:00:01.123456789Z stderr F E1122 21:00:01.123456    1 pay.go:7] card declined for user 1",
            "2026-11-22T21:00:01.123456789Z stdout F ERROR card declined for user 1",
            r#"{"log":"{\"level\":\"error\",\"msg\":\"card declined for user 1\"}\n","stream":"stdout","time":"2026-11-22T21:00:01.2Z"}"#,
            r#"{"log":"2026-11-22 21:00:01,123 ERROR [main] com.shop.Pay - card declined for user 1\n","stream":"stdout","time":"2026-11-22T21:00:01.2Z"}"#,
            "Nov 22 20:00:00 web-21 pay[12011]: ERROR card declined for user 1",
            "Nov 22 20:00:00 web-21 pay[12011]: [error] card declined for user 1",
            "Nov 22 20:00:00 web-21 pay[12011]: {\"level\":\"error\",\"msg\":\"card declined for user 1\"}",
            "<11>1 2026-11-22T21:00:01Z web-21 pay 12 - - card declined for user 1",
            "2026-11-22T21:00:01Z level=error msg=\"card declined for user 1\"",
            r#"{"__REALTIME_TIMESTAMP":"1795381201000000","PRIORITY":"3","MESSAGE":"ERROR: card declined for user 1"}"#,
        ] {
            let found = text(line);
            assert_eq!(found, "card declined for user <num>", "{line}");
            assert!(Written::new(&found).has(line.as_bytes(), &Formats::default()), "{line}");
        }
    }

    #[test]
    fn requests_are_told_apart_by_method_and_status_and_not_by_client() {
        let haproxy =
            "Nov 22 21:00:01 lb haproxy[12]: 10.0.1.2:33317 [22/Nov/2026:21:00:01.655] http-in static/srv1";
        for (line, pattern) in [
            (
                "10.0.0.1 - - [22/Nov/2026:21:00:01 +0000] \"GET /cart/12 HTTP/1.1\" 200 512 \"-\" \"curl/8.0\"",
                "GET <path> 200",
            ),
            (
                "10.0.0.2 - kim [22/Nov/2026:21:00:02 +0000] \"POST /pay HTTP/1.1\" 503 99 \"https://shop/\" \"Mozilla/5.0\"",
                "POST <path> 503",
            ),
            (
                "shop.example:443 ::1 - - [22/Nov/2026:21:00:02 +0000] \"GET / HTTP/2.0\" 404 9",
                "GET <path> 404",
            ),
            (
                "10.0.0.3 - - [22/Nov/2026:21:00:03 +0000] \"\\x16\\x03\\x01 x\" 400 157 \"-\" \"-\"",
                "- <path> 400",
            ),
            (
                &format!("{haproxy} 10/0/30/69/109 503 212 - - SC-- 1/1/1/1/0 0/0 \"GET /cart HTTP/1.1\""),
                "GET <path> 503",
            ),
            ("GET /cart/7 200", "GET <path> 200"),
            ("ERROR /cart/7 200", "ERROR <*>"),
        ] {
            assert_eq!(text(line), pattern, "{line}");
            for other in ["GET <path> 200", "POST <path> 503", "GET <path> 503"] {
                let has = Written::new(other).has(line.as_bytes(), &Formats::default());
                assert_eq!(has, other == pattern, "{other} {line}");
            }
        }
        // However many there are.
        let lines: Vec<String> = (200..260).map(|status| format!("GET /cart/7 {status}")).collect();
        assert_eq!(texts(&lines.iter().map(String::as_str).collect::<Vec<_>>()).len(), 60);
    }

    #[test]
    fn values_are_masked_whatever_is_glued_to_them() {
        for (line, pattern) in [
            ("took 12.5ms, 30 s or <1 sec", "took <*> or <time>"),
            ("from 10.0.0.1:80 to /10.0.0.2, via db.example.com:5432", "from <addr> to <addr>, via <addr>"),
            ("GET-ed https://a.example/x?y=1&z=2 (200)", "GET-ed <path> (<num>)"),
            ("got key=abc123f9 user='bob b' ratio=0.5%", "got key=<id> user=<str> ratio=<num>"),
            ("sent 1190 bytes (1.16 KB), got 3 bytes", "sent <size>, got <size>"),
            ("a [x, y, z] b []", "a [<*>] b [<*>]"),
            ("lock Work{10 of {a=1}} at Sat Jun 18 02:08:11 2005", "lock <*> at <time>"),
            ("for uid=0 tty= rhost=a", "for uid=<num> tty=<*> rhost=a"),
            (
                "10.0.0.1 said \"GET /a/1 HTTP/1.1\" 200 512 \"-\" \"curl/8.0 (X11; Linux)\"",
                "<addr> said \"GET <path>\" <*>",
            ),
            ("got {\"a\":1,\"b\":\"c\"}", "got {\"a\":<num>,\"b\":<str>}"),
            ("\"GET /a/1 HTTP/1.1\" status: 200", "\"GET <path>\" status: <num>"),
        ] {
            assert_eq!(text(line), pattern, "{line}");
        }
    }

    #[test]
    fn a_line_of_fields_without_a_message_is_known_by_their_names() {
        assert_eq!(text(r#"{"a":1,"b":{"c":2},"d":"x"}"#), "a<*> b<*> d<*>");
        assert_eq!(text("method=GET path=/a status=200"), "method<*> path<*> status<*>");
    }

    #[test]
    fn words_that_never_come_again_are_values_and_those_that_do_are_not() {
        let names = ["anna", "bert", "carl", "dora", "emil", "fred", "gina", "hugo"];
        let lines: Vec<_> = names.iter().map(|name| format!("{name} has left the building")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(texts(&lines), [(8, "<*> has left the building".to_owned())]);
        let states: Vec<_> = ["started", "stopped"].into_iter().cycle().take(40).collect();
        let lines: Vec<_> = states.iter().map(|state| format!("the worker has {state} again")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(texts(&lines).len(), 2);
    }

    #[test]
    fn a_pattern_is_known_again_by_its_text() {
        let key = |line: &str| {
            let mut patterns = Patterns::new(false);
            take(&mut patterns, line, None);
            patterns.top()[0].key()
        };
        assert_eq!(key("took 5 ms"), key("2026-11-22T03:12:02Z INFO took 312 s"));
        assert_ne!(key("took 5 ms"), key("gave 5 ms"));
    }

    #[test]
    fn times_and_an_example_are_kept() {
        let mut patterns = Patterns::new(false);
        for time in [Some(7), None, Some(3), Some(5)] {
            take(&mut patterns, &format!("took {} ms", time.unwrap_or(1)), time);
        }
        let pattern = patterns.top()[0];
        assert_eq!((pattern.count, pattern.times, &*pattern.example), (4, Some((3, 7)), &b"took 7 ms"[..]));
    }

    /// A line of a few words, out of so many that patterns merge and go.
    fn lines() -> impl Strategy<Value = Vec<String>> {
        let word = prop_oneof![
            "[a-d]{1,2}",
            "[a-z]{3}",
            "[0-9]{1,4}",
            Just("=".to_owned()),
            Just("[".to_owned()),
            Just("]".to_owned()),
            Just(",".to_owned()),
            any::<String>(),
        ];
        let line = proptest::collection::vec(word, 0..8).prop_map(|words| words.join(" "));
        proptest::collection::vec(line, 0..300)
    }

    proptest! {
        #[test]
        fn an_id_once_given_is_good_for_ever(lines in lines()) {
            let mut patterns = Patterns::new(false);
            let mut given = Vec::new();
            for (count, line) in lines.iter().enumerate() {
                let id = take(&mut patterns, line, None);
                prop_assert_eq!(patterns.resolve(id), id);
                given.push(id);
                for id in &given {
                    let now = patterns.resolve(*id);
                    prop_assert_eq!(patterns.resolve(now), now);
                    prop_assert!(now <= *id, "the older keeps its number");
                    prop_assert!(patterns.get(*id).is_some());
                }
                let sum: u64 = patterns.top().iter().map(|pattern| pattern.count).sum();
                prop_assert_eq!(sum, count as u64 + 1);
            }
            // What was in one pattern stays together.
            for (one, other) in given.iter().zip(&lines).zip(given.iter().zip(&lines).skip(1)).map(|(a, b)| (a.0, b.0)) {
                if one == other {
                    prop_assert_eq!(patterns.resolve(*one), patterns.resolve(*other));
                }
            }
        }
    }

    #[test]
    fn patterns_are_bounded_and_every_line_is_counted() {
        let mut patterns = Patterns::new(false);
        let mut given = Vec::new();
        let letters = |mut n: u64| {
            let mut word = String::new();
            for _ in 0..6 {
                word.push(char::from(b'a' + u8::try_from(n % 26).unwrap()));
                n /= 26;
            }
            word
        };
        let lines = 3 * MOST as u64;
        for n in 0..lines {
            // No two words of one line are words of another, and there are many shapes.
            let signs = ["=", ";", "|", "(", "!"];
            let shape: String =
                (0..7).map(|at| signs[usize::try_from(n / 5_u64.pow(at) % 5).unwrap()]).collect();
            given.push(take(&mut patterns, &format!("{} {shape}", letters(token::mix(n))), None));
            assert!(patterns.len() <= MOST);
        }
        let (other, evicted) = patterns.rest();
        assert!(evicted > 0);
        let held: u64 = patterns.top().iter().map(|pattern| pattern.count).sum();
        assert_eq!(held + other, lines);
        for id in given {
            let now = patterns.resolve(id);
            assert_eq!(patterns.resolve(now), now);
            assert_eq!(patterns.get(id).is_some(), now != OTHER);
        }
    }
}
