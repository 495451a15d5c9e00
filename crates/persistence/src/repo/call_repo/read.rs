//! Reading of calls. What calls have in common is filtered in `call_shapes`, where it stands once; then the newest few
//! of each shape are read from the index and merged, so that a rare thing among millions of calls is found at once.

use orch_domain::Timestamp;
use orch_domain::activity::{CallQuery, Numbered};
use orch_domain::call::{Call, Outcome};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ServerId, UserId};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Value};
use std::time::Duration;
use uuid::Uuid;

use super::ids;
use crate::chain::Stream;
use crate::chain::hash::{self, Shape, kind_number, kind_of_number, outcome_numbers, outcome_word};
use crate::database::Database;
use crate::sql::{self, statement};
use crate::store_error::unavailable;
use crate::timestamp::{from_micros, to_micros};

const DOING: &str = "listing calls";
/// Calls are recorded in the order of their ends, nearly: so much later than others at most, or the database was away.
const DISORDER_US: i64 = 10 * 60 * 1_000_000;
const FACTS: &str = "c.seq, c.call_id, c.at, c.duration_us, c.code, c.arguments, s.project_id, s.user_id, s.key_id, s.client, \
                     s.server_id, s.server, s.kind, s.target, s.outcome";

/// The number of a chain; None when nothing was recorded there yet.
pub(crate) async fn chain_of(
    conn: &impl ConnectionTrait,
    scope: Uuid,
    stream: Stream,
) -> Result<Option<(i64, i64, i64)>, DbErr> {
    let find = "SELECT id, first_seq, seq FROM audit_chains WHERE scope = $1 AND stream = $2";
    let row = conn.query_one_raw(statement(conn, find, [scope.into(), stream.as_str().into()])).await?;
    row.map(|row| Ok((row.try_get("", "id")?, row.try_get("", "first_seq")?, row.try_get("", "seq")?))).transpose()
}

/// The newest calls below a number.
pub(crate) async fn calls(
    database: &Database,
    query: &CallQuery,
    below: u64,
    limit: u32,
) -> Result<Vec<Numbered<Call>>, StoreError> {
    let conn = database.reader();
    let found = chain_of(conn, query.project.as_uuid(), Stream::Calls).await.map_err(unavailable(DOING))?;
    let Some((chain, first, last)) = found else { return Ok(Vec::new()) };
    let mut range = Range { chain, from: first, below: i64::try_from(below).unwrap_or(i64::MAX).min(last + 1) };
    if let Some(until) = query.until {
        let until = to_micros(until) + DISORDER_US;
        range.below = range.below.min(range.first_at(conn, until).await.map_err(unavailable(DOING))?);
    }
    if let Some(from) = query.from {
        range.from = range.first_since(conn, from).await.map_err(unavailable(DOING))?;
    }
    let (sql, values) = select(conn.get_database_backend(), query, &range, limit);
    let rows = conn.query_all_raw(statement(conn, &sql, values)).await.map_err(unavailable(DOING))?;
    rows.iter().map(read).collect()
}

/// Numbers of a chain, and the search in them.
pub(crate) struct Range {
    pub(crate) chain: i64,
    pub(crate) from: i64,
    pub(crate) below: i64,
}

impl Range {
    /// The number of the first call that may be of that time or later.
    pub(crate) async fn first_since(&self, conn: &impl ConnectionTrait, since: Timestamp) -> Result<i64, DbErr> {
        self.first_at(conn, to_micros(since) - DISORDER_US).await
    }

