//! The filter of a list: all of these words, none of those.

use crate::model::text::RawText;

/// Words that a row must have, and words (`-word`) that it must not have. A word with a capital
/// letter is compared exactly, others in any case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Words {
    words: Vec<(String, bool)>,
}

impl Words {
    /// Reads what a person typed.
    pub fn new(text: &str) -> Self {
        let read = |word: &str| match word.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (rest.to_owned(), false),
            _ => (word.to_owned(), true),
        };
        Self { words: text.split_whitespace().map(read).collect() }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a row with these texts is shown.
    pub fn match_any<'a>(&self, texts: impl IntoIterator<Item = &'a RawText>) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let texts: Vec<_> = texts.into_iter().map(|text| String::from_utf8_lossy(text.as_bytes())).collect();
        self.words.iter().all(|(word, wanted)| texts.iter().any(|text| has(text, word)) == *wanted)
    }
}

fn has(text: &str, word: &str) -> bool {
    if word.chars().any(char::is_uppercase) {
        text.contains(word)
    } else {
        text.to_lowercase().contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_must_be_there_and_none_of_the_excluded() {
        let row = ["HighErrorRate".into(), "checkout".into()];
        let shown = |text: &str| Words::new(text).match_any(&row);
        assert!(shown("") && shown("check high") && shown("-db") && shown("HighE"));
        assert!(!shown("HIGH") && !shown("check -high") && !shown("db"));
    }
}
