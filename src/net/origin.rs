//! Whom a credential may be shown to.

use url::Url;

use crate::config::endpoint::Address;

/// The scheme, host and port of a URL (RFC 6454), or a Unix socket.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Origin(String);

impl Origin {
    /// The origin of an address. A socket is an origin of its own, whatever host its requests name.
    pub fn of(address: &Address) -> Self {
        match &address.socket {
            Some(path) => Self(format!("unix:{}", path.display())),
            None => Self::of_url(&address.url),
        }
    }

    /// The origin of a URL that is asked over the network.
    pub fn of_url(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// For messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn scheme_host_and_port_make_an_origin_and_nothing_else_does() {
        let own = origin("https://ci.example.com/api");
        for same in
            ["https://ci.example.com:443/", "https://CI.example.com", "https://kim@ci.example.com/x?y#z"]
        {
            assert_eq!(origin(same), own, "{same}");
        }
        for other in [
            "http://ci.example.com",
            "https://ci.example.com:8443",
            "https://ci.example.com.",
            "https://ci.example.com.evil.test",
            "https://ci.example.com@evil.test",
            "https://example.com",
        ] {
            assert_ne!(origin(other), own, "{other}");
        }
        let url = Url::parse("http://localhost").unwrap();
        let socket = Address { url: url.clone(), socket: Some("/run/docker.sock".into()) };
        assert_ne!(Origin::of(&socket), Origin::of_url(&url));
    }
}
