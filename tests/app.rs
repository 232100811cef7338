//! Key scripts: what a person presses, what they then see, and what reaches the world outside.

#[path = "app/anew.rs"]
mod anew;
#[path = "support/console.rs"]
mod console;
#[path = "app/diagnostics.rs"]
mod diagnostics;
#[path = "app/documents.rs"]
mod documents;
#[path = "app/graph.rs"]
mod graph;
#[path = "app/handover.rs"]
mod handover;
#[path = "app/incidents.rs"]
mod incidents;
#[path = "app/join.rs"]
mod join;
#[path = "app/keeping.rs"]
mod keeping;
#[path = "app/login.rs"]
mod login;
#[path = "app/patterns.rs"]
mod patterns;
#[path = "app/runbook.rs"]
mod runbook;
#[path = "app/sending.rs"]
mod sending;
#[path = "app/team.rs"]
mod team;

use std::sync::Arc;

use console::{Console, alert, at, run, setup};
use midwatch::app::Setup;
use midwatch::config::key::Key;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Line;
use midwatch::logs::stamp::Zone;
use midwatch::model::alert::{Alert, Group, Severity};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::{Folder, NoteCommand, NoteReply};
use midwatch::model::run::Run;
use midwatch::model::update::Snapshot;
use midwatch::model::update::{Detail, DetailKey, Gives, News, Update};
use midwatch::pane::effect::{Effect, Msg};

const WIDE: (u16, u16) = (120, 40);
const NARROW: (u16, u16) = (80, 24);

fn outage(size: (u16, u16)) -> Console {
    let mut console = Console::new(size);
    console.alerts(&[
        alert("HighErrorRate", Severity::Critical, 14),
        alert("DiskFilling", Severity::Warning, 120),
        alert("LatencyP99", Severity::Critical, 13),
    ]);
    console.runs(&[run("1", "failed", 12), run("2", "running", 1)]);
    console
}

#[test]
fn all_four_panes_stand_on_a_wide_screen_and_one_with_tabs_on_a_narrow_one() {
    let screen = outage(WIDE).screen();
    for text in ["1 Pipelines", "2 Logs", "3 Alerts  3 firing", "4 Notes", "deploy-prod #812", "03:26 UTC"] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    let screen = outage(NARROW).screen();
    assert!(screen.contains("[3 Alerts !3]") && screen.contains("1 Runs x1"), "{screen}");
    assert!(!screen.contains("Pipelines"), "{screen}");
}

#[test]
fn the_worst_and_oldest_alert_comes_first() {
    let screen = outage(NARROW).screen();
    let places: Vec<_> = ["HighErrorRate", "LatencyP99", "DiskFilling"]
        .iter()
        .map(|name| screen.find(name).unwrap())
        .collect();
    assert!(places.is_sorted(), "{screen}");
}

#[test]
fn q_leaves_at_once_where_a_full_screen_looks_like_any_other() {
    let mut console = outage(NARROW);
    console.keys("f q");
    assert!(console.effects.contains(&Effect::Quit));
    let mut console = outage(WIDE);
    console.keys("f q");
    assert!(!console.effects.contains(&Effect::Quit) && console.screen().contains("1 Pipelines"));
}

#[test]
fn escape_takes_back_one_thing_at_a_time_and_never_leaves() {
    let mut console = outage(WIDE);
    console.keys("f Enter");
    assert!(console.screen().contains("Told to pager."));
    console.keys("Esc");
    let screen = console.screen();
    assert!(!screen.contains("Told to pager.") && !screen.contains("1 Pipelines"), "{screen}");
    console.keys("Esc");
    assert!(console.screen().contains("1 Pipelines"));
    console.keys("Esc Esc Esc");
    assert!(console.screen().contains("Nothing to take back"));
    assert!(!console.effects.contains(&Effect::Quit));
}

#[test]
fn a_key_that_does_nothing_here_says_where_it_does_something() {
    let mut console = outage(WIDE);
    console.keys("e");
    assert!(console.screen().contains("e does nothing here: next error in logs"), "{}", console.screen());
    console.keys("Q");
    assert!(console.screen().contains("Q does nothing."), "{}", console.screen());
}

