//! Retention: takes the oldest links of chains away and puts down a signed mark of where the rest begins, so that what
//! is kept can still be verified. Takes away only what is found to be what was signed: otherwise who can write the
//! database would date back what is to vanish, and we would make it vanish.

use std::collections::BTreeMap;

use orch_domain::Timestamp;
use orch_domain::error::StoreError;
use orch_domain::port::chain_signer::ChainSigner;
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::SeaAuditChain;
use super::checkpoint::{Checkpoint, Kind};
use super::links;
use crate::chain::{COLUMNS, Hash, Head, Stream, hash};
use crate::database::clock::Cut;
use crate::database::patient::Transaction;
use crate::repo::call_repo;
use crate::sql::statement;
use crate::store_error::unavailable;
use crate::timestamp::to_micros;

/// Links taken away in one transaction: others write in between.
const AT_ONCE: i64 = 5000;
const DOING: &str = "taking away old records";

/// What retention has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Links that were taken away.
    pub taken: u64,
    /// Where the rest of each chain begins, to be put down in the file as well.
    pub marks: Vec<Checkpoint>,
    /// Chains that are not what was signed: they are evidence from there on, and left as they are.
    pub damaged: u64,
}

/// How far a chain may be cut.
#[derive(Default)]
struct Proof {
    /// The last link of each cut, in order.
    cuts: Vec<(i64, Hash)>,
    damaged: bool,
}

impl SeaAuditChain {
    /// Takes calls of before `until` away.
    pub async fn prune_calls(&self, until: Cut) -> Result<Pruned, StoreError> {
        self.prune(Stream::Calls, until.0).await
    }

    /// Takes audit entries of before `until` away.
    pub async fn prune_entries(&self, until: Cut) -> Result<Pruned, StoreError> {
        self.prune(Stream::Entries, until.0).await
    }

    /// Forgets how far segments of the journal were stored whose calls are older than that. They are gone long since.
    pub async fn forget_segments(&self, until: Cut) -> Result<u64, StoreError> {
        let doing = "forgetting old segments of the journal";
        let writing = self.database.write_quietly(doing).await?;
        let delete = statement(writing.conn(), "DELETE FROM journal_marks WHERE at < $1", [to_micros(until.0).into()]);
        let done = writing.conn().execute_raw(delete).await.map_err(unavailable(doing))?;
        writing.commit().await?;
        Ok(done.rows_affected())
    }

    async fn prune(&self, stream: Stream, until: Timestamp) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        let Some(signer) = self.database.signer() else { return Ok(pruned) };
        let heads = Head::all(self.database.reader()).await.map_err(unavailable(DOING))?;
        for head in heads.into_iter().filter(|head| head.stream == stream) {
            let txn = self.database.read_snapshot(DOING).await?;
            let Some((mut head, proof)) = prove(&txn, signer, head.id, until).await.map_err(unavailable(DOING))? else {
                continue;
            };
            drop(txn);
            pruned.damaged += u64::from(proof.damaged);
            let mut of_chain = 0;
            for cut in proof.cuts {
                let Some((taken, mark)) = self.cut(signer, &head, cut, until).await? else { break };
                (head.first_seq, head.first_hash) = (cut.0 + 1, cut.1);
                of_chain += taken;
                pruned.marks.push(mark);
            }
            if of_chain > 0 && stream == Stream::Calls {
                self.sweep_shapes(&head).await?;
            }
            pruned.taken += of_chain;
        }
        Ok(pruned)
    }

    /// Takes away the shapes that no call of the chain has any more. Under the chain's lock, and counted: who writes
    /// calls of the project next does not trust the numbers that it has learnt before.
    async fn sweep_shapes(&self, of: &Head) -> Result<(), StoreError> {
        let writing = self.database.write_quietly(DOING).await?;
        let conn = writing.conn();
        let head = Head::lock(conn, of.scope, of.stream, DOING).await?;
        let sweep = "DELETE FROM call_shapes WHERE project_id = $1 AND NOT EXISTS \
                     (SELECT 1 FROM calls WHERE calls.shape = call_shapes.id)";
        let swept = conn.execute_raw(statement(conn, sweep, [head.scope.into()])).await.map_err(unavailable(DOING))?;
        if swept.rows_affected() > 0 {
            let count = statement(conn, "UPDATE audit_chains SET sweeps = sweeps + 1 WHERE id = $1", [head.id.into()]);
            conn.execute_raw(count).await.map_err(unavailable(DOING))?;
        }
        writing.commit().await
    }

    /// Takes away what goes up to a link that was proven to be genuine. None when the chain does not begin any more where
    /// the proof did.
    async fn cut(
        &self,
        signer: &dyn ChainSigner,
        of: &Head,
        (seq, hash): (i64, Hash),
        until: Timestamp,
    ) -> Result<Option<(u64, Checkpoint)>, StoreError> {
        let writing = self.database.write_quietly(DOING).await?;
        let conn = writing.conn();
        let head = Head::lock(conn, of.scope, of.stream, DOING).await?;
        // Another process was faster.
        if (head.first_seq, head.first_hash) != (of.first_seq, of.first_hash) {
            return Ok(None);
        }
        let table = match head.stream {
            Stream::Entries => "audit_entries",
            Stream::Calls => "calls",
        };
        let delete = format!("DELETE FROM {table} WHERE chain = $1 AND seq <= $2");
        let delete = statement(conn, &delete, [head.id.into(), seq.into()]);
        let taken = conn.execute_raw(delete).await.map_err(unavailable(DOING))?.rows_affected();
        // Other rows than those that were looked at.
        if i64::try_from(taken) != Ok(seq + 1 - head.first_seq) {
            return Ok(None);
        }
        let mark = Checkpoint::sign(&head, Kind::Pruned, (seq, hash), to_micros(until), signer);
        let steps: [(&str, Vec<Value>); 2] = [
            ("DELETE FROM audit_checkpoints WHERE chain = $1 AND seq <= $2", vec![head.id.into(), seq.into()]),
            (
                "UPDATE audit_chains SET first_seq = $1, first_hash = $2 WHERE id = $3",
                vec![(seq + 1).into(), hash.to_vec().into(), head.id.into()],
            ),
        ];
        for (step, values) in steps {
            conn.execute_raw(statement(conn, step, values)).await.map_err(unavailable(DOING))?;
        }
        if head.stream == Stream::Calls {
            call_repo::forget(conn, head.id, seq + 1).await.map_err(unavailable(DOING))?;
        }
        mark.insert(conn, head.id).await.map_err(unavailable(DOING))?;
        writing.commit().await?;
        Ok(Some((taken, mark)))
    }
}

