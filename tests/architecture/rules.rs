//! The walls of the house as checks over a `Tree`. Each gives its problems, one a line.

use std::collections::{BTreeMap, BTreeSet};

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use crate::scan::{File, Named, Tree};

/// A file that may break one rule, and why.
pub(crate) struct Exception {
    pub(crate) rule: &'static str,
    pub(crate) file: &'static str,
    pub(crate) reason: &'static str,
}

/// A breach of a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
pub(crate) struct Problem {
    pub(crate) rule: &'static str,
    pub(crate) file: String,
    pub(crate) what: String,
}

fn problem(rule: &'static str, file: &str, what: String) -> Problem {
    Problem { rule, file: file.to_owned(), what }
}

/// The rooms of the house with their ranks, as architecture.md gives them. Renumbering a room is
/// a change of design, so the numbers are here and not only in the crate's documentation.
pub(crate) const RANKS: &[(u8, &str)] = &[
    (0, "model"),
    (1, "logs"),
    (1, "insight"),
    (2, "config"),
    (3, "command"),
    (3, "net"),
    (3, "store"),
    (4, "action"),
    (4, "incident"),
    (4, "ui"),
    (5, "source"),
    (5, "send"),
    (6, "pane"),
    (7, "app"),
    (8, "runtime"),
    (9, "cli"),
    // One row of the plan with `cli`: it only starts it.
    (10, "main"),
];

fn rank(room: &str) -> Option<u8> {
    RANKS.iter().find(|(_, name)| *name == room).map(|(rank, _)| *rank)
}

/// Which rooms may name what from outside. The first line that matches a path decides, so a
/// narrower path stands before a wider one.
pub(crate) const OUTSIDE: &[(&[&str], &[&str])] = &[
    // The network.
    (
        &[
            "reqwest",
            "rustls",
            "rustls_pki_types",
            "tokio_rustls",
            "tungstenite",
            "tokio_tungstenite",
            "hyper",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
            "std::os::unix::net",
        ],
        &["net", "source", "send"],
    ),
    // Tasks. `runtime` starts tokio; `cli` calls a plain function of `runtime`.
    (&["tokio::process"], &["net", "source", "runtime"]),
    (&["tokio::fs"], &["source", "runtime"]),
    (&["tokio", "tokio_util"], &["net", "source", "send", "runtime"]),
    // The screen.
    (&["ratatui::text", "ratatui::widgets", "ratatui::buffer", "ratatui::prelude", "tui_textarea"], &["ui"]),
    (
        &[
            "crossterm",
            "ratatui::crossterm",
            "ratatui::backend",
            "ratatui::Terminal",
            "rustix::termios",
            "rustix::stdio",
            "rustix::pty",
            "signal_hook",
        ],
        &["runtime"],
    ),
    (&["ratatui::style"], &["config", "ui", "pane", "app", "runtime"]),
    (&["ratatui"], &["ui", "pane", "app", "runtime"]),
    // `cli` prints only while no screen is up.
    (&["std::io::stdin", "std::io::stdout", "std::io::stderr"], &["runtime", "cli", "main"]),
    (&["color_eyre", "eyre"], &["cli", "main"]),
    (&["clap", "clap_complete", "clap_mangen"], &["cli", "main"]),
    // Files: one room writes.
    (
        &[
            "std::fs::write",
            "std::fs::OpenOptions",
            "std::fs::File::create",
            "std::fs::File::create_new",
            "std::fs::File::options",
            "std::fs::rename",
            "std::fs::remove_file",
            "std::fs::remove_dir",
            "std::fs::remove_dir_all",
            "std::fs::create_dir",
            "std::fs::create_dir_all",
            "std::fs::DirBuilder",
            "std::fs::copy",
            "std::fs::hard_link",
            "std::fs::set_permissions",
            "std::os::unix::fs::symlink",
            "std::os::unix::fs::chown",
            "rustix::fs::OFlags::CREATE",
            "rustix::fs::OFlags::TRUNC",
            "rustix::fs::OFlags::APPEND",
            "rustix::fs::rename",
            "rustix::fs::renameat",
            "rustix::fs::renameat_with",
            "rustix::fs::unlink",
            "rustix::fs::unlinkat",
            "rustix::fs::mkdir",
            "rustix::fs::mkdirat",
            "rustix::fs::link",
            "rustix::fs::linkat",
            "rustix::fs::symlink",
            "rustix::fs::symlinkat",
            "rustix::fs::chmod",
            "rustix::fs::fchmod",
            "rustix::fs::ftruncate",
            "rustix::fs::fallocate",
            "rustix::fs::copy_file_range",
        ],
        &["store"],
    ),
    (&["std::fs", "rustix::fs"], &["config", "net", "source", "store", "runtime"]),
    // Who we are is asked where ownership of a file is checked.
    (
        &["rustix::process::getuid", "rustix::process::geteuid"],
        &["config", "net", "store", "source", "runtime"],
    ),
    // Processes.
    (&["std::process::exit", "std::process::ExitCode", "std::process::abort"], &["runtime", "cli", "main"]),
    (&["std::process", "rustix::process"], &["net", "source", "runtime"]),
    // Clocks.
    (
        &[
            "std::time::Instant::now",
            "std::time::SystemTime::now",
            "tokio::time::Instant::now",
            "jiff::Timestamp::now",
            "jiff::Zoned::now",
            "rustix::time",
        ],
        &["net", "source", "runtime"],
    ),
];

