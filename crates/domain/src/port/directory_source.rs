//! Reading of the snapshot that the data plane decides by.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::directory::roster::TeamRoster;
use crate::directory::{Directory, ProjectFacts, UserFacts};
use crate::error::StoreError;
use crate::id::{ProjectId, UserId};

#[async_trait]
pub trait DirectorySource: Send + Sync {
    async fn load(&self) -> Result<Directory, StoreError>;
    async fn load_users(&self) -> Result<HashMap<UserId, UserFacts>, StoreError>;
    /// All teams; with their members, or only with those memberships that are `only` this user's.
    async fn load_teams(&self, only: Option<UserId>) -> Result<TeamRoster, StoreError>;
    /// None when the project does not exist (any more).
    async fn load_project(&self, id: ProjectId) -> Result<Option<ProjectFacts>, StoreError>;
}
