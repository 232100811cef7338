//! `midwatch generate`: documents made from the program itself, so that they cannot tell anything else.

use std::fmt::Write as _;

use clap::{CommandFactory as _, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;
use color_eyre::eyre;
use serde_json::{Map, Value};

use super::{Cli, screen};
use crate::command::table::{Argument, Command, Scope, TABLE};
use crate::config::schema;
use crate::source::registry;

/// What is printed.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Document {
    /// The manual page
    Man,
    /// Completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The JSON schema of a configuration
    Schema,
    /// Every key, as Markdown
    Keys,
    /// Every kind of source and its keys, as Markdown
    Sources,
    /// The picture in the README, as SVG
    Screen,
}

impl Document {
    /// The document.
    pub(super) fn text(self) -> eyre::Result<String> {
        match self {
            Self::Man => man(),
            Self::Completions { shell } => {
                let mut bytes = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "midwatch", &mut bytes);
                Ok(String::from_utf8(bytes)?)
            }
            Self::Schema => Ok(format!("{:#}\n", schema::document(&registry::kinds()))),
            Self::Keys => Ok(keys()?),
            Self::Sources => Ok(sources()?),
            Self::Screen => screen::screen(),
        }
    }
}

/// What a manual page has that the command line does not say by itself.
const MAN: &str = r".SH EXIT STATUS
.TP
0
It did what was asked.
.TP
1
It was tried and did not work: a source fails, a file cannot be written.
.TP
2
The command line or the configuration is wrong, or there is no terminal to draw on. Nothing was started.
.SH ENVIRONMENT
.TP
MIDWATCH_CONFIG
As \fB\-\-config\fR.
.TP
MIDWATCH_USER, MIDWATCH_ENV
Who is at the keys, and the environment shown at the start: as \fB\-\-as\fR and \fB\-\-env\fR.
.TP
MIDWATCH_\fIKEY\fR
Sets a key at the top of the configuration, such as MIDWATCH_THEME.
.TP
NO_COLOR, TERM, COLORTERM
How many colours are used.
.SH FILES
.TP
/etc/midwatch/config.toml
The configuration of the system.
.TP
$XDG_CONFIG_HOME/midwatch/config.toml
Your own, ~/.config where the variable is not set. It is read after that of the system and wins.
.TP
$XDG_STATE_HOME/midwatch
Notes and what is shown first at the next start, ~/.local/state where the variable is not set.
";

/// One page: every subcommand has a section of its own in it.
fn man() -> eyre::Result<String> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let page = Man::new(command.clone());
    let mut bytes = Vec::new();
    page.render_title(&mut bytes)?;
    page.render_name_section(&mut bytes)?;
    page.render_synopsis_section(&mut bytes)?;
    page.render_description_section(&mut bytes)?;
    page.render_options_section(&mut bytes)?;
    page.render_subcommands_section(&mut bytes)?;
    let mut text = String::from_utf8(bytes)?;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        // There is one page and not one for each.
        text = text.replace(&format!(r"midwatch\-{name}(1)"), &format!("midwatch {name}"));
        let mut bytes = Vec::new();
        // What every subcommand takes stands at the top of the page.
        let everywhere = |id: &str| matches!(id, "help" | "version");
        let own = subcommand.clone().mut_args(|arg| {
            let hide = arg.is_global_set() || everywhere(arg.get_id().as_str());
            if hide { arg.hide(true) } else { arg }
        });
        let has_options = own.get_arguments().any(|arg| !arg.is_hide_set());
        let (has_subcommands, has_more) = (own.has_subcommands(), own.get_after_long_help().is_some());
        let part = Man::new(own);
        part.render_synopsis_section(&mut bytes)?;
        part.render_description_section(&mut bytes)?;
        if has_options {
            part.render_options_section(&mut bytes)?;
        }
        if has_subcommands {
            part.render_subcommands_section(&mut bytes)?;
        }
        if has_more {
            part.render_extra_section(&mut bytes)?;
        }
        let mut part = String::from_utf8(bytes)?.replace(".SH EXTRA", ".SH ANSWERS").replace(".SH ", ".SS ");
        for below in subcommand.get_subcommands().map(clap::Command::get_name) {
            part = part.replace(&format!(r"midwatch\-{name}\-{below}(1)"), below);
        }
        write!(text, ".SH \"MIDWATCH {}\"\n{part}", name.to_uppercase())?;
    }
    text.push_str(MAN);
    Ok(text)
}

