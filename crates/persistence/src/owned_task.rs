//! A background task with an owner: asked to stop it ends in order, dropped with its owner it ends at once.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::Instrument;

#[derive(Debug)]
pub(crate) struct OwnedTask {
    stop: watch::Sender<bool>,
    /// None once it was waited for.
    handle: Mutex<Option<JoinHandle<()>>>,
}

/// Told to the task when it shall end.
#[derive(Debug, Clone)]
pub(crate) struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Returns when the task shall end.
    pub(crate) async fn wait(&mut self) {
        // An error means that the owner is gone, which is the same.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl OwnedTask {
    /// Runs what `body` makes of the stop signal. `span` carries the name of the task.
    pub(crate) fn spawn<F>(span: tracing::Span, body: impl FnOnce(StopSignal) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let handle = tokio::spawn(body(StopSignal(stopped)).instrument(span));
        Self { stop, handle: Mutex::new(Some(handle)) }
    }

    /// Asks the task to end and waits until it has.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle {
            // A task that panicked has ended too; the panic hook has told about it.
            let _ = handle.await;
        }
    }
}

impl Drop for OwnedTask {
    fn drop(&mut self) {
        let handle = self.handle.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handle.take() {
            handle.abort();
        }
    }
}
