//! The audit trail.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use orch_control::audit::TrailFilter;
use orch_domain::audit::{AuditAction, AuditRecord, FactName};
use orch_domain::id::UserId;
use orch_domain::page::PageRequest;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::{self, PageView};
use crate::moment;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::words::one_of;

/// One thing that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// Of the entry.
    id: Uuid,
    /// When it was done.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// The project that it belongs to; null for what concerns the instance.
    #[schema(required = true)]
    project_id: Option<Uuid>,
    /// Who did it; null for the command line and the daemon itself.
    #[schema(required = true)]
    user_id: Option<Uuid>,
    /// The e-mail address of that account; null for nobody in particular, and in the activity for who is no admin.
    #[schema(required = true)]
    user_email: Option<String>,
    /// The API key that was used; null for none.
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// `login`, `key`, `console` or `system`.
    via: String,
    /// `<noun>.<verb>`.
    #[schema(schema_with = actions)]
    action: String,
    /// What it was done to.
    target: AuditTargetView,
    /// What changed, in plain words.
    detail: String,
    /// The same as names and values, in an order; a name may be there again. Empty in entries of versions before there
    /// were any.
    facts: Vec<AuditFactView>,
}

/// A named value of an entry, as things were called at that time.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditFactView {
    /// What the value is.
    #[schema(schema_with = fact_names)]
    name: String,
    /// As text, as it was then.
    value: String,
}

/// What it was done to.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditTargetView {
    /// Such as `member` or `server`.
    kind: String,
    /// Its id, of what has one.
    id: String,
    /// What it was called then.
    name: String,
}

/// Every action there is.
fn actions() -> Object {
    one_of("`<noun>.<verb>`.", AuditAction::ALL.iter().map(|action| action.as_str()))
}

fn fact_names() -> Object {
    one_of("What the value is.", FactName::ALL.iter().map(|name| name.as_str()))
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id.as_uuid(),
            at: record.at,
            project_id: record.project_id.map(orch_domain::id::ProjectId::as_uuid),
            user_id: record.user_id.map(orch_domain::id::UserId::as_uuid),
            user_email: record.user_email,
            key_id: record.key_id.map(orch_domain::id::KeyId::as_uuid),
            via: record.via,
            action: record.action,
            target: AuditTargetView { kind: record.target_kind, id: record.target_id, name: record.target_name },
            detail: record.detail,
            facts: record.facts.into_iter().map(|(name, value)| AuditFactView { name, value }).collect(),
        }
    }
}

/// Which entries of a project.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// At most this many items, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only what this user did, by id.
    user: Option<Uuid>,
    /// Only entries with this action such as `server.update`, or of this noun such as `server`.
    action: Option<String>,
    /// From this time on.
    #[serde(default, deserialize_with = "moment::read_option")]
    from: Option<OffsetDateTime>,
    /// Up to before this time.
    #[serde(default, deserialize_with = "moment::read_option")]
    until: Option<OffsetDateTime>,
    /// A part of the target's name, the action, the detail or the e-mail address of who did it, whatever the case; at
    /// most 200 bytes.
    search: Option<String>,
}

/// Which entries of the instance. The members of [`AuditQuery`] are repeated since serde does not refuse unknown ones
/// where it flattens.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InstanceAuditQuery {
    /// Only entries of this project, by id or slug; of one that is gone, by id.
    project: Option<String>,
    /// At most this many items, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only what this user did, by id.
    user: Option<Uuid>,
    /// Only entries with this action such as `server.update`, or of this noun such as `server`.
    action: Option<String>,
    /// From this time on.
    #[serde(default, deserialize_with = "moment::read_option")]
    from: Option<OffsetDateTime>,
    /// Up to before this time.
    #[serde(default, deserialize_with = "moment::read_option")]
    until: Option<OffsetDateTime>,
    /// A part of the target's name, the action, the detail or the e-mail address of who did it, whatever the case; at
    /// most 200 bytes.
    search: Option<String>,
}

impl InstanceAuditQuery {
    fn split(self) -> (Option<String>, AuditQuery) {
        let Self { project, limit, cursor, user, action, from, until, search } = self;
        (project, AuditQuery { limit, cursor, user, action, from, until, search })
    }
}

impl AuditQuery {
    fn page(&self) -> Result<PageRequest, ApiError> {
        listing::page(self.limit, self.cursor.as_deref())
    }

    fn filter(self) -> TrailFilter {
        TrailFilter {
            user: self.user.map(UserId::from_uuid),
            action: self.action,
            from: self.from,
            until: self.until,
            search: self.search.filter(|text| !text.trim().is_empty()),
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_audit).service(list_instance_audit);
}

/// List the audit trail of a project, newest first
///
/// For admins of the project; not for API keys.
///
/// What was done on the project and to it, by people and by the daemon. Entries are never changed, and each is chained
/// to the one before; `orch-admin audit verify` checks that.
#[utoipa::path(
    operation_id = "list_audit",
    tag = "audit",
    params(("project" = String, Path, description = "id or slug"), AuditQuery),
    responses((status = 200, body = PageView<AuditView>))
)]
#[get("/projects/{project}/audit")]
async fn list_audit(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let page = query.page()?;
    let entries = rest.control.audit.list(&caller.principal, &project, query.filter(), page).await?;
    Ok(HttpResponse::Ok().json(PageView::of(entries, AuditView::from)))
}

/// List the audit trail of the instance with all its projects, newest first
///
/// For instance admins.
///
/// Also logins, accounts and settings, which belong to no project. Entries are never changed, and each is chained to
/// the one before; `orch-admin audit verify` checks that.
#[utoipa::path(
    operation_id = "list_instance_audit",
    tag = "audit",
    params(InstanceAuditQuery),
    responses((status = 200, body = PageView<AuditView>))
)]
#[get("/audit")]
async fn list_instance_audit(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<InstanceAuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let (project, query) = query.split();
    let page = query.page()?;
    let entries = rest.control.audit.list_all(&caller.principal, project.as_deref(), query.filter(), page).await?;
    Ok(HttpResponse::Ok().json(PageView::of(entries, AuditView::from)))
}
