//! Projects and members in memory.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, UserId};
use orch_domain::invitation::InvitationTarget;
use orch_domain::membership::Membership;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::project_repo::{ProjectFilter, ProjectRepo};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::slug::Slug;
use orch_domain::team::TeamGrant;
use orch_domain::user::User;

use super::{MemoryStore, State, contains, oldest_first};

const THE_PROJECT: &str = "the project";
const THE_USER: &str = "the user";
const THE_MEMBER: &str = "the member";

#[async_trait]
impl ProjectRepo for MemoryStore {
    async fn find(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        self.read(|state| state.projects.get(&id).cloned())
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Option<Project>, StoreError> {
        self.read(|state| state.projects.values().find(|project| project.slug == *slug).cloned())
    }

    async fn list(&self, filter: &ProjectFilter, page: PageRequest) -> Result<Page<Project>, StoreError> {
        self.read(|state| {
            let shown = |project: &&Project| {
                filter.member.is_none_or(|member| state.reaches(member, project.id))
                    && contains(filter.search.as_deref(), &[project.slug.as_str(), &project.name])
            };
            oldest_first(state.projects.values().filter(shown), page, |project| project.id.as_uuid())
        })
    }

    async fn create(&self, project: &Project, admin: UserId, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            state.refuse_taken_slug(project)?;
            state.projects.insert(project.id, project.clone());
            let first = Membership {
                project_id: project.id,
                user_id: admin,
                role: Role::Admin,
                created_at: project.created_at,
            };
            state.require_user(admin)?;
            state.members.insert((project.id, admin), first);
            writing.audit(audit);
            writing.announce(Change::Project(project.id));
            Ok(())
        })
    }

    async fn update(&self, project: &Project, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let before = state.projects.get(&project.id).ok_or(StoreError::Missing { what: THE_PROJECT })?;
            if before.version + 1 != project.version {
                return Err(StoreError::Stale { what: THE_PROJECT });
            }
            state.refuse_taken_slug(project)?;
            state.projects.insert(project.id, project.clone());
            writing.audit(audit);
            writing.announce(Change::Project(project.id));
            Ok(())
        })
    }

    async fn delete(&self, id: ProjectId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let gone = state.projects.remove(&id).ok_or(StoreError::Missing { what: THE_PROJECT })?;
            if expected.is_some_and(|version| version != gone.version) {
                return Err(StoreError::Stale { what: THE_PROJECT });
            }
            state.members.retain(|(project, _), _| *project != id);
            state.grants.retain(|(project, _), _| *project != id);
            let here = |target| matches!(target, InvitationTarget::Project { id: project, .. } if project == id);
            state.invitations.retain(|_, invitation| !here(invitation.target));
            state.keys.retain(|_, key| key.project_id != id);
            state.policies.remove(&id);
            state.limits.remove(&Some(id));
            state.servers.retain(|_, server| server.project_id != id);
            let servers = &state.servers;
            state.catalogs.retain(|server, _| servers.contains_key(server));
            writing.audit(audit);
            writing.announce(Change::Project(id));
            Ok(())
        })
    }

    async fn find_member(&self, project: ProjectId, user: UserId) -> Result<Option<Membership>, StoreError> {
        self.read(|state| state.members.get(&(project, user)).cloned())
    }

    async fn list_members(&self, project: ProjectId) -> Result<Vec<(Membership, User)>, StoreError> {
        self.read(|state| {
            let of_project = state.members.values().filter(|member| member.project_id == project);
            let mut members: Vec<_> = of_project
                .filter_map(|member| Some((member.clone(), state.users.get(&member.user_id)?.clone())))
                .collect();
            members.sort_by_key(|(member, _)| (member.created_at, member.user_id));
            members
        })
    }

    async fn put_member(
        &self,
        membership: &Membership,
        before: Option<Role>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let (project, user) = (membership.project_id, membership.user_id);
            if state.members.get(&(project, user)).map(|member| member.role) != before {
                return Err(StoreError::Stale { what: THE_MEMBER });
            }
            if !state.projects.contains_key(&project) {
                return Err(StoreError::Missing { what: THE_PROJECT });
            }
            state.require_user(user)?;
            let member = state.members.entry((project, user)).or_insert_with(|| membership.clone());
            member.role = membership.role;
            if before == Some(Role::Admin) && membership.role != Role::Admin {
                state.keep_admins(&[project], &[])?;
            }
            writing.audit(audit);
            writing.announce(Change::Project(project));
            Ok(())
        })
    }

    async fn remove_member(
        &self,
        project: ProjectId,
        user: UserId,
        before: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let gone = state.members.remove(&(project, user)).ok_or(StoreError::Missing { what: THE_MEMBER })?;
            if gone.role != before {
                return Err(StoreError::Stale { what: THE_MEMBER });
            }
            if gone.role == Role::Admin {
                state.keep_admins(&[project], &[])?;
            }
            writing.audit(audit);
            writing.announce(Change::Project(project));
            Ok(())
        })
    }
}

impl State {
    fn refuse_taken_slug(&self, project: &Project) -> Result<(), StoreError> {
        match self.projects.values().any(|other| other.slug == project.slug && other.id != project.id) {
            true => Err(StoreError::Conflict { what: "a project with this slug" }),
            false => Ok(()),
        }
    }

    /// Whether the user has a role on the project, directly or with a team.
    fn reaches(&self, user: UserId, project: ProjectId) -> bool {
        let with_team =
            |grant: &TeamGrant| grant.project_id == project && self.team_members.contains_key(&(grant.team_id, user));
        self.members.contains_key(&(project, user)) || self.grants.values().any(with_team)
    }

    pub(super) fn require_user(&self, user: UserId) -> Result<(), StoreError> {
        self.users.get(&user).map(|_| ()).ok_or(StoreError::Missing { what: THE_USER })
    }
}
