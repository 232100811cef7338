//! Which service and which host a thing belongs to: the keys that join runs, logs and alerts.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::run::Run;
use crate::model::text::RawText;

/// Labels that name a service where nothing is configured, the most telling first.
pub const SERVICE_LABELS: &[&str] = &[
    "service",
    "service_name",
    "service.name",
    "app",
    "app_kubernetes_io_name",
    "app.kubernetes.io/name",
    "k8s_app",
    "k8s-app",
    "application",
    "container",
    "job",
];

/// Labels that name a host where nothing is configured, the most telling first.
pub const HOST_LABELS: &[&str] =
    &["host", "hostname", "host_name", "host.name", "node", "nodename", "instance"];

/// Labels and annotations that stay where there are too many, besides those of services and hosts.
const TELLING: &[&str] = &[
    "alertname",
    "severity",
    "environment",
    "env",
    "cluster",
    "namespace",
    "team",
    "summary",
    "description",
    "message",
    "runbook_url",
];

/// Which labels and annotations stay where there are too many: those that are joined on and read first.
#[derive(Clone, Debug)]
pub struct Telling(Arc<BTreeSet<String>>);

impl Default for Telling {
    fn default() -> Self {
        Self::and([])
    }
}

impl Telling {
    /// Those that every console looks at, and these.
    pub fn and(names: impl IntoIterator<Item = String>) -> Self {
        let known = [TELLING, SERVICE_LABELS, HOST_LABELS].concat().into_iter().map(str::to_owned);
        Self(Arc::new(known.chain(names).collect()))
    }

    pub(super) fn has(&self, name: &RawText) -> bool {
        self.0.contains(&*fold(name))
    }
}

/// One configured service.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceEntry {
    /// The name shown and joined on.
    pub name: RawText,
    /// Other names of the same service.
    pub aliases: Vec<RawText>,
    /// Labels that all have to be there, each with this value.
    pub labels: Vec<(RawText, RawText)>,
    /// Repositories whose runs belong to it, as `owner/name`.
    pub repos: Vec<RawText>,
    /// Sources of its logs, the one to look at first in front.
    pub logs: Vec<RawText>,
    /// Which runs deploy it.
    pub deploy: Option<DeployEntry>,
    /// What people should know of it.
    pub card: Card,
}

/// What people should know of a service or host, as far as it is configured.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Card {
    /// What it is for.
    pub role: Option<RawText>,
    /// Whose it is.
    pub owner: Option<RawText>,
    /// Whom to ask, and how.
    pub contacts: Vec<RawText>,
    /// Where more is to be had: what it is called, and its address.
    pub links: Vec<(RawText, RawText)>,
    /// The file or URL of its runbook.
    pub runbook: Option<RawText>,
}

/// Which runs deploy a service. All that is given has to fit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeployEntry {
    /// The source of the runs.
    pub source: Option<RawText>,
    /// The pipeline's name.
    pub workflow: Option<RawText>,
    /// The name of a job that the run has.
    pub job: Option<RawText>,
    /// Where they deploy to. A run that names its environment itself has to name this one.
    pub environment: Option<RawText>,
    /// What of the run says which revision is deployed.
    pub revision: Revision,
}

/// What of a run says which revision it deploys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Revision {
    /// Its commit, as the vendor gives it.
    #[default]
    Commit,
    /// Its branch or tag.
    Branch,
    /// Its title, such as a release's name.
    Title,
}

/// What a run is about, as the configuration sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Placed {
    /// The service, under its configured name.
    pub service: Option<RawText>,
    /// The environment that it deploys to.
    pub environment: Option<RawText>,
    /// The revision.
    pub revision: Option<RawText>,
}

/// One configured host.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HostEntry {
    /// The name shown and joined on.
    pub name: RawText,
    /// Other names and addresses of the same host.
    pub names: Vec<RawText>,
    /// What people should know of it.
    pub card: Card,
}

/// The configured services and hosts, indexed. Names compare without case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Catalog {
    services: Vec<ServiceEntry>,
    /// Which runs deploy a service, and the repositories that those may be of.
    deploys: Vec<(usize, DeployEntry, Vec<String>)>,
    /// For each label and value, the services that ask for it.
    by_label: HashMap<String, HashMap<String, Vec<usize>>>,
    /// How many labels each service asks for.
    asked: Vec<usize>,
    by_name: HashMap<String, usize>,
    by_repo: HashMap<String, usize>,
    hosts: Vec<HostEntry>,
    by_host: HashMap<String, usize>,
    /// Short names; none where two hosts share it.
    by_short: HashMap<String, Option<usize>>,
}

