//! The `gitlab-ci` source: pipelines of projects and groups, their jobs, and deployments.
//!
//! REST API v4, as GitLab's `doc/api` says (15 to 18).

mod state;
mod trace;
mod wire;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use self::state::{Project, Wanted};
use self::wire::{Deployment, Pipeline, PipelineJob};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, Snapshot};
use crate::net::exchange::{Auth, Request, Response, segment};
use crate::source::Asked;
use crate::source::json;
use crate::source::pipelines::newest_first;
use crate::source::pipelines::pages::{BACK, PAGE_OF_JOBS};
use crate::source::poll::{Ask, Fetched, Took, Vendor, of_part, unknown};

pub use self::state::State;

/// Projects of a group that are looked at.
const PROJECTS: usize = 50;
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
    /// A page of the jobs of a pipeline; whether nothing more was to happen to it when they were asked for.
    Jobs { pipeline: u64, page: u32, is_over: bool },
    /// The same of its jobs that start other pipelines.
    Bridges { pipeline: u64, page: u32, is_over: bool },
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
        state.now = now;
        if backfill.is_some() {
            state.entered = now;
        }
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
        let (path, entered) = (&ask.tag.path, state.entered);
        let mut took = Took::default();
        if ask.tag.about == About::Group {
            let (projects, trouble) = json::list::<wire::Project>(response)?;
            let mut projects: Vec<RawText> =
                projects.into_iter().map(|project| project.path_with_namespace.into()).collect();
            for project in &projects {
                took.more.extend(lists(state, project, now));
            }
            let group = state.groups.entry(path.clone()).or_default();
            if trouble.is_some() {
                // Those that cannot be read may be known.
                let known = std::mem::take(&mut group.projects);
                let more: Vec<_> = known.into_iter().filter(|known| !projects.contains(known)).collect();
                projects.extend(more);
                projects.truncate(PROJECTS);
            }
            took.trouble = trouble;
            group.is_cut = response.next_page() != Ok(None);
            (group.projects, group.asked) = (projects, Some(now));
            // What is not asked about any more would stay as it was for ever.
            let of_groups: BTreeSet<&RawText> =
                state.groups.values().flat_map(|group| &group.projects).collect();
            state.projects.retain(|path, _| {
                of_groups.contains(path) || self.projects.iter().any(|Path(named)| named == path)
            });
            return Ok(took);
        }
        // It may have left its group while this was under way.
        let Some(project) = state.projects.get_mut(path) else { return Ok(took) };
        match ask.tag.about {
            About::Pipelines { page, whole } => {
                let (pipelines, trouble) = json::list::<Pipeline>(response)?;
                took.trouble = trouble;
                let oldest = pipelines.last().map(Pipeline::changed);
                let reaches_known = !whole && pipelines.last().is_some_and(|last| project.knows(last));
                for pipeline in pipelines {
                    project.take(pipeline, None, entered);
                }
                let next = project.listing.turn(response, page, oldest, reaches_known, now);
                if let Some(next) = next {
                    took.more.push(self::ask(path, About::Pipelines { page: page + 1, whole }, next));
                } else {
                    project.prune(now);
                    took.more = self.follow_up(path, project);
                }
            }
            About::Last => {
                let (pipelines, trouble) = json::list::<Pipeline>(response)?;
                took.trouble = trouble;
                project.looked = true;
                for pipeline in pipelines {
                    project.take(pipeline, None, entered);
                }
                project.prune(now);
            }
            About::Pipeline(id) if response.status == 404 => project.forget(id),
            About::Pipeline(_) => project.take_facts(response.json()?),
            About::Jobs { pipeline, page, is_over } => {
                let (jobs, trouble) = json::list::<PipelineJob>(response)?;
                took.trouble = trouble;
                let known = project.jobs(pipeline);
                if let Some(next) = known.and_then(|known| known.take(response, page, jobs, is_over)) {
                    let about = About::Jobs { pipeline, page: page + 1, is_over };
                    took.more.push(self::ask(path, about, next));
                }
            }
            About::Bridges { pipeline, page, is_over } => {
                let (bridges, trouble) = json::list::<PipelineJob>(response)?;
                took.trouble = trouble;
                took.more = requests(path, project.take_children(pipeline, &bridges));
                let known = project.bridges(pipeline);
                if let Some(next) = known.and_then(|known| known.take(response, page, bridges, is_over)) {
                    let about = About::Bridges { pipeline, page: page + 1, is_over };
                    took.more.push(self::ask(path, about, next));
                }
            }
            About::Deployments => {
                let (deployments, trouble) = json::list::<Deployment>(response)?;
                took.trouble = trouble;
                project.take_deployments(deployments);
            }
            About::Group | About::Trace { .. } => {}
        }
        Ok(took)
    }

    fn unchanged(&self, state: &mut State, ask: &Ask<Tag>) -> Vec<Ask<Tag>> {
        let path = &ask.tag.path;
        if ask.tag.about == About::Group {
            state.groups.entry(path.clone()).or_default().asked = Some(state.now);
        }
        let Some(project) = state.projects.get_mut(path) else { return Vec::new() };
        match ask.tag.about {
            About::Pipelines { .. } => return self.follow_up(path, project),
            About::Pipeline(id) => project.facts_are_current(id),
            About::Jobs { pipeline, is_over, .. } => {
                if let Some(jobs) = project.jobs(pipeline) {
                    jobs.are_current(is_over);
                }
            }
            About::Bridges { pipeline, is_over, .. } => {
                if let Some(bridges) = project.bridges(pipeline) {
                    bridges.are_current(is_over);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn left_out(&self, state: &State) -> Vec<Failure> {
        let groups = state.groups.iter().filter(|(_, group)| group.is_cut).map(|(path, _)| {
            let what =
                "it has more projects than the 50 in which something happened last; the others are not shown";
            let failure = Failure::new(FailureKind::TooLarge, what);
            of_part(path, failure.advise("name the others in `projects`, or name subgroups"))
        });
        let of_project = |(path, project): (&RawText, &Project)| {
            project.left_out(state.now).into_iter().map(|why| of_part(path, why)).collect::<Vec<_>>()
        };
        groups.chain(state.projects.iter().flat_map(of_project)).collect()
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
        newest_first(runs)
    }

    fn detail(&self, state: &State, key: &DetailKey) -> Option<Ask<Tag>> {
        if let DetailKey::Jobs { run } = key {
            let (path, pipeline) = state.pipeline(run)?;
            return requests(path, vec![state.projects.get(path)?.jobs_of(pipeline)?]).pop();
        }
        let (run, job, _) = key.log()?;
        let (path, found) = state.job(run, job)?;
        let request = Request::get(format!("/projects/{}/jobs/{}/trace", encoded(path), found.id))
            .accept("text/plain")
            .last_bytes(LOG);
        Some(ask(path, About::Trace { is_over: found.is_over() }, request))
    }

    fn accept_detail(
        &self,
        state: &mut State,
        key: &DetailKey,
        ask: &Ask<Tag>,
        response: &Response,
    ) -> Result<Fetched<Tag>, Failure> {
        if let About::Jobs { pipeline, .. } = ask.tag.about {
            let took = self.accept(state, ask, response, state.now)?;
            let next = took.more.into_iter().next();
            let project = state.projects.get_mut(&ask.tag.path).ok_or_else(|| unknown(key))?;
            // The next round asks what else there is of it, and says what of the jobs cannot be read.
            project.want(pipeline, took.trouble.is_some());
            let done = || Fetched::Done(Detail::Jobs(project.shown_jobs(pipeline)));
            return Ok(next.map_or_else(done, Fetched::More));
        }
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
    fn follow_up(&self, path: &RawText, project: &Project) -> Vec<Ask<Tag>> {
        let mut asks = requests(path, project.wanted());
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

fn requests(path: &RawText, wanted: Vec<Wanted>) -> Vec<Ask<Tag>> {
    let request = |wanted| match wanted {
        Wanted::Facts { id, conditional } => {
            let request = get(path, &format!("/pipelines/{id}")).also(&[404]);
            ask(path, About::Pipeline(id), request).conditional_if(conditional)
        }
        Wanted::Jobs { pipeline, is_over, conditional } => {
            let request = get(path, &format!("/pipelines/{pipeline}/jobs"));
            let request = request.query("include_retried", "true");
            let request = request.query("per_page", PAGE_OF_JOBS.to_string());
            ask(path, About::Jobs { pipeline, page: 1, is_over }, request).conditional_if(conditional)
        }
        Wanted::Bridges { pipeline, is_over, conditional } => {
            let request = get(path, &format!("/pipelines/{pipeline}/bridges"));
            let request = request.query("per_page", PAGE_OF_JOBS.to_string());
            ask(path, About::Bridges { pipeline, page: 1, is_over }, request).conditional_if(conditional)
        }
    };
    wanted.into_iter().map(request).collect()
}

/// The lists of a project that has not been asked for in this round.
fn lists(state: &mut State, path: &RawText, now: Timestamp) -> Vec<Ask<Tag>> {
    if !state.asked.insert(path.clone()) {
        return Vec::new();
    }
    let project = state.projects.entry(path.clone()).or_default();
    // By whole hours, so that the same request is made again and the answer can be that nothing changed.
    let since = now.checked_sub(BACK).unwrap_or(now);
    let since = since.round((Unit::Hour, 1)).unwrap_or(since).checked_sub(SignedDuration::from_mins(30));
    let since = since.unwrap_or(now);
    let whole = project.listing.is_unread;
    let request = get(path, "/pipelines")
        .query("updated_after", since.to_string())
        .query("order_by", "updated_at")
        .query("sort", "desc")
        .query("per_page", "50");
    let list = ask(path, About::Pipelines { page: 1, whole }, request).conditional_if(!whole);
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
