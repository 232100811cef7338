//! What happened, as a line of the timeline says it.

use crate::insight::events::Event;
use crate::model::note::told_by;
use crate::model::run::Run;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::transition::{Happened, Transition};
use crate::model::update::Gives;
use crate::pane::view::View;
use crate::safe;
use crate::ui::time::took;

/// The environments of the sources that tell of it.
pub(super) fn places<'a>(event: &'a Event, view: &View<'a>) -> impl Iterator<Item = Option<&'a RawText>> {
    let world = view.world;
    event.sources.iter().map(|name| world.source(name).and_then(|source| source.info.environment.as_ref()))
}

/// Whether it happened in what is shown.
pub fn is_shown(event: &Event, view: &View<'_>) -> bool {
    places(event, view).any(|environment| view.shows(environment))
}

/// What happened, as one line, with who told of it if that was more than one, or could have been another.
pub fn happened(event: &Event, view: &View<'_>) -> SafeText {
    let mut text = said(&event.what, view);
    if event.sources.len() > 1 {
        text.push(&safe!(" (told by {})", names(&event.sources)));
    } else if is_one_of_several(&event.what.what, view) {
        text.push(&told_by(&event.what.source));
    }
    text
}

/// Whether several sources give alerts, or runs: what each of them tells reads the same.
fn is_one_of_several(what: &Happened, view: &View<'_>) -> bool {
    let gives = match what {
        Happened::Fired(_)
        | Happened::Resolved(_)
        | Happened::Silenced(_)
        | Happened::Unsilenced(_)
        | Happened::Acknowledged(_) => Gives::Alerts,
        Happened::Began(_) | Happened::Ended(_) => Gives::Runs,
        // These name it themselves, or are of none.
        Happened::Blind(_) | Happened::Sees | Happened::Unwatched(_) => return false,
    };
    view.world.sources().filter(|source| source.info.gives.contains(&gives)).nth(1).is_some()
}

pub(super) fn names(sources: &[RawText]) -> SafeText {
    let mut text = SafeText::default();
    for (index, source) in sources.iter().enumerate() {
        text.push(&safe!("{}{}", SafeText::literal(if index > 0 { ", " } else { "" }), clean(source)));
    }
    text
}

pub(super) fn said(transition: &Transition, view: &View<'_>) -> SafeText {
    let mut text = what(transition, view);
    if let Some(between) =
        transition.after.and_then(|after| view.zone.between(after, transition.at, view.now))
    {
        text.push(&safe!(" {}, nobody saw when", between));
    }
    text
}

/// `by ada until 14:30: database move`, each with `before` it and `after` it; nothing where the source
/// does not tell.
fn silences(transition: &Transition, before: &'static str, after: &'static str, view: &View<'_>) -> SafeText {
    let mut text = SafeText::default();
    for (index, silence) in transition.silences.iter().enumerate() {
        text.push(&SafeText::literal(if index > 0 { "; " } else { before }));
        let until = view.zone.told(silence.ends, view.now);
        text.push(&safe!("by {} until {}", clean(&silence.person), until));
        if !silence.comment.is_empty() {
            text.push(&safe!(": {}", clean(&silence.comment)));
        }
    }
    if !text.as_str().is_empty() {
        text.push(&SafeText::literal(after));
    }
    text
}

fn what(transition: &Transition, view: &View<'_>) -> SafeText {
    let named = |run: &Run| {
        let number = run.number.map(|number| safe!(" #{}", number)).unwrap_or_default();
        safe!("run {}{}", clean(&run.pipeline), number)
    };
    match &transition.what {
        Happened::Fired(alert) => {
            let by = silences(transition, ", silenced ", "", view);
            safe!("alert {} fired, {}{}", clean(&alert.name), SafeText::literal(alert.severity.word()), by)
        }
        Happened::Resolved(alert) => safe!("alert {} resolved", clean(&alert.name)),
        Happened::Silenced(alert) => {
            safe!("alert {} silenced{}", clean(&alert.name), silences(transition, " ", "", view))
        }
        Happened::Unsilenced(alert) => {
            let told = &transition.silences;
            let how = match told.iter().all(|silence| silence.ends <= transition.at) {
                _ if told.is_empty() => "ended",
                true => "expired",
                false => "was taken away before its end",
            };
            let (how, by) = (SafeText::literal(how), silences(transition, " (", ")", view));
            safe!("silence of alert {} {}, it still fires{}", clean(&alert.name), how, by)
        }
        Happened::Acknowledged(alert) => {
            let mut text = safe!("alert {} acknowledged", clean(&alert.name));
            if let Some(ack) = &alert.acknowledged {
                text.push(&safe!(" by {}", clean(&ack.person)));
            }
            text
        }
        Happened::Began(run) => safe!("{} began", named(run)),
        Happened::Ended(run) => safe!("{} {}", named(run), SafeText::literal(run.state.word())),
        Happened::Blind(failure) => {
            safe!("source {} blind: {}", clean(&transition.source), clean(&failure.what))
        }
        Happened::Sees => safe!("source {} sees again", clean(&transition.source)),
        Happened::Unwatched(since) => {
            let length = took(transition.at.duration_since(*since));
            safe!("nobody looked for {}: what came and went meanwhile is not known", length)
        }
    }
}
