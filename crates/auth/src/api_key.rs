//! The text form of API keys: `orch_<public id>_<secret>_<checksum>`. Knows nothing of who owns a key or whether it
//! is live.

pub mod mint;

use std::fmt;

use orch_domain::api_key::{KeyHash, KeyPublicId};

use crate::keyed_hash::KeyedHasher;

/// A text that has the form of an API key and the right checksum. Borrows the text; making one allocates nothing.
#[derive(Clone, Copy)]
pub struct ParsedKey<'a> {
    public_id: &'a str,
    secret: &'a str,
}

/// What every API key starts with.
pub const PREFIX: &str = "orch_";

const SECRET_LEN: usize = 43;
const CHECKSUM_LEN: usize = 6;
const BODY_LEN: usize = PREFIX.len() + KeyPublicId::LEN + 1 + SECRET_LEN;

/// Length of an API key in bytes; all are ASCII.
pub const LEN: usize = BODY_LEN + 1 + CHECKSUM_LEN;

impl<'a> ParsedKey<'a> {
    /// None when the text is not exactly an API key: wrong length, alphabet or checksum.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() != LEN {
            return None;
        }
        let rest = text.strip_prefix(PREFIX)?;
        let (public_id, rest) = rest.split_at_checked(KeyPublicId::LEN)?;
        let (secret, rest) = rest.strip_prefix('_')?.split_at_checked(SECRET_LEN)?;
        let checksum = rest.strip_prefix('_')?;
        let well_formed = public_id.bytes().all(|b| b.is_ascii_alphanumeric())
            && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && checksum.as_bytes() == checksum_of(text.get(..BODY_LEN)?);
        well_formed.then_some(Self { public_id, secret })
    }

    /// Safe to show and to log.
    #[must_use]
    pub const fn public_id(&self) -> &'a str {
        self.public_id
    }

    /// The hash that the database holds. Public id and secret have fixed lengths, so they join without a separator;
    /// their 55 bytes are the most that fit into one block of SHA-256.
    #[must_use]
    pub fn hash(&self, hasher: &KeyedHasher) -> KeyHash {
        hasher.hash(&[self.public_id.as_bytes(), self.secret.as_bytes()])
    }
}

impl fmt::Debug for ParsedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParsedKey").field("public_id", &self.public_id).finish_non_exhaustive()
    }
}

/// CRC-32 of the text before it in base 62, most significant digit first, padded with zeros. Lets people, editors
/// and secret scanners recognise a key without asking us; it keeps nobody out.
fn checksum_of(body: &str) -> [u8; CHECKSUM_LEN] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut text = [b'0'; CHECKSUM_LEN];
    for slot in text.iter_mut().rev() {
        *slot = DIGITS.get(rest % DIGITS.len()).copied().unwrap_or(b'0');
        rest /= DIGITS.len();
    }
    text
}
