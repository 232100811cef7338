//! Key scripts across the panes: what changed before a row, and its logs.

use std::sync::Arc;

use crate::console::{Console, alert, at, run, setup};
use midwatch::app::Setup;
use midwatch::config::environment::Environment;
use midwatch::config::origin::Origin;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Line;
use midwatch::logs::stamp::Zone;
use midwatch::model::alert::{Alert, Severity};
use midwatch::model::catalog::{Catalog, DeployEntry, Revision, ServiceEntry};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::NoteCommand;
use midwatch::model::run::Run;
use midwatch::model::update::{Gives, News, Snapshot, Update};
use midwatch::model::world::SourceInfo;
use midwatch::pane::effect::{Effect, Msg};

const WIDE: (u16, u16) = (160, 40);

/// A run of this service in prod-eu that ended so many minutes ago.
fn ended(id: &str, service: &str, minutes_ago: i64) -> Run {
    Run {
        service: Some(service.into()),
        environment: Some("prod-eu".into()),
        pipeline: format!("deploy-{service}").into(),
        finished: Some(at(-60 * minutes_ago)),
        ..run(id, "succeeded", minutes_ago + 2)
    }
}

fn outage() -> Console {
    let mut console = Console::new(WIDE);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    console.runs(&[ended("1", "search", 16), ended("2", "checkout", 20), ended("3", "checkout", 300)]);
    console
}

fn fails(console: &mut Console, source: &str) {
    let failure = Failure::new(FailureKind::Io, "it is on fire");
    let now = console.now;
    console.send(Msg::Update(Update { source: source.into(), at: now, news: News::Failed(failure) }));
}

#[expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
fn line(console: &mut Console, source: &str, stream: &str, text: &str) {
    let mut builder = SegmentBuilder::new(stream.into(), Zone::default());
    builder.push(Line::from(text.as_bytes()), Given::default(), at(-5));
    let segment = builder.seal().unwrap().said_by(source.into());
    console.send(Msg::Segment(Arc::new(segment)));
}

#[test]
fn what_changed_is_one_key_away_with_the_same_service_first_and_the_far_past_left_out() {
    let mut console = outage();
    console.keys("W");
    let screen = console.screen();
    let rows: Vec<&str> =
        screen.lines().filter(|line| line.contains(" service") && line.contains("before ")).collect();
    assert_eq!(rows.len(), 2, "{screen}");
    assert!(rows[0].contains("6m before") && rows[0].contains("deploy-checkout"), "{screen}");
    assert!(rows[0].contains("same service") && rows[1].contains("other service"), "{screen}");
    assert!(
        screen.contains("Changes before HighErrorRate") && screen.contains("Service checkout"),
        "{screen}"
    );
    assert!(screen.contains("the source of runs was seen"), "{screen}");
    console.keys("Enter");
    let screen = console.screen();
    assert!(screen.contains("roll out"), "the run is open with its jobs\n{screen}");
}

#[test]
fn a_gap_is_told_and_never_reads_as_no_change() {
    let mut console = Console::new(WIDE);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    console.keys("W");
    let screen = console.screen();
    assert!(screen.contains("Not all was seen: ci still loading"), "{screen}");
    assert!(!screen.contains("all sources were seen"), "{screen}");
    console.keys("W");
    assert!(!console.screen().contains("Changes before"), "the same key goes back");
    fails(&mut console, "ci");
    console.keys("W");
    let screen = console.screen();
    assert!(screen.contains("ci blind since 03:26"), "{screen}");
    assert!(screen.contains("what was not seen may hide one"), "{screen}");
    console.runs(&[]);
    console.pass(3);
    let screen = console.screen();
    assert!(screen.contains("No run in the 60 min before, and all sources were seen."), "{screen}");
}

/// Two sources of alerts, in these environments.
fn two(environments: [Option<&str>; 2]) -> Console {
    let mut setup = setup(WIDE);
    let second = setup.sources.first().cloned();
    setup.sources.extend(second.map(|source| SourceInfo { name: "rules".into(), ..source }));
    for (name, environment) in ["alerts", "rules"].into_iter().zip(environments) {
        for source in setup.sources.iter_mut().filter(|source| source.name == name.into()) {
            source.environment = environment.map(Into::into);
        }
    }
    Console::with(setup)
}

fn tells(console: &mut Console, source: &str, alerts: &[Alert]) {
    let alerts = alerts.iter().cloned().map(Arc::new).collect();
    console.says(source, Snapshot { alerts, ..Snapshot::default() });
}

