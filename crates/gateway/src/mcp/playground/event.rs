//! What is said about a call over REST, as server-sent events: the name is the `type`, the data is the whole in JSON.

use actix_web::web::Bytes;
use orch_mcp::error::RpcError;
use orch_mcp::message::Notification;
use orch_mcp::method;
use orch_mcp::object;
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;
use orch_relay::reply::Answer;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// One event of a call: `started` first, then what happens, then exactly one of `result`, `error` and `cancelled`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = CallEvent)]
pub enum CallEventView {
    /// The call is under way; its id is for answers and for cancelling.
    Started {
        /// The id of the call.
        call: Uuid,
    },
    /// How far it is.
    Progress {
        /// Grows from event to event.
        progress: f64,
        /// What it grows to; null when that is not known.
        #[schema(required = true)]
        total: Option<f64>,
        /// What is being done, for people.
        #[schema(required = true)]
        message: Option<String>,
    },
    /// A log message of the server about this call.
    Log {
        /// `debug` to `emergency`, as in the protocol.
        level: String,
        /// The part of the server that says it.
        #[schema(required = true)]
        logger: Option<String>,
        /// What it says: a text or any JSON.
        #[schema(value_type = serde_json::Value)]
        data: Box<RawValue>,
    },
    /// Another notification that belongs to the call.
    Notification {
        /// As in the protocol.
        method: String,
        /// As the server sent them.
        #[schema(required = true, value_type = Option<Object>)]
        params: Option<Box<RawValue>>,
    },
    /// The server asks: `sampling/createMessage`, `elicitation/create` or `roots/list`. Answer with `create_answer`.
    Question {
        /// Its number, for the answer.
        question: u64,
        /// What is asked for.
        method: String,
        /// As the server sent them.
        #[schema(required = true, value_type = Option<Object>)]
        params: Option<Box<RawValue>>,
    },
    /// The server does not want an answer to that question any more.
    Withdrawn {
        /// The number of the question.
        question: u64,
    },
    /// It ended with a result, which may say of itself that the tool failed.
    Result {
        /// As the server sent it.
        #[schema(value_type = Object)]
        result: Box<RawValue>,
        /// How long it took, in milliseconds.
        duration_ms: f64,
    },
    /// A JSON-RPC error, of the server or of ours.
    Error {
        /// Of JSON-RPC.
        code: i64,
        /// For people.
        message: String,
        /// More about it; of ours `gateway.reason` says which error it is.
        #[schema(required = true, value_type = Option<serde_json::Value>)]
        data: Option<Box<RawValue>>,
        /// How long it took, in milliseconds.
        duration_ms: f64,
    },
    /// Somebody cancelled it.
    Cancelled {
        /// How long it took, in milliseconds.
        duration_ms: f64,
    },
}

impl CallEventView {
    pub(super) fn question(number: u64, question: &Question) -> Self {
        Self::Question {
            question: number,
            method: question.method.as_str().to_owned(),
            params: question.params.as_ref().and_then(value),
        }
    }

    pub(super) fn notification(notification: &Notification) -> Self {
        let method = notification.method.as_str();
        let params = notification.params.as_ref();
        let member = |name| params.and_then(|params| object::member(params, name));
        let text = |name| params.and_then(|params| object::string(params, name));
        let number = |name| member(name).and_then(|number| number.read::<f64>().ok());
        match (method, number("progress"), member("data").as_ref().and_then(value)) {
            ("notifications/progress", Some(progress), _) => {
                Self::Progress { progress, total: number("total"), message: text("message") }
            }
            (method::LOG_MESSAGE, _, Some(data)) => {
                Self::Log { level: text("level").unwrap_or_else(|| "info".to_owned()), logger: text("logger"), data }
            }
            _ => Self::Notification { method: method.to_owned(), params: params.and_then(value) },
        }
    }

    pub(super) fn end(answer: Answer, duration_ms: f64) -> Self {
        let error = match answer.map(|result| value(&result)) {
            Ok(Some(result)) => return Self::Result { result, duration_ms },
            Ok(None) => RpcError::new(orch_mcp::error::code::INTERNAL, "the result is no JSON"),
            Err(error) => error,
        };
        let RpcError { code, message, data } = error;
        Self::Error { code, message, data: data.as_ref().and_then(value), duration_ms }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Progress { .. } => "progress",
            Self::Log { .. } => "log",
            Self::Notification { .. } => "notification",
            Self::Question { .. } => "question",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Result { .. } => "result",
            Self::Error { .. } => "error",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    pub(super) fn encode(&self) -> Bytes {
        let data = serde_json::to_string(self).unwrap_or_default();
        Bytes::from(format!("event: {}\ndata: {data}\n\n", self.name()))
    }
}

/// The same JSON on one line, as a line break would end the event's data.
fn value(raw: &Raw) -> Option<Box<RawValue>> {
    RawValue::from_string(raw.on_one_line().as_str().to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use orch_mcp::message::{MethodName, Notification};
    use orch_mcp::raw::Raw;

    use super::CallEventView;

    #[test]
    fn keeps_numbers_as_they_are_and_lines_whole() {
        let result = Raw::from_static("{\"a\":\n 12345678901234567890123}");
        let event = CallEventView::end(Ok(result), 1.5).encode();
        let expected = "event: result\ndata: {\"type\":\"result\",\"result\":{\"a\":  12345678901234567890123},\"duration_ms\":1.5}\n\n";
        assert_eq!(event, expected);
    }

    #[test]
    fn reads_progress_and_log_and_passes_the_rest() {
        let event = |method, params| {
            let params = Some(Raw::from_static(params));
            CallEventView::notification(&Notification { method: MethodName::from_static(method), params }).name()
        };
        assert_eq!(event("notifications/progress", r#"{"progressToken":1,"progress":2}"#), "progress");
        assert_eq!(event("notifications/progress", r#"{"progressToken":1}"#), "notification");
        assert_eq!(event("notifications/message", r#"{"level":"info","data":"x"}"#), "log");
        assert_eq!(event("notifications/other", "{}"), "notification");
    }
}
