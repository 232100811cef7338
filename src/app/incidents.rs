//! Incidents: how one is declared, which one is current, and what is said of it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::app::last_time::last_time;
use crate::app::overlay::Asks;
use crate::app::{App, NEWS, Named};
use crate::config::theme::Meaning;
use crate::logs::query::moment;
use crate::model::drill::Culprit;
use crate::model::incident::{Declared, Field, Incident, IncidentId, Sev, Status, interval, is_same_person};
use crate::model::note::{Evidence, Folder, NoteCommand, What};
use crate::model::run::Run;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::Effect;
use crate::pane::notes::{Draft, id_text};
use crate::pane::palette::Known;
use crate::pane::view::{PaneId, View};
use crate::safe;
use crate::ui::time::running;

/// Columns of the header that a title takes.
const TITLE: usize = 24;
/// So much of what fell due at once, or has one name, is named.
const DUE: usize = 4;
/// What is due sooner stands out.
const SOON: SignedDuration = SignedDuration::from_mins(5);

impl App {
    /// Asks for the severity of an incident that is declared from the selected row, or from nothing.
    pub(super) fn ask_to_declare(&mut self, now: Timestamp) {
        let draft = self.draft(now);
        let text = format!("{} {}", draft.severity.number(), String::from_utf8_lossy(draft.title.as_bytes()));
        let is_of_line =
            self.arrangement.focus == PaneId::Logs && self.place.is_none() && self.graph_here().is_none();
        let view = self.state.view(true, now);
        let seen = if is_of_line { self.logs.evidence_declared(&view) } else { None };
        if let Some(said) = self.open_for(&draft) {
            self.say(said, now);
        }
        self.ask(Asks::Declare(Box::new((draft, seen))), &text);
    }

    /// That there is an incident already that is of the same alert of a service, or of the same service and host.
    fn open_for(&self, draft: &Declared) -> Option<SafeText> {
        let is_of_it = |one: &&Incident| {
            let service = one.service == draft.service;
            let alert = draft.alert.is_some() && one.alert == draft.alert;
            let place = draft.service.is_some() || draft.host.is_some();
            let same = service && (alert || place && one.host == draft.host);
            same && one.environment == draft.environment && !one.status.is_over()
        };
        // The newest: what was forgotten long ago is likelier another.
        let one = self.notes.incidents().filter(is_of_it).max_by_key(|one| one.declared)?;
        let title = clean(&one.title).truncate_to(2 * TITLE, &"..".into());
        Some(safe!(
            "{} ({}) is open for it already; :incident turns to it, Esc leaves this.",
            id_text(&one.id),
            title
        ))
    }

    /// What an incident of the selected row would be declared with. When in doubt it is worse.
    fn draft(&self, now: Timestamp) -> Declared {
        let view = self.state.view(true, now);
        let of_row = match self.arrangement.focus {
            _ if self.place.is_some() || self.graph_here().is_some() => None,
            PaneId::Pipelines => self.pipelines.declares(),
            PaneId::Logs => self.logs.declares(&view),
            PaneId::Alerts => self.alerts.declares(&view),
            PaneId::Notes => None,
        };
        let environment = self.state.environment.clone();
        of_row.unwrap_or_else(|| Declared { environment, ..Declared::new("", Sev::SECOND) })
    }

    /// Declares an incident: `2 checkout fails`, or only one of both. The line that it is of is its evidence.
    pub(super) fn declare(
        &mut self,
        draft: Declared,
        seen: Option<Evidence>,
        text: &str,
        now: Timestamp,
    ) -> Vec<Effect> {
        let text = text.trim();
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (severity, title) = match Sev::parse(first) {
            Some(severity) => (severity, rest.trim()),
            None => (draft.severity, text),
        };
        if title.is_empty() {
            self.say("An incident needs a title: I, then its severity and what it is.", now);
            return Vec::new();
        }
        self.name_the_writer(now);
        let declared = Declared { title: title.into(), severity, ..draft };
        let mut effects = self.notes.declare(declared.clone(), now);
        if let Some(incident) = self.notes.incident() {
            // The header names the incident; behind its id what helped would have no room on a narrow screen.
            let said = if let Some(before) = last_time(incident, &self.state.incidents, now) {
                safe!("Declared. {}", before)
            } else {
                let id = id_text(&incident.id);
                safe!("{} is declared. ; and the pad write into it. :status says how it stands.", id)
            };
            self.say(said, now);
        }
        if let Some(seen) = seen {
            let at = seen.window.1.min(now);
            effects.push(self.notes.write(Draft::new(What::Evidence(Box::new(seen)), "", at), now));
        }
        effects.extend(self.mark_drill(now));
        effects.extend(self.record_claim(now));
        effects.extend(self.record_before(now));
        effects.extend(self.diagnose_declared(&declared, now));
        effects
    }