#[test]
fn the_prompt_of_a_note_names_its_letters_and_what_it_will_be() {
    for size in [WIDE, NARROW] {
        let mut console = outage(size);
        for (keys, shown) in [
            (";", "note (h x d t u): "),
            ("h", "note: h"),
            ("space", "hypothesis: h"),
            ("p", "hypothesis: h p"),
            ("ctrl-u x space", "ruled out: x"),
            ("ctrl-u d space", "decision: d"),
            ("ctrl-u t space", "todo: t"),
            ("ctrl-u u space", "update: u"),
            ("ctrl-u y space", "note: y"),
        ] {
            console.keys(keys);
            let foot = console.screen().lines().last().unwrap().trim().to_owned();
            assert!(foot.starts_with(shown.trim_end()), "{keys}: {foot}");
        }
    }
}

#[test]
fn esc_and_a_key_at_once_run_nothing_and_say_so_wherever_they_are_typed() {
    let mut console = outage(WIDE);
    let said = |console: &Console, key: &str| {
        let text = format!("{key} does nothing; after Esc, wait a moment");
        assert!(console.screen().contains(&text), "{}", console.screen());
    };
    console.keys("alt-:");
    said(&console, "alt-:");
    console.keys("; x alt-Enter");
    said(&console, "alt-Enter");
    assert!(console.screen().contains("note: x "), "the prompt stands\n{}", console.screen());
    console.keys("y");
    assert!(console.screen().contains("note: xy") && !console.screen().contains("wait a moment"));
    console.keys("Esc : q alt-Enter");
    said(&console, "alt-Enter");
    assert!(console.screen().contains("Commands"), "{}", console.screen());
    assert_eq!(console.effects, vec![], "nothing was written, nothing left");
}

#[test]
fn sources_rest_when_no_key_is_pressed_and_wake_with_the_first() {
    let mut console = outage(WIDE);
    console.keys("j");
    console.pass(15 * 60 - 1);
    assert!(!console.effects.contains(&Effect::Rest(true)));
    console.pass(60);
    let rests = |console: &Console| {
        console.effects.iter().filter(|effect| matches!(effect, Effect::Rest(_))).cloned().collect::<Vec<_>>()
    };
    assert_eq!(rests(&console), [Effect::Rest(true)]);
    console.pass(3600);
    console.keys("j");
    assert_eq!(rests(&console), [Effect::Rest(true), Effect::Rest(false)]);
}

#[test]
fn the_selection_stays_on_its_item_when_news_comes_and_news_waits_while_keys_are_pressed() {
    let mut console = outage(WIDE);
    console.keys("j");
    let mut alerts = vec![
        alert("HighErrorRate", Severity::Critical, 14),
        alert("DiskFilling", Severity::Warning, 120),
        alert("LatencyP99", Severity::Critical, 13),
        alert("Older", Severity::Critical, 30),
    ];
    console.alerts(&alerts);
    let screen = console.screen();
    assert!(!screen.contains("Older") || screen.contains("Older fires"), "{screen}");
    assert!(screen.contains("1 came or went"), "{screen}");
    console.pass(3);
    let screen = console.screen();
    assert!(screen.contains("Older"), "{screen}");
    assert!(screen.contains(">CRIT LatencyP99"), "{screen}");
    alerts.remove(2);
    console.alerts(&alerts);
    console.pass(3);
    // One that ended is still in sight, and still selected.
    let row = console.row("LatencyP99").unwrap();
    assert!(row.contains(">CRIT LatencyP99") && row.contains("resolved"), "{row}");
}

#[test]
fn a_frozen_screen_stays_still_whatever_comes_and_tells_that_it_is() {
    let mut console = outage(WIDE);
    console.keys("p").pass(7);
    let before = console.buffer();
    console.alerts(&[]);
    console.runs(&[]);
    console.pass(3000);
    assert_eq!(console.buffer(), before);
    assert!(console.screen().contains("FROZEN"));
    console.keys("p");
    assert!(!console.screen().contains(">CRIT"), "{}", console.screen());
}

