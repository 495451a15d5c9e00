//! The thread that writes logs, and lets the oldest segments go. Nobody waits for it.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, mpsc::Receiver},
    time::SystemTime,
};

use rustix::fs::{FlockOperation, flock};

use super::{
    Record, private_dir,
    segments::{Segment, Segments},
};
use crate::{config::LogDisk, log::line::LogLine};

/// A log is cut into so many segments, so that little more than its limit is kept and little less is lost.
const SEGMENTS: u64 = 8;

/// Lines that are written at once.
const BATCH: usize = 1024;

/// Files that are open at a time.
const OPEN: usize = 64;

pub(super) enum Task {
    Write { name: Arc<str>, line: Arc<LogLine>, kept: u64 },
    Forget { name: Arc<str> },
    Close,
}

pub(super) struct Writer {
    directory: PathBuf,
    disk: LogDisk,
    /// Held for as long as this process writes.
    lock: Option<File>,
    logs: HashMap<Arc<str>, Kept>,
    open: usize,
    total: u64,
    failing: bool,
}

/// What is on disk of one log, oldest first.
#[derive(Default)]
struct Kept {
    segments: Vec<(Segment, u64)>,
    /// The newest segment, for more.
    file: Option<File>,
}

impl Kept {
    fn bytes(&self) -> u64 {
        self.segments.iter().map(|(_, bytes)| bytes).sum()
    }
}

impl Writer {
    pub(super) fn new(directory: PathBuf, disk: LogDisk) -> Self {
        Self { directory, disk, lock: None, logs: HashMap::new(), open: 0, total: 0, failing: false }
    }

    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        while let Ok(first) = tasks.recv() {
            let mut batch = vec![first];
            batch.extend(tasks.try_iter().take(BATCH));
            let closing = batch.iter().any(|task| matches!(task, Task::Close));
            match self.carry_out(batch) {
                Ok(()) => self.failing = false,
                Err(error) if !self.failing => {
                    self.failing = true;
                    tracing::warn!(error = %error, directory = %self.directory.display(), "logs cannot be written");
                }
                Err(_) => {}
            }
            if closing {
                return;
            }
        }
    }

    fn carry_out(&mut self, batch: Vec<Task>) -> io::Result<()> {
        if !self.may_write()? {
            return Ok(());
        }
        // Of one log, in the order in which they came.
        let mut texts: HashMap<Arc<str>, (u64, u64, Vec<u8>)> = HashMap::new();
        for task in batch {
            match task {
                Task::Write { name, line, kept } => {
                    let entry = texts.entry(Arc::clone(&name));
                    let (first, limit, bytes) = entry.or_insert_with(|| (line.seq, kept, Vec::new()));
                    *limit = kept;
                    Record::write(&line, bytes);
                    // No more at once than fits into a segment.
                    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= kept / SEGMENTS {
                        let (first, bytes) = (*first, std::mem::take(bytes));
                        texts.remove(&name);
                        self.append(&name, first, kept, &bytes)?;
                    }
                }
                Task::Forget { name } => {
                    texts.remove(&name);
                    self.forget(&name)?;
                }
                Task::Close => {}
            }
        }
        for (name, (first, kept, bytes)) in texts {
            self.append(&name, first, kept, &bytes)?;
        }
        self.trim_total();
        Ok(())
    }

    /// Whether this process is the one that writes here.
    fn may_write(&mut self) -> io::Result<bool> {
        if self.lock.is_some() {
            return Ok(true);
        }
        private_dir(&self.directory)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.directory.join("lock"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        self.lock = Some(lock);
        for entry in fs::read_dir(&self.directory)?.flatten() {
            if let (true, Some(name)) = (entry.path().is_dir(), entry.file_name().to_str()) {
                let kept = kept(&entry.path());
                self.total += kept.bytes();
                self.logs.insert(name.into(), kept);
            }
        }
        Ok(true)
    }

    fn append(&mut self, name: &Arc<str>, first: u64, kept: u64, bytes: &[u8]) -> io::Result<()> {
        let directory = self.directory.join(&**name);
        if self.open >= OPEN {
            self.logs.values_mut().for_each(|log| log.file = None);
            self.open = 0;
        }
        let log = self.logs.entry(Arc::clone(name)).or_default();
        let full = log.segments.last().is_none_or(|(_, bytes)| *bytes >= kept / SEGMENTS);
        if full {
            private_dir(&directory)?;
            self.open -= usize::from(log.file.take().is_some());
            log.segments.push((Segment::new(&directory, first), 0));
        }
        let Some((segment, written)) = log.segments.last_mut() else { return Ok(()) };
        let file = match &mut log.file {
            Some(file) => file,
            None => {
                let mut file =
                    OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(&segment.path)?;
                end_torn_line(&mut file)?;
                self.open += 1;
                log.file.insert(file)
            }
        };
        file.write_all(bytes)?;
        let added = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        *written += added;
        self.total += added;
        while log.segments.len() > 1 && log.bytes() > kept {
            let (oldest, bytes) = log.segments.remove(0);
            remove(&oldest);
            self.total -= bytes;
        }
        Ok(())
    }

    /// Lets the oldest segments of all logs go while there is too much; the newest of each stays.
    fn trim_total(&mut self) {
        while self.total > self.disk.total_bytes {
            let oldest = self
                .logs
                .values_mut()
                .filter(|log| log.segments.len() > 1)
                .min_by_key(|log| log.segments.first().map(|(segment, _)| modified(&segment.path)));
            let Some(log) = oldest else { break };
            let (segment, bytes) = log.segments.remove(0);
            remove(&segment);
            self.total -= bytes;
        }
    }

    fn forget(&mut self, name: &Arc<str>) -> io::Result<()> {
        if let Some(log) = self.logs.remove(name) {
            self.open -= usize::from(log.file.is_some());
            self.total -= log.bytes();
        }
        match fs::remove_dir_all(self.directory.join(&**name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn kept(directory: &Path) -> Kept {
    let segments = Segments::new(directory).into_vec();
    let size = |segment: &Segment| fs::metadata(&segment.path).map_or(0, |metadata| metadata.len());
    Kept { segments: segments.into_iter().map(|segment| (segment.clone(), size(&segment))).collect(), file: None }
}

/// What a crash has left of a line is not to spoil the next one.
fn end_torn_line(file: &mut File) -> io::Result<()> {
    let Some(last) = file.metadata()?.len().checked_sub(1) else { return Ok(()) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    if byte == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn remove(segment: &Segment) {
    // One that is gone already is what is wanted.
    let _ = fs::remove_file(&segment.path);
}
