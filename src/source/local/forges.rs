//! Logins of gh and glab, and the repositories whose working copy the person stands in.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use url::Url;

use super::machine::Machine;
use super::yaml::Yaml;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::source::written::{Draft, SourceText, list, quoted};

/// Hosts of one tool that are used.
const HOSTS: usize = 10;
/// Remotes of a working copy that are used.
const REMOTES: usize = 20;
/// Folders upward in which a working copy may begin.
const UPWARD: usize = 30;

/// A forge that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Forge {
    GitHub,
    GitLab,
}

impl Forge {
    /// The kind of source of its pipelines.
    fn kind(self) -> &'static str {
        match self {
            Self::GitHub => "github-actions",
            Self::GitLab => "gitlab-ci",
        }
    }

    /// Its own tool.
    fn tool(self) -> &'static str {
        match self {
            Self::GitHub => "gh",
            Self::GitLab => "glab",
        }
    }

    /// The host that everybody shares.
    fn host(self) -> &'static str {
        match self {
            Self::GitHub => "github.com",
            Self::GitLab => "gitlab.com",
        }
    }
}

/// A tool that is logged in to a host.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Login {
    forge: Forge,
    host: String,
    program: PathBuf,
}

/// A repository that a remote leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Repository {
    host: String,
    /// Its owner or groups, and its name.
    path: String,
}

/// What was found of forges.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Forges {
    logins: Vec<Login>,
    /// Variables that the tools need to find their login, as far as they are set.
    variables: Vec<&'static str>,
    repositories: Vec<Repository>,
}

impl Forges {
    pub(super) fn find(machine: &impl Machine) -> Self {
        let mut logins = logins_of_gh(machine);
        logins.extend(logins_of_glab(machine));
        let needed = [
            "GH_CONFIG_DIR",
            "GLAB_CONFIG_DIR",
            "XDG_CONFIG_HOME",
            "XDG_RUNTIME_DIR",
            "DBUS_SESSION_BUS_ADDRESS",
        ];
        let variables = needed.into_iter().filter(|name| machine.variable(name).is_some()).collect();
        Self { logins, variables, repositories: repositories(machine) }
    }

    pub(super) fn facts(&self) -> Vec<SafeText> {
        let text = |text: &str| clean(&RawText::from(text));
        let logins = self.logins.iter().map(|login| {
            safe!("{} is logged in to {}", SafeText::literal(login.forge.tool()), text(&login.host))
        });
        let remotes = self.repositories.iter().map(|repository| {
            let unknown =
                if self.forge_of(&repository.host).is_none() { ", a forge that is not known" } else { "" };
            let (path, host) = (text(&repository.path), text(&repository.host));
            safe!("the git remotes here lead to {} at {}{}", path, host, SafeText::literal(unknown))
        });
        logins.chain(remotes).collect()
    }

    /// Writes what the registry has a kind for.
    pub(super) fn write(&self, knows: impl Fn(&str) -> bool, draft: &mut Draft) {
        for forge in [Forge::GitHub, Forge::GitLab] {
            if !knows(forge.kind()) {
                continue;
            }
            for login in self.logins.iter().filter(|login| login.forge == forge) {
                let repositories = self.at(&login.host);
                let credential = self.credential(login);
                let mut source = source(forge, &login.host, &repositories);
                source.keys.push(format!("credential = {}", quoted(&name_of(login))));
                if repositories.is_empty() {
                    let what = format!(
                        "{} is logged in to {}. Its runs, when you say of what:",
                        forge.tool(),
                        login.host
                    );
                    let table = source.text(&mut BTreeSet::new());
                    draft.hints.push(format!("{what}\n{credential}{table}"));
                } else {
                    draft.credentials.push(credential);
                    draft.sources.push(source);
                }
            }
        }
        let mut told = Vec::new();
        for repository in &self.repositories {
            let host = repository.host.as_str();
            if told.contains(&host) || self.logins.iter().any(|login| login.host == host) {
                continue;
            }
            told.push(host);
            let Some(forge) = self.forge_of(host).filter(|forge| knows(forge.kind())) else { continue };
            let table = source(forge, host, &self.at(host)).text(&mut BTreeSet::new());
            let tool = forge.tool();
            let what = format!(
                "The git remotes of the folder where `midwatch init` ran lead to {host}.\n\
                 After `{tool} auth login --hostname {host}`, `midwatch init --stdout` shows this with the login:"
            );
            draft.hints.push(format!("{what}\n{table}"));
        }
    }

