//! Teams in memory, and the rule that projects and teams keep an active admin.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, TeamId, UserId};
use orch_domain::invitation::InvitationTarget;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::team_repo::{TeamFilter, TeamRepo};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::slug::Slug;
use orch_domain::team::{Team, TeamGrant, TeamMembership, TeamRole};
use orch_domain::user::User;

use super::{MemoryStore, State, oldest_first};

const THE_TEAM: &str = "the team";
const THE_PROJECT: &str = "the project";
const THE_MEMBER: &str = "the member";
const THE_GRANT: &str = "the grant";

#[async_trait]
impl TeamRepo for MemoryStore {
    async fn find(&self, id: TeamId) -> Result<Option<Team>, StoreError> {
        self.read(|state| state.teams.get(&id).cloned())
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Option<Team>, StoreError> {
        self.read(|state| state.teams.values().find(|team| team.slug == *slug).cloned())
    }

    async fn list(&self, filter: &TeamFilter, page: PageRequest) -> Result<Page<Team>, StoreError> {
        self.read(|state| {
            let shown = |team: &&Team| {
                filter.member.is_none_or(|member| state.team_members.contains_key(&(team.id, member)))
                    && super::contains(filter.search.as_deref(), &[team.slug.as_str(), &team.name])
            };
            oldest_first(state.teams.values().filter(shown), page, |team| team.id.as_uuid())
        })
    }

    async fn create(&self, team: &Team, admin: UserId, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            state.refuse_taken_team_slug(team)?;
            state.require_user(admin)?;
            state.teams.insert(team.id, team.clone());
            let first =
                TeamMembership { team_id: team.id, user_id: admin, role: TeamRole::Admin, created_at: team.created_at };
            state.team_members.insert((team.id, admin), first);
            writing.audit(audit);
            writing.announce(Change::Teams);
            Ok(())
        })
    }

    async fn update(&self, team: &Team, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let before = state.teams.get(&team.id).ok_or(StoreError::Missing { what: THE_TEAM })?;
            if before.version + 1 != team.version {
                return Err(StoreError::Stale { what: THE_TEAM });
            }
            state.refuse_taken_team_slug(team)?;
            state.teams.insert(team.id, team.clone());
            writing.audit(audit);
            writing.announce(Change::Teams);
            Ok(())
        })
    }

    async fn delete(&self, id: TeamId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let gone = state.teams.remove(&id).ok_or(StoreError::Missing { what: THE_TEAM })?;
            if expected.is_some_and(|version| version != gone.version) {
                return Err(StoreError::Stale { what: THE_TEAM });
            }
            let at_risk = state.projects_administered_by(id);
            let granted: Vec<_> =
                state.grants.values().filter(|grant| grant.team_id == id).map(|grant| grant.project_id).collect();
            state.team_members.retain(|(team, _), _| *team != id);
            state.grants.retain(|(_, team), _| *team != id);
            let here = |target| matches!(target, InvitationTarget::Team { id: team, .. } if team == id);
            state.invitations.retain(|_, invitation| !here(invitation.target));
            state.keep_admins(&at_risk, &[])?;
            writing.audit(audit);
            writing.announce(Change::Teams);
            for project in granted {
                writing.announce(Change::Project(project));
            }
            Ok(())
        })
    }

    async fn find_member(&self, team: TeamId, user: UserId) -> Result<Option<TeamMembership>, StoreError> {
        self.read(|state| state.team_members.get(&(team, user)).cloned())
    }

    async fn list_members(&self, team: TeamId) -> Result<Vec<(TeamMembership, User)>, StoreError> {
        self.read(|state| {
            let mut members: Vec<_> = state
                .team_members
                .values()
                .filter(|member| member.team_id == team)
                .filter_map(|member| Some((member.clone(), state.users.get(&member.user_id)?.clone())))
                .collect();
            members.sort_by_key(|(member, _)| (member.created_at, member.user_id));
            members
        })
    }

    async fn put_member(
        &self,
        membership: &TeamMembership,
        before: Option<TeamRole>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let key = (membership.team_id, membership.user_id);
            if writing.state.team_members.get(&key).map(|member| member.role) != before {
                return Err(StoreError::Stale { what: THE_MEMBER });
            }
            writing.state.put_team_member(membership)?;
            writing.audit(audit);
            writing.announce(Change::Teams);
            Ok(())
        })
    }

    async fn remove_member(
        &self,
        team: TeamId,
        user: UserId,
        before: TeamRole,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let gone = state.team_members.remove(&(team, user)).ok_or(StoreError::Missing { what: THE_MEMBER })?;
            if gone.role != before {
                return Err(StoreError::Stale { what: THE_MEMBER });
            }
            let teams = if gone.role == TeamRole::Admin { vec![team] } else { Vec::new() };
            state.keep_admins(&state.projects_administered_by(team), &teams)?;
            writing.audit(audit);
            writing.announce(Change::Teams);
            Ok(())
        })
    }

    async fn list_grants(&self, team: TeamId) -> Result<Vec<(TeamGrant, Project)>, StoreError> {
        self.read(|state| {
            let mut grants: Vec<_> = state
                .grants
                .values()
                .filter(|grant| grant.team_id == team)
                .filter_map(|grant| Some((grant.clone(), state.projects.get(&grant.project_id)?.clone())))
                .collect();
            grants.sort_by(|(_, one), (_, other)| one.slug.cmp(&other.slug));
            grants
        })
    }

    async fn list_teams_on(&self, project: ProjectId) -> Result<Vec<(TeamGrant, Team)>, StoreError> {
        self.read(|state| {
            let mut grants: Vec<_> = state
                .grants
                .values()
                .filter(|grant| grant.project_id == project)
                .filter_map(|grant| Some((grant.clone(), state.teams.get(&grant.team_id)?.clone())))
                .collect();
            grants.sort_by(|(_, one), (_, other)| one.slug.cmp(&other.slug));
            grants
        })
    }

    async fn put_grant(&self, grant: &TeamGrant, before: Option<Role>, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let (project, team) = (grant.project_id, grant.team_id);
            if state.grants.get(&(project, team)).map(|grant| grant.role) != before {
                return Err(StoreError::Stale { what: THE_GRANT });
            }
            state.projects.get(&project).ok_or(StoreError::Missing { what: THE_PROJECT })?;
            state.teams.get(&team).ok_or(StoreError::Missing { what: THE_TEAM })?;
            let stored = state.grants.entry((project, team)).or_insert_with(|| grant.clone());
            stored.role = grant.role;
            if before == Some(Role::Admin) && grant.role != Role::Admin {
                state.keep_admins(&[project], &[])?;
            }
            writing.audit(audit);
            writing.announce(Change::Project(project));
            Ok(())
        })
    }

    async fn remove_grant(
        &self,
        project: ProjectId,
        team: TeamId,
        before: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            let gone = state.grants.remove(&(project, team)).ok_or(StoreError::Missing { what: THE_GRANT })?;
            if gone.role != before {
                return Err(StoreError::Stale { what: THE_GRANT });
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
    pub(super) fn put_team_member(&mut self, membership: &TeamMembership) -> Result<(), StoreError> {
        let (team, user) = (membership.team_id, membership.user_id);
        self.teams.get(&team).ok_or(StoreError::Missing { what: THE_TEAM })?;
        self.require_user(user)?;
        let member = self.team_members.entry((team, user)).or_insert_with(|| membership.clone());
        let before = std::mem::replace(&mut member.role, membership.role);
        if before == TeamRole::Admin && membership.role != TeamRole::Admin {
            self.keep_admins(&[], &[team])?;
        }
        Ok(())
    }

    /// Refuses a write after which one of these has no active admin.
    pub(super) fn keep_admins(&self, projects: &[ProjectId], teams: &[TeamId]) -> Result<(), StoreError> {
        let mut of: Vec<_> = projects
            .iter()
            .filter(|project| !self.has_active_admin(**project))
            .filter_map(|project| Some(format!("project {}", self.projects.get(project)?.slug)))
            .collect();
        of.sort();
        let mut orphaned: Vec<_> = teams
            .iter()
            .filter(|team| !self.has_active_team_admin(**team))
            .filter_map(|team| Some(format!("team {}", self.teams.get(team)?.slug)))
            .collect();
        orphaned.sort();
        of.extend(orphaned);
        of.dedup();
        if of.is_empty() { Ok(()) } else { Err(StoreError::LastAdmin { of }) }
    }

    /// All that the user is an admin of, directly or with a team.
    pub(super) fn administered_by(&self, user: UserId) -> (Vec<ProjectId>, Vec<TeamId>) {
        let direct = self.members.values().filter(|member| member.user_id == user && member.role == Role::Admin);
        let mut projects: Vec<_> = direct.map(|member| member.project_id).collect();
        let theirs: Vec<_> = self.team_members.values().filter(|member| member.user_id == user).collect();
        for member in &theirs {
            projects.extend(self.projects_administered_by(member.team_id));
        }
        let teams =
            theirs.iter().filter(|member| member.role == TeamRole::Admin).map(|member| member.team_id).collect();
        (projects, teams)
    }

    fn projects_administered_by(&self, team: TeamId) -> Vec<ProjectId> {
        let grants = self.grants.values().filter(|grant| grant.team_id == team && grant.role == Role::Admin);
        grants.map(|grant| grant.project_id).collect()
    }

    fn has_active_admin(&self, project: ProjectId) -> bool {
        let direct = self
            .members
            .values()
            .any(|member| member.project_id == project && member.role == Role::Admin && self.is_active(member.user_id));
        let granted = self.grants.values().filter(|grant| grant.project_id == project && grant.role == Role::Admin);
        direct
            || granted.map(|grant| grant.team_id).any(|team| {
                self.team_members.values().any(|member| member.team_id == team && self.is_active(member.user_id))
            })
    }

    fn has_active_team_admin(&self, team: TeamId) -> bool {
        self.team_members
            .values()
            .any(|member| member.team_id == team && member.role == TeamRole::Admin && self.is_active(member.user_id))
    }

    fn is_active(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(User::is_active)
    }

    fn refuse_taken_team_slug(&self, team: &Team) -> Result<(), StoreError> {
        match self.teams.values().any(|other| other.slug == team.slug && other.id != team.id) {
            true => Err(StoreError::Conflict { what: "a team with this slug" }),
            false => Ok(()),
        }
    }
}
