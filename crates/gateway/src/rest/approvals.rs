//! Calls that wait until somebody agrees.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use orch_control::approvals::Say;
use orch_domain::approval::{Approval, ApprovalState};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::policy::ItemClassView;

/// A call that waits, or did lately.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalView {
    /// For `approve_approval` and `deny_approval`.
    id: Uuid,
    /// What became of it.
    state: ApprovalStateView,
    /// Who wants to call.
    user_id: Uuid,
    /// The API key that was used; null for a login.
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// What the client calls itself; its own word.
    client: String,
    /// The server that is to be called.
    server_id: Uuid,
    /// The server's alias.
    server: String,
    /// What is to be called.
    kind: ItemClassView,
    /// The tool's or prompt's own name, or the resource's URI.
    target: String,
    /// The arguments as JSON text, while the call waits; cut after 16384 bytes.
    #[schema(required = true)]
    arguments: Option<String>,
    /// The rule that wants the approval.
    rule_id: Uuid,
    /// Whether the caller's own client may confirm as well.
    caller_may_confirm: bool,
    /// When the call came.
    #[serde(with = "time::serde::rfc3339")]
    asked_at: OffsetDateTime,
    /// From then on it counts as refused.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When it stopped waiting; null while it waits.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    decided_at: Option<OffsetDateTime>,
    /// Null for what nobody decided.
    #[schema(required = true)]
    decided_by: Option<Uuid>,
}

/// What became of a call that waits for an approval.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApprovalState)]
pub enum ApprovalStateView {
    Pending,
    Approved,
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The caller has left, or lost its access.
    Cancelled,
}

impl From<ApprovalState> for ApprovalStateView {
    fn from(state: ApprovalState) -> Self {
        match state {
            ApprovalState::Pending => Self::Pending,
            ApprovalState::Approved => Self::Approved,
            ApprovalState::Denied => Self::Denied,
            ApprovalState::Expired => Self::Expired,
            ApprovalState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<ApprovalStateView> for ApprovalState {
    fn from(state: ApprovalStateView) -> Self {
        match state {
            ApprovalStateView::Pending => Self::Pending,
            ApprovalStateView::Approved => Self::Approved,
            ApprovalStateView::Denied => Self::Denied,
            ApprovalStateView::Expired => Self::Expired,
            ApprovalStateView::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        Self {
            id: approval.id.as_uuid(),
            state: approval.state.into(),
            user_id: approval.user_id.as_uuid(),
            key_id: approval.key_id.map(|id| id.as_uuid()),
            client: approval.client.to_string(),
            server_id: approval.server_id.as_uuid(),
            server: approval.server.to_string(),
            kind: ItemClassView::from(orch_domain::policy::item::ItemClass::from(approval.kind)),
            target: approval.target,
            arguments: approval.arguments,
            rule_id: approval.rule_id.as_uuid(),
            caller_may_confirm: approval.caller_may_confirm,
            asked_at: approval.asked_at,
            expires_at: approval.expires_at,
            decided_at: approval.decided_at,
            decided_by: approval.decided_by.map(|id| id.as_uuid()),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsQuery {
    /// Only those in this state; all when left out.
    #[param(inline)]
    state: Option<ApprovalStateView>,
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_approvals).service(get_approval).service(approve_approval).service(deny_approval);
}

/// List calls that wait for an approval
///
/// For members of the project and API keys.
///
/// Newest first, with those that were decided lately; all of the project for admins, the own ones for others. They are
/// those of this daemon: none waits longer than an hour, and none survives a restart.
#[utoipa::path(
    operation_id = "list_approvals",
    tag = "approvals",
    params(("project" = String, Path, description = "id or slug"), ApprovalsQuery),
    responses((status = 200, body = PageView<ApprovalView>))
)]
#[get("/projects/{project}/approvals")]
async fn list_approvals(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<ApprovalsQuery>,
) -> Result<HttpResponse, ApiError> {
    let state = query.state.map(ApprovalState::from);
    let found = rest.control.approvals.list(&caller.principal, &project, state).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(found.into_iter().map(ApprovalView::from))))
}

/// Show a call that waits for an approval
///
/// For members of the project and API keys, about own calls; for admins about all.
///
/// 404 when it was decided too long ago, or at another replica.
#[utoipa::path(
    operation_id = "get_approval",
    tag = "approvals",
    params(("project" = String, Path, description = "id or slug"), ("approval" = String, Path, description = "id")),
    responses((status = 200, body = ApprovalView))
)]
#[get("/projects/{project}/approvals/{approval}")]
async fn get_approval(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, approval) = path.into_inner();
    let found = rest.control.approvals.get(&caller.principal, &project, &approval).await?;
    Ok(HttpResponse::Ok().json(ApprovalView::from(found)))
}

/// Let a call go on
///
/// For admins of the project; not for API keys.
///
/// The call goes on at once, if its caller still may. 409 when it does not wait any more: `detail` says what it is.
#[utoipa::path(
    operation_id = "approve_approval",
    tag = "approvals",
    params(("project" = String, Path, description = "id or slug"), ("approval" = String, Path, description = "id")),
    responses((status = 200, body = ApprovalView))
)]
#[post("/projects/{project}/approvals/{approval}/approve")]
async fn approve_approval(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    answer(&caller, &rest, path.into_inner(), Say::Approve).await
}

/// Refuse a call that waits
///
/// For admins of the project; not for API keys.
///
/// The caller gets an error with the reason `not_approved`. 409 when it does not wait any more: `detail` says what it
/// is.
#[utoipa::path(
    operation_id = "deny_approval",
    tag = "approvals",
    params(("project" = String, Path, description = "id or slug"), ("approval" = String, Path, description = "id")),
    responses((status = 200, body = ApprovalView))
)]
#[post("/projects/{project}/approvals/{approval}/deny")]
async fn deny_approval(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    answer(&caller, &rest, path.into_inner(), Say::Deny).await
}

async fn answer(
    caller: &Caller,
    rest: &Rest,
    (project, approval): (String, String),
    say: Say,
) -> Result<HttpResponse, ApiError> {
    let answered = rest.control.approvals.answer(&caller.principal, &project, &approval, say).await?;
    Ok(HttpResponse::Ok().json(ApprovalView::from(answered)))
}
