//! Finding out whether a server over HTTP speaks the modern era. Always with `server/discover`, which no legacy server
//! takes for something else.

use http::{Method, StatusCode};
use orch_mcp::codec;
use orch_mcp::error::code;
use orch_mcp::id::RequestId;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::{Message, MethodName, Response};
use orch_mcp::modern;
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;

use crate::error::ConnectError;
use crate::http::exchange::{Outgoing, Replay, exchange};
use crate::http::messages::{Heard, Messages, ReadError};
use crate::http::refusal::{Verdict, judge};
use crate::http::session::Session;
use crate::http::shared::Shared;

/// None when the server is a legacy one. What says nothing about the era is an error.
pub(super) async fn run(shared: &Shared) -> Result<Option<(Session, ServerHello)>, ConnectError> {
    let generation = shared.session.load().generation + 1;
    let session = Session::modern(generation, &shared.endpoint.headers, Revision::V2026_07_28);
    // A server may refuse a version and name the same one in its refusal.
    for _ in 0..2 {
        let id = shared.next_id();
        let request = PeerRequest::new(MethodName::from_static("server/discover"), None);
        let params = shared.modern_params(None, &request, None);
        let body = codec::encode_request(&RequestId::from_number(id), request.method.as_str(), Some(&params));
        let headers = session.of_request(&request, &params).into_owned();
        let outgoing = Outgoing { method: Method::POST, headers: &headers, body, replay: Replay::Harmless };
        let answer = exchange(shared, &outgoing).await?;
        let status = answer.status;
        let error = match judge(shared, answer, &headers).await {
            Verdict::Messages(mut messages) => {
                let Some(response) = response(shared, &mut messages, id).await? else { return Ok(None) };
                messages.release(&shared.pool);
                match response.outcome {
                    Ok(result) => {
                        let result = Raw::parse(bytes::Bytes::copy_from_slice(result.as_bytes())).ok();
                        return Ok(result
                            .and_then(|result| modern::read_discover(&result))
                            .map(|hello| (session, hello)));
                    }
                    Err(error) => error,
                }
            }
            Verdict::Refused(PeerError::Rpc(error)) if !is_trouble(status) || error.code != code::INTERNAL => error,
            Verdict::Refused(PeerError::Unauthorized { status }) => return Err(ConnectError::Unauthorized { status }),
            Verdict::Refused(PeerError::Busy { reason, .. }) => return Err(ConnectError::Unusable { reason }),
            Verdict::Refused(error) if is_trouble(status) => {
                return Err(ConnectError::Unusable { reason: error.to_string() });
            }
            Verdict::Nothing | Verdict::SessionLost | Verdict::Refused(_) => return Ok(None),
        };
        if !modern::is_modern_error(&error) {
            return Ok(None);
        }
        if !modern::offers_ours(&error) {
            return Ok(None);
        }
    }
    Err(ConnectError::Unusable { reason: "the server refuses the version that it offers".to_owned() })
}

/// Whether a status is of a server, or of something before it, that is in trouble at this moment. It says nothing about
/// the era, unless the server itself says more.
fn is_trouble(status: StatusCode) -> bool {
    (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
        || matches!(status, StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::REQUEST_TIMEOUT)
}

/// The answer to the probe; None when there is something else, as of a server that does not understand it.
async fn response(shared: &Shared, messages: &mut Messages, id: u64) -> Result<Option<Response>, ConnectError> {
    loop {
        match messages.next().await {
            Ok(Some(Heard::Message(Message::Response(response))))
                if response.id.as_ref().is_none_or(|it| it.as_number() == Some(id)) =>
            {
                return Ok(Some(response));
            }
            Ok(Some(Heard::Message(Message::Notification(notification)))) => {
                shared.sink.event(PeerEvent::Notification(notification));
            }
            Ok(Some(Heard::Oddity(oddity))) if oddity.answers(id) => return Ok(None),
            Ok(Some(_)) => {}
            Ok(None) | Err(ReadError::Protocol(_)) => return Ok(None),
            Err(ReadError::Broken) => {
                let reason = "the connection was lost before the answer to server/discover".to_owned();
                return Err(ConnectError::Unusable { reason });
            }
        }
    }
}
