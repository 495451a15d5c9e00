//! Looks for damage: walks every chain from its beginning, computes each link anew, and holds the end against what was
//! signed. Changes nothing and stops at nothing: all that is wrong is told.

use std::collections::{BTreeMap, HashSet};

use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::port::chain_signer::ChainSigner;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::SeaAuditChain;
use super::checkpoint::{Checkpoint, Kind};
use super::links::{self, Link};
use crate::chain::{Hash, Head, Stream, hash};
use crate::database::patient::Transaction;
use crate::sql::statement;
use crate::store_error::unavailable;

const DOING: &str = "verifying the audit chains";
/// So many findings of one chain are told one by one.
const MOST: usize = 1000;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    pub chains: u64,
    pub entries: u64,
    pub calls: u64,
    /// In the database and in the file beside it.
    pub checkpoints: u64,
    /// In the file beside it.
    pub anchors: u64,
    /// Of the checkpoints, those of a key before this one that nobody can check any more: what they say agrees with what
    /// is signed with the key of now.
    pub former: u64,
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// None for the instance.
    pub project: Option<ProjectId>,
    /// `entries`, `calls`, or `checkpoints` for a line of the file.
    pub stream: &'static str,
    /// The number in the chain, where there is one.
    pub seq: Option<i64>,
    /// The id of the entry or call, where there is one.
    pub id: Option<Uuid>,
    pub damage: Damage,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// The row, or its link, is not what was written.
    Changed,
    /// The rows from the number up to this one are gone.
    Missing { until: i64 },
    /// A row that nobody wrote by the ordinary way.
    Inserted,
    /// The chain once went at least up to this number, and now it ends at the one told.
    Truncated { was: i64 },
    /// The end of the chain is not signed, or the signature is of another end.
    EndForged,
    /// What was signed at this number is not what stands there now: everything up to it was written anew.
    Rewritten,
    /// A checkpoint that nobody signed who has the key.
    CheckpointForged,
    /// Signed with another key, and nothing that is signed with that of this instance, which is derived from JWT_SECRET,
    /// says the same.
    OtherKey { key_id: String },
    /// The beginning was taken away, and not by retention.
    BeginningMissing,
    /// There is a checkpoint of it, and nothing else.
    ChainMissing,
    /// A line of the file of checkpoints is none.
    Unreadable,
}

impl SeaAuditChain {
    /// Looks at everything, as it is at one moment. `anchors` are the checkpoints of the file, read before.
    pub async fn verify(&self, anchors: &[Checkpoint]) -> Result<VerifyReport, StoreError> {
        let txn = self.database.watched_snapshot(DOING).await?;
        let walk = Walk { txn: &txn, signer: self.database.signer() };
        walk.everything(anchors).await.map_err(unavailable(DOING))
    }
}

struct Walk<'a> {
    txn: &'a Transaction,
    signer: Option<&'a dyn ChainSigner>,
}

/// Who has signed a checkpoint. All are ours where there is no key to ask with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Foreign,
    /// It names our key, and was not signed with it.
    Nobodys,
}

/// The checkpoints of one chain.
#[derive(Default)]
struct Signed {
    /// Ends that were signed, by number.
    ends: BTreeMap<i64, HashSet<Hash>>,
    /// Where retention has cut.
    cuts: HashSet<(i64, Hash)>,
    /// What was signed with other keys, by number: with the hash, and the key.
    foreign: BTreeMap<i64, Vec<(Hash, String)>>,
}

