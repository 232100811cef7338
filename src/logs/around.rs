//! The walk over hits and what stands around them.

use std::collections::VecDeque;
use std::iter::Peekable;

use super::buffer::LineRef;
use super::key::Key;
use super::merge::Merged;

type Lines<'a> = Box<dyn Iterator<Item = LineRef<'a>> + 'a>;

fn walk(lines: Merged<'_>, from: Key, down: bool) -> Lines<'_> {
    if down { Box::new(lines.forward(from)) } else { Box::new(lines.backward(from)) }
}

/// A walk over hits and the lines around them, in order or against it; gives of each whether it is a hit.
pub struct Around<'a> {
    down: bool,
    hits: Peekable<Lines<'a>>,
    all: Merged<'a>,
    lines: usize,
    from: Key,
    /// The lines that stand behind what was given last, and how many of them are of a hit.
    near: Option<Lines<'a>>,
    left: usize,
    /// What is given next.
    ready: VecDeque<(LineRef<'a>, bool)>,
    last: Option<Key>,
}

impl<'a> Around<'a> {
    /// From this place on, or before it.
    pub fn new(hits: Merged<'a>, all: Merged<'a>, lines: usize, from: Key, down: bool) -> Self {
        // A hit that is not walked over may reach here.
        let other = walk(hits, from, !down).next();
        let away =
            other.and_then(|hit| walk(all, from, !down).take(lines).position(|line| line.key == hit.key));
        let left = away.map_or(0, |away| lines - away);
        let near = (left > 0).then(|| walk(all, from, down));
        let hits = walk(hits, from, down).peekable();
        Self { down, hits, all, lines, from, near, left, ready: VecDeque::new(), last: None }
    }

    /// Whether it comes behind what was given.
    fn is_new(&self, key: Key) -> bool {
        match (self.last, self.down) {
            (Some(last), true) => key > last,
            (Some(last), false) => key < last,
            (None, true) => key >= self.from,
            (None, false) => key < self.from,
        }
    }
}

impl<'a> Iterator for Around<'a> {
    type Item = (LineRef<'a>, bool);

    fn next(&mut self) -> Option<(LineRef<'a>, bool)> {
        if self.ready.is_empty() && self.left > 0 {
            if let Some(line) = self.near.as_mut().and_then(Iterator::next) {
                let is_hit = self.hits.next_if(|hit| hit.key == line.key).is_some();
                self.left = if is_hit { self.lines } else { self.left - 1 };
                self.last = Some(line.key);
                return Some((line, is_hit));
            }
            self.left = 0;
        }
        if self.ready.is_empty() {
            let hit = self.hits.next()?;
            // A place is before the line that stands there.
            let (before, behind) =
                if self.down { (hit.key, hit.key.next()) } else { (hit.key.next(), hit.key) };
            let ahead = walk(self.all, before, !self.down).take(self.lines);
            let ahead: Vec<_> = ahead.take_while(|line| self.is_new(line.key)).collect();
            let ahead = ahead.into_iter().rev();
            self.ready.extend(ahead.map(|line| (line, false)));
            self.ready.push_back((hit, true));
            self.last = Some(hit.key);
            (self.near, self.left) = (Some(walk(self.all, behind, self.down)), self.lines);
        }
        self.ready.pop_front()
    }
}