#[test]
fn one_fault_in_two_environments_is_two_rows() {
    let mut fires = [alert("HighErrorRate", Severity::Critical, 14)];
    fires[0].labels.remove(&"environment".into());
    for (environments, rows) in [([Some("dev"), Some("prod")], 2), ([Some("prod"), None], 1)] {
        let mut console = two(environments);
        tells(&mut console, "alerts", &fires);
        tells(&mut console, "rules", &fires);
        let screen = console.screen();
        assert!(screen.contains(&format!("3 Alerts  {rows} firing")), "{screen}");
    }
}

#[test]
fn a_fault_stays_open_and_marked_while_its_sources_come_and_go() {
    let mut console = two([None, None]);
    // Each source has a name of its own for it.
    let fires = |id: &str| [Alert { id: id.into(), ..alert("HighErrorRate", Severity::Critical, 14) }];
    let other = alert("DiskFilling", Severity::Critical, 120);
    tells(&mut console, "rules", &fires("b"));
    tells(&mut console, "alerts", std::slice::from_ref(&other));
    console.keys("j space Enter");
    console.pass(3);
    let is_open = |console: &Console| console.screen().contains("Told to pager.");
    assert!(is_open(&console), "{}", console.screen());
    let [fault] = fires("a");
    tells(&mut console, "alerts", &[other.clone(), fault]);
    console.pass(3);
    assert!(is_open(&console), "another speaks first\n{}", console.screen());
    tells(&mut console, "rules", &[]);
    console.pass(3);
    assert!(is_open(&console), "one is silent\n{}", console.screen());
    tells(&mut console, "rules", &fires("c"));
    fails(&mut console, "alerts");
    console.pass(3);
    assert!(is_open(&console), "one is blind\n{}", console.screen());
    console.keys("Esc y");
    let Some(Effect::Copy(lines)) = console.effects.last() else { panic!("{:?}", console.effects) };
    assert!(lines.len() == 1 && lines[0].as_str().contains("HighErrorRate"), "{lines:?}");
}

#[test]
fn the_logs_of_a_row_are_one_key_away() {
    let mut console = outage();
    line(&mut console, "logs", "checkout/web", "payments said 503");
    line(&mut console, "logs", "search", "all is well");
    console.keys("L");
    let screen = console.screen();
    assert!(screen.contains("payments said 503") && !screen.contains("all is well"), "{screen}");
    assert!(screen.contains("Streams named checkout"), "{screen}");
    console.keys("Esc");
    assert!(console.screen().contains("all is well"));
}

#[test]
fn the_next_source_of_a_service_is_taken_while_the_first_is_blind() {
    let mut setup = setup(WIDE);
    let mut second = setup.sources[2].clone();
    second.name = "files".into();
    assert_eq!(second.gives, [Gives::Logs]);
    setup.sources.push(second);
    let checkout = ServiceEntry {
        name: "checkout".into(),
        logs: vec!["logs".into(), "files".into()],
        ..ServiceEntry::default()
    };
    setup.catalog = Catalog::new(&[checkout], &[]);
    let mut console = Console::with(setup);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    line(&mut console, "logs", "web", "from the first");
    line(&mut console, "files", "web", "from the second");
    console.keys("L");
    let screen = console.screen();
    assert!(screen.contains("from the first") && !screen.contains("from the second"), "{screen}");
    console.keys("L");
    let screen = console.screen();
    assert!(screen.contains("from the second") && !screen.contains("from the first"), "{screen}");
    fails(&mut console, "logs");
    console.keys("3 L");
    let screen = console.screen();
    assert!(screen.contains("from the second"), "{screen}");
    assert!(screen.contains("logs is blind: it is on fire."), "{screen}");
}

#[test]
fn without_a_row_it_says_what_is_missing() {
    let mut console = Console::new(WIDE);
    console.keys("4 L");
    assert!(console.screen().contains("choose an alert or a run"), "{}", console.screen());
    let mut unknown = alert("Odd", Severity::Warning, 3);
    unknown.labels.clear();
    console.alerts(&[unknown]);
    console.keys("3 L");
    assert!(console.screen().contains("No service or host is known of Odd"), "{}", console.screen());
}

