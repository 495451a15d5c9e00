//! Hashing of passwords with Argon2id. Knows no account; how often one may try is for [`crate::logins`].

use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;

use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use orch_domain::port::password_hasher::{PasswordError, PasswordHasher};
use orch_domain::user::PasswordHash;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::error::AuthError;
use crate::random;

pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    /// Checked in place of the hash of an account that does not exist.
    dummy: PasswordHash,
    /// Each hash takes memory and a core; a flood of logins waits here instead of taking all of both.
    gate: Arc<Semaphore>,
}

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    memory_kib: u32,
    passes: u32,
}

impl Argon2Cost {
    /// What OWASP recommends at least: 19 MiB, two passes, one lane.
    pub const RECOMMENDED: Self = Self { memory_kib: 19 * 1024, passes: 2 };
    /// Worth nothing against a thief; for tests that make many accounts.
    pub const FOR_TESTS: Self = Self { memory_kib: 8, passes: 1 };
}

const SHORTEST: usize = 10;
const LONGEST: usize = 256;

/// A stored hash that asks for more than this was not made by us; it would be a way to take the daemon's memory.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;

impl Argon2Hasher {
    pub fn new(cost: Argon2Cost, concurrency: NonZeroU16) -> Result<Self, AuthError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| AuthError::PasswordCost)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = dummy(argon2.params());
        Ok(Self { argon2, dummy, gate: Arc::new(Semaphore::new(usize::from(concurrency.get()))) })
    }

    /// Runs `work` on a thread where it may block. The permit goes with it: work that nobody waits for any more
    /// still takes its memory until it is done.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.gate).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let done = work(&argon2);
            drop(permit);
            done
        })
        .await
        .map_err(|_| PasswordError::Failed)?
    }
}

/// Whether a password may be chosen.
pub fn check_length(password: &SecretString) -> Result<(), PasswordError> {
    let length = password.expose_secret().chars().count();
    if (SHORTEST..=LONGEST).contains(&length) { Ok(()) } else { Err(PasswordError::Length) }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &SecretString) -> Result<PasswordHash, PasswordError> {
        check_length(password)?;
        let password = password.clone();
        self.run(move |argon2| hash(argon2, password.expose_secret().as_bytes())).await
    }

    async fn verify(&self, password: &SecretString, hash: Option<&PasswordHash>) -> Result<bool, PasswordError> {
        // Refused by the input alone, so the time says nothing about the account.
        if password.expose_secret().chars().count() > LONGEST {
            return Ok(false);
        }
        let known = hash.is_some();
        let stored = hash.unwrap_or(&self.dummy).clone();
        let password = password.clone();
        let matches = self.run(move |argon2| verify(argon2, password.expose_secret().as_bytes(), &stored)).await?;
        Ok(known && matches)
    }
}

impl fmt::Debug for Argon2Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params = self.argon2.params();
        f.debug_struct("Argon2Hasher")
            .field("memory_kib", &params.m_cost())
            .field("passes", &params.t_cost())
            .finish_non_exhaustive()
    }
}

/// The form of a hash that no password has. Checking against it costs the same, and making it costs nothing at start.
fn dummy(params: &Params) -> PasswordHash {
    let [salt, output] =
        [16, 32].map(|len| STANDARD_NO_PAD.encode(random::bytes::<32>().get(..len).unwrap_or_default()));
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    PasswordHash::from_phc(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${output}"))
}

fn hash(argon2: &Argon2<'static>, password: &[u8]) -> Result<PasswordHash, PasswordError> {
    let salt = random::bytes::<16>();
    argon2
        .hash_password_with_salt(password, salt.as_slice())
        .map(|hash| PasswordHash::from_phc(hash.to_string()))
        .map_err(|_| PasswordError::Failed)
}

fn verify(argon2: &Argon2<'static>, password: &[u8], stored: &PasswordHash) -> Result<bool, PasswordError> {
    let stored = argon2::PasswordHash::new(stored.as_phc()).map_err(|_| PasswordError::Failed)?;
    let params = Params::try_from(&stored).map_err(|_| PasswordError::Failed)?;
    if stored.algorithm != ARGON2ID_IDENT || params.m_cost() > MOST_MEMORY_KIB || params.t_cost() > MOST_PASSES {
        return Err(PasswordError::Failed);
    }
    match argon2.verify_password(password, &stored) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(PasswordError::Failed),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Waker};

    use argon2::Params;
    use orch_domain::port::password_hasher::PasswordHasher as _;
    use secrecy::SecretString;

    use super::{Argon2Cost, Argon2Hasher};

    #[tokio::test]
    async fn an_unknown_account_costs_as_much_as_a_wrong_password() {
        let hasher = Argon2Hasher::new(Argon2Cost::FOR_TESTS, NonZeroU16::MIN).unwrap();
        let password = SecretString::from("correct horse");
        let hash = hasher.hash(&password).await.unwrap();
        let [known, unknown] = [&hash, &hasher.dummy].map(|hash| argon2::PasswordHash::new(hash.as_phc()).unwrap());
        assert_eq!(known.algorithm, unknown.algorithm);
        assert_eq!(Params::try_from(&known).unwrap(), Params::try_from(&unknown).unwrap());

        // It waits for its turn to be hashed as any other does.
        let turn = Arc::clone(&hasher.gate).acquire_owned().await.unwrap();
        let mut verified = pin!(hasher.verify(&password, None));
        assert!(verified.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(turn);
        assert_eq!(verified.await, Ok(false));
    }
}
