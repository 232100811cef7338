//! The `buildbot` source: the builds of a Buildbot master, their steps, and the requests that queue.
//!
//! REST API v2 (4.3, and by its documents since 0.9). A round asks for what queues, what runs and,
//! after that, what has ended since the last round: so no build is missed that ends in between.

mod log;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::log::{Next, Reading};
use self::wire::{Build, BuildRequest, BuildStep, Builder, Change, Message, PROPERTIES, Page};
use crate::model::health::{Failure, FailureKind};
use crate::model::run::{KNOWN_FOR, Run};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, Snapshot};
use crate::net::client::Auth;
use crate::net::events::{Event, MEDIA};
use crate::net::exchange::{Request, Response};
use crate::source::Asked;
use crate::source::json;
use crate::source::pipelines::newest_first;
use crate::source::poll::{Ask, Fetched, Took, Vendor, unknown};

/// Rows of one page.
const PAGE: usize = 100;
/// Builds that are kept, the newest.
const KEPT: usize = 2000;
/// How long a build that has ended stays a row.
const STAYS: SignedDuration = KNOWN_FOR;
/// A build may be written down a little after the second that it says it ended in.
const OVERLAP: i64 = 60;
/// Builds whose steps are asked for in one round, besides those that run. The rest of a day's builds
/// follows in the next rounds.
const STEPS_AT_ONCE: usize = 30;
/// Builders are asked for again after so long.
const BUILDERS: SignedDuration = SignedDuration::from_mins(10);
/// More builders than this are chosen here and not by the server: a URL has an end.
const IN_URL: usize = 100;
/// How soon a log that grows is asked for again.
const GROWS: Duration = Duration::from_secs(2);

/// Events come when something happens, and there is no keep-alive in between.
const QUIET: Duration = Duration::from_secs(300);

/// Keys of a `buildbot` source.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildbotConfig {
    /// Only these builders, such as `["checkout-test", "checkout-deploy"]`.
    #[serde(default)]
    pub builders: Vec<String>,
    /// Only builders that have one of these tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What a request is for.
#[derive(Clone, Debug)]
pub enum Tag {
    /// The builders.
    Builders,
    /// Requests that no worker has taken, from this one on.
    Queued(usize),
    /// Builds that run, from this one on.
    Running(usize),
    /// Builds that have ended, from this one on.
    Ended(usize),
    /// The commits that builds are about.
    Changes,
    /// The steps of a build, and whether it is over.
    Steps(u64, bool),
    /// The log of a step.
    Log(Reading),
}

/// What is known between rounds.
#[derive(Default)]
pub struct State {
    /// Where the master is, for links.
    base: String,
    builders: BTreeMap<u64, Builder>,
    builders_asked: Option<Timestamp>,
    queued: BTreeMap<u64, BuildRequest>,
    builds: BTreeMap<u64, Known>,
    /// What was listed as running in this round.
    running: BTreeSet<u64>,
    /// What ended at this second or later is asked for.
    since: Option<i64>,
    /// Not all builds that ended before this second are shown, because there were too many.
    left_out: Option<i64>,
    /// Subjects of commits; an empty one is not known there.
    subjects: BTreeMap<RawText, RawText>,
}

/// A build, and its steps as far as they are known.
struct Known {
    build: Build,
    steps: Vec<BuildStep>,
    /// Whether they were asked for after the build's end.
    steps_final: bool,
}

impl Asked for BuildbotConfig {
    const KIND: &'static str = "buildbot";
    const AUTH: Auth = Auth::Basic;
}

impl Vendor for BuildbotConfig {
    type State = State;
    type Tag = Tag;

    const GIVES: &'static [Gives] = &[Gives::Runs];
    const EVERY: Duration = Duration::from_secs(10);

