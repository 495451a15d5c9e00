//! API keys. Every write but the note of use carries its audit entry and commits with it, and is announced.

use async_trait::async_trait;

use crate::Timestamp;
use crate::api_key::{ApiKey, KeyTally, KeyUse};
use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::{KeyId, ProjectId, UserId};
use crate::page::{Page, PageRequest};

#[async_trait]
pub trait KeyRepo: Send + Sync {
    async fn find(&self, id: KeyId) -> Result<Option<ApiKey>, StoreError>;
    /// Newest first; of one creator, or all of the project when `creator` is None.
    async fn list(
        &self,
        project: ProjectId,
        creator: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, StoreError>;
    /// Newest first, of all projects.
    async fn list_all(&self, page: PageRequest) -> Result<Page<ApiKey>, StoreError>;
    /// The keys of one account on a project: how many are live `now`, and how many were made since `since`.
    async fn tally(
        &self,
        project: ProjectId,
        creator: UserId,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<KeyTally, StoreError>;
    async fn create(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Makes the key dead from `at` on; a second revocation changes nothing. Missing when there is no such key, Stale when
    /// it is of another version than `expected`.
    async fn revoke(
        &self,
        id: KeyId,
        expected: Option<u32>,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Stores the new key and lets the old one expire at `old_expires_at`, in one transaction. Missing when the old one
    /// is gone, Stale when it was revoked or has other terms than `old` by now, which the new one would not have.
    async fn rotate(
        &self,
        old: &ApiKey,
        old_expires_at: Timestamp,
        new: &ApiKey,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Writes name, expiry, scope and allowance of `after` over those of `before`. Missing when there is no such key,
    /// Stale when it was revoked or these are others by now.
    async fn update(&self, before: &ApiKey, after: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Notes the last use of many keys at once; an older note never overwrites a newer one, but notes that are
    /// less than a minute apart complete each other. Not announced.
    async fn note_used(&self, uses: &[(KeyId, KeyUse)]) -> Result<(), StoreError>;
}
