//! Sums of calls, read from `usage_sums`. They are written together with the calls, in
//! [`call_repo`](super::call_repo).

use std::fmt::Write as _;
use std::time::Duration;

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ServerId, UserId};
use orch_domain::port::usage_repo::UsageRepo;
use orch_domain::usage::{Dimension, Figures, Item, Point, Ranked, SLOTS, SeriesQuery, Span, Step, TopQuery};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

use crate::chain::hash::{self, kind_of_number};
use crate::database::Database;
use crate::database::clock::Cut;
use crate::repo::call_repo::{dimension_number, step_number};
use crate::sql::{self, statement};
use crate::store_error::unavailable;

const DOING: &str = "reading the usage";

#[derive(Debug, Clone)]
pub struct SeaUsageRepo {
    database: Database,
}

impl SeaUsageRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Takes away the sums by `step` of before `until`.
    pub async fn prune(&self, step: Step, until: Cut) -> Result<u64, StoreError> {
        let doing = "taking away old sums of calls";
        let writing = self.database.write_quietly(doing).await?;
        let delete = "DELETE FROM usage_sums WHERE step = $1 AND bucket < $2";
        let values: [Value; 2] = [step_number(step).into(), step.floor(until.0).into()];
        let done = writing.conn().execute_raw(statement(writing.conn(), delete, values)).await;
        let taken = done.map_err(unavailable(doing))?.rows_affected();
        writing.commit().await?;
        Ok(taken)
    }
}

#[async_trait]
impl UsageRepo for SeaUsageRepo {
    async fn series(&self, query: &SeriesQuery) -> Result<Vec<Point>, StoreError> {
        let mut columns = String::from("u.bucket, u.calls, u.errors, u.total_us, u.longest_us");
        for slot in 0..SLOTS {
            // Writing to a text does not fail.
            let _ = write!(columns, ", u.h{slot}");
        }
        let select = format!(
            "SELECT {columns} FROM usage_items i JOIN usage_sums u ON u.item = i.id WHERE i.project_id = $1 AND \
             i.digest = $2 AND u.step = $3 AND u.bucket >= $4 AND u.bucket < $5 ORDER BY u.bucket"
        );
        let (from, until) = bounds(&query.span);
        let values: [Value; 5] = [
            query.project.as_uuid().into(),
            hash::item(&query.item).to_vec().into(),
            step_number(query.span.step).into(),
            from.into(),
            until.into(),
        ];
        let conn = self.database.reader();
        let rows = conn.query_all_raw(statement(conn, &select, values)).await.map_err(unavailable(DOING))?;
        rows.iter().map(|row| point(row).map_err(unavailable(DOING))).collect()
    }

    async fn top(&self, query: &TopQuery) -> Result<Vec<Ranked>, StoreError> {
        let (from, until) = bounds(&query.span);
        let mut values: Vec<Value> = vec![
            query.project.as_uuid().into(),
            dimension_number(query.by).into(),
            step_number(query.span.step).into(),
            from.into(),
            until.into(),
            i64::from(query.limit).into(),
        ];
        let mut of_server = "";
        if let Some(server) = query.server {
            of_server = " AND i.server_id = $7";
            values.push(server.as_uuid().into());
        }
        let mut sums = String::new();
        for column in ["calls", "errors", "total_us"] {
            let _ = write!(sums, ", CAST(SUM(u.{column}) AS BIGINT) AS {column}");
        }
        for slot in 0..SLOTS {
            let _ = write!(sums, ", CAST(SUM(u.h{slot}) AS BIGINT) AS h{slot}");
        }
        // The items are few; what is said of them is fetched for the winners alone.
        let select = format!(
            "SELECT i.server_id, i.kind, i.ref_id, i.label, i.is_rest, t.* FROM (SELECT u.item{sums}, \
             MAX(u.longest_us) AS longest_us FROM usage_items i JOIN usage_sums u ON u.item = i.id \
             WHERE i.project_id = $1 AND i.dimension = $2{of_server} AND u.step = $3 AND u.bucket >= $4 AND \
             u.bucket < $5 GROUP BY u.item ORDER BY SUM(u.calls) DESC, u.item LIMIT $6) t \
             JOIN usage_items i ON i.id = t.item ORDER BY t.calls DESC, t.item"
        );
        let conn = self.database.reader();
        let rows = conn.query_all_raw(statement(conn, &select, values)).await.map_err(unavailable(DOING))?;
        rows.iter().map(|row| ranked(row, query.by).map_err(unavailable(DOING))).collect()
    }
}

fn bounds(span: &Span) -> (i64, i64) {
    (span.step.floor(span.from), span.until.unix_timestamp())
}

fn figures(row: &QueryResult) -> Result<Figures, DbErr> {
    let number = |column: &str| -> Result<u64, DbErr> {
        let number: i64 = row.try_get("", column)?;
        Ok(u64::try_from(number).unwrap_or_default())
    };
    let mut slots = [0; SLOTS];
    for (at, slot) in slots.iter_mut().enumerate() {
        *slot = number(&format!("h{at}"))?;
    }
    Ok(Figures {
        calls: number("calls")?,
        errors: number("errors")?,
        total: Duration::from_micros(number("total_us")?),
        longest: Duration::from_micros(number("longest_us")?),
        slots,
    })
}

fn point(row: &QueryResult) -> Result<Point, DbErr> {
    let bucket: i64 = row.try_get("", "bucket")?;
    let at = Timestamp::from_unix_timestamp(bucket).map_err(|_| sql::unreadable("usage_sums.bucket"))?;
    Ok(Point { at, figures: figures(row)? })
}

fn ranked(row: &QueryResult, by: Dimension) -> Result<Ranked, DbErr> {
    let label: String = row.try_get("", "label")?;
    let server: Option<Uuid> = row.try_get("", "server_id")?;
    let server = server.map(ServerId::from_uuid);
    let reference: Option<Uuid> = row.try_get("", "ref_id")?;
    let item = match by {
        _ if row.try_get("", "is_rest")? => Item::Other(by),
        Dimension::Project => Item::Project,
        Dimension::Server => Item::Server(server),
        Dimension::Tool => {
            let kind: Option<i16> = row.try_get("", "kind")?;
            let kind = kind.and_then(kind_of_number).ok_or_else(|| sql::unreadable("usage_items.kind"))?;
            Item::Tool { server, kind, name: label.clone() }
        }
        Dimension::User => {
            Item::User(UserId::from_uuid(reference.ok_or_else(|| sql::unreadable("usage_items.ref_id"))?))
        }
        Dimension::Key => Item::Key(reference.map(KeyId::from_uuid)),
        Dimension::Client => Item::Client(label.clone()),
    };
    Ok(Ranked { item, label, figures: figures(row)? })
}
