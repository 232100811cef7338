//! The notepad: entries, the pad, and what the app and the record say to each other.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::alert::Alert;
pub use crate::model::evidence::Evidence;
use crate::model::terms::{Declared, Field, IncidentId, Sev, Status, is_same_person};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// The longest pad, in bytes: what the record takes and the editor lets in.
pub const MOST_PAD: usize = 512 * 1024;

/// What comes after another thing that was written down is later by so much at least.
const TICK: SignedDuration = SignedDuration::from_millis(1);
/// The year 9000: no clock tells a time from here on. An entry that says so was made to be the last for ever.
pub const NO_CLOCK: Timestamp = Timestamp::constant(221_845_392_000, 0);

/// Whose notes: each has a folder of its own, with journals of entries and a pad.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Folder {
    /// What is written while no incident is current.
    Shift,
    /// What people tell each other besides: who has which alert, and the shifts that they hand over.
    Team,
    /// An incident's.
    Incident(IncidentId),
}

impl Folder {
    /// Where it is below the state directory.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Shift => PathBuf::from("notes"),
            Self::Team => PathBuf::from("team"),
            Self::Incident(id) => Path::new("incidents").join(id.as_str()),
        }
    }

    /// The incident that it is of.
    pub fn incident(&self) -> Option<&IncidentId> {
        match self {
            Self::Shift | Self::Team => None,
            Self::Incident(id) => Some(id),
        }
    }
}

/// What an entry is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// What somebody saw or thought.
    #[default]
    Note,
    /// What may be the cause.
    Hypothesis,
    /// What is not the cause.
    RuledOut,
    /// What was decided.
    Decision,
    /// What is to be done.
    Todo {
        /// By whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<RawText>,
        /// By when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// What those who wait were told.
    Update,
    /// The shift ends here: the entry's text is the document. Done is accepted.
    HandOver {
        /// Who takes over, if that is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<RawText>,
    },
    /// Somebody said to be back by then.
    Timer {
        /// By when.
        due: Timestamp,
    },
    /// The incident begins to be recorded.
    Declared(Box<Declared>),
    /// It is as bad as this.
    Severity(Sev),
    /// It stands so.
    Status(Status),
    /// Something of it is this from here on: the entry's text.
    Set(Field),
    /// It happened, as a source told; who wrote it is that source.
    Happened {
        /// The same for every console that saw it. Empty where another entry tells of that one already, and
        /// only the others are news here.
        mark: RawText,
        /// The marks of what happened in the same storm and has no line of its own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<RawText>,
    },
    /// What was seen, as it was.
    Evidence(Box<Evidence>),
    /// The named one takes a role that was offered.
    Accepted(Field),
    /// Somebody has an alert, or gives it up: the entry's text is its name.
    Claim {
        /// The alert, as each source tells it.
        of: Vec<Fired>,
        /// Whether they have it.
        held: bool,
    },
    /// Something said of another entry.
    Later {
        /// The session of that entry.
        session: RawText,
        /// Its number there.
        seq: u64,
        /// When it was written down: whoever copies a number must not have what is said of it. Those that were
        /// written before this was said are of the first of that number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded: Option<Timestamp>,
        /// What is said of it.
        said: Later,
    },
}

/// An alert, this time that it fires: when it fires again nobody has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fired {
    /// Its id at a source.
    pub id: RawText,
    /// Since when it fires, as that source tells.
    pub started: Timestamp,
}

impl Fired {
    /// The alert, as its source tells it.
    pub fn of(alert: &Alert) -> Self {
        Self { id: alert.id.clone(), started: alert.started }
    }
}

/// What is said of an entry later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Later {
    /// It happened at this time.
    At(Timestamp),
    /// It should say what this entry's text says.
    Text,
    /// Whether it matters most.
    Starred(bool),
    /// Whether it stays out of documents.
    Hidden(bool),
    /// Whether what is to be done is done.
    Done(bool),
    /// Whether who says it does it.
    Claimed(bool),
}

impl What {
    fn is_note(&self) -> bool {
        *self == Self::Note
    }

    /// When it is written down: who answers what others said has the last word, also where their clock is ahead, or
    /// one's own went back.
    pub fn recorded_after(&self, entries: &[Entry], now: Timestamp) -> Timestamp {
        if !self.is_about_the_same(self) {
            return now;
        }
        let answered = entries.iter().filter(|entry| entry.what.is_about_the_same(self));
        let last = answered.map(|entry| entry.recorded).max();
        let next = |last: Timestamp| last.checked_add(TICK).ok().filter(|at| *at < NO_CLOCK).unwrap_or(last);
        last.map_or(now, |last| now.max(next(last)))
    }

    /// Whether its text is what a person wrote, which says nothing else when it is corrected.
    pub fn has_free_text(&self) -> bool {
        !matches!(
            self,
            Self::Declared(_) | Self::Set(_) | Self::Accepted(_) | Self::Claim { .. } | Self::HandOver { .. }
        )
    }

