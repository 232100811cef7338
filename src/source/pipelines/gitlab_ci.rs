//! The `gitlab-ci` source: pipelines of projects and groups, their jobs, and deployments.
//!
//! REST API v4, as GitLab's `doc/api` says (15 to 18).

mod state;
mod trace;
mod wire;

use std::borrow::Cow;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use self::wire::{Deployment, Pipeline, PipelineJob};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{DetailKey, Gives, Snapshot};
use crate::net::exchange::{Auth, Request, Response, segment};
use crate::source::Asked;
use crate::source::json;
use crate::source::poll::{Ask, Fetched, Took, Vendor, unknown};

pub use self::state::State;

/// Pages of a list that are read.
const PAGES: u32 = 6;
/// Jobs on one page.
const PAGE_OF_JOBS: usize = 100;
/// Projects of a group that are looked at.
const PROJECTS: usize = 50;
/// How far back we look.
const BACK: SignedDuration = SignedDuration::from_hours(24);
/// The projects of a group are asked for this rarely.
const GROUPS_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// The last bytes of a log that are read.
const LOG: usize = 8 << 20;
/// A log that grows is asked for again after this, and a second more for each MiB of it: all of it
/// is sent each time.
const AGAIN: Duration = Duration::from_secs(4);

/// Keys of a `gitlab-ci` source.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitLabCiConfig {
    /// The projects whose pipelines are shown, such as `["shop/checkout"]`.
    #[serde(default)]
    pub projects: Vec<Path>,
    /// Groups whose projects are shown, with those of their subgroups: of each group the 50 in which
    /// something happened last.
    #[serde(default)]
    pub groups: Vec<Path>,
    /// Whether deployments are asked for too.
    #[serde(default = "yes")]
    pub deployments: bool,
}

fn yes() -> bool {
    true
}

/// The path of a project or group, or its number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path(RawText);

impl Path {
    /// A path such as `shop/checkout`.
    ///
    /// Errors when it is none.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim_matches('/');
        let good = |part: &str| !part.is_empty() && !matches!(part, "." | "..") && !part.contains(':');
        if text.split('/').all(good) {
            Ok(Self(text.into()))
        } else {
            Err(format!("`{text}` is no path; write it as group/name, without the address"))
        }
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Path {
    fn schema_name() -> Cow<'static, str> {
        "GitLabPath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// What a request is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// The project or group.
    path: RawText,
    about: About,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum About {
    /// The projects of a group.
    Group,
    /// A page of the pipelines that changed lately. `whole`: it is read to its end even where the rows
    /// are known.
    Pipelines { page: u32, whole: bool },
    /// The last pipeline, of whatever age.
    Last,
    /// One pipeline, with who and when.
    Pipeline(u64),
    /// A page of the jobs of a pipeline.
    Jobs { pipeline: u64, page: u32 },
    /// The deployments.
    Deployments,
    /// The log of a job; whether the job was over when it was asked for.
    Trace { is_over: bool },
}

impl Asked for GitLabCiConfig {
    const KIND: &'static str = "gitlab-ci";
    const AUTH: Auth = Auth::Header("private-token");
    const URL: Option<&'static str> = Some("https://gitlab.com");

    fn api(url: &mut Url) {
        let path = url.path().trim_end_matches('/').to_owned();
        if !path.ends_with("/api/v4") {
            url.set_path(&format!("{path}/api/v4"));
        }
    }

    fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let is_empty = self.projects.is_empty() && self.groups.is_empty();
        is_empty.then_some((
            "projects",
            "nothing to ask for: write projects = [\"group/name\"] or groups = [\"group\"]",
        ))
    }
}

impl Vendor for GitLabCiConfig {
    type State = State;
    type Tag = Tag;

    const GIVES: &'static [Gives] = &[Gives::Runs];
    const EVERY: Duration = Duration::from_secs(30);

    fn round(&self, state: &mut State, now: Timestamp, backfill: Option<Timestamp>) -> Vec<Ask<Tag>> {
        state.looks_back = backfill.is_some();
        state.asked.clear();
        let mut asks = Vec::new();
        for Path(path) in &self.groups {
            let group = state.groups.entry(path.clone()).or_default();
            if group.asked.is_none_or(|at| now.duration_since(at) >= GROUPS_EVERY) {
                let request = Request::get(format!("/groups/{}/projects", encoded(path)))
                    .query("include_subgroups", "true")
                    .query("archived", "false")
                    .query("simple", "true")
                    .query("order_by", "last_activity_at")
                    .query("per_page", PROJECTS.to_string());
                asks.push(ask(path, About::Group, request).conditional());
            }
        }
        let of_groups = state.groups.values().flat_map(|group| group.projects.clone());
        let paths: Vec<RawText> =
            self.projects.iter().map(|Path(path)| path.clone()).chain(of_groups).collect();
        for path in paths {
            asks.extend(lists(state, &path, now));
        }
        asks
    }

