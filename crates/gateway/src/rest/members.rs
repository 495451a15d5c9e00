//! Who reaches a project: people, teams, and what each is altogether.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, put};
use orch_control::members::{Member, TeamOnProject};
use orch_domain::role::Role;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::listing::PageView;
use crate::register::Register;
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

/// Somebody who reaches the project.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberView {
    /// The account.
    user_id: Uuid,
    /// What the account logs in with.
    email: String,
    /// For people; may be empty.
    name: String,
    /// The effective role: the highest of `direct_role` and those of `teams`.
    role: RoleView,
    /// The own membership; null for who is here only with a team.
    #[schema(required = true)]
    direct_role: Option<RoleView>,
    /// The teams through which the account is here as well.
    teams: Vec<MemberTeamView>,
    /// False for an account that is switched off: it can do nothing here.
    active: bool,
    /// When the account first got here.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// What `If-Match` compares; another one when `direct_role` is.
    version: u32,
}

/// A team through which somebody is on the project.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberTeamView {
    /// The team.
    id: Uuid,
    /// The team's readable name in URLs.
    slug: String,
    /// The team's name for people.
    name: String,
    /// What everybody in the team is on the project, at least.
    role: RoleView,
}

/// A team on the project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectTeamView {
    /// The team.
    team_id: Uuid,
    /// The team's readable name in URLs.
    slug: String,
    /// The team's name for people.
    name: String,
    /// What everybody in the team is here, at least.
    role: RoleView,
    /// How many people are in it.
    member_count: usize,
    /// When the project was granted to it.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// What somebody is to be on the project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMemberRequest {
    /// The own role from now on.
    role: RoleView,
}

/// What a team is to be on the project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutProjectTeamRequest {
    /// What everybody in the team is on the project, at least.
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
        let version = member.version();
        let Member { user, role, direct, teams, since } = member;
        let team = |(team, role): (orch_domain::team::Team, Role)| MemberTeamView {
            id: team.id.as_uuid(),
            slug: team.slug.to_string(),
            name: team.name,
            role: RoleView::from(role),
        };
        Self {
            active: user.is_active(),
            user_id: user.id.as_uuid(),
            email: user.email.to_string(),
            name: user.name,
            role: RoleView::from(role),
            direct_role: direct.map(RoleView::from),
            teams: teams.into_iter().map(team).collect(),
            created_at: since,
            version,
        }
    }
}

impl From<TeamOnProject> for ProjectTeamView {
    fn from(on_project: TeamOnProject) -> Self {
        let TeamOnProject { team, grant, members } = on_project;
        Self {
            team_id: team.id.as_uuid(),
            slug: team.slug.to_string(),
            name: team.name,
            role: RoleView::from(grant.role),
            member_count: members,
            created_at: grant.created_at,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config
        .service(list_members)
        .service(update_member)
        .service(delete_member)
        .service(list_project_teams)
        .service(put_project_team)
        .service(delete_project_team);
}

/// List who reaches a project, directly or with a team
///
/// For everybody who sees the project.
///
/// Everybody who reaches it, with the effective role, which is the highest of the own one and those of the teams.
/// Always the whole list.
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

/// Change the own role of a member
///
/// For admins of the project; not for API keys.
///
/// People come in by invitation. Somebody who is here with a team gets a role of their own by this. It holds for the
/// very next request, on running sessions as well. A project keeps an active admin: else 409 with `last_admin`.
#[utoipa::path(
    operation_id = "update_member",
    tag = "members",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("user" = String, Path, description = "id or e-mail address of a member"),
    ),
    request_body = UpdateMemberRequest,
    responses((status = 200, body = MemberView))
)]
#[patch("/projects/{project}/members/{user}")]
async fn update_member(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateMemberRequest>,
) -> Result<HttpResponse, ApiError> {
    let (project, user) = path.into_inner();
    let role = Role::from(body.role);
    let member = rest.control.members.update(&caller.principal, &project, &user, role, expected).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(member.version())).json(MemberView::from(member)))
}

/// Take an account off a project
///
/// For everybody about oneself; about others for admins of the project. Not for API keys.
///
/// Takes away the own membership; what the account has through teams stays. Its keys of the project open nothing any
/// more when nothing is left. A project keeps an active admin: else 409 with `last_admin`.
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
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (project, user) = path.into_inner();
    rest.control.members.remove(&caller.principal, &project, &user, expected).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List the teams on a project
///
/// For everybody who sees the project.
///
/// By slug, and always all of them.
#[utoipa::path(
    operation_id = "list_project_teams",
    tag = "members",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 200, body = PageView<ProjectTeamView>))
)]
#[get("/projects/{project}/teams")]
async fn list_project_teams(caller: Caller, rest: Data<Rest>, project: Path<String>) -> Result<HttpResponse, ApiError> {
    let teams = rest.control.members.list_teams(&caller.principal, &project).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(teams.into_iter().map(ProjectTeamView::from))))
}

/// Grant a project to a team or change the role of the grant
///
/// For admins of the project who are in the team, and instance admins; not for API keys.
///
/// The role holds at once for everybody in the team, now and later. Repeating it changes nothing. A project keeps an
/// active admin: else 409 with `last_admin`.
#[utoipa::path(
    operation_id = "put_project_team",
    tag = "members",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("team" = String, Path, description = "id or slug"),
    ),
    request_body = PutProjectTeamRequest,
    responses((status = 200, body = ProjectTeamView))
)]
#[put("/projects/{project}/teams/{team}")]
async fn put_project_team(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    Json(body): Json<PutProjectTeamRequest>,
) -> Result<HttpResponse, ApiError> {
    let (project, team) = path.into_inner();
    let granted = rest.control.members.put_team(&caller.principal, &project, &team, Role::from(body.role)).await?;
    Ok(HttpResponse::Ok().json(ProjectTeamView::from(granted)))
}

/// Take a project from a team
///
/// For admins of the project; not for API keys.
///
/// Whoever was here only with the team is out at once. 404 when it was not granted. A project keeps an active admin:
/// else 409 with `last_admin`.
#[utoipa::path(
    operation_id = "delete_project_team",
    tag = "members",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("team" = String, Path, description = "id or slug"),
    ),
    responses((status = 204))
)]
#[delete("/projects/{project}/teams/{team}")]
async fn delete_project_team(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, team) = path.into_inner();
    rest.control.members.remove_team(&caller.principal, &project, &team).await?;
    Ok(HttpResponse::NoContent().finish())
}
