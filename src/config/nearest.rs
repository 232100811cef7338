//! "Did you mean": the known word nearest to a wrong one.

/// What people write who know another tool, and the word here.
const SYNONYMS: &[(&str, &str)] = &[
    ("type", "kind"),
    ("interval", "every"),
    ("poll", "every"),
    ("refresh", "every"),
    ("color", "colour"),
    ("tz", "timezone"),
    ("env", "environment"),
    ("file", "paths"),
    ("files", "paths"),
    ("path", "paths"),
    ("cmd", "argv"),
    ("command", "argv"),
    ("user", "person"),
    ("prod", "production"),
    ("repositories", "repos"),
    ("hostname", "names"),
];

/// With fewer letters a part of a name means nothing.
const LEAST_PART: usize = 3;

/// The one of `known` that was probably meant by `word`, if one is near enough.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(word);
    let synonym = SYNONYMS.iter().find(|(from, _)| *from == wanted).map(|(_, to)| *to);
    // One slip for a short word, a third of a long one.
    let mut best = wanted.len().div_ceil(3).max(1) + 1;
    let mut found = None;
    for candidate in known {
        let far = distance(&wanted, &fold(candidate));
        if far < best {
            (best, found) = (far, Some(candidate));
        } else if Some(candidate) == synonym && found.is_none() {
            found = Some(candidate);
        }
    }
    found
}

/// Those of `known` that may have been meant by `word`, the nearest first, `most` of them: a part of it is
/// written, or it is written with a slip.
pub fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wanted = fold(word);
    let limit = wanted.len().div_ceil(3).max(1);
    let far = |name: &str| {
        let name = fold(name);
        let is_part = wanted.len() >= LEAST_PART && name.contains(&wanted);
        if is_part { 0 } else { distance(&wanted, &name) }
    };
    let mut found: Vec<_> = known.into_iter().map(|name| (far(name), name)).collect();
    found.retain(|(far, _)| *far <= limit);
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, name)| name).take(most).collect()
}

/// ` (did you mean ...?)` with the nearest word, or nothing.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default()
}

fn fold(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other
/// (optimal string alignment). Words longer than 64 characters are never near.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().max(b.len()) > 64 {
        return usize::MAX;
    }
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = at(&above, j).saturating_add(usize::from(x != y));
            let mut least = replaced.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(at(&before, j - 1).saturating_add(1));
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    at(&above, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_near_and_other_words_are_not() {
        for (a, b, far) in [
            ("paths", "paths", 0),
            ("pahts", "paths", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
        ] {
            assert_eq!(distance(a, b), far, "{a} {b}");
            assert_eq!(distance(b, a), far, "{b} {a}");
        }
        let known = ["paths", "name", "kind", "every", "environment"];
        assert_eq!(nearest("path", known), Some("paths"));
        assert_eq!(nearest("Pahts", known), Some("paths"));
        assert_eq!(nearest("environmnet", known), Some("environment"));
        assert_eq!(nearest("type", known), Some("kind"));
        assert_eq!(nearest("interval", known), Some("every"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("x", known), None);
    }

    #[test]
    fn names_are_near_by_a_part_or_by_a_slip() {
        let known = ["LatencyP99", "HighErrorBudget", "HighErrorRate", "HighErrorRate", "DiskFilling"];
        assert_eq!(near("HighErorRate", known, 3), ["HighErrorRate"]);
        assert_eq!(near("latency", known, 3), ["LatencyP99"]);
        assert_eq!(near("high", known, 3), ["HighErrorBudget", "HighErrorRate"]);
        assert_eq!(near("high", known, 1), ["HighErrorBudget"]);
        assert_eq!(near("nothing", known, 3), [""; 0]);
        assert_eq!(near("", known, 3), [""; 0]);
    }

    #[test]
    fn a_very_long_word_is_near_to_nothing() {
        assert_eq!(nearest(&"a".repeat(100_000), ["aaa"]), None);
    }
}
