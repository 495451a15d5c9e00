//! Reading of calls. What calls have in common is filtered in `call_shapes`, where it stands once. What is frequent is
//! found among the last calls; of what is rare the newest few of each shape are read from the index and merged. So
//! either is found at once among millions of calls. Of those of a time only the stretches are read that have any.

use orch_domain::activity::{CallQuery, Numbered};
use orch_domain::call::{Call, Outcome};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, RuleId, ServerId, UserId};
use orch_domain::refusal::Refusal;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Value};
use std::time::Duration;
use uuid::Uuid;

use super::ids;
use super::stretches::{Range, ranges};
use crate::chain::Stream;
use crate::chain::hash::{self, Shape, kind_number, kind_of_number, outcome_numbers, outcome_of_number};
use crate::database::Database;
use crate::sql::{self, statement};
use crate::store_error::unavailable;
use crate::timestamp::{from_micros, to_micros};

const DOING: &str = "listing calls";
/// So many of the last calls are looked through before what is rare is looked up.
const LOOKED_THROUGH: i64 = 20_000;
const FACTS: &str = "x.seq, x.call_id, x.at, x.duration_us, x.code, x.arguments, x.waited_us, s.project_id, s.user_id, s.key_id, \
                     s.client, s.server_id, s.server, s.kind, s.target, s.outcome, s.reason, s.rule_id";

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
    let within = Range { from: first, below: i64::try_from(below).unwrap_or(i64::MAX).min(last + 1) };
    let times = (query.from.map(to_micros), query.until.map(to_micros));
    let ranges = ranges(conn, chain, within, times).await.map_err(unavailable(DOING))?;
    let mut found = Vec::new();
    for range in ranges {
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        found.extend(calls_in(conn, query, chain, &range, left).await?);
    }
    Ok(found)
}

/// The newest calls of a range.
async fn calls_in(
    conn: &impl ConnectionTrait,
    query: &CallQuery,
    chain: i64,
    range: &Range,
    limit: u32,
) -> Result<Vec<Numbered<Call>>, StoreError> {
    // What is frequent is among the last calls; only what is rare is looked up by what it has in common.
    let last = Range { from: range.from.max(range.below.saturating_sub(LOOKED_THROUGH)), below: range.below };
    let Some(question) = Question::of_shapes(query, &last, limit) else {
        return ask(conn, of_project(query, chain, range, limit)).await;
    };
    let found = ask(conn, question.through(chain)).await?;
    if found.len() >= limit as usize || last.from <= range.from {
        return Ok(found);
    }
    match Question::of_shapes(query, range, limit) {
        Some(question) => ask(conn, question.by_shape(conn.get_database_backend())).await,
        None => Ok(found),
    }
}

