//! Reading the record out, chain by chain and link by link, so that it can be kept and checked elsewhere.

use orch_domain::audit::AuditRecord;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use sea_orm::{ConnectionTrait, Value};

use super::SeaAuditChain;
use super::checkpoint::hex;
use crate::chain::{Head, Stream, hash};
use crate::repo::call_repo;
use crate::sql::{self, statement};
use crate::store_error::unavailable;

const DOING: &str = "exporting the audit trail";
const ROWS: u64 = 1000;

/// One link, with what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportLine {
    Entry { seq: i64, link: String, entry: AuditRecord },
    Call { seq: i64, link: String, call: Call },
}

/// How far an export has come. Begins with the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportPlace {
    /// The chains before this one are done.
    chain: i64,
    from: i64,
}

impl SeaAuditChain {
    /// The next lines of one project, or of everything when `project` is None; empty at the end. An entry of the
    /// instance belongs to no project.
    pub async fn export(
        &self,
        project: Option<ProjectId>,
        place: &mut ExportPlace,
    ) -> Result<Vec<ExportLine>, StoreError> {
        let conn = self.database.reader();
        let heads = Head::all(conn).await.map_err(unavailable(DOING))?;
        let wanted = |head: &Head| project.is_none_or(|project| hash::project_of(head.scope) == Some(project));
        let begun = place.chain;
        for head in heads.into_iter().filter(|head| head.id >= begun && wanted(head)) {
            if head.id > place.chain {
                *place = ExportPlace { chain: head.id, from: head.first_seq };
            }
            let lines = match head.stream {
                Stream::Entries => self.entries(&head, place.from).await?,
                Stream::Calls => self.calls(&head, place.from).await?,
            };
            if let Some(ExportLine::Entry { seq, .. } | ExportLine::Call { seq, .. }) = lines.last() {
                place.from = seq + 1;
                return Ok(lines);
            }
            place.chain = head.id + 1;
            place.from = 0;
        }
        Ok(Vec::new())
    }

    async fn entries(&self, head: &Head, from: i64) -> Result<Vec<ExportLine>, StoreError> {
        let rows = super::entries_from(self.database.reader(), head.id, from, ROWS).await;
        let lines = rows.map_err(unavailable(DOING))?.into_iter().map(|row| ExportLine::Entry {
            seq: row.seq.unwrap_or_default(),
            link: hex(row.link.as_deref().unwrap_or_default()),
            entry: row.into_record(),
        });
        Ok(lines.collect())
    }

    async fn calls(&self, head: &Head, from: i64) -> Result<Vec<ExportLine>, StoreError> {
        let select = "SELECT c.seq, c.call_id, c.at, c.duration_us, c.code, c.arguments, c.waited_us, c.link, \
                      s.project_id, s.user_id, s.key_id, s.client, s.server_id, s.server, s.kind, s.target, s.outcome, \
                      s.reason, s.rule_id FROM calls c JOIN call_shapes s ON s.id = c.shape WHERE c.chain = $1 AND c.seq >= $2 ORDER BY c.seq LIMIT $3";
        let limit = i64::try_from(ROWS).unwrap_or(i64::MAX);
        let values: [Value; 3] = [head.id.into(), from.into(), limit.into()];
        let conn = self.database.reader();
        let rows = conn.query_all_raw(statement(conn, select, values)).await.map_err(unavailable(DOING))?;
        rows.iter()
            .map(|row| {
                let found = call_repo::read(row)?;
                let link = sql::hash(row, "link").map_err(unavailable(DOING))?;
                let seq = i64::try_from(found.seq).unwrap_or_default();
                Ok(ExportLine::Call { seq, link: hex(&link), call: found.item })
            })
            .collect()
    }
}
