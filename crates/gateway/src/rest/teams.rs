//! Teams: named sets of people that projects are granted to as a whole. `{team}` is an id or a slug everywhere.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use orch_control::teams::{GrantedProject, NewTeam, TeamMember, TeamPatch, TeamSeen};
use orch_domain::team::TeamRole;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::listing::{PageView, SearchQuery};
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::members::RoleView;

/// What somebody is in a team; says nothing about any project.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TeamRole)]
pub enum TeamRoleView {
    Member,
    Admin,
}

/// A team, as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamView {
    /// Stays for as long as the team does.
    id: Uuid,
    /// The readable name in URLs; unique, and can be changed.
    #[schema(example = "platform")]
    slug: String,
    /// For people.
    #[schema(example = "Platform")]
    name: String,
    /// What the caller is in the team; null for an instance admin who is not in it.
    #[schema(required = true)]
    role: Option<TeamRoleView>,
    /// How many people are in it.
    member_count: usize,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When name or slug last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What the `ETag` is made of.
    version: u32,
}

/// Somebody in a team.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamMemberView {
    /// The account.
    user_id: Uuid,
    /// What the account logs in with.
    email: String,
    /// For people; may be empty.
    name: String,
    /// What the account is in the team.
    role: TeamRoleView,
    /// False for an account that is switched off: it can do nothing here.
    active: bool,
    /// When the account came into the team.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// What `If-Match` compares; another one when `role` is.
    version: u32,
}

/// A project that a team was granted.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamProjectView {
    /// The project.
    project_id: Uuid,
    /// The project's readable name in URLs.
    slug: String,
    /// The project's name for people.
    name: String,
    /// What everybody in the team is on the project, at least.
    role: RoleView,
    /// When it was granted.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// A team to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTeamRequest {
    /// For people: 1 to 100 characters on one line.
    #[schema(example = "Platform")]
    name: String,
    /// 1 to 40 of a-z, 0-9 and -, starting with a letter and not ending in -; made of the name when left out.
    #[serde(default)]
    slug: Option<String>,
    /// Id or e-mail address of the first admin; the caller when left out.
    #[serde(default)]
    admin: Option<String>,
}

/// Fields that are left out stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTeamRequest {
    /// For people: 1 to 100 characters on one line.
    name: Option<String>,
    /// 1 to 40 of a-z, 0-9 and -, starting with a letter and not ending in -.
    slug: Option<String>,
}

/// What somebody is to be in the team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTeamMemberRequest {
    /// The role from now on.
    role: TeamRoleView,
}

impl From<TeamRole> for TeamRoleView {
    fn from(role: TeamRole) -> Self {
        match role {
            TeamRole::Member => Self::Member,
            TeamRole::Admin => Self::Admin,
        }
    }
}

impl From<TeamRoleView> for TeamRole {
    fn from(role: TeamRoleView) -> Self {
        match role {
            TeamRoleView::Member => Self::Member,
            TeamRoleView::Admin => Self::Admin,
        }
    }
}

impl From<TeamSeen> for TeamView {
    fn from(seen: TeamSeen) -> Self {
        let TeamSeen { team, role, members } = seen;
        Self {
            id: team.id.as_uuid(),
            slug: team.slug.to_string(),
            name: team.name,
            role: role.map(TeamRoleView::from),
            member_count: members,
            created_at: team.created_at,
            updated_at: team.updated_at,
            version: team.version,
        }
    }
}

impl From<TeamMember> for TeamMemberView {
    fn from(member: TeamMember) -> Self {
        let version = member.version();
        let TeamMember { membership, user } = member;
        Self {
            active: user.is_active(),
            user_id: user.id.as_uuid(),
            email: user.email.to_string(),
            name: user.name,
            role: TeamRoleView::from(membership.role),
            created_at: membership.created_at,
            version,
        }
    }
}

impl From<GrantedProject> for TeamProjectView {
    fn from(granted: GrantedProject) -> Self {
        let GrantedProject { grant, project } = granted;
        Self {
            project_id: project.id.as_uuid(),
            slug: project.slug.to_string(),
            name: project.name,
            role: RoleView::from(grant.role),
            created_at: grant.created_at,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config
        .service(list_teams)
        .service(create_team)
        .service(get_team)
        .service(update_team)
        .service(delete_team)
        .service(list_team_members)
        .service(update_team_member)
        .service(delete_team_member)
        .service(list_team_projects);
}

/// List the teams of the caller
///
/// For every login; not for API keys.
///
/// The teams that the caller is in; all teams for instance admins. `search` looks in name and slug.
#[utoipa::path(operation_id = "list_teams", tag = "teams", params(SearchQuery), responses((status = 200, body = PageView<TeamView>)))]
#[get("/teams")]
async fn list_teams(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<SearchQuery>,
) -> Result<HttpResponse, ApiError> {
    let page = query.page()?;
    let teams = rest.control.teams.list(&caller.principal, query.search()?, page).await?;
    Ok(HttpResponse::Ok().json(PageView::of(teams, TeamView::from)))
}

/// Create a team
///
/// For instance admins.
///
/// Makes a team with one admin, who invites the others. 409 when the slug is taken.
#[utoipa::path(operation_id = "create_team", tag = "teams", request_body = CreateTeamRequest, responses((status = 201, body = TeamView)))]
#[post("/teams")]
async fn create_team(
    caller: Caller,
    rest: Data<Rest>,
    Json(body): Json<CreateTeamRequest>,
) -> Result<HttpResponse, ApiError> {
    let CreateTeamRequest { name, slug, admin } = body;
    let seen = rest.control.teams.create(&caller.principal, NewTeam { name, slug, admin }).await?;
    let view = TeamView::from(seen);
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/api/v1/teams/{}", view.id)))
        .insert_header(etag::of(view.version))
        .json(view))
}

/// Show a team
///
/// For everybody in the team, and instance admins.
///
/// The team with its `ETag`, and what the caller is in it.
#[utoipa::path(
    operation_id = "get_team",
    tag = "teams",
    params(("team" = String, Path, description = "id or slug")),
    responses((status = 200, body = TeamView))
)]
#[get("/teams/{team}")]
async fn get_team(caller: Caller, rest: Data<Rest>, team: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(answer(rest.control.teams.get(&caller.principal, &team).await?))
}

