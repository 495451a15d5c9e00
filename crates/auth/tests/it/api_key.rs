//! The form of API keys.

use std::collections::HashSet;

use orch_auth::api_key::mint::KeyMint;
use orch_auth::api_key::{LEN, ParsedKey};
use orch_domain::port::key_minter::KeyMinter as _;
use proptest::prelude::{any, prop_assert, proptest};
use secrecy::ExposeSecret as _;

use crate::fakes::{secrets, secrets_of};

/// Made once, by hand: the form is a promise to scanners and must not drift.
const EXAMPLE: &str = "orch_AbCdEfGh1234_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_";

#[test]
fn a_new_key_has_the_documented_form() {
    let minted = KeyMint::new(&secrets()).mint();
    let plain = minted.plain.expose_secret();
    assert_eq!(plain.len(), LEN);
    assert_eq!(LEN, 68);
    let parsed = ParsedKey::parse(plain).unwrap();
    assert_eq!(parsed.public_id(), minted.public_id.as_str());
    assert!(plain.starts_with(&format!("orch_{}_", minted.public_id)));
    assert_eq!(plain.as_bytes()[17], b'_');
    assert_eq!(plain.as_bytes()[61], b'_');
}

#[test]
fn the_checksum_is_crc32_in_base_62() {
    let crc = crc32fast::hash(EXAMPLE.trim_end_matches('_').as_bytes());
    let digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".as_bytes();
    let checksum: String = (0..6).rev().map(|i| char::from(digits[crc as usize / 62_usize.pow(i) % 62])).collect();
    assert!(ParsedKey::parse(&format!("{EXAMPLE}{checksum}")).is_some());
}

#[test]
fn the_whole_text_of_a_key_is_told_from_others() {
    let mint = KeyMint::new(&secrets());
    let (minted, other) = (mint.mint(), mint.mint());
    assert_eq!(mint.public_id_of(&minted.plain), Some(minted.public_id.clone()));
    assert!(mint.is_of(&minted.plain, &minted.hash) && !mint.is_of(&other.plain, &minted.hash));
    let mut cut = minted.plain.expose_secret().to_owned();
    cut.pop();
    for text in [cut.clone(), format!("{cut}{}", if minted.plain.expose_secret().ends_with('x') { 'y' } else { 'x' })] {
        let text = text.into();
        assert!(mint.public_id_of(&text).is_none() && !mint.is_of(&text, &minted.hash));
    }
}

#[test]
fn keys_and_hashes_never_repeat() {
    let mint = KeyMint::new(&secrets());
    let minted: Vec<_> = (0..1000).map(|_| mint.mint()).collect();
    assert_eq!(minted.iter().map(|key| key.public_id.clone()).collect::<HashSet<_>>().len(), 1000);
    assert_eq!(minted.iter().map(|key| *key.hash.as_bytes()).collect::<HashSet<_>>().len(), 1000);
}

#[test]
fn a_public_id_uses_every_character_about_equally() {
    let mint = KeyMint::new(&secrets());
    let mut counts = [0_u32; 128];
    for _ in 0..2000 {
        for byte in mint.mint().public_id.as_str().bytes() {
            counts[usize::from(byte)] += 1;
        }
    }
    let used: Vec<u32> = counts.into_iter().filter(|count| *count > 0).collect();
    assert_eq!(used.len(), 62);
    // 387 expected of each; a favoured character would have twice that.
    assert!(used.iter().all(|count| (250..550).contains(count)), "{used:?}");
}

#[test]
fn refuses_a_key_with_any_character_changed() {
    let minted = KeyMint::new(&secrets()).mint();
    let plain = minted.plain.expose_secret();
    for at in 0..LEN {
        for replacement in [b'A', b'_', b'-', b' ', b'z', b'0'] {
            let mut bytes = plain.as_bytes().to_vec();
            if bytes[at] == replacement {
                continue;
            }
            bytes[at] = replacement;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ParsedKey::parse(&changed).is_none(), "character {at}");
        }
    }
}

#[test]
fn refuses_everything_that_is_not_exactly_a_key() {
    let minted = KeyMint::new(&secrets()).mint();
    let plain = minted.plain.expose_secret();
    let table = [
        String::new(),
        "orch_".to_owned(),
        "orch_a_b_c".to_owned(),
        plain[..LEN - 1].to_owned(),
        format!("{plain}0"),
        format!(" {plain}"),
        format!("{plain}\n"),
        plain.to_uppercase(),
        plain.replacen("orch_", "orcx_", 1),
        "_".repeat(LEN),
        "é".repeat(LEN / 2),
        format!("orch_{}", "é".repeat(31)) + "a",
    ];
    for text in table {
        assert!(ParsedKey::parse(&text).is_none(), "{text:?}");
    }
}

#[test]
fn the_hash_depends_on_the_instance_and_on_its_purpose() {
    let (ours, theirs) = (secrets(), secrets_of("another secret that is long enough too"));
    let minted = KeyMint::new(&ours).mint();
    let parsed = ParsedKey::parse(minted.plain.expose_secret()).unwrap();
    let hash_with = |key| parsed.hash(&orch_auth::keyed_hash::KeyedHasher::new(key));
    assert_ne!(hash_with(ours.seal_state_key()), minted.hash);
    assert_ne!(hash_with(theirs.seal_state_key()), hash_with(ours.seal_state_key()));
}

proptest! {
    #[test]
    fn never_dies_of_any_text(text in ".{0,100}") {
        prop_assert!(ParsedKey::parse(&text).is_none());
    }

    #[test]
    fn never_dies_of_any_text_of_the_right_length(bytes in any::<[u8; 63]>()) {
        let text = format!("orch_{}", String::from_utf8_lossy(&bytes));
        prop_assert!(ParsedKey::parse(&text).is_none());
    }
}
