//! Rows of `catalogs`; the items are rows of [`catalog_items`](super::catalog_item).

use orch_domain::catalog::{CatalogItem, StoredCatalog};
use orch_domain::id::ServerId;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "catalogs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    pub fetched_at: OffsetDateTime,
    pub handshake: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_catalog(self, items: Vec<CatalogItem>) -> StoredCatalog {
        StoredCatalog {
            server_id: ServerId::from_uuid(self.server_id),
            fetched_at: self.fetched_at,
            handshake: self.handshake.into(),
            items,
        }
    }
}

pub(crate) fn row(catalog: &StoredCatalog) -> ActiveModel {
    all_set(Model {
        server_id: catalog.server_id.as_uuid(),
        fetched_at: stored(catalog.fetched_at),
        handshake: catalog.handshake.to_string(),
    })
}
