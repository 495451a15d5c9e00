//! Checkpoints: signed ends of chains as they were at a time. They stand in the database and in a file beside it, so
//! that who cuts off the end of a chain in the database would have to know of the file as well.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use orch_domain::error::StoreError;
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

    fn read(row: &QueryResult) -> Result<Self, sea_orm::DbErr> {
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

    /// One line of the file, without its end.
    fn line(&self) -> String {
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

    fn parse(line: &str) -> Option<Self> {
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
            let mut checkpoint = Checkpoint {
                scope: head.scope,
                stream: head.stream,
                kind: Kind::End,
                seq: head.seq,
                hash: head.hash,
                at: head.at,
                key_id: signer.key_id(),
                signature: Vec::new(),
            };
            checkpoint.signature = signer.sign(&checkpoint.message());
            checkpoint.insert(conn, head.id).await.map_err(unavailable(doing))?;
            made.push(checkpoint);
        }
        writing.commit().await?;
        Ok(made)
    }
}

/// The file of checkpoints beside the database. Only ever appended to.
#[derive(Debug, Clone)]
pub struct AnchorFile(PathBuf);

impl AnchorFile {
    /// `dir` is made when something is put down.
    #[must_use]
    pub fn in_dir(dir: &Path) -> Self {
        Self(dir.join("checkpoints"))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// On disk when it returns.
    pub fn append(&self, checkpoints: &[Checkpoint]) -> io::Result<()> {
        if checkpoints.is_empty() {
            return Ok(());
        }
        if let Some(dir) = self.0.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.0)?;
        let lines: String = checkpoints.iter().map(|checkpoint| checkpoint.line() + "\n").collect();
        file.write_all(lines.as_bytes())?;
        file.sync_data()
    }

    /// What the file says, and how many lines of it cannot be read. Empty when there is no file.
    pub fn read(&self) -> io::Result<(Vec<Checkpoint>, u64)> {
        let text = match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            read => read?,
        };
        let (mut checkpoints, mut unreadable) = (Vec::new(), 0);
        // What follows the last end of a line was torn by a loss of power, and stands in the database as well.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.lines() {
            match Checkpoint::parse(line) {
                Some(checkpoint) => checkpoints.push(checkpoint),
                None => unreadable += 1,
            }
        }
        Ok((checkpoints, unreadable))
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{AnchorFile, Checkpoint, Kind};
    use crate::chain::Stream;

    #[test]
    fn the_file_gives_back_what_was_put_down() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = AnchorFile::in_dir(&dir.path().join("audit"));
        assert_eq!(file.read().expect("no file is no trouble"), (Vec::new(), 0));
        let one = Checkpoint {
            scope: Uuid::now_v7(),
            stream: Stream::Calls,
            kind: Kind::End,
            seq: 7,
            hash: [0xab; 32],
            at: 1_700_000_000_000_000,
            key_id: "0123456789abcdef".into(),
            signature: vec![1, 2, 255],
        };
        let two = Checkpoint { kind: Kind::Pruned, stream: Stream::Entries, ..one.clone() };
        file.append(std::slice::from_ref(&one)).expect("an append");
        file.append(std::slice::from_ref(&two)).expect("an append");
        assert_eq!(file.read().expect("a file"), (vec![one, two], 0));
        std::fs::write(file.path(), "nonsense\nv1 torn").expect("a file");
        assert_eq!(file.read().expect("a file"), (Vec::new(), 1));
    }
}
