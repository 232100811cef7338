//! TLS: whom we trust, what we show of ourselves, and what is said when that fails.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};

use super::AS_CA;
use super::certificate::{Certificate, public_key};
use super::credential::private_file;
use crate::config::endpoint::Endpoint;
use crate::model::health::{Failure, FailureKind};

/// How long the authorities of this machine are known; a TLS failure has them read again after it.
pub(super) const SHARE: Duration = Duration::from_secs(60);
/// A file of certificates or of a key is not larger.
const MOST: u64 = 4 << 20;

/// What a connection is checked by.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    ca: Option<PathBuf>,
    ca_only: bool,
    client: Option<(PathBuf, PathBuf)>,
    insecure: bool,
    pin: Option<[u8; 32]>,
    /// The only server that `insecure` and `pin` speak of: not a proxy.
    host: String,
}

impl Terms {
    /// The terms of an endpoint, whose server has the name `host`.
    pub(super) fn of(endpoint: &Endpoint, host: &str) -> Self {
        Self {
            ca: endpoint.ca.clone(),
            ca_only: endpoint.ca_only,
            client: endpoint.client_cert.clone(),
            insecure: endpoint.insecure,
            pin: endpoint.pin,
            host: host.to_owned(),
        }
    }

    /// The terms of other hosts that the endpoint sends us to: the same authorities, and nothing of ours.
    pub(super) fn away(endpoint: &Endpoint) -> Self {
        Self { ca: endpoint.ca.clone(), ca_only: endpoint.ca_only, ..Self::default() }
    }

    /// The files that the terms are read from.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let client = self.client.iter().flat_map(|(cert, key)| [cert, key]);
        self.ca.iter().chain(client).cloned().collect()
    }

    /// Reads the files. Takes time: not for a worker of the scheduler.
    pub(super) fn config(&self) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(ring::default_provider());
        let trusted = self.trusted()?;
        let chain = if self.insecure {
            None
        } else {
            let built = WebPkiServerVerifier::builder_with_provider(trusted.store, Arc::clone(&provider));
            Some(built.build().map_err(|_| nobody())?)
        };
        let verifier = Verifier {
            chain,
            provider: Arc::clone(&provider),
            pin: self.pin,
            host: self.host.clone(),
            source: trusted.source,
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| Failure::new(FailureKind::Tls, format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => {
                let certs = certificates(cert)?;
                let der = PrivateKeyDer::from_pem_slice(&private_file(key)?).map_err(|_| {
                    let what = format!("{}: there is no private key (PEM) in it", key.display());
                    Failure::new(FailureKind::Tls, what).advise("a key with a passphrase cannot be used")
                })?;
                builder.with_client_auth_cert(certs, der).map_err(|error| {
                    let what = format!("{}: this key and certificate cannot be used: {error}", key.display());
                    Failure::new(FailureKind::Tls, what)
                })?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // `key_log` stays what it is by default: none, whatever SSLKEYLOGFILE says.
        Ok(config)
    }

    /// For connections that are not encrypted: no file is read, and no server is believed.
    pub(super) fn nothing() -> Result<ClientConfig, Failure> {
        Self { insecure: true, ..Self::default() }.config()
    }

    /// Whether the authorities of this machine are trusted.
    pub(super) fn trusts_machine(&self) -> bool {
        !self.ca_only && !self.insecure
    }

    fn trusted(&self) -> Result<Trusted, Failure> {
        let of_machine = if self.trusts_machine() { of_machine() } else { Arc::new(RootCertStore::empty()) };
        let source = Source { of_machine: of_machine.len(), ca: self.ca.clone() };
        let Some(ca) = &self.ca else { return Ok(Trusted { store: of_machine, source }) };
        let mut store = Arc::unwrap_or_clone(of_machine);
        let (good, _) = store.add_parsable_certificates(certificates(ca)?);
        if good == 0 {
            let what = format!("{}: no certificate in it can be used", ca.display());
            return Err(Failure::new(FailureKind::Tls, what));
        }
        Ok(Trusted { store: Arc::new(store), source })
    }
}

/// Where the authorities of this machine are, for messages: the usual place.
pub(super) const MACHINE: &str = "/etc/ssl/certs";

/// Reads the authorities of this machine. Takes time, but not again for a minute.
pub(super) fn know_machine() {
    drop(of_machine());
}

/// The authorities of this machine. Sources that start together share them.
fn of_machine() -> Arc<RootCertStore> {
    static SHARED: Mutex<Option<(Instant, Arc<RootCertStore>)>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((read, store)) = &*shared
        && read.elapsed() < SHARE
    {
        return Arc::clone(store);
    }
    let mut store = RootCertStore::empty();
    // What cannot be read is left out: most machines have a few odd files there.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let store = Arc::new(store);
    *shared = (!store.is_empty()).then(|| (Instant::now(), Arc::clone(&store)));
    store
}

struct Trusted {
    store: Arc<RootCertStore>,
    source: Source,
}

/// Where the trusted authorities come from, for messages.
#[derive(Clone, Debug)]
struct Source {
    of_machine: usize,
    ca: Option<PathBuf>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.ca, self.of_machine) {
            (Some(ca), 0) => write!(f, "those in {}", ca.display()),
            (Some(ca), count) => write!(f, "those in {} and {count} of this machine", ca.display()),
            (None, count) => write!(f, "{count} of this machine"),
        }
    }
}

