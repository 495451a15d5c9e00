//! What waits for the database: the segments of this process in order, and what is counted about them. Appends on one
//! side, gives to [`drain`](super::drain) on the other. Does not know the database.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::call::Call;
use orch_domain::port::call_log::CallLogError;
use tokio::sync::{Notify, watch};

use crate::config::JournalConfig;
use crate::journal::frame;
use crate::journal::segment::{HEADER, Segment};

/// More lanes than threads that append would be of no use.
const LANES: usize = 4;

/// Which lane the next new thread gets.
static NEXT_LANE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static LANE: usize = NEXT_LANE.fetch_add(1, Ordering::Relaxed) % LANES;
    /// Where frames are built, so that an append neither allocates nor builds under the lock.
    static FRAME: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(1024));
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) config: JournalConfig,
    /// The segments that are appended to, one for a group of threads each, so that threads do not wait for each
    /// other's writes. Begun when first needed; none is left once the journal is closed.
    lanes: [Mutex<Option<Arc<Segment>>>; LANES],
    closed: AtomicBool,
    /// Full segments and leftovers, the oldest first.
    sealed: Mutex<VecDeque<Arc<Segment>>>,
    waiting_bytes: AtomicU64,
    waiting_records: AtomicU64,
    /// Counts all records that ever waited here; [`Queue::done`] follows it.
    appended: AtomicU64,
    done: watch::Sender<u64>,
    /// Set while the disk does not take what is written; why is in the trouble.
    broken: AtomicBool,
    trouble: Mutex<Trouble>,
    /// Wakes up the drain: something waits now, a batch is full, or somebody wants it flushed.
    pub(crate) wake: Notify,
    /// How many wait for a flush.
    pub(crate) flushing: AtomicU64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    /// Why the disk does not take what is written.
    unwritable: Option<String>,
    pub(crate) last_error: Option<String>,
    pub(crate) corrupt_segments: u64,
    pub(crate) rejected_records: u64,
}

impl Queue {
    /// Takes over what dead processes have left, and makes sure that a segment of its own can be begun.
    pub(crate) fn open(config: JournalConfig) -> io::Result<Self> {
        let leftovers: VecDeque<_> = Segment::adopt_all(&config.dir)?.into_iter().map(Arc::new).collect();
        let first = Some(Arc::new(Segment::create(&config.dir)?));
        let bytes = leftovers.iter().map(|segment| segment.waiting()).sum();
        let records = leftovers.iter().map(|segment| segment.records()).sum();
        Ok(Self {
            config,
            lanes: [Mutex::new(first), Mutex::default(), Mutex::default(), Mutex::default()],
            closed: AtomicBool::new(false),
            sealed: Mutex::new(leftovers),
            waiting_bytes: AtomicU64::new(bytes),
            waiting_records: AtomicU64::new(records),
            appended: AtomicU64::new(records),
            done: watch::Sender::new(0),
            broken: AtomicBool::new(false),
            trouble: Mutex::default(),
            wake: Notify::new(),
            flushing: AtomicU64::new(0),
        })
    }