/// Methods that read a clock or a file without naming a path.
pub(crate) const METHODS: &[(&[&str], &[&str])] = &[
    (&["elapsed"], &["net", "source", "runtime"]),
    (
        &[
            "exists",
            "try_exists",
            "is_file",
            "is_dir",
            "read_dir",
            "canonicalize",
            "symlink_metadata",
            "read_link",
        ],
        &["config", "net", "source", "store", "runtime"],
    ),
    (&["set_len", "set_permissions"], &["store"]),
    (&["buffer_mut"], &["ui"]),
];

/// Rooms that a room of a higher number must not use all the same.
pub(crate) const BANNED: &[(&[&str], &[&str])] = &[(&["pane", "app"], &["net", "store", "source", "send"])];

fn room(file: &File) -> Option<&str> {
    file.module.first().map(String::as_str)
}

/// The list in `src/lib.rs`: `0 model` a line, or several rooms of one rank with commas.
pub(crate) fn listed(lib: &str) -> Vec<(u8, String)> {
    let mut rooms = Vec::new();
    for line in lib.lines().filter_map(|l| l.strip_prefix("//! ")) {
        let Some((rank, names)) = line.split_once(' ') else { continue };
        let Ok(rank) = rank.parse() else { continue };
        rooms.extend(names.split(',').map(|n| (rank, n.trim().to_owned())));
    }
    rooms
}

/// The crate's own list has the ranks of the house, each room that exists and no other.
pub(crate) fn rooms(tree: &Tree) -> Vec<Problem> {
    const RULE: &str = "rooms";
    const ITEMS: [&str; 7] = ["fn", "struct", "enum", "trait", "const", "static", "macro_rules"];
    let lib = tree.files.get("src/lib.rs").map_or("", |f| f.text.as_str());
    let listed = listed(lib);
    let mut out = Vec::new();
    for (number, name) in &listed {
        match rank(name) {
            None => {
                out.push(problem(RULE, "src/lib.rs", format!("lists {name}, which is no room of the house")));
            }
            Some(right) if right != *number => {
                out.push(problem(
                    RULE,
                    "src/lib.rs",
                    format!("gives {name} the rank {number}; it is {right}"),
                ));
            }
            Some(_) => {}
        }
        if !tree.files.contains_key(&format!("src/{name}.rs")) {
            out.push(problem(RULE, "src/lib.rs", format!("lists {name}, which has no src/{name}.rs")));
        }
    }
    for (path, file) in &tree.files {
        let Some(room) = room(file) else { continue };
        if !listed.iter().any(|(_, name)| name == room) {
            out.push(problem(RULE, path, format!("its room {room} is not listed in src/lib.rs")));
        }
        let holds = |f: &File| f.tokens.iter().any(|t| ITEMS.contains(&t.text.as_str()));
        if file.module.len() == 1
            && !tree.files.values().any(|f| f.module.starts_with(&file.module) && holds(f))
        {
            out.push(problem(RULE, path, "an empty room".to_owned()));
        }
    }
    if let Some(lib) = tree.files.get("src/lib.rs")
        && lib.tokens.iter().any(|t| t.text == "use")
    {
        out.push(problem(RULE, "src/lib.rs", "re-exports; name things by their room".to_owned()));
    }
    out
}