    /// That another console has just declared an incident.
    pub(super) fn declared_elsewhere(&self, folder: &Folder, now: Timestamp) -> Option<SafeText> {
        let incident = self.notes.incidents().find(|one| folder.incident() == Some(&one.id))?;
        let (_, lead) = incident.roles.first()?;
        // What they declared just before this start is no news to them.
        if self.aside.is_some() && is_same_person(lead, &self.state.person) {
            return None;
        }
        let is_news = now.duration_since(incident.declared).abs() < NEWS;
        is_news.then(|| {
            let (lead, id) = (clean(lead), id_text(&incident.id));
            safe!(
                "{} declared SEV{} {}: :incident {}",
                lead,
                incident.severity.number(),
                clean(&incident.title),
                id
            )
        })
    }

    /// The open incidents that the person is not turned to.
    pub(super) fn aside(&self) -> Vec<IncidentId> {
        let current = self.notes.folder().incident();
        let open = self.notes.incidents().filter(|one| !one.status.is_over() && current != Some(&one.id));
        open.map(|one| one.id.clone()).collect()
    }

    /// At the start, when all is read: turns to the only open incident that the person leads, where none is
    /// current and they did not leave it aside. Whoever declared one and was killed so is where they were.
    pub(super) fn turn_to_own(&mut self, now: Timestamp) -> Option<Effect> {
        let aside = self.aside.take()?;
        if self.notes.folder().incident().is_some() {
            return None;
        }
        let is_own = |one: &&Incident| {
            let lead = one.role(Field::Lead);
            !one.status.is_over() && lead.is_some_and(|name| is_same_person(name, &self.state.person))
        };
        let own: Vec<_> = self.notes.incidents().filter(is_own).map(|one| one.id.clone()).collect();
        let [id] = <[IncidentId; 1]>::try_from(own).ok()?;
        if aside.contains(&id) {
            return None;
        }
        self.say(safe!("{} is current: you lead it. :incident none leaves it.", id_text(&id)), now);
        Some(self.notes.turn_to(Folder::Incident(id)))
    }

    /// The names of the incidents that can be turned to, the newest first, each with what it is.
    pub(super) fn incident_names(&self) -> Vec<Known> {
        let known = |one: &Incident| Known { word: one.id.as_str().to_owned(), what: Some(what_it_is(one)) };
        let mut names: Vec<_> = self.notes.incidents().map(known).collect();
        names.reverse();
        let what = (!names.is_empty()).then(|| "notes go to the shift".into());
        names.push(Known { word: "none".to_owned(), what });
        names
    }

    /// Turns to the incident of this name, or the only one that has it in its id or in what it is.
    pub(super) fn turn_to_incident(&mut self, name: &str, now: Timestamp) -> Vec<Effect> {
        if name == "none" {
            self.say("No incident is current: notes go to the shift.", now);
            return vec![self.notes.turn_to(Folder::Shift)];
        }
        let word = name.to_lowercase();
        let has_it = |one: &Incident| {
            let what = what_it_is(one).as_str().to_lowercase();
            !word.is_empty() && (one.id.as_str().to_lowercase().contains(&word) || what.contains(&word))
        };
        let known: Vec<IncidentId> =
            self.notes.incidents().filter(|one| has_it(one)).map(|one| one.id.clone()).collect();
        let found = match known.as_slice() {
            [only] => only,
            [] => {
                self.say(safe!("There is no incident {}. :incident lists them.", clean(&name.into())), now);
                return Vec::new();
            }
            many => {
                let Some(exact) = many.iter().find(|id| id.as_str() == name) else {
                    let mut said =
                        safe!("{} incidents have {} in their names: ", many.len(), clean(&name.into()));
                    for (index, id) in many.iter().rev().take(DUE).enumerate() {
                        let before = SafeText::literal(if index > 0 { ", " } else { "" });
                        said.push(&safe!("{}{}", before, id_text(id)));
                    }
                    if many.len() > DUE {
                        said.push(&safe!(", {} more", many.len() - DUE));
                    }
                    self.say(safe!("{}. Type more of one, or choose it with the arrows.", said), now);
                    return Vec::new();
                };
                exact
            }
        };
        self.say(safe!("Notes and the pad are those of {} from here on.", id_text(found)), now);
        vec![self.notes.turn_to(Folder::Incident(found.clone()))]
    }

