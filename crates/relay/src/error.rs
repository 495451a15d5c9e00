//! Why a request has no result, and what is said about it on the wire and on the record.

use std::time::Duration;

use orch_domain::call::Outcome;
use orch_domain::port::call_log::CallLogError;
use orch_domain::refusal::Reason;
use orch_mcp::error::{RpcError, code};
use orch_mcp::object;
use orch_mcp::peer::PeerError;
use orch_mcp::revision::Revision;

use crate::limits::Limited;

/// What the server said breaks the protocol.
pub(crate) const UPSTREAM_PROTOCOL: &str = "upstream_protocol";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing of that name is there for this principal.
    #[error("unknown {what}: {name}")]
    Unknown { what: &'static str, name: String },
    /// Legacy clients know a code of its own for this.
    #[error("resource not found: {uri}")]
    UnknownResource { uri: String },
    #[error("{0}")]
    InvalidParams(String),
    #[error("method not found: {0}")]
    MethodNotFound(String),
    /// The server cannot be started or reached.
    #[error("server {server} is not available: {reason}")]
    Unavailable { server: String, reason: String },
    /// The connection ended before the answer did, or was not there when it was needed.
    #[error("server {server} is not available: {reason}")]
    Disconnected { server: String, reason: String },
    /// It did not accept our credentials.
    #[error("server {server} is not available: {reason}")]
    Unauthorized { server: String, reason: String },
    /// It answered with what is none.
    #[error("server {server} is not available: {reason}")]
    Broken { server: String, reason: String },
    #[error("server {server} did not answer within {seconds} s")]
    Timeout { server: String, seconds: u64 },
    /// A limit on the connections to the server, or on what waits for it.
    #[error("server {server} is busy: {reason}")]
    Busy { server: String, reason: String },
    /// The server itself has too much to do; it may have said for how long.
    #[error("server {server} is busy: {reason}")]
    Overloaded { server: String, reason: String, retry_after: Option<Duration> },
    /// One of the limits that admins set.
    #[error("{0}")]
    Limited(Limited),
    /// It needed somebody's approval.
    #[error("the call needs an approval: {0}")]
    NotApproved(Unapproved),
    /// The server answered with an error, which is the answer.
    #[error("{}", .0.message)]
    Upstream(RpcError),
    #[error("access has ended")]
    AccessEnded,
    /// Nothing was done about it.
    #[error("the daemon is stopping; send the request again in a moment")]
    Stopping,
    /// The server had it when the daemon stopped.
    #[error("the daemon stopped before the call ended; it may have been done in part")]
    CutOff,
    #[error("the call cannot be recorded: {0}")]
    NotRecorded(#[from] CallLogError),
}

/// Why nobody's consent has let a call go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unapproved {
    #[error("it was denied")]
    Denied,
    #[error("the user did not confirm it")]
    Declined,
    #[error("nobody approved it in time")]
    Expired,
    #[error("nobody is there to approve it")]
    NoApprover,
    #[error("it is not allowed any more")]
    NotAnyMore,
}

impl CallError {
    pub(crate) fn from_peer(server: &str, error: PeerError) -> Self {
        match error {
            PeerError::Rpc(error) => Self::Upstream(error),
            PeerError::Busy { reason, retry_after } => {
                Self::Overloaded { server: server.to_owned(), reason, retry_after }
            }
            PeerError::Closed { reason } => Self::Disconnected { server: server.to_owned(), reason },
            PeerError::Protocol { reason } => Self::Broken { server: server.to_owned(), reason },
            unauthorized @ PeerError::Unauthorized { .. } => {
                Self::Unauthorized { server: server.to_owned(), reason: unauthorized.to_string() }
            }
        }
    }

