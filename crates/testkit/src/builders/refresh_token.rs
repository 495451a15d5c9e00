//! Refresh tokens.

use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::id::{LoginId, UserId};
use orch_domain::refresh_token::RefreshToken;

use crate::builders::a_hash;
use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct RefreshTokenBuilder(RefreshToken);

/// The first token of a new login, good for an hour.
#[must_use]
pub fn a_refresh_token() -> RefreshTokenBuilder {
    RefreshTokenBuilder(RefreshToken {
        hash: a_hash(),
        login_id: LoginId::new(),
        user_id: UserId::new(),
        issued_at: FixedClock::START,
        expires_at: FixedClock::START + Duration::from_secs(3600),
    })
}

impl RefreshTokenBuilder {
    #[must_use]
    pub fn of(mut self, user: UserId) -> Self {
        self.0.user_id = user;
        self
    }

    #[must_use]
    pub fn issued_at(mut self, at: Timestamp) -> Self {
        self.0.issued_at = at;
        self
    }

    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.0.expires_at = at;
        self
    }

    #[must_use]
    pub fn build(self) -> RefreshToken {
        self.0
    }
}
