//! Carries standard error of one process into its log. Reads standard output never.

use std::{io, sync::Arc};

use tokio::net::unix::pipe;

use crate::log::{ProcessLog, line::LogStream, redact::Redactor, splitter::LineSplitter};

const CHUNK: usize = 16 * 1024;

/// Standard error on its way into a log.
pub(crate) struct StderrPump {
    pipe: pipe::Receiver,
    splitter: LineSplitter,
    redactor: Arc<Redactor>,
    log: Arc<ProcessLog>,
    pid: Option<u32>,
    chunk: Vec<u8>,
}

/// Whether more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    Later,
    Never,
}

impl StderrPump {
    pub(crate) fn new(pipe: pipe::Receiver, redactor: Arc<Redactor>, log: Arc<ProcessLog>) -> Self {
        // Room for a value that begins at the last byte shown: cut within, it would not be
        // recognised, and its beginning would stay.
        let cap = log.limits().line_bytes.saturating_add(redactor.longest());
        Self { pipe, splitter: LineSplitter::new(cap), redactor, log, pid: None, chunk: vec![0; CHUNK] }
    }

    /// Whose standard error it is.
    pub(crate) fn belongs_to(&mut self, pid: u32) {
        self.pid = Some(pid);
    }

    /// Waits until there is something, and moves at most one chunk. Safe to drop.
    pub(crate) async fn step(&mut self) -> More {
        match self.pipe.readable().await {
            Ok(()) => self.take().unwrap_or(More::Later),
            Err(_) => More::Never,
        }
    }

    /// Moves what is there already, then the last line even if it has no end.
    pub(crate) fn finish(mut self) {
        // Bounded by what a pipe holds, if an escaped process goes on writing.
        for _ in 0..256 {
            if self.take() != Some(More::Later) {
                break;
            }
        }
        let (log, redactor, pid) = (&self.log, &self.redactor, self.pid);
        self.splitter.finish(|line| log.store(LogStream::Stderr, pid, line, redactor));
    }

    /// `None` when nothing is there at the moment.
    fn take(&mut self) -> Option<More> {
        match self.pipe.try_read(&mut self.chunk) {
            Ok(0) => Some(More::Never),
            Ok(count) => {
                let (log, redactor, pid) = (&self.log, &self.redactor, self.pid);
                self.splitter.feed(self.chunk.get(..count).unwrap_or_default(), |line| {
                    log.store(LogStream::Stderr, pid, line, redactor);
                });
                Some(More::Later)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Some(More::Later),
            Err(_) => Some(More::Never),
        }
    }
}
