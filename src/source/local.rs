//! What there is to look at on this machine, found here and asked nowhere.
//!
//! Nothing is run, and no address is asked: files, variables, the kernel's tables. Of the files of
//! other programs only names are kept, never a token.

mod alerting;
mod forges;
mod logs;
mod machine;
mod surroundings;
mod yaml;

use std::collections::BTreeSet;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use self::alerting::Alerting;
use self::forges::Forges;
use self::logs::Logs;
use self::machine::{Here, Machine};
use self::surroundings::Surroundings;
use crate::config::zone::of_system;
use crate::model::text::{RawText, SafeText, clean};
use crate::net::ids;
use crate::safe;
use crate::source::registry;
use crate::source::written::{Draft, commented, quoted};

/// What was found on this machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Local {
    user: String,
    host: String,
    /// The system's time zone by its IANA name, where it has one and it is not UTC.
    zone: Option<String>,
    logs: Logs,
    alerting: Alerting,
    forges: Forges,
    surroundings: Surroundings,
}

impl Local {
    /// Looks around.
    pub fn find() -> Self {
        let zone = of_system().ok().flatten();
        let zone = zone.as_ref().and_then(TimeZone::iana_name);
        let known = |zone: &&str| {
            !matches!(*zone, "UTC" | "Etc/UTC") && TimeZoneDatabase::bundled().get(zone).is_ok()
        };
        Self {
            user: ids::user(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            zone: zone.filter(known).map(str::to_owned),
            ..Self::on(&Here)
        }
    }

    fn on(machine: &impl Machine) -> Self {
        Self {
            logs: Logs::find(machine),
            alerting: Alerting::find(machine),
            forges: Forges::find(machine),
            surroundings: Surroundings::find(machine),
            ..Self::default()
        }
    }

    /// What was found, one fact a line.
    pub fn facts(&self) -> Vec<SafeText> {
        let text = |text: &str| clean(&RawText::from(text));
        let mut facts = vec![safe!("this machine is {}", text(&self.host))];
        facts.push(safe!("this account is {}", text(&self.user)));
        facts.push(match &self.zone {
            Some(zone) => safe!("its time zone is {}", text(zone)),
            None => "its time zone is UTC, or has no name".into(),
        });
        facts.extend(self.logs.facts());
        facts.extend(self.alerting.facts());
        facts.extend(self.forges.facts());
        facts.extend(self.surroundings.facts());
        facts
    }

    fn draft(&self) -> Draft {
        let mut draft = Draft::default();
        // What this version has no kind for is told, and not written.
        let knows = |kind: &str| registry::ENTRIES.iter().any(|entry| entry.kind.name == kind);
        self.logs.write(self.zone.as_deref(), &mut draft);
        self.alerting.write(knows, &mut draft);
        self.forges.write(knows, &mut draft);
        self.surroundings.write(&mut draft);
        draft
    }

    /// `[[credential]]` and `[[source]]` tables for what was found.
    pub fn tables(&self) -> String {
        let draft = self.draft();
        draft.credentials.join("\n") + "\n" + &sources(&draft)
    }

    /// A whole configuration with comments.
    pub fn configuration(&self) -> String {
        let draft = self.draft();
        let credentials = draft.credentials.join("\n");
        let credentials = if credentials.is_empty() {
            credentials
        } else {
            format!("# Where a secret is to be had; none is written here.\n\n{credentials}\n")
        };
        let hints: String = draft.hints.iter().map(|hint| commented(hint) + "\n").collect();
        let sources = sources(&draft);
        let sources = if sources.is_empty() {
            "# Nothing to read was found here. A source looks so:\n# [[source]]\n# name = \"app\"\n# kind = \"file\"\n# paths = [\"/srv/app/*.log\"]\n\n"
        } else {
            &sources
        };
        let timezone = match &self.zone {
            Some(zone) => format!("timezone = {}", quoted(zone)),
            None => "# timezone = \"Europe/Berlin\"".to_owned(),
        };
        let (short, full) = match self.host.split_once('.') {
            Some((short, _)) if !short.is_empty() => (short, quoted(&self.host)),
            _ => (self.host.as_str(), String::new()),
        };
        let host = if short.trim().is_empty() {
            String::new()
        } else {
            format!(
                "# Hosts by the name shown, and their other names and addresses: what belongs together is joined by them.\n\
                 [[host]]\nname = {}\nnames = [{full}]\n\n",
                quoted(short)
            )
        };
        format!(
            "# midwatch: what is looked at, and how. Written by `midwatch init` from what was found on this machine.\n\
             # midwatch itself never changes this file again, unless you run `midwatch add URL`, which adds a source\n\
             # for what answers there. `midwatch check` tells whether all is right.\n\
             # Every key is in `midwatch generate schema`, every kind of source in `midwatch generate sources`.\n\n\
             # Who is at the keys, for notes. A shared account is not a person: without this line you are asked once.\n\
             # `--as NAME` and MIDWATCH_USER win over it.\n\
             # person = {user}\n\n\
             # Times are shown in UTC, or in this zone by `t`.\n\
             {timezone}\n\n\
             # theme = \"midnight\"      # daylight, high-contrast, colour-blind, mono, terminal\n\n\
             {credentials}\
             # What is read. Each source has a name and a kind; the other keys are the kind's own.\n\n\
             {sources}\
             {hints}\
             {host}\
             # Where things run. Nothing may be changed in an environment that does not allow it.\n\
             # [[environment]]\n\
             # name = \"prod-eu\"\n\
             # production = true\n\n\
             {runbooks}",
            user = quoted(&self.user),
            runbooks = commented(RUNBOOKS),
        )
    }
}

/// Runbooks and diagnostics as one may write them. What they name is not here, so they are comments.
const RUNBOOKS: &str = r#"Runbooks: K on an alert shows its file or its runbook_url.
[runbooks]
dirs = ["~/runbooks"]

Programs that only look; D on a row runs them side by side. {host}, {service}, {alert} and {environment} are what the
row is about.
[[diagnostic]]
name = "disk"
argv = ["ssh", "-oBatchMode=yes", "-oConnectTimeout=5", "--", "{host}", "df", "-hP"]
env = ["SSH_AUTH_SOCK"]

[[diagnostic]]
name = "memory"
argv = ["ssh", "-oBatchMode=yes", "-oConnectTimeout=5", "--", "{host}", "free", "-m"]
env = ["SSH_AUTH_SOCK"]

[[diagnostic]]
name = "CPU"
argv = ["ssh", "-oBatchMode=yes", "-oConnectTimeout=5", "--", "{host}", "top", "-b", "-n1", "-w160"]
env = ["SSH_AUTH_SOCK"]

[[diagnostic]]
name = "certificate"
argv = ["curl", "--silent", "--show-error", "--verbose", "--max-time", "8", "--output", "/dev/null", "https://{host}/"]

[[diagnostic]]
name = "DNS"
argv = ["getent", "ahosts", "{host}"]
"#;

/// The `[[source]]` tables, no two of one name.
fn sources(draft: &Draft) -> String {
    let mut taken = BTreeSet::new();
    draft.sources.iter().map(|source| source.text(&mut taken) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::machine::testing::Fake;
    use super::*;
    use crate::config::of_text;
    use crate::net::Net;
    use crate::net::credential::Vault;

    fn machine() -> Fake {
        let mut fake = Fake { programs: vec!["gh", "kubectl"], ..Fake::default() };
        fake.processes = vec!["prometheus"];
        fake.variables.insert("HOME", "/home/kim".into());
        fake.variables.insert("https_proxy", "http://kim:pw@proxy:3128".into());
        fake.files.insert("/home/kim/.config/gh/hosts.yml", "github.com:\n  oauth_token: gho_x\n");
        fake.files.insert("/home/kim/.kube/config", "contexts: [{name: \"pr\\nod\"}, {name: \"a \\\"b\"}]\n");
        fake.files.insert("/srv/shop/web/.git/config", "[remote \"o\"]\nurl = git@github.com:a/b\n");
        let listening =
            "  sl\n   0: 0100007F:2382 00000000:0000 0A 0\n   1: 0100007F:2385 00000000:0000 0A 0\n";
        fake.files.insert("/proc/net/tcp", listening);
        fake.files.insert(
            "/etc/prometheus/prometheus.yml",
            "alerting: {alertmanagers: [{static_configs: [{targets: [am:9093]}], scheme: https}]}\n",
        );
        fake
    }

    #[test]
    fn what_is_written_is_a_configuration_whatever_was_found() {
        let mut local =
            Local { user: "ana".into(), host: "db-7.example.com".into(), ..Local::on(&machine()) };
        local.zone = Some("Europe/Berlin".into());
        local.logs = Logs::of(&["prometheus", "quo\"te"], true);
        for text in [local.tables(), local.configuration()] {
            let read = of_text(&"found".into(), &text, &registry::kinds(), None);
            let (read, _) = read.unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
            let names: Vec<_> = read.iter().map(|source| source.name.as_str().unwrap()).collect();
            assert_eq!(names[..5], ["journal", "prometheus", "quo\"te", "prometheus-2", "alertmanager"]);
            let nobody = Vault::new(&[], [], Arc::new(|| jiff::Timestamp::UNIX_EPOCH));
            assert!(registry::build(&read, &Net::new(nobody)).is_ok());
        }
        // What is only told is a comment; a name with an end of line in it is not told at all.
        let text = local.configuration();
        assert!(text.contains("# argv = [\"kubectl\", \"--context\", \"a \\\"b\""), "{text}");
        assert!(text.contains("# https_proxy is http://proxy:3128: "), "{text}");
        assert!(!text.contains("gho_x") && !text.contains("kim:pw"), "{text}");
    }

    #[test]
    fn only_kinds_that_there_are_are_written() {
        let known: Vec<_> = registry::ENTRIES.iter().map(|entry| entry.kind.name).collect();
        let draft = Local::on(&machine()).draft();
        assert!(draft.sources.iter().all(|source| known.contains(&source.kind)), "{:?}", draft.sources);
        assert_eq!(draft.credentials.is_empty(), !known.contains(&"github-actions"));
    }
}
