//! Projects. `{project}` is an id or a slug everywhere.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use orch_control::projects::{NewProject, ProjectPatch, ProjectSeen, RecordedArgumentsDraft};
use orch_domain::arguments::RecordedArguments;
use orch_domain::project::FlawedTools;
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

/// A project, as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectView {
    /// Stays for as long as the project does.
    id: Uuid,
    /// The readable name in URLs; unique, and can be changed.
    slug: String,
    /// For people.
    name: String,
    /// What stands between alias and tool name on the unified endpoint.
    separator: String,
    /// What becomes of tools with schemas that strict clients refuse.
    flawed_tools: FlawedToolsView,
    /// What of the arguments of calls goes on record.
    recorded_arguments: RecordedArgumentsView,
    /// What the caller is on the project.
    role: RoleView,
    /// How much there is in it.
    counts: ProjectCountsView,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When its settings last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What the `ETag` is made of.
    version: u32,
}

/// How much there is in a project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProjectCounts)]
pub struct ProjectCountsView {
    /// People who reach it, directly or with a team.
    members: usize,
    /// Teams that it was granted to.
    teams: usize,
    /// Servers, also those that are disabled.
    servers: usize,
    /// Keys that open something.
    keys: usize,
}

/// A project to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProjectRequest {
    /// For people: 1 to 100 characters on one line.
    name: String,
    /// 1 to 40 of a-z, 0-9 and -, starting with a letter and not ending in -; made of the name when left out.
    #[serde(default)]
    slug: Option<String>,
    /// 1 to 4 of `_` and `-` with at least one `_`; `__` when left out.
    #[serde(default)]
    separator: Option<String>,
    /// `repair` when left out.
    #[serde(default)]
    flawed_tools: Option<FlawedToolsView>,
    /// `nothing` when left out.
    #[serde(default)]
    recorded_arguments: Option<RecordedArgumentsView>,
    /// Id or e-mail address of the first admin; the caller when left out. Only instance admins choose another.
    #[serde(default)]
    admin: Option<String>,
}

/// Fields that are left out stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProjectRequest {
    /// For people: 1 to 100 characters on one line.
    name: Option<String>,
    /// 1 to 40 of a-z, 0-9 and -, starting with a letter and not ending in -.
    slug: Option<String>,
    /// 1 to 4 of `_` and `-` with at least one `_`, between alias and tool name on the unified endpoint.
    separator: Option<String>,
    /// What becomes of tools with schemas that strict clients refuse.
    flawed_tools: Option<FlawedToolsView>,
    /// What of the arguments of calls goes on record, from now on.
    recorded_arguments: Option<RecordedArgumentsView>,
}

// Variants without members have braces: serde takes any member for a unit variant beside its tag.
/// What of the arguments of calls goes on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = RecordedArguments)]
pub enum RecordedArgumentsView {
    /// No trace of them.
    Nothing {},
    /// A keyed digest: shows whether two calls had the same arguments, and not which.
    Digest {},
    /// The arguments without the values of some members.
    Redacted {
        /// Members whose values are not recorded, as globs over their names in any case. What is called like a password,
        /// token, key, credential or cookie is never recorded.
        #[serde(default)]
        hidden: Vec<String>,
    },
}

impl From<RecordedArguments> for RecordedArgumentsView {
    fn from(choice: RecordedArguments) -> Self {
        match choice {
            RecordedArguments::Nothing => Self::Nothing {},
            RecordedArguments::Digest => Self::Digest {},
            RecordedArguments::Redacted { hidden } => {
                Self::Redacted { hidden: hidden.iter().map(|pattern| pattern.as_str().to_owned()).collect() }
            }
        }
    }
}

impl From<RecordedArgumentsView> for RecordedArgumentsDraft {
    fn from(choice: RecordedArgumentsView) -> Self {
        match choice {
            RecordedArgumentsView::Nothing {} => Self::Nothing,
            RecordedArgumentsView::Digest {} => Self::Digest,
            RecordedArgumentsView::Redacted { hidden } => Self::Redacted { hidden },
        }
    }
}

/// What becomes of a tool whose schemas strict clients refuse, and the whole list with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FlawedTools)]
pub enum FlawedToolsView {
    /// Listed with the least change that makes its schemas valid.
    Repair,
    /// Not listed.
    Hide,
    /// Listed as it is.
    Pass,
}

impl From<FlawedTools> for FlawedToolsView {
    fn from(choice: FlawedTools) -> Self {
        match choice {
            FlawedTools::Repair => Self::Repair,
            FlawedTools::Hide => Self::Hide,
            FlawedTools::Pass => Self::Pass,
        }
    }
}

impl From<FlawedToolsView> for FlawedTools {
    fn from(choice: FlawedToolsView) -> Self {
        match choice {
            FlawedToolsView::Repair => Self::Repair,
            FlawedToolsView::Hide => Self::Hide,
            FlawedToolsView::Pass => Self::Pass,
        }
    }
}

