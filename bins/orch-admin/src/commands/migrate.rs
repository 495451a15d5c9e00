//! `migrate`: the schema of the database. Makes an instance where there is none, and opens none.

use clap::Subcommand;
use orch_app::config::Settings;
use orch_app::instance::{self, Migrated};
use orch_app::persistence::Database;
use serde::Serialize;

use crate::output::{self, Output};

#[derive(Subcommand)]
pub(crate) enum Migrate {
    /// Apply the steps that are missing; makes a new instance where there is none
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
        match self {
            Self::Up => up(settings, output).await,
            Self::Status => {
                let database = instance::connect(settings).await?;
                let done = status(&database, output).await;
                database.close().await;
                done
            }
        }
    }
}

async fn up(settings: &Settings, output: &Output) -> anyhow::Result<()> {
    let Migrated { database, applied, generated } = instance::migrate(settings).await?;
    for path in generated {
        output::remark(&format!("generated a secret: {}", path.display()));
    }
    let sentence = match applied.as_slice() {
        [] => "the schema is up to date".to_owned(),
        steps => steps.iter().map(|step| format!("applied {step}\n")).collect(),
    };
    output.one(&Applied { database: database.as_str(), applied }, &sentence)
}

async fn status(database: &Database, output: &Output) -> anyhow::Result<()> {
    let steps = database.migration_status().await?;
    let steps: Vec<_> = steps.into_iter().map(|step| Step { name: step.name, applied: step.applied }).collect();
    output.list(&steps, ["STEP", "APPLIED"], |step| {
        [step.name.clone(), if step.applied { "yes" } else { "no" }.to_owned()]
    })
}
