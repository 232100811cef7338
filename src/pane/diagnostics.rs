//! The diagnostics of a row, in a pane's place: what was run, what came of it, side by side.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::argv::Argv;
use crate::config::diagnostics::{Diagnostic, Refusal, Values};
use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::model::diagnostic::{End, Errand, Heard};
use crate::model::note::{Evidence, Folder};
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::document::{Block, Document, Kind};
use crate::ui::list::List;
use crate::ui::reader::Reader;

/// Rounds that are remembered while programs of them run.
const MOST_ROUNDS: usize = 8;

/// What became of one diagnostic.
#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    /// Others run first.
    Waits,
    Runs,
    /// It is not run, and why.
    Refused(SafeText),
    Ended(End, Duration),
}

/// One diagnostic of a round.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Section {
    id: u64,
    name: RawText,
    /// What is run, as one types it.
    typed: SafeText,
    state: State,
    output: Vec<u8>,
}

impl Section {
    fn is_over(&self) -> bool {
        matches!(self.state, State::Refused(_) | State::Ended(..))
    }

    /// `exit status 0 in 0.2 s`
    fn word(&self) -> SafeText {
        match &self.state {
            State::Waits => SafeText::literal("waits for the others"),
            State::Runs => SafeText::literal("runs"),
            State::Refused(why) => safe!("not run: {}", why),
            State::Ended(end, after) => {
                let tenths = after.as_millis() / 100;
                let (seconds, tenth) = (u64::try_from(tenths / 10).unwrap_or(u64::MAX), tenths % 10);
                let after = safe!("in {}.{} s", seconds, u64::try_from(tenth).unwrap_or(0));
                match end {
                    End::Code(code) => safe!("exit status {} {}", *code, after),
                    End::Otherwise(how) => safe!("{} {}", clean(how), after),
                    End::TimedOut => safe!("no end {}: it was ended", after),
                    End::Asked => safe!("it asks something on the terminal: ended {}", after),
                    End::TooMuch => safe!("it writes more than 64 KiB: ended {}", after),
                    End::NotRun(failure) => {
                        let advice = failure.advice.as_ref().map(|advice| safe!("; {}", clean(advice)));
                        safe!("not run: {}{}", clean(&failure.what), advice.unwrap_or_default())
                    }
                }
            }
        }
    }

    /// What the notes keep of its end: what it wrote, and what is said of it.
    fn evidence(&self, now: Timestamp) -> (Evidence, SafeText) {
        let after = match &self.state {
            State::Ended(_, after) => SignedDuration::try_from(*after).unwrap_or_default(),
            _ => SignedDuration::ZERO,
        };
        let began = now.checked_sub(after).unwrap_or(now);
        let mut lines = clean_block(&RawText::from_bytes(&self.output));
        lines.retain(|line| !line.as_str().trim().is_empty());
        let from = safe!("diagnostic {}", clean(&self.name));
        let evidence = Evidence {
            query: self.typed.as_str().into(),
            ..Evidence::new(from.as_str().into(), (began, now), &lines)
        };
        (evidence, self.word())
    }
}

/// What was run at once for a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Round {
    subject: Subject,
    onset: Timestamp,
    values: Values,
    /// The record that was current when it began: what comes of it stands there.
    folder: Folder,
    sections: Vec<Section>,
    /// How many diagnostics are configured, for whatever.
    configured: usize,
}

impl Round {
    /// What it is about, and when that began.
    pub fn about(&self) -> (Subject, Timestamp) {
        (self.subject.clone(), self.onset)
    }

    /// Whether something of it is still to end.
    pub fn is_running(&self) -> bool {
        !self.sections.iter().all(Section::is_over)
    }

    /// Whether it is of the same row.
    pub fn is_of(&self, values: &Values) -> bool {
        self.values == *values
    }

    /// Whether this one is of it.
    pub fn has(&self, id: u64) -> bool {
        self.sections.iter().any(|section| section.id == id)
    }

    /// What is known of the row.
    pub fn values(&self) -> Values {
        self.values.clone()
    }

    fn document(&self) -> Document {
        let mut document = Document::default();
        if self.sections.is_empty() {
            nothing(self.configured, &clean(&self.subject.name), &mut document);
        }
        for (number, section) in self.sections.iter().enumerate() {
            document.heading(1, clean(&section.name));
            let is_bad = match &section.state {
                State::Refused(_) => true,
                State::Ended(end, _) => !end.is_well(),
                State::Waits | State::Runs => false,
            };
            document.push(Block::new(Kind::Aside, section.typed.clone()));
            document.push(Block::new(if is_bad { Kind::Wrong } else { Kind::Aside }, section.word()));
            for line in clean_block(&RawText::from_bytes(&section.output)) {
                document.push(Block::new(Kind::Code(number), line));
            }
        }
        document
    }
}

/// What is said where there is nothing to run.
fn nothing(configured: usize, name: &SafeText, document: &mut Document) {
    if configured > 0 {
        let text = safe!("None of the {} configured diagnostics is for {}.", configured, name);
        document.push(Block::new(Kind::Text, text));
        return;
    }
    let text = "No diagnostic is configured. Add one that only looks, for example:";
    document.push(Block::new(Kind::Text, text));
    document.push(Block::new(Kind::Gap, ""));
    for line in [
        "[[diagnostic]]",
        "name = \"disk\"   env = [\"SSH_AUTH_SOCK\"]",
        "argv = [\"ssh\", \"-oBatchMode=yes\", \"--\", \"{host}\", \"df\", \"-hP\"]",
    ] {
        document.push(Block::new(Kind::Code(0), SafeText::literal(line)));
    }
}

