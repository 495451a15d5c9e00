//! The text form of refresh tokens, `orchr_<secret>`, their keyed hash, and which one follows which. What a token still
//! opens is known to the store alone.

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

/// A token as the store knows it, and what it is spent for.
pub(crate) struct Succession {
    pub(crate) hash: KeyHash,
    pub(crate) next: SecretString,
    pub(crate) next_hash: KeyHash,
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
        self.token_of(random::bytes::<32>().as_slice())
    }

    /// None when the text does not have the form of a refresh token.
    ///
    /// The next token is always the same, so that it can be given again when the answer with it was lost. Nobody without
    /// the key can tell it, not even who has this one and all that is stored.
    pub(crate) fn succession(&self, token: &SecretString) -> Option<Succession> {
        let secret = token.expose_secret().strip_prefix(PREFIX)?;
        let well_formed =
            secret.len() == SECRET_LEN && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !well_formed {
            return None;
        }
        // Longer than any secret: no hash of a token, which is what is stored.
        let next = self.hasher.hash(&[secret.as_bytes(), b" next"]);
        let (next, next_hash) = self.token_of(next.as_bytes());
        Some(Succession { hash: self.hasher.hash(&[secret.as_bytes()]), next, next_hash })
    }

    fn token_of(&self, bytes: &[u8]) -> (SecretString, KeyHash) {
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
        let mut plain = Zeroizing::new(String::with_capacity(PREFIX.len() + SECRET_LEN));
        plain.push_str(PREFIX);
        plain.push_str(&secret);
        (SecretString::from(plain.as_str()), self.hasher.hash(&[secret.as_bytes()]))
    }
}
