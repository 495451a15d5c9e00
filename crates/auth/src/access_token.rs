//! Access tokens: JSON Web Tokens of a login, signed with HS256 and nothing else. Checks what is written in a token;
//! whether its user and login still stand is for [`crate::scheme`].

use std::fmt;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use orch_domain::Timestamp;
use orch_domain::id::{LoginId, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::config::AuthConfig;
use crate::error::{AuthFailure, LoginError};
use crate::master::MasterSecrets;

pub(crate) struct AccessTokens {
    issuer: String,
    audience: String,
    lifetime: Duration,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// Whose login a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) user_id: UserId,
    pub(crate) login_id: LoginId,
}

/// How far the clocks of two replicas may differ before one's fresh token looks like a future one to the other.
/// An expiry gets none of it.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// The media type of RFC 9068; keeps other tokens under the same key, should there ever be any, from being taken
/// for access tokens.
const TYPE: &str = "at+jwt";

/// Ours have some 400 bytes.
const LONGEST: usize = 2048;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

impl AccessTokens {
    pub(crate) fn new(config: &AuthConfig, secrets: &MasterSecrets) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would ask the system for the time; ours comes from the clock port, below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let key = secrets.access_token_key.as_slice();
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            lifetime: config.access_token_lifetime(),
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
        }
    }

    pub(crate) fn issue(&self, bearer: Bearer, now: Timestamp) -> Result<SecretString, LoginError> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: bearer.user_id.to_string(),
            sid: bearer.login_id.to_string(),
            iat: now.unix_timestamp(),
            exp: (now + self.lifetime).unix_timestamp(),
            nbf: None,
        };
        jsonwebtoken::encode(&header, &claims, &self.encoding).map(SecretString::from).map_err(|_| LoginError::Signing)
    }

    pub(crate) const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Bearer, AuthFailure> {
        if token.len() > LONGEST {
            return Err(AuthFailure::Malformed("the token is too long"));
        }
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| refusal(error.kind()))?;
        if !data.header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE)) {
            return Err(AuthFailure::Unknown("the token is not an access token"));
        }
        if data.header.crit.is_some() {
            return Err(AuthFailure::Unknown("the token asks for an extension"));
        }
        data.claims.bearer_at(now.unix_timestamp())
    }
}

impl Claims {
    fn bearer_at(&self, now: i64) -> Result<Bearer, AuthFailure> {
        let soon = now.saturating_add_unsigned(LEEWAY.as_secs());
        if self.iat > soon || self.nbf.is_some_and(|nbf| nbf > soon) {
            return Err(AuthFailure::Unknown("the token is from the future"));
        }
        if now >= self.exp {
            return Err(AuthFailure::Expired("access token"));
        }
        match (self.sub.parse(), self.sid.parse()) {
            (Ok(user_id), Ok(login_id)) => Ok(Bearer { user_id, login_id }),
            _ => Err(AuthFailure::Unknown("the token names no user and login")),
        }
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

fn refusal(kind: &ErrorKind) -> AuthFailure {
    match kind {
        ErrorKind::InvalidSignature => AuthFailure::Unknown("the signature of the token is wrong"),
        ErrorKind::InvalidAlgorithm => AuthFailure::Unknown("the token is signed with another algorithm"),
        ErrorKind::InvalidIssuer => AuthFailure::Unknown("the token is of another issuer"),
        ErrorKind::InvalidAudience => AuthFailure::Unknown("the token is for another audience"),
        ErrorKind::MissingRequiredClaim(_) => AuthFailure::Unknown("the token lacks a claim"),
        _ => AuthFailure::Malformed("the token cannot be read"),
    }
}

#[cfg(test)]
mod tests;
