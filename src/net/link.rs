//! The way to one address: which connections, which headers, which redirects.

use jiff::Timestamp;
use reqwest::Version;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::tls::{self, TlsInfo};
use url::Url;

use super::address::{Reach, Resolver, leads_inside};
use super::allowance::Allowance;
use super::certificate::Certificate;
use super::credential::Mask;
use super::exchange::{Method, Request};
use super::failure::Trip;
use super::origin::Origin;
use super::proxy::{self, Proxies};
use super::redirect::{self, Hop};
use super::shown::{Shown, name_of};
use super::tls::Terms;
use super::transport::{Plan, Transport};
use super::tunnel::Near;
use crate::config::endpoint::{Address, Endpoint};
use crate::model::health::{Failure, FailureKind};

/// The most bytes of an answer's headers.
const HEADER_BYTES: usize = 64 << 10;

/// One address of an endpoint.
pub(super) struct Link {
    /// The URL that paths are appended to, with the name that the server is asked for.
    pub(super) base: Url,
    /// Whom a credential is shown to here.
    pub(super) origin: Origin,
    shown: String,
    host: String,
    /// It is on this machine. The near end of a tunnel is not: what answers is elsewhere.
    local: bool,
    tunnelled: bool,
    /// Which addresses its name may have.
    reach: Reach,
    /// What is connected to, if that is on this machine.
    pub(super) near: Option<Near>,
    /// Connections, or why there can be none.
    home: Result<Transport, Failure>,
}

/// The beginning of an answer.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) headers: Vec<(String, String)>,
    /// Where it comes from, for messages.
    pub(super) trip: Trip,
    /// Whether that is another place than the endpoint.
    pub(super) away: bool,
    /// Until when the certificate of that place is good.
    pub(super) ends: Option<Timestamp>,
    /// In which versions it came.
    pub(super) spoken: &'static str,
    /// Its body is still to come.
    pub(super) rest: reqwest::Response,
}

impl Head {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Head {
    /// Whether it calls itself a page for a browser.
    pub(super) fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|media| media.to_ascii_lowercase().contains("html"))
    }
}

impl Link {
    pub(super) fn new(endpoint: &Endpoint, address: &Address, proxies: &Proxies, reach: Reach) -> Self {
        let mut base = address.url.clone();
        let dialled = base.host_str().unwrap_or_default().to_owned();
        let port = base.port_or_known_default().unwrap_or_default();
        let mut dials = None;
        if let Some(name) = &endpoint.server_name
            && base.set_host(Some(name)).is_ok()
        {
            dials = Some((base.host_str().unwrap_or_default().to_owned(), dialled.clone()));
        }
        let name = base.host_str().unwrap_or_default();
        // As rustls has it: an IPv6 address without brackets.
        let terms = Terms::of(endpoint, name.trim_start_matches('[').trim_end_matches(']'));
        let home = proxy::choose(&endpoint.proxy, proxies, &address.url).and_then(|proxy| {
            if let (Some(proxy), Some(name)) = (&proxy, &endpoint.server_name) {
                let what = format!(
                    "server_name = \"{name}\" cannot be used through the proxy {}",
                    proxy::shown(proxy)
                );
                return Err(
                    Failure::new(FailureKind::Proxy, what).advise("set proxy = \"none\" for this source")
                );
            }
            let proxy = proxy.filter(|_| address.socket.is_none());
            let encrypted =
                base.scheme() == "https" || proxy.as_ref().is_some_and(|proxy| proxy.scheme() == "https");
            let terms = encrypted.then_some(terms);
            let resolver = Resolver { dials, reach: dialled_by(reach, proxy.as_ref()) };
            Ok(Transport::new(Plan { socket: address.socket.clone(), proxy, terms, resolver }))
        });
        let host = match &address.socket {
            Some(_) => address.shown(),
            None => format!("{dialled}:{port}"),
        };
        let origin = Origin::of(address);
        let tunnelled = endpoint.via.is_some();
        let local = address.is_local() && !tunnelled;
        let through = home.as_ref().ok().and_then(Transport::through);
        let near = match &address.socket {
            Some(path) => Some(Near::Socket(path.clone())),
            None => Near::dialled(through.unwrap_or(&address.url)),
        };
        Self { base, origin, shown: address.shown(), host, local, tunnelled, reach, near, home }
    }

