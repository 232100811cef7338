//! The one order of all lines.

/// Where a line stands among all lines: by effective time, then stream, then its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Key {
    /// Milliseconds since 1970.
    pub time: i64,
    /// Streams in the order in which they first appeared.
    pub stream: u32,
    /// Lines of a stream in the order in which they came, from 0.
    pub seq: u64,
}

impl Key {
    /// Before every line.
    pub const FIRST: Self = Self { time: i64::MIN, stream: 0, seq: 0 };
    /// After every line.
    pub const END: Self = Self { time: i64::MAX, stream: u32::MAX, seq: u64::MAX };

    /// The place right after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self { seq: self.seq.saturating_add(1), ..self }
    }

    /// The first place of this moment.
    pub fn at(time: i64) -> Self {
        Self { time, ..Self::FIRST }
    }
}
