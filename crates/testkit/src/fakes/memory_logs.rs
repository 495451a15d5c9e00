//! Logs of servers in memory: what a test has put there.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use orch_domain::error::StoreError;
use orch_domain::id::ServerId;
use orch_domain::port::server_logs::{LogLine, LogQuery, LogSource, ServerLogs};

use crate::fakes::FixedClock;

/// The same lines for every server. Who follows them to their end waits for ever, and sees further ones when asking
/// anew.
#[derive(Debug, Clone, Default)]
pub struct MemoryLogs(Arc<Mutex<Vec<LogLine>>>);

impl MemoryLogs {
    #[must_use]
    pub fn of(texts: &[&str]) -> Self {
        let logs = Self::default();
        for text in texts {
            logs.push(LogSource::Stderr, text);
        }
        logs
    }

    pub fn push(&self, source: LogSource, text: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = lines.last().map_or(0, |line| line.seq) + 1;
        lines.push(LogLine { seq, at: FixedClock::START, source, pid: Some(7), text: text.to_owned() });
    }
}

#[async_trait]
impl ServerLogs for MemoryLogs {
    async fn read(&self, _: ServerId, query: &LogQuery) -> Result<Vec<LogLine>, StoreError> {
        let search = query.search.as_ref().map(|text| text.to_lowercase());
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lines.retain(|line| {
            query.after.is_none_or(|after| line.seq > after)
                && query.before.is_none_or(|before| line.seq < before)
                && query.source.is_none_or(|source| line.source == source)
                && search.as_ref().is_none_or(|text| line.text.to_lowercase().contains(text))
        });
        if query.after.is_none() {
            lines.drain(..lines.len().saturating_sub(query.limit));
        }
        lines.truncate(query.limit);
        Ok(lines)
    }

    async fn follow(&self, server: ServerId, after: u64, limit: usize) -> Result<Vec<LogLine>, StoreError> {
        let lines = self.read(server, &LogQuery { after: Some(after), ..LogQuery::tail(limit) }).await?;
        if lines.is_empty() {
            std::future::pending::<()>().await;
        }
        Ok(lines)
    }
}
