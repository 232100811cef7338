//! What stands beside the text of a record: who else is there, pads of elsewhere, and the keys of the pad.

use ratatui::layout::Rect;

use crate::config::key::{Code, Key};
use crate::config::theme::Meaning;
use crate::model::incident::Incident;
use crate::model::note::MOST_PAD;
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::pane::notes::timeline::Timeline;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
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
    for offer in incident.iter().flat_map(|incident| &incident.offers) {
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

/// What stands where a pad is empty.
pub(super) fn nothing_in_pad(is_open: bool, is_held: bool) -> &'static str {
    match (is_open, is_held) {
        (false, _) => "The pad is still being opened.",
        (true, true) => "The pad is empty. Another console has it: here it can only be read.",
        (true, false) => "The pad is empty. i or Enter writes; it is saved while you type.",
    }
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