/// Labels are looked at by the thousand, and hardly any is not in small letters already.
fn fold(text: &RawText) -> Cow<'_, str> {
    match text.as_str().map(str::trim) {
        Some(text) if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) => text.into(),
        _ => String::from_utf8_lossy(text.as_bytes()).trim().to_lowercase().into(),
    }
}

impl Catalog {
    /// Indexes what was configured. Of two entries that claim the same name, the first keeps it.
    pub fn new(services: &[ServiceEntry], hosts: &[HostEntry]) -> Self {
        let mut catalog = Self::default();
        for (index, service) in services.iter().enumerate() {
            for name in std::iter::once(&service.name).chain(&service.aliases) {
                catalog.by_name.entry(fold(name).into_owned()).or_insert(index);
            }
            for repo in &service.repos {
                catalog.by_repo.entry(repository(&fold(repo)).to_owned()).or_insert(index);
            }
            for (label, value) in &service.labels {
                let values = catalog.by_label.entry(fold(label).into_owned()).or_default();
                values.entry(fold(value).into_owned()).or_default().push(index);
            }
            catalog.asked.push(service.labels.len());
            catalog.services.push(service.clone());
            let repos = || service.repos.iter().map(|repo| repository(&fold(repo)).to_owned()).collect();
            catalog.deploys.extend(service.deploy.clone().map(|deploy| (index, deploy, repos())));
        }
        for (index, host) in hosts.iter().enumerate() {
            for name in std::iter::once(&host.name).chain(&host.names) {
                let name = fold(name).into_owned();
                if let Some(short) = short(&name) {
                    let shared = catalog.by_short.entry(short.to_owned()).or_insert(Some(index));
                    *shared = shared.filter(|known| *known == index);
                }
                catalog.by_host.entry(name).or_insert(index);
            }
            catalog.hosts.push(host.clone());
        }
        catalog
    }

    /// The labels that stay where an alert has too many.
    pub fn telling(&self) -> Telling {
        Telling::and(self.by_label.keys().cloned())
    }

