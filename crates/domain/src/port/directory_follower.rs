//! Whoever keeps the live directory in step with what is committed.

use async_trait::async_trait;

use crate::change::Change;

#[async_trait]
pub trait DirectoryFollower: Send + Sync {
    /// Returns when the live directory of this process shows a change that was just committed, so that who made it
    /// can act on it at once. Gives up after a moment when the store cannot be read; the change still follows then.
    async fn catch_up(&self, change: Change);
}

/// For where nobody keeps a live directory.
#[async_trait]
impl DirectoryFollower for () {
    async fn catch_up(&self, _change: Change) {}
}
