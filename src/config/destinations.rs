//! `[[destination]]` tables: where updates and documents may be sent.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::endpoint::{self, Endpoint};
use super::environment::{Allowed, Environment};
use super::origin::ConfigError;
use super::parse;
use super::sources::Named;
use super::table::{Table, Value};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// What takes what is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Slack channel, by a bot's token.
    Slack,
    /// A Slack channel, by an incoming webhook.
    SlackWebhook,
    /// A Microsoft Teams channel or chat, by the webhook of a workflow.
    Teams,
    /// A Mattermost channel, by a token.
    Mattermost,
    /// A Mattermost channel, by an incoming webhook.
    MattermostWebhook,
    /// A new issue in Jira.
    Jira,
    /// A comment on the Jira issue among the incident's links.
    JiraComment,
    /// A new page in Confluence.
    Confluence,
    /// A new issue on GitHub.
    Github,
    /// A new issue on GitLab.
    Gitlab,
    /// Anything that takes JSON.
    Webhook,
}

impl Kind {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Slack | Self::SlackWebhook => "Slack",
            Self::Teams => "Microsoft Teams",
            Self::Mattermost | Self::MattermostWebhook => "Mattermost",
            Self::Jira => "Jira issue",
            Self::JiraComment => "Jira comment",
            Self::Confluence => "Confluence page",
            Self::Github => "GitHub issue",
            Self::Gitlab => "GitLab issue",
            Self::Webhook => "webhook",
        }
    }

    /// The one address that its service has in the world.
    fn usual(self) -> Option<&'static str> {
        match self {
            Self::Slack => Some("https://slack.com"),
            Self::SlackWebhook => Some("https://hooks.slack.com"),
            Self::Github => Some("https://api.github.com"),
            Self::Gitlab => Some("https://gitlab.com"),
            _ => None,
        }
    }

    /// Keys that it needs, and keys that it may have.
    fn keys(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Slack | Self::Mattermost => (&["credential", "channel"], &[]),
            Self::SlackWebhook | Self::Teams => (&["credential"], &[]),
            Self::MattermostWebhook => (&["credential"], &["channel"]),
            Self::Jira => (&["credential", "project"], &["issue_type", "labels", "data_center"]),
            Self::JiraComment => (&["credential"], &["data_center"]),
            Self::Confluence => (&["credential", "space"], &["parent", "data_center"]),
            Self::Github | Self::Gitlab => (&["credential", "project"], &["labels"]),
            Self::Webhook => (&["template"], &["hidden_address"]),
        }
    }
}

/// One destination as configured, with nothing wrong in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Destination {
    /// Its name, which no other has.
    pub name: RawText,
    /// What takes it.
    pub kind: Kind,
    /// The environments that it is for; all if there are none.
    pub environments: Vec<RawText>,
    /// Where it is reached.
    pub endpoint: Endpoint,
    /// The channel, as its vendor names it.
    pub channel: String,
    /// The project, or owner and repository.
    pub project: String,
    /// The type of a new issue.
    pub issue_type: String,
    /// The key of the space.
    pub space: String,
    /// The number of the page above it.
    pub parent: Option<String>,
    /// The labels of a new issue.
    pub labels: Vec<String>,
    /// It is a Data Center of one's own, with the API of those.
    pub data_center: bool,
    /// What is sent to a webhook.
    pub template: Json,
    /// The webhook's whole address is the secret.
    pub hidden_address: bool,
}

/// The keys as written, beside those of an endpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Its name, by which `send` knows it.
    name: String,
    /// What takes it. The address of an incoming webhook is a secret: it is had like a password, by
    /// `credential`, and only its scheme and host stand in `url`.
    kind: Kind,
    /// The environments that it is for; all if not said. Something is sent only where the environment of the
    /// incident allows `send`.
    #[serde(default)]
    environments: Vec<String>,
    /// The channel: for Slack its id or `#name`, for Mattermost its id or `team/channel`.
    channel: Option<String>,
    /// The project of a new issue: the key of Jira's (`OPS`), GitHub's `owner/repository`, GitLab's path or
    /// number.
    project: Option<String>,
    /// The type of a new Jira issue; `Task` if not said.
    issue_type: Option<String>,
    /// The key of the Confluence space.
    space: Option<String>,
    /// The number of the Confluence page that new ones are put under.
    parent: Option<String>,
    /// The labels of a new issue.
    #[serde(default)]
    labels: Vec<String>,
    /// Jira or Confluence is a Data Center of your own, not Atlassian's cloud.
    #[serde(default)]
    data_center: bool,
    /// The JSON that a webhook is sent, in texts of which {{title}}, {{text}} (Markdown), {{plain}},
    /// {{document}}, {{incident}}, {{severity}}, {{status}}, {{service}} and {{environment}} stand for what they
    /// name.
    template: Option<String>,
    /// The whole address of the webhook is a secret that `credential` has.
    #[serde(default)]
    hidden_address: bool,
}

