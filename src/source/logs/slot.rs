//! A place among the files that are open at once: some descriptors are left for what else there is to do,
//! so that notes, history and saves do not fail where somebody looks at too many files.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Resource, getrlimit};

/// Descriptors that files leave free.
const SPARE: u64 = 128;

static TAKEN: AtomicU64 = AtomicU64::new(0);

/// One place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot(());

impl Slot {
    /// Takes one, or says what to do.
    pub(super) fn take() -> io::Result<Self> {
        Self::within(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
    }

    fn within(limit: u64) -> io::Result<Self> {
        let most = limit.saturating_sub(SPARE);
        let more = |taken: u64| (taken < most).then_some(taken + 1);
        match TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Self(())),
            Err(taken) => Err(io::Error::other(format!(
                "{taken} files are open already and {limit} descriptors allowed; ulimit -n shows and raises that"
            ))),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_left_for_what_is_no_file_that_is_looked_at() {
        let why = Slot::within(SPARE).unwrap_err().to_string();
        assert!(why.contains("128 descriptors allowed"), "{why}");
        // Other tests take and give back some as well.
        let held: Vec<_> = (0..1000).filter_map(|_| Slot::within(SPARE + 20).ok()).collect();
        assert!(!held.is_empty() && held.len() <= 20, "{}", held.len());
        drop(held);
        assert!(Slot::within(u64::MAX).is_ok());
    }
}
