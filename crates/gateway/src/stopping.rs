//! How far the daemon has come with stopping, for those who have to do something about it.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Debug, Clone)]
pub(crate) struct Stopping(Arc<watch::Sender<Phase>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Ending,
}

impl Default for Stopping {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Serving)))
    }
}

impl Stopping {
    /// What runs is waited for; what has no end of its own ends now.
    pub(crate) fn drain(&self) {
        self.go_on(Phase::Draining);
    }

    /// Nothing is waited for any more but answers on their way.
    pub(crate) fn end(&self) {
        self.go_on(Phase::Ending);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.0.borrow() >= Phase::Draining
    }

    /// Resolves when the daemon begins to stop.
    pub(crate) async fn draining(&self) {
        self.come_to(Phase::Draining).await;
    }

    pub(crate) async fn ending(&self) {
        self.come_to(Phase::Ending).await;
    }

    fn go_on(&self, to: Phase) {
        self.0.send_modify(|phase| *phase = to.max(*phase));
    }

    async fn come_to(&self, wanted: Phase) {
        // It fails when the sender is gone, which is in `self`.
        let _ = self.0.subscribe().wait_for(|phase| *phase >= wanted).await;
    }
}
