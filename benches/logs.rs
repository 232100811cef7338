//! How fast lines are taken in, sealed, held, searched, merged and mined: `cargo bench --bench logs [-- FILE]`.
//!
//! Without a file it makes a million lines of five forms. Figures are of one core.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints figures and may stop"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use midwatch::logs::buffer::Buffer;
use midwatch::logs::format::{Formats, Reader};
use midwatch::logs::key::Key;
use midwatch::logs::merge::{Merged, Wanted};
use midwatch::logs::pattern::Patterns;
use midwatch::logs::query::Query;
use midwatch::logs::search::Search;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::{Line, Splitter};
use midwatch::logs::stamp::Zone;
use midwatch::model::text::RawText;

fn made() -> Vec<u8> {
    let mut text = String::new();
    for i in 0..1_000_000_u32 {
        let (second, milli) = (i / 1000 % 60, i % 1000);
        let level = match i % 50 {
            0 => "error",
            1 | 2 => "warn",
            3..=10 => "debug",
            _ => "info",
        };
        let message =
            format!("request completed id={} path=/api/orders/{} duration_ms={}", i * 7, i % 977, i % 313);
        let upper = level.to_uppercase();
        match i % 5 {
            0 => writeln!(text, "time=2026-11-22T03:12:{second:02}.{milli:03}Z level={level} service=checkout host=node-7 msg=\"{message}\""),
            1 => writeln!(text, "{{\"ts\":\"2026-11-22T03:12:{second:02}.{milli:03}Z\",\"level\":\"{level}\",\"service\":\"checkout\",\"msg\":\"{message}\"}}"),
            2 => writeln!(text, "Nov 22 03:12:{second:02} node-7 checkout[812]: {level}: {message}"),
            3 => writeln!(text, "2026-11-22 03:12:{second:02},{milli:03} {upper} [worker-3] com.example.Checkout - {message}"),
            _ => writeln!(text, "10.0.0.7 - - [22/Nov/2026:03:12:{second:02} +0000] \"GET /api/orders/{} HTTP/1.1\" 200 {} \"-\" \"curl/8\" {message}", i % 977, i),
        }
        .unwrap();
    }
    text.into_bytes()
}

fn main() {
    let file = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let bytes = file.map_or_else(made, |path| std::fs::read(path).unwrap());
    let now: Timestamp = "2026-11-22T04:00:00Z".parse().unwrap();

    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let started = Instant::now();
    let formats = Formats::detect(&bytes, &Arc::default());
    let sampled = started.elapsed();
    let started = Instant::now();
    let mut reader = Reader::new(formats.clone(), Zone::default());
    let (mut count, mut records) = (0_u128, 0_u128);
    for line in lines.clone() {
        count += 1;
        records += u128::from(reader.read(line, now.as_millisecond()).starts);
    }
    let detected = started.elapsed();
    let started = Instant::now();
    let mut fields = 0_u64;
    for line in lines {
        let _ = formats.fields(line, &mut |_, _| {
            fields += 1;
            std::ops::ControlFlow::Continue(())
        });
    }
    let fielded = started.elapsed();
    let each = |took: Duration| took.as_nanos() / count.max(1);
    println!(
        "detect: formats of a sample {} us; format, level and time of a line {} ns, {records} records; its fields {} ns, {fields} in all",
        sampled.as_micros(),
        each(detected),
        each(fielded)
    );

    let started = Instant::now();
    let mut splitter = Splitter::default();
    let mut builder = SegmentBuilder::new(RawText::from("bench"), Zone::default());
    let mut segments = Vec::new();
    for mut piece in bytes.chunks(64 * 1024) {
        while let Some(line) = splitter.next(&mut piece) {
            builder.push(line, Given::default(), now);
            if builder.is_full() {
                segments.extend(builder.seal().map(Arc::new));
            }
        }
    }
    segments.extend(builder.seal().map(Arc::new));
    let lines: u64 = segments.iter().map(|s| u64::from(s.lines())).sum();
    let report = |what: &str, started: Instant| {
        let micros = started.elapsed().as_micros().max(1);
        println!(
            "{what:<44} {:>8} k lines/s {:>6} MB/s {:>8} us",
            u128::from(lines) * 1000 / micros,
            bytes.len() as u128 / micros,
            micros,
        );
    };
    report("split, level, time, segment", started);

    let started = Instant::now();
    let mut buffer = Buffer::default();
    let mut segments_left = segments.len();
    for segment in segments {
        buffer.push(segment);
        segments_left -= 1;
        while segments_left % 16 == 0
            && let Some(sealed) = buffer.sealable().and_then(midwatch::logs::buffer::SealJob::run)
        {
            buffer.install(sealed);
        }
    }
    report("buffer, with sealing", started);
    println!(
        "{:<44} {} lines, {} MB of {} MB of text",
        "held",
        buffer.lines(),
        buffer.used() >> 20,
        bytes.len() >> 20
    );

    for text in [
        "deadlock",
        "Deadlock",
        "duration_ms=7",
        "request",
        "level>=error",
        "-request",
        "/orders/9[0-9]+ .*=3.$/",
    ] {
        let started = Instant::now();
        let mut search = Search::new(Query::parse(text, now).unwrap());
        let mut longest = Duration::ZERO;
        loop {
            let slice = Instant::now();
            let more = search.step(&buffer, 10_000);
            longest = longest.max(slice.elapsed());
            if !more {
                break;
            }
        }
        report(&format!("search {text}"), started);
        println!(
            "{:<44} {} hits, longest slice of 10,000 lines {} us",
            "",
            search.len(),
            longest.as_micros()
        );
    }

    merge(&bytes, now);

    let started = Instant::now();
    let mut patterns = Patterns::new(false);
    for line in bytes.split(|b| *b == b'\n') {
        patterns.take(line, formats.said(line).of(line), None);
    }
    report("patterns", started);
    println!("{:<44} {} patterns", "", patterns.len());
}

/// The lines of eight streams, in one order.
fn merge(bytes: &[u8], now: Timestamp) {
    let mut builders: Vec<_> = (0..8)
        .map(|n| SegmentBuilder::new(RawText::from(format!("stream-{n}").as_str()), Zone::default()))
        .collect();
    let mut buffer = Buffer::default();
    for (number, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let builder = &mut builders[number % 8];
        builder.push(Line::from(line), Given::default(), now);
        if builder.is_full() {
            buffer.push(Arc::new(builder.seal().unwrap()));
        }
    }
    builders.iter_mut().filter_map(SegmentBuilder::seal).for_each(|segment| buffer.push(Arc::new(segment)));
    let wanted = Wanted::default();
    let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
    let (first, last) = (merged.forward(Key::FIRST).next().unwrap().key, merged.end());

    let started = Instant::now();
    let walked = merged.forward(Key::FIRST).count();
    let took = started.elapsed();
    println!("merge of 8 streams: a walk of {walked} lines, {} ns a line", took.as_nanos() / walked as u128);
    let places = |number: i64| Key::at(first.time + (last.time - first.time) * number / 1000);
    let started = Instant::now();
    let shown: usize = (0..1000).map(|number| merged.forward(places(number)).take(40).count()).sum();
    println!("  1,000 windows: {} us each, {shown} lines", started.elapsed().as_micros() / 1000);
    let started = Instant::now();
    let below: u64 = (0..1000).map(|number| merged.count_from(places(number))).sum();
    println!(
        "  1,000 places: {} us each, {} lines below on average",
        started.elapsed().as_micros() / 1000,
        below / 1000
    );
}
