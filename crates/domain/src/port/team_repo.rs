//! Teams, who is in them, and what they were granted. Every write carries its audit entry and commits with it, and is
//! announced.

use async_trait::async_trait;

use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::{ProjectId, TeamId, UserId};
use crate::page::{Page, PageRequest};
use crate::project::Project;
use crate::role::Role;
use crate::slug::Slug;
use crate::team::{Team, TeamGrant, TeamMembership, TeamRole};
use crate::user::User;

#[async_trait]
pub trait TeamRepo: Send + Sync {
    async fn find(&self, id: TeamId) -> Result<Option<Team>, StoreError>;
    async fn find_by_slug(&self, slug: &Slug) -> Result<Option<Team>, StoreError>;
    /// In the order of creation, oldest first.
    async fn list(&self, filter: &TeamFilter, page: PageRequest) -> Result<Page<Team>, StoreError>;
    /// Creates the team with its first admin. Conflict when the slug is taken.
    async fn create(&self, team: &Team, admin: UserId, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Writes all of `team` over the row of version `team.version - 1`; Stale when that is not the stored version,
    /// Conflict when the slug is taken.
    async fn update(&self, team: &Team, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Deletes the team with its memberships and grants. Missing when there is no such team, Stale when another version
    /// than `expected` is stored, LastAdmin when a project would lose its last active admin.
    async fn delete(&self, id: TeamId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError>;

    async fn find_member(&self, team: TeamId, user: UserId) -> Result<Option<TeamMembership>, StoreError>;
    /// All members with their accounts, in the order of joining.
    async fn list_members(&self, team: TeamId) -> Result<Vec<(TeamMembership, User)>, StoreError>;
    /// Adds the member, or changes the role of one whose role is `before`. Stale when it is another one by now, or there
    /// is none, or one is there already; LastAdmin when the team would lose its last active admin.
    async fn put_member(
        &self,
        membership: &TeamMembership,
        before: Option<TeamRole>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Missing when there is no such member, Stale when the role is another one than `before`; LastAdmin when the team,
    /// or a project that it was granted, would lose its last active admin.
    async fn remove_member(
        &self,
        team: TeamId,
        user: UserId,
        before: TeamRole,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// What the team was granted, by slug of the project.
    async fn list_grants(&self, team: TeamId) -> Result<Vec<(TeamGrant, Project)>, StoreError>;
    /// The teams on a project, by slug of the team.
    async fn list_teams_on(&self, project: ProjectId) -> Result<Vec<(TeamGrant, Team)>, StoreError>;
    /// Grants, or changes the role of a grant whose role is `before`. Stale when it is another one by now, or there is
    /// none, or one is there already; LastAdmin when the project would lose its last active admin.
    async fn put_grant(&self, grant: &TeamGrant, before: Option<Role>, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Missing when there is no such grant, Stale when the role is another one than `before`, LastAdmin when the project
    /// would lose its last active admin.
    async fn remove_grant(
        &self,
        project: ProjectId,
        team: TeamId,
        before: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}

/// Which teams to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamFilter {
    /// Only teams that this user is in.
    pub member: Option<UserId>,
    /// Only teams with this in slug or name, whatever the case.
    pub search: Option<String>,
}
