//! What is written of notes, without the secrets that are known: somebody may paste one.

use crate::model::note::{Entry, Evidence, NoteCommand, What};
use crate::model::terms::Declared;
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
    for text in texts(&mut entry) {
        *text = masked_text(text, mask);
    }
    entry
}

/// All of an entry that somebody wrote or that came from outside: all but what names it.
fn texts(entry: &mut Entry) -> Vec<&mut RawText> {
    let Entry { person, what, text, at: _, recorded: _, session: _, seq: _ } = entry;
    let mut texts = vec![person, text];
    match what {
        What::Note
        | What::Hypothesis
        | What::RuledOut
        | What::Decision
        | What::Update
        | What::Timer { due: _ }
        | What::Severity(_)
        | What::Status(_)
        | What::Set(_)
        | What::Accepted(_)
        | What::Later { session: _, seq: _, said: _ } => {}
        What::Todo { owner: named, due: _ } | What::HandOver { to: named } => texts.extend(named),
        What::Declared(declared) => {
            let Declared {
                title,
                severity: _,
                service,
                host,
                environment,
                onset: _,
                detected: _,
                alert,
                links,
                patterns,
            } = declared.as_mut();
            texts.push(title);
            texts.extend([service, host, environment, alert].into_iter().flatten());
            texts.extend(links);
            texts.extend(patterns);
        }
        What::Claim { of, held: _ } => texts.extend(of.iter_mut().map(|fired| &mut fired.id)),
        What::Happened { mark, also } => {
            texts.push(mark);
            texts.extend(also);
        }
        What::Evidence(evidence) => {
            let Evidence { from, query, window: _, lines, left_out: _, link, patterns } = evidence.as_mut();
            texts.extend([from, query]);
            texts.extend(lines);
            texts.extend(link);
            texts.extend(patterns);
        }
    }
    texts
}

fn masked_text(text: &RawText, mask: &Mask) -> RawText {
    let mut bytes = text.as_bytes().to_vec();
    mask.blot(&mut bytes);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::terms::Sev;

    #[test]
    fn nothing_that_an_entry_says_stays_as_it_was() {
        let secret = || RawText::from("hunter2");
        let some = || Some(secret());
        let declared = Declared {
            service: some(),
            host: some(),
            environment: some(),
            alert: some(),
            links: vec![secret()],
            patterns: vec![secret()],
            ..Declared::new(secret(), Sev::SECOND)
        };
        let evidence = Evidence {
            from: secret(),
            query: secret(),
            lines: vec![secret(), secret()],
            link: some(),
            patterns: vec![secret()],
            ..Evidence::default()
        };
        for what in [
            What::Note,
            What::Todo { owner: some(), due: None },
            What::Declared(Box::new(declared)),
            What::Happened { mark: secret(), also: vec![secret()] },
            What::Evidence(Box::new(evidence)),
        ] {
            let (at, session) = (Timestamp::UNIX_EPOCH, "1-1".into());
            let (person, text) = (secret(), secret());
            let mut entry = Entry { at, recorded: at, person, what, text, session, seq: 1 };
            for text in texts(&mut entry) {
                *text = "*******".into();
            }
            let written = serde_json::to_string(&entry).unwrap();
            assert!(!written.contains("hunter2") && written.contains("*******"), "{written}");
        }
    }
}
