//! The notepad: entries, the pad, and what the app and the record say to each other.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::text::RawText;

/// The longest pad, in bytes: what the record takes and the editor lets in.
pub const MOST_PAD: usize = 512 * 1024;

/// One line of the timeline. It has two times: when it happened and when it was written down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// When it was written down.
    pub recorded: Timestamp,
    /// Who wrote it.
    pub person: RawText,
    /// What they wrote.
    pub text: RawText,
    /// The console session that wrote it.
    pub session: RawText,
    /// Counts the entries of one session, from 1.
    pub seq: u64,
}

/// Puts the entries of several consoles in one order, by (event time, session, seq), each once.
pub fn merge(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| (a.at, &a.session, a.seq).cmp(&(b.at, &b.session, b.seq)));
    let mut seen = HashSet::with_capacity(entries.len());
    entries.retain(|e| seen.insert((e.session.clone(), e.seq)));
    entries
}

/// What the app asks of the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoteCommand {
    /// Make this entry durable.
    Entry(Entry),
    /// Make this the pad's text. The number tells it from earlier texts when it is saved.
    Pad(u64, RawText),
    /// Nobody writes now: a good moment to tidy up, and to try again what failed.
    Rest,
    /// Write entries and pad to another file, which must not exist.
    WriteTo(RawText),
}

/// What the record answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoteReply {
    /// What was there at the start; again when the pad, held by another console until then, is
    /// free for this one.
    Opened {
        /// All entries, in order of time, session and seq.
        entries: Vec<Entry>,
        /// The pad's text.
        pad: RawText,
        /// Who else holds the pad: then it can be read here and not written.
        held_by: Option<RawText>,
        /// What the person should know: a torn tail, a directory lost on reboot.
        notices: Vec<RawText>,
    },
    /// Nothing is written here, as in a demo: entries and pad are gone at the end.
    Unkept,
    /// This entry of this session is durable.
    EntrySaved(u64),
    /// The pad's text of this number is durable, or a newer one.
    PadSaved(u64),
    /// The last command is not durable, and why. The text stays in memory and is tried again.
    NotSaved(RawText),
    /// Another program removed or changed journals in this directory; so many entries that were in
    /// them are written anew.
    Restored(usize, RawText),
    /// Entries and pad were written to this path.
    Written(RawText),
    /// Another program changed the pad's file and nothing was typed here since it was written:
    /// this is the pad's text now.
    PadChanged(RawText),
    /// Another program changed the pad's file while there is newer text here: that version was
    /// put into this file, and the text here goes on as the pad.
    PadKept(RawText),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64, session: &str, seq: u64) -> Entry {
        let at = Timestamp::from_second(at).unwrap();
        Entry { at, recorded: at, person: "kim".into(), text: "x".into(), session: session.into(), seq }
    }

    #[test]
    fn entries_of_several_consoles_have_one_order_and_come_once() {
        let [a1, a2, b1, b2] = [entry(5, "a", 1), entry(3, "a", 2), entry(5, "b", 1), entry(4, "b", 2)];
        let want = vec![a2.clone(), b2.clone(), a1.clone(), b1.clone()];
        assert_eq!(merge(vec![a1.clone(), b1.clone(), a1.clone(), b2.clone(), a2.clone()]), want);
        assert_eq!(merge(vec![b2, a2, b1, a1]), want);
    }
}
