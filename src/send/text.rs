//! What a text must not have when it leaves: secrets. That it calls nobody is the writers' care.

use serde_json::Value;

use crate::config::secret::without_tokens;
use crate::model::outgoing::{Body, Outgoing};
use crate::model::text::{RawText, SafeText, clean};
use crate::net::credential::Mask;

/// The text without known secrets and without what looks like one; counts texts that had any.
pub(super) fn clear(text: &SafeText, mask: &Mask, hidden: &mut usize) -> SafeText {
    let known = mask.text(text.as_str());
    let left = without_tokens(&known);
    if left == text.as_str() {
        return text.clone();
    }
    *hidden += 1;
    clean(&RawText::from(left.into_owned()))
}

/// Whether a secret that is known by now is in it.
pub(super) fn is_in(outgoing: &Outgoing, mask: &Mask) -> bool {
    let has = |text: &str| mask.text(text) != text;
    has(outgoing.title.as_str())
        || match &outgoing.body {
            Body::Text(text) => has(text),
            Body::Tree(tree) => any(tree, &has),
        }
}

/// Whether any text of a tree is so.
fn any(value: &Value, is_so: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_so(text),
        Value::Array(items) => items.iter().any(|item| any(item, is_so)),
        Value::Object(members) => members.values().any(|value| any(value, is_so)),
        _ => false,
    }
}
