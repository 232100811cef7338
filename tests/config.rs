//! Configurations read from files: sample folders, layers, includes, variables and flags.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use midwatch::config::origin::{ConfigError, Warning};
use midwatch::config::sources::Kind;
use midwatch::config::table::Table;
use midwatch::config::theme::Meaning;
use midwatch::config::{Config, Flag, Inputs, schema};
use midwatch::model::text::RawText;
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// Lines of files.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Files {
    /// Patterns of the files to follow.
    paths: Vec<String>,
    /// Whether new lines are waited for.
    #[serde(default)]
    follow: Option<bool>,
    /// Where to log in.
    #[serde(default)]
    token: Option<String>,
}

/// Lines that a command prints.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Command {
    /// The program and its arguments; no shell reads them.
    argv: Vec<String>,
}

/// What an endpoint answers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {}

const KINDS: &[Kind] =
    &[Kind::of::<Files>("file"), Kind::of::<Command>("command"), Kind::of::<Asked>("asked").networked()];

/// As the room of commands does: every context's entries are texts.
fn keys(table: &Table) -> Vec<ConfigError> {
    let contexts = table.entries().filter_map(|context| context.value.as_table());
    let entries = contexts.flat_map(Table::entries).filter(|entry| entry.value.as_text().is_none());
    entries
        .map(|entry| ConfigError::new(&entry.value.origin, format!("`{}`: keys are a text", entry.key)))
        .collect()
}

fn inputs(file: &Path) -> Inputs<'static> {
    Inputs {
        system: None,
        user: None,
        file: Some(file.to_owned()),
        home: Some(PathBuf::from("/home/kim")),
        state: Some(PathBuf::from("/home/kim/.local/state/midwatch")),
        variables: vec![("TERM".into(), "xterm-direct".into()), ("LANG".into(), "en_US.UTF-8".into())],
        flags: Vec::new(),
        kinds: KINDS,
        keys,
    }
}

fn lines(errors: &[ConfigError]) -> String {
    let lines = errors.iter().flat_map(ConfigError::lines);
    lines.fold(String::new(), |text, line| text + line.as_str() + "\n")
}

fn load(inputs: &Inputs<'_>) -> (Config, Vec<Warning>) {
    Config::load(inputs).unwrap_or_else(|errors| panic!("{}", lines(&errors)))
}

fn samples(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new("tests/config").join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    assert!(paths.len() >= 5, "{folder}");
    paths
}

#[test]
fn every_valid_sample_is_accepted_without_a_warning() {
    for path in samples("valid") {
        let (_, warnings) = load(&inputs(&path));
        assert_eq!(lines(&warnings), "", "{}", path.display());
    }
}

