//! Puts on the audit trail what was noticed on the way of somebody who does not wait for a disk: changes of tools, and the
//! use that instance admins make of projects they do not belong to. One owner task writes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::audit::{AuditAction, AuditEntry, AuditTarget, FactName};
use orch_domain::error::WithCauses;
use orch_domain::id::AuditId;
use orch_domain::port::clock::Clock;
use orch_persistence::EntryJournal;
use orch_relay::fleet::{DefinitionChange, Fleet};
use tokio::sync::Notify;

/// More entries do not wait for a disk that takes none.
const QUEUE: usize = 1024;
/// After this time what a disk has not taken is tried again.
const PAUSE: Duration = Duration::from_secs(10);
/// So many tools that a server changes at once have an entry each; the others are counted, so that no server fills the
/// trail.
const TOOLS_APART: usize = 100;

pub(crate) struct EntryTrail {
    waiting: Mutex<Vec<AuditEntry>>,
    wake: Notify,
    append: Append,
}

/// Blocks until the entries are on disk.
type Append = Box<dyn Fn(&[AuditEntry]) -> io::Result<()> + Send + Sync>;

impl EntryTrail {
    pub(crate) fn new(journal: Arc<EntryJournal>) -> Arc<Self> {
        Self::of(Box::new(move |entries| journal.append(entries)))
    }

    fn of(append: Append) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), wake: Notify::new(), append })
    }

    /// Hears of the fleet's changes of tools from now on: a server that describes a tool in other words than before may
    /// mean something else by it.
    pub(crate) fn follow(self: &Arc<Self>, fleet: &Fleet, clock: Arc<dyn Clock>) {
        let told = Arc::clone(self);
        fleet.observe_definitions(move |change| told.take(changed_tools(change, &*clock)));
    }

    /// Runs until it is aborted.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            // What waits here was not taken.
            let again = if self.lock().is_empty() { Duration::MAX } else { PAUSE };
            let _ = tokio::time::timeout(again, self.wake.notified()).await;
            let trail = Arc::clone(&self);
            // Fails only when the runtime ends, and then the last of it is put down by who ends it.
            let _ = tokio::task::spawn_blocking(move || trail.put_down()).await;
        }
    }

    /// Puts down what waits. What the disk does not take waits on.
    pub(crate) fn put_down(&self) {
        let entries = std::mem::take(&mut *self.lock());
        if let Err(error) = (self.append)(&entries) {
            tracing::error!(error = %WithCauses(&error), count = entries.len(), "what was noticed is not on the audit trail yet");
            self.lock().splice(0..0, entries);
        }
    }

    pub(crate) fn take(&self, entries: impl IntoIterator<Item = AuditEntry>) {
        let mut waiting = self.lock();
        for entry in entries {
            if waiting.len() < QUEUE {
                waiting.push(entry);
            } else {
                tracing::error!(
                    audit.action = entry.action.as_str(),
                    "something noticed has no place on the audit trail"
                );
            }
        }
        drop(waiting);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<AuditEntry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn changed_tools(change: &DefinitionChange, clock: &dyn Clock) -> Vec<AuditEntry> {
    let entry = |detail: String, fact: (FactName, String)| AuditEntry {
        id: AuditId::new(),
        at: clock.now(),
        project_id: Some(change.project),
        actor: None,
        action: AuditAction::ToolChange,
        target: AuditTarget { kind: "server", id: change.server.to_string(), name: change.alias.clone() },
        detail,
        facts: vec![fact],
    };
    let apart = change.tools.iter().take(TOOLS_APART).map(|tool| {
        entry(format!("the server describes its tool {tool} in other words"), (FactName::Tool, tool.clone()))
    });
    let rest = change.tools.len().saturating_sub(TOOLS_APART);
    let others = (rest > 0).then(|| {
        entry(
            format!("the server describes {rest} more of its tools in other words; the log names them"),
            (FactName::Count, rest.to_string()),
        )
    });
    apart.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use orch_domain::audit::FactName;
    use orch_domain::id::{ProjectId, ServerId};
    use orch_relay::fleet::DefinitionChange;
    use orch_testkit::builders::an_audit_entry;
    use orch_testkit::fakes::FixedClock;
    use tokio::sync::mpsc;

    use super::{EntryTrail, QUEUE, TOOLS_APART, changed_tools};

    #[tokio::test(start_paused = true)]
    async fn what_a_disk_has_not_taken_is_tried_again_without_anything_new() {
        let (taken, mut told) = mpsc::unbounded_channel();
        let left = Mutex::new(2);
        let trail = EntryTrail::of(Box::new(move |entries| {
            let mut left = left.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                return Err(io::Error::other("no space"));
            }
            if !entries.is_empty() {
                taken.send(entries.len()).unwrap();
            }
            Ok(())
        }));
        let running = tokio::spawn(Arc::clone(&trail).run());
        trail.take([an_audit_entry().build(), an_audit_entry().build()]);
        assert_eq!(told.recv().await, Some(2));
        running.abort();
    }

    #[tokio::test]
    async fn what_waits_for_a_disk_is_bounded() {
        let trail = EntryTrail::of(Box::new(|_| Err(io::Error::other("no space"))));
        for _ in 0..3 {
            trail.take((0..QUEUE).map(|_| an_audit_entry().build()));
            trail.put_down();
        }
        assert_eq!(trail.lock().len(), QUEUE);
    }

    #[test]
    fn no_server_fills_the_trail() {
        let tools = (0..TOOLS_APART + 50).map(|number| format!("tool-{number}")).collect();
        let change =
            DefinitionChange { project: ProjectId::new(), server: ServerId::new(), alias: "everything".into(), tools };
        let entries = changed_tools(&change, &FixedClock::default());
        assert_eq!(entries.len(), TOOLS_APART + 1);
        assert_eq!(entries[0].facts, [(FactName::Tool, "tool-0".to_owned())]);
        assert_eq!(entries.last().unwrap().facts, [(FactName::Count, "50".to_owned())]);
    }
}
