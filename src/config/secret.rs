//! Secrets are not written in a configuration: only where they are to be had.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::origin::ConfigError;
use super::table::{Kind, Table, Value};

/// How a value says where a secret is to be had.
const REFERENCES: &[&str] = &["credential:", "env:", "file:"];

/// Words that make a key a secret's: alone, or as the last part of a longer name.
const NAMES: &[&str] = &[
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "api_key",
    "app_key",
    "application_key",
    "access_key",
    "private_key",
    "routing_key",
    "authorization",
    "auth_header",
    "bearer",
    "cookie",
    "webhook_url",
];

/// Beginnings of tokens as their vendors print them, and how many characters follow at least.
///
/// Facts from the vendors' token documentation and secret-scanning lists.
const PREFIXES: &[(&str, usize)] = &[
    ("ghp_", 20),        // GitHub, personal
    ("gho_", 20),        // GitHub, OAuth
    ("ghu_", 20),        // GitHub, app for a user
    ("ghs_", 20),        // GitHub, app for a server
    ("ghr_", 20),        // GitHub, refresh
    ("github_pat_", 20), // GitHub, fine-grained
    ("glpat-", 16),      // GitLab, personal
    ("gldt-", 16),       // GitLab, deploy
    ("glrt-", 16),       // GitLab, runner
    ("glptt-", 16),      // GitLab, trigger
    ("glcbt-", 16),      // GitLab, job
    ("glft-", 16),       // GitLab, feed
    ("glsoat-", 16),     // GitLab, SCIM
    ("CCIPAT_", 16),     // CircleCI, personal
    ("CCIPRJ_", 16),     // CircleCI, project
    ("bkua_", 16),       // Buildkite, user
    ("bkct_", 16),       // Buildkite, cluster
    ("glsa_", 16),       // Grafana, service account
    ("glc_", 20),        // Grafana Cloud
    ("xoxb-", 16),       // Slack, bot
    ("xoxp-", 16),       // Slack, user
    ("xoxa-", 16),       // Slack, app
    ("xoxe-", 16),       // Slack, refresh
    ("xapp-", 16),       // Slack, app level
    ("AKIA", 16),        // AWS, access key
    ("ASIA", 16),        // AWS, temporary access key
    ("AIza", 30),        // Google, API key
    ("ya29.", 20),       // Google, OAuth
    ("hvs.", 20),        // HashiCorp Vault, service
    ("hvb.", 20),        // HashiCorp Vault, batch
    ("hvr.", 20),        // HashiCorp Vault, recovery
    ("atlasv1.", 20),    // Terraform Cloud, after its first part
    ("dop_v1_", 32),     // DigitalOcean
    ("npm_", 30),        // npm
    ("pypi-", 40),       // PyPI
    ("sk-ant-", 20),     // Anthropic
    ("sk-proj-", 20),    // OpenAI, project
    ("sk-svcacct-", 20), // OpenAI, service account
    ("sk_live_", 16),    // Stripe
    ("rk_live_", 16),    // Stripe, restricted
    ("SG.", 30),         // SendGrid
    ("sntrys_", 20),     // Sentry, organisation
    ("sntryu_", 20),     // Sentry, user
    ("NRAK-", 20),       // New Relic
    ("dt0c01.", 20),     // Dynatrace
    ("ATATT3", 20),      // Atlassian, API
    ("ATCTT3", 20),      // Atlassian, repository
    ("dapi", 32),        // Databricks
    ("sha256~", 30),     // OpenShift
    ("eyJhbGciOi", 20),  // a signed JSON web token
];

/// Finds them all at once: a pad is looked through each second while somebody types. Of so few and short ones it is
/// always made.
static BEGINNINGS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(PREFIXES.iter().map(|(prefix, _)| prefix)).ok());

/// Whether a key of this name holds a secret, in any table of any source.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    NAMES
        .iter()
        .any(|name| key.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('_')))
}

