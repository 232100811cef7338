//! Keeps the walls of the house: which file may use what. The walls are in `architecture/rules.rs`.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic, helpers included")]

#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/scan.rs"]
mod scan;

use std::path::{Path, PathBuf};

use rules::{Exception, Problem};
use scan::Tree;

/// Files that may break a rule, each with its reason.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        rule: "outside",
        file: "src/runtime/backend.rs",
        reason: "turns drawn cells into bytes; it draws nothing",
    },
    Exception {
        rule: "outside",
        file: "src/runtime/pen.rs",
        reason: "reads the look of drawn cells; it draws nothing",
    },
    Exception {
        rule: "outside",
        file: "src/source/logs/stream.rs",
        reason: "reads lines from standard input as it was given: under a name it would be opened anew",
    },
];

/// Kinds of file that hold no text.
const BINARY: &[&str] = &["gz", "zst", "png"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `path`, or itself, as paths from the root.
fn below(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).expect("a folder of the repository can be read");
        for entry in entries {
            below(&entry.expect("an entry of a folder can be read").path(), out);
        }
    } else if path.is_file() {
        out.push(path.to_owned());
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("under the root").to_str().expect("names are UTF-8").to_owned()
}

fn house() -> Tree {
    let mut paths = Vec::new();
    below(&root().join("src"), &mut paths);
    let sources: Vec<(String, String)> = paths
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .map(|p| (relative(p), std::fs::read_to_string(p).expect("a source file is UTF-8")))
        .collect();
    assert!(sources.len() > 2, "no sources were found");
    Tree::of(&sources)
}

#[track_caller]
fn holds(rule: &str, problems: &[Problem]) {
    let problems = rules::without(problems, rule, EXCEPTIONS);
    let lines: Vec<String> =
        problems.iter().map(|p| format!("  {} ({}): {}", p.file, p.rule, p.what)).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn rooms_are_listed_with_the_ranks_of_the_house() {
    holds("rooms", &rules::rooms(&house()));
}

#[test]
fn a_file_uses_only_rooms_of_a_lower_number() {
    holds("ranks", &rules::ranks(&house()));
}

#[test]
fn crates_files_processes_and_clocks_are_used_where_allowed() {
    holds("outside", &rules::outside(&house()));
}

#[test]
fn no_files_need_each_other() {
    holds("cycles", &rules::cycles(&house()));
}

#[test]
fn files_have_their_shape() {
    holds("shape", &rules::shape(&house()));
}

#[test]
fn rooms_are_on_the_map() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).ok();
    holds("mapped", &rules::mapped(&house(), map.as_deref()));
}

#[test]
fn nothing_invisible_is_in_our_files() {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "assets", "themes", "benches", ".ci"] {
        below(&root().join(folder), &mut paths);
    }
    for entry in std::fs::read_dir(root()).expect("the root can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.extension().is_some_and(|e| e == "md" || e == "toml") {
            paths.push(path);
        }
    }
    let text = |p: &&PathBuf| !p.extension().is_some_and(|e| BINARY.iter().any(|b| e == *b));
    let problems = paths
        .iter()
        .filter(text)
        .flat_map(|p| rules::visible(&relative(p), &std::fs::read(p).expect("a file can be read")))
        .collect::<Vec<_>>();
    holds("visible", &problems);
}

/// Each rule is shown to fail on a small bad source, and to pass on the good one beside it.
mod can_fail {
    use super::rules::{self, Exception, Problem};
    use super::scan::{self, Tree};

    fn tree(sources: &[(&str, &str)]) -> Tree {
        Tree::of(&sources.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect::<Vec<_>>())
    }

    /// What is wrong with one file of one room.
    fn outside(path: &str, text: &str) -> usize {
        rules::outside(&tree(&[(path, text)])).len()
    }

    #[track_caller]
    fn says(problems: &[Problem], file: &str, part: &str) {
        assert!(
            problems.iter().any(|p| p.file == file && p.what.contains(part)),
            "no {part:?} of {file} in {problems:?}"
        );
    }

    const MODEL: (&str, &str) = ("src/model.rs", "//! m\npub struct Run;");

    #[test]
    fn rooms() {
        let good = tree(&[("src/lib.rs", "//! x\n//! 0 model\npub mod model;"), MODEL]);
        assert_eq!(rules::rooms(&good), []);
        let lib = "//! x\n//! 1 model\n//! 3 net, cupboard\nuse model::Run;";
        let bad = rules::rooms(&tree(&[("src/lib.rs", lib), MODEL, ("src/ui.rs", "//! u\npub mod list;")]));
        says(&bad, "src/lib.rs", "gives model the rank 1; it is 0");
        says(&bad, "src/lib.rs", "lists net, which has no src/net.rs");
        says(&bad, "src/lib.rs", "cupboard, which is no room");
        says(&bad, "src/lib.rs", "re-exports");
        says(&bad, "src/ui.rs", "not listed");
        says(&bad, "src/ui.rs", "an empty room");
    }

