//! Cuts a message into tokens and masks those that are values whatever the line says: numbers, ids,
//! addresses, paths, quoted strings, durations and sizes, lists, objects.
//!
//! Values side by side become one, so that lines which differ only in how many there are look alike.

use std::ops::Range;

use super::value::{
    Kind, is_calendar, is_constant, is_ip, is_mail, is_numbered, is_path, is_time_unit, is_unit, number,
    with_colons,
};

/// Tokens that are looked at of one message. Positions fit into the bits of a `u64`.
pub(super) const TOKENS: usize = 60;
/// Bytes that are looked at of one message.
pub(super) const FRONT: usize = 1024;
/// How far the end of a quoted string, a list or an object is looked for.
const REACH: usize = 300;
/// What stands for a value in hashes.
pub(super) const WILD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A part of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) hash: u64,
    pub(super) kind: Kind,
    /// Whether white space is before it.
    pub(super) spaced: bool,
    pub(super) from: u16,
    pub(super) to: u16,
}

const SPACE: u8 = 1;
/// Stands alone whatever is beside it.
const BREAK: u8 = 2;
const DIGIT: u8 = 4;
const LETTER: u8 = 8;
const DOT: u8 = 16;
const COLON: u8 = 32;
const SLASH: u8 = 64;
const OTHER: u8 = 128;

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "done by the compiler, up to 255"
)]
const CLASS: [u8; 256] = {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            0..=b' ' | 0x7f => SPACE,
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | 0x80..=0xff => LETTER,
            b'.' => DOT,
            b':' => COLON,
            b'/' | b'\\' => SLASH,
            b'=' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b',' | b';' | b'|' | b'"'
            | b'\'' | b'!' | b'?' => BREAK,
            _ => OTHER,
        };
        byte += 1;
    }
    table
};

fn class(byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).copied().unwrap_or(OTHER)
}

/// A hash that is quick on short text.
pub(super) fn hash(text: &[u8]) -> u64 {
    let mut state = 0x51_7c_c1_b7_27_22_0a_95_u64 ^ text.len() as u64;
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    mix(state ^ u64::from_le_bytes(last))
}

pub(super) fn mix(value: u64) -> u64 {
    let product = u128::from(value) * 0x9fb2_1c65_1e98_df25_u128;
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    (low ^ high).wrapping_add(0x2545_f491_4f6c_dd1d)
}

/// Tokens of one message after the other, in one buffer.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    spaced: bool,
    /// The last is a number, or ends with one.
    number: bool,
    /// A quote is open whose inside is text.
    open: bool,
}