fn keys() -> Result<String, std::fmt::Error> {
    let mut text = String::from(
        "# Keys\n\nThis file is generated. Each key can be changed in the configuration: under `[keys.SCOPE]` write \
         `COMMAND = \"KEY\"`.\nEvery command can also be run by its name: `:` finds it.\n",
    );
    for scope in Scope::ALL {
        write!(text, "\n## {}\n\n| keys | command | what it does |\n|---|---|---|\n", scope.word())?;
        for command in TABLE.iter().filter(|command| command.scope == *scope) {
            let keys: Vec<_> = command.keys.iter().map(|key| format!("`{}`", cell(key))).collect();
            writeln!(text, "| {} | `{}` | {} |", keys.join(" "), called(command), cell(command.help))?;
        }
    }
    Ok(text)
}

fn called(command: &Command) -> String {
    let argument = match command.argument {
        Argument::None => "",
        Argument::Theme => " THEME",
        Argument::Environment => " ENVIRONMENT",
        Argument::Path => " FILE",
        Argument::Name => " NAME",
        Argument::Credential => " CREDENTIAL",
        Argument::Query => " QUERY",
        Argument::Incident => " INCIDENT",
        Argument::Status => " STATUS [TIME] [WHY]",
        Argument::Severity => " SEVERITY [WHY]",
        Argument::Field => " FIELD VALUE",
        Argument::Document => " DOCUMENT",
        Argument::Way => " DOCUMENT DESTINATION",
    };
    format!("{}{argument}", command.name)
}

fn sources() -> Result<String, std::fmt::Error> {
    let document = schema::document(&registry::kinds());
    let tables = document.pointer("/properties/source/items/oneOf").and_then(Value::as_array);
    let tables: Vec<&Value> = tables.into_iter().flatten().collect();
    let keys_of =
        |table: &Value| table.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut shared = tables.first().map(|table| keys_of(table)).unwrap_or_default();
    shared.retain(|key, _| tables.iter().all(|table| keys_of(table).contains_key(key)));
    let needed = |table: Option<&&Value>, key: &str| {
        let required = table.and_then(|table| table.get("required")?.as_array());
        required.is_some_and(|required| required.iter().any(|one| one == key))
    };

    let mut text = String::from("# Sources\n\nThis file is generated.\n\n| kind | what it is |\n|---|---|\n");
    for entry in registry::ENTRIES {
        writeln!(text, "| [`{0}`](#{0}) | {1} |", entry.kind.name, cell(entry.about))?;
    }
    text.push_str("\n## every source\n\n");
    rows(&mut text, &shared, |key| needed(tables.first(), key))?;
    for entry in registry::ENTRIES {
        let name = entry.kind.name;
        write!(text, "\n## {name}\n\n{}.\n\n", sentence(entry.about))?;
        write!(
            text,
            "```toml\n[[source]]\nname = \"my-{name}\"\nkind = \"{name}\"\n{}\n```\n\n",
            entry.example
        )?;
        let table = tables.iter().find(|table| table.get("title").is_some_and(|title| title == name));
        let mut own = table.map(|table| keys_of(table)).unwrap_or_default();
        own.retain(|key, _| !shared.contains_key(key));
        rows(&mut text, &own, |key| needed(table, key))?;
    }
    Ok(text)
}

fn rows(text: &mut String, keys: &Map<String, Value>, needed: impl Fn(&str) -> bool) -> std::fmt::Result {
    text.push_str("| key | needed | what it is |\n|---|---|---|\n");
    for (key, property) in keys {
        let about = property.get("description").and_then(Value::as_str).unwrap_or("One of the kinds above.");
        writeln!(text, "| `{key}` | {} | {} |", if needed(key) { "yes" } else { "" }, cell(about))?;
    }
    Ok(())
}

/// A text in a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
