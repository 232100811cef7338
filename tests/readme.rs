//! What the documents say is so: configurations are read, commands and files exist, tables are right.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test writes its sample files directly")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use midwatch::cli::Cli;
use midwatch::command::bindings;
use midwatch::command::table::by_name;
use midwatch::config::origin::{ConfigError, Warning};
use midwatch::config::theme::BUILT_IN;
use midwatch::config::{Config, Inputs};
use midwatch::logs::format::FIELDS;
use midwatch::net::Net;
use midwatch::source::registry;

const README: &str = include_str!("../README.md");

/// The fenced blocks of this language.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in README.lines() {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => writeln!(block, "{line}").unwrap(),
            None if line == format!("```{language}") => open = Some(String::new()),
            None => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

#[test]
fn every_configuration_is_read_and_its_sources_are_built() {
    let kinds = registry::kinds();
    let examples = blocks("toml");
    assert!(examples.len() >= 2);
    let entries = registry::ENTRIES.iter().map(|entry| {
        // The example of a recording names a file that is not here.
        let built = entry.kind.name != "recording";
        (format!("[[source]]\nname = \"a\"\nkind = \"{}\"\n{}\n", entry.kind.name, entry.example), built)
    });
    for (text, built) in examples.into_iter().map(|text| (text, true)).chain(entries) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, &text).unwrap();
        let inputs = Inputs {
            system: None,
            user: None,
            file: Some(path),
            home: Some(PathBuf::from("/home/kim")),
            state: Some(PathBuf::from("/home/kim/.local/state/midwatch")),
            variables: vec![("LANG".into(), "en_US.UTF-8".into())],
            flags: Vec::new(),
            kinds: &kinds,
            keys: bindings::check,
        };
        let wrong = |errors: Vec<ConfigError>| -> String {
            let lines: Vec<_> = errors.iter().flat_map(ConfigError::lines).collect();
            panic!("{lines:?}\n{text}")
        };
        let (config, warnings) = Config::load(&inputs).unwrap_or_else(|errors| panic!("{}", wrong(errors)));
        let warnings: Vec<_> = warnings.iter().flat_map(Warning::lines).collect();
        assert!(warnings.is_empty(), "{warnings:?}\n{text}");
        if !built {
            continue;
        }
        let (sources, _) = registry::build(&config.sources, &Net::of(&config))
            .unwrap_or_else(|errors| panic!("{}", wrong(errors)));
        assert_eq!(sources.len(), config.sources.len(), "{text}");
    }
}

#[test]
fn every_command_is_one_that_midwatch_understands() {
    let mut seen = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        let arguments = line
            .strip_prefix("cargo run --release -- ")
            .or_else(|| line.strip_prefix("./midwatch"))
            .or_else(|| line.strip_prefix("midwatch "));
        let Some(arguments) = arguments else { continue };
        let words = std::iter::once("midwatch").chain(arguments.split_whitespace());
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{line}\n{error}");
        }
        seen += 1;
    }
    assert!(seen >= 5, "{seen} commands are not all");
    let help = "midwatch demo --at 03:16 --speed 5 --seed 2 --theme daylight --ascii --config c.toml";
    Cli::try_parse_from(help.split(' ')).unwrap();
}

#[test]
fn the_keys_in_the_table_run_the_commands_beside_them() {
    let (_, table) = README.split_once("| key | command | what it does |").unwrap();
    let rows: Vec<_> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, key, name, _, _] = cells[..] else { panic!("{row}") };
        let command = by_name(name).unwrap_or_else(|| panic!("there is no command {name}"));
        assert!(command.keys.contains(&key), "{name} has the keys {:?}", command.keys);
    }
}

#[test]
fn the_table_of_sources_is_the_registry() {
    let mut wanted = String::from("| kind | what it is | its own keys, for example |\n|---|---|---|\n");
    for entry in registry::ENTRIES {
        writeln!(wanted, "| `{}` | {} | `{}` |", entry.kind.name, entry.about, entry.example).unwrap();
    }
    let (_, rest) =
        README.split_once("<!-- sources: from the registry, kept by tests/readme.rs -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- end of sources -->").unwrap();
    assert!(table == wanted, "put this between the two marks of the README:\n{wanted}");
}

#[test]
fn the_themes_are_those_that_there_are() {
    for (name, _) in BUILT_IN {
        assert!(README.contains(&format!("`{name}`")), "{name} is not told of");
    }
}

#[test]
fn every_file_that_the_documents_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        let code = text.split('`').skip(1).step_by(2);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for name in code.chain(links) {
            let ours = ["src/", "tests/", "assets/", "benches/", "themes/", ".ci/"];
            let is_path = name.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            let kind = Path::new(name).extension().and_then(|extension| extension.to_str());
            let in_src = kind == Some("rs") && name.contains('/');
            let is_ours = in_src || kind == Some("md") || ours.iter().any(|place| name.starts_with(place));
            // Names that stand for one that somebody will choose, and a file of the state directory.
            let made_up = ["NAME", "syslog_socket", "pad.md"].iter().any(|part| name.contains(part));
            // The themes of a person lie beside the configuration.
            if !is_path || !is_ours || made_up || name == "themes/" {
                continue;
            }
            let there = root.join(name).exists() || root.join("src").join(name).exists();
            assert!(there, "{document} names {name}");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} files are not all");
}

#[test]
fn the_table_of_fields_is_that_of_the_formats() {
    let (_, rest) =
        README.split_once("<!-- fields: from the formats, kept by tests/readme.rs -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /fields -->").unwrap();
    let mut wanted = "| field | what it is |\n|---|---|\n".to_owned();
    for (name, what) in FIELDS {
        writeln!(wanted, "| `{name}` | {what} |").unwrap();
    }
    assert_eq!(table, wanted);
}
