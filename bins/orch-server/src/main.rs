//! The daemon's command line. Everything it does is in `orch-app`.

mod options;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tikv_jemallocator::Jemalloc;

use options::Options;

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

fn main() -> ExitCode {
    // A child process begins its life as this binary; this must come before anything else.
    orch_app::launch_mode::run_if_requested();
    match Cli::parse().command {
        Command::Serve(options) => orch_app::serve::main(&options.flags()),
        Command::CheckConfig(options) => orch_app::check::main(&options.flags()),
    }
}
