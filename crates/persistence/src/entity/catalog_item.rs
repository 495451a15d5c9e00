//! Rows of `catalog_items`.

use orch_domain::catalog::{CatalogItem, ItemKind};
use orch_domain::error::StoreError;
use orch_domain::id::ServerId;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use uuid::Uuid;

use crate::entity::{corrupt, storable};
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog_items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub kind: String,
    pub name: String,
    pub definition: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_item(self) -> Result<CatalogItem, StoreError> {
        let kind = ItemKind::parse(&self.kind);
        let row = format_args!("{}, {}", self.server_id, self.position);
        Ok(CatalogItem {
            kind: kind.ok_or_else(|| corrupt("catalog_items", row)("kind", &"it is not a kind of item"))?,
            name: self.name,
            definition: self.definition.into(),
        })
    }
}

pub(crate) fn row(server: ServerId, position: usize, item: &CatalogItem) -> ActiveModel {
    all_set(Model {
        server_id: server.as_uuid(),
        position: i32::try_from(position).unwrap_or(i32::MAX),
        kind: item.kind.as_str().to_owned(),
        name: storable(&item.name),
        definition: item.definition.to_string(),
    })
}
