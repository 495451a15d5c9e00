//! Moves records from the journal to the database, in batches, in the background. Waits and keeps while the database
//! is away. Never takes a record out of the journal that the database does not have, unless it is put aside in a file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use orch_domain::call::Call;
use orch_domain::error::{StoreError, WithCauses};
use orch_domain::port::call_log::{CallRepo, JournalPlace};
use tokio::time::{Instant, sleep, sleep_until};

use crate::journal::codec;
use crate::journal::frame::{self, MAX_FRAME, Next};
use crate::journal::queue::Queue;
use crate::journal::segment::Segment;
use crate::owned_task::StopSignal;

/// Pauses after a failure double from the first to the last of these.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often a disk that took nothing is tried again.
const MEND_EVERY: Duration = Duration::from_secs(1);
/// Bytes read at once; more than one frame for sure.
const CHUNK: u64 = 256 * 1024;
const _: () = assert!(CHUNK > MAX_FRAME as u64);

pub(crate) struct Drain {
    pub(crate) queue: Arc<Queue>,
    pub(crate) calls: Arc<dyn CallRepo>,
}

#[derive(Debug, thiserror::Error)]
enum DrainError {
    #[error("the database does not take calls")]
    Store(#[from] StoreError),
    #[error("the journal cannot be read")]
    Io(#[from] io::Error),
}

/// What was read of a segment: the calls up to `end`, or none when something else stands there.
struct Batch {
    calls: Vec<Call>,
    /// Where each of them ends.
    ends: Vec<u64>,
    end: u64,
}

impl Drain {
    pub(crate) async fn run(self, mut stop: StopSignal) {
        let mut pause: Option<Duration> = None;
        loop {
            tokio::select! {
                () = stop.wait() => {
                    // Only files to be removed are left, if anything.
                    if self.queue.waiting_records() == 0 && let Err(error) = self.drain_all(&stop).await {
                        tracing::warn!(error = %WithCauses(&error), "journal files are left behind, the next start removes them");
                    }
                    return;
                }
                () = self.wait_for_work(pause) => {}
            }
            if self.queue.is_broken() {
                self.queue.mend();
            }
            pause = match self.drain_all(&stop).await {
                Ok(()) => {
                    self.queue.clear_error();
                    None
                }
                Err(error) => {
                    let error = WithCauses(&error).to_string();
                    if pause.is_none() {
                        tracing::warn!(error, "calls wait in the journal, trying again");
                    }
                    self.queue.note_error(error);
                    Some(pause.map_or(PAUSES.0, |pause| (pause * 2).min(PAUSES.1)))
                }
            };
        }
    }

    async fn wait_for_work(&self, pause: Option<Duration>) {
        let queue = &*self.queue;
        if let Some(pause) = pause {
            return sleep(pause).await;
        }
        while queue.front().is_none() && !queue.is_broken() {
            queue.wake.notified().await;
        }
        if queue.is_broken() {
            return sleep(MEND_EVERY).await;
        }
        // Something waits: a little patience makes a batch of it.
        let deadline = Instant::now() + Duration::from_millis(queue.config.batch_wait_ms);
        while !self.is_urgent() {
            tokio::select! {
                () = sleep_until(deadline) => return,
                () = queue.wake.notified() => {}
            }
        }
    }

    /// Whether there is no point in waiting for more records to come.
    fn is_urgent(&self) -> bool {
        let (queue, waiting) = (&*self.queue, self.queue.waiting_records());
        queue.flushing.load(Ordering::Acquire) > 0
            || waiting >= queue.config.batch_records as u64
            // Files to be removed.
            || waiting == 0
    }

    /// Whether storing does not give way to other work: somebody waits for it, or so much does that it falls behind.
    fn must_hurry(&self) -> bool {
        let queue = &*self.queue;
        queue.flushing.load(Ordering::Acquire) > 0 || queue.waiting_bytes() > queue.config.urgent_bytes
    }

    /// Drains until what is left makes no batch, or until told to stop: between two batches, never within one.
    async fn drain_all(&self, stop: &StopSignal) -> Result<(), DrainError> {
        for segment in self.queue.unsynced() {
            // Tried once: what is written survives our own death anyway.
            if let Err(error) = blocking(move || segment.sync()).await {
                tracing::warn!(error = %error, "a journal segment cannot be synced");
            }
        }
        while let Some(segment) = self.queue.front() {
            if stop.is_set() && self.queue.waiting_records() > 0 {
                return Ok(());
            }
            self.drain_some(&segment).await?;
            let queue = Arc::clone(&self.queue);
            blocking(move || queue.retire(&segment)).await?;
            if !self.is_urgent() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn drain_some(&self, segment: &Arc<Segment>) -> Result<(), DrainError> {
        if segment.waiting() == 0 {
            return Ok(());
        }
        let (from, most) = (Arc::clone(segment), self.queue.config.batch_records);
        let batch = blocking(move || read_batch(&from, most)).await?;
        if batch.calls.is_empty() {
            return self.skip_damage(segment).await;
        }
        self.store(segment, &batch).await?;
        // The database takes calls, however many still wait.
        self.queue.clear_error();
        let (queue, done) = (Arc::clone(&self.queue), Arc::clone(segment));
        let records = batch.calls.len() as u64;
        blocking(move || queue.advance(&done, batch.end, records)).await?;
        Ok(())
    }

    async fn store(&self, segment: &Segment, batch: &Batch) -> Result<(), DrainError> {
        let is_urgent = self.must_hurry();
        let place = JournalPlace { segment: segment.id(), ends: &batch.ends, is_urgent };
        match self.calls.insert_from(&batch.calls, Some(place)).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_of_the_database() => Err(error.into()),
            // The database is there and refuses: find out which it refuses, and put those aside.
            Err(_) => self.store_one_by_one(segment, batch).await,
        }
    }

    async fn store_one_by_one(&self, segment: &Segment, batch: &Batch) -> Result<(), DrainError> {
        let path = segment.path().with_extension("rejected");
        let mut refused: Option<(u64, StoreError)> = None;
        for (call, end) in batch.calls.iter().zip(&batch.ends) {
            let is_urgent = self.must_hurry();
            let place = JournalPlace { segment: segment.id(), ends: std::slice::from_ref(end), is_urgent };
            match self.calls.insert_from(std::slice::from_ref(call), Some(place)).await {
                Ok(()) => {}
                Err(error) if error.is_of_the_database() => return Err(error.into()),
                Err(error) => {
                    // At once: the next one that is stored says that all before it are done.
                    put_aside(path.clone(), call).await?;
                    self.queue.note_rejected(1);
                    refused = Some((refused.map_or(0, |(count, _)| count) + 1, error));
                }
            }
        }
        if let Some((records, reason)) = refused {
            let file = path.display();
            tracing::error!(error = %WithCauses(&reason), records, %file, "the database refuses calls, they are put aside");
        }
        Ok(())
    }

    /// Steps over what is not a frame. The torn last frame of a process that was killed is nothing to worry about, for
    /// no answer has left for it; everything else is damage, and the file is kept.
    async fn skip_damage(&self, segment: &Arc<Segment>) -> Result<(), DrainError> {
        let rest = Arc::clone(segment);
        let (next, torn) = blocking(move || {
            let bytes = rest.read(rest.drained(), u64::MAX)?;
            let next = frame::find_next(&bytes);
            let readable = matches!(frame::next(&bytes), Next::Frame { .. });
            let short = bytes.len() <= MAX_FRAME || bytes.iter().all(|byte| *byte == 0);
            Ok((next, rest.adopted && next.is_none() && short && !readable))
        })
        .await?;
        if !torn {
            segment.damaged.store(true, Ordering::Release);
        }
        let offset = next.map_or(segment.end(), |step| segment.drained() + step as u64);
        let (queue, done) = (Arc::clone(&self.queue), Arc::clone(segment));
        blocking(move || queue.advance(&done, offset, 0)).await?;
        Ok(())
    }
}

/// Into a file beside the journal; on disk when this is done.
async fn put_aside(path: PathBuf, call: &Call) -> io::Result<()> {
    let mut bytes = Vec::new();
    frame::build(call, &mut bytes);
    blocking(move || {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.write_all(&bytes)?;
        file.sync_data()
    })
    .await
}

/// At most `most` calls from where `segment` is drained up to.
fn read_batch(segment: &Segment, most: usize) -> io::Result<Batch> {
    let start = segment.drained();
    let bytes = segment.read(start, CHUNK)?;
    let mut batch = Batch { calls: Vec::new(), ends: Vec::new(), end: start };
    let mut rest = bytes.as_slice();
    while batch.calls.len() < most {
        let Next::Frame { payload, len } = frame::next(rest) else {
            break;
        };
        let (Some(call), Some(after)) = (codec::decode(payload), rest.get(len..)) else {
            break;
        };
        batch.calls.push(call);
        batch.end += len as u64;
        batch.ends.push(batch.end);
        rest = after;
    }
    Ok(batch)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