    /// What messages say of a request to here.
    pub(super) fn trip(&self, request: &Request, mask: &Mask) -> Trip {
        let proxy = self.home.as_ref().ok().and_then(Transport::proxy);
        Trip {
            shown: format!("{} {}{}", request.method.name(), self.shown, request.path),
            host: self.host.clone(),
            proxy,
            mask: mask.clone(),
        }
    }

    /// Sends `request` with these headers of ours, and follows redirects, until an answer begins.
    pub(super) async fn begin(
        &self,
        way: &Way<'_>,
        trip: &Trip,
        request: &Request,
        shown: &Shown,
        time: &mut Allowance,
    ) -> Result<Head, Failure> {
        let home = self.home.as_ref().map_err(Clone::clone)?;
        if !shown.credentials.is_empty() && home.proxy().is_some() && self.base.scheme() == "http" {
            let what = "a credential is not sent over plain http through a proxy";
            return Err(trip.failure(FailureKind::Proxy, what).advise("write https, or proxy = \"none\""));
        }
        let (mut url, mut method) = (request.url(&self.base)?, request.method);
        if let Some(address) = &shown.address {
            address.put_into(&mut url);
        }
        let mut away: Option<Transport> = None;
        let mut trip = trip.clone();
        for _ in 0..=redirect::MOST {
            let transport = away.as_ref().unwrap_or(home);
            let mut headers = bare(request, way.packed)?;
            if away.is_none() {
                full(&mut headers, request, method, &shown.headers)?;
            }
            let mut building = transport.client().await?.request(verb(method), url.clone()).headers(headers);
            if let (Some(body), Method::Post) = (&request.body, method) {
                building = building.body(body.to_string());
            }
            let sent = time.begin(&trip, building.send()).await.map_err(|failure| request.lost(failure))?;
            let rest = sent.map_err(|error| {
                // Without a connection nothing can have arrived.
                let has_left = !error.is_connect() && !error.is_builder();
                let failure = trip.of_error(error);
                if failure.kind == FailureKind::Tls {
                    transport.doubt();
                }
                if has_left { request.lost(failure) } else { failure }
            })?;
            let status = rest.status();
            let head = Head {
                status: status.as_u16(),
                reason: status.canonical_reason().unwrap_or_default(),
                headers: read_headers(&trip, rest.headers())?,
                trip: trip.clone(),
                away: away.is_some(),
                ends: rest.extensions().get::<TlsInfo>().and_then(|tls| {
                    Certificate::read(tls.peer_certificate()?).map(|certificate| certificate.not_after)
                }),
                spoken: spoken(rest.version(), rest.extensions().get()),
                rest,
            };
            if request.changes && redirect::is_one(head.status) {
                let to = redirect::named(&self.base, &url, head.header("location"));
                // Not at the end: there it would be taken for a webhook's address that was cut, and starred.
                let what = format!("{} {}: it leads {to}, and is not followed", head.status, head.reason);
                let failure = trip.failure(FailureKind::Unreadable, what).advise(SET);
                // 303 is what a server says that has taken it; all others did nothing.
                return Err(if head.status == 303 { request.lost(failure) } else { failure });
            }
            let Some(location) = head.header("location").filter(|_| redirect::is_one(head.status)) else {
                return Ok(head);
            };
            if method == Method::Post && matches!(head.status, 301..=303) {
                method = Method::Get;
            }
            let refused = |why: String| {
                let what = format!("{} {}: it leads {why}", head.status, head.reason);
                trip.failure(FailureKind::Unreadable, what).advise(MOVED)
            };
            match redirect::hop(&self.base, &url, location).map_err(refused)? {
                Hop::Home(to) if away.is_none() => url = to,
                // Once away nothing of ours is sent again: the way back was not our choice.
                Hop::Home(to) | Hop::Away(to) => {
                    if !request.may_leave || method != Method::Get {
                        let host = to.host_str().unwrap_or_default();
                        return Err(refused(format!("to {}://{host}, which is another place", to.scheme())));
                    }
                    // What is at the far end of a tunnel is not known here, and sends us nowhere inside.
                    let inside = self.local || (!self.tunnelled && leads_inside(&self.base).await);
                    if let Some(why) = redirect::refusal(&to, self.local, inside, self.reach) {
                        return Err(refused(why));
                    }
                    let there = way.elsewhere(&to, if inside { self.reach } else { Reach::Public })?;
                    trip = self.trip(request, &trip.mask).sent_on(&to, there.proxy());
                    away = Some(there);
                    url = to;
                }
            }
        }
        Err(trip.failure(FailureKind::Unreadable, format!("more than {} redirects", redirect::MOST)))
    }
}

