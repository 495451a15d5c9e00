//! Limits and sandbox of servers on the wire.

use orch_control::servers::confinement::{self, LimitsPatch, SandboxPatch};
use orch_domain::limits::{Limit, ProcessLimits};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::rest::servers::request::present;

/// Limits of the processes of a server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProcessLimits)]
pub struct ProcessLimitsView {
    /// MiB of memory of a process and all that it has started.
    #[schema(required = true)]
    memory_mib: Option<u32>,
    /// Seconds of processor time of a process and all that it has started, from its start.
    #[schema(required = true)]
    cpu_seconds: Option<u32>,
    /// Open files of each process.
    #[schema(required = true)]
    open_files: Option<u32>,
    /// Processes at a time.
    #[schema(required = true)]
    processes: Option<u32>,
    /// KiB of a message; of a process, of a line of standard output.
    #[schema(required = true)]
    line_kib: Option<u32>,
    /// KiB of the log that are kept.
    #[schema(required = true)]
    log_kib: Option<u32>,
}

/// Limits to set. What is left out stays as it is; null leaves it to the instance.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessLimitsRequest {
    /// MiB of memory of a process and all that it has started; at least 16.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    memory_mib: Option<Option<u32>>,
    /// Seconds of processor time of a process and all that it has started, from its start.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    cpu_seconds: Option<Option<u32>>,
    /// Open files of each process; at least 16.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    open_files: Option<Option<u32>>,
    /// Processes at a time, the first one counted.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    processes: Option<Option<u32>>,
    /// KiB of a message; of a process, of a line of standard output.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    line_kib: Option<Option<u32>>,
    /// KiB of the log that are kept; at least 16.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    log_kib: Option<Option<u32>>,
}

/// What the processes of a server may see and reach.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sandbox)]
pub struct SandboxView {
    /// Whether there is one.
    mode: SandboxModeView,
    /// Paths that may be read besides the system's.
    read_paths: Vec<String>,
    /// Paths that may be read and written besides the working directory.
    write_paths: Vec<String>,
    /// What may be reached over the network.
    network: NetworkView,
    /// The TCP ports of servers that may be reached, with network `ports`.
    ports: Vec<u16>,
}

/// What to change of a sandbox; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxRequest {
    /// Whether there is one.
    mode: Option<SandboxModeView>,
    /// Paths that may be read besides the system's, such as `/srv/data` or `~/data`.
    read_paths: Option<Vec<String>>,
    /// Paths that may be read and written besides the working directory.
    write_paths: Option<Vec<String>>,
    /// What may be reached over the network.
    network: Option<NetworkView>,
    /// With network `ports`; together with it.
    ports: Option<Vec<u16>>,
}

/// Whether the processes of a server are confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SandboxMode)]
pub enum SandboxModeView {
    /// Its processes see and reach what the daemon's user does.
    Off,
    /// All of the profile holds, or the server does not start.
    On,
    /// As much of the profile holds as the kernel can.
    BestEffort,
}

/// What the processes of a server may reach over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NetworkAccess)]
pub enum NetworkView {
    Full,
    None,
    /// Only to some TCP ports, and to port 53 for names.
    Ports,
}

impl From<&ProcessLimits> for ProcessLimitsView {
    fn from(limits: &ProcessLimits) -> Self {
        Self {
            memory_mib: limits.get(Limit::Memory),
            cpu_seconds: limits.get(Limit::CpuTime),
            open_files: limits.get(Limit::OpenFiles),
            processes: limits.get(Limit::Processes),
            line_kib: limits.get(Limit::Line),
            log_kib: limits.get(Limit::Log),
        }
    }
}

impl ProcessLimitsRequest {
    pub(super) fn into_patch(self) -> LimitsPatch {
        let fields = [
            (Limit::Memory, self.memory_mib),
            (Limit::CpuTime, self.cpu_seconds),
            (Limit::OpenFiles, self.open_files),
            (Limit::Processes, self.processes),
            (Limit::Line, self.line_kib),
            (Limit::Log, self.log_kib),
        ];
        LimitsPatch(fields.into_iter().filter_map(|(limit, value)| Some((limit, value?))).collect())
    }
}

impl From<Sandbox> for SandboxView {
    fn from(sandbox: Sandbox) -> Self {
        let Sandbox { mode, read_paths, write_paths, network } = sandbox;
        let mode = match mode {
            SandboxMode::Off => SandboxModeView::Off,
            SandboxMode::On => SandboxModeView::On,
            SandboxMode::BestEffort => SandboxModeView::BestEffort,
        };
        let (network, ports) = match network {
            NetworkAccess::Full => (NetworkView::Full, Vec::new()),
            NetworkAccess::None => (NetworkView::None, Vec::new()),
            NetworkAccess::Ports(ports) => (NetworkView::Ports, ports),
        };
        Self { mode, read_paths, write_paths, network, ports }
    }
}

impl SandboxRequest {
    pub(super) fn into_patch(self) -> Result<SandboxPatch, ApiError> {
        let mode = self.mode.map(|mode| match mode {
            SandboxModeView::Off => SandboxMode::Off,
            SandboxModeView::On => SandboxMode::On,
            SandboxModeView::BestEffort => SandboxMode::BestEffort,
        });
        let kind = match (self.network, &self.ports) {
            (None, None) => None,
            (None | Some(NetworkView::Ports), _) => Some("ports"),
            (Some(NetworkView::Full), _) => Some("full"),
            (Some(NetworkView::None), _) => Some("none"),
        };
        let ports = self.ports.unwrap_or_default();
        let network = kind
            .map(|kind| confinement::network(kind, ports))
            .transpose()
            .map_err(|problem| ApiError::invalid(problem.field, &problem.problem, &problem.hint))?;
        Ok(SandboxPatch { mode, read_paths: self.read_paths, write_paths: self.write_paths, network })
    }
}
