//! Key scripts of the runbook and the card of a row.

use crate::console::{Console, alert, run, setup};
use midwatch::app::Setup;
use midwatch::config::runbooks::Runbooks;
use midwatch::model::alert::{Alert, Severity};
use midwatch::model::catalog::{Card, Catalog, HostEntry, ServiceEntry};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::NoteCommand;
use midwatch::model::runbook::{Answer, Found, Lead};
use midwatch::pane::effect::{Effect, Msg};

const WIDE: (u16, u16) = (160, 40);
const URL: &str = "https://wiki.example/HighErrorRate.md";

const TEXT: &str = "# HighErrorRate\n\nPeople cannot pay.\n\n1. Check the pool\n2. Roll back\n\n   ```sh\n   helm rollback checkout\n   helm status checkout\n   ```\n\nSee [the board](https://board.example/1).\n";

fn annotated() -> Alert {
    let mut alert = alert("HighErrorRate", Severity::Critical, 14);
    alert.annotations.insert("runbook_url".into(), URL.into());
    alert
}

fn configured() -> Setup {
    let card = Card {
        role: Some("takes orders".into()),
        owner: Some("team shop".into()),
        contacts: vec!["#shop-oncall".into()],
        links: vec![("dashboard".into(), "https://grafana.example/d/1".into())],
        runbook: Some("/srv/checkout.md".into()),
    };
    let checkout = ServiceEntry {
        name: "checkout".into(),
        aliases: vec!["co".into()],
        logs: vec!["logs".into()],
        card,
        ..ServiceEntry::default()
    };
    let host = HostEntry { name: "db-7".into(), names: vec!["10.0.0.7".into()], ..HostEntry::default() };
    Setup { catalog: Catalog::new(&[checkout], &[host]), ..setup(WIDE) }
}

fn text_of(text: &str) -> Answer {
    Answer::Text { found: Found::Url(URL.into()), text: text.into(), is_cut: false }
}

fn leads() -> Vec<Lead> {
    vec![Lead::Annotated(URL.into())]
}

/// A console on an alert whose runbook is shown.
fn opened() -> Console {
    let mut console = Console::new(WIDE);
    console.alerts(&[annotated()]);
    console.keys("K");
    console.send(Msg::Runbook(leads(), text_of(TEXT)));
    console
}

fn notes(console: &Console) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Note(_, NoteCommand::Entry(entry)) => entry.text.as_str().map(str::to_owned),
        _ => None,
    };
    console.effects.iter().filter_map(text).collect()
}

fn copied(console: &Console) -> Vec<Vec<String>> {
    let lines = |effect: &Effect| match effect {
        Effect::Copy(lines) => Some(lines.iter().map(|line| line.as_str().to_owned()).collect()),
        _ => None,
    };
    console.effects.iter().filter_map(lines).collect()
}

#[test]
fn the_places_are_asked_in_order_and_the_answer_stands_in_the_place_of_the_pane() {
    let runbooks = Runbooks {
        dirs: vec!["/srv/books".into()],
        map: vec![("higherrorrate".into(), "/srv/errors.md".into())],
        ..Runbooks::default()
    };
    let mut console = Console::with(Setup { runbooks, ..configured() });
    console.alerts(&[annotated()]);
    console.keys("K");
    let asked = [
        Lead::Configured("/srv/errors.md".into()),
        Lead::Named("HighErrorRate".into()),
        Lead::Annotated(URL.into()),
        Lead::Configured("/srv/checkout.md".into()),
        Lead::Named("checkout".into()),
    ];
    assert_eq!(console.effects.last(), Some(&Effect::Runbook(asked.to_vec())));
    let screen = console.screen();
    assert!(screen.contains("Looking for the runbook of HighErrorRate"), "{screen}");
    assert!(screen.contains("by the alert") && screen.contains("a file HighErrorRate.md"), "{screen}");
    console.send(Msg::Runbook(asked.to_vec(), text_of(TEXT)));
    let screen = console.screen();
    for text in [
        "Runbook of HighErrorRate",
        "1. [ ] Check the pool",
        "| helm rollback checkout",
        "the board (https://board.example/1)",
        "0 of 2 steps done",
    ] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    console.keys("Esc");
    assert!(console.screen().contains("3 Alerts  1 firing"), "{}", console.screen());
}

