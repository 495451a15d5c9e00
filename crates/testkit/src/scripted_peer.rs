//! A peer whose answers the test decides, and a connector that hands it out. Speaks no wire format.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_core::Stream;
use futures_util::stream;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::peer::{Peer, PeerError, PeerFuture, PeerRequest, ReplyItem, ReplyStream, Topic};
use orch_mcp::raw::Raw;

type Script = Box<dyn Fn(PeerRequest) -> ReplyStream + Send + Sync>;

/// A peer that answers by script and remembers what it was sent.
pub struct ScriptedPeer {
    hello: ServerHello,
    script: Script,
    sent: Mutex<Vec<PeerRequest>>,
    told: Mutex<Vec<String>>,
    subscribed: Mutex<BTreeSet<Topic>>,
    dropped: Arc<Mutex<Vec<String>>>,
    closed: AtomicBool,
}

impl ScriptedPeer {
    #[must_use]
    pub fn new(hello: ServerHello, script: impl Fn(PeerRequest) -> ReplyStream + Send + Sync + 'static) -> Self {
        Self {
            hello,
            script: Box::new(script),
            sent: Mutex::default(),
            told: Mutex::default(),
            subscribed: Mutex::default(),
            dropped: Arc::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// What was sent, in order.
    pub fn sent(&self) -> Vec<PeerRequest> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The methods of notifications that were sent, in order.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is subscribed to.
    pub fn subscribed(&self) -> BTreeSet<Topic> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The methods of requests that were dropped before their end, which is how a request is cancelled.
    pub fn cancelled(&self) -> Vec<String> {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connection ends by itself.
    pub fn break_off(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// A reply that ends at once.
#[must_use]
pub fn ends(end: Result<Raw, PeerError>) -> ReplyStream {
    items(vec![ReplyItem::End(end)])
}

/// A reply of these items.
#[must_use]
pub fn items(items: Vec<ReplyItem>) -> ReplyStream {
    Box::pin(stream::iter(items))
}

/// A reply that never comes.
#[must_use]
pub fn never() -> ReplyStream {
    Box::pin(stream::pending())
}

impl Peer for ScriptedPeer {
    fn hello(&self) -> &ServerHello {
        &self.hello
    }

    fn send(&self, request: PeerRequest) -> ReplyStream {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let method = request.method.as_str().to_owned();
        Box::pin(Watched { replies: (self.script)(request), method, ended: false, dropped: Arc::clone(&self.dropped) })
    }

    fn notify(&self, method: MethodName, _params: Option<Raw>) -> PeerFuture<'_, Result<(), PeerError>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(method.as_str().to_owned());
        Box::pin(std::future::ready(Ok(())))
    }

    fn subscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).insert(topic);
        Box::pin(std::future::ready(Ok(())))
    }

    fn unsubscribe(&self, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).remove(&topic);
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn close(&self) -> PeerFuture<'_, ()> {
        self.closed.store(true, Ordering::Release);
        Box::pin(std::future::ready(()))
    }
}

/// Notices when a reply is dropped before its end.
struct Watched {
    replies: ReplyStream,
    method: String,
    ended: bool,
    dropped: Arc<Mutex<Vec<String>>>,
}

impl Stream for Watched {
    type Item = ReplyItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<ReplyItem>> {
        let item = self.replies.as_mut().poll_next(cx);
        if matches!(item, std::task::Poll::Ready(None | Some(ReplyItem::End(_)))) {
            self.ended = true;
        }
        item
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.ended {
            self.dropped.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.method));
        }
    }
}
