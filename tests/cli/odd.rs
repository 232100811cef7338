//! Files that are no proper logs: `midwatch logs` names, shows and counts them.

use std::io::Write as _;

use serde_json::Value;

use super::Home;

/// What is in the file, and its bytes.
fn odd() -> Vec<(&'static str, Vec<u8>)> {
    let binary: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
    let long = [vec![b'x'; 3_000_000], b"\nshort\n".to_vec()].concat();
    let backwards: Vec<_> =
        (0..50).rev().map(|n| format!("2026-11-22T03:12:{n:02}Z INFO line {n}")).collect();
    let backwards = backwards.join("\n");
    vec![
        ("empty", Vec::new()),
        ("binary", binary),
        ("NUL bytes", b"one\0two\n\0\0\0\nthree\n".to_vec()),
        ("invalid UTF-8", b"caf\xe9 \xff\xfe\nok\n".to_vec()),
        ("a long line", long),
        ("no final newline", b"one\ntwo".to_vec()),
        ("CR LF", b"one\r\ntwo\r\n\r\n".to_vec()),
        ("time going backwards", backwards.into_bytes()),
    ]
}

#[test]
fn every_line_is_counted_once_by_every_command_and_printed_as_it_is() {
    let home = Home::new();
    for (what, bytes) in odd() {
        let path = home.path().join("odd.log");
        std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
        let path = path.to_str().unwrap();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
        let code = Some(i32::from(lines == 0));
        let said = home.run(&["logs", "stats", "-o", "json", path]);
        assert_eq!((said.code, said.errors.as_str()), (code, ""), "{what}");
        let stats: Value = serde_json::from_str(&said.output).unwrap();
        assert_eq!(stats["files"][0]["lines"], lines, "{what}");
        assert_eq!(stats["files"][0]["bytes"], bytes.len(), "{what}");
        let said = home.run(&["logs", "query", "--lines", "", path]);
        assert_eq!((said.code, said.output), (code, format!("{lines}\n")), "{what}");
        let said = home.run(&["logs", "patterns", "--assign", path]);
        assert_eq!((said.code, said.output.lines().count()), (code, lines), "{what}");
        let printed = home.command(&["logs", "query", "", path]).output().unwrap();
        let unix = |bytes: &[u8]| {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n');
            let lines = lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line));
            lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect::<Vec<_>>()
        };
        assert!(unix(&printed.stdout) == unix(&bytes), "{what}");
        // In a pipe nobody sees how far it is.
        assert!(printed.stderr.is_empty(), "{what}");
    }
}

#[test]
fn what_cannot_be_read_is_named_by_every_command() {
    let home = Home::new();
    let folder = home.path().to_str().unwrap().to_owned();
    let damaged = home.path().join("damaged.gz");
    std::fs::File::create(&damaged).unwrap().write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 99]).unwrap();
    for (path, word) in [
        (folder.as_str(), "directory"),
        (damaged.to_str().unwrap(), "damaged.gz"),
        ("gone.log", "does not exist"),
    ] {
        for command in [&["stats"][..], &["patterns"], &["query", "x"]] {
            let said = home.run(&[&["logs"], command, &[path]].concat());
            assert_eq!((said.code, said.output.as_str()), (Some(2), ""), "{path} {command:?}");
            assert!(said.errors.contains(word) && said.errors.lines().count() == 1, "{}", said.errors);
        }
    }
}

#[test]
fn a_pipe_can_be_opened_only_where_the_keys_come_from_elsewhere() {
    let home = Home::new();
    // A session of its own has no terminal.
    let midwatch = env!("CARGO_BIN_EXE_midwatch");
    let said = home.run_other("setsid", &["--wait", midwatch, "--plain", "open", "-"]);
    assert_eq!(said.code, Some(2));
    assert!(said.errors.contains("midwatch logs query '' - prints"), "{}", said.errors);
}

#[test]
fn as_many_files_may_be_open_as_the_system_allows() {
    let home = Home::new();
    let script = format!(
        "ulimit -Sn 40; exec {} logs query '\"open files\"' /proc/self/limits",
        env!("CARGO_BIN_EXE_midwatch")
    );
    let said = home.run_other("sh", &["-c", &script]);
    let limits: Vec<_> =
        said.output.split_ascii_whitespace().filter_map(|word| word.parse::<u64>().ok()).collect();
    let [soft, hard] = limits[..] else { panic!("{} {}", said.output, said.errors) };
    assert_eq!(soft, hard.min(65_536));
}
