//! The benchmark's command line: which part runs and with what exit code.
//! Owns no measurement and no protocol; those live in the files named after them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on its standard streams")]

mod child;
mod client;
mod daemon;
mod decimal;
mod echo;
mod endpoint;
mod event_stream;
mod histogram;
mod http1;
mod inbox;
mod load;
mod message;
mod nginx;
mod report;
mod row;
mod run;
mod sample;
mod stdio_load;
mod target;
mod upstream_http;
mod upstream_stdio;
mod usage;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::endpoint::Endpoint;
use crate::load::{Bound, Dialect, Plan, Shape, Target};
use crate::row::Row;
use crate::run::RunOptions;

/// No measurement needs longer, and a forgotten one must end.
const MAX_SECONDS: u64 = 600;
const MAX_SESSIONS: u64 = 4096;
const MAX_PAYLOAD: u64 = 8 * 1024 * 1024;

#[derive(Parser)]
#[command(name = "orch-bench", about = "Load generator, echo upstreams and the side-by-side run")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a minimal MCP echo server over Streamable HTTP on 127.0.0.1
    UpstreamHttp {
        /// 0 takes a free one; the address is printed
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Serves the same echo server over standard input and output
    UpstreamStdio,
    /// Calls an echo tool in a closed loop, verifies every answer, prints one JSON object
    Load(LoadArgs),
    /// Measures direct, nginx and daemon side by side and prints a table
    Run(RunArgs),
}

#[derive(clap::Args)]
struct LoadArgs {
    /// Loopback only, for example http://127.0.0.1:8080/mcp
    #[arg(long)]
    url: Endpoint,
    /// Sent as `Authorization: Bearer`
    #[arg(long)]
    bearer: Option<String>,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MAX_SESSIONS))]
    sessions: u64,
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=MAX_SECONDS))]
    seconds: u64,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=MAX_SECONDS))]
    warmup: u64,
    /// Calls per session, instead of seconds
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    calls: Option<u64>,
    #[arg(long, default_value = "echo")]
    tool: String,
    /// Bytes of text in each call
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(16..=MAX_PAYLOAD))]
    payload: u64,
}

#[derive(clap::Args)]
struct RunArgs {
    /// Defaults to the orch-server beside this binary
    #[arg(long)]
    server: Option<PathBuf>,
    /// Measured seconds per row and session count, spread over the rounds
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..=MAX_SECONDS))]
    seconds: u64,
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64],
          value_parser = clap::value_parser!(u64).range(1..=MAX_SESSIONS))]
    sessions: Vec<u64>,
    /// Leaves the other rows out
    #[arg(long, value_delimiter = ',', value_enum)]
    rows: Vec<Row>,
    /// Bytes of text in each call
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(16..=MAX_PAYLOAD))]
    payload: u64,
    /// Sessions held open to weigh one
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=MAX_SESSIONS))]
    held_sessions: u64,
    /// Also writes the report as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let stopped = || Err(anyhow::anyhow!("stopped by a signal"));
    let outcome = match Cli::parse().command {
        Command::UpstreamHttp { port } => on_runtime(upstream_http::serve(port), Ok(ExitCode::SUCCESS)),
        Command::UpstreamStdio => upstream_stdio::serve().context("upstream on stdio"),
        Command::Load(args) => on_runtime(load(args), stopped()),
        Command::Run(args) => on_runtime(run(args), stopped()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("orch-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One thread, so that a process never takes more than one of the two cores.
/// A signal drops the work, and with it every process and folder it owns, and gives `stopped`.
fn on_runtime<F>(work: F, stopped: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode>
where
    F: Future<Output = anyhow::Result<ExitCode>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        tokio::select! {
            outcome = work => outcome,
            heard = stop_signal() => heard.and(stopped),
        }
    })
}

async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for signals")?;
    tokio::select! {
        heard = tokio::signal::ctrl_c() => heard.context("listen for signals"),
        _ = terminate.recv() => Ok(()),
    }
}

async fn load(args: LoadArgs) -> anyhow::Result<ExitCode> {
    let bound = match args.calls {
        Some(calls) => Bound::Calls(calls),
        None => Bound::Time { warmup: Duration::from_secs(args.warmup), measured: Duration::from_secs(args.seconds) },
    };
    let plan = Plan {
        target: Target { endpoint: args.url, bearer: args.bearer, dialect: Dialect::Session },
        sessions: args.sessions,
        bound,
        shape: Shape { tool: args.tool, payload: args.payload },
    };
    let outcome = load::run(&plan).await?;
    println!("{}", serde_json::to_string(&outcome.summary())?);
    Ok(if outcome.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let options = RunOptions {
        server: args.server,
        measured: Duration::from_secs(args.seconds),
        rounds: args.rounds,
        sessions: args.sessions,
        rows: if args.rows.is_empty() { Row::ALL.to_vec() } else { args.rows },
        payload: args.payload,
        held_sessions: args.held_sessions,
    };
    let report = run::run(&options).await?;
    println!("{}", report.table());
    if let Some(path) = args.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(&path, text + "\n").with_context(|| format!("write {}", path.display()))?;
    }
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
