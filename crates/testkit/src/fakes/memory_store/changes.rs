//! News of the writes to this store.

use std::pin::Pin;

use futures_core::Stream;
use futures_util::stream;
use orch_domain::change::Change;
use orch_domain::port::changes::Changes;
use tokio::sync::broadcast::error::RecvError;

use super::MemoryStore;

impl Changes for MemoryStore {
    fn subscribe(&self) -> Pin<Box<dyn Stream<Item = Change> + Send>> {
        Box::pin(stream::unfold(self.0.changes.subscribe(), |mut receiver| async {
            match receiver.recv().await {
                Ok(change) => Some((change, receiver)),
                Err(RecvError::Lagged(_)) => Some((Change::Everything, receiver)),
                Err(RecvError::Closed) => None,
            }
        }))
    }
}
