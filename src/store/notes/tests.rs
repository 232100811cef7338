//! Notes through faults, other programs and other consoles.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::*;
use crate::model::note::What;
use crate::store::files::Disk;
use crate::store::files::faulty::{Fault, Faulty};
use crate::store::share::Share;
use crate::store::team::{Shared, Team};

fn now() -> Timestamp {
    "2026-03-14T03:12:00Z".parse().unwrap()
}

fn session(id: &str) -> Session {
    Session { person: "kim".into(), host: "bastion.example".into(), id: id.into(), since: now() }
}

fn entry(session: &str, seq: u64) -> Entry {
    Entry {
        at: now(),
        recorded: now(),
        person: "kim".into(),
        text: RawText::from(format!("entry {seq}")),
        session: session.into(),
        seq,
        what: What::Note,
    }
}

struct Opened {
    entries: Vec<u64>,
    pad: String,
    held_by: Option<RawText>,
    notices: Vec<String>,
}

fn text(raw: &RawText) -> String {
    raw.as_str().unwrap().to_owned()
}

fn opened(reply: &NoteReply) -> Opened {
    let NoteReply::Opened { entries, pad, held_by, notices } = reply else { panic!("{reply:?}") };
    Opened {
        entries: entries.iter().map(|e| e.seq).collect(),
        pad: text(pad),
        held_by: held_by.clone(),
        notices: notices.iter().map(text).collect(),
    }
}

fn open(dir: &Path, id: &str) -> (Writer<Disk>, Opened) {
    let (writer, reply) = Writer::open_in(Disk, dir, "notes".into(), &session(id), now());
    (writer, opened(&reply))
}

fn pad(text: &str) -> NoteCommand {
    NoteCommand::Pad(7, text.into())
}

fn names(dir: &Path, part: &str) -> Vec<PathBuf> {
    let mut names = Disk.list(dir, 1000).unwrap();
    names.retain(|n| n.file_name().unwrap().to_str().unwrap().contains(part));
    names
}

/// Writes a file as another program does.
fn by_another(path: &Path, text: &str) {
    fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn entries_and_pad_come_back_after_a_death_without_warning() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, first) = open(dir.path(), "s1");
    assert!(first.notices.is_empty() && first.entries.is_empty() && first.held_by.is_none());
    assert_eq!(writer.handle(NoteCommand::Entry(entry("s1", 1)), now()), [NoteReply::EntrySaved(1)]);
    assert_eq!(writer.handle(pad("caf\u{e9}"), now()), [NoteReply::PadSaved(7)]);
    assert_eq!(writer.handle(pad("cafe au lait"), now()), [NoteReply::PadSaved(7)]);
    drop(writer); // no close: as SIGKILL leaves it

    let (writer, second) = open(dir.path(), "s2");
    assert_eq!((second.entries, second.pad.as_str()), (vec![1], "cafe au lait"));
    assert_eq!(second.notices, [""; 0]);
    writer.close(now()).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("pad.md")).unwrap(), "cafe au lait");
    assert!(names(dir.path(), "padlog").is_empty(), "pad.md says it all");
    assert_eq!(names(dir.path(), ".journal").len(), 1, "an empty journal is not left");

    let (_, third) = open(dir.path(), "s3");
    assert_eq!((third.entries, third.pad.as_str()), (vec![1], "cafe au lait"));
}

#[test]
fn a_torn_end_costs_what_was_torn_and_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path(), "s1");
    for seq in 1..=3 {
        writer.handle(NoteCommand::Entry(entry("s1", seq)), now());
    }
    drop(writer);
    let path = names(dir.path(), "s1.000.journal").remove(0);
    let len = fs::metadata(&path).unwrap().len();
    fs::File::options().write(true).open(&path).unwrap().set_len(len - 1).unwrap();
    let (writer, found) = open(dir.path(), "s2");
    assert_eq!(found.entries, [1, 2]);
    assert!(found.notices[0].contains("torn bytes; they are in"), "{:?}", found.notices);
    assert_eq!(names(dir.path(), ".torn-20260314T031200000Z").len(), 1);
    drop(writer);
    assert_eq!(open(dir.path(), "s3").1.notices, [""; 0]);
}

#[test]
fn another_program_changed_the_pad_between_two_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pad.md");
    let (mut writer, _) = open(dir.path(), "s1");
    writer.handle(pad("ours"), now());
    writer.close(now()).unwrap();
    by_another(&file, "edited with an editor");
    let (mut writer, found) = open(dir.path(), "s2");
    assert_eq!(found.pad, "edited with an editor", "nothing of ours was unsaved");
    assert_eq!(found.notices, [""; 0]);
    writer.handle(pad("edited with an editor, and here"), now());
    drop(writer);
    by_another(&file, "and by somebody else");
    let (mut writer, found) = open(dir.path(), "s3");
    assert_eq!(found.pad, "edited with an editor, and here", "unsaved text wins");
    assert!(found.notices[0].contains("pad.md was changed by another program"), "{:?}", found.notices);
    let aside = names(dir.path(), "pad.outside-");
    assert_eq!(fs::read_to_string(&aside[0]).unwrap(), "and by somebody else", "and theirs is kept");
    assert_eq!(writer.handle(NoteCommand::Rest, now()), []);
    assert_eq!(fs::read_to_string(&file).unwrap(), "edited with an editor, and here");
}

