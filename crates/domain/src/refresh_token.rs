//! Refresh tokens of a login. Each is used once; the use of a spent one ends the whole login.

use crate::Timestamp;
use crate::api_key::KeyHash;
use crate::id::{LoginId, UserId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The keyed hash of the token; its identity in the store.
    pub hash: KeyHash,
    pub login_id: LoginId,
    pub user_id: UserId,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What presenting a refresh token led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The old token is spent and the new one stored, in one transaction.
    Rotated { login_id: LoginId, user_id: UserId },
    /// The token had been used before: the whole login is revoked now.
    Reused { login_id: LoginId, user_id: UserId },
    /// Unknown, expired or revoked.
    Unknown,
}
