//! Outside text on its way to the screen: nothing hostile arrives, nothing is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/hostile.rs"]
mod hostile;

use midwatch::model::text::{AnsiColour, Ink, RawText, SafeText, clean, clean_block, clean_line, raw_view};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_segmentation::UnicodeSegmentation as _;

/// The twelve characters of `Bidi_Control`.
const BIDI: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

type View = (&'static str, fn(&[u8]) -> Vec<SafeText>);

const VIEWS: [View; 4] = [
    ("name", |bytes| vec![clean(&RawText::from_bytes(bytes))]),
    ("block", |bytes| clean_block(&RawText::from_bytes(bytes))),
    ("line", |bytes| vec![clean_line(bytes)]),
    ("raw", |bytes| vec![raw_view(bytes)]),
];

const MARKER: Ink = Ink {
    marker: true,
    escape: false,
    colour: None,
    background: None,
    bold: false,
    underline: false,
    reverse: false,
};

fn name(text: &str) -> SafeText {
    clean(&RawText::from(text))
}

fn runs(text: &SafeText) -> Vec<(String, Ink)> {
    text.runs().into_iter().map(|(run, ink)| (run.to_owned(), ink)).collect()
}

fn marked(text: &SafeText) -> Vec<String> {
    text.runs().into_iter().filter(|(_, ink)| ink.marker).map(|(run, _)| run.to_owned()).collect()
}

/// What ratatui draws of a text, run by run, and the column after it.
fn drawn(text: &SafeText) -> (String, usize) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, u16::try_from(text.width()).unwrap() + 8, 1));
    let mut x = 0;
    for (run, _) in text.runs() {
        x = buffer.set_stringn(x, 0, run, usize::MAX, Style::new()).0;
    }
    let mut symbols = String::new();
    let mut column = 0;
    while column < x {
        let cell = &buffer[(column, 0)];
        symbols.push_str(cell.symbol());
        column += cell.cell_width();
    }
    (symbols, usize::from(x))
}

/// Everything that must hold of any safe text, whatever it was made from.
fn assert_safe(text: &SafeText, from: &[u8]) {
    let shown = text.as_str();
    let said = || format!("{} -> {}", from.escape_ascii(), shown.escape_debug());
    let mut before = None;
    for c in shown.chars() {
        let joiner = matches!(c, '\u{200c}' | '\u{200d}') && before.is_some_and(|b: char| !b.is_ascii());
        let category = c.general_category();
        let hidden = matches!(
            category,
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
        );
        assert!(!hidden || joiner, "{category:?} in {}", said());
        before = Some(c);
    }
    let mut columns = 0;
    for (run, _) in text.runs() {
        for grapheme in run.graphemes(true) {
            assert!(grapheme.len() <= 64, "{} bytes in a cell: {}", grapheme.len(), said());
            assert!(grapheme.cell_width() > 0, "would vanish: {}", said());
            columns += usize::from(grapheme.cell_width());
        }
    }
    assert_eq!(text.width(), columns, "{}", said());
    assert!(shown.len() <= from.len() * 8 + 16, "not linear: {}", said());
    let ascii = text.ascii();
    assert!(ascii.as_str().bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{}", said());
}

/// The bytes that a text without counts and without expanded blanks was made from.
fn decode(text: &SafeText) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (run, ink) in text.runs() {
        if !ink.marker {
            bytes.extend_from_slice(run.as_bytes());
            continue;
        }
        let mut rest = run;
        while let Some(c) = rest.chars().next() {
            let len = if c == '<' { rest.find('>').unwrap() + 1 } else { c.len_utf8() };
            let (marker, after) = rest.split_at(len);
            rest = after;
            if c != '<' {
                let picture = u32::from(c) - 0x2400;
                bytes.push(if picture == 0x21 { 0x7f } else { u8::try_from(picture).unwrap() });
            } else if let Some(digits) = marker.strip_prefix("<U+") {
                let n = u32::from_str_radix(digits.trim_end_matches('>'), 16).unwrap();
                bytes.extend_from_slice(char::from_u32(n).unwrap().to_string().as_bytes());
            } else {
                let digits = marker.trim_matches(['<', '>']);
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            }
        }
    }
    bytes
}

#[test]
fn the_corpus_is_large_and_has_no_double() {
    let mut corpus = hostile::corpus();
    let count = corpus.len();
    corpus.sort();
    corpus.dedup();
    assert!(corpus.len() >= 2_000 && corpus.len() + 50 > count, "{} of {count}", corpus.len());
}

