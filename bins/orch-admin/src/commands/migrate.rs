//! `migrate`: the schema of the database. Needs no secret and opens no instance.

use clap::Subcommand;
use orch_app::config::Settings;
use orch_app::persistence::{Database, DatabaseConfig};
use serde::Serialize;

use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Migrate {
    /// Apply the steps that are missing
    Up,
    /// Show every step and whether this database has it
    Status,
}

#[derive(Serialize)]
struct Step {
    name: String,
    applied: bool,
}

#[derive(Serialize)]
struct Applied {
    database: &'static str,
    applied: Vec<String>,
}

impl Migrate {
    pub(crate) async fn run(self, settings: &Settings, output: &Output) -> anyhow::Result<()> {
        let database = Database::connect(&DatabaseConfig::new(settings.database_url()?)).await?;
        let done = match self {
            Self::Up => up(&database, output).await,
            Self::Status => status(&database, output).await,
        };
        database.close().await;
        done
    }
}

async fn up(database: &Database, output: &Output) -> anyhow::Result<()> {
    let applied = database.migrate().await?;
    let sentence = match applied.as_slice() {
        [] => "the schema is up to date".to_owned(),
        steps => steps.iter().map(|step| format!("applied {step}\n")).collect(),
    };
    output.one(&Applied { database: database.kind().as_str(), applied }, &sentence)
}

async fn status(database: &Database, output: &Output) -> anyhow::Result<()> {
    let steps = database.migration_status().await?;
    let steps: Vec<_> = steps.into_iter().map(|step| Step { name: step.name, applied: step.applied }).collect();
    output.list(&steps, ["STEP", "APPLIED"], |step| {
        [step.name.clone(), if step.applied { "yes" } else { "no" }.to_owned()]
    })
}
