//! A request and its answer, as plain values: adapters make the one and read the other without I/O.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::credential::Mask;
use super::failure::{self, Trip};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;

const UNREADABLE: &str = "the server may be another version or another product than `kind` says, or something between answers for it";

const LOST: &str = "look there whether it arrived before you send it again";

/// JSON that is nested deeper is an attack or a mistake.
const DEEPEST: usize = 64;

/// What is asked for. Requests only read, but for those that say that they change something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// GET.
    Get,
    /// POST, for queries that have a body and for what changes something.
    Post,
}

impl Method {
    /// As HTTP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// How a kind of source presents a credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Auth {
    /// `Authorization: Bearer SECRET`; Basic if the credential has a user.
    Bearer,
    /// `Authorization: Basic`, with the credential's user.
    Basic,
    /// The secret as the value of this header.
    Header(&'static str),
    /// The secret is the address itself: what stands behind the host of a webhook, or the whole of it.
    Address,
    /// `Authorization`, with this before the secret, such as `GenieKey ` or `Token token=`.
    Scheme(&'static str),
    /// Not at all.
    None,
}

/// For whom a request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// For nobody in particular: a source looks by itself.
    Poll,
    /// For a person who waits.
    Person,
}

/// One request to an endpoint.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// How.
    pub method: Method,
    /// What, from the endpoint's URL on; begins with `/`. Parts from outside go through [`segment`].
    pub path: String,
    /// The query, not encoded yet.
    pub query: Vec<(String, String)>,
    /// The media type wanted. If it is JSON, an answer that is none is a failure.
    pub accept: &'static str,
    /// Headers of the vendor; never a secret.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON of a POST.
    pub body: Option<serde_json::Value>,
    /// The `ETag` of what is known: the answer may be 304.
    pub validator: Option<String>,
    /// A redirect to another host is followed, without any credential.
    pub may_leave: bool,
    /// Statuses that are an answer and no failure, beside 2xx and 304.
    pub also: &'static [u16],
    /// The most bytes that the answer may have, unpacked; 32 MiB if not said.
    pub most: Option<usize>,
    /// Only what is from this byte on. An answer with status 416 means that there is nothing yet;
    /// one with 200 is the whole, because the server knows no ranges.
    pub range_from: Option<u64>,
    /// Only the last bytes, so many. [`Response::from`] says where they begin.
    pub tail: Option<usize>,
    /// How long an open stream may say nothing, where its server has no keep-alive.
    pub quiet: Option<Duration>,
    /// It changes something there. Once it may have arrived it is not sent again, and what goes wrong from
    /// then on is [`FailureKind::Unknown`].
    pub changes: bool,
}