async fn ask(
    conn: &impl ConnectionTrait,
    (sql, values): (String, Vec<Value>),
) -> Result<Vec<Numbered<Call>>, StoreError> {
    let rows = conn.query_all_raw(statement(conn, &sql, values)).await.map_err(unavailable(DOING))?;
    rows.iter().map(read).collect()
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

/// What is asked of `call_shapes` and of the times, and its values.
struct Question {
    values: Vec<Value>,
    /// Places of the range's lower and upper end and of the limit.
    from: String,
    below: String,
    limit: String,
    shapes: String,
    times: String,
}

impl Question {
    /// None when it asks for nothing but the project's calls.
    fn of_shapes(query: &CallQuery, range: &Range, limit: u32) -> Option<Self> {
        let mut all = Conditions::default();
        let (from, below) = (all.value(range.from), all.value(range.below));
        let limit = all.value(i64::from(limit));
        let mut shapes = shape_conditions(&mut all, query);
        if shapes.is_empty() {
            return None;
        }
        shapes.push(format!("s.project_id = {}", all.value(query.project.as_uuid())));
        let times = times(&mut all, query);
        Some(Self { values: all.values, from, below, limit, shapes: shapes.join(" AND "), times })
    }

    /// Goes through the calls of a range, the newest first. Quick where many of them match.
    fn through(mut self, chain: i64) -> (String, Vec<Value>) {
        let Self { from, below, limit, shapes, times, .. } = &self;
        let place = self.values.len() + 1;
        let sql = format!(
            "SELECT {FACTS} FROM calls x JOIN call_shapes s ON s.id = x.shape WHERE x.chain = ${place} AND \
             x.seq >= {from} AND x.seq < {below}{times} AND {shapes} ORDER BY x.seq DESC LIMIT {limit}"
        );
        self.values.push(chain.into());
        (sql, self.values)
    }

    /// Reads the newest few of each shape that matches, from the index, and merges them. Quick where few shapes match,
    /// however many calls there are. The chain is not asked for: a shape is of one project, and with the chain as a
    /// condition databases take to going through the chain once for each shape.
    fn by_shape(self, backend: DatabaseBackend) -> (String, Vec<Value>) {
        let Self { values, from, below, limit, shapes, times } = self;
        let newest = format!(
            "FROM calls y WHERE y.shape = s.id AND y.seq >= {from} AND y.seq < {below}{times} \
             ORDER BY y.seq DESC LIMIT {limit}",
            times = times.replace("x.at", "y.at")
        );
        let source = match backend {
            DatabaseBackend::Postgres => format!("CROSS JOIN LATERAL (SELECT y.* {newest}) x WHERE"),
            _ => format!("CROSS JOIN calls x WHERE x.shape = s.id AND x.seq IN (SELECT y.seq {newest}) AND"),
        };
        let sql = format!("SELECT {FACTS} FROM call_shapes s {source} {shapes} ORDER BY x.seq DESC LIMIT {limit}");
        (sql, values)
    }
}

/// Nothing but the project: the chain itself is in the order of the list.
fn of_project(query: &CallQuery, chain: i64, range: &Range, limit: u32) -> (String, Vec<Value>) {
    let mut all = Conditions::default();
    let (chain, from, below) = (all.value(chain), all.value(range.from), all.value(range.below));
    let limit = all.value(i64::from(limit));
    let times = times(&mut all, query);
    let sql = format!(
        "SELECT {FACTS} FROM (SELECT * FROM calls x WHERE x.chain = {chain} AND x.seq >= {from} AND \
         x.seq < {below}{times} ORDER BY x.seq DESC LIMIT {limit}) x JOIN call_shapes s ON s.id = x.shape \
         ORDER BY x.seq DESC"
    );
    (sql, all.values)
}

fn times(all: &mut Conditions, query: &CallQuery) -> String {
    let mut times = String::new();
    if let Some(at) = query.from {
        times.push_str(&format!(" AND x.at >= {}", all.value(to_micros(at))));
    }
    if let Some(at) = query.until {
        times.push_str(&format!(" AND x.at < {}", all.value(to_micros(at))));
    }
    times
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
        let numbers: Vec<_> = outcome_numbers(|kind| outcome.matches(kind)).iter().map(i16::to_string).collect();
        all.sql.push(format!("s.outcome IN ({})", numbers.join(", ")));
    }
    if let Some(reasons) = &query.reasons {
        all.sql.push(format!("s.reason IN ({})", hash::reasons_in_sql(reasons)));
    }
    if !query.except.is_empty() {
        all.sql.push(format!("(s.reason IS NULL OR s.reason NOT IN ({}))", hash::reasons_in_sql(query.except)));
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
        reason: row.try_get("", "reason")?,
        rule_id: row.try_get("", "rule_id")?,
    })
}

pub(crate) fn read_bare(row: &QueryResult) -> Result<hash::Bare, DbErr> {
    Ok(hash::Bare {
        call_id: row.try_get("", "call_id")?,
        at: row.try_get("", "at")?,
        duration_us: row.try_get("", "duration_us")?,
        code: row.try_get("", "code")?,
        arguments: row.try_get("", "arguments")?,
        waited_us: row.try_get("", "waited_us")?,
    })
}

pub(crate) fn read(row: &QueryResult) -> Result<Numbered<Call>, StoreError> {
    let seq: i64 = row.try_get("", "seq").map_err(unavailable(DOING))?;
    let bare = read_bare(row).map_err(unavailable(DOING))?;
    let shape = read_shape(row).map_err(unavailable(DOING))?;
    let corrupt = crate::entity::corrupt("calls", bare.call_id);
    let (id, project_id, user_id, key_id, server_id) = ids(bare.call_id, &shape);
    let duration = u64::try_from(bare.duration_us).map_err(|error| corrupt("duration_us", &error))?;
    let waited = u64::try_from(bare.waited_us.unwrap_or_default()).map_err(|error| corrupt("waited_us", &error))?;
    let refusal = match shape.reason {
        None => None,
        Some(number) => {
            let reason = hash::reason_of_number(number).ok_or_else(|| corrupt("reason", &"it is not a reason"))?;
            Some(Refusal { reason, rule: shape.rule_id.map(RuleId::from_uuid) })
        }
    };
    let outcome = outcome_of_number(shape.outcome).and_then(|kind| Outcome::of(kind, bare.code));
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
        waited: Duration::from_micros(waited),
        outcome: outcome.ok_or_else(|| corrupt("outcome", &"it is not an outcome"))?,
        refusal,
        arguments: match bare.arguments {
            None => None,
            Some(kept) => {
                Some(hash::read_arguments(&kept).ok_or_else(|| corrupt("arguments", &"they are unreadable"))?)
            }
        },
    };
    Ok(Numbered { seq: u64::try_from(seq).unwrap_or_default(), item: call })
}