#[test]
fn every_hostile_string_is_safe_in_every_view() {
    for bytes in hostile::corpus() {
        for (_, view) in VIEWS {
            for text in view(&bytes) {
                assert_safe(&text, &bytes);
            }
        }
    }
}

#[test]
fn every_hostile_string_is_drawn_whole_by_ratatui() {
    for bytes in hostile::corpus() {
        for (_, view) in VIEWS {
            for text in view(&bytes) {
                let text = text.truncate_to(300, &SafeText::default());
                let (symbols, columns) = drawn(&text);
                assert_eq!(symbols, text.as_str(), "{}", bytes.escape_ascii());
                assert_eq!(columns, text.width(), "{}", bytes.escape_ascii());
            }
        }
    }
}

#[test]
fn cleaning_clean_text_changes_nothing() {
    for bytes in hostile::corpus() {
        for (which, view) in VIEWS {
            for once in view(&bytes) {
                let twice: SafeText = view(once.as_str().as_bytes()).into_iter().collect();
                assert_eq!(twice.as_str(), once.as_str(), "{which}: {}", bytes.escape_ascii());
                assert_eq!(marked(&twice), Vec::<String>::new(), "{which}: {}", bytes.escape_ascii());
            }
        }
    }
}

#[test]
fn the_raw_view_reads_back_as_the_bytes() {
    for bytes in hostile::corpus() {
        assert_eq!(decode(&raw_view(&bytes)), bytes, "{}", bytes.escape_ascii());
    }
}

/// Every code point there is, alone, after a letter and repeated: shown as it is in a cell, or
/// marked.
#[test]
fn all_of_unicode_is_shown_or_marked() {
    // Whole planes of nothing are sampled.
    let sampled = |n: &u32| !(0x4_0000..0xe_0000).contains(n) && *n < 0xf_0000 || n.is_multiple_of(251);
    for c in (0x20..=0x10_ffff).filter(sampled).filter_map(char::from_u32) {
        let n = u32::from(c);
        let tag = matches!(n, 0xe0000..=0xe00ff | 0xe01f0..=0xe0fff);
        for bytes in [c.to_string(), format!("a{c}b"), format!("\u{915}{c}\u{937}")] {
            let text = name(&bytes);
            assert_safe(&text, bytes.as_bytes());
            if tag {
                assert_eq!(marked(&text), ["<TAGx 1>"], "{n:X}");
            } else {
                assert_eq!(decode(&text), bytes.as_bytes(), "{n:X}");
            }
        }
        // A character that joins what follows would swallow a marker or a border.
        let shown = name(&format!("{c}|"));
        assert_eq!(shown.as_str().graphemes(true).next_back(), Some("|"), "{n:X}");
        let alike = matches!(n, 0x3400..=0x9fff | 0xac00..=0xd7ff | 0x2_0000..);
        if !alike || n.is_multiple_of(251) {
            let flood = c.to_string().repeat(66 / c.len_utf8() + 1);
            assert_safe(&name(&flood), flood.as_bytes());
        }
    }
}

#[test]
fn each_forbidden_code_point_has_its_marker() {
    for c in hostile::forbidden() {
        let n = u32::from(c);
        let marker = match n {
            0..=0x1f => char::from_u32(0x2400 + n).unwrap().to_string(),
            0x7f => "\u{2421}".to_owned(),
            0xe0100..=0xe01ef => format!("<U+{n:04X}>"),
            0xe0000..=0xe0fff => "<TAGx 1>".to_owned(),
            _ => format!("<U+{n:04X}>"),
        };
        for (before, after) in
            [("", ""), ("a", "b"), ("\u{1f468}", "\u{1f469}"), ("\u{915}\u{94d}", "\u{937}")]
        {
            let expected = [
                (before.to_owned(), Ink::default()),
                (marker.clone(), MARKER),
                (after.to_owned(), Ink::default()),
            ];
            let expected: Vec<_> = expected.into_iter().filter(|(run, _)| !run.is_empty()).collect();
            assert_eq!(runs(&name(&format!("{before}{c}{after}"))), expected, "U+{n:04X}");
        }
    }
}

#[test]
fn look_alike_blanks_are_marked_in_names_and_spaces_in_lines() {
    for c in hostile::BLANKS {
        let text = format!("a{c}b");
        assert_eq!(name(&text).as_str(), format!("a<U+{:04X}>b", u32::from(c)));
        assert_eq!(clean_line(text.as_bytes()), SafeText::literal("a b"));
        assert_eq!(clean_block(&RawText::from(text)), [SafeText::literal("a b")]);
    }
}

