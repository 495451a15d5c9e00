//! Servers with their sealed secrets. Every write carries its audit entry and commits with it, and is announced.

use async_trait::async_trait;

use crate::alias::Alias;
use crate::audit::{AuditEntry, FactName};
use crate::email::Email;
use crate::error::StoreError;
use crate::id::{AuditId, ProjectId, ServerId};
use crate::server::Server;

#[async_trait]
pub trait ServerRepo: Send + Sync {
    async fn find(&self, id: ServerId) -> Result<Option<Server>, StoreError>;
    async fn find_by_alias(&self, project: ProjectId, alias: &Alias) -> Result<Option<Server>, StoreError>;
    /// All servers of the project, by alias.
    async fn list(&self, project: ProjectId) -> Result<Vec<Server>, StoreError>;
    /// Conflict when the alias is taken.
    async fn create(&self, server: &Server, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Writes all of the server, secrets included, over the row of version `server.version - 1`; Stale when that is
    /// not the stored version, Conflict when the alias is taken.
    async fn update(&self, update: &ServerUpdate) -> Result<(), StoreError>;
    /// Creates and updates many servers of one project in one transaction: all or none.
    async fn put_all(&self, writes: &[ServerWrite]) -> Result<(), StoreError>;
    /// Deletes the server with its secrets, those of members and its switches among the project's rules. Missing when
    /// there is no such server, Stale when another version than `expected` is stored.
    async fn delete(&self, id: ServerId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError>;
}

/// One write of [`ServerRepo::put_all`]; by the rules of `create` and `update`.
#[derive(Debug, Clone)]
pub enum ServerWrite {
    Create { server: Server, audit: AuditEntry },
    Update(ServerUpdate),
}

/// The next version of a server.
#[derive(Debug, Clone)]
pub struct ServerUpdate {
    pub server: Server,
    pub audit: AuditEntry,
    /// What members have stored for the server is removed with it, so that nobody reads the one beside the other; None
    /// where it stays.
    pub forgets: Option<Forgetting>,
}

/// How the removal of what members have stored is put on record: an entry for each account that had something.
#[derive(Debug, Clone)]
pub struct Forgetting(Box<AuditEntry>);

impl ServerUpdate {
    /// One that what members have stored survives.
    #[must_use]
    pub const fn new(server: Server, audit: AuditEntry) -> Self {
        Self { server, audit, forgets: None }
    }
}

impl Forgetting {
    /// `entry` says all but whose values those were.
    #[must_use]
    pub fn new(entry: AuditEntry) -> Self {
        Self(Box::new(entry))
    }

    /// The entry for the account with this address.
    #[must_use]
    pub fn entry_of(&self, address: &Email) -> AuditEntry {
        let detail = format!("of {address}: {}", self.0.detail);
        AuditEntry { id: AuditId::new(), detail, ..(*self.0).clone() }.with(FactName::User, address)
    }
}
