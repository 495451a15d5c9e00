//! What a response says before any message is read from it: messages follow, nothing follows, or the server refuses
//! and why. Turns statuses into our errors in one place; repeats no challenge and no secret of ours.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use orch_mcp::codec::{self, Incoming};
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::Message;
use orch_mcp::peer::PeerError;

use crate::excerpt::{Secrets, excerpt, page_excerpt};
use crate::http::exchange::Answer;
use crate::http::messages::Messages;
use crate::http::retry_after;
use crate::http::shared::Shared;

/// So much of an error's body is looked at, for so long.
const ERROR_BODY: usize = 64 * 1024;
const ERROR_BODY_TIME: Duration = Duration::from_secs(5);

pub(crate) enum Verdict {
    Messages(Box<Messages>),
    /// Accepted, and there is nothing to say.
    Nothing,
    /// The session that the request named is unknown to the server, which has not executed it.
    SessionLost,
    Refused(PeerError),
}

/// `sent` are the headers of the request.
pub(crate) async fn judge(shared: &Shared, answer: Answer, sent: &HeaderMap) -> Verdict {
    let status = answer.status;
    if !status.is_success() {
        // Apart, as it is rare and large.
        return Box::pin(refused(shared, answer, sent)).await;
    }
    let limit = shared.max_message_bytes;
    if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        shared.pool.park(answer.link);
        return Verdict::Nothing;
    }
    match kind(&answer.headers) {
        Kind::Events => Verdict::Messages(Messages::events(answer.link, limit)),
        Kind::Json => Verdict::Messages(Messages::json(answer.link, limit)),
        Kind::Other(kind) => Verdict::Refused(PeerError::Protocol {
            reason: format!("the server answered with content of type {kind} instead of JSON"),
        }),
    }
}

enum Kind {
    Json,
    Events,
    Other(String),
}

fn kind(headers: &HeaderMap) -> Kind {
    // Some servers do not say; then it is JSON or it will show.
    let Some(value) = headers.get(CONTENT_TYPE) else { return Kind::Json };
    let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/json") {
        Kind::Json
    } else if essence.eq_ignore_ascii_case(b"text/event-stream") {
        Kind::Events
    } else {
        Kind::Other(excerpt(essence))
    }
}

async fn refused(shared: &Shared, answer: Answer, sent: &HeaderMap) -> Verdict {
    let status = answer.status;
    if status.is_redirection() {
        let reason = format!("the server redirects (HTTP {}), which is not followed", status.as_u16());
        return Verdict::Refused(PeerError::Protocol { reason });
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        shared.pool.park(answer.link);
        return Verdict::Refused(PeerError::Unauthorized { status: status.as_u16() });
    }
    let in_session = sent.contains_key("mcp-session-id");
    if status == StatusCode::NOT_FOUND && in_session {
        shared.pool.park(answer.link);
        return Verdict::SessionLost;
    }
    let (retry_after, when) = retry_after::read(&answer.headers);
    let body = error_body(shared, answer).await;
    let error = rpc_error(&body);
    if let Some(error) = &error
        && in_session
        && status == StatusCode::BAD_REQUEST
        && is_session_error(error)
    {
        return Verdict::SessionLost;
    }
    let number = status.as_u16();
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        let reason = format!("the server is busy (HTTP {number}{when})");
        return Verdict::Refused(PeerError::Busy { reason, retry_after });
    }
    if let Some(error) = error {
        return Verdict::Refused(PeerError::Rpc(error));
    }
    // Before anything is cut: half of a secret would not be recognized.
    let text = page_excerpt(hide(sent, String::from_utf8_lossy(&body).into_owned()).as_bytes());
    let reason = if text.is_empty() {
        format!("the server answered with HTTP {number}")
    } else {
        format!("the server answered with HTTP {number}: {text}")
    };
    Verdict::Refused(PeerError::Protocol { reason })
}

/// What older servers of the TypeScript SDK say in place of a 404.
fn is_session_error(error: &RpcError) -> bool {
    error.code == code::BAD_SESSION && error.message.to_ascii_lowercase().contains("session")
}

/// As much of it as comes in a short time. The connection is kept only if it was all.
async fn error_body(shared: &Shared, answer: Answer) -> Bytes {
    let mut link = answer.link;
    let mut text = BytesMut::new();
    let whole = tokio::time::timeout(ERROR_BODY_TIME, async {
        while let Some(Ok(data)) = link.read().await {
            text.extend_from_slice(&data);
            if text.len() > ERROR_BODY {
                return false;
            }
        }
        true
    })
    .await;
    if whole == Ok(true) {
        shared.pool.park(link);
    }
    text.freeze()
}

fn rpc_error(body: &Bytes) -> Option<RpcError> {
    match codec::decode(body).ok()? {
        Incoming::Single(Message::Response(response)) => response.outcome.err(),
        _ => None,
    }
}

/// A server may repeat in its error what it was sent.
fn hide(sent: &HeaderMap, text: String) -> String {
    let values = sent.iter().filter(|(name, value)| value.is_sensitive() || *name == "mcp-session-id");
    Secrets::new(values.filter_map(|(_, value)| value.to_str().ok())).hide(text)
}
