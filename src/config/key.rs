//! Keys as midwatch sees them, and how a configuration spells them: `ctrl-d`, `G`, `space`, `g g`.

use std::fmt;
use std::str::FromStr;

/// Which key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Code {
    /// A character as typed: `G` is `Char('G')`, not `g` with shift.
    Char(char),
    /// Return.
    Enter,
    /// Escape, alone.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace, whichever of 0x08 and 0x7f the terminal sends.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// A function key, 1 to 24.
    F(u8),
}

/// One key press.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With control.
    pub ctrl: bool,
    /// With alt, or after ESC in the same burst.
    pub alt: bool,
}

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// A character with control.
    pub const fn ctrl(c: char) -> Self {
        Self { code: Code::Char(c), ctrl: true, alt: false }
    }

    /// The character that this key types into a text field, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

/// Names of keys that are not one character. The first name of a key is the one shown.
const NAMES: &[(&str, Code)] = &[
    ("Enter", Code::Enter),
    ("Return", Code::Enter),
    ("Esc", Code::Esc),
    ("Escape", Code::Esc),
    ("Tab", Code::Tab),
    ("S-Tab", Code::BackTab),
    ("shift-tab", Code::BackTab),
    ("BackTab", Code::BackTab),
    ("Backspace", Code::Backspace),
    ("Del", Code::Delete),
    ("Delete", Code::Delete),
    ("Ins", Code::Insert),
    ("Insert", Code::Insert),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PgUp", Code::PageUp),
    ("PageUp", Code::PageUp),
    ("PgDn", Code::PageDown),
    ("PageDown", Code::PageDown),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("space", Code::Char(' ')),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match (self.code, NAMES.iter().find(|(_, code)| *code == self.code)) {
            (_, Some((name, _))) => f.write_str(name),
            (Code::Char(c), None) => write!(f, "{c}"),
            (Code::F(n), None) => write!(f, "F{n}"),
            (_, None) => Ok(()),
        }
    }
}

/// A key that a configuration spelled wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no such key; write one character, or ctrl-d, Enter, Esc, Tab, S-Tab, space, PgUp, Home, F5")]
pub struct KeyError;

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (mut ctrl, mut alt, mut rest) = (false, false, text);
        loop {
            let lower = rest.to_ascii_lowercase();
            let cut = |prefix: &str| lower.starts_with(prefix).then(|| rest.get(prefix.len()..)).flatten();
            if let Some(after) = cut("ctrl-").or_else(|| cut("c-")).filter(|a| !a.is_empty()) {
                (ctrl, rest) = (true, after);
            } else if let Some(after) = cut("alt-").or_else(|| cut("m-")).filter(|a| !a.is_empty()) {
                (alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => Code::Char(if ctrl { c.to_ascii_lowercase() } else { c }),
            _ => named(rest)?,
        };
        Ok(Self { code, ctrl, alt })
    }
}

fn named(text: &str) -> Result<Code, KeyError> {
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(*code);
    }
    let number = text.strip_prefix(['F', 'f']).and_then(|n| n.parse().ok());
    number.filter(|n| (1..=24).contains(n)).map(Code::F).ok_or(KeyError)
}

/// Reads a sequence of keys separated by spaces, such as `g g`.
///
/// Errors when it is empty or one of the keys is not a key.
pub fn sequence(text: &str) -> Result<Vec<Key>, KeyError> {
    let keys = text.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(KeyError) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_back_as_the_same_key() {
        for text in
            ["j", "G", "ctrl-d", "Enter", "S-Tab", "space", "PgUp", "F5", "alt-x", "-", "ctrl-l", "+", "_"]
        {
            let key: Key = text.parse().unwrap();
            assert_eq!(key.to_string(), text);
            assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
        }
    }

    #[test]
    fn names_are_read_in_any_case_and_nonsense_is_refused() {
        assert_eq!("CTRL-D".parse::<Key>().unwrap(), Key::ctrl('d'));
        assert_eq!("shift-tab".parse::<Key>().unwrap(), Key::plain(Code::BackTab));
        for text in ["", "ctrl-", "Entre", "F0", "F25", "ab"] {
            assert_eq!(text.parse::<Key>(), Err(KeyError), "{text}");
        }
        assert_eq!(sequence("g g").unwrap(), vec![Key::char('g'), Key::char('g')]);
        assert_eq!(sequence("  "), Err(KeyError));
    }
}