    fn round(&self, state: &mut State, now: Timestamp, backfill: Option<Timestamp>) -> Vec<Ask<Tag>> {
        // Later gaps are closed by the master's own clock: `since` moves with what it says.
        state.since = state.since.or(backfill.map(Timestamp::as_second));
        let fresh = |asked: Timestamp| now.duration_since(asked) < BUILDERS;
        if state.builders_asked.is_some_and(fresh) {
            return self.builds(state);
        }
        vec![Ask::new(Tag::Builders, Request::get("/api/v2/builders"))]
    }

    fn accept(
        &self,
        state: &mut State,
        ask: &Ask<Tag>,
        response: &Response,
        now: Timestamp,
    ) -> Result<Took<Tag>, Failure> {
        let mut took = Took::default();
        match &ask.tag {
            Tag::Builders => {
                let (builders, _) = items::<Builder>(response, &mut took)?;
                response.base().as_str().trim_end_matches('/').clone_into(&mut state.base);
                state.builders = builders.into_iter().map(|builder| (builder.builderid, builder)).collect();
                self.check(state)?;
                state.builders_asked = Some(now);
                took.more = self.builds(state);
            }
            Tag::Queued(from) => {
                let (mut requests, is_full) = items::<BuildRequest>(response, &mut took)?;
                requests.retain(|request| self.wants(state, request.builderid));
                if *from == 0 {
                    state.queued.clear();
                }
                state.queued.extend(requests.into_iter().map(|request| (request.buildrequestid, request)));
                if is_full && from + PAGE < KEPT {
                    took.more.push(self.queued(state, from + PAGE));
                } else if is_full {
                    took.trouble = Some(too_many(format!(
                        "more than {KEPT} requests wait: the later ones are not shown"
                    )));
                }
            }
            Tag::Running(from) => {
                let (builds, is_full) = items::<Build>(response, &mut took)?;
                if *from == 0 {
                    state.running.clear();
                }
                state.running.extend(builds.iter().map(|build| build.buildid));
                self.take(state, builds);
                if is_full && from + PAGE < KEPT {
                    took.more.push(self.running(state, from + PAGE));
                    return Ok(took);
                }
                if is_full {
                    took.trouble =
                        Some(too_many(format!("more than {KEPT} builds run: the older ones are not shown")));
                }
                took.more.push(self.ended(state, 0));
            }
            Tag::Ended(from) => {
                let (builds, is_full) = items::<Build>(response, &mut took)?;
                let oldest = builds.iter().filter_map(|build| build.complete_at).min();
                self.take(state, builds);
                if is_full && from + PAGE < KEPT {
                    took.more.push(self.ended(state, from + PAGE));
                } else {
                    state.left_out = state.left_out.max(oldest.filter(|_| is_full));
                    took.more = state.settle();
                }
            }
            Tag::Changes => {
                let (changes, _) = items::<Change>(response, &mut took)?;
                for change in changes {
                    let Some(revision) = change.revision else { continue };
                    let subject = change.comments.lines().next().unwrap_or_default();
                    state.subjects.insert(revision.into(), subject.into());
                }
                // What the master has no change for is not asked for again.
                let revisions: Vec<_> = state.revisions().collect();
                for revision in revisions {
                    state.subjects.entry(revision).or_default();
                }
            }
            Tag::Steps(build, over) => {
                let (mut steps, _) = items::<BuildStep>(response, &mut took)?;
                steps.sort_by_key(BuildStep::number);
                if let Some(known) = state.builds.get_mut(build) {
                    (known.steps, known.steps_final) = (steps, *over);
                }
            }
            Tag::Log(_) => {}
        }
        Ok(took)
    }

    fn events(&self) -> Option<Request> {
        // Builds, steps and requests, each of which has three parts: a stream is of one pattern, and
        // more are added to it by requests that only reach it if there is one master behind the URL.
        Some(Request::get("/sse/listen/*/*/*").accept(MEDIA).quiet(QUIET))
    }

