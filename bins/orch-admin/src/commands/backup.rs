//! `backup` and `restore`: the whole instance as a directory, without keys. Neither opens the instance.

use std::path::PathBuf;

use clap::Args;
use orch_app::backup::{self, Manifest};
use orch_app::config::Settings;
use serde::Serialize;

use crate::output::Output;

#[derive(Args)]
pub(crate) struct Backup {
    /// Where the backup goes; a directory that is not there yet
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Serialize)]
struct BackupView {
    dir: String,
    version: String,
    created_at: String,
    database: String,
    rows: u64,
}

impl BackupView {
    fn of(dir: &std::path::Path, manifest: &Manifest) -> Self {
        Self {
            dir: dir.display().to_string(),
            version: manifest.version.clone(),
            created_at: manifest.created_at.clone(),
            database: manifest.database.clone(),
            rows: manifest.tables.iter().map(|table| table.rows).sum(),
        }
    }
}

impl Backup {
    pub(crate) async fn run(self, settings: &Settings, output: &Output) -> anyhow::Result<()> {
        let manifest = backup::back_up(settings, &self.dir).await?;
        let view = BackupView::of(&self.dir, &manifest);
        let sentence = format!(
            "copied {} rows of {} to {}\nkeep JWT_SECRET and MCP_ENCRYPTION_KEY elsewhere: without them the secrets in it \
             do not open",
            view.rows, view.database, view.dir
        );
        output.one(&view, &sentence)
    }
}

impl Restore {
    pub(crate) async fn run(self, settings: &Settings, output: &Output) -> anyhow::Result<()> {
        let manifest = backup::restore(settings, &self.dir).await?;
        let view = BackupView::of(&self.dir, &manifest);
        let sentence = format!(
            "restored {} rows of {} as of {}\nset JWT_SECRET and MCP_ENCRYPTION_KEY as they were, then run: orch-admin \
             audit verify; orch-admin encryption verify",
            view.rows, view.database, view.created_at
        );
        output.one(&view, &sentence)
    }
}
