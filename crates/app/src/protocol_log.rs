//! Hears what a server says on its way to the relay, puts its log messages into the server's log, and keeps the secrets
//! of its connection out of what will be said about it. Only here it is known which connection it is: a log is shared by
//! all connections of a server, some of which have secrets of single members.

use std::sync::Arc;

use orch_mcp::message::Notification;
use orch_mcp::method;
use orch_mcp::peer::{PeerEvent, PeerSink};
use orch_supervisor::{ProcessLog, Redactor};

/// Passes everything on as it comes, but for texts that quote the server.
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
        self.inner.event(match event {
            PeerEvent::Oddity(text) => PeerEvent::Oddity(self.redactor.redact_text(&text)),
            PeerEvent::Closed { reason } => PeerEvent::Closed { reason: self.redactor.redact_text(&reason) },
            other @ (PeerEvent::Notification(_) | PeerEvent::Question(_)) => other,
        });
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
    use std::sync::{Arc, Mutex};
    use std::time::SystemTime;

    use orch_mcp::message::{MethodName, Notification};
    use orch_mcp::peer::{PeerEvent, PeerSink};
    use orch_mcp::raw::Raw;
    use orch_supervisor::{LogLimits, ProcessLog, Redactor};
    use secrecy::SecretString;

    use super::{Listening, text};

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl PeerSink for Heard {
        fn event(&self, event: PeerEvent) {
            self.0.lock().unwrap().push(format!("{event:?}"));
        }
    }

    #[test]
    fn texts_that_quote_a_server_have_no_secret_of_its_own_connection() {
        let log = Arc::new(ProcessLog::new(LogLimits::default(), Arc::new(|| SystemTime::UNIX_EPOCH)));
        let heard = Arc::new(Heard::default());
        let connection = |secret: &str| {
            let redactor = Arc::new(Redactor::of_values([&SecretString::from(secret)]));
            Listening::before(heard.clone(), Arc::clone(&log), redactor)
        };
        let (first, _second) = (connection("sesame-of-ann"), connection("sesame-of-ben"));
        first.event(PeerEvent::Oddity("no message: sesame-of-ann".to_owned()));
        first.event(PeerEvent::Closed { reason: "the server said sesame-of-ann".to_owned() });
        let heard = heard.0.lock().unwrap().clone();
        assert_eq!(heard.len(), 2);
        for text in heard {
            assert!(text.contains("[redacted]") && !text.contains("sesame"), "{text}");
        }
    }

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
