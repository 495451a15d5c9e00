//! A session of an MCP client, as people see it. The id that the client itself sends is a secret and is not here.

use std::sync::Arc;

use crate::Timestamp;
use crate::id::{KeyId, ProjectId, ServerId, SessionId, UserId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub project_id: ProjectId,
    /// The server whose endpoint it is on; None for the unified one, from which all servers are reached.
    pub server_id: Option<ServerId>,
    /// The account that answers for it.
    pub user_id: UserId,
    pub key_id: Option<KeyId>,
    /// What the client calls itself.
    pub client: Arc<str>,
    /// The revision of the protocol that was agreed on.
    pub revision: &'static str,
    pub opened_at: Timestamp,
    pub last_used_at: Timestamp,
    /// Requests of the client that have no answer yet.
    pub in_flight: u32,
    /// Whether it has a stream open for what concerns no request.
    pub listening: bool,
}

impl Session {
    /// Whether `server` can be reached in it.
    #[must_use]
    pub fn reaches(&self, server: ServerId) -> bool {
        self.server_id.is_none_or(|own| own == server)
    }
}
