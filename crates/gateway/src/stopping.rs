//! Tells streams without an end that the daemon stops, so that they end and do not hold it up.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Debug, Clone)]
pub(crate) struct Stopping(Arc<watch::Sender<bool>>);

impl Default for Stopping {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stopping {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Resolves when the daemon stops.
    pub(crate) async fn stopped(&self) {
        // It fails when the sender is gone, which is in `self`.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}
