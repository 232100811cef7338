//! Text from outside: what is drawn of it has no control character and no more columns than were asked
//! for. Keys from outside: reading them never fails and holds no more than a paste may have.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use midwatch::model::text::{RawText, SafeText, clean, clean_block, clean_line, raw_view};
use midwatch::runtime::keys::{PASTE_LIMIT, Parser, Typed};

fn is_drawable(text: &SafeText) {
    let hostile =
        |c: &char| c.is_control() || matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.as_str().contains(|c| hostile(&c)), "{:?}", text.as_str());
    for width in [0, 1, 7, 80] {
        let cut = text.truncate_to(width, &SafeText::literal("..."));
        assert!(cut.width() <= width.max(3), "{} columns of {width}", cut.width());
        assert!(text.columns(3, width).width() <= width);
    }
    let rows = text.wrap(9);
    for row in &rows {
        // The space at which a row is broken may hang over its end.
        let shown = row.as_str().strip_suffix(' ').unwrap_or(row.as_str());
        assert!(SafeText::width(row) - (row.as_str().len() - shown.len()) <= 9, "{:?}", row.as_str());
    }
    let joined: String = rows.iter().map(SafeText::as_str).collect();
    assert_eq!(joined, text.as_str());
    assert!(text.ascii().as_str().is_ascii());
    let inked: String = text.runs().into_iter().map(|(text, _)| text).collect();
    assert_eq!(inked, text.as_str());
}

fuzz_target!(|bytes: &[u8]| {
    let raw = RawText::from_bytes(bytes);
    is_drawable(&clean(&raw));
    is_drawable(&clean_line(bytes));
    is_drawable(&raw_view(bytes));
    for line in clean_block(&raw) {
        is_drawable(&line);
    }

    let mut parser = Parser::new(Duration::from_millis(50));
    let mut at = Duration::ZERO;
    for (number, part) in bytes.chunks(7).enumerate() {
        at += Duration::from_millis(u64::from(part[0]) * (number as u64 % 3));
        let mut typed = parser.expire(at);
        typed.extend(parser.feed(part, at));
        for one in typed {
            if let Typed::Paste(text) = one {
                assert!(text.as_bytes().len() <= PASTE_LIMIT);
            }
        }
    }
    parser.expire(at + Duration::from_secs(60));
    assert_eq!(parser.deadline(), None, "nothing is open a minute later");
});
