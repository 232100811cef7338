//! Keys, pastes and hostile text in an editor.

#[path = "../../../tests/support/hostile.rs"]
mod hostile;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::*;

const AREA: Rect = Rect::new(0, 0, 11, 4);

fn typed(text: &str, keys: &str) -> Editor {
    let mut editor = Editor::new(1000);
    editor.load(text);
    play(&mut editor, keys);
    editor
}

fn play(editor: &mut Editor, keys: &str) {
    for key in keys.split_whitespace() {
        editor.key(key.parse().unwrap(), AREA);
    }
}

#[test]
fn what_is_looked_for_is_found_on_and_back_and_around_the_end() {
    let mut editor = Editor::new(1000);
    editor.load("pool is full\nThe Pool\nx pool ä pool");
    editor.go_to_end(false, AREA);
    let mut walk = |wanted: &str, step: Step| editor.find(wanted, step).then(|| editor.cursor());
    assert_eq!(walk("pool", Step::Here), Some((0, 0)));
    assert_eq!(walk("pool", Step::Next), Some((1, 4)), "without capitals the case does not matter");
    assert_eq!(walk("pool", Step::Next), Some((2, 2)));
    assert_eq!(walk("pool", Step::Next), Some((2, 9)));
    assert_eq!(walk("pool", Step::Next), Some((0, 0)));
    assert_eq!(walk("Pool", Step::Previous), Some((1, 4)));
    assert_eq!(walk("Pool", Step::Next), Some((1, 4)), "the only one");
    assert_eq!(walk("nowhere", Step::Next), None);
    assert_eq!(walk("", Step::Here), None);
    assert_eq!((editor.lines_with("pool"), editor.lines_with("Pool")), (3, 1));
}

fn write(editor: &mut Editor, text: &str) {
    for c in text.chars() {
        editor.key(Key::char(c), AREA);
    }
}

/// The cells, and where the cursor stands.
fn cells(editor: &Editor, area: Rect) -> (Buffer, Option<(u16, u16)>) {
    let mut terminal = Terminal::new(TestBackend::new(area.right() + 1, area.bottom() + 1)).unwrap();
    let work = |canvas: &mut Canvas<'_>| editor.draw(canvas, area, Style::new(), true);
    terminal.draw(|frame| crate::ui::canvas::draw(frame, false, Style::new(), work)).unwrap();
    let at = terminal.backend().cursor_position();
    (terminal.backend().buffer().clone(), terminal.backend().cursor_visible().then_some((at.x, at.y)))
}

/// The rows in sight, and where the cursor stands.
fn drawn(editor: &Editor, area: Rect) -> (Vec<String>, Option<(u16, u16)>) {
    let (buffer, cursor) = cells(editor, area);
    let row =
        |y| (0..=area.right()).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    ((0..=area.bottom()).map(row).collect(), cursor)
}

#[test]
fn keys_edit_as_a_shell_does_and_ctrl_u_is_not_undo() {
    for (text, keys, want) in [
        ("", "a b Enter c", "ab\nc"),
        ("one two", "End ctrl-w", "one "),
        ("one two  ", "End ctrl-w x", "one x"),
        ("one two", "End ctrl-u x", "x"),
        ("one\ntwo", "Down Home ctrl-u", "one\ntwo"),
        ("one two", "Right Right Right ctrl-k", "one"),
        ("one\ntwo", "End ctrl-k", "onetwo"),
        ("one\ntwo", "Down Home Backspace", "onetwo"),
        ("one\ntwo", "ctrl-End Delete", "one\ntwo"),
        ("one\ntwo", "ctrl-e Delete", "onetwo"),
        ("ab", "Tab", "    ab"),
        ("ab\ncd", "Down Home Left x", "abx\ncd"),
        ("ab\ncd", "End Right x", "ab\nxcd"),
        ("ae\u{301}b", "Right Right Backspace", "ab"),
        ("ae\u{301}b", "Right Delete", "ab"),
        ("\u{1f468}\u{200d}\u{1f469}x", "Right Backspace", "x"),
        ("a b c", "End ctrl-Left ctrl-Left x", "a xb c"),
    ] {
        assert_eq!(typed(text, keys).text(), want, "{text:?} {keys}");
    }
    assert_eq!(Editor::new(9).key(Key::ctrl('x'), AREA), Did::Unknown);
    assert_eq!(Editor::new(9).key("alt-x".parse().unwrap(), AREA), Did::Unknown);
}

