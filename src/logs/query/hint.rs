//! What a query that finds nothing may have been meant as: words of another tool's language.

use super::{Query, Term, Test};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

impl Query {
    /// What to write instead of the first term that looks like another language's. It is asked for when
    /// nothing was found: all of it may be meant as text.
    pub fn hint(&self) -> Option<SafeText> {
        self.any.iter().flatten().find_map(hint)
    }
}

fn hint(term: &Term) -> Option<SafeText> {
    let written = term.written.strip_prefix('-').unwrap_or(&term.written);
    let shown = || clean(&RawText::from(written));
    match &term.test {
        Test::Text(_) if !written.starts_with(['"', '/']) => match written {
            "AND" | "and" | "&&" => {
                Some(safe!("{} is looked for as text; leave it out: all words must be there.", shown()))
            }
            "OR" | "or" | "||" => Some(safe!("{} is looked for as text; write a | b.", shown())),
            "NOT" | "not" => Some(safe!("{} is looked for as text; write -word.", shown())),
            _ if written.starts_with('(') => {
                Some(safe!("{} is looked for as text: there are no brackets; write a b | a c.", shown()))
            }
            _ => labelled(written),
        },
        Test::Field(_) if written.starts_with("level~") => {
            Some(safe!("{} is of a field of that name; write level>=error.", shown()))
        }
        Test::Field(_) => {
            let (_, value) = written.rsplit_once(['<', '>', '='])?;
            let has_unit =
                value.starts_with(|c: char| c.is_ascii_digit()) && value.ends_with(char::is_alphabetic);
            let compares = written.contains(['<', '>']);
            (compares && has_unit).then(|| {
                safe!(
                    "{} is of values with a unit, such as 1.5s; for plain numbers write one without.",
                    shown()
                )
            })
        }
        _ => None,
    }
}

/// `status:503`.
fn labelled(written: &str) -> Option<SafeText> {
    let (name, value) = written.split_once(':')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@'));
    // A URL and a path of code are text.
    if !is_name || value.is_empty() || value.starts_with([':', '/']) {
        return None;
    }
    let sign = SafeText::literal(if name == "level" && value != "unknown" { ">=" } else { "=" });
    let (shown, name, value) =
        (clean(&RawText::from(written)), clean(&RawText::from(name)), clean(&RawText::from(value)));
    Some(safe!("{} is looked for as text; write {}{}{}.", shown, name, sign, value))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_another_tool_would_take_is_told_and_text_is_not() {
        let hint = |text: &str| Query::parse(text, Timestamp::UNIX_EPOCH).unwrap().hint();
        for (text, what) in [
            ("status:503", "write status=503."),
            ("x -level:error", "write level>=error."),
            ("level:unknown", "write level=unknown."),
            ("GET AND cart", "leave it out"),
            ("(GET | POST) cart", "no brackets"),
            ("a OR b", "write a | b."),
            ("level~/err/", "write level>=error."),
            ("duration_ms>=1s", "without"),
        ] {
            let said = hint(text).map(|hint| hint.as_str().to_owned());
            assert!(said.as_ref().is_some_and(|said| said.contains(what)), "{text}: {said:?}");
        }
        for text in [
            "http://x",
            "a::b",
            "03:12:01",
            "\"status:503\"",
            "/status:5/",
            "status=503",
            "took>=5",
            "x: y",
            "ERROR:",
        ] {
            assert_eq!(hint(text), None, "{text}");
        }
    }
}
