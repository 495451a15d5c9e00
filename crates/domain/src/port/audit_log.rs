//! The audit trail of the control plane: reading, and entries that stand alone. Entries of a write are committed by
//! the repository that does the write.

use async_trait::async_trait;

use crate::activity::EntryFilter;
use crate::audit::{AuditEntry, AuditRecord};
use crate::error::StoreError;
use crate::id::ProjectId;
use crate::page::{Page, PageRequest};

#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Records what changed no row: a failed login, a refused action, a use of an admin's right to look.
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// Newest first; of one project, or of all and the instance when `project` is None.
    async fn list(
        &self,
        project: Option<ProjectId>,
        filter: &EntryFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>, StoreError>;
}
