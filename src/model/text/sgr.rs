//! Escape sequences in log lines: where one ends, and what colour it asks for.

use super::ink::{AnsiColour, Ink};

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// Length of the complete escape sequence (ECMA-48, 7-bit) at the start of `bytes`, its ESC
/// included. `None` if there is none: the text after a broken introducer must stay text.
///
/// Stricter than a terminal, which executes a control character inside a sequence: any control
/// character that is not the terminator breaks it. Reads no further than the next ESC, so a
/// flood of introducers costs one pass.
pub(super) fn sequence_len(bytes: &[u8]) -> Option<usize> {
    let (introducer, body) = match bytes {
        [ESC, introducer, body @ ..] => (*introducer, body),
        _ => return None,
    };
    let body_len = match introducer {
        b'[' => {
            let parameters = count(body, |byte| matches!(byte, 0x30..=0x3f));
            final_len(body, parameters, 0x40..=0x7e)?
        }
        // OSC, DCS, SOS, PM, APC; only OSC may end with BEL.
        b']' => string_len(body, true)?,
        b'P' | b'X' | b'^' | b'_' => string_len(body, false)?,
        0x20..=0x2f => final_len(body, 0, 0x30..=0x7e)?,
        0x30..=0x7e => 0,
        _ => return None,
    };
    Some(2 + body_len)
}

fn count(bytes: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| accept(**byte)).count()
}

/// Length up to and with the final byte, after `done` bytes and any intermediates.
fn final_len(body: &[u8], done: usize, finals: std::ops::RangeInclusive<u8>) -> Option<usize> {
    let rest = body.get(done..)?;
    let intermediates = count(rest, |byte| matches!(byte, 0x20..=0x2f));
    rest.get(intermediates).filter(|byte| finals.contains(byte))?;
    Some(done + intermediates + 1)
}

/// Length of a control string's body with its terminator.
fn string_len(body: &[u8], bel_ends: bool) -> Option<usize> {
    let content = count(body, |byte| byte >= 0x20);
    match body.get(content..)? {
        [ESC, b'\\', ..] => Some(content + 2),
        [BEL, ..] if bel_ends => Some(content + 1),
        _ => None,
    }
}

/// The colours and attributes in force, as the SGR sequences of one line set them.
#[derive(Default)]
pub(super) struct Pen {
    ink: Ink,
    obeyed: bool,
}

impl Pen {
    /// Obeys a complete sequence if it is SGR. False: it is another one, or malformed.
    pub(super) fn obey(&mut self, sequence: &[u8]) -> bool {
        if sequence.last() != Some(&b'm') {
            return false;
        }
        self.obeyed = false;
        vte::Parser::new().advance(self, sequence);
        self.obeyed
    }

    /// How text is drawn now.
    pub(super) fn ink(&self) -> Ink {
        self.ink.readable()
    }

    fn set(&mut self, parameter: u16, colour: impl FnOnce() -> Option<AnsiColour>, sub: Option<u16>) {
        let ink = &mut self.ink;
        match parameter {
            0 => *ink = Ink::default(),
            1 => ink.bold = true,
            4 => ink.underline = sub != Some(0),
            7 => ink.reverse = true,
            21 => ink.underline = true,
            22 => ink.bold = false,
            24 => ink.underline = false,
            27 => ink.reverse = false,
            30..=37 => ink.colour = indexed(parameter - 30),
            38 => ink.colour = colour().or(ink.colour),
            39 => ink.colour = None,
            40..=47 => ink.background = indexed(parameter - 40),
            48 => ink.background = colour().or(ink.background),
            49 => ink.background = None,
            // Underline colour: read, so that its numbers are not taken for attributes.
            58 => {
                colour();
            }
            90..=97 => ink.colour = indexed(parameter - 90 + 8),
            100..=107 => ink.background = indexed(parameter - 100 + 8),
            // Blink, conceal, faint, italic, fonts: ignored, so that nothing is hidden.
            _ => {}
        }
    }
}

impl vte::Perform for Pen {
    fn csi_dispatch(&mut self, params: &vte::Params, intermediates: &[u8], ignore: bool, action: char) {
        if action != 'm' || ignore || !intermediates.is_empty() {
            return;
        }
        self.obeyed = true;
        let mut params = params.iter();
        while let Some(param) = params.next() {
            match param {
                [one] => self.set(*one, || separate_colour(&mut params), None),
                [one, sub @ ..] => self.set(*one, || sub_colour(sub), sub.first().copied()),
                [] => {}
            }
        }
    }
}

fn indexed(n: u16) -> Option<AnsiColour> {
    u8::try_from(n).ok().map(AnsiColour::Indexed)
}

fn rgb(r: u16, g: u16, b: u16) -> Option<AnsiColour> {
    Some(AnsiColour::Rgb(r.try_into().ok()?, g.try_into().ok()?, b.try_into().ok()?))
}

/// The common form, `38;5;n` and `38;2;r;g;b`: the numbers are parameters of their own.
fn separate_colour(params: &mut vte::ParamsIter<'_>) -> Option<AnsiColour> {
    let mut next = || params.next().and_then(|param| param.first().copied());
    match next()? {
        5 => indexed(next()?),
        2 => rgb(next()?, next()?, next()?),
        _ => None,
    }
}

/// The form of ISO 8613-6: `38:5:n`, `38:2:r:g:b`, and with a colour space `38:2:s:r:g:b`.
fn sub_colour(sub: &[u16]) -> Option<AnsiColour> {
    match sub {
        [5, n, ..] => indexed(*n),
        [2, r, g, b] | [2, _, r, g, b, ..] => rgb(*r, *g, *b),
        _ => None,
    }
}
