//! News of the writes to this store.

use std::pin::Pin;

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use orch_domain::change::{Change, Committed};
use orch_domain::port::changes::Changes;
use tokio::sync::broadcast::error::RecvError;

use super::MemoryStore;

impl Changes for MemoryStore {
    fn subscribe(&self) -> Pin<Box<dyn Stream<Item = Change> + Send>> {
        Box::pin(self.subscribe_committed().filter_map(|told| async move {
            match told {
                Committed::Change(change) => Some(change),
                Committed::Entry(_) => None,
            }
        }))
    }

    fn subscribe_committed(&self) -> Pin<Box<dyn Stream<Item = Committed> + Send>> {
        Box::pin(stream::unfold(self.0.changes.subscribe(), |mut receiver| async {
            match receiver.recv().await {
                Ok(told) => Some((told, receiver)),
                Err(RecvError::Lagged(_)) => Some((Committed::Change(Change::Everything), receiver)),
                Err(RecvError::Closed) => None,
            }
        }))
    }
}
