//! Servers with their sealed secrets. Every write carries its audit entry and commits with it, and is announced.

use async_trait::async_trait;

use crate::alias::Alias;
use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::{ProjectId, ServerId};
use crate::server::Server;

#[async_trait]
pub trait ServerRepo: Send + Sync {
    async fn find(&self, id: ServerId) -> Result<Option<Server>, StoreError>;
    async fn find_by_alias(&self, project: ProjectId, alias: &Alias) -> Result<Option<Server>, StoreError>;
    /// All servers of the project, by alias.
    async fn list(&self, project: ProjectId) -> Result<Vec<Server>, StoreError>;
    /// Conflict when the alias is taken.
    async fn create(&self, server: &Server, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Writes all of `server`, secrets included, over the row of version `server.version - 1`; Stale when that is
    /// not the stored version, Conflict when the alias is taken.
    async fn update(&self, server: &Server, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Creates and updates many servers of one project in one transaction: all or none.
    async fn put_all(&self, writes: &[ServerWrite]) -> Result<(), StoreError>;
    /// Missing when there is no such server.
    async fn delete(&self, id: ServerId, audit: &AuditEntry) -> Result<(), StoreError>;
}

/// One write of [`ServerRepo::put_all`]; by the rules of `create` and `update`.
#[derive(Debug, Clone)]
pub enum ServerWrite {
    Create { server: Server, audit: AuditEntry },
    Update { server: Server, audit: AuditEntry },
}
