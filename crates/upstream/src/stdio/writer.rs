//! The task that waits for a child to read when its pipe is full. Idle otherwise: callers write themselves.

use crate::stdio::outbox::Drained;
use crate::stdio::shared::Shared;

/// Resolves when the child's input is closed.
pub(super) async fn run(shared: &Shared) {
    while let Some(pipe) = shared.outbox.stuck().await {
        // An error shows in the write that follows.
        let _ = pipe.writable().await;
        if shared.outbox.drain() == Drained::Closed {
            return;
        }
    }
}
