//! Answers to what a server asks of us. No client capability is declared, so only `ping` has a result; a request of
//! the server is never taken to a client here.

use bytes::Bytes;
use orch_mcp::codec;
use orch_mcp::error::RpcError;
use orch_mcp::message::Request;
use orch_mcp::method::Method;
use orch_mcp::raw::Raw;

/// The encoded response.
pub(crate) fn answer(request: &Request) -> Bytes {
    match request.method.known() {
        Method::Ping => codec::encode_result(&request.id, &Raw::from_static("{}")),
        other => {
            let name = crate::excerpt::excerpt(other.as_str().as_bytes());
            codec::encode_error(Some(&request.id), &RpcError::method_not_found(&name))
        }
    }
}
