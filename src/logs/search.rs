//! Which lines of the buffer a query sees, found a slice at a time so that a key comes first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::buffer::{Buffer, Part};
use super::query::Query;
use super::tally::Tally;
use crate::model::text::RawText;

/// A query's hits in the buffer, kept up with what comes and what is evicted.
#[derive(Debug)]
pub struct Search {
    query: Query,
    parts: BTreeMap<u64, Looked>,
    /// What the buffer was when the parts were taken from it.
    revision: Option<(u64, u64)>,
    hits: usize,
}

/// What was found in one part.
#[derive(Debug)]
struct Looked {
    /// Places by effective time, ascending.
    hits: Vec<u32>,
    /// The hits by time.
    tally: Tally,
    /// Lines before this one have not been looked at: a part is looked at from its end.
    left: u32,
    lines: u32,
    /// Places are the numbers of the lines.
    in_order: bool,
}

impl Search {
    /// A search that has looked at nothing yet.
    pub fn new(query: Query) -> Self {
        Self { query, parts: BTreeMap::new(), revision: None, hits: 0 }
    }

    /// Looks at up to about `lines` lines, the latest first. `true` when there is more to look at.
    ///
    /// 10,000 lines take about 2 ms with an expression that matches most lines, far less with
    /// a word that is rare.
    pub fn step(&mut self, buffer: &Buffer, lines: u32) -> bool {
        self.take_over(buffer);
        let mut open: Vec<&Part> = buffer.parts().filter(|part| self.can_look(part)).collect();
        open.sort_unstable_by_key(|part| Reverse((part.reach.1, part.id)));
        let mut rest = lines.max(1);
        for part in open {
            rest = self.look(part, rest);
            if rest == 0 {
                break;
            }
        }
        self.can_step(buffer)
    }

    /// Looks at all lines of the part of this id, as long as they are here.
    pub fn look_at(&mut self, buffer: &Buffer, part: u64) {
        self.take_over(buffer);
        if let Some(part) = buffer.parts().find(|known| known.id == part && self.can_look(known)) {
            self.look(part, u32::MAX);
        }
    }

    /// Takes it that these pieces of a file have nothing that is looked for.
    pub fn rule_out(&mut self, buffer: &Buffer, stream: &RawText, pieces: &[u64]) {
        self.take_over(buffer);
        let is_ruled_out = |part: &&Part| {
            part.piece.is_some_and(|piece| pieces.contains(&piece)) && buffer.is_of(part.stream, stream)
        };
        for part in buffer.parts().filter(is_ruled_out) {
            if let Some(looked) = self.parts.get_mut(&part.id) {
                looked.left = 0;
            }
        }
    }

    /// Whether there is more to look at that is here.
    pub fn can_step(&self, buffer: &Buffer) -> bool {
        self.revision != Some(buffer.revision()) || buffer.parts().any(|part| self.can_look(part))
    }

    fn can_look(&self, part: &Part) -> bool {
        part.segment.is_some() && self.parts.get(&part.id).is_some_and(|looked| looked.left > 0)
    }

    /// Looks at up to `lines` lines of a part; how many are left of them.
    fn look(&mut self, part: &Part, lines: u32) -> u32 {
        let (Some(looked), Some(segment)) = (self.parts.get_mut(&part.id), &part.segment) else {
            return lines;
        };
        let from = looked.left.saturating_sub(lines);
        let rest = lines - (looked.left - from);
        let mut found = Vec::new();
        self.query.scan(segment, from..looked.left, |line| found.push(segment.place(line)));
        self.hits += found.len();
        let lines = found.iter().map(|place| segment.at(*place));
        looked.tally.extend(lines.map(|line| (segment.effective(line), segment.grade(line))));
        found.append(&mut looked.hits);
        if !looked.in_order {
            found.sort_unstable();
        }
        (looked.hits, looked.left) = (found, from);
        rest
    }

    /// Whether every line of the buffer has been looked at.
    pub fn is_done(&self, buffer: &Buffer) -> bool {
        self.revision == Some(buffer.revision()) && self.parts.values().all(|looked| looked.left == 0)
    }

    /// What it looks for.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// How many lines it has found so far.
    pub fn len(&self) -> usize {
        self.hits
    }

    /// Whether it has found none so far.
    pub fn is_empty(&self) -> bool {
        self.hits == 0
    }

    /// What it has found in a part: places by effective time, ascending.
    pub(super) fn hits(&self, part: u64) -> &[u32] {
        self.parts.get(&part).map_or(&[], |looked| &looked.hits)
    }

