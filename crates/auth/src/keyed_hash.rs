//! Keyed hashes of random secrets: what the database holds in place of API keys and refresh tokens. Not for
//! passwords, which people choose; those need [`crate::password`].

use std::fmt;

use orch_domain::api_key::KeyHash;
use ring::hmac;
use subtle::ConstantTimeEq as _;

use crate::master::Subkey;

/// HMAC-SHA-256 with its key already absorbed, so that hashing a short text takes two rounds of the compression
/// function and no allocation.
pub struct KeyedHasher {
    key: hmac::Key,
}

impl KeyedHasher {
    #[must_use]
    pub fn new(key: &Subkey) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()) }
    }

    /// The hash of all parts in a row. The caller sees to it that no two lists of parts join to the same bytes.
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> KeyHash {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(part);
        }
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        KeyHash::from_bytes(hash)
    }
}

/// Whether two hashes are equal, in a time that does not tell where they differ.
#[must_use]
pub fn same(one: &KeyHash, other: &KeyHash) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

impl fmt::Debug for KeyedHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedHasher").finish_non_exhaustive()
    }
}
