//! Making of new API keys.

use secrecy::SecretString;

use crate::api_key::{KeyHash, KeyPublicId};

/// A new key: the plain text is shown once and never stored.
pub struct MintedKey {
    pub plain: SecretString,
    pub public_id: KeyPublicId,
    pub hash: KeyHash,
}

pub trait KeyMinter: Send + Sync {
    fn mint(&self) -> MintedKey;
}
