//! Where the events of a connection wait for the owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use orch_mcp::peer::{PeerEvent, PeerSink};
use tokio::sync::{Notify, mpsc};

/// Events of one connection that wait for the owner; further list changes are remembered without their place.
const EVENT_QUEUE: usize = 1024;

/// Takes the events of one connection. A new connection gets a new one, so nothing of an old one is taken for new.
pub(super) struct Sink {
    events: mpsc::Sender<PeerEvent>,
    pub(super) overflow: Notify,
    pub(super) overflown: AtomicBool,
}

impl Sink {
    pub(super) fn new() -> (Arc<Self>, mpsc::Receiver<PeerEvent>) {
        let (events, inbox) = mpsc::channel(EVENT_QUEUE);
        (Arc::new(Self { events, overflow: Notify::new(), overflown: AtomicBool::new(false) }), inbox)
    }
}

impl PeerSink for Sink {
    fn event(&self, event: PeerEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            // A lost remark is a lost remark. A lost list change is made up for by looking at all lists; a lost end
            // of the connection is seen by the peer being closed.
            if matches!(event, PeerEvent::Notification(_)) && !self.overflown.swap(true, Ordering::AcqRel) {
                self.overflow.notify_one();
            }
        }
    }
}
