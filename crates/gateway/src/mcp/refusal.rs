//! Answers to requests that never become a request of the protocol, and protocol errors that have an HTTP status.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_ENCODING, ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use orch_auth::error::AuthFailure;
use orch_http1::request::Head;
use orch_mcp::codec::{self, Malformed};
use orch_mcp::error::{RpcError, code};
use orch_mcp::id::RequestId;
use orch_mcp::revision::Revision;
use orch_relay::error::CallError;

use super::body::BodyError;

/// A JSON-RPC error with an HTTP status.
pub(super) fn rpc(status: StatusCode, id: Option<&RequestId>, error: &RpcError) -> HttpResponse {
    HttpResponse::build(status).content_type("application/json").body(codec::encode_error(id, error))
}

/// A JSON-RPC error of a request; one of a limit says in HTTP as well when to come again.
pub(super) fn error(status: StatusCode, id: &RequestId, error: &RpcError) -> HttpResponse {
    let mut response =
        rpc(if error.retry_after().is_some() { StatusCode::TOO_MANY_REQUESTS } else { status }, Some(id), error);
    add_retry_after(&mut response, error);
    response
}

/// When something of a client's own may have come to its end.
const SOON: Duration = Duration::from_secs(1);

/// When somebody may have left.
const LATER: Duration = Duration::from_secs(30);

/// When the daemon may be there again, or another one in its place.
const RESTARTED: Duration = Duration::from_secs(5);

/// A limit on what one client or user has open at once.
pub(super) fn limited(message: impl Into<String>) -> RpcError {
    RpcError::limited(message, SOON)
}

/// The instance, or the user, has too many sessions.
pub(super) fn sessions_limited() -> RpcError {
    RpcError::limited("too many sessions are open; try again later", LATER)
}

/// `Retry-After` in whole seconds, where the error is about a limit.
pub(super) fn add_retry_after(response: &mut HttpResponse, error: &RpcError) {
    if let Some(after) = error.retry_after() {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)));
    }
}

/// A body that is no message, or one that nothing can be done with.
pub(super) fn malformed(head: &Head, malformed: &Malformed) -> HttpResponse {
    if malformed.error.code == code::PARSE_ERROR && is_packed(head) {
        return unsupported_coding();
    }
    // The id of a response is that of our question.
    let id = malformed.id.as_ref().filter(|_| !malformed.is_response);
    rpc(StatusCode::BAD_REQUEST, id, &malformed.error)
}

fn is_packed(head: &Head) -> bool {
    let codings = head.all("content-encoding").flat_map(|value| value.split(|byte| *byte == b','));
    codings.map(<[u8]>::trim_ascii).any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

pub(super) fn unauthorized(id: Option<&RequestId>, failure: AuthFailure) -> HttpResponse {
    let challenge = match failure {
        AuthFailure::Missing => r#"Bearer realm="mcp""#,
        _ => r#"Bearer realm="mcp", error="invalid_token""#,
    };
    let error = RpcError::new(code::BAD_SESSION, failure.public_text());
    let mut response = rpc(StatusCode::UNAUTHORIZED, id, &error);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// The same whether the endpoint does not exist or is not for this principal.
pub(super) fn no_such_endpoint(id: Option<&RequestId>) -> HttpResponse {
    rpc(StatusCode::NOT_FOUND, id, &RpcError::new(code::BAD_SESSION, "there is no such MCP endpoint"))
}

pub(super) fn forbidden(id: Option<&RequestId>, text: &str) -> HttpResponse {
    rpc(StatusCode::FORBIDDEN, id, &RpcError::new(code::BAD_SESSION, text))
}

/// The same for a session that is unknown, over, or somebody else's.
pub(super) fn no_such_session(id: Option<&RequestId>) -> HttpResponse {
    rpc(StatusCode::NOT_FOUND, id, &RpcError::new(code::SESSION_NOT_FOUND, "session not found"))
}

pub(super) fn bad_request(id: Option<&RequestId>, code: i64, text: &str) -> HttpResponse {
    rpc(StatusCode::BAD_REQUEST, id, &RpcError::new(code, text))
}

pub(super) fn not_acceptable() -> HttpResponse {
    let text = "not acceptable: the client must accept application/json and text/event-stream";
    rpc(StatusCode::NOT_ACCEPTABLE, None, &RpcError::new(code::BAD_SESSION, text))
}

pub(super) fn unsupported_media_type() -> HttpResponse {
    let text = "unsupported media type: Content-Type must be application/json";
    rpc(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, &RpcError::new(code::BAD_SESSION, text))
}

pub(super) fn no_body(error: BodyError) -> HttpResponse {
    let (status, text) = match error {
        BodyError::TooLarge(limit) => (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes")),
        BodyError::Broken => {
            (StatusCode::BAD_REQUEST, "the body ends too early, or its chunks cannot be read".to_owned())
        }
        BodyError::Slow => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time".to_owned()),
    };
    rpc(status, None, &RpcError::new(code::BAD_SESSION, text))
}

/// A body that is no message because it is packed, which nothing here unpacks.
fn unsupported_coding() -> HttpResponse {
    let text = "unsupported content coding: send the body without Content-Encoding";
    let mut response = rpc(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, &RpcError::new(code::BAD_SESSION, text));
    response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    response
}

pub(super) fn method_not_allowed(allow: &'static str) -> HttpResponse {
    let mut response =
        rpc(StatusCode::METHOD_NOT_ALLOWED, None, &RpcError::new(code::BAD_SESSION, "method not allowed"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

pub(super) fn too_many_sessions() -> HttpResponse {
    let error = sessions_limited();
    let mut response = rpc(StatusCode::SERVICE_UNAVAILABLE, None, &error);
    add_retry_after(&mut response, &error);
    response
}

/// The daemon stops, and did nothing about the request.
pub(super) fn stopping(id: Option<&RequestId>) -> HttpResponse {
    let mut response = rpc(StatusCode::SERVICE_UNAVAILABLE, id, &stopping_error());
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RESTARTED.as_secs()));
    response
}

pub(super) fn stopping_error() -> RpcError {
    CallError::Stopping.to_rpc(Revision::LATEST_LEGACY)
}
