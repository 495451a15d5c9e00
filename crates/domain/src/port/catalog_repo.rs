//! The last good lists of servers.

use async_trait::async_trait;

use crate::catalog::{ItemKind, PastDefinition, StoredCatalog};
use crate::error::StoreError;
use crate::id::ServerId;

#[async_trait]
pub trait CatalogRepo: Send + Sync {
    async fn find(&self, server: ServerId) -> Result<Option<StoredCatalog>, StoreError>;
    /// Everything that is stored, to fill the caches at start.
    async fn load_all(&self) -> Result<Vec<StoredCatalog>, StoreError>;
    /// Replaces the stored state, and remembers each definition that is new; does nothing when the server is gone.
    async fn save(&self, catalog: &StoredCatalog) -> Result<(), StoreError>;
    /// The definitions that an item had, latest first.
    async fn history(&self, server: ServerId, kind: ItemKind, name: &str) -> Result<Vec<PastDefinition>, StoreError>;
}
