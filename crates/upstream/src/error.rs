//! Why a connection could not be made. Every text here may be shown to people: no secret, no header value, and of a
//! URL neither user nor query.

use std::net::IpAddr;
use std::time::Duration;

use orch_mcp::error::RpcError;
use orch_supervisor::{ExitReason, LaunchError};

use crate::address::BlockedAddress;

/// Why there is no peer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("the command `{command}` was not found")]
    CommandNotFound { command: String },
    #[error("cannot start the command: {0}")]
    Launch(#[source] LaunchError),
    /// What it had to say about that is in the server's log, for those who may read it.
    #[error("{how} before answering initialize")]
    Exited { how: ExitReason },
    #[error("{reason} before answering initialize")]
    Ended { reason: String },
    #[error("did not answer initialize within {}", seconds(*.after))]
    Silent { after: Duration },
    /// The lines themselves are in the server's log.
    #[error("did not answer initialize within {}, and wrote {lines} lines that are no messages", seconds(*.after))]
    OnlyRubbish { after: Duration, lines: u64 },
    #[error("answered initialize with error {}: {}", .0.code, .0.message)]
    Refused(RpcError),
    /// The server does not take `initialize` at this URL. An older one may speak HTTP+SSE there.
    #[error("{reason}")]
    NotHere { reason: String },
    #[error("speaks protocol version {version}, which is unknown here")]
    UnknownVersion { version: String },
    #[error("does not speak {wanted}, which its configuration asks for")]
    OtherEra { wanted: &'static str },
    #[error("the result of initialize is malformed: {what}")]
    MalformedHello { what: String },
    #[error("the URL cannot be used: {why}")]
    InvalidUrl { why: String },
    #[error("the header `{name}` cannot be used: {why}")]
    InvalidHeader { name: String, why: &'static str },
    #[error(transparent)]
    Unreachable(#[from] DialError),
    #[error("refused our credentials (HTTP {status})")]
    Unauthorized { status: u16 },
    /// The server answers, but not as one that can be used.
    #[error("{reason}")]
    Unusable { reason: String },
}

/// Why no connection to an HTTP server was made.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// It was not tried, as it has failed again and again.
    #[error(
        "{host}:{port} has failed {failures} times in a row and is tried again in {}: {last}",
        seconds(whole(*.again_in))
    )]
    Resting { host: String, port: u16, failures: u32, again_in: Duration, last: String },
    #[error("cannot resolve the host name {host}: {why}")]
    Resolve { host: String, why: String },
    #[error("{host}:{port} has the address {address}, which is not allowed: {why}")]
    Blocked { host: String, port: u16, address: IpAddr, why: BlockedAddress },
    #[error("cannot connect to {host}:{port}: {why}")]
    Connect { host: String, port: u16, why: String },
    #[error("cannot reach {host}:{port} through the proxy: {why}")]
    Proxy { host: String, port: u16, why: String },
    #[error("cannot agree on TLS with {host}:{port}: {why}")]
    Tls { host: String, port: u16, why: String },
    #[error("cannot connect to {host}:{port} within {}", seconds(*.after))]
    Timeout { host: String, port: u16, after: Duration },
}

/// Rounded up: whoever comes back then comes late enough.
fn whole(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}

/// Whole seconds where possible, as people say them.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