#[test]
fn every_invalid_sample_is_refused_with_exactly_the_text_beside_it() {
    let mut wrong = String::new();
    for path in samples("invalid") {
        let found = match Config::load(&inputs(&path)) {
            Ok(_) => "accepted\n".to_owned(),
            Err(errors) => lines(&errors),
        };
        let wanted = fs::read_to_string(path.with_extension("err")).unwrap_or_default();
        if found != wanted {
            wrong = format!("{wrong}--- {}\n{found}", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::io::Write::write_all(&mut fs::File::create(path).unwrap(), text.as_bytes()).unwrap();
    }
    folder
}

#[test]
fn a_flag_wins_over_a_variable_over_the_chosen_file_over_the_persons_over_the_systems() {
    let folder = folder(&[
        ("system.toml", "person = 'system'"),
        ("user.toml", "person = 'user'"),
        ("chosen.toml", "person = 'chosen'"),
    ]);
    let rows: &[(&[&str], Option<&str>)] = &[
        (&[], None),
        (&["system"], Some("system")),
        (&["system", "user"], Some("user")),
        (&["system", "user", "chosen"], Some("chosen")),
        (&["user", "named"], Some("chosen")),
        (&["system", "user", "chosen", "variable"], Some("variable")),
        (&["system", "user", "chosen", "variable", "flag"], Some("flag")),
        (&["system", "flag"], Some("flag")),
    ];
    for (layers, person) in rows {
        let has = |layer: &str| layers.contains(&layer);
        let file = |layer: &str| has(layer).then(|| folder.path().join(format!("{layer}.toml")));
        let mut inputs = Inputs { system: file("system"), user: file("user"), ..inputs(Path::new("")) };
        inputs.file = file("chosen");
        if has("named") {
            let path = folder.path().join("chosen.toml").to_str().unwrap().to_owned();
            inputs.variables.push(("MIDWATCH_CONFIG".into(), path.into()));
        }
        if has("variable") {
            inputs.variables.push(("MIDWATCH_USER".into(), "variable".into()));
        }
        if has("flag") {
            inputs.flags.push(Flag { flag: "--as", key: "person", value: "flag".into() });
        }
        assert_eq!(load(&inputs).0.settings.person, person.map(RawText::from), "{layers:?}");
    }
}

#[test]
fn the_chosen_file_is_read_instead_of_the_persons_and_beside_the_systems() {
    let folder = folder(&[
        ("system.toml", "log_memory = '10 MiB'\n[[source]]\nname = 's'\nkind = 'file'\npaths = []"),
        ("user.toml", "glyphs = 'ascii'\n[[source]]\nname = 'u'\nkind = 'file'\npaths = []"),
        ("chosen.toml", "[[source]]\nname = 'c'\nkind = 'file'\npaths = []"),
    ]);
    let at = |name: &str| Some(folder.path().join(name));
    let (config, _) = load(&Inputs {
        system: at("system.toml"),
        user: at("user.toml"),
        file: at("chosen.toml"),
        ..inputs(Path::new(""))
    });
    let names: Vec<_> = config.sources.iter().filter_map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["s", "c"]);
    assert_eq!((config.settings.ascii, config.settings.log_memory), (false, 10 << 20));
}

#[test]
fn without_any_file_there_is_a_configuration_of_defaults() {
    let missing = PathBuf::from("/nowhere/config.toml");
    let (config, warnings) = load(&Inputs {
        system: Some(missing.clone()),
        user: Some(missing),
        file: None,
        ..inputs(Path::new(""))
    });
    assert!(warnings.is_empty() && config.sources.is_empty() && config.files.is_empty());
    assert_eq!(config.theme.name.as_str(), Some("midnight"));
    assert_eq!(config.settings.state_dir, Some(PathBuf::from("/home/kim/.local/state/midwatch")));
    assert!(!config.settings.ascii);
    let errors = Config::load(&inputs(Path::new("/nowhere/config.toml"))).unwrap_err();
    assert!(
        lines(&errors).starts_with("/nowhere/config.toml: cannot be read: No such file"),
        "{}",
        lines(&errors)
    );
}

#[test]
fn a_variable_is_read_as_its_setting_and_a_wrong_one_is_named() {
    let folder = folder(&[("c.toml", "")]);
    let with = |pairs: &[(&str, &str)]| {
        let mut inputs = inputs(&folder.path().join("c.toml"));
        inputs
            .variables
            .splice(0..0, pairs.iter().map(|(name, value)| ((*name).to_owned(), RawText::from(*value))));
        Config::load(&inputs)
    };
    let (config, _) = with(&[
        ("MIDWATCH_THEME", "daylight"),
        ("MIDWATCH_TIMEZONE", "Europe/Berlin"),
        ("MIDWATCH_LOG_MEMORY", "1 GiB"),
        ("MIDWATCH_GLYPHS", "ascii"),
        ("MIDWATCH_SCOPE", ""),
    ])
    .unwrap();
    assert!(config.settings.ascii);
    assert_eq!(config.theme.name.as_str(), Some("daylight"));
    assert_eq!(config.settings.timezone.unwrap().iana_name(), Some("Europe/Berlin"));
    assert_eq!(config.settings.log_memory, 1 << 30);
    let (_, warnings) = with(&[("MIDWATCH_THEMES", "x")]).unwrap();
    assert_eq!(
        lines(&warnings),
        "MIDWATCH_THEMES: no setting has this name (did you mean `MIDWATCH_THEME`?)\n"
    );
    let errors = with(&[("MIDWATCH_LOG_MEMORY", "perhaps")]).unwrap_err();
    assert_eq!(
        lines(&errors),
        "MIDWATCH_LOG_MEMORY: `log_memory`: `perhaps` is not a size; write 64 KiB, 256 MiB or 1 GiB\n"
    );
    let (config, _) = with(&[("NO_COLOR", "1")]).unwrap();
    assert_eq!(config.theme.name.as_str(), Some("mono"));
    let (config, _) = with(&[("LC_ALL", "C")]).unwrap();
    assert!(config.settings.ascii);
}

#[test]
fn the_person_may_be_in_a_variable_of_the_persons_choice() {
    let folder = folder(&[("c.toml", "person = 'env:LC_PERSON'")]);
    let mut inputs = inputs(&folder.path().join("c.toml"));
    let (config, warnings) = load(&inputs);
    assert_eq!(config.settings.person, None);
    assert!(
        lines(&warnings).contains("c.toml:1:10: `person`: the variable `LC_PERSON` is not set"),
        "{}",
        lines(&warnings)
    );
    inputs.variables.push(("LC_PERSON".into(), " kim ".into()));
    assert_eq!(load(&inputs).0.settings.person, Some("kim".into()));
}

#[test]
fn included_files_are_read_in_order_and_win_over_the_file_that_includes_them() {
    let source = |name: &str| format!("[[source]]\nname = '{name}'\nkind = 'file'\npaths = ['{{name}}']\n");
    let folder = folder(&[
        (
            "c.toml",
            &format!(
                "log_memory = '1 GiB'\ntheme = 'daylight'\ninclude = ['conf.d/*.toml', 'sub/**/*.toml', 'none/*.toml']\n{}",
                source("main")
            ),
        ),
        ("conf.d/20.toml", &source("twenty")),
        ("conf.d/10.toml", &format!("log_memory = '10 MiB'\ntheme.override.ok = 'green'\n{}", source("ten"))),
        ("conf.d/.hidden.toml", "nonsense"),
        ("conf.d/notes.txt", "nonsense"),
        ("conf.d/deeper/30.toml", "nonsense"),
        ("sub/a/b/40.toml", &format!("include = ['../../../conf.d/10.toml']\n{}", source("forty"))),
    ]);
    let (config, warnings) = load(&inputs(&folder.path().join("c.toml")));
    let names: Vec<_> = config.sources.iter().filter_map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["main", "ten", "twenty", "forty"]);
    assert_eq!(config.settings.log_memory, 10 << 20);
    assert_eq!(config.theme.name.as_str(), Some("daylight"));
    assert_eq!(config.theme.style(Meaning::Ok).to_string(), "green on #fafaf7");
    assert_eq!((config.files.len(), warnings.len()), (4, 0));
}

