//! Resets of passwords: a single-use link to an account, for its owner.

use crate::Timestamp;
use crate::api_key::KeyHash;
use crate::id::UserId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// The keyed hash of the token in the link; its identity in the store.
    pub hash: KeyHash,
    pub user_id: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}