/// Stands where a secret of a command line was.
const HIDDEN: &str = "(not shown)";

/// Words of a command line, for a person to read, without their secrets.
pub fn shown_words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    without_secrets(words).join(" ")
}

/// The same as a shell would read it.
pub(super) fn shown_quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let plain = |word: &str| {
        let harmless = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
        !word.is_empty() && word.chars().all(harmless)
    };
    let quoted = |word: String| {
        // What is not shown has to be typed anyway.
        let as_it_is = plain(&word) || word.ends_with(HIDDEN);
        if as_it_is { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    without_secrets(words).into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The words without what a word before them, or their own beginning, names a secret: such a word is a
/// mistake, but no reason to show it.
fn without_secrets<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    const USERS: &[&str] = &["-u", "-U", "--user", "--proxy-user"];
    let mut shown: Vec<String> = Vec::new();
    let mut hide_next = false;
    for word in words {
        let hide = std::mem::take(&mut hide_next) && !word.starts_with('-');
        let of_user = shown.last().is_some_and(|last| USERS.contains(&last.as_str()))
            || USERS.iter().any(|flag| word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')));
        // What curl and others take as user and password.
        let password = word.find(':').filter(|_| of_user).map(|at| at + 1);
        shown.push(match password.or_else(|| secret_at(word)).and_then(|at| word.get(..at)) {
            _ if hide => HIDDEN.to_owned(),
            Some(before) => format!("{before}{HIDDEN}"),
            None => {
                hide_next = word.starts_with('-') && names_a_secret(word.trim_start_matches('-'));
                word.to_owned()
            }
        });
    }
    shown
}

/// Where a secret begins in a word that holds one: after `token=`, after `Authorization:`, or, in a word
/// that is itself a command line, after `--token ` and `Bearer `.
fn secret_at(word: &str) -> Option<usize> {
    let ends = |c: char| c == '=' || c == ':' || c.is_whitespace();
    word.match_indices(ends).find_map(|(at, end)| {
        let (before, after) = word.split_at_checked(at)?;
        let name = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).next()?;
        let flag = name.trim_start_matches('-');
        // `-HAuthorization: ...`, as curl takes it too.
        let named = names_a_secret(flag) || name.strip_prefix("-H").is_some_and(names_a_secret);
        let scheme = ["bearer", "basic"].iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
        let holds = if end.starts_with(char::is_whitespace) {
            scheme || (named && name.starts_with('-'))
        } else {
            named
        };
        (holds && !after.trim_start_matches(ends).is_empty()).then_some(at + end.len())
    })
}

/// Whether the text says where a secret is, instead of being one.
fn is_reference(text: &str) -> bool {
    REFERENCES.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
}

/// Refuses every secret in `table`. The values refused become [`Kind::Refused`], so that no later
/// message can repeat them.
pub(super) fn refuse(table: &mut Table, errors: &mut Vec<ConfigError>) {
    for entry in table.entries_mut() {
        let secret = names_a_secret(&entry.key);
        let key = entry.key.clone();
        value(&key, secret, &mut entry.value, errors);
    }
}

fn value(key: &str, secret: bool, value: &mut Value, errors: &mut Vec<ConfigError>) {
    let reason = match &mut value.kind {
        Kind::Table(table) => return refuse(table, errors),
        Kind::List(items) => return items.iter_mut().for_each(|item| self::value(key, secret, item, errors)),
        Kind::Text(text) | Kind::Word(text) => {
            if secret && !is_reference(text) {
                "holds a secret, so it takes only a reference to one"
            } else if holds_a_token(text) {
                "looks like a token; secrets are not written in a configuration"
            } else if url_holds_a_secret(text) {
                "has a secret in a URL; secrets are not written in a configuration"
            } else {
                return;
            }
        }
        Kind::Integer(_) | Kind::Float(_) | Kind::Date(_) if secret => {
            "holds a secret, so it takes only a reference to one"
        }
        _ => return,
    };
    let help = "write where it is to be had: credential:NAME, env:NAME or file:/path; and change a secret that was here";
    errors.push(ConfigError::new(&value.origin, format!("`{key}` {reason} (value not shown)")).help(help));
    value.kind = Kind::Refused;
}

fn holds_a_token(text: &str) -> bool {
    (text.contains("-----BEGIN") && text.contains("PRIVATE KEY")) || token_in(text).is_some()
}

/// Where the first token of a text is.
fn token_in(text: &str) -> Option<Range<usize>> {
    let token = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=');
    let found = BEGINNINGS.as_ref()?.find_overlapping_iter(text).filter_map(|found| {
        let (prefix, least) = PREFIXES.get(found.pattern().as_usize())?;
        let (before, after) = text.split_at_checked(found.start())?;
        let apart = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
        // All that a token is made of is one byte long.
        let length = prefix.len() + after.get(prefix.len()..)?.chars().take_while(token).count();
        (apart && length >= prefix.len() + *least).then_some(found.start()..found.start() + length)
    });
    found.min_by_key(|place| place.start)
}

/// Stands where a secret of a text was.
pub const STANDS: &str = "[secret]";

/// A text that goes to others without what looks like a secret in it, whoever wrote it there: tokens as their
/// vendors print them, what a name says is one (`password=...`), and addresses with a password or a token in them.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    while let Some(place) = token_in(&text) {
        text.to_mut().replace_range(place, STANDS);
    }
    let mut from = 0;
    while let Some(place) = named_in(&text, from) {
        from = place.start + STANDS.len();
        text.to_mut().replace_range(place, STANDS);
    }
    if url_holds_a_secret(&text) {
        let word = |word: &str| match word.find("://").filter(|_| url_holds_a_secret(word)) {
            Some(_) => word.replace(word.trim_end(), STANDS),
            None => word.to_owned(),
        };
        text = Cow::Owned(text.split_inclusive(' ').map(word).collect());
    }
    text
}