    /// Says how the incident stands: `mitigated 03:40 drained eu-1`.
    pub(super) fn set_status(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let Some(status) = Status::parse(word) else {
            self.say(
                safe!(
                    "{} is no status: triage, active, mitigated, resolved, closed, cancelled.",
                    clean(&word.into())
                ),
                now,
            );
            return Vec::new();
        };
        let (first, why) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        match time(first, now, &self.state.zone.zone()) {
            Some(at) => {
                let taken = self.taken_as(first, at, now);
                self.tell_incident_as(&taken, What::Status(status), why.trim(), at, now)
            }
            // As a reason it would give the status the time of now.
            None if looks_like_a_time(first) => {
                let first = clean(&first.into());
                self.say(
                    safe!("{} is no time: nothing was said. 03:40 and -15m are, of what is past.", first),
                    now,
                );
                Vec::new()
            }
            None => self.tell_incident(What::Status(status), rest.trim(), now, now),
        }
    }

    /// Says how bad the incident is: `1 all regions`.
    pub(super) fn set_severity(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let (word, why) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let Some(severity) = Sev::parse(word) else {
            self.say("A severity is a number from 1, the worst, to 5.", now);
            return Vec::new();
        };
        self.tell_incident(What::Severity(severity), why.trim(), now, now)
    }

    /// Sets something of the incident: `impact 5 % of checkouts fail`.
    pub(super) fn set_field(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let (word, value) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let Some(field) = Field::parse(word) else {
            let mut text = SafeText::literal("What can be set:");
            for (index, field) in Field::ALL.iter().enumerate() {
                let separator = SafeText::literal(if index > 0 { ", " } else { " " });
                text.push(&safe!("{}{}", separator, SafeText::literal(field.word())));
            }
            text.push(&".".into());
            self.say(text, now);
            return Vec::new();
        };
        let value = value.trim();
        if field == Field::Onset {
            let Some(at) = time(value, now, &self.state.zone.zone()) else {
                self.say("An onset is a time: 03:12, -15m, 2026-11-22T03:12Z.", now);
                return Vec::new();
            };
            let taken = self.taken_as(value, at, now);
            return self.tell_incident_as(&taken, What::Set(field), &at.to_string(), now, now);
        }
        if field == Field::Updates && interval(value).is_none() {
            self.say("How often people are told: set updates 30m, or none.", now);
            return Vec::new();
        }
        if matches!(field, Field::Private | Field::Drill) {
            let Some(value) = ["yes", "no"].into_iter().find(|word| value.eq_ignore_ascii_case(word)) else {
                self.say(safe!("Say yes or no: set {} yes.", SafeText::literal(field.word())), now);
                return Vec::new();
            };
            return self.tell_incident(What::Set(field), value, now, now);
        }
        if field == Field::Change && value.is_empty() {
            let Some(run) = self.chosen_run().map(Run::name) else {
                self.say(
                    "Choose a run, or type it: set change deploy-prod #812; none if it was no change.",
                    now,
                );
                return Vec::new();
            };
            return self.tell_incident(What::Set(field), &String::from_utf8_lossy(run.as_bytes()), now, now);
        }
        if field == Field::Title && value.is_empty() {
            self.say("An incident needs a title.", now);
            return Vec::new();
        }
        let effects = self.tell_incident(What::Set(field), value, now, now);
        if field == Field::Change && !effects.is_empty() && !self.knows_change(&value.into()) {
            let text =
                safe!("No run here is called {}: it is written down all the same.", clean(&value.into()));
            self.say(text, now);
        }
        let offered =
            self.notes.incident().filter(|_| field.is_role() && !effects.is_empty()).and_then(|one| {
                one.offers.iter().find(|offer| offer.role == field).map(|offer| clean(&offer.to))
            });
        if let Some(name) = offered {
            let role = SafeText::literal(field.word());
            self.say(safe!("{} is asked to be {}, and is it with :accept.", name, role), now);
        }
        effects
    }

