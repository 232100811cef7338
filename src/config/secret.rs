//! Secrets are not written in a configuration: only where they are to be had.

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

/// Whether a key of this name holds a secret, in any table of any source.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    NAMES
        .iter()
        .any(|name| key.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('_')))
}

/// Words of a command line, for a person to read. What a word before it, or its own beginning, names a
/// secret is left out: such a word is a mistake, but no reason to show it.
pub fn shown_words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    const HIDDEN: &str = "(not shown)";
    let mut shown = Vec::new();
    let mut hide_next = false;
    for word in words {
        let hide = std::mem::take(&mut hide_next) && !word.starts_with('-');
        let name = word.trim_start_matches('-');
        shown.push(match name.split_once(['=', ':']) {
            _ if hide => HIDDEN.to_owned(),
            Some((key, value)) if names_a_secret(key.trim()) => {
                format!("{}{HIDDEN}", word.strip_suffix(value).unwrap_or_default())
            }
            // What curl and others take as user and password.
            Some((user, _)) if shown.last().is_some_and(|last| last == "-u" || last == "--user") => {
                format!("{user}:{HIDDEN}")
            }
            _ => {
                hide_next = word.starts_with('-') && names_a_secret(name);
                word.to_owned()
            }
        });
    }
    shown.join(" ")
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
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return true;
    }
    PREFIXES.iter().any(|(prefix, least)| {
        text.match_indices(prefix).any(|(at, _)| {
            let (before, after) = text.split_at(at);
            let apart = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
            let token =
                |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=');
            apart && after.chars().skip(prefix.chars().count()).take_while(token).count() >= *least
        })
    })
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
        assert_eq!(refused("x = 'https://kim:pw@host/path'").len(), 2);
        assert_eq!(refused("x = 'https://host/path?a=1&access_token=pw'").len(), 2);
        assert_eq!(refused("x = 'ssh://git@host/path?a=1#b'").len(), 0);
    }
}