/// Where the value of the first `password=...` behind a place is.
fn named_in(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    rest.match_indices('=').find_map(|(at, _)| {
        let (before, after) = (rest.get(..at)?, rest.get(at + 1..)?);
        let name = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).next()?;
        let quote = after.chars().next().filter(|c| "\"'".contains(*c));
        let skipped = quote.map_or(0, char::len_utf8);
        let value = after.get(skipped..)?;
        let ends =
            |c: char| quote.map_or_else(|| c.is_whitespace() || ",;&\"')".contains(c), |quote| c == quote);
        let length = value.find(ends).unwrap_or(value.len());
        // Stars, a mask of a pattern, and what stands for one tell nothing.
        let tells = !value.starts_with(['*', '<', '[']) && length > 0;
        let start = from + at + 1 + skipped;
        // In an address it is part of the address.
        let is_free = !before.rsplit(char::is_whitespace).next()?.contains("://");
        (names_a_secret(name.trim_start_matches('-')) && tells && is_free).then_some(start..start + length)
    })
}

/// The same of a text of many lines, in which a private key may stand.
pub fn lines_without_secrets(text: &str) -> Cow<'_, str> {
    const END: &str = "-----END";
    let is_clean = |line: &str| matches!(without_tokens(line), Cow::Borrowed(_)) && key_in(line).is_none();
    if text.split('\n').all(is_clean) {
        return Cow::Borrowed(text);
    }
    // Where its end is missing, what follows is no part of it as soon as it does not look like one.
    let of_key = |line: &str| {
        let line = line.trim();
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        line.contains(END) || (!line.is_empty() && line.bytes().all(is_base64))
    };
    let (mut left, mut in_key) = (Vec::new(), false);
    for line in text.split('\n') {
        if in_key && of_key(line) {
            in_key = !line.contains(END);
            continue;
        }
        let key = key_in(line);
        in_key = key.is_some() && !line.contains(END);
        let mut line = Cow::Borrowed(line);
        if let Some(place) = key {
            line.to_mut().replace_range(place, STANDS);
        }
        left.push(without_tokens(&line).into_owned());
    }
    Cow::Owned(left.join("\n"))
}

