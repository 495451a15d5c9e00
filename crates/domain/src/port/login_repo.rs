//! Logins and their refresh tokens.

use async_trait::async_trait;

use crate::Timestamp;
use crate::api_key::KeyHash;
use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::{LoginId, UserId};
use crate::login::{Login, LoginFrom};
use crate::refresh_token::{RefreshToken, Renewal, Rotation};
use crate::user::PasswordHash;

#[async_trait]
pub trait LoginRepo: Send + Sync {
    /// Opens a login with its first refresh token. `checked` is what the password was checked against: Stale when the
    /// user has another one by now, or is deactivated.
    async fn open(
        &self,
        token: &RefreshToken,
        checked: Option<&PasswordHash>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// The token with this hash, whatever has become of it.
    async fn find_token(&self, hash: &KeyHash) -> Result<Option<RefreshToken>, StoreError>;
    /// Spends the old token and stores the new one of the same login in its place, in one transaction. The same again is no
    /// reuse within [`AGAIN_WITHIN`](crate::refresh_token::AGAIN_WITHIN), while what was stored is not spent itself. Two
    /// rotations of one token to different ones at once: one wins, the other counts as reuse. That ends the login and puts
    /// `reuse` on record, in one transaction as well.
    async fn rotate(&self, renewal: Renewal, reuse: &AuditEntry) -> Result<Rotation, StoreError>;
    /// Ends a login; ending one that is over changes nothing.
    async fn end(&self, login: LoginId, now: Timestamp, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Ends every login of a user but one, and gives which those were; without any, nothing is put on record.
    async fn end_others(
        &self,
        user: UserId,
        keep: LoginId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError>;
    /// The logins of a user that are open at `now`, the last seen first.
    async fn list_open(&self, user: UserId, now: Timestamp) -> Result<Vec<Login>, StoreError>;
    /// Notes where and when a login was used; does nothing when it is gone.
    async fn note_seen(&self, login: LoginId, from: &LoginFrom, at: Timestamp) -> Result<(), StoreError>;
    /// The logins of all users that were ended at `since` or later; of the last day at least, what is older may be
    /// forgotten. That there are more is announced as [`Change::Logins`](crate::change::Change::Logins).
    async fn ended_since(&self, since: Timestamp) -> Result<Vec<LoginId>, StoreError>;
    /// Whether the login is open at `now`.
    async fn is_open(&self, login: LoginId, now: Timestamp) -> Result<bool, StoreError>;
}
