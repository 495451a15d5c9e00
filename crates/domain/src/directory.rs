//! The snapshot that the data plane decides by: everything about users, teams, projects, members, servers and keys that a
//! request needs. Immutable; a change makes a new one that shares what did not change.

pub mod live;
pub mod roster;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::alias::Alias;
use crate::api_key::{ApiKey, KeyPublicId};
use crate::directory::roster::TeamRoster;
use crate::id::{KeyId, ProjectId, ServerId, TeamId, UserId};
use crate::map::Map;
use crate::policy::Subject;
use crate::policy::rule::Policy;
use crate::principal::{Credential, Principal};
use crate::project::Project;
use crate::quota::Limits;
use crate::role::Role;
use crate::secret::Secret;
use crate::server::Server;
use crate::slug::Slug;

#[derive(Debug, Clone, Default)]
pub struct Directory {
    users: Arc<Map<UserId, UserFacts>>,
    teams: Arc<TeamRoster>,
    projects: Map<ProjectId, Arc<ProjectFacts>>,
    /// People choose these, in any number.
    slugs: HashMap<Slug, ProjectId>,
    keys: Map<KeyPublicId, Arc<ApiKey>>,
    keys_by_id: Map<KeyId, Arc<ApiKey>>,
    /// Of the instance.
    limits: Limits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserFacts {
    pub active: bool,
    pub instance_admin: bool,
}

/// A project with all that belongs to it.
#[derive(Debug, Clone)]
pub struct ProjectFacts {
    pub project: Project,
    /// Direct members; what somebody is altogether, [`Directory::role_on`] tells.
    pub members: HashMap<UserId, Role>,
    /// What teams were granted here.
    pub teams: HashMap<TeamId, Role>,
    /// In the order of their aliases.
    pub servers: BTreeMap<Alias, Arc<Server>>,
    pub keys: Vec<Arc<ApiKey>>,
    /// The rules over its servers' tools, prompts and resources.
    pub policy: Arc<Policy>,
    /// The project's own; [`Directory::limits`] gives what holds.
    pub limits: Limits,
    /// Values that members brought along for themselves, by server.
    pub personal: HashMap<ServerId, HashMap<UserId, Vec<Secret>>>,
}

impl ProjectFacts {
    #[must_use]
    pub fn server(&self, id: ServerId) -> Option<&Arc<Server>> {
        self.servers.values().find(|server| server.id == id)
    }

    fn keep_patterns_of(&mut self, old: &Self, keys: &Map<KeyId, Arc<ApiKey>>) {
        if self.policy == old.policy {
            self.policy = Arc::clone(&old.policy);
        }
        for key in &mut self.keys {
            if let Some(old) = keys.get(&key.id).filter(|old| old.scope == key.scope && key.scope.tools.is_some()) {
                Arc::make_mut(key).scope = old.scope.clone();
            }
        }
    }
}

impl Directory {
    #[must_use]
    pub fn new(users: HashMap<UserId, UserFacts>, projects: Vec<ProjectFacts>) -> Self {
        let mut directory = Self { users: Arc::new(users.into_iter().collect()), ..Self::default() };
        for facts in projects {
            directory.insert(facts);
        }
        directory
    }

    /// The same directory with other users.
    #[must_use]
    pub fn with_users(&self, users: HashMap<UserId, UserFacts>) -> Self {
        Self { users: Arc::new(users.into_iter().collect()), ..self.clone() }
    }

    /// The same directory with other limits of the instance.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// The same directory with other teams.
    #[must_use]
    pub fn with_teams(&self, teams: TeamRoster) -> Self {
        Self { teams: Arc::new(teams), ..self.clone() }
    }

    /// The same directory with one project replaced, or removed when `facts` is None. What patterns were compiled to is
    /// kept where they are the same as before.
    #[must_use]
    pub fn with_project(&self, id: ProjectId, mut facts: Option<ProjectFacts>) -> Self {
        let mut directory = self.clone();
        if let (Some(facts), Some(old)) = (&mut facts, self.projects.get(&id)) {
            facts.keep_patterns_of(old, &self.keys_by_id);
        }
        if let Some(old) = directory.projects.remove(&id) {
            directory.slugs.remove(&old.project.slug);
            for key in &old.keys {
                directory.keys.remove(&key.public_id);
                directory.keys_by_id.remove(&key.id);
            }
        }
        if let Some(facts) = facts {
            directory.insert(facts);
        }
        directory
    }

