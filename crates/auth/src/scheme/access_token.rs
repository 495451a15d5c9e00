//! Authentication by the access token of a login.

use std::sync::Arc;

use orch_domain::principal::{Credential, Principal};

use crate::access_token::AccessTokens;
use crate::config::AuthConfig;
use crate::ended_logins::EndedLogins;
use crate::error::AuthFailure;
use crate::master::MasterSecrets;
use crate::scheme::{Moment, Scheme};

#[derive(Debug)]
pub struct AccessTokenScheme {
    tokens: AccessTokens,
    ended: Arc<EndedLogins>,
}

impl AccessTokenScheme {
    #[must_use]
    pub fn new(config: &AuthConfig, secrets: &MasterSecrets, ended: Arc<EndedLogins>) -> Self {
        Self { tokens: AccessTokens::new(config, secrets), ended }
    }
}

impl Scheme for AccessTokenScheme {
    fn recognizes(&self, bearer: &str) -> bool {
        // The base64 of `{"`, with which the header of every token starts.
        bearer.starts_with("eyJ")
    }

    fn authenticate(&self, moment: &Moment<'_>, bearer: &str) -> Result<Principal, AuthFailure> {
        let bearer = self.tokens.verify(bearer, moment.now)?;
        if !moment.is_active(bearer.user_id) {
            return Err(AuthFailure::Revoked("the user is deactivated"));
        }
        if self.ended.is_ended(bearer.login_id) {
            return Err(AuthFailure::Revoked("the login has ended"));
        }
        Ok(Principal { user_id: bearer.user_id, credential: Credential::Login { login_id: bearer.login_id } })
    }
}
