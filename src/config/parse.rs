//! Reads a configured table as a type: serde over spanned values, with every error and not the first.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::nearest::{nearest, suggestion};
use super::origin::{ConfigError, Origin};
use super::secret;
use super::table::{Entry, Kind, Table, Value};

/// A table with more mistakes than this is not worth more lines.
const MOST_ERRORS: usize = 100;

impl Table {
    /// Reads the table as `T`: serde, with `#[serde(deny_unknown_fields)]` for did-you-mean.
    ///
    /// Errors are all that can be found, not the first, each at its place. Types that are tagged or
    /// flattened lose the places inside them, because serde copies their content.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Vec<ConfigError>> {
        table(self)
    }
}

/// serde stops at the first error. So each error's value is taken out of a copy and the reading is
/// repeated; a missing key gets a stand-in, which types without a plain empty value end at.
fn table<T: DeserializeOwned>(table: &Table) -> Result<T, Vec<ConfigError>> {
    let mut copy = table.clone();
    let mut errors = Vec::new();
    let mut removed: Vec<(Origin, String)> = Vec::new();
    while errors.len() < MOST_ERRORS {
        let fault = match T::deserialize(Reader::Table(&copy)) {
            Ok(value) if errors.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(fault) => fault,
        };
        let holder = match (&fault.what, fault.path.split_last()) {
            (What::Missing(_), _) | (_, None) => fault.path.as_slice(),
            (_, Some((_, before))) => before,
        };
        let inside = table_at(&copy, holder).map(|table| table.origin.clone()).unwrap_or_default();
        let mended = match (&fault.what, fault.path.last()) {
            (What::Missing(key), _) => {
                let taken_out = removed.iter().any(|(table, known)| *table == inside && known == key);
                if !taken_out {
                    errors.push(fault.report(table));
                }
                stand_in(&mut copy, &fault.path, key)
            }
            (What::Unknown { known, .. }, _) => {
                errors.push(fault.report(table));
                rename(&mut copy, &fault.path, known)
            }
            (_, last) => {
                if let Some(Step::Key(key)) = last {
                    removed.push((inside, key.clone()));
                }
                let refused = refused(&copy, &fault.path);
                if !refused {
                    errors.push(fault.report(table));
                }
                // A stand-in that does not fit ends the reading: what is behind it cannot be seen.
                !refused && remove(&mut copy, &fault.path)
            }
        };
        if !mended {
            break;
        }
    }
    if errors.is_empty() {
        // Only values that were refused elsewhere stood in the way.
        errors.push(ConfigError::new(&table.origin, "not read, because of the errors in it"));
    }
    errors.sort_by_key(|error: &ConfigError| error.origin.at);
    Err(errors)
}

/// The keys that `T` has, as serde knows them. `T` must be a struct.
pub(super) fn keys_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut keys: &'static [&'static str] = &[];
    drop(T::deserialize(Keys(&mut keys)));
    keys
}

/// One step into a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

fn walk<'a>(table: &'a Table, path: &[Step]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let Step::Key(key) = first else { return None };
    let mut value = table.get(key)?;
    for step in rest {
        value = match step {
            Step::Key(key) => value.as_table()?.get(key)?,
            Step::Item(index) => value.as_list()?.get(*index)?,
        };
    }
    Some(value)
}

fn walk_mut<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match (&mut value.kind, step) {
        (Kind::Table(table), Step::Key(key)) => table.get_mut(key),
        (Kind::List(list), Step::Item(index)) => list.get_mut(*index),
        _ => None,
    }
}

fn table_mut<'a>(table: &'a mut Table, path: &[Step]) -> Option<&'a mut Table> {
    let Some((Step::Key(key), rest)) = path.split_first() else { return path.is_empty().then_some(table) };
    let mut value = table.get_mut(key)?;
    for step in rest {
        value = walk_mut(value, step)?;
    }
    if let Kind::Table(table) = &mut value.kind { Some(table) } else { None }
}

