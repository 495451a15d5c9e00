//! Answers to what a server asks of us and nobody is asked: either only we can say, or nobody knows whose request it is
//! about. A request of the server is never taken to a client here.

use bytes::Bytes;
use orch_mcp::capabilities;
use orch_mcp::codec;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::message::Request;
use orch_mcp::method::Method;
use orch_mcp::raw::Raw;

use crate::questions;

/// The encoded response. `declared` is what the server was told that it may ask.
pub(crate) fn answer(request: &Request, declared: &Declared) -> Bytes {
    match request.method.known() {
        Method::Ping => codec::encode_result(&request.id, &Raw::from_static("{}")),
        Method::Other(method @ ("sampling/createMessage" | "elicitation/create"))
            if capabilities::covers(&declared.capabilities, method, request.params.as_ref()) =>
        {
            questions::unanswered(&request.id, method, "no associated client request")
        }
        other => {
            let name = crate::excerpt::excerpt(other.as_str().as_bytes());
            codec::encode_error(Some(&request.id), &RpcError::method_not_found(&name))
        }
    }
}