#[test]
fn another_program_changes_the_pad_while_it_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pad.md");
    let (mut writer, _) = open(dir.path(), "s1");
    writer.handle(pad("ours"), now());
    assert_eq!(writer.handle(NoteCommand::Rest, now()), []);
    by_another(&file, "theirs, after our snapshot");
    assert_eq!(
        writer.handle(NoteCommand::Rest, now()),
        [NoteReply::PadChanged("theirs, after our snapshot".into())]
    );
    assert_eq!(writer.handle(NoteCommand::Rest, now()), []);
    assert_eq!(fs::read_to_string(&file).unwrap(), "theirs, after our snapshot");
    assert_eq!(names(dir.path(), "pad.outside-").len(), 0, "it is the pad, and nothing newer was here");

    writer.handle(pad("ours again"), now());
    by_another(&file, "theirs again");
    let [NoteReply::PadKept(path)] = &writer.handle(NoteCommand::Rest, now())[..] else {
        panic!("a change is not seen")
    };
    assert_eq!(fs::read_to_string(path.as_str().unwrap()).unwrap(), "theirs again");
    assert_eq!(fs::read_to_string(&file).unwrap(), "theirs again", "not before it was told");
    assert_eq!(writer.handle(NoteCommand::Rest, now()), []);
    assert_eq!(fs::read_to_string(&file).unwrap(), "ours again");

    fs::remove_file(&file).unwrap();
    assert_eq!(writer.handle(NoteCommand::Rest, now()), [NoteReply::PadChanged("".into())]);
    drop(writer);
    let (mut writer, found) = open(dir.path(), "s2");
    assert_eq!(found.pad, "", "deleting it is an edit too");

    by_another(&file, "made anew");
    assert_eq!(writer.handle(NoteCommand::Rest, now()), [NoteReply::PadChanged("made anew".into())]);
    writer.handle(pad("made anew, and typed on"), now());
    drop(writer);
    let (_, found) = open(dir.path(), "s3");
    assert_eq!(found.pad, "made anew, and typed on");
    assert_eq!(found.notices, [""; 0], "their text was known to be in pad.md");
}

#[test]
fn what_an_editor_saved_lies_beside_the_pad_only_while_it_may_be_needed() {
    let outside = |dir: &Path| {
        let paths = names(dir, "pad.outside-");
        paths.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    let start = |saved: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = open(dir.path(), "s1");
        writer.handle(pad("ours"), now());
        writer.handle(NoteCommand::Rest, now());
        fs::File::create(dir.path().join("pad.md")).unwrap().write_all(saved).unwrap();
        let replies = writer.handle(NoteCommand::Rest, now());
        assert!(matches!(&replies[..], [NoteReply::PadChanged(_)]), "{replies:?}");
        (dir, writer)
    };
    // Saved again and again; and at the end.
    let (dir, mut writer) = start(b"of the editor");
    for text in ["of the editor, 2", "of the editor, 3"] {
        by_another(&dir.path().join("pad.md"), text);
        assert_eq!(writer.handle(NoteCommand::Rest, now()), [NoteReply::PadChanged(text.into())]);
        assert!(outside(dir.path()).len() <= 1, "{text}");
    }
    writer.close(now()).unwrap();
    assert_eq!(outside(dir.path()).len(), 0);
    let (_, found) = open(dir.path(), "s2");
    assert_eq!((found.pad.as_str(), found.notices.len()), ("of the editor, 3", 0));
    // What comes before it was looked at again may have been typed beside it.
    let (dir, mut writer) = start(b"of the editor");
    writer.handle(pad("ours, typed meanwhile"), now());
    writer.handle(NoteCommand::Rest, now());
    writer.close(now()).unwrap();
    assert_eq!(outside(dir.path()), [b"of the editor"]);
    // What is not UTF-8 is in no journal as it was.
    let (dir, writer) = start(b"caf\xe9");
    writer.close(now()).unwrap();
    assert_eq!(outside(dir.path()), [b"caf\xe9"]);
}

#[test]
fn a_second_console_reads_and_gets_the_pad_when_the_first_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, _) = open(dir.path(), "s1");
    first.handle(pad("by the first"), now());
    let (mut second, found) = open(dir.path(), "s2");
    assert_eq!(found.held_by, Some("kim@bastion.example since 03:12:00Z on 2026-03-14".into()));
    assert_eq!(found.pad, "by the first", "from the journal of a living console");
    let replies = second.handle(pad("by the second"), now());
    let [NoteReply::NotSaved(reason)] = &replies[..] else { panic!("{replies:?}") };
    assert!(text(reason).contains("has the pad"));
    assert_eq!(second.handle(NoteCommand::Entry(entry("s2", 1)), now()), [NoteReply::EntrySaved(1)]);
    assert_eq!(second.handle(NoteCommand::Rest, now()), []);
    // Who reads it sees what is typed there: with what it hears, and each time it is told to rest.
    let holder = found.held_by;
    let seen = |replies: Vec<NoteReply>, pad: &str| {
        let [reply] = &replies[..] else { panic!("{pad}: {replies:?}") };
        let got = opened(reply);
        assert_eq!((got.pad.as_str(), got.held_by, got.notices.len()), (pad, holder.clone(), 0));
    };
    first.handle(pad("by the first, typed on"), now());
    seen(second.hear(&mut 1_000_000), "by the first, typed on");
    assert_eq!(second.hear(&mut 1_000_000), [], "once");
    first.handle(pad("by the first, typed on and on"), now());
    seen(second.handle(NoteCommand::Rest, now()), "by the first, typed on and on");
    assert_eq!(first.handle(NoteCommand::Rest, now()), []);
    assert_eq!(second.hear(&mut 1_000_000), [], "it says the same in pad.md");
    let long = format!("by the first{}", "\nof many lines".repeat(1000));
    first.handle(pad(&long), now());
    seen(second.hear(&mut 1_000_000), &long);
    first.handle(NoteCommand::Entry(entry("s1", 1)), now());
    first.handle(pad("by the first, longer"), now());
    drop(first);
    let replies = second.handle(NoteCommand::Rest, now());
    let got = opened(&replies[0]);
    assert_eq!((got.pad.as_str(), got.held_by), ("by the first, longer", None));
    assert_eq!(second.handle(pad("by the second"), now()), [NoteReply::PadSaved(7)]);
    drop(second);
    let (_, third) = open(dir.path(), "s3");
    assert_eq!((third.entries.len(), third.pad.as_str()), (2, "by the second"));
}