#[test]
fn steps_are_ticked_into_the_notes_and_stay_ticked_for_the_session() {
    let mut console = opened();
    console.keys("space");
    assert!(console.screen().contains("No step is here"), "{}", console.screen());
    console.keys("j j j space j j space");
    assert_eq!(
        notes(&console),
        ["runbook HighErrorRate: done: Check the pool", "runbook HighErrorRate: done: Roll back"]
    );
    let screen = console.screen();
    assert!(screen.contains("1. [x] Check the pool") && screen.contains("2 of 2 steps done"), "{screen}");
    console.keys("space");
    assert_eq!(
        notes(&console).last().map(String::as_str),
        Some("runbook HighErrorRate: not done after all: Roll back")
    );
    let asked = console.effects.iter().filter(|effect| matches!(effect, Effect::Runbook(_))).count();
    console.keys("Esc K");
    let screen = console.screen();
    assert!(screen.contains("1. [x] Check the pool") && screen.contains("2. [ ] Roll back"), "{screen}");
    let again = console.effects.iter().filter(|effect| matches!(effect, Effect::Runbook(_))).count();
    assert_eq!(again, asked, "what was read is not asked for again");
    // A new version of the text keeps the ticks of steps that are the same.
    console.keys("r");
    assert_eq!(console.effects.last(), Some(&Effect::Runbook(leads())));
    console.send(Msg::Runbook(leads(), text_of("1. Check the pool\n2. Call the bank\n")));
    let screen = console.screen();
    assert!(screen.contains("1. [x] Check the pool") && screen.contains("2. [ ] Call the bank"), "{screen}");
}

#[test]
fn what_stands_under_the_cursor_is_copied_and_links_are_shown() {
    let mut console = opened();
    console.keys("G y");
    assert_eq!(copied(&console), [vec!["See the board (https://board.example/1)."]]);
    console.keys("Esc o");
    assert!(console.screen().contains("link, to open in a browser"), "{}", console.screen());
    console.keys("Esc k k y");
    assert_eq!(copied(&console)[1], ["helm rollback checkout", "helm status checkout"]);
    console.keys("Esc g Y");
    assert_eq!(copied(&console)[2], [URL], "where no link stands it is the runbook's own");
}

#[test]
fn a_page_for_a_browser_a_failure_and_nothing_say_what_to_do() {
    let says = |answer: Answer, texts: &[&str]| {
        let mut console = Console::new(WIDE);
        console.alerts(&[annotated()]);
        console.keys("K");
        console.send(Msg::Runbook(leads(), answer));
        let screen = console.screen();
        for text in texts {
            assert!(screen.contains(text), "{text}\n{screen}");
        }
        console
    };
    let found = || Found::Url(URL.into());
    says(Answer::Page(found()), &["is a page for a browser", "o shows the link", "[runbooks]"]);
    let failure =
        Failure::new(FailureKind::Refused, "GET https://wiki.example: refused").advise("look at the VPN");
    let mut console = says(
        Answer::Failed(found(), failure),
        &["cannot be read", "GET https://wiki.example: refused", "do: look at the VPN", "r looks again"],
    );
    console.keys("r");
    assert!(console.screen().contains("Looking for the runbook"), "{}", console.screen());
    // The next look does not remember the failure.
    console.keys("Esc K");
    assert_eq!(console.effects.last(), Some(&Effect::Runbook(leads())));
    // An alert that leads nowhere, of which no service is known.
    let mut console = Console::new(WIDE);
    console.alerts(&[Alert {
        labels: std::collections::BTreeMap::new(),
        ..alert("Odd \"name", Severity::Critical, 1)
    }]);
    console.keys("K");
    let screen = console.screen();
    for text in ["No runbook of Odd \"name is known", "dirs = [\"~/runbooks\"]", "runbook_url"] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
}