#[test]
fn a_failed_step_is_two_keys_away_and_its_log_is_asked_for_once() {
    let mut console = outage(WIDE);
    console.keys("1 Enter");
    assert!(console.screen().contains("x roll out"), "{}", console.screen());
    console.keys("Enter");
    let key = DetailKey::StepLog { run: "1".into(), job: "j2".into(), step: "s1".into() };
    assert_eq!(console.effects, vec![Effect::Fetch("ci".into(), key.clone())]);
    assert!(console.screen().contains("Fetching the log from ci"));
    let lines: Arc<[_]> = Arc::from(["applying".into(), "ERROR: quota exceeded".into(), "done".into()]);
    let news = News::Detail(key, Ok(Detail::Log(lines)));
    console.send(Msg::Update(Update { source: "ci".into(), at: at(1), news }));
    assert!(console.screen().contains("ERROR: quota exceeded"), "{}", console.screen());
    console.keys("Esc Esc");
    assert!(console.screen().contains("1 Pipelines"));
}

#[test]
fn the_jobs_of_a_run_that_came_without_them_are_asked_for_once_when_it_is_opened() {
    let mut console = outage(WIDE);
    let jobs = run("1", "failed", 12).jobs;
    console.runs(&[Run { jobs: Vec::new(), ..run("1", "failed", 12) }]);
    console.keys("1 Enter");
    let key = DetailKey::Jobs { run: "1".into() };
    assert_eq!(console.effects, vec![Effect::Fetch("ci".into(), key.clone())]);
    assert!(console.screen().contains("Asking ci for its jobs."), "{}", console.screen());
    let answer = |detail| News::Detail(key.clone(), detail);
    let send = |news, console: &mut Console| {
        console.send(Msg::Update(Update { source: "ci".into(), at: at(1), news }));
    };
    send(answer(Err(Failure::new(FailureKind::Server, "GET https://ci: 502"))), &mut console);
    assert!(console.screen().contains("Its jobs are not known: GET https://ci: 502"), "{}", console.screen());
    send(answer(Ok(Detail::Jobs(jobs))), &mut console);
    let screen = console.screen();
    assert!(screen.contains("x roll out"), "{screen}");
    assert_eq!(console.effects.len(), 1);
    console.effects.clear();
    console.keys("Enter");
    let key = DetailKey::StepLog { run: "1".into(), job: "j2".into(), step: "s1".into() };
    assert_eq!(console.effects, vec![Effect::Fetch("ci".into(), key)], "the first failure is selected");
}

#[test]
fn with_which_others_people_are_told_of_an_alert_stands_on_its_page() {
    let mut console = outage(WIDE);
    console.effects.clear();
    console.keys("Enter");
    let key = DetailKey::Groups { alert: "HighErrorRate".into() };
    let [Effect::Fetch(source, asked)] = &console.effects[..] else { panic!("{:?}", console.effects) };
    assert_eq!((source, asked), (&"alerts".into(), &key));
    let alerts = [("HighErrorRate".into(), 2), ("InstanceDown".into(), 3), ("LatencyP99".into(), 1)];
    let labels = [("service".into(), "checkout".into())];
    let group = |receiver: &str| Group {
        receiver: receiver.into(),
        labels: labels.clone().into(),
        alerts: alerts.clone().into(),
    };
    let news = News::Detail(key.clone(), Ok(Detail::Groups([group("pager"), group("chat")].into())));
    console.send(Msg::Update(Update { source: "alerts".into(), at: at(1), news }));
    for receiver in ["pager", "chat"] {
        let screen = console.screen().replace("│", " ");
        assert!(screen.contains(&format!("{receiver} is told of it with 5 others")), "{screen}");
    }
    assert!(console.screen().contains("InstanceDown x3, LatencyP99."), "{}", console.screen());
    let failure = Failure::new(FailureKind::TimedOut, "GET https://am: no answer");
    let news = News::Detail(key, Err(failure));
    console.send(Msg::Update(Update { source: "alerts".into(), at: at(2), news }));
    assert!(console.screen().contains("With which others cannot be seen: GET"), "{}", console.screen());
}

#[test]
fn a_log_that_grows_is_followed_from_its_end_and_stands_still_elsewhere() {
    let mut console = outage(NARROW);
    console.keys("1 Enter Enter");
    let key = DetailKey::StepLog { run: "1".into(), job: "j2".into(), step: "s1".into() };
    let log = |numbers: std::ops::Range<u32>, console: &mut Console| {
        let lines = Detail::Log(numbers.map(|n| format!("line {n}.").into()).collect());
        let news = News::Detail(key.clone(), Ok(lines));
        console.send(Msg::Update(Update { source: "ci".into(), at: at(1), news }));
        console.screen()
    };
    assert!(log(0..100, &mut console).contains("line 99."));
    assert!(log(0..200, &mut console).contains("line 199."));
    // Lines at its beginning were let go: there are as many as before, and other ones.
    assert!(log(50..250, &mut console).contains("line 249."));
    console.keys("g g");
    assert!(log(50..300, &mut console).contains("line 50."));
    assert!(!console.screen().contains("line 299."));
}

