//! What the HTTP layer needs of credentials.

use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

use crate::config::endpoint::HeaderValue;
use crate::model::health::{Failure, FailureKind};

/// A credential, as it is presented.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The user, for Basic.
    pub user: Option<String>,
    /// The token or password.
    pub secret: SecretString,
}

/// An answer that may take time.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whoever has the credentials.
pub trait Secrets: Send + Sync {
    /// The credential of this name.
    fn get<'a>(&'a self, name: &'a str) -> Later<'a, Result<Credential, Failure>>;

    /// The server did not accept the credential: the next [`get`](Self::get) asks for a new one.
    fn rejected<'a>(&'a self, name: &'a str) -> Later<'a, ()>;

    /// Waits until the credential of this name has changed.
    fn renewed<'a>(&'a self, name: &'a str) -> Later<'a, ()>;

    /// The value of a header that is a reference.
    fn header<'a>(&'a self, value: &'a HeaderValue) -> Later<'a, Result<SecretString, Failure>>;
}

/// For programs without credentials.
pub struct NoSecrets;

fn none<T>(name: &str) -> Result<T, Failure> {
    Err(Failure::new(FailureKind::Missing, format!("credential {name}: there is none of this name")))
}

impl Secrets for NoSecrets {
    fn get<'a>(&'a self, name: &'a str) -> Later<'a, Result<Credential, Failure>> {
        Box::pin(async move { none(name) })
    }

    fn rejected<'a>(&'a self, _: &'a str) -> Later<'a, ()> {
        Box::pin(async {})
    }

    fn renewed<'a>(&'a self, _: &'a str) -> Later<'a, ()> {
        Box::pin(std::future::pending())
    }

    fn header<'a>(&'a self, value: &'a HeaderValue) -> Later<'a, Result<SecretString, Failure>> {
        Box::pin(async move {
            match value {
                HeaderValue::Text(text) => Ok(text.clone().into()),
                HeaderValue::Credential(name) | HeaderValue::Variable(name) => none(name),
                HeaderValue::File(path) => none(&path.display().to_string()),
            }
        })
    }
}
