//! Batches of revision 2025-03-26: each entry its own request.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future;
use futures_util::stream::{self, SelectAll};
use orch_mcp::codec::{self, Malformed};
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::Message;
use orch_mcp::method::Method;
use orch_mcp::revision::Revision;
use orch_mcp::sse;

use super::request::Setting;
use super::session::Session;
use super::{notification, request};
use crate::mcp::accept::Accepts;
use crate::mcp::endpoint::Entry;
use crate::mcp::{McpEndpoints, refusal, respond};

pub(super) async fn handle(
    entry: &Entry,
    session: &Arc<Session>,
    accepts: Accepts,
    entries: Vec<Result<Message, Malformed>>,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    if let Err(refused) = check(session, &entries) {
        return refused;
    }
    // What has its answer already.
    let mut answered = Vec::new();
    let mut running = SelectAll::new();
    for message in entries {
        match message {
            Ok(Message::Request(message)) => {
                let id = message.id.clone();
                if let Some(setting) = Setting::of(&message) {
                    let made = setting.make(entry, session, &message, endpoints).await;
                    answered.push(made.unwrap_or_else(|error| codec::encode_error(Some(&id), &error)));
                    continue;
                }
                match request::start(entry.clone(), session, accepts, message, endpoints) {
                    Ok(exchange) => {
                        let log = session.open_stream();
                        exchange.drive(None, Arc::clone(&log));
                        running.push(log.messages(1).boxed());
                    }
                    Err(not_taken) => answered.push(codec::encode_error(Some(&id), &request::refused(not_taken))),
                }
            }
            Ok(Message::Notification(message)) => notification::handle(session, &message),
            Ok(Message::Response(response)) => session.asked.answer(response),
            Err(malformed) => answered.push(codec::encode_error(malformed.id.as_ref(), &malformed.error)),
        }
    }
    if running.is_empty() && answered.is_empty() {
        return HttpResponse::Accepted().finish();
    }
    let messages = stream::iter(answered).chain(running);
    if accepts == Accepts::JsonOnly {
        return array(messages.filter(|message| future::ready(is_answer(message))).collect().await);
    }
    let keep_alive = std::time::Duration::from_secs(endpoints.config.keep_alive_secs);
    respond::events(messages.map(|message| sse::encode_message(None, &message)), keep_alive)
}

/// Whether the client of the session may send this batch.
pub(super) fn check(session: &Session, entries: &[Result<Message, Malformed>]) -> Result<(), HttpResponse> {
    if session.client.revision > Revision::V2025_03_26 {
        let text = format!("batches are not part of revision {}", session.client.revision);
        return Err(refusal::bad_request(None, code::INVALID_REQUEST, &text));
    }
    let shakes = |entry: &Result<Message, Malformed>| matches!(entry, Ok(Message::Request(request)) if request.method.known() == Method::Initialize);
    if entries.iter().any(shakes) {
        return Err(refusal::bad_request(None, code::INVALID_REQUEST, "initialize must not be part of a batch"));
    }
    Ok(())
}

fn is_answer(message: &Bytes) -> bool {
    matches!(codec::decode(message), Ok(codec::Incoming::Single(Message::Response(_))))
}

/// The answers as a batch. A client that takes no events gets no notifications, which are no answers.
fn array(answers: Vec<Bytes>) -> HttpResponse {
    if answers.is_empty() {
        let error = RpcError::new(code::INTERNAL, "every request of the batch was cancelled");
        return refusal::rpc(StatusCode::OK, None, &error);
    }
    let mut body = BytesMut::new();
    for (index, answer) in answers.iter().enumerate() {
        body.extend_from_slice(if index == 0 { b"[" } else { b"," });
        body.extend_from_slice(answer);
    }
    body.extend_from_slice(b"]");
    HttpResponse::Ok().content_type("application/json").body(body)
}