    fn insert(&mut self, facts: ProjectFacts) {
        let id = facts.project.id;
        self.slugs.insert(facts.project.slug.clone(), id);
        for key in &facts.keys {
            self.keys.insert(key.public_id.clone(), Arc::clone(key));
            self.keys_by_id.insert(key.id, Arc::clone(key));
        }
        self.projects.insert(id, Arc::new(facts));
    }

    #[must_use]
    pub fn user_count(&self) -> usize {
        self.users.len()
    }

    #[must_use]
    pub fn user(&self, id: UserId) -> Option<UserFacts> {
        self.users.get(&id).copied()
    }

    #[must_use]
    pub fn teams(&self) -> &TeamRoster {
        &self.teams
    }

    /// The teams that the user is in. Shared; a clone costs nothing.
    #[must_use]
    pub fn teams_of(&self, user: UserId) -> &Arc<[TeamId]> {
        self.teams.teams_of(user)
    }

    /// The effective role of a user on a project: the highest of the own membership and what the user's teams were
    /// granted. Knows neither instance admins nor switched-off accounts; [`Self::subject`] does.
    #[must_use]
    pub fn role_on(&self, user: UserId, project: &ProjectFacts) -> Option<Role> {
        let direct = project.members.get(&user).copied();
        if project.teams.is_empty() {
            return direct;
        }
        let granted = self.teams_of(user).iter().filter_map(|team| project.teams.get(team).copied()).max();
        direct.max(granted)
    }

    #[must_use]
    pub fn project(&self, id: ProjectId) -> Option<&Arc<ProjectFacts>> {
        self.projects.get(&id)
    }

    /// Finds a project by what stands in a URL: its id or its slug.
    #[must_use]
    pub fn project_named(&self, id_or_slug: &str) -> Option<&Arc<ProjectFacts>> {
        let id = self.slugs.get(id_or_slug).copied().or_else(|| id_or_slug.parse().ok())?;
        self.projects.get(&id)
    }

    pub fn projects(&self) -> impl Iterator<Item = &Arc<ProjectFacts>> {
        self.projects.values()
    }

    /// Every sealed value: of servers, and of members for them.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.projects().flat_map(|project| {
            let of_servers = project.servers.values().flat_map(|server| &server.secrets);
            of_servers.chain(project.personal.values().flat_map(HashMap::values).flatten())
        })
    }

    /// The limits of the instance.
    #[must_use]
    pub const fn instance_limits(&self) -> Limits {
        self.limits
    }

    /// The limits that hold on a project.
    #[must_use]
    pub fn limits(&self, project: &ProjectFacts) -> Limits {
        project.limits.or(self.limits)
    }

    #[must_use]
    pub fn key_by_id(&self, id: KeyId) -> Option<&Arc<ApiKey>> {
        self.keys_by_id.get(&id)
    }

    #[must_use]
    pub fn key(&self, public_id: &str) -> Option<&Arc<ApiKey>> {
        self.keys.get(public_id)
    }

    /// Whether the credential behind `principal` still opens anything: its user is active, its key is live.
    #[must_use]
    pub fn is_live(&self, principal: &Principal, now: crate::Timestamp) -> bool {
        match principal.credential {
            Credential::Console => true,
            Credential::Login { .. } => self.user(principal.user_id).is_some_and(|user| user.active),
            Credential::Key { key_id, .. } => {
                self.user(principal.user_id).is_some_and(|user| user.active)
                    && self.keys_by_id.get(&key_id).is_some_and(|key| key.is_live(now))
            }
        }
    }

    /// What `principal` is on `project`: the facts that [`crate::policy`] decides by.
    #[must_use]
    pub fn subject(&self, principal: &Principal, project: &ProjectFacts) -> Subject {
        let user = principal.user_id;
        let key = match principal.credential {
            Credential::Console => return Subject::of(user, Some(Role::Admin)),
            Credential::Login { .. } => None,
            // A key that is not there any more is nobody's.
            Credential::Key { key_id, project_id } => match self.keys_by_id.get(&key_id) {
                Some(key) if project_id == project.project.id => Some(Arc::clone(key)),
                _ => return Subject::stranger(user),
            },
        };
        let Some(facts) = self.user(user).filter(|user| user.active) else {
            return Subject::stranger(user);
        };
        let own_role = self.role_on(user, project);
        let role = if facts.instance_admin { Some(Role::Admin) } else { own_role };
        Subject { role, own_role, user, teams: Arc::clone(self.teams_of(user)), key }
    }
}
