//! Our half of the legacy handshake, on whatever transport: what we say and how the answer is judged.

use orch_mcp::capabilities;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::{BadHello, ClientHello, ServerHello};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;

use crate::config::ClientIdentity;
use crate::error::ConnectError;

/// The params of `initialize`. Nothing is declared but what the client behind the connection declared.
pub(crate) fn initialize_params(identity: &ClientIdentity, declared: &Declared) -> Raw {
    ClientHello {
        protocol_version: Revision::LATEST_LEGACY.as_str().to_owned(),
        capabilities: capabilities::for_legacy(&declared.capabilities),
        client_info: declared.info.clone().unwrap_or_else(|| identity.implementation()),
    }
    .write()
}

/// Judges the answer to `initialize`. The hello keeps nothing of the buffer alive that the answer came in.
pub(crate) fn read(outcome: Result<Raw, RpcError>) -> Result<ServerHello, ConnectError> {
    let result = outcome.map_err(ConnectError::Refused)?;
    let result = Raw::parse(bytes::Bytes::copy_from_slice(result.as_bytes()))
        .map_err(|error| ConnectError::MalformedHello { what: error.to_string() })?;
    ServerHello::read(&result).map_err(|bad| match bad {
        BadHello::Malformed(what) => ConnectError::MalformedHello { what },
        BadHello::UnknownVersion(version) => {
            ConnectError::UnknownVersion { version: crate::excerpt::excerpt(version.as_bytes()) }
        }
    })
}
