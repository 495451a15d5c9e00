//! API keys in `api_keys`.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::{ApiKey, KeyTally, KeyUse};
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::key_repo::KeyRepo;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::api_key::{self, Column, Entity, Model};
use crate::entity::storable;
use crate::paging::newest_first;
use crate::store_error::{Refusal, unavailable};
use crate::timestamp::stored;
use crate::writing::Writing;

#[derive(Debug, Clone)]
pub struct SeaKeyRepo {
    database: Database,
}

/// Notes that are not further apart complete each other: who notes the address does not know the client.
const ONE_USE: Duration = Duration::from_secs(60);
const NOTING: &str = "noting the use of API keys";
const THE_KEY: &str = "the API key";
const CREATING: Refusal = Refusal {
    doing: "creating an API key",
    taken: "an API key with this public id",
    missing: "the project or user of the API key",
};

impl SeaKeyRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl KeyRepo for SeaKeyRepo {
    async fn find(&self, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        let found = Entity::find_by_id(id.as_uuid()).one(self.database.reader()).await;
        found.map_err(unavailable("finding an API key"))?.map(Model::into_key).transpose()
    }

    async fn list(
        &self,
        project: ProjectId,
        creator: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, StoreError> {
        let mut select = newest_first(Entity::find(), Column::Id, page).filter(Column::ProjectId.eq(project.as_uuid()));
        if let Some(creator) = creator {
            select = select.filter(Column::Creator.eq(creator.as_uuid()));
        }
        let rows = select.all(self.database.reader()).await.map_err(unavailable("listing API keys"))?;
        let keys = rows.into_iter().map(Model::into_key).collect::<Result<_, _>>()?;
        Ok(Page::cut(keys, page.limit, |key: &ApiKey| key.id.as_uuid()))
    }

    async fn list_all(&self, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let rows = newest_first(Entity::find(), Column::Id, page).all(self.database.reader()).await;
        let rows = rows.map_err(unavailable("listing API keys"))?;
        let keys = rows.into_iter().map(Model::into_key).collect::<Result<_, _>>()?;
        Ok(Page::cut(keys, page.limit, |key: &ApiKey| key.id.as_uuid()))
    }

    async fn tally(
        &self,
        project: ProjectId,
        creator: UserId,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<KeyTally, StoreError> {
        let doing = "counting API keys";
        let own = || {
            let of_project = Entity::find().filter(Column::ProjectId.eq(project.as_uuid()));
            of_project.filter(Column::Creator.eq(creator.as_uuid()))
        };
        let is_live = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(stored(now)));
        let live = own().filter(Column::RevokedAt.is_null()).filter(is_live).count(self.database.reader());
        let made = own().filter(Column::CreatedAt.gte(stored(since))).count(self.database.reader());
        Ok(KeyTally { live: live.await.map_err(unavailable(doing))?, made: made.await.map_err(unavailable(doing))? })
    }

    async fn create(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut writing = self.database.write(CREATING.doing).await?;
        insert(&writing, key).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(key.project_id));
        writing.commit().await
    }

