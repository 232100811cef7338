//! What is written of notes, without the secrets that are known: somebody may paste one.

use crate::model::note::{Entry, NoteCommand, What};
use crate::model::text::RawText;
use crate::net::credential::Mask;

/// The command with stars in the place of known secrets.
pub fn masked(command: NoteCommand, mask: &Mask) -> NoteCommand {
    match command {
        NoteCommand::Entry(entry) => NoteCommand::Entry(masked_entry(entry, mask)),
        NoteCommand::Pad(number, text) => NoteCommand::Pad(number, masked_text(&text, mask)),
        other @ (NoteCommand::Open | NoteCommand::Rest | NoteCommand::WriteTo(..)) => other,
    }
}

fn masked_entry(mut entry: Entry, mask: &Mask) -> Entry {
    entry.text = masked_text(&entry.text, mask);
    match &mut entry.what {
        What::Declared(declared) => {
            declared.title = masked_text(&declared.title, mask);
            declared.links.iter_mut().for_each(|link| *link = masked_text(link, mask));
        }
        What::Evidence(evidence) => {
            evidence.query = masked_text(&evidence.query, mask);
            evidence.lines.iter_mut().for_each(|line| *line = masked_text(line, mask));
        }
        _ => {}
    }
    entry
}

fn masked_text(text: &RawText, mask: &Mask) -> RawText {
    let mut bytes = text.as_bytes().to_vec();
    mask.blot(&mut bytes);
    bytes.into()
}
