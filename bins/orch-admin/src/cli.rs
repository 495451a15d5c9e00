//! The command line as a whole: what is common to all commands, and the way from arguments to an exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use orch_app::config::{Flags, Settings};

use crate::commands::{
    adopt_secrets, audit, backup, encryption, key, migrate, openapi, policy, project, server, tool, user,
};
use crate::console::Console;
use crate::failure::{self, Spelling};
use crate::output::{self, Output};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, or the called tool reported an error
  2  wrong usage or invalid input: an argument, a setting, a file
  3  there is no such project, server, user, team, key or rule
  4  it contradicts what is there, or somebody else changed it first
  5  the database is not available";

/// Manages an instance of MCP Orchestrator from the machine that it runs on
#[derive(Parser)]
#[command(name = "orch-admin", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Common {
    /// Where database, journal and generated secrets are kept
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Settings as a TOML file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON document instead of a table
    #[arg(long, global = true)]
    json: bool,
    /// error, warn, info, debug or trace; the log goes to standard error
    #[arg(long, global = true, default_value = "error", value_name = "LEVEL")]
    log_level: String,
}

#[derive(Subcommand)]
enum Command {
    /// The schema of the database
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Accounts
    #[command(subcommand)]
    User(user::User),
    /// Projects
    #[command(subcommand)]
    Project(project::Project),
    /// API keys of a project
    #[command(subcommand)]
    Key(key::Key),
    /// MCP servers of a project
    #[command(subcommand)]
    Server(server::Server),
    /// Rules of a project: who may use what
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Tools of a project's servers
    #[command(subcommand)]
    Tool(tool::Tool),
    /// The record of what was done and called
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The keys that secrets are sealed with
    #[command(subcommand)]
    Encryption(encryption::Encryption),
    /// Copy the whole instance into a directory, without keys
    Backup(backup::Backup),
    /// Bring a backup into an instance in which there is nothing yet
    Restore(backup::Restore),
    /// Go by JWT_SECRET and MCP_ENCRYPTION_KEY as they are set now, after one was lost or changed on purpose; another
    /// JWT_SECRET ends every login and API key
    AdoptSecrets,
    /// Print the OpenAPI document of the REST interface
    Openapi,
}

/// The project that a command is about.
#[derive(Args)]
pub(crate) struct InProject {
    /// The project, by id or slug
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: String,
}

pub(crate) fn main() -> ExitCode {
    let Cli { common, command } = Cli::parse();
    match run(common, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

fn run(common: Common, command: Command) -> anyhow::Result<()> {
    let output = Output::new(common.json);
    if matches!(command, Command::Openapi) {
        return openapi::run(&output);
    }
    let flags = Flags {
        config: common.config,
        data_dir: common.data_dir,
        log_level: Some(common.log_level),
        ..Flags::default()
    };
    // Before there is a secret in it.
    let hidden = orch_app::hide_memory();
    let settings = Settings::load(&flags).map_err(failure::usage)?;
    orch_app::telemetry::start(&settings.log).map_err(failure::usage)?;
    if let Err(error) = hidden {
        output::remark(&format!("servers run by the same user could read the memory of this process: {error}"));
    }
    orch_app::serve::runtime()?.block_on(Box::pin(run_with(settings, command, &output)))
}

async fn run_with(settings: Settings, command: Command, output: &Output) -> anyhow::Result<()> {
    if let Command::Migrate(migrate) = command {
        return migrate.run(&settings, output).await;
    }
    let command = match command {
        Command::Backup(backup) => return backup.run(&settings, output).await,
        Command::Restore(restore) => return restore.run(&settings, output).await,
        Command::AdoptSecrets => return adopt_secrets::run(&settings, output).await,
        other => other,
    };
    let console = Box::pin(Console::open(settings)).await?;
    let (done, spelling): (_, &Spelling) = match command {
        Command::User(user) => (user.run(&console, output).await, &[]),
        Command::Project(project) => (project.run(&console, output).await, project::SPELLING),
        Command::Key(key) => (key.run(&console, output).await, key::SPELLING),
        Command::Policy(policy) => (policy.run(&console, output).await, policy::SPELLING),
        Command::Server(server) => (server.run(&console, output).await, server::SPELLING),
        Command::Tool(tool) => (tool.run(&console, output).await, &[]),
        Command::Audit(audit) => (audit.run(&console, output).await, &[]),
        Command::Encryption(encryption) => (encryption.run(&console, output).await, &[]),
        // These need no instance and were run above.
        Command::Migrate(_) | Command::Backup(_) | Command::Restore(_) | Command::AdoptSecrets | Command::Openapi => {
            (Ok(()), &[])
        }
    };
    let done = done.map_err(|error| failure::spelled(error, spelling));
    console.close().await;
    done
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
