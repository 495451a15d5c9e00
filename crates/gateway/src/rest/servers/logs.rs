//! Logs of servers: pages, a live stream, and the whole as text.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::{StreamExt, stream};
use orch_auth::authenticator::Authenticator;
use orch_control::servers::Servers;
use orch_control::servers::logs::LogFollower;
use orch_domain::port::server_logs::{LogLine, LogQuery, LogSource};
use orch_domain::principal::Principal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::mcp::respond;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

const LAST_EVENT_ID: &str = "last-event-id";

/// A comment is sent after so long without a line.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is seen whether the login and the right to read still hold.
const LOOK: Duration = Duration::from_millis(500);

/// Somebody who reads a log, for as long as the login behind it lives.
struct Reader {
    follower: LogFollower,
    principal: Principal,
    authenticator: Arc<Authenticator>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LogParams {
    /// How many lines, 1 to 1000; 100 unless said.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    tail: Option<usize>,
    /// Only lines with a number above this one, and the first of them instead of the last.
    after: Option<u64>,
    /// Only lines with a number below this one: the page before.
    before: Option<u64>,
    /// Only lines with this text in them, whatever its case.
    search: Option<String>,
    /// Only lines from here.
    #[param(inline)]
    source: Option<LogSourceView>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StreamParams {
    /// Begin with the line after this number; 0 for all there is. What comes from now on unless said.
    after: Option<u64>,
}

/// A line of a server's log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogLineView {
    /// Counts the lines of a server, across restarts. A gap means that lines between were dropped.
    seq: u64,
    /// When it came.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Where it came from.
    source: LogSourceView,
    /// The process that printed it, or that it is about.
    #[schema(required = true)]
    pid: Option<u32>,
    /// Without a line break at the end; secrets are blanked out.
    text: String,
}

/// Where a line of a log came from.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LogSource)]
pub enum LogSourceView {
    Stderr,
    /// A log message of the protocol.
    Protocol,
    /// A remark of ours.
    Daemon,
}

pub(super) fn configure(config: &mut impl Register) {
    config.service(list_logs).service(stream_logs).service(download_logs);
}

/// Show lines of a server's log, oldest first
///
/// For admins of the project; not for API keys.
///
/// The latest lines, unless `after` says where to begin. `next_cursor` is null: for the page before give the lowest
/// `seq` as `before`, for what is new the highest as `after`. What is kept is bounded by `log_kib` of the server;
/// secrets are blanked out.
#[utoipa::path(
    operation_id = "list_logs",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
        LogParams,
    ),
    responses((status = 200, body = PageView<LogLineView>))
)]
#[get("/projects/{project}/servers/{server}/logs")]
async fn list_logs(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    Query(params): Query<LogParams>,
) -> Result<HttpResponse, ApiError> {
    let limit = params.tail.unwrap_or(100);
    if !(1..=Servers::MAX_LOG_LINES).contains(&limit) {
        return Err(ApiError::invalid("tail", "it is out of range", "use 1 to 1000"));
    }
    let query = LogQuery {
        after: params.after,
        before: params.before,
        limit,
        search: params.search.filter(|text| !text.is_empty()),
        source: params.source.map(LogSource::from),
    };
    let (project, server) = path.into_inner();
    let lines = rest.control.servers.logs(&caller.principal, &project, &server, &query).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(lines.into_iter().map(LogLineView::from))))
}

/// Follow a server's log as server-sent events
///
/// For admins of the project; not for API keys.
///
/// Each event `line` has a line of the log as its data and the number of the line as its id, so that a client that
/// comes back with `Last-Event-ID` misses nothing that is still kept. A comment comes every 15 seconds. The stream ends
/// with the login and with the right to read.
#[utoipa::path(
    operation_id = "stream_logs",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
        StreamParams,
    ),
    responses((status = 200, content_type = "text/event-stream", body = LogLineView))
)]
#[get("/projects/{project}/servers/{server}/logs/stream")]
async fn stream_logs(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    Query(params): Query<StreamParams>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let last = http.headers().get(LAST_EVENT_ID).and_then(|last| last.to_str().ok()?.parse().ok());
    let (project, server) = path.into_inner();
    let after = last.or(params.after);
    let follower = rest.control.servers.follow_logs(&caller.principal, &project, &server, after).await?;
    let stopping = rest.stopping.clone();
    let lines = stream::unfold(Reader::new(follower, caller, &rest), events)
        .take_until(async move { stopping.draining().await });
    Ok(respond::events(Box::pin(lines), KEEP_ALIVE))
}

/// Download a server's log as text
///
/// For admins of the project; not for API keys.
///
/// Everything that is kept, oldest first, a line each: time, source, process and text.
#[utoipa::path(
    operation_id = "download_logs",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 200, content_type = "text/plain", body = String))
)]
#[get("/projects/{project}/servers/{server}/logs/download")]
async fn download_logs(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    let follower = rest.control.servers.follow_logs(&caller.principal, &project, &server, Some(0)).await?;
    let seen = rest.control.servers.get(&caller.principal, &project, &server).await?;
    let name = format!("attachment; filename=\"{}.log\"", seen.server.alias);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(Box::pin(stream::unfold(Reader::new(follower, caller, &rest), text))))
}

impl Reader {
    fn new(follower: LogFollower, caller: Caller, rest: &Rest) -> Self {
        let authenticator = Arc::clone(&rest.identity.authenticator);
        Self { follower, principal: caller.principal, authenticator }
    }

    fn is_live(&self) -> bool {
        self.authenticator.is_live(&self.principal)
    }
}

/// The next lines as events. None once they may not be read any more.
async fn events(mut reader: Reader) -> Option<(Bytes, Reader)> {
    loop {
        let lines = tokio::time::timeout(LOOK, reader.follower.next()).await;
        if !reader.is_live() {
            return None;
        }
        let Ok(lines) = lines else {
            reader.follower.check().await.ok()?;
            continue;
        };
        let mut bytes = String::new();
        for line in lines.ok()? {
            let seq = line.seq;
            let data = serde_json::to_string(&LogLineView::from(line)).ok()?;
            // A string takes what is written into it.
            let _ = write!(bytes, "id: {seq}\nevent: line\ndata: {data}\n\n");
        }
        return Some((bytes.into(), reader));
    }
}

/// The next page as text. None after the last.
async fn text(mut reader: Reader) -> Option<(Result<Bytes, ApiError>, Reader)> {
    let page = reader.follower.page().await;
    if !reader.is_live() {
        return None;
    }
    match page {
        Ok(lines) if lines.is_empty() => None,
        Ok(lines) => {
            let mut text = String::new();
            for line in lines {
                let at = line.at.format(&Rfc3339).unwrap_or_default();
                let _ = writeln!(text, "{at} {:8} {}", line.source.as_str(), line.text);
            }
            Some((Ok(text.into()), reader))
        }
        Err(error) => Some((Err(ApiError::from(error)), reader)),
    }
}

impl From<LogLine> for LogLineView {
    fn from(line: LogLine) -> Self {
        let source = match line.source {
            LogSource::Stderr => LogSourceView::Stderr,
            LogSource::Protocol => LogSourceView::Protocol,
            LogSource::Daemon => LogSourceView::Daemon,
        };
        Self { seq: line.seq, at: line.at, source, pid: line.pid, text: line.text }
    }
}

impl From<LogSourceView> for LogSource {
    fn from(source: LogSourceView) -> Self {
        match source {
            LogSourceView::Stderr => Self::Stderr,
            LogSourceView::Protocol => Self::Protocol,
            LogSourceView::Daemon => Self::Daemon,
        }
    }
}
