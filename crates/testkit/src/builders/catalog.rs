//! Catalogs.

use orch_domain::Timestamp;
use orch_domain::catalog::{CatalogItem, ItemKind, StoredCatalog};
use orch_domain::id::ServerId;

use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct CatalogBuilder(StoredCatalog);

/// The catalog of a server that offers nothing.
#[must_use]
pub fn a_catalog(server: ServerId) -> CatalogBuilder {
    CatalogBuilder(StoredCatalog {
        server_id: server,
        fetched_at: FixedClock::START,
        handshake: r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#.into(),
        items: Vec::new(),
    })
}

impl CatalogBuilder {
    #[must_use]
    pub fn fetched_at(mut self, at: Timestamp) -> Self {
        self.0.fetched_at = at;
        self
    }

    #[must_use]
    pub fn item(mut self, kind: ItemKind, name: &str, definition: &str) -> Self {
        self.0.items.push(CatalogItem { kind, name: name.to_owned(), definition: definition.into() });
        self
    }

    #[must_use]
    pub fn tool(self, name: &str) -> Self {
        let definition = format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}}}}"#);
        self.item(ItemKind::Tool, name, &definition)
    }

    #[must_use]
    pub fn build(self) -> StoredCatalog {
        self.0
    }
}
