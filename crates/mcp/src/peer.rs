//! The port to a live peer: one connection to an upstream server, after its handshake.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;

use crate::declared::Declared;
use crate::error::RpcError;
use crate::initialize::ServerHello;
use crate::level::LogLevel;
use crate::message::{MethodName, Notification};
use crate::question::Question;
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

    /// Wants the server's news of something, which come to the [`PeerSink`]. Held for as long as the peer lives, across
    /// lost sessions and streams. Wanting it twice is wanting it once.
    fn subscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>>;

    /// The opposite; of something that was never wanted it does nothing.
    fn unsubscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>>;

    /// The connection is over, or was closed; a new peer is needed.
    fn is_closed(&self) -> bool;

    /// Ends the connection in good order; requests in flight end with [`PeerError::Closed`]. For a child process
    /// this is when it is gone.
    fn close(&self) -> PeerFuture<'_, ()>;

    /// Whether arguments of tools are repeated in headers toward this server, so that a tool whose schema says so in a way
    /// that nobody can follow cannot be called.
    fn mirrors_arguments(&self) -> bool {
        false
    }

    /// The process behind the peer, where there is one.
    fn pid(&self) -> Option<u32> {
        None
    }
}

pub type PeerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub type ReplyStream = Pin<Box<dyn Stream<Item = ReplyItem> + Send>>;

/// Something at a server that can be followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A resource, by its URI: `notifications/resources/updated`.
    Resource(String),
    /// A task, by its id: `notifications/tasks`. No legacy server tells of any.
    Task(String),
}

/// A request to an upstream.
#[derive(Debug, Clone)]
pub struct PeerRequest {
    pub method: MethodName,
    /// Without hop-by-hop members, see [`crate::meta::take_hop`].
    pub params: Option<Raw>,
    /// Whether the peer shall ask for progress, and hand it on.
    pub progress: bool,
    /// Which log messages about this request are wanted; None for none. Only modern servers are told.
    pub log_level: Option<LogLevel>,
    /// The client behind this request, for a modern server, which is told with every request; None shows ourselves,
    /// who can be asked nothing. A legacy server was told in the handshake.
    pub declared: Option<Arc<Declared>>,
    /// The `inputSchema` of the tool that is called, where it is known: a modern server over HTTP wants some arguments
    /// as headers too.
    pub input_schema: Option<Raw>,
    /// Headers of arguments that no schema here knows, as the client sent them: whoever is between a client and a modern
    /// server over HTTP hands them on. Names in lower case.
    pub foreign_headers: Vec<(String, String)>,
}

impl PeerRequest {
    /// A request of our own: no progress, no log, no client behind it.
    #[must_use]
    pub const fn new(method: MethodName, params: Option<Raw>) -> Self {
        Self {
            method,
            params,
            progress: false,
            log_level: None,
            declared: None,
            input_schema: None,
            foreign_headers: Vec::new(),
        }
    }
}

/// What comes back for one request.
#[derive(Debug)]
pub enum ReplyItem {
    /// A progress notification: its params without `progressToken`.
    Progress(Raw),
    /// Another notification that belongs to this request with certainty.
    Notification(Notification),
    /// The server asks the client behind this request. Unanswered, the request does not go on.
    Question(Question),
    /// A modern server's result may be an `input_required`; whoever sent the request goes on from there.
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
    /// The upstream is over a limit of ours or of its own, or a queue of ours is full.
    #[error("{reason}")]
    Busy {
        reason: String,
        /// When it is worth trying again, where the upstream says so.
        retry_after: Option<Duration>,
    },
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
    /// A question that belongs to no request with certainty. Only of peers that were connected for one client's
    /// session, see [`Asking::Anytime`].
    Question(Question),
    /// The connection ended by itself.
    Closed { reason: String },
    /// Something that is no message, or a message that fits nothing; for the server's log.
    Oddity(String),
}

/// How a connection is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub era: EraChoice,
    /// What a legacy server is told in the handshake. A modern one is told with each request.
    pub declared: Declared,
    pub asking: Asking,
}

impl Connection {
    /// One for everybody: nobody can be asked anything.
    #[must_use]
    pub const fn shared(era: EraChoice) -> Self {
        Self { era, declared: Declared::nothing(), asking: Asking::Never }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EraChoice {
    /// Modern where the server speaks it, which is found out by `server/discover`; else legacy.
    Auto,
    Legacy,
    Modern,
}

/// To whom a question belongs that a legacy server asks. On the stream of an HTTP request there is never a doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asking {
    /// Nobody behind this connection can be asked; the peer refuses.
    Never,
    /// To the only request in flight: whoever uses the connection sends one at a time.
    OneCall,
    /// The connection is one session's: any of its requests will do, and without one it goes to the sink.
    Anytime,
}
