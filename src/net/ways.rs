//! How an endpoint is reached, in words, for the person who wonders why it is not.

use super::proxy::{self, Proxies, choose};
use crate::config::endpoint::Endpoint;

/// A line for each thing on the way that is not as usual: proxy, tunnel, authorities, names.
pub(super) fn of(endpoint: &Endpoint, proxies: &Proxies) -> Vec<String> {
    let proxy = |address: &crate::config::endpoint::Address| {
        if address.socket.is_some() {
            return None;
        }
        // A proxy that is wrong is told when it is used.
        choose(&endpoint.proxy, proxies, &address.url).ok().flatten()
    };
    let mut ways: Vec<String> = Vec::new();
    for address in &endpoint.addresses {
        let line = proxy(address).map(|proxy| format!("through the proxy {}", proxy::shown(&proxy)));
        ways.extend(line.filter(|line| !ways.contains(line)));
    }
    ways.extend(endpoint.via.iter().map(|tunnel| format!("through the tunnel {tunnel}")));
    ways.extend(endpoint.ca.iter().map(|path| {
        let besides = if endpoint.ca_only { "alone" } else { "besides those of this machine" };
        format!("trusting the authorities in {} {besides}", path.display())
    }));
    ways.extend(endpoint.pin.map(|_| "trusting the one key of `pin_sha256`".to_owned()));
    ways.extend(
        endpoint.client_cert.iter().map(|(path, _)| format!("showing the certificate in {}", path.display())),
    );
    ways.extend(endpoint.server_name.iter().map(|name| format!("asking for the name {name}")));
    ways
}
