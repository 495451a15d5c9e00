//! The sealed values of servers and of members in memory.

use async_trait::async_trait;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::port::sealed_repo::{SealedRepo, SealedValue};
use orch_domain::secret::{Sealed, Secret};
use uuid::Uuid;

use super::{MemoryStore, State};

/// In the order in which they are listed.
const TABLES: [&str; 2] = ["secrets", "personal_secrets"];

/// Every secret with the table that it would be in.
fn secrets(state: &mut State) -> impl Iterator<Item = (&'static str, &mut Secret)> {
    let of_servers = state.servers.values_mut().flat_map(|server| server.secrets.iter_mut());
    let of_members = state.personal.values_mut().map(|own| &mut own.secret);
    of_servers.map(|secret| (TABLES[0], secret)).chain(of_members.map(|secret| (TABLES[1], secret)))
}

/// Where a value stands in the list.
fn place(table: &str, row: Uuid) -> (Option<usize>, Uuid) {
    (TABLES.iter().position(|name| *name == table), row)
}

#[async_trait]
impl SealedRepo for MemoryStore {
    async fn list(&self, after: Option<(&'static str, Uuid)>, limit: u32) -> Result<Vec<SealedValue>, StoreError> {
        self.read(|state| {
            let mut state = state.clone();
            let mut values: Vec<_> = secrets(&mut state)
                .map(|(table, secret)| SealedValue {
                    table,
                    column: "sealed",
                    row: secret.id.as_uuid(),
                    sealed: secret.sealed.clone(),
                })
                .filter(|value| after.is_none_or(|(table, row)| place(value.table, value.row) > place(table, row)))
                .collect();
            values.sort_by_key(|value| place(value.table, value.row));
            values.truncate(limit as usize);
            values
        })
    }

    async fn replace(&self, values: &[(SealedValue, Sealed)]) -> Result<u64, StoreError> {
        self.write(|writing| {
            let mut replaced = 0;
            for (table, secret) in secrets(&mut writing.state) {
                let is_it = |old: &SealedValue| {
                    old.table == table && old.row == secret.id.as_uuid() && old.sealed == secret.sealed
                };
                if let Some((_, new)) = values.iter().find(|(old, _)| is_it(old)) {
                    secret.sealed = new.clone();
                    replaced += 1;
                }
            }
            writing.announce(Change::Everything);
            Ok(replaced)
        })
    }
}
