//! Logging in and out, and the own account. Tokens leave as a body for scripts and as cookies for browsers.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post};
use orch_auth::logins::{Claim, PasswordChange, TokenPair};
use orch_control::config::SignUp;
use orch_domain::principal::{Credential, Principal};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api_error::{ApiError, Code};
use crate::body::{Json, OptionalJson};
use crate::caller::Caller;
use crate::cookies;
use crate::middleware::cross_site;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::users::UserView;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// Without one, the cookie is taken.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    refresh_token: Option<SecretString>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    #[schema(value_type = String, format = Password)]
    old_password: SecretString,
    /// 10 to 256 characters.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    new_password: SecretString,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailRequest {
    #[schema(example = "ada@example.com")]
    email: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemPasswordResetRequest {
    /// What stands behind the `#` of the link.
    #[schema(value_type = String, example = "orchp_...")]
    token: SecretString,
    /// 10 to 256 characters.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    password: SecretString,
}

/// How people get in here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaysIn)]
pub struct WaysInView {
    sign_up: SignUpView,
    /// Whether links go out by mail; without it a forgotten password is a matter for an instance admin.
    mail: bool,
}

/// Who gets an account without an instance admin.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SignUp)]
pub enum SignUpView {
    /// Nobody.
    Closed,
    /// Whoever is invited to a project or a team.
    Invite,
    /// Whoever proves to have the address.
    Open,
}

/// A login's tokens. Pages get them as HttpOnly cookies alone: no script in a page ever holds one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Not for pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token is over.
    expires_in: u64,
    /// Good for one refresh; using it twice ends the login. Not for pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    user: UserView,
}

/// Who is asking.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    user: UserView,
    /// `login` or `key`.
    via: &'static str,
    /// The only project that an API key is good for.
    #[schema(required = true)]
    project_id: Option<uuid::Uuid>,
}

pub(crate) fn configure(config: &mut impl Register) {
    config
        .service(create_login)
        .service(refresh_login)
        .service(delete_login)
        .service(get_me)
        .service(update_password)
        .service(get_ways_in)
        .service(create_sign_up)
        .service(create_password_reset)
        .service(redeem_password_reset);
}

/// Log in
///
/// Sets the tokens as HttpOnly cookies, and answers with them as well when no page of a browser asks.
#[utoipa::path(operation_id = "create_login", tag = "auth", request_body = LoginRequest, responses((status = 200, body = SessionView)))]
#[post("/auth/login")]
async fn create_login(
    request: HttpRequest,
    rest: Data<Rest>,
    Json(body): Json<LoginRequest>,
) -> Result<HttpResponse, ApiError> {
    let from = rest.clients.from(&request);
    let claim = Claim { email: &body.email, password: &body.password, from: &from };
    let pair = rest.identity.logins.login(claim).await?;
    Ok(session(&request, &rest, pair))
}

/// Get new tokens
///
/// Takes the refresh token of the body or of the cookie, which is spent by it.
#[utoipa::path(operation_id = "refresh_login", tag = "auth", request_body = Option<RefreshRequest>, responses((status = 200, body = SessionView)))]
#[post("/auth/refresh")]
async fn refresh_login(
    request: HttpRequest,
    rest: Data<Rest>,
    OptionalJson(body): OptionalJson<RefreshRequest>,
) -> Result<HttpResponse, ApiError> {
    let token = match body.refresh_token {
        Some(token) => token,
        None => refresh_cookie(&request, &rest)?
            .ok_or_else(|| ApiError::new(Code::InvalidCredentials, "there is no refresh token in body or cookie"))?,
    };
    let pair = rest.identity.logins.refresh(&token, &rest.clients.from(&request)).await?;
    Ok(session(&request, &rest, pair))
}

/// Log out
///
/// Ends the login behind the credential: its access and refresh tokens open nothing from now on. A browser whose access
/// token has expired logs out with its refresh token.
#[utoipa::path(operation_id = "delete_login", tag = "auth", responses((status = 204)))]
#[post("/auth/logout")]
async fn delete_login(
    caller: Result<Caller, ApiError>,
    request: HttpRequest,
    rest: Data<Rest>,
) -> Result<HttpResponse, ApiError> {
    match caller {
        Ok(caller) => {
            let login = login_of(&caller.principal)?;
            rest.identity.logins.logout(caller.principal.user_id, login).await?;
        }
        Err(error) => {
            let token = refresh_cookie(&request, &rest)?.ok_or(error)?;
            rest.identity.logins.logout_by_refresh(&token).await?;
        }
    }
    let mut response = HttpResponse::NoContent();
    for cookie in cookies::removed(rest.site.scheme).into_iter().flatten() {
        response.append_header((header::SET_COOKIE, cookie));
    }
    Ok(response.finish())
}

/// Show who is asking
#[utoipa::path(operation_id = "get_me", tag = "auth", responses((status = 200, body = MeView)))]
#[get("/auth/me")]
async fn get_me(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    let user = rest.control.users.find_own(&caller.principal).await?;
    let user = user.ok_or_else(|| ApiError::new(Code::Unauthenticated, "the account is gone"))?;
    let (via, project_id) = match caller.principal.credential {
        Credential::Key { project_id, .. } => ("key", Some(project_id.as_uuid())),
        Credential::Login { .. } | Credential::Console => ("login", None),
    };
    Ok(HttpResponse::Ok().json(MeView { user: UserView::from(user), via, project_id }))
}

