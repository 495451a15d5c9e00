//! Encryption keys and how MCP_ENCRYPTION_KEY writes them. No error or `Debug` ever shows a key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::digest;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::strength::{self, Weakness};

/// One 256-bit key; wiped when dropped.
pub struct EncryptionKey {
    id: VaultKeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl EncryptionKey {
    #[must_use]
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { id: VaultKeyId::of(&bytes), bytes }
    }

    /// Names the key without telling it.
    #[must_use]
    pub const fn id(&self) -> VaultKeyId {
        self.id
    }

    /// Why somebody could guess the key: all one byte, a sequence, a passphrase.
    #[must_use]
    pub fn weakness(&self) -> Option<Weakness> {
        strength::weakness_of_key(&self.bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The first bytes of a hash of the key; stands in every sealed value and may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VaultKeyId([u8; VaultKeyId::LEN]);

impl VaultKeyId {
    pub const LEN: usize = 8;

    pub(super) const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    fn of(key: &[u8; 32]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        // The label keeps the id apart from any other hash of the same key.
        hash.update(b"mcp-orchestrator vault key id v1\0");
        hash.update(key);
        let mut id = [0; Self::LEN];
        for (to, from) in id.iter_mut().zip(hash.finish().as_ref()) {
            *to = *from;
        }
        Self(id)
    }
}

impl fmt::Display for VaultKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for VaultKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKeyId({self})")
    }
}

/// What is wrong with the text of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProblem {
    Empty,
    /// Decodes, but not to 32 bytes.
    Length {
        bytes: usize,
    },
    /// Holds a character of neither base64 nor hex; counted from 1.
    Character {
        at: usize,
    },
    /// Mixes the standard and the URL-safe alphabet.
    MixedAlphabets,
    /// A character is missing or wrong at the end, or the padding is.
    Incomplete,
    /// The same key as an earlier one.
    Duplicate,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Length { bytes } => write!(f, "has {bytes} bytes, it needs exactly 32"),
            Self::Character { at } => write!(f, "has a character at {at} that is neither base64 nor hex"),
            Self::MixedAlphabets => f.write_str("mixes the standard and the URL-safe base64 alphabet"),
            Self::Incomplete => f.write_str("is not complete base64: its end is cut off or altered"),
            Self::Duplicate => f.write_str("repeats an earlier key"),
        }
    }
}

/// Reads MCP_ENCRYPTION_KEY: keys of 32 bytes with commas between them, each as base64 (either alphabet, padded or
/// not) or as hex. The first encrypts. Whitespace around a key is ignored.
pub fn parse_keys(text: &SecretString) -> Result<Vec<EncryptionKey>, AuthError> {
    let text = text.expose_secret();
    if text.trim().is_empty() {
        return Err(AuthError::NoKey);
    }
    let mut keys: Vec<EncryptionKey> = Vec::new();
    for (index, part) in text.split(',').enumerate() {
        let malformed = |problem| AuthError::MalformedKey { position: index + 1, problem };
        let key = EncryptionKey::from_bytes(decode(part.trim()).map_err(malformed)?);
        if keys.iter().any(|earlier| bool::from(earlier.bytes.as_slice().ct_eq(key.bytes.as_slice()))) {
            return Err(malformed(KeyProblem::Duplicate));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn decode(text: &str) -> Result<Zeroizing<[u8; 32]>, KeyProblem> {
    if text.is_empty() {
        return Err(KeyProblem::Empty);
    }
    // 64 characters of base64 would be 48 bytes, so this cannot be meant as base64.
    let bytes = if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        decode_hex(text)
    } else {
        decode_base64(text)?
    };
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(KeyProblem::Length { bytes: bytes.len() });
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

fn decode_hex(text: &str) -> Zeroizing<Vec<u8>> {
    let digits: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect());
    Zeroizing::new(
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0_u8, |byte, digit| byte.wrapping_shl(4) | digit)).collect(),
    )
}

fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    if let Some((index, _)) =
        body.char_indices().find(|(_, c)| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')))
    {
        let at = body.get(..index).map_or(0, |before| before.chars().count()) + 1;
        return Err(KeyProblem::Character { at });
    }
    if body.contains(['+', '/']) && body.contains(['-', '_']) {
        return Err(KeyProblem::MixedAlphabets);
    }
    if padding > 0 && !text.len().is_multiple_of(4) {
        return Err(KeyProblem::Incomplete);
    }
    let standard: Zeroizing<String> = Zeroizing::new(
        body.chars()
            .map(|c| match c {
                '-' => '+',
                '_' => '/',
                other => other,
            })
            .collect(),
    );
    STANDARD_NO_PAD.decode(standard.as_bytes()).map(Zeroizing::new).map_err(|_| KeyProblem::Incomplete)
}
