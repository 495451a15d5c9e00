//! From a reply to an HTTP response of this era: JSON with the status that the error asks for when the end comes
//! first, else an event stream. A client that leaves has cancelled: what drives the reply is what it reads.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use futures_util::{StreamExt, stream};
use orch_mcp::error::{RpcError, code};
use orch_mcp::id::RequestId;
use orch_mcp::message::MethodName;
use orch_mcp::modern::Stamp;
use orch_mcp::raw::Raw;
use orch_mcp::{codec, sse};
use orch_relay::reply::{Answer, Event, Reply};

use crate::mcp::accept::Accepts;
use crate::mcp::{McpConfig, respond as events};

/// What an answer has to be made like.
pub(super) struct Shape {
    pub(super) id: RequestId,
    pub(super) method: MethodName,
    /// `params.uri` of the request, for errors about it.
    pub(super) uri: Option<Raw>,
    pub(super) server_info: Option<Raw>,
}

pub(super) async fn respond(mut reply: Reply, shape: Shape, accepts: Accepts, config: &McpConfig) -> HttpResponse {
    let head = match accepts {
        Accepts::EventsOnly => None,
        Accepts::JsonOnly => return json_only(reply, &shape).await,
        Accepts::Both => {
            let patience = Duration::from_millis(config.commit_after_ms);
            match tokio::time::timeout(patience, reply.next()).await.ok().flatten() {
                Some(Event::End(answer)) => return shape.json(answer.into_inner()),
                Some(event) => shape.message(event),
                None => None,
            }
        }
    };
    let rest = stream::unfold((reply, shape), |(mut reply, shape)| async move {
        loop {
            let event = reply.next().await?;
            if let Some(message) = shape.message(event) {
                return Some((message, (reply, shape)));
            }
        }
    });
    let messages = stream::iter(head).chain(rest);
    events::events(
        messages.map(|message| sse::encode_message(None, &message)),
        Duration::from_secs(config.keep_alive_secs),
    )
}

async fn json_only(mut reply: Reply, shape: &Shape) -> HttpResponse {
    while let Some(event) = reply.next().await {
        if let Event::End(answer) = event {
            return shape.json(answer.into_inner());
        }
    }
    shape.json(Err(RpcError::new(code::INTERNAL, "the request was cancelled")))
}

impl Shape {
    fn json(&self, answer: Answer) -> HttpResponse {
        let status = match &answer {
            Ok(_) => StatusCode::OK,
            Err(error) => status(error.code),
        };
        HttpResponse::build(status).content_type("application/json").body(self.encode(answer))
    }

    /// None for what this client is not told.
    fn message(&self, event: Event) -> Option<Bytes> {
        match event {
            Event::Notification(notification) => {
                Some(codec::encode_notification(notification.method.as_str(), notification.params.as_ref()))
            }
            Event::End(answer) => Some(self.encode(answer.into_inner())),
            Event::Question(_) | Event::Cancelled => None,
        }
    }

    fn encode(&self, answer: Answer) -> Bytes {
        match answer {
            Ok(result) => {
                let stamp = Stamp { server_info: self.server_info.as_ref() };
                codec::encode_result(&self.id, &stamp.apply(&self.method.known(), result))
            }
            Err(error) => codec::encode_error(Some(&self.id), &self.error(error)),
        }
    }

    /// A legacy server's own codes in the words of this era.
    fn error(&self, mut error: RpcError) -> RpcError {
        if error.code == code::RESOURCE_NOT_FOUND {
            error.code = code::INVALID_PARAMS;
            if error.data.is_none()
                && let Some(uri) = &self.uri
            {
                error.data = Some(orch_mcp::object::build([("uri", uri)]));
            }
        }
        error
    }
}

/// The status of an error that comes before anything else.
const fn status(code: i64) -> StatusCode {
    match code {
        code::HEADER_MISMATCH | code::MISSING_CAPABILITY | code::UNSUPPORTED_VERSION => StatusCode::BAD_REQUEST,
        code::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}
