//! What a process printed on standard error and what the daemon has to say about it: the last
//! lines, within limits, without the secrets the process was started with. What is on disk is the
//! [store](store)'s.

pub(crate) mod follower;
pub(crate) mod line;
pub(crate) mod redact;
pub(crate) mod splitter;
pub(crate) mod store;

use std::{
    borrow::{Borrow, Cow},
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
    redactors: Redactors,
    /// Of what processes print and say.
    printed: Flood,
    /// Of the daemon's own messages, which many a server can cause: one flood does not hide the other.
    remarked: Flood,
}

/// What keeps secrets out of the daemon's messages, which may be about any of the connections that share a log.
#[derive(Default)]
struct Redactors(Vec<Arc<Redactor>>);

impl Redactors {
    /// Those that nobody else holds are of connections that have ended; the one before this is kept no longer either.
    fn add(&mut self, redactor: Arc<Redactor>) {
        self.0.retain(|redactor| Arc::strong_count(redactor) > 1);
        self.0.push(redactor);
    }
}

/// How much may be said just now, and what was left out since.
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
            redactors: Redactors::default(),
            printed: Flood::new(&limits),
            remarked: Flood::new(&limits),
        };
        ring.trim(&limits);
        Self { limits, clock, ring: Mutex::new(ring), newest: watch::Sender::new(newest), sink }
    }

    /// Adds a message of the daemon's own, without the secrets of the connections there are and of the latest one.
    pub fn push(&self, text: impl AsRef<str>) {
        let redactors = self.ring().redactors.0.clone();
        for line in text.as_ref().lines() {
            self.keep(LogStream::Daemon, None, line.as_bytes(), &redactors);
        }
    }

    /// Adds what a process said in a message, without the secrets that it was started with.
    pub fn push_said(&self, pid: Option<u32>, text: &str, redactor: &Redactor) {
        for line in text.lines() {
            self.store(LogStream::Protocol, pid, line.as_bytes(), redactor);
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

    /// Keeps the secrets of a connection out of the daemon's messages, for as long as somebody else holds its redactor,
    /// or there is no later one.
    pub fn redact_with(&self, redactor: Arc<Redactor>) {
        self.ring().redactors.add(redactor);
    }

    pub(crate) fn limits(&self) -> LogLimits {
        self.limits
    }

    /// Adds one line as it came, without its end. What comes faster than it may is left out, and that is said.
    pub(crate) fn store(&self, stream: LogStream, pid: Option<u32>, raw: &[u8], redactor: &Redactor) {
        self.keep(stream, pid, raw, &[redactor]);
    }

    fn keep(&self, stream: LogStream, pid: Option<u32>, raw: &[u8], redactors: &[impl Borrow<Redactor>]) {
        // First of all, so that what is left out costs nearly nothing.
        let size = raw.len().min(self.limits.line_bytes) + LINE_OVERHEAD;
        let Some(left_out) = self.ring().flood(stream).admit(size, &self.limits) else { return };
        let mut clean = Cow::Borrowed(raw);
        for redactor in redactors {
            let redacted = match redactor.borrow().redact(&clean) {
                Cow::Owned(redacted) => Some(redacted),
                Cow::Borrowed(_) => None,
            };
            if let Some(redacted) = redacted {
                clean = Cow::Owned(redacted);
            }
        }
        let (text, cut) = line::text(&clean, self.limits.line_bytes);
        let at = self.clock.now();
        let mut ring = self.ring();
        if left_out > 0 {
            let limit = self.limits.bytes_per_second;
            let text = format!("{left_out} lines were left out: more than {limit} bytes a second were printed").into();
            self.append(&mut ring, LogLine { seq: 0, at, stream: LogStream::Daemon, pid, text, cut: false });
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
    fn flood(&mut self, stream: LogStream) -> &mut Flood {
        match stream {
            LogStream::Daemon => &mut self.remarked,
            LogStream::Stderr | LogStream::Protocol => &mut self.printed,
        }
    }

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
    fn new(limits: &LogLimits) -> Self {
        Self { allowance: limits.burst(), refilled: Instant::now(), left_out: 0 }
    }

    /// How many lines were left out before this one. None when it is left out itself.
    fn admit(&mut self, bytes: usize, limits: &LogLimits) -> Option<u64> {
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
        if self.allowance < bytes {
            self.left_out += 1;
            return None;
        }
        self.allowance -= bytes;
        Some(std::mem::take(&mut self.left_out))
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