/// What a request needs beside the link.
pub(super) struct Way<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) proxies: &'a Proxies,
    /// The answer may be packed.
    pub(super) packed: bool,
}

impl Way<'_> {
    /// Connections to another place: nothing of the endpoint's own goes there but whom it trusts.
    fn elsewhere(&self, to: &Url, reach: Reach) -> Result<Transport, Failure> {
        let proxy = proxy::choose(&self.endpoint.proxy, self.proxies, to)?;
        let resolver = Resolver { dials: None, reach: dialled_by(reach, proxy.as_ref()) };
        let terms = Some(Terms::away(self.endpoint));
        Ok(Transport::new(Plan { socket: None, proxy, terms, resolver }))
    }
}

/// Behind a proxy it is the proxy that is looked up here, and that may be inside.
fn dialled_by(reach: Reach, proxy: Option<&Url>) -> Reach {
    if proxy.is_some() { Reach::All } else { reach }
}

/// The versions of HTTP and TLS, for the page of a source.
fn spoken(http: Version, tls: Option<&TlsInfo>) -> &'static str {
    // There is one also where nothing is encrypted.
    let tls = tls.and_then(TlsInfo::version);
    match (http == Version::HTTP_2, tls) {
        (true, Some(tls::Version::TLS_1_3)) => "HTTP/2 over TLS 1.3",
        (true, Some(tls::Version::TLS_1_2)) => "HTTP/2 over TLS 1.2",
        (true, _) => "HTTP/2",
        (false, Some(tls::Version::TLS_1_3)) => "HTTP/1.1 over TLS 1.3",
        (false, Some(tls::Version::TLS_1_2)) => "HTTP/1.1 over TLS 1.2",
        (false, _) => "HTTP/1.1",
    }
}

const MOVED: &str =
    "if the service moved, write its new address as `url`; if this is a login page, look at the credential";

/// Where something is sent, a redirect is never followed: what a person agreed to goes to the place that they saw.
const SET: &str = "if the service moved, set the destination's `url` to its new address; if this is a login page, look at the credential";

fn verb(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    }
}

/// Adds what the endpoint alone may see.
fn full(
    headers: &mut HeaderMap,
    request: &Request,
    method: Method,
    secrets: &HeaderMap,
) -> Result<(), Failure> {
    let mut set = |name: &str, value: &str| put(headers, name, value);
    set("accept", request.accept)?;
    if request.body.is_some() && method == Method::Post {
        set("content-type", "application/json")?;
    }
    if let Some(validator) = &request.validator {
        set("if-none-match", validator)?;
    }
    for (name, value) in &request.headers {
        set(name, value)?;
    }
    headers.extend(secrets.clone());
    Ok(())
}

/// The headers that any server may see.
fn bare(request: &Request, packed: bool) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    put(&mut headers, "accept", "*/*")?;
    let range = match (request.range_from, request.tail) {
        (Some(first), _) => Some(format!("bytes={first}-")),
        (None, Some(last)) => Some(format!("bytes=-{last}")),
        (None, None) => None,
    };
    // A range counts bytes of what is sent: packed, it would count those of the packed form.
    put(&mut headers, "accept-encoding", if packed && range.is_none() { "gzip" } else { "identity" })?;
    if let Some(range) = range {
        put(&mut headers, "range", &range)?;
    }
    Ok(headers)
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Failure> {
    let value = HeaderValue::from_str(value).map_err(|_| {
        let what = format!("header {name}: it would hold a character that a header cannot hold");
        Failure::new(FailureKind::Unreadable, what)
    })?;
    headers.insert(name_of(name)?, value);
    Ok(())
}

fn read_headers(trip: &Trip, map: &HeaderMap) -> Result<Vec<(String, String)>, Failure> {
    let bytes: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEADER_BYTES {
        let what = format!("the answer's headers are too large: {} KiB", bytes >> 10);
        return Err(trip.failure(FailureKind::TooLarge, what));
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(map.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect())
}
