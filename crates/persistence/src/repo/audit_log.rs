//! The audit trail in `audit_entries`: reading, and entries that stand alone.

use async_trait::async_trait;
use orch_domain::activity::EntryFilter;
use orch_domain::audit::{AuditEntry, AuditRecord};
use orch_domain::error::StoreError;
use orch_domain::event;
use orch_domain::id::ProjectId;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::audit_log::AuditLog;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::database::Database;
use crate::entity::audit_entry::{Column, Entity};
use crate::paging::newest_first;
use crate::repo::entry_filter;
use crate::store_error::unavailable;

#[derive(Debug, Clone)]
pub struct SeaAuditLog {
    database: Database,
}

impl SeaAuditLog {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl AuditLog for SeaAuditLog {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let doing = "appending to the audit trail";
        let is_news = event::is_news(entry.action.as_str());
        let mut writing =
            if is_news { self.database.write(doing).await? } else { self.database.write_quietly(doing).await? };
        writing.audit(entry).await?;
        if is_news {
            writing.announce_entries();
        }
        writing.commit().await
    }

    async fn list(
        &self,
        project: Option<ProjectId>,
        filter: &EntryFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>, StoreError> {
        let (doing, conn) = ("reading the audit trail", self.database.reader());
        let mut select = newest_first(Entity::find(), Column::Id, page)
            .filter(entry_filter::condition(conn.get_database_backend(), filter));
        if let Some(project) = project {
            select = select.filter(Column::ProjectId.eq(project.as_uuid()));
        }
        let rows = select.all(conn).await.map_err(unavailable(doing))?;
        let records = entry_filter::told(conn, rows).await.map_err(unavailable(doing))?;
        Ok(Page::cut(records, page.limit, |record| record.id.as_uuid()))
    }
}
