//! Looks up names, and knows which addresses the world outside cannot reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How names become addresses for one pool of connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolver {
    /// The name that a request is for, and the host that is dialled for it.
    pub(super) dials: Option<(String, String)>,
    /// Refuses addresses that only we can reach: a server sent us there.
    pub(super) public_only: bool,
}

/// A name whose addresses are refused.
#[derive(Debug)]
pub(super) struct NotPublic(String);

impl std::fmt::Display for NotPublic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is inside this network", self.0)
    }
}

impl std::error::Error for NotPublic {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str();
        let host =
            self.dials.as_ref().filter(|(from, _)| from == name).map_or(name, |(_, host)| host).to_owned();
        let public_only = self.public_only;
        Box::pin(async move {
            let found = look_up(&host).await?;
            if public_only && found.iter().any(|address| !is_public(address.ip())) {
                return Err(NotPublic(host).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

async fn look_up(host: &str) -> std::io::Result<Vec<SocketAddr>> {
    // An address in brackets is one too.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, 0)]);
    }
    tokio::net::lookup_host((host, 0)).await.map(Iterator::collect)
}

/// Whether a URL's host is an address that only we can reach. A name is none until it is looked up.
pub(super) fn is_inside(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        _ => crate::config::endpoint::is_loopback(url),
    }
}

/// Whether a URL's host, looked up, is one that only we can reach.
pub(super) async fn leads_inside(url: &Url) -> bool {
    if is_inside(url) {
        return true;
    }
    let Some(host) = url.host_str() else { return false };
    look_up(host).await.is_ok_and(|found| found.iter().any(|address| !is_public(address.ip())))
}

/// Whether an address is one of the public internet (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (18..20).contains(&second)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, _, _, _, seventh, eighth] = address.segments();
    // NAT64 (RFC 6052) and 6to4 (RFC 3056) hold an IPv4 address, which decides.
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        (0x64, 0xff9b) => embedded(seventh, eighth),
        (0x2002, high) => embedded(high, third),
        // Global unicast, without Teredo and documentation.
        (0x2001, 0 | 0xdb8) => false,
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::7f00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "169.253.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "2002:808:808::",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
        for inside in [
            "http://127.1/",
            "http://0x7f000001",
            "http://[::ffff:7f00:1]",
            "http://localhost",
            "http://2130706433",
        ] {
            assert!(is_inside(&Url::parse(inside).unwrap()), "{inside}");
        }
    }

    #[tokio::test]
    async fn a_name_for_the_server_is_dialled_elsewhere() {
        let dials = Some(("api.example.com".to_owned(), "127.0.0.9".to_owned()));
        let resolver = Resolver { dials, public_only: false };
        let found: Vec<_> = resolver.resolve("api.example.com".parse().unwrap()).await.unwrap().collect();
        assert_eq!(found, ["127.0.0.9:0".parse().unwrap()]);
        let guarded = Resolver { public_only: true, ..resolver };
        assert!(guarded.resolve("api.example.com".parse().unwrap()).await.is_err());
    }
}
