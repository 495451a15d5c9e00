//! The tokens in single-use links, `orchi_<secret>` for an invitation and `orchp_<secret>` for a new password, and
//! their keyed hash. What a token still opens is known to the store alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orch_domain::api_key::KeyHash;
use orch_domain::port::link_minter::{LinkMinter, LinkPurpose, MintedLink};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::keyed_hash::KeyedHasher;
use crate::master::MasterSecrets;
use crate::random;

pub struct LinkMint {
    hasher: KeyedHasher,
}

const SECRET_LEN: usize = 43;

impl LinkMint {
    #[must_use]
    pub fn new(secrets: &MasterSecrets) -> Self {
        Self { hasher: KeyedHasher::new(&secrets.link_hash_key) }
    }

    fn hash(&self, purpose: LinkPurpose, secret: &str) -> KeyHash {
        // The prefixes have one length, so no two lists of parts join to the same bytes.
        self.hasher.hash(&[prefix(purpose).as_bytes(), secret.as_bytes()])
    }
}

impl LinkMinter for LinkMint {
    fn mint(&self, purpose: LinkPurpose) -> MintedLink {
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>().as_slice()));
        let prefix = prefix(purpose);
        let mut plain = Zeroizing::new(String::with_capacity(prefix.len() + SECRET_LEN));
        plain.push_str(prefix);
        plain.push_str(&secret);
        MintedLink { plain: SecretString::from(plain.as_str()), hash: self.hash(purpose, &secret) }
    }

    fn hash_of(&self, purpose: LinkPurpose, token: &SecretString) -> Option<KeyHash> {
        let secret = token.expose_secret().trim().strip_prefix(prefix(purpose))?;
        let well_formed =
            secret.len() == SECRET_LEN && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        well_formed.then(|| self.hash(purpose, secret))
    }
}

impl fmt::Debug for LinkMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkMint").finish_non_exhaustive()
    }
}

const fn prefix(purpose: LinkPurpose) -> &'static str {
    match purpose {
        LinkPurpose::Invitation => "orchi_",
        LinkPurpose::PasswordReset => "orchp_",
    }
}
