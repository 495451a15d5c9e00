//! API keys of a project.

use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use orch_control::keys::{CreatedKey, KeyPatch, KeySeen, Keys, NewKey, ScopeDraft};
use orch_domain::api_key::ApiKey;
use orch_domain::policy::scope::Scope;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::{Json, OptionalJson};
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::listing::{PageQuery, PageView};
use crate::moment;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::limits::AllowanceView;
use crate::rest::members::RoleView;

/// An API key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// For URLs; not a part of the key.
    id: Uuid,
    /// For people.
    name: String,
    /// How the key begins; safe to show.
    prefix: String,
    /// The account that answers for the key; the key never may more than it.
    creator_id: Uuid,
    /// What that account is on the project now; null for one without access, and then the key opens nothing. With a
    /// viewer's key nothing can be called.
    #[schema(required = true)]
    creator_role: Option<RoleView>,
    /// What it may of what its creator may.
    scope: KeyScopeView,
    /// What the key may ask for; the limits for keys hold as well, and of two numbers the lesser.
    limits: AllowanceView,
    /// From then on it opens nothing; null for never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    expires_at: Option<OffsetDateTime>,
    /// Since when it opens nothing; null for a key that was not revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    revoked_at: Option<OffsetDateTime>,
    /// When it was last used, to within a minute or so; null for never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    last_used_at: Option<OffsetDateTime>,
    /// Where the last connection came from.
    #[schema(required = true)]
    last_used_from: Option<String>,
    /// What the client of the last use calls itself; its own word.
    #[schema(required = true)]
    last_used_by: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// What the `ETag` is made of; another one when name, scope, limits or expiry are, or the key is revoked.
    version: u32,
}

/// A key with where and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstanceKeyView {
    #[serde(flatten)]
    view: KeyView,
    /// The project that it is good for.
    project: KeyProjectView,
    /// The account that answers for it.
    creator: KeyCreatorView,
}

/// The project that a key is good for.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyProjectView {
    /// The project.
    id: Uuid,
    /// Its readable name in URLs.
    slug: String,
    /// Its name for people.
    name: String,
}

/// The account that answers for a key.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyCreatorView {
    /// The account.
    id: Uuid,
    /// What the account logs in with.
    email: String,
    /// For people; may be empty.
    name: String,
    /// False for an account that is switched off: the key opens nothing.
    active: bool,
}

/// What a key may of what its creator may.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyScope)]
pub struct KeyScopeView {
    /// Ids of the servers that it sees; null for all of the project.
    #[schema(required = true)]
    servers: Option<Vec<Uuid>>,
    /// Globs over the tools' own names; null for all.
    #[schema(required = true)]
    tools: Option<Vec<String>>,
    /// Only tools that say of themselves that they change nothing, prompts and resources.
    read_only: bool,
}

/// What a key may of what its creator may; everything where it is left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeyScopeRequest {
    /// Aliases or ids of the servers that it is to see; null for all, also those that come later.
    #[schema(min_items = 1, max_items = 200)]
    servers: Option<Vec<String>>,
    /// Names or globs over the tools' own names, such as `get_*`; null for all.
    #[schema(min_items = 1, max_items = 200)]
    tools: Option<Vec<String>>,
    /// Only tools that say of themselves that they change nothing, prompts and resources.
    read_only: bool,
}

impl From<Scope> for KeyScopeView {
    fn from(scope: Scope) -> Self {
        Self {
            servers: scope.servers.map(|servers| servers.into_iter().map(|id| id.as_uuid()).collect()),
            tools: scope.tools.map(|tools| tools.into_iter().map(|tool| tool.to_string()).collect()),
            read_only: scope.read_only,
        }
    }
}

impl From<KeyScopeRequest> for ScopeDraft {
    fn from(request: KeyScopeRequest) -> Self {
        let KeyScopeRequest { servers, tools, read_only } = request;
        Self { servers, tools, read_only }
    }
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedKeyView {
    #[serde(flatten)]
    view: KeyView,
    /// The whole key. Shown this once and stored nowhere.
    key: String,
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKeyRequest {
    /// For people, such as the client or machine that it is for: 1 to 100 characters on one line.
    name: String,
    /// From then on it opens nothing: a time in the future. Never when left out.
    #[serde(default, deserialize_with = "moment::read_option")]
    expires_at: Option<OffsetDateTime>,
    /// Everything that the creator may when left out.
    #[serde(default)]
    scope: KeyScopeRequest,
    /// What it may ask for; what the limits for keys say when left out.
    #[serde(default)]
    limits: AllowanceView,
}

/// Fields that are left out stay as they are; scope and limits are replaced as a whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateKeyRequest {
    /// For people: 1 to 100 characters on one line.
    name: Option<String>,
    /// From then on it opens nothing: a time in the future. Null for a key that never expires.
    #[serde(default, deserialize_with = "moment::read_change")]
    #[schema(value_type = Option<OffsetDateTime>)]
    expires_at: Option<Option<OffsetDateTime>>,
    /// What it may of what its creator may, from now on.
    scope: Option<KeyScopeRequest>,
    /// What it may ask for, from now on.
    limits: Option<AllowanceView>,
}

/// May be left out as a whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKeyRequest {
    /// Seconds that the old key lives on: at most 2592000 (30 days); a day when left out, 0 ends it at once.
    #[schema(maximum = 2592000)]
    overlap_seconds: Option<u64>,
}

