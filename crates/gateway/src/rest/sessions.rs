//! Sessions of MCP clients with this daemon.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get};
use orch_domain::session::Session;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

/// A session of an MCP client. Clients of the modern era have none: they say everything with each request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientSessionView {
    /// Not what the client itself sends: that is a secret.
    id: Uuid,
    /// The server whose endpoint it is on; null for the unified one.
    #[schema(required = true)]
    server_id: Option<Uuid>,
    /// The account that answers for it.
    user_id: Uuid,
    /// The API key that it was opened with; null for an access token.
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// What the client calls itself; its own word.
    client: String,
    /// The revision of the protocol that was agreed on.
    revision: &'static str,
    /// When the client opened it.
    #[serde(with = "time::serde::rfc3339")]
    opened_at: OffsetDateTime,
    /// When its last request came.
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    /// Requests without an answer yet.
    in_flight: u32,
    /// Whether the client holds a stream open for news.
    listening: bool,
}

impl From<Session> for ClientSessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.as_uuid(),
            server_id: session.server_id.map(|id| id.as_uuid()),
            user_id: session.user_id.as_uuid(),
            key_id: session.key_id.map(|id| id.as_uuid()),
            client: session.client.to_string(),
            revision: session.revision,
            opened_at: session.opened_at,
            last_used_at: session.last_used_at,
            in_flight: session.in_flight,
            listening: session.listening,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SessionsQuery {
    /// Only those from which this server can be reached: on its own endpoint and on the unified one. Alias or id.
    server: Option<String>,
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_sessions).service(delete_session);
}

/// List the open sessions of MCP clients
///
/// For members of the project; not for API keys.
///
/// Last opened first; all of the project for admins, the own ones for members. They are those of this daemon: another
/// replica has others.
#[utoipa::path(
    operation_id = "list_sessions",
    tag = "sessions",
    params(("project" = String, Path, description = "id or slug"), SessionsQuery),
    responses((status = 200, body = PageView<ClientSessionView>))
)]
#[get("/projects/{project}/sessions")]
async fn list_sessions(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<SessionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let found = rest.control.sessions.list(&caller.principal, &project, query.server.as_deref()).await?;
    Ok(HttpResponse::Ok().json(PageView::whole(found.into_iter().map(ClientSessionView::from))))
}

/// End a session
///
/// For members of the project about own sessions, for admins about all; not for API keys.
///
/// What is in flight in it ends too. The client may open another one; to keep it out, revoke its key.
#[utoipa::path(
    operation_id = "delete_session",
    tag = "sessions",
    params(("project" = String, Path, description = "id or slug"), ("session" = String, Path, description = "id")),
    responses((status = 204))
)]
#[delete("/projects/{project}/sessions/{session}")]
async fn delete_session(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, session) = path.into_inner();
    rest.control.sessions.end(&caller.principal, &project, &session).await?;
    Ok(HttpResponse::NoContent().finish())
}
