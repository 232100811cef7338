//! Documents are sent to servers that answer as each vendor does: once, in the vendor's shape, and what came of
//! it is told as it is.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]
#![expect(clippy::indexing_slicing, reason = "what a JSON value does not have is null")]
#![expect(clippy::print_stdout, reason = "what was not compared has to be told")]

#[path = "send/hostile.rs"]
mod hostile;
#[path = "specs/schema.rs"]
#[expect(dead_code, reason = "what is asked is compared in tests/specs.rs")]
mod schema;
#[path = "support/server.rs"]
#[expect(dead_code, reason = "other tests do more with it")]
mod server;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use midwatch::action::confirm::{Answer, Confirm, Confirmed};
use midwatch::config::destinations::Destination;
use midwatch::config::origin::ConfigError;
use midwatch::config::{Config, Inputs};
use midwatch::incident::document::{Block, Document, Inline, Item};
use midwatch::incident::paper::Paper;
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::outgoing::{Delivery, Outgoing};
use midwatch::model::text::{RawText, SafeText, clean};
use midwatch::net::Net;
use midwatch::send::{deliver, outgoing};
use midwatch::source::registry;
use serde_json::{Value, json};

use schema::Spec;
use server::{Heard, Reply, Server, Step, answer};

/// What the credential is.
const TOKEN: &str = "canary-send-51c9";

