//! The waker of a connection that is driven by whoever waits for it. What such a connection does to itself, such as
//! handing over a response, would wake the task that is just driving it, which then is polled once more with each call for
//! nothing; and a task that is polled for another reason need not look at a connection on which nothing has happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// So often in one go, then the task is woken like any other: who has used up what the runtime gives a task at once is
/// woken each time, and has to let others have their turn.
const ROUNDS: usize = 4;

/// Nothing has happened since it was driven.
const IDLE: u8 = 0;
const WOKEN: u8 = 1;
const DRIVING: u8 = 2;
/// Driving, and woken meanwhile.
const AGAIN: u8 = 3;

pub(crate) struct Waking {
    state: Arc<State>,
    waker: Waker,
}

#[derive(Default)]
struct State {
    at: AtomicU8,
    /// The task that waits.
    task: AtomicWaker,
}

impl Wake for State {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let woken = |at| match at {
            IDLE => Some(WOKEN),
            DRIVING => Some(AGAIN),
            _ => None,
        };
        // Either the driver finds `AGAIN` where it left `DRIVING`, or it is gone and its task is woken.
        if self.at.fetch_update(Ordering::AcqRel, Ordering::Acquire, woken) == Ok(IDLE) {
            self.task.wake();
        }
    }
}

impl Waking {
    pub(crate) fn new() -> Self {
        let state = Arc::<State>::default();
        Self { waker: Waker::from(Arc::clone(&state)), state }
    }

    /// Waits for what `poll` brings. It is polled once at least, then whenever it was woken, until nothing more can be done
    /// without waiting.
    pub(crate) async fn drive<T>(&self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        let mut is_first = true;
        std::future::poll_fn(|cx| self.poll(cx, std::mem::take(&mut is_first), &mut poll)).await
    }

    fn poll<T>(&self, cx: &Context<'_>, is_first: bool, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let state = &*self.state;
        // Before the look: who wakes after it finds this task.
        state.task.register(cx.waker());
        if !is_first && state.at.load(Ordering::Acquire) == IDLE {
            return Poll::Pending;
        }
        for _ in 0..ROUNDS {
            state.at.store(DRIVING, Ordering::Release);
            let polled = poll(&mut Context::from_waker(&self.waker));
            let woken = state.at.swap(IDLE, Ordering::AcqRel) == AGAIN;
            if polled.is_ready() || !woken {
                return polled;
            }
        }
        self.waker.wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::{ROUNDS, Waking};

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A task that drives something.
    struct Task {
        waking: Waking,
        woken: Arc<Counter>,
        polls: usize,
        last: Waker,
    }

    impl Task {
        fn new() -> Self {
            Self { waking: Waking::new(), woken: Arc::default(), polls: 0, last: Waker::noop().clone() }
        }

        /// One poll of the task, by something that wakes itself in its first so many polls.
        fn poll(&mut self, is_first: bool, wakes: usize) {
            let waker = Waker::from(Arc::clone(&self.woken));
            let polled: Poll<()> = self.waking.poll(&Context::from_waker(&waker), is_first, |cx| {
                self.polls += 1;
                if self.polls <= wakes {
                    cx.waker().wake_by_ref();
                }
                self.last = cx.waker().clone();
                Poll::Pending
            });
            assert!(polled.is_pending());
        }

        fn seen(&self) -> (usize, usize) {
            (self.polls, self.woken.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn what_wakes_itself_is_polled_again_at_once_and_its_task_is_not_woken() {
        let mut task = Task::new();
        task.poll(true, 2);
        assert_eq!(task.seen(), (3, 0));
    }

    #[test]
    fn what_wakes_itself_without_end_lets_others_have_their_turn() {
        let mut task = Task::new();
        task.poll(true, usize::MAX);
        assert_eq!(task.seen(), (ROUNDS, 1));
        task.poll(false, usize::MAX);
        assert_eq!(task.seen(), (2 * ROUNDS, 2), "it goes on where it was");
    }

    #[test]
    fn a_task_that_is_polled_for_another_reason_does_not_poll_it() {
        let mut task = Task::new();
        task.poll(true, 0);
        task.poll(false, 0);
        assert_eq!(task.seen(), (1, 0));
        task.last.wake_by_ref();
        task.last.wake_by_ref();
        assert_eq!(task.seen(), (1, 1), "one wake is enough");
        task.poll(false, 0);
        assert_eq!(task.seen(), (2, 1));
        task.poll(true, 0);
        assert_eq!(task.seen(), (3, 1), "something new is polled in any case");
    }

    #[test]
    fn no_wake_from_another_thread_is_lost() {
        for _ in 0..2000 {
            let mut task = Task::new();
            task.poll(true, 0);
            let waker = task.last.clone();
            let waking = std::thread::spawn(move || waker.wake());
            task.poll(true, 0);
            waking.join().expect("it wakes");
            let (polls, woken) = task.seen();
            // Woken before the second poll, during it, or after it.
            assert!(matches!((polls, woken), (2, 1) | (3, 0)), "{polls} polls, woken {woken} times");
        }
    }
}
