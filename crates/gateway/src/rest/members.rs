//! Members of a project.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, put};
use orch_control::members::Member;
use orch_domain::role::Role;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::rest::Rest;

/// From least to most.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub enum RoleView {
    Viewer,
    Member,
    Admin,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MemberView {
    user_id: Uuid,
    email: String,
    name: String,
    role: RoleView,
    /// False for an account that is switched off: it can do nothing here.
    active: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMemberRequest {
    role: RoleView,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
        }
    }
}

impl From<RoleView> for Role {
    fn from(role: RoleView) -> Self {
        match role {
            RoleView::Viewer => Self::Viewer,
            RoleView::Member => Self::Member,
            RoleView::Admin => Self::Admin,
        }
    }
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let Member { membership, user } = member;
        Self {
            active: user.is_active(),
            user_id: user.id.as_uuid(),
            email: user.email.to_string(),
            name: user.name,
            role: RoleView::from(membership.role),
            created_at: membership.created_at,
        }
    }
}

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_members).service(put_member).service(delete_member);
}

/// List the members of a project
#[utoipa::path(
    operation_id = "list_members",
    tag = "members",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 200, body = PageView<MemberView>))
)]
#[get("/projects/{project}/members")]
async fn list_members(caller: Caller, rest: Data<Rest>, project: Path<String>) -> Result<HttpResponse, ApiError> {
    let members = rest.control.members.list(&caller.principal, &project).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(members.into_iter().map(MemberView::from))))
}

/// Add an account to a project or change its role
#[utoipa::path(
    operation_id = "put_member",
    tag = "members",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("user" = String, Path, description = "id or e-mail address of an account"),
    ),
    request_body = PutMemberRequest,
    responses((status = 200, body = MemberView))
)]
#[put("/projects/{project}/members/{user}")]
async fn put_member(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    Json(body): Json<PutMemberRequest>,
) -> Result<HttpResponse, ApiError> {
    let (project, user) = path.into_inner();
    let member = rest.control.members.put(&caller.principal, &project, &user, Role::from(body.role)).await?;
    Ok(HttpResponse::Ok().json(MemberView::from(member)))
}

/// Take an account off a project
///
/// Everybody may leave; others are taken off by admins.
#[utoipa::path(
    operation_id = "delete_member",
    tag = "members",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("user" = String, Path, description = "id or e-mail address of a member"),
    ),
    responses((status = 204))
)]
#[delete("/projects/{project}/members/{user}")]
async fn delete_member(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, user) = path.into_inner();
    rest.control.members.remove(&caller.principal, &project, &user).await?;
    Ok(HttpResponse::NoContent().finish())
}