#[test]
fn a_blind_source_keeps_its_rows_and_never_looks_well() {
    let mut console = outage(NARROW);
    let failure = Failure::new(FailureKind::Missing, "open /x: no such file");
    let news = News::Failed(failure);
    console.send(Msg::Update(Update { source: "alerts".into(), at: at(0), news }));
    let screen = console.screen();
    assert!(screen.contains("HighErrorRate") && screen.contains("alerts blind"), "{screen}");
    assert!(screen.contains("3 sources, 1 blind: open /x"), "{screen}");
    console.keys("0");
    let row = console.row("alerts").unwrap();
    assert!(console.screen().contains("missing"), "{row}");
    console.keys("Enter");
    assert!(console.screen().contains("Since 03:26."), "{}", console.screen());
}

#[test]
fn an_empty_pane_says_that_all_is_well_only_when_it_can_see() {
    let mut console = Console::new(NARROW);
    assert!(console.screen().contains("nothing heard yet"), "{}", console.screen());
    console.alerts(&[]);
    assert!(console.screen().contains("Nothing fires."), "{}", console.screen());
    let mut bare = setup(NARROW);
    bare.sources.clear();
    let screen = Console::with(bare).screen();
    assert!(screen.contains("No source gives alerts") && screen.contains("[[source]]"), "{screen}");
}

#[test]
fn the_logs_have_the_focus_where_no_alert_can_come() {
    let mut only_logs = setup(NARROW);
    only_logs.sources.retain(|source| source.gives.contains(&Gives::Logs));
    for source in &mut only_logs.sources {
        source.gives = &[Gives::Logs];
    }
    let screen = Console::with(only_logs).screen();
    assert!(screen.contains("[2 Logs]"), "{screen}");
}

#[test]
fn the_footer_tells_no_key_that_does_nothing() {
    let mut console = outage(WIDE);
    assert!(console.row("p freeze").is_some(), "{}", console.screen());
    for keys in ["?", "Esc :", "Esc 3 y", "Esc 4 i"] {
        console.keys(keys);
        assert!(console.row("p freeze").is_none(), "{keys}\n{}", console.screen());
    }
}

#[test]
fn of_many_streams_the_newest_are_kept_for_the_next_start() {
    let mut console = Console::new(WIDE);
    for number in 0..400 {
        let mut builder = SegmentBuilder::new(format!("pod-{number}").into(), Zone::default());
        builder.push(Line::from(&b"up"[..]), Given::default(), at(0));
        console.send(Msg::Segment(Arc::new(builder.seal().unwrap().said_by("logs".into()))));
    }
    let streams = console.app.session().streams;
    assert_eq!(streams.len(), 300);
    assert_eq!(streams.first().cloned(), Some(("logs".into(), "pod-100".into())));
    assert_eq!(streams.last().cloned(), Some(("logs".into(), "pod-399".into())));
}

#[test]
fn a_note_is_written_from_anywhere_without_moving_the_focus() {
    let mut console = outage(WIDE);
    console.keys(";").type_text("rolled back 812").keys("Enter");
    let [Effect::Note(_, NoteCommand::Entry(entry))] = console.effects.as_slice() else { panic!() };
    assert_eq!((entry.text.as_str(), entry.seq, entry.at), (Some("rolled back 812"), 1, at(0)));
    assert!(console.screen().contains("rolled back 812"));
    // Not durable yet: leaving asks first.
    console.effects.clear();
    console.keys("q");
    assert!(console.screen().contains("Leave all the same?"), "{}", console.screen());
    console.keys("n");
    assert_eq!(console.effects, vec![]);
    console.send(Msg::Note(Folder::Shift, NoteReply::EntrySaved(1)));
    console.keys("q");
    assert_eq!(console.effects, vec![Effect::Quit]);
}