/// Rename a team or change its slug
///
/// For admins of the team, and instance admins.
///
/// Addresses with the old slug lead nowhere from then on, the id stays. 409 when the
/// slug is taken.
#[utoipa::path(
    operation_id = "update_team",
    tag = "teams",
    params(("team" = String, Path, description = "id or slug")),
    request_body = UpdateTeamRequest,
    responses((status = 200, body = TeamView))
)]
#[patch("/teams/{team}")]
async fn update_team(
    caller: Caller,
    rest: Data<Rest>,
    team: Path<String>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateTeamRequest>,
) -> Result<HttpResponse, ApiError> {
    let UpdateTeamRequest { name, slug } = body;
    let patch = TeamPatch { name, slug };
    Ok(answer(rest.control.teams.update(&caller.principal, &team, patch, expected).await?))
}

/// Delete a team
///
/// For admins of the team, and instance admins.
///
/// What it was granted ends at once for everybody in it. Refused with `last_admin` while a project has no other active
/// admin. The accounts stay.
#[utoipa::path(
    operation_id = "delete_team",
    tag = "teams",
    params(("team" = String, Path, description = "id or slug")),
    responses((status = 204))
)]
#[delete("/teams/{team}")]
async fn delete_team(
    caller: Caller,
    rest: Data<Rest>,
    team: Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, ApiError> {
    rest.control.teams.delete(&caller.principal, &team, expected).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List who is in a team
///
/// For everybody in the team, and instance admins.
///
/// All of them, also accounts that are switched off.
#[utoipa::path(
    operation_id = "list_team_members",
    tag = "teams",
    params(("team" = String, Path, description = "id or slug")),
    responses((status = 200, body = PageView<TeamMemberView>))
)]
#[get("/teams/{team}/members")]
async fn list_team_members(caller: Caller, rest: Data<Rest>, team: Path<String>) -> Result<HttpResponse, ApiError> {
    let members = rest.control.teams.list_members(&caller.principal, &team).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(members.into_iter().map(TeamMemberView::from))))
}

/// Change what somebody is in a team
///
/// For admins of the team, and instance admins.
///
/// People come in by invitation; this changes what they are. A team keeps an active admin: else 409 with `last_admin`.
#[utoipa::path(
    operation_id = "update_team_member",
    tag = "teams",
    params(
        ("team" = String, Path, description = "id or slug"),
        ("user" = String, Path, description = "id or e-mail address of somebody in the team"),
    ),
    request_body = UpdateTeamMemberRequest,
    responses((status = 200, body = TeamMemberView))
)]
#[patch("/teams/{team}/members/{user}")]
async fn update_team_member(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateTeamMemberRequest>,
) -> Result<HttpResponse, ApiError> {
    let (team, user) = path.into_inner();
    let role = TeamRole::from(body.role);
    let member = rest.control.teams.update_member(&caller.principal, &team, &user, role, expected).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(member.version())).json(TeamMemberView::from(member)))
}

/// Take somebody out of a team
///
/// For everybody about oneself; about others for admins of the team and instance admins.
///
/// What the team was granted ends for them at once. A team keeps an active admin: else 409 with `last_admin`.
#[utoipa::path(
    operation_id = "delete_team_member",
    tag = "teams",
    params(
        ("team" = String, Path, description = "id or slug"),
        ("user" = String, Path, description = "id or e-mail address of somebody in the team"),
    ),
    responses((status = 204))
)]
#[delete("/teams/{team}/members/{user}")]
async fn delete_team_member(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (team, user) = path.into_inner();
    rest.control.teams.remove_member(&caller.principal, &team, &user, expected).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List the projects that a team was granted
///
/// For everybody in the team, and instance admins.
///
/// Every project that was granted, with the role that everybody in the team has there at least.
#[utoipa::path(
    operation_id = "list_team_projects",
    tag = "teams",
    params(("team" = String, Path, description = "id or slug")),
    responses((status = 200, body = PageView<TeamProjectView>))
)]
#[get("/teams/{team}/projects")]
async fn list_team_projects(caller: Caller, rest: Data<Rest>, team: Path<String>) -> Result<HttpResponse, ApiError> {
    let projects = rest.control.teams.list_projects(&caller.principal, &team).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(projects.into_iter().map(TeamProjectView::from))))
}

fn answer(seen: TeamSeen) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(seen.team.version)).json(TeamView::from(seen))
}
