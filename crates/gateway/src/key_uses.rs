//! Who used an API key last, from where and with what: gathered in memory on the way of requests, and taken away now
//! and then by whoever stores it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::api_key::KeyUse;
use orch_domain::id::KeyId;
use orch_domain::map::Map;
use orch_domain::port::clock::Clock;
use orch_domain::principal::Principal;

use crate::client::Clients;
use crate::error::GatewayError;
use crate::fields::Fields;

pub struct KeyUses {
    clock: Arc<dyn Clock>,
    clients: Clients,
    noted: Mutex<Map<KeyId, KeyUse>>,
}

impl KeyUses {
    pub fn new(clock: Arc<dyn Clock>, trusted_proxies: &[String]) -> Result<Self, GatewayError> {
        Ok(Self { clock, clients: Clients::new(trusted_proxies)?, noted: Mutex::default() })
    }

    /// A request with a key came in. Where from is left as it was when that is not certain.
    pub(crate) fn note(&self, principal: &Principal, peer: Option<IpAddr>, headers: &impl Fields) {
        let Some(key) = principal.key_id() else { return };
        let address = self.clients.address(peer, headers);
        let at = self.clock.now();
        let mut noted = self.lock();
        let used = noted.entry(key).or_insert(KeyUse { at, address: None, client: None });
        used.at = at;
        used.address = address.or(used.address);
    }

    /// The client of a request has said who it is.
    pub(crate) fn note_client(&self, principal: &Principal, client: &str) {
        let Some(key) = principal.key_id() else { return };
        let mut noted = self.lock();
        if let Some(used) = noted.get_mut(&key)
            && used.client.as_deref() != Some(client)
        {
            used.client = Some(client.chars().take(MAX_CLIENT).collect());
        }
    }

    /// Everything that was noted since the last time.
    pub fn take(&self) -> Vec<(KeyId, KeyUse)> {
        std::mem::take(&mut *self.lock()).into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Map<KeyId, KeyUse>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest name of a client that is kept.
const MAX_CLIENT: usize = 200;

impl std::fmt::Debug for KeyUses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyUses").finish_non_exhaustive()
    }
}
