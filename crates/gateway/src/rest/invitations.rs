//! Invitations: single-use links to the instance, a project or a team.

mod answers;

use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use orch_control::invitations::{InvitationSeen, InvitedTo, Issued, NewInvitation, Place};
use orch_domain::invitation::{InvitationState, InvitationTarget, MailState};
use orch_domain::role::Role;
use orch_domain::team::TeamRole;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::listing::{PageQuery, PageView};
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::members::RoleView;
use crate::rest::teams::TeamRoleView;

/// An invitation, as those see it who manage the place and who is invited.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationView {
    /// For `renew_invitation` and the like; not the token of the link.
    id: Uuid,
    /// Whom it is for.
    email: String,
    /// What accepting leads to.
    to: InvitationTargetView,
    /// Who invited; null for the command line and for who asked for an account.
    #[schema(required = true)]
    inviter: Option<InviterView>,
    /// What became of it.
    state: InvitationStateView,
    /// What became of the mail with the link.
    mail: MailView,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// From then on the link opens nothing.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Where to, and as what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = InvitationTarget)]
pub enum InvitationTargetView {
    /// An account on the instance.
    Instance {
        /// Whether the account is to manage the whole instance.
        instance_admin: bool,
    },
    /// A project.
    Project {
        /// The project.
        id: Uuid,
        /// Its readable name in URLs.
        slug: String,
        /// Its name for people.
        name: String,
        /// What the account is to be on it.
        role: RoleView,
    },
    /// A team.
    Team {
        /// The team.
        id: Uuid,
        /// Its readable name in URLs.
        slug: String,
        /// Its name for people.
        name: String,
        /// What the account is to be in it.
        role: TeamRoleView,
    },
}

/// Who invited.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Inviter)]
pub struct InviterView {
    /// The address of the account.
    email: String,
    /// For people; may be empty.
    name: String,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InvitationState)]
pub enum InvitationStateView {
    Pending,
    Accepted,
    Declined,
    Revoked,
    Expired,
}

/// What became of a mail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
#[schema(as = Mail)]
pub enum MailView {
    /// No mail goes out here: the link was shown to who invited.
    NotSent,
    /// It waits to be sent.
    Queued,
    /// The mail server has taken it.
    Sent {
        /// When.
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Renew the invitation to try again.
    Failed {
        /// When.
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        /// What the mail server said, or why none was reached.
        reason: String,
    },
}

/// An invitation that was just made or renewed.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedInvitationView {
    /// The invitation.
    invitation: InvitationView,
    /// The link, to be passed on by hand. Shown this once, and only when no mail goes out.
    #[schema(required = true, example = "https://mcp.example.com/invitation#orchi_...")]
    link: Option<String>,
}

/// Somebody to invite to the instance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitationRequest {
    /// An address without an account.
    #[schema(example = "ada@example.com")]
    email: String,
    /// Whether the account is to manage the whole instance; false when left out.
    #[serde(default)]
    instance_admin: bool,
    /// Hours, 1 to 720; what the settings say when left out, a week unless set.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 720)]
    expires_in_hours: Option<u16>,
}

/// Somebody to invite to a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProjectInvitationRequest {
    /// With or without an account.
    #[schema(example = "ada@example.com")]
    email: String,
    /// What the account is to be on the project.
    role: RoleView,
    /// Hours, 1 to 720; what the settings say when left out, a week unless set.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 720)]
    expires_in_hours: Option<u16>,
}

/// Somebody to invite to a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTeamInvitationRequest {
    /// With or without an account.
    #[schema(example = "ada@example.com")]
    email: String,
    /// What the account is to be in the team.
    role: TeamRoleView,
    /// Hours, 1 to 720; what the settings say when left out, a week unless set.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 720)]
    expires_in_hours: Option<u16>,
}

