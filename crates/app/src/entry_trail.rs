//! Puts on the audit trail what was noticed on the way of somebody who does not wait for a disk: changes of tools, and the
//! use that instance admins make of projects they do not belong to. One owner task writes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::audit::{AuditAction, AuditEntry, AuditTarget, FactName};
use orch_domain::id::AuditId;
use orch_domain::port::clock::Clock;
use orch_persistence::EntryJournal;
use orch_relay::fleet::{DefinitionChange, Fleet};
use tokio::sync::Notify;

/// More entries do not wait for a disk that takes none.
const QUEUE: usize = 1024;

pub(crate) struct EntryTrail {
    waiting: Mutex<Vec<AuditEntry>>,
    wake: Notify,
    journal: Arc<EntryJournal>,
}

impl EntryTrail {
    pub(crate) fn new(journal: Arc<EntryJournal>) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), wake: Notify::new(), journal })
    }

    /// Hears of the fleet's changes of tools from now on: a server that describes a tool in other words than before may
    /// mean something else by it.
    pub(crate) fn follow(self: &Arc<Self>, fleet: &Fleet, clock: Arc<dyn Clock>) {
        let told = Arc::clone(self);
        fleet.observe_definitions(move |change| told.take(entry(&change, &*clock)));
    }

    /// Runs until it is aborted.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            self.wake.notified().await;
            let trail = Arc::clone(&self);
            // Fails only when the runtime ends, and then the last of it is put down by who ends it.
            let _ = tokio::task::spawn_blocking(move || trail.put_down()).await;
        }
    }

    /// Puts down what waits. What the disk does not take waits on, for the next one and for the end.
    pub(crate) fn put_down(&self) {
        let entries = std::mem::take(&mut *self.lock());
        if let Err(error) = self.journal.append(&entries) {
            tracing::error!(error = %error, count = entries.len(), "what was noticed is not on the audit trail");
            self.lock().splice(0..0, entries);
        }
    }

    pub(crate) fn take(&self, entry: AuditEntry) {
        let mut waiting = self.lock();
        if waiting.len() < QUEUE {
            waiting.push(entry);
        } else {
            tracing::error!(audit.action = entry.action.as_str(), "something noticed has no place on the audit trail");
        }
        drop(waiting);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<AuditEntry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(change: &DefinitionChange, clock: &dyn Clock) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        at: clock.now(),
        project_id: Some(change.project),
        actor: None,
        action: AuditAction::ToolChange,
        target: AuditTarget { kind: "server", id: change.server.to_string(), name: change.alias.clone() },
        detail: format!("the server describes its tool {} in other words", change.tool),
        facts: vec![(FactName::Tool, change.tool.clone())],
    }
}
