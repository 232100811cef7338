//! A text at a URL that somebody wrote, such as a runbook. Nothing of ours is sent there unless the configuration
//! names the place.

use url::Url;

use super::Net;
use super::address::{Reach, is_url_here};
use super::body::size;
use super::client::{Auth, Class, Client};
use super::exchange::Request;
use super::failure::looks_like_html;
use crate::config::endpoint::{Address, Endpoint, is_loopback};
use crate::model::health::{Failure, FailureKind};

/// Who wrote a URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Author {
    /// The person, in the configuration.
    Person,
    /// Whoever writes what a source says.
    Stranger,
}

/// What is at a URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Its text, without our secrets.
    pub text: Vec<u8>,
    /// It is for a browser.
    pub is_html: bool,
}

/// Asks for the text at a URL, of so many bytes at most.
///
/// Errors when it is no URL that may be asked, when it cannot be had, and when it is longer.
pub async fn read(
    net: &Net,
    sites: &[Endpoint],
    url: &str,
    author: Author,
    most: usize,
) -> Result<Page, Failure> {
    let refused = |what: String| Failure::new(FailureKind::Unreadable, what);
    let mut url = Url::parse(url).map_err(|error| refused(format!("it is no URL: {error}")))?;
    url.set_fragment(None);
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(refused(format!("`{}:` is not followed, only https: and http:", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("there is a user in the URL".to_owned())
            .advise("write the URL without it, and name a [[credential]] in [[runbooks.site]]"));
    }
    let site = sites.iter().find_map(|site| {
        let address = site.addresses.iter().find(|address| is_under(&url, address))?;
        Some(Endpoint { addresses: vec![address.clone()], ..site.clone() })
    });
    // A name that a stranger wrote must not lead here either; what the person named may.
    let reach = if site.is_none() && author == Author::Stranger { Reach::NotHere } else { Reach::All };
    let endpoint = match site {
        Some(site) => site,
        None => stranger(&url, author)?,
    };
    let base = endpoint.addresses.first().map_or("/", |address| address.url.path());
    let path = url.path().strip_prefix(base.trim_end_matches('/')).unwrap_or(url.path());
    let mut request = Request::get(path).accept("text/markdown, text/plain, */*;q=0.5").leaving().most(most);
    request.query = url.query_pairs().into_owned().collect();
    let client = Client::reaching(endpoint, Auth::Bearer, net, reach);
    let response = client.send(&request, Class::Person).await.map_err(|failure| match failure.kind {
        // Of one page nobody can ask for less.
        FailureKind::TooLarge => {
            let most = size(most as u64);
            failure.advise(format!("open its link in a browser: {most} at most are read here"))
        }
        _ => failure,
    })?;
    let is_html = response.header("content-type").is_some_and(|media| media.contains("html"))
        || looks_like_html(&response.body);
    let mut text = response.body;
    net.vault().mask().blot(&mut text);
    Ok(Page { text, is_html })
}

/// Whether a URL is at an address or below it.
fn is_under(url: &Url, address: &Address) -> bool {
    let base = address.url.path().trim_end_matches('/');
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    address.socket.is_none()
        && address.url.origin() == url.origin()
        && url.path().strip_prefix(base).is_some_and(is_below)
}

/// How a place is asked that no configuration names.
fn stranger(url: &Url, author: Author) -> Result<Endpoint, Failure> {
    let place = url.origin().ascii_serialization();
    let name_it =
        |rest: &str| format!("if it is meant, write [[runbooks.site]] with url = \"{place}\"{rest}");
    if author == Author::Stranger && is_url_here(url) {
        let what = format!("{place} is on this machine, and an alert sends us nowhere inside it");
        return Err(Failure::new(FailureKind::Forbidden, what).advise(name_it("")));
    }
    if url.scheme() == "http" && !is_loopback(url) {
        let what = format!("{place}: everybody on the way could change what it says (plain http)");
        let advice = name_it(" and allow_plaintext = true");
        return Err(Failure::new(FailureKind::Forbidden, what).advise(advice));
    }
    Endpoint::at(&place)
        .ok_or_else(|| Failure::new(FailureKind::Unreadable, format!("{place} is no address")))
}

#[cfg(test)]
mod tests;