    fn is_news(&self, state: &State, event: &Event) -> bool {
        if event.name == "handshake".into() {
            return false;
        }
        // One that is cut, because it is too long, or of another shape: a look does no harm.
        let Ok(event) = serde_json::from_slice::<wire::Event>(event.data.as_bytes()) else { return true };
        let Message { builderid, buildid } = event.message;
        match (event.about(), event.happened()) {
            // The words for its state, which are not shown.
            ("builds", "update") | ("steps", "updated") => false,
            ("builds" | "buildrequests", _) => builderid.is_none_or(|builder| self.wants(state, builder)),
            ("steps", _) => buildid.is_none_or(|build| state.builds.contains_key(&build)),
            // Logs as they grow, workers that come and go.
            _ => false,
        }
    }

    fn snapshot(&self, state: &mut State, now: Timestamp) -> Snapshot {
        state.forget(now);
        let lost = state.lost();
        let builds = state.builds.values().map(|known| state.run(known, &lost));
        // The queue was asked for beside the builds: one of it may have begun meanwhile.
        let begun = state.builds.values().map(|known| &known.build).filter(|build| !build.is_tried_again());
        let begun: BTreeSet<u64> = begun.filter_map(|build| build.buildrequestid).collect();
        let queued = state.queued.values().filter(|request| !begun.contains(&request.buildrequestid));
        let queued = queued.map(|request| {
            let link = format!("{}/#/buildrequests/{}", state.base, request.buildrequestid);
            let attempt = attempt(&lost, Some(request.buildrequestid), u64::MAX);
            Run { link: Some(link.into()), attempt, ..request.model(state.builder(request.builderid)) }
        });
        newest_first(builds.chain(queued).map(Arc::new).collect())
    }

    fn left_out(&self, state: &State) -> Vec<Failure> {
        let told = |before| {
            let before = wire::time(before);
            let what =
                format!("more than {KEPT} builds ended in a day: those before {before} are not all shown");
            too_many(what)
        };
        state.left_out.map(told).into_iter().collect()
    }

    fn detail(&self, state: &State, key: &DetailKey) -> Option<Ask<Tag>> {
        match key {
            DetailKey::Jobs { run } => Some(state.steps_of(state.build(run)?)),
            DetailKey::StepLog { step, .. } => {
                let reading = Reading::of(step.as_str()?.parse().ok()?);
                let first = reading.first();
                Some(Ask::new(Tag::Log(reading), first))
            }
            DetailKey::JobLog { .. } | DetailKey::Groups { .. } | DetailKey::Graph { .. } => None,
        }
    }

    fn accept_detail(
        &self,
        state: &mut State,
        key: &DetailKey,
        ask: &Ask<Tag>,
        response: &Response,
    ) -> Result<Fetched<Tag>, Failure> {
        if let (DetailKey::Jobs { run }, Tag::Steps(build, _)) = (key, &ask.tag) {
            let took = self.accept(state, ask, response, Timestamp::UNIX_EPOCH)?;
            if let Some(known) = state.builds.get_mut(build) {
                // The next round says what of them cannot be read.
                known.steps_final &= took.trouble.is_none();
            }
            let known = state.build(run).ok_or_else(|| unknown(key))?;
            return Ok(Fetched::Done(Detail::Jobs(state.run(known, &[]).jobs)));
        }
        let (Tag::Log(mut reading), DetailKey::StepLog { step, .. }) = (ask.tag.clone(), key) else {
            return Err(Failure::new(FailureKind::Unreadable, "an answer that nothing asked for"));
        };
        let next = reading.take(response, state.is_over(step))?;
        let go_on = |request, reading| Ask::new(Tag::Log(reading), request);
        Ok(match next {
            Next::Ask(request) => Fetched::More(go_on(request, reading)),
            Next::Growing(detail, request) => Fetched::Growing(detail, GROWS, go_on(request, reading)),
            Next::Done(detail) => Fetched::Done(detail),
        })
    }
}

impl BuildbotConfig {
    /// Whether a builder is one of those configured. One that is not known yet is: it is new.
    fn wants(&self, state: &State, builder: u64) -> bool {
        let Some(builder) = state.builders.get(&builder) else { return !self.chooses() };
        let named = self.builders.is_empty() || self.builders.contains(&builder.name);
        named && (self.tags.is_empty() || builder.tags.iter().any(|tag| self.tags.contains(tag)))
    }

