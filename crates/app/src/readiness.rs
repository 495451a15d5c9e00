//! Whether the daemon can take requests, from what was last seen.

use std::sync::Arc;

use orch_domain::port::call_log::CallLog;
use orch_gateway::health::Readiness;
use orch_persistence::Journal;

use crate::instance::Instance;

/// Ready means that calls can be recorded. A database that is away for a while does not end that: the directory is in
/// memory, and the journal keeps the calls until it is full.
pub(crate) struct InstanceReadiness {
    journal: Arc<Journal>,
}

impl InstanceReadiness {
    pub(crate) fn new(instance: &Instance) -> Self {
        Self { journal: Arc::clone(&instance.journal) }
    }
}

impl Readiness for InstanceReadiness {
    fn is_ready(&self) -> bool {
        self.journal.check().is_ok()
    }
}
