//! The operator's command line. Works on the instance itself, as the console: its database, its secrets, its servers.
//! A running daemon sees what was changed through the change feed. Decides nothing; `orch-control` does.

mod cli;
mod commands;
mod console;
mod failure;
mod moment;
mod output;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    // `tool call` starts this binary again as the keeper of a server; this must come before anything else.
    orch_app::launch_mode::run_if_requested();
    cli::main()
}