    fn accept(
        &self,
        state: &mut State,
        ask: &Ask<Tag>,
        response: &Response,
        now: Timestamp,
    ) -> Result<Took<Tag>, Failure> {
        let (path, body, looks_back) = (&ask.tag.path, &response.body, state.looks_back);
        let mut took = Took::default();
        if ask.tag.about == About::Group {
            let (projects, trouble) = json::list::<wire::Project>(body)?;
            took.trouble = trouble;
            let projects: Vec<RawText> =
                projects.into_iter().map(|project| project.path_with_namespace.into()).collect();
            for project in &projects {
                took.more.extend(lists(state, project, now));
            }
            let group = state.groups.entry(path.clone()).or_default();
            group.is_cut = response.next_page().is_some();
            (group.projects, group.asked) = (projects, Some(now));
            return Ok(took);
        }
        let project = state.project(path);
        match ask.tag.about {
            About::Pipelines { page, whole } => {
                let (pipelines, trouble) = json::list::<Pipeline>(body)?;
                took.trouble = trouble;
                project.is_cut &= page > 1;
                let reaches_known = !whole && pipelines.last().is_some_and(|last| project.knows(last));
                for pipeline in pipelines {
                    project.take(pipeline, looks_back);
                }
                let next = response.next_page().filter(|_| !reaches_known);
                project.is_cut |= next.is_some() && page == PAGES;
                if let Some(next) = next.filter(|_| page < PAGES) {
                    project.unread = true;
                    took.more.push(self::ask(path, About::Pipelines { page: page + 1, whole }, next));
                } else {
                    project.unread = false;
                    project.prune(now);
                    took.more = self.follow_up(path, state);
                }
            }
            About::Last => {
                let (pipelines, trouble) = json::list::<Pipeline>(body)?;
                took.trouble = trouble;
                project.looked = true;
                for pipeline in pipelines {
                    project.take(pipeline, looks_back);
                }
                project.prune(now);
            }
            About::Pipeline(id) if response.status == 404 => project.forget(id),
            About::Pipeline(_) => project.take(json::value(body)?, looks_back),
            About::Jobs { pipeline, page } => {
                let (jobs, trouble) = json::list::<PipelineJob>(body)?;
                took.trouble = trouble;
                project.take_jobs(pipeline, jobs, page == 1);
                if let Some(next) = response.next_page().filter(|_| page < PAGES) {
                    took.more.push(self::ask(path, About::Jobs { pipeline, page: page + 1 }, next));
                }
            }
            About::Deployments => {
                let (deployments, trouble) = json::list::<Deployment>(body)?;
                took.trouble = trouble;
                project.take_deployments(deployments);
            }
            About::Group | About::Trace { .. } => {}
        }
        Ok(took)
    }

