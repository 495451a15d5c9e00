//! Hashing of passwords.

use std::num::NonZeroU16;
use std::sync::Arc;

use orch_auth::password::{Argon2Cost, Argon2Hasher};
use orch_domain::port::password_hasher::{PasswordError, PasswordHasher as _};
use orch_domain::user::PasswordHash;
use secrecy::SecretString;

use crate::fakes::secret;

fn hasher(cost: Argon2Cost) -> Argon2Hasher {
    Argon2Hasher::new(cost, NonZeroU16::MIN).unwrap()
}

#[tokio::test]
async fn a_hash_opens_with_its_password_only() {
    let hasher = hasher(Argon2Cost::FOR_TESTS);
    let hash = hasher.hash(&secret("correct horse")).await.unwrap();
    assert_eq!(hasher.verify(&secret("correct horse"), Some(&hash)).await, Ok(true));
    for wrong in ["correct hors", "correct horse ", "Correct horse", ""] {
        assert_eq!(hasher.verify(&secret(wrong), Some(&hash)).await, Ok(false), "{wrong:?}");
    }
    assert_eq!(hasher.verify(&secret("correct horse"), None).await, Ok(false));
    assert_ne!(hasher.hash(&secret("correct horse")).await.unwrap(), hash, "each has its own salt");
}

#[tokio::test]
async fn the_recommended_cost_is_what_owasp_asks_for() {
    let hash = hasher(Argon2Cost::RECOMMENDED).hash(&secret("correct horse")).await.unwrap();
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
    // A hash says itself what it costs, so hashes survive a change of parameters.
    assert_eq!(hasher(Argon2Cost::FOR_TESTS).verify(&secret("correct horse"), Some(&hash)).await, Ok(true));
}

#[tokio::test]
async fn passwords_have_10_to_256_characters() {
    let hasher = hasher(Argon2Cost::FOR_TESTS);
    for (text, fits) in [
        ("x".repeat(9), false),
        ("x".repeat(10), true),
        ("x".repeat(256), true),
        ("x".repeat(257), false),
        ("비밀번호".to_owned(), false),
        ("비밀번호".repeat(3), true),
        ("비".repeat(256), true),
    ] {
        let outcome = hasher.hash(&SecretString::from(text.as_str())).await;
        assert_eq!(outcome.is_ok(), fits, "{} characters", text.chars().count());
        if !fits {
            assert_eq!(outcome.unwrap_err(), PasswordError::Length);
        }
    }
    assert_eq!(hasher.verify(&SecretString::from("x".repeat(1 << 20)), None).await, Ok(false));
}

#[tokio::test]
async fn refuses_stored_hashes_that_it_would_not_make() {
    let hasher = hasher(Argon2Cost::FOR_TESTS);
    let salt_and_hash = "c29tZXNhbHRzb21lc2FsdA$C3HSDeEcKcrDhAfvVTOLSF9RB6BB/8r5xaWkB8L4yHM";
    for phc in [
        String::new(),
        "plain".to_owned(),
        "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234".to_owned(),
        format!("$argon2i$v=19$m=8,t=1,p=1${salt_and_hash}"),
        format!("$argon2d$v=19$m=8,t=1,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=4194304,t=1,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=8,t=1000000,p=1${salt_and_hash}"),
    ] {
        let hash = PasswordHash::from_phc(phc.clone());
        assert_eq!(hasher.verify(&secret("x"), Some(&hash)).await, Err(PasswordError::Failed), "{phc}");
    }
}

#[tokio::test]
async fn many_at_once_take_turns() {
    let hasher = Arc::new(hasher(Argon2Cost::FOR_TESTS));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.verify(&secret("x"), None).await })
        })
        .collect();
    // Those that nobody waits for any more give their place back.
    for task in tasks.iter().take(25) {
        task.abort();
    }
    for task in tasks.into_iter().skip(25) {
        assert_eq!(task.await.unwrap(), Ok(false));
    }
    assert_eq!(hasher.verify(&secret("x"), None).await, Ok(false));
}