#[test]
fn why_pad_md_cannot_be_written_is_told_once_until_it_is_another_reason_or_well_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pad.md");
    let (mut writer, _) = open(dir.path(), "s1");
    writer.handle(pad("ours"), now());
    assert_eq!(writer.handle(NoteCommand::Rest, now()), []);
    let told = |replies: Vec<NoteReply>, why: &str| {
        let [NoteReply::NotSaved(reason)] = &replies[..] else { panic!("{why}: {replies:?}") };
        assert!(text(reason).contains(why) && text(reason).contains("is in its journal"), "{reason:?}");
    };
    for _again in 0..2 {
        by_another(&file, &"x".repeat(512 * 1024 + 1));
        told(writer.handle(NoteCommand::Rest, now()), "larger than 524288 bytes");
        assert_eq!(writer.handle(NoteCommand::Rest, now()), [], "it was told");
        assert!(writer.is_behind(), "and is tried again");
        assert_eq!(writer.handle(NoteCommand::Entry(entry("s1", 1)), now()), [NoteReply::EntrySaved(1)]);
        assert_eq!(writer.handle(NoteCommand::Rest, now()), [], "what goes well beside it changes nothing");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        told(writer.handle(NoteCommand::Rest, now()), "not a regular file");
        assert_eq!(writer.handle(NoteCommand::Rest, now()), []);
        // What somebody asks for is answered each time.
        let command = NoteCommand::WriteTo(RawText::from(file.to_str().unwrap()), None);
        for _ in 0..2 {
            let replies = writer.handle(command.clone(), now());
            assert!(matches!(&replies[..], [NoteReply::NotSaved(_)]), "{replies:?}");
        }
        fs::remove_dir(&file).unwrap();
        by_another(&file, "small again");
        let changed = NoteReply::PadChanged("small again".into());
        let replies = writer.handle(NoteCommand::Rest, now());
        assert!(replies.is_empty() || replies == [changed], "{replies:?}");
        assert!(!writer.is_behind());
    }
}

#[test]
fn what_another_program_removes_or_empties_under_a_console_is_written_anew() {
    type Harm = (&'static str, fn(&Path, &Path));
    let harms: [Harm; 4] = [
        ("directory", |dir, _| fs::remove_dir_all(dir).unwrap()),
        ("files", |dir, _| {
            Disk.list(dir, 100).unwrap().iter().for_each(|path| fs::remove_file(path).unwrap());
        }),
        ("journal", |_, journal| fs::remove_file(journal).unwrap()),
        ("empty", |_, journal| fs::File::options().write(true).open(journal).unwrap().set_len(0).unwrap()),
    ];
    for (what, harm) in harms {
        // With the next entry, with the next rest, and at the end.
        for (when, in_file) in [(0, false), (1, false), (2, false), (1, true), (2, true)] {
            let top = tempfile::tempdir().unwrap();
            let dir = top.path().join("notes");
            let (mut old, _) = open(&dir, "s0");
            old.handle(NoteCommand::Entry(entry("s0", 1)), now());
            old.close(now()).unwrap();
            let (mut writer, _) = open(&dir, "s1");
            writer.handle(NoteCommand::Entry(entry("s1", 1)), now());
            writer.handle(pad("a pad"), now());
            if in_file {
                // In `pad.md`, and nothing is typed since.
                writer.handle(NoteCommand::Rest, now());
            }
            let own =
                |p: &PathBuf| p.to_str().unwrap().contains(".s1.") && p.extension().unwrap() == "journal";
            let journal = Disk.list(&dir, 100).unwrap().into_iter().find(own).unwrap();
            harm(&dir, &journal);
            let known = if matches!(what, "directory" | "files") { 2 } else { 1 };
            let restored = NoteReply::Restored(known, RawText::from(dir.to_str().unwrap()));
            match when {
                0 => {
                    let replies = writer.handle(NoteCommand::Entry(entry("s1", 2)), now());
                    let saved = [restored, NoteReply::EntrySaved(1), NoteReply::EntrySaved(2)];
                    assert!(saved.iter().all(|reply| replies.contains(reply)), "{what}: {replies:?}");
                    drop(writer);
                }
                1 => {
                    let replies = writer.handle(NoteCommand::Rest, now());
                    assert!(replies.contains(&restored), "{what}: {replies:?}");
                    drop(writer);
                }
                _ => writer.close(now()).unwrap(),
            }
            assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
            if when > 0 {
                assert_eq!(
                    fs::read_to_string(dir.join("pad.md")).unwrap(),
                    "a pad",
                    "{what} {when} {in_file}"
                );
            }
            let (_, found) = open(&dir, "s2");
            let expected = if when == 0 { 3 } else { 2 };
            assert_eq!((found.entries.len(), found.pad.as_str()), (expected, "a pad"), "{what} {when}");
            assert_eq!(found.notices, [""; 0], "{what} {when}");
        }
    }
}

#[test]
fn what_a_disk_refuses_at_the_end_goes_to_a_fallback_and_the_next_start_takes_it_over() {
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("notes");
    let places = [top.path().join("file/below"), top.path().join("memory")];
    by_another(&top.path().join("file"), "in the way");
    by_another(&dir, "in the way too");
    let (mut writer, _) = open(&dir, "s1");
    writer.handle(NoteCommand::Entry(entry("s1", 1)), now());
    writer.handle(NoteCommand::Entry(entry("s1", 2)), now());
    writer.handle(pad("typed"), now());
    let said = writer.rescue(None, &[], now()).unwrap();
    assert!(said.as_str().contains("; 2 notes and the pad are lost: "), "{said:?}");
    let said = writer.rescue(None, &places, now()).unwrap();
    let there = places[1].join("notes");
    let named = format!("; 2 notes and the pad are in {}, which is lost on reboot", there.display());
    assert!(said.as_str().contains(&named), "{said:?}");
    assert_eq!(fs::metadata(&there).unwrap().permissions().mode() & 0o777, 0o700);
    for path in Disk.list(&there, 100).unwrap() {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
    drop(writer);

    let (mut still, _) = open(&dir, "s2");
    let kept = opened(&still.take_in(&places, now()).unwrap());
    assert!(kept.notices.iter().any(|notice| notice.contains("stay there")), "{:?}", kept.notices);
    drop(still);
    let left = Disk.list(&there, 100).unwrap();
    let left = left.iter().filter(|path| !path.ends_with("pad.lock")).count();
    assert_eq!(left, 2, "nothing is removed before it is kept");

    fs::remove_file(&dir).unwrap();
    let (mut next, found) = open(&dir, "s3");
    assert_eq!(found.entries, [0; 0]);
    let taken = opened(&next.take_in(&places, now()).unwrap());
    assert_eq!(taken.entries, [1, 2]);
    assert!(taken.notices.iter().any(|notice| notice.starts_with("2 notes are in ")), "{:?}", taken.notices);
    assert!(
        taken.notices.iter().any(|notice| notice.starts_with("a pad that was in ")),
        "{:?}",
        taken.notices
    );
    assert_eq!(next.take_in(&places, now()), None, "once");
    assert_eq!(next.rescue(None, &places, now()), None);
    drop(next);
    let (_, last) = open(&dir, "s4");
    assert_eq!(last.entries, [1, 2]);
    let pads = Disk.list(&dir, 100).unwrap().into_iter().filter_map(|path| fs::read(path).ok());
    assert!(pads.into_iter().any(|text| text == b"typed"), "the pad's text is beside the pad");
}

#[test]
fn notes_of_a_console_that_lived_in_a_fallback_are_taken_over_when_it_has_ended() {
    let top = tempfile::tempdir().unwrap();
    let (memory, dir) = (top.path().join("memory"), top.path().join("notes"));
    dirs::prepare(&memory).unwrap();
    let (mut homeless, _) = open(&memory.join("notes"), "s1");
    homeless.handle(NoteCommand::Entry(entry("s1", 1)), now());
    homeless.handle(pad("in memory"), now());
    let places = [memory.clone()];
    let (mut early, _) = open(&dir, "s2");
    assert_eq!(early.take_in(&places, now()), None, "its console lives");
    drop((early, homeless));
    let (mut next, _) = open(&dir, "s3");
    let taken = opened(&next.take_in(&places, now()).unwrap());
    assert_eq!((taken.entries.as_slice(), taken.notices.len()), (&[1][..], 2), "{:?}", taken.notices);
    drop(next);
    assert_eq!(open(&dir, "s4").1.entries, [1]);
    let left = Disk.list(&memory.join("notes"), 100).unwrap();
    assert!(left.iter().all(|path| path.ends_with("pad.lock")), "{left:?}");
}

#[test]
fn what_does_not_fit_is_refused_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path(), "s1");
    let mut long = entry("s1", 1);
    long.text = RawText::from("x".repeat(64 * 1024 + 1));
    let refused = |replies: Vec<NoteReply>, part: &str| {
        assert!(matches!(&replies[..], [NoteReply::NotSaved(r)] if text(r).contains(part)), "{replies:?}");
    };
    refused(writer.handle(NoteCommand::Entry(long), now()), "an entry has 65536 bytes at most");
    refused(writer.handle(pad(&"x".repeat(512 * 1024 + 1)), now()), "the pad holds 524288 bytes at most");
    refused(writer.handle(NoteCommand::Pad(7, RawText::from_bytes(b"\xff")), now()), "UTF-8");
    // The worst case for JSON: six bytes for each.
    assert_eq!(writer.handle(pad(&"\u{1}".repeat(512 * 1024)), now()), [NoteReply::PadSaved(7)]);
    assert_eq!(writer.handle(NoteCommand::Entry(entry("s1", 1)), now()), [NoteReply::EntrySaved(1)]);
    drop(writer);
    assert_eq!(open(dir.path(), "s2").1.pad.len(), 512 * 1024);
}

