//! The settings of this crate. Secrets are not among them: those are [`crate::master::MasterSecrets`].

use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// `iss` of access tokens; a token of another issuer is refused.
    pub issuer: String,
    /// `aud` of access tokens; a token for another audience is refused.
    pub audience: String,
    /// 15 minutes unless set.
    pub access_token_seconds: NonZeroU32,
    /// 30 days unless set, from each refresh on.
    pub refresh_token_seconds: NonZeroU32,
    /// How many passwords are hashed at once; each takes 19 MiB and a core.
    pub password_concurrency: NonZeroU16,
    /// How many logins may wait for that; more are refused as busy.
    pub password_queue: u16,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            issuer: "mcp-orchestrator".to_owned(),
            audience: "mcp-orchestrator".to_owned(),
            access_token_seconds: NonZeroU32::MIN.saturating_add(15 * 60 - 1),
            refresh_token_seconds: NonZeroU32::MIN.saturating_add(30 * 24 * 60 * 60 - 1),
            password_concurrency: NonZeroU16::MIN.saturating_add(1),
            password_queue: 64,
        }
    }
}

impl AuthConfig {
    #[must_use]
    pub const fn access_token_lifetime(&self) -> Duration {
        Duration::from_secs(self.access_token_seconds.get() as u64)
    }

    #[must_use]
    pub const fn refresh_token_lifetime(&self) -> Duration {
        Duration::from_secs(self.refresh_token_seconds.get() as u64)
    }
}
