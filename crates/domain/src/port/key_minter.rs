//! Making of new API keys, and reading of the text of one.

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

    /// The public id of a key from its whole text; None for a text that is not exactly one, as by its checksum.
    fn public_id_of(&self, plain: &SecretString) -> Option<KeyPublicId>;

    /// Whether it is the whole text of the key with this hash.
    fn is_of(&self, plain: &SecretString, hash: &KeyHash) -> bool;
}
