//! Refresh tokens of a login. Each is used once; the use of a spent one ends the whole login, unless it is the same
//! request once more.

use std::time::Duration;

use crate::Timestamp;
use crate::api_key::KeyHash;
use crate::id::{LoginId, UserId};

/// For so long a token that has been spent gives the same next one again, if that has not been used: the answer may have
/// been lost on its way, and whoever asks has nothing else to ask with.
pub const AGAIN_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The keyed hash of the token; its identity in the store.
    pub hash: KeyHash,
    pub login_id: LoginId,
    pub user_id: UserId,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A refresh token is presented for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    pub old: KeyHash,
    pub new: KeyHash,
    pub now: Timestamp,
    /// Of the new token.
    pub expires_at: Timestamp,
}

/// What presenting a refresh token led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The old token is spent and the new one stored, in one transaction; by this request or by the same one before.
    Rotated,
    /// The token had been used before: the whole login is revoked now.
    Reused,
    /// Unknown, expired or revoked.
    Unknown,
}
