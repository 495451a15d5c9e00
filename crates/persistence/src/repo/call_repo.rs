//! Calls in `calls`. They arrive in batches from the [`Journal`](crate::Journal).

use std::sync::OnceLock;

use async_trait::async_trait;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallRepo};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use crate::database::{Database, DatabaseKind};
use crate::entity::call::{self, Column, Entity, Model};
use crate::paging::newest_first;
use crate::store_error::{is_data_error, unavailable};

/// Rows of one statement. Every full one has the same text, so that the database prepares it once.
const ROWS_AT_ONCE: usize = 64;

static SQLITE_INSERT: OnceLock<String> = OnceLock::new();
static POSTGRES_INSERT: OnceLock<String> = OnceLock::new();

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
            let kind = self.database.kind();
            let sql = if chunk.len() == ROWS_AT_ONCE {
                let known = if kind == DatabaseKind::Postgres { &POSTGRES_INSERT } else { &SQLITE_INSERT };
                known.get_or_init(|| insert_sql(kind, ROWS_AT_ONCE)).clone()
            } else {
                insert_sql(kind, chunk.len())
            };
            let values = chunk.iter().flat_map(call::values);
            let insert = Statement::from_sql_and_values(writing.conn().get_database_backend(), sql, values);
            writing.conn().execute_raw(insert).await.map_err(|error| match is_data_error(&error) {
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

/// A batch that is known to be stored already is skipped by its ids.
fn insert_sql(kind: DatabaseKind, rows: usize) -> String {
    let columns = call::COLUMNS;
    let mut sql = format!("INSERT INTO calls ({}) VALUES ", columns.map(|column| format!("\"{column}\"")).join(", "));
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            if column > 0 {
                sql.push_str(", ");
            }
            match kind {
                DatabaseKind::Postgres => sql.push_str(&format!("${}", row * columns.len() + column + 1)),
                DatabaseKind::Sqlite => sql.push('?'),
            }
        }
        sql.push(')');
    }
    sql.push_str(" ON CONFLICT (id) DO NOTHING");
    sql
}
