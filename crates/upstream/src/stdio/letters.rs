//! Wakes tasks on another thread. That takes a system call for each, unless one of them is woken first, on that thread, and
//! wakes the others there: many answers come at once, and most are for the same few threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::runtime::Handle;
use tokio::sync::Notify;

/// What is to be woken on one thread.
#[derive(Debug, Default)]
pub(super) struct Letters {
    state: Mutex<State>,
    come: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Waker>,
    /// Nobody delivers them any more.
    ended: bool,
}

impl Letters {
    /// Delivered on `runtime`, which is one of a single thread, for as long as that is driven.
    pub(super) fn delivered_on(runtime: &Handle) -> Arc<Self> {
        let letters = Arc::new(Self::default());
        runtime.spawn(Delivery(Arc::clone(&letters)).run());
        letters
    }

    /// Has a task woken that is on the thread of these letters.
    pub(super) fn put(&self, waker: Waker) {
        let mut state = self.state();
        if state.ended {
            drop(state);
            return waker.wake();
        }
        state.waiting.push(waker);
        let is_first = state.waiting.len() == 1;
        drop(state);
        if is_first {
            self.come.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the letters when it is dropped with its runtime; what is left is woken directly, in case that it is elsewhere.
struct Delivery(Arc<Letters>);

impl Delivery {
    async fn run(self) {
        let letters = &*self.0;
        let mut taken = Vec::new();
        loop {
            letters.come.notified().await;
            std::mem::swap(&mut taken, &mut letters.state().waiting);
            taken.drain(..).for_each(Waker::wake);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let left = {
            let mut state = self.0.state();
            state.ended = true;
            std::mem::take(&mut state.waiting)
        };
        left.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use tokio::runtime::{Builder, Handle, Runtime};

    use super::Letters;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn is(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().build().expect("a runtime")
    }

    /// All that is ready has run.
    fn turn(runtime: &Runtime) {
        runtime.block_on(async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
        });
    }

    #[test]
    fn all_are_woken_when_the_thread_comes_to_it() {
        let runtime = runtime();
        let letters = Letters::delivered_on(runtime.handle());
        for round in 1..=2 {
            let count = Arc::new(Count::default());
            for _ in 0..3 {
                letters.put(Waker::from(Arc::clone(&count)));
            }
            assert_eq!(count.is(), 0, "round {round}: not on this thread");
            turn(&runtime);
            assert_eq!(count.is(), 3, "round {round}");
        }
    }

    #[test]
    fn what_is_left_when_the_runtime_ends_is_woken_and_what_comes_later_too() {
        let runtime = runtime();
        let letters = Letters::delivered_on(runtime.handle());
        turn(&runtime);
        let count = Arc::new(Count::default());
        letters.put(Waker::from(Arc::clone(&count)));
        drop(runtime);
        assert_eq!(count.is(), 1);
        letters.put(Waker::from(Arc::clone(&count)));
        assert_eq!(count.is(), 2);
    }

    #[test]
    fn a_runtime_that_is_gone_delivers_nothing_and_nothing_is_lost() {
        let gone: Handle = runtime().handle().clone();
        let letters = Letters::delivered_on(&gone);
        let count = Arc::new(Count::default());
        letters.put(Waker::from(Arc::clone(&count)));
        assert_eq!(count.is(), 1);
    }
}
