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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::{RawText, SafeText, clean, clean_line};

    fn runs(text: &SafeText) -> Vec<(String, Ink)> {
        text.runs().into_iter().map(|(run, ink)| (run.to_owned(), ink)).collect()
    }

    #[test]
    fn log_colours_become_inks() {
        let red = Ink { colour: Some(AnsiColour::Indexed(1)), ..Ink::default() };
        let text = clean_line(b"a\x1b[31mred\x1b[1;4;7mall\x1b[0mz");
        assert_eq!(
            runs(&text),
            [
                ("a".to_owned(), Ink::default()),
                ("red".to_owned(), red),
                ("all".to_owned(), Ink { bold: true, underline: true, reverse: true, ..red }),
                ("z".to_owned(), Ink::default()),
            ]
        );
        let ink = |sgr: &str| clean_line(format!("\x1b[{sgr}mx").as_bytes()).runs()[0].1;
        let colour = |sgr: &str| ink(sgr).colour;
        assert_eq!(colour("91"), Some(AnsiColour::Indexed(9)));
        assert_eq!(colour("38;5;208"), Some(AnsiColour::Indexed(208)));
        assert_eq!(colour("38:5:208"), Some(AnsiColour::Indexed(208)));
        assert_eq!(colour("38;2;1;2;3"), Some(AnsiColour::Rgb(1, 2, 3)));
        assert_eq!(colour("38:2:1:2:3"), Some(AnsiColour::Rgb(1, 2, 3)));
        assert_eq!(colour("38:2::1:2:3"), Some(AnsiColour::Rgb(1, 2, 3)));
        assert_eq!(colour("38;5;999"), None);
        assert_eq!(ink("104").background, Some(AnsiColour::Indexed(12)));
        assert_eq!(ink("58;2;1;4;7;1"), Ink { bold: true, ..Ink::default() });
        assert_eq!(ink("1;22;4;24;7;27;31;39;41;49"), Ink::default());
        assert_eq!(ink("4:0"), Ink::default());
        assert_eq!(ink("4:3"), Ink { underline: true, ..Ink::default() });
        assert_eq!(ink("31;"), Ink::default());
    }

    #[test]
    fn text_that_asks_to_hide_is_shown() {
        assert_eq!(clean_line(b"\x1b[8mhidden\x1b[5mblink"), SafeText::literal("hiddenblink"));
        let (_, ink) = clean_line(b"\x1b[31;41mx").runs()[0];
        assert_eq!((ink.colour, ink.background), (Some(AnsiColour::Indexed(1)), None));
    }

    #[test]
    fn colour_does_not_leave_its_line_nor_enter_a_name() {
        assert_eq!(clean_line(b"\x1b[31mred").runs().len(), 1);
        assert_eq!(clean_line(b"next"), SafeText::literal("next"));
        assert_eq!(
            runs(&clean(&RawText::from("\x1b[31mred"))),
            [
                ("\u{241b}".to_owned(), Ink { marker: true, ..Ink::default() }),
                ("[31mred".to_owned(), Ink::default())
            ]
        );
    }

    #[test]
    fn another_complete_sequence_is_one_dim_stretch() {
        for (sequence, shown) in [
            (&b"\x1b[2K"[..], "\u{241b}[2K"),
            (b"\x1b]0;title\x07", "\u{241b}]0;title\u{2407}"),
            (b"\x1b]8;;http://x/\x1b\\", "\u{241b}]8;;http://x/\u{241b}\\"),
            (b"\x1bP$qm\x1b\\", "\u{241b}P$qm\u{241b}\\"),
            (b"\x1b(B", "\u{241b}(B"),
            (b"\x1bc", "\u{241b}c"),
            (b"\x1b[>4;2m", "\u{241b}[>4;2m"),
        ] {
            let text = clean_line(&[b"\x1b[31mA", sequence, b"B"].concat());
            assert_eq!(text.as_str(), format!("A{shown}B"));
            let all = text.runs();
            let (first, last) = (all[0], all[all.len() - 1]);
            assert_eq!((first.0, last.0), ("A", "B"));
            assert_eq!(first.1, last.1, "colour goes on after the sequence");
            for (run, ink) in &all[1..all.len() - 1] {
                assert!(ink.escape && ink.colour.is_none(), "{run}");
            }
        }
    }

    #[test]
    fn an_incomplete_sequence_swallows_nothing() {
        for (bytes, shown) in [
            (&b"a\x1b]0;the text after"[..], "a\u{241b}]0;the text after"),
            (b"a\x1b]0;one\x1b[31mtwo", "a\u{241b}]0;onetwo"),
            (b"a\x1b]0;one\x01two\x07three", "a\u{241b}]0;one\u{2401}two\u{2407}three"),
            (b"a\x1bPq the text", "a\u{241b}Pq the text"),
            (b"a\x1b[12;", "a\u{241b}[12;"),
            (b"a\x1b[12\xc3\xa9m", "a\u{241b}[12\u{e9}m"),
            (b"a\x1b", "a\u{241b}"),
            (b"a\x1b_x\x07y", "a\u{241b}_x\u{2407}y"),
        ] {
            let text = clean_line(bytes);
            assert_eq!(text.as_str(), shown);
            assert!(text.runs().iter().all(|(_, ink)| !ink.escape), "{shown}");
        }
    }
}
