//! The peer behind an HTTP+SSE server, after its handshake. Holds the connection; its tasks do the work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::peer::{Peer, PeerError, PeerFuture, PeerRequest, ReplyStream, Topic};
use orch_mcp::raw::Raw;
use tokio_util::task::TaskTracker;

use crate::stdio::outbox::When;
use crate::stdio::reply::{StdioReply, line, refused_error};
use crate::stdio::shared::Shared;
use crate::subscription::{self, Wish};

/// Tasks that do not end in this time are left to end by themselves.
const GOODBYE_TIME: Duration = Duration::from_secs(5);

/// Ends the connection when dropped.
pub(super) struct Guard {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl Guard {
    pub(super) fn new(shared: Arc<Shared>, tasks: TaskTracker) -> Self {
        tasks.close();
        Self { shared, tasks }
    }

    pub(super) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// A server behind HTTP+SSE. Dropping it ends its stream, and with it its session.
pub struct SsePeer {
    guard: Guard,
    hello: ServerHello,
}

impl SsePeer {
    pub(super) const fn new(guard: Guard, hello: ServerHello) -> Self {
        Self { guard, hello }
    }
}

impl Peer for SsePeer {
    fn hello(&self) -> &ServerHello {
        &self.hello
    }

    fn send(&self, request: PeerRequest) -> ReplyStream {
        Box::pin(StdioReply::new(Arc::clone(&self.guard.shared), request))
    }

    fn notify(&self, method: MethodName, params: Option<Raw>) -> PeerFuture<'_, Result<(), PeerError>> {
        Box::pin(async move {
            let shared = &self.guard.shared;
            let line = line(None, &method, params.as_ref());
            shared.outbox.push(&line, When::Now).map_err(|refused| refused_error(refused, shared))
        })
    }

    fn subscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        subscription::send(self, Wish::Subscribe, topic)
    }

    fn unsubscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        subscription::send(self, Wish::Unsubscribe, topic)
    }

    fn is_closed(&self) -> bool {
        let shared = &self.guard.shared;
        shared.stop.is_cancelled() || shared.table.ended().is_some()
    }

    fn close(&self) -> PeerFuture<'_, ()> {
        Box::pin(async move {
            self.guard.shared.stop.cancel();
            if tokio::time::timeout(GOODBYE_TIME, self.guard.tasks.wait()).await.is_err() {
                tracing::warn!("the tasks of a connection over HTTP+SSE do not end");
            }
        })
    }
}

impl fmt::Debug for SsePeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SsePeer").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
