//! Last good lists in `catalogs` and `catalog_items`; what their items were before in `definitions`.

use std::collections::HashMap;

use async_trait::async_trait;
use orch_domain::catalog::{CatalogItem, ItemKind, PastDefinition, StoredCatalog, fingerprint};
use orch_domain::error::StoreError;
use orch_domain::id::ServerId;
use orch_domain::port::catalog_repo::CatalogRepo;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr};
use uuid::Uuid;

use crate::database::Database;
use crate::database::patient::Transaction;
use crate::entity::catalog::{self, Column, Entity};
use crate::entity::{catalog_item, definition};
use crate::repo::ROWS_AT_ONCE;
use crate::store_error::unavailable;
use crate::timestamp::stored;

#[derive(Debug, Clone)]
pub struct SeaCatalogRepo {
    database: Database,
}

impl SeaCatalogRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl CatalogRepo for SeaCatalogRepo {
    async fn find(&self, server: ServerId) -> Result<Option<StoredCatalog>, StoreError> {
        let doing = "reading a catalog";
        let txn = self.database.read_snapshot(doing).await?;
        let Some(row) = Entity::find_by_id(server.as_uuid()).one(&txn).await.map_err(unavailable(doing))? else {
            return Ok(None);
        };
        let items = catalog_item::Entity::find()
            .filter(catalog_item::Column::ServerId.eq(server.as_uuid()))
            .order_by_asc(catalog_item::Column::Position)
            .all(&txn)
            .await
            .map_err(unavailable(doing))?;
        let items = items.into_iter().map(catalog_item::Model::into_item).collect::<Result<_, _>>()?;
        Ok(Some(row.into_catalog(items)))
    }

    async fn load_all(&self) -> Result<Vec<StoredCatalog>, StoreError> {
        let doing = "reading all catalogs";
        let txn = self.database.read_snapshot(doing).await?;
        let rows = Entity::find().all(&txn).await.map_err(unavailable(doing))?;
        let items = catalog_item::Entity::find()
            .order_by_asc(catalog_item::Column::Position)
            .all(&txn)
            .await
            .map_err(unavailable(doing))?;
        let mut by_server: HashMap<Uuid, Vec<CatalogItem>> = HashMap::new();
        for item in items {
            by_server.entry(item.server_id).or_default().push(item.into_item()?);
        }
        let with_items = |row: catalog::Model| {
            let items = by_server.remove(&row.server_id).unwrap_or_default();
            row.into_catalog(items)
        };
        Ok(rows.into_iter().map(with_items).collect())
    }

    async fn save(&self, catalog: &StoredCatalog) -> Result<(), StoreError> {
        let doing = "saving a catalog";
        let writing = self.database.write_quietly(doing).await?;
        let on_conflict =
            OnConflict::column(Column::ServerId).update_columns([Column::FetchedAt, Column::Handshake]).to_owned();
        let written =
            Entity::insert(catalog::row(catalog)).on_conflict(on_conflict).exec_without_returning(writing.conn()).await;
        match written {
            Err(error) if is_server_gone(&error) => return Ok(()),
            written => written.map_err(unavailable(doing))?,
        };
        catalog_item::Entity::delete_many()
            .filter(catalog_item::Column::ServerId.eq(catalog.server_id.as_uuid()))
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        let row = |(position, item)| catalog_item::row(catalog.server_id, position, item);
        let rows: Vec<_> = catalog.items.iter().enumerate().map(row).collect();
        for chunk in rows.chunks(ROWS_AT_ONCE) {
            catalog_item::Entity::insert_many(chunk.iter().cloned())
                .exec_without_returning(writing.conn())
                .await
                .map_err(unavailable(doing))?;
        }
        remember(writing.conn(), catalog).await?;
        writing.commit().await
    }

    async fn history(&self, server: ServerId, kind: ItemKind, name: &str) -> Result<Vec<PastDefinition>, StoreError> {
        let rows = definition::Entity::find()
            .filter(definition::Column::ServerId.eq(server.as_uuid()))
            .filter(definition::Column::Kind.eq(kind.as_str()))
            .filter(definition::Column::NameHash.eq(fingerprint(name)))
            .order_by_desc(definition::Column::Id)
            .all(self.database.reader())
            .await
            .map_err(unavailable("reading the history of a definition"))?;
        Ok(rows.into_iter().map(PastDefinition::from).collect())
    }
}

/// Notes which definitions hold at this time: those that are new get a row, the others are seen once more.
async fn remember(txn: &Transaction, catalog: &StoredCatalog) -> Result<(), StoreError> {
    let doing = "remembering definitions";
    let server = catalog.server_id.as_uuid();
    let rows: Vec<(Uuid, String, String, String)> = definition::Entity::find()
        .select_only()
        .columns([
            definition::Column::Id,
            definition::Column::Kind,
            definition::Column::NameHash,
            definition::Column::Hash,
        ])
        .filter(definition::Column::ServerId.eq(server))
        .order_by_asc(definition::Column::Id)
        .into_tuple()
        .all(txn)
        .await
        .map_err(unavailable(doing))?;
    let mut known: HashMap<(String, String), Vec<(Uuid, String)>> = HashMap::new();
    for (id, kind, name, hash) in rows {
        known.entry((kind, name)).or_default().push((id, hash));
    }
    let (mut same, mut new, mut surplus) = (Vec::new(), Vec::new(), Vec::new());
    for item in &catalog.items {
        let past = known.get(&(item.kind.as_str().to_owned(), fingerprint(&item.name))).map_or(&[][..], Vec::as_slice);
        match past.last() {
            Some((id, hash)) if *hash == fingerprint(&item.definition) => same.push(*id),
            _ => {
                new.push(definition::row(catalog.server_id, item, catalog.fetched_at));
                let most = PastDefinition::KEPT.saturating_sub(1);
                surplus.extend(past.iter().take(past.len().saturating_sub(most)).map(|(id, _)| *id));
            }
        }
    }
    for ids in same.chunks(ROWS_AT_ONCE) {
        definition::Entity::update_many()
            .col_expr(definition::Column::LastSeen, Expr::value(stored(catalog.fetched_at)))
            .filter(definition::Column::Id.is_in(ids.iter().copied()))
            .exec(txn)
            .await
            .map_err(unavailable(doing))?;
    }
    for ids in surplus.chunks(ROWS_AT_ONCE) {
        let old = definition::Entity::delete_many().filter(definition::Column::Id.is_in(ids.iter().copied()));
        old.exec(txn).await.map_err(unavailable(doing))?;
    }
    for rows in new.chunks(ROWS_AT_ONCE) {
        let inserted = definition::Entity::insert_many(rows.iter().cloned()).exec_without_returning(txn).await;
        inserted.map_err(unavailable(doing))?;
    }
    Ok(())
}

fn is_server_gone(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)))
}
