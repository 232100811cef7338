//! The drills that are built in, through the app: what a person does in one, and the score.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/console.rs"]
#[expect(dead_code, reason = "other tests press more keys")]
mod console;

use std::sync::Arc;
use std::time::Duration;

use console::{Console, setup};
use jiff::{SignedDuration, Timestamp};
use midwatch::app::Setup;
use midwatch::model::note::{NoteCommand, NoteReply};
use midwatch::pane::effect::{Effect, Msg};
use midwatch::source::outlet::{Clock, Intake, Report};
use midwatch::source::recording::drill::Exercise;
use tokio::time::Instant;

const NARROW: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (140, 40);

/// The app in a drill, on a paused clock, which moves only when everything waits.
struct Drill {
    console: Console,
    intake: Intake,
    clock: Clock,
}

impl Drill {
    async fn begin(name: &str, size: (u16, u16)) -> Self {
        let Exercise { drill, recording } = Exercise::shipped(name).unwrap().unwrap();
        let (start, from) = (recording.start(), Instant::now());
        let clock: Clock = Arc::new(move || start + SignedDuration::try_from(from.elapsed()).unwrap());
        let (environments, catalog) = (recording.environments().to_vec(), recording.catalog().clone());
        let intake = Intake::default();
        let mut sources = Vec::new();
        for (info, source) in recording.sources() {
            let (outlet, ask) = intake.outlet(info.name.clone(), Arc::clone(&clock));
            // Held for as long as it runs: a source that cannot be asked any more ends.
            tokio::spawn(async move {
                source.run(outlet).await;
                drop(ask);
            });
            sources.push(info);
        }
        let setup =
            Setup { sources, environments, catalog, drill: Some(drill), log_budget: 64 << 20, ..setup(size) };
        let console = Console::begun(setup, start);
        let mut drill = Self { console, intake, clock };
        drill.pass(2).await;
        drill
    }

    /// Lets seconds pass.
    async fn pass(&mut self, seconds: u64) {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while let Ok(report) = tokio::time::timeout_at(deadline, self.intake.next()).await {
            self.console.now = (self.clock)();
            self.console.send(match report {
                Report::Update(update) => Msg::Update(update),
                Report::Segment(segment) => Msg::Segment(segment),
                Report::File(news) => Msg::File(news),
            });
        }
        self.console.now = (self.clock)();
        self.console.send(Msg::Wake);
    }

    /// Lets time pass until the drill's clock shows this time.
    async fn until(&mut self, time: &str) {
        let day = self.console.now.strftime("%F").to_string();
        let until: Timestamp = format!("{day}T{time}Z").parse().unwrap();
        let left = until.duration_since((self.clock)()).as_secs();
        self.pass(u64::try_from(left).unwrap()).await;
    }

    async fn keys(&mut self, keys: &str) -> &mut Self {
        self.console.keys(keys);
        self.settle().await
    }

    /// Types a command behind a colon.
    async fn command(&mut self, text: &str) -> &mut Self {
        self.console.keys(":").type_text(text).keys("Enter");
        self.settle().await
    }

    /// The record takes what was written, and a second passes.
    async fn settle(&mut self) -> &mut Self {
        for effect in std::mem::take(&mut self.console.effects) {
            if let Effect::Note(folder, NoteCommand::Entry(entry)) = effect {
                self.console.send(Msg::Note(folder, NoteReply::EntrySaved(entry.seq)));
            }
        }
        self.pass(1).await;
        self
    }

    fn header(&self) -> String {
        self.console.screen().lines().next().unwrap().to_owned()
    }

    fn score(&self) -> String {
        let lines: Vec<_> = self.console.app.parting().iter().map(|line| line.as_str().to_owned()).collect();
        lines.join("\n")
    }
}

/// The columns of a row of the score: how soon, and what is said of it.
fn row<'a>(score: &'a str, what: &str) -> &'a str {
    let line = score.lines().find(|line| line.trim_start().starts_with(what)).unwrap();
    line.trim_start().strip_prefix(what).unwrap().trim()
}

