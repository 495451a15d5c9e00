//! Peers behind Streamable HTTP, spoken to with one POST for each message and a pool of kept connections.

pub(crate) mod aside;
mod breaker;
mod call;
mod dial;
mod discover;
pub(crate) mod endpoint;
pub(crate) mod exchange;
mod handshake;
pub(crate) mod link;
mod listen;
mod listen_modern;
pub(crate) mod messages;
mod peer;
pub(crate) mod pool;
pub(crate) mod proxy;
mod redirect;
pub(crate) mod refusal;
mod retry_after;
pub(crate) mod session;
pub(crate) mod shared;
mod standing;
pub(crate) mod tls;
mod values;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_mcp::peer::{Connection, PeerSink};
use secrecy::SecretString;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::http::shared::Shared;

pub use peer::HttpPeer;

/// A server at a URL, and what every request to it carries. `Debug` shows names of headers, never a value.
#[derive(Clone)]
pub struct HttpTarget {
    /// `http` or `https`, without user and password.
    pub url: String,
    pub headers: Vec<(String, SecretString)>,
}

impl fmt::Debug for HttpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpTarget")
            .field("url", &endpoint::shown(&self.url))
            .field("headers", &format_args!("{names:?} (values redacted)"))
            .finish()
    }
}

/// How long a connection waits for the server's own stream.
const LISTEN_WITHIN: Duration = Duration::from_millis(500);

/// Connects and does the handshake. The runtime that calls this drives the server's own stream for as long as the
/// peer lives; requests are driven by whoever polls them.
pub async fn connect(
    target: &HttpTarget,
    connection: &Connection,
    config: &UpstreamConfig,
    sink: Arc<dyn PeerSink>,
) -> Result<Arc<HttpPeer>, ConnectError> {
    let span = tracing::debug_span!("upstream.connect", transport = "http", server.url = %endpoint::shown(&target.url));
    async move {
        let shared = Arc::new(Shared::new(target, connection, config, sink).await?);
        let after = config.handshake_timeout();
        let done = tokio::time::timeout(after, handshake::run(&shared)).await;
        let (session, hello) = done.map_err(|_| {
            let silent = ConnectError::Silent { after };
            shared.answering.failed(&silent.to_string());
            silent
        })??;
        shared.session.store(Arc::new(session));
        let span = tracing::debug_span!("upstream.http", server.url = %endpoint::shown(&target.url));
        let (opened, is_open) = oneshot::channel();
        shared.tasks.spawn(listen::run(Arc::clone(&shared), opened).instrument(span));
        // From here on it ends the stream when it is dropped, also by somebody who gives up in the middle.
        let peer = Arc::new(HttpPeer::new(shared, hello));
        // What the server says on a stream of its own is lost while there is none, so the first call comes after it.
        // Some servers begin the stream only when they have something to say.
        let _ = tokio::time::timeout(LISTEN_WITHIN, is_open).await;
        Ok(peer)
    }
    .instrument(span)
    .await
}
