//! Files on disks that may hang, such as a network file system whose server is gone: waited for but not
//! for ever, and by one thread for each path at most.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// How long a disk may take.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// Whose turn it is, by path. A thread that hangs keeps its turn, also when nobody waits for it any more.
static TURNS: Mutex<BTreeMap<PathBuf, Arc<Semaphore>>> = Mutex::new(BTreeMap::new());

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    /// The disk does not answer.
    Hangs,
    /// The work panicked.
    Crashed,
}

/// Does work that reads these files.
pub(super) async fn read<T: Send + 'static>(
    paths: impl IntoIterator<Item = PathBuf>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Lost> {
    let until = Instant::now() + WITHIN;
    let mut paths: Vec<PathBuf> = paths.into_iter().collect();
    // In one order, so that no two wait for each other.
    paths.sort_unstable();
    paths.dedup();
    let mut turns: Vec<OwnedSemaphorePermit> = Vec::with_capacity(paths.len());
    for path in paths {
        let turn = {
            let mut all = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(path).or_insert_with(|| Arc::new(Semaphore::new(1))))
        };
        let turn = timeout_at(until, turn.acquire_owned()).await.map_err(|_| Lost::Hangs)?;
        turns.push(turn.map_err(|_| Lost::Crashed)?);
    }
    let work = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turns);
        done
    });
    match timeout_at(until, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Lost::Crashed),
        Err(_) => Err(Lost::Hangs),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn one_thread_for_each_path_waits_for_a_disk_that_hangs() {
        let [hung, other] = ["/hung/token", "/other/token"].map(PathBuf::from);
        let started = Arc::new(AtomicUsize::new(0));
        let (end, hangs) = mpsc::channel::<()>();
        let hangs = Arc::new(Mutex::new(hangs));
        let reads = |paths: Vec<PathBuf>| {
            let (started, hangs) = (Arc::clone(&started), Arc::clone(&hangs));
            read(paths, move || {
                started.fetch_add(1, Ordering::Relaxed);
                hangs.lock().unwrap().recv().unwrap();
            })
        };
        tokio::time::pause();
        // The clock does not run by itself while a thread is at work.
        let hangs = async |paths| {
            let (lost, ()) = tokio::join!(reads(paths), async {
                tokio::task::yield_now().await;
                tokio::time::advance(WITHIN + Duration::from_millis(1)).await;
            });
            assert_eq!(lost, Err(Lost::Hangs));
        };
        hangs(vec![hung.clone()]).await;
        for _ in 0..3 {
            hangs(vec![other.clone(), hung.clone()]).await;
        }
        assert_eq!(read([other.clone()], || 7).await, Ok(7), "the others go on");
        tokio::time::resume();
        end.send(()).unwrap();
        assert_eq!(read([hung, other.clone()], || 7).await, Ok(7), "and it does when the disk is back");
        assert_eq!(started.load(Ordering::Relaxed), 1);
        assert_eq!(read([other.clone()], || panic!("on purpose")).await, Err::<(), _>(Lost::Crashed));
        assert_eq!(read([other], || 7).await, Ok(7), "a crash gives its turn back");
    }
}
