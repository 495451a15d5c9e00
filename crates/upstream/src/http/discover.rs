//! Finding out whether a server over HTTP speaks the modern era. Always with `server/discover`, which no legacy server
//! takes for something else.

use http::Method;
use orch_mcp::codec;
use orch_mcp::id::RequestId;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::modern;
use orch_mcp::peer::{PeerError, PeerRequest};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;

use crate::error::ConnectError;
use crate::http::exchange::{Outgoing, Replay, exchange};
use crate::http::handshake;
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
        let error = match judge(shared, answer, &headers).await {
            Verdict::Messages(mut messages) => {
                let Ok(response) = handshake::response(shared, &mut messages, id).await else { return Ok(None) };
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
            Verdict::Refused(PeerError::Rpc(error)) => error,
            Verdict::Refused(PeerError::Unauthorized { status }) => return Err(ConnectError::Unauthorized { status }),
            Verdict::Refused(PeerError::Busy { reason }) => return Err(ConnectError::Unusable { reason }),
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
