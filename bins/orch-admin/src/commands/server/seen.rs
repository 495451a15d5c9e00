//! `server list` and `server show`: how servers are set up, and what the daemon of the data directory says of them.

use std::collections::BTreeMap;

use orch_app::control::servers::ServerSeen;
use orch_app::daemon_line::ServerReport;
use orch_app::domain::Timestamp;
use orch_app::domain::port::server_logs::{LogQuery, LogSource};
use orch_app::domain::run_settings::RunSettings;
use orch_app::domain::secret::Slot;
use orch_app::domain::server::{Server, Transport};
use serde::Serialize;

use crate::console::Console;
use crate::moment;
use crate::output::{self, Output};

/// A server as it is set up.
#[derive(Serialize)]
pub(super) struct View {
    id: String,
    alias: String,
    name: String,
    transport: &'static str,
    /// The command or the URL.
    target: String,
    enabled: bool,
    /// Seconds that a call may take.
    timeout: f64,
    run: RunView,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: Timestamp,
}

/// How it is run; null stands for the instance's own setting.
#[derive(Serialize)]
struct RunView {
    isolation: &'static str,
    always_on: bool,
    /// Seconds without use after which it is stopped.
    idle_stop: Option<f64>,
    /// Seconds that calls of single tools may take.
    tool_timeouts: BTreeMap<String, f64>,
    max_in_flight: Option<u32>,
    max_connections: Option<u32>,
    personal_env: BTreeMap<String, PersonalView>,
    personal_headers: BTreeMap<String, PersonalView>,
}

/// A value that each member brings along.
#[derive(Serialize)]
struct PersonalView {
    /// Without an own value a call fails.
    required: bool,
    description: String,
}

/// The same, and what it is doing.
#[derive(Serialize)]
struct Seen {
    #[serde(flatten)]
    view: View,
    /// When its lists of tools and the like were last read; null when never.
    #[serde(with = "time::serde::rfc3339::option")]
    lists_read: Option<Timestamp>,
    /// Null when there is no daemon to ask.
    status: Option<ServerReport>,
}

/// The same, and the last thing that the daemon noted in the log of the server.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    seen: Seen,
    last_note: Option<Note>,
}

#[derive(Serialize)]
struct Note {
    #[serde(with = "time::serde::rfc3339")]
    at: Timestamp,
    text: String,
}

/// What the daemon says of the servers of a project, by their ids.
type Reports = BTreeMap<String, ServerReport>;

impl View {
    pub(super) fn new(server: &Server) -> Self {
        Self {
            id: server.id.to_string(),
            alias: server.alias.to_string(),
            name: server.name.clone(),
            transport: server.transport.kind(),
            target: match &server.transport {
                Transport::Stdio { command, .. } => command.clone(),
                Transport::StreamableHttp { url } | Transport::Sse { url } => url.clone(),
            },
            enabled: server.enabled,
            timeout: server.call_timeout.as_secs_f64(),
            run: RunView::new(&server.run),
            updated_at: server.updated_at,
        }
    }
}

impl RunView {
    fn new(run: &RunSettings) -> Self {
        let (mut personal_env, mut personal_headers) = (BTreeMap::new(), BTreeMap::new());
        for (slot, value) in &run.personal {
            let view = PersonalView { required: value.required, description: value.description.clone() };
            match slot {
                Slot::Env(name) => personal_env.insert(name.clone(), view),
                Slot::Header(name) => personal_headers.insert(name.clone(), view),
                Slot::Arg(_) => None,
            };
        }
        Self {
            isolation: run.isolation.as_str(),
            always_on: run.always_on,
            idle_stop: run.idle_stop.map(|idle| idle.as_secs_f64()),
            tool_timeouts: run.tool_timeouts.iter().map(|(tool, time)| (tool.clone(), time.as_secs_f64())).collect(),
            max_in_flight: run.max_in_flight,
            max_connections: run.max_connections,
            personal_env,
            personal_headers,
        }
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let count = |count: Option<u32>| count.map_or_else(|| "default".to_owned(), |count| count.to_string());
        let mut lines = vec![
            ("isolation", self.isolation.to_owned()),
            ("always on", yes(self.always_on)),
            ("idle stop", self.idle_stop.map_or_else(|| "default".to_owned(), |idle| format!("{idle} s"))),
            ("max in flight", count(self.max_in_flight)),
            ("connections", count(self.max_connections)),
        ];
        lines.extend(self.tool_timeouts.iter().map(|(tool, time)| ("tool timeout", format!("{tool}: {time} s"))));
        let personal = self.personal_env.iter().chain(&self.personal_headers);
        lines.extend(personal.map(|(name, value)| {
            let optional = if value.required { "" } else { " (optional)" };
            ("personal", format!("{name}{optional}"))
        }));
        lines
    }
}