impl From<InvitationSeen> for InvitationView {
    fn from(seen: InvitationSeen) -> Self {
        let InvitationSeen { invitation, place, inviter, open } = seen;
        let (slug, name) = place.unwrap_or_default();
        let to = match invitation.target {
            InvitationTarget::Instance { admin } => InvitationTargetView::Instance { instance_admin: admin },
            InvitationTarget::Project { id, role } => {
                InvitationTargetView::Project { id: id.as_uuid(), slug, name, role: RoleView::from(role) }
            }
            InvitationTarget::Team { id, role } => {
                InvitationTargetView::Team { id: id.as_uuid(), slug, name, role: TeamRoleView::from(role) }
            }
        };
        let state = match invitation.state {
            InvitationState::Pending if open => InvitationStateView::Pending,
            InvitationState::Pending => InvitationStateView::Expired,
            InvitationState::Accepted { .. } => InvitationStateView::Accepted,
            InvitationState::Declined { .. } => InvitationStateView::Declined,
            InvitationState::Revoked { .. } => InvitationStateView::Revoked,
        };
        let mail = match invitation.mail {
            MailState::NotSent => MailView::NotSent,
            MailState::Queued => MailView::Queued,
            MailState::Sent { at } => MailView::Sent { at },
            MailState::Failed { at, reason } => MailView::Failed { at, reason },
        };
        Self {
            id: invitation.id.as_uuid(),
            email: invitation.email.to_string(),
            to,
            inviter: inviter.map(|(email, name)| InviterView { email: email.to_string(), name }),
            state,
            mail,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    // First those with a word where others have an id.
    answers::configure(config);
    config
        .service(list_invitations)
        .service(create_invitation)
        .service(renew_invitation)
        .service(delete_invitation)
        .service(list_project_invitations)
        .service(create_project_invitation)
        .service(renew_project_invitation)
        .service(delete_project_invitation)
        .service(list_team_invitations)
        .service(create_team_invitation)
        .service(renew_team_invitation)
        .service(delete_team_invitation);
}

/// List all invitations of the instance
///
/// For instance admins.
///
/// Newest first, those to projects and teams as well, answered or not.
#[utoipa::path(operation_id = "list_invitations", tag = "invitations", params(PageQuery), responses((status = 200, body = PageView<InvitationView>)))]
#[get("/invitations")]
async fn list_invitations(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let found = rest.control.invitations.list_all(&caller.principal, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(found, InvitationView::from)))
}

/// Invite somebody to the instance
///
/// For instance admins.
///
/// Who accepts makes an account. The link is mailed where mail goes out, and else in the answer, this once. An earlier
/// invitation of the address to the instance ends. 409 when the address has an account.
#[utoipa::path(operation_id = "create_invitation", tag = "invitations", request_body = CreateInvitationRequest, responses((status = 201, body = IssuedInvitationView)))]
#[post("/invitations")]
async fn create_invitation(
    caller: Caller,
    rest: Data<Rest>,
    Json(body): Json<CreateInvitationRequest>,
) -> Result<HttpResponse, ApiError> {
    let to = InvitedTo::Instance { admin: body.instance_admin };
    create(&caller, &rest, (&body.email, to, body.expires_in_hours)).await
}

/// Make a new link for any invitation
///
/// For instance admins.
///
/// Any invitation, also those to projects and teams. The old link ends; the new one is good for as long as the first
/// was. 410 when it was answered or taken back; one that is too old can be renewed.
#[utoipa::path(
    operation_id = "renew_invitation",
    tag = "invitations",
    params(("invitation" = Uuid, Path, description = "id")),
    responses((status = 200, body = IssuedInvitationView))
)]
#[post("/invitations/{invitation}/renew")]
async fn renew_invitation(caller: Caller, rest: Data<Rest>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    renew(&caller, &rest, Place::Instance, &id).await
}

/// Take back any invitation
///
/// For instance admins.
///
/// Any invitation, also those to projects and teams. Its link opens nothing from now on. 410 when it was answered or
/// taken back.
#[utoipa::path(
    operation_id = "delete_invitation",
    tag = "invitations",
    params(("invitation" = Uuid, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/invitations/{invitation}")]
async fn delete_invitation(caller: Caller, rest: Data<Rest>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    revoke(&caller, &rest, Place::Instance, &id).await
}

/// List the invitations to a project
///
/// For admins of the project; not for API keys.
///
/// Newest first, answered or not.
#[utoipa::path(
    operation_id = "list_project_invitations",
    tag = "invitations",
    params(("project" = String, Path, description = "id or slug"), PageQuery),
    responses((status = 200, body = PageView<InvitationView>))
)]
#[get("/projects/{project}/invitations")]
async fn list_project_invitations(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let found = rest.control.invitations.list(&caller.principal, Place::Project(&project), query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(found, InvitationView::from)))
}

/// Invite somebody to a project
///
/// For admins of the project; not for API keys.
///
/// The answer is the same whether the address has an account or not. The link is mailed where mail goes out, and else
/// in the answer, this once. An earlier invitation of the address to the project ends. 409 for who is a member already:
/// change the role instead.
#[utoipa::path(
    operation_id = "create_project_invitation",
    tag = "invitations",
    params(("project" = String, Path, description = "id or slug")),
    request_body = CreateProjectInvitationRequest,
    responses((status = 201, body = IssuedInvitationView))
)]
#[post("/projects/{project}/invitations")]
async fn create_project_invitation(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Json(body): Json<CreateProjectInvitationRequest>,
) -> Result<HttpResponse, ApiError> {
    let to = InvitedTo::Project { project: &project, role: Role::from(body.role) };
    create(&caller, &rest, (&body.email, to, body.expires_in_hours)).await
}

