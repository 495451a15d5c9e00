//! Calls in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use orch_domain::api_key::KeyUse;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallRepo, JournalPlace};

use super::{MemoryStore, newest_first};

#[async_trait]
impl CallRepo for MemoryStore {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        let shown = |call: &&Call| {
            call.project_id == filter.project
                && filter.user.is_none_or(|user| call.user_id == user)
                && filter.key.is_none_or(|key| call.key_id == Some(key))
        };
        let mut page =
            self.read(|state| newest_first(state.calls.values().filter(shown), page, |call| call.id.as_uuid()))?;
        page.items.sort_by_key(|call| Reverse(call.at));
        Ok(page)
    }

    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        // Not by way of a copy of the state: tests put many calls here.
        let mut state = self.lock()?;
        let mut fresh = 0;
        if let Some(place) = place {
            let upto = state.marks.entry(place.segment).or_default();
            fresh = place.ends.partition_point(|end| end <= upto);
            *upto = place.ends.last().copied().unwrap_or_default().max(*upto);
        }
        let calls = calls.get(fresh..).unwrap_or_default();
        for call in calls {
            state.calls.insert(call.id, call.clone());
        }
        state.note_used(&KeyUse::newest_of(calls));
        Ok(())
    }
}
