//! `tool`: tools of a project's servers, asked for in this process, through the relay as a client would.

mod call;
mod content;
mod exchange;
mod list;

use clap::Subcommand;

use crate::cli::InProject;
use crate::console::Console;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Tool {
    /// List tools as last seen; a server that was never seen is started in this process
    List {
        #[command(flatten)]
        within: InProject,
        /// Only the tools of this server, by alias or id
        server: Option<String>,
    },
    /// Call a tool; runs the server in this process, and puts the call on record
    Call {
        #[command(flatten)]
        within: InProject,
        /// Alias or id
        server: String,
        /// The tool's own name, as `tool list SERVER` shows it
        tool: String,
        /// A JSON object, @FILE, or - for standard input
        #[arg(long, value_name = "JSON", default_value = "{}", hide_default_value = true)]
        arguments: String,
    },
}

impl Tool {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::List { within, server } => list::run(console, output, &within.project, server.as_deref()).await,
            Self::Call { within, server, tool, arguments } => {
                let arguments = call::Arguments::parse(&arguments)?;
                call::run(console, output, &within.project, &server, &tool, &arguments).await
            }
        }
    }
}
