//! `[[diagnostic]]` tables: programs that only look, for a service, a host or an alert.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::argv::Argv;
use super::nearest::suggestion;
use super::origin::{ConfigError, Origin, Warning};
use super::table::Table;
use super::units::Period;
use crate::model::text::RawText;

/// How long a diagnostic may take if nothing is said.
const USUAL: Duration = Duration::from_secs(10);
/// The longest that one may take: somebody waits for it.
const LONGEST: Duration = Duration::from_secs(300);

/// What stands in arguments for what a row is about.
const PLACEHOLDERS: [&str; 4] = ["host", "service", "alert", "environment"];

/// A program that looks at something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its name, which no other has.
    pub name: RawText,
    /// The program, and its arguments with placeholders.
    pub argv: Argv,
    /// The services, hosts and alerts that it is for; all if there are none.
    pub services: Vec<RawText>,
    /// Likewise.
    pub hosts: Vec<RawText>,
    /// Likewise.
    pub alerts: Vec<RawText>,
    /// How long it may take.
    pub within: Duration,
    /// Whether it runs when an incident is declared of what it is for.
    pub on_declare: bool,
    /// Variables that it gets besides the few that every program needs.
    pub env: Vec<String>,
    /// Where its program was written.
    pub origin: Origin,
}

/// What a row is about, for the placeholders.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Values {
    /// The host.
    pub host: Option<RawText>,
    /// The service.
    pub service: Option<RawText>,
    /// The alert.
    pub alert: Option<RawText>,
    /// The environment.
    pub environment: Option<RawText>,
}

