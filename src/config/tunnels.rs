//! `[[tunnel]]` tables: programs that lead to endpoints, such as `ssh -L`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::argv::Argv;
use super::origin::ConfigError;
use super::settings::Place;
use super::table::Table;

/// What shows that a tunnel leads somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ready {
    /// Somebody listens on this port of 127.0.0.1 or `::1`.
    Port(u16),
    /// Somebody listens on this Unix socket.
    Socket(PathBuf),
}

/// One tunnel as configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TunnelTable {
    /// Its name, which no other tunnel has.
    pub name: String,
    /// The program that is the tunnel while it runs.
    pub argv: Argv,
    /// What shows that it leads somewhere.
    pub ready: Ready,
}

/// The keys as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// The name by which sources use it (`via`).
    name: String,
    /// The program that is the tunnel while it runs, such as
    /// `["ssh", "-N", "-o", "ExitOnForwardFailure=yes", "-L", "9090:prometheus:9090", "bastion"]`. It has
    /// no terminal, so it cannot ask for a password; it is started again when it ends.
    argv: Argv,
    /// What shows that it leads somewhere: `{ port = 9090 }` of this machine, or `{ socket = "/path" }`.
    /// Where another user listens there, nothing is sent.
    ready: WrittenReady,
}

/// What shows that a tunnel leads somewhere; one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenReady {
    /// Somebody listens on this port of 127.0.0.1 or `::1`.
    port: Option<u16>,
    /// Somebody listens on this Unix socket.
    socket: Option<Place>,
}

/// Reads the `[[tunnel]]` tables.
pub(super) fn read(tables: &[Table], home: Option<&Path>, errors: &mut Vec<ConfigError>) -> Vec<TunnelTable> {
    let mut read = Vec::new();
    for table in tables {
        let written = match table.parse::<Written>() {
            Ok(written) => written,
            Err(found) => {
                errors.extend(found);
                continue;
            }
        };
        if written.name.trim().is_empty() {
            errors.push(table.error("name", "`name` is empty"));
        }
        let ready = match (written.ready.port, &written.ready.socket) {
            (Some(1..), None) => written.ready.port.map(Ready::Port),
            (None, Some(place)) => place.under(home).map(Ready::Socket),
            _ => None,
        };
        let Some(ready) = ready else {
            let what = "`ready`: either a port or a socket is needed";
            errors.push(
                table.error("ready", what).help("write ready = { port = 9090 } or { socket = \"/path\" }"),
            );
            continue;
        };
        read.push(TunnelTable { name: written.name, argv: written.argv, ready });
    }
    read
}
