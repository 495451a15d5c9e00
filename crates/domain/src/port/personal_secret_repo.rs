//! Values that members store for themselves. A write carries its audit entry and commits with it, and is announced.

use async_trait::async_trait;

use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::id::{ServerId, UserId};
use crate::personal_secret::PersonalSecret;
use crate::secret::Slot;
use crate::server::Server;

#[async_trait]
pub trait PersonalSecretRepo: Send + Sync {
    /// Those of one account for one server, by slot.
    async fn list(&self, server: ServerId, user: UserId) -> Result<Vec<PersonalSecret>, StoreError>;
    /// Sets what is in `set`, all of this server and account, and removes what is in `remove`. Missing when the server
    /// or the account is gone, Stale when the server is of another version by now: it may lead elsewhere.
    async fn write(
        &self,
        server: &Server,
        user: UserId,
        set: &[PersonalSecret],
        remove: &[Slot],
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}
