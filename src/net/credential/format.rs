//! The forms in which secrets are printed and kept. What cannot be read is never repeated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::secret::Secret;
use crate::config::credentials::Format;

/// What was read.
#[derive(PartialEq, Debug)]
pub(super) struct Found {
    pub(super) user: Option<String>,
    pub(super) secret: Secret,
    pub(super) session: Option<Secret>,
    pub(super) expires: Option<Timestamp>,
}

/// Reads `bytes`, which were had at `now`.
///
/// Errors say what is wrong and nothing of what stands there.
pub(super) fn read(format: Format, bytes: &[u8], now: Timestamp) -> Result<Found, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let found = match format {
        Format::Line => line(text),
        Format::Json => json(text, now),
        Format::ExecCredential => exec_credential(text),
        Format::AwsProcess => aws_process(text),
    }?;
    let bad = |secret: &Secret| secret.expose().is_empty() || secret.expose().contains(char::is_control);
    if bad(&found.secret) || found.session.as_ref().is_some_and(bad) {
        return Err("the secret in it is empty or holds control characters".to_owned());
    }
    Ok(found)
}

fn line(text: &str) -> Result<Found, String> {
    let secret = text.lines().next().unwrap_or_default().trim();
    if secret.is_empty() {
        return Err("its first line is empty".to_owned());
    }
    Ok(Found { user: None, secret: Secret::new(secret), session: None, expires: expiry_of_jwt(secret) })
}

/// What a JSON web token says of its end (`exp`, RFC 7519). Nothing is verified: it is ours.
fn expiry_of_jwt(token: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let mut parts = token.split('.');
    let (Some(head), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    // `{"` in base64.
    if !head.starts_with("ey") {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    seconds(claims.exp)
}

fn seconds(since_1970: f64) -> Option<Timestamp> {
    let whole = SignedDuration::try_from_secs_f64(since_1970).ok()?;
    Timestamp::from_duration(whole).ok()
}

/// serde's own message would quote the text.
fn parse<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        format!("it is not {what}, as seen at line {} column {}", error.line(), error.column())
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(f64),
    Text(String),
}

impl Time {
    fn read(&self) -> Result<Timestamp, String> {
        let read = match self {
            Self::Seconds(number) => seconds(*number),
            Self::Text(text) => text.parse().ok(),
        };
        read.ok_or_else(|| "its time of expiry is neither RFC 3339 nor seconds since 1970".to_owned())
    }
}

/// `{"token": ..., "expires_at": ...}`; also OAuth 2 answers (RFC 6749, 5.1) and `az account
/// get-access-token`, whose `expiresOn` is local time and so is not read.
fn json(text: &str, now: Timestamp) -> Result<Found, String> {
    #[derive(Deserialize)]
    struct Json {
        #[serde(alias = "access_token", alias = "accessToken")]
        token: String,
        #[serde(alias = "expires_on")]
        expires_at: Option<Time>,
        expires_in: Option<f64>,
    }
    let read: Json = parse(text, "a JSON object with `token` and one `expires_at`")?;
    let expires = match (&read.expires_at, read.expires_in) {
        (Some(at), _) => Some(at.read()?),
        (None, Some(lifetime)) => {
            let lifetime = SignedDuration::try_from_secs_f64(lifetime).ok();
            lifetime.and_then(|lifetime| now.checked_add(lifetime).ok())
        }
        (None, None) => expiry_of_jwt(&read.token),
    };
    Ok(Found { user: None, secret: Secret::new(&read.token), session: None, expires })
}

/// client.authentication.k8s.io, v1 and v1beta1.
fn exec_credential(text: &str) -> Result<Found, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        api_version: String,
        kind: String,
        status: Option<Status>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        token: Option<String>,
        expiration_timestamp: Option<String>,
        client_certificate_data: Option<serde::de::IgnoredAny>,
    }
    let answer: Answer = parse(text, "an ExecCredential")?;
    let known = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
    if answer.kind != "ExecCredential" || !known.contains(&answer.api_version.as_str()) {
        return Err("it is no ExecCredential of client.authentication.k8s.io, v1 or v1beta1".to_owned());
    }
    let status = answer.status.ok_or("the ExecCredential has no `status`")?;
    let token = match (status.token.filter(|token| !token.is_empty()), status.client_certificate_data) {
        (Some(token), _) => token,
        (None, Some(_)) => {
            return Err("it gives a client certificate and no token; only tokens are used".to_owned());
        }
        (None, None) => return Err("the ExecCredential has no token".to_owned()),
    };
    let expires = match status.expiration_timestamp {
        Some(text) => Some(Time::Text(text).read()?),
        None => expiry_of_jwt(&token),
    };
    Ok(Found { user: None, secret: Secret::new(&token), session: None, expires })
}

