//! API keys in memory.

use std::time::Duration;

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::{ApiKey, KeyTally, KeyUse};
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::key_repo::KeyRepo;

use super::{MemoryStore, State, newest_first};

const THE_KEY: &str = "the API key";

#[async_trait]
impl KeyRepo for MemoryStore {
    async fn find(&self, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        self.read(|state| state.keys.get(&id).cloned())
    }

    async fn list(
        &self,
        project: ProjectId,
        creator: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, StoreError> {
        self.read(|state| {
            let shown =
                |key: &&ApiKey| key.project_id == project && creator.is_none_or(|creator| key.creator == creator);
            newest_first(state.keys.values().filter(shown), page, |key| key.id.as_uuid())
        })
    }

    async fn list_all(&self, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        self.read(|state| newest_first(state.keys.values(), page, |key| key.id.as_uuid()))
    }

    async fn tally(
        &self,
        project: ProjectId,
        creator: UserId,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<KeyTally, StoreError> {
        self.read(|state| {
            let own = || state.keys.values().filter(|key| key.project_id == project && key.creator == creator);
            let count = |keys: usize| u64::try_from(keys).unwrap_or(u64::MAX);
            KeyTally {
                live: count(own().filter(|key| key.is_live(now)).count()),
                made: count(own().filter(|key| key.created_at >= since).count()),
            }
        })
    }

    async fn create(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            writing.state.insert_key(key)?;
            writing.audit(audit);
            writing.announce(Change::Project(key.project_id));
            Ok(())
        })
    }

    async fn revoke(
        &self,
        id: KeyId,
        expected: Option<u32>,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let key = writing.state.keys.get_mut(&id).ok_or(StoreError::Missing { what: THE_KEY })?;
            if expected.is_some_and(|version| version != key.version()) {
                return Err(StoreError::Stale { what: THE_KEY });
            }
            if key.revoked_at.is_some() {
                return Ok(());
            }
            key.revoked_at = Some(at);
            let project = key.project_id;
            writing.audit(audit);
            writing.announce(Change::Project(project));
            Ok(())
        })
    }

    async fn rotate(
        &self,
        old: &ApiKey,
        old_expires_at: Timestamp,
        new: &ApiKey,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let key = writing.state.key_as(old.id, old)?;
            key.expires_at = Some(key.expires_at.map_or(old_expires_at, |end| end.min(old_expires_at)));
            writing.state.insert_key(new)?;
            writing.audit(audit);
            writing.announce(Change::Project(new.project_id));
            Ok(())
        })
    }

    async fn update(&self, before: &ApiKey, after: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let stored = writing.state.key_as(after.id, before)?;
            stored.name.clone_from(&after.name);
            stored.expires_at = after.expires_at;
            stored.scope = after.scope.clone();
            stored.allowance = after.allowance;
            writing.audit(audit);
            writing.announce(Change::Project(after.project_id));
            Ok(())
        })
    }

    async fn note_used(&self, uses: &[(KeyId, KeyUse)]) -> Result<(), StoreError> {
        self.write(|writing| {
            writing.state.note_used(uses);
            Ok(())
        })
    }
}

impl State {
    /// The key, which has to live and to have the terms of `seen`.
    fn key_as(&mut self, id: KeyId, seen: &ApiKey) -> Result<&mut ApiKey, StoreError> {
        let key = self.keys.get_mut(&id).ok_or(StoreError::Missing { what: THE_KEY })?;
        if key.revoked_at.is_some() || !key.has_terms_of(seen) {
            return Err(StoreError::Stale { what: THE_KEY });
        }
        Ok(key)
    }

    fn insert_key(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        if self.keys.values().any(|other| other.public_id == key.public_id) {
            return Err(StoreError::Conflict { what: "an API key with this public id" });
        }
        if !self.projects.contains_key(&key.project_id) || !self.users.contains_key(&key.creator) {
            return Err(StoreError::Missing { what: "the project or user of the API key" });
        }
        self.keys.insert(key.id, key.clone());
        Ok(())
    }

    pub(super) fn note_used(&mut self, uses: &[(KeyId, KeyUse)]) {
        for (id, used) in uses {
            let Some(key) = self.keys.get_mut(id) else { continue };
            if key.last_used_at.is_none_or(|known| known <= used.at + Duration::from_secs(60)) {
                key.last_used_at = key.last_used_at.max(Some(used.at));
                key.last_used_from = used.address.or(key.last_used_from);
                key.last_used_by = used.client.clone().or_else(|| key.last_used_by.take());
            }
        }
    }
}