impl Request {
    /// A GET of JSON.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            path: path.into(),
            query: Vec::new(),
            accept: "application/json",
            headers: Vec::new(),
            body: None,
            validator: None,
            may_leave: false,
            also: &[],
            most: None,
            range_from: None,
            tail: None,
            quiet: None,
            changes: false,
        }
    }

    /// A POST of JSON, for a query.
    pub fn post(path: impl Into<String>, body: serde_json::Value) -> Self {
        Self { method: Method::Post, body: Some(body), ..Self::get(path) }
    }

    /// The same, where it changes something there.
    #[must_use]
    pub fn changing(mut self) -> Self {
        self.changes = true;
        self
    }

    /// What went wrong after it may have arrived.
    pub(super) fn lost(&self, failure: Failure) -> Failure {
        if self.changes { Failure { kind: FailureKind::Unknown, ..failure }.advise(LOST) } else { failure }
    }

    /// With one more pair in the query.
    #[must_use]
    pub fn query(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((key.into(), value.into()));
        self
    }

    /// With another media type wanted, such as `text/plain`.
    #[must_use]
    pub fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    /// With a header of the vendor; never a secret.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With more statuses that are an answer.
    #[must_use]
    pub fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }

    /// Lets a redirect lead to another host, without any credential.
    #[must_use]
    pub fn leaving(mut self) -> Self {
        self.may_leave = true;
        self
    }

    /// With another bound of the answer's bytes.
    #[must_use]
    pub fn most(mut self, bytes: usize) -> Self {
        self.most = Some(bytes);
        self
    }

    /// Asks for what is from this byte on.
    #[must_use]
    pub fn from_byte(mut self, first: u64) -> Self {
        self.range_from = Some(first);
        self
    }

    /// Asks for the last bytes only.
    #[must_use]
    pub fn last_bytes(mut self, bytes: usize) -> Self {
        self.tail = Some(bytes);
        self
    }

    /// Lets an open stream be silent for so long, and as slow as it likes: for servers without a
    /// keep-alive, such as Buildbot. A peer that is gone without a word is still found out by TCP.
    #[must_use]
    pub fn quiet(mut self, longest: Duration) -> Self {
        self.quiet = Some(longest);
        self
    }

    pub(super) fn wants_json(&self) -> bool {
        self.accept.split([';', ',']).next().is_some_and(|media| media.trim_end().ends_with("json"))
    }

    /// The URL under `base`. A part of the path that is `.` or `..` would lead elsewhere.
    pub(super) fn url(&self, base: &Url) -> Result<Url, Failure> {
        let path = format!("{}{}", base.path().trim_end_matches('/'), self.path);
        let climbs =
            |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
        if self.path.split(['/', '\\']).any(climbs) {
            let what = format!("{} {}: a part of this path is `.` or `..`", self.method.name(), self.path);
            return Err(Failure::new(FailureKind::Unreadable, what));
        }
        let mut url = base.clone();
        url.set_path(&path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

/// One part of a path, percent-encoded: nothing in it can end the part or begin a query.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its body, unpacked.
    pub body: Vec<u8>,
    /// Where the body begins in what was asked for; not 0 only where a part was asked for.
    pub from: u64,
    headers: Vec<(String, String)>,
    base: Url,
    asked: Request,
    received: Option<Timestamp>,
    ends: Option<Timestamp>,
    spoken: Option<&'static str>,
    shown: String,
    mask: Mask,
    /// The next large answer of the source is read when this one is gone.
    turn: Option<Arc<OwnedSemaphorePermit>>,
}

impl Response {
    /// An answer from `base` to this request.
    pub fn new(
        base: &Url,
        asked: &Request,
        status: u16,
        headers: Vec<(String, String)>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let shown = format!("{} {}{}", asked.method.name(), base.as_str().trim_end_matches('/'), asked.path);
        let (base, asked) = (base.clone(), asked.clone());
        let mask = Mask::default();
        Self {
            status,
            body: body.into(),
            from: 0,
            headers,
            base,
            asked,
            received: None,
            ends: None,
            spoken: None,
            shown,
            mask,
            turn: None,
        }
    }

    /// With the time at which it came, to compare with the server's.
    #[must_use]
    pub fn received(mut self, at: Timestamp) -> Self {
        self.received = Some(at);
        self
    }

    /// With the end of the certificate that its server showed.
    #[must_use]
    pub fn shown_until(mut self, ends: Option<Timestamp>) -> Self {
        self.ends = ends;
        self
    }

    /// When the certificate that its server showed ends.
    pub fn certificate_ends(&self) -> Option<Timestamp> {
        self.ends
    }

    /// In which versions it came, such as `HTTP/2 over TLS 1.3`.
    pub fn spoken(&self) -> Option<&'static str> {
        self.spoken
    }

    /// With those.
    #[must_use]
    pub fn spoken_in(mut self, spoken: Option<&'static str>) -> Self {
        self.spoken = spoken;
        self
    }

    pub(super) fn part(mut self, trip: Trip, skipped: u64) -> Self {
        (self.shown, self.mask) = (trip.shown, trip.mask);
        self.mask.blot(&mut self.body);
        let range = self.header("content-range").filter(|_| self.status == 206);
        self.from = range.and_then(range_start).unwrap_or(skipped);
        self
    }

    pub(super) fn turn(mut self, turn: Option<Arc<OwnedSemaphorePermit>>) -> Self {
        self.turn = turn;
        self
    }

    /// The request that this answers.
    pub fn asked(&self) -> &Request {
        &self.asked
    }

    /// The address of the endpoint that answered.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// How far the server's clock is ahead of ours, to a second or two; negative if it is behind.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        Some(http_date(self.header("date")?)?.duration_since(self.received?))
    }

    /// What it says about a refusal: the usual members of a JSON error, or its first line.
    pub fn words(&self) -> Option<RawText> {
        failure::words(&self.body, &self.mask)
    }

    /// The body as text.
    pub fn text(&self) -> RawText {
        RawText::from_bytes(&self.body)
    }

    /// The body read as JSON. What of it is borrowed stays in the answer.
    ///
    /// Errors say what was asked, and what the server says if it is no JSON at all.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Failure> {
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        if too_deep(body) {
            return Err(self.unreadable(format!("its JSON is nested more than {DEEPEST} levels deep")));
        }
        serde_json::from_slice(body).map_err(|error| {
            // What it says in its own words helps more than where it stopped to be JSON.
            let is_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
            match if is_json { None } else { failure::words(body, &self.mask) } {
                Some(words) => self.unreadable([b"it is no JSON: ", words.as_bytes()].concat()),
                None => self.unreadable(self.brief(&error.to_string())),
            }
        })
    }

    /// The failure of an answer that has not the shape that it should have.
    pub fn unreadable(&self, why: impl AsRef<[u8]>) -> Failure {
        let mut what = format!("{}: the answer cannot be read: ", self.shown).into_bytes();
        what.extend_from_slice(why.as_ref());
        Failure::new(FailureKind::Unreadable, RawText::from(what)).advise(UNREADABLE)
    }

    /// The first characters of a text that may quote the answer, without any secret of ours.
    pub fn brief(&self, text: &str) -> String {
        failure::brief(text, &self.mask)
    }

    /// A failure that may quote the answer, without any secret of ours.
    pub fn masked(&self, failure: Failure) -> Failure {
        self.mask.failure(failure)
    }

    /// The request for the page after this one, by `Link: <...>; rel="next"`.
    ///
    /// Errors when the link leads to another place than the endpoint: our credential is not for it.
    pub fn next_page(&self) -> Result<Option<Request>, Failure> {
        let Some(url) = self.link("next") else { return Ok(None) };
        let base = self.base.path().trim_end_matches('/');
        let path = url.path().strip_prefix(base).filter(|path| path.starts_with('/'));
        let same = url.origin() == self.base.origin() && url.username().is_empty();
        let Some(path) = path.filter(|_| same) else { return Err(self.elsewhere(&url)) };
        Ok(Some(Request {
            path: path.to_owned(),
            query: url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect(),
            validator: None,
            ..self.asked.clone()
        }))
    }

    /// The target of the link of this name, if it is a URL.
    fn link(&self, rel: &str) -> Option<Url> {
        let mut links = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("link"));
        let target = links.find_map(|(_, value)| link(value, rel))?;
        self.asked.url(&self.base).ok()?.join(target).ok()
    }

    fn elsewhere(&self, next: &Url) -> Failure {
        let number = |url: &Url| url.query_pairs().find(|(key, _)| key == "page")?.1.parse::<u64>().ok();
        let last = self.link("last").as_ref().and_then(number);
        let count = last.zip(number(next)).and_then(|(last, next)| last.checked_sub(next));
        let pages = match count {
            None => "more pages are".to_owned(),
            Some(0) => "1 more page is".to_owned(),
            Some(more) => format!("{} more pages are", more.saturating_add(1)),
        };
        let place = format!("{}{}", next.origin().ascii_serialization(), next.path());
        let what = format!("{}: {pages} at another address ({place}) and not read", self.shown);
        let failure = Failure::new(FailureKind::Unreadable, what);
        self.masked(
            failure
                .advise("write as `url` the address that the server calls itself by, or correct that there"),
        )
    }

    /// What was asked, for messages: `GET https://host/path`, without its query.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// A date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

