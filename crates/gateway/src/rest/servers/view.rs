//! Servers as they are shown: the names of secrets and never a value.

use orch_control::servers::ServerSeen;
use orch_domain::secret::Slot;
use orch_domain::server::{Server, Transport};
use orch_domain::server_state::{ServerState, ServerStatus};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::dialect::{EraView, InteractiveView};
use crate::rest::servers::confinement::{ProcessLimitsView, SandboxView};
use crate::rest::servers::run::RunView;

/// A server, without a value of a secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerView {
    /// Stays for as long as the server does.
    pub(super) id: Uuid,
    /// Whose it is.
    pub(super) project_id: Uuid,
    /// Unique in the project; stands in URLs and tool names.
    alias: String,
    /// For people.
    name: String,
    /// A server that is not is never started, and offers nothing.
    enabled: bool,
    /// Seconds that a call may take.
    timeout: f64,
    /// Which era of the protocol is used toward it.
    era: EraView,
    /// Whether it may ask the clients behind its calls.
    interactive: InteractiveView,
    /// How it is run.
    run: RunView,
    /// How it is reached.
    transport: TransportView,
    /// What the server sets itself; null is left to the instance.
    limits: ProcessLimitsView,
    /// What holds for its processes, with what the instance says; null is without limit.
    effective_limits: ProcessLimitsView,
    /// What its processes may see and reach.
    sandbox: SandboxView,
    /// What it is doing now.
    status: StatusView,
    /// When it was added.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When its configuration last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What the `ETag` is made of.
    pub(super) version: u32,
}

/// How the server is reached. Arguments, variables and headers are secret: only their number and names are shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type")]
pub enum TransportView {
    /// A program that is run.
    #[serde(rename = "stdio")]
    Stdio {
        /// The program.
        command: String,
        /// How many arguments there are.
        arg_count: usize,
        /// Names of environment variables.
        env: Vec<String>,
        /// Its working directory; null for the home directory, or one of its own where it has a sandbox or the home
        /// directory cannot be used.
        cwd: Option<String>,
    },
    /// A server that is dialled.
    #[serde(rename = "streamable-http")]
    StreamableHttp {
        /// Where it is.
        url: String,
        /// Names of headers.
        headers: Vec<String>,
    },
    /// A server that is dialled, over HTTP+SSE.
    #[serde(rename = "sse")]
    Sse {
        /// Where it is.
        url: String,
        /// Names of headers.
        headers: Vec<String>,
    },
}

/// What the server is doing now.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusView {
    /// What it is doing.
    state: StateView,
    /// When this state began.
    #[serde(with = "time::serde::rfc3339")]
    since: OffsetDateTime,
    /// The last failure in plain words.
    #[schema(required = true)]
    reason: Option<String>,
    /// What a person can do about the state, or what happens by itself.
    next_step: &'static str,
    /// Failures in a row, while backing off or in a crash loop.
    failures: u32,
    /// While backing off: when the next start is tried.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    retry_at: Option<OffsetDateTime>,
    /// The process that all share; null for none, and for a server that is dialled.
    #[schema(required = true)]
    pid: Option<u32>,
    /// Negotiated protocol revision.
    #[schema(required = true)]
    revision: Option<String>,
    /// What the upstream calls itself.
    #[schema(required = true)]
    implementation: Option<String>,
    /// Calls that run now.
    calls_in_flight: u32,
    /// Processes or connections that belong to single principals or sessions.
    own_connections: u32,
}

/// What a server is doing.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ServerState)]
pub enum StateView {
    Stopped,
    Starting,
    Ready,
    /// It runs, and does not answer as it should.
    Degraded,
    BackingOff,
    /// Failed too often in a row; waits for a person.
    CrashLooping,
    /// It answers, and not as a server that can be used.
    Incompatible,
    StoppedByAdmin,
    /// Switched off in its configuration.
    Disabled,
}

impl From<ServerSeen> for ServerView {
    fn from(seen: ServerSeen) -> Self {
        let ServerSeen { server, limits, status } = seen;
        Self {
            id: server.id.as_uuid(),
            project_id: server.project_id.as_uuid(),
            alias: server.alias.to_string(),
            transport: TransportView::of(&server),
            name: server.name,
            enabled: server.enabled,
            timeout: server.call_timeout.as_secs_f64(),
            era: server.dialect.era.into(),
            interactive: server.dialect.interactive.into(),
            run: RunView::from(server.run),
            limits: ProcessLimitsView::from(&server.limits),
            effective_limits: ProcessLimitsView::from(&limits),
            sandbox: SandboxView::from(server.sandbox),
            status: StatusView::from(status),
            created_at: server.created_at,
            updated_at: server.updated_at,
            version: server.version,
        }
    }
}

impl TransportView {
    fn of(server: &Server) -> Self {
        match &server.transport {
            Transport::Stdio { command, cwd } => Self::Stdio {
                command: command.clone(),
                arg_count: server.args().count(),
                env: names(server),
                cwd: cwd.clone(),
            },
            Transport::StreamableHttp { url } => Self::StreamableHttp { url: url.clone(), headers: names(server) },
            Transport::Sse { url } => Self::Sse { url: url.clone(), headers: names(server) },
        }
    }
}

/// The names of variables or headers, in order.
fn names(server: &Server) -> Vec<String> {
    let mut names: Vec<_> = server
        .secrets
        .iter()
        .filter_map(|secret| match &secret.slot {
            Slot::Env(name) | Slot::Header(name) => Some(name.clone()),
            Slot::Arg(_) => None,
        })
        .collect();
    names.sort();
    names
}

impl From<ServerStatus> for StatusView {
    fn from(status: ServerStatus) -> Self {
        let state = match status.state {
            ServerState::Stopped => StateView::Stopped,
            ServerState::Starting => StateView::Starting,
            ServerState::Ready => StateView::Ready,
            ServerState::Degraded => StateView::Degraded,
            ServerState::BackingOff { .. } => StateView::BackingOff,
            ServerState::CrashLooping { .. } => StateView::CrashLooping,
            ServerState::Incompatible => StateView::Incompatible,
            ServerState::StoppedByAdmin => StateView::StoppedByAdmin,
            ServerState::Disabled => StateView::Disabled,
        };
        Self {
            state,
            since: status.since,
            reason: status.reason,
            next_step: status.state.next_step(),
            failures: status.state.failures().unwrap_or(0),
            retry_at: status.state.retry_at(),
            pid: status.pid,
            revision: status.revision,
            implementation: status.implementation,
            calls_in_flight: status.calls_in_flight,
            own_connections: status.own_connections,
        }
    }
}
