//! Authentication by API key. On the path of every call: one lookup, one HMAC, no allocation.

use orch_domain::api_key::KeyHash;
use orch_domain::principal::{Credential, Principal};

use crate::api_key::{PREFIX, ParsedKey};
use crate::error::AuthFailure;
use crate::keyed_hash::{self, KeyedHasher};
use crate::master::MasterSecrets;
use crate::scheme::{Moment, Scheme};

#[derive(Debug)]
pub struct ApiKeyScheme {
    hasher: KeyedHasher,
}

/// Stands in for the hash of a key that does not exist, so that the work is the same.
const NO_HASH: KeyHash = KeyHash::from_bytes([0; 32]);

impl ApiKeyScheme {
    #[must_use]
    pub fn new(secrets: &MasterSecrets) -> Self {
        Self { hasher: KeyedHasher::new(&secrets.api_key_hash_key) }
    }
}

impl Scheme for ApiKeyScheme {
    fn recognizes(&self, bearer: &str) -> bool {
        bearer.starts_with(PREFIX)
    }

    fn authenticate(&self, moment: &Moment<'_>, bearer: &str) -> Result<Principal, AuthFailure> {
        let parsed = ParsedKey::parse(bearer).ok_or(AuthFailure::Malformed("API key"))?;
        let stored = moment.directory.key(parsed.public_id());
        let matches = keyed_hash::same(&parsed.hash(&self.hasher), stored.map_or(&NO_HASH, |key| &key.hash));
        // What state a key is in is told only to who holds all of it.
        let key = stored.filter(|_| matches).ok_or(AuthFailure::Unknown("API key"))?;
        if key.revoked_at.is_some() {
            return Err(AuthFailure::Revoked("API key"));
        }
        if !key.is_live(moment.now) {
            return Err(AuthFailure::Expired("API key"));
        }
        if !moment.is_active(key.creator) {
            return Err(AuthFailure::Revoked("the creator of the API key is deactivated"));
        }
        Ok(Principal {
            user_id: key.creator,
            credential: Credential::Key { key_id: key.id, project_id: key.project_id },
        })
    }
}