impl Tokens {
    /// Cuts a message.
    pub(super) fn read(&mut self, text: &[u8]) {
        self.list.clear();
        // Nothing of the message before it counts.
        (self.spaced, self.number, self.open) = (false, false, false);
        let text = text.get(..FRONT).unwrap_or(text);
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            if self.list.len() >= TOKENS {
                break;
            }
            let class = class(byte);
            if class == SPACE {
                self.spaced = true;
                at = if byte == 0x1b { colour_end(text, at) } else { at + 1 };
                continue;
            }
            at = if class == BREAK { self.sign(text, at) } else { self.core(text, at) };
        }
        self.list.truncate(TOKENS);
    }

    /// Method, path and status of a request. Which method and which status is never a value.
    pub(super) fn request(&mut self, text: &[u8], places: [Range<usize>; 3]) {
        self.list.clear();
        for (place, kind) in places.into_iter().zip([Kind::Sign, Kind::Path, Kind::Sign]) {
            self.spaced = true;
            self.push(text, place.start, place.end, kind);
        }
    }

    /// Keys of a structured line that has no message.
    pub(super) fn key(&mut self, text: &[u8], from: usize, to: usize) {
        if self.list.len() + 1 < TOKENS {
            self.spaced = true;
            self.push(text, from, to, Kind::Word);
            self.list.push(Token {
                hash: WILD,
                kind: Kind::Any,
                spaced: false,
                from: short(to),
                to: short(to),
            });
        }
    }

    fn push(&mut self, text: &[u8], from: usize, to: usize, kind: Kind) {
        let hash = if kind.is_value() { WILD } else { hash(text.get(from..to).unwrap_or_default()) };
        let spaced = std::mem::take(&mut self.spaced);
        self.number = kind == Kind::Number;
        self.list.push(Token { hash, kind, spaced, from: short(from), to: short(to) });
    }

    fn last_byte(&self, text: &[u8]) -> u8 {
        self.list
            .last()
            .filter(|token| token.kind == Kind::Sign)
            .and_then(|token| text.get(usize::from(token.to).saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    fn kind_back(&self, back: usize) -> Option<Kind> {
        self.list.len().checked_sub(back + 1).and_then(|at| self.list.get(at)).map(|token| token.kind)
    }

    /// Adds a value; joins it to one that is just before, or before a comma.
    fn value(&mut self, text: &[u8], from: usize, to: usize, kind: Kind) {
        let before = self.last_byte(text);
        if before == b',' && self.kind_back(1).is_some_and(Kind::is_value) {
            self.list.pop();
        } else if before == b'<' && kind == Kind::Number && text.get(to) != Some(&b'>') {
            // Less than so much.
            if let Some(less) = self.list.pop() {
                self.spaced |= less.spaced;
            }
        }
        let mut kind = kind;
        // Sat Jun 18 02:08:11 2005
        while matches!(kind, Kind::Number | Kind::Time) && self.spaced && self.last_is_calendar(text) {
            if let Some(word) = self.list.pop() {
                self.spaced = word.spaced;
            }
            kind = Kind::Time;
        }
        if let Some(last) = self.list.last_mut()
            && last.kind.is_value()
        {
            last.to = short(to);
            // A year may stand behind the time.
            let same = last.kind == kind || (last.kind, kind) == (Kind::Time, Kind::Number);
            last.kind = if same { last.kind } else { Kind::Any };
            self.number = kind == Kind::Number;
            self.spaced = false;
            return;
        }
        self.push(text, from, to, kind);
    }

    /// Whether this is one of several names with nothing but commas between them.
    fn is_listed(&self, text: &[u8], from: usize, to: usize) -> bool {
        let comma = self.list.last().is_some_and(|comma| !comma.spaced && usize::from(comma.to) == from);
        let word = self.kind_back(1).is_some_and(|kind| kind != Kind::Sign);
        let names = text
            .get(to..)
            .is_some_and(|rest| matches!(rest.trim_ascii_start().first(), Some(b'=' | b':' | b'(')));
        comma && word && !names
    }

    fn list_item(&mut self, to: usize) {
        self.list.pop();
        if let Some(last) = self.list.last_mut() {
            last.to = short(to);
            last.kind = Kind::Any;
            last.hash = WILD;
        }
    }

    /// A sign that stands alone, or what it opens.
    fn sign(&mut self, text: &[u8], at: usize) -> usize {
        let byte = text.get(at).copied().unwrap_or_default();
        match byte {
            b'"' if self.open => self.open = false,
            b'"' | b'\'' => {
                self.open = byte == b'"' && is_open(text, at);
                if !self.open
                    && let Some(end) = quoted(text, at)
                {
                    self.value(text, at, end, Kind::Text);
                    return end;
                }
            }
            b'=' => {
                self.push(text, at, at + 1, Kind::Sign);
                if empty_value(text, at + 1) {
                    self.push(text, at + 1, at + 1, Kind::Any);
                }
                return at + 1;
            }
            // 1190 bytes (1.16 KB)
            b')' if self.last_is(&[Kind::Size, Kind::Sign, Kind::Size]) => {
                self.list.truncate(self.list.len() - 2);
                self.spaced = false;
                return at + 1;
            }
            b']' => self.close_list(text, at),
            _ => {}
        }
        self.push(text, at, at + 1, Kind::Sign);
        at + 1
    }

    fn last_is(&self, kinds: &[Kind]) -> bool {
        let last = self.list.len().checked_sub(kinds.len()).and_then(|from| self.list.get(from..));
        last.is_some_and(|last| last.iter().zip(kinds).all(|(token, kind)| token.kind == *kind))
    }

    /// Makes one value of a list in brackets.
    fn close_list(&mut self, text: &[u8], at: usize) {
        let sign = |token: &Token, sign: u8| {
            token.kind == Kind::Sign && text.get(usize::from(token.from)) == Some(&sign)
        };
        let Some(open) = self.list.iter().rposition(|token| sign(token, b'[')) else { return };
        let Some(inner) = self.list.get(open + 1..) else { return };
        let commas = inner.iter().filter(|token| sign(token, b',')).count();
        let words = inner.len() - commas;
        let signs = inner.iter().filter(|token| token.kind == Kind::Sign).count();
        if inner.is_empty() || (commas > 0 && signs == commas && words <= 2 * (commas + 1)) {
            let from = self.list.get(open).map_or(at, |token| usize::from(token.to));
            self.list.truncate(open + 1);
            self.spaced = false;
            self.push(text, from, at, Kind::Any);
        }
    }

    /// A run of letters, digits and what may be inside of names.
    fn core(&mut self, text: &[u8], from: usize) -> usize {
        // Behind a key in quotes.
        if text.get(from) == Some(&b':')
            && text.get(from + 1).is_some_and(|byte| class(*byte) & (LETTER | DIGIT) != 0)
        {
            self.push(text, from, from + 1, Kind::Sign);
            return from + 1;
        }
        let mut bits = 0;
        let mut to = from;
        while let Some(&byte) = text.get(to) {
            let class = class(byte);
            if class & (SPACE | BREAK) != 0 {
                break;
            }
            if class == COLON && text.get(to + 1..to + 3) == Some(b"//") && to > from {
                let end = self.place_end(text, to);
                self.value(text, from, end, Kind::Path);
                return end;
            }
            bits |= class;
            to += 1;
        }
        // A sentence ends, a name is followed by what it names.
        let mut end = to;
        while end > from + 1 && text.get(end - 1).is_some_and(|byte| class(*byte) & (DOT | COLON) != 0) {
            end -= 1;
        }
        if bits & (LETTER | DIGIT) == 0 {
            self.push(text, from, to, Kind::Sign);
            return to;
        }
        if end == to
            && text.get(to) == Some(&b'{')
            && bits & SLASH == 0
            && let Some(end) = balanced(text, to)
        {
            self.value(text, from, end, Kind::Any);
            return end;
        }
        if end == to && bits & SLASH != 0 && is_path(text.get(from..end).unwrap_or_default()) {
            let end =
                if matches!(text.get(to), Some(b'?' | b'=' | b';')) { self.place_end(text, to) } else { to };
            let inner = text.get(from + 1..end).unwrap_or_default();
            let kind = if is_ip(inner) { Kind::Address } else { with_colons(inner).unwrap_or(Kind::Path) };
            self.value(text, from, end, kind);
            return end;
        }
        if end < to {
            bits = text.get(from..end).unwrap_or_default().iter().fold(0, |bits, byte| bits | class(*byte));
        }
        self.word(text, from, end, bits);
        if end < to {
            self.push(text, end, to, Kind::Sign);
        }
        to
    }

    /// Where an address of a resource ends.
    #[expect(clippy::unused_self, reason = "beside its callers")]
    fn place_end(&self, text: &[u8], from: usize) -> usize {
        let rest = text.get(from..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|b| matches!(b, 0..=b' ' | b'"' | b'\'' | b'<' | b'>' | b')' | b']' | b'|' | b','));
        from + length.unwrap_or(rest.len())
    }

    fn word(&mut self, text: &[u8], from: usize, to: usize, bits: u8) {
        let Some(core) = text.get(from..to) else { return };
        if bits & DIGIT == 0 {
            if bits & COLON != 0 {
                return self.parts(text, from, to);
            }
            if bits & SLASH != 0 && is_path(core) {
                return self.value(text, from, to, Kind::Path);
            }
            if core.len() > 40 {
                return self.value(text, from, to, Kind::Id);
            }
            if bits & OTHER != 0 && bits & DOT != 0 && is_mail(core) {
                return self.value(text, from, to, Kind::Address);
            }
            let before = self.last_byte(text);
            let constant = is_constant(core);
            if constant && matches!(before, b'=' | b':') {
                return self.value(text, from, to, Kind::Any);
            }
            if before == b',' && self.is_listed(text, from, to) {
                return self.list_item(to);
            }
            if self.number && self.spaced && is_unit(core) {
                return self.unit(to, core);
            }
            let soft = constant || before == b'=' || bits & (DOT | SLASH) != 0 || self.is_named(text);
            return self.push(text, from, to, if soft { Kind::Soft } else { Kind::Word });
        }
        match number(core) {
            Some(kind) => return self.value(text, from, to, kind),
            None if bits & COLON != 0 => {
                if let Some(kind) = with_colons(core) {
                    return self.value(text, from, to, kind);
                }
                return self.parts(text, from, to);
            }
            None => {}
        }
        if bits & SLASH != 0 {
            return self.value(text, from, to, Kind::Path);
        }
        if bits & (DOT | OTHER) == 0 && is_numbered(core) {
            return self.push(text, from, to, Kind::Soft);
        }
        let kind = if is_ip(core) || (bits & OTHER != 0 && is_mail(core)) { Kind::Address } else { Kind::Id };
        self.value(text, from, to, kind);
    }

    /// What stands between colons, one by one.
    fn parts(&mut self, text: &[u8], from: usize, to: usize) {
        let mut start = from;
        while start < to && self.list.len() < TOKENS {
            let rest = text.get(start..to).unwrap_or_default();
            let colon = memchr::memchr(b':', rest).map_or(to, |at| start + at);
            if colon > start {
                let part = text.get(start..colon).unwrap_or_default();
                // The rest of what begins like a path is one.
                if start > from && is_path(part) {
                    return self.value(text, start, to, Kind::Path);
                }
                let bits = part.iter().fold(0, |bits, byte| bits | class(*byte));
                self.word(text, start, colon, bits);
            }
            if colon < to {
                self.push(text, colon, colon + 1, Kind::Sign);
            }
            start = colon + 1;
        }
    }

    fn unit(&mut self, to: usize, unit: &[u8]) {
        if let Some(last) = self.list.last_mut() {
            last.to = short(to);
            let kind = if is_time_unit(unit) { Kind::Time } else { Kind::Size };
            last.kind = if last.kind == Kind::Number { kind } else { Kind::Any };
            self.number = false;
            self.spaced = false;
        }
    }

    fn last_is_calendar(&self, text: &[u8]) -> bool {
        self.list.last().is_some_and(|token| {
            token.to.saturating_sub(token.from) == 3
                && token.kind == Kind::Word
                && text.get(usize::from(token.from)..usize::from(token.to)).is_some_and(is_calendar)
        })
    }

    /// Whether the word before says that a name follows.
    fn is_named(&self, text: &[u8]) -> bool {
        self.list.last().is_some_and(|token| {
            matches!(token.kind, Kind::Word)
                && text.get(usize::from(token.from)..usize::from(token.to)).is_some_and(|word| {
                    matches!(word, b"user" | b"User" | b"host" | b"account" | b"group" | b"queue")
                })
        })
    }
}

fn short(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// Where a sequence that colours ends.
fn colour_end(text: &[u8], at: usize) -> usize {
    if text.get(at + 1) != Some(&b'[') {
        return at + 1;
    }
    let rest = text.get(at + 2..).unwrap_or_default();
    at + 3 + rest.iter().take(32).position(|byte| (0x40..0x7f).contains(byte)).unwrap_or_default()
}

/// Whether what is quoted here is no value: a request line, a key of JSON.
fn is_open(text: &[u8], at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default();
    let rest = rest.get(..REACH).unwrap_or(rest);
    let is_request = [&b"GET "[..], b"POST ", b"PUT ", b"DELETE ", b"HEAD ", b"PATCH ", b"OPTIONS "];
    is_request.iter().any(|method| rest.starts_with(method))
        || memchr::memchr(b'"', rest).is_some_and(|end| end > 0 && rest.get(end + 1) == Some(&b':'))
}

/// The end of a quoted string.
fn quoted(text: &[u8], at: usize) -> Option<usize> {
    let quote = *text.get(at)?;
    if quote == b'\'' && at > 0 && text.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let rest = text.get(at + 1..)?;
    let rest = rest.get(..REACH).unwrap_or(rest);
    let length = memchr::memchr_iter(quote, rest)
        .find(|end| quote == b'"' || !rest.get(end + 1).is_some_and(u8::is_ascii_alphanumeric))?;
    Some(at + length + 2)
}

/// Behind the brace that closes the one here.
fn balanced(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_u32;
    for (offset, byte) in text.get(at..)?.iter().take(REACH).enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether nothing stands behind `=`: white space, then another key or the end.
fn empty_value(text: &[u8], at: usize) -> bool {
    let Some(rest) = text.get(at..) else { return true };
    match rest.first() {
        None | Some(b',' | b';') => true,
        Some(b' ') => {
            let next = rest.trim_ascii_start();
            let end = next.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
            end.is_some_and(|end| end > 0 && next.get(end) == Some(&b'='))
        }
        Some(_) => false,
    }
}