/// What a webhook's template may name.
pub const SLOTS: [&str; 9] =
    ["title", "text", "plain", "document", "incident", "severity", "status", "service", "environment"];

/// Reads the `[[destination]]` tables.
pub(super) fn read(
    tables: Vec<Table>,
    named: &Named<'_>,
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Vec<Destination> {
    tables.into_iter().filter_map(|table| one(table, named, home, errors)).collect()
}

fn one(
    mut table: Table,
    named: &Named<'_>,
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Option<Destination> {
    let before = errors.len();
    let mut reached = Table::new(table.origin.clone());
    for key in parse::keys_of::<endpoint::Keys>() {
        if let Some(entry) = table.take(key) {
            reached.set(entry);
        }
    }
    named.check(&reached, errors);
    let written = match table.parse::<Written>() {
        Ok(written) => written,
        Err(found) => {
            errors.extend(found);
            return None;
        }
    };
    let kind = written.kind;
    let endpoint = endpoint::read(&reached, kind.usual(), home, errors);
    check(&written, &table, &reached, named, errors);
    let is_webhook = matches!(kind, Kind::SlackWebhook | Kind::Teams | Kind::MattermostWebhook);
    let hidden_address = is_webhook || written.hidden_address;
    let has_path = |endpoint: &Endpoint| {
        endpoint.addresses.iter().any(|address| !matches!(address.url.path(), "" | "/"))
    };
    if hidden_address && endpoint.as_ref().is_some_and(has_path) {
        let what = "`url`: what stands behind the host of a webhook is its secret, so it is not written here";
        let help = "leave scheme and host here, and put the whole address where `credential` has it from; \
                    have a new one made in place of this one";
        errors.push(reached.error("url", what).help(help));
    }
    let template = written.template.as_deref().map_or(Json::Null, |text| {
        serde_json::from_str(text).unwrap_or_else(|error| {
            errors.push(table.error("template", format!("`template`: it is no JSON ({error})")));
            Json::Null
        })
    });
    slots(&template, &mut |slot| {
        if !SLOTS.contains(&slot) {
            let near = super::nearest::suggestion(slot, SLOTS);
            let error = table.error("template", format!("`template`: nothing is called `{slot}`{near}"));
            errors.push(error.help(format!("what can be named: {}", SLOTS.join(", "))));
        }
    });
    let endpoint = endpoint.filter(|_| errors.len() == before)?;
    Some(Destination {
        name: written.name.into(),
        kind,
        environments: written.environments.into_iter().map(RawText::from).collect(),
        endpoint,
        channel: written.channel.unwrap_or_default(),
        project: written.project.unwrap_or_default(),
        issue_type: written.issue_type.unwrap_or_else(|| "Task".to_owned()),
        space: written.space.unwrap_or_default(),
        parent: written.parent,
        labels: written.labels,
        data_center: written.data_center,
        template,
        hidden_address,
    })
}

/// Keys that the kind needs and has not, or has and cannot use, and values that no vendor takes.
fn check(
    written: &Written,
    table: &Table,
    reached: &Table,
    named: &Named<'_>,
    errors: &mut Vec<ConfigError>,
) {
    const OWN: [&str; 9] = [
        "channel",
        "project",
        "issue_type",
        "space",
        "parent",
        "labels",
        "data_center",
        "template",
        "hidden_address",
    ];
    let kind = table.get("kind").and_then(Value::as_text).unwrap_or_default();
    let (needed, possible) = written.kind.keys();
    let is_there = |key: &str| table.get(key).or_else(|| reached.get(key)).is_some();
    for key in needed.iter().filter(|key| !is_there(key)) {
        let error = ConfigError::new(&table.origin, format!("a destination of kind `{kind}` needs `{key}`"));
        errors.push(match *key {
            "credential" => {
                error.help("name a [[credential]]: where the token or the webhook's address is to be had")
            }
            _ => error,
        });
    }
    for key in OWN.iter().filter(|key| is_there(key) && !needed.contains(key) && !possible.contains(key)) {
        errors.push(table.error(key, format!("a destination of kind `{kind}` has no `{key}`")));
    }
    let mut wrong = |key: &str, what: &str| errors.push(table.error(key, format!("`{key}`: {what}")));
    if written.name.trim().is_empty() {
        wrong("name", "it is empty");
    }
    if written.name == "copy" {
        wrong("name", "`copy` is always there: it is the clipboard");
    }
    if written.hidden_address && !is_there("credential") {
        wrong("hidden_address", "it needs `credential`: where the address is to be had");
    }
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let pair = |text: &str| text.split_once('/').is_some_and(|(one, two)| is_name(one) && is_name(two));
    let channel = written.channel.as_deref();
    let project = written.project.as_deref();
    match written.kind {
        Kind::Slack if channel.is_some_and(|text| text.trim_start_matches('#').is_empty()) => {
            wrong("channel", "an id such as C0123456789, or #name");
        }
        Kind::Mattermost if channel.is_some_and(|text| !is_name(text) && !pair(text)) => {
            wrong("channel", "its id, or team/channel");
        }
        Kind::Github if project.is_some_and(|text| !pair(text)) => {
            wrong("project", "owner/repository is needed");
        }
        Kind::Gitlab if project.is_some_and(|text| !text.split('/').all(is_name)) => {
            wrong("project", "its path, such as group/project, or its number");
        }
        Kind::Jira if project.is_some_and(|text| !is_name(text)) => {
            wrong("project", "the key of a project is needed, such as OPS");
        }
        Kind::Confluence if written.space.as_deref().is_some_and(|text| text.trim().is_empty()) => {
            wrong("space", "the key of a space is needed, such as OPS");
        }
        _ => {}
    }
    let is_number = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if written.parent.as_ref().is_some_and(|text| !is_number(text)) {
        wrong("parent", "the number of a page is needed");
    }
    if written.kind == Kind::Jira && written.labels.iter().any(|label| label.contains(char::is_whitespace)) {
        wrong("labels", "Jira's labels have no spaces");
    }
    let items = table.get("environments").and_then(Value::as_list).unwrap_or_default();
    for item in items {
        if let Some(name) = item.as_text() {
            errors.extend(named.environments.unknown(name, &item.origin));
        }
    }
}

/// Tells each name in braces that stands in a text of the template.
fn slots<'a>(template: &'a Json, tell: &mut impl FnMut(&'a str)) {
    match template {
        Json::String(text) => {
            let mut rest = text.as_str();
            while let Some((slot, behind)) = rest.split_once("{{").and_then(|(_, rest)| rest.split_once("}}"))
            {
                tell(slot.trim());
                rest = behind;
            }
        }
        Json::Array(items) => items.iter().for_each(|item| slots(item, tell)),
        Json::Object(members) => members.values().for_each(|value| slots(value, tell)),
        _ => {}
    }
}

impl Destination {
    /// Where it goes to, for who decides whether it may: `Slack #incidents`.
    pub fn place(&self) -> SafeText {
        let at = match self.kind {
            Kind::Slack | Kind::Mattermost | Kind::MattermostWebhook => &self.channel,
            Kind::Jira | Kind::Github | Kind::Gitlab => &self.project,
            Kind::Confluence => &self.space,
            Kind::SlackWebhook | Kind::Teams | Kind::JiraComment | Kind::Webhook => "",
        };
        let host = self.endpoint.addresses.first().map(|address| RawText::from(address.shown()));
        let host = host.as_ref().map(clean).unwrap_or_default();
        let title = SafeText::literal(self.kind.title());
        if at.is_empty() {
            return safe!("{} at {}", title, host);
        }
        safe!("{} {} at {}", title, clean(&at.into()), host)
    }

    /// Why nothing of this environment may be sent there; of all that it is for, where none is named.
    pub fn refusal(&self, environments: &[Environment], of: Option<&RawText>) -> Option<SafeText> {
        let allows = |name: &RawText| {
            let found = environments.iter().find(|known| known.name == *name);
            found.is_some_and(|known| known.allow.contains(&Allowed::Send))
        };
        let wanted: Vec<&RawText> = match of {
            Some(name) if !self.environments.is_empty() && !self.environments.contains(name) => {
                return Some(safe!("{} is not for {}", clean(&self.name), clean(name)));
            }
            Some(name) => vec![name],
            None if !self.environments.is_empty() => self.environments.iter().collect(),
            None => environments.iter().map(|known| &known.name).collect(),
        };
        if wanted.is_empty() {
            return Some(
                "nothing may be sent: no [[environment]] is configured, and one that allows it has \
                 allow = [\"send\"]"
                    .into(),
            );
        }
        let refuses = wanted.into_iter().find(|name| !allows(name))?;
        Some(safe!(
            "nothing of {} may be sent: its [[environment]] would need allow = [\"send\"]",
            clean(refuses)
        ))
    }
}
