//! Answers to invitations: by link, or from the own list.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use orch_control::invitations::{Found, NewAccount};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::InvitationView;
use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::listing::{PageQuery, PageView};
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

/// The token of a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationTokenRequest {
    /// What stands behind the `#` of the link.
    #[schema(value_type = String, example = "orchi_...")]
    token: SecretString,
}

/// A link, and the account to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemInvitationRequest {
    /// What stands behind the `#` of the link.
    #[schema(value_type = String, example = "orchi_...")]
    token: SecretString,
    /// Of the account, for people: at most 100 characters on one line; empty when left out.
    #[serde(default)]
    name: String,
    /// 10 to 256 characters.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    password: SecretString,
}

/// What a link leads to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundInvitationView {
    #[serde(flatten)]
    invitation: InvitationView,
    /// Whether `redeem_invitation` makes an account. Otherwise only who has one accepts, and who has none asks an instance
    /// admin for it. Says nothing of whether the address has one.
    makes_account: bool,
}

/// What accepting led to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedInvitationView {
    /// The invitation, which is accepted now.
    invitation: InvitationView,
    /// The account that is in now; log in with it.
    email: String,
}

pub(super) fn configure(config: &mut impl Register) {
    config
        .service(find_invitation)
        .service(accept_invitation)
        .service(redeem_invitation)
        .service(decline_invitation)
        .service(list_own_invitations)
        .service(accept_own_invitation)
        .service(decline_own_invitation);
}

/// Show what a link leads to
///
/// Needs no credential but the token of the link: who holds it may see.
///
/// Changes nothing, however often it is asked. 404 when there never was such a link; 410 when it was answered, taken
/// back or is too old.
#[utoipa::path(operation_id = "find_invitation", tag = "invitations", request_body = InvitationTokenRequest, responses((status = 200, body = FoundInvitationView)))]
#[post("/invitations/lookup")]
async fn find_invitation(rest: Data<Rest>, Json(body): Json<InvitationTokenRequest>) -> Result<HttpResponse, ApiError> {
    let Found { seen, makes_account } = rest.control.invitations.look(&body.token).await?;
    Ok(HttpResponse::Ok().json(FoundInvitationView { invitation: InvitationView::from(seen), makes_account }))
}

/// Accept by link with the account that is logged in
///
/// For every login of the address that was invited; not for API keys.
///
/// Spends the link; the role holds for the very next request. 410 when it was answered, taken back or is too old.
#[utoipa::path(operation_id = "accept_invitation", tag = "invitations", request_body = InvitationTokenRequest, responses((status = 200, body = AcceptedInvitationView)))]
#[post("/invitations/accept")]
async fn accept_invitation(
    caller: Caller,
    rest: Data<Rest>,
    Json(body): Json<InvitationTokenRequest>,
) -> Result<HttpResponse, ApiError> {
    let accepted = rest.control.invitations.accept(&caller.principal, &body.token).await?;
    Ok(HttpResponse::Ok().json(view(accepted)))
}

/// Accept by link and make an account
///
/// Needs no credential but the token of the link.
///
/// Makes the account with the password, and accepts. It does not log in: use `create_login` afterwards. 409 where
/// accounts are not made that way, and when the address has one: then it is to be logged in first. Which of the two is
/// not told.
#[utoipa::path(operation_id = "redeem_invitation", tag = "invitations", request_body = RedeemInvitationRequest, responses((status = 200, body = AcceptedInvitationView)))]
#[post("/invitations/redeem")]
async fn redeem_invitation(
    request: HttpRequest,
    rest: Data<Rest>,
    Json(body): Json<RedeemInvitationRequest>,
) -> Result<HttpResponse, ApiError> {
    rest.identity.logins.admit_asking(&rest.clients.from(&request))?;
    let account = NewAccount { name: body.name, password: body.password };
    let accepted = rest.control.invitations.accept_as_new(&body.token, account).await?;
    Ok(HttpResponse::Ok().json(view(accepted)))
}

/// Decline by link
///
/// Needs no credential but the token of the link.
///
/// Who invited sees that it was declined. 410 when it was answered, taken back or is too old.
#[utoipa::path(operation_id = "decline_invitation", tag = "invitations", request_body = InvitationTokenRequest, responses((status = 204)))]
#[post("/invitations/decline")]
async fn decline_invitation(
    rest: Data<Rest>,
    Json(body): Json<InvitationTokenRequest>,
) -> Result<HttpResponse, ApiError> {
    rest.control.invitations.decline(&body.token).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List the invitations that the caller can answer
///
/// For every login; not for API keys.
///
/// Those to the address of the account that can still be answered, newest first. One whose link somebody else was
/// shown, and that made the account, is answered by its link alone.
#[utoipa::path(operation_id = "list_own_invitations", tag = "me", params(PageQuery), responses((status = 200, body = PageView<InvitationView>)))]
#[get("/me/invitations")]
async fn list_own_invitations(
    caller: Caller,
    rest: Data<Rest>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let found = rest.control.invitations.list_own(&caller.principal, query.page()?).await?;
    Ok(HttpResponse::Ok().json(PageView::of(found, InvitationView::from)))
}

/// Accept an invitation of the own list
///
/// For every login; not for API keys.
///
/// The role holds for the very next request. 410 when it was answered, taken back or is too old.
#[utoipa::path(
    operation_id = "accept_own_invitation",
    tag = "me",
    params(("invitation" = Uuid, Path, description = "id")),
    responses((status = 200, body = AcceptedInvitationView))
)]
#[post("/me/invitations/{invitation}/accept")]
async fn accept_own_invitation(caller: Caller, rest: Data<Rest>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let accepted = rest.control.invitations.accept_own(&caller.principal, &id).await?;
    Ok(HttpResponse::Ok().json(view(accepted)))
}

/// Decline an invitation of the own list
///
/// For every login; not for API keys.
///
/// Who invited sees that it was declined. 410 when it was answered, taken back or is too old.
#[utoipa::path(
    operation_id = "decline_own_invitation",
    tag = "me",
    params(("invitation" = Uuid, Path, description = "id")),
    responses((status = 204))
)]
#[post("/me/invitations/{invitation}/decline")]
async fn decline_own_invitation(caller: Caller, rest: Data<Rest>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    rest.control.invitations.decline_own(&caller.principal, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn view(accepted: orch_control::invitations::Accepted) -> AcceptedInvitationView {
    AcceptedInvitationView { email: accepted.email.to_string(), invitation: InvitationView::from(accepted.seen) }
}
