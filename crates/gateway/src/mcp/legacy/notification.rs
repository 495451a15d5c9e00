//! Notifications of a client.

use orch_mcp::id::RequestId;
use orch_mcp::message::Notification;
use orch_mcp::method::Method;
use orch_mcp::object;

use super::session::Session;

/// Cancellation is the only one with an effect so far: servers are shared, so what concerns one client's roots or
/// sampling goes nowhere.
pub(super) fn handle(session: &Session, notification: &Notification) {
    if notification.method.known() != Method::Cancelled {
        return;
    }
    let id = notification
        .params
        .as_ref()
        .and_then(|params| object::member(params, "requestId"))
        .and_then(|id| RequestId::parse(&id));
    if let Some(id) = id {
        session.cancel(&id);
    }
}
