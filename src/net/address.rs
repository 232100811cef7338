//! Looks up names, and knows which addresses the world outside cannot reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How names become addresses for one pool of connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolver {
    /// The name that a request is for, and the host that is dialled for it.
    pub(super) dials: Option<(String, String)>,
    /// Which addresses are refused.
    pub(super) reach: Reach,
}

/// Which addresses a name may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Reach {
    /// All: the person named the place.
    #[default]
    All,
    /// Not this machine and not its wire: a stranger named the place. It may be inside the network.
    NotHere,
    /// Only those of the internet: a server of the internet sent us there.
    Public,
}

impl Reach {
    /// Whether an address is one that may be dialled.
    fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::All => true,
            Self::NotHere => !is_here(address),
            Self::Public => is_public(address),
        }
    }
}

/// A name whose addresses are refused.
#[derive(Debug)]
pub(super) struct Barred {
    host: String,
    reach: Reach,
}

impl Barred {
    /// What to do if it is meant.
    pub(super) fn advice(&self) -> Option<&'static str> {
        (self.reach == Reach::NotHere).then_some("if it is meant, write [[runbooks.site]] with its `url`")
    }

    /// Who named it, where that was not the person.
    pub(super) fn who(&self) -> &'static str {
        match self.reach {
            Reach::NotHere => "where somebody else's URL sends us",
            Reach::All | Reach::Public => "where a server of the internet sent us",
        }
    }
}

impl std::fmt::Display for Barred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = match self.reach {
            Reach::NotHere => "on this machine or its wire",
            Reach::All | Reach::Public => "inside this network",
        };
        write!(f, "{} is {place}", self.host)
    }
}

impl std::error::Error for Barred {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str();
        let host =
            self.dials.as_ref().filter(|(from, _)| from == name).map_or(name, |(_, host)| host).to_owned();
        let reach = self.reach;
        Box::pin(async move {
            let found = look_up(&host).await?;
            // One of them is enough: who answers so may answer otherwise the next moment.
            if found.iter().any(|address| !reach.takes(address.ip())) {
                return Err(Barred { host, reach }.into());
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
    #[cfg(test)]
    if let Some(known) = hosts::of(host) {
        return Ok(known);
    }
    tokio::net::lookup_host((host, 0)).await.map(Iterator::collect)
}

/// Names and their addresses, as `/etc/hosts` has them, so that a test asks nobody.
#[cfg(test)]
pub(super) mod hosts {
    use std::net::SocketAddr;

    const HOSTS: &[(&str, &[&str])] = &[
        ("wiki.example.com", &["10.1.2.3"]),
        ("rebound.example.com", &["127.0.0.1"]),
        ("metadata.example.com", &["169.254.169.254"]),
        ("both.example.com", &["8.8.8.8", "127.0.0.1"]),
        ("public.example.com", &["8.8.8.8"]),
    ];

    pub(super) fn of(host: &str) -> Option<Vec<SocketAddr>> {
        let (_, addresses) = HOSTS.iter().find(|(name, _)| *name == host)?;
        Some(addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect())
    }
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

/// Whether a URL's host is this machine or on its wire. A name, but those of this machine, is not until it is
/// looked up.
pub(super) fn is_url_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_here(address.into()),
        Some(Host::Ipv6(address)) => is_here(address.into()),
        _ => crate::config::endpoint::is_loopback(url),
    }
}

/// Whether an address is of this machine, or of its neighbours on the wire, such as a cloud's metadata.
fn is_here(address: IpAddr) -> bool {
    let here_v4 = |address: Ipv4Addr| {
        // All of 0.0.0.0/8 is "this host" (RFC 1122).
        address.is_loopback() || address.is_link_local() || address.octets()[0] == 0
    };
    match address.to_canonical() {
        IpAddr::V4(address) => here_v4(address),
        IpAddr::V6(address) => {
            let metadata = [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254];
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                // Amazon's metadata has a private address too.
                || address.segments() == metadata
                || embedded(address).is_some_and(here_v4)
        }
    }
}

/// The IPv4 address that an IPv6 address leads to: compatible (RFC 4291), NAT64 (RFC 6052, 8215), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, _, _, _, _, high, low] | [0x2002, high, low, ..] => {
            Some(of(high, low))
        }
        _ => None,
    }
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
    let [first, second, ..] = address.segments();
    match (first, second) {
        (0x64, 0xff9b) | (0x2002, _) => embedded(address).is_some_and(is_public_v4),
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
        let resolver = Resolver { dials, reach: Reach::All };
        let found: Vec<_> = resolver.resolve("api.example.com".parse().unwrap()).await.unwrap().collect();
        assert_eq!(found, ["127.0.0.9:0".parse().unwrap()]);
        for reach in [Reach::NotHere, Reach::Public] {
            let guarded = Resolver { reach, ..resolver.clone() };
            assert!(guarded.resolve("api.example.com".parse().unwrap()).await.is_err());
        }
    }

    #[test]
    fn this_machine_and_its_wire_are_here_however_they_are_written() {
        for here in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "::1",
            "::",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::127.0.0.1",
            "::a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!Reach::NotHere.takes(here.parse().unwrap()), "{here}");
            assert!(Reach::All.takes(here.parse().unwrap()), "{here}");
        }
        for there in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "8.8.8.8",
            "169.253.1.1",
            "fd00::1",
            "fec0::1",
            "2606:4700::1111",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
        ] {
            assert!(Reach::NotHere.takes(there.parse().unwrap()), "{there}");
        }
    }

    #[tokio::test]
    async fn a_strangers_name_that_leads_here_is_not_dialled_and_one_inside_the_network_is() {
        // Names are given their addresses here, so that nothing is asked.
        let led_to = async |address: &str, reach| {
            let dials = Some(("wiki.example.com".to_owned(), address.to_owned()));
            let found = Resolver { dials, reach }.resolve("wiki.example.com".parse().unwrap()).await;
            found.map(Iterator::count).map_err(|error| error.to_string())
        };
        for here in
            ["127.0.0.1", "[::1]", "169.254.169.254", "[fe80::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"]
        {
            let refused = led_to(here, Reach::NotHere).await.unwrap_err();
            assert_eq!(refused, format!("{here} is on this machine or its wire"));
            assert_eq!(led_to(here, Reach::All).await, Ok(1), "{here}");
        }
        assert_eq!(led_to("10.1.2.3", Reach::NotHere).await, Ok(1));
        assert!(led_to("10.1.2.3", Reach::Public).await.is_err());
    }
}
