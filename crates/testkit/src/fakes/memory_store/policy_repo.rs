//! Rules of projects in memory.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::policy::rule::Policy;
use orch_domain::port::policy_repo::PolicyRepo;

use super::{MemoryStore, State};

#[async_trait]
impl PolicyRepo for MemoryStore {
    async fn find(&self, project: ProjectId) -> Result<Policy, StoreError> {
        self.read(|state| state.policies.get(&project).cloned().unwrap_or_default())
    }

    async fn put(&self, project: ProjectId, policy: &Policy, audit: &AuditEntry) -> Result<Policy, StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let stored = state.policies.get(&project).map_or(0, |stored| stored.version);
            if stored + 1 != policy.version {
                return Err(StoreError::Stale { what: "the policy" });
            }
            if !state.projects.contains_key(&project) {
                return Err(StoreError::Missing { what: "the project" });
            }
            let rules = policy.rules_for(|server| state.is_server_of(server, project));
            let kept = Policy::new(rules, policy.version);
            state.policies.insert(project, kept.clone());
            writing.audit(audit);
            writing.announce(Change::Project(project));
            Ok(kept)
        })
    }
}

impl State {
    /// Takes the switches of servers that the project has no more away.
    pub(super) fn forget_switches(&mut self, project: ProjectId) {
        let Some(policy) = self.policies.get(&project) else { return };
        let rules = policy.rules_for(|server| self.is_server_of(server, project));
        if rules.len() < policy.rules().len() {
            let version = policy.version + 1;
            self.policies.insert(project, Policy::new(rules, version));
        }
    }

    fn is_server_of(&self, server: ServerId, project: ProjectId) -> bool {
        self.servers.get(&server).is_some_and(|server| server.project_id == project)
    }
}
