//! What reaches the app, and what the app asks of the world outside.

use std::sync::Arc;

use crate::action::confirm::Confirmed;
use crate::command::table::Id;
use crate::config::key::Key;
use crate::incident::paper::Paper;
use crate::logs::archive::{FileNews, FileSays, Sought};
use crate::logs::buffer::{SealJob, Sealed};
use crate::logs::extract::Extract;
use crate::logs::mining::{MineJob, Mined, Order};
use crate::logs::segment::Segment;
use crate::model::credential::Standings;
use crate::model::diagnostic::{Errand, Heard};
use crate::model::health::Failure;
use crate::model::keeping::Kept;
use crate::model::limit::is_cut;
use crate::model::note::{Folder, NoteCommand, NoteReply};
use crate::model::outgoing::{Delivery, Outgoing};
use crate::model::runbook::{Answer, Lead};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::transition::Transition;
use crate::model::update::{DetailKey, Update};
use crate::safe;

/// One thing that reaches the app. All state changes begin with one of these.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key.
    Key(Key),
    /// Pasted text: it is inserted where text is written and does nothing anywhere else.
    Paste(RawText),
    /// Text was pasted that is longer than any that is taken.
    LongPaste,
    /// The screen has this many columns and rows.
    Resized(u16, u16),
    /// A source says something.
    Update(Update),
    /// A log stream has new lines.
    Segment(Arc<Segment>),
    /// A source says something of the file that it reads in pieces.
    File(FileNews),
    /// A log worker has put batches together, unless there was nothing to do.
    Sealed(Option<Sealed>),
    /// A log worker has mined patterns; nothing if it broke.
    Mined(Option<Mined>),
    /// What happened before this start, oldest first.
    History(Vec<Transition>),
    /// The record answers, of one of its folders.
    Note(Folder, NoteReply),
    /// Something is not kept on the disk, and why; or it is kept again.
    Keeping(Kept, Option<SafeText>),
    /// How the credentials stand.
    Standings(Standings),
    /// The login of a credential has ended; why it did not work, if so.
    LoggedIn(RawText, Result<(), SafeText>),
    /// The editor that had a folder's pad has ended; why it did not work, if so.
    Edited(Folder, Result<(), SafeText>),
    /// A credential was looked for after its login; why it still cannot be had, if so.
    Renewed(RawText, Result<(), Failure>),
    /// So many of a hundred parts of the lines that are being saved are written.
    Saving(u8),
    /// Lines were saved to a file, how many and where; or why not.
    Saved(SafeText),
    /// What came of looking for a runbook there.
    Runbook(Vec<Lead>, Answer),
    /// What would be sent is ready to be looked at, or why it cannot be sent.
    Prepared(Folder, Result<Box<Outgoing>, SafeText>),
    /// What came of sending this.
    Sent(Folder, Box<Outgoing>, Delivery),
    /// What is heard of the diagnostic of this errand.
    Diagnosed(u64, Heard),
    /// Something outside did not work and nobody else would say so.
    Trouble(SafeText),
    /// The time that the app asked to be woken at has come.
    Wake,
    /// A frame is about to be drawn: the panes take what has come since the last one.
    Frame,
}

impl Msg {
    /// Whether a person waits for it: then it is painted as soon as what a key does.
    pub fn is_awaited(&self) -> bool {
        let is_piece = matches!(self, Self::File(FileNews { what: FileSays::Piece { asked: true, .. }, .. }));
        let is_answer = matches!(self, Self::Runbook(..) | Self::Prepared(..) | Self::Sent(..));
        is_piece || is_answer || matches!(self, Self::Diagnosed(_, Heard::Ended(..)))
    }
}

