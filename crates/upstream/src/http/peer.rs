//! The peer behind an HTTP server, after its handshake. Holds no connection of its own; calls take them from the pool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use orch_mcp::codec;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::method::Method as Known;
use orch_mcp::peer::{Peer, PeerError, PeerFuture, PeerRequest, ReplyStream, Topic};
use orch_mcp::raw::Raw;

use crate::http::call;
use crate::http::exchange::{Outgoing, Replay, exchange};
use crate::http::shared::Shared;
use crate::subscription::{self, Wish};

/// A server that does not let go of its session in this time is left with it.
const GOODBYE_TIME: Duration = Duration::from_secs(5);

/// A server behind Streamable HTTP. Dropping it ends its tasks; the session is only ended by [`Peer::close`].
pub struct HttpPeer {
    shared: Arc<Shared>,
    hello: ServerHello,
}

impl HttpPeer {
    pub(super) fn new(shared: Arc<Shared>, hello: ServerHello) -> Self {
        Self { shared, hello }
    }
}

impl Peer for HttpPeer {
    /// Of the first handshake; when a session is lost and renewed this stays as it was.
    fn hello(&self) -> &ServerHello {
        &self.hello
    }

    fn mirrors_arguments(&self) -> bool {
        !self.hello.revision.is_legacy()
    }

    fn send(&self, request: PeerRequest) -> ReplyStream {
        if request.method.known() == Known::SetLevel {
            self.shared.standing.set_level(request.params.as_ref());
        }
        call::send(Arc::clone(&self.shared), request)
    }

    fn notify(&self, method: MethodName, params: Option<Raw>) -> PeerFuture<'_, Result<(), PeerError>> {
        Box::pin(async move {
            if self.is_closed() {
                return Err(Shared::closed_error());
            }
            self.shared.deliver(codec::encode_notification(method.as_str(), params.as_ref())).await
        })
    }

    fn subscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        if self.shared.session.load().is_modern {
            return Box::pin(self.shared.followed.add(topic));
        }
        // Before the answer, so that no session comes in between that does not know of it.
        let is_new = self.shared.standing.follow(&topic);
        Box::pin(async move {
            let answer = subscription::send(self, Wish::Subscribe, topic.clone()).await;
            if is_new && answer.is_err() {
                self.shared.standing.unfollow(&topic);
            }
            answer
        })
    }

    fn unsubscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        if self.shared.session.load().is_modern {
            self.shared.followed.remove(&topic);
            return Box::pin(std::future::ready(Ok(())));
        }
        self.shared.standing.unfollow(&topic);
        subscription::send(self, Wish::Unsubscribe, topic)
    }

    fn is_closed(&self) -> bool {
        self.shared.closed.is_cancelled()
    }

    fn close(&self) -> PeerFuture<'_, ()> {
        Box::pin(async move {
            let shared = &*self.shared;
            let first = !shared.tasks.is_closed();
            shared.closed.cancel();
            shared.questions.end();
            shared.tasks.close();
            let goodbye = async {
                let session = shared.session.load_full();
                if first && session.has_id() {
                    let outgoing = Outgoing {
                        method: Method::DELETE,
                        headers: &session.get,
                        body: Bytes::new(),
                        replay: Replay::Harmless,
                    };
                    // Not every server lets a client do this; it ends such sessions by itself.
                    if let Err(error) = exchange(shared, &outgoing).await {
                        tracing::debug!(error = ?error, "the session was not ended");
                    }
                }
                shared.tasks.wait().await;
            };
            let _ = tokio::time::timeout(GOODBYE_TIME, goodbye).await;
            shared.pool.clear();
        })
    }
}

impl Drop for HttpPeer {
    fn drop(&mut self) {
        self.shared.closed.cancel();
        self.shared.questions.end();
        self.shared.tasks.close();
        self.shared.pool.clear();
    }
}

impl fmt::Debug for HttpPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.shared.dialer.to_string();
        f.debug_struct("HttpPeer").field("server", &server).field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
