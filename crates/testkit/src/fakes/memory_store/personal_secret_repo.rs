//! Personal secrets in memory.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ServerId, UserId};
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::port::personal_secret_repo::PersonalSecretRepo;
use orch_domain::secret::Slot;
use orch_domain::server::Server;

use super::MemoryStore;

#[async_trait]
impl PersonalSecretRepo for MemoryStore {
    async fn list(&self, server: ServerId, user: UserId) -> Result<Vec<PersonalSecret>, StoreError> {
        self.read(|state| {
            let own = |own: &&PersonalSecret| own.server_id == server && own.user_id == user;
            let mut own: Vec<_> = state.personal.values().filter(own).cloned().collect();
            own.sort_by(|a, b| a.secret.slot.cmp(&b.secret.slot));
            own
        })
    }

    async fn write(
        &self,
        seen: &Server,
        user: UserId,
        set: &[PersonalSecret],
        remove: &[Slot],
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let server = writing.state.servers.get(&seen.id).ok_or(StoreError::Missing { what: "the server" })?;
            if server.version != seen.version {
                return Err(StoreError::Stale { what: "the server" });
            }
            let (server, project) = (server.id, server.project_id);
            if !set.is_empty() && !writing.state.users.contains_key(&user) {
                return Err(StoreError::Missing { what: "the account" });
            }
            for slot in remove {
                writing.state.personal.remove(&PersonalSecret::id_of(server, user, slot));
            }
            for own in set {
                writing.state.personal.insert(own.secret.id, own.clone());
            }
            writing.audit(audit);
            writing.announce(Change::Project(project));
            Ok(())
        })
    }
}
