//! Makes new API keys, and tells the text of one. Stores nothing; the plain text is gone once the caller drops it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orch_domain::api_key::{KeyHash, KeyPublicId};
use orch_domain::port::key_minter::{KeyMinter, MintedKey};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::api_key::{LEN, PREFIX, ParsedKey, checksum_of};
use crate::keyed_hash::{self, KeyedHasher};
use crate::master::MasterSecrets;
use crate::random;

pub struct KeyMint {
    hasher: KeyedHasher,
}

impl KeyMint {
    #[must_use]
    pub fn new(secrets: &MasterSecrets) -> Self {
        Self { hasher: KeyedHasher::new(&secrets.api_key_hash_key) }
    }
}

impl KeyMinter for KeyMint {
    fn mint(&self) -> MintedKey {
        let public_id = random_public_id();
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>().as_slice()));
        let hash = self.hasher.hash(&[public_id.as_str().as_bytes(), secret.as_bytes()]);
        // All of its length from the start: growing would leave a copy of the secret behind.
        let mut plain = Zeroizing::new(String::with_capacity(LEN));
        plain.push_str(PREFIX);
        plain.push_str(public_id.as_str());
        plain.push('_');
        plain.push_str(&secret);
        let checksum = checksum_of(&plain);
        plain.push('_');
        plain.extend(checksum.into_iter().map(char::from));
        MintedKey { plain: SecretString::from(plain.as_str()), public_id, hash }
    }

    fn public_id_of(&self, plain: &SecretString) -> Option<KeyPublicId> {
        KeyPublicId::parse(ParsedKey::parse(plain.expose_secret())?.public_id())
    }

    fn is_of(&self, plain: &SecretString, hash: &KeyHash) -> bool {
        ParsedKey::parse(plain.expose_secret()).is_some_and(|parsed| keyed_hash::same(&parsed.hash(&self.hasher), hash))
    }
}

impl fmt::Debug for KeyMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMint").finish_non_exhaustive()
    }
}

/// 12 characters of 62, each as likely as any other: 71 bits, so two keys of an instance never share one.
fn random_public_id() -> KeyPublicId {
    loop {
        let text: String = random::bytes::<32>()
            .iter()
            // A base64 digit out of 64; the two that are not alphanumeric are dropped, which favours none.
            .map(|byte| match byte & 63 {
                digit @ 0..=25 => char::from(b'A' + digit),
                digit @ 26..=51 => char::from(b'a' + digit - 26),
                digit @ 52..=61 => char::from(b'0' + digit - 52),
                _ => '_',
            })
            .filter(char::is_ascii_alphanumeric)
            .take(KeyPublicId::LEN)
            .collect();
        if let Some(id) = KeyPublicId::parse(&text) {
            return id;
        }
    }
}