impl From<ProjectSeen> for ProjectView {
    fn from(seen: ProjectSeen) -> Self {
        let project = seen.project;
        Self {
            id: project.id.as_uuid(),
            slug: project.slug.to_string(),
            name: project.name,
            separator: project.separator.as_str().to_owned(),
            flawed_tools: project.flawed_tools.into(),
            recorded_arguments: project.recorded_arguments.into(),
            role: RoleView::from(seen.role),
            counts: ProjectCountsView {
                members: seen.counts.members,
                teams: seen.counts.teams,
                servers: seen.counts.servers,
                keys: seen.counts.keys,
            },
            created_at: project.created_at,
            updated_at: project.updated_at,
            version: project.version,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config
        .service(list_projects)
        .service(create_project)
        .service(get_project)
        .service(update_project)
        .service(delete_project);
}

/// List the projects of the caller
///
/// For every credential.
///
/// Oldest first. A login gets the projects that it reaches, directly or with a team, and all of them when it is an
/// instance admin's; a key gets its own project. `search` looks in name and slug.
#[utoipa::path(operation_id = "list_projects", tag = "projects", params(SearchQuery), responses((status = 200, body = PageView<ProjectView>)))]
#[get("/projects")]
async fn list_projects(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<SearchQuery>,
) -> Result<HttpResponse, ApiError> {
    let projects = rest.control.projects.list(&caller.principal, query.search()?, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(projects, ProjectView::from)))
}

/// Create a project
///
/// For instance admins.
///
/// An admin of a project decides which commands run on the machine of the daemon, so the instance decides who becomes
/// one: name somebody else as `admin` where it is not to be the caller. 409 when the slug is taken.
#[utoipa::path(operation_id = "create_project", tag = "projects", request_body = CreateProjectRequest, responses((status = 201, body = ProjectView)))]
#[post("/projects")]
async fn create_project(
    caller: Caller,
    rest: Data<Rest>,
    Json(body): Json<CreateProjectRequest>,
) -> Result<HttpResponse, ApiError> {
    let CreateProjectRequest { name, slug, separator, flawed_tools, recorded_arguments, admin } = body;
    let flawed_tools = flawed_tools.map(FlawedTools::from).unwrap_or_default();
    let recorded_arguments = recorded_arguments.map(RecordedArgumentsDraft::from).unwrap_or_default();
    let new = NewProject { name, slug, separator, flawed_tools, recorded_arguments, admin };
    let seen = rest.control.projects.create(&caller.principal, new).await?;
    let view = ProjectView::from(seen);
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/api/v1/projects/{}", view.id)))
        .insert_header(etag::of(view.version))
        .json(view))
}

/// Show a project
///
/// For everybody who sees the project.
///
/// The project with its `ETag`, the role of the caller, and how much there is in it.
#[utoipa::path(
    operation_id = "get_project",
    tag = "projects",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 200, body = ProjectView))
)]
#[get("/projects/{project}")]
async fn get_project(caller: Caller, rest: Data<Rest>, project: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(answer(rest.control.projects.get(&caller.principal, &project).await?))
}

/// Change a project
///
/// For admins of the project; not for API keys.
///
/// A new slug or separator holds for the very next request: endpoints under the old slug answer 404 from then on, and
/// names of tools on the unified endpoint change. 409 when the slug is taken.
#[utoipa::path(
    operation_id = "update_project",
    tag = "projects",
    params(("project" = String, Path, description = "id or slug")),
    request_body = UpdateProjectRequest,
    responses((status = 200, body = ProjectView))
)]
#[patch("/projects/{project}")]
async fn update_project(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateProjectRequest>,
) -> Result<HttpResponse, ApiError> {
    let UpdateProjectRequest { name, slug, separator, flawed_tools, recorded_arguments } = body;
    let flawed_tools = flawed_tools.map(FlawedTools::from);
    let recorded_arguments = recorded_arguments.map(RecordedArgumentsDraft::from);
    let patch = ProjectPatch { name, slug, separator, flawed_tools, recorded_arguments };
    Ok(answer(rest.control.projects.update(&caller.principal, &project, patch, expected).await?))
}

/// Delete a project with all that belongs to it
///
/// For admins of the project; not for API keys.
///
/// Stops its servers, ends its sessions, and revokes its keys at once. Cannot be undone. What it did stays on the audit
/// trail of the instance.
#[utoipa::path(
    operation_id = "delete_project",
    tag = "projects",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 204))
)]
#[delete("/projects/{project}")]
async fn delete_project(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, ApiError> {
    rest.control.projects.delete(&caller.principal, &project, expected).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn answer(seen: ProjectSeen) -> HttpResponse {
    let view = ProjectView::from(seen);
    HttpResponse::Ok().insert_header(etag::of(view.version)).json(view)
}
