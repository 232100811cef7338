//! A Prometheus and an Alertmanager on this machine, and the Alertmanagers that a `prometheus.yml` names.

use std::collections::BTreeSet;
use std::path::Path;

use url::Url;

use super::machine::Machine;
use super::yaml::Yaml;
use crate::config::endpoint::is_loopback;
use crate::model::text::SafeText;
use crate::safe;
use crate::source::written::{Draft, SourceText, bare, list, quoted};

/// Where packages and archives put it.
const SETTINGS: &[&str] = &[
    "/etc/prometheus/prometheus.yml",
    "/etc/prometheus.yml",
    "/usr/local/etc/prometheus.yml",
    "/opt/prometheus/prometheus.yml",
];
/// Addresses that are used.
const TARGETS: usize = 20;
/// A kind of source, its usual port, and the name of its process.
const PROGRAMS: &[(&str, u16, &str)] =
    &[("prometheus", 9090, "prometheus"), ("alertmanager", 9093, "alertmanager")];

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Alerting {
    /// Kinds and ports of this machine whose process runs.
    running: Vec<(&'static str, u16)>,
    /// Kinds and ports of this machine where something listens that may be another program.
    maybe: Vec<(&'static str, u16)>,
    /// The `prometheus.yml`.
    file: Option<&'static str>,
    /// Whether it may not be read.
    denied: bool,
    /// Alertmanagers that it names.
    targets: Vec<Url>,
    /// Those of them on this machine where nothing listens: a package's settings name one that may
    /// not be there.
    silent: Vec<Url>,
    /// Whether it finds some by other ways than by naming them.
    finds_more: bool,
}

impl Alerting {
    pub(super) fn find(machine: &impl Machine) -> Self {
        let mut found = Self::default();
        let tables: Vec<_> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|path| machine.text(Path::new(path)).ok())
            .collect();
        let listening = |port| tables.iter().any(|table| listens(table, port));
        let programs: Vec<_> = PROGRAMS.iter().filter(|(_, port, _)| listening(*port)).collect();
        if !programs.is_empty() {
            let processes = machine.processes();
            for (kind, port, process) in programs {
                let list = if processes.contains(*process) { &mut found.running } else { &mut found.maybe };
                list.push((kind, *port));
            }
        }
        for &path in SETTINGS {
            match machine.text(Path::new(path)) {
                Ok(text) => {
                    found.file = Some(path);
                    found.read(&text, listening);
                    break;
                }
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    (found.file, found.denied) = (Some(path), true);
                    break;
                }
                Err(_) => {}
            }
        }
        found
    }

    fn read(&mut self, text: &str, listening: impl Fn(u16) -> bool) {
        let Some(yaml) = Yaml::read(text) else { return };
        for group in yaml.get("alerting").get("alertmanagers").items() {
            self.finds_more |= group.entries().iter().any(|(key, _)| key.ends_with("_sd_configs"));
            let scheme = group.get("scheme").text().unwrap_or("http");
            let prefix = group.get("path_prefix").text().unwrap_or("/");
            let listed =
                group.get("static_configs").items().iter().flat_map(|config| config.get("targets").items());
            for target in listed.filter_map(Yaml::text) {
                // A user or a password has no place there, and none in what is written from it.
                let url = Url::parse(&format!("{scheme}://{target}/{}", prefix.trim_start_matches('/')));
                let Some(mut url) = url.ok().and_then(bare) else { continue };
                if url.host_str() == Some("localhost") && url.set_host(Some("127.0.0.1")).is_err() {
                    continue;
                }
                let is_silent = is_loopback(&url) && !url.port_or_known_default().is_some_and(&listening);
                let list = if is_silent { &mut self.silent } else { &mut self.targets };
                if list.len() < TARGETS && !list.contains(&url) {
                    list.push(url);
                }
            }
        }
    }

    pub(super) fn facts(&self) -> Vec<SafeText> {
        let mut facts = Vec::new();
        for (kind, port) in &self.running {
            facts.push(safe!("{} runs here, port {}", SafeText::literal(kind), u64::from(*port)));
        }
        for (kind, port) in &self.maybe {
            facts.push(safe!(
                "something listens on port {}, as {} would",
                u64::from(*port),
                SafeText::literal(kind)
            ));
        }
        if let Some(file) = self.file {
            let file = SafeText::literal(file);
            let mut fact = match (self.denied, self.named()) {
                (true, _) => safe!("there is {}, which you may not read", file),
                (false, 0) => safe!("{} names no Alertmanager", file),
                (false, 1) => safe!("{} names 1 Alertmanager", file),
                (false, many) => safe!("{} names {} Alertmanagers", file, many),
            };
            match self.targets.iter().filter(|url| is_readable(url)).count() + self.silent.len() {
                0 => {}
                listed => fact.push(&safe!(" ({} used, {} listed)", self.named() - listed, listed)),
            }
            facts.push(fact);
        }
        facts
    }

    /// How many the file names.
    fn named(&self) -> usize {
        self.targets.len() + self.silent.len()
    }

    /// Writes what the registry has a kind for.
    pub(super) fn write(&self, knows: impl Fn(&str) -> bool, draft: &mut Draft) {
        let here = |port: u16| format!("http://127.0.0.1:{port}");
        let mut urls: Vec<String> = Vec::new();
        for (kind, port) in self.running.iter().filter(|(kind, _)| knows(kind)) {
            if *kind == "alertmanager" {
                urls.push(here(*port));
            } else {
                draft.sources.push(SourceText::new(
                    *kind,
                    kind,
                    vec![format!("url = {}", quoted(&here(*port)))],
                ));
            }
        }
        for (kind, port) in self.maybe.iter().filter(|(kind, _)| knows(kind)) {
            let table = SourceText::new(*kind, kind, vec![format!("url = {}", quoted(&here(*port)))]);
            let table = table.text(&mut BTreeSet::new());
            draft.hints.push(format!("Something listens on port {port}. If it is {kind}:\n{table}"));
        }
        if !knows("alertmanager") {
            return;
        }
        let shown = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let (readable, safe): (Vec<_>, Vec<_>) = self.targets.iter().partition(|url| is_readable(url));
        for url in safe.iter().map(|url| shown(url)) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        let file = self.file.unwrap_or_default();
        if !urls.is_empty() {
            let source = SourceText::new("alertmanager", "alertmanager", vec![list("urls", &urls)]);
            draft.sources.push(if safe.is_empty() {
                source
            } else {
                source.because(format!("Named in {file}."))
            });
        }
        if !readable.is_empty() {
            let urls: Vec<_> = readable.iter().map(|url| shown(url)).collect();
            let keys = vec![list("urls", &urls), "allow_plaintext = true".to_owned()];
            let table = SourceText::new("alertmanager", "alertmanager", keys).text(&mut BTreeSet::new());
            let what = format!(
                "{file} names these by http, which everybody on the way can read. If that is all right here:"
            );
            draft.hints.push(format!("{what}\n{table}"));
        }
        for url in &self.silent {
            let url = shown(url);
            draft.hints.push(format!("{file} names an Alertmanager at {url}, where nothing listens now."));
        }
        if self.finds_more {
            draft.hints.push(format!(
                "{file} finds Alertmanagers by service discovery too; they are not known here."
            ));
        }
    }
}