/// Make a new link for an invitation to a project
///
/// For admins of the project; not for API keys.
///
/// The old link ends; the new one is good for as long as the first was. 410 when it was answered or taken back; one
/// that is too old can be renewed.
#[utoipa::path(
    operation_id = "renew_project_invitation",
    tag = "invitations",
    params(("project" = String, Path, description = "id or slug"), ("invitation" = Uuid, Path, description = "id")),
    responses((status = 200, body = IssuedInvitationView))
)]
#[post("/projects/{project}/invitations/{invitation}/renew")]
async fn renew_project_invitation(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, id) = path.into_inner();
    renew(&caller, &rest, Place::Project(&project), &id).await
}

/// Take back an invitation to a project
///
/// For admins of the project; not for API keys.
///
/// Its link opens nothing from now on. 410 when it was answered or taken back.
#[utoipa::path(
    operation_id = "delete_project_invitation",
    tag = "invitations",
    params(("project" = String, Path, description = "id or slug"), ("invitation" = Uuid, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/projects/{project}/invitations/{invitation}")]
async fn delete_project_invitation(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, id) = path.into_inner();
    revoke(&caller, &rest, Place::Project(&project), &id).await
}

/// List the invitations to a team
///
/// For admins of the team, and instance admins.
///
/// Newest first, answered or not.
#[utoipa::path(
    operation_id = "list_team_invitations",
    tag = "invitations",
    params(("team" = String, Path, description = "id or slug"), PageQuery),
    responses((status = 200, body = PageView<InvitationView>))
)]
#[get("/teams/{team}/invitations")]
async fn list_team_invitations(
    caller: Caller,
    rest: Data<Rest>,
    team: Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let found = rest.control.invitations.list(&caller.principal, Place::Team(&team), query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(found, InvitationView::from)))
}

/// Invite somebody to a team
///
/// For admins of the team, and instance admins.
///
/// The answer is the same whether the address has an account or not. The link is mailed where mail goes out, and else
/// in the answer, this once. An earlier invitation of the address to the team ends. 409 for who is in the team already:
/// change the role instead.
#[utoipa::path(
    operation_id = "create_team_invitation",
    tag = "invitations",
    params(("team" = String, Path, description = "id or slug")),
    request_body = CreateTeamInvitationRequest,
    responses((status = 201, body = IssuedInvitationView))
)]
#[post("/teams/{team}/invitations")]
async fn create_team_invitation(
    caller: Caller,
    rest: Data<Rest>,
    team: Path<String>,
    Json(body): Json<CreateTeamInvitationRequest>,
) -> Result<HttpResponse, ApiError> {
    let to = InvitedTo::Team { team: &team, role: TeamRole::from(body.role) };
    create(&caller, &rest, (&body.email, to, body.expires_in_hours)).await
}

/// Make a new link for an invitation to a team
///
/// For admins of the team, and instance admins.
///
/// The old link ends; the new one is good for as long as the first was. 410 when it was answered or taken back; one
/// that is too old can be renewed.
#[utoipa::path(
    operation_id = "renew_team_invitation",
    tag = "invitations",
    params(("team" = String, Path, description = "id or slug"), ("invitation" = Uuid, Path, description = "id")),
    responses((status = 200, body = IssuedInvitationView))
)]
#[post("/teams/{team}/invitations/{invitation}/renew")]
async fn renew_team_invitation(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (team, id) = path.into_inner();
    renew(&caller, &rest, Place::Team(&team), &id).await
}

/// Take back an invitation to a team
///
/// For admins of the team, and instance admins.
///
/// Its link opens nothing from now on. 410 when it was answered or taken back.
#[utoipa::path(
    operation_id = "delete_team_invitation",
    tag = "invitations",
    params(("team" = String, Path, description = "id or slug"), ("invitation" = Uuid, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/teams/{team}/invitations/{invitation}")]
async fn delete_team_invitation(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (team, id) = path.into_inner();
    revoke(&caller, &rest, Place::Team(&team), &id).await
}

async fn create(
    caller: &Caller,
    rest: &Rest,
    (email, to, hours): (&str, InvitedTo<'_>, Option<u16>),
) -> Result<HttpResponse, ApiError> {
    let good_for = hours.map(|hours| Duration::from_secs(u64::from(hours) * 60 * 60));
    let issued = rest.control.invitations.create(&caller.principal, NewInvitation { email, to, good_for }).await?;
    Ok(HttpResponse::Created().json(issued_view(issued)))
}

async fn renew(caller: &Caller, rest: &Rest, place: Place<'_>, id: &str) -> Result<HttpResponse, ApiError> {
    let issued = rest.control.invitations.renew(&caller.principal, place, id).await?;
    Ok(HttpResponse::Ok().json(issued_view(issued)))
}

async fn revoke(caller: &Caller, rest: &Rest, place: Place<'_>, id: &str) -> Result<HttpResponse, ApiError> {
    rest.control.invitations.revoke(&caller.principal, place, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn issued_view(issued: Issued) -> IssuedInvitationView {
    IssuedInvitationView {
        link: issued.link.map(|link| link.expose_secret().to_owned()),
        invitation: InvitationView::from(issued.seen),
    }
}
