//! Named tasks that are started again after a panic, and that all end when the console does.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fault;

/// The first delay is drawn from up to this, each later one from twice as much.
const BASE: Duration = Duration::from_secs(1);
/// The longest delay.
const CAP: Duration = Duration::from_secs(60);
/// A task that ran this long is healthy: its next failure counts from the start.
const HEALTHY: Duration = Duration::from_secs(60);

/// A task panicked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crashed {
    /// The task's name, as it was started.
    pub task: String,
    /// How often in a row.
    pub times: u32,
    /// Until it is started again.
    pub restart_in: Duration,
}

/// All tasks of the console.
#[derive(Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
    crashes: mpsc::Sender<Crashed>,
}

impl Tasks {
    /// Crashes are reported to `crashes`.
    pub fn new(crashes: mpsc::Sender<Crashed>) -> Self {
        Self { tracker: TaskTracker::new(), token: CancellationToken::new(), crashes }
    }

    /// Starts a task and keeps it running: `make` is called again after each panic.
    ///
    /// The task ends when its future does; [`stop`](Self::stop) drops it.
    pub fn keep<F>(&self, name: &str, make: impl Fn(CancellationToken) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (task, token, crashes) = (name.to_owned(), self.token.clone(), self.crashes.clone());
        let tracker = self.tracker.clone();
        let supervised = async move {
            let mut times = 0;
            loop {
                let began = Instant::now();
                let work = make(token.clone());
                // Its own task, so that a panic ends at its handle; tracked, so that `stop` waits
                // until what it held is dropped.
                let mut running = AbortOnDrop(tokio::spawn(tracker.track_future(async move {
                    fault::panic("task");
                    work.await;
                })));
                if !(&mut running.0).await.is_err_and(|error| error.is_panic()) {
                    return;
                }
                times = if began.elapsed() >= HEALTHY { 1 } else { times + 1 };
                let restart_in = delay(times, RandomState::new().hash_one(times));
                let report = Crashed { task: task.clone(), times, restart_in };
                if crashes.send(report).await.is_err() {
                    return;
                }
                tokio::time::sleep(restart_in).await;
            }
        };
        let token = self.token.clone();
        self.tracker.spawn(async move { token.run_until_cancelled(supervised).await });
    }

    /// Asks every task to end and waits for them, at most `within`.
    pub async fn stop(&self, within: Duration) {
        self.token.cancel();
        self.tracker.close();
        // Late ones end with the process.
        let _late = tokio::time::timeout(within, self.tracker.wait()).await;
    }
}

/// A task that ends with its supervisor.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Full jitter: anything up to the doubling delay, also at its cap, so that consoles which fail
/// together do not come back together. `random` is any 64 bits.
fn delay(times: u32, random: u64) -> Duration {
    let most = BASE.saturating_mul(2u32.saturating_pow(times.saturating_sub(1))).min(CAP);
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % (most + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn delays_double_are_capped_and_jitter_everywhere() {
        assert_eq!(delay(1, 1000), Duration::from_secs(1));
        assert_eq!(delay(1, 1001), Duration::ZERO);
        assert_eq!(delay(3, 4000), Duration::from_secs(4));
        for times in [7, 40, u32::MAX] {
            assert_eq!(delay(times, 60_000), CAP);
            assert_eq!(delay(times, 60_001 + 17), Duration::from_millis(17));
        }
    }

    #[test]
    fn a_panic_is_reported_and_the_task_is_started_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (sender, mut crashes) = mpsc::channel(8);
            let tasks = Tasks::new(sender);
            let (starts, (done, mut finished)) = (Arc::new(AtomicU32::new(0)), mpsc::channel(1));
            let counted = Arc::clone(&starts);
            tasks.keep("loki", move |_| {
                let (counted, done) = (Arc::clone(&counted), done.clone());
                async move {
                    assert!(counted.fetch_add(1, Ordering::Relaxed) > 0, "the first start fails");
                    done.send(()).await.unwrap();
                }
            });
            let first = crashes.recv().await.unwrap();
            assert_eq!((first.task.as_str(), first.times), ("loki", 1));
            finished.recv().await.unwrap();
            assert_eq!(starts.load(Ordering::Relaxed), 2);
            tasks.stop(Duration::from_secs(5)).await;
        });
    }

    #[test]
    fn stopping_drops_tasks_that_would_go_on_for_ever() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (sender, _crashes) = mpsc::channel(1);
            let tasks = Tasks::new(sender);
            let held = Arc::new(());
            let kept = Arc::clone(&held);
            let (started, mut running) = mpsc::channel(1);
            tasks.keep("forever", move |_| {
                let (kept, started) = (Arc::clone(&kept), started.clone());
                async move {
                    started.send(()).await.unwrap();
                    std::future::pending::<()>().await;
                    drop(kept);
                }
            });
            running.recv().await.unwrap();
            tasks.stop(Duration::from_secs(60)).await;
            assert_eq!(Arc::strong_count(&held), 1, "what the task held is gone");
        });
    }
}