#[tokio::test(start_paused = true)]
async fn the_bad_deployment_is_found_named_and_told_at_the_end() {
    for size in [NARROW, WIDE] {
        let mut drill = Drill::begin("bad-deploy", size).await;
        let screen = drill.console.screen();
        assert!(
            screen.contains("It is Wednesday afternoon") && screen.contains(":set change none"),
            "{screen}"
        );
        drill.keys("Esc").await;
        assert!(drill.header().contains("DRILL"), "{}", drill.header());
        drill.until("14:11:05").await;
        assert!(drill.console.screen().contains("CartErrorRate"), "{}", drill.console.screen());
        drill.keys("Enter").await;
        drill.pass(20).await;
        drill.keys("I").await.keys("Enter").await;
        assert!(drill.header().contains("DRILL CartErrorR"), "{}", drill.header());
        // Its logs name pricing.
        drill.keys("L").await.command("fields msg").await;
        assert!(
            drill.console.screen().contains("pricing: amount has 3 decimals"),
            "{}",
            drill.console.screen()
        );
        // The nearest change stands first; the one of pricing is below it.
        drill.keys("3 W").await;
        let first = drill.console.row("#2209").unwrap();
        assert!(first.starts_with(|c: char| !c.is_ascii_digit()), "{first}");
        while !drill.console.row("#2207").unwrap().contains('>') {
            drill.keys("j").await;
        }
        drill.command("set change").await;
        assert!(!drill.console.screen().contains("The drill is over"), "{}", drill.console.screen());
        drill.pass(60).await;
        drill.command("status mitigated rolled pricing back to 6e0c1d2").await;
        let screen = drill.console.screen();
        assert!(screen.contains("The drill is over") && screen.contains("4 of 4"), "{screen}");
        let score = drill.score();
        assert!(score.contains("4 of 4, the mitigation by your own word."), "{score}");
        assert!(row(&score, "change").ends_with("deploy-production #2207: right"), "{score}");
        assert!(
            row(&score, "mitigated").ends_with("rolled pricing back to 6e0c1d2: not compared"),
            "{score}"
        );
        assert!(row(&score, "acknowledged").ends_with('s'), "{score}");
        // What is said after the end does not count.
        drill.keys("Esc").await.command("set change none").await;
        assert_eq!(drill.score(), score);
        drill.command("drill").await;
        assert!(drill.console.screen().contains("4 of 4"), "{}", drill.console.screen());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_before_the_page_ends_nothing_and_gives_no_answer_away() {
    let mut drill = Drill::begin("bad-deploy", WIDE).await;
    drill.keys("Esc I").await.console.type_text("2 it feels slow").keys("Enter");
    drill.settle().await;
    let early = "You are not paged yet: what is done before that does not count.";
    assert!(drill.console.screen().contains(early), "{}", drill.console.screen());
    drill.command("set change deploy-production #2207").await.command("status mitigated").await;
    assert!(!drill.console.screen().contains("The drill is over"), "{}", drill.console.screen());
    assert!(drill.score().contains("0 of 4."), "{}", drill.score());
    drill.until("14:11:05").await;
    assert!(!drill.console.screen().contains("The drill is over"), "{}", drill.console.screen());
    drill.keys("3 g g I").await.keys("Enter").await;
    drill.command("set change deploy-production #2207").await.command("status mitigated rolled back").await;
    let score = drill.score();
    assert!(score.contains("4 of 4, "), "{score}");
    assert_ne!(row(&score, "mitigated"), "0s  rolled back", "{score}");
}

#[tokio::test(start_paused = true)]
async fn who_names_the_nearest_deployment_is_told_which_one_it_was() {
    let mut drill = Drill::begin("bad-deploy", WIDE).await;
    drill.keys("Esc").await.until("14:11:05").await;
    drill.keys("I").await.keys("Enter").await;
    drill.command("status mitigated rolled search back").await;
    let screen = drill.console.screen();
    assert!(screen.contains("Which change was it?") && !screen.contains("#2207: right"), "{screen}");
    assert!(!screen.contains("The drill is over"), "{screen}");
    drill.command("set change deploy-production #2209").await;
    let score = drill.score();
    assert!(row(&score, "change").ends_with("deploy-production #2209: wrong"), "{score}");
    assert!(
        score.contains("3 of 4, ") && score.contains("the change was deploy-production #2207"),
        "{score}"
    );
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_deployed_no_change_is_the_answer() {
    for (name, page, how) in [
        ("full-disk", "02:24:30", "dropped the slot replica_eu"),
        ("expired-certificate", "12:01:30", "edge-oncall renewed the certificate"),
    ] {
        let mut drill = Drill::begin(name, NARROW).await;
        drill.keys("Esc").await.until(page).await;
        drill.keys("I").await.keys("Enter").await;
        drill.command("set change none").await.command(&format!("status mitigated {how}")).await;
        let score = drill.score();
        assert!(score.contains("4 of 4, ") && score.contains("it was no change"), "{score}");
        assert!(drill.console.screen().contains("4 of 4"), "{}", drill.console.screen());
    }
}

#[tokio::test(start_paused = true)]
async fn what_mitigates_it_is_not_compared_and_the_score_says_that() {
    for size in [NARROW, WIDE] {
        let mut drill = Drill::begin("full-disk", size).await;
        drill.keys("Esc").await.until("02:24:30").await;
        drill.keys("I").await.keys("Enter").await;
        drill.command("set change none").await.command("status mitigated deleted the old dumps").await;
        let screen = drill.console.screen();
        assert!(screen.contains("deleted the old dumps: not compared"), "{screen}");
        assert!(screen.contains("4 of 4, the mitigation by your own word."), "{screen}");
        assert!(screen.contains("Compare what you did with: drop the slot replica_eu"), "{screen}");
        // What is written in lines is a paragraph, and broken where the page ends.
        let text = screen.replace(['\u{2502}', '\n'], " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("away since Friday evening, keeps all of the database's log."), "{screen}");
        let width = |line: &str| line.trim_matches(|c: char| c.is_whitespace() || c == '\u{2502}').len();
        let short = screen.lines().skip_while(|line| !line.contains("The disk of pg-1")).take(2);
        assert!(short.map(width).all(|width| width > 56), "{screen}");
        assert!(drill.score().lines().all(|line| line.trim_end().len() <= 80), "{}", drill.score());
    }
    let nothing = Drill::begin("full-disk", NARROW).await.score();
    assert!(nothing.contains("What mitigates it: drop the slot"), "{nothing}");
    assert!(!nothing.contains("ompare"), "{nothing}");
}

#[tokio::test(start_paused = true)]
async fn a_drill_in_which_nobody_does_anything_ends_with_its_recording() {
    let mut drill = Drill::begin("full-disk", NARROW).await;
    drill.keys("Esc").await.until("02:43:30").await;
    assert!(!drill.console.screen().contains("The drill is over"), "{}", drill.console.screen());
    // A text that is being written is not taken away.
    drill.keys(";").await.until("02:44:05").await;
    assert!(drill.console.screen().contains("note (h x d t u):"), "{}", drill.console.screen());
    drill.keys("Esc").await;
    let screen = drill.console.screen();
    assert!(screen.contains("The drill is over") && screen.contains("0 of 4"), "{screen}");
    assert_eq!(drill.score().matches("not done").count(), 4, "{}", drill.score());
}

#[tokio::test(start_paused = true)]
async fn keys_are_counted_and_text_is_not() {
    let mut drill = Drill::begin("full-disk", NARROW).await;
    drill.keys("Esc j k").await;
    drill.console.keys(";").type_text("looks like a disk").keys("Enter");
    assert!(row(&drill.score(), "keys").starts_with("5,"), "{}", drill.score());
    // The name of a command is keys, and what stands behind it is text.
    drill.command("set impact nobody can order").await;
    assert!(row(&drill.score(), "keys").starts_with("11,"), "{}", drill.score());
}

#[tokio::test(start_paused = true)]
async fn an_incident_of_a_drill_is_marked_as_one_and_nothing_else_is_written() {
    let mut drill = Drill::begin("full-disk", WIDE).await;
    drill.keys("Esc").await.until("02:24:30").await;
    drill.console.keys("I Enter");
    let said: Vec<_> = drill
        .console
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Note(folder, NoteCommand::Entry(entry)) => Some((folder, entry)),
            _ => None,
        })
        .filter(|(_, entry)| !entry.is_automatic())
        .map(|(folder, entry)| (folder.incident().is_some(), entry.words().as_str().to_owned()))
        .collect();
    assert!(said.contains(&(true, "drill: yes".to_owned())), "{said:?}");
}

#[test]
fn what_is_no_drill_says_so() {
    let mut console = Console::new(WIDE);
    console.keys(":").type_text("drill").keys("Enter");
    assert!(console.screen().contains("This is no drill"), "{}", console.screen());
    assert!(console.app.parting().is_empty());
}
