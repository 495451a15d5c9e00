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

/// An address and its password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The address of the account, in upper or lower case.
    email: String,
    /// The password of the account.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// May be left out as a whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// Without one, the cookie is taken.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    refresh_token: Option<SecretString>,
}

/// The password that holds, and the next one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password that holds now.
    #[schema(value_type = String, format = Password)]
    old_password: SecretString,
    /// 10 to 256 characters.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    new_password: SecretString,
}

/// Whom it is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailRequest {
    /// The address that the link goes to.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// A link and the password that is to hold.
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
    /// Who gets an account without an instance admin.
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
    /// The account that is logged in.
    user: UserView,
}

/// Who is asking.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// The account; of an API key its creator's.
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
/// Needs no credential.
///
/// Opens a login and sets its tokens as HttpOnly cookies. Scripts get them in the body as well; a page of a browser,
/// which shows by `Origin` or `Sec-Fetch-Site` that it is one, does not.
/// The access token is good for `expires_in` seconds, the refresh token for one `refresh_login`. A wrong password and
/// an unknown address get the same 401. After some failures for an account or from an address each further attempt has
/// to wait: 429, with `Retry-After`.
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
/// Needs no credential but the refresh token, from the body or from the cookie, which is spent by it.
///
/// Whoever lost the answer may send the same token again within 30 seconds and gets the same next tokens, as long as
/// these have not been used. A spent token after that ends the whole login, since somebody else may have it.
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
/// For every login; not for API keys.
///
/// Ends the login behind the credential: its access and refresh tokens open nothing from now on, and its event streams
/// end. A browser whose access token has expired logs out with its refresh token.
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
///
/// For every credential.
///
/// Tells the account behind the credential, and for an API key the one project that it is good for. The account of a
/// key is its creator's.
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
/// For every login; not for API keys.
///
/// Ends all other logins of the account at once and keeps this one. The old password counts as an attempt: after some
/// wrong ones each further one has to wait, with 429.
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
/// Needs no credential.
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
/// Needs no credential.
///
/// Where sign-up is open. A link is mailed to the address, which proves that it is the asker's; accepting by it makes
/// the account. The answer is the same whether the address has an account or not. 409 where accounts are not given out
/// in this way.
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
/// Needs no credential.
///
/// A link is mailed to the address, if that has an account. The answer is the same whether it has one or not. 409 where
/// no mail goes out: then an instance admin makes the link.
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
/// Needs no credential but the token of the link.
///
/// Spends the link, sets the password and ends all logins of the account. 410 when the link was used, replaced or is
/// too old.
#[utoipa::path(operation_id = "redeem_password_reset", tag = "auth", request_body = RedeemPasswordResetRequest, responses((status = 204)))]
#[post("/auth/reset-password")]
async fn redeem_password_reset(
    request: HttpRequest,
    rest: Data<Rest>,
    Json(body): Json<RedeemPasswordResetRequest>,
) -> Result<HttpResponse, ApiError> {
    rest.identity.logins.admit_asking(&rest.clients.from(&request))?;
    let ended = rest.control.accounts.redeem_reset(&body.token, &body.password).await?;
    // The store has ended the logins; access tokens that are still running end here.
    rest.identity.ended.hear(ended, rest.clock.now());
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