#[test]
fn a_word_a_paste_and_a_deletion_are_each_taken_back_at_once() {
    let mut editor = typed("", "");
    write(&mut editor, "pay the");
    editor.paste(&"\nbill\nnow".into());
    play(&mut editor, "ctrl-w ctrl-u");
    let mut seen = vec![editor.text()];
    for _ in 0..6 {
        play(&mut editor, "ctrl-_");
        seen.push(editor.text());
    }
    assert_eq!(seen, ["pay the\nbill\n", "pay the\nbill\nnow", "pay the", "pay ", "pay", "", ""]);
    play(&mut editor, "ctrl-r ctrl-r ctrl-r ctrl-r ctrl-r ctrl-r");
    assert_eq!(editor.text(), "pay the\nbill\n");
    play(&mut editor, "ctrl-_ x ctrl-r");
    assert_eq!(editor.text(), "pay the\nbill\nnowx", "a new letter ends what could be done again");
}

#[test]
fn long_lines_wrap_and_the_cursor_moves_by_rows_and_stays_in_sight() {
    let text = "one two three four\nfive\n\nsix seven eight nine ten";
    let mut editor = typed(text, "");
    assert_eq!(drawn(&editor, AREA), (rows(["one two", "three four", "five", ""]), Some((0, 0))));
    play(&mut editor, "Right Right Right Right Right Right Down");
    assert_eq!(drawn(&editor, AREA).1, Some((6, 1)));
    play(&mut editor, "Down");
    assert_eq!(drawn(&editor, AREA).1, Some((4, 2)), "the row is shorter");
    play(&mut editor, "Down Down Down");
    let (shown, cursor) = drawn(&editor, AREA);
    assert_eq!(shown, rows(["five", "", "six seven", "eight nine"]));
    assert_eq!(cursor, Some((6, 3)), "the column is remembered");
    play(&mut editor, "ctrl-Home");
    assert_eq!(drawn(&editor, AREA).0[0], "one two");
    play(&mut editor, "PgDn PgDn");
    assert_eq!(drawn(&editor, AREA).1.unwrap().1, 3);
    // A narrower window afterwards: the cursor is still in it.
    let narrow = Rect::new(0, 0, 3, 2);
    let (_, cursor) = drawn(&editor, narrow);
    assert!(cursor.is_some_and(|(x, y)| x < 3 && y < 2), "{cursor:?}");
}

fn rows<const N: usize>(rows: [&str; N]) -> Vec<String> {
    rows.iter().copied().chain([""]).map(str::to_owned).collect()
}

#[test]
fn the_cursor_stands_on_the_character_that_it_is_before() {
    let wide =
        typed("\u{4e2d}\u{6587}\u{4e2d}\u{6587}\u{4e2d}\u{6587}", "Right Right Right Right Right Right");
    assert_eq!(
        drawn(&wide, AREA),
        (rows(["\u{4e2d} \u{6587} \u{4e2d} \u{6587} \u{4e2d}", "\u{6587}", "", ""]), Some((2, 1)))
    );
    let tab = typed("a\tb", "Right Right");
    assert_eq!(drawn(&tab, AREA), (rows(["a       b", "", "", ""]), Some((8, 0))));
    let full = typed("0123456789", "End");
    assert_eq!(drawn(&full, AREA).1, Some((10, 0)), "behind a full row");
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    let mut editor = Editor::new(6);
    write(&mut editor, "abcd");
    assert_eq!(editor.paste(&"123".into()), Did::Full);
    assert_eq!(editor.paste(&"\u{e9}".into()), Did::Changed);
    assert_eq!(editor.key(Key::char('x'), AREA), Did::Full);
    assert_eq!(editor.key(Key::plain(Code::Enter), AREA), Did::Full);
    assert_eq!(editor.text(), "abcd\u{e9}");
    play(&mut editor, "Backspace x y");
    assert_eq!(editor.text(), "abcdxy");
}