#[test]
fn a_directory_that_cannot_be_used_leaves_the_text_in_memory_and_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("file/notes");
    by_another(&dir.path().join("file"), "not a directory");
    let (mut writer, found) = open(&blocked, "s1");
    assert!(found.notices[0].starts_with("cannot "), "{:?}", found.notices);
    assert_eq!(writer.handle(NoteCommand::Rest, now()), [], "nothing is unsaved yet");
    let replies = writer.handle(NoteCommand::Entry(entry("s1", 1)), now());
    let [NoteReply::NotSaved(reason)] = &replies[..] else { panic!("{replies:?}") };
    assert!(text(reason).ends_with("; entries only in memory: 1"), "{reason:?}");
    assert!(matches!(&writer.handle(pad("a pad\n"), now())[..], [NoteReply::NotSaved(_)]));

    let out = dir.path().join("elsewhere.md");
    let command = NoteCommand::WriteTo(RawText::from(out.to_str().unwrap()), None);
    assert!(matches!(&writer.handle(command.clone(), now())[..], [NoteReply::Written(_)]));
    let written = fs::read_to_string(&out).unwrap();
    assert_eq!(written, "# Entries\n\n- 2026-03-14 03:12:00Z kim: entry 1\n\n# Pad\n\na pad\n");
    let again = writer.handle(command, now());
    assert!(matches!(&again[..], [NoteReply::NotSaved(r)] if text(r).ends_with("it exists already")));

    fs::remove_file(dir.path().join("file")).unwrap();
    let replies = writer.handle(NoteCommand::Rest, now());
    assert_eq!(replies, [NoteReply::EntrySaved(1), NoteReply::PadSaved(7)], "it heals by itself");
    drop(writer);
    let (_, found) = open(&blocked, "s2");
    assert_eq!((found.entries, found.pad.as_str()), (vec![1], "a pad\n"));
}

/// One console's life on a disk that fails; gives what it acknowledged: entries, and the last of
/// the pad's texts.
fn life(files: impl Files, dir: &Path) -> (Vec<u64>, u64, bool) {
    let texts = ["", "one", "one two", "one 2", "one 2 three"];
    let (mut saved, mut pad_saved) = (Vec::new(), 0);
    let (mut writer, _) = Writer::open_in(files, dir, "notes".into(), &session("s1"), now());
    let mut take = |replies: Vec<NoteReply>| {
        for reply in replies {
            match reply {
                NoteReply::EntrySaved(seq) => saved.push(seq),
                NoteReply::PadSaved(number) => pad_saved = number,
                _ => {}
            }
        }
    };
    for (n, text) in texts.iter().enumerate().skip(1) {
        take(writer.handle(NoteCommand::Entry(entry("s1", n as u64)), now()));
        take(writer.handle(NoteCommand::Pad(n as u64, (*text).into()), now()));
        if n % 2 == 0 {
            take(writer.handle(NoteCommand::Rest, now()));
        }
    }
    take(writer.handle(NoteCommand::Rest, now()));
    let closed = writer.close(now()).is_ok();
    (saved, pad_saved, closed)
}

