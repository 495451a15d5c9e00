//! Connections that were replaced and still have calls: they end with the last call, or at a deadline. Takes no new
//! calls and starts nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use orch_mcp::peer::Peer;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// Resolves when nobody uses a connection any more.
pub(crate) type Released = oneshot::Receiver<Infallible>;

pub(super) struct Draining {
    tasks: JoinSet<()>,
    hurry: watch::Sender<bool>,
}

impl Draining {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), hurry: watch::Sender::new(false) }
    }

    /// Lets the calls on `peer` finish, and closes it.
    pub(super) fn add(&mut self, peer: Arc<dyn Peer>, released: Released, longest: Duration) {
        // Those that are over are let go of.
        while self.tasks.try_join_next().is_some() {}
        let mut hurry = self.hurry.subscribe();
        self.tasks.spawn(async move {
            tokio::select! {
                // An error is the only thing that can come: the other end was dropped.
                _ = released => {}
                () = tokio::time::sleep(longest) => {}
                _ = hurry.wait_for(|hurry| *hurry) => {}
            }
            peer.close().await;
        });
    }

    /// Closes what is left, and waits until it is gone.
    pub(super) async fn finish(&mut self) {
        self.hurry.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        self.hurry.send_replace(false);
    }
}
