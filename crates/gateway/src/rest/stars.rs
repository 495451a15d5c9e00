//! Stars of the own account.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use orch_control::stars::StarSeen;
use orch_domain::id::ServerId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::register::Register;
use crate::rest::Rest;

/// A star on a project, on a server when there is one, on a tool when there is one.
#[derive(Debug, Serialize, ToSchema)]
pub struct StarView {
    /// For `delete_star`.
    id: Uuid,
    /// The project.
    project_id: Uuid,
    /// Its readable name in URLs.
    project_slug: String,
    /// Its name for people.
    project_name: String,
    /// The server; null for a star on the project.
    #[schema(required = true)]
    server_id: Option<Uuid>,
    /// The server's alias; null for a star on the project.
    #[schema(required = true)]
    server_alias: Option<String>,
    /// The server's name for people; null for a star on the project.
    #[schema(required = true)]
    server_name: Option<String>,
    /// The tool's own name; null for a star on the project or the server.
    #[schema(required = true)]
    tool: Option<String>,
    /// When it was starred.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// What to star: the narrowest of what is named.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStarRequest {
    /// Id or slug.
    project: String,
    /// Alias or id.
    server: Option<String>,
    /// The tool's name, of a server.
    tool: Option<String>,
}

impl From<StarSeen> for StarView {
    fn from(seen: StarSeen) -> Self {
        let target = &seen.star.target;
        let (server_alias, server_name) = seen.server.unzip();
        Self {
            id: seen.star.id.as_uuid(),
            project_id: target.project().as_uuid(),
            project_slug: seen.project_slug,
            project_name: seen.project_name,
            server_id: target.server().map(ServerId::as_uuid),
            server_alias,
            server_name,
            tool: target.tool().map(str::to_owned),
            created_at: seen.star.created_at,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_stars).service(create_star).service(delete_star);
}

/// List the own stars, newest first
///
/// For every login; not for API keys.
///
/// All own stars. Those on what the caller does not see any more are left out.
#[utoipa::path(operation_id = "list_stars", tag = "stars", responses((status = 200, body = PageView<StarView>)))]
#[get("/stars")]
async fn list_stars(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    let stars = rest.control.stars.list(&caller.principal).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(stars.into_iter().map(StarView::from))))
}

/// Star a project, a server or a tool
///
/// For every login that sees the project; not for API keys.
///
/// Starring twice is starring once. 409 when there are too many stars.
#[utoipa::path(
    operation_id = "create_star",
    tag = "stars",
    request_body = CreateStarRequest,
    responses((status = 201, body = StarView))
)]
#[post("/stars")]
async fn create_star(
    caller: Caller,
    rest: Data<Rest>,
    Json(body): Json<CreateStarRequest>,
) -> Result<HttpResponse, ApiError> {
    let CreateStarRequest { project, server, tool } = body;
    let stars = &rest.control.stars;
    let seen = stars.create(&caller.principal, &project, server.as_deref(), tool.as_deref()).await?;
    Ok(HttpResponse::Created().json(StarView::from(seen)))
}

/// Take a star away
///
/// For every login; not for API keys.
///
/// 404 when it is no star of the caller.
#[utoipa::path(
    operation_id = "delete_star",
    tag = "stars",
    params(("star" = String, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/stars/{star}")]
async fn delete_star(caller: Caller, rest: Data<Rest>, star: Path<String>) -> Result<HttpResponse, ApiError> {
    rest.control.stars.delete(&caller.principal, &star).await?;
    Ok(HttpResponse::NoContent().finish())
}
