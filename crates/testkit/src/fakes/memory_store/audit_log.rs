//! The audit trail in memory.

use async_trait::async_trait;
use orch_domain::activity::EntryFilter;
use orch_domain::audit::{AuditEntry, AuditRecord};
use orch_domain::error::StoreError;
use orch_domain::event;
use orch_domain::id::ProjectId;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::audit_log::AuditLog;

use super::activity_repo::matches_entry;
use super::{MemoryStore, newest_first};

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            writing.audit(entry);
            writing.is_news = event::is_news(entry.action.as_str());
            Ok(())
        })
    }

    async fn list(
        &self,
        project: Option<ProjectId>,
        filter: &EntryFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>, StoreError> {
        self.read(|state| {
            let shown = |record: &AuditRecord| {
                (project.is_none() || record.project_id == project) && matches_entry(filter, record)
            };
            let all: Vec<_> = state.told_entries().filter(shown).collect();
            newest_first(all.iter(), page, |record| record.id.as_uuid())
        })
    }
}
