//! Waits for the other end to read when the pipe is full. Idle otherwise: callers write themselves.

use crate::stdio::outbox::Drained;
use crate::stdio::shared::Shared;

/// Resolves when the input is closed.
pub(crate) async fn run(shared: &Shared) {
    while let Some(pipe) = shared.outbox.stuck().await {
        // An error shows in the write that follows.
        let _ = pipe.writable().await;
        if shared.outbox.drain() == Drained::Closed {
            return;
        }
    }
}
