//! Between which times the calls of each stretch of a chain are. Numbers are given in the order of storing, and a journal
//! that is stored late or a clock that was wrong brings old times after new ones, so where the calls of a time are is
//! looked up here. A stretch may claim a longer time than its calls have, and never a shorter one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use orch_domain::error::StoreError;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Value};

use super::DOING;
use super::pieces::pieces;
use crate::database::patient::Transaction;
use crate::sql::{self, statement};
use crate::store_error::unavailable;

/// Numbers of a stretch. Stretches that are stored have as many.
const NUMBERS: i64 = 1024;
/// What is further apart than these is asked for at once, with what lies between.
const MOST_RANGES: usize = 8;

/// Numbers of a chain, up to `below` and without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: i64,
    pub(crate) below: i64,
}

/// The times of a batch's calls, on their way to `call_stretches`.
#[derive(Debug, Default)]
pub(super) struct Stretches(BTreeMap<(i64, i64), (i64, i64)>);

impl Stretches {
    pub(super) fn add(&mut self, chain: i64, seq: i64, at: i64) {
        let (min, max) = self.0.entry((chain, seq / NUMBERS)).or_insert((at, at));
        (*min, *max) = (at.min(*min), at.max(*max));
    }

    pub(super) async fn write(self, txn: &Transaction) -> Result<(), StoreError> {
        let backend = txn.get_database_backend();
        let (least, greatest) =
            if backend == DatabaseBackend::Postgres { ("LEAST", "GREATEST") } else { ("MIN", "MAX") };
        let stretches: Vec<_> = self.0.into_iter().collect();
        for piece in pieces(&stretches) {
            let insert = format!(
                "INSERT INTO call_stretches (chain, stretch, min_at, max_at) VALUES {} ON CONFLICT (chain, stretch) \
                 DO UPDATE SET min_at = {least}(call_stretches.min_at, excluded.min_at), \
                 max_at = {greatest}(call_stretches.max_at, excluded.max_at)",
                sql::rows(backend, piece.len(), 4)
            );
            let values =
                piece.iter().flat_map(|((chain, stretch), (min, max))| [*chain, *stretch, *min, *max].map(Value::from));
            txn.execute_raw(statement(txn, &insert, values)).await.map_err(unavailable(DOING))?;
        }
        Ok(())
    }
}

/// Where in a range of a chain calls of `from` or later and of before `until` may be; the newest numbers first. Only what
/// is given is asked for.
pub(crate) async fn ranges(
    conn: &impl ConnectionTrait,
    chain: i64,
    within: Range,
    (from, until): (Option<i64>, Option<i64>),
) -> Result<Vec<Range>, DbErr> {
    if from.is_none() && until.is_none() {
        return Ok(vec![within]);
    }
    // Stretches that follow each other have the same distance from their place among those that are found.
    let find = "SELECT MIN(stretch) AS first, MAX(stretch) AS last FROM (SELECT stretch, \
                stretch - ROW_NUMBER() OVER (ORDER BY stretch) AS island FROM call_stretches WHERE chain = $1 AND \
                stretch >= $2 AND stretch <= $3 AND max_at >= $4 AND min_at < $5) found GROUP BY island ORDER BY 1 DESC";
    let values =
        [chain, within.from / NUMBERS, within.below / NUMBERS, from.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX)];
    let rows = conn.query_all_raw(statement(conn, find, values.map(Value::from))).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (first, last): (i64, i64) = (row.try_get("", "first")?, row.try_get("", "last")?);
        let range = Range { from: within.from.max(first * NUMBERS), below: within.below.min((last + 1) * NUMBERS) };
        if range.from < range.below {
            found.push(range);
        }
    }
    Ok(joined(found))
}

/// Forgets stretches of which no number is kept.
pub(crate) async fn forget(conn: &impl ConnectionTrait, chain: i64, first_kept: i64) -> Result<(), DbErr> {
    let delete = "DELETE FROM call_stretches WHERE chain = $1 AND stretch < $2";
    conn.execute_raw(statement(conn, delete, [chain.into(), (first_kept / NUMBERS).into()])).await.map(|_| ())
}

/// The same numbers and more in no more ranges than [`MOST_RANGES`]: those that are closest together become one.
fn joined(ranges: Vec<Range>) -> Vec<Range> {
    if ranges.len() <= MOST_RANGES {
        return ranges;
    }
    let gap = |newer: &Range, older: &Range| newer.from - older.below;
    let mut gaps: Vec<_> = ranges.iter().zip(ranges.iter().skip(1)).map(|(newer, older)| gap(newer, older)).collect();
    gaps.sort_unstable_by_key(|gap| Reverse(*gap));
    let widest_closed = gaps.get(MOST_RANGES - 1).copied().unwrap_or_default();
    let mut joined: Vec<Range> = Vec::with_capacity(MOST_RANGES);
    for range in ranges {
        match joined.last_mut() {
            Some(newer) if gap(newer, &range) <= widest_closed => newer.from = range.from,
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::{MOST_RANGES, Range, joined};

    #[test]
    fn what_is_closest_together_is_joined() {
        let range = |from, below| Range { from, below };
        let few = vec![range(50, 60), range(10, 20)];
        assert_eq!(joined(few.clone()), few);

        // Ten of them, 100 apart but for two that follow closer.
        let mut many: Vec<_> = (0..10).map(|number| range(2000 - number * 200, 2100 - number * 200)).collect();
        many[3].below += 50;
        many[6].from -= 60;
        let expected = [&many[..2], &[range(many[3].from, many[2].below)], &many[4..6]].concat();
        let expected = [expected.as_slice(), &[range(many[7].from, many[6].below)], &many[8..]].concat();
        let found = joined(many);
        assert_eq!(found, expected);
        assert_eq!(found.len(), MOST_RANGES);

        let even: Vec<_> = (0..100).map(|number| range(2000 - number * 20, 2010 - number * 20)).collect();
        let found = joined(even);
        assert_eq!(found, [range(20, 2010)], "numbers between are never lost");
    }
}
