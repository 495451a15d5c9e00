//! Logs on disk: a directory for each log, in it segments of lines, the oldest of which go when there are too many.
//! Lines are handed to a thread that writes them, so that whoever logs never waits for a disk. Holds no secret: lines
//! are redacted before they come here.
//!
//! One process at a time writes into a directory; others read.

mod record;
mod segments;
mod writer;

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use crate::{
    clock::Clock,
    config::{LogDisk, LogLimits},
    log::{
        ProcessLog,
        line::{LogLine, LogStream},
    },
};
use record::Record;
use segments::Segments;
use writer::{Task, Writer};

/// Lines that wait for the disk; more are kept in memory only.
const QUEUE: usize = 8 * 1024;

/// Whether a process writes the logs it has, or only reads those of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    Yes,
    No,
}

/// All logs of an instance, by name.
pub struct LogStore {
    directory: PathBuf,
    limits: LogLimits,
    disk: LogDisk,
    clock: Arc<dyn Clock>,
    logs: Mutex<HashMap<String, Arc<ProcessLog>>>,
    writer: Option<WriterThread>,
}

/// The thread that writes.
struct WriterThread {
    tasks: SyncSender<Task>,
    /// Until it is waited for.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Which lines of a log are wanted.
#[derive(Clone, Debug)]
pub struct LogFilter {
    /// Only lines with a higher number; the first of them, instead of the last.
    pub after: Option<u64>,
    /// Only lines with a lower number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// Only lines with this text in them, whatever its case.
    pub search: Option<String>,
    /// Only lines of this stream.
    pub stream: Option<LogStream>,
}

impl LogStore {
    /// The logs below `directory`, which is made with the first line.
    pub fn open(
        directory: PathBuf,
        limits: LogLimits,
        disk: LogDisk,
        clock: Arc<dyn Clock>,
        writing: Writing,
    ) -> io::Result<Self> {
        let writer = match writing {
            Writing::No => None,
            Writing::Yes => {
                let (sender, tasks) = sync_channel(QUEUE);
                let writer = Writer::new(directory.clone(), disk);
                let thread = std::thread::Builder::new().name("orch-logs".to_owned());
                let thread = thread.spawn(move || writer.run(&tasks))?;
                Some(WriterThread { tasks: sender, thread: Mutex::new(Some(thread)) })
            }
        };
        Ok(Self { directory, limits, disk, clock, logs: Mutex::default(), writer })
    }

    /// The log of this name, which goes on where it ended. `kept` bytes of it stay on disk; without it what was said
    /// before, or what is usual. A name that is no file name gives a log that is not on disk.
    pub fn log(&self, name: &str, kept: Option<u64>) -> Arc<ProcessLog> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = logs.get(name) {
            if let (Some(sink), Some(kept)) = (&log.sink, kept) {
                sink.kept.store(kept, Ordering::Relaxed);
            }
            return Arc::clone(log);
        }
        let sink = self.writer.as_ref().filter(|_| is_file_name(name)).map(|writer| Sink {
            name: name.into(),
            kept: AtomicU64::new(kept.unwrap_or(self.disk.log_bytes)),
            tasks: writer.tasks.clone(),
            left_out: AtomicU64::new(0),
        });
        let lines = match &sink {
            Some(_) => self.segments(name).last(self.limits.lines, self.limits.bytes),
            None => Vec::new(),
        };
        let log = Arc::new(ProcessLog::continued(self.limits, Arc::clone(&self.clock), lines, sink));
        logs.insert(name.to_owned(), Arc::clone(&log));
        log
    }

    /// The log of this name, if it was used since the start.
    pub fn live(&self, name: &str) -> Option<Arc<ProcessLog>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Lines of a log, oldest first, from the disk and what is not there yet; where another process writes, from the disk
    /// alone: what a process of this one's said is another log, with numbers of its own. Blocks.
    pub fn read(&self, name: &str, filter: &LogFilter) -> Vec<Arc<LogLine>> {
        let own = self.writer.as_ref().and_then(|_| self.live(name));
        let live = own.map(|log| log.since(0)).unwrap_or_default();
        let from = live.first().map_or(u64::MAX, |line| line.seq);
        let whole = from == 1 || filter.after.is_some_and(|after| after.saturating_add(1) >= from);
        let search = filter.search.as_ref().map(|text| text.to_lowercase());
        let wanted = |line: &LogLine| {
            filter.after.is_none_or(|after| line.seq > after)
                && filter.before.is_none_or(|before| line.seq < before)
                && filter.stream.is_none_or(|stream| line.stream == stream)
                && search.as_ref().is_none_or(|text| line.text.to_lowercase().contains(text))
        };
        let live = live.into_iter().filter(|line| wanted(line));
        let old = |line: &LogLine| line.seq < from && wanted(line);
        if filter.after.is_some() {
            let mut lines = if whole || !is_file_name(name) {
                Vec::new()
            } else {
                self.segments(name).first_where(filter.limit, old)
            };
            lines.extend(live);
            lines.truncate(filter.limit);
            return lines;
        }
        let live: Vec<_> = live.collect();
        let missing = filter.limit.saturating_sub(live.len());
        let mut lines = if whole || missing == 0 || !is_file_name(name) {
            Vec::new()
        } else {
            self.segments(name).last_where(missing, old)
        };
        lines.extend(live);
        let surplus = lines.len().saturating_sub(filter.limit);
        lines.drain(..surplus);
        lines
    }

    /// The logs that are on disk. Blocks.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_file_name(name)).collect()
    }

    /// The log is wanted no more, nor what is on disk of it.
    pub fn forget(&self, name: &str) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(WriterThread { tasks, .. }) = &self.writer
            && is_file_name(name)
        {
            // What does not fit into the queue stays one of [`Self::names`].
            let _ = tasks.try_send(Task::Forget { name: name.into() });
        }
    }

    /// Writes what waits and ends. Blocks. Lines that come later are kept in memory only.
    pub fn close(&self) {
        if let Some(WriterThread { tasks, thread }) = &self.writer
            && let Some(thread) = thread.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            let _ = tasks.send(Task::Close);
            let _ = thread.join();
        }
    }

    fn segments(&self, name: &str) -> Segments {
        Segments::new(&self.directory.join(name))
    }
}

impl Drop for LogStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for LogStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStore").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// The way of one log's lines to the disk.
pub(crate) struct Sink {
    name: Arc<str>,
    kept: AtomicU64,
    tasks: SyncSender<Task>,
    left_out: AtomicU64,
}

impl Sink {
    /// Never waits.
    pub(crate) fn keep(&self, line: &Arc<LogLine>) {
        let task = Task::Write {
            name: Arc::clone(&self.name),
            line: Arc::clone(line),
            kept: self.kept.load(Ordering::Relaxed),
        };
        if let Err(TrySendError::Full(_)) = self.tasks.try_send(task)
            && self.left_out.fetch_add(1, Ordering::Relaxed) == 0
        {
            tracing::warn!(log = %self.name, "the disk does not keep up: lines of a log are in memory only");
        }
    }
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Makes a directory that only its owner can enter.
fn private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
