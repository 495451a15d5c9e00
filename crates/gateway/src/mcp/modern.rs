//! Clients of revision 2026-07-28: every request stands for itself. Nothing here remembers a client from one request
//! to the next.

mod checks;
mod listen;
mod opening;
pub(super) mod parking;
mod request;
mod respond;
pub(super) mod running;
mod spent;
mod task;

use actix_web::HttpResponse;
use orch_http1::request::Head;
use orch_mcp::codec::Incoming;
use orch_mcp::error::code;
use orch_mcp::id::RequestId;
use orch_mcp::message::Message;
use orch_mcp::method::Method;
use orch_mcp::revision::Revision;
use orch_mcp::{headers, meta, object};

use super::accept::Accepts;
use super::endpoint::Entry;
use super::{McpEndpoints, refusal};
use crate::fields::{Fields as _, plain};

/// Whether a message is written in this era: it carries its version itself, or its header names a version that no
/// session could have. An `initialize` without the former belongs to a client of sessions, whatever its header says.
pub(super) fn is_modern(incoming: &Incoming, http: &Head) -> bool {
    let params = match incoming {
        Incoming::Single(Message::Request(request)) => {
            if request.method.known() == Method::Discover {
                return true;
            }
            request.params.as_ref()
        }
        Incoming::Single(Message::Notification(notification)) => notification.params.as_ref(),
        Incoming::Single(Message::Response(_)) | Incoming::Batch(_) => None,
    };
    if meta::protocol_version(params).is_some() {
        return true;
    }
    let shakes_hands =
        matches!(incoming, Incoming::Single(Message::Request(request)) if request.method.known() == Method::Initialize);
    let Some(version) = http.first(headers::VERSION).filter(|_| !shakes_hands) else { return false };
    !plain(version).and_then(|text| Revision::parse(text.trim())).is_some_and(Revision::is_legacy)
}

pub(super) async fn post(
    entry: Entry,
    http: &Head,
    accepts: Accepts,
    incoming: Incoming,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    match incoming {
        Incoming::Single(Message::Request(request)) => request::handle(entry, http, accepts, request, endpoints).await,
        Incoming::Single(Message::Notification(notification)) => {
            if let Err(refused) = checks::notification(http, &notification) {
                return refused;
            }
            // Over HTTP a request is cancelled by leaving it. Some clients say so as well, and stay.
            let id = notification.params.as_ref().and_then(|params| object::member(params, "requestId"));
            let cancels = notification.method.known() == Method::Cancelled;
            if let Some(id) = id.filter(|_| cancels).and_then(|id| RequestId::parse(&id)) {
                endpoints.running.end_listen(&entry.reach(), &id.detached());
            }
            HttpResponse::Accepted().finish()
        }
        Incoming::Single(Message::Response(_)) => refusal::bad_request(
            None,
            code::INVALID_REQUEST,
            "a client of this revision is asked nothing: send requests",
        ),
        Incoming::Batch(_) => {
            refusal::bad_request(None, code::INVALID_REQUEST, "batches are not part of this revision")
        }
    }
}