    /// Whether a run that is known here is so called, or it was no change.
    fn knows_change(&self, name: &RawText) -> bool {
        let world = &self.state.world;
        let now = world.runs().map(|(_, run)| run);
        let mut runs = now.chain(world.past_runs().map(|(_, run)| run));
        Culprit::NoChange.is_meant_by(name) || runs.any(|run| Culprit::run(run).is_meant_by(name))
    }

    /// Starts a countdown: `3m kim checks db`.
    pub(super) fn start_timer(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let (length, what) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let zone = self.state.zone.zone();
        let due = later(length, now, &zone).or_else(|| later(&format!("+{length}"), now, &zone));
        let (Some(due), false) = (due, what.trim().is_empty()) else {
            self.say("Type how long and what: :timer 3m kim checks db", now);
            return Vec::new();
        };
        self.tell_incident(What::Timer { due }, what.trim(), now, now)
    }

    /// Calls the person when something has become due; after the machine was stopped it may be much at once.
    pub(super) fn remind(&mut self, now: Timestamp) -> Option<Effect> {
        let since = std::mem::replace(&mut self.reminded, now);
        let said = match self.notes.became_due(since, now).as_slice() {
            [] => return None,
            [one] => safe!("Due now: {}.", one.name()),
            many => {
                let mut said = safe!("{} are due now: ", many.len());
                for (index, due) in many.iter().take(DUE).enumerate() {
                    let before = SafeText::literal(if index > 0 { "; " } else { "" });
                    said.push(&safe!("{}{}", before, due.name().truncate_to(TITLE, &"..".into())));
                }
                if many.len() > DUE {
                    said.push(&safe!("; {} more", many.len() - DUE));
                }
                safe!("{}.", said)
            }
        };
        self.say(said.clone(), now);
        Some(Effect::Ring(self.in_drill(said)))
    }

    /// What is due next in the current incident, for the header.
    pub(super) fn due_words(&self, now: Timestamp) -> Option<(SafeText, Meaning)> {
        let due = self.notes.dues().first()?;
        let name = due.name().truncate_to(TITLE, &"..".into());
        let left = due.at.duration_since(now);
        if left.is_positive() {
            let soon = left < SOON;
            let meaning = if soon { Meaning::Warning } else { Meaning::Muted };
            return Some((safe!("{} in {}m", name, minutes(now, due.at)), meaning));
        }
        let others = self.notes.dues().iter().filter(|other| other.at <= now).count().saturating_sub(1);
        let others = if others > 0 { safe!(" +{}", others) } else { SafeText::default() };
        Some((safe!("OVERDUE {}: {}{}", running(due.at, now), name, others), Meaning::Critical))
    }

    /// What is said where a time of day was taken as yesterday's: who reads other clocks than the header's
    /// meant another time.
    pub(super) fn taken_as(&self, typed: &str, at: Timestamp, now: Timestamp) -> SafeText {
        if !moment::is_to_come(typed, now, &self.state.zone.zone()) {
            return SafeText::default();
        }
        let at = self.with_its_day(at);
        safe!("{} is still to come, so it was taken as {}. ", clean(&typed.into()), at)
    }

    /// `Nov 22 18:30 UTC`.
    pub(super) fn with_its_day(&self, at: Timestamp) -> SafeText {
        let at = at.to_zoned(self.state.zone.zone());
        clean(&at.strftime("%b %d %H:%M %Z").to_string().into())
    }

    fn tell_incident(&mut self, what: What, text: &str, at: Timestamp, now: Timestamp) -> Vec<Effect> {
        self.tell_incident_as(&SafeText::default(), what, text, at, now)
    }

