//! Sealing and opening, rotation of keys, and the text form of keys.

use orch_auth::error::AuthError;
use orch_auth::vault::AeadVault;
use orch_auth::vault::key::{EncryptionKey, KeyProblem, parse_keys};
use orch_domain::port::vault::{Vault as _, VaultError};
use orch_domain::secret::{Sealed, SealedPlace};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::fakes::secret;

const PLACE: SealedPlace<'static> = SealedPlace { table: "secrets", column: "sealed", row: Uuid::from_u128(7) };

fn keys(seeds: &[u8]) -> Vec<EncryptionKey> {
    seeds.iter().map(|seed| EncryptionKey::from_bytes([*seed; 32].into())).collect()
}

fn vault(seeds: &[u8]) -> AeadVault {
    AeadVault::new(&keys(seeds)).unwrap()
}

#[test]
fn refuses_a_value_with_any_byte_changed_added_or_removed() {
    let vault = vault(&[1]);
    let sealed = vault.seal(PLACE, &secret("hunter2 and more")).unwrap();
    let bytes = sealed.as_bytes();
    assert_eq!(bytes.len(), 1 + 8 + 24 + 16 + "hunter2 and more".len());
    for at in 0..bytes.len() {
        for mask in [1, 0x80, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] ^= mask;
            assert!(vault.open(PLACE, &Sealed::from_bytes(changed)).is_err(), "byte {at}");
        }
    }
    for len in 0..bytes.len() {
        assert!(vault.open(PLACE, &Sealed::from_bytes(bytes[..len].to_vec())).is_err(), "{len} bytes");
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert_eq!(vault.open(PLACE, &Sealed::from_bytes(longer)).map(|_| ()), Err(VaultError::DoesNotOpen));
}

#[test]
fn refuses_a_value_that_was_moved() {
    let vault = vault(&[1]);
    let sealed = vault.seal(PLACE, &secret("value")).unwrap();
    let moved = [
        SealedPlace { row: Uuid::from_u128(8), ..PLACE },
        SealedPlace { column: "other", ..PLACE },
        SealedPlace { table: "other", ..PLACE },
        // The same letters, cut elsewhere.
        SealedPlace { table: "secret", column: "ssealed", ..PLACE },
        SealedPlace { table: "secretssealed", column: "", ..PLACE },
    ];
    for place in moved {
        assert_eq!(vault.open(place, &sealed).map(|_| ()), Err(VaultError::DoesNotOpen), "{place:?}");
    }
    assert!(vault.open(PLACE, &sealed).is_ok());
}

#[test]
fn the_same_value_never_seals_to_the_same_bytes() {
    let vault = vault(&[1]);
    assert_ne!(vault.seal(PLACE, &secret("value")).unwrap(), vault.seal(PLACE, &secret("value")).unwrap());
}

#[test]
fn a_rotation_keeps_old_values_readable_until_the_old_key_goes() {
    let sealed = vault(&[1]).seal(PLACE, &secret("value")).unwrap();
    let both = vault(&[2, 1]);
    assert!(both.is_stale(&sealed));
    let opened = both.open(PLACE, &sealed).unwrap();
    assert_eq!(opened.expose_secret(), "value");
    let resealed = both.seal(PLACE, &opened).unwrap();
    assert!(!both.is_stale(&resealed));

    let new_only = vault(&[2]);
    assert!(new_only.open(PLACE, &resealed).is_ok());
    let old_id = vault(&[1]).key_ids().next().unwrap().to_string();
    assert_eq!(new_only.open(PLACE, &sealed).map(|_| ()), Err(VaultError::UnknownKey { key_id: old_id }));
}

#[test]
fn a_canary_tells_a_wrong_key() {
    let canary = vault(&[1]).canary().unwrap();
    assert_eq!(vault(&[1]).check_canary(&canary), Ok(()));
    assert_eq!(vault(&[3, 2, 1]).check_canary(&canary), Ok(()));
    assert!(matches!(vault(&[2]).check_canary(&canary), Err(VaultError::UnknownKey { .. })));
    let other = vault(&[1]).seal(PLACE, &secret("mcp-orchestrator canary v1")).unwrap();
    assert_eq!(vault(&[1]).check_canary(&other), Err(VaultError::DoesNotOpen));
}

