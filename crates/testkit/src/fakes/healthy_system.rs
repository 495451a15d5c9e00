//! The state of an instance that a test can foresee.

use std::time::Duration;

use async_trait::async_trait;
use orch_domain::port::system_probe::{
    DatabaseState, EncryptionState, FleetState, JournalState, SystemProbe, SystemState, WorkerState,
};

use crate::fakes::FixedClock;

/// An instance in good health.
#[derive(Debug, Clone, Copy)]
pub struct HealthySystem;

#[async_trait]
impl SystemProbe for HealthySystem {
    async fn look(&self) -> SystemState {
        SystemState {
            version: "1.2.3",
            started_at: FixedClock::START,
            database: DatabaseState { kind: "sqlite", latency: Some(Duration::from_millis(1)), error: None },
            journal: JournalState {
                waiting_records: 3,
                waiting_bytes: 300,
                max_bytes: 1000,
                oldest: Some(FixedClock::START),
                refusing: None,
                last_error: None,
                corrupt_segments: 0,
                rejected_records: 0,
            },
            fleet: FleetState { servers: vec![("ready", 2)], calls_in_flight: 1 },
            encryption: EncryptionState { keys: vec!["0123456789abcdef".into()], secrets: 2, stale: 1 },
            workers: vec![WorkerState { name: "retention", last_run: None, last_error: None }],
            sessions: 4,
            tasks: 20,
            users: 5,
            projects: 6,
        }
    }
}