    /// Whether of both only what was said last counts.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Severity(_), Self::Severity(_)) | (Self::Status(_), Self::Status(_)) => true,
            (Self::Set(one) | Self::Accepted(one), Self::Set(other) | Self::Accepted(other)) => one == other,
            (Self::Claim { of, .. }, Self::Claim { of: other, .. }) => {
                of.iter().any(|one| other.contains(one))
            }
            (
                Self::Later { session, seq, recorded, .. },
                Self::Later { session: other, seq: number, recorded: at, .. },
            ) => (session, seq) == (other, number) && (recorded == at || recorded.is_none() || at.is_none()),
            _ => false,
        }
    }
}

/// One line of the timeline. It has two times: when it happened and when it was written down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// When it was written down.
    #[serde(deserialize_with = "of_a_clock")]
    pub recorded: Timestamp,
    /// Who wrote it.
    pub person: RawText,
    /// What it is.
    #[serde(default, skip_serializing_if = "What::is_note")]
    pub what: What,
    /// What they wrote.
    pub text: RawText,
    /// The console session that wrote it.
    pub session: RawText,
    /// Counts the entries of one session, from 1.
    pub seq: u64,
}

fn of_a_clock<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let at = Timestamp::deserialize(deserializer)?;
    if at < NO_CLOCK { Ok(at) } else { Err(D::Error::custom("no clock tells this time")) }
}

impl Entry {
    /// Tells it from all others. When it was written down belongs to it: whoever could write first what a session
    /// will count next, in a directory that several share, would else hide what that session says.
    pub fn key(&self) -> (RawText, u64, Timestamp) {
        (self.session.clone(), self.seq, self.recorded)
    }

    /// Where it stands among others.
    pub fn place(&self) -> (Timestamp, &RawText, u64, Timestamp) {
        (self.at, &self.session, self.seq, self.recorded)
    }

    /// Whether nobody wrote it: a source told that it happened.
    pub fn is_automatic(&self) -> bool {
        matches!(self.what, What::Happened { .. })
    }

    /// Whether it offers a role to somebody else: it is theirs when they accept.
    pub fn is_offer(&self) -> bool {
        let is_own = is_same_person(&self.person, &self.text);
        matches!(self.what, What::Set(field) if field.is_role()) && !self.text.is_empty() && !is_own
    }

    /// The same where its person or source stands beside it: that is not said again.
    pub fn words_beside_source(&self) -> SafeText {
        let text = clean(&self.text);
        match text.as_str().strip_suffix(told_by(&self.person).as_str()) {
            Some(text) if self.is_automatic() => Self { text: text.into(), ..self.clone() }.words(),
            _ => self.words(),
        }
    }

    /// What it says, in one line without its time and its person. Times in it are UTC.
    pub fn words(&self) -> SafeText {
        let text = clean(&self.text);
        let named = |word: &'static str| safe!("{}: {}", SafeText::literal(word), text);
        let with = |said: SafeText| if text.as_str().is_empty() { said } else { safe!("{}: {}", said, text) };
        match &self.what {
            What::Note => text,
            What::Happened { also, .. } if also.is_empty() => text,
            What::Happened { mark, also } if mark.is_empty() => {
                safe!("{} more like it: {}", also.len(), text)
            }
            What::Happened { also, .. } => safe!("{}, and {} more things like it", text, also.len()),
            What::Hypothesis => named("hypothesis"),
            What::RuledOut => named("ruled out"),
            What::Decision => named("decision"),
            What::Todo { owner, due } => {
                let mut said = SafeText::literal("todo");
                if let Some(owner) = owner {
                    said.push(&safe!(" @{}", clean(owner)));
                }
                if let Some(due) = due {
                    let day = |at: &Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date();
                    let form = if day(due) == day(&self.recorded) { "%H:%MZ" } else { "%b %d %H:%MZ" };
                    said.push(&safe!(" by {}", clean(&due.strftime(form).to_string().into())));
                }
                safe!("{}: {}", said, text)
            }
            What::Update => named("update"),
            What::HandOver { to } => {
                let to = to.as_ref().map_or_else(|| "whoever is next".into(), clean);
                safe!("the shift is handed over to {}", to)
            }
            What::Timer { due } => {
                safe!("by {}: {}", clean(&due.strftime("%H:%MZ").to_string().into()), text)
            }
            What::Declared(declared) => {
                safe!("declared SEV{}: {}", declared.severity.number(), clean(&declared.title))
            }
            What::Severity(severity) => with(safe!("severity SEV{}", severity.number())),
            What::Status(status) => with(safe!("status {}", SafeText::literal(status.word()))),
            What::Set(field) if self.is_offer() => {
                safe!("{} offered to {}", SafeText::literal(field.word()), text)
            }
            What::Set(field) => named(field.word()),
            What::Accepted(field) => safe!("{} accepted", SafeText::literal(field.word())),
            What::Claim { held: true, .. } => safe!("claimed alert {}", text),
            What::Claim { held: false, .. } => safe!("released alert {}", text),
            What::Evidence(evidence) => {
                let lines = evidence.left_out.saturating_add(evidence.lines.len() as u64);
                let lines = if lines == 1 { "1 line".into() } else { safe!("{} lines", lines) };
                let said = safe!("evidence: {} of {}", lines, clean(&evidence.from));
                if text.is_empty() { said } else { safe!("{}: {}", said, text) }
            }
            What::Later { said, .. } => match said {
                Later::At(at) => {
                    safe!("it was at {}", clean(&at.strftime("%FT%H:%M:%SZ").to_string().into()))
                }
                Later::Text => named("corrected"),
                Later::Starred(true) => "starred".into(),
                Later::Starred(false) => "no longer starred".into(),
                Later::Hidden(true) => "left out of documents".into(),
                Later::Hidden(false) => "in documents again".into(),
                Later::Done(true) => "done".into(),
                Later::Done(false) => "not done".into(),
                Later::Claimed(true) => "claimed".into(),
                Later::Claimed(false) => "released".into(),
            },
        }
    }
}

