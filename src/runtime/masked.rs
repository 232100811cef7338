//! What is written of notes, or copied, without the secrets that are known: somebody may paste one.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::model::note::{Entry, Evidence, NoteCommand, What};
use crate::model::terms::Declared;
use crate::model::text::{RawText, SafeText, clean};
use crate::net::credential::Mask;
use crate::pane::effect::Effect;

/// A note waits so long for the secrets that lie on this machine, and no longer where their disk hangs: within a
/// second it has to be durable, and a way out waits two.
const SECRETS: Duration = Duration::from_millis(900);

/// Takes the known secrets out of notes before they are written.
pub struct Masking {
    mask: Mask,
    /// Ends when those that lie on this machine are known.
    known: Option<Receiver<()>>,
}

impl Masking {
    /// With the secrets of a mask, which knows all that lie on this machine as soon as `known` has no sender.
    pub fn new(mask: Mask, known: Receiver<()>) -> Self {
        Self { mask, known: Some(known) }
    }

    /// The command with stars in the place of known secrets. What is typed right after the start waits for them.
    pub(super) fn of(&mut self, command: NoteCommand) -> NoteCommand {
        let is_written = !matches!(command, NoteCommand::Open | NoteCommand::Rest);
        if let Some(known) = self.known.take_if(|_| is_written) {
            let _known = known.recv_timeout(SECRETS);
        }
        masked(command, &self.mask)
    }
}

/// The effect with stars in the place of known secrets. Notes are masked where they are written, what is sent where
/// it is prepared.
pub(super) fn masked_effect(effect: Effect, mask: &Mask) -> Effect {
    match effect {
        Effect::Copy(lines) => Effect::Copy(lines.into_iter().map(|line| masked_line(line, mask)).collect()),
        other => other,
    }
}

/// The command with stars in the place of known secrets.
pub fn masked(command: NoteCommand, mask: &Mask) -> NoteCommand {
    match command {
        NoteCommand::Entry(entry) => NoteCommand::Entry(masked_entry(entry, mask)),
        NoteCommand::Pad(number, text) => NoteCommand::Pad(number, masked_text(&text, mask)),
        NoteCommand::WriteTo(path, document) => {
            NoteCommand::WriteTo(path, document.map(|text| masked_text(&text, mask)))
        }
        other @ (NoteCommand::Open | NoteCommand::Rest) => other,
    }
}

fn masked_line(line: SafeText, mask: &Mask) -> SafeText {
    let bytes = blotted(line.as_str().as_bytes(), mask);
    if bytes == line.as_str().as_bytes() { line } else { clean(&bytes.into()) }
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
        | What::Later { session: _, seq: _, recorded: _, said: _ } => {}
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
    blotted(text.as_bytes(), mask).into()
}

/// The text with stars over known secrets, also as documents write them.
fn blotted(text: &[u8], mask: &Mask) -> Vec<u8> {
    let mut bytes = text.to_vec();
    mask.blot(&mut bytes);
    // A pad is written each second while somebody types: without a mark nothing of it is copied again.
    if memchr::memchr3(b'\\', 0xef, 0xc2, &bytes).is_some() {
        let (plain, places) = unescaped(&bytes);
        let mut hidden = plain.clone();
        mask.blot(&mut hidden);
        let ends = places.iter().skip(1).copied().chain([bytes.len()]);
        for (((before, after), start), end) in plain.iter().zip(&hidden).zip(&places).zip(ends) {
            if before != after {
                bytes.get_mut(*start..end).unwrap_or_default().fill(b'*');
            }
        }
    }
    bytes
}

/// A text as it was before a document was written of it: its bytes, and where each begins there. Writers put `\\`
/// before what would be a mark, and other signs in the place of `@` and `|`.
fn unescaped(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut plain, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (byte, length) = match rest {
            [b'\\', next, ..] if next.is_ascii_punctuation() => (*next, 2),
            [0xef, 0xbc, 0xa0, ..] => (b'@', 3),
            [0xc2, 0xa6, ..] => (b'|', 2),
            [byte, ..] => (*byte, 1),
            [] => break,
        };
        plain.push(byte);
        places.push(at);
        at += length;
    }
    (plain, places)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use jiff::Timestamp;

    use super::*;
    use crate::config::endpoint::{Endpoint, HeaderValue};
    use crate::model::terms::Sev;
    use crate::net::Net;
    use crate::net::credential::Vault;

    #[test]
    fn what_is_typed_before_the_secrets_are_read_waits_for_them() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"c4nary-token-1").unwrap();
        let mut endpoint = Endpoint::at("https://ci.example").unwrap();
        endpoint.headers = vec![("X-Api-Key".to_owned(), HeaderValue::File(file.path().to_owned()))];
        let net = Net::new(Vault::new(&[], [&endpoint], Arc::new(|| Timestamp::UNIX_EPOCH)));
        let (reading, known) = channel();
        let mut masking = Masking::new(net.vault().mask().clone(), known);
        // Nothing is written with it.
        assert_eq!(masking.of(NoteCommand::Open), NoteCommand::Open);
        let typed = |text: &str| NoteCommand::Pad(1, text.into());
        let (asked, begun) = channel();
        let written = std::thread::spawn(move || {
            asked.send(()).unwrap();
            masking.of(typed("with c4nary-token-1"))
        });
        begun.recv().unwrap();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(net.read_ahead());
        drop(reading);
        assert_eq!(written.join().unwrap(), typed("with **************"));
    }

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