/// Where a private key is in a line: to its end, or as far as its first line goes.
fn key_in(line: &str) -> Option<Range<usize>> {
    const HEAD: &str = "PRIVATE KEY-----";
    let start = line.find("-----BEGIN")?;
    let head = start + line.get(start..)?.find(HEAD)? + HEAD.len();
    let rest = line.get(head..)?;
    let length = match rest.rfind(HEAD) {
        Some(end) => end + HEAD.len(),
        None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
    };
    Some(start..head + length)
}

/// `https://user:password@host` or `?token=...`.
fn url_holds_a_secret(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let end = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(end);
        let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        let query = after.split_once('?').map(|(_, query)| query).unwrap_or_default();
        password.is_some_and(|(_, password)| !password.is_empty())
            || query
                .split(['&', '#', ' '])
                .filter_map(|pair| pair.split_once('='))
                .any(|(key, value)| names_a_secret(key) && !value.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::super::table::read;
    use super::*;

    fn refused(text: &str) -> Vec<String> {
        let mut table = read(&"c.toml".into(), text).unwrap();
        let mut errors = Vec::new();
        refuse(&mut table, &mut errors);
        errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().to_owned()).collect()
    }

    #[test]
    fn a_command_line_is_shown_without_its_secrets() {
        let words: &[(&[&str], &str)] = &[
            (&["kubectl", "logs", "-f", "deploy/checkout"], "kubectl logs -f deploy/checkout"),
            (&["journalctl", "-u", "nginx", "-f"], "journalctl -u nginx -f"),
            (&["stern", "--token", "abc", "--since", "1h"], "stern --token (not shown) --since 1h"),
            (&["stern", "--api-token=abc", "-o", "raw"], "stern --api-token=(not shown) -o raw"),
            (&["curl", "-u", "kim:pw", "http://h:80/"], "curl -u kim:(not shown) http://h:80/"),
            (&["curl", "-H", "X-Api-Key: abc", "http://h"], "curl -H X-Api-Key:(not shown) http://h"),
            (&["curl", "-HAuthorization: Bearer abc"], "curl -HAuthorization:(not shown)"),
            (&["curl", "--header=Authorization: Bearer abc"], "curl --header=Authorization:(not shown)"),
            (&["curl", "-H", "X-Mine: Bearer abc"], "curl -H X-Mine: Bearer (not shown)"),
            (&["curl", "--user=kim:abc"], "curl --user=kim:(not shown)"),
            (&["sh", "-c", "curl -H 'Authorization: abc'"], "sh -c curl -H 'Authorization:(not shown)"),
            (&["sh", "-c", "stern --token abc"], "sh -c stern --token (not shown)"),
            (&["sh", "-c", "export DB_PASSWORD=abc; run"], "sh -c export DB_PASSWORD=(not shown)"),
            (&["x", "--token=", "-o", "wide:", "a:b=c"], "x --token= -o wide: a:b=c"),
            (&["env", "DB_PASSWORD=a=b", "tail"], "env DB_PASSWORD=(not shown) tail"),
            (&["x", "--token", "--verbose", "y"], "x --token --verbose y"),
        ];
        for (words, expected) in words {
            assert_eq!(shown_words(words.iter().copied()), *expected);
        }
    }

    #[test]
    fn a_secret_key_takes_only_a_reference_whatever_the_literal_looks_like() {
        for key in [
            "token",
            "api_key",
            "client-secret",
            "DD-API-KEY",
            "X-Vault-Token",
            "Authorization",
            "db_password",
        ] {
            for literal in ["'x'", "'hunter2'", "''", "'env:'", "123", "['a']", "{ secret = 'x' }"] {
                let lines = refused(&format!("'{key}' = {literal}"));
                assert!(!lines.is_empty(), "{key} = {literal}");
                assert!(!lines.iter().any(|line| line.contains("hunter2")), "{lines:?}");
            }
            for unknown in ["'exec:/bin/pass'", "'op://vault/ci/token'", "'keyring:ci'"] {
                assert!(!refused(&format!("'{key}' = {unknown}")).is_empty(), "{key} = {unknown}");
            }
            for reference in ["'env:CI_TOKEN'", "'file:/run/secrets/ci'", "'credential:ci'", "true"] {
                assert_eq!(refused(&format!("'{key}' = {reference}")), [""; 0], "{key} = {reference}");
            }
        }
        for key in ["token_file", "secretary", "tokens_seen", "keys", "name"] {
            assert!(!names_a_secret(key), "{key}");
        }
    }

    #[test]
    fn known_tokens_are_refused_anywhere_and_never_shown() {
        // Put together here, so that no scanner takes this file for a leak.
        let body = "a1B2c3D4e5F6".repeat(6);
        for (prefix, _) in PREFIXES {
            for form in [
                "x = '{}'",
                "argv = ['curl', '-H', 'Header: {}']",
                "[a]\nb = {c = ['{}']}",
                "y = 'http://h/?q={}'",
            ] {
                let lines = refused(&form.replace("{}", &format!("{prefix}{body}")));
                assert_eq!(lines.len(), 2, "{prefix} in {form}");
                assert!(!lines.concat().contains(&body), "{lines:?}");
            }
            assert_eq!(refused(&format!("x = 'z{prefix}{body}'")).len(), 0, "{prefix} inside a word");
            assert_eq!(refused(&format!("x = '{prefix}'")).len(), 0, "{prefix} alone");
        }
        let token = format!("ghp_{body}");
        let text = format!("curl -H '{token}' x{token} https://a:b@h/p, then ya29.{body}.");
        let left = without_tokens(&text);
        assert_eq!(left, format!("curl -H '[secret]' x{token} [secret] then [secret]"));
        assert_eq!(without_tokens("https://h/?page=2 a:b"), "https://h/?page=2 a:b");
        for (text, left) in [
            (
                r#"login password="a b", db_password=pw;x --token=t1 ok"#,
                r#"login password="[secret]", db_password=[secret];x --token=[secret] ok"#,
            ),
            (
                "password= token=**** secret=<hex> keys=5 passwords: none",
                "password= token=**** secret=<hex> keys=5 passwords: none",
            ),
        ] {
            assert_eq!(without_tokens(text), left);
        }
        let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        for (text, left) in [
            (format!("a\n{begin}\nMIIE+/x=\n  AAAA\n{end}\nb"), "a\n[secret]\nb"),
            (format!("a\n{begin}\nMIIE\nand then we\nlooked"), "a\n[secret]\nand then we\nlooked"),
            (format!(r#"{{"key": "{begin}\nMIIE\n{end}\n"}} x"#), r#"{"key": "[secret]\n"} x"#),
            (format!("there was {begin} in it, and {token}"), "there was [secret] in it, and [secret]"),
            (format!("a {token}\nb"), "a [secret]\nb"),
            ("-----BEGIN CERTIFICATE-----\nMIIE".to_owned(), "-----BEGIN CERTIFICATE-----\nMIIE"),
        ] {
            assert_eq!(lines_without_secrets(&text), left);
        }
        assert_eq!(refused("x = 'https://kim:pw@host/path'").len(), 2);
        assert_eq!(refused("x = 'https://host/path?a=1&access_token=pw'").len(), 2);
        assert_eq!(refused("x = 'ssh://git@host/path?a=1#b'").len(), 0);
    }
}
