//! Where the output of a child is read: on the thread of those who ask, so that an answer reaches them without another
//! thread in between and without a system call to wake theirs. Counts who asks; the reading is [`reading`](super::reading).

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Notify;

/// So many requests in a row come from another thread before the reading follows: it is not to go back and forth
/// between two that ask in turns.
const ENOUGH: u64 = 16;

/// Numbers of places begin behind this one, which is where the connection was made.
const BEGINNING: u32 = 0;

thread_local! {
    static HERE: OnceCell<Place> = const { OnceCell::new() };
}

/// A thread whose runtime reads for others.
#[derive(Debug, Clone)]
pub(super) struct Place {
    number: u32,
    pub(super) runtime: Handle,
}

/// From now on, what children answer to the requests of this thread may be read on its runtime: that is driven until it
/// is dropped. Does nothing outside of a runtime.
pub fn read_here() {
    static LAST: AtomicU32 = AtomicU32::new(BEGINNING);
    let Ok(runtime) = Handle::try_current() else { return };
    HERE.with(|here| {
        here.get_or_init(|| Place { number: LAST.fetch_add(1, Ordering::Relaxed) + 1, runtime });
    });
}

#[derive(Debug, Default)]
pub(crate) struct Home {
    /// The number of the place where the reading is.
    at: AtomicU32,
    /// The number of another place, in the upper half, and how often those there have asked in a row. May miss one.
    others: AtomicU64,
    wish: Mutex<Option<Place>>,
    wished: Notify,
}

impl Home {
    /// Somebody on this thread makes a request.
    pub(crate) fn asked(&self) {
        HERE.with(|here| {
            let Some(here) = here.get() else { return };
            let at = self.at.load(Ordering::Relaxed);
            let others = self.others.load(Ordering::Relaxed);
            if at == here.number {
                // Written only where it changes something: all who ask have this in their caches.
                if others != 0 {
                    self.others.store(0, Ordering::Relaxed);
                }
                return;
            }
            let number = u64::from(here.number) << 32;
            let count = if others & !u64::from(u32::MAX) == number { (others & u64::from(u32::MAX)) + 1 } else { 1 };
            self.others.store(number | count.min(u64::from(u32::MAX)), Ordering::Relaxed);
            let is_enough = if at == BEGINNING { count == 1 } else { count == ENOUGH };
            if is_enough {
                *self.wish.lock().unwrap_or_else(PoisonError::into_inner) = Some(here.clone());
                self.wished.notify_one();
            }
        });
    }

    /// Waits until the reading had better be somewhere else.
    pub(super) async fn wished(&self) -> Place {
        loop {
            self.wished.notified().await;
            let wish = self.wish.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(place) = wish {
                return place;
            }
        }
    }

    /// The reading is there now; None for where the connection was made.
    pub(super) fn moved_to(&self, place: Option<&Place>) {
        self.at.store(place.map_or(BEGINNING, |place| place.number), Ordering::Relaxed);
        self.others.store(0, Ordering::Relaxed);
    }
}