pub(super) async fn list(console: &Console, output: &Output, project: &str) -> anyhow::Result<()> {
    let servers = console.control().servers.list(&console.who, project).await?;
    let reports = match servers.first() {
        Some(first) => reports(console, output, first).await,
        None => Reports::new(),
    };
    let seen: Vec<_> = servers.iter().map(|server| Seen::new(server, &reports)).collect();
    let now = console.instance.clock.now();
    output.list(&seen, ["ALIAS", "NAME", "TRANSPORT", "ENABLED", "STATE", "LISTS READ", "TARGET", "FAILURE"], |seen| {
        let view = &seen.view;
        let failure = seen.status.as_ref().filter(|status| status.failing.is_some());
        [
            view.alias.clone(),
            view.name.clone(),
            view.transport.to_owned(),
            yes(view.enabled),
            seen.status.as_ref().map(|status| status.state.clone()).unwrap_or_default(),
            seen.lists(|at| moment::ago(at, now)),
            view.target.clone(),
            failure.and_then(|status| status.last_failure.clone()).unwrap_or_default(),
        ]
    })
}

pub(super) async fn show(console: &Console, output: &Output, project: &str, named: &str) -> anyhow::Result<()> {
    let servers = &console.control().servers;
    let server = servers.get(&console.who, project, named).await?;
    let seen = Seen::new(&server, &reports(console, output, &server).await);
    let query = LogQuery { source: Some(LogSource::Daemon), ..LogQuery::tail(1) };
    let noted = servers.logs(&console.who, project, named, &query).await?;
    let last_note = noted.into_iter().next_back().map(|line| Note { at: line.at, text: line.text });
    let shown = Shown { seen, last_note };
    if output.is_json() { output.document(&shown) } else { output.foreign_text(&text(&shown)) }
}

/// Of the project of a server; nothing where nobody says it.
async fn reports(console: &Console, output: &Output, of: &ServerSeen) -> Reports {
    match console.instance.daemon_line.servers(of.server.project_id).await {
        Ok(Some(reports)) => return reports,
        Ok(None) if output.is_json() => {}
        Ok(None) => output::remark("no daemon runs on this data directory, so the states of servers are not known"),
        Err(error) => output::remark(&format!("warning: the states of servers are not known: {error:#}")),
    }
    Reports::new()
}

impl Seen {
    fn new(seen: &ServerSeen, reports: &Reports) -> Self {
        let view = View::new(&seen.server);
        let status = reports.get(&view.id).cloned();
        // What is stored is known without a daemon, and by one that has not looked since.
        let lists_read = status.as_ref().and_then(|status| status.lists_read).or(seen.status.lists_read);
        Self { view, lists_read, status }
    }

    fn lists(&self, shown: impl Fn(Timestamp) -> String) -> String {
        let stale = self.status.as_ref().is_some_and(|status| status.lists_stale);
        let mark = if stale { " (stale)" } else { "" };
        self.lists_read.map_or_else(|| "never".to_owned(), |at| shown(at) + mark)
    }
}

fn text(shown: &Shown) -> String {
    let Shown { seen, last_note } = shown;
    let View { id, alias, name, transport, target, enabled, timeout, run, updated_at } = &seen.view;
    let mut lines = vec![
        ("alias", alias.clone()),
        ("id", id.clone()),
        ("name", name.clone()),
        ("transport", (*transport).to_owned()),
        ("target", target.clone()),
        ("enabled", yes(*enabled)),
        ("timeout", format!("{timeout} s")),
    ];
    lines.extend(run.lines());
    lines.push(("changed", moment::shown(*updated_at)));
    lines.push(("lists read", seen.lists(moment::shown)));
    match &seen.status {
        Some(status) => lines.extend(doing(status)),
        None => lines.push(("state", "not known".to_owned())),
    }
    lines.extend(last_note.iter().map(|note| ("last note", format!("{} {}", moment::shown(note.at), note.text))));
    output::fields(&lines)
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn doing(status: &ServerReport) -> Vec<(&'static str, String)> {
    let mut lines = vec![("state", format!("{} since {}", status.state, moment::shown(status.since)))];
    let failing = status.failing.as_ref();
    lines.extend(failing.and_then(|it| it.failures).map(|count| ("failures", format!("{count} in a row"))));
    lines.extend(failing.and_then(|it| it.tried_again).map(|at| ("tried again", moment::shown(at))));
    lines.extend(status.last_failure.clone().map(|reason| ("last failure", reason)));
    lines.push(("next step", status.next_step.clone()));
    lines.extend(status.pid.map(|pid| ("process", pid.to_string())));
    lines.extend(status.revision.clone().map(|revision| ("revision", revision)));
    lines.extend(status.implementation.clone().map(|name| ("calls itself", name)));
    lines.push(("calls", format!("{} in flight", status.calls_in_flight)));
    if status.own_connections > 0 {
        lines.push(("of members", format!("{} processes or connections", status.own_connections)));
    }
    lines
}