/// Why a diagnostic is not run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Nothing is known for this placeholder.
    Unknown(&'static str),
    /// The value of this placeholder begins with `-`, so the program would take it for an option.
    Option(&'static str, RawText),
    /// The value of this placeholder has characters that a shell elsewhere could obey.
    Strange(&'static str, RawText),
}

/// The keys as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Its name, as the notes tell it.
    name: String,
    /// The program, by its absolute path or a name in `PATH`, with its arguments; it must only look. `{host}`,
    /// `{service}`, `{alert}` and `{environment}` stand for what the row is about, as words of an argument:
    /// `["ssh", "-oBatchMode=yes", "--", "{host}", "df", "-hP"]`. No shell reads them here, and a value is
    /// refused if one elsewhere could read more in it than a name.
    argv: Argv,
    /// The services that it is for. Without `services`, `hosts` and `alerts` it is for all.
    #[serde(default)]
    services: Vec<String>,
    /// The hosts that it is for.
    #[serde(default)]
    hosts: Vec<String>,
    /// The alerts that it is for.
    #[serde(default)]
    alerts: Vec<String>,
    /// How long it may take; 10 s if not said, 5 m at most.
    timeout: Option<Period>,
    /// Runs it when an incident is declared of what it is for: what it says is evidence of how it began.
    #[serde(default)]
    on_declare: bool,
    /// Variables that it gets, such as `["SSH_AUTH_SOCK"]`, besides `HOME`, `PATH`, `USER`, `LOGNAME`, `LANG`,
    /// `LC_ALL` and `TZ`.
    #[serde(default)]
    env: Vec<String>,
}

/// Reads the `[[diagnostic]]` tables.
pub(super) fn read(tables: &[Table], errors: &mut Vec<ConfigError>) -> Vec<Diagnostic> {
    let mut read = Vec::new();
    for table in tables {
        match table.parse::<Written>() {
            Ok(written) => read.extend(one(table, written, errors)),
            Err(found) => errors.extend(found),
        }
    }
    read
}

fn one(table: &Table, written: Written, errors: &mut Vec<ConfigError>) -> Option<Diagnostic> {
    let before = errors.len();
    let origin = table.get("argv").map_or(&table.origin, |value| &value.origin).clone();
    if written.name.trim().is_empty() {
        errors.push(table.error("name", "`name` is empty"));
    }
    let program = &written.argv.program;
    if program.contains('/') && !program.starts_with('/') {
        let what = format!("`argv`: `{program}` depends on where midwatch is started");
        errors.push(table.error("argv", what).help("write its path from / or its name alone"));
    }
    let words = table.get("argv").and_then(|value| value.as_list()).unwrap_or_default();
    for (index, word) in words.iter().enumerate() {
        let Some(text) = word.as_text() else { continue };
        for piece in pieces(text) {
            let wrong = match piece {
                Piece::Placeholder(name, _) if !PLACEHOLDERS.contains(&name) => {
                    let near = suggestion(name, PLACEHOLDERS);
                    let known = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ");
                    ConfigError::new(
                        &word.origin,
                        format!("`argv`: there is no placeholder `{{{name}}}`{near}"),
                    )
                    .help(format!("placeholders: {known}"))
                }
                Piece::Placeholder(..) if index == 0 => {
                    ConfigError::new(&word.origin, "`argv`: which program is run is not for a row to say")
                }
                Piece::Placeholder(name, false) => {
                    let what = format!(
                        "`argv`: `{{{name}}}` is a word by itself, with no letter or digit beside it"
                    );
                    ConfigError::new(&word.origin, what)
                }
                Piece::Text(_) | Piece::Placeholder(_, true) => continue,
            };
            errors.push(wrong);
        }
    }
    let within = written.timeout.map_or(USUAL, |Period(within)| within);
    if within.is_zero() || within > LONGEST {
        errors.push(table.error("timeout", "`timeout`: more than 0 and 5 minutes at most"));
    }
    let is_variable = |name: &String| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !written.env.iter().all(is_variable) {
        errors.push(table.error("env", "`env`: names of variables are needed: letters, digits and _ only"));
    }
    let texts = |list: Vec<String>| list.into_iter().map(RawText::from).collect();
    (errors.len() == before).then(|| Diagnostic {
        name: written.name.into(),
        argv: written.argv,
        services: texts(written.services),
        hosts: texts(written.hosts),
        alerts: texts(written.alerts),
        within,
        on_declare: written.on_declare,
        env: written.env,
        origin,
    })
}

/// A part of an argument.
enum Piece<'a> {
    Text(&'a str),
    /// The name in braces, and whether it stands as a word.
    Placeholder(&'a str, bool),
}

/// An argument in parts: only a name in braces is a placeholder, so that what programs have braces for stays.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let (mut rest, mut before) = (text, None);
    while let Some((plain, after)) = rest.split_once('{') {
        let name = after
            .split_once('}')
            .filter(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        let Some((name, behind)) = name else {
            let end = plain.len() + 1;
            let (text, more) = rest.split_at_checked(end).unwrap_or((rest, ""));
            found.push(Piece::Text(text));
            (rest, before) = (more, Some('{'));
            continue;
        };
        found.push(Piece::Text(plain));
        let neighbour = plain.chars().next_back().or(before);
        let is_word = !neighbour.is_some_and(is_part) && !behind.chars().next().is_some_and(is_part);
        found.push(Piece::Placeholder(name, is_word));
        (rest, before) = (behind, Some('}'));
    }
    found.push(Piece::Text(rest));
    found
}

impl Diagnostic {
    /// Whether it is for this.
    pub fn is_for(&self, values: &Values) -> bool {
        let has = |list: &[RawText], value: &Option<RawText>| {
            let same =
                |known: &RawText, value: &RawText| known.as_bytes().eq_ignore_ascii_case(value.as_bytes());
            value.as_ref().is_some_and(|value| list.iter().any(|known| same(known, value)))
        };
        let is_for_all = self.services.is_empty() && self.hosts.is_empty() && self.alerts.is_empty();
        is_for_all
            || has(&self.services, &values.service)
            || has(&self.hosts, &values.host)
            || has(&self.alerts, &values.alert)
    }

    /// What is run for this, or why nothing is.
    pub fn filled(&self, values: &Values) -> Result<Argv, Refusal> {
        let mut arguments = Vec::with_capacity(self.argv.arguments.len());
        for argument in &self.argv.arguments {
            let mut filled = String::with_capacity(argument.len());
            for piece in pieces(argument) {
                match piece {
                    Piece::Text(text) => filled.push_str(text),
                    Piece::Placeholder(name, _) => filled.push_str(values.get(name)?),
                }
            }
            arguments.push(filled);
        }
        Ok(Argv { program: self.argv.program.clone(), arguments })
    }

    /// What `check` tells of it: a program that is not there.
    pub fn warning(&self, path: Option<&std::ffi::OsStr>) -> Option<Warning> {
        if self.argv.is_there(path) {
            return None;
        }
        let program = &self.argv.program;
        let what = if program.starts_with('/') {
            format!("diagnostic `{}`: `{program}` is no program that you may run", lossy(&self.name))
        } else {
            format!("diagnostic `{}`: there is no program `{program}` in PATH", lossy(&self.name))
        };
        Some(ConfigError::new(&self.origin, what).help("install it, or write the absolute path of another"))
    }
}

impl Values {
    fn get(&self, placeholder: &str) -> Result<&str, Refusal> {
        let (name, value) = match placeholder {
            "host" => ("host", &self.host),
            "service" => ("service", &self.service),
            "alert" => ("alert", &self.alert),
            _ => ("environment", &self.environment),
        };
        let Some(value) = value.as_ref().filter(|value| !value.is_empty()) else {
            return Err(Refusal::Unknown(name));
        };
        // Names of hosts, services and alerts have no more; a shell at the far end of an ssh reads none of these.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/+".contains(c);
        match value.as_str() {
            Some(text) if text.starts_with('-') => Err(Refusal::Option(name, value.clone())),
            Some(text) if text.chars().all(is_plain) && !text.contains("..") => Ok(text),
            _ => Err(Refusal::Strange(name, value.clone())),
        }
    }
}

fn lossy(text: &RawText) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table;

    fn read(text: &str) -> Result<Vec<Diagnostic>, Vec<String>> {
        let mut top = table::read(&"c".into(), text).unwrap();
        let mut errors = Vec::new();
        let tables = crate::config::tables(&mut top, "diagnostic", &mut errors);
        let read = super::read(&tables, &mut errors);
        let lines: Vec<_> =
            errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().to_owned()).collect();
        if lines.is_empty() { Ok(read) } else { Err(lines) }
    }

    fn ssh() -> Diagnostic {
        let text = "[[diagnostic]]\nname = 'disk'\nargv = ['ssh', '--', '{host}', 'awk', '{ print $1 }', 'x={service}/{environment}']\nhosts = ['db-7']\n";
        read(text).unwrap().remove(0)
    }

    fn values(host: &str) -> Values {
        Values {
            host: Some(host.into()),
            service: Some("checkout".into()),
            alert: None,
            environment: Some("prod-eu".into()),
        }
    }

    #[test]
    fn placeholders_are_filled_and_other_braces_stay() {
        let argv = ssh().filled(&values("db-7:22")).unwrap();
        assert_eq!(argv.arguments, ["--", "db-7:22", "awk", "{ print $1 }", "x=checkout/prod-eu"]);
        assert_eq!(ssh().within, Duration::from_secs(10));
    }

    #[test]
    fn a_value_that_is_no_plain_name_is_refused() {
        for bad in [
            "-oProxyCommand=x",
            "a;reboot",
            "$(reboot)",
            "a b",
            "a\nb",
            "`x`",
            "../../etc",
            "a|b",
            "ä",
            "a@b",
        ] {
            let refusal = ssh().filled(&values(bad)).unwrap_err();
            let expected = if bad.starts_with('-') {
                Refusal::Option("host", bad.into())
            } else {
                Refusal::Strange("host", bad.into())
            };
            assert_eq!(refusal, expected, "{bad}");
        }
        assert_eq!(ssh().filled(&Values::default()), Err(Refusal::Unknown("host")));
        assert_eq!(ssh().filled(&values("")), Err(Refusal::Unknown("host")));
    }

    #[test]
    fn one_is_for_all_or_for_what_it_names() {
        assert!(ssh().is_for(&values("DB-7")) && !ssh().is_for(&values("db-8")));
        let all = Diagnostic { hosts: Vec::new(), ..ssh() };
        assert!(all.is_for(&Values::default()));
        let alert = Diagnostic { alerts: vec!["DiskFull".into()], ..ssh() };
        assert!(alert.is_for(&Values { alert: Some("DiskFull".into()), ..Values::default() }));
    }

    #[test]
    fn mistakes_have_their_place() {
        let text = "[[diagnostic]]\nname = 'a'\nargv = ['./df', '{hots}', 'x{host}', '{host}:443', '{host}{service}']\ntimeout = '10m'\nenv = ['A=B']\n[[diagnostic]]\nname = 'b'\nargv = ['{host}']\n";
        let all = read(text).unwrap_err();
        assert_eq!(
            all,
            [
                "c:3:8: `argv`: `./df` depends on where midwatch is started",
                "  help: write its path from / or its name alone",
                "c:3:17: `argv`: there is no placeholder `{hots}` (did you mean `host`?)",
                "  help: placeholders: {host}, {service}, {alert}, {environment}",
                "c:3:27: `argv`: `{host}` is a word by itself, with no letter or digit beside it",
                "c:4:11: `timeout`: more than 0 and 5 minutes at most",
                "c:5:7: `env`: names of variables are needed: letters, digits and _ only",
                "c:8:9: `argv`: which program is run is not for a row to say",
            ]
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let of = |program: &str| {
            let argv = Argv { program: program.to_owned(), arguments: Vec::new() };
            Diagnostic { argv, ..ssh() }.warning(Some("/nowhere:/bin:/usr/bin".as_ref()))
        };
        assert_eq!(of("sh"), None);
        assert_eq!(of("/bin/sh"), None);
        assert!(
            of("no-such-program").unwrap().what.as_str().contains("there is no program `no-such-program`")
        );
        assert!(of("/etc/passwd").unwrap().what.as_str().contains("no program that you may run"));
        assert!(of("/nowhere/df").is_some());
    }
}
