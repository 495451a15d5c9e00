//! `server`: MCP servers of a project, as configured. What runs is the daemon's; a change reaches it by itself.

mod confine;
mod import;
mod logs;
mod set;
mod snippet;

use clap::Subcommand;
use orch_app::domain::Timestamp;
use orch_app::domain::server::{Server as Stored, Transport};
use serde::Serialize;

use crate::cli::InProject;
use crate::console::Console;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Server {
    /// List the servers of a project
    List {
        #[command(flatten)]
        within: InProject,
    },
    /// Take over the servers of an mcp-config.json
    Import {
        #[command(flatten)]
        within: InProject,
        /// The file, or - for standard input
        file: String,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Print an mcp-config.json with a placeholder in place of every secret, or the settings of one client
    Export {
        #[command(flatten)]
        within: InProject,
        #[command(flatten)]
        wanted: snippet::Wanted,
    },
    /// Change how a server is run
    Set {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        set: set::Set,
    },
    /// Switch a server on
    Enable(Named),
    /// Switch a server off: what runs is stopped
    Disable(Named),
    /// Have every process and connection of a server replaced
    Restart(Named),
    /// Show what a server has printed and said
    Logs(logs::Logs),
    /// Show or set what the processes of a server may use
    Limits(confine::Limits),
    /// Show or set what the processes of a server may see and reach
    Sandbox(confine::Sandboxed),
}

#[derive(clap::Args)]
pub(crate) struct Named {
    #[command(flatten)]
    within: InProject,
    /// Alias or id
    server: String,
}

#[derive(Serialize)]
struct View {
    id: String,
    alias: String,
    name: String,
    transport: &'static str,
    /// The command or the URL.
    target: String,
    enabled: bool,
    /// Seconds that a call may take.
    timeout: f64,
    isolation: &'static str,
    always_on: bool,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: Timestamp,
}

impl Server {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let (control, who) = (console.control(), &console.who);
        match self {
            Self::List { within } => {
                let servers = control.servers.list(who, &within.project).await?;
                let views: Vec<_> = servers.iter().map(|seen| view(&seen.server)).collect();
                output.list(&views, ["ALIAS", "NAME", "TRANSPORT", "ENABLED", "TARGET"], |view| {
                    let enabled = if view.enabled { "yes" } else { "no" };
                    let (alias, name, target) = (view.alias.clone(), view.name.clone(), view.target.clone());
                    [alias, name, view.transport.to_owned(), enabled.to_owned(), target]
                })
            }
            Self::Import { within, file, dry_run } => {
                import::run(console, output, &within.project, &file, dry_run).await
            }
            Self::Export { within, wanted } if wanted.is_of_a_client() => {
                snippet::run(console, output, &within.project, &wanted).await
            }
            Self::Export { within, .. } => output.document(&control.export.get(who, &within.project).await?),
            Self::Set { named: Named { within, server }, set } => {
                let seen = control.servers.get(who, &within.project, &server).await?;
                let local = matches!(seen.server.transport, Transport::Stdio { .. });
                let seen = control.servers.update(who, &within.project, &server, set.into_patch(local)?, None).await?;
                show(output, &seen.server, "changed")
            }
            Self::Enable(Named { within, server }) => {
                let seen = control.servers.enable(who, &within.project, &server).await?;
                show(output, &seen.server, "enabled")
            }
            Self::Disable(Named { within, server }) => {
                let seen = control.servers.disable(who, &within.project, &server).await?;
                show(output, &seen.server, "disabled")
            }
            Self::Restart(Named { within, server }) => {
                let seen = control.servers.restart(who, &within.project, &server).await?;
                show(output, &seen.server, "asked for a restart of")
            }
            Self::Logs(logs) => logs.run(console, output).await,
            Self::Limits(limits) => limits.run(console, output).await,
            Self::Sandbox(sandbox) => sandbox.run(console, output).await,
        }
    }
}

fn show(output: &Output, server: &Stored, did: &str) -> anyhow::Result<()> {
    output.one(&view(server), &format!("{did} {}", server.alias))
}

fn view(server: &Stored) -> View {
    View {
        id: server.id.to_string(),
        alias: server.alias.to_string(),
        name: server.name.clone(),
        transport: server.transport.kind(),
        target: match &server.transport {
            Transport::Stdio { command, .. } => command.clone(),
            Transport::StreamableHttp { url } | Transport::Sse { url } => url.clone(),
        },
        enabled: server.enabled,
        timeout: server.call_timeout.as_secs_f64(),
        isolation: server.run.isolation.as_str(),
        always_on: server.run.always_on,
        updated_at: server.updated_at,
    }
}
