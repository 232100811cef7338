//! Whether an address is reached through a proxy, and which.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

pub(super) use crate::config::endpoint::shown_proxy as shown;
use crate::config::endpoint::{ProxyChoice, is_loopback};
use crate::model::health::{Failure, FailureKind};

/// The proxies that the environment names.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    http: Option<String>,
    https: Option<String>,
    all: Option<String>,
    not: Vec<String>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A value may hold a password, also one that is no URL.
        let named = |value: &Option<String>| value.is_some();
        let (http, https, all) = (named(&self.http), named(&self.https), named(&self.all));
        write!(f, "Proxies {{ http: {http}, https: {https}, all: {all}, not: {:?} }}", self.not)
    }
}

impl Proxies {
    /// From the variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; written in small
    /// letters they win, as in curl.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let find = |name: &str| {
            variable(&name.to_ascii_lowercase())
                .or_else(|| variable(name))
                .filter(|value| !value.trim().is_empty())
        };
        let not = find("NO_PROXY").unwrap_or_default();
        let not = not
            .split([',', ' ', '\t'])
            .filter(|part| !part.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        Self { http: find("HTTP_PROXY"), https: find("HTTPS_PROXY"), all: find("ALL_PROXY"), not }
    }

    /// The users and passwords in them, as they are sent: a proxy may repeat them.
    pub(super) fn logins(&self) -> impl Iterator<Item = (String, String)> {
        let all = [&self.http, &self.https, &self.all].into_iter().flatten();
        all.filter_map(|text| {
            let url = address(text).ok()?;
            Some((decoded(url.username()), decoded(url.password()?)))
        })
    }

    fn excepts(&self, url: &Url) -> bool {
        self.not.iter().any(|rule| excepts(rule, url))
    }
}

/// What stands percent-encoded in an address.
fn decoded(part: &str) -> String {
    // Only forms write a space as a plus.
    let part = part.replace('+', "%2B");
    url::form_urlencoded::parse(part.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

/// The proxy for `url`; `None` is directly. This machine is never asked through one.
pub(super) fn choose(choice: &ProxyChoice, proxies: &Proxies, url: &Url) -> Result<Option<Url>, Failure> {
    if is_loopback(url) {
        return Ok(None);
    }
    let (name, text) = match choice {
        ProxyChoice::None => return Ok(None),
        ProxyChoice::Url(url) => return Ok(Some(url.clone())),
        ProxyChoice::Environment if proxies.excepts(url) => return Ok(None),
        ProxyChoice::Environment => {
            let own = match url.scheme() {
                "https" => ("HTTPS_PROXY", &proxies.https),
                _ => ("HTTP_PROXY", &proxies.http),
            };
            match [own, ("ALL_PROXY", &proxies.all)] {
                [(name, Some(text)), _] | [_, (name, Some(text))] => (name, text),
                _ => return Ok(None),
            }
        }
    };
    // The value is not repeated: it may hold a password.
    let wrong = |why: &str| {
        Err(Failure::new(FailureKind::Proxy, format!("the variable {name} {why}"))
            .advise("write it as http://proxy:3128, or set proxy = \"none\" for this source")
            .because(format!("the variable {name}")))
    };
    match address(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "socks5h" | "socks5") && url.has_host() => {
            Ok(Some(url))
        }
        Ok(_) => wrong("names a kind of proxy that is not known: http, https, socks5 or socks5h"),
        Err(_) => wrong("is no URL"),
    }
}

/// What a variable says; without a scheme it is http.
fn address(text: &str) -> Result<Url, url::ParseError> {
    if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) }
}

