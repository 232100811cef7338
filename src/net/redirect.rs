//! Redirects, decided here and not in a library: a credential follows none to another place.

use url::Url;

use super::address::{Reach, is_inside, is_url_here};

/// More of them are a loop.
pub(super) const MOST: usize = 5;

/// Where a redirect leads.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Hop {
    /// To the same scheme, host and port.
    Home(Url),
    /// Elsewhere.
    Away(Url),
}

/// Whether a status is a redirect that one follows.
pub(super) fn is_one(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where `location`, seen in the answer from `at`, leads. `home` is the endpoint.
pub(super) fn hop(home: &Url, at: &Url, location: &str) -> Result<Hop, String> {
    if location.chars().any(|c| c.is_control() || c == ' ') {
        return Err("to something that is no address".to_owned());
    }
    let mut to = at.join(location).map_err(|_| "to something that is no address".to_owned())?;
    if !to.username().is_empty() || to.password().is_some() {
        return Err("to an address with a user in it".to_owned());
    }
    if !matches!(to.scheme(), "http" | "https") || !to.has_host() {
        return Err(format!("to `{}:`, which is not followed", to.scheme()));
    }
    to.set_fragment(None);
    Ok(if to.origin() == home.origin() { Hop::Home(to) } else { Hop::Away(to) })
}

/// Where a redirect leads that is not followed, without its path: that may be a secret.
pub(super) fn named(home: &Url, at: &Url, location: Option<&str>) -> String {
    let Some(location) = location else { return "elsewhere, and it does not say where".to_owned() };
    match hop(home, at, location) {
        Ok(Hop::Home(to)) => format!("to another path of {}", to.origin().ascii_serialization()),
        Ok(Hop::Away(to)) => format!("to {}", to.origin().ascii_serialization()),
        Err(why) => why,
    }
}

/// Why we do not go there, if so. `inside` says whether the endpoint itself is one that only we can reach.
pub(super) fn refusal(to: &Url, home_is_here: bool, inside: bool, reach: Reach) -> Option<String> {
    let host = to.host_str().unwrap_or_default();
    if to.scheme() != "https" && !home_is_here {
        return Some(format!("to http://{host}, which is not encrypted"));
    }
    if reach == Reach::NotHere && is_url_here(to) {
        return Some(format!("to {host}, which is on this machine or its wire"));
    }
    (is_inside(to) && !inside).then(|| format!("to {host}, which is inside this network"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn leads(location: &str) -> Result<Hop, String> {
        hop(&url("https://api.example.com/v3"), &url("https://api.example.com/v3/runs/1?a=b"), location)
    }

    #[test]
    fn only_the_same_scheme_host_and_port_is_home() {
        for (location, to) in [
            ("/x?y=1#z", "https://api.example.com/x?y=1"),
            ("../2", "https://api.example.com/v3/2"),
            ("https://api.example.com:443/x", "https://api.example.com/x"),
            ("HTTPS://API.Example.COM/x", "https://api.example.com/x"),
            ("//api.example.com/x", "https://api.example.com/x"),
        ] {
            assert_eq!(leads(location), Ok(Hop::Home(url(to))), "{location}");
        }
        for location in [
            "https://api.example.com.evil.test/",
            "https://api.example.com./",
            "https://api.example.com:8443/",
            "http://api.example.com/",
            "https://evil.test/api.example.com",
            "//evil.test",
            "\\\\evil.test",
            "https:\\\\evil.test",
            "https://evil.test?https://api.example.com",
            "https://evil.test#@api.example.com",
        ] {
            assert!(matches!(leads(location), Ok(Hop::Away(_))), "{location}: {:?}", leads(location));
        }
        for location in [
            "https://api.example.com@evil.test/",
            "https://kim:pw@api.example.com/",
            "https://a b/",
            "/x\r\nX: y",
            "/x\ty",
            "https://",
            "file:///etc/passwd",
            "ftp://api.example.com",
            "javascript:1",
        ] {
            assert!(leads(location).is_err(), "{location}: {:?}", leads(location));
        }
    }

    #[test]
    fn where_it_leads_is_named_without_its_path() {
        let home = url("https://api.example.com/hooks/canary");
        for (location, named_so) in [
            (Some("/hooks/canary/"), "to another path of https://api.example.com"),
            (Some("https://new.example.com:8443/canary?x=canary"), "to https://new.example.com:8443"),
            (Some("http://api.example.com/"), "to http://api.example.com"),
            (Some("ftp://api.example.com/canary"), "to `ftp:`, which is not followed"),
            (None, "elsewhere, and it does not say where"),
        ] {
            assert_eq!(named(&home, &home, location), named_so, "{location:?}");
        }
    }

    #[test]
    fn plain_http_and_the_network_inside_are_refused_unless_we_are_there() {
        let metadata = url("https://169.254.169.254/latest");
        assert!(refusal(&metadata, false, false, Reach::All).is_some());
        assert!(refusal(&metadata, false, true, Reach::All).is_none(), "the endpoint is inside too");
        for here in [
            "https://169.254.169.254/latest",
            "https://127.1/x",
            "https://[::ffff:7f00:1]/",
            "https://localhost/",
        ] {
            assert!(
                refusal(&url(here), false, true, Reach::NotHere).is_some(),
                "{here}: a stranger named the endpoint"
            );
        }
        assert!(
            refusal(&url("https://10.1.2.3/x"), false, true, Reach::NotHere).is_none(),
            "inside the network"
        );
        assert!(refusal(&url("https://blob.example.net/x"), false, false, Reach::All).is_none());
        assert!(refusal(&url("http://blob.example.net/x"), false, true, Reach::All).is_some());
        assert!(
            refusal(&url("http://127.0.0.1:1/x"), true, true, Reach::All).is_none(),
            "for a server on this machine"
        );
    }
}
