//! A write under way: one transaction with its rows, its audit entry and its announcement. Dropped before
//! [`Writing::commit`], it leaves no trace.

use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::database::{Database, DatabaseKind};
use crate::entity::{audit_entry, change};
use crate::store_error::unavailable;

/// This many changes are kept for followers that are behind.
pub(crate) const KEPT_CHANGES: i64 = 10_000;
/// The PostgreSQL channel on which commits are told.
pub(crate) const CHANNEL: &str = "orch_changes";

pub(crate) struct Writing {
    database: Database,
    txn: DatabaseTransaction,
    doing: &'static str,
    changes: Vec<Change>,
}

impl Writing {
    pub(crate) fn new(database: Database, txn: DatabaseTransaction, doing: &'static str) -> Self {
        Self { database, txn, doing, changes: Vec::new() }
    }

    pub(crate) fn conn(&self) -> &DatabaseTransaction {
        &self.txn
    }

    pub(crate) async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        audit_entry::Entity::insert(audit_entry::row(entry))
            .exec_without_returning(&self.txn)
            .await
            .map(|_| ())
            .map_err(unavailable(self.doing))
    }

    /// Has `change` told to all who follow, once this is committed.
    pub(crate) fn announce(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let doing = self.doing;
        if !self.changes.is_empty() {
            self.write_changes().await.map_err(unavailable(doing))?;
        }
        let announced = !self.changes.is_empty();
        self.txn.commit().await.map_err(unavailable(doing))?;
        if announced {
            self.database.note_commit();
        }
        Ok(())
    }

    async fn write_changes(&self) -> Result<(), sea_orm::DbErr> {
        let mut latest = 0;
        for &change in &self.changes {
            let inserted = change::Entity::insert(change::row(change)).exec(&self.txn).await?;
            latest = inserted.last_insert_id;
        }
        change::Entity::delete_many().filter(change::Column::Seq.lte(latest - KEPT_CHANGES)).exec(&self.txn).await?;
        if self.database.kind() == DatabaseKind::Postgres {
            self.txn.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
        }
        Ok(())
    }
}

/// The row without its key, which an update does not write.
pub(crate) fn without_key<A: sea_orm::ActiveModelTrait>(mut row: A, key: <A::Entity as EntityTrait>::Column) -> A {
    row.not_set(key);
    row
}

/// Every column of a row, to be written.
pub(crate) fn all_set<M, A>(model: M) -> A
where
    M: sea_orm::IntoActiveModel<A>,
    A: sea_orm::ActiveModelTrait,
{
    model.into_active_model().reset_all()
}