    #[test]
    fn ranks() {
        let bad = |path: &str, text: &str| rules::ranks(&tree(&[(path, text), MODEL])).len();
        assert_eq!(bad("src/store.rs", "use crate::model::Run; fn f(_: crate::config::Key) {}"), 0);
        assert_eq!(bad("src/model/run.rs", "use crate::config::Key;"), 1, "upwards");
        assert_eq!(
            bad("src/net/tls.rs", "use crate::{model::Run, store::{self, atomic as a}};"),
            2,
            "strangers"
        );
        assert_eq!(bad("src/net.rs", "fn f() { super::store::atomic::write() }"), 1, "an inline path");
        assert_eq!(bad("src/pane/alerts.rs", "use crate::store::notes::Writer;"), 1, "banned though lower");
        assert_eq!(
            bad("src/ui.rs", "// crate::app::App\n/* crate::app */ const A: &str = \"crate::app::A\";"),
            0
        );
        assert_eq!(bad("src/ui.rs", "#[cfg(test)] mod tests { use crate::app::App; }"), 0, "tests are free");
        assert_eq!(bad("src/ui.rs", "#[cfg(test)] mod tests { use a::{b}; } use crate::app::App;"), 1);
        assert_eq!(bad("src/main.rs", "fn main() { midwatch::runtime::run() }"), 0);
        assert_eq!(bad("src/main.rs", "fn main() { midwatch::cli::run() }"), 0, "main starts cli");
    }

    #[test]
    fn outside_crates() {
        for (path, text) in [
            ("src/pane.rs", "use reqwest::Client;"),
            ("src/app.rs", "async fn f() { tokio::task::yield_now().await }"),
            ("src/cli.rs", "use tokio_util::sync::CancellationToken;"),
            ("src/pane/logs.rs", "use ratatui::widgets::Paragraph;"),
            ("src/pane/logs.rs", "use ratatui::{layout::Rect, text::Span};"),
            ("src/pane/logs.rs", "use ratatui::*;"),
            ("src/pane/logs.rs", "fn f(frame: &mut Frame<'_>) { frame.buffer_mut(); }"),
            ("src/model.rs", "use ratatui::style::Color;"),
            ("src/ui.rs", "use crossterm::event::KeyEvent;"),
            ("src/cli.rs", "use rustix::termios::tcgetattr;"),
            ("src/source.rs", "use signal_hook::iterator::Signals;"),
            ("src/pane.rs", "use tui_textarea::TextArea;"),
            ("src/runtime.rs", "use color_eyre::eyre::Report;"),
            ("src/config.rs", "use clap::Parser;"),
            ("src/runtime.rs", "use std::fs; fn f() { fs::write(\"a\", \"b\") }"),
            ("src/source/file.rs", "use std::fs::{self, OpenOptions as Open};"),
            ("src/source/file.rs", "use std::fs::File; fn f() { File::create(\"a\") }"),
            ("src/source/file.rs", "fn f() { std::fs::remove_file(\"a\"); }"),
            ("src/runtime.rs", "use rustix::fs::OFlags; const A: OFlags = OFlags::CREATE;"),
            ("src/runtime.rs", "use std::fs::*;"),
            ("src/logs.rs", "use std::fs::File;"),
            ("src/app.rs", "fn f(p: &Path) -> bool { p.exists() }"),
            ("src/store.rs", "use std::process::Command;"),
            ("src/store.rs", "use tokio::process::Command;"),
            ("src/source.rs", "fn f() { std::process::exit(1) }"),
            ("src/store.rs", "fn f() { jiff::Timestamp::now() }"),
            ("src/store.rs", "use std::time; fn f() { time::Instant::now() }"),
            ("src/app.rs", "use std::time::SystemTime as S; fn f() { S::now() }"),
            ("src/app.rs", "fn f(t: Instant) { t.elapsed() }"),
            ("src/app.rs", "fn f() { if cfg!(test) {} }"),
            ("src/app.rs", "mod inner { pub fn f() { std::io::stdout(); } }"),
            ("src/app.rs", "fn f<'tokio>(c: char) { g('\\'', '\"', c'); std::io::stdout(); }"),
        ] {
            assert!(outside(path, text) > 0, "{path} passes: {text}");
        }
        for (path, text) in [
            ("src/net.rs", "use reqwest::Client; use tokio::time::Instant; fn f() { Instant::now() }"),
            ("src/runtime.rs", "use tokio::sync::mpsc; fn f(t: Instant) { std::process::exit(t.elapsed()) }"),
            ("src/ui/list.rs", "use ratatui::widgets::Block; use tui_textarea::TextArea;"),
            ("src/pane/logs.rs", "use ratatui::{Frame, layout::Rect, style::Color};"),
            ("src/store.rs", "use std::fs; fn f() { fs::rename(a, b); rustix::process::getuid() }"),
            ("src/source/file.rs", "use std::fs::File; fn f() { File::open(\"a\") }"),
            ("src/main.rs", "use std::process::ExitCode; use color_eyre::eyre::Report;"),
            ("src/pane.rs", "// reqwest::Client\n const A: &str = r#\"tokio::spawn(\"x\")\"#;"),
            ("src/pane.rs", "/// `tokio::spawn`\n fn f(tokio: u8, x: &X) { x.reqwest(); x.tokio.go(tokio) }"),
            ("src/pane.rs", "#[cfg(test)]\nmod tests { fn f() { std::fs::write(1, 2) } }"),
        ] {
            let found = rules::outside(&tree(&[(path, text)]));
            assert_eq!(found, [], "{path}: {text}");
        }
    }

