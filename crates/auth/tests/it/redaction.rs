//! What is printed never holds a secret.

use std::num::NonZeroU16;

use orch_auth::api_key::ParsedKey;
use orch_auth::api_key::mint::KeyMint;
use orch_auth::keyed_hash::KeyedHasher;
use orch_auth::password::{Argon2Cost, Argon2Hasher};
use orch_auth::vault::AeadVault;
use orch_domain::port::key_minter::KeyMinter as _;
use secrecy::ExposeSecret as _;

use crate::fakes::{secret, secrets};

#[test]
fn debug_shows_no_secret() {
    let secrets = secrets();
    let mint = KeyMint::new(&secrets);
    let minted = mint.mint();
    let parsed = ParsedKey::parse(minted.plain.expose_secret()).unwrap();
    let vault = AeadVault::new(secrets.encryption_keys()).unwrap();
    let sealed = orch_domain::port::vault::Vault::seal(
        &vault,
        orch_domain::secret::Secret::place(orch_domain::id::SecretId::new()),
        &secret("value"),
    )
    .unwrap();
    let hasher = Argon2Hasher::new(Argon2Cost::FOR_TESTS, NonZeroU16::MIN).unwrap();
    let printed = [
        format!("{secrets:?}"),
        format!("{vault:?}"),
        format!("{sealed:?}"),
        format!("{mint:?}"),
        format!("{:?}", minted.hash),
        format!("{parsed:?}").replace(minted.public_id.as_str(), "<public id>"),
        format!("{:?}", KeyedHasher::new(secrets.seal_state_key())),
        format!("{hasher:?}"),
    ]
    .join("\n");
    insta::assert_snapshot!(printed, @r#"
    MasterSecrets { encryption_keys: [EncryptionKey { id: VaultKeyId(cdbfcaa217717a2a), .. }], .. }
    AeadVault { keys: [VaultKeyId(cdbfcaa217717a2a)] }
    Sealed(..)
    KeyMint { .. }
    KeyHash(..)
    ParsedKey { public_id: "<public id>", .. }
    KeyedHasher { .. }
    Argon2Hasher { memory_kib: 8, passes: 1, .. }
    "#);
}