    fn chooses(&self) -> bool {
        !(self.builders.is_empty() && self.tags.is_empty())
    }

    /// A list of builders that none is in is a mistake, and would look like silence.
    fn check(&self, state: &State) -> Result<(), Failure> {
        if !self.chooses() || state.builders.keys().any(|id| self.wants(state, *id)) {
            return Ok(());
        }
        let names: Vec<_> = state.builders.values().take(10).map(|builder| builder.name.as_str()).collect();
        let what = format!("no builder matches `builders` and `tags`; there are {}", names.join(", "));
        Err(Failure::new(FailureKind::NotFound, what).advise("correct them, or leave them out to see all"))
    }

    fn builds(&self, state: &State) -> Vec<Ask<Tag>> {
        vec![self.running(state, 0), self.queued(state, 0)]
    }

    fn running(&self, state: &State, from: usize) -> Ask<Tag> {
        let request = Request::get("/api/v2/builds").query("complete", "false").query("order", "-buildid");
        Ask::new(Tag::Running(from), self.rows(state, request, from))
    }

    fn ended(&self, state: &State, from: usize) -> Ask<Tag> {
        let request = Request::get("/api/v2/builds")
            .query("complete", "true")
            .query("complete_at__ge", state.since.unwrap_or_default().to_string())
            .query("order", "-buildid");
        Ask::new(Tag::Ended(from), self.rows(state, request, from))
    }

    fn queued(&self, state: &State, from: usize) -> Ask<Tag> {
        let request = Request::get("/api/v2/buildrequests")
            .query("claimed", "false")
            .query("complete", "false")
            .query("order", "buildrequestid");
        Ask::new(Tag::Queued(from), self.rows(state, request, from)).part("the queue")
    }

    fn rows(&self, state: &State, request: Request, from: usize) -> Request {
        let mut request = request.query("limit", PAGE.to_string()).query("offset", from.to_string());
        if self.chooses() {
            let ids = state.builders.keys().filter(|id| self.wants(state, **id));
            let ids: Vec<_> = ids.take(IN_URL + 1).collect();
            if ids.len() <= IN_URL {
                request =
                    ids.into_iter().fold(request, |request, id| request.query("builderid", id.to_string()));
            }
        }
        PROPERTIES.iter().fold(request, |request, name| request.query("property", *name))
    }

    fn take(&self, state: &mut State, builds: Vec<Build>) {
        for build in builds {
            if !state.builders.contains_key(&build.builderid) {
                // A new one: the next round learns its name.
                state.builders_asked = None;
            }
            if !self.wants(state, build.builderid) {
                continue;
            }
            if let Some(known) = state.builds.get_mut(&build.buildid) {
                known.build = build;
            } else {
                let known = Known { build, steps: Vec::new(), steps_final: false };
                state.builds.insert(known.build.buildid, known);
            }
        }
    }
}

impl State {
    /// All builds of this round are there. Returns what is asked besides.
    fn settle(&mut self) -> Vec<Ask<Tag>> {
        // What neither runs nor has ended was deleted.
        self.builds.retain(|id, known| known.build.complete || self.running.contains(id));
        let latest = self.builds.values().filter_map(|known| known.build.complete_at).max();
        self.since = self.since.max(latest.map(|latest| latest - OVERLAP));
        let mut ended: Vec<_> =
            self.builds.values().filter(|known| known.build.complete && !known.steps_final).collect();
        ended.sort_by_key(|known| (known.build.state().urgency(), std::cmp::Reverse(known.build.buildid)));
        let running = self.builds.values().filter(|known| !known.build.complete);
        let steps = running.chain(ended.into_iter().take(STEPS_AT_ONCE));
        let mut asks: Vec<_> = steps.map(|known| self.steps_of(known)).collect();
        let mut unknown = self.revisions().filter(|revision| !self.subjects.contains_key(revision));
        if unknown.next().is_some() {
            let request = Request::get("/api/v2/changes").query("order", "-changeid");
            let request = request.query("limit", PAGE.to_string());
            asks.push(Ask::new(Tag::Changes, request).part("commits"));
        }
        asks
    }

