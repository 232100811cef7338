//! From the terminal's bytes to keys and pastes; pure, with time as an argument.
//!
//! An unknown, late or broken escape sequence must never run a command, so:
//!
//! - A lone ESC is the Esc key once nothing followed it for the escape wait. What follows sooner
//!   belongs to one sequence, which is known or is discarded.
//! - A sequence that has begun stays open for [`HOLD`] after its last byte: a link may stall inside it.
//! - When the Esc key was given out and its sequence comes after all, within [`LATE`], the rest of
//!   it is discarded. A person who types `[` that soon after Esc sees it [`LATE`] later.
//! - What is discarded is told, where a person may have typed it: Esc and the next key at once.
//! - Pasted text never becomes keys. What follows an end marker without a pause is still pasted:
//!   text from elsewhere may contain an end marker of its own.

use std::time::Duration;

use super::sequence::{self, Meaning};
use crate::config::key::{Code, Key};
use crate::model::text::RawText;
use crate::pane::effect::Msg;

/// How long an unfinished sequence stays open after its last byte.
pub const HOLD: Duration = Duration::from_secs(1);

/// How long after a delivered Esc the rest of a sequence is recognised as such.
pub const LATE: Duration = Duration::from_millis(500);

/// A paste without an end for this long is handed on as far as it came.
const STALLED: Duration = Duration::from_secs(5);

/// The longest paste, in bytes. What is longer fits nowhere, and a part of it is not what was pasted.
pub const PASTE_LIMIT: usize = 1 << 20;

const ESC: u8 = 0x1b;
const CTRL_C: u8 = 0x03;
const PASTE_END: &[u8] = b"\x1b[201~";

/// What a person did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Pressed a key.
    Key(Key),
    /// Pasted text, as it came, of [`PASTE_LIMIT`] bytes at most.
    Paste(RawText),
    /// Text was pasted that is longer: it is not taken.
    LongPaste,
    /// Keys that came as a sequence which is not known, or which never ended; they are lost.
    Unknown,
}

impl Typed {
    /// What the app is told.
    pub(super) fn message(self) -> Msg {
        match self {
            Self::Key(key) => Msg::Key(key),
            Self::Paste(text) => Msg::Paste(text),
            Self::LongPaste => Msg::LongPaste,
            Self::Unknown => {
                let text = "Keys not understood, so nothing was done. After Esc, wait a moment.";
                Msg::Trouble(text.into())
            }
        }
    }
}

/// Reads the terminal's bytes. Time is any monotonic count.
#[derive(Debug)]
pub struct Parser {
    escape_wait: Duration,
    state: State,
    /// When the last byte came.
    last: Duration,
    /// Until when the rest of a sequence may follow an Esc that was given out.
    late_until: Option<Duration>,
    typed: Vec<Typed>,
}

#[derive(Debug)]
enum State {
    Ground,
    /// So many ESC, and nothing yet after them.
    Escape(usize),
    /// Something that may begin the rest of a late sequence.
    Held(u8),
    /// Inside CSI.
    Csi(Open),
    /// Inside SS3, which terminals send for some keys.
    Ss3(Open),
    /// Inside a reply made of text (OSC, DCS, APC); true after an ESC that may end it.
    Reply(bool),
    /// So many bytes of an old mouse report to come.
    Mouse(u8),
    /// A character in several bytes.
    Wide {
        alt: bool,
        bytes: Vec<u8>,
        length: usize,
    },
    Paste(Paste),
}

#[derive(Debug, Default)]
struct Open {
    /// Its ESC was given out as a key already.
    late: bool,
    alt: bool,
    parameters: Vec<u8>,
}

#[derive(Debug, Default)]
struct Paste {
    text: Vec<u8>,
    /// Bytes beyond the longest that is taken.
    beyond: usize,
    /// Bytes of the end marker seen last.
    matched: usize,
    /// The last bytes were an end marker.
    at_end: bool,
    /// There was an end marker.
    ended: bool,
    /// The terminal said nothing for [`STALLED`]; Esc or ctrl-c ends it now.
    stalled: bool,
}

