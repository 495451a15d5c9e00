//! The directory as this store has it.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use orch_domain::directory::roster::TeamRoster;
use orch_domain::directory::{Directory, ProjectFacts, UserFacts};
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, ServerId, UserId};
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::project::Project;
use orch_domain::secret::Secret;
use orch_domain::user::User;

use super::{MemoryStore, State};

#[async_trait]
impl DirectorySource for MemoryStore {
    async fn load(&self) -> Result<Directory, StoreError> {
        self.read(|state| {
            let projects = state.projects.values().map(|project| state.facts(project)).collect();
            let limits = state.limits.get(&None).copied().unwrap_or_default().limits;
            Directory::new(state.user_facts(), projects).with_teams(state.roster(None)).with_limits(limits)
        })
    }

    async fn load_users(&self) -> Result<HashMap<UserId, UserFacts>, StoreError> {
        self.read(State::user_facts)
    }

    async fn load_teams(&self, only: Option<UserId>) -> Result<TeamRoster, StoreError> {
        self.read(|state| state.roster(only))
    }

    async fn load_project(&self, id: ProjectId) -> Result<Option<ProjectFacts>, StoreError> {
        self.read(|state| state.projects.get(&id).map(|project| state.facts(project)))
    }
}

impl State {
    fn user_facts(&self) -> HashMap<UserId, UserFacts> {
        let facts = |user: &User| UserFacts { active: user.is_active(), instance_admin: user.instance_admin };
        self.users.iter().map(|(id, user)| (*id, facts(user))).collect()
    }

    fn roster(&self, only: Option<UserId>) -> TeamRoster {
        let members = self.team_members.values().filter(|member| only.is_none_or(|user| user == member.user_id));
        TeamRoster::new(self.teams.values().cloned(), members.cloned())
    }

    fn personal_of(&self, project: ProjectId) -> HashMap<ServerId, HashMap<UserId, Vec<Secret>>> {
        let mut by_server: HashMap<ServerId, HashMap<UserId, Vec<Secret>>> = HashMap::new();
        let here = |server: ServerId| self.servers.get(&server).is_some_and(|server| server.project_id == project);
        for own in self.personal.values().filter(|own| here(own.server_id)) {
            by_server.entry(own.server_id).or_default().entry(own.user_id).or_default().push(own.secret.clone());
        }
        for own in by_server.values_mut().flat_map(HashMap::values_mut) {
            own.sort_by(|a, b| a.slot.cmp(&b.slot));
        }
        by_server
    }

    fn facts(&self, project: &Project) -> ProjectFacts {
        let id = project.id;
        let members = self.members.values().filter(|member| member.project_id == id);
        let grants = self.grants.values().filter(|grant| grant.project_id == id);
        let keys = self.keys.values().filter(|key| key.project_id == id);
        ProjectFacts {
            project: project.clone(),
            members: members.map(|member| (member.user_id, member.role)).collect(),
            teams: grants.map(|grant| (grant.team_id, grant.role)).collect(),
            servers: self.servers_of(id).into_iter().map(|server| (server.alias.clone(), Arc::new(server))).collect(),
            keys: keys.cloned().map(Arc::new).collect(),
            policy: Arc::new(self.policies.get(&id).cloned().unwrap_or_default()),
            limits: self.limits.get(&Some(id)).copied().unwrap_or_default().limits,
            personal: self.personal_of(id),
        }
    }
}