#[test]
fn a_file_that_includes_itself_or_what_is_not_there_is_refused_with_the_place_that_asks() {
    let folder = folder(&[
        ("c.toml", "include = ['a.toml']"),
        ("a.toml", "\ninclude = ['b.toml']"),
        ("b.toml", "include = [\n  'a.toml',\n]"),
        ("m.toml", "include = ['gone.toml']"),
        ("d.toml", "include = ['sub']"),
        ("p.toml", "include = ['a{b.toml', 3]"),
        ("sub/x.toml", ""),
    ]);
    let refused = |name: &str| {
        let errors = Config::load(&inputs(&folder.path().join(name))).unwrap_err();
        lines(&errors).replace(&format!("{}/", folder.path().display()), "")
    };
    assert_eq!(refused("c.toml"), "b.toml:2:3: includes itself, by way of 3 files\n");
    assert_eq!(
        refused("m.toml"),
        "gone.toml: cannot be read: No such file or directory (os error 2)\n  m.toml:1:12: asks for it\n"
    );
    assert_eq!(
        refused("d.toml"),
        "sub: cannot be read: it is not a regular file\n  d.toml:1:12: asks for it\n"
    );
    let text = refused("p.toml");
    assert!(text.contains("p.toml:1:12: `include`: `a{b.toml` is not a pattern"), "{text}");
    assert!(text.contains("p.toml:1:24: `include`: text in quotes is needed"), "{text}");
}

