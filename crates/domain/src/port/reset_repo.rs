//! Resets of passwords. Every write carries its audit entry and commits with it.

use async_trait::async_trait;

use crate::Timestamp;
use crate::api_key::KeyHash;
use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::{LoginId, UserId};
use crate::password_reset::PasswordReset;
use crate::user::PasswordHash;

#[async_trait]
pub trait ResetRepo: Send + Sync {
    /// Stores the reset in place of earlier ones of the account, so that only the latest link works. Missing when
    /// there is no such account.
    async fn create(&self, reset: &PasswordReset, audit: &AuditEntry) -> Result<(), StoreError>;
    /// None when it was spent or never was; may have expired.
    async fn find(&self, hash: &KeyHash) -> Result<Option<PasswordReset>, StoreError>;
    /// The reset of an account that is not spent; may have expired.
    async fn latest_of(&self, user: UserId) -> Result<Option<PasswordReset>, StoreError>;
    /// Spends the reset, gives its account the password and ends the account's logins, in one transaction: of two at
    /// once, one is Stale. Stale as well when it is spent, has expired at `at`, or the account is not active. Gives the
    /// logins that it ended.
    async fn redeem(
        &self,
        hash: &KeyHash,
        password: &PasswordHash,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError>;
}
