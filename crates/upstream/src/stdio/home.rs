//! Where the output of a child is read: on the thread of those who ask, so that an answer reaches them without another
//! thread in between and without a system call to wake theirs. Counts who asks; the reading is [`reading`](super::reading).

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::stdio::later::Later;
use crate::stdio::outbox::Outbox;

/// So many requests come from other threads, and none from where the reading is, before it follows: it is not to go back
/// and forth between threads that all ask, each with many requests at a time. While it is on its way nobody reads.
const ENOUGH: u32 = 1024;

/// How long the reading of a child that wrote too much stays where the connection was made.
const STAY: Duration = Duration::from_secs(1);

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
    wakes: Arc<Later<Waker>>,
    flushes: Arc<Later<Arc<Outbox>>>,
}

/// By what other threads wake tasks of this one, if it reads for others.
pub(super) fn wakes() -> Option<Arc<Later<Waker>>> {
    HERE.with(|here| here.get().map(|here| Arc::clone(&here.wakes)))
}

/// Whether these are of this thread.
pub(super) fn are_here(wakes: &Arc<Later<Waker>>) -> bool {
    HERE.with(|here| here.get().is_some_and(|here| Arc::ptr_eq(&here.wakes, wakes)))
}

/// Has what lies in `outbox` written behind all that are about to run on this thread, whose lines so go out with it; at
/// once where the thread does not read for others.
pub(super) fn flush_soon(outbox: &Arc<Outbox>) {
    HERE.with(|here| match here.get() {
        Some(here) => here.flushes.put_unless(|waiting| Arc::ptr_eq(waiting, outbox), || Arc::clone(outbox)),
        None => outbox.flush(),
    });
}

/// From now on, what children answer to the requests of this thread may be read on its runtime, and what is said to
/// them in one moment is gathered there into one write: that is driven until it is dropped. Does nothing outside of a runtime.
pub fn read_here() {
    static LAST: AtomicU32 = AtomicU32::new(BEGINNING);
    let Ok(runtime) = Handle::try_current() else { return };
    HERE.with(|here| {
        here.get_or_init(|| {
            let wakes = Later::on(&runtime, Waker::wake);
            let flushes = Later::on(&runtime, |outbox: Arc<Outbox>| outbox.flush());
            Place { number: LAST.fetch_add(1, Ordering::Relaxed) + 1, runtime, wakes, flushes }
        });
    });
}

#[derive(Debug, Default)]
pub(crate) struct Home {
    /// The number of the place where the reading is.
    at: AtomicU32,
    /// How often others have asked since somebody there has. May miss some.
    others: AtomicU32,
    wish: Mutex<Wish>,
    wished: Notify,
}

#[derive(Debug, Default)]
struct Wish {
    place: Option<Place>,
    not_before: Option<Instant>,
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
            let others = others.saturating_add(1);
            if at != BEGINNING && others < ENOUGH {
                self.others.store(others, Ordering::Relaxed);
                return;
            }
            self.others.store(0, Ordering::Relaxed);
            let mut wish = self.wish();
            if wish.not_before.is_none_or(|time| Instant::now() >= time) {
                wish.place = Some(here.clone());
                self.wished.notify_one();
            }
        });
    }

    /// Waits until the reading had better be somewhere else.
    pub(super) async fn wished(&self) -> Place {
        loop {
            self.wished.notified().await;
            let place = self.wish().place.take();
            if let Some(place) = place {
                return place;
            }
        }
    }

    /// The reading is where the connection was made, and wishes are not heard for a while.
    pub(super) fn stays(&self) {
        self.moved_to(None);
        *self.wish() = Wish { place: None, not_before: Some(Instant::now() + STAY) };
    }

    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reading is there now; None for where the connection was made.
    pub(super) fn moved_to(&self, place: Option<&Place>) {
        self.at.store(place.map_or(BEGINNING, |place| place.number), Ordering::Relaxed);
        self.others.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::advance;

    use super::{ENOUGH, HERE, Home, Place, STAY, read_here};

    fn wished(home: &Home) -> Option<Place> {
        home.wished().now_or_never()
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_is_heard_at_once_unless_it_was_too_much() {
        let home = Home::default();
        home.asked();
        assert!(wished(&home).is_none(), "this thread does not read for others");
        read_here();
        home.asked();
        let place = wished(&home).expect("the first request");
        home.moved_to(Some(&place));
        home.asked();
        assert!(wished(&home).is_none(), "it is here already");
        home.stays();
        home.asked();
        assert!(wished(&home).is_none(), "too early");
        advance(STAY).await;
        home.asked();
        assert!(wished(&home).is_some());
    }

    /// A home that another thread than this one reads for.
    fn elsewhere() -> (Home, Place) {
        read_here();
        let home = Home::default();
        home.asked();
        let here = wished(&home).expect("the first request");
        let elsewhere = Place { number: u32::MAX, ..here };
        home.moved_to(Some(&elsewhere));
        (home, elsewhere)
    }

    /// Asks so often from this thread, which wishes for nothing by it.
    fn ask(home: &Home, times: u32) {
        for _ in 0..times {
            home.asked();
            assert!(wished(home).is_none());
        }
    }

    #[tokio::test]
    async fn others_have_to_ask_many_times() {
        let (home, _) = elsewhere();
        ask(&home, ENOUGH - 1);
        home.asked();
        assert!(wished(&home).is_some());
    }

    #[tokio::test]
    async fn it_stays_where_somebody_asks_as_well() {
        let (home, elsewhere) = elsewhere();
        for _ in 0..3 {
            ask(&home, ENOUGH - 1);
            let there = elsewhere.clone();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    HERE.with(|here| here.set(there).expect("a fresh thread"));
                    home.asked();
                });
            });
        }
        ask(&home, ENOUGH - 1);
    }
}
