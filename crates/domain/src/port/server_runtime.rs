//! What runs: states, starts and stops of servers. Does not check permission; the caller has.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::Timestamp;
use crate::id::{ServerId, UserId};
use crate::policy::hints::Hints;
use crate::server_state::ServerStatus;

#[async_trait]
pub trait ServerRuntime: Send + Sync {
    fn status(&self, server: ServerId) -> ServerStatus;
    /// Starts the server unless it runs, whatever became of it before, and waits until it is ready or has failed.
    async fn start(&self, server: ServerId) -> Result<(), RuntimeError>;
    /// Stops what runs, until somebody starts it or its configuration changes. Running calls fail.
    async fn stop(&self, server: ServerId) -> Result<(), RuntimeError>;
    /// What the server offers to this account as last seen, of one kind, in the upstream's order; definitions as JSON
    /// text. Where a server runs only with members' own values, waits a short time for what it offers to the viewer's.
    async fn offers(&self, server: ServerId, viewer: UserId, kind: crate::catalog::ItemKind) -> Offers;
    /// What a tool says of itself toward this account, as last seen; of an unknown one, what saying nothing means.
    fn hints(&self, server: ServerId, viewer: UserId, tool: &str) -> Hints;
}

/// A list from the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offers {
    pub items: Vec<crate::catalog::CatalogItem>,
    /// What strict clients would refuse of an item, by its name.
    pub flaws: BTreeMap<String, String>,
    /// None when the lists were never fetched.
    pub fetched_at: Option<Timestamp>,
    /// The server could not be asked since it last failed or was changed: the list is the last good one.
    pub stale: bool,
    /// Why there is nothing for the viewer to see, where that has a reason.
    pub lacking: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    #[error("there is no such server")]
    Missing,
    #[error("the server is disabled")]
    Disabled,
    #[error("{reason}")]
    Failed { reason: String },
}