    /// The service that labels speak of: the configured one with the most labels that all match, else the
    /// value of the most telling of [`SERVICE_LABELS`], under its configured name where it is an alias.
    pub fn service_of<'a>(
        &self,
        labels: impl IntoIterator<Item = (&'a RawText, &'a RawText)>,
    ) -> Option<RawText> {
        let mut met: HashMap<usize, usize> = HashMap::new();
        let mut best: Option<(usize, &RawText)> = None;
        for (label, value) in labels {
            let label = fold(label);
            let telling = SERVICE_LABELS.iter().position(|known| *known == label);
            if let Some(rank) =
                telling.filter(|rank| !value.is_empty() && best.is_none_or(|(best, _)| *rank < best))
            {
                best = Some((rank, value));
            }
            let asked = self.by_label.get(&*label).and_then(|values| values.get(&*fold(value)));
            for index in asked.into_iter().flatten() {
                *met.entry(*index).or_default() += 1;
            }
        }
        let whole = met.into_iter().filter(|(index, met)| self.asked.get(*index) == Some(met));
        // The more labels, the more exact; the first written wins a tie.
        let mapped = whole.max_by_key(|(index, met)| (*met, std::cmp::Reverse(*index)));
        match mapped {
            Some((index, _)) => self.name_of(index),
            None => best.map(|(_, value)| self.service_of_name(value).unwrap_or_else(|| value.clone())),
        }
    }

    /// The configured service that a name or alias means.
    pub fn service_of_name(&self, name: &RawText) -> Option<RawText> {
        self.service(name).map(|entry| entry.name.clone())
    }

    /// What is configured of the service that a name or alias means.
    pub fn service(&self, name: &RawText) -> Option<&ServiceEntry> {
        self.by_name.get(&*fold(name)).and_then(|index| self.services.get(*index))
    }

    /// What is configured of the host of this name, as [`Catalog::host_of`] gives it.
    pub fn host(&self, name: &RawText) -> Option<&HostEntry> {
        self.by_host.get(&*fold(name)).and_then(|index| self.hosts.get(*index))
    }

    fn name_of(&self, service: usize) -> Option<RawText> {
        self.services.get(service).map(|entry| entry.name.clone())
    }

    /// The configured sources of a service's logs, the one to look at first in front.
    pub fn logs_of(&self, service: &RawText) -> &[RawText] {
        self.service(service).map_or(&[], |entry| &entry.logs)
    }

    /// The configured service whose logs come from this source; none where several share it.
    pub fn service_of_logs(&self, source: &RawText) -> Option<RawText> {
        let mut found = self.services.iter().filter(|entry| entry.logs.contains(source));
        let entry = found.next()?;
        found.next().is_none().then(|| entry.name.clone())
    }

    /// The service that a run is for, by the name or the repository that its vendor gives: the configured
    /// one, else the name itself, of a repository its last part.
    fn service_said(&self, said: &RawText) -> RawText {
        let configured = self.service_of_name(said).or_else(|| self.service_of_repo(said));
        configured.unwrap_or_else(|| match said.as_str().map(repository) {
            Some(repo) => repo.rsplit('/').next().unwrap_or_default().into(),
            None => said.clone(),
        })
    }

    /// The service of a repository given as `owner/name` or as its URL: the configured one, else one
    /// with the repository's own name.
    pub fn service_of_repo(&self, repo: &RawText) -> Option<RawText> {
        let folded = fold(repo);
        let repo = repository(&folded);
        let own = repo.rsplit('/').next().unwrap_or_default();
        let index = self.by_repo.get(repo).or_else(|| self.by_name.get(own))?;
        self.name_of(*index)
    }

    /// The service of a run: by what it says itself, else by its repository.
    pub fn service_of_run(&self, run: &Run) -> Option<RawText> {
        run.service.as_ref().or(run.repo.as_ref()).map(|said| self.service_said(said))
    }

    /// What a run of this source is about: as a service's `deploy` says, else as the run says itself.
    pub fn placed(&self, source: &RawText, run: &Run) -> Placed {
        let repo = run.repo.as_ref().map(|repo| repository(&fold(repo)).to_owned());
        let rule = self.deploys.iter().find(|(_, deploy, repos)| {
            let is_of = |repo: &String| repos.is_empty() || repos.contains(repo);
            deploy.fits(source, run) && repo.as_ref().is_none_or(is_of)
        });
        let Some((index, deploy, _)) = rule else {
            let (environment, revision) = (run.environment.clone(), run.revision.clone());
            return Placed { service: self.service_of_run(run), environment, revision };
        };
        let revision = match deploy.revision {
            Revision::Commit => run.revision.clone(),
            Revision::Branch => run.branch.clone(),
            Revision::Title => Some(run.title.clone()),
        };
        let environment = run.environment.clone().or_else(|| deploy.environment.clone());
        Placed { service: self.name_of(*index), environment, revision }
    }

    /// The host that a name, an address or `name:port` means: the configured one, also by its short name
    /// where that is not shared, else the name itself without its port.
    pub fn host_of(&self, name: &RawText) -> Option<RawText> {
        let folded = fold(name);
        let plain = without_port(&folded);
        if plain.is_empty() {
            return None;
        }
        let by_short = || self.by_short.get(short(plain)?).copied().flatten();
        // A full name of another domain is another host, whatever its first part.
        let exact = self.by_host.get(plain).copied();
        let found = exact.or_else(|| if plain.contains('.') { None } else { by_short() });
        found
            .and_then(|index| self.hosts.get(index))
            .map(|entry| entry.name.clone())
            .or_else(|| Some(RawText::from(plain)))
    }

    /// The host that labels speak of, by the most telling of [`HOST_LABELS`].
    pub fn host_of_labels<'a>(
        &self,
        labels: impl IntoIterator<Item = (&'a RawText, &'a RawText)>,
    ) -> Option<RawText> {
        let rank = |label: &RawText| HOST_LABELS.iter().position(|known| *known == fold(label));
        let ranked = labels.into_iter().filter_map(|(label, value)| Some((rank(label)?, value)));
        ranked
            .filter(|(_, value)| !value.is_empty())
            .min_by_key(|(rank, _)| *rank)
            .and_then(|(_, v)| self.host_of(v))
    }
}

impl DeployEntry {
    /// Whether this run is one of them. Names compare without case.
    fn fits(&self, source: &RawText, run: &Run) -> bool {
        let same = |wanted: &RawText, is: &RawText| fold(wanted) == fold(is);
        self.source.as_ref().is_none_or(|wanted| same(wanted, source))
            && self.workflow.as_ref().is_none_or(|wanted| same(wanted, &run.pipeline))
            && self.job.as_ref().is_none_or(|wanted| run.jobs.iter().any(|job| same(wanted, &job.name)))
            && match (&self.environment, &run.environment) {
                (Some(wanted), Some(is)) => same(wanted, is),
                _ => true,
            }
    }
}