#[test]
fn whatever_fails_nothing_shown_as_saved_is_missing() {
    survive(|_, files| Shared::private(files));
}

#[test]
fn whatever_fails_in_a_shared_folder_nothing_shown_as_saved_is_missing() {
    survive(|top, files| Shared::of(files, of_team(top).open().unwrap()));
}

/// The directory of a team, of a group that we are in.
pub(super) fn of_team(top: &Path) -> Team {
    let dir = top.join("team");
    let group = rustix::process::getegid().as_raw();
    if !dir.is_dir() {
        fs::create_dir(&dir).unwrap();
        std::os::unix::fs::chown(&dir, None, Some(group)).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o2770)).unwrap();
    }
    Team { dir, group: group.to_string().into() }
}

/// A console's life with a fault at each of its operations, and the next start.
fn survive(shared: impl for<'a> Fn(&Path, &'a Faulty) -> Shared<&'a Faulty>) {
    for (errno, for_ever, power) in [
        (Errno::NOSPC, false, false),
        (Errno::IO, false, true),
        (Errno::ROFS, true, true),
        (Errno::STALE, false, true),
    ] {
        for k in 0.. {
            let top = tempfile::tempdir().unwrap();
            let files = Faulty::at(k, errno, for_ever);
            let team = shared(top.path(), &files);
            let below: PathBuf = Folder::Incident("INC-1".to_owned().try_into().unwrap()).path();
            let dir = team.share().map_or(top.path(), Share::root).join(below);
            let (saved, pad_saved, closed) = life(team, &dir);
            if power {
                files.lose_power(&dir);
            }
            // A disk without faults; it does not wait for the real one.
            let disk = Faulty::default();
            let team = shared(top.path(), &disk);
            let found = opened(&Writer::open_in(team, &dir, "notes".into(), &session("s2"), now()).1);
            let case = format!("{errno:?} at {k}, {for_ever} {power}: {saved:?} {:?}", found.notices);
            assert!(saved.iter().all(|s| found.entries.contains(s)), "{case} {:?}", found.entries);
            let texts = ["", "one", "one two", "one 2", "one 2 three"];
            let state = texts.iter().position(|t| *t == found.pad);
            assert!(state.is_some_and(|s| s as u64 >= pad_saved), "{case}: {pad_saved}, {}", found.pad);
            if !files.struck() {
                assert!(k > 60 && closed && found.entries.len() == 4 && state == Some(4), "{case}");
                break;
            }
            // One fault is healed by the next command: all is saved at the end.
            assert!(for_ever || (saved.len() == 4 && state == Some(4)), "{case}: {}", found.pad);
            for stray in ["pad.left", "pad.outside"] {
                assert_eq!(names(&dir, stray).len(), 0, "{case}: only we wrote");
            }
        }
    }
}

#[test]
fn a_journal_that_lost_a_write_is_replaced_at_once() {
    for command in [NoteCommand::Entry(entry("s1", 1)), pad("text")] {
        let mut last = Vec::new();
        for k in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let files = Faulty::default();
            let (mut writer, _) = Writer::open_in(&files, dir.path(), "notes".into(), &session("s1"), now());
            let at = files.operations.get() + k;
            files.fault.set(Some(Fault { at, errno: Errno::IO, for_ever: false }));
            let replies = writer.handle(command.clone(), now());
            if !files.struck() {
                // The operation before was the last, the sync.
                assert_eq!(last, replies, "{command:?}");
                assert!(k > 1 && matches!(&replies[..], [NoteReply::EntrySaved(1) | NoteReply::PadSaved(_)]));
                break;
            }
            last = replies;
        }
    }
}

#[test]
fn names_are_safe_for_files() {
    let safe = |name: &str| safe_name(&name.into());
    assert_eq!(safe("kim"), "kim");
    assert_eq!(safe("../../etc/passwd\n"), "______etc_passwd_");
    assert_eq!(safe("a.b"), "a_b");
    assert_eq!(safe(""), "_");
    assert_eq!(safe(&"x".repeat(300)).len(), 40);
}

#[test]
fn a_text_that_only_an_old_journal_has_is_kept_beside_the_pad() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (dir, id, text) in [(&other, "s1", "only here"), (&dir, "s1", "first"), (&dir, "s2", "newer")] {
        let (mut writer, _) = open(dir.path(), id);
        writer.handle(pad(text), now());
    }
    // As where locks do not work and a console died unseen.
    let old = names(other.path(), "padlog").remove(0);
    fs::copy(&old, dir.path().join(old.file_name().unwrap())).unwrap();
    let (_, found) = open(dir.path(), "s3");
    assert_eq!(found.pad, "newer");
    assert!(found.notices[0].contains("an older console left another text"), "{:?}", found.notices);
    assert_eq!(fs::read_to_string(&names(dir.path(), "pad.left-")[0]).unwrap(), "only here");
    assert_eq!(open(dir.path(), "s4").1.notices, [""; 0], "told once");
}

#[test]
fn a_name_that_no_console_gives_stops_nobody_and_none_takes_the_place_of_what_is_typed_later() {
    for number in [99_999_999, 1 << 32, u64::MAX] {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = open(dir.path(), "s1");
        writer.handle(pad("typed"), now());
        drop(writer);
        let name = format!("pad.{number}.mal.1.padlog");
        let text = br#"{"Text":"theirs"}"#.to_vec();
        drop(crate::store::journal::Journal::create(&Disk, &dir.path().join(&name), &[text]).unwrap());
        let (mut writer, found) = open(dir.path(), "s2");
        let is_strange = number == u64::MAX;
        assert_eq!(found.pad, if is_strange { "typed" } else { "theirs" });
        let told =
            found.notices.iter().any(|notice| notice.contains(&name) && notice.contains("by its name"));
        assert_eq!(told, is_strange, "{:?}", found.notices);
        assert_eq!(dir.path().join(&name).exists(), is_strange, "what is not ours stays");
        for text in ["ours", "ours again"] {
            assert!(writer.handle(pad(text), now()).contains(&NoteReply::PadSaved(7)), "{number}");
            drop(writer);
            let (next, found) = open(dir.path(), "s3");
            assert_eq!(found.pad, text, "{number}");
            writer = next;
        }
    }
}

