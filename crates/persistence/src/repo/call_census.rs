//! Calls in `calls`, counted by the database: what they have in common is counted by its number, and read once.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, ServerId, UserId};
use orch_domain::port::call_census::{CallCensus, CallCount, CallGroup};
use orch_domain::refusal::Reason;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

use crate::chain::hash::{kind_of_number, outcome_numbers, reasons_in_sql};
use crate::chain::{Head, Stream};
use crate::database::Database;
use crate::repo::call_repo::{Range, chain_of};
use crate::sql::{self, statement};
use crate::store_error::unavailable;
use crate::timestamp::to_micros;

const DOING: &str = "counting calls";

#[derive(Debug, Clone)]
pub struct SeaCallCensus {
    database: Database,
}

impl SeaCallCensus {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The number of the first call that may be of `since` or later.
    async fn first(&self, chain: i64, first: i64, last: i64, since: Timestamp) -> Result<i64, StoreError> {
        let range = Range { chain, from: first, below: last + 1 };
        range.first_since(self.database.reader(), since).await.map_err(unavailable(DOING))
    }
}

#[async_trait]
impl CallCensus for SeaCallCensus {
    async fn groups(&self, project: ProjectId, since: Timestamp, limit: u32) -> Result<Vec<CallGroup>, StoreError> {
        let conn = self.database.reader();
        let found = chain_of(conn, project.as_uuid(), Stream::Calls).await.map_err(unavailable(DOING))?;
        let Some((chain, first, last)) = found else { return Ok(Vec::new()) };
        let from = self.first(chain, first, last, since).await?;
        // Outcomes are told apart by shapes and not here.
        let select = format!(
            "SELECT s.user_id, s.key_id, s.client, s.server_id, s.kind, s.target, \
             CAST(SUM(c.made) AS BIGINT) AS made FROM (SELECT shape, COUNT(*) AS made FROM calls \
             WHERE chain = $1 AND seq >= $2 AND at >= $3 GROUP BY shape) c \
             JOIN call_shapes s ON s.id = c.shape WHERE s.server_id IS NOT NULL \
             AND (s.reason IS NULL OR s.reason NOT IN ({})) \
             GROUP BY s.user_id, s.key_id, s.client, s.server_id, s.kind, s.target \
             ORDER BY made DESC LIMIT $4",
            reasons_in_sql(&Reason::NOWHERE)
        );
        let values: [Value; 4] = [chain.into(), from.into(), to_micros(since).into(), i64::from(limit).into()];
        let rows = conn.query_all_raw(statement(conn, &select, values)).await.map_err(unavailable(DOING))?;
        rows.iter().map(|row| group(row).map_err(unavailable(DOING))).collect()
    }

    async fn counts(&self, since: Timestamp) -> Result<Vec<CallCount>, StoreError> {
        let conn = self.database.reader();
        let heads = Head::all(conn).await.map_err(unavailable(DOING))?;
        let counted: Vec<_> = outcome_numbers(|word| word != "limited").iter().map(i16::to_string).collect();
        let select = format!(
            "SELECT s.user_id, s.key_id, CAST(SUM(c.made) AS BIGINT) AS made FROM (SELECT shape, COUNT(*) AS made \
             FROM calls WHERE chain = $1 AND seq >= $2 AND at >= $3 GROUP BY shape) c JOIN call_shapes s ON \
             s.id = c.shape WHERE s.outcome IN ({}) GROUP BY s.user_id, s.key_id",
            counted.join(", ")
        );
        let mut counts = Vec::new();
        for head in heads.into_iter().filter(|head| head.stream == Stream::Calls) {
            let from = self.first(head.id, head.first_seq, head.seq, since).await?;
            let values: [Value; 3] = [head.id.into(), from.into(), to_micros(since).into()];
            let rows = conn.query_all_raw(statement(conn, &select, values)).await.map_err(unavailable(DOING))?;
            for row in &rows {
                counts.push(count(ProjectId::from_uuid(head.scope), row).map_err(unavailable(DOING))?);
            }
        }
        Ok(counts)
    }
}

fn group(row: &QueryResult) -> Result<CallGroup, DbErr> {
    let kind = kind_of_number(row.try_get("", "kind")?).ok_or_else(|| sql::unreadable("call_shapes.kind"))?;
    Ok(CallGroup {
        user_id: UserId::from_uuid(row.try_get("", "user_id")?),
        key_id: row.try_get::<Option<Uuid>>("", "key_id")?.map(KeyId::from_uuid),
        client: row.try_get("", "client")?,
        server_id: ServerId::from_uuid(row.try_get("", "server_id")?),
        kind,
        target: row.try_get("", "target")?,
        calls: made(row)?,
    })
}

fn count(project_id: ProjectId, row: &QueryResult) -> Result<CallCount, DbErr> {
    Ok(CallCount {
        project_id,
        user_id: UserId::from_uuid(row.try_get("", "user_id")?),
        key_id: row.try_get::<Option<Uuid>>("", "key_id")?.map(KeyId::from_uuid),
        calls: made(row)?,
    })
}

fn made(row: &QueryResult) -> Result<u64, DbErr> {
    let made: i64 = row.try_get("", "made")?;
    Ok(u64::try_from(made).unwrap_or_default())
}