/// What the app asks of the world outside. The runtime does it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Look at what was found on this machine: the sources start now.
    Begin,
    /// Leave, with the notes saved.
    Quit,
    /// Give the terminal to the shell until it gives it back.
    Suspend,
    /// Give the terminal to the login of a credential until that ends.
    Login(RawText),
    /// Give the terminal to the person's editor, with the pad of a folder, until it ends.
    Editor(Folder),
    /// Look for a credential now.
    Renew(RawText),
    /// Draw every cell again.
    Repaint,
    /// Put these lines into the person's clipboard.
    Copy(Vec<SafeText>),
    /// Call the person: ring the terminal, or say this where there is no screen.
    Ring(SafeText),
    /// Ask a source to look now.
    Refresh(RawText),
    /// Nobody has been at the keys for long, or somebody is again: sources are asked less, or as usual.
    Rest(bool),
    /// Ask a source for a detail that somebody looks at.
    Fetch(RawText, DetailKey),
    /// Ask a source to read a piece of its file.
    Piece(RawText, u64),
    /// Ask a source to look for something in its whole file.
    Seek(RawText, Sought),
    /// Look for a runbook in these places, the first that has one.
    Runbook(Vec<Lead>),
    /// Run these programs, which only look, side by side.
    Diagnose(Vec<Errand>),
    /// Put a document into the form of the destination of this name, for the person to look at.
    Prepare(Folder, RawText, Box<Paper>),
    /// Send what the person has agreed to, once.
    Send(Folder, Box<Confirmed<Outgoing>>),
    /// Let a log worker put small batches of lines together.
    Seal(SealJob),
    /// Let a log worker mine the patterns of these lines.
    Mine(MineJob),
    /// Ask a source to mine the patterns of its whole file, or of what it has grown by.
    MineFile(RawText, Order),
    /// Write lines to a new file.
    Save(Save),
    /// Write no more of them, and leave nothing behind.
    StopSaving,
    /// Keep what happened for the consoles to come.
    History(Vec<Transition>),
    /// Ask the record to write in one of its folders.
    Note(Folder, NoteCommand),
}

/// Lines to be written to a new file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Save {
    /// Where.
    pub path: RawText,
    /// Which.
    pub lines: Arc<Extract>,
}

/// What a pane answers to a command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What it asks of the world outside.
    pub effects: Vec<Effect>,
    /// One line for the person.
    pub notice: Option<SafeText>,
    /// Text shown over the panes without side borders, so that a mouse can select it: what it is,
    /// and its lines.
    pub show: Option<(SafeText, Vec<SafeText>)>,
}

impl Outcome {
    /// Nothing but a line for the person.
    pub fn notice(text: impl Into<SafeText>) -> Self {
        Self { notice: Some(text.into()), ..Self::default() }
    }

    /// Copies lines and shows them, since the clipboard of a far terminal cannot be seen.
    pub fn copy(mut what: SafeText, lines: Vec<SafeText>) -> Self {
        what.push(&SafeText::literal(", sent to the clipboard; if it is not there, select it here"));
        Self { effects: vec![Effect::Copy(lines.clone())], notice: None, show: Some((what, lines)) }
    }

    /// Asks these sources to look now.
    pub fn refresh(sources: impl Iterator<Item = RawText>) -> Self {
        Self { effects: sources.map(Effect::Refresh).collect(), ..Self::default() }
    }

    /// Copies the lines of rows, if there are any.
    pub fn copy_rows(what: &'static str, lines: Vec<SafeText>) -> Self {
        if lines.is_empty() {
            return Self::notice("There is no row to copy.");
        }
        Self::copy(safe!("{} {}", lines.len(), SafeText::literal(what)), lines)
    }

    /// Copies the link of a row, or shows it alone; `none` is said where there is none.
    pub fn link(id: Id, link: Option<&RawText>, none: &'static str) -> Self {
        if link.is_some_and(is_cut) {
            return Self::notice("The link is too long to be kept whole, so it leads nowhere.");
        }
        match link.map(clean) {
            None => Self::notice(none),
            Some(link) if id == Id::CopyLink => Self::copy(SafeText::literal("link"), vec![link]),
            Some(link) => {
                let show = Some((SafeText::literal("link, to open in a browser"), vec![link]));
                Self { show, ..Self::default() }
            }
        }
    }
}