/// A file uses only rooms of a lower number, and not those it is banned from.
pub(crate) fn ranks(tree: &Tree) -> Vec<Problem> {
    const RULE: &str = "ranks";
    let mut out = Vec::new();
    for (path, file) in &tree.files {
        let Some(own) = room(file) else { continue };
        let Some(own_rank) = rank(own) else { continue };
        for Named { path: name, line } in &file.names {
            let [first, other, ..] = name.as_slice() else { continue };
            if first != "crate" || other == own {
                continue;
            }
            let Some(other_rank) = rank(other) else { continue };
            if other_rank >= own_rank {
                out.push(problem(
                    RULE,
                    path,
                    format!(
                        "line {line}: {own} ({own_rank}) uses {other} ({other_rank}): {}",
                        name.join("::")
                    ),
                ));
            } else if BANNED.iter().any(|(who, whom)| who.contains(&own) && whom.contains(&other.as_str())) {
                out.push(problem(RULE, path, format!("line {line}: {own} must not use {other}")));
            }
        }
    }
    out
}

/// `std::fs::write` is under `std::fs`; `std::*` may be anything under `std`.
fn is_under(name: &[String], wall: &str) -> bool {
    let wall: Vec<&str> = wall.split("::").collect();
    if let Some((star, front)) = name.split_last()
        && star == "*"
    {
        let n = front.len().min(wall.len());
        return front[..n] == wall[..n];
    }
    name.len() >= wall.len() && name[..wall.len()] == wall[..]
}

/// Crates, files, processes and clocks are used only where the house allows.
pub(crate) fn outside(tree: &Tree) -> Vec<Problem> {
    const RULE: &str = "outside";
    let mut out = Vec::new();
    for (path, file) in &tree.files {
        let own = room(file).unwrap_or("lib");
        for Named { path: name, line } in &file.names {
            let wall = OUTSIDE.iter().find(|(walls, _)| walls.iter().any(|w| is_under(name, w)));
            if let Some((_, rooms)) = wall
                && !rooms.contains(&own)
            {
                let rooms = rooms.join(", ");
                out.push(problem(RULE, path, format!("line {line}: {} is for {rooms}", name.join("::"))));
            }
        }
        for window in file.tokens.windows(3) {
            let [dot, name, open] = window else { continue };
            if dot.text != "." || open.text != "(" {
                continue;
            }
            let wall = METHODS.iter().find(|(names, _)| names.contains(&name.text.as_str()));
            if let Some((_, rooms)) = wall
                && !rooms.contains(&own)
            {
                let rooms = rooms.join(", ");
                out.push(problem(RULE, path, format!("line {}: .{}() is for {rooms}", dot.line, name.text)));
            }
        }
        for window in file.tokens.windows(4) {
            if window.iter().map(|t| t.text.as_str()).eq(["cfg", "!", "(", "test"]) {
                let line = window[0].line;
                out.push(problem(
                    RULE,
                    path,
                    format!("line {line}: cfg!(test) makes tests test something else"),
                ));
            }
        }
    }
    out
}