    fn credential(&self, login: &Login) -> String {
        let words: &[&str] = match login.forge {
            Forge::GitHub => &["auth", "token", "--hostname", &login.host],
            Forge::GitLab => &["config", "get", "token", "--host", &login.host],
        };
        let program = login.program.to_string_lossy().into_owned();
        let argv: Vec<_> =
            std::iter::once(program).chain(words.iter().map(|word| (*word).to_owned())).collect();
        let mut text =
            format!("[[credential]]\nname = {}\n{}\n", quoted(&name_of(login)), list("argv", &argv));
        let own = |name: &&&str| match login.forge {
            Forge::GitHub => **name != "GLAB_CONFIG_DIR",
            Forge::GitLab => **name != "GH_CONFIG_DIR",
        };
        let variables: Vec<_> = self.variables.iter().filter(own).map(|name| (*name).to_owned()).collect();
        if !variables.is_empty() {
            text += &list("env", &variables);
            text.push('\n');
        }
        text
    }

    /// The repositories at a host.
    fn at(&self, host: &str) -> Vec<String> {
        let here = self.repositories.iter().filter(|repository| repository.host == host);
        here.map(|repository| repository.path.clone()).collect()
    }

    /// What a host runs: what its tool says, else what its name says.
    fn forge_of(&self, host: &str) -> Option<Forge> {
        let login = self.logins.iter().find(|login| login.host == host);
        let named =
            |forge: &Forge| host == forge.host() || host.split('.').next() == forge.host().split('.').next();
        login.map(|login| login.forge).or_else(|| [Forge::GitHub, Forge::GitLab].into_iter().find(named))
    }
}

fn name_of(login: &Login) -> String {
    format!("{}-{}", login.forge.tool(), login.host)
}

/// The source of a host's runs. Without repositories it shows how they are named.
fn source(forge: Forge, host: &str, repositories: &[String]) -> SourceText {
    let (key, example) = match forge {
        Forge::GitHub => ("repos", "OWNER/NAME"),
        Forge::GitLab => ("projects", "GROUP/NAME"),
    };
    let example = [example.to_owned()];
    let mut keys = vec![list(key, if repositories.is_empty() { &example } else { repositories })];
    if host != forge.host() {
        // GitHub Enterprise Server has its API there.
        let path = if forge == Forge::GitHub { "/api/v3" } else { "" };
        keys.push(format!("url = {}", quoted(&format!("https://{host}{path}"))));
    }
    let name = if host == forge.host() { host.split('.').next().unwrap_or(host) } else { host };
    SourceText::new(name, forge.kind(), keys)
}

/// The hosts in gh's `hosts.yml`. Nothing else of the file is kept: it may hold tokens.
fn logins_of_gh(machine: &impl Machine) -> Vec<Login> {
    let forge = Forge::GitHub;
    let Some(program) = machine.program(forge.tool()) else { return Vec::new() };
    let Some(folder) = settings(machine, "GH_CONFIG_DIR", "gh") else { return Vec::new() };
    let hosts = machine.text(&folder.join("hosts.yml")).ok().and_then(|text| Yaml::read(&text));
    let names = hosts.iter().flat_map(Yaml::entries).map(|(host, _)| host.clone());
    let names = names.filter(|host| is_host(host)).take(HOSTS);
    names.map(|host| Login { forge, host, program: program.clone() }).collect()
}

/// The hosts in glab's `config.yml` that somebody logged in to: gitlab.com is always there.
fn logins_of_glab(machine: &impl Machine) -> Vec<Login> {
    let forge = Forge::GitLab;
    let Some(program) = machine.program(forge.tool()) else { return Vec::new() };
    let Some(folder) = settings(machine, "GLAB_CONFIG_DIR", "glab-cli") else { return Vec::new() };
    let config = machine.text(&folder.join("config.yml")).ok().and_then(|text| Yaml::read(&text));
    let hosts = config.iter().flat_map(|config| config.get("hosts").entries());
    let known = hosts.filter(|(host, of)| is_host(host) && of.get("user").text().is_some()).take(HOSTS);
    known.map(|(host, _)| Login { forge, host: host.clone(), program: program.clone() }).collect()
}

/// Where a tool keeps its settings.
fn settings(machine: &impl Machine, own: &str, folder: &str) -> Option<PathBuf> {
    let own = machine.variable(own).map(PathBuf::from);
    let shared = || machine.variable("XDG_CONFIG_HOME").map(|shared| Path::new(&shared).join(folder));
    let home = || machine.variable("HOME").map(|home| Path::new(&home).join(".config").join(folder));
    own.or_else(shared).or_else(home)
}

fn is_host(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    !text.is_empty() && text.len() < 256 && text.chars().all(is_part) && !text.starts_with('-')
}

