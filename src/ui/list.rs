//! The state of a list: the selection is an item, never a row number, the order is held while
//! somebody types, and a filter hides rows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::command::table::Id as Command;
use crate::model::words::Words;

/// How long order and membership stay after a key, so that a row does not move under the finger.
pub const HOLD: SignedDuration = SignedDuration::from_secs(2);

/// A list of items named by `Id`, with what is known of each.
#[derive(Clone, Debug)]
pub struct List<Id, Row = ()> {
    order: Vec<Id>,
    rows: BTreeMap<Id, Row>,
    filter: String,
    /// How many rows there are without the filter.
    all: usize,
    selected: Option<Id>,
    /// The first row shown.
    top: usize,
    height: usize,
    marks: BTreeSet<Id>,
    range_from: Option<Id>,
    held_until: Option<Timestamp>,
    /// Whether a person has moved here: until then the first item is selected, whichever it is.
    moved: bool,
    /// Items that came or went while the order was held.
    news: usize,
    /// Whether the order that is held is not that in which the items should stand.
    is_late: bool,
}

impl<Id, Row> Default for List<Id, Row> {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            rows: BTreeMap::new(),
            filter: String::new(),
            all: 0,
            selected: None,
            top: 0,
            height: 1,
            marks: BTreeSet::new(),
            range_from: None,
            held_until: None,
            moved: false,
            news: 0,
            is_late: false,
        }
    }
}

impl<Id: Clone + Ord> List<Id> {
    /// Takes items of which nothing else is to be kept: see [`List::take`].
    pub fn sync(&mut self, fresh: Vec<Id>, now: Timestamp) -> bool {
        self.put(fresh, now)
    }
}