#[test]
fn the_twelve_bidi_controls_do_not_reach_a_cell() {
    for c in BIDI {
        for (which, view) in VIEWS {
            let text = &view(format!("user{c}nimda").as_bytes())[0];
            let expected = format!("user<U+{:04X}>nimda", u32::from(c));
            assert_eq!(drawn(text).0, expected, "{which}");
        }
    }
}

#[test]
fn a_byte_that_is_not_utf8_is_told_from_its_code_point() {
    assert_eq!(clean_line(b"a\x9bb").as_str(), "a<9B>b");
    assert_eq!(clean_line("a\u{9b}b".as_bytes()).as_str(), "a<U+009B>b");
    assert_eq!(clean_line(b"\xe2\x82").as_str(), "<E2><82>");
}

#[test]
fn joiners_and_selectors_stay_only_where_they_mean_something() {
    let kept = [
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", // family
        "\u{1f469}\u{1f3fd}\u{200d}\u{1f4bb}",         // with a skin tone
        "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",          // rainbow flag
        "\u{2764}\u{fe0f}",                            // heart
        "1\u{fe0f}\u{20e3}",                           // keycap
        "\u{915}\u{94d}\u{200d}\u{937}",               // Devanagari half form
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}", // Persian
    ];
    for text in kept {
        assert_eq!(name(text).as_str(), text, "{}", text.escape_unicode());
    }
    let marked_joiner = [
        "a\u{200d}b",
        "\u{200d}",
        "a\u{200c}",
        "\u{1f468}\u{200d}",
        "\u{1f468}\u{200d}b",
        "\u{1f468}\u{200c}\u{1f469}",
        "\u{645} \u{200c}\u{62e}",
        "\u{645}\u{200c}\u{937}",
        "\u{1f468}\u{200d}\u{200d}\u{1f469}",
        "a\u{fe0f}",
        "1\u{fe0f}",
        "\u{fe0e}",
        "\u{2764}\u{fe0f}\u{fe0f}",
        "\u{1f1eb}\u{fe0f}",
    ];
    for text in marked_joiner {
        assert!(name(text).as_str().contains("<U+"), "{}", text.escape_unicode());
    }
}

#[test]
fn a_joiner_does_not_reach_over_a_sequence_or_a_bad_byte() {
    assert!(clean_line("\u{1f468}\u{200d}\x1b[1m\u{1f469}".as_bytes()).as_str().contains("<U+200D>"));
    let bytes = ["\u{1f468}\u{200d}".as_bytes(), b"\xff", "\u{1f469}".as_bytes()].concat();
    assert!(clean_line(&bytes).as_str().contains("<U+200D><FF>"));
}

#[test]
fn surplus_marks_and_tags_are_counted_or_spelt_in_the_raw_view() {
    let zalgo = "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}b";
    assert_eq!(name(zalgo).as_str(), "a\u{301}\u{302}\u{303}\u{304}<+2>b");
    assert_eq!(raw_view(zalgo.as_bytes()).as_str(), "a\u{301}\u{302}\u{303}\u{304}<U+0305><U+0306>b");
    let tags = "x\u{e0041}\u{e0042}y";
    assert_eq!(name(tags).as_str(), "x<TAGx 2>y");
    assert_eq!(raw_view(tags.as_bytes()).as_str(), "x<U+E0041><U+E0042>y");
}

#[test]
fn a_mark_without_a_base_is_marked() {
    for text in ["\u{301}", "\u{200b}\u{301}", "\x1b[1m\u{301}", "\t\x1b[1m\u{1f3fd}", "a\x1b[1m\u{301}"] {
        assert!(clean_line(text.as_bytes()).as_str().ends_with('>'), "{}", text.escape_unicode());
    }
    assert_eq!(clean_line("\x1b[mx\u{301}".as_bytes()).as_str(), "x\u{301}");
}