    /// The lowest number whose call is not before `at`, by halving.
    async fn first_at(&self, conn: &impl ConnectionTrait, at: i64) -> Result<i64, DbErr> {
        let (mut low, mut high) = (self.from, self.below);
        while low < high {
            let middle = low + (high - low) / 2;
            let find = "SELECT at FROM calls WHERE chain = $1 AND seq = $2";
            let row = conn.query_one_raw(statement(conn, find, [self.chain.into(), middle.into()])).await?;
            match row.map(|row| row.try_get::<i64>("", "at")).transpose()? {
                Some(found) if found < at => low = middle + 1,
                // A number that is missing was taken by retention or by somebody; `audit verify` tells.
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

/// Conditions with their values, numbered as they come.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        let place = self.value(value);
        self.sql.push(condition.replace('?', &place));
    }
}

fn select(backend: DatabaseBackend, query: &CallQuery, range: &Range, limit: u32) -> (String, Vec<Value>) {
    let mut all = Conditions::default();
    let (chain, from, below) = (all.value(range.chain), all.value(range.from), all.value(range.below));
    let limit = all.value(i64::from(limit));
    let shapes = shape_conditions(&mut all, query);
    let mut times = String::new();
    if let Some(at) = query.from {
        times.push_str(&format!(" AND x.at >= {}", all.value(to_micros(at))));
    }
    if let Some(at) = query.until {
        times.push_str(&format!(" AND x.at < {}", all.value(to_micros(at))));
    }
    let sql = if shapes.is_empty() {
        // Nothing but the project: the chain itself is in the order of the list.
        format!(
            "SELECT {FACTS} FROM (SELECT * FROM calls x WHERE x.chain = {chain} AND x.seq >= {from} AND \
             x.seq < {below}{times} ORDER BY x.seq DESC LIMIT {limit}) c JOIN call_shapes s ON s.id = c.shape \
             ORDER BY c.seq DESC"
        )
    } else {
        let project = all.value(query.project.as_uuid());
        let newest = format!(
            "FROM calls x WHERE x.shape = s.id AND x.seq >= {from} AND x.seq < {below} AND x.chain = {chain}{times} \
             ORDER BY x.seq DESC LIMIT {limit}"
        );
        let source = match backend {
            DatabaseBackend::Postgres => format!("CROSS JOIN LATERAL (SELECT x.* {newest}) c WHERE"),
            _ => format!(
                "CROSS JOIN calls c WHERE c.shape = s.id AND c.chain = {chain} AND c.seq IN (SELECT x.seq {newest}) AND"
            ),
        };
        format!(
            "SELECT {FACTS} FROM call_shapes s {source} s.project_id = {project} AND {} ORDER BY c.seq DESC \
             LIMIT {limit}",
            shapes.join(" AND ")
        )
    };
    (sql, all.values)
}

fn shape_conditions(all: &mut Conditions, query: &CallQuery) -> Vec<String> {
    if let Some(user) = query.user {
        all.add("s.user_id = ?", UserId::as_uuid(user));
    }
    if let Some(key) = query.key {
        all.add("s.key_id = ?", KeyId::as_uuid(key));
    }
    if let Some(server) = query.server {
        all.add("s.server_id = ?", ServerId::as_uuid(server));
    }
    if let Some(kind) = query.kind {
        all.add("s.kind = ?", kind_number(kind));
    }
    if let Some(target) = &query.target {
        all.add("s.target = ?", target.replace('\0', "\u{fffd}"));
    }
    if let Some(outcome) = query.outcome {
        let numbers: Vec<_> = outcome_numbers(|word| outcome.matches(word)).iter().map(i16::to_string).collect();
        all.sql.push(format!("s.outcome IN ({})", numbers.join(", ")));
    }
    if let Some(text) = &query.search {
        let pattern = sql::containing(text);
        all.add(
            r"(LOWER(s.target) LIKE ? ESCAPE '\' OR LOWER(s.server) LIKE ? ESCAPE '\' OR LOWER(s.client) LIKE ? ESCAPE '\')",
            pattern,
        );
    }
    std::mem::take(&mut all.sql)
}

pub(crate) fn read_shape(row: &QueryResult) -> Result<Shape, DbErr> {
    Ok(Shape {
        project_id: row.try_get("", "project_id")?,
        user_id: row.try_get("", "user_id")?,
        key_id: row.try_get("", "key_id")?,
        client: row.try_get("", "client")?,
        server_id: row.try_get("", "server_id")?,
        server: row.try_get("", "server")?,
        kind: row.try_get("", "kind")?,
        target: row.try_get("", "target")?,
        outcome: row.try_get("", "outcome")?,
    })
}

pub(crate) fn read_bare(row: &QueryResult) -> Result<hash::Bare, DbErr> {
    Ok(hash::Bare {
        call_id: row.try_get("", "call_id")?,
        at: row.try_get("", "at")?,
        duration_us: row.try_get("", "duration_us")?,
        code: row.try_get("", "code")?,
        arguments: row.try_get("", "arguments")?,
    })
}

pub(crate) fn read(row: &QueryResult) -> Result<Numbered<Call>, StoreError> {
    let seq: i64 = row.try_get("", "seq").map_err(unavailable(DOING))?;
    let bare = read_bare(row).map_err(unavailable(DOING))?;
    let shape = read_shape(row).map_err(unavailable(DOING))?;
    let corrupt = crate::entity::corrupt("calls", bare.call_id);
    let (id, project_id, user_id, key_id, server_id) = ids(bare.call_id, &shape);
    let duration = u64::try_from(bare.duration_us).map_err(|error| corrupt("duration_us", &error))?;
    let outcome = outcome_word(shape.outcome).and_then(|word| Outcome::parse(word, bare.code));
    let call = Call {
        id,
        at: from_micros(bare.at).ok_or_else(|| corrupt("at", &"it is no time"))?,
        project_id,
        user_id,
        key_id,
        client: shape.client.into(),
        server_id,
        server: shape.server.into(),
        kind: kind_of_number(shape.kind).ok_or_else(|| corrupt("kind", &"it is not a kind of call"))?,
        target: shape.target,
        duration: Duration::from_micros(duration),
        outcome: outcome.ok_or_else(|| corrupt("outcome", &"it is not an outcome"))?,
        arguments: match bare.arguments {
            None => None,
            Some(kept) => {
                Some(hash::read_arguments(&kept).ok_or_else(|| corrupt("arguments", &"they are unreadable"))?)
            }
        },
    };
    Ok(Numbered { seq: u64::try_from(seq).unwrap_or_default(), item: call })
}