/// Walks a chain from its beginning over everything that is older than `until`, and on to the next end that was signed:
/// only that says that all before it is genuine. None when the chain is gone.
async fn prove(
    txn: &Transaction,
    signer: &dyn ChainSigner,
    chain: i64,
    until: Timestamp,
) -> Result<Option<(Head, Proof)>, DbErr> {
    let select = format!("SELECT {COLUMNS} FROM audit_chains WHERE id = $1");
    let Some(row) = txn.query_one_raw(statement(txn, &select, [chain.into()])).await? else { return Ok(None) };
    let head = Head::read(&row)?;
    let mut proof = Proof::default();
    let mut places = Vec::new();
    let (mut before, mut from) = (head.first_hash, head.first_seq);
    // The last link that is too old, and the last that is proven.
    let (mut old, mut proven) = (None, None);
    let mut is_over = false;
    'walk: loop {
        let links = links::read(txn, &head, before, from).await?;
        let Some(last) = links.last().map(|link| link.seq) else { break };
        if old.is_none() && links.first().is_some_and(|first| first.at >= to_micros(until)) {
            return Ok(Some((head, proof)));
        }
        let ends = signed_ends(txn, signer, &head, (from, last)).await?;
        for link in links {
            let signed_otherwise =
                ends.get(&link.seq).is_some_and(|hashes| hashes.iter().any(|hash| *hash != link.link));
            if link.seq != from || link.seq > head.seq || link.link != link.computed || signed_otherwise {
                proof.damaged = true;
                break 'walk;
            }
            if ends.contains_key(&link.seq) {
                proven = Some((link.seq, link.link));
            }
            is_over = is_over || link.at >= to_micros(until);
            if !is_over {
                old = Some((link.seq, link.link));
                if (link.seq - head.first_seq + 1) % AT_ONCE == 0 {
                    places.push((link.seq, link.link));
                }
            }
            if is_over && proven >= old {
                break 'walk;
            }
            (before, from) = (link.link, link.seq + 1);
        }
    }
    // Up to its end, and the end is not there or not signed.
    proof.damaged |= !is_over && proven < old;
    if !begins_well(txn, signer, &head).await? {
        proof.damaged = true;
        return Ok(Some((head, proof)));
    }
    if let Some(end) = old.min(proven) {
        places.retain(|place| *place < end);
        places.push(end);
        proof.cuts = places;
    }
    Ok(Some((head, proof)))
}

/// The ends that we have signed between two numbers, with that of the chain itself.
async fn signed_ends(
    txn: &Transaction,
    signer: &dyn ChainSigner,
    head: &Head,
    (from, to): (i64, i64),
) -> Result<BTreeMap<i64, Vec<Hash>>, DbErr> {
    let mut ends: BTreeMap<i64, Vec<Hash>> = BTreeMap::new();
    for end in checkpoints(txn, head, Kind::End, (from, to)).await? {
        if end.is_genuine(signer) {
            ends.entry(end.seq).or_default().push(end.hash);
        }
    }
    let message = hash::head_message(head.scope, head.stream, head.seq, &head.hash);
    let is_signed = || head.signature.as_ref().is_some_and(|signature| signer.verify(&message, signature));
    if (from..=to).contains(&head.seq) && is_signed() {
        ends.entry(head.seq).or_default().push(head.hash);
    }
    Ok(ends)
}

/// Whether the chain begins where retention has cut it, or where it was begun.
async fn begins_well(txn: &Transaction, signer: &dyn ChainSigner, head: &Head) -> Result<bool, DbErr> {
    if head.first_seq == 1 {
        return Ok(head.first_hash == hash::genesis(head.scope, head.stream));
    }
    let place = head.first_seq - 1;
    let marks = checkpoints(txn, head, Kind::Pruned, (place, place)).await?;
    Ok(marks.iter().any(|mark| mark.hash == head.first_hash && mark.is_genuine(signer)))
}

/// What was signed of a chain between two numbers, genuine or not.
async fn checkpoints(
    txn: &Transaction,
    head: &Head,
    kind: Kind,
    (from, to): (i64, i64),
) -> Result<Vec<Checkpoint>, DbErr> {
    let select = "SELECT c.scope, c.stream, p.kind, p.seq, p.hash, p.at, p.key_id, p.signature \
                  FROM audit_checkpoints p JOIN audit_chains c ON c.id = p.chain \
                  WHERE p.chain = $1 AND p.kind = $2 AND p.seq >= $3 AND p.seq <= $4";
    let values: [Value; 4] = [head.id.into(), kind.as_str().into(), from.into(), to.into()];
    txn.query_all_raw(statement(txn, select, values)).await?.iter().map(Checkpoint::read).collect()
}
