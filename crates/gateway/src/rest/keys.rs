//! API keys of a project.

use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use orch_control::keys::{CreatedKey, NewKey};
use orch_domain::api_key::ApiKey;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::{Json, OptionalJson};
use crate::caller::Caller;
use crate::listing::{PageQuery, PageView, Query};
use crate::rest::Rest;

#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    id: Uuid,
    name: String,
    /// How the key begins; safe to show.
    prefix: String,
    /// The account that answers for the key; the key never may more than it.
    creator_id: Uuid,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    expires_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    revoked_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    last_used_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedKeyView {
    #[serde(flatten)]
    view: KeyView,
    /// The whole key. Shown this once and stored nowhere.
    key: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKeyRequest {
    name: String,
    /// Never when left out.
    #[serde(default, with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKeyRequest {
    /// How long the old key lives on: at most 2592000 (30 days); a day when left out, 0 ends it at once.
    #[schema(maximum = 2592000)]
    overlap_seconds: Option<u64>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.as_uuid(),
            name: key.name,
            prefix: format!("orch_{}", key.public_id),
            creator_id: key.creator.as_uuid(),
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            created_at: key.created_at,
        }
    }
}

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_keys).service(create_key).service(delete_key).service(rotate_key);
}

/// List API keys
///
/// The own keys for members, all keys of the project for admins.
#[utoipa::path(
    operation_id = "list_keys",
    tag = "keys",
    params(("project" = String, Path, description = "id or slug"), PageQuery),
    responses((status = 200, body = PageView<KeyView>))
)]
#[get("/projects/{project}/keys")]
async fn list_keys(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let keys = rest.control.keys.list(&caller.principal, &project, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(keys, KeyView::from)))
}

/// Create an API key
///
/// The answer holds the whole key, this once.
#[utoipa::path(
    operation_id = "create_key",
    tag = "keys",
    params(("project" = String, Path, description = "id or slug")),
    request_body = CreateKeyRequest,
    responses((status = 201, body = CreatedKeyView))
)]
#[post("/projects/{project}/keys")]
async fn create_key(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Json(body): Json<CreateKeyRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewKey { name: body.name, expires_at: body.expires_at, creator: None };
    let created = rest.control.keys.create(&caller.principal, &project, new).await?;
    Ok(answer(created))
}

/// Revoke an API key
#[utoipa::path(
    operation_id = "delete_key",
    tag = "keys",
    params(("project" = String, Path, description = "id or slug"), ("key" = String, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/projects/{project}/keys/{key}")]
async fn delete_key(caller: Caller, rest: Data<Rest>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (project, key) = path.into_inner();
    rest.control.keys.revoke(&caller.principal, &project, &key).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Replace an API key by a new one
///
/// The old key lives on for the overlap. Only the key's creator may.
#[utoipa::path(
    operation_id = "rotate_key",
    tag = "keys",
    params(("project" = String, Path, description = "id or slug"), ("key" = String, Path, description = "id")),
    request_body = Option<RotateKeyRequest>,
    responses((status = 201, body = CreatedKeyView))
)]
#[post("/projects/{project}/keys/{key}/rotate")]
async fn rotate_key(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    OptionalJson(body): OptionalJson<RotateKeyRequest>,
) -> Result<HttpResponse, ApiError> {
    let (project, key) = path.into_inner();
    let overlap = body.overlap_seconds.map(Duration::from_secs);
    let created = rest.control.keys.rotate(&caller.principal, &project, &key, overlap).await?;
    Ok(answer(created))
}

fn answer(created: CreatedKey) -> HttpResponse {
    let key = created.plain.expose_secret().to_owned();
    HttpResponse::Created().json(CreatedKeyView { view: KeyView::from(created.key), key })
}
