//! The one door from a credential to a principal. Synchronous, from memory alone; decides no permission.

use std::fmt;
use std::sync::Arc;

use orch_domain::api_key::ApiKey;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::id::KeyId;
use orch_domain::port::clock::Clock;
use orch_domain::principal::{Credential, Principal};

use crate::config::AuthConfig;
use crate::ended_logins::EndedLogins;
use crate::error::AuthFailure;
use crate::master::MasterSecrets;
use crate::refresh_token;
use crate::scheme::access_token::AccessTokenScheme;
use crate::scheme::api_key::ApiKeyScheme;
use crate::scheme::{Moment, Scheme};

pub struct Authenticator {
    schemes: Vec<Box<dyn Scheme>>,
    facts: AuthFacts,
}

/// Where the facts about users, keys and logins come from.
#[derive(Clone)]
pub struct AuthFacts {
    pub directory: Arc<LiveDirectory>,
    pub ended: Arc<EndedLogins>,
    pub clock: Arc<dyn Clock>,
}

impl Authenticator {
    #[must_use]
    pub fn new(config: &AuthConfig, secrets: &MasterSecrets, facts: AuthFacts) -> Self {
        let access = AccessTokenScheme::new(config, secrets, Arc::clone(&facts.ended));
        Self::with_schemes(vec![Box::new(ApiKeyScheme::new(secrets)), Box::new(access)], facts)
    }

    /// The first scheme that recognizes a credential decides.
    #[must_use]
    pub fn with_schemes(schemes: Vec<Box<dyn Scheme>>, facts: AuthFacts) -> Self {
        Self { schemes, facts }
    }

    /// Who stands behind a bearer credential: an API key or an access token, without the word `Bearer`.
    pub fn authenticate(&self, bearer: &str) -> Result<Principal, AuthFailure> {
        if bearer.is_empty() {
            return Err(AuthFailure::Missing);
        }
        if bearer.starts_with(refresh_token::PREFIX) {
            return Err(AuthFailure::Malformed("a refresh token is not a bearer credential"));
        }
        let scheme = self
            .schemes
            .iter()
            .find(|scheme| scheme.recognizes(bearer))
            .ok_or(AuthFailure::Malformed("no scheme recognizes it"))?;
        let directory = self.facts.directory.current();
        scheme.authenticate(&Moment { directory: &directory, now: self.facts.clock.now() }, bearer)
    }

    /// The key of that id, as it is now.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<Arc<ApiKey>> {
        self.facts.directory.current().key_by_id(id).cloned()
    }

    /// Whether what once was authenticated still is; for sessions and streams that outlive a request.
    #[must_use]
    pub fn is_live(&self, principal: &Principal) -> bool {
        let ended = match principal.credential {
            Credential::Login { login_id } => self.facts.ended.is_ended(login_id),
            Credential::Key { .. } | Credential::Console => false,
        };
        !ended && self.facts.directory.current().is_live(principal, self.facts.clock.now())
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

/// The credential in the value of an `Authorization` header. The scheme's name is read in any case.
pub fn bearer_of(authorization: Option<&str>) -> Result<&str, AuthFailure> {
    let value = authorization.map(str::trim).filter(|value| !value.is_empty()).ok_or(AuthFailure::Missing)?;
    let (scheme, credential) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthFailure::Malformed("the Authorization header is not a bearer one"));
    }
    let credential = credential.trim();
    if credential.is_empty() { Err(AuthFailure::Missing) } else { Ok(credential) }
}