/// The repositories that the remotes of the working copy here lead to, in their order.
fn repositories(machine: &impl Machine) -> Vec<Repository> {
    let Some(folder) = machine.folder() else { return Vec::new() };
    let config = folder.ancestors().take(UPWARD).find_map(|folder| {
        let inside = folder.join(".git");
        machine.text(&inside.join("config")).ok().or_else(|| linked(machine, folder, &inside))
    });
    let mut found = Vec::new();
    for repository in config.iter().flat_map(|config| remotes(config)).filter_map(repository) {
        if found.len() < REMOTES && !found.contains(&repository) {
            found.push(repository);
        }
    }
    found
}

/// The configuration of a working copy whose `.git` is a file: a work tree of another, or a submodule.
fn linked(machine: &impl Machine, folder: &Path, file: &Path) -> Option<String> {
    let text = machine.text(file).ok()?;
    let inside = tidy(&folder.join(text.lines().next()?.strip_prefix("gitdir:")?.trim()));
    let shared = machine.text(&inside.join("commondir")).ok();
    let shared = shared.map_or(inside.clone(), |shared| tidy(&inside.join(shared.trim())));
    machine.text(&shared.join("config")).ok()
}

/// A path without `..` and `.`.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                tidy.pop();
            }
            Component::CurDir => {}
            part => tidy.push(part),
        }
    }
    tidy
}

/// The addresses of all remotes in a git configuration.
fn remotes(config: &str) -> Vec<&str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.to_ascii_lowercase().starts_with("[remote ");
        } else if inside
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("url")
        {
            let value = value.split([';', '#']).next().unwrap_or_default();
            found.push(value.trim().trim_matches('"'));
        }
    }
    found
}

