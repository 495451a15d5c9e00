//! A write under way: one transaction with its rows, its audit entry and its announcement. Dropped before
//! [`Writing::commit`], it leaves no trace.

use std::sync::{Mutex, PoisonError};

use orch_domain::Timestamp;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::chain::{self, Head, Stream};
use crate::database::patient::Transaction;
use crate::database::{Database, DatabaseKind};
use crate::entity::{audit_entry, change, to_signed};
use crate::store_error::{Refusal, unavailable};

/// This many changes are kept for followers that are behind.
pub(crate) const KEPT_CHANGES: i64 = 10_000;
/// The PostgreSQL channel on which commits are told.
pub(crate) const CHANNEL: &str = "orch_changes";

pub(crate) struct Writing {
    database: Database,
    txn: Transaction,
    /// Held until the transaction is over, where writers take turns.
    _turn: Option<OwnedSemaphorePermit>,
    doing: &'static str,
    changes: Vec<Change>,
    /// Audit entries of this write, told together with its changes.
    entries: Mutex<Vec<Uuid>>,
    /// Whether the entries are told although nothing has changed.
    is_news: bool,
}

impl Writing {
    pub(crate) fn new(
        database: Database,
        txn: Transaction,
        turn: Option<OwnedSemaphorePermit>,
        doing: &'static str,
    ) -> Self {
        Self { database, txn, _turn: turn, doing, changes: Vec::new(), entries: Mutex::default(), is_news: false }
    }

    pub(crate) fn conn(&self) -> &Transaction {
        &self.txn
    }

    /// See [`Database::shared_time`].
    pub(crate) fn shared_time(&self, here: Timestamp) -> Timestamp {
        self.database.shared_time(here)
    }

    /// Puts an entry on the audit trail, as the next link of its chain.
    pub(crate) async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit_row(audit_entry::model(entry)).await
    }

    /// The same, for what stands in no chain yet.
    pub(crate) async fn audit_row(&self, mut model: audit_entry::Model) -> Result<(), StoreError> {
        let (id, at) = (model.id, model.at);
        let mut head = Head::lock(&self.txn, model.project_id.unwrap_or_default(), Stream::Entries, self.doing).await?;
        let (seq, link) = head.extend(|before, seq| chain::hash::entry(before, seq, &model));
        (model.chain, model.seq, model.link) = (Some(head.id), Some(seq), Some(link.to_vec()));
        head.save(&self.txn, self.database.signer(), at, self.doing).await?;
        audit_entry::Entity::insert(audit_entry::row(model))
            .exec_without_returning(&self.txn)
            .await
            .map_err(unavailable(self.doing))?;
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        Ok(())
    }

    /// Writes `row` over that of the version before its own. Missing where there is none, stale where it has another
    /// version.
    pub(crate) async fn update<A>(
        &self,
        mut row: A,
        of: Versioned<<A::Entity as EntityTrait>::Column>,
        refusal: Refusal,
    ) -> Result<(), StoreError>
    where
        A: ActiveModelTrait,
        <A::Entity as EntityTrait>::Model: Sync,
    {
        let Versioned { what, id: (key, id), version: (version, next) } = of;
        // The key stays as it is.
        row.not_set(key);
        let updated = A::Entity::update_many()
            .set(row)
            .filter(key.eq(id))
            .filter(version.eq(to_signed(next) - 1))
            .exec(&self.txn)
            .await
            .map_err(refusal.explain())?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        let left = A::Entity::find().filter(key.eq(id)).count(&self.txn).await.map_err(unavailable(refusal.doing))?;
        Err(if left == 0 { StoreError::Missing { what } } else { StoreError::Stale { what } })
    }

    /// Has `change` told to all who follow, once this is committed.
    pub(crate) fn announce(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Has the audit entries told to all who follow, also without a change.
    pub(crate) fn announce_entries(&mut self) {
        self.is_news = true;
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let doing = self.doing;
        let announced = self.is_news || !self.changes.is_empty();
        if announced {
            self.write_changes().await.map_err(unavailable(doing))?;
        }
        self.txn.commit().await.map_err(unavailable(doing))?;
        if announced {
            self.database.note_commit();
        }
        Ok(())
    }

    async fn write_changes(&self) -> Result<(), sea_orm::DbErr> {
        let mut latest = 0;
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let changes = self.changes.iter().map(|&change| change::row(change));
        for row in changes.chain(entries.into_iter().map(change::entry_row)) {
            let inserted = change::Entity::insert(row).exec(&self.txn).await?;
            latest = inserted.last_insert_id;
        }
        change::Entity::delete_many().filter(change::Column::Seq.lte(latest - KEPT_CHANGES)).exec(&self.txn).await?;
        if self.database.kind() == DatabaseKind::Postgres {
            self.txn.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
        }
        Ok(())
    }
}

/// Which row an update is of, and the version that it has from then on.
pub(crate) struct Versioned<C> {
    /// What it is, for who is told that it is missing or stale.
    pub(crate) what: &'static str,
    pub(crate) id: (C, Uuid),
    pub(crate) version: (C, u32),
}

/// Every column of a row, to be written.
pub(crate) fn all_set<M, A>(model: M) -> A
where
    M: sea_orm::IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    model.into_active_model().reset_all()
}
