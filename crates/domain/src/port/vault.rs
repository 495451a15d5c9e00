//! Sealing and opening of secrets.

use secrecy::SecretString;

use crate::secret::{Sealed, SealedPlace};

/// Encrypts with the first configured key, decrypts with any.
pub trait Vault: Send + Sync {
    fn seal(&self, place: SealedPlace<'_>, plain: &SecretString) -> Result<Sealed, VaultError>;
    /// Fails when the value was sealed for another place, was altered, or its key is not configured.
    fn open(&self, place: SealedPlace<'_>, sealed: &Sealed) -> Result<SecretString, VaultError>;
    /// Whether the value was sealed with another key than the one that encrypts now.
    fn is_stale(&self, sealed: &Sealed) -> bool;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the value was sealed with key {key_id}, which MCP_ENCRYPTION_KEY does not hold")]
    UnknownKey { key_id: String },
    #[error("the sealed value does not open: it was altered, moved, or sealed with another key")]
    DoesNotOpen,
    #[error("the value could not be sealed")]
    DoesNotSeal,
}
