//! Calls of tools, prompts and resources over REST, for people who try them out.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, post};
use orch_domain::policy::Denial;
use orch_mcp::error::RpcError;
use orch_mcp::level::LogLevel;
use orch_mcp::message::MethodName;
use orch_mcp::object;
use orch_mcp::raw::Raw;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api_error::{ApiError, Code};
use crate::body::Json;
use crate::caller::{Caller, Via};
use crate::mcp::McpEndpoints;
use crate::mcp::playground::{self, CallEventView, Refused, Unanswered, Wanted};
use crate::register::Register;

/// What is to be called.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCallRequest {
    /// What it is.
    kind: CallKindView,
    /// The tool's or prompt's name as the server gives it, or the resource's URI.
    name: String,
    /// Of a tool or a prompt; sent on as they are written.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    arguments: Option<Box<RawValue>>,
    /// The least level of log messages that are wanted: `info` unless said.
    log_level: Option<String>,
    /// Whether the server may ask, which takes a connection of the caller's own. True unless said.
    #[serde(default = "yes")]
    questions: bool,
}

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CallKind)]
pub enum CallKindView {
    Tool,
    Prompt,
    Resource,
}

/// An answer to a question: a result, or an error when nobody wants to answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAnswerRequest {
    /// The number of the question.
    question: u64,
    /// The result of the method that was asked for.
    #[schema(value_type = Option<Object>)]
    result: Option<Box<RawValue>>,
    /// Why there is no result.
    error: Option<String>,
}

const fn yes() -> bool {
    true
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(create_call).service(create_answer).service(delete_call);
}

/// Call a tool, get a prompt or read a resource
///
/// For members of the project and API keys.
///
/// The call goes the way of all calls: by the same policy, within the same limits, and on record. `name` is the
/// server's own, without the alias.
///
/// The answer is a stream of server-sent events, and its status is 200 also when the call fails: `started` comes first,
/// then what happens, then exactly one of `result`, `error` and `cancelled`. Whoever stops reading cancels the call.
/// One caller has a bounded number of calls in flight: 429 beyond.
#[utoipa::path(
    operation_id = "create_call",
    tag = "calls",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    request_body = CreateCallRequest,
    responses((status = 200, body = CallEventView, content_type = "text/event-stream"))
)]
#[post("/projects/{project}/servers/{server}/calls")]
async fn create_call(
    caller: Caller,
    endpoints: Option<Data<McpEndpoints>>,
    path: Path<(String, String)>,
    Json(body): Json<CreateCallRequest>,
) -> Result<HttpResponse, ApiError> {
    let endpoints = served(endpoints)?;
    let (project, server) = path.into_inner();
    let (method, params) = request(&body)?;
    let log_level = match &body.log_level {
        None => LogLevel::Info,
        Some(level) => LogLevel::parse(level).ok_or_else(|| {
            let levels = LogLevel::ALL.map(LogLevel::as_str).join(", ");
            ApiError::invalid("log_level", "there is no such level", format!("use one of {levels}"))
        })?,
    };
    let wanted = Wanted {
        client: match caller.via {
            Via::Cookie => "dashboard",
            Via::Bearer => "rest",
        },
        principal: caller.principal,
        project: &project,
        server: &server,
        method,
        params,
        log_level,
        can_be_asked: body.questions,
    };
    playground::call(wanted, &endpoints).map_err(|refused| match refused {
        Refused::Denied(Denial::Hidden) => ApiError::new(Code::NotFound, "there is no such server"),
        Refused::Denied(denial) => ApiError::new(Code::Forbidden, denial.to_string()),
        Refused::Disabled => ApiError::new(Code::Conflict, "the server is disabled: enable it first"),
        Refused::TooMany { most } => {
            let text = format!("{most} calls of this user are in flight, the limit: wait for one to end");
            ApiError::new(Code::TooManyRequests, text).retry_after(1)
        }
        Refused::Stopping => ApiError::stopping(),
    })
}