#[test]
fn where_nothing_is_ever_saved_nobody_is_asked_to_wait_for_it() {
    let mut console = outage(WIDE);
    console.send(Msg::Note(Folder::Shift, NoteReply::Unkept));
    console.keys(";").type_text("it began").keys("Enter I Enter ;").type_text("slow").keys("Enter 4 i");
    console.type_text("typed").pass(1).keys("Esc");
    assert!(!console.screen().contains("unsaved"), "{}", console.screen());
    console.effects.clear();
    console.keys("q");
    assert_eq!(console.effects, vec![Effect::Quit], "{}", console.screen());
}

#[test]
fn the_answer_to_a_key_stands_for_a_time_and_news_come_behind_it() {
    let mut console = Console::new(WIDE);
    console.alerts(&[]);
    console.keys("Q");
    let foot = |console: &Console| console.screen().lines().last().unwrap().trim().to_owned();
    let answer = foot(&console);
    assert!(answer.starts_with("Q does nothing"), "{answer}");
    console.pass(1);
    console.alerts(&[Alert { started: console.now, ..alert("HighErrorRate", Severity::Critical, 0) }]);
    assert_eq!(foot(&console), answer);
    console.pass(2);
    assert_eq!(foot(&console), answer);
    console.pass(1);
    assert_eq!(foot(&console), "CRIT HighErrorRate fires.");
    // A key that has nothing to do with it does not take it away at once, one that is answered makes it wait.
    console.keys("j");
    assert_eq!(foot(&console), "CRIT HighErrorRate fires.");
    console.keys("Q");
    assert_eq!(foot(&console), answer);
    console.pass(4);
    assert_eq!(foot(&console), "CRIT HighErrorRate fires.");
    console.pass(4).keys("j");
    assert!(!foot(&console).contains("fires."), "{}", foot(&console));
}

#[test]
fn pasted_text_is_never_a_key() {
    let mut console = outage(WIDE);
    console.send(Msg::Paste("q\u{1b}[201~y\r;note\r".into()));
    assert_eq!(console.effects, vec![]);
    console.keys("/");
    console.send(Msg::Paste("high\r\nq".into()));
    console.keys("Enter");
    assert!(console.screen().contains("0 of 3"), "{}", console.screen());
}

#[test]
fn a_paste_that_is_too_long_says_what_became_of_it_where_it_was_to_go() {
    let mut console = outage(WIDE);
    console.send(Msg::LongPaste);
    let nowhere = "That was more than 1 MiB: it was not inserted.";
    assert!(console.screen().contains(nowhere), "{}", console.screen());
    console.keys("; x");
    console.send(Msg::LongPaste);
    assert!(console.screen().contains(nowhere), "{}", console.screen());
    console.keys("Esc 4 i");
    let held_by = None;
    let opened = NoteReply::Opened { entries: Vec::new(), pad: "".into(), held_by, notices: Vec::new() };
    console.send(Msg::Note(Folder::Shift, opened));
    console.keys("i");
    console.send(Msg::LongPaste);
    let full = "The pad holds 512 KiB at most: that was not inserted.";
    assert!(console.screen().contains(full), "{}", console.screen());
}

#[test]
fn ctrl_c_cancels_and_twice_within_a_second_leaves() {
    let mut console = outage(WIDE);
    console.keys(": ctrl-c");
    assert_eq!(console.effects, vec![]);
    console.pass(2).keys("ctrl-c");
    assert_eq!(console.effects, vec![]);
    console.keys("ctrl-c");
    assert_eq!(console.effects, vec![Effect::Quit]);
}

#[test]
fn a_save_is_stopped_by_esc_or_ctrl_c_and_nobody_leaves_it_unasked() {
    let mut console = outage(WIDE);
    let begin = |console: &mut Console| {
        console.keys("2 :").type_text("save out.log").keys("Enter");
        let begun = console.effects.iter().any(|effect| matches!(effect, Effect::Save(_)));
        assert!(begun, "{:?}", console.effects);
        assert!(console.screen().contains("Saving to out.log; Esc stops it."), "{}", console.screen());
        console.effects.clear();
    };
    begin(&mut console);
    console.send(Msg::Saving(45));
    assert!(console.screen().contains("45% saved"), "{}", console.screen());
    console.keys(":").type_text("quit").keys("Enter");
    assert!(console.screen().contains("Lines are still being saved to out.log. Leave all the same?"));
    console.keys("n");
    assert_eq!(console.effects, vec![]);
    for key in ["Esc", "ctrl-c"] {
        console.keys(key);
        assert_eq!(std::mem::take(&mut console.effects), vec![Effect::StopSaving], "{key}");
        console.send(Msg::Saved("Stopped: nothing was saved to out.log.".into()));
        let screen = console.screen();
        assert!(screen.contains("Stopped: nothing was saved") && !screen.contains("% saved"), "{screen}");
        if key == "Esc" {
            begin(&mut console);
        }
    }
}

