//! What an incident's text may not do where it is sent to: call people, run macros, lead elsewhere, look like
//! something else.

use midwatch::incident::document::{Block, Document, Inline, Item};
use midwatch::model::outgoing::Body;
use midwatch::model::text::{SafeText, clean};
use serde_json::Value;

use crate::{CASES, Desk, line, paper};

/// What a line of a log or a title may say, and what nobody may read as more than that.
const HOSTILE: &[&str] = &[
    "<!channel> <!here> <@U024BE7LH> <#C024BE7LR>",
    "@here @channel @all @octocat @acme/ops",
    "<https://evil.example|your bank> [your bank](https://evil.example) ![x](https://evil.example/x.png)",
    "{code}{panel:title=x}{color:red}[~admin] !image.png! {quote}",
    "</p><script>alert(1)</script><ac:structured-macro ac:name=\"html\"><ac:link><ri:user ri:account-id=\"x\"/></ac:link>",
    "]]> <![CDATA[ &lt; &amp; &#60;",
    "/close",
    "/assign @octocat",
    "# heading | cell || title",
    "*bold* _it_ ~strike~ `code` ```",
    "h1. bq. - + 1. item",
    "\u{202e}evil\u{200b}\u{1b}]0;x\u{7}",
];

fn document() -> Document {
    let mut blocks = Vec::new();
    for text in HOSTILE {
        let safe = clean(&(*text).into());
        blocks.push(Block::Paragraph(line(text)));
        blocks.push(Block::Heading(2, line(text)));
        blocks.push(Block::List(vec![Item { done: None, line: line(text) }]));
        blocks.push(Block::Table {
            head: vec![line("what"), line("text")],
            rows: vec![
                vec![line("row"), line(text)],
                vec![vec![Inline::Bold(safe.clone())], vec![Inline::Code(safe.clone())]],
            ],
        });
        blocks.push(Block::Code { language: "text".into(), lines: vec![safe.clone()] });
        blocks.push(Block::Paragraph(vec![Inline::Link { text: safe.clone(), to: safe }]));
    }
    Document { front: Vec::new(), blocks }
}

/// All texts of a tree, by the key that they stand under.
fn texts<'a>(value: &'a Value, key: &'a str, all: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => all.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, all)),
        Value::Object(members) => members.iter().for_each(|(key, value)| texts(value, key, all)),
        _ => {}
    }
}

#[test]
fn hostile_text_stays_text_in_every_form() {
    for case in CASES {
        let url = "http://127.0.0.1:1";
        let desk = Desk::new(case, url);
        let mut paper = paper(url);
        paper.document = document();
        let outgoing = desk.outgoing(&paper);
        let name = format!("{} {}", case.kind, case.line);
        for text in outgoing.shown.iter().map(SafeText::as_str) {
            assert!(
                !text.chars().any(|c| c.is_control() || "\u{202e}\u{200b}".contains(c)),
                "{name}: {text}"
            );
        }
        match &outgoing.body {
            Body::Text(text) if case.kind.starts_with("slack") => {
                assert!(!text.contains("<!") && !text.contains("<@") && !text.contains("<#"), "{text}");
                assert!(!text.contains("<https://evil"), "{text}");
            }
            Body::Text(text) if case.kind == "confluence" => storage(text),
            Body::Text(text) if case.kind == "jira" => {
                let outside =
                    without_blocks(text, |line| line.starts_with("{code") || line.starts_with("{noformat"));
                for mark in ["{panel", "{color", "{quote", "[~"] {
                    let escaped = outside.replace(&format!("\\{mark}"), "");
                    assert!(!escaped.contains(mark), "{mark} in {outside}");
                }
            }
            Body::Text(text) => {
                let outside = without_blocks(text, |line| line.starts_with("```"));
                for line in outside.lines() {
                    assert!(case.kind != "gitlab" || !line.trim_start().starts_with('/'), "{name}: {line}");
                    let bare = without_code(line);
                    assert!(!calls(&bare), "{name}: {line}");
                    assert!(!bare.replace("\\<", "").contains("<script"), "{name}: {line}");
                    assert!(!bare.replace("\\]", "").contains("]("), "{name}: {line}");
                }
            }
            Body::Tree(tree) => {
                let mut all = Vec::new();
                texts(tree, "", &mut all);
                // Only what a vendor reads as text has any of it.
                for (key, text) in
                    all.iter().filter(|(_, text)| text.contains("evil") || text.contains("script"))
                {
                    assert!(["text", "subject", "lines"].contains(key), "{name}: {key}: {text}");
                }
                if case.kind == "teams" {
                    assert!(!tree.to_string().contains("\"TextBlock\""), "Markdown is read in those");
                }
            }
        }
    }
}

/// A name that would be called.
fn calls(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| !text.split_at(at).0.ends_with(char::is_alphanumeric))
}

fn without_code(line: &str) -> String {
    // What stands between backticks of one count.
    let (mut outside, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once('`') {
        outside.push_str(before);
        if before.ends_with('\\') {
            rest = after;
            continue;
        }
        let bare = after.trim_start_matches('`');
        let mark = "`".repeat(1 + after.len() - bare.len());
        let Some((_, behind)) = bare.split_once(&mark) else { return outside + bare };
        rest = behind;
    }
    outside + rest
}

fn without_blocks(text: &str, is_mark: impl Fn(&str) -> bool) -> String {
    let (mut open, mut outside) = (None, String::new());
    for line in text.lines() {
        match &open {
            Some(mark) if *mark == closing(line) => open = None,
            Some(_) => {}
            None if is_mark(line) => open = Some(closing(line)),
            None => outside = outside + line + "\n",
        }
    }
    outside
}

fn closing(line: &str) -> String {
    line.strip_suffix("text").unwrap_or(line).to_owned()
}

/// Every tag is one of ours, and closed.
fn storage(text: &str) {
    let ours = ["p", "h2", "ul", "li", "table", "tbody", "tr", "th", "td", "strong", "code", "a"];
    let macros = ["ac:structured-macro", "ac:plain-text-body"];
    let (mut rest, mut open) = (text, Vec::new());
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(data) = after.strip_prefix("![CDATA[") {
            assert_eq!(open.last(), Some(&"ac:plain-text-body"), "{after}");
            rest = data.split_once("]]>").unwrap().1;
            continue;
        }
        let (tag, behind) = after.split_once('>').unwrap();
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        let name = tag.split(' ').next().unwrap();
        assert!(ours.contains(&name) || macros.contains(&name), "{tag}");
        assert!(name != "ac:structured-macro" || tag == "ac:structured-macro ac:name=\"code\"", "{tag}");
        open.push(name);
    }
    assert!(open.is_empty(), "{open:?}");
}
