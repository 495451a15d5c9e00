//! Seals and opens secrets with authenticated encryption. Never logs, caches or keeps a plain value.
//!
//! A sealed value is: version (1 byte, now 1), key id (8 bytes), nonce (24 bytes), ciphertext with its tag.
//! Everything before the ciphertext and the place of the value are authenticated with it.

pub mod key;

use std::fmt;

use chacha20poly1305::aead::{AeadInOut as _, Generate as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use orch_domain::port::vault::{Vault, VaultError};
use orch_domain::secret::{Sealed, SealedPlace};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::vault::key::{EncryptionKey, VaultKeyId};

/// XChaCha20-Poly1305 under the first key; opens with any. Its nonce is long enough to be drawn at random forever.
pub struct AeadVault {
    /// Never empty; the first encrypts.
    keys: Vec<(VaultKeyId, XChaCha20Poly1305)>,
}

const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

/// What the canary says, and where it lies. Changing either makes every stored canary a wrong one.
const CANARY: &str = "mcp-orchestrator canary v1";
const CANARY_PLACE: SealedPlace<'static> =
    SealedPlace { table: "secret_checks", column: "canary", row: uuid::Uuid::nil() };

impl AeadVault {
    /// Fails when there is no key.
    pub fn new(keys: &[EncryptionKey]) -> Result<Self, AuthError> {
        if keys.is_empty() {
            return Err(AuthError::NoKey);
        }
        Ok(Self { keys: keys.iter().map(|key| (key.id(), XChaCha20Poly1305::new(key.bytes().into()))).collect() })
    }

    /// The ids of the keys, the one that encrypts first.
    pub fn key_ids(&self) -> impl Iterator<Item = VaultKeyId> {
        self.keys.iter().map(|(id, _)| *id)
    }

    /// A sealed value that says nothing. Stored next to a database's secrets, it lets [`Self::check_canary`] notice
    /// a wrong key at start-up instead of at the first launch of a server.
    pub fn canary(&self) -> Result<Sealed, VaultError> {
        self.seal(CANARY_PLACE, &SecretString::from(CANARY))
    }

    /// Fails when the secrets of the database that the canary comes from would not open with these keys.
    pub fn check_canary(&self, sealed: &Sealed) -> Result<(), VaultError> {
        let text = self.open(CANARY_PLACE, sealed)?;
        if text.expose_secret() == CANARY { Ok(()) } else { Err(VaultError::DoesNotOpen) }
    }
}

impl Vault for AeadVault {
    fn seal(&self, place: SealedPlace<'_>, plain: &SecretString) -> Result<Sealed, VaultError> {
        let (id, cipher) = self.keys.first().ok_or(VaultError::DoesNotSeal)?;
        let nonce = XNonce::try_generate().map_err(|_| VaultError::DoesNotSeal)?;
        let plain = plain.expose_secret().as_bytes();
        // Room for the tag from the start: growing would leave a copy of the plain value behind.
        let mut body = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_LEN));
        body.extend_from_slice(plain);
        cipher
            .encrypt_in_place(&nonce, &associated_data(*id, place), &mut *body)
            .map_err(|_| VaultError::DoesNotSeal)?;
        let mut bytes = Vec::with_capacity(1 + VaultKeyId::LEN + NONCE_LEN + body.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&body);
        Ok(Sealed::from_bytes(bytes))
    }

    fn open(&self, place: SealedPlace<'_>, sealed: &Sealed) -> Result<SecretString, VaultError> {
        let parts = Parts::read(sealed.as_bytes()).ok_or(VaultError::DoesNotOpen)?;
        let (id, cipher) = self
            .keys
            .iter()
            .find(|(id, _)| *id == parts.key_id)
            .ok_or_else(|| VaultError::UnknownKey { key_id: parts.key_id.to_string() })?;
        let mut body = Zeroizing::new(parts.ciphertext.to_vec());
        cipher
            .decrypt_in_place(&XNonce::from(parts.nonce), &associated_data(*id, place), &mut *body)
            .map_err(|_| VaultError::DoesNotOpen)?;
        std::str::from_utf8(&body).map(SecretString::from).map_err(|_| VaultError::DoesNotOpen)
    }

    fn is_stale(&self, sealed: &Sealed) -> bool {
        Parts::read(sealed.as_bytes()).map(|parts| parts.key_id) != self.keys.first().map(|(id, _)| *id)
    }
}

impl fmt::Debug for AeadVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AeadVault").field("keys", &self.key_ids().collect::<Vec<_>>()).finish()
    }
}

/// A sealed value, taken apart.
struct Parts<'a> {
    key_id: VaultKeyId,
    nonce: [u8; NONCE_LEN],
    ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    /// None for another version, and for less than a version, an id, a nonce and a tag.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (key_id, rest) = rest.split_first_chunk::<{ VaultKeyId::LEN }>()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
        (*version == VERSION && ciphertext.len() >= TAG_LEN).then_some(Self {
            key_id: VaultKeyId::from_bytes(*key_id),
            nonce: *nonce,
            ciphertext,
        })
    }
}

/// The version, the key and the place. Each text has its length before it, so that no two places read the same.
fn associated_data(key_id: VaultKeyId, place: SealedPlace<'_>) -> Vec<u8> {
    let mut data = Vec::with_capacity(1 + VaultKeyId::LEN + 16 + place.table.len() + place.column.len() + 16);
    data.push(VERSION);
    data.extend_from_slice(key_id.as_bytes());
    for text in [place.table, place.column] {
        data.extend_from_slice(&(text.len() as u64).to_be_bytes());
        data.extend_from_slice(text.as_bytes());
    }
    data.extend_from_slice(place.row.as_bytes());
    data
}