#[test]
fn ordinary_writing_in_many_scripts_is_left_alone() {
    for text in [
        "caf\u{e9} na\u{ef}ve",
        "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}",
        "\u{65e5}\u{672c}\u{8a9e}\u{304c}\u{30ab}\u{ff76}\u{ff9e}",
        "\u{d55c}\u{ad6d}\u{c5b4} \u{1112}\u{1161}\u{11ab}",
        "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
        "\u{e20}\u{e32}\u{e29}\u{e32}\u{e44}\u{e17}\u{e22}\u{e33}",
        "\u{5e2}\u{5d1}\u{5e8}\u{5d9}\u{5ea} \u{627}\u{644}\u{639}\u{631}\u{628}\u{64a}\u{629}",
        "\u{1f680} \u{1f44d}\u{1f3fd} \u{1f1eb}\u{1f1f7} \u{2500}\u{2502}\u{2588} \u{2713}",
    ] {
        for (which, view) in VIEWS {
            assert_eq!(view(text.as_bytes())[0], name(text), "{which}");
            assert_eq!(name(text).as_str(), text);
            assert_eq!(name(text).runs().len(), 1);
        }
    }
}

#[test]
fn columns_before_a_byte_are_those_of_the_characters_before_it() {
    let text = name("a\u{4e2d}\u{e9}b");
    assert_eq!([0, 1, 2, 3, 4, 6, 7, 99].map(|at| text.columns_before(at)), [0, 1, 1, 1, 3, 4, 5, 5]);
}

#[test]
fn tabs_go_to_stops_of_eight_columns() {
    assert_eq!(clean_line(b"a\tb").as_str(), "a       b");
    assert_eq!(clean_line(b"12345678\tb").as_str(), "12345678        b");
    assert_eq!(clean_line("\u{4e2d}\tb".as_bytes()).as_str(), "\u{4e2d}      b");
    assert_eq!(clean_line(b"\x00\x1b[31m\tb").as_str(), "\u{2400}       b");
    assert_eq!(name("a\tb").as_str(), "a\u{2409}b");
}

#[test]
fn a_carriage_return_keeps_both_halves() {
    assert_eq!(clean_line(b"good\rEVIL").as_str(), "good\u{240d}EVIL");
}

#[test]
fn a_block_is_cut_at_line_ends_only() {
    let lines = |text: &str| -> Vec<String> {
        clean_block(&RawText::from(text)).iter().map(|line| line.as_str().to_owned()).collect()
    };
    assert_eq!(lines("a\r\nb\rc\n\nd"), ["a", "b\u{240d}c", "", "d"]);
    assert_eq!(lines("a\n"), ["a"]);
    assert_eq!(lines("a\r"), ["a\u{240d}"]);
    assert_eq!(lines("a\u{2028}b"), ["a<U+2028>b"]);
    assert_eq!(lines(""), Vec::<String>::new());
}

#[test]
fn ascii_spells_what_it_cannot_show() {
    let text = name("caf\u{e9} \x1b[\x00\x7f \u{241b} \u{202e}");
    let ascii = text.ascii();
    assert_eq!(ascii.as_str(), "caf\\u{e9} ^[[^@^? \\u{241b} <U+202E>");
    assert_eq!(marked(&ascii), ["\\u{e9}", "^[", "^@^?", "\\u{241b}", "<U+202E>"]);
}

#[test]
fn cutting_keeps_columns_and_inks() {
    let text = clean_line("ab\x1b[31m\u{4e2d}\u{6587}\x1b[0m\x00z".as_bytes());
    let red = Ink { colour: Some(AnsiColour::Indexed(1)), ..Ink::default() };
    let dots = SafeText::literal("..");
    assert_eq!(text.width(), 8);
    assert_eq!(text.truncate_to(8, &dots), text);
    assert_eq!(
        runs(&text.truncate_to(7, &dots)),
        [("ab".to_owned(), Ink::default()), ("\u{4e2d}".to_owned(), red), ("..".to_owned(), Ink::default())]
    );
    assert_eq!(text.truncate_to(1, &dots).as_str(), "a");
    // Column 3 is the second half of the first wide character.
    assert_eq!(
        runs(&text.columns(3, 4)),
        [(" ".to_owned(), Ink::default()), ("\u{6587}".to_owned(), red), ("\u{2400}".to_owned(), MARKER)]
    );
    assert_eq!(text.columns(1, 2).as_str(), "b");
    assert_eq!(text.columns(8, 5), SafeText::default());
}

#[test]
fn rows_break_after_a_space_or_where_they_must() {
    let rows = |text: &str, width: usize| -> Vec<String> {
        clean_line(text.as_bytes()).wrap(width).iter().map(|row| row.as_str().to_owned()).collect()
    };
    assert_eq!(rows("one two three", 8), ["one two ", "three"]);
    assert_eq!(rows("one two three", 7), ["one two ", "three"]);
    assert_eq!(rows("one two three", 5), ["one ", "two ", "three"]);
    assert_eq!(rows("one abcdefgh", 5), ["one ", "abcde", "fgh"]);
    assert_eq!(rows("\u{4e2d}\u{6587}\u{4e2d}", 5), ["\u{4e2d}\u{6587}", "\u{4e2d}"]);
    assert_eq!(rows("", 5), [""]);
}

