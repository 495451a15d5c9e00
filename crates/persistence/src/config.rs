//! The settings of this crate. Reads no file and no environment; `orch-app` does.

use std::path::PathBuf;

use serde::Deserialize;

use crate::database::url::DatabaseUrl;

/// Where things are kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersistenceConfig {
    pub database: DatabaseConfig,
    pub journal: JournalConfig,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    pub url: DatabaseUrl,
    /// Connections to PostgreSQL, or readers of a SQLite file; SQLite has two writers besides, which take turns.
    pub max_connections: u32,
    /// How long a request waits for a connection to PostgreSQL. Over REST it fails then, so that nobody stares at a page
    /// for long; what nobody waits for tries again.
    pub acquire_timeout_ms: u64,
    /// How long PostgreSQL may take for what can be given up, which are reads; and how often it is asked whether it is still
    /// at everything else.
    pub answer_timeout_ms: u64,
}

impl DatabaseConfig {
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, max_connections: 10, acquire_timeout_ms: 3000, answer_timeout_ms: 30_000 }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self::new(DatabaseUrl::sqlite_file("./data/orchestrator.db"))
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalConfig {
    pub dir: PathBuf,
    /// No further call is taken when this much waits for the database.
    pub max_bytes: u64,
    /// A segment file is closed and a new one begun at about this size.
    pub segment_bytes: u64,
    /// When more than this waits, bringing it to the database does not give way to other work any more.
    pub urgent_bytes: u64,
    /// At most this many records go to the database at once.
    pub batch_records: usize,
    /// A record waits at most this long for others to go with it.
    pub batch_wait_ms: u64,
}

impl JournalConfig {
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            max_bytes: 256 * 1024 * 1024,
            segment_bytes: 4 * 1024 * 1024,
            urgent_bytes: 16 * 1024 * 1024,
            batch_records: 2000,
            batch_wait_ms: 200,
        }
    }
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self::new("./data/journal")
    }
}
