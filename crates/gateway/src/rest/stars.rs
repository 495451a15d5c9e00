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
    id: Uuid,
    project_id: Uuid,
    project_slug: String,
    project_name: String,
    #[schema(required = true)]
    server_id: Option<Uuid>,
    #[schema(required = true)]
    server_alias: Option<String>,
    #[schema(required = true)]
    server_name: Option<String>,
    #[schema(required = true)]
    tool: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

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
#[utoipa::path(operation_id = "list_stars", tag = "stars", responses((status = 200, body = PageView<StarView>)))]
#[get("/stars")]
async fn list_stars(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    let stars = rest.control.stars.list(&caller.principal).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(stars.into_iter().map(StarView::from))))
}

/// Star a project, a server or a tool
///
/// Starring twice is starring once.
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
