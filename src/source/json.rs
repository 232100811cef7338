//! JSON as vendors send it: unknown members are ignored, and one bad item does not spoil a list.

use serde::de::DeserializeOwned;
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
    let first = response.brief(&first.to_string());
    if good.is_empty() {
        return Err(response.unreadable(first));
    }
    let what = format!("{bad} of {} items cannot be read and are not shown: {first}", items.len());
    Ok((good, Some(Failure::new(FailureKind::Unreadable, what))))
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
