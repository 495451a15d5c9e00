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
/// Secrets can be replaced one by one without knowing the others.
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