/// A destination, and how its vendor answers.
struct Case {
    /// What is tested of it is named so.
    kind: &'static str,
    /// Its keys beside name, url and credential.
    keys: &'static str,
    /// The address is the secret, and so it is.
    webhook: Option<&'static str>,
    /// What changes something there.
    line: &'static str,
    /// What is answered to what is asked before and after that.
    others: &'static [(&'static str, &'static str)],
    /// A success: status and body.
    success: (&'static str, &'static str),
    /// Where it is then, after the server's own address or as it is.
    link: Option<&'static str>,
    /// How an error is said.
    error: fn(&str) -> String,
    /// An answer of success that is none, and what it is: refused, or not known.
    but: Option<(&'static str, bool)>,
    /// The description of the vendor, and the path or the name in it.
    spec: Option<(&'static str, &'static str)>,
}

fn message(text: &str) -> String {
    json!({ "message": text }).to_string()
}

fn slack(text: &str) -> String {
    json!({ "ok": false, "error": text }).to_string()
}

fn mattermost(text: &str) -> String {
    json!({ "id": "api.context.x", "message": text, "request_id": "r", "status_code": 400 }).to_string()
}

fn jira(text: &str) -> String {
    json!({ "errorMessages": [text], "errors": {} }).to_string()
}

fn confluence(text: &str) -> String {
    json!({ "errors": [{ "status": 400, "code": "X", "title": text, "detail": null }] }).to_string()
}

fn plain(text: &str) -> String {
    text.to_owned()
}

const CASES: &[Case] = &[
    Case {
        kind: "slack",
        keys: "channel = '#ops'",
        webhook: None,
        line: "POST /api/chat.postMessage",
        others: &[(
            "GET /api/chat.getPermalink?channel=C1H9RESGL&message_ts=1503435956.000247",
            r#"{"ok":true,"channel":"C1H9RESGL","permalink":"https://x.slack.com/archives/C1H9RESGL/p1503435956000247"}"#,
        )],
        success: (
            "200 OK",
            r#"{"ok":true,"channel":"C1H9RESGL","ts":"1503435956.000247","message":{"text":"x","username":"ecto1","bot_id":"B19LU7CSY","type":"message","subtype":"bot_message","ts":"1503435956.000247"}}"#,
        ),
        link: Some("https://x.slack.com/archives/C1H9RESGL/p1503435956000247"),
        error: slack,
        but: Some((r#"{"ok":false,"error":"not_in_channel"}"#, true)),
        spec: Some(("slack/web-api.json", "/chat.postMessage")),
    },
    Case {
        kind: "slack-webhook",
        keys: "",
        webhook: Some("/services/T000/B000/canary-path-77"),
        line: "POST /services/T000/B000/canary-path-77",
        others: &[],
        success: ("200 OK", "ok"),
        link: None,
        error: plain,
        but: Some(("maintenance", false)),
        spec: None,
    },
    Case {
        kind: "teams",
        keys: "",
        webhook: Some("/workflows/0a1b/triggers/manual/paths/invoke?api-version=1&sig=canary-path-77"),
        line: "POST /workflows/0a1b/triggers/manual/paths/invoke?api-version=1&sig=canary-path-77",
        others: &[],
        success: ("202 Accepted", ""),
        link: None,
        error: message,
        but: Some((
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 400",
            true,
        )),
        spec: Some(("msteams/workflow-webhook.schema.json", "Message")),
    },
    Case {
        kind: "mattermost",
        keys: "channel = 'sre/ops'",
        webhook: None,
        line: "POST /api/v4/posts",
        others: &[(
            "GET /api/v4/teams/name/sre/channels/name/ops",
            r#"{"id":"jgpfrq9wufdkznpp6w6nbgkx7a","name":"ops","display_name":"Ops","type":"O"}"#,
        )],
        success: (
            "201 Created",
            r#"{"id":"post6nbgkx7a","create_at":1,"update_at":1,"channel_id":"jgpfrq9wufdkznpp6w6nbgkx7a","root_id":"","message":"x","user_id":"u"}"#,
        ),
        link: Some("/_redirect/pl/post6nbgkx7a"),
        error: mattermost,
        but: Some(("<html><title>Log in</title>", false)),
        spec: Some(("mattermost/posts.schema.json", "CreatePost")),
    },
    Case {
        kind: "mattermost-webhook",
        keys: "channel = 'ops'",
        webhook: Some("/hooks/canary-path-77"),
        line: "POST /hooks/canary-path-77",
        others: &[],
        success: ("200 OK", "ok"),
        link: None,
        error: mattermost,
        but: Some(("<html><title>Log in</title>", false)),
        spec: Some(("mattermost/posts.schema.json", "IncomingWebhook")),
    },
    Case {
        kind: "jira",
        keys: "project = 'OPS'\nissue_type = 'Bug'\nlabels = ['outage']",
        webhook: None,
        line: "POST /rest/api/3/issue",
        others: &[],
        success: (
            "201 Created",
            r#"{"id":"10000","key":"OPS-24","self":"https://x.atlassian.net/rest/api/3/issue/10000"}"#,
        ),
        link: Some("/browse/OPS-24"),
        error: jira,
        but: Some(("{}", false)),
        spec: Some(("jira/platform-v3.json", "/rest/api/3/issue")),
    },
    Case {
        kind: "jira",
        keys: "project = 'OPS'\ndata_center = true",
        webhook: None,
        line: "POST /rest/api/2/issue",
        others: &[],
        success: (
            "201 Created",
            r#"{"id":"10000","key":"OPS-24","self":"https://x/rest/api/2/issue/10000"}"#,
        ),
        link: Some("/browse/OPS-24"),
        error: jira,
        but: Some(("{}", false)),
        spec: None,
    },
    Case {
        kind: "jira-comment",
        keys: "",
        webhook: None,
        line: "POST /rest/api/3/issue/OPS-7/comment",
        others: &[],
        success: ("201 Created", r#"{"id":"10050","self":"https://x/rest/api/3/issue/1/comment/10050"}"#),
        link: Some("/browse/OPS-7?focusedCommentId=10050"),
        error: jira,
        but: Some(("{}", false)),
        spec: Some(("jira/platform-v3.json", "/rest/api/3/issue/OPS-7/comment")),
    },
    Case {
        kind: "confluence",
        keys: "space = 'OPS'\nparent = '42'",
        webhook: None,
        line: "POST /wiki/api/v2/pages",
        others: &[(
            "GET /wiki/api/v2/spaces?keys=OPS",
            r#"{"results":[{"id":"123","key":"OPS","name":"Ops"}],"_links":{}}"#,
        )],
        success: (
            "200 OK",
            r#"{"id":"98765","status":"current","title":"x","spaceId":"123","version":{"number":1}}"#,
        ),
        link: Some("/wiki/pages/viewpage.action?pageId=98765"),
        error: confluence,
        but: Some(("{}", false)),
        spec: Some(("confluence/pages-v2.schema.json", "CreatePage")),
    },
    Case {
        kind: "confluence",
        keys: "space = 'OPS'\ndata_center = true",
        webhook: None,
        line: "POST /rest/api/content",
        others: &[],
        success: ("200 OK", r#"{"id":"98765","type":"page","status":"current","title":"x"}"#),
        link: Some("/pages/viewpage.action?pageId=98765"),
        error: message,
        but: Some(("{}", false)),
        spec: None,
    },
    Case {
        kind: "github",
        keys: "project = 'acme/shop'\nlabels = ['incident']",
        webhook: None,
        line: "POST /repos/acme/shop/issues",
        others: &[],
        success: (
            "201 Created",
            r#"{"id":1,"number":1347,"title":"x","state":"open","html_url":"https://github.com/acme/shop/issues/1347"}"#,
        ),
        link: Some("https://github.com/acme/shop/issues/1347"),
        error: message,
        but: Some(("{}", false)),
        spec: Some(("github/issues-security.json", "/repos/acme/shop/issues")),
    },
    Case {
        kind: "gitlab",
        keys: "project = 'acme/web/shop'\nlabels = ['incident', 'shop']",
        webhook: None,
        line: "POST /api/v4/projects/acme%2Fweb%2Fshop/issues",
        others: &[],
        success: (
            "201 Created",
            r#"{"id":84,"iid":14,"title":"x","web_url":"https://gitlab.com/acme/web/shop/-/issues/14"}"#,
        ),
        link: Some("https://gitlab.com/acme/web/shop/-/issues/14"),
        error: message,
        but: Some(("{}", false)),
        spec: None,
    },
    Case {
        kind: "webhook",
        keys: r#"template = '{"subject": "{{title}}", "lines": ["{{ severity }} {{plain}}"], "n": 1}'"#,
        webhook: None,
        line: "POST /",
        others: &[],
        success: ("204 No Content", ""),
        link: None,
        error: plain,
        but: None,
        spec: None,
    },
];

/// A configuration with one destination, and the file of its credential.
struct Desk {
    config: Config,
    net: Net,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new(case: &Case, url: &str) -> Self {
        let secret = match case.webhook {
            Some(path) => format!("{url}{path}\n"),
            None => TOKEN.to_owned(),
        };
        let text = format!(
            "[[environment]]\nname = 'prod'\nallow = ['send']\n[[credential]]\nname = 'c'\nfile = 'SECRET'\n\
             [[destination]]\nname = 'there'\nkind = '{}'\nurl = '{url}'\ncredential = 'c'\n{}\n",
            case.kind, case.keys
        );
        Self::of(&text, &secret)
    }

    fn of(text: &str, secret: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            let mut file = std::fs::File::create(&path).unwrap();
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            path
        };
        let secret = put("secret", secret);
        let file = put("config.toml", &text.replace("SECRET", secret.to_str().unwrap()));
        let config = load(&file).unwrap_or_else(|errors| panic!("{errors}"));
        let net = Net::of(&config);
        Self { config, net, _folder: folder }
    }

    fn destination(&self) -> &Destination {
        &self.config.destinations[0]
    }

    fn outgoing(&self, paper: &Paper) -> Outgoing {
        outgoing(self.destination(), paper, self.net.vault().mask())
            .unwrap_or_else(|why| panic!("{}", why.as_str()))
    }

    async fn send(&self, outgoing: &Outgoing) -> Delivery {
        deliver(&self.net, self.destination(), &agreed(outgoing.clone())).await
    }
}

fn load(file: &Path) -> Result<Config, String> {
    let kinds = registry::kinds();
    let inputs = Inputs {
        system: None,
        user: None,
        file: Some(file.to_owned()),
        home: Some(PathBuf::from("/home/kim")),
        state: None,
        variables: Vec::new(),
        flags: Vec::new(),
        kinds: &kinds,
        keys: |_| Vec::new(),
    };
    Config::load(&inputs).map(|(config, _)| config).map_err(|errors| {
        let lines = errors.iter().flat_map(ConfigError::lines);
        lines.fold(String::new(), |text, line| text + line.as_str() + "\n")
    })
}

/// What a person agrees to who has seen it.
fn agreed(outgoing: Outgoing) -> Confirmed<Outgoing> {
    let mut confirm = Confirm::new(outgoing, 7);
    confirm.painted("2026-03-14T03:12:00Z".parse().unwrap());
    let letter = confirm.letter();
    match confirm.key(letter, "2026-03-14T03:12:01Z".parse().unwrap()) {
        Answer::Yes(agreed) => agreed,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn line(text: &str) -> Vec<Inline> {
    vec![Inline::Text(clean(&text.into()))]
}

/// A document with all that there is in one. Its links name the server.
fn paper(url: &str) -> Paper {
    let link = Inline::Link { text: "graph".into(), to: "https://graphs.example/d/1?a=1&b=2".into() };
    let blocks = vec![
        Block::Heading(1, line("Checkout fails")),
        Block::Paragraph(vec![Inline::Bold("Impact:".into()), Inline::Text(" 5 % ".into()), link]),
        Block::List(vec![
            Item { done: Some(false), line: line("roll back") },
            Item { done: None, line: vec![Inline::Code("kubectl get pods".into())] },
        ]),
        Block::Table {
            head: vec![line("Time"), line("Event")],
            rows: vec![vec![line("03:12"), line("began")]],
        },
        Block::Code { language: "text".into(), lines: vec!["a <b>".into(), "".into(), "c".into()] },
    ];
    Paper {
        word: "update",
        title: "SEV2 checkout fails (INC-20260314-0312-checkout)".into(),
        document: Document { front: Vec::new(), blocks },
        environment: Some("prod".into()),
        links: vec!["https://other.example/browse/X-1".into(), format!("{url}/browse/OPS-7").into()],
        facts: vec![("incident", "INC-20260314-0312-checkout".into()), ("severity", "SEV2".into())],
        remarks: Vec::new(),
    }
}

/// A server that answers this to what changes something, and what the vendor says to the rest.
async fn server(case: &'static Case, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |heard: &Heard| {
        if heard.line() == case.line {
            return reply();
        }
        match case.others.iter().find(|(line, _)| heard.line() == *line) {
            Some((_, body)) => answer("200 OK", &[("content-type", "application/json")], body),
            None => answer("404 Not Found", &[], heard.line()),
        }
    })
    .await
}

/// How often something was to be changed.
fn times(case: &Case, server: &Server) -> usize {
    server.heard().iter().filter(|heard| heard.head.starts_with("POST") && heard.line() == case.line).count()
}

fn text(failure: &Failure) -> String {
    let advice =
        failure.advice.as_ref().map(|advice| String::from_utf8_lossy(advice.as_bytes()).into_owned());
    format!("{}; {}", String::from_utf8_lossy(failure.what.as_bytes()), advice.unwrap_or_default())
}

/// What comes of sending to a server that answers this.
async fn sent(case: &'static Case, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Delivery {
    let server = server(case, reply).await;
    let desk = Desk::new(case, &server.url());
    let outgoing = desk.outgoing(&paper(&server.url()));
    let delivery = desk.send(&outgoing).await;
    assert_eq!(times(case, &server), 1, "{} {}", case.kind, case.line);
    let said = format!("{delivery:?} {}", delivery.words(&outgoing).as_str());
    for secret in [TOKEN, "canary-path-77"] {
        assert!(!said.contains(secret), "{}: {said}", case.kind);
    }
    delivery
}

/// How a connection goes wrong, and what does it.
type Fault = (&'static str, fn() -> Reply);

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[tokio::test]
async fn what_is_sent_arrives_as_its_vendor_wants_it() {
    let folder = specs();
    let mut skipped = 0;
    for case in CASES {
        let server = server(case, || answer(case.success.0, JSON, case.success.1)).await;
        let url = server.url();
        let desk = Desk::new(case, &url);
        let outgoing = desk.outgoing(&paper(&url));
        let link = case.link.map(|link| {
            RawText::from(if link.starts_with('/') { format!("{url}{link}") } else { link.to_owned() })
        });
        assert_eq!(desk.send(&outgoing).await, Delivery::Sent(link), "{} {}", case.kind, case.line);
        let heard = server.heard();
        assert_eq!(heard.len(), case.others.len() + 1, "{} {heard:?}", case.kind);
        let post = heard.iter().find(|heard| heard.line() == case.line).unwrap();
        let shown = match case.kind {
            "gitlab" => ("private-token", TOKEN.to_owned()),
            _ => ("authorization", format!("Bearer {TOKEN}")),
        };
        let wanted = case.webhook.is_none().then_some(shown.1.as_str());
        assert_eq!(post.header(shown.0), wanted, "{}", case.kind);
        let body: Value = serde_json::from_str(&post.body).unwrap();
        looks_right(case, &body);
        let Some((file, name)) = case.spec else { continue };
        let Some(folder) = &folder else {
            skipped += 1;
            continue;
        };
        let spec = Spec::new(serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap());
        let problems = if name.starts_with('/') {
            spec.check_body(spec.operation(name, "post").unwrap(), &body)
        } else {
            spec.check_named(name, &body)
        };
        assert!(problems.is_empty(), "{}: {problems:?}\n{body:#}", case.kind);
        let said: Value = serde_json::from_str(case.success.1).unwrap_or_default();
        if file.starts_with("confluence") || (file.starts_with("mattermost") && said.is_object()) {
            let name = if file.starts_with("confluence") { "Page" } else { "Post" };
            assert!(spec.check_named(name, &said).is_empty(), "{}: its answer", case.kind);
        }
    }
    if skipped > 0 {
        println!("skipped: {skipped} comparisons, the descriptions of the vendors are not at hand");
    }
}

fn specs() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/specs");
    let folder = std::env::var_os("MIDWATCH_SPECS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// What no description says.
fn looks_right(case: &Case, body: &Value) {
    let whole = body.to_string();
    match (case.kind, case.line) {
        ("slack", _) => {
            assert_eq!(body["channel"], "#ops");
            assert_eq!((&body["link_names"], &body["unfurl_links"]), (&json!(false), &json!(false)));
            assert!(
                body["text"].as_str().unwrap().contains("<https://graphs.example/d/1?a=1&amp;b=2|graph>")
            );
        }
        ("teams", _) => {
            assert_eq!(body["type"], "message");
            assert!(
                whole.contains("\"text\":\"Checkout fails\"") && whole.contains("Action.OpenUrl"),
                "{whole}"
            );
        }
        ("mattermost", _) => assert_eq!(body["channel_id"], "jgpfrq9wufdkznpp6w6nbgkx7a"),
        ("jira", "POST /rest/api/3/issue") => {
            let fields = &body["fields"];
            assert_eq!(fields["labels"], json!(["outage", "INC-20260314-0312-checkout"]));
            assert_eq!(
                (&fields["project"]["key"], &fields["issuetype"]["name"]),
                (&json!("OPS"), &json!("Bug"))
            );
            assert_eq!(
                (&fields["description"]["type"], &fields["description"]["version"]),
                (&json!("doc"), &json!(1))
            );
            nodes(&fields["description"]);
        }
        ("jira", _) => {
            assert!(body["fields"]["description"].as_str().unwrap().starts_with("h1. Checkout fails"));
        }
        ("confluence", line) => {
            let storage = if line.contains("/wiki/") { &body["body"] } else { &body["body"]["storage"] };
            assert_eq!(storage["representation"], "storage");
            let value = storage["value"].as_str().unwrap();
            assert!(value.contains("<![CDATA[a <b>\n\nc]]>"), "{value}");
        }
        ("gitlab", _) => assert_eq!(body["labels"], "incident,shop"),
        ("webhook", _) => {
            assert_eq!(body["subject"], "SEV2 checkout fails (INC-20260314-0312-checkout)");
            assert!(body["lines"][0].as_str().unwrap().starts_with("SEV2 Checkout fails\n====="), "{whole}");
            assert_eq!(body["n"], 1);
        }
        _ => assert!(whole.contains("kubectl get pods"), "{whole}"),
    }
}

/// A tree of Atlassian's has only nodes that there are, and no text without characters.
fn nodes(node: &Value) {
    let known = [
        "doc",
        "paragraph",
        "heading",
        "bulletList",
        "listItem",
        "table",
        "tableRow",
        "tableHeader",
        "tableCell",
        "codeBlock",
        "text",
    ];
    let kind = node["type"].as_str().unwrap();
    assert!(known.contains(&kind), "{kind}");
    if kind == "text" {
        assert!(!node["text"].as_str().unwrap().is_empty());
    }
    node["content"].as_array().into_iter().flatten().for_each(nodes);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_vendors_words_and_nothing_is_sent_again() {
    for case in CASES {
        for (status, kind) in [
            ("401 Unauthorized", FailureKind::Unauthorized),
            ("403 Forbidden", FailureKind::Forbidden),
            ("429 Too Many Requests", FailureKind::Throttled),
        ] {
            let reply = move || answer(status, &[("retry-after", "90")], (case.error)("their own words"));
            let delivery = sent(case, reply).await;
            let Delivery::Refused(failure) = &delivery else {
                panic!("{} {status}: {delivery:?}", case.kind)
            };
            let said = text(failure);
            // Where the credential is at fault, that is the cause.
            assert!(failure.kind == kind, "{} {status}: {said}", case.kind);
            assert!(said.contains("their own words"), "{} {status}: {said}", case.kind);
            if status.starts_with("429") {
                assert!(failure.next_try.is_some(), "{} tells when", case.kind);
            }
        }
    }
}

#[tokio::test]
async fn an_answer_of_success_is_not_yet_one() {
    for case in CASES {
        let Some((body, is_refused)) = case.but else { continue };
        let delivery = sent(case, move || answer("200 OK", &[], body)).await;
        match (&delivery, is_refused) {
            (Delivery::Refused(failure), true) => {
                let word = if case.kind == "slack" { "not_in_channel" } else { "delivery failed" };
                assert!(text(failure).contains(word), "{failure:?}");
            }
            (Delivery::Unknown(_), false) => {}
            _ => panic!("{}: {delivery:?}", case.kind),
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_field_is_told() {
    let of = |kind: &str| CASES.iter().find(|case| case.kind == kind).unwrap();
    for (case, status, body, words) in [
        (
            of("jira"),
            "400 Bad Request",
            r#"{"errorMessages":[],"errors":{"customfield_1":"Team is required.","summary":"x"}}"#,
            "customfield_1: Team is required.; summary: x",
        ),
        (
            of("github"),
            "422 Unprocessable Entity",
            r#"{"message":"Validation Failed","errors":[{"resource":"Issue","field":"labels","code":"invalid"}]}"#,
            "Validation Failed; labels invalid",
        ),
        (
            of("gitlab"),
            "400 Bad Request",
            r#"{"message":{"title":["is too long (maximum is 255 characters)"]}}"#,
            "title is too long",
        ),
        (
            of("confluence"),
            "400 Bad Request",
            r#"{"errors":[{"status":400,"code":"INVALID","title":"A page with this title already exists"}]}"#,
            "A page with this title already exists",
        ),
    ] {
        let delivery = sent(case, move || answer(status, JSON, body)).await;
        let Delivery::Refused(failure) = &delivery else { panic!("{delivery:?}") };
        assert!(text(failure).contains(words), "{}", text(failure));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_it_went_out_is_unknown_and_nothing_is_sent_again() {
    for case in CASES {
        let half = || {
            vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"ok\"".to_vec()), Step::Close]
        };
        let replies: [Fault; 4] = [
            ("reset", || vec![Step::Reset]),
            ("closed", || vec![Step::Close]),
            ("half an answer", half),
            ("gateway", || answer("504 Gateway Timeout", &[], "upstream")),
        ];
        for (what, reply) in replies {
            let delivery = sent(case, reply).await;
            let Delivery::Unknown(failure) = &delivery else { panic!("{} {what}: {delivery:?}", case.kind) };
            assert_eq!(failure.kind, FailureKind::Unknown);
            assert!(text(failure).contains("look there whether it arrived"), "{what}: {}", text(failure));
        }
    }
}

#[tokio::test]
async fn a_server_that_fails_may_have_taken_it_and_nothing_is_sent_again() {
    for case in CASES {
        for status in [
            "500 Internal Server Error",
            "501 Not Implemented",
            "502 Bad Gateway",
            "503 Service Unavailable",
            "507 Insufficient Storage",
            "530 Site is frozen",
        ] {
            let reply = move || answer(status, &[("retry-after", "90")], (case.error)("their own words"));
            let delivery = sent(case, reply).await;
            let Delivery::Unknown(failure) = &delivery else {
                panic!("{} {status}: {delivery:?}", case.kind)
            };
            let said = text(failure);
            assert_eq!(failure.kind, FailureKind::Unknown);
            assert!(said.contains("their own words"), "{} {status}: {said}", case.kind);
            assert!(said.contains("look there whether it arrived"), "{} {status}: {said}", case.kind);
        }
    }
}

#[tokio::test]
async fn a_server_that_fails_at_a_question_before_has_taken_nothing() {
    let case = CASES.iter().find(|case| case.kind == "confluence").unwrap();
    let server = Server::start(|_| answer("503 Service Unavailable", &[], "down")).await;
    let desk = Desk::new(case, &server.url());
    let delivery = desk.send(&desk.outgoing(&paper(&server.url()))).await;
    let Delivery::Refused(failure) = &delivery else { panic!("{delivery:?}") };
    assert_eq!((failure.kind, text(failure).contains("arrived")), (FailureKind::Server, false));
    assert!(server.heard().iter().all(|heard| heard.line().starts_with("GET ")), "{:?}", server.heard());
}

#[tokio::test]
async fn a_server_that_hangs_is_unknown_and_one_that_is_not_there_is_refused() {
    let case = &CASES[0];
    let server = server(case, || vec![Step::Hang]).await;
    let url = server.url();
    let text = |url: &str| {
        format!(
            "[[credential]]\nname = 'c'\nfile = 'SECRET'\n[[destination]]\nname = 'there'\nkind = 'slack'\n\
             url = '{url}'\ncredential = 'c'\nchannel = 'C1'\ntimeout = '200ms'\n"
        )
    };
    let desk = Desk::of(&text(&url), TOKEN);
    let delivery = desk.send(&desk.outgoing(&paper(&url))).await;
    assert!(matches!(delivery, Delivery::Unknown(_)), "{delivery:?}");
    assert_eq!(server.heard().len(), 1);
    let (_kept, port) = server::closed_port();
    let desk = Desk::of(&text(&format!("http://127.0.0.1:{port}")), TOKEN);
    let delivery = desk.send(&desk.outgoing(&paper(&url))).await;
    assert!(
        matches!(&delivery, Delivery::Refused(failure) if failure.kind == FailureKind::Refused),
        "{delivery:?}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_only_after_303_nobody_knows() {
    let there = Server::start(|_| answer("200 OK", JSON, "{}")).await;
    let away = format!("{}/canary-path-77?to=canary-path-77", there.url());
    for case in CASES {
        for (status, is_unknown) in [
            ("301 Moved Permanently", false),
            ("302 Found", false),
            ("303 See Other", true),
            ("307 Temporary Redirect", false),
            ("308 Permanent Redirect", false),
        ] {
            // Home is the path that was asked, as a server says that wants to see it again.
            for (location, named) in [
                (case.line.trim_start_matches("POST "), "to another path of http://127.0.0.1"),
                (&away, &there.url()),
            ] {
                let location = location.to_owned();
                let reply = move || answer(status, &[("location", &location)], "");
                // That it was asked once is looked at there.
                let delivery = sent(case, reply).await;
                let (Delivery::Unknown(failure) | Delivery::Refused(failure)) = &delivery else {
                    panic!("{} {status}: {delivery:?}", case.kind)
                };
                assert_eq!(matches!(delivery, Delivery::Unknown(_)), is_unknown, "{status}: {delivery:?}");
                let said = text(failure);
                assert!(said.contains(named), "{} {status}: {said}", case.kind);
                let advice =
                    if is_unknown { "look there whether it arrived" } else { "set the destination's `url`" };
                assert!(said.contains(advice), "{} {status}: {said}", case.kind);
            }
        }
    }
    assert!(there.heard().is_empty(), "nothing goes to another place");
}

#[tokio::test]
async fn the_address_of_a_webhook_leads_to_no_other_place() {
    let case = CASES.iter().find(|case| case.kind == "slack-webhook").unwrap();
    let server = server(case, || answer("200 OK", &[], "ok")).await;
    let text = format!(
        "[[credential]]\nname = 'c'\nfile = 'SECRET'\n[[destination]]\nname = 'there'\nkind = 'slack-webhook'\n\
         url = '{}'\ncredential = 'c'\n",
        server.url()
    );
    for secret in [
        "https://hooks.slack.com/services/T/B/canary-path-77",
        "http://127.0.0.1:1/services/canary-path-77",
        "services/canary-path-77",
    ] {
        let desk = Desk::of(&text, secret);
        let delivery = desk.send(&desk.outgoing(&paper(""))).await;
        let Delivery::Refused(failure) = &delivery else { panic!("{delivery:?}") };
        assert!(!self::text(failure).contains("canary"), "{failure:?}");
    }
    assert_eq!(server.heard().len(), 0);
    // What stands behind the host is enough, and cannot lead to another one.
    for (secret, line) in
        [("/services/T000/B000/canary-path-77", case.line), ("//evil.example/x", "POST //evil.example/x")]
    {
        let desk = Desk::of(&text, secret);
        desk.send(&desk.outgoing(&paper(""))).await;
        assert_eq!(server.heard().last().unwrap().line(), line);
    }
}

#[tokio::test]
async fn secrets_do_not_leave() {
    let body = "a1B2c3D4e5F6".repeat(3);
    for case in CASES {
        let server = server(case, || answer(case.success.0, JSON, case.success.1)).await;
        let desk = Desk::new(case, &server.url());
        desk.net.read_for(&desk.destination().endpoint).await;
        let mut paper = paper(&server.url());
        let hidden = if case.webhook.is_some() { "B000/canary-path-77" } else { TOKEN };
        let whole = match case.webhook {
            Some(path) => format!("{}{path}", server.url()),
            None => hidden.to_owned(),
        };
        paper.title = clean(&format!("with {whole}").into());
        let log = format!("token ghp_{body} and {whole} and https://kim:hunter2@db.example/x");
        paper.document.blocks.push(Block::Paragraph(line(&log)));
        paper.document.blocks.push(Block::Code { language: "text".into(), lines: vec![clean(&log.into())] });
        let outgoing = desk.outgoing(&paper);
        assert!(matches!(desk.send(&outgoing).await, Delivery::Sent(_)), "{}", case.kind);
        let shown: String = outgoing.shown.iter().map(SafeText::as_str).collect();
        let posted = &server.heard().into_iter().find(|heard| heard.line() == case.line).unwrap().body;
        for text in [&shown, posted] {
            for secret in [&body, hidden, "canary-path-77", "hunter2"] {
                assert!(!text.contains(secret), "{}: {secret} in {text}", case.kind);
            }
        }
        assert!(
            shown.contains("[secret]") || case.kind == "teams" || shown.contains("\\[secret"),
            "{}: {shown}",
            case.kind
        );
        let remark = outgoing.remarks.iter().any(|remark| remark.as_str().contains("taken out in 3 places"));
        assert!(remark, "{:?}", outgoing.remarks);
    }
}

#[test]
fn what_is_too_long_is_cut_and_said() {
    // A page of Confluence may be so long that making one takes the test longer than it is worth.
    for case in CASES.iter().filter(|case| case.kind != "confluence") {
        let desk = Desk::new(case, "http://127.0.0.1:1");
        let mut paper = paper("http://127.0.0.1:1");
        let lines = vec![clean(&"x".repeat(1000).into()); 1200];
        paper.document.blocks.insert(1, Block::Code { language: "text".into(), lines });
        let outgoing = desk.outgoing(&paper);
        let shown = outgoing.shown.iter().any(|line| line.as_str().contains("Cut here: "));
        let said = outgoing.remarks.iter().any(|remark| remark.as_str().contains("lines are left out"));
        assert!(shown && said, "{}: {:?}", case.kind, outgoing.remarks);
    }
}

#[test]
fn only_where_the_environment_allows_it() {
    let text = "[[environment]]\nname = 'prod'\nallow = ['send']\n[[environment]]\nname = 'lab'\n\
                [[credential]]\nname = 'c'\nfile = 'SECRET'\n[[destination]]\nname = 'there'\nkind = 'slack'\n\
                credential = 'c'\nchannel = 'C1'\n";
    let refusal = |text: &str, of: Option<&str>| {
        let desk = Desk::of(text, TOKEN);
        let refusal = desk.destination().refusal(&desk.config.environments, of.map(RawText::from).as_ref());
        refusal.map(|why| why.as_str().to_owned())
    };
    assert_eq!(refusal(text, Some("prod")), None);
    assert!(refusal(text, Some("lab")).unwrap().contains("nothing of lab may be sent"));
    assert!(refusal(text, Some("elsewhere")).unwrap().contains("nothing of elsewhere may be sent"));
    assert!(refusal(text, None).unwrap().contains("nothing of lab may be sent"), "it is for all of them");
    let of_prod = format!("{text}environments = ['prod']\n");
    assert_eq!(refusal(&of_prod, None), None);
    assert_eq!(refusal(&of_prod, Some("lab")).unwrap(), "there is not for lab");
    let (_, none) = text.split_once("name = 'lab'\n").unwrap();
    assert!(refusal(none, None).unwrap().contains("no [[environment]] is configured"));
}
