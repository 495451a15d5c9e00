//! `server limits` and `server sandbox`: what the processes of a server may use, see and reach.

use orch_app::control::servers::confinement::{LimitsPatch, SandboxPatch};
use orch_app::control::servers::{ServerPatch, ServerSeen};
use orch_app::domain::limits::Limit;
use orch_app::domain::sandbox::{NetworkAccess, SandboxMode};
use orch_app::domain::server::Transport;
use serde::Serialize;

use crate::cli::InProject;
use crate::console::Console;
use crate::failure;
use crate::output::Output;

#[derive(clap::Args)]
pub(crate) struct Limits {
    #[command(flatten)]
    within: InProject,
    /// Alias or id
    server: String,
    /// Such as memory_mib=512; also cpu_seconds, open_files, processes, line_kib and log_kib, of which a remote server
    /// has the last two. An empty value leaves it to the instance. Without any, the limits are shown
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
}

#[derive(clap::Args)]
pub(crate) struct Sandboxed {
    #[command(flatten)]
    within: InProject,
    /// Alias or id
    server: String,
    /// off, on or best_effort; without it and without options the profile is shown
    mode: Option<String>,
    /// A path that may be read; replaces all there are, and `none` takes them away
    #[arg(long = "read", value_name = "PATH")]
    read: Option<Vec<String>>,
    /// A path that may be read and written; replaces all there are, and `none` takes them away
    #[arg(long = "write", value_name = "PATH")]
    write: Option<Vec<String>>,
    /// full, none, or TCP ports such as 443,8443
    #[arg(long)]
    network: Option<String>,
}

#[derive(Serialize)]
struct LimitView {
    limit: &'static str,
    /// What the server sets.
    own: Option<u32>,
    /// What holds, with what the instance says.
    effective: Option<u32>,
}

#[derive(Serialize)]
struct SandboxView {
    mode: &'static str,
    read_paths: Vec<String>,
    write_paths: Vec<String>,
    /// full, none or ports.
    network: &'static str,
    ports: Vec<u16>,
}

impl Limits {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let Self { within, server, set } = self;
        let limits = set.iter().map(|text| assignment(text)).collect::<Result<Vec<_>, _>>().map_err(failure::usage)?;
        let seen = if limits.is_empty() {
            console.control().servers.get(&console.who, &within.project, &server).await?
        } else {
            let patch = ServerPatch { limits: LimitsPatch(limits), ..ServerPatch::default() };
            console.control().servers.update(&console.who, &within.project, &server, patch, None).await?
        };
        let local = matches!(seen.server.transport, Transport::Stdio { .. });
        let views = Limit::ALL.into_iter().filter(|limit| local || !limit.needs_a_process()).map(|limit| LimitView {
            limit: limit.name(),
            own: seen.server.limits.get(limit),
            effective: seen.limits.get(limit),
        });
        let views: Vec<_> = views.collect();
        output.list(&views, ["LIMIT", "OWN", "EFFECTIVE"], |view| {
            let shown = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            [view.limit.to_owned(), shown(view.own), shown(view.effective)]
        })
    }
}

impl Sandboxed {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let Self { within, server, mode, read, write, network } = self;
        let mode = match mode {
            None => None,
            Some(text) => Some(SandboxMode::parse(&text).ok_or_else(|| {
                failure::usage(anyhow::anyhow!("{text:?} is not a mode; use off, on or best_effort"))
            })?),
        };
        let network = network.map(|text| access(&text)).transpose().map_err(failure::usage)?;
        let sandbox = SandboxPatch { mode, read_paths: read.map(paths), write_paths: write.map(paths), network };
        let servers = &console.control().servers;
        let seen = servers.get(&console.who, &within.project, &server).await?;
        let seen = if sandbox == SandboxPatch::default() {
            seen
        } else {
            let patch = ServerPatch { sandbox, ..ServerPatch::default() };
            servers.update(&console.who, &within.project, &server, patch, None).await?
        };
        let view = view(&seen);
        let paths = |paths: &[String]| if paths.is_empty() { "-".to_owned() } else { paths.join(" ") };
        let (read, write) = (paths(&view.read_paths), paths(&view.write_paths));
        let ports = view.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let network = if ports.is_empty() { view.network } else { &ports };
        let text = format!("mode {}, network {network}\nread  {read}\nwrite {write}", view.mode);
        output.one(&view, &text)
    }
}

fn assignment(text: &str) -> anyhow::Result<(Limit, Option<u32>)> {
    let (name, value) = text.split_once('=').ok_or_else(|| anyhow::anyhow!("--set {text:?}: write NAME=VALUE"))?;
    let limit = Limit::named(name).ok_or_else(|| {
        anyhow::anyhow!("--set: {name:?} is not a limit; use {}", Limit::ALL.map(Limit::name).join(", "))
    })?;
    if value.is_empty() {
        return Ok((limit, None));
    }
    let number = value.parse().map_err(|_| anyhow::anyhow!("--set {name}: {value:?} is not a whole number"))?;
    Ok((limit, Some(number)))
}

/// What is listed; `none`, or nothing, for no path at all.
fn paths(listed: Vec<String>) -> Vec<String> {
    if listed.iter().all(|path| path.is_empty() || path == "none") { Vec::new() } else { listed }
}

fn access(text: &str) -> anyhow::Result<NetworkAccess> {
    match text {
        "full" => return Ok(NetworkAccess::Full),
        "none" => return Ok(NetworkAccess::None),
        _ => {}
    }
    let ports: Result<Vec<u16>, _> = text.split(',').map(|port| port.trim().parse()).collect();
    let wrong =
        |_| anyhow::anyhow!("--network: {text:?} is no network access; use full, none, or ports such as 443,8443");
    ports.map(NetworkAccess::Ports).map_err(wrong)
}

fn view(seen: &ServerSeen) -> SandboxView {
    let sandbox = &seen.server.sandbox;
    SandboxView {
        mode: sandbox.mode.as_str(),
        read_paths: sandbox.read_paths.clone(),
        write_paths: sandbox.write_paths.clone(),
        network: match &sandbox.network {
            NetworkAccess::Full => "full",
            NetworkAccess::None => "none",
            NetworkAccess::Ports(_) => "ports",
        },
        ports: match &sandbox.network {
            NetworkAccess::Full | NetworkAccess::None => Vec::new(),
            NetworkAccess::Ports(ports) => ports.clone(),
        },
    }
}
