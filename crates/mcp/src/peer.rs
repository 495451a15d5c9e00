//! The port to a live peer: one connection to an upstream server, after its handshake.

use std::future::Future;
use std::pin::Pin;

use futures_core::Stream;

use crate::error::RpcError;
use crate::initialize::ServerHello;
use crate::message::{MethodName, Notification};
use crate::raw::Raw;

/// A connected upstream. Owns ids, progress tokens and framing toward it; none of these are seen outside.
pub trait Peer: Send + Sync {
    /// What the upstream said in the handshake.
    fn hello(&self) -> &ServerHello;

    /// Sends a request; nothing happens before the stream is polled. The stream ends with exactly one
    /// [`ReplyItem::End`]. Dropping it earlier cancels the request upstream.
    fn send(&self, request: PeerRequest) -> ReplyStream;

    /// Sends a notification, in order with requests of the same caller.
    fn notify(&self, method: MethodName, params: Option<Raw>) -> PeerFuture<'_, Result<(), PeerError>>;

    /// The connection is over, or was closed; a new peer is needed.
    fn is_closed(&self) -> bool;

    /// Ends the connection in good order; requests in flight end with [`PeerError::Closed`]. For a child process
    /// this is when it is gone.
    fn close(&self) -> PeerFuture<'_, ()>;

    /// The process behind the peer, where there is one.
    fn pid(&self) -> Option<u32> {
        None
    }
}

pub type PeerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub type ReplyStream = Pin<Box<dyn Stream<Item = ReplyItem> + Send>>;

/// A request to an upstream.
#[derive(Debug, Clone)]
pub struct PeerRequest {
    pub method: MethodName,
    /// Without hop-by-hop members, see [`crate::meta::take_hop`].
    pub params: Option<Raw>,
    /// Whether the peer shall ask for progress, and hand it on.
    pub progress: bool,
}

/// What comes back for one request.
#[derive(Debug)]
pub enum ReplyItem {
    /// A progress notification: its params without `progressToken`.
    Progress(Raw),
    /// Another notification that belongs to this request with certainty.
    Notification(Notification),
    End(Result<Raw, PeerError>),
}

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The upstream's own error, end-to-end.
    #[error("the server answered with error {}: {}", .0.code, .0.message)]
    Rpc(RpcError),
    /// The connection ended before the answer; `reason` says how, without secrets.
    #[error("{reason}")]
    Closed { reason: String },
    /// The upstream broke the protocol in its answer to this request.
    #[error("{reason}")]
    Protocol { reason: String },
    /// The upstream is over a limit of ours, or a queue of ours is full.
    #[error("{reason}")]
    Busy { reason: String },
    /// The upstream did not accept our credentials. Its challenge is never relayed.
    #[error("the server refused our credentials (HTTP {status})")]
    Unauthorized { status: u16 },
}

/// Takes what an upstream sends on its own account. Called in the order of arrival; must not block.
pub trait PeerSink: Send + Sync {
    fn event(&self, event: PeerEvent);
}

#[derive(Debug)]
pub enum PeerEvent {
    /// A notification that belongs to no request: a list changed, a resource was updated, a log message.
    Notification(Notification),
    /// The connection ended by itself.
    Closed { reason: String },
    /// Something that is no message, or a message that fits nothing; for the server's log.
    Oddity(String),
}
