//! `encryption`: the keys that secrets are sealed with. Works while the daemon does.

use anyhow::bail;
use clap::Subcommand;
use orch_app::control::encryption::EncryptionReport;
use serde::Serialize;

use crate::console::Console;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Encryption {
    /// Seal every secret with the first key of MCP_ENCRYPTION_KEY; afterwards the others can be taken out of it
    Rotate,
    /// Open every secret and tell which do not open; exit code 1 when there are any
    Verify,
}

#[derive(Serialize)]
struct ReportView {
    secrets: u64,
    /// Sealed with another key than the first.
    stale: u64,
    renewed: u64,
    broken: Vec<BrokenView>,
}

#[derive(Serialize)]
struct BrokenView {
    table: &'static str,
    id: String,
    problem: String,
}

impl Encryption {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let encryption = &console.control().encryption;
        let (report, renewed) = match self {
            Self::Rotate => (encryption.rotate(&console.who).await?, true),
            Self::Verify => (encryption.verify(&console.who).await?, false),
        };
        show(report, renewed, output)
    }
}

fn show(report: EncryptionReport, rotated: bool, output: &Output) -> anyhow::Result<()> {
    let broken = report.broken.iter().map(|broken| BrokenView {
        table: broken.table,
        id: broken.row.to_string(),
        problem: broken.problem.to_string(),
    });
    let view = ReportView {
        secrets: report.values,
        stale: report.stale.saturating_sub(report.renewed),
        renewed: report.renewed,
        broken: broken.collect(),
    };
    let mut sentence = if rotated {
        format!("sealed {} of {} secrets anew", view.renewed, view.secrets)
    } else {
        format!("opened {} secrets, {} of them sealed with another key than the first", view.secrets, view.stale)
    };
    for broken in &view.broken {
        sentence.push_str(&format!("\n{} {}: {}", broken.table, broken.id, broken.problem));
    }
    output.one(&view, &sentence)?;
    match view.broken.len() {
        0 => Ok(()),
        count => bail!("{count} secrets do not open"),
    }
}
