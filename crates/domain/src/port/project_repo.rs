//! Projects and their members. Every write carries its audit entry and commits with it, and is announced.

use async_trait::async_trait;

use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::{ProjectId, UserId};
use crate::membership::Membership;
use crate::page::{Page, PageRequest};
use crate::project::Project;
use crate::role::Role;
use crate::slug::Slug;
use crate::user::User;

#[async_trait]
pub trait ProjectRepo: Send + Sync {
    async fn find(&self, id: ProjectId) -> Result<Option<Project>, StoreError>;
    async fn find_by_slug(&self, slug: &Slug) -> Result<Option<Project>, StoreError>;
    /// In the order of creation, oldest first.
    async fn list(&self, filter: &ProjectFilter, page: PageRequest) -> Result<Page<Project>, StoreError>;
    /// Creates the project with its first admin. Conflict when the slug is taken.
    async fn create(&self, project: &Project, admin: UserId, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Writes all of `project` over the row of version `project.version - 1`; Stale when that is not the stored
    /// version, Conflict when the slug is taken.
    async fn update(&self, project: &Project, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Deletes the project with members, servers, secrets, keys and catalogs. Its calls and audit entries stay. Missing
    /// when there is no such project, Stale when another version than `expected` is stored.
    async fn delete(&self, id: ProjectId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError>;

    async fn find_member(&self, project: ProjectId, user: UserId) -> Result<Option<Membership>, StoreError>;
    /// All members with their accounts, in the order of joining.
    async fn list_members(&self, project: ProjectId) -> Result<Vec<(Membership, User)>, StoreError>;
    /// Adds the member, or changes the role of one whose role is `before`. Stale when it is another one by now, or there
    /// is none, or one is there already; LastAdmin when no active admin would remain.
    async fn put_member(
        &self,
        membership: &Membership,
        before: Option<Role>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Missing when there is no such member, Stale when the role is another one than `before`, LastAdmin when no active
    /// admin would remain.
    async fn remove_member(
        &self,
        project: ProjectId,
        user: UserId,
        before: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}

/// Which projects to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectFilter {
    /// Only projects that this user reaches, directly or with a team.
    pub member: Option<UserId>,
    /// Only projects with this in slug or name, whatever the case.
    pub search: Option<String>,
}
