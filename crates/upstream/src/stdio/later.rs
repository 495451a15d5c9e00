//! What is to be done on one thread, done there for all that has come since it last looked: waking the tasks of callers,
//! which takes a system call for each when another thread does it, or writing what they have said to a child.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Things of one kind that wait for one thread. In order, and each is done exactly once.
#[derive(Debug)]
pub(super) struct Later<T> {
    act: fn(T),
    state: Mutex<State<T>>,
    come: Notify,
}

#[derive(Debug)]
struct State<T> {
    waiting: Vec<T>,
    /// The thread does nothing more; things are done by whoever brings them.
    ended: bool,
}

impl<T: Send + 'static> Later<T> {
    /// Has `act` called on `runtime`, which is one of a single thread, for as long as that is driven.
    pub(super) fn on(runtime: &Handle, act: fn(T)) -> Arc<Self> {
        let state = Mutex::new(State { waiting: Vec::new(), ended: false });
        let later = Arc::new(Self { act, state, come: Notify::new() });
        runtime.spawn(Doing(Arc::clone(&later)).run());
        later
    }

    pub(super) fn put(&self, thing: T) {
        self.put_unless(|_| false, || thing);
    }

    /// Puts down what `thing` makes, unless one waits already of which `is_same` holds.
    pub(super) fn put_unless(&self, is_same: impl Fn(&T) -> bool, thing: impl FnOnce() -> T) {
        let mut state = self.state();
        if state.ended {
            drop(state);
            return (self.act)(thing());
        }
        if state.waiting.iter().any(is_same) {
            return;
        }
        state.waiting.push(thing());
        let is_first = state.waiting.len() == 1;
        drop(state);
        if is_first {
            self.come.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends it when it is dropped with its runtime, and does what is left.
struct Doing<T: Send + 'static>(Arc<Later<T>>);

impl<T: Send + 'static> Doing<T> {
    async fn run(self) {
        let later = &*self.0;
        let mut taken = Vec::new();
        loop {
            later.come.notified().await;
            std::mem::swap(&mut taken, &mut later.state().waiting);
            taken.drain(..).for_each(later.act);
        }
    }
}

impl<T: Send + 'static> Drop for Doing<T> {
    fn drop(&mut self) {
        let left = {
            let mut state = self.0.state();
            state.ended = true;
            std::mem::take(&mut state.waiting)
        };
        left.into_iter().for_each(self.0.act);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use tokio::runtime::{Builder, Handle, Runtime};

    use super::Later;

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
        let later = Later::on(runtime.handle(), Waker::wake);
        for round in 1..=2 {
            let count = Arc::new(Count::default());
            for _ in 0..3 {
                later.put(Waker::from(Arc::clone(&count)));
            }
            assert_eq!(count.is(), 0, "round {round}: not on this thread");
            turn(&runtime);
            assert_eq!(count.is(), 3, "round {round}");
        }
    }

    #[test]
    fn what_is_there_already_is_not_put_down_again() {
        let runtime = runtime();
        let later = Later::on(runtime.handle(), Waker::wake);
        let (one, other) = (Arc::new(Count::default()), Arc::new(Count::default()));
        for round in 1..=2 {
            for count in [&one, &other, &one, &other] {
                let waker = Waker::from(Arc::clone(count));
                later.put_unless(|waiting| waiting.will_wake(&waker), || waker.clone());
            }
            turn(&runtime);
            assert_eq!((one.is(), other.is()), (round, round));
        }
    }

    #[test]
    fn what_is_left_when_the_runtime_ends_is_woken_and_what_comes_later_too() {
        let runtime = runtime();
        let later = Later::on(runtime.handle(), Waker::wake);
        turn(&runtime);
        let count = Arc::new(Count::default());
        later.put(Waker::from(Arc::clone(&count)));
        drop(runtime);
        assert_eq!(count.is(), 1);
        later.put(Waker::from(Arc::clone(&count)));
        assert_eq!(count.is(), 2);
    }

    #[test]
    fn a_runtime_that_is_gone_does_nothing_and_nothing_is_lost() {
        let gone: Handle = runtime().handle().clone();
        let later = Later::on(&gone, Waker::wake);
        let count = Arc::new(Count::default());
        later.put(Waker::from(Arc::clone(&count)));
        assert_eq!(count.is(), 1);
    }
}