#[test]
fn every_printable_key_is_text_in_a_prompt() {
    let mut console = outage(WIDE);
    console.keys("/").type_text("q1;:?p").keys("Enter");
    assert!(console.screen().contains("/q1;:?p"), "{}", console.screen());
    assert_eq!(console.effects, vec![]);
}

#[test]
fn help_lists_what_works_here_first_and_finds_by_words() {
    let mut console = outage(WIDE);
    console.keys("2 ?");
    let screen = console.screen();
    assert!(screen.contains("Help: keys in logs"), "{screen}");
    console.type_text("freeze");
    assert!(console.row("Holds the whole screen still").is_some());
    console.keys("Enter");
    assert!(console.screen().contains("FROZEN"));
}

#[test]
fn help_names_a_command_that_has_no_key() {
    for (width, height) in [WIDE, (60, 20)] {
        let mut console = outage((width, height));
        console.keys("?").type_text("correct");
        let screen = console.screen();
        assert!(screen.contains(">:correct "), "{screen}");
        let mut console = outage((width, height));
        console.keys("?").type_text("Turns to an incident");
        assert!(console.screen().contains(">:incident "), "{}", console.screen());
    }
}

#[test]
fn the_palette_changes_the_theme_and_says_when_there_is_no_such_thing() {
    let mut console = outage(WIDE);
    let before = console.buffer();
    console.keys(":").type_text("theme daylight").keys("Enter");
    assert_ne!(console.buffer()[(5, 5)].bg, before[(5, 5)].bg);
    console.keys(":").type_text("env nowhere").keys("Enter");
    assert!(console.screen().contains("There is no environment nowhere"), "{}", console.screen());
}

#[test]
fn a_screen_at_rest_asks_for_one_wake_a_minute() {
    let mut console = outage(WIDE);
    console.pass(600);
    let mut wakes = 0;
    let end = console.now + jiff::SignedDuration::from_mins(10);
    while let Some(wake) = console.app.next_wake(console.now).filter(|wake| *wake <= end) {
        console.now = wake;
        console.send(Msg::Wake);
        wakes += 1;
    }
    assert_eq!(wakes, 10);
}

#[test]
fn every_size_can_be_drawn_and_every_key_pressed_at_it() {
    for size in
        [(0, 0), (1, 1), (5, 2), (20, 5), (59, 20), (60, 20), (80, 24), (100, 30), (120, 40), (300, 100)]
    {
        let mut console = outage(size);
        for keys in [
            "1 Enter Enter Esc Esc",
            "2 j k",
            "3 Enter G Esc",
            "4 j",
            "0 Enter Esc",
            "? Esc",
            ": Esc",
            "f + _ t",
        ] {
            console.keys(keys);
            console.buffer();
        }
        console.resize((1, 1));
        console.buffer();
        console.resize((120, 40));
        assert!(console.screen().contains("03:26"), "{size:?}");
    }
}

#[test]
fn the_view_is_found_again_at_the_next_start() {
    let mut console = outage(WIDE);
    console.keys("1 / d e p l o y Enter f");
    let session = console.app.session();
    let text = serde_json::to_string(&session).unwrap();
    let session: midwatch::app::session::Session = serde_json::from_str(&text).unwrap();
    let mut next = setup(WIDE);
    next.remembered = Some(session.world);
    let mut next = Console::with(next);
    next.app.restore(&session.view, at(0));
    next.send(Msg::Wake);
    let screen = next.screen();
    assert!(screen.contains("/deploy") && screen.contains("deploy-prod #812"), "{screen}");
    assert!(!screen.contains("2 Logs"), "{screen}");
}

