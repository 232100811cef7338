//! The `github-actions` source: runs of workflows, their jobs and steps, and deployments.
//!
//! REST API version 2022-11-28, as github/rest-api-description says; GitHub Enterprise Server
//! answers alike under `/api/v3`.

mod log;
mod state;
mod wire;

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

use self::state::{Repo, Wanted};
use self::wire::{Deployment, DeploymentStatus, Jobs, PendingDeployment, Runs, WorkflowJob, WorkflowRun};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, Snapshot};
use crate::net::client::Auth;
use crate::net::exchange::{Request, Response, segment};
use crate::source::Asked;
use crate::source::json;
use crate::source::pipelines::newest_first;
use crate::source::pipelines::pages::{BACK, PAGE_OF_JOBS};
use crate::source::poll::{Ask, Fetched, Took, Vendor, of_part, unknown};

pub use self::state::State;

/// Runs on one page of the list. Each is some 10 kB, most of it about the repository.
const PAGE: usize = 50;
/// The last bytes of a job's log that are read.
const LOG: usize = 8 << 20;

/// Keys of a `github-actions` source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitHubActionsConfig {
    /// The repositories whose runs are shown, such as `["shop/checkout", "shop/cart"]`.
    pub repos: Repos,
    /// Whether deployments are asked for too: a token needs Deployments: read for them.
    #[serde(default = "yes")]
    pub deployments: bool,
}

fn yes() -> bool {
    true
}

/// At least one repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repos(Vec<RawText>);

impl Repos {
    /// Repositories, each as `owner/name`.
    ///
    /// Errors when there is none, or a name is none.
    pub fn new(names: Vec<String>) -> Result<Self, String> {
        if names.is_empty() {
            return Err("`repos` is empty; write repos = [\"owner/name\"]".to_owned());
        }
        let good = |part: &str| !part.is_empty() && !matches!(part, "." | "..");
        for name in &names {
            if !name
                .split_once('/')
                .is_some_and(|(owner, repo)| good(owner) && good(repo) && !repo.contains('/'))
            {
                return Err(format!("`{name}` is no repository; write it as owner/name"));
            }
        }
        Ok(Self(names.into_iter().map(RawText::from).collect()))
    }
}

impl<'de> Deserialize<'de> for Repos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Repos {
    fn schema_name() -> Cow<'static, str> {
        "GitHubRepos".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": { "type": "string", "pattern": "^[^/]+/[^/]+$" },
            "minItems": 1
        })
    }
}

/// What a request is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    repo: RawText,
    about: About,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum About {
    /// A page of the list of runs. `whole`: it is read to its end even where the rows are known.
    Runs { page: u32, whole: bool },
    /// Runs at work, wherever they stand in the list.
    AtWork,
    /// One run, with its newest attempt.
    Run(u64),
    /// An earlier attempt.
    Attempt(u64, u32),
    /// A page of the jobs of an attempt; whether that was over when they were asked for.
    Jobs { run: u64, attempt: u32, page: u32, is_over: bool },
    /// What an attempt waits for.
    Gates(u64, u32),
    /// The deployments.
    Deployments,
    /// How far a deployment is.
    Status(u64),
    /// Whether a job whose log is wanted is over.
    Job,
    /// The log of a job.
    Log,
}

impl Asked for GitHubActionsConfig {
    const KIND: &'static str = "github-actions";
    const AUTH: Auth = Auth::Bearer;
    const URL: Option<&'static str> = Some("https://api.github.com");

    fn api(url: &mut Url) {
        let host = url.host().and_then(|host| match host {
            Host::Domain(name) => Some(name.to_owned()),
            _ => None,
        });
        match host.as_deref() {
            Some("github.com" | "www.github.com") => {
                // A name that stands here parses.
                let _ = url.set_host(Some("api.github.com"));
                url.set_path("/");
            }
            // api.github.com, and api.NAME.ghe.com.
            Some(host) if host.starts_with("api.") => {}
            _ if url.path() == "/" => url.set_path("/api/v3"),
            _ => {}
        }
    }
}

