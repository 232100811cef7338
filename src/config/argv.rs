//! A program and its arguments. No shell ever reads them.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::secret::shown_quoted;

/// A program and its arguments.
#[derive(Clone, PartialEq, Eq)]
pub struct Argv {
    /// The program: a path, or a name that is looked for in `PATH`.
    pub program: String,
    /// What it is given.
    pub arguments: Vec<String>,
}

impl Argv {
    /// Whether the program is there and may be run; `path` is what `PATH` holds.
    pub fn is_there(&self, path: Option<&OsStr>) -> bool {
        let is_program = |path: &Path| {
            std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.mode() & 0o111 != 0)
        };
        if self.program.contains('/') {
            return is_program(Path::new(&self.program));
        }
        let mut dirs = path.into_iter().flat_map(std::env::split_paths);
        dirs.any(|dir| is_program(&dir.join(&self.program)))
    }

    /// As one types it in a shell, for advice; without what a flag such as `--token` is given.
    pub fn typed(&self) -> String {
        shown_quoted(std::iter::once(&self.program).chain(&self.arguments).map(String::as_str))
    }
}

impl fmt::Debug for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed())
    }
}

impl<'de> Deserialize<'de> for Argv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut words = Vec::<String>::deserialize(deserializer)?.into_iter();
        match words.next() {
            Some(program) if program.contains(char::is_whitespace) && !program.contains('/') => {
                Err(de::Error::custom(format!(
                    "each word stands by itself and no shell reads them; write [\"{}\"]",
                    program.split_whitespace().collect::<Vec<_>>().join("\", \"")
                )))
            }
            Some(program) if !program.is_empty() => Ok(Self { program, arguments: words.collect() }),
            _ => Err(de::Error::custom("no program is named; write [\"dmesg\", \"-w\"]")),
        }
    }
}

impl JsonSchema for Argv {
    fn schema_name() -> Cow<'static, str> {
        "Argv".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_as_a_shell_would_read_them() {
        let argv = |program: &str, arguments: &[&str]| Argv {
            program: program.to_owned(),
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        };
        assert_eq!(argv("/bin/vault", &["read", "-field=token"]).typed(), "/bin/vault read -field=token");
        assert_eq!(argv("/bin/x", &["--token", "y"]).typed(), "/bin/x --token (not shown)");
        assert_eq!(argv("a b", &["it's", "", "$HOME"]).typed(), r"'a b' 'it'\''s' '' '$HOME'");
        let curl = argv("/bin/curl", &["-H", "Authorization: Bearer abc", "--user", "kim:it's abc"]);
        assert_eq!(curl.typed(), "/bin/curl -H Authorization:(not shown) --user kim:(not shown)");
        let script = argv("/bin/sh", &["-c", "curl -H 'Authorization: abc' https://vault"]);
        assert_eq!(format!("{script:?}"), "/bin/sh -c curl -H 'Authorization:(not shown)");
    }
}
