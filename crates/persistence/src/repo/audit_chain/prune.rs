//! Retention: takes the oldest links of chains away and puts down a signed mark of where the rest begins, so that what
//! is kept can still be verified.

use orch_domain::Timestamp;
use orch_domain::error::StoreError;
use sea_orm::{ConnectionTrait, Value};

use super::SeaAuditChain;
use super::checkpoint::{Checkpoint, Kind};
use crate::chain::{Head, Stream};
use crate::sql::{self, statement};
use crate::store_error::unavailable;
use crate::timestamp::{from_micros, to_micros};

/// Links taken away in one transaction: others write in between.
const AT_ONCE: i64 = 5000;

impl SeaAuditChain {
    /// Takes calls of before `until` away, and tells how many.
    pub async fn prune_calls(&self, until: Timestamp) -> Result<u64, StoreError> {
        self.prune(Stream::Calls, until).await
    }

    /// Takes audit entries of before `until` away, and tells how many.
    pub async fn prune_entries(&self, until: Timestamp) -> Result<u64, StoreError> {
        self.prune(Stream::Entries, until).await
    }

    /// Forgets how far segments of the journal were stored whose calls are older than that. They are gone long since.
    pub async fn forget_segments(&self, until: Timestamp) -> Result<u64, StoreError> {
        let doing = "forgetting old segments of the journal";
        let writing = self.database.write_quietly(doing).await?;
        let delete = statement(writing.conn(), "DELETE FROM journal_marks WHERE at < $1", [to_micros(until).into()]);
        let done = writing.conn().execute_raw(delete).await.map_err(unavailable(doing))?;
        writing.commit().await?;
        Ok(done.rows_affected())
    }

    async fn prune(&self, stream: Stream, until: Timestamp) -> Result<u64, StoreError> {
        let doing = "taking away old records";
        let heads = Head::all(self.database.reader()).await.map_err(unavailable(doing))?;
        let mut taken = 0;
        for head in heads.into_iter().filter(|head| head.stream == stream) {
            let mut of_chain = 0;
            loop {
                let some = self.prune_some(&head, until, doing).await?;
                of_chain += some;
                if some < AT_ONCE.unsigned_abs() {
                    break;
                }
            }
            if of_chain > 0 && stream == Stream::Calls {
                self.sweep_shapes(&head, doing).await?;
            }
            taken += of_chain;
        }
        Ok(taken)
    }

    /// Takes away the shapes that no call of the chain has any more. Under the chain's lock, and counted: who writes
    /// calls of the project next does not trust the numbers that it has learnt before.
    async fn sweep_shapes(&self, of: &Head, doing: &'static str) -> Result<(), StoreError> {
        let writing = self.database.write_quietly(doing).await?;
        let conn = writing.conn();
        let head = Head::lock(conn, of.scope, of.stream, doing).await?;
        let sweep = "DELETE FROM call_shapes WHERE project_id = $1 AND NOT EXISTS \
                     (SELECT 1 FROM calls WHERE calls.shape = call_shapes.id)";
        let swept = conn.execute_raw(statement(conn, sweep, [head.scope.into()])).await.map_err(unavailable(doing))?;
        if swept.rows_affected() > 0 {
            let count = statement(conn, "UPDATE audit_chains SET sweeps = sweeps + 1 WHERE id = $1", [head.id.into()]);
            conn.execute_raw(count).await.map_err(unavailable(doing))?;
        }
        writing.commit().await
    }

    async fn prune_some(&self, of: &Head, until: Timestamp, doing: &'static str) -> Result<u64, StoreError> {
        let Some(signer) = self.database.signer() else { return Ok(0) };
        let writing = self.database.write_quietly(doing).await?;
        let conn = writing.conn();
        let head = Head::lock(conn, of.scope, of.stream, doing).await?;
        let table = match head.stream {
            Stream::Entries => "audit_entries",
            Stream::Calls => "calls",
        };
        let select = format!("SELECT seq, at, link FROM {table} WHERE chain = $1 AND seq >= $2 ORDER BY seq LIMIT $3");
        let values: [Value; 3] = [head.id.into(), head.first_seq.into(), AT_ONCE.into()];
        let rows = conn.query_all_raw(statement(conn, &select, values)).await.map_err(unavailable(doing))?;
        let mut last = None;
        let mut count = 0;
        for row in &rows {
            let at = match head.stream {
                Stream::Entries => row.try_get::<Timestamp>("", "at"),
                Stream::Calls => row
                    .try_get::<i64>("", "at")
                    .and_then(|at| from_micros(at).ok_or_else(|| sql::unreadable("calls.at"))),
            };
            if at.map_err(unavailable(doing))? >= until {
                break;
            }
            let seq: i64 = row.try_get("", "seq").map_err(unavailable(doing))?;
            // A chain with a hole is evidence, and is left as it is.
            if seq != head.first_seq + count {
                break;
            }
            count += 1;
            last = Some((seq, sql::hash(row, "link").map_err(unavailable(doing))?));
        }
        let Some((seq, hash)) = last else { return Ok(0) };
        let mut mark = Checkpoint {
            scope: head.scope,
            stream: head.stream,
            kind: Kind::Pruned,
            seq,
            hash,
            at: to_micros(until),
            key_id: signer.key_id(),
            signature: Vec::new(),
        };
        mark.signature = signer.sign(&mark.message());
        let steps: [(String, Vec<Value>); 3] = [
            (format!("DELETE FROM {table} WHERE chain = $1 AND seq <= $2"), vec![head.id.into(), seq.into()]),
            (
                "DELETE FROM audit_checkpoints WHERE chain = $1 AND seq <= $2".to_owned(),
                vec![head.id.into(), seq.into()],
            ),
            (
                "UPDATE audit_chains SET first_seq = $1, first_hash = $2 WHERE id = $3".to_owned(),
                vec![(seq + 1).into(), hash.to_vec().into(), head.id.into()],
            ),
        ];
        for (step, values) in steps {
            conn.execute_raw(statement(conn, &step, values)).await.map_err(unavailable(doing))?;
        }
        mark.insert(conn, head.id).await.map_err(unavailable(doing))?;
        writing.commit().await?;
        Ok(count.unsigned_abs())
    }
}