/// The AWS CLI user guide, "Sourcing credentials with an external process".
fn aws_process(text: &str) -> Result<Found, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Keys {
        version: u32,
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
        expiration: Option<String>,
    }
    let keys: Keys = parse(text, "what a credential_process prints")?;
    if keys.version != 1 {
        return Err(format!("its Version is {}; 1 is known", keys.version));
    }
    let expires = keys.expiration.map(|text| Time::Text(text).read()).transpose()?;
    Ok(Found {
        user: Some(keys.access_key_id),
        secret: Secret::new(&keys.secret_access_key),
        session: keys.session_token.as_deref().map(Secret::new),
        expires,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOW: &str = "2026-03-01T03:00:00Z";

    fn ok(format: Format, text: &str) -> (Option<String>, String, Option<String>, Option<String>) {
        let found = read(format, text.as_bytes(), at(NOW)).unwrap();
        let session = found.session.as_ref().map(|session| session.expose().to_owned());
        let expires = found.expires.map(|expires| expires.to_string());
        (found.user, found.secret.expose().to_owned(), session, expires)
    }

    fn token(
        secret: &str,
        expires: Option<&str>,
    ) -> (Option<String>, String, Option<String>, Option<String>) {
        (None, secret.to_owned(), None, expires.map(str::to_owned))
    }

    #[test]
    fn the_first_line_is_the_secret() {
        // As `pass show` prints it: the password, then what else is known.
        assert_eq!(ok(Format::Line, "correct horse\nuser: kim\n"), token("correct horse", None));
        assert_eq!(ok(Format::Line, "glpat\r\n"), token("glpat", None));
        for bad in [&b""[..], b"\n", b"  \nx", b"a\x1bb", b"\xff\xfe"] {
            assert!(read(Format::Line, bad, at(NOW)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_json_web_token_says_when_it_ends() {
        // RFC 7519, 3.1: the example, with its `exp` of 1300819380.
        let jwt = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(ok(Format::Line, jwt), token(jwt, Some("2011-03-22T18:43:00Z")));
        assert_eq!(ok(Format::Line, "ey.ey.x"), token("ey.ey.x", None));
    }

    #[test]
    fn json_says_a_token_and_its_end_in_one_of_three_ways() {
        let own = r#"{"token": "a", "expires_at": "2026-03-01T04:00:00+01:00"}"#;
        assert_eq!(ok(Format::Json, own), token("a", Some("2026-03-01T03:00:00Z")));
        // RFC 6749, 5.1.
        let oauth = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,"refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA"}"#;
        assert_eq!(ok(Format::Json, oauth), token("2YotnFZFEjr1zCsicMWpAA", Some("2026-03-01T04:00:00Z")));
        // az account get-access-token, Azure CLI 2.54 and later.
        let az = r#"{"accessToken": "b", "expiresOn": "2023-10-31 21:59:10.000000", "expires_on": 1698760750, "subscription": "x", "tenant": "y", "tokenType": "Bearer"}"#;
        assert_eq!(ok(Format::Json, az), token("b", Some("2023-10-31T13:59:10Z")));
        assert_eq!(ok(Format::Json, r#"{"token": "c"}"#), token("c", None));
    }

    #[test]
    fn kubectl_plugins_are_read_as_kubectl_reads_them() {
        // The answer of the Kubernetes documentation, "client-go credential plugins".
        let answer = r#"{
          "apiVersion": "client.authentication.k8s.io/v1",
          "kind": "ExecCredential",
          "status": {
            "token": "my-bearer-token",
            "expirationTimestamp": "2018-03-05T17:30:20-08:00"
          }
        }"#;
        assert_eq!(
            ok(Format::ExecCredential, answer),
            token("my-bearer-token", Some("2018-03-06T01:30:20Z"))
        );
        let certificate = r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
            "status": {"clientCertificateData": "-----BEGIN", "clientKeyData": "-----BEGIN"}}"#;
        let why = read(Format::ExecCredential, certificate.as_bytes(), at(NOW)).unwrap_err();
        assert!(why.contains("client certificate"), "{why}");
    }

    #[test]
    fn aws_keys_are_read_as_the_aws_tools_read_them() {
        // The AWS CLI user guide, "Sourcing credentials with an external process".
        let keys = r#"{
            "Version": 1,
            "AccessKeyId": "an AWS access key",
            "SecretAccessKey": "your AWS secret access key",
            "SessionToken": "the AWS session token for temporary credentials",
            "Expiration": "2019-05-29T00:21:43Z"
        }"#;
        let (user, secret, session, expires) = ok(Format::AwsProcess, keys);
        assert_eq!(user.as_deref(), Some("an AWS access key"));
        assert_eq!(secret, "your AWS secret access key");
        assert_eq!(session.as_deref(), Some("the AWS session token for temporary credentials"));
        assert_eq!(expires.as_deref(), Some("2019-05-29T00:21:43Z"));
        let why = read(Format::AwsProcess, keys.replace(": 1", ": 2").as_bytes(), at(NOW)).unwrap_err();
        assert!(why.contains("Version is 2"), "{why}");
    }

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        let canary = "hunter2hunter2";
        for format in [Format::Json, Format::ExecCredential, Format::AwsProcess] {
            for text in [
                format!("{{\"token\": {canary}}}"),
                format!("{{\"token\": [\"{canary}\"]}}"),
                format!("{{\"token\": \"a\", \"expires_at\": \"{canary}\"}}"),
                format!("{{\"kind\": \"{canary}\", \"apiVersion\": \"{canary}\"}}"),
                format!("{{\"Version\": \"{canary}\"}}"),
                canary.to_owned(),
            ] {
                let why = read(format, text.as_bytes(), at(NOW)).unwrap_err();
                assert!(!why.contains(canary), "{why}");
            }
        }
    }
}
