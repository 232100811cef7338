//! What stands where a runbook would: that it is looked for, or why there is none and what to do.

use super::shown;
use crate::insight::changes::Subject;
use crate::model::runbook::{Answer, Lead};
use crate::model::text::{SafeText, clean};
use crate::safe;
use crate::ui::document::{Block, Document, Kind};

/// What is said of an answer that is no text; nothing of one that is not there yet.
pub(super) fn of(subject: &Subject, leads: &[Lead], answer: Option<&Answer>) -> Document {
    let name = clean(&subject.name);
    let mut document = Document::default();
    match answer {
        None => {
            document.push(Block::new(Kind::Text, safe!("Looking for the runbook of {}:", name)));
            looked(leads, &mut document);
        }
        Some(Answer::Text { .. }) => {}
        Some(Answer::Page(found)) => {
            let what = safe!("{} is a page for a browser, and no text.", shown(found));
            document.push(Block::new(Kind::Text, what).leading(shown(found)));
            document.push(Block::new(Kind::Gap, ""));
            document.push(Block::new(Kind::Text, "Open it there (o shows the link, Y copies it), or"));
            document.push(Block::new(Kind::Text, "name the address of its text in the configuration:"));
            example(&name, &mut document);
        }
        Some(Answer::Failed(found, failure)) => {
            document.push(Block::new(Kind::Wrong, safe!("The runbook of {} cannot be read.", name)));
            document.push(Block::new(Kind::Text, clean(&failure.what)).leading(shown(found)));
            if let Some(advice) = &failure.advice {
                document.push(Block::new(Kind::Text, safe!("do: {}", clean(advice))));
            }
            document.push(Block::new(Kind::Gap, ""));
            document
                .push(Block::new(Kind::Aside, safe!("Its place: {}", shown(found))).leading(shown(found)));
            document.push(Block::new(Kind::Aside, "r looks again, o shows the place."));
        }
        Some(Answer::Nowhere) => {
            document.push(Block::new(Kind::Text, safe!("No runbook of {} is known.", name)));
            looked(leads, &mut document);
            document.push(Block::new(Kind::Gap, ""));
            let rest = "Say in the configuration where it is, or give its rule the annotation runbook_url:";
            document.push(Block::new(Kind::Text, rest));
            example(&name, &mut document);
        }
    }
    document
}

fn looked(leads: &[Lead], document: &mut Document) {
    for lead in leads {
        let text = match lead {
            Lead::Named(name) => safe!("- a file {}.md in the configured folders", clean(name)),
            Lead::Configured(place) => safe!("- {}, by the configuration", clean(place)),
            Lead::Annotated(url) => safe!("- {}, by the alert", clean(url)),
        };
        document.push(Block::new(Kind::Aside, text));
    }
}

fn example(name: &SafeText, document: &mut Document) {
    // A name with a quote would not be TOML.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let name = if name.as_str().chars().all(plain) { name.clone() } else { "HighErrorRate".into() };
    let (open, close) = (SafeText::literal("{ "), SafeText::literal("}"));
    document.push(Block::new(Kind::Gap, ""));
    for line in [
        "[runbooks]".into(),
        "dirs = [\"~/runbooks\"]".into(),
        safe!("map = {}{} = \"https://git.example/ops/raw/{}.md\" {}", open, name, name, close),
    ] {
        document.push(Block::new(Kind::Code(0), line));
    }
}
