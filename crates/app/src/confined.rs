//! Limits and sandbox of a server, in the words of the launcher; and what a machine or a server lacks of a sandbox that
//! the instance requires.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use orch_domain::directory::Directory;
use orch_domain::limits::{self, Limit};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
use orch_domain::server::Transport;
use orch_supervisor::{ProcessLimits, SandboxNetwork, SandboxProfile};

use crate::config::{SandboxSetting, Settings};

/// Fails where every server is to run in a sandbox, and this machine cannot make one.
pub(crate) fn check_machine(settings: &Settings) -> anyhow::Result<()> {
    match settings.servers.sandbox {
        SandboxSetting::Optional => Ok(()),
        SandboxSetting::Required => orch_supervisor::can_sandbox().map_err(|lacks| anyhow!(lacks)).context(
            "servers.sandbox (ORCH_SANDBOX) is required, and this machine cannot put a server into a sandbox, so none \
             over stdio would start; set it to optional to run them without",
        ),
    }
}

/// What is to be said of enabled servers that are not started, as they are not confined as the instance wants it.
pub(crate) fn not_started(settings: &Settings, directory: &Directory) -> Option<String> {
    let rule = settings.servers.sandbox.rule();
    let projects = directory.projects().flat_map(|facts| facts.servers.values().map(|server| (&facts.project, server)));
    let unconfined = projects.filter(|(_, server)| {
        let is_process = matches!(server.transport, Transport::Stdio { .. });
        server.enabled && is_process && !rule.allows(server.sandbox.mode)
    });
    let names: Vec<_> = unconfined.map(|(project, server)| format!("{}/{}", project.slug, server.alias)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "servers.sandbox (ORCH_SANDBOX) is required, and these servers have no whole sandbox, so they are not \
             started: {}; set the mode of their sandbox to on",
            names.join(", ")
        )
    })
}

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
