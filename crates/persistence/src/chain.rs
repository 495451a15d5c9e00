//! The chains that audit entries and calls are links of: one for each project and kind, and one for the entries of the
//! instance. A link is a hash over the one before and over everything that a row says, so a row cannot be changed,
//! removed or put in between without all later ones being wrong. The latest link is signed with each write. Owns what
//! is hashed and how a chain grows; who looks for damage is in [`verify`](crate::repo::audit_chain).

pub(crate) mod hash;

use orch_domain::Timestamp;
use orch_domain::error::StoreError;
use orch_domain::port::chain_signer::ChainSigner;
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Value};
use uuid::Uuid;

use crate::sql::{self, statement};
use crate::store_error::unavailable;
use crate::timestamp::to_micros;

pub(crate) use self::hash::Hash;

/// Which record of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Stream {
    Entries,
    Calls,
}

impl Stream {
    pub(crate) const ALL: [Self; 2] = [Self::Entries, Self::Calls];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Calls => "calls",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.as_str() == text)
    }
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: i64,
    /// The project, or nil for the instance.
    pub(crate) scope: Uuid,
    pub(crate) stream: Stream,
    /// The number of the oldest link that is kept, and the hash before it.
    pub(crate) first_seq: i64,
    pub(crate) first_hash: Hash,
    pub(crate) seq: i64,
    pub(crate) hash: Hash,
    pub(crate) at: i64,
    pub(crate) signature: Option<Vec<u8>>,
    /// How often shapes that no call had any more were taken away.
    pub(crate) sweeps: i64,
}

/// What [`Head::read`] reads.
pub(crate) const COLUMNS: &str = "id, scope, stream, first_seq, first_hash, seq, hash, at, signature, sweeps";

impl Head {
    /// The end of the chain, for a write that makes it longer: nobody else does until the transaction is over. A chain
    /// that is not there yet begins.
    pub(crate) async fn lock(
        txn: &impl ConnectionTrait,
        scope: Uuid,
        stream: Stream,
        doing: &'static str,
    ) -> Result<Self, StoreError> {
        let lock = if txn.get_database_backend() == DatabaseBackend::Postgres { " FOR UPDATE" } else { "" };
        let select = format!("SELECT {COLUMNS} FROM audit_chains WHERE scope = $1 AND stream = $2{lock}");
        let find = || statement(txn, &select, [scope.into(), stream.as_str().into()]);
        if let Some(row) = txn.query_one_raw(find()).await.map_err(unavailable(doing))? {
            return Self::read(&row).map_err(unavailable(doing));
        }
        let genesis = hash::genesis(scope, stream).to_vec();
        let insert = "INSERT INTO audit_chains (scope, stream, first_seq, first_hash, seq, hash, at) \
                      VALUES ($1, $2, 1, $3, 0, $3, 0) ON CONFLICT (scope, stream) DO NOTHING";
        let begin = statement(txn, insert, [scope.into(), stream.as_str().into(), genesis.into()]);
        txn.execute_raw(begin).await.map_err(unavailable(doing))?;
        let row = txn.query_one_raw(find()).await.map_err(unavailable(doing))?;
        let row = row.ok_or(StoreError::Missing { what: "the chain that was just begun" })?;
        Self::read(&row).map_err(unavailable(doing))
    }

    pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<Self>, sea_orm::DbErr> {
        let select = format!("SELECT {COLUMNS} FROM audit_chains ORDER BY id");
        conn.query_all_raw(statement(conn, &select, [])).await?.iter().map(Self::read).collect()
    }

    pub(crate) fn read(row: &QueryResult) -> Result<Self, sea_orm::DbErr> {
        let stream: String = row.try_get("", "stream")?;
        Ok(Self {
            id: row.try_get("", "id")?,
            scope: row.try_get("", "scope")?,
            stream: Stream::parse(&stream).ok_or_else(|| sql::unreadable("audit_chains.stream"))?,
            first_seq: row.try_get("", "first_seq")?,
            first_hash: sql::hash(row, "first_hash")?,
            seq: row.try_get("", "seq")?,
            hash: sql::hash(row, "hash")?,
            at: row.try_get("", "at")?,
            signature: row.try_get("", "signature")?,
            sweeps: row.try_get("", "sweeps")?,
        })
    }

    /// Takes the next number and gives it with the link that `digest` makes of the one before.
    pub(crate) fn extend(&mut self, digest: impl FnOnce(&Hash, i64) -> Hash) -> (i64, Hash) {
        self.seq += 1;
        self.hash = digest(&self.hash, self.seq);
        (self.seq, self.hash)
    }

    /// Writes how far the chain goes now.
    pub(crate) async fn save(
        &self,
        txn: &impl ConnectionTrait,
        signer: Option<&dyn ChainSigner>,
        at: Timestamp,
        doing: &'static str,
    ) -> Result<(), StoreError> {
        let at = to_micros(at);
        let signature =
            signer.map(|signer| signer.sign(&hash::head_message(self.scope, self.stream, self.seq, &self.hash)));
        let update = "UPDATE audit_chains SET seq = $1, hash = $2, at = $3, signature = $4 WHERE id = $5";
        let values: [Value; 5] =
            [self.seq.into(), self.hash.to_vec().into(), at.into(), signature.into(), self.id.into()];
        txn.execute_raw(statement(txn, update, values)).await.map(|_| ()).map_err(unavailable(doing))
    }
}
