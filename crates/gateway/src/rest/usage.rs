//! Usage: calls summed up over time.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use orch_control::usage::Window;
use orch_domain::call::CallKind;
use orch_domain::id::{KeyId, ServerId, UserId};
use orch_domain::usage::{Dimension, Figures, Item, Ranked, Step};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::millis::millis;
use crate::moment;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::activity::kind;

/// The sum of some calls. Latencies are null without calls; percentiles are estimates.
#[derive(Debug, Serialize, ToSchema)]
pub struct FiguresView {
    /// All of them.
    calls: u64,
    /// Calls that did not end well.
    errors: u64,
    /// In milliseconds, like all latencies.
    #[schema(required = true)]
    average_ms: Option<f64>,
    /// Half of the calls took no longer.
    #[schema(required = true)]
    p50_ms: Option<f64>,
    /// 95 of 100 calls took no longer.
    #[schema(required = true)]
    p95_ms: Option<f64>,
    /// 99 of 100 calls took no longer.
    #[schema(required = true)]
    p99_ms: Option<f64>,
    /// The longest, exactly.
    #[schema(required = true)]
    max_ms: Option<f64>,
}

impl From<&Figures> for FiguresView {
    fn from(figures: &Figures) -> Self {
        Self {
            calls: figures.calls,
            errors: figures.errors,
            average_ms: figures.average().map(millis),
            p50_ms: figures.quantile(0.5).map(millis),
            p95_ms: figures.quantile(0.95).map(millis),
            p99_ms: figures.quantile(0.99).map(millis),
            max_ms: (figures.calls > 0).then(|| millis(figures.longest)),
        }
    }
}

/// How finely time is cut.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepView {
    Minute,
    Hour,
    Day,
}

impl StepView {
    const fn of(step: Step) -> Self {
        match step {
            Step::Minute => Self::Minute,
            Step::Hour => Self::Hour,
            Step::Day => Self::Day,
        }
    }

    const fn step(self) -> Step {
        match self {
            Self::Minute => Step::Minute,
            Self::Hour => Step::Hour,
            Self::Day => Step::Day,
        }
    }
}

/// Usage over time.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageView {
    /// Where it begins, at the begin of a step.
    #[serde(with = "time::serde::rfc3339")]
    from: OffsetDateTime,
    /// Before which it ends.
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
    /// How finely time is cut.
    step: StepView,
    /// All of the time together.
    total: FiguresView,
    /// In the order of time; steps without calls are left out.
    points: Vec<UsagePointView>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsagePointView {
    /// The begin of the step.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[serde(flatten)]
    figures: FiguresView,
}

/// What is used most.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageTopView {
    /// Where it begins.
    #[serde(with = "time::serde::rfc3339")]
    from: OffsetDateTime,
    /// Before which it ends.
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
    /// What is told apart.
    by: DimensionView,
    /// The most called first.
    items: Vec<UsageRankView>,
}

/// One line of a list of the most used. Which ids it has depends on what is asked by; none of them is there when the
/// line stands for all that are too many to be told apart.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageRankView {
    /// The server's alias, the tool's name or the client's name at the latest call; empty for users and keys.
    label: String,
    /// The server, by server and by tool.
    #[schema(required = true)]
    server_id: Option<Uuid>,
    /// `tool`, `prompt` or `resource`, by tool.
    #[schema(required = true)]
    kind: Option<&'static str>,
    /// The account, by user.
    #[schema(required = true)]
    user_id: Option<Uuid>,
    /// The API key, by key; null for calls with an access token.
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// Whether this is the sum of the others.
    is_rest: bool,
    #[serde(flatten)]
    figures: FiguresView,
}

impl From<Ranked> for UsageRankView {
    fn from(ranked: Ranked) -> Self {
        let mut view = Self {
            label: ranked.label,
            server_id: None,
            kind: None,
            user_id: None,
            key_id: None,
            is_rest: false,
            figures: FiguresView::from(&ranked.figures),
        };
        match ranked.item {
            Item::Project | Item::Client(_) => {}
            Item::Server(server) => view.server_id = server.map(ServerId::as_uuid),
            Item::Tool { server, kind, .. } => {
                view.server_id = server.map(ServerId::as_uuid);
                view.kind = Some(kind.as_str());
            }
            Item::User(user) => view.user_id = Some(user.as_uuid()),
            Item::Key(key) => view.key_id = key.map(KeyId::as_uuid),
            Item::Other(_) => view.is_rest = true,
        }
        view
    }
}

/// Whose usage, and when. At most one of `server`, `user`, `key` and `client`; the whole project without any.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// From this time on; the last day unless said.
    #[serde(default, deserialize_with = "moment::read_option")]
    from: Option<OffsetDateTime>,
    /// Up to before this time; now unless said.
    #[serde(default, deserialize_with = "moment::read_option")]
    until: Option<OffsetDateTime>,
    /// What fits the time unless said. Minutes are kept for some days and hours for some months.
    #[param(inline)]
    step: Option<StepView>,
    /// Only calls to this server, by id.
    server: Option<Uuid>,
    /// With `server`: only this tool, prompt or resource of it.
    target: Option<String>,
    /// With `target`: `tool` unless said, `prompt` or `resource`.
    kind: Option<String>,
    /// Only calls of this user, by id; admins may ask for everybody.
    user: Option<Uuid>,
    /// Only calls with this key, by id; for admins.
    key: Option<Uuid>,
    /// Only calls of the client that calls itself so.
    client: Option<String>,
}

