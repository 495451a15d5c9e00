//! The state of the instance's parts, for people and for metrics.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use orch_auth::vault::AeadVault;
use orch_domain::Timestamp;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::error::WithCauses;
use orch_domain::port::clock::Clock;
use orch_domain::port::server_runtime::ServerRuntime;
use orch_domain::port::system_probe::{
    DatabaseState, EncryptionState, FleetState, JournalState, SystemProbe, SystemState, WorkerState,
};
use orch_domain::port::vault::Vault;
use orch_gateway::mcp::Sessions;
use orch_gateway::runtimes::Runtimes;
use orch_persistence::{Database, Journal};
use tokio::time::Instant;

/// How long the database may take to answer before it counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct InstanceProbe {
    pub(crate) started_at: Timestamp,
    pub(crate) database: Database,
    pub(crate) journal: Arc<Journal>,
    pub(crate) directory: Arc<LiveDirectory>,
    pub(crate) runtime: Arc<dyn ServerRuntime>,
    pub(crate) vault: Arc<AeadVault>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) sessions: Arc<Sessions>,
    /// Of those who serve; there are none under the command line.
    pub(crate) runtimes: OnceLock<Runtimes>,
}

impl InstanceProbe {
    async fn database(&self) -> DatabaseState {
        let start = Instant::now();
        let error = match tokio::time::timeout(PATIENCE, self.database.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(WithCauses(&error).to_string()),
            Err(_) => Some(format!("it did not answer within {} s", PATIENCE.as_secs())),
        };
        let latency = error.is_none().then(|| start.elapsed());
        DatabaseState { kind: self.database.kind().as_str(), latency, error }
    }

    fn journal(&self) -> JournalState {
        let status = self.journal.status();
        JournalState {
            waiting_records: status.records_waiting,
            waiting_bytes: status.bytes,
            max_bytes: status.max_bytes,
            oldest: status.oldest,
            refusing: status.refusing,
            last_error: status.last_error,
            corrupt_segments: status.corrupt_segments,
            rejected_records: status.rejected_records,
        }
    }

    fn fleet(&self) -> FleetState {
        let directory = self.directory.current();
        let mut servers: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut calls_in_flight = 0;
        for server in directory.projects().flat_map(|project| project.servers.values()) {
            let status = self.runtime.status(server.id);
            *servers.entry(status.state.as_str()).or_default() += 1;
            calls_in_flight += u64::from(status.calls_in_flight);
        }
        FleetState { servers: servers.into_iter().collect(), calls_in_flight }
    }

    fn tasks(&self) -> u64 {
        self.runtimes.get().map_or(0, Runtimes::alive_tasks) as u64
    }

    fn encryption(&self) -> EncryptionState {
        let directory = self.directory.current();
        let (mut secrets, mut stale) = (0, 0);
        for secret in directory.secrets() {
            secrets += 1;
            stale += u64::from(self.vault.is_stale(&secret.sealed));
        }
        EncryptionState { keys: self.vault.key_ids().map(|id| id.to_string()).collect(), secrets, stale }
    }
}

#[async_trait]
impl SystemProbe for InstanceProbe {
    async fn look(&self) -> SystemState {
        let directory = self.directory.current();
        let (users, projects) = (directory.user_count() as u64, directory.projects().count() as u64);
        drop(directory);
        SystemState {
            version: env!("CARGO_PKG_VERSION"),
            started_at: self.started_at,
            database: self.database().await,
            journal: self.journal(),
            fleet: self.fleet(),
            encryption: self.encryption(),
            workers: self.workers.states(),
            sessions: self.sessions.count() as u64,
            tasks: self.tasks(),
            users,
            projects,
        }
    }
}

impl fmt::Debug for InstanceProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceProbe").finish_non_exhaustive()
    }
}

/// What the tasks in the background last did.
#[derive(Debug, Default)]
pub(crate) struct Workers(Mutex<BTreeMap<&'static str, WorkerState>>);

impl Workers {
    /// Makes a worker known that has not run yet.
    pub(crate) fn expect(&self, name: &'static str) {
        let state = WorkerState { name, last_run: None, last_error: None };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_insert(state);
    }

    pub(crate) fn note(&self, name: &'static str, clock: &dyn Clock, error: Option<String>) {
        let state = WorkerState { name, last_run: Some(clock.now()), last_error: error };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, state);
    }

    fn states(&self) -> Vec<WorkerState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