    /// Tells it, and says first how what was typed was taken.
    fn tell_incident_as(
        &mut self,
        taken: &SafeText,
        what: What,
        text: &str,
        at: Timestamp,
        now: Timestamp,
    ) -> Vec<Effect> {
        if self.notes.incident().is_none() {
            self.say("No incident is current: I declares one, :incident turns to one.", now);
            return Vec::new();
        }
        self.name_the_writer(now);
        let told = what.clone();
        let effect = self.notes.write(Draft::new(what, text, at), now);
        if let Some(incident) = self.notes.incident() {
            let mut said = safe!("{}.", incident.summary());
            // What was typed is said as it was understood: the summary has no word of it.
            if let Effect::Note(_, NoteCommand::Entry(entry)) = &effect
                && matches!(entry.what, What::Set(_) | What::Timer { .. })
            {
                said = safe!("{}. {}", entry.words(), said);
            }
            let counts = match &told {
                What::Status(status) => incident.status == *status,
                What::Severity(severity) => incident.severity == *severity,
                _ => true,
            };
            if let Some(last) = self.notes.last_said(&told).filter(|_| !counts) {
                let at = clean(&last.recorded.strftime("%FT%H:%M:%SZ").to_string().into());
                let (person, words) = (clean(&last.person), last.words());
                said = safe!("NOT SO: what {} wrote at {} counts as last ({}). {}", person, at, words, said);
            }
            for wrong in self.contradictions(now) {
                said.push(&safe!(" {}: is that so?", wrong));
            }
            self.say(safe!("{}{}", taken, said), now);
        }
        vec![effect]
    }

    /// What a one-line entry is, of which so much is typed; while nothing is, the letters that say it.
    pub(super) fn note_word(&self, text: &str, now: Timestamp) -> &'static str {
        match kind(text.trim_start(), now, &self.state.zone.zone()).0 {
            What::Hypothesis => "hypothesis: ",
            What::RuledOut => "ruled out: ",
            What::Decision => "decision: ",
            What::Todo { .. } => "todo: ",
            What::Update => "update: ",
            _ if text.is_empty() => "note (h x d t u): ",
            _ => "note: ",
        }
    }

    /// Writes a one-line entry; the focus stays where it is.
    pub(super) fn write_note(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let text = text.trim();
        if text.is_empty() {
            self.say("An empty note is not written.", now);
            return Vec::new();
        }
        self.name_the_writer(now);
        let zone = self.state.zone.zone();
        if let Some(word) = no_time(text, now, &zone) {
            self.say(
                safe!(
                    "{} is no time: the todo has none. :correct gives it another text.",
                    clean(&word.into())
                ),
                now,
            );
        }
        let (what, text) = kind(text, now, &zone);
        vec![self.notes.write(Draft::new(what, text, now), now)]
    }

    /// The editor has ended: what it left in the pad's file is looked at.
    pub(super) fn edited(
        &mut self,
        folder: Folder,
        ended: Result<(), SafeText>,
        now: Timestamp,
    ) -> Vec<Effect> {
        if let Err(why) = ended {
            self.say(safe!("The editor: {}.", why), now);
        }
        vec![Effect::Note(folder, NoteCommand::Rest)]
    }

    /// A shared account is not a person: told once, and nobody has to answer.
    pub(super) fn name_the_writer(&mut self, now: Timestamp) {
        if self.named == Named::ByLogin {
            self.named = Named::ByLoginAsTold;
            let person = clean(&self.state.person);
            self.say(safe!("Written as {}, the name of your login. :as NAME says who you are.", person), now);
        }
    }

    /// The current incident for the header: `INC checkout fails SEV2 0:14`.
    pub(super) fn incident_words(&self, view: &View<'_>, narrow: bool) -> Option<(SafeText, Meaning)> {
        let Some(incident) = self.notes.incident() else {
            let open = self.state.incidents.iter().filter(|one| !one.status.is_over()).count();
            let text = match open {
                0 => return None,
                1 => "1 open incident".into(),
                more => safe!("{} open incidents", more),
            };
            return Some((text, Meaning::Warning));
        };
        let until = incident.ended().unwrap_or(view.now);
        let status = match incident.status {
            Status::Active => SafeText::default(),
            other => safe!(" {}", SafeText::literal(other.word())),
        };
        let title = clean(&incident.title).truncate_to(if narrow { TITLE / 2 } else { TITLE }, &"..".into());
        let word = SafeText::literal(if incident.is_drill { "DRILL" } else { "INC" });
        let text = safe!(
            "{} {} SEV{}{} {}",
            word,
            title,
            incident.severity.number(),
            status,
            running(incident.began(), until)
        );
        let meaning = match incident.status {
            Status::Triage | Status::Active => Meaning::Critical,
            Status::Mitigated => Meaning::Warning,
            Status::Resolved | Status::Closed | Status::Cancelled => Meaning::Muted,
        };
        Some((text, meaning))
    }
}