/// Whether a rule of `NO_PROXY` speaks of `url`: `*`, a host and what is below it (with or without a
/// dot before), an address, a network such as `10.0.0.0/8`; each may have a port.
fn excepts(rule: &str, url: &Url) -> bool {
    if rule == "*" {
        return true;
    }
    let Some(host) = url.host() else { return false };
    let address = match host {
        Host::Ipv4(address) => Some(IpAddr::from(address)),
        Host::Ipv6(address) => Some(IpAddr::from(address)),
        Host::Domain(_) => None,
    };
    let (name, port) = match rule.rsplit_once(':') {
        // An IPv6 address has colons of its own, unless in brackets.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port.parse().ok()),
        _ => (rule, None),
    };
    if port.is_some() && port != url.port_or_known_default() {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    match (address, name.split_once('/')) {
        (Some(address), Some((network, bits))) => {
            let (Ok(network), Ok(bits)) = (network.parse(), bits.parse()) else { return false };
            within(address, network, bits)
        }
        (Some(address), None) => {
            name.parse::<IpAddr>().is_ok_and(|named| named.to_canonical() == address.to_canonical())
        }
        (None, _) => {
            let host = url.host_str().unwrap_or_default().trim_end_matches('.');
            let name = name.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.');
            host.strip_suffix(name)
                .is_some_and(|before| !name.is_empty() && (before.is_empty() || before.ends_with('.')))
        }
    }
}

fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let shifted = |all: u32| all.checked_sub(bits);
    match (address.to_canonical(), network.to_canonical()) {
        (IpAddr::V4(address), IpAddr::V4(network)) => shifted(32).is_some_and(|shift| {
            let cut = |address: std::net::Ipv4Addr| u32::from(address).checked_shr(shift).unwrap_or(0);
            cut(address) == cut(network)
        }),
        (IpAddr::V6(address), IpAddr::V6(network)) => shifted(128).is_some_and(|shift| {
            let cut = |address: std::net::Ipv6Addr| u128::from(address).checked_shr(shift).unwrap_or(0);
            cut(address) == cut(network)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn proxies(set: &[(&str, &str)]) -> Proxies {
        Proxies::of(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    fn chosen(set: &[(&str, &str)], to: &str) -> Option<String> {
        choose(&ProxyChoice::Environment, &proxies(set), &url(to)).unwrap().map(|proxy| shown(&proxy))
    }

    #[test]
    fn the_environment_chooses_by_scheme_and_small_letters_win() {
        let set = [
            ("HTTP_PROXY", "http://a:1"),
            ("HTTPS_PROXY", "b:2"),
            ("https_proxy", "socks5h://kim:pw@c:3"),
            ("ALL_PROXY", "http://d:4"),
        ];
        assert_eq!(chosen(&set, "http://x"), Some("http://a:1".to_owned()));
        assert_eq!(chosen(&set, "https://x"), Some("socks5h://c:3".to_owned()));
        assert_eq!(chosen(&set[3..], "https://x"), Some("http://d:4".to_owned()));
        assert_eq!(chosen(&[], "https://x"), None);
        assert_eq!(chosen(&[("HTTPS_PROXY", " ")], "https://x"), None);
    }

    #[test]
    fn this_machine_is_always_asked_directly() {
        let through = ProxyChoice::Url(url("http://proxy:1"));
        for here in [
            "http://127.0.0.1:9090",
            "https://localhost",
            "http://[::1]",
            "http://a.localhost",
            "http://127.8.9.1",
        ] {
            assert_eq!(choose(&through, &Proxies::default(), &url(here)).unwrap(), None, "{here}");
        }
        assert!(choose(&through, &Proxies::default(), &url("http://127.0.0.1.evil.test")).unwrap().is_some());
        assert_eq!(
            choose(&ProxyChoice::None, &proxies(&[("ALL_PROXY", "http://a")]), &url("http://x")).unwrap(),
            None
        );
    }

    #[test]
    fn exceptions_are_hosts_suffixes_addresses_and_networks() {
        for (rule, to, excepted) in [
            ("*", "https://any", true),
            ("example.com", "https://example.com", true),
            ("example.com", "https://ci.example.com", true),
            (".example.com", "https://ci.example.com", true),
            ("*.example.com", "https://ci.example.com", true),
            ("example.com", "https://notexample.com", false),
            ("example.com", "https://example.com.evil.test", false),
            ("EXAMPLE.com", "https://Example.COM.", true),
            ("example.com:8443", "https://example.com:8443", true),
            ("example.com:443", "https://example.com", true),
            ("example.com:8443", "https://example.com", false),
            ("10.0.0.0/8", "https://10.200.3.4", true),
            ("10.0.0.0/8", "https://11.0.0.1", false),
            ("10.1.2.3", "https://10.1.2.3", true),
            ("0.0.0.0/0", "https://8.8.8.8", true),
            ("10.0.0.0/99", "https://10.0.0.1", false),
            ("fd00::/8", "https://[fd12::1]", true),
            ("fd00::/8", "https://[2001:db8::1]", false),
            ("::1:2", "https://[::1:2]", true),
            ("[fd12::1]:8443", "https://[fd12::1]:8443", true),
            ("[fd12::1]:8443", "https://[fd12::1]", false),
            ("a, ,example.com", "https://example.com", true),
        ] {
            let set = [("ALL_PROXY", "http://p:1"), ("NO_PROXY", rule)];
            assert_eq!(chosen(&set, to).is_none(), excepted, "{rule} for {to}");
        }
    }

    #[test]
    fn no_password_of_a_proxy_is_printed() {
        let named = "http://kim:canary@proxy:3128";
        let all = proxies(&[("ALL_PROXY", named), ("HTTP_PROXY", "canary"), ("NO_PROXY", "here")]);
        assert_eq!(format!("{all:?}"), r#"Proxies { http: true, https: false, all: true, not: ["here"] }"#);
        let choice = ProxyChoice::Url(url(named));
        assert_eq!(format!("{choice:?}"), "Url(http://proxy:3128)");
    }

    #[test]
    fn a_wrong_variable_is_named_and_not_repeated() {
        for value in ["ftp://kim:canary@p", "http://kim:canary@", "http://canary:99999999"] {
            let failure =
                choose(&ProxyChoice::Environment, &proxies(&[("ALL_PROXY", value)]), &url("https://x"))
                    .unwrap_err();
            assert_eq!(failure.kind, FailureKind::Proxy);
            assert!(failure.what.as_str().unwrap().contains("ALL_PROXY"));
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
    }
}
