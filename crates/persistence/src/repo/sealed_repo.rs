//! Sealed values in every table that has some.

use async_trait::async_trait;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::port::sealed_repo::{SealedRepo, SealedValue};
use orch_domain::secret::Sealed;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::database::Database;
use crate::sql::statement;
use crate::store_error::unavailable;

/// Table, column of the sealed value, column of the id that it is bound to. A table that seals something belongs here,
/// or a rotation passes it by.
const PLACES: [(&str, &str, &str); 2] = [("secrets", "sealed", "id"), ("personal_secrets", "sealed", "id")];

#[derive(Debug, Clone)]
pub struct SeaSealedRepo {
    database: Database,
}

impl SeaSealedRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SealedRepo for SeaSealedRepo {
    async fn list(&self, after: Option<(&'static str, Uuid)>, limit: u32) -> Result<Vec<SealedValue>, StoreError> {
        let doing = "reading sealed values";
        let conn = self.database.reader();
        let mut found = Vec::new();
        let begun = after.map_or(0, |(table, _)| PLACES.iter().position(|(name, ..)| *name == table).unwrap_or(0));
        for (table, column, id) in PLACES.into_iter().skip(begun) {
            let last = after.filter(|(name, _)| *name == table).map_or_else(Uuid::nil, |(_, row)| row);
            let room = i64::from(limit) - i64::try_from(found.len()).unwrap_or(i64::MAX);
            if room <= 0 {
                break;
            }
            let select =
                format!("SELECT {id} AS id, {column} AS sealed FROM {table} WHERE {id} > $1 ORDER BY {id} LIMIT $2");
            let values: [Value; 2] = [last.into(), room.into()];
            for row in conn.query_all_raw(statement(conn, &select, values)).await.map_err(unavailable(doing))? {
                let sealed: Vec<u8> = row.try_get("", "sealed").map_err(unavailable(doing))?;
                let row = row.try_get("", "id").map_err(unavailable(doing))?;
                found.push(SealedValue { table, column, row, sealed: Sealed::from_bytes(sealed) });
            }
        }
        Ok(found)
    }

    async fn replace(&self, values: &[(SealedValue, Sealed)]) -> Result<u64, StoreError> {
        let doing = "sealing values anew";
        let mut writing = self.database.write(doing).await?;
        let mut replaced = 0;
        for (old, new) in values {
            let Some((table, column, id)) = PLACES.into_iter().find(|(table, ..)| *table == old.table) else {
                continue;
            };
            let update = format!("UPDATE {table} SET {column} = $1 WHERE {id} = $2 AND {column} = $3");
            let bytes = |sealed: &Sealed| Value::from(sealed.as_bytes().to_vec());
            let values: [Value; 3] = [bytes(new), old.row.into(), bytes(&old.sealed)];
            let done = writing.conn().execute_raw(statement(writing.conn(), &update, values)).await;
            replaced += done.map_err(unavailable(doing))?.rows_affected();
        }
        // Whoever starts a server reads its secrets from the directory, with whatever key they are sealed.
        writing.announce(Change::Everything);
        writing.commit().await?;
        Ok(replaced)
    }
}
