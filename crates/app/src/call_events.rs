//! Tells of calls as they reach the database and counts them: one event for each project and batch, whatever the load.
//! Not on the way of a call.

use std::sync::Arc;

use async_trait::async_trait;
use orch_domain::call::{Call, Outcome};
use orch_domain::error::StoreError;
use orch_domain::event::{CallsOf, Event, Fact};
use orch_domain::id::ProjectId;
use orch_domain::map::Map;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallRepo, JournalPlace};
use orch_domain::port::clock::Clock;
use orch_domain::port::event_sink::EventSink;

use crate::metrics::Metrics;

/// This many servers are named in an event; a client that misses one reads again anyway.
const NAMED_SERVERS: usize = 32;

/// A repository of calls that emits what it stores.
pub(crate) struct ToldCalls {
    pub(crate) inner: Arc<dyn CallRepo>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
}

#[async_trait]
impl CallRepo for ToldCalls {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        self.inner.list(filter, page).await
    }

    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        self.inner.insert_from(calls, place).await?;
        self.metrics.count(calls);
        let now = self.clock.now();
        for (project, fact) in facts(calls) {
            self.events.emit(Event { at: now, project: Some(project), concerns: None, fact });
        }
        Ok(())
    }
}

fn facts(calls: &[Call]) -> Map<ProjectId, Fact> {
    let mut facts = Map::default();
    for call in calls {
        let fact =
            facts.entry(call.project_id).or_insert_with(|| Fact::Calls { calls: 0, failed: 0, servers: Vec::new() });
        let Fact::Calls { calls, failed, servers } = fact else { continue };
        let has_failed = u32::from(call.outcome != Outcome::Ok);
        *calls = calls.saturating_add(1);
        *failed = failed.saturating_add(has_failed);
        let Some(server) = call.server_id else { continue };
        if let Some(one) = servers.iter_mut().find(|one| one.server == server) {
            one.calls = one.calls.saturating_add(1);
            one.failed = one.failed.saturating_add(has_failed);
        } else if servers.len() < NAMED_SERVERS {
            servers.push(CallsOf { server, calls: 1, failed: has_failed });
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use orch_domain::call::Outcome;
    use orch_domain::event::{CallsOf, Fact};
    use orch_domain::id::ServerId;
    use orch_testkit::builders::a_call;

    use super::facts;

    #[test]
    fn sums_up_a_batch_for_each_project() {
        let (server, one) = (ServerId::new(), a_call().build());
        let with = |outcome| orch_domain::call::Call { server_id: Some(server), outcome, ..one.clone() };
        let other = a_call().build();
        let told = facts(&[with(Outcome::Ok), with(Outcome::Timeout), other.clone()]);
        assert_eq!(told.len(), 2);
        let servers = vec![CallsOf { server, calls: 2, failed: 1 }];
        assert_eq!(told[&one.project_id], Fact::Calls { calls: 2, failed: 1, servers });
    }
}
