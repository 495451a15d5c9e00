//! Where the events of a connection wait for the owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use orch_mcp::peer::{PeerEvent, PeerSink};
use tokio::sync::{Notify, mpsc};

/// Events of one connection that wait for the owner; further list changes are remembered without their place.
const EVENT_QUEUE: usize = 1024;
/// The same in bytes. One event may be larger, and waits alone then.
const EVENT_BYTES: usize = 4 * 1024 * 1024;

/// Takes the events of one connection. A new connection gets a new one, so nothing of an old one is taken for new.
pub(super) struct Sink {
    events: mpsc::Sender<PeerEvent>,
    /// Of all that waits.
    bytes: Arc<AtomicUsize>,
    pub(super) overflow: Notify,
    pub(super) overflown: AtomicBool,
}

/// The owner's end.
pub(super) struct Events {
    events: mpsc::Receiver<PeerEvent>,
    bytes: Arc<AtomicUsize>,
}

impl Sink {
    pub(super) fn new() -> (Arc<Self>, Events) {
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let bytes = Arc::<AtomicUsize>::default();
        let overflown = AtomicBool::new(false);
        let sink = Self { events: sender, bytes: Arc::clone(&bytes), overflow: Notify::new(), overflown };
        (Arc::new(sink), Events { events, bytes })
    }

    fn queue(&self, event: PeerEvent) -> Result<(), PeerEvent> {
        let size = size(&event);
        let waiting = self.bytes.fetch_add(size, Ordering::AcqRel);
        let refused = if waiting > 0 && waiting.saturating_add(size) > EVENT_BYTES {
            event
        } else {
            match self.events.try_send(event) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(event) | mpsc::error::TrySendError::Closed(event)) => event,
            }
        };
        self.bytes.fetch_sub(size, Ordering::AcqRel);
        Err(refused)
    }
}

impl Events {
    pub(super) async fn recv(&mut self) -> Option<PeerEvent> {
        let event = self.events.recv().await?;
        self.bytes.fetch_sub(size(&event), Ordering::AcqRel);
        Some(event)
    }
}

fn size(event: &PeerEvent) -> usize {
    match event {
        PeerEvent::Notification(notification) => notification.params.as_ref().map_or(0, |params| params.as_str().len()),
        PeerEvent::Question(question) => question.params.as_ref().map_or(0, |params| params.as_str().len()),
        PeerEvent::Closed { reason: text } | PeerEvent::Oddity(text) => text.len(),
    }
}

impl PeerSink for Sink {
    fn event(&self, event: PeerEvent) {
        // A lost remark is a lost remark. A lost list change is made up for by looking at all lists; a lost end of the
        // connection is seen by the peer being closed.
        if let Err(PeerEvent::Notification(_)) = self.queue(event)
            && !self.overflown.swap(true, Ordering::AcqRel)
        {
            self.overflow.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use orch_mcp::message::{MethodName, Notification};
    use orch_mcp::peer::{PeerEvent, PeerSink};
    use orch_mcp::raw::Raw;

    use super::{EVENT_BYTES, EVENT_QUEUE, Sink};

    #[tokio::test]
    async fn what_waits_is_bounded_in_number_and_bytes() {
        let (sink, mut events) = Sink::new();
        for (size, sent, kept) in
            [(2, EVENT_QUEUE + 3, EVENT_QUEUE), (EVENT_BYTES / 8, 100, 8), (EVENT_BYTES + 1, 3, 1)]
        {
            for _ in 0..sent {
                let params = Some(Raw::serialize(&"x".repeat(size - 2)).expect("a text"));
                let method = MethodName::from_static("notifications/x");
                sink.event(PeerEvent::Notification(Notification { method, params }));
            }
            for _ in 0..kept {
                events.recv().await.expect("an event");
            }
            assert!(events.events.is_empty());
        }
    }
}
