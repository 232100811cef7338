//! Lists of runs and of their jobs that come in pages: what is read, what is asked again, what is
//! left out.

use jiff::{SignedDuration, Timestamp};

use crate::model::health::{Failure, FailureKind};
use crate::model::run::KNOWN_FOR;
use crate::net::exchange::{Request, Response};

/// Pages of one list that are read.
const PAGES: u32 = 6;
/// Jobs on one page.
pub(super) const PAGE_OF_JOBS: usize = 100;
/// Lists are read this far back; what ended is shown for so long.
pub(super) const BACK: SignedDuration = KNOWN_FOR;

/// How far the list of the runs of one repository is read.
#[derive(Default)]
pub(super) struct Listing {
    /// Whether its pages have not all come: the next round reads them anew, and to the end.
    pub(super) is_unread: bool,
    /// Why runs from before this time are not shown.
    left_out: Option<(Timestamp, Failure)>,
}

impl Listing {
    /// Takes a page whose last row is of the time `oldest`. Returns the request for the next one, if
    /// there is one and it has news: not where the last row is known already (`reaches_known`).
    pub(super) fn turn(
        &mut self,
        response: &Response,
        page: u32,
        oldest: Option<Timestamp>,
        reaches_known: bool,
        now: Timestamp,
    ) -> Option<Request> {
        self.is_unread = false;
        let oldest = oldest.filter(|oldest| *oldest > since(now));
        self.left_out = match (response.next_page(), oldest) {
            (Ok(None), _) | (_, None) => None,
            // What was left out before still is.
            _ if reaches_known => return None,
            (Ok(Some(next)), _) if page < PAGES => {
                self.is_unread = true;
                return Some(next);
            }
            (Ok(Some(_)), Some(oldest)) => {
                let what = format!(
                    "it had so many runs in the last day that those before {oldest:.0} are not shown"
                );
                Some((oldest, Failure::new(FailureKind::TooLarge, what)))
            }
            (Err(elsewhere), Some(oldest)) => Some((oldest, elsewhere)),
        };
        None
    }

    /// What is not shown of the last day, and why.
    pub(super) fn left_out(&self, now: Timestamp) -> Option<Failure> {
        let (before, why) = self.left_out.as_ref()?;
        (*before > since(now)).then(|| why.clone())
    }
}

/// Since when runs are listed.
fn since(now: Timestamp) -> Timestamp {
    now.checked_sub(BACK).unwrap_or(Timestamp::MIN)
}

/// The jobs of one run.
pub(super) struct Jobs<J> {
    rows: Vec<J>,
    /// The page that came last.
    page: u32,
    /// Whether they are not known as they are in the end.
    pub(super) are_wanted: bool,
    left_out: Option<Failure>,
}

impl<J> Jobs<J> {
    pub(super) fn new(are_wanted: bool) -> Self {
        Self { rows: Vec::new(), page: 0, are_wanted, left_out: None }
    }

    pub(super) fn rows(&self) -> &[J] {
        &self.rows
    }

    /// Takes a page; returns the request for the next one. `is_over`: whether the run was over when
    /// the first was asked for.
    pub(super) fn take(
        &mut self,
        response: &Response,
        page: u32,
        rows: Vec<J>,
        is_over: bool,
    ) -> Option<Request> {
        if page == 1 {
            self.rows.clear();
        } else if page != self.page + 1 {
            // A round and a person asked for them at a time.
            return None;
        }
        self.page = page;
        self.rows.extend(rows);
        self.left_out = match response.next_page() {
            Ok(Some(next)) if page < PAGES => {
                // If it does not come, all are asked for again.
                self.are_wanted = true;
                return Some(next);
            }
            Ok(Some(_)) => {
                let what = format!("only its first {} jobs are shown", self.rows.len());
                Some(Failure::new(FailureKind::TooLarge, what))
            }
            Ok(None) => None,
            Err(elsewhere) => Some(elsewhere),
        };
        self.are_wanted = !is_over;
        None
    }

    /// They are as they were when they were last asked for.
    pub(super) fn are_current(&mut self, is_over: bool) {
        self.are_wanted = !is_over;
    }

    /// Whether an unchanged first page says that all are unchanged: some are known, and there is no
    /// second page, on which a job may end while the first stays as it was.
    pub(super) fn are_on_one_page(&self) -> bool {
        !self.rows.is_empty() && self.rows.len() < PAGE_OF_JOBS
    }

    /// Why jobs of it are not shown.
    pub(super) fn left_out(&self) -> Option<&Failure> {
        self.left_out.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::poll::testing::answer;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    /// An answer with more pages after it, or without.
    fn response(more: bool) -> Response {
        let link = "<https://vendor.example/runs?page=2>; rel=\"next\"";
        answer(&Request::get("/runs"), 200, &[("link", link)][..usize::from(more)], "")
    }

    #[test]
    fn that_a_list_was_cut_is_told_until_a_day_has_passed_or_it_is_read() {
        let mut listing = Listing::default();
        for page in 1..PAGES {
            assert!(listing.turn(&response(true), page, Some(at(-60)), false, at(0)).is_some());
            assert!(listing.is_unread, "the next page may not come");
        }
        assert_eq!(listing.turn(&response(true), PAGES, Some(at(-60)), false, at(0)), None);
        let told = listing.left_out(at(0)).unwrap();
        assert!(!listing.is_unread);
        assert_eq!(
            told.what,
            "it had so many runs in the last day that those before 2027-01-15T07:00:00Z are not shown".into()
        );
        // In the next rounds the first page reaches what is known.
        assert_eq!(listing.turn(&response(true), 1, Some(at(-5)), true, at(1)), None);
        assert_eq!(listing.left_out(at(1)), Some(told));
        assert_eq!(listing.left_out(at(23 * 60)), None, "what is not shown is older than a day");
        assert_eq!(listing.turn(&response(false), 1, Some(at(-5)), true, at(2)), None);
        assert_eq!(listing.left_out(at(2)), None, "there is no second page any more");
    }

    #[test]
    fn a_list_is_read_to_a_day_ago() {
        let mut listing = Listing::default();
        let yesterday = at(-24 * 60);
        assert_eq!(listing.turn(&response(true), 1, Some(yesterday), false, at(0)), None);
        assert_eq!((listing.is_unread, listing.left_out(at(0))), (false, None));
    }

    #[test]
    fn jobs_are_wanted_until_all_pages_came_that_were_asked_for_after_the_end() {
        let mut jobs = Jobs::new(true);
        assert!(!jobs.are_on_one_page(), "none is known");
        assert!(jobs.take(&response(true), 1, vec![1; 100], true).is_some());
        assert!(jobs.are_wanted && !jobs.are_on_one_page(), "the second page may not come");
        assert_eq!(jobs.take(&response(false), 2, vec![2; 5], true), None);
        assert_eq!((jobs.rows().len(), jobs.are_wanted), (105, false));
        assert_eq!(jobs.take(&response(true), 2, vec![2; 5], true), None);
        assert_eq!(jobs.rows().len(), 105, "a page that comes twice");
        // The run may have ended while this was under way.
        jobs.take(&response(false), 1, vec![3; 7], false);
        assert_eq!((jobs.rows().len(), jobs.are_wanted), (7, true));
        assert!(jobs.are_on_one_page());
        for page in 1..=PAGES {
            jobs.take(&response(true), page, vec![0; 100], true);
        }
        assert!(!jobs.are_wanted);
        assert_eq!(jobs.left_out().unwrap().what, "only its first 600 jobs are shown".into());
    }
}
