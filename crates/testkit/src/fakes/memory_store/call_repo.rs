//! Calls in memory.

use async_trait::async_trait;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallRepo};

use super::{MemoryStore, newest_first};

#[async_trait]
impl CallRepo for MemoryStore {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        let shown =
            |call: &&Call| call.project_id == filter.project && filter.user.is_none_or(|user| call.user_id == user);
        self.read(|state| newest_first(state.calls.values().filter(shown), page, |call| call.id.as_uuid()))
    }

    async fn insert(&self, calls: &[Call]) -> Result<(), StoreError> {
        // Not by way of a copy of the state: tests put many calls here.
        let mut state = self.lock()?;
        for call in calls {
            state.calls.entry(call.id).or_insert_with(|| call.clone());
        }
        Ok(())
    }
}