/// Whether everybody on the way can read what is asked there: such an address is used only when a person
/// says so.
fn is_readable(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// Whether the kernel's table of sockets has one that listens on this port, for this machine or for all.
fn listens(table: &str, port: u16) -> bool {
    const LISTEN: &str = "0A";
    // Addresses are words of four bytes, each in the machine's own order; only these matter.
    const OURS: &[&str] = &[
        "00000000",
        "0100007F",
        "00000000000000000000000000000000",
        "00000000000000000000000001000000",
        "0000000000000000FFFF00000100007F",
    ];
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().and_then(|local| local.split_once(':'));
        let is_listening = fields.nth(1) == Some(LISTEN);
        is_listening
            && local.is_some_and(|(address, at)| {
                OURS.contains(&address) && u16::from_str_radix(at, 16) == Ok(port)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::machine::testing::Fake;
    use super::*;

    /// 127.0.0.1:9093 and *:22 listen; a connection to port 9090 is no listener.
    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:2385 00000000:0000 0A 00000000:00000000 00:00000000 00000000   113        0 23456 1 0000000000000000 100 0 0 10 0\n   \
        1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n   \
        2: 0100007F:2382 0100007F:A3C4 01 00000000:00000000 00:00000000 00000000   113        0 34567 1 0000000000000000 20 4 30 10 -1\n";
    /// *:9090 listens.
    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 00000000000000000000000000000000:2382 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   113        0 23457 1 0000000000000000 100 0 0 10 0\n";
    const SETTINGS: &str = "global:\n  scrape_interval: 15s\nalerting:\n  alertmanagers:\n  - static_configs:\n    - targets: ['localhost:9093']\n  \
        - scheme: https\n    path_prefix: /am\n    static_configs:\n    - targets:\n      - am-1.example.com\n      - kim:pw@am-2.example.com:9443\n  \
        - static_configs:\n    - targets: [\"10.0.0.7:9093\"]\n    dns_sd_configs:\n    - names: [am.example.com]\n\
        scrape_configs:\n- job_name: prometheus\n  static_configs:\n  - targets: ['localhost:9090']\n";

    fn drafted(alerting: &Alerting) -> (String, String) {
        let mut draft = Draft::default();
        alerting.write(|_| true, &mut draft);
        let mut taken = BTreeSet::new();
        (draft.sources.iter().map(|source| source.text(&mut taken)).collect(), draft.hints.join("\n"))
    }

    fn machine() -> Fake {
        let mut fake = Fake { processes: vec!["systemd", "prometheus", "alertmanager"], ..Fake::default() };
        fake.files.insert("/proc/net/tcp", TCP);
        fake.files.insert("/proc/net/tcp6", TCP6);
        fake.files.insert("/etc/prometheus/prometheus.yml", SETTINGS);
        fake
    }

    #[test]
    fn what_runs_here_and_what_is_named_becomes_sources() {
        let alerting = Alerting::find(&machine());
        let (sources, hints) = drafted(&alerting);
        assert_eq!(
            sources,
            "[[source]]\nname = \"prometheus\"\nkind = \"prometheus\"\nurl = \"http://127.0.0.1:9090\"\n\
             # Named in /etc/prometheus/prometheus.yml.\n[[source]]\nname = \"alertmanager\"\nkind = \"alertmanager\"\n\
             urls = [\"http://127.0.0.1:9093\", \"https://am-1.example.com/am\", \"https://am-2.example.com:9443/am\"]\n"
        );
        assert!(hints.contains("urls = [\"http://10.0.0.7:9093\"]\nallow_plaintext = true\n"), "{hints}");
        assert!(hints.contains("by service discovery too"), "{hints}");
        let facts: Vec<_> = alerting.facts().iter().map(|fact| fact.as_str().to_owned()).collect();
        assert_eq!(
            facts,
            [
                "prometheus runs here, port 9090",
                "alertmanager runs here, port 9093",
                "/etc/prometheus/prometheus.yml names 4 Alertmanagers (3 used, 1 listed)"
            ]
        );
    }

    #[test]
    fn an_alertmanager_of_this_machine_that_is_not_there_is_only_told() {
        let mut fake = machine();
        fake.files.remove("/proc/net/tcp");
        let alerting = Alerting::find(&fake);
        let (sources, hints) = drafted(&alerting);
        assert!(!sources.contains("9093"), "{sources}");
        let told = "names an Alertmanager at http://127.0.0.1:9093, where nothing listens now.";
        assert!(hints.contains(told), "{hints}");
        assert_eq!(
            alerting.facts().last().unwrap().as_str(),
            "/etc/prometheus/prometheus.yml names 4 Alertmanagers (2 used, 2 listed)"
        );
    }

    #[test]
    fn another_program_on_the_port_is_only_told() {
        let mut fake = machine();
        fake.processes = vec!["cockpit-ws"];
        fake.files.remove("/etc/prometheus/prometheus.yml");
        fake.denied.push("/etc/prometheus.yml");
        let alerting = Alerting::find(&fake);
        let (sources, hints) = drafted(&alerting);
        assert_eq!(sources, "");
        assert!(
            hints.contains("Something listens on port 9090. If it is prometheus:\n[[source]]\n"),
            "{hints}"
        );
        let facts = alerting.facts();
        assert_eq!(facts.last().unwrap().as_str(), "there is /etc/prometheus.yml, which you may not read");
        let mut draft = Draft::default();
        Alerting::find(&machine()).write(|_| false, &mut draft);
        assert!(draft.sources.is_empty() && draft.hints.is_empty());
        assert_eq!(Alerting::find(&Fake::default()), Alerting::default());
    }
}
