//! What lines are written in, what a line says, where records begin: none of it fails, what it points at
//! is in the line, and every line that came is held or counted.
#![no_main]

use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use midwatch::logs::format::{Formats, Reader};
use midwatch::logs::pattern::Patterns;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Splitter;
use midwatch::logs::stamp::Zone;
use midwatch::model::text::RawText;

fuzz_target!(|bytes: &[u8]| {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let formats = Formats::detect(bytes, &Arc::default());
    let mut zone = Zone::default();
    let mut reader = Reader::new(formats.clone(), Zone::default());
    let mut before: Option<&[u8]> = None;
    for line in bytes.split(|b| *b == b'\n') {
        let head = formats.head(line, now.as_millisecond(), &mut zone);
        assert_eq!(head, formats.head(line, now.as_millisecond(), &mut zone), "the same line, another head");
        let message = formats.message(line);
        assert!(line.get(message.clone()).is_some(), "{message:?} of {} bytes", line.len());
        let _starts = formats.begins(before, line);
        let mut fields = 0;
        let _all = formats.fields(line, &mut |_, _| {
            fields += 1;
            ControlFlow::Continue(())
        });
        assert!(fields <= line.len() + 16, "{fields} fields in {} bytes", line.len());
        reader.read(line, now.as_millisecond());
        before = Some(line);
    }

    let mut builder = SegmentBuilder::new(RawText::from("stream"), Zone::default());
    let (mut splitter, mut rest) = (Splitter::default(), bytes);
    let (mut came, mut held) = (0, 0);
    let mut seal = |builder: &mut SegmentBuilder| {
        if let Some(segment) = builder.seal() {
            let mut last = i64::MIN;
            for line in 0..segment.lines() {
                let (_text, _level, time) =
                    (segment.line(line), segment.level(line), segment.effective(line));
                last = last.max(time);
            }
            assert!(segment.lines() == 0 || last > i64::MIN);
            held += u64::from(segment.lines()) + segment.lost();
        }
    };
    while let Some(line) = splitter.next(&mut rest) {
        came += 1;
        builder.push(line, Given::default(), now);
        if builder.is_full() {
            seal(&mut builder);
        }
    }
    if let Some(line) = splitter.finish() {
        came += 1;
        builder.push(line, Given::default(), now);
    }
    seal(&mut builder);
    assert_eq!(came, held, "lines that came, and lines that are held");

    let mut patterns = Patterns::new(false);
    for line in bytes.split(|b| *b == b'\n').take(200) {
        let id = patterns.take(line, formats.said(line).of(line), None);
        let now_in = patterns.resolve(id);
        assert_eq!(patterns.resolve(now_in), now_in, "an alias of an alias");
    }
});
