//! What a complete escape sequence from a terminal means.
//!
//! Sources: xterm's ctlseqs, the kitty keyboard protocol, rxvt's and the Linux console's terminfo.

use crate::config::key::{Code, Key};

/// Parameters beyond this many bytes mean nothing that is known.
pub(super) const LONGEST: usize = 64;

/// The meaning of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    Key(Key),
    PasteStart,
    /// Three bytes of a mouse report follow.
    MouseFollows,
    /// A reply, a report, a modifier that no key here has, or unknown.
    Nothing,
}

/// Whether `next` may follow a late `introducer` in what a terminal sends. Chosen so that keys
/// which a person types after Esc are rarely mistaken for it.
pub(super) fn may_continue(introducer: u8, next: u8) -> bool {
    match introducer {
        b'[' => {
            matches!(next, b'0'..=b'9' | b';' | b'<' | b'=' | b'>' | b'?' | b'A'..=b'Z' | b'[' | b'a'..=b'd')
        }
        b'O' => next.is_ascii_alphanumeric(),
        b']' => matches!(next, b'0'..=b'9' | b'l' | b'L'),
        b'P' => matches!(next, b'0'..=b'9' | b'>' | b'!' | b'=' | b'+' | b'$'),
        _ => next == b'G',
    }
}

/// A sequence that began with ESC `[`.
pub(super) fn csi(parameters: &[u8], last: u8) -> Meaning {
    match (parameters, last) {
        (b"200", b'~') => return Meaning::PasteStart,
        (b"", b'M') => return Meaning::MouseFollows,
        (b"[", b'A'..=b'E') => return key(Code::F(last - b'A' + 1), 1),
        (b"" | b"1;2", b'Z') => return key(Code::BackTab, 1),
        _ => {}
    }
    let Some(fields) = fields(parameters) else { return Meaning::Nothing };
    let first = |i: usize| fields.get(i).and_then(|field| field.first()).copied();
    // `1;modifiers` is the long form of a key without a number; no number at all is the short one.
    let lettered = matches!((first(0).unwrap_or(1), fields.len()), (1, ..=2));
    match last {
        b'~' if first(0) == Some(27) && fields.len() == 3 => {
            first(2).map_or(Meaning::Nothing, |code| coded(code, None, first(1).unwrap_or(1)))
        }
        b'~' if fields.len() <= 2 => {
            first(0).and_then(numbered).map_or(Meaning::Nothing, |code| key(code, first(1).unwrap_or(1)))
        }
        b'u' => {
            let event = fields.get(1).and_then(|field| field.get(1)).copied().unwrap_or(1);
            let shifted = fields.first().and_then(|field| field.get(1)).copied();
            match first(0) {
                Some(code) if event < 3 => coded(code, shifted, first(1).unwrap_or(1)),
                _ => Meaning::Nothing,
            }
        }
        // With parameters `R` may be a cursor report.
        b'R' => Meaning::Nothing,
        _ if lettered => named(last).map_or(Meaning::Nothing, |code| key(code, first(1).unwrap_or(1))),
        _ => Meaning::Nothing,
    }
}

/// A sequence that began with ESC `O`.
pub(super) fn ss3(parameters: &[u8], last: u8) -> Meaning {
    let modifiers = match parameters {
        [] => 1,
        [digit @ b'1'..=b'9'] => u32::from(digit - b'0'),
        _ => return Meaning::Nothing,
    };
    match last {
        b'M' => key(Code::Enter, modifiers),
        b'R' => key(Code::F(3), modifiers),
        _ => named(last).map_or(Meaning::Nothing, |code| key(code, modifiers)),
    }
}

/// Numbers separated by `;`, each perhaps with more after `:`; `None` when it holds anything else.
fn fields(parameters: &[u8]) -> Option<Vec<Vec<u32>>> {
    let text = std::str::from_utf8(parameters).ok()?;
    let number = |text: &str| if text.is_empty() { Some(1) } else { text.parse().ok() };
    text.split(';').map(|field| field.split(':').map(number).collect()).collect()
}

fn named(last: u8) -> Option<Code> {
    Some(match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        b'P' => Code::F(1),
        b'Q' => Code::F(2),
        b'S' => Code::F(4),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<Code> {
    let number = u8::try_from(number).ok()?;
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(number - 10),
        17..=21 => Code::F(number - 11),
        23..=26 => Code::F(number - 12),
        28..=29 => Code::F(number - 13),
        31..=34 => Code::F(number - 14),
        _ => return None,
    })
}

/// A key that is no character. Shift is part of no such key here, so with it nothing is meant.
fn key(code: Code, modifiers: u32) -> Meaning {
    match held(modifiers) {
        Some((false, alt, ctrl)) => Meaning::Key(Key { code, ctrl, alt }),
        _ => Meaning::Nothing,
    }
}

/// A key given by its code point, as kitty's protocol and modifyOtherKeys do.
fn coded(code: u32, shifted: Option<u32>, modifiers: u32) -> Meaning {
    let Some((shift, alt, ctrl)) = held(modifiers) else { return Meaning::Nothing };
    let code = match (code, shift) {
        (9, true) => Code::BackTab,
        (9, false) => Code::Tab,
        (13, false) => Code::Enter,
        (27, false) => Code::Esc,
        (8 | 127, false) => Code::Backspace,
        _ => {
            let Some(c) = char::from_u32(code) else { return Meaning::Nothing };
            let c = match shifted.and_then(char::from_u32) {
                Some(upper) if shift => upper,
                _ if shift && c.is_ascii_alphabetic() && !ctrl => c.to_ascii_uppercase(),
                _ if shift && !c.is_ascii_uppercase() => return Meaning::Nothing,
                _ => c,
            };
            // Private use: keys such as a lone shift or the media keys.
            if c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c) {
                return Meaning::Nothing;
            }
            Code::Char(c)
        }
    };
    Meaning::Key(Key { code, ctrl, alt })
}

/// Shift, alt and control of a modifier parameter; `None` with any other modifier but the locks.
fn held(parameter: u32) -> Option<(bool, bool, bool)> {
    const LOCKS: u32 = 64 | 128;
    let bits = parameter.checked_sub(1)? & !LOCKS;
    (bits < 8).then_some((bits & 1 != 0, bits & 2 != 0, bits & 4 != 0))
}
