//! The state of the instance's parts, for its admins. Answers from what is at hand; asks the database for its pulse.

use std::time::Duration;

use async_trait::async_trait;

use crate::Timestamp;
use crate::port::call_log::CallLogError;

#[async_trait]
pub trait SystemProbe: Send + Sync {
    async fn look(&self) -> SystemState;
}

/// Holds no secret, no address and no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemState {
    pub version: &'static str,
    pub started_at: Timestamp,
    pub database: DatabaseState,
    pub journal: JournalState,
    pub fleet: FleetState,
    pub encryption: EncryptionState,
    pub workers: Vec<WorkerState>,
    /// MCP sessions that are open.
    pub sessions: u64,
    /// Tasks of the daemon that have not ended.
    pub tasks: u64,
    pub users: u64,
    pub projects: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseState {
    /// `sqlite` or `postgresql`.
    pub kind: &'static str,
    /// How long it took to answer; None when it did not.
    pub latency: Option<Duration>,
    /// Why it did not answer, in plain words.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalState {
    pub waiting_records: u64,
    pub waiting_bytes: u64,
    pub max_bytes: u64,
    pub oldest: Option<Timestamp>,
    pub refusing: Option<CallLogError>,
    pub last_error: Option<String>,
    pub corrupt_segments: u64,
    pub rejected_records: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetState {
    /// Configured servers by the word of their state.
    pub servers: Vec<(&'static str, u64)>,
    pub calls_in_flight: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncryptionState {
    /// Ids of the configured keys, the one that encrypts first. An id tells nothing of its key.
    pub keys: Vec<String>,
    pub secrets: u64,
    /// Sealed with another key than the first; a rotation seals them again.
    pub stale: u64,
}

/// A task that works in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerState {
    pub name: &'static str,
    pub last_run: Option<Timestamp>,
    /// Why the last run failed; None when it went well.
    pub last_error: Option<String>,
}