#[test]
fn small_batches_of_lines_are_put_together_one_job_at_a_time() {
    let mut console = Console::new(WIDE);
    let mut builder = SegmentBuilder::new("app".into(), Zone::default());
    for number in 0..64 {
        let line = format!("line {number}");
        builder.push(Line::from(line.as_bytes()), Given::default(), at(number));
        console.send(Msg::Segment(Arc::new(builder.seal().unwrap())));
    }
    let jobs = std::mem::take(&mut console.effects);
    let [Effect::Seal(job)] = jobs.as_slice() else { panic!("{}", jobs.len()) };
    console.send(Msg::Sealed(job.clone().run()));
    assert!(matches!(console.effects.as_slice(), [Effect::Seal(next)] if next != job));
    assert!(console.screen().contains("line 63"), "{}", console.screen());
}

#[test]
fn told_in_lines_nothing_fires_only_where_a_source_could_say_so() {
    let mut logs_only = setup(WIDE);
    logs_only.sources.retain(|source| source.gives.contains(&Gives::Logs));
    let told = |setup| {
        let lines = Console::with(setup).app.summary(at(0));
        lines.iter().map(|line| line.as_str().to_owned()).collect::<Vec<_>>().join("\n")
    };
    let blind = told(logs_only);
    assert!(blind.contains("No source gives alerts.") && blind.contains("No source gives runs."), "{blind}");
    let all = told(setup(WIDE));
    assert!(all.contains("No alert fires that is known.") && !all.contains("No source"), "{all}");
}

#[test]
fn the_page_of_a_source_tells_what_it_reads_and_how_many_lines_came() {
    let mut setup = setup(WIDE);
    setup.sources[2].reads = vec!["/var/log/\u{1b}[31mapp/*.log".into()];
    let mut console = Console::with(setup);
    let mut builder = SegmentBuilder::new("app.log".into(), Zone::default());
    for number in 0..3 {
        builder.push(Line::from(&b"a line"[..]), Given::default(), at(number));
    }
    console.send(Msg::Segment(Arc::new(builder.seal().unwrap().said_by("logs".into()))));
    console.keys("0 f / l o g s Enter Enter");
    let screen = console.screen();
    assert!(screen.contains("Reads /var/log/\u{241b}[31mapp/*.log"), "{screen}");
    assert!(screen.contains("3 lines came in 1 stream; 3 are held here."), "{screen}");
    assert!(screen.contains("  app.log: 3"), "{screen}");
}

#[test]
fn the_page_of_a_source_says_in_which_version_of_http_its_server_speaks() {
    let mut console = Console::new(WIDE);
    let page = |console: &mut Console| {
        console.keys("0 f / a l e r t s Enter Enter");
        let screen = console.screen();
        console.keys("Esc Esc Esc");
        screen
    };
    console.says("alerts", Snapshot::default());
    assert!(!page(&mut console).contains("Speaks"));
    let spoken = Some("HTTP/2 over TLS 1.3".into());
    console.says("alerts", Snapshot { spoken, ..Snapshot::default() });
    let screen = page(&mut console);
    assert!(screen.contains("Speaks HTTP/2 over TLS 1.3."), "{screen}");
}

/// Person and text of the entries that were written.
fn written(console: &Console) -> Vec<(String, String)> {
    let text = |raw: &midwatch::model::text::RawText| raw.as_str().unwrap_or_default().to_owned();
    let entry = |effect: &Effect| match effect {
        Effect::Note(_, NoteCommand::Entry(entry)) => Some((text(&entry.person), text(&entry.text))),
        _ => None,
    };
    console.effects.iter().filter_map(entry).collect()
}

