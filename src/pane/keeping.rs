//! What is not kept on the disk: a mark for the header, and all that is to be known of it.

use crate::config::theme::Meaning;
use crate::model::keeping::{Kept, Lapse};
use crate::model::text::SafeText;
use crate::pane::view::View;
use crate::safe;
use crate::ui::pager::{Paragraph, height};
use crate::ui::time::Zone;

/// What is not kept, in a few words.
fn words(what: Kept) -> &'static str {
    match what {
        Kept::Notes => "notes NOT saved",
        Kept::Anything => "notes CANNOT be saved",
        Kept::PastReboot => "notes lost on reboot",
        Kept::Shared => "incidents NOT shared",
        Kept::History => "history not kept",
        Kept::Recording => "recording ended",
        Kept::LastState => "last state not kept",
    }
}

/// A time of the clock, beside ages too: it does not change by itself.
fn since(lapse: &Lapse, view: &View<'_>) -> SafeText {
    let zone = if matches!(view.zone, Zone::Relative) { &Zone::Utc } else { view.zone };
    zone.moment(lapse.since, view.now)
}

/// The mark: in full, `notes NOT saved since 03:12, 1 more`, and in few words. It stands as long as
/// anything is not kept.
pub fn mark(view: &View<'_>) -> Option<(SafeText, SafeText)> {
    let (what, lapse) = view.keeping.lapses().next()?;
    let short = SafeText::literal(words(what));
    let mut full = safe!("{} since {}", short, since(lapse, view));
    let more = view.keeping.lapses().len() - 1;
    if more > 0 {
        full.push(&safe!(", {} more", more));
    }
    Some((full, short))
}

/// What is said when it begins.
pub fn said(what: Kept, why: &SafeText) -> SafeText {
    match what {
        Kept::Notes => safe!("NOT SAVED: {}", why),
        Kept::Anything | Kept::PastReboot => safe!("{}.", why),
        Kept::Shared => safe!("Incidents are NOT shared: {}.", why),
        Kept::History => safe!("The history is not kept: {}.", why),
        Kept::Recording => safe!("The recording ends here: {}.", why),
        Kept::LastState => safe!("What is known now is not kept for the next start: {}.", why),
    }
}

/// What is said when it is kept again.
pub fn mended(what: Kept) -> &'static str {
    match what {
        Kept::Notes => "The notes are saved again, with what was written meanwhile.",
        Kept::Anything | Kept::PastReboot => "What is written is kept on the disk again.",
        Kept::Shared => "Incidents are shared with the team again, with what was written meanwhile.",
        Kept::History => "The history is kept again.",
        Kept::Recording => "The recording goes on.",
        Kept::LastState => "What is known is kept for the next start again.",
    }
}

/// All of one: what, since when, where and why, what happens next, what to do.
fn sentence(what: Kept, lapse: &Lapse, view: &View<'_>) -> SafeText {
    let head = safe!("{} since {}: {}.", SafeText::literal(words(what)), since(lapse, view), lapse.why);
    let rest = match what {
        Kept::Notes => {
            "They are in memory here and tried again every few seconds. Do: make room there, or mend the disk; \
             :write PATH keeps a copy elsewhere."
        }
        Kept::Anything => {
            "What is written is in memory here, and gone at the end unless the directory can be used: it is tried \
             again every few seconds. Do: mend it, or name one of your own with state_dir or \
             MIDWATCH_STATE_DIR and start again."
        }
        Kept::PastReboot => {
            "The usual directory is tried again every few seconds, and then takes what is here. Do: mend that, \
             or name another with state_dir or MIDWATCH_STATE_DIR; :write PATH keeps a copy that lasts."
        }
        Kept::Shared => {
            "They are in your own directory, where the others do not see them, and what the others write is not \
             seen here; both come together as soon as the directory of the team can be used, which is tried again \
             every few seconds."
        }
        Kept::History => {
            "What happens is in memory here and tried again every few seconds. Do: make room there, or mend \
             the disk."
        }
        Kept::Recording => {
            "Nothing since then is in it. Do: make room, and start midwatch record anew with another file."
        }
        Kept::LastState => "It is tried again every few seconds. Do: make room there, or mend the disk.",
    };
    safe!("{} {}", head, SafeText::literal(rest))
}

/// What is told of it in lines: a paragraph for each.
pub fn sentences(view: &View<'_>) -> Vec<SafeText> {
    view.keeping.lapses().map(|(what, lapse)| sentence(what, lapse, view)).collect()
}

/// What stands above the sources, in at most half of the rows: the first in full if it fits, of what does
/// not the beginning.
pub fn head(view: &View<'_>, width: u16, rows: u16) -> Vec<Paragraph> {
    let style = view.styles.of(Meaning::Critical);
    let all = sentences(view);
    let mut left = rows / 2;
    let mut head = Vec::new();
    for (index, text) in all.iter().enumerate() {
        let after = u16::try_from(all.len() - index - 1).unwrap_or(u16::MAX);
        let whole = Paragraph::new(text.clone(), style);
        let needed = height(std::slice::from_ref(&whole), width, view.ascii);
        if needed.saturating_add(after) <= left {
            left -= needed;
            head.push(whole);
        } else if left > 0 {
            left -= 1;
            let ellipsis = SafeText::literal(if view.ascii { "~" } else { "\u{2026}" });
            head.push(Paragraph::new(text.truncate_to(usize::from(width), &ellipsis), style));
        }
    }
    head
}