impl Vendor for GitHubActionsConfig {
    type State = State;
    type Tag = Tag;

    const GIVES: &'static [Gives] = &[Gives::Runs];
    const EVERY: Duration = Duration::from_secs(30);

    fn round(&self, state: &mut State, now: Timestamp, backfill: Option<Timestamp>) -> Vec<Ask<Tag>> {
        state.now = now;
        if backfill.is_some() {
            state.entered = now;
        }
        let lists = self.repos.0.iter().map(|name| {
            let whole = state.repo(name).listing.is_unread;
            let request = get(name, "/actions/runs")
                .query("per_page", PAGE.to_string())
                .query("exclude_pull_requests", "true");
            ask(name, About::Runs { page: 1, whole }, request).conditional_if(!whole)
        });
        lists.collect()
    }

    fn accept(
        &self,
        state: &mut State,
        ask: &Ask<Tag>,
        response: &Response,
        now: Timestamp,
    ) -> Result<Took<Tag>, Failure> {
        let name = &ask.tag.repo;
        let entered = state.entered;
        let repo = state.repo(name);
        let is_gone = matches!(response.status, 404 | 410);
        let mut took = Took::default();
        match ask.tag.about {
            About::Runs { page, whole } => {
                let (runs, trouble) =
                    json::items::<WorkflowRun>(response, &response.json::<Runs<'_>>()?.workflow_runs)?;
                took.trouble = trouble;
                let oldest = runs.last().map(|oldest| oldest.created_at);
                if page == 1 {
                    repo.listed.clear();
                    let spans_less = oldest.is_some_and(|oldest| now.duration_since(oldest) < BACK);
                    repo.is_busy = spans_less && response.next_page() != Ok(None);
                }
                let reaches_known = !whole && runs.last().is_some_and(|oldest| repo.knows(oldest));
                repo.listed.extend(runs.iter().map(|run| run.id));
                repo.take_runs(runs, entered);
                let next = repo.listing.turn(response, page, oldest, reaches_known, now);
                if let Some(next) = next {
                    took.more.push(self::ask(name, About::Runs { page: page + 1, whole }, next));
                } else {
                    repo.prune(now);
                    took.more = self.follow_up(name, repo);
                }
            }
            About::AtWork => {
                let (runs, trouble) =
                    json::items::<WorkflowRun>(response, &response.json::<Runs<'_>>()?.workflow_runs)?;
                let more = || {
                    let what = format!("more than {PAGE} runs are at work: older ones may be missing");
                    Failure::new(FailureKind::TooLarge, what)
                };
                took.trouble = trouble.or_else(|| (response.next_page() != Ok(None)).then(more));
                repo.take_runs(runs, entered);
            }
            About::Run(id) if is_gone => repo.forget(id, None),
            About::Attempt(id, attempt) if is_gone => repo.forget(id, Some(attempt)),
            About::Run(_) => repo.take_run(response.json()?, entered),
            About::Attempt(id, attempt) => {
                repo.take_run(response.json()?, entered);
                took.more = requests(name, repo.wanted_jobs((id, attempt)).into_iter().collect());
            }
            About::Jobs { run, attempt, page, is_over } => {
                let (jobs, trouble) =
                    json::items::<WorkflowJob>(response, &response.json::<Jobs<'_>>()?.jobs)?;
                took.trouble = trouble;
                let known = repo.jobs((run, attempt));
                if let Some(next) = known.and_then(|known| known.take(response, page, jobs, is_over)) {
                    let about = About::Jobs { run, attempt, page: page + 1, is_over };
                    took.more.push(self::ask(name, about, next));
                }
            }
            About::Gates(id, attempt) => {
                let (gates, trouble) = json::list::<PendingDeployment>(response)?;
                took.trouble = trouble;
                repo.take_gates((id, attempt), gates);
            }
            About::Deployments => {
                let (deployments, trouble) = json::list::<Deployment>(response)?;
                took.trouble = trouble;
                repo.take_deployments(deployments);
                took.more = requests(name, repo.wanted_statuses(now));
            }
            About::Status(id) => {
                let (statuses, trouble) = json::list::<DeploymentStatus>(response)?;
                took.trouble = trouble;
                repo.take_statuses(id, statuses);
            }
            About::Job | About::Log => {}
        }
        Ok(took)
    }

    fn unchanged(&self, state: &mut State, ask: &Ask<Tag>) -> Vec<Ask<Tag>> {
        let (name, now) = (&ask.tag.repo, state.now);
        let repo = state.repo(name);
        match ask.tag.about {
            About::Runs { .. } => self.follow_up(name, repo),
            About::Jobs { run, attempt, is_over, .. } => {
                if let Some(jobs) = repo.jobs((run, attempt)) {
                    jobs.are_current(is_over);
                }
                Vec::new()
            }
            About::Deployments => requests(name, repo.wanted_statuses(now)),
            _ => Vec::new(),
        }
    }

    fn left_out(&self, state: &State) -> Vec<Failure> {
        let of_repo = |(name, repo): (&RawText, &Repo)| {
            repo.left_out(state.now).into_iter().map(|why| of_part(name, why)).collect::<Vec<_>>()
        };
        state.repos.iter().flat_map(of_repo).collect()
    }

    fn explain(&self, ask: &Ask<Tag>, failure: Failure) -> Failure {
        match (failure.kind, &ask.tag.about) {
            (FailureKind::Unauthorized, _) => failure.advise(
                "look whether the token has expired or was revoked, and whether it is one of this server",
            ),
            (FailureKind::Forbidden | FailureKind::NotFound, About::Deployments | About::Status(_)) => {
                failure.advise(
                    "deployments need a token with the scope `repo` or, if it is fine-grained, Deployments: read (deployments:read); deployments = false does without",
                )
            }
            (FailureKind::Forbidden, _) => failure.advise(
                "the token needs the scope `repo` or, if it is fine-grained, Actions: read (actions:read); an organisation with single sign-on has to authorise it",
            ),
            (FailureKind::NotFound, _) => failure.advise(
                "look at the name; GitHub says the same of a private repository that the token may not see: it needs the scope `repo` or, if it is fine-grained, Actions: read (actions:read)",
            ),
            _ => failure,
        }
    }

    fn snapshot(&self, state: &mut State, now: Timestamp) -> Snapshot {
        let mut runs = Vec::new();
        for (name, repo) in &mut state.repos {
            repo.prune(now);
            runs.extend(repo.runs(name, now));
        }
        newest_first(runs)
    }

    fn detail(&self, state: &State, key: &DetailKey) -> Option<Ask<Tag>> {
        if let DetailKey::Jobs { run } = key {
            let (name, attempt) = state.attempt(run)?;
            return requests(name, vec![state.repos.get(name)?.jobs_of(attempt)?]).pop();
        }
        let (run, job, _) = key.log()?;
        let (repo, found) = state.job(run, job)?;
        Some(if found.is_completed() { log_of(repo, found.id) } else { job_of(repo, found.id) })
    }

    fn accept_detail(
        &self,
        state: &mut State,
        key: &DetailKey,
        ask: &Ask<Tag>,
        response: &Response,
    ) -> Result<Fetched<Tag>, Failure> {
        let repo = &ask.tag.repo;
        if let About::Jobs { run, attempt, .. } = ask.tag.about {
            let took = self.accept(state, ask, response, state.now)?;
            let repo = state.repo(repo);
            let jobs = repo.jobs((run, attempt)).ok_or_else(|| unknown(key))?;
            // The next round says what of them cannot be read.
            jobs.are_wanted |= took.trouble.is_some();
            let next = took.more.into_iter().next();
            let done = || Fetched::Done(Detail::Jobs(repo.shown_jobs((run, attempt))));
            return Ok(next.map_or_else(done, Fetched::More));
        }
        if ask.tag.about == About::Job {
            let job: WorkflowJob = response.json()?;
            return Ok(if job.is_completed() {
                Fetched::More(log_of(repo, job.id))
            } else {
                Fetched::Growing(log::steps_only(&job), log::AGAIN, ask.clone())
            });
        }
        if matches!(response.status, 404 | 410) {
            let what = "GitHub has no log of this job: it is not written yet, it never began, or its log was deleted";
            return Err(Failure::new(FailureKind::NotFound, what)
                .advise("a log is there some seconds after the end of its job, and is kept for 90 days if nothing else is configured"));
        }
        let (run, job, step) = key.log().ok_or_else(|| unknown(key))?;
        let step = step.and_then(|step| step.as_str()?.parse().ok());
        let cut = response.from > 0;
        Ok(Fetched::Done(log::read(&response.body, cut, state.steps(run, job), step)))
    }
}

impl GitHubActionsConfig {
    /// What is asked about a repository once its list is read.
    fn follow_up(&self, name: &RawText, repo: &Repo) -> Vec<Ask<Tag>> {
        let mut asks = requests(name, repo.wanted());
        if repo.is_busy {
            let request = get(name, "/actions/runs")
                .query("per_page", PAGE.to_string())
                .query("exclude_pull_requests", "true")
                .query("status", "in_progress");
            asks.push(ask(name, About::AtWork, request).conditional());
        }
        if self.deployments {
            let request = get(name, "/deployments").query("per_page", "30");
            asks.push(ask(name, About::Deployments, request).conditional());
        }
        asks
    }
}

fn requests(name: &RawText, wanted: Vec<Wanted>) -> Vec<Ask<Tag>> {
    let request = |wanted| match wanted {
        Wanted::Run(id) => {
            let request = get(name, &format!("/actions/runs/{id}")).query("exclude_pull_requests", "true");
            ask(name, About::Run(id), request.also(&[404])).conditional()
        }
        Wanted::Attempt(id, attempt) => {
            let path = format!("/actions/runs/{id}/attempts/{attempt}");
            let request = get(name, &path).query("exclude_pull_requests", "true").also(&[404]);
            ask(name, About::Attempt(id, attempt), request)
        }
        Wanted::Jobs { run, attempt, is_over, conditional } => {
            let path = format!("/actions/runs/{run}/attempts/{attempt}/jobs");
            let request = get(name, &path).query("per_page", PAGE_OF_JOBS.to_string());
            ask(name, About::Jobs { run, attempt, page: 1, is_over }, request).conditional_if(conditional)
        }
        Wanted::Gates { run, attempt, conditional } => {
            let request = get(name, &format!("/actions/runs/{run}/pending_deployments"));
            ask(name, About::Gates(run, attempt), request).conditional_if(conditional)
        }
        Wanted::Status { id, conditional } => {
            let request = get(name, &format!("/deployments/{id}/statuses")).query("per_page", "10");
            ask(name, About::Status(id), request).conditional_if(conditional)
        }
    };
    wanted.into_iter().map(request).collect()
}

/// A request about a repository; `Repos` has looked at its name.
fn get(repo: &RawText, path: &str) -> Request {
    let name = String::from_utf8_lossy(repo.as_bytes());
    let (owner, name) = name.split_once('/').unwrap_or_default();
    Request::get(format!("/repos/{}/{}{path}", segment(owner), segment(name)))
        .accept("application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
}

fn ask(repo: &RawText, about: About, request: Request) -> Ask<Tag> {
    Ask::new(Tag { repo: repo.clone(), about }, request).part(repo.clone())
}

fn job_of(repo: &RawText, job: u64) -> Ask<Tag> {
    ask(repo, About::Job, get(repo, &format!("/actions/jobs/{job}")))
}

/// The log is a file on another host, to which GitHub gives a link for a minute.
fn log_of(repo: &RawText, job: u64) -> Ask<Tag> {
    let request = get(repo, &format!("/actions/jobs/{job}/logs"));
    ask(repo, About::Log, request.leaving().also(&[404, 410]).last_bytes(LOG))
}

#[cfg(test)]
mod tests;
