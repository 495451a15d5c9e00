//! Calls in `calls`, counted by the database: what they have in common is counted by its number, and read once.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::call::OutcomeKind;
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, ServerId, UserId};
use orch_domain::port::call_census::{CallCensus, CallCount, CallGroup};
use orch_domain::refusal::Reason;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

use crate::chain::hash::{kind_of_number, outcome_numbers, reasons_in_sql};
use crate::chain::{Head, Stream};
use crate::database::Database;
use crate::repo::call_repo::{Range, chain_of, ranges};
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

    /// How many calls a chain has of each shape since then, as a select for others to read from; None when there are none.
    async fn made(
        &self,
        chain: i64,
        (first, last): (i64, i64),
        since: Timestamp,
    ) -> Result<Option<(String, Vec<Value>)>, StoreError> {
        let (within, since) = (Range { from: first, below: last + 1 }, to_micros(since));
        let found = ranges(self.database.reader(), chain, within, (Some(since), None)).await;
        let mut values: Vec<Value> = vec![chain.into(), since.into()];
        let mut parts = Vec::new();
        for Range { from, below } in found.map_err(unavailable(DOING))? {
            values.extend([from, below].map(Value::from));
            let (from, below) = (values.len() - 1, values.len());
            parts.push(format!(
                "SELECT shape, COUNT(*) AS made FROM calls WHERE chain = $1 AND at >= $2 AND seq >= ${from} AND \
                 seq < ${below} GROUP BY shape"
            ));
        }
        Ok((!parts.is_empty()).then(|| (parts.join(" UNION ALL "), values)))
    }
}

#[async_trait]
impl CallCensus for SeaCallCensus {
    async fn groups(&self, project: ProjectId, since: Timestamp, limit: u32) -> Result<Vec<CallGroup>, StoreError> {
        let conn = self.database.reader();
        let found = chain_of(conn, project.as_uuid(), Stream::Calls).await.map_err(unavailable(DOING))?;
        let Some((chain, first, last)) = found else { return Ok(Vec::new()) };
        let Some((made, mut values)) = self.made(chain, (first, last), since).await? else { return Ok(Vec::new()) };
        values.push(i64::from(limit).into());
        // Outcomes are told apart by shapes and not here.
        let select = format!(
            "SELECT s.user_id, s.key_id, s.client, s.server_id, s.kind, s.target, \
             CAST(SUM(c.made) AS BIGINT) AS made FROM ({made}) c \
             JOIN call_shapes s ON s.id = c.shape WHERE s.server_id IS NOT NULL \
             AND (s.reason IS NULL OR s.reason NOT IN ({})) \
             GROUP BY s.user_id, s.key_id, s.client, s.server_id, s.kind, s.target \
             ORDER BY made DESC LIMIT ${}",
            reasons_in_sql(&Reason::NOWHERE),
            values.len()
        );
        let rows = conn.query_all_raw(statement(conn, &select, values)).await.map_err(unavailable(DOING))?;
        rows.iter().map(|row| group(row).map_err(unavailable(DOING))).collect()
    }

    async fn counts(&self, since: Timestamp) -> Result<Vec<CallCount>, StoreError> {
        let conn = self.database.reader();
        let heads = Head::all(conn).await.map_err(unavailable(DOING))?;
        let counted: Vec<_> =
            outcome_numbers(|outcome| outcome != OutcomeKind::Limited).iter().map(i16::to_string).collect();
        let counted = counted.join(", ");
        let mut counts = Vec::new();
        for head in heads.into_iter().filter(|head| head.stream == Stream::Calls) {
            let made = self.made(head.id, (head.first_seq, head.seq), since).await?;
            let Some((made, values)) = made else { continue };
            let select = format!(
                "SELECT s.user_id, s.key_id, CAST(SUM(c.made) AS BIGINT) AS made FROM ({made}) c JOIN call_shapes s ON \
                 s.id = c.shape WHERE s.outcome IN ({counted}) GROUP BY s.user_id, s.key_id"
            );
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