    fn unchanged(&self, state: &mut State, ask: &Ask<Tag>) -> Vec<Ask<Tag>> {
        match ask.tag.about {
            About::Pipelines { .. } => self.follow_up(&ask.tag.path, state),
            About::Jobs { pipeline, .. } => {
                state.project(&ask.tag.path).jobs_are_current(pipeline);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn left_out(&self, state: &State) -> Vec<Failure> {
        let told = |path: &RawText, what: &str| {
            let what = [path.as_bytes(), b": ", what.as_bytes()].concat();
            Failure::new(FailureKind::TooLarge, RawText::from(what))
        };
        let groups = state.groups.iter().filter(|(_, group)| group.is_cut).map(|(path, _)| {
            told(
                path,
                "it has more projects than the 50 in which something happened last; the others are not shown",
            )
            .advise("name the others in `projects`, or name subgroups")
        });
        let projects = state.projects.iter().filter(|(_, project)| project.is_cut).map(|(path, _)| {
            told(path, "it had so many pipelines in the last day that the older of them are not shown")
        });
        groups.chain(projects).collect()
    }

    fn explain(&self, ask: &Ask<Tag>, failure: Failure) -> Failure {
        match (failure.kind, ask.tag.about) {
            (FailureKind::Unauthorized, _) => failure.advise(
                "look whether the token has expired or was revoked, and whether it is one of this server; it needs the scope `read_api`",
            ),
            (FailureKind::Forbidden | FailureKind::NotFound, About::Deployments) => failure.advise(
                "deployments need a token with the scope `read_api` of a member with the role Reporter; deployments = false does without",
            ),
            (FailureKind::Forbidden, _) => {
                failure.advise("the token needs the scope `read_api`, and its user the role Reporter there")
            }
            (FailureKind::NotFound, _) => failure.advise(
                "look at the path; GitLab says the same of what the token may not see: it needs the scope `read_api`, and its user has to be a member",
            ),
            _ => failure,
        }
    }

    fn snapshot(&self, state: &mut State, now: Timestamp) -> Snapshot {
        let mut runs = Vec::new();
        for (path, project) in &mut state.projects {
            project.prune(now);
            runs.extend(project.runs(path, now));
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.began()));
        Snapshot { runs, ..Snapshot::default() }
    }

    fn detail(&self, state: &State, key: &DetailKey) -> Option<Ask<Tag>> {
        let (run, job, _) = key.log()?;
        let (path, found) = state.job(run, job)?;
        let request = Request::get(format!("/projects/{}/jobs/{}/trace", encoded(path), found.id))
            .accept("text/plain")
            .last_bytes(LOG);
        Some(ask(path, About::Trace { is_over: found.is_over() }, request))
    }

    fn accept_detail(
        &self,
        state: &State,
        key: &DetailKey,
        ask: &Ask<Tag>,
        response: &Response,
    ) -> Result<Fetched<Tag>, Failure> {
        let (run, job, _) = key.log().ok_or_else(|| unknown(key))?;
        let is_over = matches!(ask.tag.about, About::Trace { is_over: true });
        let detail = trace::read(&response.body, response.from > 0, is_over);
        if is_over {
            return Ok(Fetched::Done(detail));
        }
        // Once more after its end: what it wrote last may have come after this.
        let is_over = state.job(run, job).is_none_or(|(_, job)| job.is_over());
        let mut again = ask.clone();
        again.tag.about = About::Trace { is_over };
        let size = response.from + response.body.len() as u64;
        Ok(Fetched::Growing(detail, AGAIN + Duration::from_secs(size >> 20), again))
    }
}

impl GitLabCiConfig {
    /// What is asked about a project once its list is read.
    fn follow_up(&self, path: &RawText, state: &mut State) -> Vec<Ask<Tag>> {
        let mut asks = Vec::new();
        for (id, jobs) in state.project(path).wanted() {
            let request = get(path, &format!("/pipelines/{id}")).also(&[404]);
            asks.push(ask(path, About::Pipeline(id), request).conditional());
            let request =
                get(path, &format!("/pipelines/{id}/jobs")).query("per_page", PAGE_OF_JOBS.to_string());
            let jobs_of = ask(path, About::Jobs { pipeline: id, page: 1 }, request);
            // The first page may stay as it was while a job of the second ends.
            asks.push(if jobs < PAGE_OF_JOBS { jobs_of.conditional() } else { jobs_of });
        }
        if self.deployments {
            let request = get(path, "/deployments")
                .query("order_by", "id")
                .query("sort", "desc")
                .query("per_page", "30");
            asks.push(ask(path, About::Deployments, request).conditional());
        }
        asks
    }
}

/// The lists of a project that has not been asked for in this round.
fn lists(state: &mut State, path: &RawText, now: Timestamp) -> Vec<Ask<Tag>> {
    if !state.asked.insert(path.clone()) {
        return Vec::new();
    }
    let project = state.project(path);
    // By whole hours, so that the same request is made again and the answer can be that nothing changed.
    let since = now.checked_sub(BACK).unwrap_or(now);
    let since = since.round((Unit::Hour, 1)).unwrap_or(since).checked_sub(SignedDuration::from_mins(30));
    let since = since.unwrap_or(now);
    let whole = std::mem::take(&mut project.unread);
    let request = get(path, "/pipelines")
        .query("updated_after", since.to_string())
        .query("order_by", "updated_at")
        .query("sort", "desc")
        .query("per_page", "50");
    let list = ask(path, About::Pipelines { page: 1, whole }, request);
    let list = if whole { list } else { list.conditional() };
    let newest =
        (!project.looked).then(|| ask(path, About::Last, get(path, "/pipelines").query("per_page", "1")));
    newest.into_iter().chain([list]).collect()
}

fn encoded(path: &RawText) -> String {
    segment(&String::from_utf8_lossy(path.as_bytes()))
}

fn get(project: &RawText, path: &str) -> Request {
    Request::get(format!("/projects/{}{path}", encoded(project)))
}

fn ask(path: &RawText, about: About, request: Request) -> Ask<Tag> {
    Ask::new(Tag { path: path.clone(), about }, request).part(path.clone())
}

#[cfg(test)]
mod tests;