#[test]
fn a_fault_that_two_sources_tell_of_is_one_row() {
    let mut setup = setup(WIDE);
    let mut prometheus = setup.sources[0].clone();
    prometheus.name = "prom".into();
    setup.sources.push(prometheus);
    let mut console = Console::with(setup);
    let routed = alert("HighErrorRate", Severity::Critical, 14);
    let mut rule = alert("HighErrorRate", Severity::Critical, 14);
    rule.labels.remove(&"environment".into());
    (rule.receivers, rule.value) = (Vec::new(), Some("0.42".into()));
    console.alerts(&[routed]);
    console.says("prom", Snapshot { alerts: vec![Arc::new(rule)], ..Snapshot::default() });
    let screen = console.screen();
    assert!(screen.contains("3 Alerts  1 firing"), "{screen}");
    assert_eq!(screen.matches("CRIT HighErrorRate ").count(), 1, "{screen}");
    console.keys("3 f Enter G");
    let screen = console.screen();
    assert!(screen.contains("source prom: fires at 0.42"), "{screen}");
    console.keys("Esc Esc");
    console.says("prom", Snapshot::default());
    console.pass(3);
    assert!(console.screen().contains("disputed"), "{}", console.screen());
}

#[test]
fn a_fault_that_two_sources_tell_of_is_rung_and_written_down_once() {
    let mut console = two([None, None]);
    tells(&mut console, "alerts", &[]);
    tells(&mut console, "rules", &[]);
    let fires = [alert("HighErrorRate", Severity::Critical, 0)];
    tells(&mut console, "rules", &fires);
    assert!(console.screen().contains("CRIT HighErrorRate fires."), "{}", console.screen());
    console.pass(60);
    assert!(!console.screen().contains("CRIT HighErrorRate fires."), "{}", console.screen());
    tells(&mut console, "alerts", &fires);
    tells(&mut console, "rules", &[]);
    console.keys("4 f");
    let screen = console.screen();
    assert!(!screen.contains("CRIT HighErrorRate fires."), "it is no news: {screen}");
    assert!(!screen.contains("resolved"), "the other still tells of it: {screen}");
    assert_eq!(
        screen.matches("alert HighErrorRate fired, CRIT (told by rules, alerts)").count(),
        1,
        "{screen}"
    );
    tells(&mut console, "alerts", &[]);
    console.pass(3);
    let screen = console.screen();
    assert_eq!(screen.matches("alert HighErrorRate resolved (told by rules, alerts)").count(), 1, "{screen}");
}

#[test]
fn what_happened_names_its_source_where_several_could_tell_of_it() {
    let mut console = two([None, None]);
    let fires = [alert("HighErrorRate", Severity::Critical, 0)];
    tells(&mut console, "alerts", &fires);
    tells(&mut console, "rules", &fires);
    console.runs(&[ended("1", "checkout", 20)]);
    console.keys("3 I Enter").pass(60);
    tells(&mut console, "rules", &[]);
    let entries: Vec<_> = console
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Note(_, NoteCommand::Entry(entry)) if entry.is_automatic() => Some(entry.clone()),
            _ => None,
        })
        .collect();
    let mut said: Vec<_> = entries.iter().map(|entry| entry.words().as_str().to_owned()).collect();
    said.sort();
    let told = [
        "alert HighErrorRate fired, CRIT (alerts)",
        "alert HighErrorRate fired, CRIT (rules)",
        "alert HighErrorRate resolved (rules)",
        "run deploy-checkout #812 succeeded",
    ];
    assert_eq!(said.iter().filter(|text| !text.contains("began")).collect::<Vec<_>>(), told, "{said:?}");
    let beside: Vec<_> =
        entries.iter().map(|entry| entry.words_beside_source().as_str().to_owned()).collect();
    assert!(beside.contains(&"alert HighErrorRate resolved".to_owned()), "{beside:?}");
    assert!(!beside.iter().any(|text| text.contains("(rules)")), "{beside:?}");
    // The shift's own timeline.
    console.keys(":").type_text("incident none").keys("Enter");
    let other = [alert("HighErrorRate", Severity::Critical, 0), alert("DiskFull", Severity::Warning, 0)];
    tells(&mut console, "alerts", &other);
    console.keys("4 f");
    assert!(console.screen().contains("alert DiskFull fired, WARN (alerts)"), "{}", console.screen());
}

