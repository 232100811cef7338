//! What of ours a server gets to see: its credential, and the configured headers.
//!
//! A webhook's address is itself a secret. It is had like any other, and may only be at the origin that the
//! configuration names.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::zeroize::Zeroizing;
use url::Url;

use super::credential::{Credential, Vault, name_in_vault};
use super::exchange::Auth;
use super::origin::Origin;
use crate::config::endpoint::{Endpoint, HeaderValue as Configured, Presented};
use crate::model::health::{Failure, FailureKind};

/// The headers, and the credentials in them.
pub(super) struct Shown {
    pub(super) headers: HeaderMap,
    pub(super) credentials: Vec<Credential>,
    /// Where the request goes to, if that is a secret.
    pub(super) address: Option<Hidden>,
}

/// What stands behind the host of a URL that is a secret.
pub(super) struct Hidden {
    path: Zeroizing<String>,
    query: Option<Zeroizing<String>>,
}

impl Hidden {
    /// Of a whole URL at this origin, or of what stands behind its host.
    fn of(name: &str, secret: &str, origin: &Origin) -> Result<Self, Failure> {
        let wrong = |what: &str, advice: &str| {
            let failure = Failure::new(FailureKind::Forbidden, format!("credential {name}: {what}"));
            Err(failure.advise(advice))
        };
        if let Some(tail) = secret.strip_prefix('/') {
            let tail = tail.split_once('#').map_or(tail, |(before, _)| before);
            let (path, query) =
                tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
            let query = query.map(|query| Zeroizing::new(query.to_owned()));
            return Ok(Self { path: Zeroizing::new(format!("/{path}")), query });
        }
        let Ok(url) = Url::parse(secret) else {
            return wrong("it is no address of a webhook", "put the whole URL there, as the vendor gave it");
        };
        if Origin::of_url(&url) != *origin || !url.username().is_empty() || url.password().is_some() {
            let advice =
                "write its scheme and host as `url` of the destination, so that it goes nowhere else";
            return wrong("the address that it has is at another place than `url`", advice);
        }
        let query = url.query().map(|query| Zeroizing::new(query.to_owned()));
        Ok(Self { path: Zeroizing::new(url.path().to_owned()), query })
    }

    /// Leads a URL there; its origin stays.
    pub(super) fn put_into(&self, url: &mut Url) {
        url.set_path(&self.path);
        url.set_query(self.query.as_ref().map(|query| query.as_str()));
    }

    /// What of it may come back in what a server says.
    fn forms(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.path.as_str()).chain(self.query.as_ref().map(|query| query.as_str()))
    }
}

/// The names of an endpoint's credentials, as the vault knows them.
pub(super) fn names(endpoint: &Endpoint) -> Vec<String> {
    let headers = endpoint.headers.iter().filter_map(|(_, value)| name_in_vault(value));
    endpoint.credential.iter().cloned().chain(headers.map(Cow::into_owned)).collect()
}

/// What `origin` gets to see, with the credential shown as `usual` for the kind.
pub(super) async fn to(
    origin: &Origin,
    endpoint: &Endpoint,
    usual: Auth,
    vault: &Vault,
) -> Result<Shown, Failure> {
    let mut shown = Shown { headers: HeaderMap::new(), credentials: Vec::new(), address: None };
    // Without a check anybody may be at the other end. The configuration refuses this already.
    let checked = !endpoint.insecure || endpoint.pin.is_some();
    for (name, value) in &endpoint.headers {
        let value = match value {
            // No secret, but still nobody's business elsewhere: it may name a tenant.
            Configured::Text(text) => sensitive(name, text)?,
            _ if !checked => continue,
            reference => {
                let Some(credential) = vault.of_header(reference, origin).await? else { continue };
                let value = sensitive(name, credential.secret_for(origin)?)?;
                shown.credentials.push(credential);
                value
            }
        };
        shown.headers.insert(name_of(name)?, value);
    }
    if let Some(name) = endpoint.credential.as_ref().filter(|_| checked) {
        let credential = vault.get(name, origin).await?;
        if usual == Auth::Address {
            let hidden = Hidden::of(credential.name(), credential.secret_for(origin)?, origin)?;
            // A path as short as `/` is in every text.
            hidden.forms().filter(|form| form.len() > 8).for_each(|form| vault.mask().learn(None, form));
            shown.address = Some(hidden);
            shown.credentials.push(credential);
        } else if let Some((header, value)) = presented(endpoint, usual, &credential, origin)? {
            shown.headers.insert(header, value);
            shown.credentials.push(credential);
        }
    }
    Ok(shown)
}

fn presented(
    endpoint: &Endpoint,
    usual: Auth,
    credential: &Credential,
    origin: &Origin,
) -> Result<Option<(HeaderName, HeaderValue)>, Failure> {
    let secret = credential.secret_for(origin)?;
    let basic = || {
        let user = credential.user().unwrap_or_default();
        format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))
    };
    let (header, text) = match (&endpoint.auth, usual) {
        (Some(Presented::Header(header)), _) => (header.as_str(), secret.to_owned()),
        (Some(Presented::Basic), _) | (None, Auth::Basic) => ("authorization", basic()),
        (None, Auth::Bearer) if credential.user().is_some() => ("authorization", basic()),
        (Some(Presented::Bearer), _) | (None, Auth::Bearer) => ("authorization", format!("Bearer {secret}")),
        (None, Auth::Header(header)) => (header, secret.to_owned()),
        (None, Auth::Scheme(before)) => ("authorization", format!("{before}{secret}")),
        (None, Auth::None | Auth::Address) => return Ok(None),
    };
    let value = sensitive(&format!("credential {}", credential.name()), &Zeroizing::new(text))?;
    Ok(Some((name_of(header)?, value)))
}

/// The name of a header.
pub(super) fn name_of(name: &str) -> Result<HeaderName, Failure> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Failure::new(FailureKind::Unreadable, format!("`{name}` is no name of a header")))
}

fn sensitive(what: &str, secret: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(secret).map_err(|_| {
        let what = format!("{what}: it holds a line end or another character that a header cannot hold");
        Failure::new(FailureKind::Unreadable, what).advise("look at what the file or the helper gives")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
