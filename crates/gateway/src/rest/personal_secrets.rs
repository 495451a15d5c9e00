//! Values that a member brings along for a server: written by the member, read by nobody.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch};
use orch_control::personal_secrets::PersonalSeen;
use orch_domain::secret::Slot;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::register::Register;
use crate::rest::Rest;

/// A value that the server takes from each member. The value itself is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonalSecretView {
    /// A variable of a stdio server, or a header of a remote one.
    kind: PersonalKindView,
    /// Of the variable or header.
    name: String,
    /// Without an own value a call fails.
    required: bool,
    /// What it is and where to get it, in the words of an admin; may be empty.
    description: String,
    /// When the caller last stored a value; null when there is none.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    stored_at: Option<OffsetDateTime>,
}

/// Where a value goes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PersonalKind)]
pub enum PersonalKindView {
    Env,
    Header,
}

/// Single values: a text sets one, null removes it, the others stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePersonalSecretsRequest {
    /// Variables of a stdio server, by name.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    env: BTreeMap<String, Option<SecretString>>,
    /// Headers of a remote server, by name in any case.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    headers: BTreeMap<String, Option<SecretString>>,
}

impl From<PersonalSeen> for PersonalSecretView {
    fn from(seen: PersonalSeen) -> Self {
        let (kind, name) = match seen.slot {
            Slot::Header(name) => (PersonalKindView::Header, name),
            Slot::Env(name) => (PersonalKindView::Env, name),
            // No argument is ever personal.
            Slot::Arg(position) => (PersonalKindView::Env, position.to_string()),
        };
        Self {
            kind,
            name,
            required: seen.about.required,
            description: seen.about.description,
            stored_at: seen.stored_at,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_personal_secrets).service(update_personal_secrets).service(delete_personal_secrets);
}

/// List the values that a server takes from each member, and which the caller has stored
///
/// For members of the project; not for API keys.
///
/// What the server takes from each member, such as an own token, and whether the caller has stored it. The values
/// themselves are never shown.
#[utoipa::path(
    operation_id = "list_personal_secrets",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 200, body = PageView<PersonalSecretView>))
)]
#[get("/projects/{project}/servers/{server}/personal-secrets")]
async fn list_personal_secrets(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    let seen = rest.control.personal_secrets.list(&caller.principal, &project, &server).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(seen.into_iter().map(PersonalSecretView::from))))
}

/// Store own values for a server, or remove them
///
/// For members of the project; not for API keys.
///
/// About the caller's own values alone; those that are not named stay. They are encrypted when they are stored, and
/// hold for the very next call.
#[utoipa::path(
    operation_id = "update_personal_secrets",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    request_body = UpdatePersonalSecretsRequest,
    responses((status = 200, body = PageView<PersonalSecretView>))
)]
#[patch("/projects/{project}/servers/{server}/personal-secrets")]
async fn update_personal_secrets(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    Json(body): Json<UpdatePersonalSecretsRequest>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    let env = body.env.into_iter().map(|(name, value)| (Slot::Env(name), value));
    let headers = body.headers.into_iter().map(|(name, value)| (Slot::Header(name.to_ascii_lowercase()), value));
    let values = env.chain(headers).collect();
    let seen = rest.control.personal_secrets.update(&caller.principal, &project, &server, values).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(seen.into_iter().map(PersonalSecretView::from))))
}

/// Remove all own values for a server
///
/// For members of the project; not for API keys.
///
/// The caller's own values alone. Repeating it does no harm.
#[utoipa::path(
    operation_id = "delete_personal_secrets",
    tag = "servers",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    responses((status = 204))
)]
#[delete("/projects/{project}/servers/{server}/personal-secrets")]
async fn delete_personal_secrets(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    rest.control.personal_secrets.delete(&caller.principal, &project, &server).await?;
    Ok(HttpResponse::NoContent().finish())
}