    /// What it has found in a part, by time.
    pub(super) fn tally(&self, part: u64) -> Option<&Tally> {
        self.parts.get(&part).map(|looked| &looked.tally)
    }

    /// Lets go of parts that are gone and takes up those that are new.
    fn take_over(&mut self, buffer: &Buffer) {
        if self.revision == Some(buffer.revision()) {
            return;
        }
        self.revision = Some(buffer.revision());
        let mut before = std::mem::take(&mut self.parts);
        for part in buffer.parts() {
            let known = before.remove(&part.id).or_else(|| joined(part, &before));
            let looked = known.unwrap_or_else(|| Looked {
                hits: Vec::new(),
                tally: Tally::default(),
                left: part.lines,
                lines: part.lines,
                in_order: part.in_order,
            });
            self.parts.insert(part.id, looked);
        }
        self.hits = self.parts.values().map(|looked| looked.hits.len()).sum();
    }
}

/// What is known of a part by those that it was put together from; `None` if it has to be looked at.
fn joined(part: &Part, known: &BTreeMap<u64, Looked>) -> Option<Looked> {
    let in_order = part.in_order && !part.made_of.is_empty();
    let mut whole = Looked { hits: Vec::new(), tally: Tally::default(), left: 0, lines: 0, in_order };
    for id in &part.made_of {
        let looked = known.get(id).filter(|looked| in_order && looked.in_order && looked.left == 0)?;
        whole.hits.extend(looked.hits.iter().map(|place| place + whole.lines));
        whole.tally.add(&looked.tally);
        whole.lines += looked.lines;
    }
    in_order.then_some(whole)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::key::Key;
    use crate::logs::merge::{Merged, Wanted};
    use crate::logs::segment::{Given, Segment, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    fn query(text: &str) -> Query {
        Query::parse(text, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn segment(stream: &str, lines: &[String]) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from(stream), Zone::default());
        for line in lines {
            builder.push(
                Line::from(line.as_bytes()),
                Given::default(),
                "2026-11-22T03:13:00Z".parse().unwrap(),
            );
        }
        Arc::new(builder.seal().unwrap())
    }

    fn hits(search: &Search, buffer: &Buffer) -> Vec<String> {
        let wanted = Wanted::default();
        let lines = Merged { buffer, search: Some(search), wanted: &wanted }.forward(Key::FIRST);
        lines.map(|line| String::from_utf8_lossy(line.bytes()).into_owned()).collect()
    }

    #[test]
    fn the_latest_hits_come_first_and_what_came_since_is_looked_at() {
        let mut buffer = Buffer::default();
        let lines: Vec<String> = (0..100).map(|i| format!("n{}", i % 10)).collect();
        buffer.push(segment("a", &lines));
        let mut search = Search::new(query("n9"));
        assert!(search.step(&buffer, 15));
        assert_eq!(search.len(), 2);
        buffer.push(segment("a", &lines));
        assert!(!search.is_done(&buffer));
        while search.step(&buffer, 7) {}
        assert_eq!((search.len(), hits(&search, &buffer).len()), (20, 20));
        assert!(search.is_done(&buffer));
    }

    proptest! {
        #[test]
        fn it_agrees_with_looking_at_every_line(
            batches in proptest::collection::vec((0_u8..3, proptest::collection::vec("(2026-11-22T03:12:0[0-9]Z )?([ab]{0,3}|WARN [ab]{90})", 1..6), 0_u32..9), 1..60),
            filter in "(-?[ab]{1,2}|level>=warn|stream:s1|/a\\$/)( -?[ab])?",
            budget in 3000_usize..20_000,
        ) {
            let mut buffer = Buffer::new(budget);
            let filter = query(&filter);
            let mut search = Search::new(filter.clone());
            for (stream, lines, step) in batches {
                buffer.push(segment(&format!("s{stream}"), &lines));
                if step > 0 {
                    search.step(&buffer, step);
                }
                if step == 8 && let Some(job) = buffer.sealable() {
                    buffer.install(job.run().unwrap());
                }
                prop_assert!(step == 0 || step == 8 || hits(&search, &buffer).len() == search.len());
            }
            while search.step(&buffer, 3) {}
            let wanted = Wanted::default();
            let all = Merged { buffer: &buffer, search: None, wanted: &wanted };
            let naive: Vec<Key> = all.forward(Key::FIRST).filter(|l| filter.matches(l)).map(|l| l.key).collect();
            let found = Merged { buffer: &buffer, search: Some(&search), wanted: &wanted };
            prop_assert_eq!(found.forward(Key::FIRST).map(|l| l.key).collect::<Vec<_>>(), naive);
            prop_assert_eq!(found.count(), search.len() as u64);
        }
    }
}