impl Paste {
    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.text.len() < PASTE_LIMIT {
                self.text.push(*byte);
            } else {
                self.beyond += 1;
            }
        }
    }

    fn feed(&mut self, byte: u8) {
        if std::mem::take(&mut self.at_end) {
            self.push(PASTE_END);
        }
        if PASTE_END.get(self.matched) == Some(&byte) {
            self.matched += 1;
            if self.matched == PASTE_END.len() {
                (self.matched, self.at_end, self.ended) = (0, true, true);
            }
            return;
        }
        self.push(PASTE_END.get(..self.matched).unwrap_or_default());
        self.matched = usize::from(byte == ESC);
        if byte != ESC {
            self.push(&[byte]);
        }
    }

    fn take(&mut self) -> Option<Typed> {
        let text = std::mem::take(&mut self.text);
        if std::mem::take(&mut self.beyond) > 0 {
            return Some(Typed::LongPaste);
        }
        (!text.is_empty()).then(|| Typed::Paste(RawText::from_bytes(&text)))
    }
}

impl Parser {
    /// `escape_wait`: how long after an ESC the rest of its sequence may take.
    pub fn new(escape_wait: Duration) -> Self {
        Self { escape_wait, state: State::Ground, last: Duration::ZERO, late_until: None, typed: Vec::new() }
    }

    /// Reads bytes that came at `at`. Nothing expires here: call [`expire`](Self::expire) when the
    /// deadline passes without bytes.
    pub fn feed(&mut self, bytes: &[u8], at: Duration) -> Vec<Typed> {
        self.last = at;
        for byte in bytes {
            self.byte(*byte);
        }
        std::mem::take(&mut self.typed)
    }

    /// When to call [`expire`](Self::expire) unless bytes come first; `None` when nothing is open.
    pub fn deadline(&self) -> Option<Duration> {
        let wait = match &self.state {
            State::Ground | State::Wide { .. } => return None,
            State::Escape(_) => self.escape_wait,
            State::Held(_) | State::Csi(Open { late: true, .. }) | State::Ss3(Open { late: true, .. }) => {
                LATE
            }
            State::Csi(_) | State::Ss3(_) | State::Reply(_) | State::Mouse(_) => HOLD,
            // Twice, so that a paste that arrives in pieces is one.
            State::Paste(paste) if paste.ended => self.escape_wait * 2,
            State::Paste(paste) if paste.stalled && paste.matched + paste.text.len() == 0 => return None,
            State::Paste(paste) if paste.stalled => self.escape_wait * 2,
            State::Paste(_) => STALLED,
        };
        Some(self.last + wait)
    }

