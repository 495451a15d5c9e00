//! Reads a process log as it grows. Holds no lines and does not keep the log alive.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use crate::log::{ProcessLog, line::LogLine};

/// One reader of a log. A slow one loses the oldest lines, as everybody does, and sees it in the
/// numbers; it never slows the process down.
#[derive(Debug)]
pub struct Follower {
    log: Weak<ProcessLog>,
    newest: watch::Receiver<u64>,
    seen: u64,
}

impl Follower {
    pub(super) fn new(log: Weak<ProcessLog>, newest: watch::Receiver<u64>, seen: u64) -> Self {
        Self { log, newest, seen }
    }

    /// The lines since the last call, at least one, oldest first; waits for them. `None` when the
    /// log is gone. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Vec<Arc<LogLine>>> {
        loop {
            self.newest.borrow_and_update();
            let lines = self.log.upgrade()?.since(self.seen);
            if let Some(last) = lines.last() {
                self.seen = last.seq;
                return Some(lines);
            }
            self.newest.changed().await.ok()?;
        }
    }
}
