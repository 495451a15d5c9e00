//! Limits in memory.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::port::limits_repo::LimitsRepo;
use orch_domain::quota::StoredLimits;

use super::MemoryStore;

#[async_trait]
impl LimitsRepo for MemoryStore {
    async fn find(&self, project: Option<ProjectId>) -> Result<StoredLimits, StoreError> {
        self.read(|state| state.limits.get(&project).copied().unwrap_or_default())
    }

    async fn put(
        &self,
        project: Option<ProjectId>,
        limits: &StoredLimits,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let stored = state.limits.get(&project).map_or(0, |stored| stored.version);
            if stored + 1 != limits.version {
                return Err(StoreError::Stale { what: "the limits" });
            }
            if project.is_some_and(|id| !state.projects.contains_key(&id)) {
                return Err(StoreError::Missing { what: "the project" });
            }
            state.limits.insert(project, *limits);
            writing.audit(audit);
            writing.announce(project.map_or(Change::Everything, Change::Project));
            Ok(())
        })
    }
}