#[test]
fn a_pad_that_is_not_utf8_is_kept_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    fs::File::create(dir.path().join("pad.md")).unwrap().write_all(b"caf\xe9").unwrap();
    let (mut writer, found) = open(dir.path(), "s1");
    assert_eq!(found.pad, "caf\u{fffd}");
    writer.handle(NoteCommand::Rest, now());
    assert_eq!(fs::read(&names(dir.path(), "pad.outside-")[0]).unwrap(), b"caf\xe9");
}

/// What stands in an incident's folder that is damaged, new, forged or strange, each of its kind.
fn litter(dir: &Path) -> Vec<&'static str> {
    let (mut writer, _) = open(dir, "s1");
    for seq in 1..=3 {
        writer.handle(NoteCommand::Entry(entry("s1", seq)), now());
    }
    writer.handle(pad("the pad"), now());
    writer.close(now()).unwrap();
    let journal = |name: &str, records: &[&[u8]]| {
        let records: Vec<Vec<u8>> = records.iter().map(|record| record.to_vec()).collect();
        crate::store::journal::Journal::create(&Disk, &dir.join(name), &records).unwrap();
    };
    let good = serde_json::to_vec(&entry("s2", 1)).unwrap();
    let new = br#"{"at":"2031-01-01T00:00:00Z","hologram":true}"#;
    journal("lee.b.s2.000.journal", &[&good, new]);
    // Somebody opened one with an editor and wrote into the middle of it.
    let edited = dir.join("lee.b.s3.000.journal");
    journal("lee.b.s3.000.journal", &[&serde_json::to_vec(&entry("s3", 1)).unwrap(), &good]);
    let mut bytes = fs::read(&edited).unwrap();
    let middle = bytes.len() - 20;
    bytes[middle] ^= 0x20;
    fs::File::create(&edited).unwrap().write_all(&bytes).unwrap();
    by_another(&dir.join("lee.b.s4.000.journal"), "#!/bin/sh\necho no journal\n");
    std::os::unix::fs::symlink("/etc/passwd", dir.join("lee.b.s5.000.journal")).unwrap();
    let fifo = dir.join("lee.b.s6.000.journal");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o640.into(), 0).unwrap();
    let huge = fs::File::create(dir.join("lee.b.s7.000.journal")).unwrap();
    huge.set_len(crate::store::journal::MOST_READ + 1).unwrap();
    fs::create_dir(dir.join("lee.b.s8.000.journal")).unwrap();
    vec![
        "s2.000.journal",
        "s3.000.journal",
        "s4.000.journal",
        "s5.000.journal",
        "s6.000.journal",
        "s7.000.journal",
        "s8.000.journal",
    ]
}

#[test]
fn of_a_folder_full_of_damage_the_rest_is_read_each_fault_is_named_and_nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let named = litter(dir.path());
    let strange = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        named.iter().skip(2).any(|part| name.ends_with(part))
    };
    let before: Vec<_> =
        Disk.list(dir.path(), 100).unwrap().into_iter().filter(|path| strange(path)).collect();
    let (mut writer, found) = open(dir.path(), "s9");
    assert_eq!((found.entries.as_slice(), found.pad.as_str()), (&[1, 2, 3, 1, 1][..], "the pad"));
    for part in named {
        assert!(found.notices.iter().any(|notice| notice.contains(part)), "{part}: {:?}", found.notices);
    }
    assert_eq!(writer.handle(NoteCommand::Entry(entry("s9", 1)), now()), [NoteReply::EntrySaved(1)]);
    // A clock that was stepped back changes nothing but times.
    let earlier = "2001-01-01T00:00:00Z".parse().unwrap();
    let late = Entry { at: earlier, recorded: earlier, ..entry("s9", 2) };
    assert_eq!(writer.handle(NoteCommand::Entry(late), earlier), [NoteReply::EntrySaved(2)]);
    writer.close(earlier).unwrap();
    for path in before {
        assert!(path.symlink_metadata().is_ok(), "{path:?} is gone");
    }
    let kept = names(dir.path(), "s3.000.journal.torn-");
    assert_eq!(kept.len(), 1, "what could not be read is kept");
    let (_, again) = open(dir.path(), "s10");
    assert_eq!(again.entries.len(), 7);
}

#[test]
fn what_is_behind_a_damaged_record_is_read_the_place_is_told_at_each_start_and_nothing_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path(), "s1");
    for seq in 1..=20 {
        writer.handle(NoteCommand::Entry(entry("s1", seq)), now());
    }
    writer.close(now()).unwrap();
    let path = names(dir.path(), "s1.000.journal").remove(0);
    let whole = fs::read(&path).unwrap();
    let place = |text: &str| whole.windows(text.len()).position(|part| part == text.as_bytes()).unwrap();
    let broken = place("entry 5");
    // A flipped bit; a longer text; a length that goes past the end; a head that is gone.
    let mut flipped = whole.clone();
    flipped[broken] ^= 0x20;
    let longer = [&whole[..broken], b"by hand: ", &whole[broken..]].concat();
    let mut far = whole.clone();
    let json = whole[..broken].windows(5).rposition(|part| part == b"{\"at\"").unwrap();
    far[json - 6] = 0x3f;
    let mut headless = whole.clone();
    headless[2] ^= 0x20;
    for (name, bytes, missing, at) in [
        ("flipped", flipped, 5, json - 8),
        ("longer", longer, 5, json - 8),
        ("far", far, 5, json - 8),
        ("headless", headless, 0, 0),
    ] {
        // Torn behind it too: what is damaged stays as it is.
        let bytes = [&bytes[..], b"half a rec"].concat();
        fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
        for start in ["s2", "s3"] {
            let (writer, found) = open(dir.path(), start);
            let read: Vec<u64> = (1..=20).filter(|seq| *seq != missing).collect();
            assert_eq!(found.entries, read, "{name}");
            let told = found.notices.iter().find(|notice| notice.contains("is damaged"));
            let told = told.unwrap_or_else(|| panic!("{name} {start}: {:?}", found.notices));
            assert!(
                told.contains("s1.000.journal") && told.contains(&format!("from byte {at} on")),
                "{told}"
            );
            writer.close(now()).unwrap();
            assert!(fs::read(&path).unwrap() == bytes, "{name} {start}: it was changed");
            assert!(names(dir.path(), "torn").is_empty(), "{name}");
        }
    }
}

