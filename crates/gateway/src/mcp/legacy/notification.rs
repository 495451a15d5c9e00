//! Notifications of a client.

use orch_mcp::id::RequestId;
use orch_mcp::message::Notification;
use orch_mcp::method::Method;
use orch_mcp::object;

use super::session::Session;

/// Cancellation ends a request. What is said about the whole client goes to the servers that speak to it alone.
pub(super) fn handle(session: &Session, notification: &Notification) {
    match notification.method.known() {
        Method::Cancelled => {
            let id = notification
                .params
                .as_ref()
                .and_then(|params| object::member(params, "requestId"))
                .and_then(|id| RequestId::parse(&id));
            if let Some(id) = id {
                session.cancel(&id);
            }
        }
        Method::Initialized | Method::Progress => {}
        _ => session.news.handle().notify(notification),
    }
}
