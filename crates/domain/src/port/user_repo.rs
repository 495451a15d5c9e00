//! Accounts. Every write carries its audit entry and commits with it, and is announced as [`crate::change::Change`].

use async_trait::async_trait;

use crate::audit::AuditEntry;
use crate::email::Email;
use crate::error::StoreError;
use crate::id::{LoginId, UserId};
use crate::page::{Page, PageRequest};
use crate::user::User;

#[async_trait]
pub trait UserRepo: Send + Sync {
    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError>;
    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError>;
    /// In the order of creation, oldest first; only those with `search` in address or name, whatever the case.
    async fn list(&self, search: Option<&str>, page: PageRequest) -> Result<Page<User>, StoreError>;
    async fn has_instance_admin(&self) -> Result<bool, StoreError>;
    /// Conflict when the e-mail address is taken.
    async fn create(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Writes all of `user` over the row of version `user.version - 1`; Stale when that is not the stored version,
    /// LastInstanceAdmin when no active instance admin would remain, LastAdmin when a deactivation would leave projects
    /// or teams without an active admin. Deactivation also ends the user's logins, in the same transaction.
    async fn update(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Like [`Self::update`], and in the same transaction ends all logins of the user but `keep`, at `user.updated_at`.
    /// Gives which those were.
    async fn change_password(
        &self,
        user: &User,
        keep: Option<LoginId>,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError>;
}
