//! Checkpoints: signed ends of chains as they were at a time. They stand in the database and in a
//! [file](super::anchor_file) beside it, so that who cuts off the end of a chain in the database would have to know of
//! the file as well.

use orch_domain::error::StoreError;
use orch_domain::port::chain_signer::ChainSigner;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use super::SeaAuditChain;
use crate::chain::hash;
use crate::chain::{COLUMNS, Hash, Head, Stream};
use crate::sql::{self, statement};
use crate::store_error::unavailable;

/// A signed end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub(crate) scope: Uuid,
    pub(crate) stream: Stream,
    pub(crate) kind: Kind,
    pub(crate) seq: i64,
    pub(crate) hash: Hash,
    /// Microseconds since 1970.
    pub(crate) at: i64,
    pub(crate) key_id: String,
    pub(crate) signature: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The chain went up to here.
    End,
    /// Everything up to here was taken away by retention.
    Pruned,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Pruned => "pruned",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::End, Self::Pruned].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Checkpoint {
    /// The end of a chain as it is.
    pub(super) fn end_of(head: &Head, signer: &dyn ChainSigner) -> Self {
        Self::sign(head, Kind::End, (head.seq, head.hash), head.at, signer)
    }

    pub(super) fn sign(head: &Head, kind: Kind, (seq, hash): (i64, Hash), at: i64, signer: &dyn ChainSigner) -> Self {
        let (scope, stream, key_id) = (head.scope, head.stream, signer.key_id());
        let mut checkpoint = Self { scope, stream, kind, seq, hash, at, key_id, signature: Vec::new() };
        checkpoint.signature = signer.sign(&checkpoint.message());
        checkpoint
    }

    pub(crate) fn message(&self) -> Vec<u8> {
        match self.kind {
            Kind::End => hash::head_message(self.scope, self.stream, self.seq, &self.hash),
            Kind::Pruned => hash::pruned_message(self.scope, self.stream, self.seq, &self.hash),
        }
    }

    pub(crate) async fn insert(&self, txn: &impl ConnectionTrait, chain: i64) -> Result<(), sea_orm::DbErr> {
        let insert = "INSERT INTO audit_checkpoints (chain, kind, seq, hash, at, key_id, signature) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values: [Value; 7] = [
            chain.into(),
            self.kind.as_str().into(),
            self.seq.into(),
            self.hash.to_vec().into(),
            self.at.into(),
            self.key_id.clone().into(),
            self.signature.clone().into(),
        ];
        txn.execute_raw(statement(txn, insert, values)).await.map(|_| ())
    }

    /// All that are in the database.
    pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<Self>, sea_orm::DbErr> {
        let select = "SELECT c.scope, c.stream, p.kind, p.seq, p.hash, p.at, p.key_id, p.signature \
                      FROM audit_checkpoints p JOIN audit_chains c ON c.id = p.chain ORDER BY p.id";
        conn.query_all_raw(statement(conn, select, [])).await?.iter().map(Self::read).collect()
    }

    pub(super) fn read(row: &QueryResult) -> Result<Self, sea_orm::DbErr> {
        let (stream, kind): (String, String) = (row.try_get("", "stream")?, row.try_get("", "kind")?);
        Ok(Self {
            scope: row.try_get("", "scope")?,
            stream: Stream::parse(&stream).ok_or_else(|| sql::unreadable("audit_chains.stream"))?,
            kind: Kind::parse(&kind).ok_or_else(|| sql::unreadable("audit_checkpoints.kind"))?,
            seq: row.try_get("", "seq")?,
            hash: sql::hash(row, "hash")?,
            at: row.try_get("", "at")?,
            key_id: row.try_get("", "key_id")?,
            signature: row.try_get("", "signature")?,
        })
    }

    /// Whether whoever has `signer` has signed it.
    pub(super) fn is_genuine(&self, signer: &dyn ChainSigner) -> bool {
        self.key_id == signer.key_id() && signer.verify(&self.message(), &self.signature)
    }

    /// One line of the file, without its end.
    pub(super) fn line(&self) -> String {
        format!(
            "v1 {} {} {} {} {} {} {} {}",
            self.kind.as_str(),
            self.scope,
            self.stream.as_str(),
            self.seq,
            hex(&self.hash),
            self.at,
            self.key_id,
            hex(&self.signature)
        )
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut word = || words.next();
        if word()? != "v1" {
            return None;
        }
        Some(Self {
            kind: Kind::parse(word()?)?,
            scope: word()?.parse().ok()?,
            stream: Stream::parse(word()?)?,
            seq: word()?.parse().ok()?,
            hash: unhex(word()?)?.try_into().ok()?,
            at: word()?.parse().ok()?,
            key_id: word()?.to_owned(),
            signature: unhex(word()?)?,
        })
    }
}

impl SeaAuditChain {
    /// Puts down the end of every chain that has grown since its last checkpoint, and gives what was put down. Nothing
    /// without a signer.
    pub async fn checkpoint(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let doing = "putting down checkpoints of the audit chains";
        let Some(signer) = self.database.signer() else { return Ok(Vec::new()) };
        let writing = self.database.write_quietly(doing).await?;
        let conn = writing.conn();
        let grown = format!(
            "SELECT {COLUMNS} FROM audit_chains c WHERE seq > 0 AND NOT EXISTS (SELECT 1 FROM audit_checkpoints p \
             WHERE p.chain = c.id AND p.seq >= c.seq) ORDER BY id"
        );
        let rows = conn.query_all_raw(statement(conn, &grown, [])).await.map_err(unavailable(doing))?;
        let mut made = Vec::new();
        for row in rows {
            let head = Head::read(&row).map_err(unavailable(doing))?;
            let checkpoint = Checkpoint::end_of(&head, signer);
            checkpoint.insert(conn, head.id).await.map_err(unavailable(doing))?;
            made.push(checkpoint);
        }
        writing.commit().await?;
        Ok(made)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
