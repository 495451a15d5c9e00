//! The journal of calls: an append that survives `kill -9` on the way of every call, and a drain into the database
//! behind it. Segment files are in the journal's directory; each belongs to one process at a time.

mod codec;
mod drain;
mod frame;
mod queue;
mod segment;

use std::fmt;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::call::Call;
use orch_domain::port::call_log::{CallLog, CallLogError, CallRepo};
use orch_domain::port::clock::Clock;

use crate::config::JournalConfig;
use crate::error::PersistenceError;
use crate::journal::drain::Drain;
use crate::journal::frame::Next;
use crate::journal::queue::Queue;
use crate::journal::segment::Segment;
use crate::owned_task::OwnedTask;

/// Appends calls; a task of its own brings them to the database. Dropped without [`Journal::shutdown`], it leaves what
/// waits in its file, for the next start.
pub struct Journal {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    task: OwnedTask,
}

/// What waits, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalStatus {
    /// Bytes that wait for the database.
    pub bytes: u64,
    pub max_bytes: u64,
    pub records_waiting: u64,
    /// Since when the oldest call that waits does so: its end.
    pub oldest: Option<Timestamp>,
    /// Why calls are refused, if they are.
    pub refusing: Option<CallLogError>,
    /// Why the last attempt to write or to drain failed; None once one has succeeded.
    pub last_error: Option<String>,
    /// Files found damaged since the start. They are kept as `*.corrupt`.
    pub corrupt_segments: u64,
    /// Records that the database refused since the start. They are kept in `*.rejected`.
    pub rejected_records: u64,
}

impl Journal {
    /// Takes over what dead processes have left in the directory and starts to drain to `calls`.
    pub async fn open(
        config: JournalConfig,
        calls: Arc<dyn CallRepo>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PersistenceError> {
        let dir = config.dir.clone();
        let opened = tokio::task::spawn_blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&config.dir)?;
            Queue::open(config)
        });
        let opened = opened.await.map_err(std::io::Error::other).and_then(|opened| opened);
        let queue = opened.map_err(|source| PersistenceError::Journal { doing: "opening it", path: dir, source })?;
        let queue = Arc::new(queue);
        let drain = Drain { queue: Arc::clone(&queue), calls };
        let task = OwnedTask::spawn(tracing::info_span!("persistence.drain_journal"), |stop| drain.run(stop));
        Ok(Self { queue, clock, task })
    }

    /// A file in `dir` in which some process has left calls, by names and sizes alone. Nothing is read or changed.
    pub fn leftover(dir: &Path) -> std::io::Result<Option<PathBuf>> {
        Segment::leftover(dir)
    }

    /// Waits until everything that was appended before is in the database or put aside, whatever is appended meanwhile.
    /// While the database is away, that is long.
    pub async fn flush(&self) -> Result<(), PersistenceError> {
        let queue = &*self.queue;
        let (target, ends) = (queue.appended(), queue.ends());
        let mut done = queue.done();
        let _flushing = Flushing::begin(queue);
        // Lanes overtake each other, so the number alone may be made of later records. It counts damage, though.
        let is_done = |done: &u64| *done >= target && ends.iter().all(|(segment, end)| segment.drained() >= *end);
        done.wait_for(is_done).await.map(|_| ()).map_err(|_| self.not_drained())
    }

    /// Flushes for at most so long, then ends the task and takes no further record. An error tells that records are left
    /// in the file; the next start takes them.
    pub async fn shutdown(&self, within: Duration) -> Result<(), PersistenceError> {
        let _ = tokio::time::timeout(within, self.flush()).await;
        self.task.stop().await;
        let (queue, dir) = (Arc::clone(&self.queue), self.queue.config.dir.clone());
        let closed = tokio::task::spawn_blocking(move || queue.close()).await;
        closed
            .map_err(std::io::Error::other)
            .and_then(|closed| closed)
            .map_err(|source| PersistenceError::Journal { doing: "closing it", path: dir, source })?;
        // Whatever the flush said: more may have come since.
        if self.queue.waiting_records() == 0 { Ok(()) } else { Err(self.not_drained()) }
    }

    /// Reads at most one record of a file.
    #[must_use]
    pub fn status(&self) -> JournalStatus {
        let trouble = self.queue.trouble();
        JournalStatus {
            bytes: self.queue.waiting_bytes(),
            max_bytes: self.queue.config.max_bytes,
            records_waiting: self.queue.waiting_records(),
            oldest: self.oldest(),
            refusing: self.queue.check().err(),
            last_error: trouble.last_error,
            corrupt_segments: trouble.corrupt_segments,
            rejected_records: trouble.rejected_records,
        }
    }

    fn oldest(&self) -> Option<Timestamp> {
        let segment = self.queue.front()?;
        let bytes = segment.read(segment.drained(), frame::MAX_FRAME as u64).ok()?;
        match frame::next(&bytes) {
            Next::Frame { payload, .. } => {
                // A long call has not waited while it ran.
                codec::decode(payload).map(|call| call.ended())
            }
            Next::Cut | Next::Bad => None,
        }
    }

    fn not_drained(&self) -> PersistenceError {
        PersistenceError::NotDrained { records: self.queue.waiting_records() }
    }
}

impl CallLog for Journal {
    fn check(&self) -> Result<(), CallLogError> {
        self.queue.check()
    }

    fn append(&self, call: &Call) -> Result<(), CallLogError> {
        self.queue.append(call)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("dir", &self.queue.config.dir).finish_non_exhaustive()
    }
}

/// As long as there is one, the drain does not wait for a batch to fill.
struct Flushing<'a>(&'a Queue);

impl<'a> Flushing<'a> {
    fn begin(queue: &'a Queue) -> Self {
        queue.flushing.fetch_add(1, Ordering::AcqRel);
        queue.wake.notify_one();
        Self(queue)
    }
}

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.0.flushing.fetch_sub(1, Ordering::AcqRel);
    }
}
