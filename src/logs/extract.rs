//! The lines in force as they were at one moment, for a worker that writes them elsewhere.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::sync::Arc;

use super::buffer::LineRef;
use super::key::Key;
use super::merge::{Merged, Span, Wanted, forward_over};
use super::part::Part;
use crate::model::text::RawText;

/// Lines that are held until they have been written.
#[derive(Debug)]
pub struct Extract {
    /// Parts whose lines are here.
    parts: Vec<Part>,
    /// What is written of each part; without it, every line.
    hits: Option<HashMap<u64, Box<[u32]>>>,
    /// Lines on each side of a hit that are written too.
    around: usize,
    missing: u64,
}

impl Extract {
    /// The lines in force with those around them, without those of hidden streams.
    pub fn of(merged: &Merged<'_>, around: usize, hidden: &BTreeSet<RawText>) -> Self {
        let mut extract = Self {
            parts: Vec::new(),
            hits: merged.search.map(|_| HashMap::new()),
            around: if merged.search.is_some() { around } else { 0 },
            missing: 0,
        };
        let shown = |part: &&Part| !hidden.iter().any(|name| merged.buffer.is_of(part.stream, name));
        for part in merged.buffer.parts().filter(shown) {
            let hits = merged.search.map(|search| search.hits(part.id));
            if part.segment.is_none() {
                extract.missing += hits.map_or(u64::from(part.lines), |hits| hits.len() as u64);
                continue;
            }
            if let (Some(all), Some(hits)) = (&mut extract.hits, hits)
                && !hits.is_empty()
            {
                all.insert(part.id, hits.into());
            }
            extract.parts.push(part.clone());
        }
        extract
    }

    /// Lines of files in force that are not here.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Gives the lines in order, each without its end, until `put` fails; how many there were.
    pub fn write(&self, mut put: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
        let wanted = Wanted::default();
        let mut written = 0;
        let mut put = |line: &LineRef<'_>| {
            written += 1;
            put(line.bytes())
        };
        let mut hits = self.walk(true, &wanted).peekable();
        if self.around == 0 {
            hits.try_for_each(|line| put(&line))?;
            return Ok(written);
        }
        let (mut before, mut left) = (VecDeque::with_capacity(self.around), 0);
        for line in self.walk(false, &wanted) {
            if hits.next_if(|hit| hit.key == line.key).is_some() {
                before.drain(..).try_for_each(|line: LineRef<'_>| put(&line))?;
                put(&line)?;
                left = self.around;
            } else if left > 0 {
                put(&line)?;
                left -= 1;
            } else {
                if before.len() == self.around {
                    before.pop_front();
                }
                before.push_back(line);
            }
            if hits.peek().is_none() && left == 0 {
                break;
            }
        }
        Ok(written)
    }

    fn walk<'a>(&'a self, hits: bool, wanted: &'a Wanted) -> impl Iterator<Item = LineRef<'a>> + use<'a> {
        let hits = self.hits.as_ref().filter(|_| hits);
        let span = |part: &'a Part| {
            let hits = hits.map(|hits| hits.get(&part.id).map_or(&[][..], |hits| hits));
            Span { part, segment: part.segment.as_ref(), hits }
        };
        let spans = self.parts.iter().map(span).filter(|span| span.len() > 0).collect();
        forward_over(spans, Key::FIRST, wanted)
    }
}

/// Compared as what it is made of: the same moment of the same buffer.
impl PartialEq for Extract {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, another): (&Part, &Part)| match (&one.segment, &another.segment) {
            (Some(one), Some(another)) => Arc::ptr_eq(one, another),
            (one, another) => one.is_none() && another.is_none(),
        };
        self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(same)
            && (&self.hits, self.around) == (&other.hits, other.around)
    }
}

impl Eq for Extract {}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::buffer::Buffer;
    use crate::logs::query::Query;
    use crate::logs::search::Search;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    fn written(extract: &Extract) -> Vec<String> {
        let mut lines = Vec::new();
        let count = extract.write(|line| {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            Ok(())
        });
        assert_eq!(count.unwrap(), lines.len() as u64);
        lines
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_in_force_and_what_is_around_it(
            batches in proptest::collection::vec((0_u8..3, 0_i64..50, proptest::collection::vec("[ab]{1,3}", 1..9)), 1..12),
            filter in "(-?[ab]{1,2})?",
            around in 0_usize..4,
        ) {
            let mut buffer = Buffer::default();
            for (stream, second, lines) in &batches {
                let mut builder = SegmentBuilder::new(format!("s{stream}").into(), Zone::default());
                for (n, line) in lines.iter().enumerate() {
                    let time = Timestamp::from_second(*second + i64::try_from(n).unwrap()).unwrap();
                    let given = Given { time: Some(time), ..Given::default() };
                    builder.push(Line::from(line.as_bytes()), given, time);
                }
                buffer.push(Arc::new(builder.seal().unwrap()));
            }
            let query = Query::parse(&filter, Timestamp::UNIX_EPOCH).unwrap();
            let mut search = (!query.is_empty()).then(|| Search::new(query.clone()));
            while search.as_mut().is_some_and(|search| search.step(&buffer, 1000)) {}
            let wanted = Wanted::default();
            let merged = Merged { buffer: &buffer, search: search.as_ref(), wanted: &wanted };
            let hidden = BTreeSet::from(["s2".into()]);
            let extract = Extract::of(&merged, around, &hidden);
            let all: Vec<_> = Merged { search: None, ..merged }
                .forward(Key::FIRST)
                .filter(|line| line.segment.stream() != &"s2".into())
                .map(|line| (String::from_utf8(line.bytes().to_vec()).unwrap(), query.matches(&line)))
                .collect();
            let around = if search.is_some() { around } else { 0 };
            let near = |at: usize| {
                all[at.saturating_sub(around)..all.len().min(at + around + 1)].iter().any(|(_, is_hit)| *is_hit)
            };
            let expected: Vec<_> = (0..all.len()).filter(|at| near(*at)).map(|at| all[at].0.clone()).collect();
            prop_assert_eq!(written(&extract), expected);
            prop_assert_eq!(extract.missing(), 0);
        }
    }

    #[test]
    fn what_is_given_up_meanwhile_is_still_written_and_the_first_failure_ends_it() {
        let mut buffer = Buffer::default();
        let mut builder = SegmentBuilder::new("a".into(), Zone::default());
        for line in ["one", "two", "three"] {
            builder.push(Line::from(line.as_bytes()), Given::default(), Timestamp::UNIX_EPOCH);
        }
        buffer.push(Arc::new(builder.seal().unwrap()));
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let extract = Extract::of(&merged, 0, &BTreeSet::new());
        drop(buffer);
        assert_eq!(written(&extract), ["one", "two", "three"]);
        let mut left = 2;
        let failed = extract.write(|_| {
            left -= 1;
            if left > 0 { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
        });
        assert_eq!((failed.unwrap_err().kind(), left), (io::ErrorKind::StorageFull, 0));
    }
}