/// Inside a room no two files need each other. A file may use what its own parent defines (the
/// parent is the door of its folder), and a parent uses its children; re-exports are followed to
/// where a thing is.
pub(crate) fn cycles(tree: &Tree) -> Vec<Problem> {
    const RULE: &str = "cycles";
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, file) in &tree.files {
        for name in &file.names {
            let Some(to) = tree.file_of(&name.path) else { continue };
            let to_module = &tree.files[to].module;
            if to != path && !file.module.starts_with(to_module) {
                edges.entry(path).or_default().insert(to);
            }
        }
    }
    // A file that uses no other cannot be in a cycle: such files are peeled off until none is left.
    loop {
        let live: BTreeSet<&str> = edges.keys().copied().collect();
        let before: usize = edges.values().map(BTreeSet::len).sum();
        for targets in edges.values_mut() {
            targets.retain(|t| live.contains(t));
        }
        edges.retain(|_, targets| !targets.is_empty());
        if edges.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    edges
        .iter()
        .filter(|(from, _)| reaches(&edges, from, from))
        .map(|(from, to)| problem(RULE, from, format!("is in a cycle through {to:?}")))
        .collect()
}

fn reaches(edges: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = edges.get(from).into_iter().flatten().copied().collect();
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            next.extend(edges.get(at).into_iter().flatten());
        }
    }
    false
}

/// Each file says why it exists, is short enough to read, and is not a `mod.rs`.
pub(crate) fn shape(tree: &Tree) -> Vec<Problem> {
    const RULE: &str = "shape";
    const MOST: usize = 600;
    let mut out = Vec::new();
    for (path, file) in &tree.files {
        if !file.text.starts_with("//! ") {
            out.push(problem(RULE, path, "does not open with a //! line".to_owned()));
        }
        if file.lines > MOST {
            out.push(problem(RULE, path, format!("{} lines without its tests; {MOST} at most", file.lines)));
        }
        if path.ends_with("/mod.rs") {
            out.push(problem(RULE, path, "no mod.rs; foo.rs stands beside foo/".to_owned()));
        }
    }
    out
}

/// Each room has its line in ARCHITECTURE.md.
pub(crate) fn mapped(tree: &Tree, map: Option<&str>) -> Vec<Problem> {
    let Some(map) = map else { return Vec::new() };
    let rooms: BTreeSet<&str> = tree.files.values().filter_map(room).filter(|r| *r != "main").collect();
    rooms
        .into_iter()
        .filter(|room| !map.contains(&format!("`{room}/`")) && !map.contains(&format!("`src/{room}/`")))
        .map(|room| problem("mapped", "ARCHITECTURE.md", format!("has no `{room}/`")))
        .collect()
}

/// No control, format or private-use character hides in a text file of ours.
pub(crate) fn visible(path: &str, bytes: &[u8]) -> Vec<Problem> {
    const RULE: &str = "visible";
    let Ok(text) = std::str::from_utf8(bytes) else {
        return vec![problem(RULE, path, "is not UTF-8".to_owned())];
    };
    let mut out = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        let hidden = line.chars().find(|c| {
            *c != '\t'
                && matches!(
                    c.general_category(),
                    GeneralCategory::Control
                        | GeneralCategory::Format
                        | GeneralCategory::PrivateUse
                        | GeneralCategory::LineSeparator
                        | GeneralCategory::ParagraphSeparator
                )
        });
        if let Some(c) = hidden {
            out.push(problem(
                RULE,
                path,
                format!("line {}: {}; write an escape", number + 1, c.escape_unicode()),
            ));
        }
    }
    out
}

/// Leaves the problems that no exception covers, and adds the exceptions that cover nothing.
pub(crate) fn without(problems: &[Problem], rule: &str, exceptions: &[Exception]) -> Vec<Problem> {
    let covers = |e: &Exception, p: &Problem| e.rule == p.rule && e.file == p.file;
    let mut left: Vec<Problem> =
        problems.iter().filter(|p| !exceptions.iter().any(|e| covers(e, p))).cloned().collect();
    for exception in exceptions.iter().filter(|e| e.rule == rule) {
        if !problems.iter().any(|p| covers(exception, p)) {
            let what = format!("this exception is not needed any more ({})", exception.reason);
            left.push(problem("exceptions", exception.file, what));
        }
    }
    left
}