#[test]
fn a_damaged_journal_of_the_pad_is_read_up_to_there_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path(), "s1");
    for text in ["one", "one two", "one two three", "one two three four"] {
        writer.handle(pad(text), now());
    }
    drop(writer);
    let path = names(dir.path(), "padlog").remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(6).position(|part| part == b" three").unwrap();
    bytes[place + 1] ^= 0x20;
    fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
    for start in ["s2", "s3"] {
        let (writer, found) = open(dir.path(), start);
        assert_eq!(found.pad, "one two", "{start}");
        let is_told = |notice: &String| notice.contains("is damaged") && notice.contains("up to there");
        assert!(found.notices.iter().any(is_told), "{start}: {:?}", found.notices);
        writer.close(now()).unwrap();
        assert!(fs::read(&path).unwrap() == bytes, "{start}: it was changed");
    }
}

#[test]
fn a_journal_of_a_later_version_is_named_so_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lee.h.1.000.journal");
    by_another(&path, "mwjrnl12\nsomething else");
    let (_, found) = open(dir.path(), "s1");
    let told = "it is of version 12, and this midwatch knows 1; it is left alone";
    assert!(found.notices.iter().any(|notice| notice.contains(told)), "{:?}", found.notices);
    assert_eq!(fs::read(&path).unwrap(), b"mwjrnl12\nsomething else");
}

#[test]
fn what_another_user_wrote_is_read_and_never_mended() {
    let top = tempfile::tempdir().unwrap();
    let team = of_team(top.path());
    let dir = team.dir.join("incidents/INC-1");
    let open = |id: &str| {
        let files = Shared::of(Disk, team.open().unwrap());
        let (writer, reply) = Writer::open_in(files, &dir, "incidents/INC-1".into(), &session(id), now());
        (writer, opened(&reply))
    };
    let (mut writer, _) = open("s1");
    writer.handle(NoteCommand::Entry(entry("s1", 1)), now());
    writer.handle(pad("of the first"), now());
    drop(writer);
    let journal = names(&dir, "s1.000.journal").remove(0);
    let padlog = names(&dir, "padlog").remove(0);
    fs::File::options().append(true).open(&journal).unwrap().write_all(b"half a rec").unwrap();
    for path in [&journal, &padlog] {
        if std::os::unix::fs::chown(path, Some(12_345), None).is_err() {
            // Only root can give a file away; elsewhere there is nothing to try.
            return;
        }
    }
    let before = fs::read(&journal).unwrap();
    let (mut writer, found) = open("s2");
    assert_eq!((found.entries.as_slice(), found.pad.as_str()), (&[1][..], "of the first"));
    assert_eq!(found.notices, [""; 0], "a torn end of somebody who may still write is no fault");
    writer.handle(pad("of the second"), now());
    writer.close(now()).unwrap();
    assert!(fs::read(&journal).unwrap() == before && padlog.exists());
    assert_eq!(names(&dir, "torn").len(), 0);
    // Their pad is not in the way of ours, at any later start.
    let (writer, found) = open("s3");
    assert_eq!(found.pad, "of the second");
    writer.close(now()).unwrap();
    fs::set_permissions(&journal, fs::Permissions::from_mode(0o666)).unwrap();
    let (_, found) = open("s4");
    let told = "others than its owner can write";
    assert!(found.notices.iter().any(|n| n.contains(told) && n.contains("chmod 640")), "{:?}", found.notices);
}