/// The table at `path`; the whole where the path is empty.
fn table_at<'a>(table: &'a Table, path: &[Step]) -> Option<&'a Table> {
    if path.is_empty() { Some(table) } else { walk(table, path)?.as_table() }
}

fn refused(table: &Table, path: &[Step]) -> bool {
    (1..=path.len()).filter_map(|end| walk(table, path.get(..end)?)).any(|value| value.kind == Kind::Refused)
}

fn stand_in(copy: &mut Table, path: &[Step], key: &str) -> bool {
    let Some(table) = table_mut(copy, path).filter(|table| table.get(key).is_none()) else { return false };
    let origin = table.origin.clone();
    let value = Value { origin: origin.clone(), kind: Kind::Refused };
    table.set(Entry { key: key.to_owned(), origin, value });
    true
}

/// Takes out an unknown key; its value goes on under the key that was probably meant.
fn rename(copy: &mut Table, path: &[Step], known: &[&'static str]) -> bool {
    let Some((Step::Key(key), before)) = path.split_last() else { return false };
    let Some(table) = table_mut(copy, before) else { return false };
    let Some(entry) = table.take(key) else { return false };
    if let Some(meant) = nearest(key, known.iter().copied()) {
        table.set_meant(&entry, meant);
    }
    true
}

/// Takes out the value at `path`.
fn remove(copy: &mut Table, path: &[Step]) -> bool {
    let Some((last, before)) = path.split_last() else { return false };
    match last {
        Step::Key(key) => table_mut(copy, before).and_then(|table| table.take(key)).is_some(),
        Step::Item(index) => {
            let Some((Step::Key(key), rest)) = before.split_first() else { return false };
            let value = copy.get_mut(key).and_then(|value| rest.iter().try_fold(value, walk_mut));
            let Some(Value { kind: Kind::List(items), .. }) = value else { return false };
            *index < items.len() && {
                items.remove(*index);
                true
            }
        }
    }
}

/// What serde found wrong.
#[derive(Debug)]
enum What {
    Unknown { key: String, known: &'static [&'static str] },
    Missing(&'static str),
    Choice { found: String, known: &'static [&'static str] },
    Type { found: String, wanted: String },
    Other(String),
}

/// An error on its way up: what, and the path that grows while it climbs.
#[derive(Debug)]
pub(super) struct Fault {
    what: What,
    path: Vec<Step>,
    origin: Option<Origin>,
}

impl Fault {
    fn under(mut self, step: Step, origin: &Origin) -> Self {
        self.path.insert(0, step);
        self.origin.get_or_insert_with(|| origin.clone());
        self
    }

    fn choice(found: &Kind, known: &[&str]) -> Self {
        let found = match found {
            Kind::Table(_) => Unexpected::Map,
            Kind::List(_) => Unexpected::Seq,
            Kind::Integer(number) => Unexpected::Signed(*number),
            Kind::Boolean(is) => Unexpected::Bool(*is),
            _ => Unexpected::Other("this"),
        };
        let wanted = format!("one of {}", known.join(", "));
        What::Type { found: found_words(&found), wanted }.into()
    }

