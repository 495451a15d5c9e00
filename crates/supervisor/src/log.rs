//! What a process printed on standard error and what the daemon has to say about it: the last
//! lines, within limits, without the secrets the process was started with. Writes to no file.

pub(crate) mod follower;
pub(crate) mod line;
pub(crate) mod redact;
pub(crate) mod splitter;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{
    clock::Clock,
    config::LogLimits,
    log::{
        follower::Follower,
        line::{LogLine, LogStream},
        redact::Redactor,
    },
};

/// What one line costs besides its text, so that a million empty lines are not free.
const LINE_OVERHEAD: usize = 64;

/// A bounded log, shared by everyone who has an interest in the process. It may outlive many
/// processes: one log per configured server, each launch goes on in it.
pub struct ProcessLog {
    limits: LogLimits,
    clock: Arc<dyn Clock>,
    ring: Mutex<Ring>,
    /// The number of the newest line.
    newest: watch::Sender<u64>,
}

struct Ring {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    newest: u64,
    redactor: Arc<Redactor>,
}

impl ProcessLog {
    /// An empty log.
    pub fn new(limits: LogLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            limits,
            clock,
            ring: Mutex::new(Ring {
                lines: VecDeque::new(),
                bytes: 0,
                newest: 0,
                redactor: Arc::new(Redactor::none()),
            }),
            newest: watch::Sender::new(0),
        }
    }

    /// Adds a message of the daemon's own, without the secrets of the latest launch.
    pub fn push(&self, text: impl AsRef<str>) {
        let redactor = Arc::clone(&self.ring().redactor);
        for line in text.as_ref().lines() {
            self.store(LogStream::Daemon, line.as_bytes(), &redactor);
        }
    }

    /// The last `count` lines, oldest first.
    pub fn tail(&self, count: usize) -> Vec<Arc<LogLine>> {
        let ring = self.ring();
        let skipped = ring.lines.len().saturating_sub(count);
        ring.lines.iter().skip(skipped).cloned().collect()
    }

    /// The lines after number `seq` that are still kept, oldest first; 0 gives all. A first line
    /// that is not `seq + 1` means that lines between were dropped.
    pub fn since(&self, seq: u64) -> Vec<Arc<LogLine>> {
        let ring = self.ring();
        let first = ring.lines.partition_point(|line| line.seq <= seq);
        ring.lines.iter().skip(first).cloned().collect()
    }

    /// Follows the log from here on.
    pub fn subscribe(self: &Arc<Self>) -> Follower {
        let newest = self.ring().newest;
        self.follow(newest)
    }

    /// Follows the log, beginning with the lines after number `seq`.
    pub fn follow(self: &Arc<Self>, seq: u64) -> Follower {
        Follower::new(Arc::downgrade(self), self.newest.subscribe(), seq)
    }

    /// Keeps the secrets of a launch out of the daemon's messages from here on.
    pub fn redact_with(&self, redactor: Arc<Redactor>) {
        self.ring().redactor = redactor;
    }

    pub(crate) fn limits(&self) -> LogLimits {
        self.limits
    }

    /// Adds one line as it came, without its end.
    pub(crate) fn store(&self, stream: LogStream, raw: &[u8], redactor: &Redactor) {
        let (text, cut) = line::text(&redactor.redact(raw), self.limits.line_bytes);
        let at = self.clock.now();
        let mut ring = self.ring();
        ring.newest += 1;
        let seq = ring.newest;
        ring.bytes += text.len() + LINE_OVERHEAD;
        ring.lines.push_back(Arc::new(LogLine { seq, at, stream, text, cut }));
        while ring.lines.len() > self.limits.lines || ring.bytes > self.limits.bytes {
            let Some(oldest) = ring.lines.pop_front() else {
                break;
            };
            ring.bytes -= oldest.text.len() + LINE_OVERHEAD;
        }
        // Inside the lock, so that followers see numbers that only grow.
        self.newest.send_replace(seq);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ProcessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.ring();
        f.debug_struct("ProcessLog")
            .field("lines", &ring.lines.len())
            .field("bytes", &ring.bytes)
            .field("newest", &ring.newest)
            .finish_non_exhaustive()
    }
}
