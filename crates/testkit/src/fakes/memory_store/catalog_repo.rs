//! Catalogs in memory.

use async_trait::async_trait;
use orch_domain::catalog::StoredCatalog;
use orch_domain::error::StoreError;
use orch_domain::id::ServerId;
use orch_domain::port::catalog_repo::CatalogRepo;

use super::MemoryStore;

#[async_trait]
impl CatalogRepo for MemoryStore {
    async fn find(&self, server: ServerId) -> Result<Option<StoredCatalog>, StoreError> {
        self.read(|state| state.catalogs.get(&server).cloned())
    }

    async fn load_all(&self) -> Result<Vec<StoredCatalog>, StoreError> {
        self.read(|state| state.catalogs.values().cloned().collect())
    }

    async fn save(&self, catalog: &StoredCatalog) -> Result<(), StoreError> {
        self.write(|writing| {
            if writing.state.servers.contains_key(&catalog.server_id) {
                writing.state.catalogs.insert(catalog.server_id, catalog.clone());
            }
            Ok(())
        })
    }
}
