//! Limits and sandbox of a server, in the words of the launcher.

use std::path::PathBuf;

use orch_domain::limits::{self, Limit};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
use orch_supervisor::{ProcessLimits, SandboxNetwork, SandboxProfile};

pub(crate) fn limits(limits: &limits::ProcessLimits) -> ProcessLimits {
    let get = |limit| limits.get(limit).map(u64::from);
    ProcessLimits {
        memory_bytes: get(Limit::Memory).map(|mib| mib * 1024 * 1024),
        cpu_seconds: get(Limit::CpuTime),
        open_files: get(Limit::OpenFiles),
        processes: get(Limit::Processes),
    }
}

pub(crate) fn sandbox(sandbox: &Sandbox) -> Option<SandboxProfile> {
    let best_effort = match sandbox.mode {
        SandboxMode::Off => return None,
        SandboxMode::On => false,
        SandboxMode::BestEffort => true,
    };
    Some(SandboxProfile {
        best_effort,
        read_paths: sandbox.read_paths.iter().map(PathBuf::from).collect(),
        write_paths: sandbox.write_paths.iter().map(PathBuf::from).collect(),
        network: match &sandbox.network {
            NetworkAccess::Full => SandboxNetwork::Full,
            NetworkAccess::None => SandboxNetwork::None,
            NetworkAccess::Ports(ports) => SandboxNetwork::Ports(ports.clone()),
        },
    })
}
