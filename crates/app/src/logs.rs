//! Logs of servers, from the memory and the disk of this process or from what the daemon has written.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orch_domain::error::StoreError;
use orch_domain::id::ServerId;
use orch_domain::port::server_logs::{LogLine, LogQuery, LogSource, ServerLogs};
use orch_supervisor::{LogFilter, LogStore, LogStream, Writing};

/// How often files that another process writes are looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

pub(crate) struct StoredLogs {
    store: Arc<LogStore>,
    writing: Writing,
}

impl StoredLogs {
    pub(crate) const fn new(store: Arc<LogStore>, writing: Writing) -> Self {
        Self { store, writing }
    }
}

/// The name of a server's log in the store.
pub(crate) fn name(server: ServerId) -> String {
    server.to_string()
}

#[async_trait]
impl ServerLogs for StoredLogs {
    async fn read(&self, server: ServerId, query: &LogQuery) -> Result<Vec<LogLine>, StoreError> {
        let (store, query) = (Arc::clone(&self.store), query.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let stream = query.source.map(|source| match source {
                LogSource::Stderr => LogStream::Stderr,
                LogSource::Protocol => LogStream::Protocol,
                LogSource::Daemon => LogStream::Daemon,
            });
            let LogQuery { after, before, limit, search, .. } = query;
            store.read(&name(server), &LogFilter { after, before, limit, search, stream })
        });
        let unavailable = |source| StoreError::Unavailable { doing: "reading a log", source: Box::new(source) };
        let lines = reading.await.map_err(unavailable)?;
        Ok(lines.iter().map(|line| line_of(line)).collect())
    }

    async fn follow(&self, server: ServerId, after: u64, limit: usize) -> Result<Vec<LogLine>, StoreError> {
        let query = LogQuery { after: Some(after), ..LogQuery::tail(limit) };
        loop {
            let lines = self.read(server, &query).await?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            if self.writing == Writing::No {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            let store = Arc::clone(&self.store);
            let opening = tokio::task::spawn_blocking(move || store.log(&name(server), None));
            let log = opening
                .await
                .map_err(|source| StoreError::Unavailable { doing: "opening a log", source: Box::new(source) })?;
            let mut follower = log.follow(after);
            // A log that is forgotten gets a successor, which has nothing to do with this one.
            drop(log);
            if follower.next().await.is_none() {
                return Err(StoreError::Missing { what: "the log" });
            }
        }
    }
}

fn line_of(line: &orch_supervisor::LogLine) -> LogLine {
    LogLine {
        seq: line.seq,
        at: line.at.into(),
        source: match line.stream {
            LogStream::Stderr => LogSource::Stderr,
            LogStream::Protocol => LogSource::Protocol,
            LogStream::Daemon => LogSource::Daemon,
        },
        pid: line.pid,
        text: line.text.to_string(),
    }
}
