//! The sealed values of the servers in memory.

use async_trait::async_trait;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::port::sealed_repo::{SealedRepo, SealedValue};
use orch_domain::secret::Sealed;
use uuid::Uuid;

use super::MemoryStore;

#[async_trait]
impl SealedRepo for MemoryStore {
    async fn list(&self, after: Option<(&'static str, Uuid)>, limit: u32) -> Result<Vec<SealedValue>, StoreError> {
        self.read(|state| {
            let secrets = state.servers.values().flat_map(|server| &server.secrets);
            let mut values: Vec<_> = secrets
                .map(|secret| SealedValue {
                    table: "secrets",
                    column: "sealed",
                    row: secret.id.as_uuid(),
                    sealed: secret.sealed.clone(),
                })
                .filter(|value| after.is_none_or(|(_, row)| value.row > row))
                .collect();
            values.sort_by_key(|value| value.row);
            values.truncate(limit as usize);
            values
        })
    }

    async fn replace(&self, values: &[(SealedValue, Sealed)]) -> Result<u64, StoreError> {
        self.write(|writing| {
            let mut replaced = 0;
            let servers = writing.state.servers.values_mut();
            for secret in servers.flat_map(|server| server.secrets.iter_mut()) {
                let new = values.iter().find(|(old, _)| old.row == secret.id.as_uuid() && old.sealed == secret.sealed);
                if let Some((_, new)) = new {
                    secret.sealed = new.clone();
                    replaced += 1;
                }
            }
            writing.announce(Change::Everything);
            Ok(replaced)
        })
    }
}
