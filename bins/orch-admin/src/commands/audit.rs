//! `audit`: whether the record is what was written, and the record as JSON Lines.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use orch_app::control::error::ControlError;
use orch_app::domain::arguments::Arguments;
use orch_app::domain::audit::AuditRecord;
use orch_app::domain::call::Call;
use orch_app::domain::id::{KeyId, ProjectId, ServerId, UserId};
use orch_app::persistence::{Damage, ExportLine, ExportPlace, Finding};
use serde::Serialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::console::Console;
use crate::failure;
use crate::output::{self, Output};

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Look for entries and calls that were changed, removed or put in; exit code 1 when there are any
    Verify,
    /// Write the audit trail and the record of calls as JSON Lines
    Export {
        /// Only this project, by id or slug; everything otherwise
        #[arg(long, value_name = "PROJECT")]
        project: Option<String>,
        /// Where to write to, a file that is not there yet, for its owner alone; standard output unless said
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
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
    /// Of the checkpoints, those of a `JWT_SECRET` before this one, which agree with what is there.
    former: u64,
    findings: Vec<FindingView>,
    warnings: Vec<String>,
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
            Self::Export { project, output: file } => export(console, project.as_deref(), file).await,
        }
    }
}

async fn verify(console: &Console, output: &Output) -> anyhow::Result<()> {
    let report = console.instance.verify_audit().await?;
    let view = ReportView {
        sound: report.is_sound(),
        chains: report.chains,
        entries: report.entries,
        calls: report.calls,
        checkpoints: report.checkpoints,
        anchors: report.anchors,
        former: report.former,
        findings: report.findings.iter().map(FindingView::of).collect(),
        warnings: (report.anchors == 0).then(|| no_anchors(console)).into_iter().collect(),
    };
    for warning in &view.warnings {
        output::remark(&format!("warning: {warning}"));
    }
    let mut sentence = format!(
        "looked at {} audit entries and {} calls in {} chains, and {} checkpoints, {} of them in the file beside the \
         database\n",
        view.entries, view.calls, view.chains, view.checkpoints, view.anchors
    );
    if view.former > 0 {
        sentence.push_str(&view.former.to_string());
        sentence
            .push_str(" of them are of a JWT_SECRET before this one and cannot be checked; they say what is there\n");
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

fn no_anchors(console: &Console) -> String {
    format!(
        "there is no checkpoint in {}; an end that was cut off with its checkpoints in the database would not be seen",
        console.instance.anchors().display()
    )
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

async fn export(console: &Console, project: Option<&str>, file: Option<PathBuf>) -> anyhow::Result<()> {
    let project = match project {
        Some(project) => Some(find_project(console, project).await?),
        None => None,
    };
    let chain = &console.instance.chain;
    let mut place = ExportPlace::default();
    let mut lines = chain.export(project.map(|(id, _)| id), &mut place).await?;
    // Before there is a file: a project that is not there, and has left nothing, never was.
    if let Some((_, Known::No)) = project
        && lines.is_empty()
    {
        return Err(ControlError::Missing { what: "project" }.into());
    }
    let mut out = Exported::open(file)?;
    while !lines.is_empty() {
        match out.write(&lines) {
            // The reader has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            other => other.context("the export cannot be written")?,
        }
        lines = chain.export(project.map(|(id, _)| id), &mut place).await?;
    }
    out.keep()
}

/// Where an export goes. A file that was not written to its end is taken away again.
struct Exported {
    out: BufWriter<Box<dyn Write>>,
    unfinished: Option<PathBuf>,
}

impl Exported {
    fn open(file: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = file else {
            return Ok(Self { out: BufWriter::new(Box::new(io::stdout())), unfinished: None });
        };
        // It tells who did what, and may hold arguments of calls.
        let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let made = made.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => anyhow!("{} is there already; name another file", path.display()),
            _ => anyhow!(error).context(format!("{} cannot be made", path.display())),
        });
        Ok(Self { out: BufWriter::new(Box::new(made.map_err(failure::usage)?)), unfinished: Some(path) })
    }

    /// Writes lines out to the end, so that a reader who has gone is noticed here.
    fn write(&mut self, lines: &[ExportLine]) -> io::Result<()> {
        for line in lines {
            serde_json::to_writer(&mut self.out, &line_of(line))?;
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }

    fn keep(mut self) -> anyhow::Result<()> {
        self.out.flush().context("the export cannot be written")?;
        self.unfinished = None;
        Ok(())
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        if let Some(path) = &self.unfinished {
            // Why it could not be written is what is told.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether a project is there now.
#[derive(Clone, Copy)]
enum Known {
    Yes,
    No,
}

async fn find_project(console: &Console, project: &str) -> anyhow::Result<(ProjectId, Known)> {
    match console.control().projects.get(&console.who, project).await {
        Ok(seen) => Ok((seen.project.id, Known::Yes)),
        // The record of a project outlives the project, so an id is taken as it is.
        Err(missing @ ControlError::Missing { .. }) => match project.parse() {
            Ok(id) => Ok((id, Known::No)),
            Err(_) => Err(missing.into()),
        },
        Err(error) => Err(error.into()),
    }
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
        "facts": entry.facts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
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
        "waited_us": u64::try_from(call.waited.as_micros()).unwrap_or(u64::MAX),
        "outcome": call.outcome.as_str(), "code": call.outcome.code(),
        "reason": call.refusal.map(|refusal| refusal.reason.as_str()),
        "rule_id": call.refusal.and_then(|refusal| refusal.rule).map(|rule| rule.to_string()),
        "arguments_digest": call.arguments.as_ref().and_then(Arguments::digest),
        "arguments": call.arguments.as_ref().and_then(Arguments::text),
    })
}
