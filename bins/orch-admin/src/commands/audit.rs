//! `audit`: whether the record is what was written, and the record as JSON Lines.

use std::io::{BufWriter, Write};

use anyhow::{Context, bail};
use clap::Subcommand;
use orch_app::domain::arguments::Arguments;
use orch_app::domain::audit::AuditRecord;
use orch_app::domain::call::Call;
use orch_app::domain::id::{KeyId, ProjectId, ServerId, UserId};
use orch_app::persistence::{Damage, ExportLine, ExportPlace, Finding};
use serde::Serialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::console::Console;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Look for entries and calls that were changed, removed or put in; exit code 1 when there are any
    Verify,
    /// Write the audit trail and the record of calls as JSON Lines
    Export {
        /// Only this project, by id or slug; everything otherwise
        #[arg(long, value_name = "PROJECT")]
        project: Option<String>,
        /// Where to write to; standard output unless said
        #[arg(long, value_name = "FILE")]
        output: Option<String>,
    },
}

#[derive(Serialize)]
struct ReportView {
    sound: bool,
    chains: u64,
    entries: u64,
    calls: u64,
    checkpoints: u64,
    /// Of the checkpoints, those in the file beside the database.
    anchors: u64,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct FindingView {
    project_id: Option<String>,
    record: &'static str,
    number: Option<i64>,
    id: Option<String>,
    damage: &'static str,
    explanation: String,
}

impl Audit {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Verify => verify(console, output).await,
            Self::Export { project, output: file } => export(console, project.as_deref(), file.as_deref()).await,
        }
    }
}

async fn verify(console: &Console, output: &Output) -> anyhow::Result<()> {
    let report = console.instance.verify_audit().await?;
    let findings: Vec<_> = report.findings.iter().map(FindingView::of).collect();
    let view = ReportView {
        sound: findings.is_empty(),
        chains: report.chains,
        entries: report.entries,
        calls: report.calls,
        checkpoints: report.checkpoints,
        anchors: report.anchors,
        findings,
    };
    let mut sentence = format!(
        "looked at {} audit entries and {} calls in {} chains, and {} checkpoints, {} of them in the file beside the \
         database\n",
        view.entries, view.calls, view.chains, view.checkpoints, view.anchors
    );
    if view.anchors == 0 {
        sentence.push_str(&format!(
            "warning: there is no checkpoint in {}; an end that was cut off with its checkpoints in the database would not \
             be seen\n",
            console.instance.anchors().display()
        ));
    }
    for finding in &view.findings {
        sentence.push_str(&finding.explanation);
        sentence.push('\n');
    }
    if view.sound {
        sentence.push_str("everything is as it was written");
    }
    output.one(&view, &sentence)?;
    if view.sound { Ok(()) } else { bail!("the record is not as it was written ({} findings)", view.findings.len()) }
}

impl FindingView {
    fn of(finding: &Finding) -> Self {
        let whose = finding.project.map_or_else(|| "the instance".to_owned(), |project| format!("project {project}"));
        let place = match (finding.seq, finding.id) {
            (Some(seq), Some(id)) => format!(" number {seq} ({id})"),
            (Some(seq), None) => format!(" number {seq}"),
            (None, Some(id)) => format!(" {id}"),
            (None, None) => String::new(),
        };
        let (damage, what) = match &finding.damage {
            Damage::Changed => ("changed", "is not what was written".to_owned()),
            Damage::Missing { until } => ("missing", format!("up to number {until} is missing")),
            Damage::Inserted => ("inserted", "was not written by this program".to_owned()),
            Damage::Truncated { was } => ("truncated", format!("is the last one, and there were {was}")),
            Damage::EndForged => ("end_forged", "is said to be the end, and that is not signed".to_owned()),
            Damage::Rewritten => {
                ("rewritten", "is not what was signed here; all before it was written anew".to_owned())
            }
            Damage::CheckpointForged => ("checkpoint_forged", "has a checkpoint with a wrong signature".to_owned()),
            Damage::OtherKey { key_id } => (
                "other_key",
                format!("has a checkpoint signed with key {key_id}, which does not come from this JWT_SECRET"),
            ),
            Damage::BeginningMissing => {
                ("beginning_missing", "is the first one, and retention did not do that".to_owned())
            }
            Damage::Unreadable => {
                ("unreadable", "is a line of the file beside the database that was damaged or altered".to_owned())
            }
            Damage::ChainMissing => ("chain_missing", "has checkpoints and nothing else is left of it".to_owned()),
        };
        Self {
            project_id: finding.project.map(|project| project.to_string()),
            record: finding.stream,
            number: finding.seq,
            id: finding.id.map(|id| id.to_string()),
            damage,
            explanation: format!("{whose}, {}{place}: {what}", finding.stream),
        }
    }
}