    /// The one place where these become JSON-RPC errors.
    #[must_use]
    pub fn to_rpc(&self, revision: Revision) -> RpcError {
        #[derive(serde::Serialize)]
        struct Uri<'a> {
            uri: &'a str,
        }
        let text = self.to_string();
        match self {
            Self::Upstream(error) => in_words_of(revision, error),
            Self::Unknown { .. } | Self::InvalidParams(_) => RpcError::invalid_params(text),
            Self::UnknownResource { uri } => {
                let code = if revision.is_legacy() { code::RESOURCE_NOT_FOUND } else { code::INVALID_PARAMS };
                RpcError::new(code, text).with_data(&Uri { uri })
            }
            Self::MethodNotFound(_) => RpcError::new(code::METHOD_NOT_FOUND, text),
            Self::Unavailable { .. } => RpcError::gateway("upstream_unavailable", text),
            Self::Disconnected { .. } => RpcError::gateway("upstream_disconnected", text),
            Self::Unauthorized { .. } => RpcError::gateway("upstream_auth", text),
            Self::Broken { .. } => RpcError::gateway(UPSTREAM_PROTOCOL, text),
            Self::Timeout { .. } => RpcError::gateway("upstream_timeout", text),
            Self::Busy { .. } => RpcError::gateway("limit", text),
            Self::Overloaded { retry_after, .. } => RpcError::busy(text, *retry_after),
            Self::Limited(limited) => RpcError::limited(text, limited.retry_after),
            Self::NotApproved(_) => RpcError::gateway("not_approved", text),
            Self::AccessEnded => RpcError::gateway("access_ended", text),
            Self::Stopping | Self::CutOff => RpcError::gateway("stopping", text),
            Self::NotRecorded(error) => {
                tracing::error!(error = %error, "a call was refused because it cannot be recorded");
                RpcError::gateway("record_unavailable", "the call cannot be recorded, so it is refused")
            }
        }
    }

    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.ending() {
            Ending::Refused(reason) => reason.outcome(),
            Ending::Otherwise(outcome) => outcome,
        }
    }

    /// Why the call is refused, if it is, as far as the error knows.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self.ending() {
            Ending::Refused(reason) => Some(reason),
            Ending::Otherwise(_) => None,
        }
    }

    const fn ending(&self) -> Ending {
        Ending::Refused(match self {
            Self::Upstream(error) => return Ending::Otherwise(Outcome::RpcError(error.code)),
            Self::Unavailable { .. } | Self::Disconnected { .. } | Self::Unauthorized { .. } | Self::Broken { .. } => {
                return Ending::Otherwise(Outcome::Unavailable);
            }
            Self::Timeout { .. } => return Ending::Otherwise(Outcome::Timeout),
            Self::AccessEnded => return Ending::Otherwise(Outcome::Abandoned),
            Self::Stopping | Self::CutOff => return Ending::Otherwise(Outcome::Stopping),
            Self::Unknown { .. } | Self::UnknownResource { .. } | Self::MethodNotFound(_) => Reason::Unknown,
            Self::InvalidParams(_) => Reason::InvalidParams,
            Self::NotApproved(Unapproved::Denied) => Reason::ApprovalDenied,
            Self::NotApproved(Unapproved::Declined) => Reason::ApprovalDeclined,
            Self::NotApproved(Unapproved::Expired) => Reason::ApprovalExpired,
            Self::NotApproved(Unapproved::NoApprover) => Reason::NoApprover,
            // What is not allowed any more is as if it were not there.
            Self::NotApproved(Unapproved::NotAnyMore) => Reason::Unknown,
            Self::NotRecorded(_) => Reason::RecordUnavailable,
            Self::Busy { .. } | Self::Overloaded { .. } => Reason::ServerBusy,
            Self::Limited(limited) => limited.what.reason(),
        })
    }
}

/// What becomes of a call that has no result.
enum Ending {
    Refused(Reason),
    Otherwise(Outcome),
}

