//! Servers of a project: configuration and switches.

pub mod confinement;
pub mod dialect;
pub mod logs;
pub mod request;
pub mod run;
pub mod view;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use orch_control::servers::ServerSeen;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::listing::PageView;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::servers::request::{CreateServerRequest, UpdateServerRequest};
use crate::rest::servers::view::ServerView;

pub(crate) fn configure(config: &mut impl Register) {
    config
        .service(list_servers)
        .service(create_server)
        .service(get_server)
        .service(update_server)
        .service(delete_server)
        .service(start_server)
        .service(stop_server)
        .service(restart_server);
    logs::configure(config);
}

/// List the servers of a project
///
/// For everybody who sees the project.
///
/// All of them with their state, without a value of a secret. Of a key with a scope only the servers in it.
#[utoipa::path(
    operation_id = "list_servers",
    tag = "servers",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 200, body = PageView<ServerView>))
)]
#[get("/projects/{project}/servers")]
async fn list_servers(caller: Caller, rest: Data<Rest>, project: Path<String>) -> Result<HttpResponse, ApiError> {
    let servers = rest.control.servers.list(&caller.principal, &project).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(servers.into_iter().map(ServerView::from))))
}

/// Add a server to a project
///
/// For admins of the project; not for API keys.
///
/// The server can be called at once: it is started when it is first needed, or right away with `run.always_on`.
/// Arguments, variables and headers are encrypted when they are stored, and never shown again. 409 when the alias is
/// taken.
#[utoipa::path(
    operation_id = "create_server",
    tag = "servers",
    params(("project" = String, Path, description = "id or slug")),
    request_body = CreateServerRequest,
    responses((status = 201, body = ServerView))
)]
#[post("/projects/{project}/servers")]
async fn create_server(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Json(body): Json<CreateServerRequest>,
) -> Result<HttpResponse, ApiError> {
    let seen = rest.control.servers.create(&caller.principal, &project, body.into_new()?).await?;
    let view = ServerView::from(seen);
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/api/v1/projects/{}/servers/{}", view.project_id, view.id)))
        .insert_header(etag::of(view.version))
        .json(view))
}

/// Show a server
///
/// For everybody who sees the server.
///
/// Its configuration without a value of a secret, its state, and its `ETag`.
#[utoipa::path(
    operation_id = "get_server",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 200, body = ServerView))
)]
#[get("/projects/{project}/servers/{server}")]
async fn get_server(caller: Caller, rest: Data<Rest>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    Ok(answer(rest.control.servers.get(&caller.principal, &project, &server).await?))
}

/// Change a server
///
/// For admins of the project; not for API keys.
///
/// Fields that are left out stay. Secrets can be replaced one by one without knowing the others. A change of what is
/// run or dialled replaces the running process or connection; a new alias renames its tools on the unified endpoint.
#[utoipa::path(
    operation_id = "update_server",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    request_body = UpdateServerRequest,
    responses((status = 200, body = ServerView))
)]
#[patch("/projects/{project}/servers/{server}")]
async fn update_server(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateServerRequest>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    let patch = body.into_patch()?;
    Ok(answer(rest.control.servers.update(&caller.principal, &project, &server, patch, expected).await?))
}

/// Delete a server
///
/// For admins of the project; not for API keys.
///
/// Stops it and takes away its configuration, secrets, catalog and switches. Calls in flight end with an error. Cannot
/// be undone; the record of its calls stays.
#[utoipa::path(
    operation_id = "delete_server",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 204))
)]
#[delete("/projects/{project}/servers/{server}")]
async fn delete_server(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    rest.control.servers.delete(&caller.principal, &project, &server, expected).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Start a server and wait until it is ready or has failed
///
/// For admins of the project; not for API keys.
///
/// The answer has its state then. 502 says why it failed. Starting one that runs does no harm.
#[utoipa::path(
    operation_id = "start_server",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 200, body = ServerView))
)]
#[post("/projects/{project}/servers/{server}/start")]
async fn start_server(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    Ok(answer(rest.control.servers.start(&caller.principal, &project, &server).await?))
}

/// Stop what runs of a server, until somebody starts it or its configuration changes
///
/// For admins of the project; not for API keys.
///
/// It stays stopped until somebody starts it or its configuration changes. Calls in flight end with an error. To have
/// it stay off for good, set `enabled` to false. 502 when it cannot be stopped.
#[utoipa::path(
    operation_id = "stop_server",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 200, body = ServerView))
)]
#[post("/projects/{project}/servers/{server}/stop")]
async fn stop_server(caller: Caller, rest: Data<Rest>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    Ok(answer(rest.control.servers.stop(&caller.principal, &project, &server).await?))
}

/// Replace every process and connection of a server
///
/// For admins of the project; not for API keys.
///
/// Calls in flight end with an error. The answer comes at once; `status` says how it goes on.
#[utoipa::path(
    operation_id = "restart_server",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 200, body = ServerView))
)]
#[post("/projects/{project}/servers/{server}/restart")]
async fn restart_server(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    Ok(answer(rest.control.servers.restart(&caller.principal, &project, &server).await?))
}

fn answer(seen: ServerSeen) -> HttpResponse {
    let view = ServerView::from(seen);
    HttpResponse::Ok().insert_header(etag::of(view.version)).json(view)
}
