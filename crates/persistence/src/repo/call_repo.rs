//! Calls in `calls`. They arrive in batches from the [`Journal`](crate::Journal).

use async_trait::async_trait;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallRepo};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::database::Database;
use crate::entity::call::{self, Column, Entity, Model};
use crate::paging::newest_first;
use crate::repo::ROWS_AT_ONCE;
use crate::store_error::{is_data_error, unavailable};

#[derive(Debug, Clone)]
pub struct SeaCallRepo {
    database: Database,
}

impl SeaCallRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl CallRepo for SeaCallRepo {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        let mut select =
            newest_first(Entity::find(), Column::Id, page).filter(Column::ProjectId.eq(filter.project.as_uuid()));
        if let Some(user) = filter.user {
            select = select.filter(Column::UserId.eq(user.as_uuid()));
        }
        let rows = select.all(self.database.reader()).await.map_err(unavailable("listing calls"))?;
        let calls = rows.into_iter().map(Model::into_call).collect::<Result<_, _>>()?;
        Ok(Page::cut(calls, page.limit, |call: &Call| call.id.as_uuid()))
    }

    async fn insert(&self, calls: &[Call]) -> Result<(), StoreError> {
        let doing = "storing calls";
        let writing = self.database.write_quietly(doing).await?;
        for chunk in calls.chunks(ROWS_AT_ONCE) {
            let skip_known = OnConflict::column(Column::Id).do_nothing().to_owned();
            let insert = Entity::insert_many(chunk.iter().map(call::row)).on_conflict(skip_known);
            writing.conn().execute(insert.as_query()).await.map_err(|error| match is_data_error(&error) {
                true => StoreError::Corrupt {
                    table: "calls",
                    column: "*",
                    row: "one of a batch".to_owned(),
                    reason: error.to_string(),
                },
                false => unavailable(doing)(error),
            })?;
        }
        writing.commit().await
    }
}