impl<Id: Clone + Ord, Row> List<Id, Row> {
    /// Whether the order may not change now.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// When a held order may change, if another one waits for that.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.held_until.filter(|_| self.is_late)
    }

    /// Whether another order has waited and need not wait any longer.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.is_late && !self.is_held(now)
    }

    /// A key was pressed in this list.
    pub fn hold(&mut self, now: Timestamp) {
        self.held_until = now.checked_add(HOLD).ok();
    }

    /// The person asked for another order: it need not be held any longer.
    pub fn release(&mut self) {
        self.held_until = None;
    }

    /// Filters the rows; an empty text shows all. The caller gives the list its rows anew.
    pub fn set_filter(&mut self, text: &str) {
        text.clone_into(&mut self.filter);
        self.release();
    }

    /// The filter in force.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Takes out the rows that the filter hides, and counts them all.
    pub fn sift<T>(&mut self, rows: &mut Vec<T>, is_meant: impl Fn(&Words, &T) -> bool) {
        let words = Words::new(&self.filter);
        self.all = rows.len();
        if !words.is_empty() {
            rows.retain(|row| is_meant(&words, row));
        }
    }

    /// How many rows the filter shows, and how many there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.order.len(), self.all)
    }

    /// Takes the items as they should stand now. While the order is held they only count as news, and
    /// the rows that stay where they are say what is so now: returns false.
    pub fn take(&mut self, fresh: Vec<(Id, Row)>, now: Timestamp) -> bool {
        let order: Vec<Id> = fresh.iter().map(|(id, _)| id.clone()).collect();
        let is_taken = self.put(order, now);
        if is_taken {
            self.rows = fresh.into_iter().collect();
        } else {
            let known: Vec<_> = fresh.into_iter().filter(|(id, _)| self.rows.contains_key(id)).collect();
            self.rows.extend(known);
        }
        is_taken
    }

    fn put(&mut self, fresh: Vec<Id>, now: Timestamp) -> bool {
        self.is_late = self.is_held(now) && self.order != fresh;
        if self.is_held(now) {
            let (old, new): (BTreeSet<_>, BTreeSet<_>) =
                (self.order.iter().collect(), fresh.iter().collect());
            self.news = old.symmetric_difference(&new).count();
            return false;
        }
        self.held_until = None;
        self.news = 0;
        let row = if self.moved { self.row() } else { 0 };
        let offset = row.saturating_sub(self.top);
        self.order = fresh;
        if !self.marks.is_empty() {
            let known: BTreeSet<_> = self.order.iter().collect();
            self.marks.retain(|id| known.contains(id));
        }
        self.range_from = self.range_from.take().filter(|id| self.order.contains(id));
        // A selected item that is gone leaves the selection where it stood.
        if !self.moved || self.selected.as_ref().is_none_or(|id| !self.order.contains(id)) {
            self.selected = self.order.get(row.min(self.order.len().saturating_sub(1))).cloned();
        }
        // The selected row keeps its place on the screen.
        self.top = self.row().saturating_sub(offset);
        self.scroll();
        true
    }

    /// Items go by other names from now on: what is selected or marked stays so.
    pub fn rename(&mut self, new: impl Fn(&Id) -> Option<Id>) {
        let renamed = |id: Id| new(&id).unwrap_or(id);
        self.order = std::mem::take(&mut self.order).into_iter().map(renamed).collect();
        self.selected = self.selected.take().map(renamed);
        self.range_from = self.range_from.take().map(renamed);
        self.marks = std::mem::take(&mut self.marks).into_iter().map(renamed).collect();
        self.rows = std::mem::take(&mut self.rows).into_iter().map(|(id, row)| (renamed(id), row)).collect();
    }

    /// What is known of an item.
    pub fn row_of(&self, id: &Id) -> Option<&Row> {
        self.rows.get(id)
    }

    /// What is known of the selected item.
    pub fn selected_row(&self) -> Option<&Row> {
        self.rows.get(self.selected.as_ref()?)
    }

    /// What is known of the marked items in the order shown, or else of the selected one.
    pub fn chosen_rows(&self) -> impl Iterator<Item = &Row> {
        self.chosen().into_iter().filter_map(|id| self.rows.get(id))
    }

    /// What is known of the items in sight.
    pub fn shown_rows(&self) -> impl Iterator<Item = &Row> {
        self.shown().iter().filter_map(|id| self.rows.get(id))
    }

    /// What is known of all items that the filter lets through.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// The items in the order shown.
    pub fn order(&self) -> &[Id] {
        &self.order
    }

    /// The items in sight.
    pub fn shown(&self) -> &[Id] {
        let end = self.order.len().min(self.top.saturating_add(self.height));
        self.order.get(self.top..end).unwrap_or_default()
    }

    /// The selected item.
    pub fn selected(&self) -> Option<&Id> {
        self.selected.as_ref()
    }

    /// The selected row; 0 in an empty list.
    pub fn row(&self) -> usize {
        let selected = self.selected.as_ref();
        selected.and_then(|id| self.order.iter().position(|other| other == id)).unwrap_or(0)
    }

    /// The first row shown.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Items that came or went while the order was held.
    pub fn news(&self) -> usize {
        self.news
    }

    /// How many rows are shown.
    pub fn set_height(&mut self, height: usize) {
        self.height = height.max(1);
        self.scroll();
    }

    /// Selects an item, if it is in the list.
    pub fn select(&mut self, id: &Id) -> bool {
        let found = self.order.contains(id);
        if found {
            self.moved = true;
            self.selected = Some(id.clone());
            self.scroll();
        }
        found
    }

    /// Moves or marks as a command says; false if the command is not for a list.
    pub fn run(&mut self, command: Command) -> bool {
        match command {
            Command::Down => self.step(1),
            Command::Up => self.step(-1),
            Command::Top => self.go(0),
            Command::Bottom => self.go(usize::MAX),
            Command::PageDown => self.page(2),
            Command::PageUp => self.page(-2),
            Command::HalfDown => self.page(1),
            Command::HalfUp => self.page(-1),
            Command::Mark => self.toggle_mark(),
            Command::Range => self.toggle_range(),
            _ => return false,
        }
        true
    }

    /// Moves by rows; stops at the ends.
    pub fn step(&mut self, rows: isize) {
        self.go(self.row().saturating_add_signed(rows));
    }

    /// Moves by a share of the height, in halves: 2 is a screen, -1 half a screen upward.
    pub fn page(&mut self, halves: isize) {
        let half = isize::try_from(self.height / 2).unwrap_or(1).max(1);
        self.step(half * halves);
    }

    /// Moves to a row, or the last.
    pub fn go(&mut self, row: usize) {
        let row = row.min(self.order.len().saturating_sub(1));
        self.moved |= !self.order.is_empty();
        self.selected = self.order.get(row).cloned();
        self.scroll();
        if let Some(from) = self.range_from.clone() {
            self.mark_range(&from);
        }
    }

    /// Marks the selected row, or takes its mark away, and moves on.
    pub fn toggle_mark(&mut self) {
        if let Some(id) = self.selected.clone() {
            if !self.marks.remove(&id) {
                self.marks.insert(id);
            }
            self.step(1);
        }
    }

    /// Begins to mark from the selected row to wherever it moves; again to end.
    pub fn toggle_range(&mut self) {
        self.range_from = if self.range_from.is_some() { None } else { self.selected.clone() };
        if let Some(id) = self.range_from.clone() {
            self.marks.insert(id);
        }
    }

    /// Takes back one thing: the marks, then the filter; false if there is neither.
    pub fn back(&mut self) -> bool {
        if self.clear_marks() {
            return true;
        }
        let has_filter = !self.filter.is_empty();
        if has_filter {
            self.set_filter("");
        }
        has_filter
    }

    /// Whether an item is marked.
    pub fn is_marked(&self, id: &Id) -> bool {
        self.marks.contains(id)
    }

    /// How many are marked.
    pub fn marked(&self) -> usize {
        self.marks.len()
    }

    /// Takes all marks away; false if there were none.
    pub fn clear_marks(&mut self) -> bool {
        self.range_from = None;
        !std::mem::take(&mut self.marks).is_empty()
    }

    /// The marked rows in the order shown, or else the selected one.
    pub fn chosen(&self) -> Vec<&Id> {
        if self.marks.is_empty() {
            return self.selected.iter().collect();
        }
        self.order.iter().filter(|id| self.marks.contains(id)).collect()
    }

    fn mark_range(&mut self, from: &Id) {
        let Some(start) = self.order.iter().position(|id| id == from) else { return };
        let row = self.row();
        self.marks = self.order.iter().skip(start.min(row)).take(start.abs_diff(row) + 1).cloned().collect();
    }

    fn scroll(&mut self) {
        let row = self.row();
        let last_top = self.order.len().saturating_sub(self.height);
        self.top = self.top.clamp((row + 1).saturating_sub(self.height), row).min(last_top);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::RawText;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millisecond).unwrap()
    }

    fn list(items: &str) -> List<char> {
        let mut list = List::default();
        list.set_height(3);
        assert!(list.sync(items.chars().collect(), at(0)));
        list
    }

    #[test]
    fn the_selection_follows_its_item_and_keeps_its_place_on_the_screen() {
        let mut list = list("abcdefg");
        list.go(4);
        assert_eq!((list.top(), list.selected()), (2, Some(&'e')));
        assert!(list.sync("xyabcdefg".chars().collect(), at(1)));
        assert_eq!((list.row(), list.top(), list.selected()), (6, 4, Some(&'e')));
    }

    #[test]
    fn what_is_in_sight_is_what_the_height_takes_from_the_first_row_shown() {
        let mut list = list("abcdefg");
        assert_eq!(list.shown(), ['a', 'b', 'c']);
        list.go(6);
        assert_eq!(list.shown(), ['e', 'f', 'g']);
        list.sync("xy".chars().collect(), at(1));
        assert_eq!(list.shown(), ['x', 'y']);
        list.sync(Vec::new(), at(2));
        assert!(list.shown().is_empty());
    }

    #[test]
    fn a_selected_item_that_goes_leaves_the_selection_where_it_stood() {
        let mut list = list("abc");
        list.go(2);
        list.sync("ab".chars().collect(), at(1));
        assert_eq!(list.selected(), Some(&'b'));
        list.sync(Vec::new(), at(2));
        assert_eq!(list.selected(), None);
        list.step(5);
        list.sync("z".chars().collect(), at(3));
        assert_eq!(list.selected(), Some(&'z'));
    }

    #[test]
    fn while_a_key_is_fresh_nothing_moves_and_news_is_counted() {
        let mut list = list("abc");
        list.hold(at(0));
        assert!(!list.sync("xab".chars().collect(), at(1_999)));
        assert_eq!((list.order(), list.news()), (&['a', 'b', 'c'][..], 2));
        assert_eq!(list.next_wake(), Some(at(2_000)));
        assert!(list.sync("xab".chars().collect(), at(2_000)));
        assert_eq!((list.order(), list.news()), (&['x', 'a', 'b'][..], 0));
    }

    #[test]
    fn rows_that_stay_say_what_is_so_now_and_new_ones_wait() {
        let mut list = List::default();
        assert!(list.take(vec![('a', 1), ('b', 2)], at(0)));
        list.hold(at(0));
        assert!(!list.take(vec![('x', 9), ('b', 3)], at(1)));
        let rows = |list: &List<char, i32>| list.rows().copied().collect::<Vec<_>>();
        assert_eq!((list.order(), rows(&list)), (&['a', 'b'][..], vec![1, 3]));
        list.rename(|id| (*id == 'b').then_some('c'));
        assert_eq!((list.row_of(&'b'), list.row_of(&'c')), (None, Some(&3)));
        assert!(list.take(vec![('x', 9), ('c', 3)], at(2_000)));
        assert_eq!((list.order(), list.row_of(&'a'), list.selected_row()), (&['x', 'c'][..], None, Some(&9)));
        list.toggle_mark();
        list.toggle_mark();
        assert_eq!(list.chosen_rows().copied().collect::<Vec<_>>(), [9, 3]);
    }

    #[test]
    fn marks_are_taken_back_before_the_filter_and_all_rows_are_counted() {
        let mut list = list("abc");
        let shown = |list: &mut List<char>| {
            let mut rows: Vec<RawText> = ["a", "b", "c"].map(RawText::from).into();
            list.sift(&mut rows, |words, row| words.match_any([row]));
            let order = rows.iter().filter_map(|row| row.as_str()?.chars().next()).collect();
            list.sync(order, at(1));
            (list.order().iter().collect::<String>(), list.counts())
        };
        list.hold(at(0));
        list.set_filter("-b");
        assert_eq!(shown(&mut list), ("ac".into(), (2, 3)), "nothing holds what a person asks for");
        list.toggle_mark();
        assert!(list.back() && list.marked() == 0 && list.filter() == "-b");
        assert!(list.back() && list.filter().is_empty());
        assert_eq!(shown(&mut list), ("abc".into(), (3, 3)));
        assert!(!list.back());
    }

    #[test]
    fn another_order_of_the_same_items_waits_too() {
        let mut list = list("abc");
        list.hold(at(0));
        assert!(!list.sync("bac".chars().collect(), at(1)));
        assert_eq!((list.news(), list.is_due(at(1_999)), list.is_due(at(2_000))), (0, false, true));
        assert!(list.sync("bac".chars().collect(), at(2_000)));
        assert!(!list.is_due(at(2_000)));
    }

    #[test]
    fn until_somebody_moves_the_first_item_is_selected() {
        let mut list = list("bc");
        list.sync("abc".chars().collect(), at(1));
        assert_eq!(list.selected(), Some(&'a'));
        list.go(0);
        list.sync("zabc".chars().collect(), at(2));
        assert_eq!(list.selected(), Some(&'a'));
    }

    #[test]
    fn commands_move_it_and_others_are_left_to_the_caller() {
        let mut list = list("abcdefg");
        list.set_height(4);
        for (command, row) in [
            (Command::Down, 1),
            (Command::PageDown, 5),
            (Command::HalfUp, 3),
            (Command::Up, 2),
            (Command::Bottom, 6),
            (Command::PageUp, 2),
            (Command::HalfDown, 4),
            (Command::Top, 0),
        ] {
            assert!(list.run(command));
            assert_eq!(list.row(), row, "{command:?}");
        }
        assert!(list.run(Command::Mark) && list.is_marked(&'a'));
        assert!(!list.run(Command::Open));
    }

    #[test]
    fn marks_name_items_and_a_range_covers_what_lies_between() {
        let mut list = list("abcde");
        list.toggle_mark();
        assert_eq!(list.chosen(), vec![&'a']);
        list.clear_marks();
        list.go(1);
        list.toggle_range();
        list.go(3);
        assert_eq!(list.chosen(), vec![&'b', &'c', &'d']);
        list.toggle_range();
        list.go(0);
        assert_eq!(list.chosen(), vec![&'b', &'c', &'d']);
        list.sync("acx".chars().collect(), at(9));
        assert_eq!(list.chosen(), vec![&'c']);
    }
}
