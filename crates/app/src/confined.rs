//! Limits and sandbox of a server, in the words of the launcher; and what a machine or a server lacks of a sandbox that
//! the instance requires.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use orch_control::error::ControlError;
use orch_control::problem::Problem;
use orch_control::servers::confinement::SandboxPatch;
use orch_domain::directory::Directory;
use orch_domain::limits::{self, Limit};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
use orch_domain::secret::Slot;
use orch_domain::server::{Server, Transport};
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

/// Refuses paths that no sandbox of the server would open, whichever daemon of the instance starts it: the data directory,
/// for writing also what it is in, and for writing the home directory of the daemon. What else a sandbox does not show
/// depends on where the daemon runs, and a start finds it.
pub(crate) fn check_paths(settings: &Settings, server: &Server, patch: &SandboxPatch) -> Result<(), ControlError> {
    let data = real(&settings.data_dir);
    let further_down = "name a directory further down, or another one";
    let has_own_home = server.secrets.iter().any(|secret| secret.slot == Slot::Env("HOME".to_owned()));
    let problem = |path: &str, writing: bool| {
        if writing && !has_own_home && Path::new(path) == Path::new("~") {
            let problem =
                "no sandbox opens the home directory of the daemon for writing: there are keys in it, or can be";
            return Some((problem, "name a directory further down, such as ~/data"));
        }
        let path = real(Path::new(path));
        let is_data = path.starts_with(&data) || writing && data.starts_with(&path);
        is_data
            .then_some(("no sandbox opens the data directory of the instance, which it is or leads to", further_down))
    };
    let listed = [("sandbox.read_paths", &patch.read_paths, false), ("sandbox.write_paths", &patch.write_paths, true)];
    let problems = listed.into_iter().flat_map(|(field, paths, writing)| {
        paths.iter().flatten().enumerate().filter_map(move |(place, path)| {
            let (problem, hint) = problem(path, writing)?;
            Some(Problem::new(format!("{field}[{place}]"), problem, hint))
        })
    });
    let problems: Vec<_> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(ControlError::Invalid { problems }) }
}

/// Where a path leads, as far as it is there.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
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
