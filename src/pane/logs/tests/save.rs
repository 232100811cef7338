//! Saving lines, and choosing the fields that they show.

use super::*;
use crate::pane::effect::Save;

fn save(desk: &mut Desk) -> Result<Save, SafeText> {
    let mut outcome = desk.with(|logs, view, _| logs.save("out.log".into(), view));
    match outcome.effects.pop() {
        Some(Effect::Save(save)) => Ok(save),
        _ => Err(outcome.notice.unwrap()),
    }
}

fn lines(save: &Save) -> Vec<String> {
    let mut lines = Vec::new();
    let put = |line: &[u8]| {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
        Ok(())
    };
    save.lines.write(|_| Ok(None), put).unwrap();
    lines
}

/// What is saved now.
fn saved(desk: &mut Desk) -> Vec<String> {
    let saved = lines(&save(desk).unwrap());
    desk.logs.save_has_ended();
    saved
}

#[test]
fn every_line_that_the_filter_sees_is_saved_and_none_that_is_out_of_scope() {
    let mut desk = Desk::new(60, 6);
    desk.environment = Some("prod".into());
    desk.come("lab", &["line 9 of the lab"]);
    desk.numbered(0, 100);
    assert_eq!(saved(&mut desk).len(), 100);
    desk.filter("9");
    let hits = saved(&mut desk);
    assert_eq!((hits.len(), hits[0].as_str(), hits[1].as_str()), (19, "line 9", "line 19"));
    desk.filter("49 | 51");
    desk.key(Id::MoreContext);
    assert_eq!(
        saved(&mut desk),
        ["line 48", "line 49", "line 50", "line 51", "line 52"],
        "with what is shown around them"
    );
    for batch in 0..60 {
        desk.numbered(batch * 512, (batch + 1) * 512);
    }
    desk.filter("/000$/");
    let notice = save(&mut desk).unwrap_err();
    assert!(notice.as_str().contains("still looked for"), "{}", notice.as_str());
}

#[test]
fn one_save_at_a_time_says_how_far_it_is_and_esc_stops_it_before_the_filter() {
    let mut desk = Desk::new(80, 6);
    desk.numbered(0, 100);
    desk.filter("9");
    assert_eq!(save(&mut desk).unwrap().path, "out.log".into());
    assert!(desk.rows()[5].contains("0% saved"), "{}", desk.rows()[5]);
    desk.logs.save_goes_on(45);
    assert!(desk.rows()[5].contains("45% saved"), "{}", desk.rows()[5]);
    let notice = save(&mut desk).unwrap_err();
    assert_eq!(notice.as_str(), "Lines are still being saved to out.log; Esc stops that.");
    assert!(desk.with(|logs, view, _| logs.back(view)));
    assert_eq!(desk.logs.stops_saving(), Some(Effect::StopSaving));
    assert_eq!(desk.logs.stops_saving(), None, "it is said once");
    desk.logs.save_has_ended();
    assert!(!desk.rows()[5].contains("saved"), "{}", desk.rows()[5]);
    assert_eq!(desk.logs.filter_text(), "9");
    assert!(desk.with(|logs, view, _| logs.back(view)));
    assert_eq!(desk.logs.filter_text(), "");
    assert_eq!(desk.logs.stops_saving(), None);
}

#[test]
fn a_file_is_saved_when_all_of_it_is_known() {
    let mut desk = Desk::new(80, 6);
    let lines = |range: std::ops::Range<u32>| {
        let text = range.map(|n| format!("2026-11-22T03:00:{n:02}Z line {n}\n")).collect::<Vec<_>>().concat();
        let zone = StampZone::default();
        SegmentBuilder::of_file(
            "f".into(),
            &zone,
            &Formats::default(),
            text.as_bytes(),
            Timestamp::UNIX_EPOCH,
        )
        .map(Arc::new)
    };
    desk.buffer.open(&"f".into(), &"files".into(), 2, false);
    desk.buffer.put(1, &lines(10..20).unwrap(), true);
    desk.buffer.learn(&"f".into(), 1);
    assert!(save(&mut desk).unwrap_err().as_str().contains("not all known yet"));
    desk.buffer.put(0, &lines(0..10).unwrap(), true);
    desk.buffer.learn(&"f".into(), 0);
    desk.sync();
    assert_eq!(saved(&mut desk).len(), 20);
}

#[test]
fn chosen_fields_are_shown_until_they_are_reset() {
    let mut desk = Desk::new(80, 6);
    desk.come("app", &["level=info msg=\"order placed\" user=kim trace_id=ab12", "\tat Foo.java:1"]);
    let show = |desk: &mut Desk, fields: &str| {
        let notice = desk.with(|logs, _, _| logs.show_fields(fields)).notice.unwrap();
        desk.sync();
        notice.as_str().to_owned()
    };
    assert!(show(&mut desk, "user,msg").starts_with("Fields of lines: user,msg."));
    assert_eq!(desk.texts()[..2], ["user=kim order placed", "        at Foo.java:1"]);
    assert!(desk.rows()[5].contains("fields user,msg"), "{}", desk.rows()[5]);
    desk.filter("order");
    assert_eq!(desk.texts()[0], "user=kim order placed");
    show(&mut desk, "-trace_id");
    assert_eq!(desk.texts()[0], "level=info msg=\"order placed\" user=kim");
    assert!(show(&mut desk, "").starts_with("Lines are shown as they are."));
    assert_eq!(desk.texts()[0], "level=info msg=\"order placed\" user=kim trace_id=ab12");
    assert!(!desk.rows()[5].contains("fields"));
}