/// The rounds of this session that still run, and the last one.
#[derive(Default)]
pub struct Rounds {
    rounds: Vec<Round>,
    ids: u64,
}

impl Rounds {
    /// Begins a round of what is for this, for that record; gives what is to be run. Nothing begins where too many
    /// rounds still run: what is said then is the error.
    pub fn begin(
        &mut self,
        (subject, onset): (Subject, Timestamp),
        values: Values,
        diagnostics: &[Diagnostic],
        folder: Folder,
    ) -> Result<Vec<Errand>, SafeText> {
        let mut errands = Vec::new();
        let mut sections = Vec::new();
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.is_for(&values)) {
            self.ids += 1;
            let typed = |argv: &Argv| clean(&argv.typed().into());
            let (typed, state) = match diagnostic.filled(&values) {
                Ok(argv) => {
                    let shown = typed(&argv);
                    errands.push(Errand {
                        id: self.ids,
                        program: argv.program,
                        arguments: argv.arguments,
                        env: diagnostic.env.clone(),
                        within: diagnostic.within,
                    });
                    (shown, State::Waits)
                }
                Err(refusal) => (typed(&diagnostic.argv), State::Refused(said(&refusal))),
            };
            let name = diagnostic.name.clone();
            sections.push(Section { id: self.ids, name, typed, state, output: Vec::new() });
        }
        if !errands.is_empty() && self.rounds.iter().filter(|round| round.is_running()).count() >= MOST_ROUNDS
        {
            return Err(safe!(
                "{} rounds of diagnostics still run: no other begins before one has ended.",
                MOST_ROUNDS
            ));
        }
        self.rounds.retain(Round::is_running);
        let configured = diagnostics.len();
        self.rounds.push(Round { subject, onset, values, folder, sections, configured });
        Ok(errands)
    }

    /// Takes what is heard of one that runs; gives what is kept of its end, and in which record.
    pub fn hear(&mut self, id: u64, heard: Heard, now: Timestamp) -> Option<(Folder, Evidence, SafeText)> {
        let round = self.rounds.iter_mut().find(|round| round.has(id))?;
        let section = round.sections.iter_mut().find(|section| section.id == id)?;
        match heard {
            Heard::Started => section.state = State::Runs,
            Heard::Output(text) => section.output.extend_from_slice(text.as_bytes()),
            Heard::Ended(end, after) => {
                let is_run = !matches!(end, End::NotRun(_));
                section.state = State::Ended(end, after);
                let (evidence, said) = is_run.then(|| section.evidence(now))?;
                return Some((round.folder.clone(), evidence, said));
            }
        }
        None
    }

    /// The one that this is of.
    pub fn of(&self, id: u64) -> Option<&Round> {
        self.rounds.iter().find(|round| round.has(id))
    }

    /// The last one.
    pub fn last(&self) -> Option<&Round> {
        self.rounds.last()
    }
}

/// Why one is not run.
fn said(refusal: &Refusal) -> SafeText {
    let name = |name: &&'static str| SafeText::literal(name);
    match refusal {
        Refusal::Unknown(what) => safe!("no {} is known here", name(what)),
        Refusal::Option(what, value) => {
            safe!(
                "the {} {} begins with -, which the program would take for an option",
                name(what),
                clean(value)
            )
        }
        Refusal::Strange(what, value) => safe!(
            "the {} {} has characters that a shell elsewhere could obey; letters, digits and -._:/+ are plain",
            name(what),
            clean(value)
        ),
    }
}

/// The state of the view.
pub struct Diagnostics {
    round: Round,
    reader: Reader,
}

impl Diagnostics {
    /// The view of a round.
    pub fn new(round: Round) -> Self {
        let reader = Reader::new(round.document());
        Self { round, reader }
    }

    /// Shows how far it is now.
    pub fn put(&mut self, round: &Round) {
        if self.round != *round {
            self.round = round.clone();
            self.reader.put(self.round.document());
        }
    }

    /// What is shown.
    pub fn round(&self) -> &Round {
        &self.round
    }

    /// Its rows.
    pub fn list(&self) -> &List<(usize, usize), impl Sized> {
        self.reader.list()
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect, ascii: bool) {
        self.reader.fit(inside(area), ascii);
    }

    /// Filters the rows; an empty text shows all.
    pub fn filter(&mut self, text: &str) {
        self.reader.filter(text);
    }

    /// Takes the filter back; false if there is none.
    pub fn back(&mut self) -> bool {
        self.reader.back()
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Id) -> Outcome {
        match id {
            Id::CopyRow => {
                let (what, lines) = self.reader.copied();
                if lines.iter().all(SafeText::is_empty) {
                    return Outcome::notice("Nothing stands here that could be copied.");
                }
                let what = if what == "code" { "output" } else { what };
                return Outcome::copy(SafeText::literal(what), lines);
            }
            Id::CopyLink | Id::ShowLink | Id::Open => return Outcome::notice("No link stands here."),
            _ => {
                self.reader.run(id);
            }
        }
        Outcome::default()
    }

    /// Draws the view.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.fill(area, view.styles.of(Meaning::Text));
        let mut title = safe!("Diagnostics of {}", clean(&self.round.subject.name));
        title.push(&coverage::filtered(self.list().filter()));
        let all = self.round.sections.len();
        let over = self.round.sections.iter().filter(|section| section.is_over()).count();
        let foot = match all {
            0 => SafeText::default(),
            _ if over == all => safe!("all {} done  r runs again", all),
            _ => safe!("{} of {} done", over, all),
        };
        coverage::frame(view, area, canvas, &title, (&foot, Meaning::Muted));
        self.reader.draw(canvas, inside(area), view.styles, view.marking(), |_| false);
    }
}