impl UsageQuery {
    fn item(&self) -> Result<Item, ApiError> {
        let chosen = [self.server.is_some(), self.user.is_some(), self.key.is_some(), self.client.is_some()];
        if chosen.into_iter().filter(|chosen| *chosen).count() > 1 {
            return Err(ApiError::invalid("server", "only one of server, user, key and client can be asked for", ""));
        }
        let server = self.server.map(ServerId::from_uuid);
        if let Some(name) = &self.target {
            let Some(server) = server else {
                return Err(ApiError::invalid("target", "its server is not named", "add `server` with its id"));
            };
            let kind = self.kind.as_deref().map_or(Ok(CallKind::Tool), kind)?;
            return Ok(Item::Tool { server: Some(server), kind, name: name.clone() });
        }
        if self.kind.is_some() {
            return Err(ApiError::invalid("kind", "it needs a target", "add `target` with a name"));
        }
        Ok(if let Some(server) = server {
            Item::Server(Some(server))
        } else if let Some(user) = self.user {
            Item::User(UserId::from_uuid(user))
        } else if let Some(key) = self.key {
            Item::Key(Some(KeyId::from_uuid(key)))
        } else if let Some(client) = &self.client {
            Item::Client(client.clone())
        } else {
            Item::Project
        })
    }
}

/// What can be told apart.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DimensionView {
    Server,
    #[default]
    Tool,
    User,
    Key,
    Client,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UsageTopQuery {
    /// What to tell apart, tools unless said. Users and keys are for admins.
    #[serde(default)]
    #[param(inline)]
    by: DimensionView,
    /// From this time on; the last day unless said.
    #[serde(default, deserialize_with = "moment::read_option")]
    from: Option<OffsetDateTime>,
    /// Up to before this time; now unless said.
    #[serde(default, deserialize_with = "moment::read_option")]
    until: Option<OffsetDateTime>,
    /// Only tools of this server, by id.
    server: Option<Uuid>,
    /// At most this many items, 1 to 200; 10 unless said.
    #[param(minimum = 1, maximum = 200, default = 10)]
    limit: Option<u32>,
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(get_usage).service(list_top_usage);
}

/// Get the usage of a project, or of one thing in it, over time
///
/// For everybody who sees the project.
///
/// A key with a scope of its own may ask for what it reaches, and every key for what was called with it; sums that
/// would hold more answer 403. Sums of other people and keys are for admins. Minutes are kept for some days and hours
/// for some months.
#[utoipa::path(
    operation_id = "get_usage",
    tag = "usage",
    params(("project" = String, Path, description = "id or slug"), UsageQuery),
    responses((status = 200, body = UsageView))
)]
#[get("/projects/{project}/usage")]
async fn get_usage(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<UsageQuery>,
) -> Result<HttpResponse, ApiError> {
    let window = Window { from: query.from, until: query.until, step: query.step.map(StepView::step) };
    let series = rest.control.usage.series(&caller.principal, &project, query.item()?, window).await?;
    let points = series.points.iter();
    Ok(HttpResponse::Ok().json(UsageView {
        from: series.span.from,
        until: series.span.until,
        step: StepView::of(series.span.step),
        total: FiguresView::from(&series.total),
        points: points
            .map(|point| UsagePointView { at: point.at, figures: FiguresView::from(&point.figures) })
            .collect(),
    }))
}

/// List what is used most in a project
///
/// For everybody who sees the project.
///
/// By server, tool or client; by user or key for admins, who are on the audit trail for it. What is hidden from the
/// caller is left out.
#[utoipa::path(
    operation_id = "list_top_usage",
    tag = "usage",
    params(("project" = String, Path, description = "id or slug"), UsageTopQuery),
    responses((status = 200, body = UsageTopView))
)]
#[get("/projects/{project}/usage/top")]
async fn list_top_usage(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<UsageTopQuery>,
) -> Result<HttpResponse, ApiError> {
    let window = Window { from: query.from, until: query.until, step: None };
    let by = match query.by {
        DimensionView::Server => Dimension::Server,
        DimensionView::Tool => Dimension::Tool,
        DimensionView::User => Dimension::User,
        DimensionView::Key => Dimension::Key,
        DimensionView::Client => Dimension::Client,
    };
    let limit = query.limit.unwrap_or(10);
    if !(1..=200).contains(&limit) {
        return Err(ApiError::invalid("limit", "it is out of range", "use 1 to 200"));
    }
    let server = query.server.map(ServerId::from_uuid);
    let (span, ranked) = rest.control.usage.top(&caller.principal, &project, by, server, window, limit).await?;
    Ok(HttpResponse::Ok().json(UsageTopView {
        from: span.from,
        until: span.until,
        by: query.by,
        items: ranked.into_iter().map(UsageRankView::from).collect(),
    }))
}
