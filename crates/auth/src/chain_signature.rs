//! Signs the ends of audit chains with Ed25519, under a key that is derived from the instance's master secret: every
//! replica signs alike, and who has the database alone cannot.

use std::fmt;

use orch_domain::port::chain_signer::ChainSigner;
use ring::digest;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::error::AuthError;
use crate::master::MasterSecrets;

pub struct Ed25519ChainSigner {
    pair: Ed25519KeyPair,
    key_id: String,
}

impl Ed25519ChainSigner {
    pub fn new(secrets: &MasterSecrets) -> Result<Self, AuthError> {
        let seed = secrets.chain_signing_seed();
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| AuthError::Derivation)?;
        let hash = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        let key_id = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { pair, key_id })
    }
}

impl ChainSigner for Ed25519ChainSigner {
    fn key_id(&self) -> String {
        self.key_id.clone()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.pair.public_key().as_ref()).verify(message, signature).is_ok()
    }
}

impl fmt::Debug for Ed25519ChainSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519ChainSigner").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::port::chain_signer::ChainSigner;

    use super::Ed25519ChainSigner;
    use crate::master::{MasterSecrets, Strictness};
    use crate::vault::key::parse_keys;

    fn signer(secret: &str) -> Ed25519ChainSigner {
        let keys = parse_keys(&"00".repeat(32).into()).expect("a key");
        let secrets = MasterSecrets::derive(&secret.repeat(32).into(), keys, Strictness::Development);
        Ed25519ChainSigner::new(&secrets.expect("secrets")).expect("a signer")
    }

    #[test]
    fn signs_what_it_verifies_and_nothing_else() {
        let (one, same, other) = (signer("a"), signer("a"), signer("b"));
        let signature = one.sign(b"the end");
        assert!(same.verify(b"the end", &signature), "every replica has the same key");
        assert_eq!(one.key_id(), same.key_id());
        assert!(!one.verify(b"the End", &signature));
        assert!(!other.verify(b"the end", &signature));
        assert_ne!(one.key_id(), other.key_id());
        assert!(!one.verify(b"the end", b""));
    }
}
