//! What servers have printed and said, and our remarks: bounded, across restarts, without secrets. Does not check
//! permission; the caller has.

use async_trait::async_trait;

use crate::Timestamp;
use crate::error::StoreError;
use crate::id::ServerId;
use crate::words::words;

#[async_trait]
pub trait ServerLogs: Send + Sync {
    /// Lines of one server, oldest first.
    async fn read(&self, server: ServerId, query: &LogQuery) -> Result<Vec<LogLine>, StoreError>;

    /// The lines after number `after`, at most `limit`; waits until there is one. Nothing is lost when the future is
    /// dropped.
    async fn follow(&self, server: ServerId, after: u64, limit: usize) -> Result<Vec<LogLine>, StoreError>;
}

/// Which lines are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Only lines with a higher number; the first of them, instead of the last.
    pub after: Option<u64>,
    /// Only lines with a lower number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// Only lines with this text in them, whatever its case.
    pub search: Option<String>,
    /// Only lines of this source.
    pub source: Option<LogSource>,
}

impl LogQuery {
    /// The last lines.
    #[must_use]
    pub const fn tail(limit: usize) -> Self {
        Self { after: None, before: None, limit, search: None, source: None }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Counts the lines of the server, across restarts. A gap means that lines between were dropped.
    pub seq: u64,
    pub at: Timestamp,
    pub source: LogSource,
    /// The process that the line is about or from, where there is one.
    pub pid: Option<u32>,
    pub text: String,
}

words! {
    LogSource {
        Stderr = "stderr",
        /// A log message of the protocol: its level, its logger, and what it says.
        Protocol = "protocol",
        /// The daemon's own remarks: started, exited with code 1, rubbish on stdout.
        Daemon = "daemon",
    }
}
