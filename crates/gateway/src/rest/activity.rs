//! The activity of a project: changes and calls in one list.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use orch_control::activity::{ActivityFilter, What};
use orch_domain::activity::{Happening, OutcomeFilter, Place};
use orch_domain::call::CallKind;
use orch_domain::id::{KeyId, ServerId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::refusal::Reason;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::{self, PageView};
use crate::moment;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::audit::AuditView;
use crate::rest::calls::CallView;

/// One thing that happened: a call of a client, or a change by an operator.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActivityView {
    /// A call of a client.
    Call(CallView),
    /// A change by an operator, as on the audit trail.
    Change(AuditView),
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ActivityType {
    #[default]
    All,
    Call,
    Change,
}

/// Which part of the activity. Filters of calls, such as `server`, leave changes out, and `action` leaves calls out.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ActivityQuery {
    /// At most this many items, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `all` unless said.
    #[serde(default, rename = "type")]
    #[param(inline)]
    kind_of_item: ActivityType,
    /// Only what this user did, by id.
    user: Option<Uuid>,
    /// Only calls with this key, by id.
    key: Option<Uuid>,
    /// Only calls to this server, by id.
    server: Option<Uuid>,
    /// Only calls of this kind: `tool`, `prompt` or `resource`.
    kind: Option<String>,
    /// Only calls of this tool or prompt by its whole name, or of this resource by its URI.
    target: Option<String>,
    /// Only calls that ended so: `failed` for all but `ok`, or one of the outcomes of a call.
    outcome: Option<String>,
    /// Only calls that were refused for this reason, such as `rule`.
    reason: Option<String>,
    /// Only changes with this action such as `server.update`, or of this noun such as `server`.
    action: Option<String>,
    /// From this time on.
    #[serde(default, deserialize_with = "moment::read_option")]
    from: Option<OffsetDateTime>,
    /// Up to before this time.
    #[serde(default, deserialize_with = "moment::read_option")]
    until: Option<OffsetDateTime>,
    /// A part of a name: the server's, the target's, the client's.
    search: Option<String>,
}

impl ActivityQuery {
    fn filter(&self) -> Result<ActivityFilter, ApiError> {
        Ok(ActivityFilter {
            what: match self.kind_of_item {
                ActivityType::All => What::Everything,
                ActivityType::Call => What::Calls,
                ActivityType::Change => What::Changes,
            },
            user: self.user.map(UserId::from_uuid),
            key: self.key.map(KeyId::from_uuid),
            server: self.server.map(ServerId::from_uuid),
            kind: self.kind.as_deref().map(kind).transpose()?,
            target: self.target.clone(),
            outcome: self.outcome.as_deref().map(outcome).transpose()?,
            reason: self.reason.as_deref().map(reason).transpose()?,
            action: self.action.clone(),
            from: self.from,
            until: self.until,
            search: self.search.clone().filter(|text| !text.trim().is_empty()),
        })
    }
}

pub(crate) fn kind(text: &str) -> Result<CallKind, ApiError> {
    CallKind::parse(text)
        .ok_or_else(|| ApiError::invalid("kind", "it is no kind of call", "use tool, prompt or resource"))
}

fn outcome(text: &str) -> Result<OutcomeFilter, ApiError> {
    OutcomeFilter::parse(text).ok_or_else(|| {
        let hint = format!("use one of {}", OutcomeFilter::words().collect::<Vec<_>>().join(", "));
        ApiError::invalid("outcome", "it is no outcome", hint)
    })
}

fn reason(text: &str) -> Result<Reason, ApiError> {
    Reason::parse(text).ok_or_else(|| {
        let hint = format!("use one of {}", Reason::ALL.map(Reason::as_str).join(", "));
        ApiError::invalid("reason", "it is no reason of a refusal", hint)
    })
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_activity);
}

/// List what happened in a project, newest first
///
/// For everybody who sees the project.
///
/// Admins see everything; members their own calls and the changes of servers and people; viewers these changes. A key
/// with a scope of its own sees the calls that were made with it and the changes of its servers.
#[utoipa::path(
    operation_id = "list_activity",
    tag = "activity",
    params(("project" = String, Path, description = "id or slug"), ActivityQuery),
    responses((status = 200, body = PageView<ActivityView>))
)]
#[get("/projects/{project}/activity")]
async fn list_activity(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<ActivityQuery>,
) -> Result<HttpResponse, ApiError> {
    let page = listing::page(query.limit, query.cursor.as_deref())?;
    let place = page.after.map_or(Place::NEWEST, |cursor| {
        let (calls, changes) = cursor.as_u64_pair();
        Place { calls, changes }
    });
    let limit = page.limit.min(PageRequest::MAX_LIMIT);
    let found = rest.control.activity.list(&caller.principal, &project, query.filter()?, place, limit).await?;
    let next_cursor = found.next.map(|place| Uuid::from_u64_pair(place.calls, place.changes).simple().to_string());
    let items = found
        .items
        .into_iter()
        .map(|happening| match happening {
            Happening::Call(call) => ActivityView::Call(CallView::from(call)),
            Happening::Change(entry) => ActivityView::Change(AuditView::from(entry)),
        })
        .collect();
    Ok(HttpResponse::Ok().json(PageView { items, next_cursor }))
}
