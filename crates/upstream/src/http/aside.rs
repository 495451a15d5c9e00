//! How much is on its way to a server that nobody waits for. Each kind is counted apart, since others make it: what one of
//! them has too much of holds up nobody else's. Sends nothing.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// By who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aside {
    /// What somebody answered to a question of the server.
    Answer,
    /// The answer to a request of the server's about which nobody is asked: it may send any number.
    Reply,
    /// A caller has given up.
    Cancellation,
}

pub(crate) struct Asides {
    answers: Arc<Semaphore>,
    replies: Arc<Semaphore>,
    cancellations: Arc<Semaphore>,
}

impl Asides {
    /// So many of each kind at a time.
    pub(crate) fn new(most: usize) -> Self {
        let [answers, replies, cancellations] = std::array::from_fn(|_| Arc::new(Semaphore::new(most)));
        Self { answers, replies, cancellations }
    }

    /// A place for one, for as long as it is on its way. None when there are too many of its kind.
    pub(crate) fn admit(&self, aside: Aside) -> Option<OwnedSemaphorePermit> {
        let places = match aside {
            Aside::Answer => &self.answers,
            Aside::Reply => &self.replies,
            Aside::Cancellation => &self.cancellations,
        };
        Arc::clone(places).try_acquire_owned().ok()
    }
}