    #[test]
    fn cycles() {
        let siblings = [
            ("src/ui.rs", "//! u\npub mod a; pub mod b; pub mod c; pub use b::B;"),
            ("src/ui/a.rs", "use super::b::B; pub struct A;"),
            ("src/ui/b.rs", "pub struct B;"),
            ("src/ui/c.rs", "use super::a::A; use crate::ui::shared;"),
        ];
        assert_eq!(rules::cycles(&tree(&siblings)), []);
        let mut direct = siblings;
        direct[2].1 = "use super::a::A;";
        says(&rules::cycles(&tree(&direct)), "src/ui/b.rs", "cycle");
        assert_eq!(rules::cycles(&tree(&direct)).len(), 2, "c only uses the cycle");
        let mut through_the_door = direct;
        through_the_door[1].1 = "use super::B;";
        says(&rules::cycles(&tree(&through_the_door)), "src/ui/a.rs", "cycle");
        let three = [
            ("src/ui/a.rs", "fn f() { crate::ui::b::f() }"),
            ("src/ui/b.rs", "fn f() { super::c::f() }"),
            ("src/ui/c.rs", "use crate::ui::a; fn f() { a::f() }"),
        ];
        assert_eq!(rules::cycles(&tree(&three)).len(), 3);
    }

    #[test]
    fn shape() {
        let long = "//! x\n".to_owned() + &"fn f() {}\n".repeat(600);
        let tests = format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(700));
        let bad = rules::shape(&tree(&[
            ("src/a.rs", "fn f() {}"),
            ("src/b.rs", &long),
            ("src/c/mod.rs", "//! x"),
            ("src/d.rs", &tests),
        ]));
        says(&bad, "src/a.rs", "//!");
        says(&bad, "src/b.rs", "601 lines");
        says(&bad, "src/c/mod.rs", "mod.rs");
        assert_eq!(bad.len(), 3, "tests do not count: {bad:?}");
    }

    #[test]
    fn mapped() {
        let house = tree(&[MODEL, ("src/main.rs", "//! m\nfn main() {}")]);
        assert_eq!(rules::mapped(&house, Some("| 0 | `model/` |")), []);
        assert_eq!(rules::mapped(&house, None), []);
        says(&rules::mapped(&house, Some("models")), "ARCHITECTURE.md", "`model/`");
    }

    #[test]
    fn visible() {
        assert_eq!(rules::visible("a", "caf\u{e9}\tx\n".as_bytes()), []);
        for c in ['\u{1b}', '\r', '\u{9b}', '\u{202e}', '\u{200b}', '\u{feff}', '\u{e000}', '\u{2028}', '\0']
        {
            let found = rules::visible("a", format!("one\ntwo {c}\n").as_bytes());
            says(&found, "a", "line 2");
        }
        says(&rules::visible("a", b"\xff"), "a", "UTF-8");
    }

    #[test]
    fn exceptions() {
        let exception = [Exception { rule: "outside", file: "src/pane.rs", reason: "because" }];
        let breach = || rules::outside(&tree(&[("src/pane.rs", "use reqwest::Client;")]));
        assert_eq!(rules::without(&breach(), "outside", &exception), []);
        assert_eq!(rules::without(&breach(), "outside", &[]).len(), 1);
        says(&rules::without(&[], "outside", &exception), "src/pane.rs", "not needed");
        assert_eq!(rules::without(&[], "shape", &exception), [], "judged by its own rule only");
    }

    #[test]
    fn test_modules_in_files_of_their_own() {
        let house = tree(&[
            ("src/ui.rs", "//! u\n#[cfg(test)]\nmod screens;\nfn f() {}"),
            ("src/ui/screens.rs", "use crate::app::App;"),
        ]);
        assert_eq!(rules::ranks(&house), []);
        assert!(!house.files.contains_key("src/ui/screens.rs"));
    }

    #[test]
    fn tokens_keep_lines_and_lose_literals() {
        let text =
            "a /* x /* y */ z */ b\n\"l\\\"\n m\" c 'x' '\\u{1b}' 'a d r##\"e\"#\"## b'q' br\"s\" f::g";
        let words: Vec<(String, usize)> = scan::tokens(text).into_iter().map(|t| (t.text, t.line)).collect();
        let words: Vec<(&str, usize)> = words.iter().map(|(t, l)| (t.as_str(), *l)).collect();
        assert_eq!(words, [("a", 1), ("b", 1), ("c", 3), ("d", 3), ("f", 3), ("::", 3), ("g", 3)]);
    }
}