#[test]
fn what_is_too_much_to_put_together_is_told() {
    let mut console = two([None, None]);
    for source in ["alerts", "rules"] {
        let fires = |n: usize| {
            let mut alert = alert("InstanceDown", Severity::Warning, 14);
            alert.id = format!("{source}{n}").into();
            alert.labels = [(format!("{source}{n}").into(), "x".into())].into();
            alert
        };
        tells(&mut console, source, &(0..400).map(fires).collect::<Vec<_>>());
    }
    let screen = console.screen();
    assert!(screen.contains("3 Alerts  800 firing  "), "{screen}");
    assert!(screen.contains(" may stand twice"), "{screen}");
}

#[test]
fn a_start_at_an_alert_or_a_run_opens_it_when_it_is_seen_and_gives_up_in_words() {
    let mut console = Console::new(WIDE);
    console.app.seek("higherrorrate".into());
    console.alerts(&[alert("Other", Severity::Critical, 30), alert("HighErrorRate", Severity::Critical, 14)]);
    let screen = console.screen();
    assert!(screen.contains("CRIT HighErrorRate") && screen.contains("Told to pager"), "{screen}");

    let mut console = Console::new(WIDE);
    console.app.seek("#812".into());
    console.alerts(&[]);
    console.runs(&[run("1", "failed", 12)]);
    assert!(console.screen().contains("roll out"), "{}", console.screen());

    // Said as soon as every source that could know it has answered, with what may have been meant.
    let mut console = Console::new(WIDE);
    console.app.seek("HighErorRate".into());
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14), alert("Other", Severity::Critical, 3)]);
    let waits = "HighErorRate is not seen yet: ci still loading. It opens when it is; a key ends that.";
    assert!(console.screen().contains(waits), "{}", console.screen());
    console.runs(&[]);
    let said = "No alert or run is called HighErorRate. Near: HighErrorRate. / filters a pane.";
    assert!(console.screen().contains(said), "{}", console.screen());
    // It is not waited for any more.
    console.keys("1").alerts(&[alert("HighErorRate", Severity::Critical, 1)]);
    assert!(!console.screen().contains("Told to pager"), "{}", console.screen());

    console.keys(":").type_text("goto higherrorrate").keys("Enter");
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    assert!(console.screen().contains("Told to pager"), "{}", console.screen());
    console.keys("Esc :").type_text("goto deploy-nowhere").keys("Enter");
    assert!(
        console.screen().contains("No alert or run is called deploy-nowhere. / fil"),
        "{}",
        console.screen()
    );
}

#[test]
fn what_is_sought_and_cannot_be_seen_yet_says_why_and_a_key_ends_the_wait() {
    let mut console = Console::new(WIDE);
    console.app.seek("HighErrorRate".into());
    fails(&mut console, "alerts");
    let said =
        "HighErrorRate is not seen yet: alerts blind since 03:26; ci still loading. It opens when it is;";
    assert!(console.screen().contains(said), "{}", console.screen());
    console.runs(&[]);
    let said = "HighErrorRate is not seen. Not all is: alerts blind since 03:26. It opens when it is; a key ends that.";
    assert!(console.screen().contains(said), "{}", console.screen());
    console.pass(600);
    // It stays until a key, and what comes late is opened all the same.
    assert!(console.screen().contains(said), "{}", console.screen());
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    assert!(console.screen().contains("Told to pager"), "{}", console.screen());

    let mut console = Console::new(WIDE);
    console.app.seek("HighErrorRate".into());
    console.keys("1 /").type_text("x");
    assert!(console.screen().contains("filter: x"), "{}", console.screen());
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    let screen = console.screen();
    assert!(screen.contains("filter: x") && !screen.contains("Told to pager"), "{screen}");

    let mut console = Console::new(WIDE);
    console.app.seek("HighErrorRate".into());
    console.keys("1");
    let screen = console.screen();
    assert!(screen.contains("HighErrorRate is no longer waited for."), "{screen}");
}

#[test]
fn while_no_frame_can_be_drawn_no_time_that_is_past_is_waited_for() {
    let mut console = outage();
    console.app.seek("nothing".into());
    console.keys("1 j");
    console.app.seek("nothing".into());
    // News comes while the order is held, and the writer is blocked from here on: no Msg::Frame.
    let runs = Snapshot { runs: vec![Arc::new(ended("4", "cart", 1))], ..Snapshot::default() };
    let news = News::Snapshot(Arc::new(runs));
    console.app.update(Msg::Update(Update { source: "ci".into(), at: console.now, news }), console.now);
    console.app.update(Msg::Frame, console.now);
    let mut wakes = 0;
    let end = console.now + jiff::SignedDuration::from_secs(60);
    while let Some(wake) = console.app.next_wake(console.now).filter(|wake| *wake < end) {
        // A wake is always a little late.
        console.now = wake.max(console.now) + jiff::SignedDuration::from_millis(1);
        console.app.update(Msg::Wake, console.now);
        wakes += 1;
        assert!(wakes < 20, "{wake} again and again");
    }
    console.app.update(Msg::Frame, console.now);
    assert!(console.screen().contains("deploy-cart"), "{}", console.screen());
}

