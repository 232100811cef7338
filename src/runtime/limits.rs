//! How many files may be open at once: each that is looked at takes one descriptor.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as anybody looks at. No more: what we start inherits it, and some programs close every number up to
/// it one by one.
const ENOUGH: u64 = 65_536;

/// Lets as many files be open as the system allows this user, within reason.
///
/// Errors when the system refuses.
pub fn raise() -> io::Result<()> {
    match raised(getrlimit(Resource::Nofile)) {
        Some(limit) => Ok(setrlimit(Resource::Nofile, limit)?),
        None => Ok(()),
    }
}

fn raised(limit: Rlimit) -> Option<Rlimit> {
    // Without a number there is no limit.
    let current = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
    limit.current.filter(|now| *now < current).map(|_| Rlimit { current: Some(current), ..limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_raised_as_far_as_it_may_be_and_never_lowered() {
        for (current, maximum, expected) in [
            (Some(1024), Some(4096), Some(4096)),
            (Some(1024), Some(1 << 20), Some(ENOUGH)),
            (Some(1024), None, Some(ENOUGH)),
            (Some(1024), Some(1024), None),
            (Some(1 << 20), Some(1 << 20), None),
            (None, None, None),
        ] {
            let limit = raised(Rlimit { current, maximum });
            assert_eq!(limit.as_ref().and_then(|limit| limit.current), expected, "{current:?} {maximum:?}");
            assert!(limit.is_none_or(|limit| limit.maximum == maximum));
        }
    }
}