#[test]
fn a_source_of_a_later_layer_replaces_the_earlier_and_says_so() {
    let folder = folder(&[
        (
            "system.toml",
            "[[source]]\nname = 'ci-{each}'\nkind = 'file'\npaths = ['{each}.log']\neach = ['a', 'b']",
        ),
        ("user.toml", "[[source]]\nname = 'ci-b'\nkind = 'command'\nargv = ['true']"),
    ]);
    let at = |name: &str| Some(folder.path().join(name));
    let inputs =
        Inputs { system: at("system.toml"), user: at("user.toml"), file: None, ..inputs(Path::new("")) };
    let (config, warnings) = load(&inputs);
    let kinds: Vec<_> =
        config.sources.iter().map(|source| (source.name.as_str().unwrap(), source.kind)).collect();
    assert_eq!(kinds, [("ci-a", "file"), ("ci-b", "command")]);
    let paths = config.sources[0].table.parse::<Files>().map(|files| files.paths).unwrap();
    assert_eq!(paths, ["a.log"]);
    let text = lines(&warnings).replace(&format!("{}/", folder.path().display()), "");
    assert_eq!(
        text,
        "user.toml:1:1: source `ci-b` replaces the one of an earlier layer\n  system.toml:1:1: the one replaced\n"
    );
}

#[test]
fn files_that_cannot_be_a_configuration_are_refused_in_one_line() {
    let folder = folder(&[("utf.toml", "a = 1\nb = '"), ("big.toml", &" ".repeat((1 << 20) + 1))]);
    let path = folder.path().join("utf.toml");
    std::io::Write::write_all(&mut fs::OpenOptions::new().append(true).open(&path).unwrap(), b"\xff'")
        .unwrap();
    let errors = Config::load(&inputs(&path)).unwrap_err();
    assert!(lines(&errors).contains("utf.toml:2:6: is not UTF-8 from here on"), "{}", lines(&errors));
    let errors = Config::load(&inputs(&folder.path().join("big.toml"))).unwrap_err();
    assert!(lines(&errors).contains("larger than 1 MiB"), "{}", lines(&errors));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o602)).unwrap();
    let errors = Config::load(&inputs(&path)).unwrap_err();
    assert!(lines(&errors).contains("everybody may write it; run `chmod o-w "), "{}", lines(&errors));
    let errors = Config::load(&inputs(folder.path())).unwrap_err();
    assert!(lines(&errors).contains("not a regular file"), "{}", lines(&errors));
}

#[test]
fn a_file_of_another_system_is_read() {
    let folder = folder(&[("c.toml", "\u{feff}# c\r\ntheme = 'daylight'\r\nscope = 1\r\n")]);
    let errors = Config::load(&inputs(&folder.path().join("c.toml"))).unwrap_err();
    assert!(lines(&errors).ends_with("c.toml:3:9: `scope`: text in quotes is needed, not the number 1\n"));
}

