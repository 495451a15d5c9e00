//! `server`: MCP servers of a project. What runs is the daemon's, which is asked for it; a change reaches it by itself.

mod confine;
mod import;
mod logs;
mod seen;
mod set;
mod snippet;

use clap::Subcommand;
use orch_app::domain::server::{Server as Stored, Transport};

use crate::cli::InProject;
use crate::console::Console;
use crate::failure::Spelling;
use crate::output::Output;

/// What fields of a server are called here.
pub(crate) const SPELLING: &Spelling = &[
    ("timeout", "--timeout"),
    ("run.idle_stop", "--idle-stop"),
    ("run.max_in_flight", "--max-in-flight"),
    ("run.max_connections", "--max-connections"),
    ("run.tool_timeouts", "--tool-timeout"),
    ("run.personal_env", "--personal"),
    ("run.personal_headers", "--personal"),
    ("limits", "--set"),
    ("sandbox.mode", "MODE"),
    ("sandbox.read_paths", "--read"),
    ("sandbox.write_paths", "--write"),
    ("sandbox.network", "--network"),
    ("sandbox.ports", "--network"),
    ("key", "--key"),
];

#[derive(Subcommand)]
pub(crate) enum Server {
    /// List the servers of a project, and what the running daemon says of them
    List {
        #[command(flatten)]
        within: InProject,
    },
    /// Show one server: how it is set up, what it is doing, and why it failed
    Show(Named),
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

impl Server {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let (control, who) = (console.control(), &console.who);
        match self {
            Self::List { within } => seen::list(console, output, &within.project).await,
            Self::Show(Named { within, server }) => seen::show(console, output, &within.project, &server).await,
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
    output.one(&seen::View::new(server), &format!("{did} {}", server.alias))
}
