//! Stars. They are nobody's business but the user's: they leave no audit entry and are not announced.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::id::{StarId, UserId};
use crate::star::Star;

#[async_trait]
pub trait StarRepo: Send + Sync {
    /// The user's stars, newest first. Those of projects and servers that are gone went with them.
    async fn list(&self, user: UserId) -> Result<Vec<Star>, StoreError>;
    /// Adds a star and gives it back; the old one when the user has starred that already. Conflict when the user has
    /// [`Star::MAX_PER_USER`], Missing when its object or the user is gone.
    async fn put(&self, star: &Star) -> Result<Star, StoreError>;
    /// Missing when the user has no such star.
    async fn delete(&self, user: UserId, id: StarId) -> Result<(), StoreError>;
}
