//! JSON as vendors send it: unknown members are ignored, and one bad item does not spoil a list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::model::health::{Failure, FailureKind};
use crate::net::exchange::Response;

/// The most items of one list. What is longer is not read: a part of it would tell of the others as gone.
const MOST: usize = 10_000;

/// The items of a list, unread.
#[derive(Default)]
pub struct Items<'a> {
    items: Vec<&'a RawValue>,
    /// How many more there are.
    more: usize,
}

impl Items<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.items.len() + self.more
    }

    /// The first of them; the others are as if they were not there.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.items.truncate(count);
        Self { more: 0, ..self }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Unread(PhantomData))
    }
}

struct Unread<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Unread<'a> {
    type Value = Items<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'a>, A::Error> {
        let mut found = Items::default();
        while found.items.len() < MOST
            && let Some(item) = seq.next_element()?
        {
            found.items.push(item);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            found.more += 1;
        }
        Ok(found)
    }
}

/// Reads a list. What of it cannot be read is counted in the failure beside it.
///
/// Errors when it is no list at all.
pub fn list<T: DeserializeOwned>(response: &Response) -> Result<(Vec<T>, Option<Failure>), Failure> {
    items(response, &response.json()?)
}

/// Reads the items of a list that stands somewhere in an answer.
///
/// Errors when there are items and none of them can be read, and when there are too many.
pub fn items<T: DeserializeOwned>(
    response: &Response,
    items: &Items<'_>,
) -> Result<(Vec<T>, Option<Failure>), Failure> {
    let rows = Rows::of(items);
    rows.is_whole(response)?;
    match &rows.first_bad {
        Some(first) if rows.good.is_empty() => Err(response.unreadable(response.brief(&first.to_string()))),
        _ => {
            let trouble = unread(response, [rows.bad()], rows.count());
            Ok((rows.good, trouble))
        }
    }
}

/// A list inside an item, which one bad item of its own does not spoil. `null` is an empty list.
pub struct Rows<T> {
    /// What can be read.
    pub good: Vec<T>,
    /// How many cannot, and why the first of them cannot: of millions, all reasons would be many times
    /// as large as the answer.
    bad: usize,
    first_bad: Option<serde_json::Error>,
    /// How many more there are than are read.
    more: usize,
}

/// How many of some items cannot be read, and why the first of them cannot.
pub type Bad<'a> = (usize, Option<&'a serde_json::Error>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { good: Vec::new(), bad: 0, first_bad: None, more: 0 }
    }
}

impl<T> Rows<T> {
    /// How many there are, good and bad.
    pub fn count(&self) -> usize {
        self.good.len() + self.bad + self.more
    }

    /// Errors when there are so many that not all were read.
    pub fn is_whole(&self, response: &Response) -> Result<(), Failure> {
        if self.more == 0 {
            return Ok(());
        }
        let (shown, all) = (response.shown(), self.count());
        let what = format!("{shown}: the answer is too large: a list of {all} items, {MOST} at most");
        Err(Failure::new(FailureKind::TooLarge, what)
            .advise("ask for less: name fewer things in this source"))
    }

    /// What cannot be read.
    pub fn bad(&self) -> Bad<'_> {
        (self.bad, self.first_bad.as_ref())
    }
}

impl<T: DeserializeOwned> Rows<T> {
    fn of(items: &Items<'_>) -> Self {
        let mut rows = Self { more: items.more, ..Self::default() };
        for item in &items.items {
            match serde_json::from_str(item.get()) {
                Ok(item) => rows.good.push(item),
                Err(error) => {
                    rows.bad += 1;
                    rows.first_bad.get_or_insert(error);
                }
            }
        }
        rows
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Option::<Items<'_>>::deserialize(deserializer)?;
        Ok(Self::of(&items.unwrap_or_default()))
    }
}

/// Counts what cannot be read of so many items.
pub fn unread<'a>(
    response: &Response,
    bad: impl IntoIterator<Item = Bad<'a>>,
    all: usize,
) -> Option<Failure> {
    let (mut count, mut first) = (0, None);
    for (more, why) in bad {
        count += more;
        first = first.or(why);
    }
    let first = response.brief(&first?.to_string());
    let what = format!("{count} of {all} items cannot be read and are not shown: {first}");
    Some(Failure::new(FailureKind::Unreadable, what))
}

/// Reads `null` as what a member is that is not there: Go writes so what is empty.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::net::exchange::Request;
    use crate::source::poll::testing::answer;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Item {
        id: u64,
    }

    fn read(body: &str) -> Result<(Vec<Item>, Option<Failure>), Failure> {
        list(&answer(&Request::get("/items"), 200, &[], body))
    }

    #[test]
    fn a_bad_item_is_counted_and_the_others_are_read() {
        let (items, trouble) = read(r#"[{"id":1,"new":[]},{"id":"x"},{},{"id":2}]"#).unwrap();
        assert_eq!(items, [Item { id: 1 }, Item { id: 2 }]);
        let told = String::from_utf8_lossy(trouble.unwrap().what.as_bytes()).into_owned();
        assert!(told.starts_with("2 of 4 items cannot be read"), "{told}");
        assert_eq!(read("[]").unwrap(), (vec![], None));
        assert_eq!(read("\u{feff}[{\"id\":1}]").unwrap().0, [Item { id: 1 }], "a byte order mark");
    }

    #[test]
    fn a_list_that_is_too_long_is_not_read() {
        let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
        assert_eq!(read(&list(r#"{"id":1}"#, MOST)).unwrap().0.len(), MOST);
        let failure = read(&list(r#"{"id":1}"#, MOST + 1)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge);
        assert_eq!(
            failure.what.as_str(),
            Some(
                "GET https://vendor.example/items: the answer is too large: a list of 10001 items, 10000 at most"
            )
        );
        let failure = read(&list("{}", 1 << 20)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge, "{failure:?}");
        // Nor is one inside an item.
        let rows: Rows<Item> = serde_json::from_str(&list("{}", MOST)).unwrap();
        assert_eq!((rows.count(), rows.bad().0), (MOST, MOST));
        let rows: Rows<Item> = serde_json::from_str(&list(r#"{"id":1}"#, MOST + 7)).unwrap();
        assert_eq!((rows.count(), rows.good.len()), (MOST + 7, MOST));
        let response = answer(&Request::get("/items"), 200, &[], "");
        assert_eq!(rows.is_whole(&response).unwrap_err().kind, FailureKind::TooLarge);
    }

    #[test]
    fn what_is_no_list_or_has_no_good_item_fails() {
        let deep = format!("[{{\"id\":1,\"more\":{}{}}}]", "[".repeat(100), "]".repeat(100));
        for body in ["{}", "", "[", "null", "<html>", r#"[{"id":"x"}]"#, &deep] {
            let failure = read(body).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Unreadable);
            assert!(
                failure.what.as_str().unwrap().starts_with("GET https://vendor.example/items: "),
                "{failure:?}"
            );
        }
    }
}
