//! The first line is a query, the rest what it is asked of: a query that is understood reads back as it was
//! written, and nothing that it sees is in a text in which it says that nothing can be.
#![no_main]

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use midwatch::logs::format::Formats;
use midwatch::logs::query::Query;
use midwatch::logs::record::{Found, Text, Unit};
use midwatch::logs::stamp::Zone;

fuzz_target!(|bytes: &[u8]| {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let (first, rest) = match bytes.iter().position(|b| *b == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &b""[..]),
    };
    let Ok(written) = std::str::from_utf8(first) else { return };
    let query = match Query::parse(written, now) {
        Ok(query) => query,
        Err(wrong) => {
            assert!((1..=written.chars().count() + 1).contains(&wrong.column), "column {}", wrong.column);
            return;
        }
    };
    let again = Query::parse(&query.to_string(), now).expect("what a query is written as is a query");
    assert_eq!(query.to_string(), again.to_string());

    let formats = Formats::detect(rest, &Arc::default());
    let zone = Zone::default();
    let text = Text { bytes: rest, stream: b"app.log", formats: &formats, zone: &zone, now, before: None };
    for unit in [Unit::Line, Unit::Record] {
        let mut ends = 0;
        let (mut seen, mut seen_again) = (Vec::new(), Vec::new());
        let (mut undated, mut undated_again) = (Vec::new(), Vec::new());
        let each = |range: Range<usize>, _: &Found<'_>| {
            assert!(range.start >= ends && rest.get(range.clone()).is_some(), "{range:?} after {ends}");
            ends = range.end;
            seen.push(range);
        };
        text.search(&query, unit, each, |range| undated.push(range));
        text.search(&again, unit, |range, _| seen_again.push(range), |range| undated_again.push(range));
        assert_eq!(undated, undated_again, "read back it asks for other times");
        assert_eq!(seen, seen_again, "read back it sees something else");
        // Lines that are looked at by themselves have the CR of their end.
        let may_be = unit == Unit::Line || query.may_be_in(&formats, rest);
        assert!(seen.is_empty() || may_be, "seen where nothing can be");
        for range in seen {
            query.hits(&rest[range]);
        }
    }
});
