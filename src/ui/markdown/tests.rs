//! What samples of Markdown look like.

use super::*;

fn drawn(text: &str, width: usize) -> String {
    let rows = parse(&text.into()).lay_out(width, false, |_| true);
    let lines: Vec<_> = rows.iter().map(|row| format!("{}\n", row.text.as_str().trim_end())).collect();
    lines.concat()
}

/// The shape of prometheus-operator's runbooks, with what others have.
const RUNBOOK: &str = r"---
title: High Error Rate
weight: 20
---

# HighErrorRate

## Meaning

More than **5 %** of the requests to _checkout_ fail. See the [dashboard](https://grafana.example/d/checkout)
or <https://status.example/>.

> Tell #shop first.
>
> - then the status page

## Diagnosis

1. Check the pool of `payments`:

   ```shell
   kubectl -n payments exec deploy/payments -- pool
   kubectl top pods
   ```

   It should be below 64.
2. Look for a deploy
   - in ci
   - in argocd

## Mitigation

- [ ] roll back
- [x] page the owner

| signal | where | limit |
|:-------|:-----:|------:|
| errors | `checkout_error_ratio` | 0.05 |
| pool   | payments | 64 |

---
<details>
<summary>More</summary>
</details>
";

#[test]
fn a_runbook_is_drawn_with_all_that_it_has() {
    let expected = "\
HighErrorRate

Meaning
More than 5 % of the requests to checkout fail. See the
dashboard (https://grafana.example/d/checkout) or
https://status.example/.

> Tell #shop first.
>
> - then the status page

Diagnosis
1. [ ] Check the pool of `payments`:

       shell
       | kubectl -n payments exec deploy/payments -- pool
       | kubectl top pods

       It should be below 64.

2. [ ] Look for a deploy

       - in ci
       - in argocd

Mitigation
- [ ] roll back
- [ ] page the owner

signal  where                   limit
------  ----------------------  -----
errors  `checkout_error_ratio`  0.05
pool    payments                64

----------------------------------------
<details>
<summary>More</summary>
</details>
";
    assert_eq!(drawn(RUNBOOK, 60), expected);
}

#[test]
fn items_of_ordered_lists_and_of_task_lists_are_steps_and_others_are_not() {
    let steps = parse(&RUNBOOK.into()).steps;
    let told: Vec<_> = steps.iter().map(|step| (step.text.as_str(), step.is_done)).collect();
    assert_eq!(
        told,
        [
            ("Check the pool of `payments`:", false),
            ("Look for a deploy", false),
            ("roll back", false),
            ("page the owner", true),
        ]
    );
    let numbered = parse(&"1. [x] one\n2. [ ] two\n".into()).steps;
    let told: Vec<_> = numbered.iter().map(|step| (step.text.as_str(), step.is_done)).collect();
    assert_eq!(told, [("one", true), ("two", false)]);
}

#[test]
fn what_belongs_to_a_step_knows_it() {
    let document = parse(&RUNBOOK.into());
    let of = |text: &str| {
        let block = document.blocks.iter().find(|block| block.text().as_str().contains(text)).unwrap();
        (block.begins, block.step)
    };
    assert_eq!(of("Check the pool"), (Some(0), Some(0)));
    assert_eq!(of("kubectl top pods"), (None, Some(0)));
    assert_eq!(of("in argocd"), (None, Some(1)));
    assert_eq!(of("More than"), (None, None));
}

#[test]
fn a_link_shows_where_it_leads_whatever_its_text_says() {
    let document =
        parse(&"[https://bank.example](https://evil.example/x) ![logo](http://a.example/b.png)".into());
    let block = document.blocks.first().unwrap();
    assert_eq!(
        block.text().as_str(),
        "https://bank.example (https://evil.example/x) logo (image: http://a.example/b.png)"
    );
    assert_eq!(block.links, ["https://evil.example/x".into(), "http://a.example/b.png".into()]);
}

#[test]
fn strong_words_are_bold_and_nothing_of_the_text_sets_an_ink() {
    let document = parse(&"**loud** and \u{1b}[31mred\u{1b}[0m".into());
    let text = document.blocks.first().unwrap().text();
    let bold: Vec<_> = text.runs().into_iter().filter(|(_, ink)| ink.bold).map(|(run, _)| run).collect();
    assert_eq!(bold, ["loud"]);
    assert!(text.runs().iter().all(|(_, ink)| ink.colour.is_none()), "{text:?}");
    assert!(text.as_str().contains("\u{241b}[31mred"), "{text:?}");
}

#[test]
fn hostile_text_is_marked_wherever_it_stands() {
    let bad = "\u{1b}]52;c;AAAA\u{7} \u{202e}txt.exe\u{9b}31m";
    for text in [
        format!("# {bad}"),
        format!("- [ ] {bad}"),
        format!("`{bad}`"),
        format!("```{bad}\n{bad}\n```"),
        format!("|{bad}|\n|---|\n|{bad}|"),
        format!("<b>{bad}</b>"),
        format!("<div>\n{bad}\n</div>"),
        format!("[{bad}](<{bad}>)"),
        format!("> {bad}"),
    ] {
        let document = parse(&text.as_str().into());
        let mut drawn = String::new();
        for block in &document.blocks {
            for part in [&block.first, &block.rest, &block.text()].into_iter().chain(&block.links) {
                drawn.push_str(part.as_str());
            }
        }
        assert!(drawn.contains("<U+202E>"), "{text:?}: {drawn:?}");
        assert!(!drawn.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}: {drawn:?}");
        assert!(document.steps.iter().all(|step| !step.text.as_str().contains('\u{1b}')));
    }
}

#[test]
fn much_and_deep_text_is_bounded_and_said() {
    let many = "- x\n".repeat(30_000);
    let document = parse(&many.as_str().into());
    assert_eq!(document.blocks.len(), MOST_BLOCKS + 1);
    assert!(document.blocks.last().unwrap().text().as_str().contains("left out"));
    let deep = format!("{}deep", "> ".repeat(5_000));
    let rows = parse(&deep.as_str().into()).lay_out(80, false, |_| true);
    assert!(rows.iter().all(|row| row.text.width() < 200), "{rows:?}");
    let lists: Vec<_> = (0..300).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect();
    assert!(parse(&lists.concat().as_str().into()).blocks.len() < 400);
    let wide = format!("|{}\n|{}\n", "a|".repeat(3_000), "-|".repeat(3_000));
    assert!(parse(&wide.as_str().into()).blocks.iter().all(|block| block.cells.len() <= MOST_CELLS));
}

#[test]
fn breaks_and_empty_items_keep_their_place() {
    assert_eq!(drawn("one  \ntwo<br>three\n\n-\n- b\n", 40), "one\ntwo\nthree\n\n-\n- b\n");
    assert_eq!(drawn("|a|\n|-|\n|x<br>y|\n", 40), "a\n---\nx y\n");
    assert_eq!(drawn("~~old~~ new", 40), "~~old~~ new\n");
    assert_eq!(drawn("", 40), "");
}

#[test]
fn what_is_deeper_than_anybody_reads_stands_where_the_rest_stands() {
    // So deep that each looking at all that is open would take seconds.
    for (sign, count) in [("> ", 20_000), ("- ", 2_000), ("1. ", 2_000)] {
        let document = parse(&format!("{}deep\n\nafter", sign.repeat(count)).as_str().into());
        let texts: Vec<_> = document.blocks.iter().map(|block| block.text().as_str().to_owned()).collect();
        assert!(texts.iter().any(|text| text.contains("deep")), "{sign}");
        assert_eq!(texts.last().map(String::as_str), Some("after"), "{sign}");
        assert!(
            document.blocks.iter().all(|block| block.first.as_str().len() <= 3 * MOST_CONTAINERS),
            "{sign}"
        );
    }
}
