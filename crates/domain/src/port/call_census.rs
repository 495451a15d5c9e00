//! Calls on record, counted by what they have in common.

use async_trait::async_trait;

use crate::Timestamp;
use crate::call::CallKind;
use crate::error::StoreError;
use crate::id::{KeyId, ProjectId, ServerId, UserId};

/// Calls of one kind by one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallGroup {
    pub user_id: UserId,
    pub key_id: Option<KeyId>,
    pub client: String,
    pub server_id: ServerId,
    pub kind: CallKind,
    pub target: String,
    pub calls: u64,
}

/// How many calls somebody has made in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCount {
    pub project_id: ProjectId,
    pub user_id: UserId,
    pub key_id: Option<KeyId>,
    pub calls: u64,
}

#[async_trait]
pub trait CallCensus: Send + Sync {
    /// Who has called what in a project from `since` on, of calls whose server was found; the most frequent first, at
    /// most `limit` groups.
    async fn groups(&self, project: ProjectId, since: Timestamp, limit: u32) -> Result<Vec<CallGroup>, StoreError>;
    /// Calls from `since` on of all projects, by caller. What a limit has refused does not count.
    async fn counts(&self, since: Timestamp) -> Result<Vec<CallCount>, StoreError>;
}