#[test]
fn the_pad_of_a_team_has_one_holder_who_is_named_and_whoever_has_it_owns_its_file() {
    let top = tempfile::tempdir().unwrap();
    let team = of_team(top.path());
    let dir = team.dir.join("incidents/INC-1");
    let open = |person: &str| {
        let files = Shared::of(Disk, team.open().unwrap());
        let session = Session { person: person.into(), ..session(person) };
        let (writer, reply) = Writer::open_in(files, &dir, "incidents/INC-1".into(), &session, now());
        (writer, opened(&reply))
    };
    let (mut kim, _) = open("kim");
    kim.handle(pad("by kim"), now());
    assert_eq!(kim.handle(NoteCommand::Rest, now()), []);
    let (mut lee, found) = open("lee");
    assert_eq!(found.held_by, Some("kim@bastion.example since 03:12:00Z on 2026-03-14".into()));
    kim.close(now()).unwrap();
    let file = dir.join("pad.md");
    let _as_another_user = std::os::unix::fs::chown(&file, Some(12_345), None);
    let _as_another_user = std::os::unix::fs::chown(dir.join("pad.lock"), Some(12_345), None);
    let replies = lee.handle(NoteCommand::Rest, now());
    assert_eq!(opened(&replies[0]).held_by, None, "{replies:?}");
    lee.handle(NoteCommand::Rest, now());
    let is_ours = |path: &Path| {
        let stamp = Disk.stamp(path).unwrap().unwrap();
        (stamp.user(), stamp.mode()) == (rustix::process::geteuid().as_raw(), 0o640)
    };
    assert!(is_ours(&file), "{:?}", Disk.stamp(&file));
    let (_, found) = open("eve");
    assert!(text(&found.held_by.unwrap()).starts_with("lee@"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "by kim");
}

#[test]
fn what_dead_consoles_left_on_a_network_file_system_is_taken_over_once_and_stays_there() {
    let top = tempfile::tempdir().unwrap();
    let (away, dir) = (top.path().join("away"), top.path().join("notes"));
    dirs::prepare(&away).unwrap();
    let (mut dead, _) = open(&away.join("notes"), "s1");
    dead.handle(NoteCommand::Entry(entry("s1", 1)), now());
    dead.handle(pad("typed"), now());
    drop(dead);
    let files = Faulty::default();
    files.far.set(true);
    let places = [away.clone()];
    for (session_name, told) in [("s2", 2), ("s3", 0)] {
        let (mut next, _) = Writer::open_in(&files, &dir, "notes".into(), &session(session_name), now());
        let taken = next.take_in(&places, now());
        let notices = taken.as_ref().map_or(0, |taken| opened(taken).notices.len());
        assert_eq!(notices, told, "{session_name}: {taken:?}");
        next.close(now()).unwrap();
        assert_eq!(names(&away.join("notes"), "s1").len(), 2, "who wrote them may live elsewhere");
        assert_eq!(names(&dir, "pad.left-").len(), 1, "{session_name}");
    }
    let (_, found) = open(&dir, "s4");
    assert_eq!(found.entries, [1]);
}

/// What may stand where `pad.md` should, so that nobody can read it.
fn unreadable(path: &Path, what: &str) {
    match what {
        "fifo" => {
            let kind = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, path, kind, 0o600.into(), 0).unwrap();
        }
        "directory" => fs::create_dir(path).unwrap(),
        "link" => std::os::unix::fs::symlink("/etc/passwd", path).unwrap(),
        "large" => {
            fs::File::create(path).unwrap().set_len(crate::model::note::MOST_PAD as u64 + 1).unwrap();
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_pad_that_cannot_be_read_is_told_held_and_overwritten_by_nothing_until_it_can() {
    for (what, why) in [
        ("fifo", "it is not a regular file"),
        ("directory", "it is not a regular file"),
        ("link", "symbolic link"),
        ("large", "it is larger than"),
    ] {
        for in_journal in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("pad.md");
            if in_journal {
                let (mut writer, _) = open(dir.path(), "s1");
                writer.handle(pad("typed before"), now());
                drop(writer); // as SIGKILL leaves it
            }
            unreadable(&file, what);
            let journals = names(dir.path(), "padlog");
            let before = fs::symlink_metadata(&file).unwrap();
            let (mut writer, _) = open(dir.path(), "s2");
            let told = writer.handle(NoteCommand::Rest, now());
            let [NoteReply::PadUnread(Some(reason))] = &told[..] else { panic!("{what}: {told:?}") };
            assert!(text(reason).contains("/pad.md: ") && text(reason).contains(why), "{reason:?}");
            assert_eq!(writer.handle(NoteCommand::Rest, now()), [], "{what}: told once");
            // What comes all the same is kept beside it, and entries are as ever.
            let replies = writer.handle(pad("of now"), now());
            assert_eq!(replies[0], NoteReply::PadSaved(7), "{replies:?}");
            let kept = names(dir.path(), "pad.left-");
            assert_eq!(fs::read_to_string(&kept[0]).unwrap(), "of now");
            assert!(opened(&replies[1]).notices[0].contains("pad.left-"), "{replies:?}");
            assert_eq!(writer.handle(NoteCommand::Entry(entry("s2", 1)), now()), [NoteReply::EntrySaved(1)]);
            // Who turns to another folder has not heard that it can be read.
            writer.is_left = true;
            assert!(writer.give_up(now()).is_none() && !writer.pad.is_turned_to());
            assert_eq!(writer.hear(&mut 1_000_000), []);
            writer.close(now()).unwrap();
            let after = fs::symlink_metadata(&file).unwrap();
            assert_eq!((before.file_type(), before.len()), (after.file_type(), after.len()));
            assert_eq!(names(dir.path(), "padlog"), journals, "{what}");

            let (mut writer, _) = open(dir.path(), "s3");
            writer.handle(NoteCommand::Rest, now());
            if what == "directory" { fs::remove_dir(&file) } else { fs::remove_file(&file) }.unwrap();
            let expected = if in_journal {
                "typed before"
            } else {
                by_another(&file, "mended");
                "mended"
            };
            let replies = writer.handle(NoteCommand::Rest, now());
            let [all, NoteReply::PadUnread(None)] = &replies[..] else { panic!("{what}: {replies:?}") };
            assert_eq!((opened(all).pad.as_str(), opened(all).held_by), (expected, None), "{what}");
            let longer = format!("{expected}, typed on");
            assert_eq!(writer.handle(pad(&longer), now()), [NoteReply::PadSaved(7)]);
            writer.close(now()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), longer);
        }
    }
}

#[test]
fn a_pad_that_another_console_has_and_nobody_can_read_is_told_too_and_read_when_it_can_be() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pad.md");
    let (holder, _) = open(dir.path(), "s1");
    unreadable(&file, "directory");
    let (mut reader, found) = open(dir.path(), "s2");
    assert!(found.held_by.is_some());
    let told = reader.hear(&mut 1_000_000);
    assert!(matches!(&told[..], [NoteReply::PadUnread(Some(_))]), "{told:?}");
    assert_eq!(reader.hear(&mut 1_000_000), []);
    fs::remove_dir(&file).unwrap();
    by_another(&file, "theirs");
    let told = reader.hear(&mut 1_000_000);
    let [all, NoteReply::PadUnread(None)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((opened(all).pad.as_str(), opened(all).held_by.is_some()), ("theirs", true));
    drop(holder);
}

#[test]
fn the_pad_of_the_shift_that_cannot_be_read_is_told_at_the_start() {
    let state = tempfile::tempdir().unwrap();
    drop(Folders::open(Disk, state.path(), &session("s1"), now()));
    unreadable(&state.path().join("notes/pad.md"), "directory");
    let (_, told) = Folders::open(Disk, state.path(), &session("s2"), now());
    let [(Folder::Shift, NoteReply::Opened { notices, .. }), (Folder::Shift, NoteReply::PadUnread(Some(_)))] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(*notices, [] as [RawText; 0], "it is told once");
}
