//! Sums of calls. They are written together with the calls, so both always agree. Does not check permission.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::usage::{Point, Ranked, SeriesQuery, TopQuery};

#[async_trait]
pub trait UsageRepo: Send + Sync {
    /// The steps with calls, in the order of time; those without are left out.
    async fn series(&self, query: &SeriesQuery) -> Result<Vec<Point>, StoreError>;
    /// The most called first.
    async fn top(&self, query: &TopQuery) -> Result<Vec<Ranked>, StoreError>;
}
