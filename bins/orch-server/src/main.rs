//! The daemon's command line. Everything it does is in `orch-app`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use orch_app::config::Flags;
use tikv_jemallocator::Jemalloc;

/// A call takes buffers of some KiB, which the allocator of the C library keeps at hand for no thread.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// One governed endpoint to all MCP servers of a team.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon until it is told to stop
    Serve(Options),
    /// Check the configuration and the database, and say what is wrong
    CheckConfig(Options),
}

#[derive(Args)]
struct Options {
    /// Settings as a TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where database, journal and generated secrets are kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address to listen on
    #[arg(long)]
    host: Option<IpAddr>,
    /// Port to listen on; 0 for one of the system's choice
    #[arg(long)]
    port: Option<u16>,
    /// error, warn, info, debug or trace, or directives such as info,orch_relay=debug
    #[arg(long)]
    log_level: Option<String>,
    /// Serve the servers of this file as a project named after it, and follow the file
    #[arg(long, value_name = "FILE")]
    mcp_config: Option<PathBuf>,
}

fn main() -> ExitCode {
    // A child process begins its life as this binary; this must come before anything else.
    orch_app::launch_mode::run_if_requested();
    match Cli::parse().command {
        Command::Serve(options) => orch_app::serve::main(&options.flags()),
        Command::CheckConfig(options) => orch_app::check::main(&options.flags()),
    }
}

impl Options {
    fn flags(self) -> Flags {
        let Self { config, data_dir, host, port, log_level, mcp_config } = self;
        Flags { config, data_dir, host, port, log_level, mcp_config }
    }
}
