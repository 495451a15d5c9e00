//! The handshake over HTTP, at first and whenever the server has forgotten us.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use orch_mcp::codec;
use orch_mcp::id::RequestId;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::{Message, Response};
use orch_mcp::peer::{EraChoice, PeerError, PeerEvent};

use crate::error::ConnectError;
use crate::excerpt::Secrets;
use crate::hello;
use crate::http::discover;
use crate::http::exchange::{Outgoing, Replay, exchange};
use crate::http::messages::{Heard, Messages, ReadError};
use crate::http::refusal::{Verdict, judge};
use crate::http::session::{SESSION_ID, Session};
use crate::http::shared::Shared;

const INITIALIZED: &str = "notifications/initialized";

/// Comes back with a session that is not in use yet, in the era that was wished for or the newer one that the server
/// speaks.
pub(super) async fn run(shared: &Shared) -> Result<(Session, ServerHello), ConnectError> {
    if shared.connection.era != EraChoice::Legacy
        && let Some(modern) = discover::run(shared).await?
    {
        return Ok(modern);
    }
    if shared.connection.era == EraChoice::Modern {
        return Err(ConnectError::OtherEra { wanted: "2026-07-28" });
    }
    legacy(shared).await
}

async fn legacy(shared: &Shared) -> Result<(Session, ServerHello), ConnectError> {
    let id = shared.next_id();
    let params = hello::initialize_params(&shared.identity, &shared.connection.declared);
    let body = codec::encode_request(&RequestId::from_number(id), "initialize", Some(&params));
    let base = &shared.endpoint.headers;
    let outgoing = Outgoing { method: Method::POST, headers: base, body, replay: Replay::Harmless };
    let answer = exchange(shared, &outgoing).await?;
    let session_id = answer.headers.get(SESSION_ID).cloned();
    let status = answer.status;
    let mut messages = match judge(shared, answer, base).await {
        Verdict::Messages(messages) => messages,
        Verdict::Nothing | Verdict::SessionLost => {
            return Err(ConnectError::Unusable { reason: "the server did not answer initialize".to_owned() });
        }
        Verdict::Refused(error) => {
            let error = refused(shared, error);
            return Err(match status {
                StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                    ConnectError::NotHere { reason: error.to_string() }
                }
                _ => error,
            });
        }
    };
    let response = response(shared, &mut messages, id).await?;
    messages.release(&shared.pool);
    let hello = hello::read(response.outcome).map_err(|error| match error {
        ConnectError::Refused(error) => refused(shared, PeerError::Rpc(error)),
        other => other,
    })?;
    let generation = shared.session.load().generation + 1;
    let session = Session::new(generation, base, hello.revision, session_id.map(checked).transpose()?);
    initialized(shared, &session).await?;
    Ok((session, hello))
}

pub(super) async fn response(shared: &Shared, messages: &mut Messages, id: u64) -> Result<Response, ConnectError> {
    let unusable = |reason: &str| ConnectError::Unusable { reason: reason.to_owned() };
    loop {
        let heard = messages.next().await.map_err(|error| match error {
            ReadError::Broken => unusable("the connection was lost before the answer to initialize"),
            ReadError::Protocol(reason) => ConnectError::Unusable { reason },
        })?;
        match heard.ok_or_else(|| unusable("the server did not answer initialize"))? {
            Heard::Message(Message::Response(response))
                if response.id.as_ref().is_none_or(|it| it.as_number() == Some(id)) =>
            {
                return Ok(response);
            }
            Heard::Message(Message::Notification(notification)) => {
                shared.sink.event(PeerEvent::Notification(notification));
            }
            // There is no session yet in which it could be answered.
            Heard::Message(other) => shared.oddities.report(|| format!("in the handshake came {}", kind(&other))),
            Heard::Oddity(oddity) if oddity.answers(id) => return Err(ConnectError::Unusable { reason: oddity.text }),
            Heard::Oddity(oddity) => shared.oddities.report(|| oddity.text),
        }
    }
}

async fn initialized(shared: &Shared, session: &Session) -> Result<(), ConnectError> {
    let body: Bytes = codec::encode_notification(INITIALIZED, None);
    let outgoing = Outgoing { method: Method::POST, headers: &session.post, body, replay: Replay::Harmless };
    let answer = exchange(shared, &outgoing).await?;
    match judge(shared, answer, &session.post).await {
        Verdict::Nothing => Ok(()),
        Verdict::Messages(messages) => {
            messages.release(&shared.pool);
            Ok(())
        }
        Verdict::SessionLost => {
            Err(ConnectError::Unusable { reason: "the server forgot its session at once".to_owned() })
        }
        Verdict::Refused(PeerError::Unauthorized { status }) => Err(ConnectError::Unauthorized { status }),
        Verdict::Refused(error) => {
            let reason = format!("the server refused {INITIALIZED}: {error}");
            Err(ConnectError::Unusable { reason: hide(shared, reason) })
        }
    }
}

/// Visible ASCII, as the specification has it; anything else cannot be sent back.
fn checked(id: HeaderValue) -> Result<HeaderValue, ConnectError> {
    if !id.is_empty() && id.as_bytes().iter().all(|byte| (0x21..=0x7e).contains(byte)) {
        Ok(id)
    } else {
        Err(ConnectError::Unusable { reason: "the server gave a session id that cannot be sent back".to_owned() })
    }
}

fn refused(shared: &Shared, error: PeerError) -> ConnectError {
    match error {
        PeerError::Unauthorized { status } => ConnectError::Unauthorized { status },
        PeerError::Rpc(mut error) => {
            let message = hide(shared, error.message);
            error.message = crate::excerpt::excerpt(message.as_bytes());
            error.data = None;
            ConnectError::Refused(error)
        }
        PeerError::Closed { reason } | PeerError::Protocol { reason } | PeerError::Busy { reason, .. } => {
            ConnectError::Unusable { reason }
        }
    }
}

fn hide(shared: &Shared, text: String) -> String {
    let values = shared.endpoint.headers.values().filter(|value| value.is_sensitive());
    Secrets::new(values.filter_map(|value| value.to_str().ok())).hide(text)
}

fn kind(message: &Message) -> &'static str {
    match message {
        Message::Request(_) => "a request of the server",
        Message::Notification(_) => "a notification",
        Message::Response(_) => "a response to something else",
    }
}
