//! Configured values as written, each with its place. Layers are merged in this form.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::origin::{ConfigError, Origin, Warning};
use crate::model::text::RawText;

/// A value and where it was written.
#[derive(Clone, PartialEq, Debug)]
pub struct Value {
    /// Where.
    pub origin: Origin,
    /// What.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// Text in quotes.
    Text(String),
    /// Text from a variable or a flag, where a number has no quotes to miss.
    Word(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A date or time, as written.
    Date(String),
    /// A list.
    List(Vec<Value>),
    /// A table.
    Table(Table),
    /// Stands for a value that was refused and reported: reading it raises no second error.
    Refused,
}

/// One `key = value` of a table.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub origin: Origin,
    /// The value.
    pub value: Value,
}

/// A table, in the order in which it was written.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table {
    /// Where its header was written.
    pub origin: Origin,
    entries: Vec<Entry>,
}

impl Value {
    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) | Kind::Word(text) => Some(text),
            _ => None,
        }
    }

    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(list) => Some(list),
            _ => None,
        }
    }

    /// The tables of an array of tables.
    fn as_tables(&self) -> Option<Vec<&Table>> {
        self.as_list()?.iter().map(Self::as_table).collect()
    }
}

impl Table {
    /// An empty table.
    pub fn new(origin: Origin) -> Self {
        Self { origin, entries: Vec::new() }
    }

    /// Every entry, in the order in which it was written.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn slice(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// Takes a key out.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// Sets a key, replacing what it was.
    pub(super) fn set(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }

    /// Sets the key that was probably meant by a wrong one, so that its value is checked too and the
    /// right one is not called missing as well.
    pub(super) fn set_meant(&mut self, wrong: &Entry, meant: &str) {
        if self.get(meant).is_none() {
            self.entries.push(Entry { key: meant.to_owned(), ..wrong.clone() });
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An error at the value of `key`, or at the table where the key is not set.
    pub fn error(&self, key: &str, what: impl Into<RawText>) -> ConfigError {
        ConfigError::new(self.get(key).map_or(&self.origin, |value| &value.origin), what)
    }

    /// Lays `later` over this table: tables are merged, arrays of tables appended, the rest replaced.
    ///
    /// With `replaced`, a table of the same `name` replaces the earlier and is told there; without,
    /// both stay, because twice in one layer is a mistake and not an override.
    pub(super) fn overlay(&mut self, later: Self, mut replaced: Option<&mut Vec<Warning>>) {
        for entry in later.entries {
            let Some(old) = self.get_mut(&entry.key) else {
                self.entries.push(entry);
                continue;
            };
            let tables = old.as_tables().is_some() && entry.value.as_tables().is_some();
            match (&mut old.kind, entry.value.kind) {
                (Kind::Table(old), Kind::Table(new)) => old.overlay(new, replaced.as_deref_mut()),
                (Kind::List(old), Kind::List(new)) if tables => {
                    append(&entry.key, old, new, replaced.as_deref_mut());
                }
                (_, kind) => {
                    old.kind = kind;
                    old.origin = entry.value.origin;
                }
            }
        }
    }
}

fn append(key: &str, old: &mut Vec<Value>, new: Vec<Value>, mut replaced: Option<&mut Vec<Warning>>) {
    let earlier = old.len();
    for value in new {
        let name = name(&value);
        let known = old.iter_mut().take(earlier).find(|known| name.is_some() && self::name(known) == name);
        match (known, replaced.as_deref_mut()) {
            (Some(known), Some(replaced)) => {
                let what =
                    format!("{key} `{}` replaces the one of an earlier layer", name.unwrap_or_default());
                replaced.push(ConfigError::new(&value.origin, what).other(&known.origin, "the one replaced"));
                *known = value;
            }
            _ => old.push(value),
        }
    }
}

fn name(value: &Value) -> Option<&str> {
    value.as_table()?.get("name")?.as_text()
}

/// Whether a text is TOML. Errors as `read` does.
pub fn check(place: &RawText, text: &str) -> Result<(), Vec<ConfigError>> {
    read(place, text).map(drop)
}

/// Reads one file's text. `place` is how its origins are shown.
///
/// Errors when it is not TOML: each place where it is not, at most one a line.
pub fn read(place: &RawText, text: &str) -> Result<Table, Vec<ConfigError>> {
    let lines = Lines::of(place, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(lines.table(Origin::whole(place.clone()), document.get_ref()));
    }
    let mut found: Vec<ConfigError> = Vec::new();
    for error in errors {
        let origin = lines.origin(error.span().map_or(0, |span| span.start));
        if !found.iter().any(|known| known.origin.at.map(|at| at.0) == origin.at.map(|at| at.0)) {
            found.push(ConfigError::new(&origin, format!("not TOML: {}", error.message())));
        }
    }
    found.sort_by_key(|error| error.origin.at);
    Err(found)
}

/// Where the lines of a text begin.
struct Lines<'a> {
    place: &'a RawText,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(place: &'a RawText, text: &'a str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self { place, text, starts: std::iter::once(0).chain(ends).collect() }
    }

