//! Hears what a server says on its way to the relay, and puts its log messages into the server's log.

use std::sync::Arc;

use orch_mcp::message::Notification;
use orch_mcp::method;
use orch_mcp::peer::{PeerEvent, PeerSink};
use orch_supervisor::{ProcessLog, Redactor};

/// Passes everything on as it comes.
pub(crate) struct Listening {
    inner: Arc<dyn PeerSink>,
    log: Arc<ProcessLog>,
    redactor: Arc<Redactor>,
}

impl Listening {
    pub(crate) fn before(inner: Arc<dyn PeerSink>, log: Arc<ProcessLog>, redactor: Arc<Redactor>) -> Arc<dyn PeerSink> {
        Arc::new(Self { inner, log, redactor })
    }
}

impl PeerSink for Listening {
    fn event(&self, event: PeerEvent) {
        if let PeerEvent::Notification(notification) = &event
            && notification.method.as_str() == method::LOG_MESSAGE
        {
            self.log.push_said(None, &text(notification), &self.redactor);
        }
        self.inner.event(event);
    }
}

/// `warning db: {"rows":3}`: level, logger and data; a text without its quotes.
fn text(notification: &Notification) -> String {
    let params = notification.params.as_ref().map_or("{}", |params| params.as_str());
    let params: serde_json::Value = serde_json::from_str(params).unwrap_or_default();
    let level = params.get("level").and_then(serde_json::Value::as_str).unwrap_or("info");
    let data = match params.get("data") {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match params.get("logger").and_then(serde_json::Value::as_str) {
        Some(logger) => format!("{level} {logger}: {data}"),
        None => format!("{level}: {data}"),
    }
}

#[cfg(test)]
mod tests {
    use orch_mcp::message::{MethodName, Notification};
    use orch_mcp::raw::Raw;

    use super::text;

    #[test]
    fn reads_like_a_line_of_a_log() {
        let check = |params: &'static str, expected| {
            let method = MethodName::from_static("notifications/message");
            let params = Some(Raw::from_static(params));
            assert_eq!(text(&Notification { method, params }), expected);
        };
        check(r#"{"level":"warning","logger":"db","data":"slow"}"#, "warning db: slow");
        check(r#"{"level":"error","data":{"rows":3}}"#, r#"error: {"rows":3}"#);
        check("{}", "info: ");
    }
}
