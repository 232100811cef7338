//! What each code point is to a screen: visible, joining, or only fit for a marker.

use std::sync::OnceLock;

use unicode_properties::{GeneralCategory, UnicodeEmoji as _, UnicodeGeneralCategory as _};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

/// What a code point above ASCII is to a screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Visible, takes a cell of its own.
    Plain,
    /// Visible and may begin an emoji sequence.
    Emoji,
    /// Looks like a space and is not U+0020.
    Blank,
    /// Drawn over, under or joined to the character before.
    Mark,
    /// U+200C and U+200D: legitimate between some letters and emoji.
    Joiner,
    /// U+FE0E and U+FE0F: legitimate directly after an emoji.
    Selector,
    /// In the tag block, which spells invisible ASCII.
    Tag,
    /// Hangul leading consonant.
    Lead,
    /// Hangul vowel, or a syllable without a trailing consonant; or a vowel of Kirat Rai.
    Vowel,
    /// Hangul trailing consonant, or a syllable that has one.
    Trail,
    /// Invisible, reordering, private or unassigned: only a marker may stand for it.
    Hidden,
}

/// Code points in one lazily classified block.
const BLOCK: usize = 256;

type Block = OnceLock<Box<[Class]>>;

/// Every code point's class, computed for 256 at a time when one of them is first met: a
/// general category costs a search of 3,300 ranges, and hostile text asks for millions.
static BLOCKS: [Block; 0x11_0000 / BLOCK] = [const { OnceLock::new() }; 0x11_0000 / BLOCK];

/// The class of a code point above ASCII.
pub(super) fn class(c: char) -> Class {
    let n = c as usize;
    let Some(block) = BLOCKS.get(n / BLOCK) else { return Class::Hidden };
    let classes = block.get_or_init(|| classify_block(n / BLOCK * BLOCK));
    classes.get(n % BLOCK).copied().unwrap_or(Class::Hidden)
}

fn classify_block(start: usize) -> Box<[Class]> {
    (start..start + BLOCK)
        .map(|n| u32::try_from(n).ok().and_then(char::from_u32).map_or(Class::Hidden, classify))
        .collect()
}

fn classify(c: char) -> Class {
    match c {
        '\u{200c}' | '\u{200d}' => Class::Joiner,
        '\u{fe0e}' | '\u{fe0f}' => Class::Selector,
        // Invisible although a letter or mark by category; the last two ranges are the other
        // variation selectors, which can smuggle bytes.
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{e0100}'..='\u{e01ef}' => Class::Hidden,
        '\u{e0000}'..='\u{e0fff}' => Class::Tag,
        // Braille with no dot.
        '\u{2800}' => Class::Blank,
        '\u{1100}'..='\u{115e}' | '\u{a960}'..='\u{a97c}' => Class::Lead,
        '\u{1161}'..='\u{11a7}' | '\u{d7b0}'..='\u{d7c6}' => Class::Vowel,
        '\u{ac00}'..='\u{d7a3}' if (u32::from(c) - 0xac00).is_multiple_of(28) => Class::Vowel,
        '\u{11a8}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' | '\u{d7cb}'..='\u{d7fb}' => Class::Trail,
        _ => by_category(c),
    }
}

fn by_category(c: char) -> Class {
    match c.general_category() {
        GeneralCategory::Control
        | GeneralCategory::Format
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator
        | GeneralCategory::PrivateUse
        | GeneralCategory::Surrogate
        | GeneralCategory::Unassigned => Class::Hidden,
        GeneralCategory::SpaceSeparator => Class::Blank,
        _ => by_joining(c),
    }
}

/// Decided by the tables that ratatui draws with, which may be of another Unicode version than
/// the categories: a character that they neither join nor give a width would vanish.
fn by_joining(c: char) -> Class {
    let joins = |base: char| String::from_iter([base, c]).graphemes(true).count() == 1;
    if joins('a') {
        Class::Mark
    } else if joins('\u{1161}') {
        // Vowels of Kirat Rai, which join as those of Hangul do.
        Class::Vowel
    } else if c.width().unwrap_or(0) == 0 {
        Class::Hidden
    } else if c.is_emoji_char() && !regional_indicator(c) {
        Class::Emoji
    } else {
        Class::Plain
    }
}

/// The letters of flags: emoji, but in pairs and without joiners or selectors.
fn regional_indicator(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// Whether a character is a skin tone, which may stand between an emoji and a joiner.
pub(super) fn skin_tone(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

/// Blocks of the scripts in which a joiner between two letters changes how they are drawn.
const JOINING_SCRIPTS: [(char, char); 24] = [
    ('\u{600}', '\u{6ff}'),     // Arabic
    ('\u{700}', '\u{74f}'),     // Syriac
    ('\u{750}', '\u{77f}'),     // Arabic supplement
    ('\u{7c0}', '\u{7ff}'),     // N'Ko
    ('\u{840}', '\u{85f}'),     // Mandaic
    ('\u{860}', '\u{86f}'),     // Syriac supplement
    ('\u{870}', '\u{8ff}'),     // Arabic extended
    ('\u{900}', '\u{97f}'),     // Devanagari
    ('\u{980}', '\u{9ff}'),     // Bengali
    ('\u{a00}', '\u{a7f}'),     // Gurmukhi
    ('\u{a80}', '\u{aff}'),     // Gujarati
    ('\u{b00}', '\u{b7f}'),     // Oriya
    ('\u{b80}', '\u{bff}'),     // Tamil
    ('\u{c00}', '\u{c7f}'),     // Telugu
    ('\u{c80}', '\u{cff}'),     // Kannada
    ('\u{d00}', '\u{d7f}'),     // Malayalam
    ('\u{d80}', '\u{dff}'),     // Sinhala
    ('\u{1000}', '\u{109f}'),   // Myanmar
    ('\u{1780}', '\u{17ff}'),   // Khmer
    ('\u{1800}', '\u{18af}'),   // Mongolian
    ('\u{1b00}', '\u{1b7f}'),   // Balinese
    ('\u{10d00}', '\u{10d3f}'), // Hanifi Rohingya
    ('\u{11000}', '\u{11fff}'), // Brahmi and its descendants
    ('\u{1e900}', '\u{1e95f}'), // Adlam
];

/// Whether a joiner may stand between these two: both of one script that uses joiners.
pub(super) fn joiner_between(before: char, after: char) -> bool {
    JOINING_SCRIPTS.iter().any(|(first, last)| {
        let script = *first..=*last;
        script.contains(&before) && script.contains(&after)
    }) && letter(after)
        && (letter(before) || class(before) == Class::Mark)
}

fn letter(c: char) -> bool {
    c.is_alphabetic() && class(c) == Class::Plain
}