/// The repository of an address, without user and password. None for a folder of this machine.
fn repository(address: &str) -> Option<Repository> {
    let (host, path) = match Url::parse(address) {
        Ok(url) if address.contains("://") => (url.host_str()?.to_owned(), url.path().to_owned()),
        // As ssh and scp have it: user@host:path
        _ => {
            let (host, path) = address.split_once(':').filter(|(host, _)| !host.contains('/'))?;
            (host.rsplit_once('@').map_or(host, |(_, host)| host).to_owned(), path.to_owned())
        }
    };
    let host = match host.to_ascii_lowercase().as_str() {
        // Their ssh on the port of https.
        "ssh.github.com" => "github.com".to_owned(),
        "altssh.gitlab.com" => "gitlab.com".to_owned(),
        host => host.to_owned(),
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    let is_path = path.contains('/') && path.split('/').all(is_part);
    (is_host(&host) && is_path).then(|| Repository { host, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::machine::testing::Fake;
    use super::*;

    /// As gh 2.x writes it with the token in a file, and glab 1.x.
    const GH: &str = "github.com:\n    users:\n        kim:\n            oauth_token: gho_aaaaaaaaaaaaaaaaaaaa\n    \
                      git_protocol: ssh\n    oauth_token: gho_aaaaaaaaaaaaaaaaaaaa\n    user: kim\n\
                      ghe.example.com:\n    user: kim\n    git_protocol: https\n";
    const GLAB: &str = "# What protocol to use\ngit_protocol: ssh\neditor:\nhosts:\n    gitlab.com:\n        # no login\n        \
                        api_protocol: https\n        api_host: gitlab.com\n        token:\n    git.example.org:\n        \
                        token: !!null glpat-aaaaaaaaaaaaaaaaaaaa\n        api_host: git.example.org\n        user: kim\n";
    const CONFIG: &str = "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:shop/web.git\n\
                          \tfetch = +refs/heads/*:refs/remotes/origin/*\n[remote \"upstream\"]\n\
                          \turl = https://kim:ghp_secret@github.com/upstream/web\n[remote \"mirror\"]\n\
                          \tURL = \"ssh://git@git.example.org:2222/team/apps/web.git\" ; ours\n[remote \"disk\"]\n\
                          \turl = /srv/git/web.git\n[remote \"again\"]\n\turl = https://github.com/shop/web/\n\
                          [branch \"main\"]\n\turl = git@github.com:not/one.git\n";

    fn machine() -> Fake {
        let mut fake = Fake { programs: vec!["gh", "glab"], ..Fake::default() };
        fake.variables.insert("HOME", "/home/kim".into());
        fake.files.insert("/home/kim/.config/gh/hosts.yml", GH);
        fake.files.insert("/home/kim/.config/glab-cli/config.yml", GLAB);
        fake.files.insert("/srv/shop/.git/config", CONFIG);
        fake
    }

    fn written(forges: &Forges) -> (String, String) {
        let mut draft = Draft::default();
        forges.write(|_| true, &mut draft);
        let mut taken = BTreeSet::new();
        let sources: String = draft.sources.iter().map(|source| source.text(&mut taken)).collect();
        (draft.credentials.concat() + &sources, draft.hints.join("\n"))
    }

    #[test]
    fn logins_and_remotes_become_sources_that_refer_to_the_login() {
        let forges = Forges::find(&machine());
        let (text, hints) = written(&forges);
        assert_eq!(
            text,
            "[[credential]]\nname = \"gh-github.com\"\nargv = [\"/usr/bin/gh\", \"auth\", \"token\", \"--hostname\", \"github.com\"]\n\
             [[credential]]\nname = \"glab-git.example.org\"\nargv = [\"/usr/bin/glab\", \"config\", \"get\", \"token\", \"--host\", \"git.example.org\"]\n\
             [[source]]\nname = \"github\"\nkind = \"github-actions\"\nrepos = [\"shop/web\", \"upstream/web\"]\ncredential = \"gh-github.com\"\n\
             [[source]]\nname = \"git.example.org\"\nkind = \"gitlab-ci\"\nprojects = [\"team/apps/web\"]\nurl = \"https://git.example.org\"\ncredential = \"glab-git.example.org\"\n"
        );
        assert!(hints.starts_with("gh is logged in to ghe.example.com."), "{hints}");
        assert!(hints.contains("url = \"https://ghe.example.com/api/v3\""), "{hints}");
        let facts: Vec<_> = forges.facts().iter().map(|fact| fact.as_str().to_owned()).collect();
        for secret in ["gho_", "ghp_", "glpat", "kim:"] {
            assert!(!text.contains(secret) && !hints.contains(secret) && !facts.concat().contains(secret));
            assert!(!format!("{forges:?}").contains(secret), "{secret}");
        }
        assert!(facts.contains(&"gh is logged in to github.com".to_owned()), "{facts:?}");
        assert!(!facts.concat().contains("gitlab.com"), "nobody logged in there: {facts:?}");
    }

    #[test]
    fn without_a_tool_or_a_kind_nothing_is_written_but_a_hint() {
        let mut fake = machine();
        fake.programs.clear();
        let forges = Forges::find(&fake);
        let (text, hints) = written(&forges);
        assert_eq!(text, "");
        assert!(
            hints.contains("`gh auth login --hostname github.com`") && !hints.contains("git.example.org"),
            "{hints}"
        );
        let facts: Vec<_> = forges.facts().iter().map(|fact| fact.as_str().to_owned()).collect();
        assert!(
            facts.contains(
                &"the git remotes here lead to team/apps/web at git.example.org, a forge that is not known"
                    .to_owned()
            ),
            "{facts:?}"
        );
        let mut draft = Draft::default();
        Forges::find(&machine()).write(|_| false, &mut draft);
        assert!(draft.credentials.is_empty() && draft.sources.is_empty() && draft.hints.is_empty());
    }

    #[test]
    fn variables_say_where_settings_are_and_go_on_to_the_helper_by_name() {
        let mut fake = machine();
        fake.variables.insert("GH_CONFIG_DIR", "/etc/gh".into());
        fake.variables.insert("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus".into());
        fake.files.insert("/etc/gh/hosts.yml", "github.com:\n  user: kim\n-odd:\n  user: x\n");
        let (text, _) = written(&Forges::find(&fake));
        assert!(
            text.contains("\"github.com\"]\nenv = [\"GH_CONFIG_DIR\", \"DBUS_SESSION_BUS_ADDRESS\"]\n"),
            "{text}"
        );
        assert!(text.contains("\"git.example.org\"]\nenv = [\"DBUS_SESSION_BUS_ADDRESS\"]\n"), "{text}");
        assert!(!text.contains("odd") && !text.contains("/run/user"), "{text}");
    }

    #[test]
    fn work_trees_and_submodules_lead_to_their_configuration() {
        let at = |files: &[(&'static str, &'static str)]| {
            let fake = Fake { files: files.iter().copied().collect(), ..Fake::default() };
            Forges::find(&fake).repositories
        };
        let tree = at(&[
            ("/srv/shop/web/.git", "gitdir: /srv/main/.git/worktrees/web\n"),
            ("/srv/main/.git/worktrees/web/commondir", "../..\n"),
            ("/srv/main/.git/config", CONFIG),
        ]);
        assert_eq!(tree.len(), 3, "{tree:?}");
        let module = at(&[
            ("/srv/shop/web/.git", "gitdir: ../.git/modules/web\n"),
            ("/srv/shop/.git/modules/web/config", "[remote \"origin\"]\nurl = git@ssh.github.com:a/b\n"),
        ]);
        assert_eq!(module, [Repository { host: "github.com".into(), path: "a/b".into() }]);
        assert_eq!(at(&[]), []);
    }

    #[test]
    fn only_addresses_of_hosts_are_repositories() {
        for odd in [
            "../web",
            "/srv/git/a/b",
            "file:///srv/git/a/b",
            "C:",
            "git@github.com:web",
            "https://h/a/../b",
            "https://h/a b/c",
        ] {
            assert_eq!(repository(odd), None, "{odd}");
        }
    }
}
