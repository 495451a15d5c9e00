//! Stars in `stars`.

use async_trait::async_trait;
use orch_domain::error::StoreError;
use orch_domain::id::{StarId, UserId};
use orch_domain::port::star_repo::StarRepo;
use orch_domain::star::Star;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::database::Database;
use crate::entity::star::{self, Column, Entity, Model};
use crate::store_error::{Refusal, unavailable};

#[derive(Debug, Clone)]
pub struct SeaStarRepo {
    database: Database,
}

impl SeaStarRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl StarRepo for SeaStarRepo {
    async fn list(&self, user: UserId) -> Result<Vec<Star>, StoreError> {
        let rows = Entity::find().filter(Column::UserId.eq(user.as_uuid())).order_by_desc(Column::Id);
        let rows = rows.all(self.database.reader()).await.map_err(unavailable("listing stars"))?;
        Ok(rows.into_iter().map(Model::into_star).collect())
    }

    async fn put(&self, star: &Star) -> Result<Star, StoreError> {
        let refusal = Refusal { doing: "adding a star", taken: "the star", missing: "what is starred" };
        let writing = self.database.write_quietly(refusal.doing).await?;
        let own = Entity::find().filter(Column::UserId.eq(star.user.as_uuid()));
        let same = own.clone().filter(Column::Target.eq(star::target(&star.target)));
        if let Some(row) = same.one(writing.conn()).await.map_err(unavailable(refusal.doing))? {
            return Ok(row.into_star());
        }
        let count = own.count(writing.conn()).await.map_err(unavailable(refusal.doing))?;
        if usize::try_from(count).unwrap_or(usize::MAX) >= Star::MAX_PER_USER {
            return Err(StoreError::Conflict { what: "the greatest number of stars" });
        }
        let inserted = Entity::insert(star::row(star)).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        writing.commit().await?;
        Ok(star.clone())
    }

    async fn delete(&self, user: UserId, id: StarId) -> Result<(), StoreError> {
        let doing = "removing a star";
        let writing = self.database.write_quietly(doing).await?;
        let deleted = Entity::delete_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::UserId.eq(user.as_uuid()))
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        if deleted.rows_affected == 0 {
            return Err(StoreError::Missing { what: "the star" });
        }
        writing.commit().await
    }
}
