//! The few facts of a certificate that a person needs in an error: whose, from whom, until when.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Tags of DER (X.690).
const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;

/// What of a name is shown, the first that is there (X.520): common name, organisation, unit.
const SHOWN: [&[u8]; 3] = [&[0x55, 4, 3], &[0x55, 4, 10], &[0x55, 4, 11]];

/// What a certificate says of itself. Nothing of it is proven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Certificate {
    /// Reads the start of an X.509 certificate.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let [issuer, validity, subject, _] = fields(der)?;
        let (not_before, validity) = time(validity)?;
        let (not_after, _) = time(validity)?;
        Some(Self { subject: name(subject), issuer: name(issuer), not_before, not_after })
    }
}

/// The public key of a certificate with its algorithm (`SubjectPublicKeyInfo`), whole: what a pin is of
/// (RFC 7469, 2.4). A certificate that is renewed for the same key has the same.
pub(super) fn public_key(der: &[u8]) -> Option<&[u8]> {
    let [_, _, _, from] = fields(der)?;
    let (_, after) = tagged(SEQUENCE, from)?;
    from.get(..from.len() - after.len())
}

/// The contents of issuer, validity and subject, and what follows them (RFC 5280, 4.1).
fn fields(der: &[u8]) -> Option<[&[u8]; 4]> {
    let (certificate, _) = tagged(SEQUENCE, der)?;
    let (rest, _) = tagged(SEQUENCE, certificate)?;
    let rest = tagged(VERSION, rest).map_or(rest, |(_, after)| after);
    let (_, rest) = tagged(INTEGER, rest)?;
    let (_, rest) = tagged(SEQUENCE, rest)?;
    let (issuer, rest) = tagged(SEQUENCE, rest)?;
    let (validity, rest) = tagged(SEQUENCE, rest)?;
    let (subject, rest) = tagged(SEQUENCE, rest)?;
    Some([issuer, validity, subject, rest])
}

/// The tag and content of the first value, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) =
                rest.split_at_checked(usize::from(long & 0x7f)).filter(|(d, _)| d.len() <= 3)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn tagged(wanted: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    value(der).filter(|(tag, ..)| *tag == wanted).map(|(_, content, rest)| (content, rest))
}

fn name(mut der: &[u8]) -> String {
    let mut found: [Option<String>; SHOWN.len()] = Default::default();
    while let Some((set, rest)) = tagged(SET, der) {
        der = rest;
        let attribute = tagged(SEQUENCE, set).and_then(|(pair, _)| tagged(OBJECT_ID, pair));
        let Some((id, text)) = attribute else { continue };
        for (known, slot) in SHOWN.iter().zip(&mut found) {
            if id == *known
                && let Some((_, text, _)) = value(text)
            {
                *slot = Some(String::from_utf8_lossy(text).chars().take(80).collect());
            }
        }
    }
    found.into_iter().flatten().next().unwrap_or_else(|| "no name".to_owned())
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`.
fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, text, rest) = value(der)?;
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        // RFC 5280, 4.1.2.5.1: from 50 on it is 19xx.
        UTC_TIME if text >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", &full).ok()?;
    Some((TimeZone::UTC.to_timestamp(time).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData as _, date_time_ymd};

    use super::*;

    fn made(names: &[(DnType, &str)], until: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["ci.example".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, name) in names {
            params.distinguished_name.push(kind.clone(), *name);
        }
        (params.not_before, params.not_after) = (date_time_ymd(1999, 12, 31), date_time_ymd(until, 2, 1));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_and_dates_are_read() {
        let der = made(&[(DnType::OrganizationName, "Shop Inc."), (DnType::CommonName, "ci")], 2026);
        let read = Certificate::read(&der).unwrap();
        assert_eq!((read.subject.as_str(), read.issuer.as_str()), ("ci", "ci"));
        assert_eq!(read.not_before, "1999-12-31T00:00:00Z".parse().unwrap());
        assert_eq!(read.not_after, "2026-02-01T00:00:00Z".parse().unwrap());
        // From 2050 on the form of the date is another.
        let read = Certificate::read(&made(&[(DnType::OrganizationName, "Shop Inc.")], 2090)).unwrap();
        assert_eq!(
            (read.subject.as_str(), read.not_after),
            ("Shop Inc.", "2090-02-01T00:00:00Z".parse().unwrap())
        );
        assert_eq!(Certificate::read(&made(&[], 2026)).unwrap().subject, "no name");
    }

    #[test]
    fn the_public_key_is_that_of_the_key_pair_in_each_of_its_certificates() {
        for algorithm in
            [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519]
        {
            let pair = KeyPair::generate_for(algorithm).unwrap();
            for name in ["ci.example", "a-longer-name.of-the-same.example"] {
                let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
                let certificate = params.self_signed(&pair).unwrap();
                assert_eq!(public_key(certificate.der()).unwrap(), pair.subject_public_key_info());
            }
        }
    }

    proptest! {
        #[test]
        fn damage_is_no_certificate_or_another_one(at in 0_usize..300, byte: u8, cut in 0_usize..300) {
            let whole = made(&[(DnType::CommonName, "ci")], 2026);
            let mut der = whole.clone();
            der[at] = byte;
            drop((Certificate::read(&der), public_key(&der)));
            der.truncate(cut);
            drop((Certificate::read(&der), public_key(&der)));
            prop_assert_eq!(Certificate::read(&whole[..cut]), None);
        }
    }
}