#[test]
fn a_persons_theme_lies_beside_the_configuration() {
    let folder = folder(&[
        ("c.toml", "theme = 'mine'\n"),
        ("themes/mine.toml", "inherits = 'daylight'\ncritical = 'bold #123456'\n"),
        ("d.toml", "theme = 'bad'\n"),
        ("themes/bad.toml", "inherits = 'daylight'\n\ncritcal = 'bold'\n"),
    ]);
    let (config, warnings) = load(&inputs(&folder.path().join("c.toml")));
    assert_eq!(config.theme.style(Meaning::Critical).to_string(), "bold #123456 on #fafaf7");
    let names: Vec<_> = config.other_themes.iter().filter_map(|theme| theme.name.as_str()).collect();
    assert_eq!(names, ["midnight", "daylight", "high-contrast", "colour-blind", "mono", "terminal"]);
    assert!(lines(&warnings).contains("bad.toml:3:1: a theme has no `critcal`"), "{}", lines(&warnings));
    let errors = Config::load(&inputs(&folder.path().join("d.toml"))).unwrap_err();
    assert!(
        lines(&errors).contains("bad.toml:3:1: a theme has no `critcal` (did you mean `critical`?)"),
        "{}",
        lines(&errors)
    );
}

#[test]
fn what_is_read_is_what_was_written() {
    let (config, _) = load(&inputs(Path::new("tests/config/valid/whole.toml")));
    let environment = &config.environments[0];
    assert!(environment.production && environment.name.as_str() == Some("prod-eu"));
    assert_eq!(environment.meaning(0), Meaning::Production);
    assert_eq!(config.environments[1].meaning(1), Meaning::EnvironmentB);
    assert_eq!(config.environments[2].meaning(2), Meaning::Info);
    assert!(config.environments[1].allow.is_empty());
    let source = &config.sources[0];
    assert_eq!((source.name.as_str(), source.kind), (Some("app-logs"), "file"));
    assert_eq!(source.every, Some(Duration::from_secs(90)));
    assert_eq!(source.environment, Some("prod-eu".into()));
    let files = source.table.parse::<Files>().unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    assert_eq!(
        (files.paths.len(), files.follow, files.token.as_deref()),
        (2, Some(false), Some("env:APP_TOKEN"))
    );
    let argv = config.sources[2].table.parse::<Command>().map(|command| command.argv).unwrap();
    assert_eq!(argv, ["ssh", "cart.example.com", "journalctl"]);
    assert_eq!(config.catalog.service_of_repo(&"shop/checkout".into()), Some("checkout".into()));
    assert_eq!(config.catalog.host_of(&"db-7.prod.example.com:9100".into()), Some("db-7".into()));
    assert_eq!(config.settings.state_dir, Some(PathBuf::from("/home/kim/watch")));
    assert_eq!(config.settings.scope, Some("prod-eu".into()));
    let context = config.keys.get("list").and_then(|value| value.as_table()).unwrap();
    assert_eq!(context.get("open").and_then(|value| value.as_text()), Some("ctrl-o"));
    assert_eq!(context.entry("open").unwrap().origin.at, Some((46, 1)));
}

/// Whether `value` is of the shape that `schema` says, as far as its keys go.
fn fits(schema: &serde_json::Value, root: &serde_json::Value, value: &toml::Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(&root["$defs"][name.trim_start_matches("#/$defs/")], root, value);
    }
    for any in ["oneOf", "anyOf"] {
        if let Some(list) = schema[any].as_array() {
            let found = list.iter().any(|schema| fits(schema, root, value).is_ok());
            return if found { Ok(()) } else { Err(format!("none of {any} fits {value}")) };
        }
    }
    match value {
        toml::Value::Array(items) => items.iter().try_for_each(|item| fits(&schema["items"], root, item)),
        toml::Value::Table(table) => table.iter().try_for_each(|(key, value)| {
            let known = &schema["properties"][key];
            let open = schema["additionalProperties"] != serde_json::json!(false);
            match (known.is_null(), open) {
                (false, _) => fits(known, root, value),
                (true, true) => Ok(()),
                (true, false) => Err(format!("no `{key}` in {schema}")),
            }
        }),
        toml::Value::String(text) => match &schema["const"] {
            serde_json::Value::String(only) if only != text => Err(format!("`{text}` is not `{only}`")),
            _ if schema["type"] == "string" || schema["const"].is_string() || schema.is_null() => Ok(()),
            _ if schema["type"].as_array().is_some_and(|types| types.iter().any(|kind| kind == "string")) => {
                Ok(())
            }
            _ => Err(format!("`{text}` is a string and not {schema}")),
        },
        _ => Ok(()),
    }
}

