//! What stands beside the text of a record: who else is there, pads of elsewhere, and the keys of the pad.

use ratatui::layout::Rect;

use crate::config::key::{Code, Key};
use crate::config::theme::Meaning;
use crate::model::incident::Incident;
use crate::model::note::{MOST_PAD, pad_unread};
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::pane::notes::saving::Saving;
use crate::pane::notes::timeline::Timeline;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::editor::{Did, Editor};
use crate::ui::pager::Paragraph;

/// The keys worth telling while the pad has them: key and what it does.
const HELP: &[(&str, &str)] = &[
    ("Esc", "leaves"),
    ("ctrl-_", "undo"),
    ("ctrl-r", "redo"),
    ("ctrl-u", "to line start"),
    ("ctrl-k", "to line end"),
    ("ctrl-w", "word"),
];

/// So many who look at it are named, each in so many columns: what is saved has to stand beside them.
const NAMED: usize = 3;
const NAME: usize = 12;

fn short(name: &RawText) -> SafeText {
    clean(name).truncate_to(NAME, &"...".into())
}

/// Who else looks at it, and who was asked to take which role.
pub(super) fn others(here: &[RawText], incident: Option<&Incident>) -> SafeText {
    let mut text = SafeText::default();
    for (index, name) in here.iter().take(NAMED).enumerate() {
        text.push(&safe!("{}{}", SafeText::literal(if index > 0 { ", " } else { "" }), short(name)));
    }
    if here.len() > NAMED {
        text.push(&safe!(" and {} more", here.len() - NAMED));
    }
    if !here.is_empty() {
        text.push(&" here, viewing".into());
    }
    // Of what is over there is nothing to take.
    let open = incident.filter(|incident| !incident.status.is_over());
    for offer in open.iter().flat_map(|incident| &incident.offers) {
        let gap = SafeText::literal(if text.is_empty() { "" } else { "  " });
        text.push(&safe!("{}{} offered to {}", gap, SafeText::literal(offer.role.word()), short(&offer.to)));
    }
    text
}

/// That another program was at the journals, and that what was in them is written anew.
pub(super) fn restored(count: usize, dir: &RawText) -> SafeText {
    let dir = clean(dir);
    safe!("another program removed or changed notes in {}: {} known here are written there anew", dir, count)
}

/// What the pane shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Tab {
    #[default]
    Timeline,
    Pad,
    /// `pad.md` as another program left it, while there was newer text here.
    Outside,
}

impl Tab {
    /// Its name in the border.
    pub(super) fn name(self) -> SafeText {
        SafeText::literal(match self {
            Self::Timeline => "timeline",
            Self::Pad => "pad",
            Self::Outside => "pad.md changed outside",
        })
    }
}

/// What stands where a pad is empty, or where nobody knows what is in it.
pub(super) fn nothing_in_pad(saving: &Saving) -> SafeText {
    if let Some(why) = saving.unread() {
        return safe!(
            "The pad is not known: {}. Nothing is written to it. Do: mend that file or move it elsewhere; it is tried \
             again every few seconds, r tries at once. ; writes an entry meanwhile.",
            why
        );
    }
    SafeText::literal(match (saving.is_open(), saving.held_by()) {
        (false, _) => "The pad is still being opened.",
        (true, Some(_)) => "The pad is empty. Another console has it: here it can only be read.",
        (true, None) => "The pad is empty. i or Enter writes; it is saved while you type.",
    })
}

/// What is told of a pad that cannot be read.
fn unread(why: &SafeText) -> SafeText {
    safe!("{}; the pad is not known, and nothing is written to it", why)
}

/// Takes why the pad cannot be read, or that it can. Gives what the person should hear.
pub(super) fn read_or_not(
    why: Option<SafeText>,
    saving: &mut Saving,
    timeline: &mut Timeline,
) -> Option<SafeText> {
    let before = saving.take_unread(why.clone());
    if let Some(before) = &before {
        timeline.take_back(&unread(before));
    }
    match why {
        Some(why) => {
            timeline.tell(unread(&why));
            Some(safe!("{}.", unread(&why)))
        }
        None => before.map(|_| "The pad can be read again.".into()),
    }
}

