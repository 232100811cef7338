//! `[[credential]]` tables: where a secret is to be had. The secret itself is never configured.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::argv::Argv;
use super::origin::ConfigError;
use super::settings::Place;
use super::table::Table;

/// Where a secret is to be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// In this variable of the environment.
    Variable(String),
    /// In this file.
    File(PathBuf),
    /// In this file of `$CREDENTIALS_DIRECTORY`, where systemd puts what a unit may read.
    Systemd(String),
    /// A program prints it; it gets these variables besides the few that every program needs.
    Helper(Argv, Vec<String>),
}

/// How a secret is written where it is to be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The first line.
    #[default]
    Line,
    /// A JSON object with `token` (or `access_token`), and `expires_at`, `expires_on` or `expires_in`.
    Json,
    /// What a kubectl credential plugin prints (client.authentication.k8s.io, v1 and v1beta1).
    ExecCredential,
    /// What a program for `credential_process` of the AWS configuration prints.
    AwsProcess,
}

/// One credential as configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CredentialTable {
    /// Its name, which no other credential has.
    pub name: String,
    /// Where the secret is to be had.
    pub source: Source,
    /// How it is written there.
    pub format: Format,
    /// The user of HTTP Basic; the secret is then the password.
    pub user: Option<String>,
    /// What `:login NAME` runs on the terminal.
    pub login: Option<Argv>,
    /// Groups that may read a file of root's, or write a helper or its folders.
    pub trusted_groups: Vec<String>,
}

/// The keys as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// The name by which sources use it.
    name: String,
    /// The variable that holds the secret. Beside `argv`: a list of variables that the helper gets, such
    /// as `["VAULT_ADDR"]`, besides `HOME`, `PATH`, `USER`, `LOGNAME`, `LANG`, `LC_ALL` and `TZ`.
    env: Option<Env>,
    /// The file that holds the secret: yours or root's, no link, closed to everybody else.
    file: Option<Place>,
    /// The helper that prints the secret, by its absolute path, with its arguments. No shell reads them.
    /// It gets 10 s and no terminal.
    argv: Option<Argv>,
    /// The name of a systemd credential: a file in `$CREDENTIALS_DIRECTORY`.
    systemd: Option<String>,
    /// How the secret is written there: `line` (the first line), `json` (`token` and `expires_at`),
    /// `exec-credential` (as for kubectl) or `aws-process` (as for the AWS CLI).
    #[serde(default)]
    format: Format,
    /// The user of HTTP Basic; the secret is then the password.
    user: Option<String>,
    /// What `:login NAME` runs on the terminal when the credential has expired, such as
    /// `["aws", "sso", "login"]`.
    login: Option<Argv>,
    /// Groups that may read the file if it is root's, or write the helper or its folders.
    #[serde(default)]
    trusted_groups: Vec<String>,
}

/// `env`: the variable of the secret, or those that a helper gets.
enum Env {
    Holds(String),
    Passed(Vec<String>),
}

impl<'de> Deserialize<'de> for Env {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Env;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a variable, or beside `argv` a list of names")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Env, E> {
                Ok(Env::Holds(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Env, A::Error> {
                let mut passed = Vec::new();
                while let Some(name) = names.next_element()? {
                    passed.push(name);
                }
                Ok(Env::Passed(passed))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Env {
    fn schema_name() -> Cow<'static, str> {
        "Variables".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
        ]})
    }
}

/// Reads the `[[credential]]` tables.
pub(super) fn read(
    tables: &[Table],
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Vec<CredentialTable> {
    let mut read = Vec::new();
    for table in tables {
        match table.parse::<Written>() {
            Ok(written) => read.extend(one(table, written, home, errors)),
            Err(found) => errors.extend(found),
        }
    }
    read
}

/// POSIX: letters, digits and `_`, not beginning with a digit.
fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn one(
    table: &Table,
    written: Written,
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Option<CredentialTable> {
    let before = errors.len();
    let mut wrong = |key: &str, what: &str| errors.push(table.error(key, format!("`{key}`: {what}")));
    if written.name.trim().is_empty() || written.name.contains(':') {
        wrong("name", "a name is needed, without a colon");
    }
    let (variable, passed) = match written.env {
        Some(Env::Holds(name)) => (Some(name), None),
        Some(Env::Passed(names)) => (None, Some(names)),
        None => (None, None),
    };
    for name in variable.iter().chain(passed.iter().flatten()) {
        if !is_variable(name) {
            // Who writes `$NAME` or `NAME=value` is told; the text may be a secret, so it is not shown.
            wrong("env", "the name of a variable is needed: letters, digits and _ only");
        }
    }
    if passed.is_some() && written.argv.is_none() {
        wrong("env", "a list is for a helper, and there is no `argv`; write env = \"NAME\"");
    }
    if let Some(argv) = &written.argv
        && !argv.program.starts_with('/')
    {
        wrong("argv", "the helper is run as you, so write its absolute path, such as /usr/bin/pass");
    }
    if written.systemd.as_deref().is_some_and(|name| name.is_empty() || name.contains('/') || name == "..") {
        wrong("systemd", "the name of a credential is needed, not a path");
    }
    let file = match &written.file {
        None => None,
        Some(place) => {
            let path = place.under(home);
            if path.is_none() {
                wrong("file", "the home directory is not known; write the path from /");
            }
            path
        }
    };
    let sources: Vec<Source> = [
        variable.map(Source::Variable),
        file.map(Source::File),
        written.argv.map(|argv| Source::Helper(argv, passed.unwrap_or_default())),
        written.systemd.map(Source::Systemd),
    ]
    .into_iter()
    .flatten()
    .collect();
    let Ok([source]) = <[Source; 1]>::try_from(sources) else {
        if errors.len() == before {
            let what = "a credential says where its secret is to be had, once";
            let help = "write one of env = \"NAME\", file = \"/path\", argv = [\"/path/to/helper\"], systemd = \"NAME\"";
            errors.push(table.error("name", what).help(help));
        }
        return None;
    };
    (errors.len() == before).then_some(CredentialTable {
        name: written.name,
        source,
        format: written.format,
        user: written.user,
        login: written.login,
        trusted_groups: written.trusted_groups,
    })
}
