//! Hashing of passwords. Slow by design: implementations run it off the request threads.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::user::PasswordHash;

#[async_trait]
pub trait PasswordHasher: Send + Sync {
    async fn hash(&self, password: &SecretString) -> Result<PasswordHash, PasswordError>;
    /// Takes as long when `hash` is None, so that the time does not tell whether an account exists.
    async fn verify(&self, password: &SecretString, hash: Option<&PasswordHash>) -> Result<bool, PasswordError>;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has 10 to 256 characters")]
    Length,
    #[error("the password hash cannot be computed")]
    Failed,
}
