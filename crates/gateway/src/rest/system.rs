//! The state of the instance, for its admins.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use orch_domain::port::system_probe::SystemState;
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::millis::millis;
use crate::register::Register;
use crate::rest::Rest;

/// The state of the instance and of its parts.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemView {
    /// Of the daemon.
    version: &'static str,
    /// When this daemon started.
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    /// Since then.
    uptime_seconds: u64,
    /// Whether all parts work.
    healthy: bool,
    /// Whether the database answers.
    database: SystemDatabaseView,
    /// Whether calls get on record.
    journal: SystemJournalView,
    /// The servers of all projects.
    fleet: SystemFleetView,
    /// The keys that secrets are sealed with.
    encryption: SystemEncryptionView,
    /// What the daemon does in the background.
    workers: Vec<SystemWorkerView>,
    /// MCP sessions that are open.
    sessions: u64,
    /// Accounts, also those that are switched off.
    users: u64,
    /// All of them.
    projects: u64,
}

/// The database.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemDatabaseView {
    /// `sqlite` or `postgresql`.
    kind: &'static str,
    /// Whether it answered when it was last asked.
    healthy: bool,
    /// Milliseconds that it took to answer; null when it did not.
    #[schema(required = true)]
    latency_ms: Option<f64>,
    /// Why it did not.
    #[schema(required = true)]
    error: Option<String>,
}

/// Calls on their way to the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemJournalView {
    /// Whether calls get on record, and from there into the database.
    healthy: bool,
    /// Calls that are on disk and not in the database yet.
    waiting_records: u64,
    /// What they take on disk.
    waiting_bytes: u64,
    /// Beyond this, calls are refused.
    max_bytes: u64,
    /// When the oldest call that waits ended.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    oldest: Option<OffsetDateTime>,
    /// Why calls are refused, if they are.
    #[schema(required = true)]
    refusing: Option<String>,
    /// What was last wrong with it.
    #[schema(required = true)]
    last_error: Option<String>,
    /// Files that could not be read in full, since the start.
    corrupt_segments: u64,
    /// Calls that the database would not take, since the start.
    rejected_records: u64,
}

/// The servers of all projects.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemFleetView {
    /// Servers by their state.
    servers: Vec<SystemServersView>,
    /// Calls that run now.
    calls_in_flight: u64,
}

/// Servers in one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemServersView {
    /// As in the status of a server.
    state: &'static str,
    /// How many.
    count: u64,
}

/// Keys are named by ids that tell nothing of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemEncryptionView {
    /// The one that encrypts first.
    key_ids: Vec<String>,
    /// Secrets that are stored.
    secrets: u64,
    /// Secrets sealed with another key than the first; `orch-admin encryption rotate` seals them again.
    stale_secrets: u64,
}

/// Something that the daemon does in the background.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemWorkerView {
    /// What it does, in a word or two.
    name: &'static str,
    /// Whether its last run went well.
    healthy: bool,
    /// When it last ran; null for not yet.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    last_run: Option<OffsetDateTime>,
    /// What went wrong in its last run.
    #[schema(required = true)]
    last_error: Option<String>,
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(get_system);
}

/// Get the state of the instance and of its parts
///
/// For instance admins.
///
/// The version, and of each part whether it works and what was last wrong with it. Cheap enough to be asked every few
/// seconds.
#[utoipa::path(operation_id = "get_system", tag = "system", responses((status = 200, body = SystemView)))]
#[get("/system")]
async fn get_system(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    let state = rest.control.system.state(&caller.principal).await?;
    let now = rest.clock.now();
    Ok(HttpResponse::Ok().json(view(state, now)))
}

/// What has waited for longer does not reach the database.
const LONGEST_WAIT: Duration = Duration::minutes(5);

fn view(state: SystemState, now: OffsetDateTime) -> SystemView {
    let database = SystemDatabaseView {
        kind: state.database.kind,
        healthy: state.database.error.is_none(),
        latency_ms: state.database.latency.map(millis),
        error: state.database.error,
    };
    let waits_long = state.journal.oldest.is_some_and(|oldest| now - oldest > LONGEST_WAIT);
    let why = || {
        format!("the oldest call has waited for the database for more than {} minutes", LONGEST_WAIT.whole_minutes())
    };
    let last_error = state.journal.last_error.or_else(|| waits_long.then(why));
    let journal = SystemJournalView {
        healthy: state.journal.refusing.is_none() && last_error.is_none(),
        waiting_records: state.journal.waiting_records,
        waiting_bytes: state.journal.waiting_bytes,
        max_bytes: state.journal.max_bytes,
        oldest: state.journal.oldest,
        refusing: state.journal.refusing.map(|error| error.to_string()),
        last_error,
        corrupt_segments: state.journal.corrupt_segments,
        rejected_records: state.journal.rejected_records,
    };
    let workers: Vec<_> = state
        .workers
        .into_iter()
        .map(|worker| SystemWorkerView {
            name: worker.name,
            healthy: worker.last_error.is_none(),
            last_run: worker.last_run,
            last_error: worker.last_error,
        })
        .collect();
    let servers = state.fleet.servers.into_iter().map(|(state, count)| SystemServersView { state, count });
    SystemView {
        version: state.version,
        started_at: state.started_at,
        uptime_seconds: (now - state.started_at).whole_seconds().try_into().unwrap_or_default(),
        healthy: database.healthy && journal.healthy && workers.iter().all(|worker| worker.healthy),
        database,
        journal,
        fleet: SystemFleetView { servers: servers.collect(), calls_in_flight: state.fleet.calls_in_flight },
        encryption: SystemEncryptionView {
            key_ids: state.encryption.keys,
            secrets: state.encryption.secrets,
            stale_secrets: state.encryption.stale,
        },
        workers,
        sessions: state.sessions,
        users: state.users,
        projects: state.projects,
    }
}
