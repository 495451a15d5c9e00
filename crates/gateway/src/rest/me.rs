//! What people see and change about themselves: the profile and the own logins.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch};
use orch_control::accounts::ProfilePatch;
use orch_domain::login::Login;
use orch_domain::user::{Language, Theme, User};
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::{ApiError, Code};
use crate::body::Json;
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::listing::PageView;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::auth::login_of;

/// A language of the dashboard.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Language)]
pub enum LanguageView {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "ko")]
    Korean,
}

/// How the dashboard looks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Theme)]
pub enum ThemeView {
    Light,
    Dark,
}

/// The own account.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// Stays for as long as the account does.
    id: Uuid,
    /// What the account logs in with.
    email: String,
    /// For people; may be empty.
    name: String,
    /// Whether the account manages the whole instance.
    instance_admin: bool,
    /// Null for what the browser says.
    #[schema(required = true)]
    language: Option<LanguageView>,
    /// Null for what the browser says.
    #[schema(required = true)]
    theme: Option<ThemeView>,
    /// When the account was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// What the `ETag` is made of.
    version: u32,
}

/// Fields that are left out stay as they are; null goes back to what the browser says.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProfileRequest {
    /// For people: at most 100 characters on one line; may be empty.
    name: Option<String>,
    /// Of the dashboard; null for what the browser says.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<LanguageView>)]
    language: Option<Option<LanguageView>>,
    /// Of the dashboard; null for what the browser says.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<ThemeView>)]
    theme: Option<Option<ThemeView>>,
}

/// An open login of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginView {
    /// For `delete_own_login`.
    id: Uuid,
    /// The one that asks.
    current: bool,
    /// What the client calls itself, as it was when it last got new tokens.
    #[schema(required = true, example = "Mozilla/5.0 ...")]
    client: Option<String>,
    /// The address that it last got new tokens from; null when it is not known.
    #[schema(required = true, example = "192.0.2.7")]
    address: Option<String>,
    /// When somebody logged in.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it last got new tokens.
    #[serde(with = "time::serde::rfc3339")]
    seen_at: OffsetDateTime,
    /// When it ends, unless it gets new tokens before.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl From<Language> for LanguageView {
    fn from(language: Language) -> Self {
        match language {
            Language::English => Self::English,
            Language::Korean => Self::Korean,
        }
    }
}

impl From<LanguageView> for Language {
    fn from(language: LanguageView) -> Self {
        match language {
            LanguageView::English => Self::English,
            LanguageView::Korean => Self::Korean,
        }
    }
}

impl From<Theme> for ThemeView {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
        }
    }
}

impl From<ThemeView> for Theme {
    fn from(theme: ThemeView) -> Self {
        match theme {
            ThemeView::Light => Self::Light,
            ThemeView::Dark => Self::Dark,
        }
    }
}

impl From<User> for ProfileView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.as_uuid(),
            email: user.email.to_string(),
            name: user.name,
            instance_admin: user.instance_admin,
            language: user.preferences.language.map(LanguageView::from),
            theme: user.preferences.theme.map(ThemeView::from),
            created_at: user.created_at,
            version: user.version,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config
        .service(get_profile)
        .service(update_profile)
        .service(list_own_logins)
        .service(delete_other_logins)
        .service(delete_own_login);
}

/// Show the own profile
///
/// For every login; not for API keys.
///
/// The own account with language and theme of the dashboard.
#[utoipa::path(operation_id = "get_profile", tag = "me", responses((status = 200, body = ProfileView)))]
#[get("/me")]
async fn get_profile(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    Ok(answer(rest.control.accounts.profile(&caller.principal).await?))
}

/// Change the own name, language or theme
///
/// For every login; not for API keys.
///
/// Changes nothing but name, language and theme: the address stays, and the password has an operation of its own.
/// Repeating it changes nothing more.
#[utoipa::path(operation_id = "update_profile", tag = "me", request_body = UpdateProfileRequest, responses((status = 200, body = ProfileView)))]
#[patch("/me")]
async fn update_profile(
    caller: Caller,
    rest: Data<Rest>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateProfileRequest>,
) -> Result<HttpResponse, ApiError> {
    let patch = ProfilePatch {
        name: body.name,
        language: body.language.map(|language| language.map(Language::from)),
        theme: body.theme.map(|theme| theme.map(Theme::from)),
    };
    Ok(answer(rest.control.accounts.update_profile(&caller.principal, patch, expected).await?))
}

/// List the own open logins
///
/// For every login; not for API keys.
///
/// The last seen first, and always all of them. `client` and `address` are what the daemon saw when the login last got
/// new tokens.
#[utoipa::path(operation_id = "list_own_logins", tag = "me", responses((status = 200, body = PageView<LoginView>)))]
#[get("/me/logins")]
async fn list_own_logins(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    let current = login_of(&caller.principal)?;
    let logins = rest.identity.logins.list(caller.principal.user_id).await?;
    let view = |login: Login| LoginView {
        id: login.id.as_uuid(),
        current: login.id == current,
        client: login.from.client,
        address: login.from.address.map(|address| address.to_string()),
        created_at: login.opened_at,
        seen_at: login.seen_at,
        expires_at: login.expires_at,
    };
    Ok(HttpResponse::Ok().json(PageView::whole(logins.into_iter().map(view))))
}

/// End all own logins but the one that asks
///
/// For every login; not for API keys.
///
/// Their tokens open nothing from now on. Repeating it does no harm.
#[utoipa::path(operation_id = "delete_other_logins", tag = "me", responses((status = 204)))]
#[delete("/me/logins")]
async fn delete_other_logins(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    let keep = login_of(&caller.principal)?;
    rest.identity.logins.end_others(caller.principal.user_id, keep).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End one of the own logins
///
/// For every login; not for API keys.
///
/// Its tokens open nothing from now on; ending the one that asks is logging out. 404 when it has ended already.
#[utoipa::path(
    operation_id = "delete_own_login",
    tag = "me",
    params(("login" = Uuid, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/me/logins/{login}")]
async fn delete_own_login(caller: Caller, rest: Data<Rest>, login: Path<String>) -> Result<HttpResponse, ApiError> {
    login_of(&caller.principal)?;
    let missing = || ApiError::new(Code::NotFound, "there is no such login");
    let login = login.parse().map_err(|_| missing())?;
    match rest.identity.logins.end_own(caller.principal.user_id, login).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(missing()),
    }
}

fn answer(user: User) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(user.version)).json(ProfileView::from(user))
}

/// Tells null from nothing.
fn or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
