//! Resets of passwords in memory.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::password_reset::PasswordReset;
use orch_domain::port::reset_repo::ResetRepo;
use orch_domain::user::{PasswordHash, User};

use super::MemoryStore;

#[async_trait]
impl ResetRepo for MemoryStore {
    async fn create(&self, reset: &PasswordReset, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            state.require_user(reset.user_id)?;
            state.resets.retain(|_, other| other.user_id != reset.user_id);
            state.resets.insert(*reset.hash.as_bytes(), reset.clone());
            writing.audit(audit);
            Ok(())
        })
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<PasswordReset>, StoreError> {
        self.read(|state| state.resets.get(hash.as_bytes()).cloned())
    }

    async fn latest_of(&self, user: UserId) -> Result<Option<PasswordReset>, StoreError> {
        self.read(|state| state.resets.values().find(|reset| reset.user_id == user).cloned())
    }

    async fn redeem(
        &self,
        hash: &KeyHash,
        password: &PasswordHash,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.write(|writing| {
            let stale = || StoreError::Stale { what: "the link" };
            let state = &mut writing.state;
            let reset = state.resets.remove(hash.as_bytes()).filter(|reset| at < reset.expires_at).ok_or_else(stale)?;
            let user = state.users.get_mut(&reset.user_id).filter(|user| user.is_active()).ok_or_else(stale)?;
            let changed =
                User { password: Some(password.clone()), updated_at: at, version: user.version + 1, ..user.clone() };
            *user = changed;
            writing.audit(audit);
            writing.announce(Change::Users);
            Ok(writing.end_logins(reset.user_id, None, at))
        })
    }
}