impl Walk<'_> {
    async fn everything(&self, anchors: &[Checkpoint]) -> Result<VerifyReport, DbErr> {
        let mut report = VerifyReport { anchors: anchors.len() as u64, ..VerifyReport::default() };
        let mut signed: BTreeMap<(Uuid, Stream), Signed> = BTreeMap::new();
        for checkpoint in Checkpoint::all(self.txn).await?.iter().chain(anchors) {
            report.checkpoints += 1;
            let (seq, hash) = (checkpoint.seq, checkpoint.hash);
            let whose = self.whose(checkpoint);
            if whose == Whose::Nobodys {
                report.findings.push(Finding {
                    project: hash::project_of(checkpoint.scope),
                    stream: checkpoint.stream.as_str(),
                    seq: Some(seq),
                    id: None,
                    damage: Damage::CheckpointForged,
                });
                continue;
            }
            let of_chain = signed.entry((checkpoint.scope, checkpoint.stream)).or_default();
            if whose == Whose::Foreign {
                of_chain.foreign.entry(seq).or_default().push((hash, checkpoint.key_id.clone()));
                continue;
            }
            match checkpoint.kind {
                Kind::End => {
                    of_chain.ends.entry(seq).or_default().insert(hash);
                }
                Kind::Pruned => {
                    of_chain.cuts.insert((seq, hash));
                }
            }
        }
        for head in Head::all(self.txn).await? {
            report.chains += 1;
            let of_chain = signed.remove(&(head.scope, head.stream)).unwrap_or_default();
            let mut chain = Chain::new(&head);
            let count = self.walk(&mut chain, &of_chain).await?;
            match head.stream {
                Stream::Entries => report.entries += count,
                Stream::Calls => report.calls += count,
            }
            self.end(&mut chain, &of_chain);
            report.former += chain.former(&of_chain);
            report.findings.append(&mut chain.findings);
        }
        for (scope, stream) in signed.into_keys() {
            let project = hash::project_of(scope);
            let (stream, damage) = (stream.as_str(), Damage::ChainMissing);
            report.findings.push(Finding { project, stream, seq: None, id: None, damage });
        }
        self.strays(&mut report).await?;
        Ok(report)
    }

    fn whose(&self, checkpoint: &Checkpoint) -> Whose {
        match self.signer {
            Some(signer) if checkpoint.key_id != signer.key_id() => Whose::Foreign,
            Some(signer) if !checkpoint.is_genuine(signer) => Whose::Nobodys,
            Some(_) | None => Whose::Ours,
        }
    }

    /// From the beginning to the end, link by link.
    async fn walk(&self, chain: &mut Chain<'_>, signed: &Signed) -> Result<u64, DbErr> {
        let head = chain.head;
        let genesis = hash::genesis(head.scope, head.stream);
        let begins_well = if head.first_seq == 1 {
            head.first_hash == genesis
        } else {
            signed.cuts.contains(&(head.first_seq - 1, head.first_hash))
        };
        if begins_well {
            chain.vouched = head.first_seq - 1;
        } else {
            chain.find(Some(head.first_seq), None, Damage::BeginningMissing);
        }
        let mut from = i64::MIN;
        let mut count = 0;
        loop {
            let links = links::read(self.txn, head, chain.hash, from).await?;
            let Some(last) = links.last().map(|link| link.seq) else { return Ok(count) };
            for link in links {
                count += 1;
                chain.take(&link, signed);
            }
            from = last + 1;
        }
    }

    /// The end of a chain against what was signed.
    fn end(&self, chain: &mut Chain<'_>, signed: &Signed) {
        let head = chain.head;
        let last = chain.expected - 1;
        if last < head.seq {
            chain.find(Some(last.max(0)), None, Damage::Truncated { was: head.seq });
        } else if chain.hash != head.hash && last == head.seq {
            chain.find(Some(head.seq), None, Damage::EndForged);
        }
        if let Some(signer) = self.signer
            && head.seq > 0
        {
            let message = hash::head_message(head.scope, head.stream, head.seq, &head.hash);
            let genuine = head.signature.as_ref().is_some_and(|signature| signer.verify(&message, signature));
            if !genuine {
                chain.find(Some(head.seq), None, Damage::EndForged);
            } else if chain.hash == head.hash {
                chain.vouched = head.seq;
            }
        }
        if let Some((was, _)) = signed.ends.last_key_value().filter(|(seq, _)| **seq > head.seq) {
            chain.find(Some(head.seq), None, Damage::Truncated { was: *was });
        }
    }

    /// Rows that are in no chain.
    async fn strays(&self, report: &mut VerifyReport) -> Result<(), DbErr> {
        let queries = [
            (
                Stream::Entries,
                "SELECT e.id AS id, e.project_id AS scope FROM audit_entries e LEFT JOIN audit_chains c ON \
                 c.id = e.chain AND c.stream = 'entries' WHERE c.id IS NULL LIMIT 1000",
            ),
            (
                Stream::Calls,
                "SELECT k.call_id AS id, s.project_id AS scope FROM calls k LEFT JOIN audit_chains c ON \
                 c.id = k.chain AND c.stream = 'calls' LEFT JOIN call_shapes s ON s.id = k.shape \
                 WHERE c.id IS NULL LIMIT 1000",
            ),
        ];
        for (stream, query) in queries {
            for row in self.txn.query_all_raw(statement(self.txn, query, [])).await? {
                let scope: Option<Uuid> = row.try_get("", "scope")?;
                report.findings.push(Finding {
                    project: scope.and_then(hash::project_of),
                    stream: stream.as_str(),
                    seq: None,
                    id: row.try_get("", "id")?,
                    damage: Damage::Inserted,
                });
            }
        }
        Ok(())
    }
}