/// Change the own password
///
/// Ends all other logins of the account.
#[utoipa::path(operation_id = "update_password", tag = "auth", request_body = ChangePasswordRequest, responses((status = 204)))]
#[post("/auth/password")]
async fn update_password(
    request: HttpRequest,
    caller: Caller,
    rest: Data<Rest>,
    Json(body): Json<ChangePasswordRequest>,
) -> Result<HttpResponse, ApiError> {
    let login = login_of(&caller.principal)?;
    let change = PasswordChange {
        user: caller.principal.user_id,
        login: Some(login),
        old: &body.old_password,
        new: &body.new_password,
        address: rest.clients.from(&request).address,
    };
    rest.identity.logins.change_password(change).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Show how people get in here
///
/// For who is at the door: whether accounts are given out, and whether a forgotten password is mended by mail.
#[utoipa::path(operation_id = "get_ways_in", tag = "auth", responses((status = 200, body = WaysInView)))]
#[get("/auth/ways-in")]
async fn get_ways_in(rest: Data<Rest>) -> HttpResponse {
    let ways = rest.control.accounts.ways_in();
    let sign_up = match ways.sign_up {
        SignUp::Closed => SignUpView::Closed,
        SignUp::Invite => SignUpView::Invite,
        SignUp::Open => SignUpView::Open,
    };
    HttpResponse::Ok().json(WaysInView { sign_up, mail: ways.mail })
}

/// Ask for an account
///
/// Where sign-up is open. A link is mailed to the address, which proves that it is the asker's; accepting by it makes
/// the account. The answer is the same whether the address has an account or not.
#[utoipa::path(operation_id = "create_sign_up", tag = "auth", request_body = EmailRequest, responses((status = 202)))]
#[post("/auth/sign-up")]
async fn create_sign_up(
    request: HttpRequest,
    rest: Data<Rest>,
    Json(body): Json<EmailRequest>,
) -> Result<HttpResponse, ApiError> {
    rest.identity.logins.admit_asking(&rest.clients.from(&request))?;
    rest.control.accounts.ask_for_account(&body.email)?;
    Ok(HttpResponse::Accepted().finish())
}

/// Ask for a link to a new password
///
/// It is mailed to the address, if that has an account. The answer is the same whether it has one or not.
#[utoipa::path(operation_id = "create_password_reset", tag = "auth", request_body = EmailRequest, responses((status = 202)))]
#[post("/auth/forgot-password")]
async fn create_password_reset(
    request: HttpRequest,
    rest: Data<Rest>,
    Json(body): Json<EmailRequest>,
) -> Result<HttpResponse, ApiError> {
    rest.identity.logins.admit_asking(&rest.clients.from(&request))?;
    rest.control.accounts.ask_for_password(&body.email)?;
    Ok(HttpResponse::Accepted().finish())
}

/// Choose a password by link
///
/// Spends the link and ends all logins of the account. 410 when the link was used, replaced or is too old.
#[utoipa::path(operation_id = "redeem_password_reset", tag = "auth", request_body = RedeemPasswordResetRequest, responses((status = 204)))]
#[post("/auth/reset-password")]
async fn redeem_password_reset(
    request: HttpRequest,
    rest: Data<Rest>,
    Json(body): Json<RedeemPasswordResetRequest>,
) -> Result<HttpResponse, ApiError> {
    rest.identity.logins.admit_asking(&rest.clients.from(&request))?;
    let user = rest.control.accounts.redeem_reset(&body.token, &body.password).await?;
    // The store has ended the logins; access tokens that are still running end here.
    rest.identity.ended.end_all(user, None, rest.clock.now());
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn login_of(principal: &Principal) -> Result<orch_domain::id::LoginId, ApiError> {
    match principal.credential {
        Credential::Login { login_id } => Ok(login_id),
        Credential::Key { .. } | Credential::Console => {
            Err(ApiError::new(Code::Forbidden, "this needs a login: API keys look and call, they do not manage"))
        }
    }
}

/// The refresh token of the cookie, if a page of ours sent it.
fn refresh_cookie(request: &HttpRequest, rest: &Rest) -> Result<Option<SecretString>, ApiError> {
    let Some(token) = cookies::find(request.headers(), cookies::REFRESH) else {
        return Ok(None);
    };
    let authority = request.uri().authority().map(actix_web::http::uri::Authority::as_str);
    if !rest.site.is_same_site(request.headers(), authority) {
        return Err(cross_site());
    }
    Ok(Some(SecretString::from(token)))
}

/// Whether a page in a browser asks. Browsers say so themselves, and no script can make them leave it out.
fn is_from_page(request: &HttpRequest) -> bool {
    ["origin", "sec-fetch-site"].into_iter().any(|name| request.headers().contains_key(name))
}

fn session(request: &HttpRequest, rest: &Rest, pair: TokenPair) -> HttpResponse {
    let mut response: HttpResponseBuilder = HttpResponse::Ok();
    let scheme = rest.site.scheme;
    let (access, refresh) = (pair.access.expose_secret(), pair.refresh.expose_secret());
    let set = [
        cookies::access(access, pair.access_expires_in.as_secs(), scheme),
        cookies::refresh(refresh, pair.refresh_expires_in.as_secs(), scheme),
    ];
    for cookie in set.into_iter().flatten() {
        response.append_header((header::SET_COOKIE, cookie));
    }
    let in_body = |token: &str| (!is_from_page(request)).then(|| token.to_owned());
    response.json(SessionView {
        access_token: in_body(access),
        token_type: "Bearer",
        expires_in: pair.access_expires_in.as_secs(),
        refresh_token: in_body(refresh),
        user: UserView::from(pair.user),
    })
}