/// Pieces that meet each other's edges in ways the corpus does not list.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::sample::select(vec![
            "\x1b",
            "\x1b[",
            "\x1b]",
            "\x1bP",
            "\x07",
            "\x1b\\",
            "31m",
            "\x1b[1m",
            "\x1b[0m",
            "\x1b[38;5;9m",
            "2K",
            "\t",
            "\r",
            "\n",
            " ",
            "a",
            "<",
            ">",
            "\u{301}",
            "\u{94d}",
            "\u{915}",
            "\u{200d}",
            "\u{200c}",
            "\u{fe0f}",
            "\u{20e3}",
            "\u{1f468}",
            "\u{1f3fd}",
            "\u{1f1eb}",
            "\u{1100}",
            "\u{1161}",
            "\u{11a8}",
            "\u{ac00}",
            "\u{e0041}",
            "\u{202e}",
            "\u{a0}",
            "\u{3000}",
            "\u{4e2d}",
            "\u{ff76}",
            "\u{ff9e}",
            "\u{627}",
            "\u{644}",
            "\u{d4e}",
            "\u{600}",
            "1",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        any::<u8>().prop_map(|byte| vec![byte]),
        (any::<char>(), 1_usize..40).prop_map(|(c, n)| c.to_string().repeat(n).into_bytes()),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_safe_and_stay_so(bytes in bytes()) {
        for (_, view) in VIEWS {
            for text in view(&bytes) {
                assert_safe(&text, &bytes);
                prop_assert_eq!(drawn(&text), (text.as_str().to_owned(), text.width()));
                let again: SafeText = view(text.as_str().as_bytes()).into_iter().collect();
                prop_assert_eq!(again.as_str(), text.as_str());
                prop_assert!(marked(&again).is_empty());
            }
        }
    }

    /// Reading back is stronger than trying pairs: no two inputs can then look the same.
    #[test]
    fn different_bytes_look_different(bytes in bytes()) {
        prop_assert_eq!(decode(&raw_view(&bytes)), bytes.clone());
        let text = clean(&RawText::from_bytes(&bytes));
        if !marked(&text).iter().any(|marker| marker.contains("<TAGx ") || marker.contains("<+")) {
            prop_assert_eq!(decode(&text), bytes);
        }
    }

    /// A log line loses what it says it does and no more: tabs and blanks become spaces, SGR ink.
    #[test]
    fn a_log_line_keeps_every_other_byte(bytes in bytes()) {
        let text = clean_line(&bytes);
        let counted = marked(&text).iter().any(|marker| marker.contains("<TAGx ") || marker.contains("<+"));
        let blanks = hostile::BLANKS.map(|c| c.to_string());
        let blank = |text: &str| blanks.iter().any(|blank| text.contains(blank.as_str())) || text.contains('\t');
        let lossy = String::from_utf8_lossy(&bytes);
        if !counted && !blank(&lossy) && !lossy.contains('m') {
            prop_assert_eq!(decode(&text), bytes);
        }
    }

    #[test]
    fn cutting_and_wrapping_lose_nothing(bytes in bytes(), width in 1_usize..40, start in 0_usize..40) {
        let text = clean_line(&bytes);
        let rows = text.wrap(width);
        prop_assert_eq!(rows.iter().cloned().collect::<SafeText>(), text.clone());
        for row in &rows {
            let held = row.as_str().strip_suffix(' ').filter(|_| row.width() > width).unwrap_or(row.as_str());
            let one_wide = held.graphemes(true).count() == 1;
            let columns = held.graphemes(true).map(|cell| usize::from(cell.cell_width())).sum::<usize>();
            prop_assert!(columns <= width || one_wide, "{:?} in {}", row.as_str(), width);
        }
        let cut = text.truncate_to(width, &SafeText::literal("~"));
        prop_assert!(cut.width() <= width);
        prop_assert!(cut == text || cut.as_str().ends_with('~'));
        let window = text.columns(start, width);
        prop_assert!(window.width() <= width);
        assert_safe(&window, &[bytes.as_slice(), &[b' '; 16]].concat());
    }
}
