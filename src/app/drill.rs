//! A drill: what the person does in it is counted, and told when it is over.

use jiff::Timestamp;

use crate::app::App;
use crate::app::overlay::Overlay;
use crate::command::table::Id;
use crate::config::key::{Code, Key};
use crate::insight::drill::{Score, Taken, is_asked_for, score};
use crate::model::drill::Drill;
use crate::model::incident::Field;
use crate::model::note::What;
use crate::model::text::SafeText;
use crate::pane::drill::{briefing, heading, told};
use crate::pane::effect::Effect;
use crate::pane::notes::Draft;
use crate::pane::view::PaneId;
use crate::safe;

/// Columns of what is printed when no page is there any more.
const PRINTED: usize = 80;

/// A drill that is being taken.
pub(super) struct Attempt {
    drill: Drill,
    taken: Taken,
    /// Whether it was said that the change is still to be named.
    is_asked: bool,
    /// Whether it was said that the page has not come yet.
    is_held_back: bool,
    /// Whether the score was shown.
    is_shown: bool,
}

impl Attempt {
    pub(super) fn new(drill: Drill) -> Self {
        Self { drill, taken: Taken::default(), is_asked: false, is_held_back: false, is_shown: false }
    }

    /// The briefing, laid over everything.
    pub(super) fn briefing(&self) -> Overlay {
        Overlay::shown(heading(&self.drill), briefing(&self.drill))
    }
}

impl App {
    /// Whether nothing of what is seen is real.
    pub(super) fn is_drill(&self) -> bool {
        self.attempt.is_some()
    }

    /// Whether the briefing or the score of a drill is shown, which nobody asked for.
    pub fn tells_of_drill(&self) -> bool {
        self.is_drill() && matches!(self.overlay, Some(Overlay::Shown(_)))
    }

    /// Counts a key, unless it is a letter of a text.
    pub(super) fn count_key(&mut self, key: Key) {
        let is_typed = match (&self.overlay, &self.prompt) {
            (Some(Overlay::Palette(palette)), _) => palette.has_argument(),
            (Some(_), _) => false,
            (None, Some(_)) => true,
            (None, None) => self.is_editing(),
        };
        let is_text = is_typed && !matches!(key.code, Code::Enter | Code::Esc);
        if let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.taken.over.is_none())
            && !is_text
        {
            attempt.taken.keys = attempt.taken.keys.saturating_add(1);
        }
    }

    /// A command is run: one that works on the alert of the fault is what acknowledges it.
    pub(super) fn turn_to_fault(&mut self, id: Id, now: Timestamp) {
        let works = matches!(
            id,
            Id::Open
                | Id::Changes
                | Id::ServiceLogs
                | Id::Runbook
                | Id::Diagnose
                | Id::Claim
                | Id::Evidence
                | Id::Declare
        );
        let is_here = works && self.arrangement.focus == PaneId::Alerts && self.place.is_none();
        let alert = self.alerts.alert().filter(|_| is_here).map(|alert| &alert.name);
        if let Some(attempt) = &mut self.attempt
            && let Some(name) = alert
            && attempt.drill.alerts.contains(name)
            && now >= attempt.drill.paged()
        {
            attempt.taken.acknowledged.get_or_insert(now);
        }
    }

    /// What is written when an incident is declared: in a drill, that it is one.
    pub(super) fn mark_drill(&mut self, now: Timestamp) -> Option<Effect> {
        self.is_drill().then(|| self.notes.write(Draft::new(What::Set(Field::Drill), "yes", now), now))
    }

    fn score(&self) -> Option<(&Attempt, Score)> {
        let attempt = self.attempt.as_ref()?;
        Some((attempt, score(&attempt.drill, &attempt.taken, self.notes.entries())))
    }

    /// Looks whether the drill is over, and shows the score as soon as nothing else is in the way.
    pub(super) fn judge(&mut self, now: Timestamp) {
        let Some((attempt, score)) = self.score() else { return };
        let (is_shown, is_asked) = (attempt.is_shown, attempt.is_asked);
        let is_early = now < attempt.drill.paged() && !attempt.is_held_back;
        if is_early && self.notes.entries().any(|entry| is_asked_for(&entry.what)) {
            if let Some(attempt) = &mut self.attempt {
                attempt.is_held_back = true;
            }
            // It is about what the person has just done.
            self.line.turn(true);
            self.say("You are not paged yet: what is done before that does not count.", now);
            self.line.turn(false);
            return;
        }
        let has_ended = now >= attempt.drill.ends;
        let is_over = attempt.taken.over.is_some() || has_ended || score.is_whole();
        let asks = !is_over && !is_asked && score.mitigated.is_some();
        if is_over {
            let lines = told(&attempt.drill, &score);
            let is_free = self.overlay.is_none() && self.prompt.is_none();
            if let Some(attempt) = &mut self.attempt {
                let at = if has_ended { attempt.drill.ends } else { now };
                attempt.taken.over.get_or_insert(at);
                attempt.is_shown |= is_free;
            }
            if is_free && !is_shown {
                self.overlay = Some(Overlay::shown("The drill is over".into(), lines));
            }
        } else if asks {
            if let Some(attempt) = &mut self.attempt {
                attempt.is_asked = true;
            }
            // It goes on from what the person has just said.
            self.line.turn(true);
            self.say("Mitigated. Which change was it? :set change on the run, or :set change none.", now);
            self.line.turn(false);
        }
    }

    /// Shows the briefing again, or once the drill is over the score.
    pub(super) fn show_drill(&mut self, now: Timestamp) {
        let overlay = match self.score() {
            Some((attempt, score)) if attempt.taken.over.is_some() => {
                Overlay::shown("The drill is over".into(), told(&attempt.drill, &score))
            }
            Some((attempt, _)) => attempt.briefing(),
            None => {
                self.say("This is no drill: midwatch drill plays one.", now);
                return;
            }
        };
        self.overlay = Some(overlay);
    }

    /// When a drill ends, if nothing ends it before.
    pub(super) fn drill_ends(&self) -> Option<Timestamp> {
        let attempt = self.attempt.as_ref()?;
        attempt.taken.over.is_none().then_some(attempt.drill.ends)
    }

    /// What is said when the person has left: of a drill its score.
    pub fn parting(&self) -> Vec<SafeText> {
        let lines = self.score().map(|(attempt, score)| told(&attempt.drill, &score)).unwrap_or_default();
        lines.iter().flat_map(|line| line.wrap(PRINTED)).collect()
    }

    /// What is told of something that did or did not happen to real things.
    pub(super) fn in_drill(&self, text: SafeText) -> SafeText {
        if self.is_drill() { safe!("DRILL: {}", text) } else { text }
    }
}
