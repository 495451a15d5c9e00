//! `server logs`: what a server has printed and said, as the daemon has written it down.

use orch_app::domain::Timestamp;
use orch_app::domain::port::server_logs::{LogLine, LogQuery, LogSource};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use crate::cli::InProject;
use crate::console::Console;
use crate::failure;
use crate::output::{self, Output};

#[derive(clap::Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    within: InProject,
    /// Alias or id
    server: String,
    /// Go on with what is written from now on, until interrupted or nobody reads; with --json one document for each line
    #[arg(long, short)]
    follow: bool,
    /// How many of the latest lines, at most 1000
    #[arg(long, short = 'n', default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    tail: u16,
    /// Only lines with this text in them, whatever its case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only lines from stderr, protocol or daemon
    #[arg(long)]
    source: Option<String>,
}

#[derive(Serialize)]
struct View {
    seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    at: Timestamp,
    source: &'static str,
    pid: Option<u32>,
    text: String,
}

impl Logs {
    pub(crate) async fn run(self, console: &Console, output: &Output) -> anyhow::Result<()> {
        let Self { within, server, follow, tail, search, source } = self;
        let source = match source.as_deref() {
            None => None,
            Some(text) => Some(LogSource::parse(text).ok_or_else(|| {
                failure::usage(anyhow::anyhow!("--source: {text:?} is not one; use stderr, protocol or daemon"))
            })?),
        };
        let query = LogQuery { search, source, ..LogQuery::tail(usize::from(tail)) };
        let (servers, who) = (&console.control().servers, &console.who);
        if !follow {
            let lines = servers.logs(who, &within.project, &server, &query).await?;
            let views: Vec<_> = lines.into_iter().map(view).collect();
            return output.lines(&views, shown);
        }
        // From the same number on, so that nothing is shown twice and nothing is left out between.
        let last = servers.logs(who, &within.project, &server, &LogQuery::tail(1)).await?;
        let last = last.last().map_or(0, |line| line.seq);
        let query = LogQuery { before: Some(last.saturating_add(1)), ..query };
        for line in servers.logs(who, &within.project, &server, &query).await? {
            if output.line(&view(line), shown)?.is_break() {
                return Ok(());
            }
        }
        let mut follower = servers.follow_logs(who, &within.project, &server, Some(last)).await?;
        let mut reader_gone = std::pin::pin!(output::reader_gone());
        loop {
            let lines = tokio::select! {
                lines = follower.next() => lines?,
                () = &mut reader_gone => return Ok(()),
                interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
            };
            let search = query.search.as_ref().map(|text| text.to_lowercase());
            for line in lines {
                let wanted = query.source.is_none_or(|source| line.source == source)
                    && search.as_ref().is_none_or(|text| line.text.to_lowercase().contains(text));
                if wanted && output.line(&view(line), shown)?.is_break() {
                    return Ok(());
                }
            }
        }
    }
}

fn view(line: LogLine) -> View {
    View { seq: line.seq, at: line.at, source: line.source.as_str(), pid: line.pid, text: line.text }
}

fn shown(view: &View) -> String {
    let at = view.at.format(&Rfc3339).unwrap_or_default();
    format!("{at} {:8} {}", view.source, view.text)
}
