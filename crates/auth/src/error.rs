//! What can go wrong with credentials. `AuthError` stops a start, `AuthFailure` refuses a request, `LoginError` a
//! login. Display is the cause, for the log; none of them ever holds a credential.

use std::time::Duration;

use orch_domain::error::StoreError;
use orch_domain::port::password_hasher::PasswordError;

use crate::strength::Weakness;
use crate::vault::key::KeyProblem;

/// The secrets or settings cannot be used; a reason not to start.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("JWT_SECRET has {bytes} bytes, it needs at least 32")]
    ShortSecret { bytes: usize },
    #[error("JWT_SECRET is not fit for production: {0}")]
    WeakSecret(Weakness),
    #[error("key {position} of MCP_ENCRYPTION_KEY {problem}")]
    MalformedKey {
        /// Counted from 1.
        position: usize,
        problem: KeyProblem,
    },
    #[error("key {position} of MCP_ENCRYPTION_KEY is not fit for production: {weakness}")]
    WeakKey {
        /// Counted from 1.
        position: usize,
        weakness: Weakness,
    },
    #[error("MCP_ENCRYPTION_KEY holds no key")]
    NoKey,
    #[error("keys cannot be derived from JWT_SECRET")]
    Derivation,
    #[error("the password hash does not work with these parameters")]
    PasswordCost,
}

/// Why a request's credential was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthFailure {
    #[error("no credential was sent")]
    Missing,
    /// Not a credential of ours at all, by its form.
    #[error("malformed credential: {0}")]
    Malformed(&'static str),
    /// The right form, but not one that we gave out.
    #[error("unknown credential: {0}")]
    Unknown(&'static str),
    /// Was good once and was taken back.
    #[error("revoked credential: {0}")]
    Revoked(&'static str),
    #[error("expired credential: {0}")]
    Expired(&'static str),
}

impl AuthFailure {
    /// Stable name for machines. Unknown and revoked are the same, so that nobody learns what once was.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "credential_missing",
            Self::Malformed(_) => "credential_malformed",
            Self::Unknown(_) | Self::Revoked(_) => "credential_invalid",
            Self::Expired(_) => "credential_expired",
        }
    }

    /// What the caller is told.
    #[must_use]
    pub const fn public_text(self) -> &'static str {
        match self {
            Self::Missing => "send an API key or an access token as `Authorization: Bearer`",
            Self::Malformed(_) => "the credential is not an API key or an access token: was it copied in full?",
            Self::Unknown(_) | Self::Revoked(_) => "the credential is not valid",
            Self::Expired(_) => "the credential has expired",
        }
    }
}

/// Why a login, a refresh or a change of password was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The same for an unknown account, a wrong password and a deactivated account.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// What has failed counts, and what is under way, as it may fail. In whole seconds, as callers are told.
    #[error("too many attempts: try again in {} s", retry_after.as_secs())]
    Throttled { retry_after: Duration },
    #[error("too many logins at once: try again in a moment")]
    Busy,
    /// Unknown, expired, used before, or its login is over.
    #[error("the refresh token is not valid: log in again")]
    InvalidRefresh,
    #[error("the current password is wrong")]
    WrongPassword,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("the access token cannot be signed")]
    Signing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LoginError {
    /// Who waits as long as it says is let in, so it never says less.
    pub(crate) fn throttled(wait: Duration) -> Self {
        let seconds = wait.as_nanos().div_ceil(1_000_000_000);
        Self::Throttled { retry_after: Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)) }
    }
}
