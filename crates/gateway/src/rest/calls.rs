//! The record of calls.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use orch_control::calls::Whose;
use orch_domain::arguments::Arguments;
use orch_domain::call::Call;
use orch_domain::refusal::Reason;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::{self, PageView};
use crate::millis::millis;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::words::one_of_or_null;

/// One tool call, prompt get or resource read. Its result is not recorded, and of its arguments what the project wants.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallView {
    /// Of the call.
    id: Uuid,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Who called; of an API key its creator.
    user_id: Uuid,
    /// The API key that was used; null for a login.
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// What the client calls itself.
    client: String,
    /// The server that was called; null where none is known.
    #[schema(required = true)]
    server_id: Option<Uuid>,
    /// The server's alias at that time.
    server: String,
    /// `tool`, `prompt` or `resource`.
    kind: &'static str,
    /// The tool's or prompt's name, or the resource's URI.
    target: String,
    /// How long it took, in milliseconds, without what it waited for an approval.
    duration_ms: f64,
    /// How long it waited for an approval, in milliseconds.
    waited_ms: f64,
    /// `ok`, `tool_error`, `rpc_error`, `unavailable`, `timeout`, `refused`, `limited`, `cancelled`, `abandoned` or `stopping`.
    outcome: &'static str,
    /// The upstream's error code, for `rpc_error`.
    #[schema(required = true)]
    code: Option<i64>,
    /// Why it was refused or limited.
    #[schema(required = true, schema_with = reasons)]
    reason: Option<&'static str>,
    /// The rule that refused it, or that wanted the approval; for admins.
    #[schema(required = true)]
    rule_id: Option<Uuid>,
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

fn reasons() -> Object {
    let about = "Why it was refused or limited; null for others, and for calls of a time before this was recorded. Who does \
                 not inspect the project reads `unknown` for what is hidden, as the call was answered.";
    one_of_or_null(about, Reason::ALL.iter().map(|reason| reason.as_str()))
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
            duration_ms: millis(call.duration),
            waited_ms: millis(call.waited),
            outcome: call.outcome.as_str(),
            code: call.outcome.code(),
            reason: call.refusal.map(|refusal| refusal.reason.as_str()),
            rule_id: call.refusal.and_then(|refusal| refusal.rule).map(orch_domain::id::RuleId::as_uuid),
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
/// For members of the project and API keys.
///
/// Everybody's for admins, the own ones for members and API keys. A key with a scope of its own sees those that were
/// made with it. Each is there within moments of its end.
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
