//! Looks for work a moment longer before the thread goes to sleep, where work has been following closely: being put to
//! sleep and woken up takes longer than many a call. Does nothing where work is rarer than that.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::rt;
use tokio::sync::{Notify, Semaphore};
use tokio::task;

/// The idle polling of one worker.
pub(super) struct IdlePoll {
    longest: Duration,
    pace: Cell<Pace>,
    polls: Cell<bool>,
    /// How many workers may poll at a time.
    places: Arc<Semaphore>,
    wanted: Notify,
}

/// Whether work follows closely, from the pauses in between.
#[derive(Debug, Clone, Copy)]
struct Pace {
    last: Instant,
    /// Rises with each short pause up to [`Pace::MOST`], and falls faster with each long one.
    close: u8,
}

/// So many workers of all may poll at a time. The others' processors are for those they work with.
pub(super) fn places(workers: usize) -> usize {
    (workers / 2).max(1)
}

impl IdlePoll {
    /// Polls in a task of this thread, for at most `longest` since there was something to do.
    pub(super) fn start(longest: Duration, places: Arc<Semaphore>) -> Rc<Self> {
        let pace = Cell::new(Pace::new(Instant::now()));
        let idle_poll = Rc::new(Self { longest, pace, polls: Cell::new(false), places, wanted: Notify::new() });
        if !longest.is_zero() {
            rt::spawn(Rc::clone(&idle_poll).run());
        }
        idle_poll
    }

    /// Something was done: a request has come, or its answer.
    pub(super) fn note(&self) {
        if self.longest.is_zero() {
            return;
        }
        let mut pace = self.pace.get();
        pace.note(Instant::now(), self.longest);
        self.pace.set(pace);
        if pace.is_close() && !self.polls.get() && self.places.available_permits() > 0 {
            self.wanted.notify_one();
        }
    }

    /// What has come was refused. Nobody is to keep a processor busy who may do nothing else here.
    pub(super) fn note_refused(&self) {
        let mut pace = self.pace.get();
        pace.slow_down();
        self.pace.set(pace);
    }

    async fn run(self: Rc<Self>) {
        loop {
            self.wanted.notified().await;
            let Ok(_place) = self.places.try_acquire() else { continue };
            self.polls.set(true);
            while self.pace.get().expects(Instant::now(), self.longest) {
                // Whoever else wants this processor comes first.
                thread::yield_now();
                // The runtime looks for events, and comes back.
                task::yield_now().await;
            }
            self.polls.set(false);
        }
    }
}

impl Pace {
    const SURE: u8 = 16;
    const MOST: u8 = 32;
    const FALL: u8 = 8;

    const fn new(now: Instant) -> Self {
        Self { last: now, close: 0 }
    }

    fn note(&mut self, now: Instant, longest: Duration) {
        let pause = now.saturating_duration_since(self.last);
        self.last = now;
        if pause <= longest {
            self.close = Self::MOST.min(self.close + 1);
        } else {
            self.slow_down();
        }
    }

    const fn slow_down(&mut self) {
        self.close = self.close.saturating_sub(Self::FALL);
    }

    const fn is_close(self) -> bool {
        self.close >= Self::SURE
    }

    /// Whether there is likely to be something to do very soon.
    fn expects(self, now: Instant, longest: Duration) -> bool {
        self.is_close() && now.saturating_duration_since(self.last) <= longest
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use tokio::sync::Semaphore;
    use tokio::task;

    use super::{IdlePoll, Pace, places};

    const LONGEST: Duration = Duration::from_micros(100);
    const SHORT: Duration = Duration::from_micros(60);
    const LONG: Duration = Duration::from_millis(1);

    /// A pace after pauses, and the time.
    fn paced(pauses: impl IntoIterator<Item = Duration>) -> (Pace, Instant) {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for pause in pauses {
            now += pause;
            pace.note(now, LONGEST);
        }
        (pace, now)
    }

    #[test]
    fn expects_work_after_many_short_pauses_and_not_for_long() {
        let (pace, now) = paced([SHORT; 15]);
        assert!(!pace.expects(now, LONGEST), "too few");
        let (pace, now) = paced([SHORT; 16]);
        assert!(pace.expects(now + LONGEST, LONGEST));
        assert!(!pace.expects(now + LONGEST + Duration::from_micros(1), LONGEST));
    }

    #[test]
    fn one_long_pause_among_many_short_ones_is_no_reason_to_stop_and_some_in_a_row_are() {
        for (long, expects) in [(1, true), (2, true), (3, false)] {
            let (pace, now) = paced([SHORT; 1000].into_iter().chain((0..long).map(|_| LONG)));
            assert_eq!(pace.expects(now, LONGEST), expects, "{long} long pauses");
        }
    }

    #[test]
    fn a_client_that_thinks_between_quick_calls_is_not_waited_for() {
        let (pace, now) = paced([SHORT, LONG].into_iter().cycle().take(1000));
        assert!(!pace.expects(now, LONGEST));
    }

    #[test]
    fn who_is_refused_is_not_waited_for_however_quickly_more_comes() {
        let (mut pace, mut now) = paced([SHORT; 1000]);
        for refused in 1..=1000 {
            now += SHORT;
            pace.note(now, LONGEST);
            pace.slow_down();
            assert!(refused < 3 || !pace.expects(now, LONGEST), "{refused} refused");
        }
    }

    #[test]
    fn half_of_the_workers_poll_and_at_least_one() {
        assert_eq!([1, 2, 3, 4, 16].map(places), [1, 1, 1, 2, 8]);
    }

    /// Where nearly everything is a short pause, noted so often that it polls.
    fn hurried(longest: Duration, places: &Arc<Semaphore>) -> Rc<IdlePoll> {
        let idle_poll = IdlePoll::start(longest, Arc::clone(places));
        for _ in 0..Pace::MOST {
            idle_poll.note();
        }
        idle_poll
    }

    /// Longer than a test takes.
    const AGES: Duration = Duration::from_secs(3600);

    #[actix_web::test]
    async fn polls_until_it_is_no_longer_likely_and_leaves_its_place_to_others() {
        let places = Arc::new(Semaphore::new(1));
        let first = hurried(AGES, &places);
        while !first.polls.get() {
            task::yield_now().await;
        }
        let second = hurried(AGES, &places);
        for _ in 0..100 {
            task::yield_now().await;
            assert!(first.polls.get() && !second.polls.get(), "there is one place");
        }
        for _ in 0..3 {
            first.note_refused();
        }
        while first.polls.get() {
            task::yield_now().await;
        }
        assert_eq!(places.available_permits(), 1);
        second.note();
        while !second.polls.get() {
            task::yield_now().await;
        }
        assert_eq!(places.available_permits(), 0);
    }

    #[actix_web::test]
    async fn never_polls_where_it_may_not() {
        let places = Arc::new(Semaphore::new(1));
        let idle_poll = hurried(Duration::ZERO, &places);
        for _ in 0..100 {
            task::yield_now().await;
        }
        assert!(!idle_poll.polls.get());
        assert_eq!(places.available_permits(), 1);
    }
}
