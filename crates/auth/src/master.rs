//! The instance's master secrets and the keys derived from them. The masters themselves are used for nothing else,
//! and are not kept once the keys are made.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hkdf;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::random;
use crate::strength;
use crate::vault::key::EncryptionKey;

/// How much is asked of the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// The right length is enough.
    Development,
    /// Weak and well-known secrets are refused.
    Production,
}

/// What all keys of the instance come from: JWT_SECRET and MCP_ENCRYPTION_KEY.
///
/// Another JWT_SECRET ends every login and makes every API key unknown, since their hashes are keyed with it. Another
/// first key in MCP_ENCRYPTION_KEY does no harm as long as the earlier ones stay in the list.
pub struct MasterSecrets {
    pub(crate) access_token_key: Subkey,
    pub(crate) api_key_hash_key: Subkey,
    pub(crate) refresh_hash_key: Subkey,
    pub(crate) link_hash_key: Subkey,
    seal_state_key: Subkey,
    chain_signing_seed: Subkey,
    argument_digest_key: Subkey,
    fingerprint: [u8; 8],
    encryption_keys: Vec<EncryptionKey>,
}

/// 32 bytes for one purpose; wiped when dropped.
pub type Subkey = Zeroizing<[u8; 32]>;

pub(crate) const LEAST_SECRET_BYTES: usize = 32;

impl MasterSecrets {
    /// Derives the keys. Fails on a JWT secret of less than 32 bytes and on an empty key list, and with
    /// [`Strictness::Production`] on weak ones.
    pub fn derive(
        jwt_secret: &SecretString,
        encryption_keys: Vec<EncryptionKey>,
        strictness: Strictness,
    ) -> Result<Self, AuthError> {
        let secret = jwt_secret.expose_secret().as_bytes();
        if secret.len() < LEAST_SECRET_BYTES {
            return Err(AuthError::ShortSecret { bytes: secret.len() });
        }
        if encryption_keys.is_empty() {
            return Err(AuthError::NoKey);
        }
        if strictness == Strictness::Production {
            refuse_weak(jwt_secret, &encryption_keys)?;
        }
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"mcp-orchestrator master v1").extract(secret);
        let derived = subkey(&prk, b"fingerprint")?;
        let mut fingerprint = [0; 8];
        for (to, from) in fingerprint.iter_mut().zip(derived.iter()) {
            *to = *from;
        }
        Ok(Self {
            access_token_key: subkey(&prk, b"access token")?,
            api_key_hash_key: subkey(&prk, b"api key hash")?,
            refresh_hash_key: subkey(&prk, b"refresh token hash")?,
            link_hash_key: subkey(&prk, b"link hash")?,
            seal_state_key: subkey(&prk, b"seal state")?,
            chain_signing_seed: subkey(&prk, b"chain signature")?,
            argument_digest_key: subkey(&prk, b"argument digest")?,
            fingerprint,
            encryption_keys,
        })
    }

    /// The keys of the vault, the one that encrypts first.
    #[must_use]
    pub fn encryption_keys(&self) -> &[EncryptionKey] {
        &self.encryption_keys
    }

    /// For sealing what is handed to clients and read back: cursors, request states.
    #[must_use]
    pub const fn seal_state_key(&self) -> &Subkey {
        &self.seal_state_key
    }

    /// For signing the ends of audit chains.
    #[must_use]
    pub const fn chain_signing_seed(&self) -> &Subkey {
        &self.chain_signing_seed
    }

    /// For digests of arguments on record.
    #[must_use]
    pub const fn argument_digest_key(&self) -> &Subkey {
        &self.argument_digest_key
    }

    /// Tells two JWT secrets apart without telling either. Stored by the application, it shows at start-up that the
    /// secret is another than the one the API keys were hashed with.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.fingerprint))
    }
}

impl fmt::Debug for MasterSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterSecrets").field("encryption_keys", &self.encryption_keys).finish_non_exhaustive()
    }
}

/// A new secret of 256 random bits in 43 characters; good as JWT_SECRET and as MCP_ENCRYPTION_KEY.
#[must_use]
pub fn generate_secret_base64() -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(random::bytes::<32>().as_slice()))
}

fn refuse_weak(jwt_secret: &SecretString, encryption_keys: &[EncryptionKey]) -> Result<(), AuthError> {
    if let Some(weakness) = strength::weakness_of(jwt_secret) {
        return Err(AuthError::WeakSecret(weakness));
    }
    for (index, key) in encryption_keys.iter().enumerate() {
        if let Some(weakness) = key.weakness() {
            return Err(AuthError::WeakKey { position: index + 1, weakness });
        }
    }
    Ok(())
}

fn subkey(prk: &hkdf::Prk, label: &[u8]) -> Result<Subkey, AuthError> {
    let mut key = Subkey::default();
    let info = [label];
    let okm = prk.expand(&info, hkdf::HKDF_SHA256).map_err(|_| AuthError::Derivation)?;
    okm.fill(key.as_mut_slice()).map_err(|_| AuthError::Derivation)?;
    Ok(key)
}
