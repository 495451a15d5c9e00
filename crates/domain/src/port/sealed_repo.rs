//! All sealed values of the database, wherever they are, for looking through them and for sealing them anew. Opens
//! none.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::secret::Sealed;

/// A sealed value and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    pub table: &'static str,
    pub column: &'static str,
    pub row: uuid::Uuid,
    pub sealed: Sealed,
}

#[async_trait]
pub trait SealedRepo: Send + Sync {
    /// At most `limit` values after one, in one order over all tables; from the beginning without one.
    async fn list(&self, after: Option<(&'static str, uuid::Uuid)>, limit: u32)
    -> Result<Vec<SealedValue>, StoreError>;
    /// Puts new values in the place of old ones, in one write that is announced; a value that is not the old one any
    /// more is left alone. Tells how many were put in place.
    async fn replace(&self, values: &[(SealedValue, Sealed)]) -> Result<u64, StoreError>;
}