    pub(crate) fn append(&self, call: &Call) -> Result<(), CallLogError> {
        let waiting = FRAME.with_borrow_mut(|frame| {
            frame::build(call, frame);
            self.append_frame(frame)
        })?;
        if waiting == 1 || waiting == self.config.batch_records as u64 {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn lane(&self) -> &Mutex<Option<Arc<Segment>>> {
        let [first, ..] = &self.lanes;
        self.lanes.get(LANE.with(|lane| *lane)).unwrap_or(first)
    }

    /// Gives how many records wait now.
    fn append_frame(&self, frame: &[u8]) -> Result<u64, CallLogError> {
        let len = frame.len() as u64;
        let mut lane = lock(self.lane());
        let bytes = self.waiting_bytes();
        if bytes + len > self.config.max_bytes {
            return Err(CallLogError::Full { bytes });
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(CallLogError::Unwritable { reason: "it is closed".to_owned() });
        }
        let written = self.segment_for(&mut lane, len).and_then(|segment| segment.write(frame).map(|()| segment));
        let segment = match written {
            Ok(segment) => segment,
            Err(error) => {
                drop(lane);
                let reason = error.to_string();
                self.note_broken(&reason);
                return Err(CallLogError::Unwritable { reason });
            }
        };
        // Counted before it can be seen and drained, so that no count goes below zero.
        self.waiting_bytes.fetch_add(len, Ordering::AcqRel);
        let before = self.waiting_records.fetch_add(1, Ordering::AcqRel);
        self.appended.fetch_add(1, Ordering::AcqRel);
        segment.publish(len);
        Ok(before + 1)
    }

    /// The lane's segment, or a new one when there is none or it is full. When no file can be made, the old one just
    /// grows.
    fn segment_for(&self, lane: &mut Option<Arc<Segment>>, len: u64) -> io::Result<Arc<Segment>> {
        if let Some(segment) = lane {
            let has_room = segment.end() <= HEADER || segment.end() + len <= self.config.segment_bytes;
            if has_room {
                return Ok(Arc::clone(segment));
            }
        }
        match (Segment::create(&self.config.dir), &mut *lane) {
            (Ok(new), lane) => {
                let new = Arc::new(new);
                if let Some(full) = lane.replace(Arc::clone(&new)) {
                    lock(&self.sealed).push_back(full);
                }
                Ok(new)
            }
            (Err(error), Some(full)) => {
                self.note_error(format!("no new segment can be begun: {error}"));
                Ok(Arc::clone(full))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Why no further call should be begun.
    pub(crate) fn check(&self) -> Result<(), CallLogError> {
        if self.broken.load(Ordering::Acquire) {
            let reason = self.trouble().unwritable.unwrap_or_else(|| "the disk does not take it".to_owned());
            return Err(CallLogError::Unwritable { reason });
        }
        let bytes = self.waiting_bytes();
        // Room is left for the calls that are under way.
        let room = (self.config.max_bytes / 8).min(1024 * 1024);
        if bytes + room > self.config.max_bytes { Err(CallLogError::Full { bytes }) } else { Ok(()) }
    }

    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes.load(Ordering::Acquire)
    }

    pub(crate) fn waiting_records(&self) -> u64 {
        self.waiting_records.load(Ordering::Acquire)
    }

    pub(crate) fn appended(&self) -> u64 {
        self.appended.load(Ordering::Acquire)
    }

    /// How many of [`Queue::appended`] are done with.
    pub(crate) fn done(&self) -> watch::Receiver<u64> {
        self.done.subscribe()
    }

    /// Every segment in which something waits, and how far.
    pub(crate) fn ends(&self) -> Vec<(Arc<Segment>, u64)> {
        // Lanes first: a segment that is sealed between the two steps is in one of them for certain.
        let mut segments = self.open_segments();
        segments.extend(lock(&self.sealed).iter().map(Arc::clone));
        segments.retain(|segment| segment.waiting() > 0);
        segments.into_iter().map(|segment| (Arc::clone(&segment), segment.end())).collect()
    }

    fn open_segments(&self) -> Vec<Arc<Segment>> {
        self.lanes.iter().filter_map(|lane| lock(lane).as_ref().map(Arc::clone)).collect()
    }

    /// The segment to go on with: the oldest of those that are not appended to any more, with bytes to drain or a file to
    /// remove; else that lane in which most waits, so that batches are large. What waits counts for more each time that
    /// another lane is preferred: no lane waits for the others to be empty.
    pub(crate) fn front(&self) -> Option<Arc<Segment>> {
        if let Some(segment) = lock(&self.sealed).front() {
            return Some(Arc::clone(segment));
        }
        let mut open = self.open_segments();
        open.retain(|segment| segment.waiting() > 0);
        let weight = |segment: &Arc<Segment>| {
            segment.waiting().saturating_mul(segment.passed_over.load(Ordering::Relaxed).saturating_add(1))
        };
        open.into_iter().max_by_key(weight)
    }

    /// Everything of `segment` before `offset` is done with, of which `records` were frames.
    pub(crate) fn advance(&self, segment: &Segment, offset: u64, records: u64) -> io::Result<()> {
        let bytes = offset.saturating_sub(segment.drained());
        let noted = segment.advance(offset, records);
        for other in self.open_segments() {
            other.passed_over.fetch_add(1, Ordering::Relaxed);
        }
        segment.passed_over.store(0, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.count_done(records);
        noted
    }

    fn count_done(&self, records: u64) {
        self.waiting_records.fetch_sub(records, Ordering::AcqRel);
        self.done.send_modify(|done| *done += records);
    }

    /// Ends `segment` if it is drained and no longer appended to.
    pub(crate) fn retire(&self, segment: &Arc<Segment>) -> io::Result<()> {
        let mut sealed = lock(&self.sealed);
        let finished = segment.waiting() == 0 && sealed.front().is_some_and(|front| Arc::ptr_eq(front, segment));
        if !finished {
            return Ok(());
        }
        sealed.pop_front();
        drop(sealed);
        // Frames that turned out unreadable: nobody waits for them any longer.
        self.count_done(segment.records());
        self.end_file(segment)
    }

    fn end_file(&self, segment: &Segment) -> io::Result<()> {
        if let Some(kept) = segment.retire()? {
            tracing::error!(file = %kept.display(),
                "a journal segment was damaged; what could be read of it is stored, the file is kept");
            lock(&self.trouble).corrupt_segments += 1;
        }
        Ok(())
    }

    pub(crate) fn unsynced(&self) -> Vec<Arc<Segment>> {
        let sealed = lock(&self.sealed);
        sealed.iter().filter(|segment| !segment.synced.load(Ordering::Acquire)).map(Arc::clone).collect()
    }

    /// Takes nothing more. Files of this process in which nothing is left go.
    pub(crate) fn close(&self) -> io::Result<()> {
        self.closed.store(true, Ordering::Release);
        for lane in &self.lanes {
            let Some(segment) = lock(lane).take() else { continue };
            if segment.waiting() == 0 {
                self.end_file(&segment)?;
            } else {
                segment.sync()?;
            }
        }
        Ok(())
    }

    fn note_broken(&self, reason: &str) {
        {
            let mut trouble = lock(&self.trouble);
            trouble.unwritable = Some(reason.to_owned());
            trouble.last_error = Some(reason.to_owned());
        }
        if !self.broken.swap(true, Ordering::AcqRel) {
            tracing::error!(error = %reason, "the journal cannot be written, no call is taken");
        }
        self.wake.notify_one();
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Sees whether the disk takes bytes again, also in a file that is begun: a lane without one needs one.
    pub(crate) fn mend(&self) {
        let goes_on =
            |lane: &Mutex<Option<Arc<Segment>>>| lock(lane).as_ref().map_or(Ok(()), |segment| segment.probe());
        let tried = self.lanes.iter().try_for_each(goes_on).and_then(|()| Segment::try_to_begin(&self.config.dir));
        let mut trouble = lock(&self.trouble);
        trouble.unwritable = tried.err().map(|error| error.to_string());
        let mended = trouble.unwritable.is_none();
        drop(trouble);
        if mended {
            self.broken.store(false, Ordering::Release);
            tracing::info!("the journal can be written again");
        }
    }

    pub(crate) fn note_error(&self, error: String) {
        lock(&self.trouble).last_error = Some(error);
    }

    pub(crate) fn clear_error(&self) {
        if !self.is_broken() {
            lock(&self.trouble).last_error = None;
        }
    }

    pub(crate) fn note_rejected(&self, records: u64) {
        lock(&self.trouble).rejected_records += records;
    }

    pub(crate) fn trouble(&self) -> Trouble {
        lock(&self.trouble).clone()
    }
}

impl Drop for Queue {
    /// Of a start that failed half way, too, no file is left in which there is nothing.
    fn drop(&mut self) {
        // Another start removes what stays.
        let _ = self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is right after every single step, so a panic elsewhere has broken nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use orch_testkit::builders::a_call;

    use super::Queue;
    use crate::config::JournalConfig;

    #[test]
    fn the_fullest_lane_goes_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let queue = Arc::new(Queue::open(JournalConfig::new(folder.path())).expect("a queue"));
        // Each of some threads has a lane of its own.
        for records in [1, 3, 2] {
            let queue = Arc::clone(&queue);
            let appending =
                thread::spawn(move || (0..records).for_each(|_| queue.append(&a_call().build()).expect("room")));
            appending.join().expect("a thread");
        }
        for records in [3, 2, 1] {
            let segment = queue.front().expect("something waits");
            assert_eq!(segment.records(), records);
            queue.advance(&segment, segment.end(), records).expect("drained");
        }
        assert!(queue.front().is_none());
    }

    #[test]
    fn a_lane_with_little_has_its_turn_however_much_comes_to_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let queue = Arc::new(Queue::open(JournalConfig::new(folder.path())).expect("a queue"));
        let append = |queue: &Queue| queue.append(&a_call().build()).expect("room");
        let little = Arc::clone(&queue);
        thread::spawn(move || append(&little)).join().expect("a thread");
        let little = queue.front().expect("it waits");
        for _ in 0..20 {
            (0..5).for_each(|_| append(&queue));
            let segment = queue.front().expect("something waits");
            queue.advance(&segment, segment.end(), segment.records()).expect("drained");
        }
        assert_eq!(little.records(), 0);
    }

    #[test]
    fn a_journal_that_can_begin_no_file_is_not_mended() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("journal");
        std::fs::create_dir(&dir).expect("a directory");
        let queue = Arc::new(Queue::open(JournalConfig::new(&dir)).expect("a queue"));
        // What is open stays open; nothing can be begun.
        std::fs::remove_dir_all(&dir).expect("no directory");
        let append =
            |queue: Arc<Queue>| thread::spawn(move || queue.append(&a_call().build())).join().expect("a thread");
        let refused = (0..4).filter_map(|_| append(Arc::clone(&queue)).err()).next().expect("a lane without a file");
        queue.note_error("the database is away".to_owned());
        assert_eq!(queue.check(), Err(refused), "why it is broken is not what the drain says");
        queue.mend();
        let still = queue.check().expect_err("it cannot be written");
        assert!(still.to_string().contains("No such file"), "{still}");

        std::fs::create_dir(&dir).expect("a directory");
        queue.mend();
        assert_eq!(queue.check(), Ok(()));
        assert_eq!(std::fs::read_dir(&dir).expect("the directory").count(), 0, "what was tried is gone");
    }

    #[test]
    fn a_start_that_failed_leaves_only_what_waits() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = || std::fs::read_dir(folder.path()).expect("the folder").count();
        drop(Queue::open(JournalConfig::new(folder.path())).expect("a queue"));
        assert_eq!(files(), 0);
        let queue = Queue::open(JournalConfig::new(folder.path())).expect("a queue");
        queue.append(&a_call().build()).expect("room");
        drop(queue);
        assert!(files() > 0);
    }
}
