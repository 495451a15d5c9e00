//! The standing streams of one session: those that a client opens for news about no request. All of them stay open, as
//! one that the server ends is opened again by its client, but each piece of news goes out on one: the newest, and when
//! that closes, the one before it. Knows no news.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// So many streams a session may have; with a further one the oldest ends.
const MOST: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Standing(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    last: u64,
    /// The newest is the last.
    open: VecDeque<One>,
    over: bool,
}

#[derive(Debug)]
struct One {
    number: u64,
    /// The log that it goes through, where it has one.
    log: Option<u64>,
    waker: Waker,
}

impl Standing {
    /// Opens a stream and gives its number. It takes the place of an earlier one with the same log. None when the session
    /// is over.
    pub(super) fn open(&self, log: Option<u64>) -> Option<u64> {
        let mut all = self.lock();
        if all.over {
            return None;
        }
        let earlier = all.open.iter().position(|one| log.is_some() && one.log == log);
        let ended = match earlier {
            Some(at) => all.open.remove(at),
            None if all.open.len() < MOST => None,
            None => all.open.pop_front(),
        };
        all.last += 1;
        let number = all.last;
        all.open.push_back(One { number, log, waker: Waker::noop().clone() });
        drop(all);
        if let Some(ended) = ended {
            ended.waker.wake();
        }
        Some(number)
    }

    /// What `news` gives, for the newest stream; the others wait. None once the stream is not open any more.
    pub(super) fn poll<T>(
        &self,
        number: u64,
        cx: &mut Context<'_>,
        news: impl FnOnce(&mut Context<'_>) -> Poll<Option<T>>,
    ) -> Poll<Option<T>> {
        let mut all = self.lock();
        let newest = all.open.back().map(|one| one.number);
        let Some(one) = all.open.iter_mut().find(|one| one.number == number) else { return Poll::Ready(None) };
        one.waker.clone_from(cx.waker());
        if newest == Some(number) {
            // Under the lock: news wake the one who has asked for them last, and that has to be the newest.
            return news(cx);
        }
        Poll::Pending
    }

    /// `by` has put something into `log`: wakes who reads it, where that is another one.
    pub(super) fn wake(&self, log: u64, by: u64) {
        let all = self.lock();
        let reader = all.open.iter().find(|one| one.log == Some(log) && one.number != by);
        let waker = reader.map(|reader| reader.waker.clone());
        drop(all);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn close(&self, number: u64) {
        let mut all = self.lock();
        all.open.retain(|one| one.number != number);
        let newest = all.open.back().map(|one| one.waker.clone());
        drop(all);
        if let Some(newest) = newest {
            newest.wake();
        }
    }

    /// The session is over: every stream ends.
    pub(super) fn end(&self) {
        let mut all = self.lock();
        all.over = true;
        let open = std::mem::take(&mut all.open);
        drop(all);
        open.into_iter().for_each(|one| one.waker.wake());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().open.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::{MOST, Standing};

    /// Whoever reads one stream.
    #[derive(Default)]
    struct Reader(AtomicBool);

    impl Wake for Reader {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    impl Reader {
        fn was_woken(&self) -> bool {
            self.0.swap(false, Ordering::Relaxed)
        }

        /// Reads a stream of `standing`, where `news` wait.
        fn read(self: &Arc<Self>, number: u64, standing: &Standing, news: &mut VecDeque<u32>) -> Poll<Option<u32>> {
            let waker = Waker::from(Arc::clone(self));
            standing.poll(number, &mut Context::from_waker(&waker), |_| {
                news.pop_front().map_or(Poll::Pending, |one| Poll::Ready(Some(one)))
            })
        }
    }

    #[test]
    fn the_newest_gives_the_news_and_then_the_one_before_it() {
        let (standing, mut news) = (Standing::default(), VecDeque::from([1, 2]));
        let readers: [Arc<Reader>; 3] = Default::default();
        let [one, two, three] = [(); 3].map(|()| standing.open(None).expect("a stream"));
        for (reader, number) in readers.iter().zip([one, two]) {
            assert_eq!(reader.read(number, &standing, &mut news), Poll::Pending);
        }
        assert_eq!(readers[2].read(three, &standing, &mut news), Poll::Ready(Some(1)));

        standing.close(two);
        assert_eq!(readers[0].read(one, &standing, &mut news), Poll::Pending, "the newest is still there");
        readers[0].was_woken();
        standing.close(three);
        assert!(readers[0].was_woken(), "now it is the newest");
        assert_eq!(readers[0].read(one, &standing, &mut news), Poll::Ready(Some(2)));
        standing.close(one);
        assert!(standing.is_empty());
    }

    #[test]
    fn a_further_one_ends_the_oldest_and_the_end_ends_all() {
        let (standing, mut news) = (Standing::default(), VecDeque::new());
        let (oldest, next): (Arc<Reader>, Arc<Reader>) = Default::default();
        let numbers: Vec<u64> = (0..MOST).filter_map(|_| standing.open(None)).collect();
        assert_eq!(oldest.read(numbers[0], &standing, &mut news), Poll::Pending);
        assert_eq!(next.read(numbers[1], &standing, &mut news), Poll::Pending);
        assert!(standing.open(None).is_some());
        assert!(oldest.was_woken() && !next.was_woken());
        assert_eq!(oldest.read(numbers[0], &standing, &mut news), Poll::Ready(None));
        assert_eq!(next.read(numbers[1], &standing, &mut news), Poll::Pending);

        standing.end();
        assert!(next.was_woken());
        assert_eq!(next.read(numbers[1], &standing, &mut news), Poll::Ready(None));
        assert_eq!(standing.open(None), None);
    }

    #[test]
    fn who_reads_a_log_hears_what_others_put_there() {
        let (standing, mut news) = (Standing::default(), VecDeque::new());
        let readers: [Arc<Reader>; 3] = Default::default();
        let numbers = [Some(7), None, Some(8)].map(|log| standing.open(log).expect("a stream"));
        for (reader, number) in readers.iter().zip(numbers) {
            assert_eq!(reader.read(number, &standing, &mut news), Poll::Pending);
        }
        let gone = 100;
        for (by, woken) in [(gone, [true, false, false]), (numbers[2], [true, false, false]), (numbers[0], [false; 3])]
        {
            standing.wake(7, by);
            assert_eq!(readers.each_ref().map(|reader| reader.was_woken()), woken, "{by}");
        }
        standing.wake(9, gone);
        assert!(!readers.iter().any(|reader| reader.was_woken()), "nobody reads that one");
    }

    #[test]
    fn one_that_goes_on_takes_the_place_of_the_one_that_was_lost() {
        let (standing, mut news) = (Standing::default(), VecDeque::from([1]));
        let (lost, other, again): (Arc<Reader>, Arc<Reader>, Arc<Reader>) = Default::default();
        let [one, two] = [7, 8].map(|log| standing.open(Some(log)).expect("a stream"));
        assert_eq!(lost.read(one, &standing, &mut VecDeque::new()), Poll::Pending);
        let three = standing.open(Some(7)).expect("a stream");
        assert!(lost.was_woken());
        assert_eq!(lost.read(one, &standing, &mut news), Poll::Ready(None));
        assert_eq!(other.read(two, &standing, &mut news), Poll::Pending);
        assert_eq!(again.read(three, &standing, &mut news), Poll::Ready(Some(1)));
        standing.close(three);
        standing.close(two);
        assert!(standing.is_empty());
    }
}
