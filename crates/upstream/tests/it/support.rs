//! What all tests need: a sink that remembers, and short ways to say and read messages.

pub(crate) mod child;
pub(crate) mod server;

use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt as _;
use orch_mcp::message::MethodName;
use orch_mcp::peer::{
    Connection, EraChoice, Peer, PeerError, PeerEvent, PeerRequest, PeerSink, ReplyItem, ReplyStream,
};
use orch_mcp::raw::Raw;
use orch_supervisor::{LogLimits, ProcessLog};
use orch_upstream::{AddressPolicy, UpstreamConfig};
use tokio::sync::mpsc;

/// A connection of nobody in particular to a server with a handshake.
pub(crate) static SHARED: Connection = Connection::shared(EraChoice::Legacy);

/// The same to one that is modern where it can be.
pub(crate) static MODERN: Connection = Connection::shared(EraChoice::Auto);

/// A condition that takes longer will not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that a peer said on its own account.
pub(crate) struct Events {
    sender: mpsc::UnboundedSender<PeerEvent>,
    receiver: tokio::sync::Mutex<mpsc::UnboundedReceiver<PeerEvent>>,
    oddities: Mutex<Vec<String>>,
    thread: Mutex<Option<ThreadId>>,
}

impl PeerSink for Events {
    fn event(&self, event: PeerEvent) {
        *self.thread.lock().unwrap() = Some(std::thread::current().id());
        if let PeerEvent::Oddity(text) = &event {
            self.oddities.lock().unwrap().push(text.clone());
        }
        self.sender.send(event).unwrap();
    }
}

impl Events {
    pub(crate) fn new() -> Arc<Self> {
        let (sender, receiver) = mpsc::unbounded_channel();
        Arc::new(Self {
            sender,
            receiver: tokio::sync::Mutex::new(receiver),
            oddities: Mutex::default(),
            thread: Mutex::default(),
        })
    }

    /// The next one, in words.
    pub(crate) async fn next(&self) -> String {
        let event = within(async { self.receiver.lock().await.recv().await }).await.unwrap();
        match event {
            PeerEvent::Notification(notification) => {
                let params = notification.params.map(|params| format!(" {}", params.as_str())).unwrap_or_default();
                format!("{}{params}", notification.method.as_str())
            }
            PeerEvent::Question(question) => format!("question {}", question.method.as_str()),
            PeerEvent::Closed { reason } => format!("closed: {reason}"),
            PeerEvent::Oddity(text) => format!("oddity: {text}"),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.receiver.try_lock().unwrap().is_empty()
    }

    /// Where the last one came in.
    pub(crate) fn thread(&self) -> Option<ThreadId> {
        *self.thread.lock().unwrap()
    }

    pub(crate) fn oddities(&self) -> Vec<String> {
        self.oddities.lock().unwrap().clone()
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long")
}

pub(crate) fn raw(text: &str) -> Raw {
    Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text)
}

pub(crate) fn method(name: &'static str) -> MethodName {
    MethodName::from_static(name)
}

pub(crate) fn request(name: &'static str, params: &str) -> PeerRequest {
    let params = if params.is_empty() { None } else { Some(raw(params)) };
    PeerRequest::new(method(name), params)
}

pub(crate) fn with_progress(name: &'static str, params: &str) -> PeerRequest {
    PeerRequest { progress: true, ..request(name, params) }
}

/// The items before the end, in words, and the end.
pub(crate) async fn drain(mut reply: ReplyStream) -> (Vec<String>, Result<String, PeerError>) {
    let mut items = Vec::new();
    while let Some(item) = within(reply.next()).await {
        match item {
            ReplyItem::Progress(params) => items.push(format!("progress {}", params.as_str())),
            ReplyItem::Notification(notification) => items.push(notification.method.as_str().to_owned()),
            ReplyItem::Question(question) => items.push(format!("question {}", question.method.as_str())),
            ReplyItem::End(end) => {
                assert!(within(reply.next()).await.is_none(), "there is something after the end");
                return (items, end.map(|raw| raw.as_str().to_owned()));
            }
        }
    }
    panic!("the stream ended without an end");
}

/// Only the end.
pub(crate) async fn end(reply: ReplyStream) -> Result<String, PeerError> {
    drain(reply).await.1
}

pub(crate) async fn call(peer: &dyn Peer, params: &str) -> Result<String, PeerError> {
    end(peer.send(request("tools/call", params))).await
}

pub(crate) fn closed(reason: &str) -> Result<String, PeerError> {
    Err(PeerError::Closed { reason: reason.to_owned() })
}

pub(crate) fn config() -> UpstreamConfig {
    let addresses = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
    let mut config = UpstreamConfig { addresses, ..UpstreamConfig::default() };
    config.stdio.stop_grace_ms = 400;
    config
}

pub(crate) fn log() -> Arc<ProcessLog> {
    Arc::new(ProcessLog::new(LogLimits::default(), Arc::new(|| SystemTime::UNIX_EPOCH)))
}

/// Runs the stream in a task of its own.
pub(crate) fn spawn(reply: ReplyStream) -> tokio::task::JoinHandle<Result<String, PeerError>> {
    tokio::spawn(end(reply))
}
