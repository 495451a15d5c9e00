//! The links of a chain as they are stored, each beside what it ought to be. Judges nothing.

use sea_orm::{ConnectionTrait, DbErr, Value};
use uuid::Uuid;

use crate::chain::{Hash, Head, Stream, hash};
use crate::repo::call_repo::{read_bare, read_shape};
use crate::sql::{self, statement};
use crate::timestamp::to_micros;

/// Rows read at once.
const ROWS: u64 = 2000;

/// A row as it stands.
pub(super) struct Link {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    /// What the row says of its time, in microseconds since 1970.
    pub(super) at: i64,
    pub(super) link: Hash,
    pub(super) computed: Hash,
}

/// The next rows of a chain from the number `from` on; none at its end. `before` is the link that they follow.
///
/// Each is computed from the stored link before it: one wrong row does not make all later ones wrong.
pub(super) async fn read(
    conn: &impl ConnectionTrait,
    head: &Head,
    before: Hash,
    from: i64,
) -> Result<Vec<Link>, DbErr> {
    match head.stream {
        Stream::Entries => entries(conn, head, before, from).await,
        Stream::Calls => calls(conn, head, before, from).await,
    }
}

async fn entries(conn: &impl ConnectionTrait, head: &Head, mut before: Hash, from: i64) -> Result<Vec<Link>, DbErr> {
    let rows = super::entries_from(conn, head.id, from, ROWS).await?;
    let mut links = Vec::with_capacity(rows.len());
    for row in rows {
        let seq = row.seq.unwrap_or_default();
        let computed = hash::entry(&before, seq, &row);
        // What is no link at all is as wrong as a wrong one.
        let link = row.link.as_deref().and_then(|link| link.try_into().ok()).unwrap_or_default();
        if seq >= head.first_seq {
            before = link;
        }
        links.push(Link { seq, id: row.id, at: to_micros(row.at), link, computed });
    }
    Ok(links)
}

async fn calls(conn: &impl ConnectionTrait, head: &Head, mut before: Hash, from: i64) -> Result<Vec<Link>, DbErr> {
    let select = "SELECT c.seq, c.call_id, c.at, c.duration_us, c.code, c.arguments, c.waited_us, c.link, \
                  s.id AS shape_id, s.project_id, s.user_id, s.key_id, s.client, s.server_id, s.server, s.kind, \
                  s.target, s.outcome, s.reason, s.rule_id FROM calls c LEFT JOIN call_shapes s ON s.id = c.shape WHERE c.chain = $1 AND c.seq >= $2 \
                  ORDER BY c.seq LIMIT $3";
    let limit = i64::try_from(ROWS).unwrap_or(i64::MAX);
    let values: [Value; 3] = [head.id.into(), from.into(), limit.into()];
    let rows = conn.query_all_raw(statement(conn, select, values)).await?;
    let mut links = Vec::with_capacity(rows.len());
    for row in &rows {
        let seq = row.try_get("", "seq")?;
        let bare = read_bare(row)?;
        let shape: Option<i64> = row.try_get("", "shape_id")?;
        let computed = match shape {
            Some(_) => {
                let shape = read_shape(row)?;
                // A call in the chain of another project was put there by somebody.
                let here = shape.project_id == head.scope;
                if here { hash::call(&before, seq, &bare, &shape.digest()) } else { Hash::default() }
            }
            None => Hash::default(),
        };
        let link = sql::hash(row, "link").unwrap_or_default();
        if seq >= head.first_seq {
            before = link;
        }
        links.push(Link { seq, id: bare.call_id, at: bare.at, link, computed });
    }
    Ok(links)
}
