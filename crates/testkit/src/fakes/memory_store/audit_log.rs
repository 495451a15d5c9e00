//! The audit trail in memory.

use async_trait::async_trait;
use orch_domain::audit::{AuditEntry, AuditRecord};
use orch_domain::error::StoreError;
use orch_domain::event;
use orch_domain::id::ProjectId;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::audit_log::AuditLog;

use super::{MemoryStore, newest_first};

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            writing.audit(entry);
            writing.is_news = event::is_news(entry.action);
            Ok(())
        })
    }

    async fn list(&self, project: Option<ProjectId>, page: PageRequest) -> Result<Page<AuditRecord>, StoreError> {
        let shown = |record: &&AuditRecord| project.is_none() || record.project_id == project;
        self.read(|state| newest_first(state.audit.values().filter(shown), page, |record| record.id.as_uuid()))
    }
}