/// Puts what was typed before the pad was known before what it has, where the cursor was. Where another console has
/// the pad, or there is no room, it is told instead.
pub(super) fn put_early(typed: &RawText, pad: &mut Editor, saving: &mut Saving, timeline: &mut Timeline) {
    pad.go_to_end(false, Rect::default());
    if saving.refusal().is_none() && pad.paste(typed) == Did::Changed {
        saving.changed(false);
    } else {
        timeline.tell(safe!("typed, and not in the pad: {}", clean(typed)));
    }
}

/// What a document has in the place of a pad that cannot be read.
pub(super) fn in_a_document(saving: &Saving, pad: String) -> RawText {
    saving.unread().map_or_else(|| pad.into(), pad_unread)
}

/// Tells of pads that were brought from elsewhere, each once, and takes back what was told of those that are gone.
/// Gives what is new.
pub(super) fn brought(files: &[RawText], told: &mut Vec<SafeText>, timeline: &mut Timeline) -> Vec<SafeText> {
    let sentence = |path: &RawText| {
        let path = clean(path);
        let name = path.as_str().rsplit('/').next().unwrap_or_default();
        let name = clean(&name.into());
        safe!("{}, from a merge: take what you need into the pad, then remove {}", name, path)
    };
    let there: Vec<SafeText> = files.iter().map(sentence).collect();
    told.iter().filter(|one| !there.contains(one)).for_each(|gone| timeline.take_back(gone));
    let news: Vec<SafeText> = there.iter().filter(|one| !told.contains(one)).cloned().collect();
    news.iter().cloned().for_each(|one| timeline.tell(one));
    *told = there;
    news
}

/// What the person hears at once of what the notes tell.
pub(super) fn heard(notices: &[SafeText]) -> Option<SafeText> {
    match notices {
        [] => None,
        [one] => Some(one.clone()),
        [first, rest @ ..] => Some(safe!("{} (and {} more in the notes)", first, rest.len())),
    }
}

/// What is said of text for which there is no room.
pub(super) fn full() -> SafeText {
    safe!("The pad holds {} KiB at most: that was not inserted.", MOST_PAD / 1024)
}

/// Whether a key only moves in the text of the pad.
pub(super) fn is_move(key: Key) -> bool {
    let moves = matches!(
        key.code,
        Code::Up
            | Code::Down
            | Code::Left
            | Code::Right
            | Code::PageUp
            | Code::PageDown
            | Code::Home
            | Code::End
    );
    moves && !key.alt
}

/// Tells the keys of the pad in a line, as many as there is room for.
pub(super) fn draw_help(view: &View<'_>, line: Rect, canvas: &mut Canvas<'_>) {
    let (key_style, muted) = (view.styles.of(Meaning::Key), view.styles.of(Meaning::Muted));
    let mut x = line.x;
    for (key, does) in HELP {
        let needed = u16::try_from(key.len() + 1 + does.len()).unwrap_or(u16::MAX);
        if x.saturating_add(needed) > line.right() {
            return;
        }
        x += canvas.text(x, line.y, needed, &SafeText::literal(key), key_style) + 1;
        x += canvas.text(x, line.y, needed, &SafeText::literal(does), muted) + 2;
    }
}

/// What another program wrote to `pad.md`, with what can be done with it.
pub(super) fn comparison(text: &RawText, view: &View<'_>) -> Vec<Paragraph> {
    let head = "What another program wrote to pad.md. Enter takes it into the pad, Esc keeps yours.";
    let style = view.styles.of(Meaning::Text);
    [Paragraph::new(head, view.styles.of(Meaning::Warning)), Paragraph::default()]
        .into_iter()
        .chain(clean_block(text).into_iter().map(|line| Paragraph::new(line, style)))
        .collect()
}

/// Text of a file, as the pad can have it.
pub(super) fn lossy(text: &RawText) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}