#[test]
fn a_vault_needs_a_key() {
    assert!(matches!(AeadVault::new(&[]), Err(AuthError::NoKey)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn opens_what_it_sealed(text in ".*", key in any::<[u8; 32]>(), row in any::<u128>()) {
        let vault = AeadVault::new(&[EncryptionKey::from_bytes(key.into())]).unwrap();
        let place = SealedPlace { row: Uuid::from_u128(row), ..PLACE };
        let sealed = vault.seal(place, &secret(&text)).unwrap();
        let opened = vault.open(place, &sealed).unwrap();
        prop_assert_eq!(opened.expose_secret(), text.as_str());
    }

    #[test]
    fn never_dies_of_any_bytes(bytes in any::<Vec<u8>>()) {
        prop_assert!(vault(&[1]).open(PLACE, &Sealed::from_bytes(bytes)).is_err());
    }

    #[test]
    fn reads_a_key_in_every_spelling(bytes in any::<[u8; 32]>()) {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
        let expected = EncryptionKey::from_bytes(bytes.into()).id();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let spellings = [
            STANDARD.encode(bytes), STANDARD_NO_PAD.encode(bytes), URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes), hex.to_uppercase(), format!("  {hex}\n"), hex,
        ];
        for text in spellings {
            let keys = parse_keys(&secret(&text)).unwrap();
            prop_assert_eq!(keys.iter().map(EncryptionKey::id).collect::<Vec<_>>(), vec![expected]);
        }
    }
}

const A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const B: &str = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";

#[test]
fn several_keys_keep_their_order() {
    let one: Vec<_> = parse_keys(&secret(A)).unwrap().iter().map(EncryptionKey::id).collect();
    let two: Vec<_> = parse_keys(&secret(B)).unwrap().iter().map(EncryptionKey::id).collect();
    let both: Vec<_> = parse_keys(&secret(&format!("{B}, {A}"))).unwrap().iter().map(EncryptionKey::id).collect();
    assert_eq!(both, [two, one].concat());
}

#[test]
fn says_which_key_is_malformed_and_how_but_not_what_it_is() {
    use KeyProblem::{Character, Duplicate, Empty, Incomplete, Length, MixedAlphabets};
    let zeros_of = |bytes: usize| "00".repeat(bytes);
    let table = [
        (format!("{A},"), 2, Empty),
        (format!(",{A}"), 1, Empty),
        (format!("{A},,{B}"), 2, Empty),
        (format!("{A},{A}"), 2, Duplicate),
        (format!("{A},{B},AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), 3, Duplicate),
        ("c2hvcnQ=".to_owned(), 1, Length { bytes: 5 }),
        (zeros_of(16), 1, Length { bytes: 24 }),
        (format!("{A},{}", "A".repeat(44)), 2, Length { bytes: 33 }),
        (zeros_of(33), 1, Incomplete),
        ("changeme!".to_owned(), 1, Character { at: 9 }),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX GBkaGxwdHh8=".to_owned(), 1, Character { at: 33 }),
        ("열쇠AAAA".to_owned(), 1, Character { at: 1 }),
        ("AA=ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(), 1, Character { at: 3 }),
        ("+AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_".to_owned(), 1, MixedAlphabets),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==".to_owned(), 1, Incomplete),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=".to_owned(), 1, Incomplete),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHA=".to_owned(), 1, Incomplete),
    ];
    for (text, expected_position, expected_problem) in table {
        let error = parse_keys(&secret(&text)).unwrap_err();
        match &error {
            AuthError::MalformedKey { position, problem } => {
                assert_eq!((*position, *problem), (expected_position, expected_problem), "{text}");
            }
            other => panic!("{text}: {other}"),
        }
        let said = format!("{error} {error:?}");
        assert!(!text.split(',').any(|part| part.len() > 8 && said.contains(part)), "{said}");
    }
    for nothing in ["", "  ", "\n"] {
        assert!(matches!(parse_keys(&secret(nothing)), Err(AuthError::NoKey)), "{nothing:?}");
    }
}
