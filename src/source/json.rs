//! JSON as vendors send it: unknown members are ignored, and one bad item does not spoil a list.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model::health::{Failure, FailureKind};

/// Reads one value.
///
/// Errors when it is not of the documented shape.
pub fn value<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

/// Reads a list. What of it cannot be read is counted in the failure beside it.
///
/// Errors when it is no list at all.
pub fn list<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, Option<Failure>), Failure> {
    items(&value::<Vec<&RawValue>>(body)?)
}

/// Reads the items of a list that stands somewhere in an answer.
///
/// Errors when there are items and none of them can be read.
pub fn items<T: DeserializeOwned>(items: &[&RawValue]) -> Result<(Vec<T>, Option<Failure>), Failure> {
    let (mut good, mut bad, mut first) = (Vec::with_capacity(items.len()), 0_usize, None);
    for item in items {
        match serde_json::from_str(item.get()) {
            Ok(item) => good.push(item),
            Err(error) => {
                bad += 1;
                first = first.or(Some(error));
            }
        }
    }
    let Some(first) = first else { return Ok((good, None)) };
    if good.is_empty() {
        return Err(unreadable(&first));
    }
    let what = format!(
        "{bad} of {} items cannot be read and are not shown: {first:.200}",
        items.len(),
        first = first.to_string()
    );
    Ok((good, Some(Failure::new(FailureKind::Unreadable, what))))
}

fn unreadable(error: &serde_json::Error) -> Failure {
    // What is quoted in it may be as long as the answer.
    let why: String = error.to_string().chars().take(200).collect();
    let what = format!("the answer has not the expected shape: {why}");
    Failure::new(FailureKind::Unreadable, what)
        .advise("look whether the url is this kind's API and whether something stands in between")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Item {
        id: u64,
    }

    #[test]
    fn a_bad_item_is_counted_and_the_others_are_read() {
        let (items, trouble) = list::<Item>(br#"[{"id":1,"new":[]},{"id":"x"},{},{"id":2}]"#).unwrap();
        assert_eq!(items, [Item { id: 1 }, Item { id: 2 }]);
        let told = String::from_utf8_lossy(trouble.unwrap().what.as_bytes()).into_owned();
        assert!(told.starts_with("2 of 4 items cannot be read"), "{told}");
        assert_eq!(list::<Item>(b"[]").unwrap(), (vec![], None));
    }

    #[test]
    fn what_is_no_list_or_has_no_good_item_fails() {
        for body in [&b"{}"[..], b"", b"[", b"null", b"<html>", br#"[{"id":"x"}]"#] {
            assert_eq!(list::<Item>(body).unwrap_err().kind, FailureKind::Unreadable);
        }
    }
}