#[test]
fn the_card_stands_beside_the_runbook_and_alone_where_there_is_none() {
    let mut console = Console::with(configured());
    console.alerts(&[annotated()]);
    console.keys("K");
    console.send(Msg::Runbook(
        vec![Lead::Annotated(URL.into()), Lead::Configured("/srv/checkout.md".into())],
        text_of(TEXT),
    ));
    assert!(console.screen().contains("K: card"), "{}", console.screen());
    assert!(console.screen().contains("space tick the step"), "{}", console.screen());
    console.keys("K");
    let screen = console.screen();
    assert!(!screen.contains("tick the step"), "a card has no steps\n{screen}");
    for text in [
        "Card of checkout",
        "Service checkout",
        "takes orders",
        "team shop",
        "#shop-oncall",
        "dashboard (https://grafana.example/d/1)",
        "/srv/checkout.md",
        "CRIT HighErrorRate for 14m",
        "logs (still loading)",
        "also called   co",
    ] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    console.keys("]");
    assert!(console.screen().contains("Runbook of HighErrorRate"), "{}", console.screen());
    assert!(console.screen().contains("space tick the step"), "{}", console.screen());
    // A run of a service: its own runbook is looked for, and the card stands where there is none.
    let mut console = Console::with(Setup {
        runbooks: Runbooks { dirs: vec!["/srv".into()], ..Runbooks::default() },
        ..setup(WIDE)
    });
    console.runs(&[run("1", "failed", 12)]);
    console.keys("1 K");
    let asked = vec![Lead::Named("deploy-prod".into()), Lead::Named("checkout".into())];
    assert_eq!(console.effects.last(), Some(&Effect::Runbook(asked.clone())));
    console.send(Msg::Runbook(asked, Answer::Nowhere));
    let screen = console.screen();
    assert!(screen.contains("Card of checkout") && screen.contains("[[service]]"), "{screen}");
    assert!(screen.contains("deploy-prod failed"), "{screen}");
}

#[test]
fn a_host_has_a_card_of_its_own() {
    let mut console = Console::with(configured());
    let labels = [("instance", "10.0.0.7:9100")].map(|(name, value)| (name.into(), value.into()));
    console.alerts(&[Alert { labels: labels.into(), ..alert("DiskFull", Severity::Critical, 1) }]);
    console.keys("K");
    let screen = console.screen();
    assert!(screen.contains("Host db-7") && screen.contains("also called   10.0.0.7"), "{screen}");
}

#[test]
fn hostile_text_is_shown_as_marks_and_never_obeyed() {
    let bad = "\u{1b}]52;c;AAAA\u{7}\u{202e}";
    let mut alert = annotated();
    alert.annotations.insert("runbook_url".into(), format!("https://x/{bad}").as_str().into());
    let mut console = Console::new(WIDE);
    console.alerts(&[alert]);
    console.keys("K");
    let clean = |console: &Console| {
        let screen = console.screen();
        assert!(!screen.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{screen:?}");
        screen
    };
    assert!(clean(&console).contains("<U+202E>"));
    let leads = vec![Lead::Annotated(format!("https://x/{bad}").as_str().into())];
    let text = format!("# {bad}\n\n- [ ] {bad}\n\n```{bad}\n{bad}\n```\n");
    let found = Found::Url(format!("https://x/{bad}").as_str().into());
    console.send(Msg::Runbook(leads, Answer::Text { found, text: text.as_str().into(), is_cut: false }));
    assert!(clean(&console).matches("<U+202E>").count() >= 4);
    console.keys("j j space");
    assert!(notes(&console).iter().all(|note| !note.contains('\u{1b}')), "{:?}", notes(&console));
}

#[test]
fn what_happened_leads_to_the_runbook_of_what_it_happened_to() {
    let mut console = Console::new(WIDE);
    console.alerts(&[]);
    console.pass(20);
    console.alerts(&[annotated()]);
    console.pass(5);
    console.keys("4 G K");
    assert_eq!(console.effects.last(), Some(&Effect::Runbook(leads())), "{}", console.screen());
    console.send(Msg::Runbook(leads(), text_of(TEXT)));
    let screen = console.screen();
    assert!(screen.contains("Runbook of HighErrorRate  K: card"), "{screen}");
    console.keys("K");
    assert!(console.screen().contains("Service checkout"), "{}", console.screen());
}

#[test]
fn a_row_of_which_nothing_is_known_says_so() {
    let mut console = Console::new(WIDE);
    console.keys("4 K");
    assert!(console.screen().contains("No alert, service or host is known here"), "{}", console.screen());
}
