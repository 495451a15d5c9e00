//! Clients of the revisions with a handshake: sessions, the stream of a session, and its end.

mod asking;
mod batch;
pub(super) mod channel;
pub(super) mod end;
mod handshake;
mod notification;
mod request;
pub(super) mod session;
pub(super) mod sessions;
mod settings;
mod standing;
pub(super) mod stream;
pub(super) mod streams;

use std::sync::Arc;

use actix_web::HttpResponse;
use orch_http1::request::Head;
use orch_mcp::codec::Incoming;
use orch_mcp::error::code;
use orch_mcp::headers;
use orch_mcp::id::RequestId;
use orch_mcp::message::Message;
use orch_mcp::method::Method;
use orch_mcp::revision::Revision;

use self::session::Session;
use super::accept::Accepts;
use super::endpoint::Entry;
use super::post::Taken;
use super::{McpEndpoints, refusal};
use crate::fields::Fields as _;

pub(super) const SESSION_HEADER: &str = "mcp-session-id";

/// Takes a decoded body of a client with a session, or one that asks for a session.
pub(super) fn post<'a>(
    entry: Entry,
    http: &Head,
    accepts: Accepts,
    incoming: Incoming,
    endpoints: &'a McpEndpoints,
) -> Taken<'a> {
    let id = match &incoming {
        Incoming::Single(Message::Request(request)) if request.method.known() == Method::Initialize => {
            let request = request.clone();
            return Taken::Apart(Box::pin(async move { handshake::handle(entry, &request, endpoints).await }));
        }
        Incoming::Single(Message::Request(request)) => Some(&request.id),
        // Nothing but a session makes it one message of its revision.
        Incoming::Batch(_) if !http.has(SESSION_HEADER) => {
            let text = "a batch is only understood in a session of revision 2025-03-26";
            return Taken::Answered(refusal::bad_request(None, code::INVALID_REQUEST, text));
        }
        _ => None,
    };
    let session = match find_session(&entry, http, id, endpoints) {
        Ok(session) => session,
        Err(refused) => return Taken::Answered(refused),
    };
    match incoming {
        Incoming::Single(Message::Request(request)) => request::handle(entry, session, accepts, request, endpoints),
        Incoming::Single(Message::Notification(notification)) => {
            notification::handle(&session, &notification);
            Taken::Answered(HttpResponse::Accepted().finish())
        }
        Incoming::Single(Message::Response(response)) => {
            session.asked.answer(response);
            Taken::Answered(HttpResponse::Accepted().finish())
        }
        Incoming::Batch(entries) => {
            Taken::Apart(Box::pin(async move { batch::handle(&entry, &session, accepts, entries, endpoints).await }))
        }
    }
}

/// The session that the request names. Unknown, over, of another principal or of another endpoint: all the same.
pub(super) fn find_session(
    entry: &Entry,
    http: &Head,
    id: Option<&RequestId>,
    endpoints: &McpEndpoints,
) -> Result<Arc<Session>, HttpResponse> {
    if let Some(version) = http.first(headers::VERSION) {
        let version = std::str::from_utf8(version).ok().and_then(|text| Revision::parse(text.trim()));
        if !version.is_some_and(Revision::is_legacy) {
            let known: Vec<&str> =
                Revision::ALL.into_iter().filter(|known| known.is_legacy()).map(Revision::as_str).collect();
            let text = format!("unsupported protocol version in MCP-Protocol-Version; supported: {}", known.join(", "));
            return Err(refusal::bad_request(id, code::BAD_SESSION, &text));
        }
    }
    let Some(name) = http.first(SESSION_HEADER) else {
        let text = "a session is needed: send initialize first, then the Mcp-Session-Id that came back";
        return Err(refusal::bad_request(id, code::BAD_SESSION, text));
    };
    let session = std::str::from_utf8(name).ok().and_then(|name| endpoints.sessions.find(name, entry));
    session.ok_or_else(|| refusal::no_such_session(id))
}