    fn origin(&self, offset: usize) -> Origin {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(start..offset).map_or(0, |text| text.chars().count()) + 1;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Origin { place: self.place.clone(), at: Some((number(line), number(column))) }
    }

    fn table(&self, origin: Origin, table: &DeTable<'_>) -> Table {
        let mut written: Vec<_> = table.iter().collect();
        written.sort_by_key(|(key, _)| key.span().start);
        let entries = written
            .into_iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                origin: self.origin(key.span().start),
                value: self.value(value),
            })
            .collect();
        Table { origin, entries }
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Value {
        let origin = self.origin(value.span().start);
        let kind = match value.get_ref() {
            DeValue::String(text) => Kind::Text(text.to_string()),
            // TOML promises 64 bits; a number beyond them is read as a float and refused by its reader.
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Kind::Integer(number),
                Err(_) => Kind::Float(number.as_str().parse().unwrap_or(f64::INFINITY)),
            },
            DeValue::Float(number) => Kind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(is) => Kind::Boolean(*is),
            DeValue::Datetime(date) => Kind::Date(date.to_string()),
            DeValue::Array(items) => Kind::List(items.iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => Kind::Table(self.table(origin.clone(), table)),
        };
        Value { origin, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(place: &str, text: &str) -> Table {
        read(&place.into(), text).unwrap()
    }

    fn at(table: &Table, key: &str) -> (u32, u32) {
        table.get(key).unwrap().origin.at.unwrap()
    }

    #[test]
    fn every_value_knows_its_line_and_column_in_characters() {
        let read = table(
            "x",
            "\u{feff}a = 1\n'\u{fc}' =  'y'\n\n[t]\r\n  b = [\n    2,\n  ]\n[[s]]\nc=1\n[[s]]\nc=2\n",
        );
        assert_eq!(at(&read, "\u{fc}"), (2, 8));
        let inner = read.get("t").unwrap().as_table().unwrap();
        assert_eq!(at(inner, "b"), (5, 7));
        assert_eq!(inner.entry("b").unwrap().origin.at, Some((5, 3)));
        assert_eq!(inner.get("b").unwrap().as_list().unwrap()[0].origin.at, Some((6, 5)));
        let second = read.get("s").unwrap().as_list().unwrap()[1].as_table().unwrap();
        assert_eq!(second.origin.at, Some((10, 1)));
        let keys: Vec<_> = read.entries().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["a", "\u{fc}", "t", "s"]);
    }

    #[test]
    fn a_later_layer_replaces_values_merges_tables_and_appends_tables() {
        let mut merged = table(
            "low",
            "a = 1\nlist = [1, 2]\n[t]\nx = 1\ny = 1\n[[source]]\nname = 'one'\n[[source]]\nname = 'two'\nold = 1\n",
        );
        let high = table(
            "high",
            "a = 2\nlist = [3]\n[t]\ny = 2\n[[source]]\nname = 'two'\n[[source]]\nname = 'three'\n[[source]]\nname = 'three'\n",
        );
        let mut same_layer = merged.clone();
        same_layer.overlay(high.clone(), None);
        assert_eq!(same_layer.get("source").unwrap().as_list().unwrap().len(), 5);
        let mut told = Vec::new();
        merged.overlay(high, Some(&mut told));
        let told: Vec<_> = told.iter().flat_map(ConfigError::lines).map(|l| l.as_str().to_owned()).collect();
        assert_eq!(
            told,
            ["high:5:1: source `two` replaces the one of an earlier layer", "  low:8:1: the one replaced"]
        );
        assert_eq!(merged.get("a").unwrap().origin.shown().as_str(), "high:1:5");
        assert_eq!(merged.get("list").unwrap().as_list().unwrap().len(), 1);
        let inner = merged.get("t").unwrap().as_table().unwrap();
        assert_eq!(inner.get("x").unwrap().kind, Kind::Integer(1));
        assert_eq!(inner.get("y").unwrap().kind, Kind::Integer(2));
        let names: Vec<_> = merged.get("source").unwrap().as_tables().unwrap();
        let names: Vec<_> = names.iter().map(|t| t.get("name").unwrap().as_text().unwrap()).collect();
        assert_eq!(names, ["one", "two", "three", "three"]);
        assert!(merged.get("source").unwrap().as_list().unwrap()[1].as_table().unwrap().get("old").is_none());
    }

    #[test]
    fn text_that_is_not_toml_is_reported_line_by_line_and_never_panics() {
        let errors = read(&"x".into(), "a = \nb = 1\nc = [1\n").unwrap_err();
        assert_eq!(errors[0].origin.at.map(|at| at.0), Some(1));
        for text in ["", "\n", "[", "a", "\u{0}", "a = 99999999999999999999", "a.b.c = 1", "x = '''"] {
            drop(read(&"x".into(), text));
        }
    }
}
