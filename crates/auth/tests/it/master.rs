//! Master secrets: what is refused, and that purposes are kept apart.

use orch_auth::error::AuthError;
use orch_auth::master::{MasterSecrets, Strictness, generate_secret_base64};
use orch_auth::strength::{Weakness, weakness_of};
use orch_auth::vault::key::{EncryptionKey, parse_keys};
use secrecy::ExposeSecret as _;

use crate::fakes::{secret, secrets, secrets_of};

fn derive(jwt_secret: &str, keys: &str, strictness: Strictness) -> Result<MasterSecrets, AuthError> {
    MasterSecrets::derive(&secret(jwt_secret), parse_keys(&secret(keys)).unwrap(), strictness)
}

const GOOD_KEY: &str = "4f1c9be27a0d83566eb2f4390817cda5e03b76218fd94c5ab160c72e9d3845fa";
const GOOD_SECRET: &str = "q8Zt2mVw5yXc1rBn7LkP0sJdHf4GaEuTiOxR3vKbNzM";

#[test]
fn a_short_secret_is_refused_everywhere() {
    for strictness in [Strictness::Development, Strictness::Production] {
        let error = derive(&"x".repeat(31), GOOD_KEY, strictness).unwrap_err();
        assert!(matches!(error, AuthError::ShortSecret { bytes: 31 }), "{error}");
        assert!(matches!(MasterSecrets::derive(&secret(GOOD_SECRET), Vec::new(), strictness), Err(AuthError::NoKey)));
    }
}

#[test]
fn weak_secrets_are_refused_in_production_only() {
    let weak = [
        "changemechangemechangemechangeme",
        "change-me-in-production-please-000",
        "CHANGE_ME_CHANGE_ME_9f8a7b6c5d4e3f2a",
        "your-256-bit-secret-your-256-bit-secret",
        "a-string-secret-at-least-256-bits-long",
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
        "my-secret-key-that-nobody-will-ever-guess",
        "00000000000000000000000000000000",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababab",
        "Xk9!Xk9!Xk9!Xk9!Xk9!Xk9!Xk9!Xk9!Xk9!",
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "P@ssword-P4ssword-Password-12-34-56",
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    ];
    for text in weak {
        assert!(weakness_of(&secret(text)).is_some(), "{text}");
        assert!(matches!(derive(text, GOOD_KEY, Strictness::Production), Err(AuthError::WeakSecret(_))), "{text}");
        assert!(derive(text, GOOD_KEY, Strictness::Development).is_ok(), "{text}");
    }
}

#[test]
fn weak_keys_are_refused_in_production_and_counted() {
    let passphrase: String = b"correct horse battery staple 12!".iter().map(|byte| format!("{byte:02x}")).collect();
    let sequence: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
    let table = [
        ("00".repeat(32), Weakness::Repetitive),
        ("ff".repeat(32), Weakness::Repetitive),
        ("0123456789abcdef".repeat(4), Weakness::Repetitive),
        (sequence, Weakness::WellKnown),
        (passphrase, Weakness::Predictable),
    ];
    for (text, expected) in table {
        let keys = parse_keys(&secret(&text)).unwrap();
        let found: Vec<_> = keys.iter().map(EncryptionKey::weakness).collect();
        assert_eq!(found, [Some(expected)], "{text}");
        let error = derive(GOOD_SECRET, &format!("{GOOD_KEY},{text}"), Strictness::Production).unwrap_err();
        assert!(matches!(error, AuthError::WeakKey { position: 2, .. }), "{error}");
    }
}

#[test]
fn random_secrets_are_never_called_weak() {
    for _ in 0..2000 {
        let generated = generate_secret_base64();
        assert_eq!(weakness_of(&generated), None);
        let keys = parse_keys(&generated).unwrap();
        assert!(MasterSecrets::derive(&generated, keys, Strictness::Production).is_ok());
        let as_hex: String = generated.expose_secret().bytes().take(16).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(as_hex.len(), 32);
    }
}

#[test]
fn a_fingerprint_tells_secrets_apart() {
    assert_eq!(secrets().fingerprint(), secrets().fingerprint());
    assert_ne!(secrets().fingerprint(), secrets_of("another secret that is long enough too").fingerprint());
    assert_eq!(secrets().fingerprint().len(), 16);
}

#[test]
fn the_same_secret_gives_the_same_keys() {
    assert_eq!(secrets().seal_state_key(), secrets().seal_state_key());
    assert_ne!(secrets().seal_state_key(), secrets_of("another secret that is long enough too").seal_state_key());
}

#[test]
fn settings_refuse_typos_and_zeros() {
    use orch_auth::config::AuthConfig;
    let read = |text: &str| serde_json::from_str::<AuthConfig>(text);
    assert_eq!(read("{}").unwrap(), AuthConfig::default());
    assert_eq!(AuthConfig::default().access_token_lifetime().as_secs(), 900);
    assert_eq!(AuthConfig::default().refresh_token_lifetime().as_secs(), 2_592_000);
    assert!(read(r#"{"acess_token_seconds": 60}"#).is_err());
    assert!(read(r#"{"access_token_seconds": 0}"#).is_err());
    assert!(read(r#"{"password_concurrency": 0}"#).is_err());
}
