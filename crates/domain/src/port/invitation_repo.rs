//! Invitations. Every write but the state of the mail carries its audit entry and commits with it; an acceptance is
//! announced as what it changes.

use async_trait::async_trait;

use crate::Timestamp;
use crate::api_key::KeyHash;
use crate::audit::AuditEntry;
use crate::email::Email;
use crate::error::StoreError;
use crate::id::{InvitationId, UserId};
use crate::invitation::{Invitation, InvitationTarget, MailState};
use crate::page::{Page, PageRequest};
use crate::user::User;

#[async_trait]
pub trait InvitationRepo: Send + Sync {
    async fn find(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError>;
    async fn find_by_hash(&self, hash: &KeyHash) -> Result<Option<Invitation>, StoreError>;
    /// Newest first.
    async fn list(&self, filter: &InvitationFilter, page: PageRequest) -> Result<Page<Invitation>, StoreError>;
    /// Stores the invitation. A pending one of the same address to the same place is revoked by it, so that only the
    /// latest link works. Missing when the place is gone.
    async fn create(&self, invitation: &Invitation, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Accepts a pending invitation and adds the account to its place, in one transaction: of two at once, one is
    /// Stale. A higher role that the account has there already stays. Stale as well when it is not pending or has
    /// expired at `at`, Missing when the place is gone.
    async fn accept(
        &self,
        id: InvitationId,
        by: Accepting<'_>,
        at: Timestamp,
        audits: &[AuditEntry],
    ) -> Result<(), StoreError>;
    /// Stale when it is not pending.
    async fn decline(&self, id: InvitationId, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Stale when it is not pending.
    async fn revoke(&self, id: InvitationId, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Notes what became of the mail; does nothing when the invitation is gone. Not announced.
    async fn note_mail(&self, id: InvitationId, mail: &MailState) -> Result<(), StoreError>;
    /// Notes the same of every mail that is queued, and gives how many those are. For who knows that they are lost.
    async fn note_queued(&self, mail: &MailState) -> Result<u64, StoreError>;
}

/// Who accepts.
#[derive(Debug, Clone, Copy)]
pub enum Accepting<'a> {
    /// An account; Stale when it is not active.
    Account(UserId),
    /// Somebody who gets an account by it; Conflict when the address has one by now.
    New(&'a User),
}

/// Which invitations to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvitationFilter {
    /// Only to this place, whatever the role.
    pub place: Option<InvitationTarget>,
    /// Only for this address.
    pub email: Option<Email>,
    /// Only those that can be accepted at this moment.
    pub open_at: Option<Timestamp>,
}
