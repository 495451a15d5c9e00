//! Calls in memory, counted.

use std::cmp::Reverse;

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::call::{Call, Outcome};
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::port::call_census::{CallCensus, CallCount, CallGroup};

use super::MemoryStore;

#[async_trait]
impl CallCensus for MemoryStore {
    async fn groups(&self, project: ProjectId, since: Timestamp, limit: u32) -> Result<Vec<CallGroup>, StoreError> {
        self.read(|state| {
            let mut groups: Vec<CallGroup> = Vec::new();
            for call in state.calls.values().filter(|call| call.project_id == project && call.at >= since) {
                let Some(server_id) = call.server_counted() else { continue };
                let same = |group: &&mut CallGroup| {
                    (group.user_id, group.key_id, group.server_id, group.kind)
                        == (call.user_id, call.key_id, server_id, call.kind)
                        && group.client == *call.client
                        && group.target == call.target
                };
                match groups.iter_mut().find(same) {
                    Some(group) => group.calls += 1,
                    None => groups.push(CallGroup {
                        user_id: call.user_id,
                        key_id: call.key_id,
                        client: call.client.to_string(),
                        server_id,
                        kind: call.kind,
                        target: call.target.clone(),
                        calls: 1,
                    }),
                }
            }
            groups.sort_by_key(|group| Reverse(group.calls));
            groups.truncate(limit as usize);
            groups
        })
    }

    async fn counts(&self, since: Timestamp) -> Result<Vec<CallCount>, StoreError> {
        self.read(|state| {
            let mut counts: Vec<CallCount> = Vec::new();
            let counted = |call: &&Call| call.at >= since && call.outcome != Outcome::Limited;
            for call in state.calls.values().filter(counted) {
                let Call { project_id, user_id, key_id, .. } = *call;
                let same = |count: &&mut CallCount| {
                    (count.project_id, count.user_id, count.key_id) == (project_id, user_id, key_id)
                };
                match counts.iter_mut().find(same) {
                    Some(count) => count.calls += 1,
                    None => counts.push(CallCount { project_id, user_id, key_id, calls: 1 }),
                }
            }
            counts
        })
    }
}
