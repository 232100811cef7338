//! Programs that look at something for a person: what is run, and what is heard of it.

use std::time::Duration;

use crate::model::health::Failure;
use crate::model::text::RawText;

/// The most bytes that one may write; then it is ended.
pub const MOST_OUTPUT: usize = 64 << 10;

/// One program to be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Errand {
    /// Names this run of it.
    pub id: u64,
    /// The program.
    pub program: String,
    /// What it is given.
    pub arguments: Vec<String>,
    /// Variables that it gets besides the few that every program needs.
    pub env: Vec<String>,
    /// How long it may take.
    pub within: Duration,
}

/// What is heard of one that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// It has begun.
    Started,
    /// It wrote these lines, without our secrets.
    Output(RawText),
    /// It has ended after so long.
    Ended(End, Duration),
}

/// How one ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// By itself, with this code.
    Code(i32),
    /// Some other way, in words.
    Otherwise(RawText),
    /// It took too long.
    TimedOut,
    /// It asked something on the terminal, which it has not.
    Asked,
    /// It wrote too much.
    TooMuch,
    /// It was not run.
    NotRun(Failure),
}

impl End {
    /// Whether all is well.
    pub fn is_well(&self) -> bool {
        *self == Self::Code(0)
    }
}