#[test]
fn the_schema_knows_every_key_that_is_read() {
    let schema = schema::document(KINDS);
    for path in samples("valid") {
        let value: toml::Value = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        fits(&schema, &schema, &value).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    }
    let refused = toml::from_str("[[source]]\nname = 'x'\nkind = 'file'\npath = 'x'").unwrap();
    assert!(fits(&schema, &schema, &refused).is_err());
    let kinds = schema["properties"]["source"]["items"]["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), KINDS.len());
    assert_eq!(kinds[0]["required"], serde_json::json!(["name", "kind", "paths"]));
    assert!(kinds[0]["properties"]["paths"]["description"].as_str().unwrap().starts_with("Patterns"));
}

#[test]
fn a_letter_less_in_any_key_is_told_on_its_line_with_the_right_key() {
    let text = fs::read_to_string("tests/config/valid/whole.toml").unwrap();
    let mut tried = 0;
    for (index, line) in text.lines().enumerate() {
        // The names of commands are another room's.
        let Some((key, rest)) = line.split_once(" = ").filter(|(key, _)| key.len() > 3 && *key != "open")
        else {
            continue;
        };
        let wrong = format!("{}{}", &key[..2], &key[3..]);
        let mut changed: Vec<String> = text.lines().map(str::to_owned).collect();
        changed[index] = format!("{wrong} = {rest}");
        let folder = folder(&[("c.toml", &changed.join("\n"))]);
        let found = lines(&Config::load(&inputs(&folder.path().join("c.toml"))).unwrap_err());
        assert!(found.contains(&format!("c.toml:{}:1: ", index + 1)), "{wrong}: {found}");
        assert!(found.contains(&format!("(did you mean `{key}`?)")), "{wrong}: {found}");
        assert_eq!(found.matches("did you mean").count(), 1, "{wrong}: {found}");
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_the_answer_has_places_in_the_file_and_no_secret(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, "[a-z\"'=\\[\\]{},.\\n\\\\#0-9\u{e9}\u{202e}\u{7}]{0,4}"), 1..6),
        sample in 0..2_usize,
    ) {
        let path = ["tests/config/valid/whole.toml", "tests/config/invalid/sources.toml"][sample];
        let mut text: Vec<char> = fs::read_to_string(path).unwrap().chars().collect();
        for (at, cut, put) in edits {
            let at = at.index(text.len());
            let end = (at + usize::from(cut)).min(text.len());
            text.splice(at..end, put.chars());
        }
        // Last, so that no edit takes the key away from its value.
        let text: String = text.iter().collect::<String>() + "\n[[source]]\npassword = 'hunter2'\nurl='http://a:hunter2@b'\n";
        let folder = folder(&[("c.toml", &text)]);
        let errors = Config::load(&inputs(&folder.path().join("c.toml"))).unwrap_err();
        prop_assert!(!errors.is_empty());
        let rows = u32::try_from(text.split('\n').count()).unwrap();
        for error in &errors {
            let (line, column) = error.origin.at.unwrap_or((1, 1));
            prop_assert!((1..=rows).contains(&line) && column >= 1, "{:?}", error);
        }
        let shown = lines(&errors);
        prop_assert!(!shown.contains("hunter2"), "{}", shown);
        prop_assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{:?}", shown);
    }
}
