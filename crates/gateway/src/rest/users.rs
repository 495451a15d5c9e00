//! Accounts, for instance admins.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, patch, post};
use orch_control::users::{NewUser, UserPatch};
use orch_domain::user::User;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::{Json, OptionalJson};
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::listing::{PageQuery, PageView, Query};
use crate::rest::Rest;

#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    id: Uuid,
    email: String,
    name: String,
    instance_admin: bool,
    active: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
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

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    email: String,
    #[serde(default)]
    name: String,
    /// 10 to 256 characters; without one, a password is generated and shown once.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
    #[serde(default)]
    instance_admin: bool,
}

/// Fields that are left out stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    name: Option<String>,
    instance_admin: Option<bool>,
    /// False ends every login and key of the account at once.
    active: Option<bool>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPasswordRequest {
    /// 10 to 256 characters; without one, a password is generated and shown once.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordResetView {
    /// The generated password, when none was sent. Shown this once.
    #[schema(required = true)]
    generated_password: Option<String>,
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

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_users).service(create_user).service(get_user).service(update_user).service(reset_password);
}

/// List accounts
#[utoipa::path(operation_id = "list_users", tag = "users", params(PageQuery), responses((status = 200, body = PageView<UserView>)))]
#[get("/users")]
async fn list_users(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let users = rest.control.users.list(&caller.principal, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(users, UserView::from)))
}

/// Create an account
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

/// Give an account another password
///
/// Ends all its logins.
#[utoipa::path(
    operation_id = "reset_password",
    tag = "users",
    params(("user" = String, Path, description = "id or e-mail address")),
    request_body = Option<ResetPasswordRequest>,
    responses((status = 200, body = PasswordResetView))
)]
#[post("/users/{user}/password")]
async fn reset_password(
    caller: Caller,
    rest: Data<Rest>,
    user: Path<String>,
    OptionalJson(body): OptionalJson<ResetPasswordRequest>,
) -> Result<HttpResponse, ApiError> {
    let account = rest.control.users.find(&caller.principal, &user).await?;
    let generated = rest.control.users.reset_password(&caller.principal, &user, body.password).await?;
    // The store has ended the logins; access tokens that are still running end here.
    rest.identity.ended.end_all(account.id, None, rest.clock.now());
    let generated_password = generated.map(|password| password.expose_secret().to_owned());
    Ok(HttpResponse::Ok().json(PasswordResetView { generated_password }))
}

fn answer(user: User) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(user.version)).json(UserView::from(user))
}