/// Answer a question of the server that is called
///
/// For the credential that made the call, of a member or API key.
///
/// Give `result` or `error`, not both. 409 when nobody waits for an answer to this question any more, 404 when the call
/// has ended.
#[utoipa::path(
    operation_id = "create_answer",
    tag = "calls",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
        ("call" = String, Path, description = "as the call's stream gave it"),
    ),
    request_body = CreateAnswerRequest,
    responses((status = 204))
)]
#[post("/projects/{project}/servers/{server}/calls/{call}/answers")]
async fn create_answer(
    caller: Caller,
    endpoints: Option<Data<McpEndpoints>>,
    path: Path<(String, String, String)>,
    Json(body): Json<CreateAnswerRequest>,
) -> Result<HttpResponse, ApiError> {
    let endpoints = served(endpoints)?;
    let (_, _, call) = path.into_inner();
    let answer = match (body.result, body.error) {
        (Some(result), None) => Ok(raw(&result)?),
        // The code that the protocol's documents use for a person's refusal.
        (None, Some(message)) => Err(RpcError::new(-1, message)),
        _ => return Err(ApiError::invalid("result", "there must be a result or an error", "write one of the two")),
    };
    let call = call.parse().map_err(|_| no_such_call())?;
    let answered = endpoints.playground.answer(&caller.principal, call, body.question, answer);
    answered.map_err(|unanswered| match unanswered {
        Unanswered::NoSuchCall => no_such_call(),
        Unanswered::NoSuchQuestion => ApiError::new(Code::Conflict, "nobody waits for an answer to this question"),
        Unanswered::Invalid(wrong) => ApiError::invalid("result", wrong, "answer as the protocol says"),
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// Cancel a call
///
/// For the credential that made the call, of a member or API key.
///
/// The server is told, and the stream ends with `cancelled`. 404 when it has ended already.
#[utoipa::path(
    operation_id = "delete_call",
    tag = "calls",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
        ("call" = String, Path, description = "as the call's stream gave it"),
    ),
    responses((status = 204))
)]
#[delete("/projects/{project}/servers/{server}/calls/{call}")]
async fn delete_call(
    caller: Caller,
    endpoints: Option<Data<McpEndpoints>>,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse, ApiError> {
    let endpoints = served(endpoints)?;
    let (_, _, call) = path.into_inner();
    let call = call.parse().map_err(|_| no_such_call())?;
    if endpoints.playground.cancel(&caller.principal, call) {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(no_such_call())
    }
}

fn served(endpoints: Option<Data<McpEndpoints>>) -> Result<Data<McpEndpoints>, ApiError> {
    endpoints.ok_or_else(|| ApiError::new(Code::NoSuchRoute, "no MCP servers are served here"))
}

fn no_such_call() -> ApiError {
    ApiError::new(Code::NotFound, "there is no such call: it may have ended")
}

/// The request of the protocol; it asks for progress.
fn request(body: &CreateCallRequest) -> Result<(MethodName, Raw), ApiError> {
    let (method, name) = match body.kind {
        CallKindView::Tool => ("tools/call", "name"),
        CallKindView::Prompt => ("prompts/get", "name"),
        CallKindView::Resource => ("resources/read", "uri"),
    };
    let named = Raw::serialize(&body.name).map_err(ApiError::internal)?;
    let meta = Raw::from_static(r#"{"progressToken":1}"#);
    let arguments = body.arguments.as_deref().map(raw).transpose()?;
    let mut members = vec![(name, &named)];
    if let Some(arguments) = &arguments {
        if !arguments.is_object() || body.kind == CallKindView::Resource {
            let hint = "a tool or prompt takes an object; a resource takes none";
            return Err(ApiError::invalid("arguments", "they do not fit", hint));
        }
        members.push(("arguments", arguments));
    }
    members.push(("_meta", &meta));
    Ok((MethodName::from_static(method), object::build(members)))
}

fn raw(value: &RawValue) -> Result<Raw, ApiError> {
    Raw::serialize(&value).map_err(ApiError::internal)
}