/// `SEV2 checkout fails`, with its status where that is another than that it goes on.
fn what_it_is(incident: &Incident) -> SafeText {
    let mut text = safe!("SEV{} {}", incident.severity.number(), clean(&incident.title));
    if incident.status != Status::Active {
        text.push(&safe!(", {}", SafeText::literal(incident.status.word())));
    }
    text
}

/// What a one-line note is, by the letter before it: `h ` a hypothesis, `x ` ruled out, `d ` a decision,
/// `u ` what those who wait were told, `t ` a todo, with `@owner` and a time by which it is to be done (`15:30`, `+30m`).
fn kind(text: &str, now: Timestamp, zone: &TimeZone) -> (What, RawText) {
    let (letter, rest) = text.split_once(' ').unwrap_or(("", text));
    let rest = rest.trim_start();
    match letter {
        "h" => (What::Hypothesis, rest.into()),
        "x" => (What::RuledOut, rest.into()),
        "d" => (What::Decision, rest.into()),
        "u" => (What::Update, rest.into()),
        "t" => {
            let (mut owner, mut due, mut text) = (None, None, rest);
            while let Some((word, behind)) = text.split_once(' ') {
                match (word.strip_prefix('@'), later(word, now, zone)) {
                    (Some(name), _) if !name.is_empty() && owner.is_none() => owner = Some(name.into()),
                    (_, Some(at)) if due.is_none() => due = Some(at),
                    _ => break,
                }
                text = behind.trim_start();
            }
            (What::Todo { owner, due }, text.into())
        }
        _ => (What::Note, text.into()),
    }
}

/// A word at the beginning of a todo that looks like a time and is none.
fn no_time<'a>(text: &'a str, now: Timestamp, zone: &TimeZone) -> Option<&'a str> {
    let words = text.strip_prefix("t ")?.split_whitespace().take(2);
    words.filter(|word| looks_like_a_time(word)).find(|word| later(word, now, zone).is_none())
}

fn looks_like_a_time(word: &str) -> bool {
    word.contains(':') && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
}

/// Minutes of the clock from one time to another.
fn minutes(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().div_euclid(60) - from.as_second().div_euclid(60)
}

/// A time that is past: `03:12` is the last one, `-15m`, or with its date.
fn time(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    Timestamp::from_millisecond(moment::before(text, now, zone)?).ok()
}

/// A time that is to come: `15:30` is the next one, or `+30m`.
fn later(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    Timestamp::from_millisecond(moment::after(text, now, zone)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_before_a_note_says_what_it_is() {
        let now: Timestamp = "2026-03-14T03:12:00Z".parse().unwrap();
        let of = |text: &str| kind(text, now, &TimeZone::UTC);
        assert_eq!(of("pool is full"), (What::Note, "pool is full".into()));
        assert_eq!(of("h pool is full"), (What::Hypothesis, "pool is full".into()));
        assert_eq!(of("x  dns"), (What::RuledOut, "dns".into()));
        assert_eq!(of("d roll back"), (What::Decision, "roll back".into()));
        assert_eq!(of("u we roll back"), (What::Update, "we roll back".into()));
        assert_eq!(of("x"), (What::Note, "x".into()));
        let todo = |owner: Option<&str>, due: Option<&str>| What::Todo {
            owner: owner.map(RawText::from),
            due: due.map(|due| due.parse().unwrap()),
        };
        assert_eq!(of("t check db"), (todo(None, None), "check db".into()));
        let soon = todo(Some("kim"), Some("2026-03-14T03:42:00Z"));
        assert_eq!(of("t @kim +30m check db"), (soon.clone(), "check db".into()));
        assert_eq!(of("t 03:42 @kim check db"), (soon, "check db".into()));
        let tomorrow = todo(None, Some("2026-03-15T03:00:00Z"));
        assert_eq!(of("t 03:00 check db @kim"), (tomorrow, "check db @kim".into()));
    }
}
