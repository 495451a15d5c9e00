//! Limits of projects and of the instance. A write carries its audit entry and commits with it, and is announced.

use async_trait::async_trait;

use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::ProjectId;
use crate::quota::StoredLimits;

#[async_trait]
pub trait LimitsRepo: Send + Sync {
    /// Of a project, or of the instance when `project` is None; nothing set and of version zero when never written.
    async fn find(&self, project: Option<ProjectId>) -> Result<StoredLimits, StoreError>;
    /// Writes over version `limits.version - 1`; Stale when that is not the stored version, Missing when there is no
    /// such project.
    async fn put(
        &self,
        project: Option<ProjectId>,
        limits: &StoredLimits,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}