/// ` (prom)`: which source tells of what happened, behind it.
pub fn told_by(source: &RawText) -> SafeText {
    safe!(" ({})", clean(source))
}

/// Puts the entries of several consoles in one order, by (event time, session, seq), each once (see
/// [`Entry::key`]).
pub fn merge(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| a.place().cmp(&b.place()));
    let mut seen = HashSet::with_capacity(entries.len());
    entries.retain(|e| seen.insert(e.key()));
    entries
}

/// What the app asks of the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoteCommand {
    /// Get ready to write: somebody turns to it.
    Open,
    /// Make this entry durable.
    Entry(Entry),
    /// Make this the pad's text. The number tells it from earlier texts when it is saved.
    Pad(u64, RawText),
    /// Nobody writes now: a good moment to tidy up, and to try again what failed.
    Rest,
    /// Write entries and pad, or this document, to another file, which must not exist.
    WriteTo(RawText, Option<RawText>),
}

/// What the record answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoteReply {
    /// What an incident has that is not written here until somebody turns to it.
    Read(Vec<Entry>),
    /// What was there at the start; again when the pad, held by another console until then, is
    /// free for this one, and, without entries, each time that console has made another text of it.
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
    /// Who else looks at it, by name.
    Here(Vec<RawText>),
    /// Its pad's file is there and cannot be read, and why: until it can be, nothing of the pad is known or written.
    /// Nothing: it can be read again.
    PadUnread(Option<RawText>),
    /// The files beside its pad that were brought from elsewhere, as far as they are there now.
    Beside(Vec<RawText>),
    /// Others have written more than is read: what of it is not heard here.
    Unheard(RawText),
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

/// What a document has in the place of a pad whose file cannot be read.
pub fn pad_unread(why: &SafeText) -> RawText {
    RawText::from(safe!("The pad could not be read and is missing here: {}.", why).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64, session: &str, seq: u64) -> Entry {
        let at = Timestamp::from_second(at).unwrap();
        Entry {
            at,
            recorded: at,
            person: "kim".into(),
            text: "x".into(),
            session: session.into(),
            seq,
            what: What::Note,
        }
    }

    #[test]
    fn entries_of_several_consoles_have_one_order_and_come_once() {
        let [a1, a2, b1, b2] = [entry(5, "a", 1), entry(3, "a", 2), entry(5, "b", 1), entry(4, "b", 2)];
        let want = vec![a2.clone(), b2.clone(), a1.clone(), b1.clone()];
        assert_eq!(merge(vec![a1.clone(), b1.clone(), a1.clone(), b2.clone(), a2.clone()]), want);
        assert_eq!(merge(vec![b2, a2, b1, a1]), want);
    }

    #[test]
    fn what_was_said_of_an_entry_before_its_time_was_named_is_read_as_it_was() {
        let old = r#"{"later":{"session":"a","seq":7,"said":{"done":true}}}"#;
        let what: What = serde_json::from_str(old).unwrap();
        let mut later = What::Later { session: "a".into(), seq: 7, recorded: None, said: Later::Done(true) };
        assert_eq!((&what, serde_json::to_string(&later).unwrap().as_str()), (&later, old));
        let What::Later { recorded, .. } = &mut later else { panic!() };
        *recorded = Some(entry(5, "a", 7).recorded);
        assert_eq!(serde_json::from_str::<What>(&serde_json::to_string(&later).unwrap()).unwrap(), later);
        assert!(what.is_about_the_same(&later), "both may be of one");
    }

    #[test]
    fn nobody_hides_an_entry_by_writing_its_number_before() {
        let (own, mut forged) = (entry(5, "a", 7), entry(3, "a", 7));
        forged.recorded = Timestamp::from_second(1).unwrap();
        assert_eq!(merge(vec![own.clone(), forged.clone()]), [forged.clone(), own.clone()]);
        let told = crate::model::told::told(&[forged, own.clone()]);
        assert!(told.iter().any(|told| told.entry == own), "{told:?}");
    }
}