/// The first byte of `bytes 100-199/1000`.
fn range_start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

/// The target of the link with this `rel` in a `Link` header (RFC 8288).
fn link<'a>(value: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = value;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let end = after.find(['<']).unwrap_or(after.len());
        let (parameters, tail) = after.split_at_checked(end)?;
        let is_it = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split(' ').any(|rel| rel.eq_ignore_ascii_case(wanted))
        });
        if is_it {
            return Some(target);
        }
        rest = tail;
    }
}

/// Whether brackets outside of texts are nested deeper than is sane. `serde_json` has a bound of its
/// own, which cannot be set.
fn too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(base: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let request = Request::get("/repos/a/b/runs").query("per_page", "100").header("X-Version", "1");
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response::new(&Url::parse(base).unwrap(), &request, 200, headers, body)
    }

    fn next(base: &str, link: &str) -> Result<Option<Request>, Failure> {
        response(base, &[("Link", link)], b"").next_page()
    }

    #[test]
    fn a_part_of_a_path_cannot_be_more_than_that() {
        assert_eq!(segment("shop/checkout ?#%&;\u{e9}"), "shop%2Fcheckout%20%3F%23%25%26%3B%C3%A9");
        assert_eq!(segment("a-b_c.d~E9"), "a-b_c.d~E9");
        let base = Url::parse("https://h/api/v4/").unwrap();
        let url =
            |path: &str| Request::get(path).url(&base).map(String::from).map_err(|failure| failure.kind);
        assert_eq!(url("/projects/a%2Fb"), Ok("https://h/api/v4/projects/a%2Fb".to_owned()));
        for path in
            [format!("/projects/{}/x", segment("..")), "/../x".to_owned(), format!("/{}", segment("."))]
        {
            assert_eq!(url(&path), Err(FailureKind::Unreadable), "{path}");
        }
    }

    #[test]
    fn the_next_page_is_followed_within_the_endpoint_only() {
        // GitHub, and a GitHub Enterprise under a path of its own.
        let github = "<https://api.github.com/repositories/1/runs?per_page=100&page=2>; rel=\"next\", <https://api.github.com/repositories/1/runs?per_page=100&page=9>; rel=\"last\"";
        let page = next("https://api.github.com", github).unwrap().unwrap();
        assert_eq!(page.path, "/repositories/1/runs");
        assert_eq!(
            page.query,
            [("per_page".to_owned(), "100".to_owned()), ("page".to_owned(), "2".to_owned())]
        );
        assert_eq!(page.headers, [("X-Version", "1".to_owned())]);
        let own = next("https://git.example/api/v3/", "<https://git.example/api/v3/x?page=2>; rel=next")
            .unwrap()
            .unwrap();
        assert_eq!(own.path, "/x");
        // Sentry writes more parameters, and a query may hold what separates links.
        let sentry = "<https://s/x?cursor=0>; rel=\"previous\"; results=\"false\", <https://s/x?q=a,b;c=d&cursor=1>; rel=\"next\"; results=\"true\"";
        assert_eq!(
            next("https://s", sentry).unwrap().unwrap().query[0],
            ("q".to_owned(), "a,b;c=d".to_owned())
        );
        assert_eq!(next("https://s", "</x?page=3>; REL=\"prev NEXT\"").unwrap().unwrap().path, "/x");
        for none in ["</x>; rel=\"last\"", "</x; rel=\"next\"", ""] {
            assert_eq!(next("https://s", none), Ok(None), "{none}");
        }
    }

    #[test]
    fn pages_in_another_place_are_not_asked_for_and_told() {
        let told = |base: &str, link: &str| {
            String::from_utf8(next(base, link).unwrap_err().what.as_bytes().to_vec()).unwrap()
        };
        let link = "<https://evil.test/x?page=2>; rel=\"next\", <https://evil.test/x?page=9>; rel=\"last\"";
        let said = "GET https://s/repos/a/b/runs: 8 more pages are at another address (https://evil.test/x) and not read";
        assert_eq!(told("https://s", link), said);
        for elsewhere in [
            "<https://evil.test/x?page=2>; rel=\"next\"",
            "<http://s/x?page=2>; rel=\"next\"",
            "<https://s:8443/x>; rel=\"next\"",
            "<https://kim@s/x>; rel=\"next\"",
            "<//evil.test/x>; rel=\"next\"",
        ] {
            assert!(
                told("https://s", elsewhere).contains("more pages are at another address (http"),
                "{elsewhere}"
            );
        }
        let path = told("https://git.example/api/v3", "<https://git.example/admin>; rel=next");
        assert!(
            path.ends_with("more pages are at another address (https://git.example/admin) and not read"),
            "{path}"
        );
    }

    #[test]
    fn depth_is_counted_outside_of_texts_and_has_a_bound() {
        let read = |json: &str| response("https://h", &[], json.as_bytes()).json::<serde_json::Value>();
        assert!(read(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
        let deep = read(&format!("{}{}", "[{\"a\":".repeat(40), "1}]".repeat(40))).unwrap_err();
        assert!(deep.what.as_str().unwrap().contains("64 levels"), "{deep:?}");
        assert!(read(&format!("\"{}\"", "[".repeat(100))).is_ok());
        assert!(read(&format!("[\"\\\"{}\"]", "{".repeat(100))).is_ok());
        assert!(read(&"[],".repeat(100).replacen("[],", "[", 1).replace("],]", "]]")).is_err());
        assert!(read(&format!("[{}1]", "[],".repeat(100))).is_ok());
    }

    #[test]
    fn what_is_no_json_is_told_in_its_own_words() {
        let failure =
            response("https://h/base", &[], b"no healthy upstream\n").json::<Vec<u8>>().unwrap_err();
        let said = "GET https://h/base/repos/a/b/runs: the answer cannot be read: it is no JSON: no healthy upstream";
        assert_eq!(failure.what, said.into());
        let failure = response("https://h", &[], br#"{"token": "hunter2"}"#).json::<Vec<u8>>().unwrap_err();
        assert!(
            failure.what.as_str().unwrap().ends_with("expected a sequence at line 1 column 0"),
            "{failure:?}"
        );
    }

    #[test]
    fn the_servers_clock_is_compared_with_ours() {
        let at: Timestamp = "2026-03-01T03:00:00Z".parse().unwrap();
        let ahead = |date: &str| response("https://h", &[("date", date)], b"").received(at).clock_ahead();
        assert_eq!(ahead("Sun, 01 Mar 2026 03:10:00 GMT"), Some(SignedDuration::from_mins(10)));
        assert_eq!(ahead("Sun, 01 Mar 2026 02:50:00 GMT"), Some(SignedDuration::from_mins(-10)));
        assert_eq!(ahead("yesterday"), None);
        assert_eq!(response("https://h", &[], b"").received(at).clock_ahead(), None);
    }
}
