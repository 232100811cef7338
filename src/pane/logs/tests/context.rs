//! Lines around the hits of a filter, and the rank of a hit.

use super::*;

/// The lines between the borders from the column on that tells hits, as they are drawn.
fn marked(desk: &mut Desk) -> Vec<String> {
    let front = usize::from(desk.logs.front.width()) - 1;
    let rows = desk.rows();
    let row =
        |row: &String| row.chars().skip(front).collect::<String>().trim_end_matches(['│', ' ']).to_owned();
    let shown = rows[1..rows.len() - 1].iter().map(row);
    shown.filter(|row| !row.is_empty()).collect()
}

#[test]
fn hits_and_what_is_around_them_can_be_told_apart_without_colour() {
    let mut desk = Desk::new(60, 12);
    assert!(desk.key(Id::MoreContext).notice.unwrap().as_str().contains("no filter"));
    desk.numbered(0, 40);
    desk.filter("9 -39");
    desk.key(Id::MoreContext);
    assert_eq!(
        marked(&mut desk),
        [
            "  line 8",
            "| line 9",
            "  line 10",
            "  line 18",
            "| line 19",
            "  line 20",
            "  line 28",
            "| line 29",
            "  line 30"
        ]
    );
    assert_eq!(desk.selected(), "line 29", "the hit, not what is around it");
    let foot = desk.rows()[11].clone();
    assert!(foot.contains("3 hits") && foot.contains("1 around"), "{foot}");
    // The hits alone are moved by, and counted.
    desk.keys(&[Id::Up, Id::NextMatch]);
    assert_eq!(desk.selected(), "line 29");
    assert!(desk.rows()[11].contains("hit 3 of 3"), "{}", desk.rows()[11]);
    desk.key(Id::PreviousMatch);
    assert_eq!(desk.selected(), "line 19");
    desk.key(Id::Up);
    assert!(desk.rows()[11].contains("hit 1 of 3"), "the last one above it: {}", desk.rows()[11]);
    desk.key(Id::PreviousMatch);
    desk.keys(&[Id::Up, Id::LessContext]);
    assert_eq!(desk.selected(), "line 9");
    assert_eq!(desk.texts()[..3], ["line 9", "line 19", "line 29"]);
    desk.keys(&[Id::MoreContext; 30]);
    assert_eq!(desk.texts().len(), 10);
    assert!(desk.key(Id::MoreContext).notice.unwrap().as_str().starts_with("50 lines"));
}

#[test]
fn what_is_around_hits_is_never_out_of_scope_and_comes_as_it_comes() {
    let mut desk = Desk::new(60, 12);
    desk.environment = Some("prod".into());
    desk.come("app", &["a", "hit one", "b"]);
    desk.come("lab", &["other", "hit other", "other"]);
    desk.filter("hit");
    desk.key(Id::MoreContext);
    desk.come("app", &["c", "d", "hit two"]);
    while desk.with(|logs, view, _| logs.next_wake(view)) == Some(desk.now) {
        desk.with(|logs, view, _| logs.advance(view));
        desk.sync();
    }
    assert_eq!(marked(&mut desk), ["  a", "| hit one", "  b", "  d", "| hit two"]);
    desk.come("app", &["e", "f"]);
    assert_eq!(marked(&mut desk).last().unwrap(), "  e", "while it follows");
    // What stood around a hit becomes one.
    desk.key(Id::Up);
    desk.filter("hit | d");
    assert_eq!(marked(&mut desk)[3..], ["  c", "| d", "| hit two", "  e"]);
}

#[test]
fn the_cursor_stays_on_the_hit_however_much_is_shown_around_it() {
    let mut desk = Desk::new(60, 12);
    desk.numbered(0, 100);
    desk.filter("59");
    desk.keys(&[Id::MoreContext; 3]);
    assert_eq!((desk.selected().as_str(), marked(&mut desk)[6].as_str()), ("line 59", "  line 62"));
    // Where the newest line is the hit is out of sight: it stands still there.
    desk.keys(&[Id::MoreContext; 3]);
    assert_eq!(desk.selected(), "line 59");
    assert!(desk.rows()[11].contains("paused"), "{}", desk.rows()[11]);
    desk.numbered(100, 105);
    desk.keys(&[Id::LessContext; 6]);
    assert_eq!((desk.selected().as_str(), marked(&mut desk).len()), ("line 59", 1));
}
