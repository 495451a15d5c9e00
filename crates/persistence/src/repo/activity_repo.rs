//! What happened in a project, read from `calls` and `audit_entries`.

use async_trait::async_trait;
use orch_domain::activity::{CallQuery, EntryFilter, Numbered};
use orch_domain::audit::AuditRecord;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::port::activity_repo::ActivityRepo;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::chain::Stream;
use crate::database::Database;
use crate::entity::audit_entry::{Column, Entity};
use crate::repo::{call_repo, entry_filter};
use crate::store_error::unavailable;

#[derive(Debug, Clone)]
pub struct SeaActivityRepo {
    database: Database,
}

impl SeaActivityRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ActivityRepo for SeaActivityRepo {
    async fn calls(&self, query: &CallQuery, below: u64, limit: u32) -> Result<Vec<Numbered<Call>>, StoreError> {
        call_repo::calls(&self.database, query, below, limit).await
    }

    async fn entries(
        &self,
        project: ProjectId,
        filter: &EntryFilter,
        below: u64,
        limit: u32,
    ) -> Result<Vec<Numbered<AuditRecord>>, StoreError> {
        let doing = "reading the activity";
        let conn = self.database.reader();
        let chain = call_repo::chain_of(conn, project.as_uuid(), Stream::Entries).await;
        let Some((chain, ..)) = chain.map_err(unavailable(doing))? else { return Ok(Vec::new()) };
        let rows = Entity::find()
            .filter(entry_filter::condition(conn.get_database_backend(), filter))
            .filter(Column::Chain.eq(chain))
            .filter(Column::Seq.lt(i64::try_from(below).unwrap_or(i64::MAX)))
            .order_by_desc(Column::Seq)
            .limit(u64::from(limit))
            .all(conn)
            .await
            .map_err(unavailable(doing))?;
        let number = |seq: Option<i64>| seq.and_then(|seq| u64::try_from(seq).ok()).unwrap_or_default();
        let numbers: Vec<_> = rows.iter().map(|row| number(row.seq)).collect();
        let told = entry_filter::told(conn, rows).await.map_err(unavailable(doing))?;
        Ok(numbers.into_iter().zip(told).map(|(seq, item)| Numbered { seq, item }).collect())
    }
}
