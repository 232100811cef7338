//! The YAML files of other programs, as far as their shape goes: names, lists and texts.

use saphyr_parser::{Event, Parser, StrInput};

/// Deeper than this no file is that is looked for here.
const DEEPEST: usize = 32;

/// A value. Aliases count as nothing: what they stand for may multiply without end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Yaml {
    Nothing,
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// The first document of a text; `None` if it is no YAML.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut events = Events(Parser::new_from_str(text));
        loop {
            match events.next()? {
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd => return Some(Self::Nothing),
                event => return events.value(event, 0),
            }
        }
    }

    /// The value of a key; nothing where there is none.
    pub(super) fn get(&self, key: &str) -> &Self {
        let found = self.entries().iter().find(|(known, _)| known == key);
        found.map_or(&Self::Nothing, |(_, value)| value)
    }

    /// Keys and values of a mapping.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// The text, unless it is empty.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text.as_str()).filter(|text| !text.is_empty()) } else { None }
    }
}

struct Events<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Events<'a> {
    fn next(&mut self) -> Option<Event<'a>> {
        self.0.next_event()?.ok().map(|(event, _)| event)
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Option<Yaml> {
        if depth > DEEPEST {
            return None;
        }
        Some(match event {
            Event::Scalar(text, ..) => Yaml::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break Yaml::List(items),
                        event => items.push(self.value(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut entries = Vec::new();
                loop {
                    let key = match self.next()? {
                        Event::MappingEnd => break Yaml::Map(entries),
                        event => self.value(event, depth + 1)?,
                    };
                    let event = self.next()?;
                    let value = self.value(event, depth + 1)?;
                    if let Yaml::Text(key) = key {
                        entries.push((key, value));
                    }
                }
            }
            _ => Yaml::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_flows_quotes_and_comments_are_read() {
        let text = "# a comment\na:\n  - x: \"1\"\n    y: ['p', q]\n  - z\nb: {c: d}\nempty:\n? [k]\n: odd\n";
        let yaml = Yaml::read(text).unwrap();
        let [first, second] = yaml.get("a").items() else { panic!("{yaml:?}") };
        assert_eq!((first.get("x").text(), second.text()), (Some("1"), Some("z")));
        let listed: Vec<_> = first.get("y").items().iter().map(Yaml::text).collect();
        assert_eq!(listed, [Some("p"), Some("q")]);
        assert_eq!((yaml.get("b").get("c").text(), yaml.get("empty").text()), (Some("d"), None));
        assert_eq!(yaml.get("none").get("below"), &Yaml::Nothing);
        assert_eq!(Yaml::read(""), Some(Yaml::Nothing));
    }

    #[test]
    fn what_is_broken_or_grows_without_end_is_nothing() {
        assert_eq!(Yaml::read("a: [1, 2"), None);
        assert_eq!(Yaml::read(&"[".repeat(100_000)), None);
        let bomb = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n";
        let listed = Yaml::read(bomb).unwrap();
        assert_eq!(listed.get("c").items(), [Yaml::Nothing, Yaml::Nothing, Yaml::Nothing]);
    }
}
