//! The record of calls.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use orch_control::calls::Whose;
use orch_domain::arguments::Arguments;
use orch_domain::call::Call;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::{self, PageView};
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

/// One tool call, prompt get or resource read. Its result is not recorded, and of its arguments what the project wants.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallView {
    id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    user_id: Uuid,
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// What the client calls itself.
    client: String,
    #[schema(required = true)]
    server_id: Option<Uuid>,
    /// The server's alias at that time.
    server: String,
    /// `tool`, `prompt` or `resource`.
    kind: &'static str,
    /// The tool's or prompt's name, or the resource's URI.
    target: String,
    duration_ms: f64,
    /// `ok`, `tool_error`, `rpc_error`, `unavailable`, `timeout`, `refused`, `limited`, `cancelled`, `abandoned` or `stopping`.
    outcome: &'static str,
    /// The upstream's error code, for `rpc_error`.
    #[schema(required = true)]
    code: Option<i64>,
    /// The keyed digest of the arguments, in hexadecimal digits, where the project records one.
    #[schema(required = true)]
    arguments_digest: Option<String>,
    /// The redacted arguments as JSON, with an ellipsis at the end when they were cut, where the project records them.
    #[schema(required = true)]
    arguments: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CallQuery {
    /// At most this many items, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only the caller's own calls; admins see everybody's otherwise.
    #[serde(default)]
    own: bool,
}

impl From<Call> for CallView {
    fn from(call: Call) -> Self {
        Self {
            id: call.id.as_uuid(),
            at: call.at,
            user_id: call.user_id.as_uuid(),
            key_id: call.key_id.map(orch_domain::id::KeyId::as_uuid),
            client: call.client.to_string(),
            server_id: call.server_id.map(orch_domain::id::ServerId::as_uuid),
            server: call.server.to_string(),
            kind: call.kind.as_str(),
            target: call.target,
            duration_ms: call.duration.as_secs_f64() * 1000.0,
            outcome: call.outcome.as_str(),
            code: call.outcome.code(),
            arguments_digest: call.arguments.as_ref().and_then(Arguments::digest),
            arguments: call.arguments.as_ref().and_then(Arguments::text).map(str::to_owned),
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_calls);
}

/// List calls, newest first
///
/// Everybody's for admins, the own ones for members and API keys. A key with a scope of its own sees those that were made
/// with it.
#[utoipa::path(
    operation_id = "list_calls",
    tag = "calls",
    params(("project" = String, Path, description = "id or slug"), CallQuery),
    responses((status = 200, body = PageView<CallView>))
)]
#[get("/projects/{project}/calls")]
async fn list_calls(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<CallQuery>,
) -> Result<HttpResponse, ApiError> {
    let page = listing::page(query.limit, query.cursor.as_deref())?;
    let whose = if query.own { Whose::Own } else { Whose::Visible };
    let calls = rest.control.calls.list(&caller.principal, &project, whose, page).await?;
    Ok(HttpResponse::Ok().json(PageView::of(calls, CallView::from)))
}
