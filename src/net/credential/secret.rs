//! A secret in memory, and the only way to what it says.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::model::health::{Failure, FailureKind};
use crate::net::origin::Origin;

/// A secret. It cannot be shown, stored or copied, and is wiped when it is dropped.
pub(in crate::net) struct Secret(SecretString);

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A credential as it is held now. Clones share the secret.
#[derive(Clone, Debug)]
pub struct Credential(Arc<Held>);

#[derive(PartialEq, Debug)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) user: Option<String>,
    pub(super) secret: Secret,
    /// The session token that goes with an AWS key.
    pub(super) session: Option<Secret>,
    pub(super) expires: Option<Timestamp>,
    /// Counts the values that this credential has had.
    pub(super) generation: u64,
    /// Whom it may be shown to.
    pub(super) origins: Arc<BTreeSet<Origin>>,
}

impl Credential {
    pub(super) fn new(held: Held) -> Self {
        Self(Arc::new(held))
    }

    pub(super) fn held(&self) -> &Held {
        &self.0
    }

    pub(super) fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The user of HTTP Basic, or the id of an AWS key.
    pub fn user(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// What it says, to be shown to `origin`.
    ///
    /// Errors when no source that names this credential has its endpoint there.
    pub(in crate::net) fn secret_for(&self, origin: &Origin) -> Result<&str, Failure> {
        if self.0.origins.contains(origin) {
            return Ok(self.0.secret.expose());
        }
        let what = format!("credential {}: not shown to {}", self.0.name, origin.as_str());
        let advice = "a credential is only shown where a source that names it has its url";
        Err(Failure::new(FailureKind::Denied, what).advise(advice))
    }
}