    async fn revoke(
        &self,
        id: KeyId,
        expected: Option<u32>,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let doing = "revoking an API key";
        let mut writing = self.database.write(doing).await?;
        let key = find(&writing, id, doing).await?.into_key()?;
        if expected.is_some_and(|version| version != key.version()) {
            return Err(StoreError::Stale { what: THE_KEY });
        }
        if key.revoked_at.is_some() {
            return Ok(());
        }
        set(&writing, id.as_uuid(), Column::RevokedAt, at, doing).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(key.project_id));
        writing.commit().await
    }

    async fn rotate(
        &self,
        old: &ApiKey,
        old_expires_at: Timestamp,
        new: &ApiKey,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let doing = "rotating an API key";
        let mut writing = self.database.write(doing).await?;
        let stored = stored_as(&writing, old.id, old, doing).await?;
        // A rotation never lengthens a life.
        if stored.expires_at.is_none_or(|end| old_expires_at < end) {
            set(&writing, old.id.as_uuid(), Column::ExpiresAt, old_expires_at, doing).await?;
        }
        insert(&writing, new).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(new.project_id));
        writing.commit().await
    }

    async fn update(&self, before: &ApiKey, after: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        let doing = "updating an API key";
        // Announced writes run one after the other, so nobody changes it between the look and the write.
        let mut writing = self.database.write(doing).await?;
        stored_as(&writing, after.id, before, doing).await?;
        let row = api_key::row(after);
        Entity::update_many()
            .set(api_key::ActiveModel {
                name: row.name,
                expires_at: row.expires_at,
                scope: row.scope,
                allowance: row.allowance,
                ..api_key::ActiveModel::default()
            })
            .filter(Column::Id.eq(after.id.as_uuid()))
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(after.project_id));
        writing.commit().await
    }

    async fn note_used(&self, uses: &[(KeyId, KeyUse)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let writing = self.database.write_quietly(NOTING).await?;
        note_used(&writing, uses).await?;
        writing.commit().await
    }
}

/// What [`KeyRepo::note_used`] does, as a part of a write. Its last part: on PostgreSQL the keys are locked until the end.
pub(crate) async fn note_used(writing: &Writing, uses: &[(KeyId, KeyUse)]) -> Result<(), StoreError> {
    let mut newest: HashMap<Uuid, &KeyUse> = HashMap::with_capacity(uses.len());
    for (id, used) in uses {
        let newest = newest.entry(id.as_uuid()).or_insert(used);
        if used.at > newest.at {
            *newest = used;
        }
    }
    if newest.is_empty() {
        return Ok(());
    }
    // Locked in one order, so that two daemons that note the same keys do not wait for each other.
    let keys = Entity::find()
        .filter(Column::Id.is_in(newest.keys().copied()))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(writing.conn())
        .await
        .map_err(unavailable(NOTING))?;
    for key in keys {
        let Some(used) = newest.get(&key.id) else { continue };
        let at = stored(used.at);
        if key.last_used_at.is_some_and(|known| known > at + ONE_USE) {
            continue;
        }
        let latest = key.last_used_at.map_or(at, |known| known.max(at));
        let mut update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(latest));
        if let Some(address) = used.address {
            update = update.col_expr(Column::LastUsedFrom, Expr::value(address.to_string()));
        }
        if let Some(client) = &used.client {
            update = update.col_expr(Column::LastUsedBy, Expr::value(storable(client)));
        }
        update.filter(Column::Id.eq(key.id)).exec(writing.conn()).await.map_err(unavailable(NOTING))?;
    }
    Ok(())
}

async fn find(writing: &Writing, id: KeyId, doing: &'static str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id(id.as_uuid()).one(writing.conn()).await.map_err(unavailable(doing))?;
    found.ok_or(StoreError::Missing { what: THE_KEY })
}

/// The key, which has to live and to have the terms of `seen`: what is revoked stays so, and what was narrowed as well.
async fn stored_as(writing: &Writing, id: KeyId, seen: &ApiKey, doing: &'static str) -> Result<ApiKey, StoreError> {
    let stored = find(writing, id, doing).await?.into_key()?;
    if stored.revoked_at.is_some() || !stored.has_terms_of(seen) {
        return Err(StoreError::Stale { what: THE_KEY });
    }
    Ok(stored)
}

async fn insert(writing: &Writing, key: &ApiKey) -> Result<(), StoreError> {
    let inserted = Entity::insert(api_key::row(key)).exec_without_returning(writing.conn()).await;
    inserted.map(|_| ()).map_err(CREATING.explain())
}

async fn set(
    writing: &Writing,
    id: Uuid,
    column: Column,
    at: Timestamp,
    doing: &'static str,
) -> Result<(), StoreError> {
    let update = Entity::update_many().col_expr(column, Expr::value(stored(at))).filter(Column::Id.eq(id));
    update.exec(writing.conn()).await.map(|_| ()).map_err(unavailable(doing))
}
