//! What sources may need and what is only told: contexts of kubectl, proxies.

use std::path::{Path, PathBuf};

use url::Url;

use super::machine::Machine;
use super::yaml::Yaml;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::source::written::{Draft, bare, list};

/// Contexts that are told.
const CONTEXTS: usize = 20;
/// Files that `KUBECONFIG` may name.
const FILES: usize = 20;

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Surroundings {
    contexts: Vec<String>,
    current: Option<String>,
    kubectl: bool,
    /// Names of variables, and their proxy without user and password.
    proxies: Vec<(String, String)>,
}

impl Surroundings {
    pub(super) fn find(machine: &impl Machine) -> Self {
        let mut found = Self { kubectl: machine.program("kubectl").is_some(), ..Self::default() };
        let files: Vec<PathBuf> = match (machine.variable("KUBECONFIG"), machine.variable("HOME")) {
            (Some(listed), _) => {
                listed.split(':').filter(|path| !path.is_empty()).map(PathBuf::from).collect()
            }
            (None, Some(home)) => vec![Path::new(&home).join(".kube/config")],
            (None, None) => Vec::new(),
        };
        // Only names are kept: the files may hold keys and tokens, and programs that are never run here.
        for path in files.iter().take(FILES) {
            let Some(yaml) = machine.text(path).ok().and_then(|text| Yaml::read(&text)) else { continue };
            // Of several files the first that says it counts.
            found.current = found.current.or_else(|| yaml.get("current-context").text().map(str::to_owned));
            for name in yaml.get("contexts").items().iter().filter_map(|context| context.get("name").text()) {
                if !name.contains(char::is_control) && !found.contexts.iter().any(|known| known == name) {
                    found.contexts.push(name.to_owned());
                }
            }
        }
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
            let low = name.to_ascii_lowercase();
            let said =
                [low.as_str(), name].into_iter().find_map(|name| Some((name, machine.variable(name)?)));
            if let Some((said, value)) = said {
                let shown = if name == "NO_PROXY" { value } else { without_user(&value) };
                found.proxies.push((said.to_owned(), shown));
            }
        }
        found
    }

    pub(super) fn facts(&self) -> Vec<SafeText> {
        let text = |text: &str| clean(&RawText::from(text));
        let mut facts = Vec::new();
        if !self.contexts.is_empty() {
            facts.push(safe!("contexts of kubectl: {}", text(&self.listed().join(", "))));
        }
        facts.extend(self.proxies.iter().map(|(name, value)| safe!("{} is {}", text(name), text(value))));
        facts
    }

    /// The contexts with the current one marked, as many as are told.
    fn listed(&self) -> Vec<String> {
        let marked = |name: &String| {
            if Some(name) == self.current.as_ref() { format!("{name} (current)") } else { name.clone() }
        };
        let mut listed: Vec<_> = self.contexts.iter().take(CONTEXTS).map(marked).collect();
        if self.contexts.len() > CONTEXTS {
            listed.push(format!("and {} more", self.contexts.len() - CONTEXTS));
        }
        listed
    }

    pub(super) fn write(&self, draft: &mut Draft) {
        if !self.contexts.is_empty() && self.kubectl {
            let one = self.current.as_ref().or(self.contexts.first()).cloned().unwrap_or_default();
            let argv = ["kubectl", "--context", &one, "logs", "-f", "deploy/NAME"].map(str::to_owned);
            draft.hints.push(format!(
                "Contexts of kubectl: {}.\nThe lines of a workload:\n[[source]]\nname = \"NAME\"\nkind = \"command\"\n{}",
                self.listed().join(", "),
                list("argv", &argv)
            ));
        }
        let proxies: Vec<_> =
            self.proxies.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("NO_PROXY")).collect();
        if let [(first, value), ..] = proxies.as_slice() {
            draft.hints.push(format!(
                "{first} is {value}: sources on other machines are reached through it, as all such variables say.\n\
                 proxy = \"none\"      # in a [[source]]: past it"
            ));
        }
    }
}

/// The address of a proxy without user and password.
fn without_user(value: &str) -> String {
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let shown = Url::parse(&with_scheme).ok().and_then(bare);
    shown.map_or("set, but no address".to_owned(), |url| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::machine::testing::Fake;
    use super::*;

    const KUBE: &str = "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: https://10.0.0.1:6443\n  name: prod\n\
        contexts:\n- context:\n    cluster: prod\n    user: kim\n  name: prod-eu\n- context: {cluster: stage}\n  name: staging\n\
        current-context: prod-eu\nusers:\n- name: kim\n  user:\n    token: aaaaaaaaaaaa\n    exec:\n      command: evil\n";

    fn written(found: &Surroundings) -> String {
        let mut draft = Draft::default();
        found.write(&mut draft);
        draft.hints.join("\n")
    }

    #[test]
    fn contexts_are_told_by_name_and_nothing_else_of_their_files() {
        let mut fake = Fake { programs: vec!["kubectl"], ..Fake::default() };
        fake.variables.insert("HOME", "/home/kim".into());
        fake.files.insert("/home/kim/.kube/config", KUBE);
        let found = Surroundings::find(&fake);
        let text = written(&found);
        assert!(text.starts_with("Contexts of kubectl: prod-eu (current), staging.\n"), "{text}");
        assert!(text.contains("argv = [\"kubectl\", \"--context\", \"prod-eu\", \"logs\""), "{text}");
        for kept_out in ["aaaa", "evil", "10.0.0.1"] {
            assert!(!text.contains(kept_out) && !format!("{found:?}").contains(kept_out), "{kept_out}");
        }
        fake.variables.insert("KUBECONFIG", "/nowhere:/k/a::/k/b".into());
        fake.files.insert("/k/a", "contexts: [{name: one}]\n");
        fake.files.insert("/k/b", "contexts: [{name: two}, {name: one}]\ncurrent-context: two\n");
        let facts = Surroundings::find(&fake).facts();
        assert_eq!(facts[0].as_str(), "contexts of kubectl: one, two (current)");
        fake.programs.clear();
        assert_eq!(written(&Surroundings::find(&fake)), "");
    }

    #[test]
    fn proxies_are_told_without_user_and_password() {
        let mut fake = Fake::default();
        fake.variables.insert("https_proxy", "http://kim:pw@proxy.example:3128".into());
        fake.variables.insert("HTTPS_PROXY", "http://other:1".into());
        fake.variables.insert("ALL_PROXY", "kim:pw@second:1080/?token=x".into());
        fake.variables.insert("NO_PROXY", ".example.com,10.0.0.0/8".into());
        let found = Surroundings::find(&fake);
        let facts: Vec<_> = found.facts().iter().map(|fact| fact.as_str().to_owned()).collect();
        assert_eq!(
            facts,
            [
                "https_proxy is http://proxy.example:3128",
                "ALL_PROXY is http://second:1080",
                "NO_PROXY is .example.com,10.0.0.0/8"
            ]
        );
        assert!(
            written(&found)
                .starts_with("https_proxy is http://proxy.example:3128: sources on other machines")
        );
    }
}
