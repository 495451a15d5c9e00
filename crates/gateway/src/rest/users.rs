//! Accounts, for instance admins.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, patch, post};
use orch_control::users::{NewUser, UserPatch};
use orch_domain::user::User;
use secrecy::{ExposeSecret, SecretString};
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

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Stays for as long as the account does.
    id: Uuid,
    /// What the account logs in with; unique.
    email: String,
    /// For people; may be empty.
    name: String,
    /// Whether the account manages the whole instance.
    instance_admin: bool,
    /// False for an account that is switched off: it can do nothing.
    active: bool,
    /// When the account was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What the `ETag` is made of.
    version: u32,
}

/// An account that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedUserView {
    #[serde(flatten)]
    user: UserView,
    /// The generated password, when none was sent. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    generated_password: Option<String>,
}

/// An account to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    /// What the account logs in with; unique, whatever the case.
    email: String,
    /// For people: at most 100 characters on one line; empty when left out.
    #[serde(default)]
    name: String,
    /// 10 to 256 characters; without one, a password is generated and shown once.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 10, max_length = 256)]
    password: Option<SecretString>,
    /// Whether the account manages the whole instance; false when left out.
    #[serde(default)]
    instance_admin: bool,
}

/// Fields that are left out stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// For people: at most 100 characters on one line; may be empty.
    name: Option<String>,
    /// Whether the account manages the whole instance.
    instance_admin: Option<bool>,
    /// False ends every login and key of the account at once. Refused while a project or a team has no other active
    /// admin: the answer names them.
    active: Option<bool>,
}

/// A link to a new password.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResetLinkView {
    /// To be passed on by hand. Shown this once, and only when no mail goes out.
    #[schema(required = true, example = "https://mcp.example.com/reset-password#orchp_...")]
    link: Option<String>,
    /// From then on the link opens nothing.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            active: user.is_active(),
            id: user.id.as_uuid(),
            email: user.email.to_string(),
            name: user.name,
            instance_admin: user.instance_admin,
            created_at: user.created_at,
            updated_at: user.updated_at,
            version: user.version,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_users).service(create_user).service(get_user).service(update_user).service(create_reset_link);
}

/// List accounts
///
/// For instance admins.
///
/// All accounts, also those that are switched off, oldest first. `search` looks in name and address.
#[utoipa::path(operation_id = "list_users", tag = "users", params(SearchQuery), responses((status = 200, body = PageView<UserView>)))]
#[get("/users")]
async fn list_users(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<SearchQuery>,
) -> Result<HttpResponse, ApiError> {
    let users = rest.control.users.list(&caller.principal, query.search()?.as_deref(), query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(users, UserView::from)))
}

/// Create an account
///
/// For instance admins.
///
/// Makes an account that can log in at once, without an invitation. Without a `password` one is generated and is in the
/// answer, this once. 409 when the address is taken.
#[utoipa::path(operation_id = "create_user", tag = "users", request_body = CreateUserRequest, responses((status = 201, body = CreatedUserView)))]
#[post("/users")]
async fn create_user(
    caller: Caller,
    rest: Data<Rest>,
    Json(body): Json<CreateUserRequest>,
) -> Result<HttpResponse, ApiError> {
    let CreateUserRequest { email, name, password, instance_admin } = body;
    let new = NewUser { email, name, password, instance_admin };
    let created = rest.control.users.create(&caller.principal, new).await?;
    let generated_password = created.generated.map(|password| password.expose_secret().to_owned());
    let view = CreatedUserView { user: UserView::from(created.user), generated_password };
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/api/v1/users/{}", view.user.id)))
        .insert_header(etag::of(view.user.version))
        .json(view))
}

/// Show an account
///
/// For instance admins.
///
/// The account with its `ETag`.
#[utoipa::path(
    operation_id = "get_user",
    tag = "users",
    params(("user" = String, Path, description = "id or e-mail address")),
    responses((status = 200, body = UserView))
)]
#[get("/users/{user}")]
async fn get_user(caller: Caller, rest: Data<Rest>, user: Path<String>) -> Result<HttpResponse, ApiError> {
    let user = rest.control.users.find(&caller.principal, &user).await?;
    Ok(answer(user))
}

/// Change, deactivate or promote an account
///
/// For instance admins.
///
/// `active: false` ends every login, API key and session of the account at once; `true` lets it log in again, and
/// brings back its keys. The instance keeps an active admin, and so do projects and teams: 409 with
/// `last_instance_admin` or `last_admin` names what would be left alone.
#[utoipa::path(
    operation_id = "update_user",
    tag = "users",
    params(("user" = String, Path, description = "id or e-mail address")),
    request_body = UpdateUserRequest,
    responses((status = 200, body = UserView))
)]
#[patch("/users/{user}")]
async fn update_user(
    caller: Caller,
    rest: Data<Rest>,
    user: Path<String>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateUserRequest>,
) -> Result<HttpResponse, ApiError> {
    let UpdateUserRequest { name, instance_admin, active } = body;
    let patch = UserPatch { name, instance_admin, active };
    let user = rest.control.users.update(&caller.principal, &user, patch, expected).await?;
    Ok(answer(user))
}

/// Make a single-use link to a new password for an account
///
/// For instance admins.
///
/// It is mailed to the account's address where mail goes out, and else in the answer, this once. An earlier link ends.
/// The password stays what it is until the link is used.
#[utoipa::path(
    operation_id = "create_reset_link",
    tag = "users",
    params(("user" = String, Path, description = "id or e-mail address")),
    responses((status = 201, body = ResetLinkView))
)]
#[post("/users/{user}/reset-link")]
async fn create_reset_link(caller: Caller, rest: Data<Rest>, user: Path<String>) -> Result<HttpResponse, ApiError> {
    let issued = rest.control.users.create_reset(&caller.principal, &user).await?;
    let link = issued.link.map(|link| link.expose_secret().to_owned());
    Ok(HttpResponse::Created().json(ResetLinkView { link, expires_at: issued.expires_at }))
}

fn answer(user: User) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(user.version)).json(UserView::from(user))
}
