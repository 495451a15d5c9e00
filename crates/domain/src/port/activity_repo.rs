//! Reading what happened, for people. Does not check permission; the caller has.

use async_trait::async_trait;

use crate::activity::{CallQuery, EntryFilter, Numbered};
use crate::audit::AuditRecord;
use crate::call::Call;
use crate::error::StoreError;
use crate::id::ProjectId;

#[async_trait]
pub trait ActivityRepo: Send + Sync {
    /// At most `limit` calls with a number below `below`, the highest number first.
    async fn calls(&self, query: &CallQuery, below: u64, limit: u32) -> Result<Vec<Numbered<Call>>, StoreError>;
    /// The same of a project's audit entries.
    async fn entries(
        &self,
        project: ProjectId,
        filter: &EntryFilter,
        below: u64,
        limit: u32,
    ) -> Result<Vec<Numbered<AuditRecord>>, StoreError>;
}
