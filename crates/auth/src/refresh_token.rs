//! The text form of refresh tokens, `orchr_<secret>`, and their keyed hash. What a token still opens is known to
//! the store alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orch_domain::api_key::KeyHash;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::keyed_hash::KeyedHasher;
use crate::master::MasterSecrets;
use crate::random;

pub(crate) struct RefreshTokens {
    hasher: KeyedHasher,
}

/// What every refresh token starts with; not the prefix of an API key.
pub(crate) const PREFIX: &str = "orchr_";

const SECRET_LEN: usize = 43;

impl RefreshTokens {
    pub(crate) fn new(secrets: &MasterSecrets) -> Self {
        Self { hasher: KeyedHasher::new(&secrets.refresh_hash_key) }
    }

    /// A new token with its hash.
    pub(crate) fn mint(&self) -> (SecretString, KeyHash) {
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>().as_slice()));
        let mut plain = Zeroizing::new(String::with_capacity(PREFIX.len() + SECRET_LEN));
        plain.push_str(PREFIX);
        plain.push_str(&secret);
        (SecretString::from(plain.as_str()), self.hasher.hash(&[secret.as_bytes()]))
    }

    /// None when the text does not have the form of a refresh token.
    pub(crate) fn hash_of(&self, token: &SecretString) -> Option<KeyHash> {
        let secret = token.expose_secret().strip_prefix(PREFIX)?;
        let well_formed =
            secret.len() == SECRET_LEN && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        well_formed.then(|| self.hasher.hash(&[secret.as_bytes()]))
    }
}
