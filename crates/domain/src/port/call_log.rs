//! The record of calls: a durable local append on the way of a call, and reading for people.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::Timestamp;
use crate::call::{Call, CallTicket};
use crate::error::StoreError;
use crate::id::{KeyId, ProjectId, UserId};
use crate::page::{Page, PageRequest};

/// Where calls go on record. Appending does no query and does not wait for the database.
pub trait CallLog: Send + Sync {
    /// Refuses when no further call could be recorded, so that a call that cannot be recorded is not made.
    fn check(&self) -> Result<(), CallLogError>;
    /// When this returns, the record survives the end of the process.
    fn append(&self, call: &Call) -> Result<(), CallLogError>;
    /// The time as the log's clock has it.
    fn now(&self) -> Timestamp;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallLogError {
    /// The database has been away for so long that the journal has reached its size limit.
    #[error("the journal is full ({bytes} bytes): the database has not taken calls for a while")]
    Full { bytes: u64 },
    #[error("the journal cannot be written: {reason}")]
    Unwritable { reason: String },
}

/// Opens the record of a call; its outcome is filled in when the ticket is closed.
pub fn open(log: &Arc<dyn CallLog>, call: Call) -> Result<CallTicket, CallLogError> {
    log.check()?;
    Ok(CallTicket::new(Arc::clone(log), call))
}

/// Which calls to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFilter {
    pub project: ProjectId,
    /// Only this user's calls.
    pub user: Option<UserId>,
    /// Only calls with this key.
    pub key: Option<KeyId>,
}

impl CallFilter {
    /// All calls of a project.
    #[must_use]
    pub const fn all(project: ProjectId) -> Self {
        Self { project, user: None, key: None }
    }
}

#[async_trait]
pub trait CallRepo: Send + Sync {
    /// Newest first.
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError>;
    /// Stores calls that come from nowhere in particular.
    async fn insert(&self, calls: &[Call]) -> Result<(), StoreError> {
        self.insert_from(calls, None).await
    }
    /// Stores calls, all or none, and notes that their keys were used as
    /// [`KeyRepo::note_used`](super::key_repo::KeyRepo::note_used) does. What was stored from the same place before is
    /// skipped, so that a batch can be repeated.
    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError>;
}

/// Where calls stand in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalPlace<'a> {
    /// The segment, which nothing else is called.
    pub segment: Uuid,
    /// Where each of the calls ends, in their order.
    pub ends: &'a [u64],
    /// Storing does not give way to other work: somebody waits for it, or so much does that it falls behind.
    pub is_urgent: bool,
}
