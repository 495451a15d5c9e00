//! The audit trail.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use orch_domain::audit::AuditRecord;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::{PageQuery, PageView};
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

/// One thing that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[schema(required = true)]
    project_id: Option<Uuid>,
    #[schema(required = true)]
    user_id: Option<Uuid>,
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// `login`, `key`, `console` or `system`.
    via: String,
    /// `<noun>.<verb>`, such as `server.update`.
    action: String,
    target: AuditTargetView,
    /// What changed, in plain words.
    detail: String,
}

/// What it was done to.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditTargetView {
    kind: String,
    id: String,
    name: String,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id.as_uuid(),
            at: record.at,
            project_id: record.project_id.map(orch_domain::id::ProjectId::as_uuid),
            user_id: record.user_id.map(orch_domain::id::UserId::as_uuid),
            key_id: record.key_id.map(orch_domain::id::KeyId::as_uuid),
            via: record.via,
            action: record.action,
            target: AuditTargetView { kind: record.target_kind, id: record.target_id, name: record.target_name },
            detail: record.detail,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_audit).service(list_instance_audit);
}

/// List the audit trail of a project, newest first
#[utoipa::path(
    operation_id = "list_audit",
    tag = "audit",
    params(("project" = String, Path, description = "id or slug"), PageQuery),
    responses((status = 200, body = PageView<AuditView>))
)]
#[get("/projects/{project}/audit")]
async fn list_audit(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let entries = rest.control.audit.list(&caller.principal, &project, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(entries, AuditView::from)))
}

/// List the audit trail of the instance with all its projects, newest first
#[utoipa::path(operation_id = "list_instance_audit", tag = "audit", params(PageQuery), responses((status = 200, body = PageView<AuditView>)))]
#[get("/audit")]
async fn list_instance_audit(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let entries = rest.control.audit.list_all(&caller.principal, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(entries, AuditView::from)))
}
