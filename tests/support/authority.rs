//! Certificates as a test needs them: good, expired, of an authority that nobody knows.

use std::sync::Arc;

use rcgen::PublicKeyData as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority of this test alone.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) struct Leaf {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its certificate, as a file holds it.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names, valid from and until the first day of these years.
    pub(crate) fn leaf(&self, names: &[&str], years: (i32, i32)) -> Leaf {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).expect("names are good");
        params.distinguished_name.push(DnType::CommonName, names.first().expect("a name").as_str());
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().expect("a key");
        Leaf { certificate: params.signed_by(&key, &self.0).expect("a certificate"), key }
    }

    /// A server for these names.
    pub(crate) fn server(&self, names: &[&str], years: (i32, i32)) -> ServerConfig {
        self.leaf(names, years).server(None)
    }
}

impl Leaf {
    /// The certificate, as a file holds it.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Its key, as a file holds it.
    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Its key, as a pin is of (RFC 7469).
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }

    /// Its bytes.
    pub(crate) fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// A server with this certificate, which asks for one of `clients` if there are any.
    pub(crate) fn server(&self, clients: Option<&Authority>) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring has them");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).expect("a certificate of an authority");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("an authority is there"))
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        builder.with_single_cert(vec![self.certificate.der().clone()], key).expect("they belong together")
    }
}
