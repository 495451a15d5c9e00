//! Catalogs in memory.

use async_trait::async_trait;
use orch_domain::catalog::{CatalogItem, ItemKind, PastDefinition, StoredCatalog, fingerprint};
use orch_domain::error::StoreError;
use orch_domain::id::ServerId;
use orch_domain::port::catalog_repo::CatalogRepo;

use super::{MemoryStore, Writing};

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
                catalog.items.iter().for_each(|item| remember(writing, catalog, item));
            }
            Ok(())
        })
    }

    async fn history(&self, server: ServerId, kind: ItemKind, name: &str) -> Result<Vec<PastDefinition>, StoreError> {
        let key = (server, kind, name.to_owned());
        self.read(|state| state.definitions.get(&key).into_iter().flatten().rev().cloned().collect())
    }
}

fn remember(writing: &mut Writing, catalog: &StoredCatalog, item: &CatalogItem) {
    let past = writing.state.definitions.entry((catalog.server_id, item.kind, item.name.clone())).or_default();
    match past.last_mut() {
        Some(latest) if latest.definition == item.definition => latest.last_seen = catalog.fetched_at,
        _ => past.push(PastDefinition {
            hash: fingerprint(&item.definition),
            definition: item.definition.clone(),
            first_seen: catalog.fetched_at,
            last_seen: catalog.fetched_at,
        }),
    }
    if past.len() > PastDefinition::KEPT {
        past.remove(0);
    }
}