    fn key(&self) -> Option<&str> {
        self.path
            .iter()
            .rev()
            .find_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None })
    }

    fn report(&self, table: &Table) -> ConfigError {
        let origin = self.origin.as_ref().unwrap_or(&table.origin);
        let key = self.key();
        // What a secret key holds is never repeated.
        let quiet = key.is_some_and(secret::names_a_secret);
        let prefix = key.map(|key| format!("`{key}`: ")).unwrap_or_default();
        match &self.what {
            What::Unknown { key, known } => {
                let error = ConfigError::new(
                    origin,
                    format!("there is no key `{key}` here{}", suggestion(key, known.iter().copied())),
                );
                if nearest(key, known.iter().copied()).is_some() {
                    error
                } else {
                    error.help(format!("keys here: {}", known.join(", ")))
                }
            }
            What::Missing(key) => ConfigError::new(origin, format!("`{key}` is missing")),
            What::Choice { found, known } => {
                let found = if quiet { "what is written" } else { found.as_str() };
                let near = suggestion(found, known.iter().copied());
                ConfigError::new(origin, format!("{prefix}`{found}` is not a choice{near}"))
                    .help(format!("one of: {}", known.join(", ")))
            }
            What::Type { found, wanted } => {
                let shown = if quiet { "something else" } else { found.as_str() };
                let error = ConfigError::new(origin, format!("{prefix}{wanted} is needed, not {shown}"));
                match key {
                    Some(key) if wanted == LIST && found.starts_with('"') && !quiet => {
                        // A command line is many words of a list; a path may have spaces.
                        let list = if key == "argv" { found.replace(' ', "\", \"") } else { found.clone() };
                        error.help(format!("write {key} = [{list}]"))
                    }
                    _ => error,
                }
            }
            What::Other(_) if quiet => ConfigError::new(origin, format!("{prefix}not accepted")),
            What::Other(what) => ConfigError::new(origin, format!("{prefix}{what}")),
        }
    }
}