    fn steps_of(&self, Known { build, .. }: &Known) -> Ask<Tag> {
        let request = Request::get(format!("/api/v2/builds/{}/steps", build.buildid));
        let part = format!("steps of {} {}", self.name(build.builderid), build.number);
        Ask::new(Tag::Steps(build.buildid, build.complete), request).part(part)
    }

    /// The build with this id, as it stands in a [`Run`].
    fn build(&self, run: &RawText) -> Option<&Known> {
        self.builds.values().find(|known| known.build.id() == *run)
    }

    /// Forgets what ended long ago, and what is too much.
    fn forget(&mut self, now: Timestamp) {
        let old = now.checked_sub(STAYS).unwrap_or(Timestamp::MIN).as_second();
        self.builds.retain(|_, known| known.build.complete_at.is_none_or(|end| end >= old));
        while self.builds.len() > KEPT {
            let gone = self.builds.pop_first();
            self.left_out = self.left_out.max(gone.and_then(|(_, gone)| gone.build.complete_at));
        }
        self.left_out = self.left_out.filter(|before| *before >= old);
        let revisions: BTreeSet<_> = self.revisions().collect();
        self.subjects.retain(|revision, _| revisions.contains(revision));
    }

    fn revisions(&self) -> impl Iterator<Item = RawText> {
        self.builds.values().filter_map(|known| known.build.revision())
    }

    fn run(&self, known: &Known, lost: &[(u64, u64)]) -> Run {
        let build = &known.build;
        let subject = build.revision().and_then(|revision| self.subjects.get(&revision));
        let run = build.model(
            self.builder(build.builderid),
            subject.filter(|subject| !subject.is_empty()),
            &known.steps,
        );
        let link = format!("{}/#/builders/{}/builds/{}", self.base, build.builderid, build.number);
        Run { link: Some(link.into()), attempt: attempt(lost, build.buildrequestid, build.buildid), ..run }
    }

    /// Attempts at requests that are tried again because the worker was lost: request and build.
    fn lost(&self) -> Vec<(u64, u64)> {
        let builds = self.builds.values().map(|known| &known.build);
        let lost = builds.filter(|build| build.is_tried_again());
        lost.filter_map(|build| Some((build.buildrequestid?, build.buildid))).collect()
    }

    fn name(&self, builder: u64) -> String {
        match self.builders.get(&builder) {
            Some(builder) => builder.name.clone(),
            None => format!("builder {builder}"),
        }
    }

    fn builder(&self, builder: u64) -> RawText {
        self.name(builder).into()
    }

    /// Whether a step is over; one that is not known any more is.
    fn is_over(&self, step: &RawText) -> bool {
        let Some(step) = step.as_str().and_then(|id| id.parse::<u64>().ok()) else { return true };
        let mut steps = self.builds.values().flat_map(|known| &known.steps);
        steps.find(|known| known.stepid == step).is_none_or(|step| step.complete)
    }
}

/// Which attempt at a request a build is, by those before it that were lost.
fn attempt(lost: &[(u64, u64)], request: Option<u64>, build: u64) -> u32 {
    let before = lost.iter().filter(|(of, earlier)| Some(*of) == request && *earlier < build).count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

/// Reads a page, and notes what of it cannot be read. Says too whether it is full: then there may be
/// one after it.
fn items<T: DeserializeOwned>(response: &Response, took: &mut Took<Tag>) -> Result<(Vec<T>, bool), Failure> {
    let page: Page<'_> = response.json()?;
    let (items, trouble) = json::items(response, &page.items)?;
    took.trouble = trouble;
    Ok((items, page.items.count() >= PAGE))
}

fn too_many(what: impl Into<RawText>) -> Failure {
    Failure::new(FailureKind::TooLarge, what).advise("name fewer `builders` or `tags` in this source")
}