fn in_words_of(revision: Revision, error: &RpcError) -> RpcError {
    // A modern client is asked by the edge, which knows whether it can be.
    if error.code == code::URL_ELICITATION_REQUIRED && revision.is_legacy() && revision != Revision::V2025_11_25 {
        return url_required(error);
    }
    if matches!(error.code, code::HEADER_MISMATCH | code::UNSUPPORTED_VERSION) {
        // The headers and the version toward the server are ours, so this is no fault of the client.
        let text = format!("the server refused the request: {}", error.message);
        return RpcError::gateway(UPSTREAM_PROTOCOL, text);
    }
    error.clone()
}

/// Only one revision has a code for "visit this URL first"; clients of others read where to go.
fn url_required(error: &RpcError) -> RpcError {
    let elicitations = error.data.as_ref().and_then(|data| object::member(data, "elicitations"));
    let elicitations = elicitations.and_then(|all| object::elements(&all)).unwrap_or_default();
    let urls: Vec<String> = elicitations.iter().filter_map(|one| object::string(one, "url")).collect();
    RpcError::new(code::INTERNAL, format!("{} Open this first, then try again: {}", error.message, urls.join(" ")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use orch_domain::call::Outcome;
    use orch_mcp::error::RpcError;
    use orch_mcp::peer::PeerError;
    use orch_mcp::raw::Raw;
    use orch_mcp::revision::Revision;

    use super::{CallError, UPSTREAM_PROTOCOL};

    fn told(revision: Revision, code: i64, data: &'static str) -> RpcError {
        let data = Raw::parse(Bytes::from_static(data.as_bytes())).ok();
        CallError::Upstream(RpcError { code, message: "sign in.".to_owned(), data }).to_rpc(revision)
    }

    #[test]
    fn each_revision_hears_in_its_words_that_a_url_is_to_be_opened() {
        let data = r#"{"elicitations":[{"mode":"url","url":"https://a/b","elicitationId":"1"}]}"#;
        assert_eq!(told(Revision::V2025_11_25, -32042, data).code, -32042);
        assert_eq!(told(Revision::V2026_07_28, -32042, data).code, -32042);
        let old = told(Revision::V2025_06_18, -32042, data);
        assert_eq!((old.code, old.message.contains("https://a/b")), (-32603, true));
    }

    #[test]
    fn a_busy_server_is_worth_trying_again_when_it_says() {
        let busy = |retry_after| PeerError::Busy { reason: "HTTP 429".to_owned(), retry_after };
        let told = |retry_after| CallError::from_peer("a", busy(retry_after)).to_rpc(Revision::LATEST_LEGACY);
        let data = |error: &RpcError| error.data.as_ref().map(|data| data.as_str().to_owned()).unwrap_or_default();
        let later = told(Some(Duration::from_secs(7)));
        assert_eq!(data(&later), r#"{"gateway":{"reason":"upstream_busy"},"retryAfterMs":7000}"#);
        assert_eq!(later.retry_after(), None, "no limit of ours");
        assert_eq!(data(&told(None)), r#"{"gateway":{"reason":"upstream_busy"}}"#);
        assert_eq!(later.message, told(None).message);
    }

    #[test]
    fn how_a_server_failed_is_said() {
        let closed = PeerError::Closed { reason: "gone".to_owned() };
        let protocol = PeerError::Protocol { reason: "odd".to_owned() };
        for (error, reason) in [
            (closed, "upstream_disconnected"),
            (PeerError::Unauthorized { status: 401 }, "upstream_auth"),
            (protocol, UPSTREAM_PROTOCOL),
        ] {
            let error = CallError::from_peer("a", error);
            let told = error.to_rpc(Revision::LATEST_LEGACY).data.map(|data| data.as_str().to_owned());
            assert_eq!(told, Some(format!(r#"{{"gateway":{{"reason":"{reason}"}}}}"#)));
            assert_eq!(error.outcome(), Outcome::Unavailable);
        }
    }

    #[test]
    fn what_a_server_says_of_our_headers_is_no_fault_of_the_client() {
        assert_eq!(told(Revision::V2026_07_28, -32020, "{}").code, -32603);
        assert_eq!(told(Revision::V2025_11_25, -32022, r#"{"supported":[]}"#).code, -32603);
    }
}