async fn export(console: &Console, project: Option<&str>, file: Option<&str>) -> anyhow::Result<()> {
    let project = match project {
        Some(project) => Some(find_project(console, project).await?),
        None => None,
    };
    let mut out: BufWriter<Box<dyn Write>> = BufWriter::new(match file {
        Some(path) => Box::new(std::fs::File::create_new(path).with_context(|| format!("{path} cannot be made"))?),
        None => Box::new(std::io::stdout()),
    });
    let mut place = ExportPlace::default();
    loop {
        let lines = console.instance.chain.export(project, &mut place).await?;
        if lines.is_empty() {
            break;
        }
        for line in &lines {
            match serde_json::to_writer(&mut out, &line_of(line))
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
            {
                // The reader has seen enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                other => other.context("the export cannot be written")?,
            }
        }
    }
    out.flush().context("the export cannot be written")
}

async fn find_project(console: &Console, project: &str) -> anyhow::Result<ProjectId> {
    // The record of a project outlives the project, so an id is taken as it is.
    if let Ok(id) = project.parse() {
        return Ok(id);
    }
    Ok(console.control().projects.get(&console.who, project).await?.project.id)
}

fn line_of(line: &ExportLine) -> Value {
    match line {
        ExportLine::Entry { seq, link, entry } => entry_line(*seq, link, entry),
        ExportLine::Call { seq, link, call } => call_line(*seq, link, call),
    }
}

fn entry_line(seq: i64, link: &str, entry: &AuditRecord) -> Value {
    json!({
        "record": "entry", "number": seq, "link": link, "id": entry.id.to_string(),
        "at": entry.at.format(&Rfc3339).unwrap_or_default(),
        "project_id": entry.project_id.map(|id| id.to_string()),
        "user_id": entry.user_id.map(|id| id.to_string()),
        "key_id": entry.key_id.map(|id| id.to_string()),
        "via": entry.via, "action": entry.action,
        "target": { "kind": entry.target_kind, "id": entry.target_id, "name": entry.target_name },
        "detail": entry.detail,
    })
}

fn call_line(seq: i64, link: &str, call: &Call) -> Value {
    json!({
        "record": "call", "number": seq, "link": link, "id": call.id.to_string(),
        "at": call.at.format(&Rfc3339).unwrap_or_default(),
        "project_id": ProjectId::to_string(&call.project_id),
        "user_id": UserId::to_string(&call.user_id),
        "key_id": call.key_id.as_ref().map(KeyId::to_string),
        "client": &*call.client,
        "server_id": call.server_id.as_ref().map(ServerId::to_string),
        "server": &*call.server,
        "kind": call.kind.as_str(), "target": call.target,
        "duration_us": u64::try_from(call.duration.as_micros()).unwrap_or(u64::MAX),
        "outcome": call.outcome.as_str(), "code": call.outcome.code(),
        "arguments_digest": call.arguments.as_ref().and_then(Arguments::digest),
        "arguments": call.arguments.as_ref().and_then(Arguments::text),
    })
}
