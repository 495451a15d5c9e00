//! The runtimes that the daemon works on, so that what runs there can be counted. Starts and ends none.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

/// One for each worker, known once it has begun to serve, and others that have joined.
#[derive(Clone, Default)]
pub struct Runtimes(Arc<Mutex<Vec<Handle>>>);

impl Runtimes {
    /// Adds the runtime that this is called on.
    pub fn join(&self) {
        if let Ok(handle) = Handle::try_current() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        }
    }

    /// Tasks that have not ended. Connections are no such tasks.
    #[must_use]
    pub fn alive_tasks(&self) -> usize {
        let handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handles.iter().map(|handle| handle.metrics().num_alive_tasks()).sum()
    }
}

impl fmt::Debug for Runtimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtimes").field("alive_tasks", &self.alive_tasks()).finish()
    }
}