#[test]
fn undo_gives_up_its_memory_before_it_grows_without_end() {
    let mut editor = Editor::new(MOST_KEPT);
    let half = "x".repeat(MOST_KEPT / 2 + 1);
    editor.replace(&half);
    assert_eq!(editor.undo.len(), 1);
    editor.replace("y");
    assert_eq!((editor.undo.len(), editor.kept, editor.text().as_str()), (0, 0, "y"));
    for _ in 0..MOST_UNDO + 5 {
        editor.key(Key::plain(Code::Enter), Rect::default());
        editor.key(Key::plain(Code::Backspace), Rect::default());
    }
    assert_eq!(editor.undo.len(), MOST_UNDO);
}

#[test]
fn a_paste_inserts_and_nothing_else() {
    let mut editor = typed("ab", "Right");
    editor.paste(&"y\r\u{1b}[201~\rq\r\n\tz".into());
    assert_eq!(editor.text(), "ay\n\u{241b}[201~\nq\n\tzb");
    editor.paste(&"".into());
    assert_eq!(editor.undo.len(), 1);
}

/// No cell holds anything that a terminal obeys or does not show.
fn harmless(buffer: &Buffer, case: &[u8]) {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate, Unassigned};
    for cell in buffer.content() {
        let bad = cell.symbol().chars().find(|c| {
            let joins = matches!(c, '\u{200c}' | '\u{200d}');
            matches!(c.general_category(), Control | Format | PrivateUse | Surrogate | Unassigned) && !joins
        });
        assert_eq!(bad, None, "{:?} of {:?}", cell.symbol(), case.escape_ascii().to_string());
        assert!(cell.symbol().len() <= 64, "{:?}", case.escape_ascii().to_string());
    }
}

#[test]
fn nothing_hostile_reaches_a_cell_pasted_or_found_in_the_file() {
    let area = Rect::new(1, 1, 61, 40);
    let mut corpus = hostile::corpus();
    // A flood is a flood at this length too.
    for bytes in &mut corpus {
        bytes.truncate(256);
    }
    for several in corpus.chunks(8) {
        let bytes = several.join(&b'\n');
        let mut pasted = Editor::new(1 << 20);
        pasted.paste(&RawText::from_bytes(&bytes));
        assert!(!pasted.text().contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
        let mut found = Editor::new(1 << 20);
        found.load(&String::from_utf8_lossy(&bytes));
        let whole = found.text();
        for editor in [&mut pasted, &mut found] {
            for keys in ["ctrl-Home", "Down End ctrl-Left Right Right Left"] {
                for key in keys.split_whitespace() {
                    assert_eq!(editor.key(key.parse().unwrap(), area), Did::Nothing);
                }
                let (buffer, cursor) = cells(editor, area);
                assert!(cursor.is_some_and(|at| area.contains(at.into())), "{cursor:?}");
                harmless(&buffer, &bytes);
            }
        }
        assert_eq!(found.text(), whole, "moving changes nothing");
    }
}

#[test]
fn every_size_of_window_takes_every_text() {
    let mut editor = typed("", "");
    editor.paste(&"one two\n\u{4e2d}\u{6587} \u{1b}[31m\n\n".into());
    for (width, height) in [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (1, 5), (3, 3), (200, 50)] {
        let area = Rect::new(0, 0, width, height);
        for keys in ["Up", "Down", "PgUp", "PgDn", "x", "Backspace", "ctrl-End", "ctrl-Home"] {
            editor.key(keys.parse().unwrap(), area);
            let (_, cursor) = drawn(&editor, area);
            assert_eq!(cursor.is_some(), width > 0 && height > 0, "{width}x{height} {keys}");
        }
    }
}
