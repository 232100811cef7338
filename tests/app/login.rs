//! Credentials on the screen: when they end, what that blinds, and how a person logs in.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use midwatch::app::Setup;
use midwatch::model::credential::{CredentialInfo, Standing};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::update::{Gives, News, Update};
use midwatch::model::world::SourceInfo;
use midwatch::pane::effect::{Effect, Msg};

use crate::console::{Console, at, setup};

/// Nine sources that use one credential, and a second credential that nobody logs in to.
fn nine() -> Console {
    let names: Vec<String> = (1..=9).map(|n| format!("ci-{n}")).collect();
    let source = |name: &String| SourceInfo {
        name: name.as_str().into(),
        kind: "github".into(),
        environment: None,
        interval: None,
        gives: &[Gives::Runs],
        reads: Vec::new(),
        exposed: Vec::new(),
    };
    let credential = |name: &str, login| CredentialInfo {
        name: name.into(),
        login,
        sources: names.iter().map(|name| name.as_str().into()).collect(),
    };
    Console::with(Setup {
        sources: names.iter().map(source).collect(),
        credentials: vec![credential("sso-prod", true), credential("backup", false)],
        ..setup((100, 30))
    })
}

fn log_in(console: &mut Console, typed: &str) {
    console.keys(":");
    console.type_text(typed);
    console.keys("Enter");
}

fn header(console: &Console) -> String {
    console.screen().lines().next().unwrap_or_default().to_owned()
}

fn stands(console: &mut Console, name: &str, minutes: i64, renews: bool) {
    let expires = Some(console.now + SignedDuration::from_mins(minutes));
    console.send(Msg::Standings(BTreeMap::from([(name.into(), Standing { expires, renews })])));
}

#[test]
fn login_runs_for_a_credential_that_has_one_and_its_sources_look_again() {
    let mut console = nine();
    log_in(&mut console, "login sso-prod");
    assert_eq!(console.effects, [Effect::Login("sso-prod".into())]);
    console.send(Msg::LoggedIn("sso-prod".into(), Ok(())));
    assert_eq!(console.effects.pop(), Some(Effect::Renew("sso-prod".into())));
    console.effects.clear();
    console.send(Msg::Renewed("sso-prod".into(), Ok(())));
    let refreshed: Vec<_> = (1..=9).map(|n| Effect::Refresh(format!("ci-{n}").into())).collect();
    assert_eq!(console.effects, refreshed);
    assert!(console.screen().contains("sso-prod is renewed; its 9 sources look again."));
}

#[test]
fn a_login_that_cannot_be_or_does_not_help_says_why() {
    let mut console = nine();
    for (typed, said) in [
        ("login backup", "The credential backup has no `login` in the configuration."),
        ("login nobody", "There is no credential nobody in the configuration."),
    ] {
        log_in(&mut console, typed);
        assert!(console.screen().contains(said), "{}", console.screen());
    }
    console.send(Msg::LoggedIn("sso-prod".into(), Err("aws: exit status 255".into())));
    assert!(console.screen().contains("The login to sso-prod did not work: aws: exit status 255."));
    let failure = Failure::new(FailureKind::Login, "credential sso-prod: expired 03:10Z");
    console.send(Msg::Renewed("sso-prod".into(), Err(failure)));
    assert!(console.screen().contains("credential sso-prod: expired 03:10Z"));
    assert_eq!(console.effects, []);
}

#[test]
fn one_expired_credential_that_blinds_nine_sources_is_one_line() {
    let mut console = nine();
    for n in 1..=9 {
        let failure = Failure::new(FailureKind::Login, format!("GET https://ci-{n}: 401"))
            .because("sso-prod expired 03:10Z: :login sso-prod");
        let source = format!("ci-{n}").into();
        console.send(Msg::Update(Update { source, at: at(0), news: News::Failed(failure) }));
    }
    stands(&mut console, "sso-prod", -16, false);
    let header = header(&console);
    assert!(header.contains("9 sources, 9 blind: sso-prod expired 03:10Z: :login sso-prod"), "{header}");
    assert_eq!(header.matches("expired").count(), 1, "it is not told twice: {header}");
    console.keys("0");
    let row = console.row("9 sources: ").unwrap();
    assert!(row.contains("sso-prod expired 03:10Z: :login sso-prod since"), "{row}");
    assert!(console.row("ci-4").unwrap().contains("needs login"), "{}", console.screen());
}

#[test]
fn the_word_of_a_failure_is_not_cut() {
    let mut console = nine();
    let kinds = [FailureKind::Broken, FailureKind::Forbidden, FailureKind::Server];
    for (n, kind) in kinds.into_iter().enumerate() {
        let failure = Failure::new(kind, format!("GET https://ci-{}: it failed", n + 1));
        let source = format!("ci-{}", n + 1).into();
        console.send(Msg::Update(Update { source, at: at(0), news: News::Failed(failure) }));
    }
    console.keys("0");
    let screen = console.screen();
    assert!(kinds.iter().all(|kind| screen.contains(kind.word())), "{screen}");
}

#[test]
fn an_end_is_told_ten_minutes_before_while_everything_still_works() {
    let mut console = nine();
    stands(&mut console, "sso-prod", 30, false);
    assert!(!header(&console).contains("sso-prod"));
    console.pass(20 * 60);
    assert!(header(&console).contains("sso-prod expires in 10m: :login sso-prod"), "{}", header(&console));
    console.pass(7 * 60);
    assert!(header(&console).contains("sso-prod expires in 3m: :login"), "{}", header(&console));
    console.pass(3 * 60);
    assert!(header(&console).contains("sso-prod expired: :login sso-prod"), "{}", header(&console));
    stands(&mut console, "sso-prod", 5, true);
    assert!(!header(&console).contains("sso-prod"), "it renews itself: {}", header(&console));
    stands(&mut console, "backup", 5, false);
    assert!(header(&console).contains("backup expires in 5m"), "{}", header(&console));
    assert!(!header(&console).contains(":login"), "nobody can: {}", header(&console));
}

#[test]
fn what_is_not_safe_stands_in_the_header_and_at_the_source_for_ever() {
    let mut setup = setup((120, 40));
    let how = "anybody on the way could pose as the server (its certificate is not checked)";
    setup.sources[1].exposed = vec![how.into()];
    let mut console = Console::with(setup);
    console.alerts(&[]);
    console.runs(&[]);
    let line = header(&console);
    assert!(line.contains("3 sources, 1 not safe"), "{line}");
    console.keys("0");
    let screen = console.screen();
    assert!(screen.contains("anybody on the way"), "{screen}");
    console.keys("j j");
    console.keys("Enter");
    assert!(console.screen().contains("Not safe: anybody on the way"), "{}", console.screen());
}
