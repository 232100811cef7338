//! Mining the lines of a file for patterns, a few pieces at a time.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Reader, cores, watched};
use crate::logs::archive::{Anew, FileSays};
use crate::logs::mining::{Mined, Order};

/// Time between two words on what was mined.
const TOLD: Duration = Duration::from_millis(250);

/// What is mined, and how far.
pub(super) struct Mine {
    pub(super) order: Order,
    /// Pieces that are not mined yet: from, to. The last is mined first.
    pub(super) todo: Range<u64>,
    /// The last that was mined, how many lines of it were, and the length of the file then.
    last: (u64, u32, u64),
    /// Lines that are mined of a piece that has grown.
    done: (u64, u32),
    told: Instant,
}

impl Reader<'_> {
    /// Begins to mine, or goes on with what the file has grown by.
    pub(super) fn mine(&mut self, order: Order) {
        let (pieces, length) = (self.pieces(), self.meta.len());
        match &mut self.mine {
            Some(mine) if mine.order == order => {
                if mine.todo.is_empty() && mine.last.2 < length {
                    mine.done = (mine.last.0, mine.last.1);
                    mine.todo = mine.last.0..pieces;
                }
            }
            mine => {
                let told = Instant::now();
                *mine = Some(Mine { order, todo: 0..pieces, last: (0, 0, 0), done: (0, 0), told });
            }
        }
    }

    /// Mines some pieces, the last first; false when the file is another.
    pub(super) async fn dig(&mut self) -> io::Result<bool> {
        let Some(mut mine) = self.mine.take() else { return Ok(true) };
        let (to, length) = (mine.todo.end, self.meta.len());
        let from = to.saturating_sub(self.portion()).max(mine.todo.start);
        let each = (to - from).div_ceil(cores()).max(1);
        let workers: Vec<_> = (from..to)
            .step_by(usize::try_from(each).unwrap_or(1))
            .map(|begin| self.read(begin..(begin + each).min(to), Some(Arc::clone(mine.order.query()))))
            .collect();
        let mut whole = true;
        let mut lines = Vec::new();
        for worker in workers {
            let read = watched(worker, self.path, self.outlet).await?;
            whole &= !read.ended_early;
            for (index, segment) in read.pieces {
                // Of a piece that has grown only what is new.
                let first = if index == mine.done.0 { mine.done.1 } else { 0 };
                if index >= mine.last.0 {
                    mine.last = (index, segment.as_ref().map_or(0, |lines| lines.segment.lines()), length);
                }
                if let Some(segment) = segment {
                    let segment = self.outlet.blotted(self.date(index, segment, false)).await;
                    lines.push((segment, first));
                }
            }
        }
        let order = mine.order.clone();
        let mining = tokio::task::spawn_blocking(move || {
            for (segment, first) in lines.iter().rev() {
                order.take(segment, *first..segment.lines());
            }
            Ok(())
        });
        watched(mining, self.path, self.outlet).await?;
        mine.todo.end = from;
        if mine.todo.is_empty() || mine.told.elapsed() >= TOLD {
            let order = mine.order.clone();
            let found = tokio::task::spawn_blocking(move || Ok(order.found()));
            let found = watched(found, self.path, self.outlet).await?;
            let (all, left) = (self.pieces(), mine.todo.end - mine.todo.start);
            let mined = Mined { number: mine.order.number, found };
            let says = FileSays::Mined(mined, (all.saturating_sub(left), all));
            self.outlet.file(&self.stream, says).await;
            mine.told = Instant::now();
        }
        self.mine = Some(mine);
        if !whole {
            self.anew = Some(Anew::Cut);
        }
        Ok(whole)
    }
}
