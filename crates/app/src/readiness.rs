//! Whether the daemon can take requests, from what was last seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use orch_domain::port::call_log::CallLog;
use orch_gateway::health::Readiness;
use orch_persistence::Journal;

use crate::instance::Instance;

/// Ready means that calls can be recorded, and are taken for some time to come. A database that is away for a while does
/// not end that: the directory is in memory, and the journal keeps the calls until it is full.
pub(crate) struct InstanceReadiness {
    journal: Arc<Journal>,
    stopping: AtomicBool,
}

impl InstanceReadiness {
    pub(crate) fn new(instance: &Instance) -> Self {
        Self { journal: Arc::clone(&instance.journal), stopping: AtomicBool::new(false) }
    }

    /// The daemon is about to stop: whoever sends requests here is to send them elsewhere.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }
}

impl Readiness for InstanceReadiness {
    fn is_ready(&self) -> bool {
        !self.stopping.load(Ordering::Acquire) && self.journal.check().is_ok()
    }
}
