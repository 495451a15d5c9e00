//! The chains as a whole: checkpoints, retention, another key, looking for damage, and reading them out. How a chain grows is in
//! [`chain`](crate::chain).

mod anchor_file;
mod checkpoint;
mod export;
mod links;
mod prune;
mod take_over;
mod verify;

use orch_domain::error::StoreError;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::chain::hash;
use crate::chain::{Head, Stream};
use crate::database::Database;
use crate::entity::audit_entry::{self, Column, Entity};
use crate::sql::statement;
use crate::store_error::unavailable;

pub use self::anchor_file::{AnchorFile, Anchors};
pub use self::checkpoint::Checkpoint;
pub use self::export::{ExportLine, ExportPlace};
pub use self::prune::Pruned;
pub use self::verify::{Damage, Finding, VerifyReport};

/// Entries of the time before chains that are taken into them at once.
const ADOPTED_AT_ONCE: u64 = 500;

#[derive(Debug, Clone)]
pub struct SeaAuditChain {
    database: Database,
}

impl SeaAuditChain {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Makes links of the audit entries that a version before chains has stored. Only where no chain has begun yet:
    /// later, an entry without a chain is somebody's forgery.
    pub async fn adopt(&self) -> Result<u64, StoreError> {
        let doing = "taking old audit entries into the chain";
        let writing = self.database.write(doing).await?;
        let conn = writing.conn();
        let begun = statement(conn, "SELECT 1 AS one FROM audit_chains WHERE stream = 'entries' LIMIT 1", []);
        if conn.query_one_raw(begun).await.map_err(unavailable(doing))?.is_some() {
            return Ok(0);
        }
        let mut adopted = 0;
        loop {
            let rows = Entity::find().filter(Column::Chain.is_null()).order_by_asc(Column::Id).limit(ADOPTED_AT_ONCE);
            let rows = rows.all(conn).await.map_err(unavailable(doing))?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                adopted += 1;
                let at = row.at;
                let scope = row.project_id.unwrap_or_default();
                let mut head = Head::lock(conn, scope, Stream::Entries, doing).await?;
                let (seq, link) = head.extend(|before, seq| hash::entry(before, seq, &row));
                let update = "UPDATE audit_entries SET chain = $1, seq = $2, link = $3 WHERE id = $4";
                let values: [sea_orm::Value; 4] = [head.id.into(), seq.into(), link.to_vec().into(), row.id.into()];
                conn.execute_raw(statement(conn, update, values)).await.map_err(unavailable(doing))?;
                head.save(conn, self.database.signer(), at, doing).await?;
            }
        }
        writing.commit().await?;
        Ok(adopted)
    }
}

/// The entries of a chain from a number on, in order.
async fn entries_from(
    conn: &impl ConnectionTrait,
    chain: i64,
    from: i64,
    limit: u64,
) -> Result<Vec<audit_entry::Model>, sea_orm::DbErr> {
    let page = Entity::find().filter(Column::Chain.eq(chain)).filter(Column::Seq.gte(from));
    page.order_by_asc(Column::Seq).limit(limit).all(conn).await
}