#[test]
fn a_run_of_another_environment_says_which_and_how_to_see_it() {
    let environments = ["prod-eu", "staging"].map(|name| Environment {
        name: name.into(),
        colour: None,
        production: false,
        allow: Vec::new(),
        origin: Origin::default(),
    });
    let setup =
        || Setup { environments: environments.to_vec(), environment: Some("prod-eu".into()), ..setup(WIDE) };
    let staging = Run { environment: Some("staging".into()), ..ended("2", "checkout", 16) };
    let mut console = Console::with(setup());
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    console.runs(std::slice::from_ref(&staging));
    console.keys("W Enter");
    let screen = console.screen();
    let said = "deploy-checkout is in staging, and only prod-eu is shown: :env all shows it.";
    assert!(screen.contains(said) && screen.contains("Changes before HighErrorRate"), "{screen}");

    let mut console = Console::with(setup());
    console.app.seek("deploy-checkout".into());
    console.runs(&[staging]);
    assert!(console.screen().contains(said), "{}", console.screen());
}

#[test]
fn an_open_log_does_not_hide_the_run_that_a_change_leads_to() {
    let mut console = outage();
    console.keys("1 /").type_text("search").keys("Enter Enter j j Enter");
    console.keys("3 W Enter");
    let screen = console.screen();
    assert!(screen.contains("1 deploy-checkout #812"), "{screen}");
}

#[test]
fn of_a_time_before_what_sources_keep_the_changes_say_that_nobody_knows() {
    let mut console = Console::new(WIDE);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 60 * 24 - 30)]);
    console.runs(&[]);
    console.keys("W");
    let screen = console.screen();
    assert!(screen.contains("Not all was seen: no source knows runs before Nov 21 03:26"), "{screen}");
    assert!(screen.contains("what was not seen may hide one"), "{screen}");
}

#[test]
fn changes_show_the_revision_that_the_configuration_says() {
    let rule = DeployEntry {
        environment: Some("prod-eu".into()),
        revision: Revision::Branch,
        ..DeployEntry::default()
    };
    let checkout = ServiceEntry { name: "checkout".into(), deploy: Some(rule), ..ServiceEntry::default() };
    let mut setup = setup(WIDE);
    setup.catalog = Catalog::new(&[checkout], &[]);
    let mut console = Console::with(setup);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    console.runs(&[Run { branch: Some("v42".into()), ..ended("2", "checkout", 16) }]);
    console.keys("W f");
    let row = console.row("2m before").unwrap_or_default();
    assert!(
        row.contains(" v42 ") && !row.split("2m before").nth(1).unwrap_or_default().contains("3f2a1c9"),
        "{row}"
    );
}

#[test]
fn of_a_line_and_of_an_entry_the_changes_before_its_own_time_are_shown() {
    let mut setup = setup(WIDE);
    let checkout =
        ServiceEntry { name: "checkout".into(), logs: vec!["logs".into()], ..ServiceEntry::default() };
    setup.catalog = Catalog::new(&[checkout], &[]);
    let mut console = Console::with(setup);
    console.alerts(&[]);
    console.runs(&[ended("1", "search", 100), ended("2", "checkout", 110)]);
    line(&mut console, "logs", "web", "2026-11-22T01:50:00Z payments said 503");
    console.keys("2 W");
    let screen = console.screen();
    assert!(screen.contains("Changes before this line"), "{screen}");
    assert!(screen.contains("Runs of the 60 min before 01:50. Service checkout."), "{screen}");
    let rows: Vec<&str> = screen.lines().filter(|line| line.contains("m before ")).collect();
    assert!(rows[0].contains("14m before") && rows[0].contains("same service"), "{screen}");

    console.keys("W ;").type_text("it began").keys("Enter");
    console.now = at(1200);
    console.keys("4 W");
    let screen = console.screen();
    assert!(screen.contains("Changes before this entry"), "{screen}");
    assert!(screen.contains("Runs of the 60 min before 03:26."), "{screen}");
}