/// There is no authority to trust.
fn nobody() -> Failure {
    let asked = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().find(|name| std::env::var_os(name).is_some());
    let what = match asked {
        Some(name) => format!("no certificate authorities: there are none where {name} says"),
        None => "no certificate authorities: this machine has no store of them".to_owned(),
    };
    let advice = format!("install ca-certificates, set SSL_CERT_FILE, or name a file {AS_CA}");
    Failure::new(FailureKind::Tls, what).advise(advice).because("no certificate authorities")
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bytes = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => {
            let what = format!("{}: there is no certificate (PEM) in it", path.display());
            Err(Failure::new(FailureKind::Tls, what))
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let what = format!("open {}: {error}", path.display());
            Err(Failure::new(FailureKind::Tls, what).because(format!("{} cannot be read", path.display())))
        }
    }
}

/// Why a certificate was not accepted.
#[derive(Debug)]
pub(super) struct Distrust {
    pub(super) what: String,
    pub(super) advice: Option<String>,
    pub(super) cause: Option<String>,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Distrust {}

/// Checks the server's certificate, and says more than rustls does if it is not good.
#[derive(Debug)]
struct Verifier {
    /// The usual check; none where the person said that they understand.
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    pin: Option<[u8; 32]>,
    host: String,
    source: Source,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let refuse = |why: Distrust| {
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
        };
        let host = name.to_str();
        let is_endpoint = host == self.host;
        if is_endpoint && let Some(pin) = self.pin {
            let of = |der: &[u8]| ::ring::digest::digest(&::ring::digest::SHA256, der);
            let key = public_key(certificate).map(of);
            if key.is_none_or(|key| key.as_ref() != pin) {
                let shown = key.map_or_else(|| "none".to_owned(), |key| STANDARD.encode(key));
                let (what, advice) = if of(certificate).as_ref() == pin {
                    (
                        format!(
                            "`pin_sha256` is the fingerprint of the certificate of {host}, which changes each time it is renewed; that of its key is needed: {shown}"
                        ),
                        format!("write pin_sha256 = \"{shown}\""),
                    )
                } else {
                    (
                        format!("{host} has another key than `pin_sha256` says: {shown}"),
                        "ask whoever runs it whether the key was changed, then change the pin".to_owned(),
                    )
                };
                return Err(refuse(Distrust { what, advice: Some(advice), cause: None }));
            }
        }
        match &self.chain {
            Some(chain) => chain.verify_server_cert(certificate, between, name, ocsp, now).map_err(|error| {
                self.distrust(&host, certificate, between, now, &error).map_or(error, refuse)
            }),
            None if is_endpoint => Ok(ServerCertVerified::assertion()),
            None => Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Verifier {
    fn distrust(
        &self,
        host: &str,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
        error: &rustls::Error,
    ) -> Option<Distrust> {
        let rustls::Error::InvalidCertificate(why) = error else { return None };
        let clock = Timestamp::from_second(i64::try_from(now.as_secs()).ok()?).ok()?;
        let read: Vec<Certificate> =
            std::iter::once(certificate).chain(between).filter_map(|der| Certificate::read(der)).collect();
        let own = read.first();
        let whose = own.map_or_else(String::new, |own| format!(" ({}, from {})", own.subject, own.issuer));
        // Of a chain any certificate may be the one that is out of its time.
        let out_of_time = read.iter().find(|one| !(one.not_before..=one.not_after).contains(&clock));
        let said = |what: String, advice: &str, cause: Option<String>| Distrust {
            what,
            advice: Some(advice.to_owned()),
            cause,
        };
        Some(match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                let (whose, until) = out_of_time.map_or((whose, String::new()), |one| {
                    (format!(" ({}, from {})", one.subject, one.issuer), format!(" on {}", one.not_after))
                });
                said(
                    format!("the certificate of {host}{whose} expired{until}; the clock here says {clock}"),
                    "have it renewed on the server; if the clock here is wrong, set it",
                    None,
                )
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                let from = out_of_time.map_or_else(String::new, |one| format!(" before {}", one.not_before));
                said(
                    format!(
                        "the certificate of {host}{whose} is not valid{from}; the clock here says {clock}"
                    ),
                    "if the clock here is wrong, set it",
                    Some("the clock here may be wrong".to_owned()),
                )
            }
            CertificateError::UnknownIssuer => {
                let issuer = read.last().map_or("its issuer", |last| last.issuer.as_str());
                said(
                    format!(
                        "the certificate of {host}{whose} is from an authority that is not trusted: {issuer}; trusted are {}",
                        self.source
                    ),
                    &format!("name a file with the authority's certificate {AS_CA}"),
                    Some(format!("the authority {issuer} is not trusted")),
                )
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                let names = match why {
                    CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
                        presented.iter().take(5).map(|name| bare(name)).collect::<Vec<_>>().join(", ")
                    }
                    _ => "other names".to_owned(),
                };
                said(
                    format!("the certificate{whose} is for {names} and not for {host}"),
                    "write the right host; if this is the right server under another name, write `server_name`",
                    None,
                )
            }
            // The check of chains has no name of its own for it.
            CertificateError::Other(why) if why.to_string().contains("CaUsedAsEndEntity") => said(
                format!(
                    "the certificate of {host}{whose} is that of an authority (CA:TRUE), which no server may show"
                ),
                "have one made for the server that is no authority's, such as with -addext basicConstraints=critical,CA:FALSE",
                None,
            ),
            _ => return None,
        })
    }
}

/// rustls writes a name as `DnsName("ci.example")`.
fn bare(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_ever_logged() {
        let config = Terms::nothing().unwrap();
        // Only `KeyLogFile` looks at SSLKEYLOGFILE.
        assert_eq!(format!("{:?}", config.key_log), "NoKeyLog");
        assert!(!config.key_log.will_log("CLIENT_TRAFFIC_SECRET_0"));
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }
}