impl From<What> for Fault {
    fn from(what: What) -> Self {
        Self { what, path: Vec::new(), origin: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        What::Other(message.to_string()).into()
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        What::Type { found: found_words(&found), wanted: wanted_words(&wanted.to_string()) }.into()
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::invalid_type(found, wanted)
    }

    fn invalid_length(length: usize, wanted: &dyn Expected) -> Self {
        What::Type { found: format!("{length} items"), wanted: wanted_words(&wanted.to_string()) }.into()
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        What::Choice { found: found.to_owned(), known }.into()
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        What::Unknown { key: key.to_owned(), known }.into()
    }

    fn missing_field(key: &'static str) -> Self {
        What::Missing(key).into()
    }

    fn duplicate_field(key: &'static str) -> Self {
        What::Other(format!("`{key}` is written twice under two names")).into()
    }
}

const LIST: &str = "a list in [ ]";

/// serde's words for what it wants, in words of a configuration.
fn wanted_words(words: &str) -> String {
    match words {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number of 0 or more",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" | "a character" => "text in quotes",
        "a sequence" => LIST,
        "a map" => "a table",
        words if words.starts_with("struct ") => "a table",
        words if words.starts_with("enum ") => "one of its words in quotes",
        words if words.starts_with("tuple ") || words.starts_with("an array of length") => LIST,
        words => words,
    }
    .to_owned()
}

fn found_words(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => {
            let short: String = text.chars().take(60).collect();
            if short.len() < text.len() { format!("\"{short}...\"") } else { format!("\"{short}\"") }
        }
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Bool(is) => is.to_string(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// A value on its way into serde.
enum Reader<'a> {
    Table(&'a Table),
    Value(&'a Value),
}

impl<'a> Reader<'a> {
    fn list<'de, V: Visitor<'de>>(items: &'a [Value], visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Items { items, next: 0 })
    }

    fn map<'de, V: Visitor<'de>>(table: &'a Table, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Entries { left: table.slice().iter(), value: None })
    }

    /// The text where it has no quotes: a variable's or a flag's.
    fn word(&self) -> Option<&'a str> {
        match self {
            Self::Value(Value { kind: Kind::Word(word), .. }) => Some(word),
            _ => None,
        }
    }

    fn refused(&self) -> bool {
        matches!(self, Self::Value(Value { kind: Kind::Refused, .. }))
    }
}

/// Numbers and booleans: read from a word, and stood in for where refused.
macro_rules! plain {
    ($($method:ident $visit:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.word().map(str::parse::<$type>) {
                Some(Ok(value)) => visitor.$visit(value),
                None if self.refused() => visitor.$visit(<$type>::default()),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::Table(table) => Self::map(table, visitor),
            Self::Value(value) => match &value.kind {
                Kind::Text(text) | Kind::Word(text) | Kind::Date(text) => visitor.visit_str(text),
                Kind::Integer(number) => visitor.visit_i64(*number),
                Kind::Float(number) => visitor.visit_f64(*number),
                Kind::Boolean(is) => visitor.visit_bool(*is),
                Kind::List(items) => Self::list(items, visitor),
                Kind::Table(table) => Self::map(table, visitor),
                Kind::Refused => visitor.visit_unit(),
            },
        }
    }

    plain!(
        deserialize_bool visit_bool bool, deserialize_i8 visit_i64 i64, deserialize_i16 visit_i64 i64,
        deserialize_i32 visit_i64 i64, deserialize_i64 visit_i64 i64, deserialize_u8 visit_u64 u64,
        deserialize_u16 visit_u64 u64, deserialize_u32 visit_u64 u64, deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f64 f64, deserialize_f64 visit_f64 f64
    );

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.refused() { visitor.visit_str("") } else { self.deserialize_any(visitor) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.refused() { Self::list(&[], visitor) } else { self.deserialize_any(visitor) }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.refused() {
            visitor.visit_map(Entries { left: [].iter(), value: None })
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.refused() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let word = match &self {
            Self::Value(Value { kind: Kind::Text(text) | Kind::Word(text), .. }) => text,
            // Any choice will do for a value that is refused anyway.
            Self::Value(Value { kind: Kind::Refused, .. }) => variants.first().copied().unwrap_or_default(),
            Self::Value(Value { kind, .. }) => return Err(Fault::choice(kind, variants)),
            Self::Table(_) => return Err(Fault::choice(&Kind::Table(Table::default()), variants)),
        };
        visitor.visit_enum(IntoDeserializer::<Fault>::into_deserializer(word))
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The items of a list.
struct Items<'a> {
    items: &'a [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let step = Step::Item(self.next);
        self.next += 1;
        seed.deserialize(Reader::Value(item)).map(Some).map_err(|fault| fault.under(step, &item.origin))
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.len().checked_sub(self.next)
    }
}

/// The entries of a table.
struct Entries<'a> {
    left: std::slice::Iter<'a, Entry>,
    value: Option<&'a Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.value = self.left.next();
        let Some(entry) = self.value else { return Ok(None) };
        let key = IntoDeserializer::<Fault>::into_deserializer(entry.key.as_str());
        let under = |fault: Fault| fault.under(Step::Key(entry.key.clone()), &entry.origin);
        seed.deserialize(key).map(Some).map_err(under)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let Some(entry) = self.value else { return Err(Fault::custom("a value was read before its key")) };
        let under = |fault: Fault| fault.under(Step::Key(entry.key.clone()), &entry.value.origin);
        seed.deserialize(Reader::Value(&entry.value)).map_err(under)
    }
}

/// Takes the field names that a struct hands to its deserialiser, and reads nothing.
struct Keys<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Keys<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("only a struct has keys"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::table::read;
    use super::super::units::Period;
    use super::*;

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(rename_all = "lowercase")]
    enum Side {
        Left,
        Right,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        port: u16,
        host: String,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        name: String,
        paths: Vec<String>,
        side: Option<Side>,
        every: Option<Period>,
        #[serde(default)]
        follow: bool,
        inner: Option<Inner>,
        #[serde(default)]
        many: Vec<Inner>,
        token: Option<Side>,
        ratio: Option<f64>,
    }

    fn outer(text: &str) -> Result<Outer, Vec<String>> {
        let lines = |errors: Vec<ConfigError>| {
            errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().to_owned()).collect()
        };
        read(&"c".into(), text).unwrap().parse().map_err(lines)
    }

    #[test]
    fn a_right_table_is_read() {
        let read = outer("name = 'a'\npaths = ['x', 'y']\nside = 'left'\nratio = 1\nfollow = true\n[inner]\nport = 1\nhost = ''").unwrap();
        assert_eq!(read.paths, ["x", "y"]);
        assert_eq!(read.side, Some(Side::Left));
        assert_eq!((read.follow, read.ratio), (true, Some(1.0)));
        assert_eq!(read.inner, Some(Inner { port: 1, host: String::new() }));
    }

    #[test]
    fn every_mistake_is_told_at_its_place_and_not_the_first_alone() {
        let text = "path = 'x'\nside = 'lfet'\nevery = '5 minutes'\nfollow = 'yes'\nzebra = 1\ninner = {port = 70000, hots = 'x'}\n\
                    [[many]]\nport = -1\nhost = 'h'\n[[many]]\nport = 'x'\nhost = 3\n";
        let lines = outer(text).unwrap_err();
        assert_eq!(
            lines,
            [
                "c: `name` is missing",
                "c:1:1: there is no key `path` here (did you mean `paths`?)",
                "c:1:8: `paths`: a list in [ ] is needed, not \"x\"",
                "  help: write paths = [\"x\"]",
                "c:2:8: `side`: `lfet` is not a choice (did you mean `left`?)",
                "  help: one of: left, right",
                "c:3:9: `every`: `5 minutes` is not a length of time; write 30s, 5m or 1h30m",
                "c:4:10: `follow`: true or false is needed, not \"yes\"",
                "c:5:1: there is no key `zebra` here",
                "  help: keys here: name, paths, side, every, follow, inner, many, token, ratio",
                "c:6:17: `port`: a whole number of 0 or more is needed, not the number 70000",
                "c:6:24: there is no key `hots` here (did you mean `host`?)",
                "c:8:8: `port`: a whole number of 0 or more is needed, not the number -1",
                "c:11:8: `port`: a whole number of 0 or more is needed, not \"x\"",
                "c:12:8: `host`: text in quotes is needed, not the number 3",
            ]
        );
    }

    #[test]
    fn a_text_where_a_list_is_needed_says_how_to_write_it() {
        let lines = outer("name = 'a'\npaths = '/var/log/x'").unwrap_err();
        assert_eq!(lines[0], "c:2:9: `paths`: a list in [ ] is needed, not \"/var/log/x\"");
        assert_eq!(lines[1], "  help: write paths = [\"/var/log/x\"]");
        let lines = outer("name = 'a'\npaths = [1, 'x', {}]").unwrap_err();
        assert_eq!(lines.len(), 2, "{lines:?}");
    }

    #[test]
    fn what_a_secret_key_holds_is_not_repeated() {
        let lines = outer("name = 'a'\npaths = []\ntoken = 'hunter2'").unwrap_err();
        assert!(!lines.concat().contains("hunter2"), "{lines:?}");
    }

    #[test]
    fn a_word_of_a_variable_is_read_as_what_is_needed() {
        let mut table = read(&"c".into(), "name = 'a'\npaths = []").unwrap();
        for (key, word) in [("follow", "true"), ("side", "right"), ("ratio", "0.5")] {
            let origin = Origin::whole("V");
            let value = Value { origin: origin.clone(), kind: Kind::Word(word.to_owned()) };
            table.set(Entry { key: key.to_owned(), origin, value });
        }
        let read: Outer = table.parse().unwrap();
        assert_eq!((read.follow, read.side, read.ratio), (true, Some(Side::Right), Some(0.5)));
    }

    #[test]
    fn a_refused_value_raises_no_second_error() {
        let mut table =
            read(&"c".into(), "name = 1\npaths = []\nside = 'x'\nevery = 1\n[inner]\nport = 1").unwrap();
        for key in ["name", "side", "every"] {
            table.get_mut(key).unwrap().kind = Kind::Refused;
        }
        let errors = table.parse::<Outer>().unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].what.as_str().contains("`host` is missing"));
    }

    #[test]
    fn the_keys_of_a_struct_are_known() {
        assert_eq!(keys_of::<Inner>(), ["port", "host"]);
        assert_eq!(keys_of::<Vec<u8>>(), [""; 0]);
    }
}
