//! The parts of `orch-auth` that REST works with, and their refusals as answers.

use std::fmt;
use std::sync::Arc;

use orch_auth::authenticator::Authenticator;
use orch_auth::ended_logins::EndedLogins;
use orch_auth::error::{AuthFailure, LoginError};
use orch_auth::logins::Logins;
use orch_domain::port::password_hasher::PasswordError;
use orch_domain::principal::Principal;

use crate::api_error::{ApiError, Code};

#[derive(Clone)]
pub struct Identity {
    pub authenticator: Arc<Authenticator>,
    pub logins: Arc<Logins>,
    /// Told when an admin resets a password, so that running access tokens end with the logins.
    pub ended: Arc<EndedLogins>,
}

impl Identity {
    /// Who stands behind a token, from memory alone.
    pub fn authenticate(&self, bearer: &str) -> Result<Principal, ApiError> {
        Ok(self.authenticator.authenticate(bearer)?)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl From<AuthFailure> for ApiError {
    fn from(failure: AuthFailure) -> Self {
        Self::new(Code::Unauthenticated, failure.public_text())
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        let text = error.to_string();
        match error {
            LoginError::InvalidCredentials | LoginError::InvalidRefresh => Self::new(Code::InvalidCredentials, text),
            LoginError::Throttled { retry_after } => {
                Self::new(Code::TooManyRequests, text).retry_after(retry_after.as_secs())
            }
            LoginError::Busy => Self::new(Code::TooManyRequests, text).retry_after(1),
            LoginError::WrongPassword => Self::invalid("old_password", text, ""),
            LoginError::Password(PasswordError::Length) => {
                Self::invalid("new_password", "the length is wrong", "a password has 10 to 256 characters")
            }
            error @ (LoginError::Password(PasswordError::Failed) | LoginError::Signing) => Self::internal(error),
            LoginError::Store(error) => Self::from(error),
        }
    }
}
