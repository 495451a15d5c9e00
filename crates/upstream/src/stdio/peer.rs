//! The peer behind a child process, after its handshake. Holds the connection; its owner task does the work.

use std::fmt;
use std::sync::Arc;

use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::peer::{Peer, PeerError, PeerFuture, PeerRequest, ReplyStream, Topic};
use orch_mcp::raw::Raw;

use crate::stdio::outbox::When;
use crate::stdio::owner::Guard;
use crate::stdio::reply::{StdioReply, line, refused_error};
use crate::subscription::{self, Wish};

/// What became of the server when it was asked whether it speaks the modern era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// It answered, in whatever way, or was not asked.
    Lived,
    /// It ended, and was started a second time in the old way. Whoever starts it again does well not to ask.
    Died,
}

/// A server that is a child process. Dropping it ends the process in the background.
pub struct StdioPeer {
    guard: Guard,
    hello: ServerHello,
    probed: Probed,
}

impl StdioPeer {
    pub(super) fn new(guard: Guard, hello: ServerHello, probed: Probed) -> Self {
        Self { guard, hello, probed }
    }

    #[must_use]
    pub fn probed(&self) -> Probed {
        self.probed
    }
}

impl Peer for StdioPeer {
    fn hello(&self) -> &ServerHello {
        &self.hello
    }

    fn send(&self, request: PeerRequest) -> ReplyStream {
        Box::pin(StdioReply::new(Arc::clone(self.guard.shared()), request))
    }

    fn notify(&self, method: MethodName, params: Option<Raw>) -> PeerFuture<'_, Result<(), PeerError>> {
        Box::pin(async move {
            let shared = self.guard.shared();
            let line = line(None, &method, params.as_ref());
            shared.outbox.push(&line, When::Now).map_err(|refused| refused_error(refused, shared))
        })
    }

    fn subscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        if self.guard.shared().is_modern() {
            return Box::pin(self.guard.shared().followed.add(topic));
        }
        subscription::send(self, Wish::Subscribe, topic)
    }

    fn unsubscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        if self.guard.shared().is_modern() {
            self.guard.shared().followed.remove(&topic);
            return Box::pin(std::future::ready(Ok(())));
        }
        subscription::send(self, Wish::Unsubscribe, topic)
    }

    fn is_closed(&self) -> bool {
        let shared = self.guard.shared();
        shared.stop.is_cancelled() || shared.table.ended().is_some()
    }

    fn close(&self) -> PeerFuture<'_, ()> {
        Box::pin(async move {
            let shared = self.guard.shared();
            shared.stop.cancel();
            shared.exited().await;
        })
    }

    fn pid(&self) -> Option<u32> {
        self.guard.shared().process().map(orch_supervisor::Process::pid)
    }
}

impl fmt::Debug for StdioPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioPeer").field("process", &self.guard.shared().process()).finish_non_exhaustive()
    }
}
