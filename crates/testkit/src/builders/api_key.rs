//! API keys.

use orch_domain::Timestamp;
use orch_domain::api_key::{ApiKey, KeyHash, KeyPublicId};
use orch_domain::id::{KeyId, ProjectId, UserId};
use orch_domain::policy::scope::Scope;
use orch_domain::quota::Allowance;

use crate::builders::{a_hash, unique};
use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct KeyBuilder(ApiKey);

/// A live key that does not expire, of a project and creator of which nothing else is known.
#[must_use]
pub fn a_key() -> KeyBuilder {
    let public_id = unique();
    KeyBuilder(ApiKey {
        id: KeyId::new(),
        project_id: ProjectId::new(),
        creator: UserId::new(),
        name: format!("Key {public_id}"),
        public_id: KeyPublicId::parse(&public_id).expect("a valid public id"),
        hash: a_hash(),
        scope: Scope::default(),
        allowance: Allowance::default(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_used_by: None,
        created_at: FixedClock::START,
    })
}

impl KeyBuilder {
    #[must_use]
    pub fn in_project(mut self, project: ProjectId) -> Self {
        self.0.project_id = project;
        self
    }

    #[must_use]
    pub fn by(mut self, creator: UserId) -> Self {
        self.0.creator = creator;
        self
    }

    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.0.name);
        self
    }

    #[must_use]
    pub fn public_id(mut self, public_id: &str) -> Self {
        self.0.public_id = KeyPublicId::parse(public_id).expect("a valid public id");
        self
    }

    #[must_use]
    pub fn hash(mut self, hash: KeyHash) -> Self {
        self.0.hash = hash;
        self
    }

    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.0.scope = scope;
        self
    }

    #[must_use]
    pub fn allowance(mut self, allowance: Allowance) -> Self {
        self.0.allowance = allowance;
        self
    }

    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.0.expires_at = Some(at);
        self
    }

    #[must_use]
    pub fn revoked_at(mut self, at: Timestamp) -> Self {
        self.0.revoked_at = Some(at);
        self
    }

    #[must_use]
    pub fn build(self) -> ApiKey {
        self.0
    }
}
