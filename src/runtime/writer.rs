//! The thread that writes frames, so that a terminal which does not read stops nothing else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::fault;
use super::terminal::{Terminal, Wrote};

/// A frame that takes longer than this to be read says that the link is slow.
const SLOW: Duration = Duration::from_millis(50);

/// One frame at a time to the terminal.
///
/// A frame that was handed over is written whole; only giving the screen back ends one early, and
/// that is always followed by a full repaint.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    terminal: Terminal,
}

#[derive(Debug, Default)]
struct Shared {
    slot: Mutex<Slot>,
    filled: Condvar,
    freed: Notify,
    /// Bytes that the terminal took so far.
    bytes: AtomicU64,
    /// How long the last frame took, in microseconds.
    last_micros: AtomicU64,
}

#[derive(Debug, Default)]
enum Slot {
    #[default]
    Free,
    Filled(Vec<u8>, u64),
    Writing,
    Closed,
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Starts the thread. Errors when the system gives no thread.
    pub fn start(terminal: &Terminal) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let (to_thread, to_terminal) = (Arc::clone(&shared), terminal.clone());
        std::thread::Builder::new()
            .name("midwatch-writer".to_owned())
            .spawn(move || write_frames(&to_thread, &to_terminal))?;
        Ok(Self { shared, terminal: terminal.clone() })
    }

    /// Whether a frame may be made and handed over now.
    pub fn is_free(&self) -> bool {
        matches!(*self.shared.slot(), Slot::Free)
    }

    /// Hands a frame over. Only when [`is_free`](Self::is_free): there is one slot.
    pub fn hand_over(&self, frame: Vec<u8>) {
        let generation = self.terminal.generation();
        let mut slot = self.shared.slot();
        debug_assert!(matches!(*slot, Slot::Free), "a frame was made while the slot was full");
        *slot = Slot::Filled(frame, generation);
        self.shared.filled.notify_one();
    }

    /// Completes when a frame has been written since the last call.
    pub async fn freed(&self) {
        self.shared.freed.notified().await;
    }

    /// Bytes that the terminal has taken since the start.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Whether the last frame had to wait for its reader: nobody sees ten frames a second then.
    ///
    /// It cannot see what a buffer on the way swallows, so a fast answer proves nothing.
    pub fn is_slow(&self) -> bool {
        Duration::from_micros(self.shared.last_micros.load(Ordering::Relaxed)) > SLOW
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        *self.shared.slot() = Slot::Closed;
        self.shared.filled.notify_one();
    }
}

fn write_frames(shared: &Shared, terminal: &Terminal) {
    loop {
        let mut slot = shared.slot();
        let (frame, generation) = loop {
            match std::mem::replace(&mut *slot, Slot::Writing) {
                Slot::Filled(frame, generation) => break (frame, generation),
                Slot::Closed => return,
                empty => *slot = empty,
            }
            slot = shared.filled.wait(slot).unwrap_or_else(PoisonError::into_inner);
        };
        drop(slot);
        fault::panic("writer");
        let start = Instant::now();
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            match terminal.write(rest, generation) {
                Wrote::Bytes(n) => {
                    rest = rest.get(n..).unwrap_or_default();
                    shared.bytes.fetch_add(n as u64, Ordering::Relaxed);
                }
                Wrote::Full => {
                    terminal.wait_writable(None);
                }
                // A terminal that is gone is the watchdog's business; here its frames just vanish.
                Wrote::Stale | Wrote::Gone => break,
            }
        }
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        shared.last_micros.store(micros, Ordering::Relaxed);
        let mut slot = shared.slot();
        if matches!(*slot, Slot::Closed) {
            return;
        }
        *slot = Slot::Free;
        drop(slot);
        shared.freed.notify_one();
    }
}