impl KeyView {
    fn of(keys: &Keys, key: ApiKey) -> Self {
        Self {
            creator_role: keys.creator_role(&key).map(RoleView::from),
            version: key.version(),
            id: key.id.as_uuid(),
            name: key.name,
            prefix: format!("orch_{}", key.public_id),
            creator_id: key.creator.as_uuid(),
            scope: KeyScopeView::from(key.scope),
            limits: key.allowance.into(),
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            last_used_from: key.last_used_from.map(|address| address.to_string()),
            last_used_by: key.last_used_by,
            created_at: key.created_at,
        }
    }
}

impl InstanceKeyView {
    fn of(keys: &Keys, seen: KeySeen) -> Self {
        let KeySeen { key, project, creator } = seen;
        Self {
            view: KeyView::of(keys, key),
            project: KeyProjectView { id: project.id.as_uuid(), slug: project.slug.to_string(), name: project.name },
            creator: KeyCreatorView {
                id: creator.id.as_uuid(),
                active: creator.is_active(),
                email: creator.email.to_string(),
                name: creator.name,
            },
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config
        .service(list_instance_keys)
        .service(list_keys)
        .service(create_key)
        .service(get_key)
        .service(update_key)
        .service(delete_key)
        .service(rotate_key);
}

/// List the API keys of all projects, newest first
///
/// For instance admins.
///
/// Also those that were revoked or have expired, with project and creator. Never the key itself.
#[utoipa::path(operation_id = "list_instance_keys", tag = "keys", params(PageQuery), responses((status = 200, body = PageView<InstanceKeyView>)))]
#[get("/keys")]
async fn list_instance_keys(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let keys = &rest.control.keys;
    let page = keys.list_all(&caller.principal, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(page, |seen| InstanceKeyView::of(keys, seen))))
}

/// List API keys
///
/// For members of the project; not for API keys.
///
/// Newest first: the own keys for members, all keys of the project for admins. Also those that were revoked or have
/// expired. Never the key itself.
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
    let keys = &rest.control.keys;
    let page = keys.list(&caller.principal, &project, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(page, |key| KeyView::of(keys, key))))
}

/// Create an API key
///
/// For members of the project; not for API keys.
///
/// The answer holds the whole key, this once. It never may more than its creator at that moment, and `scope` narrows it
/// further.
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
    let CreateKeyRequest { name, expires_at, scope, limits } = body;
    let new = NewKey { name, expires_at, scope: scope.into(), allowance: limits.into(), creator: None };
    let created = rest.control.keys.create(&caller.principal, &project, new).await?;
    Ok(answer(&rest.control.keys, created))
}

/// Show an API key
///
/// For members of the project about own keys, for admins about all; not for API keys.
///
/// The key with its `ETag`, and where it was last used. Never the key itself.
#[utoipa::path(
    operation_id = "get_key",
    tag = "keys",
    params(("project" = String, Path, description = "id or slug"), ("key" = String, Path, description = "id")),
    responses((status = 200, body = KeyView))
)]
#[get("/projects/{project}/keys/{key}")]
async fn get_key(caller: Caller, rest: Data<Rest>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (project, key) = path.into_inner();
    Ok(shown(&rest.control.keys, rest.control.keys.get(&caller.principal, &project, &key).await?))
}

/// Change an API key
///
/// For members of the project about own keys; not for API keys.
///
/// What it may holds for the very next request, on running sessions as well. Only the key's creator may: 409 for an
/// admin, who revokes it instead, and for a key that is revoked or has expired.
#[utoipa::path(
    operation_id = "update_key",
    tag = "keys",
    params(("project" = String, Path, description = "id or slug"), ("key" = String, Path, description = "id")),
    request_body = UpdateKeyRequest,
    responses((status = 200, body = KeyView))
)]
#[patch("/projects/{project}/keys/{key}")]
async fn update_key(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateKeyRequest>,
) -> Result<HttpResponse, ApiError> {
    let (project, key) = path.into_inner();
    let UpdateKeyRequest { name, expires_at, scope, limits } = body;
    let patch = KeyPatch { name, expires_at, scope: scope.map(ScopeDraft::from), allowance: limits.map(Into::into) };
    Ok(shown(&rest.control.keys, rest.control.keys.update(&caller.principal, &project, &key, patch, expected).await?))
}

/// Revoke an API key
///
/// For members of the project about own keys, for admins about all; not for API keys.
///
/// It opens nothing from the very next request on, and sessions that were opened with it end. It stays in the list as
/// revoked.
#[utoipa::path(
    operation_id = "delete_key",
    tag = "keys",
    params(("project" = String, Path, description = "id or slug"), ("key" = String, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/projects/{project}/keys/{key}")]
async fn delete_key(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (project, key) = path.into_inner();
    rest.control.keys.revoke(&caller.principal, &project, &key, expected).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Replace an API key by a new one
///
/// For members of the project about own keys; not for API keys.
///
/// Makes a new key of the same name, scope, limits and length of life, which is in the answer, this once. The old key
/// lives on for the overlap, so that clients can be changed one by one. Only the key's creator may: 409 for an admin,
/// and for a key that is revoked or has expired.
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
    Ok(answer(&rest.control.keys, created))
}

fn shown(keys: &Keys, key: ApiKey) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(key.version())).json(KeyView::of(keys, key))
}

fn answer(keys: &Keys, created: CreatedKey) -> HttpResponse {
    let key = created.plain.expose_secret().to_owned();
    let view = KeyView::of(keys, created.key);
    HttpResponse::Created().insert_header(etag::of(view.version)).json(CreatedKeyView { view, key })
}
