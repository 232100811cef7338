//! What to say after a key: what is new about where the person stands.

use crate::app::aloud::Heard;
use crate::model::text::SafeText;
use crate::ui::canvas::Written;

/// What was said last, so that a page is not told twice.
#[derive(Debug, Default)]
pub(super) struct Voice {
    heading: Vec<SafeText>,
    page: Vec<SafeText>,
    typed: Option<SafeText>,
    heard: Heard,
}

impl Voice {
    /// The line that is being typed.
    pub(super) fn typed(&self) -> Option<&SafeText> {
        self.typed.as_ref()
    }

    /// How far the news has been told.
    pub(super) fn heard(&mut self) -> &mut Heard {
        &mut self.heard
    }

    /// Whether something else stands where the person is than what was said last.
    pub(super) fn is_new(&self, written: &Written) -> bool {
        place(&self.heading) == place(&written.heading) && self.page != written.lines
    }

    /// What to say now: the heading when it is another, then the selected row, or what of the page
    /// has not been said. While a line is typed only what changes besides it.
    pub(super) fn answer(&mut self, written: Written) -> Vec<SafeText> {
        let was_typing = self.typed.is_some();
        self.typed = written.typed;
        let mut said = Vec::new();
        let moved = place(&self.heading) != place(&written.heading);
        if moved && written.heading.iter().any(|part| !part.is_empty()) {
            let mut heading = SafeText::default();
            for part in written.heading.iter().filter(|part| !part.is_empty()) {
                if !heading.is_empty() {
                    heading.push(&SafeText::literal(", "));
                }
                heading.push(part);
            }
            said.push(heading);
        }
        self.heading = written.heading;
        let in_prompt = was_typing && self.typed.is_some();
        if written.is_page {
            said.extend(written.lines.iter().filter(|line| moved || !self.page.contains(line)).cloned());
            self.page = written.lines;
        } else if !written.lines.is_empty() {
            let is_same = self.page == written.lines;
            if self.typed.is_none() || (in_prompt && !is_same) {
                said.extend(written.lines.iter().cloned());
            }
            self.page = written.lines;
        }
        said
    }
}

/// What of a heading tells where one stands: its title without the rate, which changes all the time.
fn place(heading: &[SafeText]) -> Vec<&str> {
    let title = heading.first().map_or("", SafeText::as_str);
    title.split_whitespace().filter(|word| !word.ends_with("/s")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(heading: &'static str, lines: &[&'static str], typed: Option<&'static str>) -> Written {
        Written {
            heading: vec![SafeText::literal(heading), SafeText::default()],
            lines: lines.iter().map(|line| SafeText::literal(line)).collect(),
            is_page: lines.len() > 1,
            typed: typed.map(SafeText::literal),
        }
    }

    fn said(voice: &mut Voice, written: Written) -> Vec<String> {
        voice.answer(written).iter().map(|line| line.as_str().to_owned()).collect()
    }

    #[test]
    fn the_row_is_said_after_every_key_and_the_heading_when_it_is_another() {
        let mut voice = Voice::default();
        assert_eq!(said(&mut voice, written("3 Alerts", &["CRIT A"], None)), ["3 Alerts", "CRIT A"]);
        assert_eq!(said(&mut voice, written("3 Alerts", &["CRIT B"], None)), ["CRIT B"]);
        assert_eq!(said(&mut voice, written("3 Alerts", &["CRIT B"], None)), ["CRIT B"]);
        assert_eq!(said(&mut voice, written("2 Logs  9/s", &["x"], None)), ["2 Logs  9/s", "x"]);
        assert_eq!(said(&mut voice, written("2 Logs  8/s", &["x"], None)), ["x"]);
    }

    #[test]
    fn a_page_is_said_once_and_then_what_changes_on_it() {
        let mut voice = Voice::default();
        assert_eq!(said(&mut voice, written("h", &["a", "b"], None)), ["h", "a", "b"]);
        assert_eq!(said(&mut voice, written("h", &["a", "b"], None)), Vec::<String>::new());
        assert_eq!(said(&mut voice, written("h", &["a", "c"], None)), ["c"]);
    }

    #[test]
    fn while_a_line_is_typed_the_row_is_said_only_when_it_changes() {
        let mut voice = Voice::default();
        said(&mut voice, written("h", &["row"], None));
        assert_eq!(said(&mut voice, written("h", &["row"], Some("filter: "))), Vec::<String>::new());
        assert_eq!(said(&mut voice, written("h", &["row"], Some("filter: a"))), Vec::<String>::new());
        assert_eq!(voice.typed().map(SafeText::as_str), Some("filter: a"));
        assert_eq!(said(&mut voice, written("h", &["other"], Some("filter: ab"))), ["other"]);
        assert_eq!(said(&mut voice, written("h", &["other"], None)), ["other"]);
    }
}