#[test]
fn what_is_typed_after_the_note_key_is_the_note_and_a_name_is_said_apart() {
    let nobody = || Setup { person: "root".into(), is_named: false, ..setup((100, 30)) };
    let mut console = Console::with(nobody());
    console.keys(";").type_text("checkout is down").keys("Enter");
    assert_eq!(written(&console), [("root".to_owned(), "checkout is down".to_owned())]);
    let said = "Written as root, the name of your login. :as NAME says who you are.";
    assert!(console.row(said).is_some(), "{}", console.screen());
    console.keys(";").type_text("payments too").keys("Enter");
    assert!(console.row(said).is_none(), "told once\n{}", console.screen());
    console.keys("0");
    assert!(console.row("you are root by your login (:as NAME)").is_some(), "{}", console.screen());

    console.keys(":").type_text("as").keys("Enter");
    assert!(console.row("A name is typed behind it: :as NAME").is_some(), "{}", console.screen());
    console.keys(":").type_text("as ana").keys("Enter");
    assert!(console.row("You are ana from here on.").is_some(), "{}", console.screen());
    console.keys(";").type_text("rolled back").keys("Enter");
    assert_eq!(written(&console).last(), Some(&("ana".to_owned(), "rolled back".to_owned())));
    assert!(console.row("you are ana").is_some(), "{}", console.screen());

    let saved = console.app.session().view;
    let mut again = Console::with(nobody());
    again.app.restore(&saved, again.now);
    assert!(again.row("You are ana, as last time; :as NAME says that").is_some(), "{}", again.screen());
    again.keys(";").type_text("x").keys("Enter");
    assert_eq!(written(&again), [("ana".to_owned(), "x".to_owned())]);
    // A name that is configured wins, and is not kept for somebody else.
    let mut other = Console::with(setup((100, 30)));
    other.app.restore(&saved, other.now);
    other.keys("0");
    assert!(other.row("you are kim").is_some(), "{}", other.screen());
    let mut third = Console::with(nobody());
    third.app.restore(&other.app.session().view, third.now);
    third.keys(";").type_text("y").keys("Enter");
    assert_eq!(written(&third), [("root".to_owned(), "y".to_owned())]);
}

#[test]
fn the_first_screen_waits_for_enter_or_q() {
    for size in [(120, 40), (80, 24), (60, 20)] {
        let mut console = Console::with(setup(size));
        console.app.welcome((0..30).map(|number| midwatch::safe!("fact {}", number)).collect());
        for keys in ["Esc", "2", ";", ":", "ctrl-c"] {
            console.keys(keys).pass(2);
            assert!(console.row("There is no configuration yet.").is_some(), "{keys}: {}", console.screen());
        }
        for text in ["Enter", "q ", "midwatch init", "midwatch demo", "Found here:"] {
            assert!(console.row(text).is_some(), "{text} at {size:?}: {}", console.screen());
        }
        assert!(console.row("4 Notes").is_none(), "a tab that leads nowhere: {}", console.screen());
        console.keys("G");
        assert!(console.row("fact 29").is_some(), "{}", console.screen());
        assert!(console.effects.is_empty(), "{:?}", console.effects);
        console.keys("Enter");
        assert_eq!(console.effects, [Effect::Begin]);
        assert!(console.row("There is no configuration yet.").is_none(), "{}", console.screen());
    }
    let mut console = Console::with(setup((80, 24)));
    console.app.welcome(Vec::new());
    console.keys("q");
    assert_eq!(console.effects, [Effect::Quit]);
}

#[test]
fn a_key_is_shown_before_the_lists_take_what_came_meanwhile() {
    let mut console = Console::new(WIDE);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    let come = |console: &mut Console, name: &str| {
        let alerts = vec![Arc::new(alert(name, Severity::Critical, 15))];
        let news = News::Snapshot(Arc::new(Snapshot { alerts, ..Snapshot::default() }));
        console
            .app
            .update(Msg::Update(Update { source: "alerts".into(), at: console.now, news }), console.now);
    };
    let frame = |console: &mut Console, msgs: &[Msg]| {
        for msg in msgs {
            console.app.update(msg.clone(), console.now);
        }
        console.screen()
    };
    let alerts_pane = |screen: &str, name: &str| screen.contains(&format!("CRIT {name}  "));
    // The rows of the pane in focus stand still for a moment after a key.
    console.keys("1 ;");
    come(&mut console, "DiskFull");
    let key = |c| Msg::Key(Key::char(c));
    let screen = frame(&mut console, &[key('w'), Msg::Frame]);
    assert!(screen.contains("note: w") && !alerts_pane(&screen, "DiskFull"), "{screen}");
    assert_eq!(console.app.next_wake(console.now), Some(console.now), "the lists are next");
    let screen = frame(&mut console, &[Msg::Wake, Msg::Frame]);
    assert!(alerts_pane(&screen, "DiskFull"), "{screen}");
    assert!(console.app.next_wake(console.now) > Some(console.now));

    // Who types without a pause is shown the news in the second frame.
    come(&mut console, "CertExpires");
    let screen = frame(&mut console, &[key('e'), Msg::Frame]);
    assert!(!alerts_pane(&screen, "CertExpires"), "{screen}");
    let screen = frame(&mut console, &[key(' '), Msg::Frame]);
    assert!(screen.contains("note: we") && alerts_pane(&screen, "CertExpires"), "{screen}");
}