/// A walk along one chain: where it is, and what was found.
struct Chain<'a> {
    head: &'a Head,
    expected: i64,
    hash: Hash,
    /// The last number up to which a signature of ours says that it is what was written.
    vouched: i64,
    /// The numbers at which another key has signed something else than what stands there.
    contradicted: HashSet<i64>,
    findings: Vec<Finding>,
}

impl<'a> Chain<'a> {
    fn new(head: &'a Head) -> Self {
        Self {
            head,
            expected: head.first_seq,
            hash: head.first_hash,
            vouched: 0,
            contradicted: HashSet::new(),
            findings: Vec::new(),
        }
    }

    fn take(&mut self, link: &Link, signed: &Signed) {
        if link.seq < self.expected || link.seq > self.head.seq {
            // Before the beginning or after the end.
            self.find(Some(link.seq), Some(link.id), Damage::Inserted);
            return;
        }
        if link.seq > self.expected {
            self.find(Some(self.expected), None, Damage::Missing { until: link.seq - 1 });
        } else if link.link != link.computed {
            self.find(Some(link.seq), Some(link.id), Damage::Changed);
        }
        if let Some(hashes) = signed.ends.get(&link.seq) {
            if hashes.iter().all(|hash| *hash == link.link) {
                self.vouched = link.seq;
            } else {
                self.find(Some(link.seq), Some(link.id), Damage::Rewritten);
            }
        }
        if signed.foreign.get(&link.seq).is_some_and(|ends| ends.iter().any(|(hash, _)| *hash != link.link)) {
            self.contradicted.insert(link.seq);
        }
        self.expected = link.seq + 1;
        self.hash = link.link;
    }

    /// How many checkpoints of other keys agree with what ours vouches for; the others are found.
    fn former(&mut self, signed: &Signed) -> u64 {
        let mut agreeing = 0;
        for (seq, ends) in &signed.foreign {
            for (_, key_id) in ends {
                if *seq <= self.vouched && !self.contradicted.contains(seq) {
                    agreeing += 1;
                } else {
                    self.find(Some(*seq), None, Damage::OtherKey { key_id: key_id.clone() });
                }
            }
        }
        agreeing
    }

    fn find(&mut self, seq: Option<i64>, id: Option<Uuid>, damage: Damage) {
        if self.findings.len() < MOST {
            let (project, stream) = (hash::project_of(self.head.scope), self.head.stream.as_str());
            self.findings.push(Finding { project, stream, seq, id, damage });
        }
    }
}
