//! Puts changes of tools on the audit trail: a server that describes a tool in other words than before may mean
//! something else by it. One owner task writes, one entry after the other.

use std::sync::Arc;

use orch_domain::audit::{AuditEntry, AuditTarget};
use orch_domain::id::AuditId;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::clock::Clock;
use orch_relay::fleet::{DefinitionChange, Fleet};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Changes that wait to be written; further ones stand in the histories of the tools alone.
const QUEUE: usize = 1024;

/// Ends with the fleet.
pub(crate) fn follow(fleet: &Fleet, audit: Arc<dyn AuditLog>, clock: Arc<dyn Clock>) -> JoinHandle<()> {
    let (changes, mut inbox) = mpsc::channel::<DefinitionChange>(QUEUE);
    fleet.observe_definitions(move |change| {
        if changes.try_send(change).is_err() {
            tracing::warn!("a changed definition is not on the audit trail: too many wait");
        }
    });
    tokio::spawn(async move {
        while let Some(change) = inbox.recv().await {
            let entry = entry(&change, &*clock);
            if let Err(error) = audit.append(&entry).await {
                tracing::error!(error = %error, tool = change.tool, "a changed definition is not on the audit trail");
            }
        }
    })
}

fn entry(change: &DefinitionChange, clock: &dyn Clock) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        at: clock.now(),
        project_id: Some(change.project),
        actor: None,
        action: "tool.change",
        target: AuditTarget { kind: "server", id: change.server.to_string(), name: change.alias.clone() },
        detail: format!("the server describes its tool {} in other words", change.tool),
    }
}
