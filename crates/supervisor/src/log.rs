//! What a process printed on standard error and what the daemon has to say about it: the last
//! lines, within limits, without the secrets the process was started with. What is on disk is the
//! [store](store)'s.

pub(crate) mod follower;
pub(crate) mod line;
pub(crate) mod redact;
pub(crate) mod splitter;
pub(crate) mod store;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::watch;

use crate::{
    clock::Clock,
    config::LogLimits,
    log::{
        follower::Follower,
        line::{LogLine, LogStream},
        redact::Redactor,
        store::Sink,
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
    /// Where lines go besides.
    sink: Option<Sink>,
}

struct Ring {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    newest: u64,
    redactor: Arc<Redactor>,
    flood: Flood,
}

/// How much may be printed just now, and what was left out since.
struct Flood {
    allowance: u64,
    refilled: Instant,
    left_out: u64,
}

impl ProcessLog {
    /// An empty log.
    pub fn new(limits: LogLimits, clock: Arc<dyn Clock>) -> Self {
        Self::continued(limits, clock, Vec::new(), None)
    }

    /// A log that goes on after these lines, the last ones of it, and is kept by `sink`.
    pub(crate) fn continued(
        limits: LogLimits,
        clock: Arc<dyn Clock>,
        lines: Vec<Arc<LogLine>>,
        sink: Option<Sink>,
    ) -> Self {
        let newest = lines.last().map_or(0, |line| line.seq);
        let mut ring = Ring {
            bytes: lines.iter().map(|line| line.text.len() + LINE_OVERHEAD).sum(),
            lines: lines.into(),
            newest,
            redactor: Arc::new(Redactor::none()),
            flood: Flood { allowance: limits.burst(), refilled: Instant::now(), left_out: 0 },
        };
        ring.trim(&limits);
        Self { limits, clock, ring: Mutex::new(ring), newest: watch::Sender::new(newest), sink }
    }

    /// Adds a message of the daemon's own, without the secrets of the latest launch.
    pub fn push(&self, text: impl AsRef<str>) {
        let redactor = Arc::clone(&self.ring().redactor);
        for line in text.as_ref().lines() {
            self.store(LogStream::Daemon, None, line.as_bytes(), &redactor);
        }
    }

    /// Adds what a process said in a message, without the secrets that it was started with.
    pub fn push_said(&self, pid: Option<u32>, text: &str, redactor: &Redactor) {
        for line in text.lines() {
            self.store(LogStream::Protocol, pid, line.as_bytes(), redactor);
        }
    }

    /// What keeps the secrets of the latest launch out of this log.
    pub fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(&self.ring().redactor)
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

    /// Adds one line as it came, without its end. What comes faster than it may is left out, and that is said.
    pub(crate) fn store(&self, stream: LogStream, pid: Option<u32>, raw: &[u8], redactor: &Redactor) {
        let (text, cut) = line::text(&redactor.redact(raw), self.limits.line_bytes);
        let at = self.clock.now();
        let mut ring = self.ring();
        let left_out = match stream {
            LogStream::Daemon => 0,
            LogStream::Stderr | LogStream::Protocol => {
                if !ring.flood.admits(text.len() + LINE_OVERHEAD, &self.limits) {
                    ring.flood.left_out += 1;
                    return;
                }
                std::mem::take(&mut ring.flood.left_out)
            }
        };
        if left_out > 0 {
            let limit = self.limits.bytes_per_second;
            let remark = format!("{left_out} lines were left out: more than {limit} bytes a second were printed");
            self.append(&mut ring, LogLine { seq: 0, at, stream: LogStream::Daemon, pid, text: remark.into(), cut });
        }
        self.append(&mut ring, LogLine { seq: 0, at, stream, pid, text, cut });
        // Inside the lock, so that followers see numbers that only grow.
        self.newest.send_replace(ring.newest);
    }

    fn append(&self, ring: &mut Ring, line: LogLine) {
        ring.newest += 1;
        let line = Arc::new(LogLine { seq: ring.newest, ..line });
        if let Some(sink) = &self.sink {
            sink.keep(&line);
        }
        ring.bytes += line.text.len() + LINE_OVERHEAD;
        ring.lines.push_back(line);
        ring.trim(&self.limits);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// Lets the oldest lines go.
    fn trim(&mut self, limits: &LogLimits) {
        while self.lines.len() > limits.lines || self.bytes > limits.bytes {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= oldest.text.len() + LINE_OVERHEAD;
        }
    }
}

impl Flood {
    fn admits(&mut self, bytes: usize, limits: &LogLimits) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.allowance < bytes {
            let now = Instant::now();
            let passed = u64::try_from(now.duration_since(self.refilled).as_millis()).unwrap_or(u64::MAX);
            let earned = limits.bytes_per_second.saturating_mul(passed) / 1000;
            if earned > 0 {
                self.allowance = self.allowance.saturating_add(earned).min(limits.burst());
                self.refilled = now;
            }
        }
        let admitted = self.allowance >= bytes;
        if admitted {
            self.allowance -= bytes;
        }
        admitted
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