    /// Says that no bytes came until `at`: what was open too long is decided.
    pub fn expire(&mut self, at: Duration) -> Vec<Typed> {
        if self.deadline().is_none_or(|deadline| at < deadline) {
            return Vec::new();
        }
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Escape(count) => {
                self.typed.extend((0..count).map(|_| Typed::Key(Key::plain(Code::Esc))));
                self.late_until = Some(at + LATE);
            }
            State::Held(byte) => self.ground(byte),
            State::Paste(mut paste) => {
                let given_up = paste.stalled && paste.matched == 1 && paste.text.is_empty();
                self.typed.extend(paste.take());
                if !paste.ended && !given_up {
                    paste.stalled = true;
                    self.state = State::Paste(paste);
                }
            }
            // A person who typed Esc and one of these at once, or a link that lost the rest.
            State::Csi(Open { late: false, .. })
            | State::Ss3(Open { late: false, .. })
            | State::Reply(_)
            | State::Mouse(_) => self.typed.push(Typed::Unknown),
            _ => {}
        }
        std::mem::take(&mut self.typed)
    }

    fn key(&mut self, code: Code, ctrl: bool, alt: bool) {
        self.typed.push(Typed::Key(Key { code, ctrl, alt }));
    }

    fn byte(&mut self, byte: u8) {
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Ground => {
                let late = self.late_until.take().is_some_and(|until| self.last <= until);
                if late && matches!(byte, b'[' | b'O' | b']' | b'P' | b'_') {
                    self.state = State::Held(byte);
                } else {
                    self.ground(byte);
                }
            }
            State::Escape(count) => self.after_escape(count, byte),
            State::Held(held) => {
                if sequence::may_continue(held, byte) {
                    self.open(held, true, false);
                } else {
                    self.ground(held);
                }
                self.byte(byte);
            }
            State::Csi(open) => self.inside(open, byte, true),
            State::Ss3(open) => self.inside(open, byte, false),
            State::Reply(escape) => match byte {
                b'\\' if escape => {}
                _ if escape => self.after_escape(1, byte),
                ESC => self.state = State::Reply(true),
                0x20..=0x7e | 0x80.. => self.state = State::Reply(false),
                // BEL ends it; ctrl-c always gets through; other controls only break it off.
                CTRL_C => self.ground(CTRL_C),
                _ => {}
            },
            State::Mouse(left) => {
                if left > 1 {
                    self.state = State::Mouse(left - 1);
                }
            }
            State::Wide { alt, bytes, length } => self.wide(alt, bytes, length, byte),
            State::Paste(mut paste) => {
                if paste.stalled && byte == CTRL_C && paste.text.is_empty() {
                    return;
                }
                paste.feed(byte);
                self.state = State::Paste(paste);
            }
        }
    }

    fn after_escape(&mut self, count: usize, byte: u8) {
        match byte {
            // Several Esc in one burst; the count is bounded so that a held key cannot pile up.
            ESC => self.state = State::Escape((count + 1).min(8)),
            b'[' | b'O' | b']' | b'P' | b'_' | b'^' | b'X' => self.open(byte, false, count > 1),
            _ => self.plain(byte, true),
        }
    }

    fn open(&mut self, introducer: u8, late: bool, alt: bool) {
        let open = Open { late, alt, parameters: Vec::new() };
        self.state = match introducer {
            b'[' => State::Csi(open),
            b'O' => State::Ss3(open),
            _ => State::Reply(false),
        };
    }

    fn inside(&mut self, mut open: Open, byte: u8, csi: bool) {
        let linux = csi && byte == b'[' && open.parameters.is_empty();
        // rxvt ends shifted keys with `$`, which elsewhere comes before the last byte.
        let rxvt = byte == b'$' && open.parameters.iter().all(u8::is_ascii_digit);
        match byte {
            ESC => self.state = State::Escape(1),
            CTRL_C => self.ground(CTRL_C),
            0x20..=0x3f if !rxvt => {
                if open.parameters.len() < sequence::LONGEST {
                    open.parameters.push(byte);
                }
                self.state = if csi { State::Csi(open) } else { State::Ss3(open) };
            }
            _ if linux => {
                open.parameters.push(byte);
                self.state = State::Csi(open);
            }
            0x40..=0x7e => {
                let meaning = if csi {
                    sequence::csi(&open.parameters, byte)
                } else {
                    sequence::ss3(&open.parameters, byte)
                };
                match meaning {
                    Meaning::Key(key) if !open.late => self.key(key.code, key.ctrl, key.alt || open.alt),
                    // Nothing but keys is that short, except that a terminal tells of its focus.
                    Meaning::Nothing
                        if !open.late
                            && open.parameters.is_empty()
                            && !(csi && matches!(byte, b'I' | b'O')) =>
                    {
                        self.typed.push(Typed::Unknown);
                    }
                    Meaning::Key(_) | Meaning::Nothing => {}
                    // Even late: what follows is text.
                    Meaning::PasteStart => self.state = State::Paste(Paste::default()),
                    Meaning::MouseFollows => self.state = State::Mouse(3),
                }
            }
            _ if !open.late && !rxvt => self.typed.push(Typed::Unknown),
            _ => {}
        }
    }

    fn ground(&mut self, byte: u8) {
        match byte {
            ESC => self.state = State::Escape(1),
            // The one-byte forms of CSI, SS3, OSC, DCS and APC; no character begins with them.
            0x9b => self.open(b'[', false, false),
            0x8f => self.open(b'O', false, false),
            0x9d => self.open(b']', false, false),
            0x90 => self.open(b'P', false, false),
            0x9f => self.open(b'_', false, false),
            _ => self.plain(byte, false),
        }
    }

    /// A byte that is a key of its own or begins a character.
    fn plain(&mut self, byte: u8, alt: bool) {
        match byte {
            0x00 => self.key(Code::Char(' '), true, alt),
            0x08 | 0x7f => self.key(Code::Backspace, false, alt),
            b'\t' => self.key(Code::Tab, false, alt),
            b'\r' => self.key(Code::Enter, false, alt),
            0x01..=0x1a => self.key(Code::Char(char::from(byte + 0x60)), true, alt),
            0x1c..=0x1f => self.key(Code::Char(char::from(byte + 0x40)), true, alt),
            0x20..=0x7e => self.key(Code::Char(char::from(byte)), false, alt),
            0xc2..=0xdf => self.state = State::Wide { alt, bytes: vec![byte], length: 2 },
            0xe0..=0xef => self.state = State::Wide { alt, bytes: vec![byte], length: 3 },
            0xf0..=0xf4 => self.state = State::Wide { alt, bytes: vec![byte], length: 4 },
            _ => {}
        }
    }

    fn wide(&mut self, alt: bool, mut bytes: Vec<u8>, length: usize, byte: u8) {
        if !(0x80..=0xbf).contains(&byte) {
            return self.ground(byte);
        }
        bytes.push(byte);
        if bytes.len() < length {
            self.state = State::Wide { alt, bytes, length };
        } else if let Some(c) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next())
            && !c.is_control()
        {
            self.key(Code::Char(c), false, alt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WAIT: Duration = Duration::from_millis(50);
    const GAP: Duration = Duration::from_millis(150);

    /// Plays pieces of input, each `gap` after the one before, then a long silence.
    fn play(pieces: &[&[u8]], gap: Duration) -> Vec<Typed> {
        let mut parser = Parser::new(WAIT);
        let (mut typed, mut now) = (Vec::new(), Duration::from_secs(1));
        let wait_until = |parser: &mut Parser, typed: &mut Vec<Typed>, until: Duration| {
            while let Some(deadline) = parser.deadline().filter(|deadline| *deadline <= until) {
                typed.extend(parser.expire(deadline));
            }
        };
        for piece in pieces {
            typed.extend(parser.feed(piece, now));
            now += gap;
            wait_until(&mut parser, &mut typed, now);
        }
        wait_until(&mut parser, &mut typed, now + Duration::from_secs(60));
        typed
    }

    fn keys(text: &str) -> Vec<Typed> {
        text.split_whitespace().map(|key| Typed::Key(key.parse().unwrap())).collect()
    }

    fn paste(text: &[u8]) -> Typed {
        Typed::Paste(RawText::from_bytes(text))
    }

    #[test]
    fn keys_are_read_in_all_their_forms() {
        for (bytes, expected) in [
            ("jG ", "j G space"),
            ("\r\t\u{7f}\u{8}", "Enter Tab Backspace Backspace"),
            ("\u{3}\u{4}\u{1a}\n", "ctrl-c ctrl-d ctrl-z ctrl-j"),
            ("\x1b", "Esc"),
            ("\x1b[A\x1bOB\x1b[1;5C\x1b[1;3D", "Up Down ctrl-Right alt-Left"),
            ("\x1b[H\x1bOF\x1b[1~\x1b[4~\x1b[7~\x1b[8~", "Home End Home End Home End"),
            ("\x1b[2~\x1b[3~\x1b[5~\x1b[6~\x1b[3;5~", "Ins Del PgUp PgDn ctrl-Del"),
            ("\x1b[Z\x1b[1;2Z\x1b[27;2;9~\x1b[9;2u", "S-Tab S-Tab S-Tab S-Tab"),
            ("\x1bOP\x1b[11~\x1b[[A\x1b[15~\x1b[24~\x1b[34~", "F1 F1 F1 F5 F12 F20"),
            ("\x1bx\x1b\r\x1b\x1b[A", "alt-x alt-Enter alt-Up"),
            ("\x1b[97u\x1b[97;2u\x1b[97;5u\x1b[49:33;2u\x1b[27u", "a A ctrl-a ! Esc"),
            ("\x1b[27;5;100~\x1b[13;1u\x1b[127u", "ctrl-d Enter Backspace"),
            ("\u{e9}\u{4e2d}\u{1f600}", "\u{e9} \u{4e2d} \u{1f600}"),
            ("\u{9b}", ""),
        ] {
            assert_eq!(play(&[bytes.as_bytes()], GAP), keys(expected), "{bytes:?}");
        }
    }

    #[test]
    fn replies_reports_and_unknown_sequences_are_nothing() {
        for bytes in NOTHING {
            let mut around = b"j".to_vec();
            around.extend_from_slice(bytes);
            around.push(b'k');
            let got = play(&[&around], GAP);
            let got: Vec<_> = got.into_iter().filter(|typed| *typed != Typed::Unknown).collect();
            assert_eq!(got, keys("j k"), "{}", bytes.escape_ascii());
        }
    }

    /// Sequences that mean no key: replies to queries, mouse, focus, shifted and media keys.
    const NOTHING: &[&[u8]] = &[
        b"\x1b[?62;1;6;22c",
        b"\x1b[>41;354;0c",
        b"\x1b[24;80R",
        b"\x1b[0n",
        b"\x1b[?2026;2$y",
        b"\x1b[?0u",
        b"\x1b[8;24;80t",
        b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
        b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
        b"\x1b]lq\xc3\x9cj\x1b\\",
        b"\x1bP>|XTerm(370)\x1b\\",
        b"\x1bP1$r0 q\x1b\\",
        b"\x1bP1+r544e=787465726d\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b[I",
        b"\x1b[O",
        b"\x1b[<0;10;10M",
        b"\x1b[<0;10;10m",
        b"\x1b[M !!",
        b"\x1b[32;10;10M",
        b"\x1b[1;2A",
        b"\x1b[1;9A",
        b"\x1b[3$",
        b"\x1b[3^",
        b"\x1b[a",
        b"\x1b[57441;1u",
        b"\x1b[97;1:3u",
        b"\x1b[99999999999999999999~",
        b"\x1b[1;2;3;4;5;6;7~",
        b"\x1b[201~",
    ];

    const MEANT: &[(&[u8], &str)] = &[
        (b"\x1b[A", "Up"),
        (b"\x1bOD", "Left"),
        (b"\x1b[1;5C", "ctrl-Right"),
        (b"\x1b[3~", "Del"),
        (b"\x1b[15~", "F5"),
        (b"\x1b[[B", "F2"),
        (b"\x1bOP", "F1"),
        (b"\x1b[Z", "S-Tab"),
        (b"\x1b[97;5u", "ctrl-a"),
        (b"\x1b[27;5;100~", "ctrl-d"),
    ];

    /// Every way to cut in one place, and all places at once.
    fn splits(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
        let mut all: Vec<Vec<&[u8]>> = (1..bytes.len()).map(|i| vec![&bytes[..i], &bytes[i..]]).collect();
        all.push(bytes.chunks(1).collect());
        all
    }

    #[test]
    fn a_sequence_split_anywhere_never_runs_a_command() {
        let all = MEANT.iter().copied().chain(NOTHING.iter().map(|bytes| (*bytes, "")));
        for (bytes, whole) in all {
            for pieces in splits(bytes) {
                // An ESC that stood alone for longer than the escape wait has counted as Esc.
                let alone = pieces[0].iter().all(|byte| *byte == 0x1b);
                let got = play(&pieces, GAP);
                let esc = got.iter().filter(|typed| **typed == keys("Esc")[0]).count();
                let lost = [keys("Esc")[0].clone(), Typed::Unknown];
                let rest: Vec<_> = got.into_iter().filter(|typed| !lost.contains(typed)).collect();
                let shown = bytes.escape_ascii();
                assert!(esc == 0 || alone, "{shown} in {pieces:?}: {esc} Esc");
                assert!(rest.is_empty() || rest == keys(whole), "{shown} in {pieces:?}: {rest:?}");
                assert!(alone || rest == keys(whole), "{shown} in {pieces:?}: lost, {rest:?}");
            }
        }
    }

    #[test]
    fn keys_after_esc_reach_a_person_who_types_them() {
        let after = |text: &[u8], gap| play(&[b"\x1b", text], Duration::from_millis(gap));
        assert_eq!(after(b"[", 150), keys("Esc ["), "held, then given");
        assert_eq!(after(b"]j", 150), keys("Esc ] j"));
        assert_eq!(after(b"[j", 150), keys("Esc [ j"), "no terminal sends that");
        assert_eq!(after(b"PP", 150), keys("Esc P P"));
        assert_eq!(after(b"j[A", 150), keys("Esc j [ A"));
        assert_eq!(after(b"[A", 700), keys("Esc [ A"), "too late to be one sequence");
        assert_eq!(play(&[b"\x1b\x1b"], GAP), keys("Esc Esc"));
        assert_eq!(after(b"\x1b[A", 150), keys("Esc Up"));
    }

    #[test]
    fn a_burst_after_esc_is_one_thing() {
        assert_eq!(play(&[b"\x1b", b"q"], Duration::from_millis(40)), keys("alt-q"));
        assert_eq!(play(&[b"\x1b[", b"A"], Duration::from_millis(900)), keys("Up"));
    }

    #[test]
    fn what_a_person_may_have_typed_is_lost_but_told() {
        let told = |text: &[u8]| play(&[text], GAP).contains(&Typed::Unknown);
        for bytes in
            [b"\x1b[" as &[u8], b"\x1b[j", b"\x1b[\r", b"\x1bO", b"\x1bOz", b"\x1b]jj", b"\x1bP", b"\x1b[a"]
        {
            assert!(told(bytes), "{}", bytes.escape_ascii());
        }
        // What terminals send by themselves, and a rest that came too late, are nobody's news.
        for bytes in NOTHING.iter().filter(|bytes| **bytes != b"\x1b[a") {
            assert!(!told(bytes), "{}", bytes.escape_ascii());
        }
        assert!(!play(&[b"\x1b", b"[12"], GAP).contains(&Typed::Unknown));
    }

    #[test]
    fn ctrl_c_gets_through_whatever_is_open() {
        for open in ["\x1b[12", "\x1bO1", "\x1b]11;rgb", "\x1bPxyz"] {
            assert_eq!(play(&[open.as_bytes(), b"\x03"], WAIT), keys("ctrl-c"), "{open:?}");
        }
    }

    #[test]
    fn a_paste_is_text_whatever_is_in_it() {
        let wrap = |text: &[u8]| [b"\x1b[200~", text, b"\x1b[201~"].concat();
        assert_eq!(play(&[&wrap(b"kubectl\r\nget\x03")], GAP), [paste(b"kubectl\r\nget\x03")]);
        assert_eq!(play(&[&wrap(b"")], GAP), []);
        assert_eq!(
            play(&[&wrap(b"y\r\x1b[201~\r")], GAP),
            [paste(b"y\r\x1b[201~\r")],
            "an end marker of its own ends nothing"
        );
        assert_eq!(play(&[&wrap(b"\x1b[20\x1b[200~x")], GAP), [paste(b"\x1b[20\x1b[200~x")]);
        let twice = [wrap(b"a"), wrap(b"b")];
        assert_eq!(play(&[&twice[0], &twice[1]], GAP), [paste(b"a"), paste(b"b")]);
    }

    #[test]
    fn a_paste_split_anywhere_is_still_no_key() {
        let bytes = b"\x1b[200~qq\ry\x1b[201~";
        for pieces in splits(bytes) {
            let got = play(&pieces, GAP);
            let alone = pieces[0] == b"\x1b";
            let (esc, rest) = got.split_at(usize::from(alone));
            assert_eq!(esc, &keys("Esc")[..usize::from(alone)], "{pieces:?}");
            assert_eq!(rest, [paste(b"qq\ry")], "{pieces:?}");
        }
    }

    #[test]
    fn a_paste_that_never_ends_is_handed_on_and_esc_gets_out_of_it() {
        let slow = Duration::from_secs(6);
        assert_eq!(
            play(&[b"\x1b[200~ab", b"cd", b"\x1b", b"q"], slow),
            [paste(b"ab"), paste(b"cd"), keys("q")[0].clone()]
        );
    }

    #[test]
    fn of_a_paste_that_is_too_long_no_part_is_taken_and_the_next_one_is() {
        let wrap = |text: &[u8]| [b"\x1b[200~", text, b"\x1b[201~"].concat();
        let of = |length: usize| wrap(&vec![b'x'; length]);
        let whole = play(&[&of(PASTE_LIMIT)], GAP);
        assert_eq!(whole, [paste(&vec![b'x'; PASTE_LIMIT])]);
        assert_eq!(play(&[&of(PASTE_LIMIT + 1), &of(2)], GAP), [Typed::LongPaste, paste(b"xx")]);
        assert!(matches!(Typed::LongPaste.message(), Msg::LongPaste));
    }

    proptest! {
        #[test]
        fn pieces_of_one_burst_mean_the_same_as_the_whole(
            bytes in prop::collection::vec(prop_oneof![Just(0x1b), Just(b'['), Just(b'O'), Just(b'~'), 0u8..=255], 0..40),
            cut in 0usize..40,
        ) {
            let cut = cut.min(bytes.len());
            prop_assert_eq!(
                play(&[&bytes], GAP),
                play(&[&bytes[..cut], &bytes[cut..]], Duration::ZERO)
            );
        }
    }
}
