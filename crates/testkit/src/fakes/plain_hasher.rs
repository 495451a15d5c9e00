//! Hashing of passwords without the work, and without any secrecy.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use orch_domain::port::password_hasher::{PasswordError, PasswordHasher};
use orch_domain::user::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes the password for its own hash, and counts how often it was asked.
#[derive(Default)]
pub struct PlainHasher {
    verified: AtomicUsize,
    meanwhile: Mutex<Option<Meanwhile>>,
}

impl PlainHasher {
    /// With this password the hasher fails.
    pub const BREAKING: &str = "break the hasher";

    #[must_use]
    pub fn of(password: &str) -> PasswordHash {
        PasswordHash::from_phc(format!("plain:{password}"))
    }

    /// How many passwords were checked.
    pub fn verified(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }

    /// Has something happen while the next password is checked.
    pub fn meanwhile(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(happens));
    }
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(&self, password: &SecretString) -> Result<PasswordHash, PasswordError> {
        let password = password.expose_secret();
        if (10..=256).contains(&password.chars().count()) { Ok(Self::of(password)) } else { Err(PasswordError::Length) }
    }

    async fn verify(&self, password: &SecretString, hash: Option<&PasswordHash>) -> Result<bool, PasswordError> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        let password = password.expose_secret();
        if password == Self::BREAKING {
            return Err(PasswordError::Failed);
        }
        // Gives others a turn, as hashing on another thread does.
        tokio::task::yield_now().await;
        let meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        Ok(hash == Some(&Self::of(password)))
    }
}
