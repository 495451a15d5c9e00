//! Rows of `definitions`: what a tool, prompt or resource was in the course of time.

use orch_domain::catalog::{CatalogItem, PastDefinition, fingerprint};
use orch_domain::id::ServerId;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "definitions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub server_id: Uuid,
    pub kind: String,
    /// Of the item's name, which may be longer than an index takes.
    pub name_hash: String,
    pub hash: String,
    pub definition: String,
    pub first_seen: OffsetDateTime,
    pub last_seen: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for PastDefinition {
    fn from(row: Model) -> Self {
        Self { hash: row.hash, definition: row.definition.into(), first_seen: row.first_seen, last_seen: row.last_seen }
    }
}

pub(crate) fn row(server: ServerId, item: &CatalogItem, at: OffsetDateTime) -> ActiveModel {
    all_set(Model {
        id: Uuid::now_v7(),
        server_id: server.as_uuid(),
        kind: item.kind.as_str().to_owned(),
        name_hash: fingerprint(&item.name),
        hash: fingerprint(&item.definition),
        definition: item.definition.to_string(),
        first_seen: stored(at),
        last_seen: stored(at),
    })
}
