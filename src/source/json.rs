//! JSON as vendors send it: unknown members are ignored, and one bad item does not spoil a list.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::model::health::{Failure, FailureKind};
use crate::net::exchange::Response;

/// Reads a list. What of it cannot be read is counted in the failure beside it.
///
/// Errors when it is no list at all.
pub fn list<T: DeserializeOwned>(response: &Response) -> Result<(Vec<T>, Option<Failure>), Failure> {
    items(response, &response.json::<Vec<&RawValue>>()?)
}

/// Reads the items of a list that stands somewhere in an answer.
///
/// Errors when there are items and none of them can be read.
pub fn items<T: DeserializeOwned>(
    response: &Response,
    items: &[&RawValue],
) -> Result<(Vec<T>, Option<Failure>), Failure> {
    let Rows { good, bad } = Rows::of(items);
    match bad.first() {
        Some(first) if good.is_empty() => Err(response.unreadable(response.brief(&first.to_string()))),
        _ => Ok((good, unread(response, &bad, items.len()))),
    }
}

/// A list inside an item, which one bad item of its own does not spoil. `null` is an empty list.
pub struct Rows<T> {
    /// What can be read.
    pub good: Vec<T>,
    /// Why each of the others cannot.
    pub bad: Vec<serde_json::Error>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { good: Vec::new(), bad: Vec::new() }
    }
}

impl<T: DeserializeOwned> Rows<T> {
    fn of(items: &[&RawValue]) -> Self {
        let mut rows = Self::default();
        for item in items {
            match serde_json::from_str(item.get()) {
                Ok(item) => rows.good.push(item),
                Err(error) => rows.bad.push(error),
            }
        }
        rows
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Option::<Vec<&RawValue>>::deserialize(deserializer)?;
        Ok(Self::of(&items.unwrap_or_default()))
    }
}

/// Counts what cannot be read of so many items.
pub fn unread<'a>(
    response: &Response,
    bad: impl IntoIterator<Item = &'a serde_json::Error>,
    all: usize,
) -> Option<Failure> {
    let mut bad = bad.into_iter();
    let first = response.brief(&bad.next()?.to_string());
    let what = format!("{} of {all} items cannot be read and are not shown: {first}", bad.count() + 1);
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