/// `owner/name` of a repository's URL, without `.git`.
fn repository(text: &str) -> &str {
    let text = text.trim_end_matches('/');
    let text = text.strip_suffix(".git").unwrap_or(text);
    match (text.split_once("://"), text.split_once('@')) {
        (Some((_, rest)), _) => rest.split_once('/').map_or(rest, |(_, path)| path),
        (None, Some((_, rest))) => rest.split_once(':').map_or(rest, |(_, path)| path),
        (None, None) => text,
    }
}

/// The part of a name before its domain; none for addresses.
fn short(name: &str) -> Option<&str> {
    let address = name.parse::<std::net::IpAddr>().is_ok();
    name.split('.').next().filter(|short| !address && !short.is_empty())
}

/// `host` of `host:9100` and `::1` of `[::1]:9100`.
fn without_port(name: &str) -> &str {
    if let Some((address, _)) = name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match name.rsplit_once(':') {
        // More than one colon is an address of version 6 without a port.
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<RawText> {
        list.iter().map(|text| RawText::from(*text)).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(RawText, RawText)> {
        list.iter().map(|(label, value)| (RawText::from(*label), RawText::from(*value))).collect()
    }

    fn service(name: &str, aliases: &[&str], labels: &[(&str, &str)], repos: &[&str]) -> ServiceEntry {
        ServiceEntry {
            name: name.into(),
            aliases: texts(aliases),
            labels: pairs(labels),
            repos: texts(repos),
            ..ServiceEntry::default()
        }
    }

    fn host(name: &str, names: &[&str]) -> HostEntry {
        HostEntry { name: name.into(), names: texts(names), ..HostEntry::default() }
    }

    fn catalog() -> Catalog {
        Catalog::new(
            &[
                service(
                    "checkout",
                    &["checkout-api", "co"],
                    &[("service", "chk")],
                    &["shop/checkout", "shop/co-web"],
                ),
                service("checkout-eu", &[], &[("service", "chk"), ("region", "eu")], &[]),
                service("payments", &[], &[], &[]),
            ],
            &[
                host("db-7", &["db-7.prod.example.com", "10.0.0.7"]),
                host("web-a", &["web.eu.example.com"]),
                host("web-b", &["web.us.example.com"]),
            ],
        )
    }

    fn of(catalog: &Catalog, labels: &[(&str, &str)]) -> Option<String> {
        let labels = pairs(labels);
        let found = catalog.service_of(labels.iter().map(|(label, value)| (label, value)));
        found.map(|text| text.as_str().unwrap().to_owned())
    }

    #[test]
    fn the_configured_service_with_the_most_matching_labels_wins() {
        let catalog = catalog();
        assert_eq!(of(&catalog, &[("service", "chk")]).as_deref(), Some("checkout"));
        assert_eq!(of(&catalog, &[("region", "eu"), ("Service", "CHK")]).as_deref(), Some("checkout-eu"));
        assert_eq!(of(&catalog, &[("region", "eu")]), None);
        assert_eq!(of(&catalog, &[("region", "eu"), ("app", "chk")]).as_deref(), Some("chk"));
    }

    #[test]
    fn without_configuration_the_usual_labels_name_the_service() {
        let empty = Catalog::default();
        assert_eq!(of(&empty, &[("job", "node"), ("app", "cart")]).as_deref(), Some("cart"));
        assert_eq!(of(&empty, &[("job", "node"), ("app", "")]).as_deref(), Some("node"));
        assert_eq!(of(&empty, &[("app.kubernetes.io/name", "cart"), ("job", "x")]).as_deref(), Some("cart"));
        assert_eq!(of(&empty, &[("team", "x")]), None);
        assert_eq!(of(&catalog(), &[("app", "Checkout-API")]).as_deref(), Some("checkout"));
    }

    #[test]
    fn repositories_and_names_lead_to_their_service() {
        let catalog = catalog();
        for repo in
            ["shop/checkout", "https://git.example.com/Shop/co-web.git", "git@github.com:shop/checkout.git"]
        {
            assert_eq!(catalog.service_of_repo(&repo.into()), Some("checkout".into()), "{repo}");
        }
        assert_eq!(catalog.service_of_repo(&"other/payments".into()), Some("payments".into()));
        assert_eq!(catalog.service_of_repo(&"other/docs".into()), None);
        assert_eq!(catalog.service_of_name(&"CO".into()), Some("checkout".into()));
        let of_runs = [
            ("co", "checkout"),
            ("https://git.example/shop/Payments.git", "payments"),
            ("https://git.example/shop/docs.git", "docs"),
            ("shop/docs", "docs"),
            ("the docs", "the docs"),
        ];
        for (said, service) in of_runs {
            assert_eq!(catalog.service_said(&said.into()), service.into(), "{said}");
        }
        assert_eq!(catalog.service_of_name(&"c".into()), None);
    }

    #[test]
    fn a_run_belongs_to_the_service_that_it_names_or_to_that_of_its_repository() {
        let catalog = catalog();
        let service = |run: serde_json::Value| catalog.service_of_run(&serde_json::from_value(run).unwrap());
        let run = |more: (&str, &str)| {
            let mut run = serde_json::json!({"id": "1", "pipeline": "ci", "state": "unknown",
                "repo": "shop/co-web", "created": "2026-01-01T00:00:00Z"});
            run[more.0] = more.1.into();
            run
        };
        assert_eq!(service(run(("service", "co"))), Some("checkout".into()));
        assert_eq!(service(run(("service", "new"))), Some("new".into()));
        assert_eq!(service(run(("repo", "shop/co-web"))), Some("checkout".into()));
        assert_eq!(service(run(("repo", "group/sub/docs"))), Some("docs".into()));
    }

    #[test]
    fn a_run_deploys_the_service_whose_deploy_fits_it() {
        let deploy = DeployEntry {
            source: Some("ci".into()),
            workflow: Some("Ship It".into()),
            job: Some("production".into()),
            environment: Some("prod".into()),
            revision: Revision::Branch,
        };
        let shop = ServiceEntry { deploy: Some(deploy), ..service("checkout", &[], &[], &["shop/mono"]) };
        let catalog = Catalog::new(&[shop], &[]);
        let placed = |source: &str, changes: &[(&str, serde_json::Value)]| {
            let mut run = serde_json::json!({"id": "1", "pipeline": "ship it", "state": "succeeded",
                "repo": "shop/mono", "branch": "v3", "revision": "abc", "created": "2026-01-01T00:00:00Z",
                "jobs": [{"id": "7", "name": "Production", "state": "succeeded"}]});
            for (key, value) in changes {
                run[key] = value.clone();
            }
            let placed = catalog.placed(&source.into(), &serde_json::from_value(run).unwrap());
            let text = |text: Option<RawText>| text.map(|text| text.as_str().unwrap().to_owned());
            (text(placed.service), text(placed.environment), text(placed.revision))
        };
        let said = |s: &str, e: Option<&str>, r: &str| {
            (Some(s.to_owned()), e.map(str::to_owned), Some(r.to_owned()))
        };
        assert_eq!(placed("ci", &[]), said("checkout", Some("prod"), "v3"));
        assert_eq!(placed("ci", &[("environment", "Prod".into())]), said("checkout", Some("Prod"), "v3"));
        // Another source, pipeline, job, environment: the run's own word counts.
        let own = |environment| said("checkout", environment, "abc");
        assert_eq!(placed("other", &[]), own(None));
        assert_eq!(placed("ci", &[("pipeline", "CI".into())]), own(None));
        assert_eq!(placed("ci", &[("jobs", serde_json::json!([]))]), own(None));
        assert_eq!(placed("ci", &[("environment", "staging".into())]), own(Some("staging")));
        // The same pipeline of a repository that is not the service's.
        assert_eq!(placed("ci", &[("repo", "shop/cart".into())]), said("cart", None, "abc"));
    }

    #[test]
    fn full_names_short_names_addresses_and_ports_lead_to_one_host() {
        let catalog = catalog();
        for name in
            ["db-7", "DB-7:9100", "db-7.prod.example.com", "db-7.prod.example.com:9100", "10.0.0.7:22"]
        {
            assert_eq!(catalog.host_of(&name.into()), Some("db-7".into()), "{name}");
        }
        assert_eq!(catalog.host_of(&"db-7.stage.example.com".into()), Some("db-7.stage.example.com".into()));
        assert_eq!(catalog.host_of(&"web".into()), Some("web".into()), "a shared short name means neither");
        assert_eq!(catalog.host_of(&"web.eu.example.com".into()), Some("web-a".into()));
        assert_eq!(catalog.host_of(&"[::1]:9100".into()), Some("::1".into()));
        assert_eq!(catalog.host_of(&"fe80::1".into()), Some("fe80::1".into()));
        assert_eq!(catalog.host_of(&"".into()), None);
        let labels = pairs(&[("instance", "db-7:9100"), ("node", "web-a")]);
        let found = catalog.host_of_labels(labels.iter().map(|(label, value)| (label, value)));
        assert_eq!(found, Some("web-a".into()));
    }
}
