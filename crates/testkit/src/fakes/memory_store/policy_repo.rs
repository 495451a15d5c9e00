//! Rules of projects in memory.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::policy::rule::Policy;
use orch_domain::port::policy_repo::PolicyRepo;

use super::MemoryStore;

#[async_trait]
impl PolicyRepo for MemoryStore {
    async fn find(&self, project: ProjectId) -> Result<Policy, StoreError> {
        self.read(|state| state.policies.get(&project).cloned().unwrap_or_default())
    }

    async fn put(&self, project: ProjectId, policy: &Policy, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let stored = state.policies.get(&project).map_or(0, |stored| stored.version);
            if stored + 1 != policy.version {
                return Err(StoreError::Stale { what: "the policy" });
            }
            if !state.projects.contains_key(&project) {
                return Err(StoreError::Missing { what: "the project" });
            }
            state.policies.insert(project, policy.clone());
            writing.audit(audit);
            writing.announce(Change::Project(project));
            Ok(())
        })
    }
}
