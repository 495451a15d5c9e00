//! The rules of projects. A write carries its audit entry and commits with it, and is announced.

use async_trait::async_trait;

use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::ProjectId;
use crate::policy::rule::Policy;

#[async_trait]
pub trait PolicyRepo: Send + Sync {
    /// Without rules and of version zero when the project never had any.
    async fn find(&self, project: ProjectId) -> Result<Policy, StoreError>;
    /// Writes all rules over those of version `policy.version - 1`, but for switches of servers that the project does
    /// not have any more, and gives what is stored. Stale when that is not the stored version, Missing when there is no such project.
    async fn put(&self, project: ProjectId, policy: &Policy, audit: &AuditEntry) -> Result<Policy, StoreError>;
}
