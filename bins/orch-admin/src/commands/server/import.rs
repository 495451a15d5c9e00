//! `server import`: takes over an `mcp-config.json`, all of it or nothing.

use orch_app::control::error::ControlError;
use orch_app::control::import::ImportMode;
use orch_app::control::import::plan::{ImportPlan, PlannedServer};
use orch_app::control::problem::Problem;
use serde::Serialize;

use crate::console::{self, Console};
use crate::failure;
use crate::output::{self, Output};

#[derive(Serialize)]
struct View {
    dry_run: bool,
    servers: Vec<ServerView>,
    warnings: Vec<ProblemView>,
    problems: Vec<ProblemView>,
}

#[derive(Serialize)]
struct ServerView {
    /// The name in the file.
    name: String,
    alias: String,
    action: &'static str,
    changes: Vec<String>,
}

#[derive(Serialize)]
struct ProblemView {
    field: String,
    problem: String,
    hint: String,
    line: Option<u32>,
    column: Option<u32>,
}

pub(super) async fn run(
    console: &Console,
    output: &Output,
    project: &str,
    file: &str,
    dry_run: bool,
) -> anyhow::Result<()> {
    let text = console::read(file)?;
    let mode = if dry_run { ImportMode::DryRun } else { ImportMode::Apply };
    let plan = console.control().import.run(&console.who, project, &text, mode).await.map_err(|error| match error {
        ControlError::Invalid { problems } => failure::in_file(file, &problems),
        error => error.into(),
    })?;
    let ImportPlan { servers, notes, problems } = plan;
    let view = View {
        dry_run,
        servers: servers.iter().map(server).collect(),
        warnings: notes.iter().map(problem).collect(),
        problems: problems.iter().map(problem).collect(),
    };
    if output.is_json() {
        output.document(&view)?;
    } else {
        for note in &notes {
            output::remark(&format!("warning: {note}"));
        }
        output.list(&view.servers, ["SERVER", "ALIAS", "ACTION", "CHANGES"], |server| {
            [server.name.clone(), server.alias.clone(), server.action.to_owned(), server.changes.join(", ")]
        })?;
    }
    if problems.is_empty() { Ok(()) } else { Err(failure::in_file(file, &problems)) }
}

fn server(planned: &PlannedServer) -> ServerView {
    ServerView {
        name: planned.key.clone(),
        alias: planned.alias.to_string(),
        action: planned.verb.as_str(),
        changes: planned.changes.lines().collect(),
    }
}

fn problem(problem: &Problem) -> ProblemView {
    ProblemView {
        field: problem.field.clone(),
        problem: problem.problem.clone(),
        hint: problem.hint.clone(),
        line: problem.at.map(|at| at.line),
        column: problem.at.map(|at| at.column),
    }
}
