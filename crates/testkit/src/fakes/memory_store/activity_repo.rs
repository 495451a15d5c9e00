//! Activity in memory. The number of a call or an entry is its place in the order of ids.

use async_trait::async_trait;
use orch_domain::activity::{CallQuery, EntryFilter, InSight, Numbered, SearchedBy};
use orch_domain::audit::AuditRecord;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::port::activity_repo::ActivityRepo;
use orch_domain::refusal::Reason;

use super::MemoryStore;

#[async_trait]
impl ActivityRepo for MemoryStore {
    async fn calls(&self, query: &CallQuery, below: u64, limit: u32) -> Result<Vec<Numbered<Call>>, StoreError> {
        self.read(|state| {
            let all = state.calls.values().filter(|call| call.project_id == query.project);
            newest(all, |call| matches_call(query, call), below, limit)
        })
    }

    async fn entries(
        &self,
        project: ProjectId,
        filter: &EntryFilter,
        below: u64,
        limit: u32,
    ) -> Result<Vec<Numbered<AuditRecord>>, StoreError> {
        self.read(|state| {
            let all: Vec<_> = state.told_entries().filter(|entry| entry.project_id == Some(project)).collect();
            newest(all.iter(), |entry| matches_entry(filter, entry), below, limit)
        })
    }
}

fn newest<'a, T: Clone + 'a>(
    all: impl Iterator<Item = &'a T>,
    wanted: impl Fn(&T) -> bool,
    below: u64,
    limit: u32,
) -> Vec<Numbered<T>> {
    let numbered = all.enumerate().map(|(at, item)| (at as u64 + 1, item));
    let mut found: Vec<_> = numbered
        .filter(|(seq, item)| *seq < below && wanted(item))
        .map(|(seq, item)| Numbered { seq, item: item.clone() })
        .collect();
    found.reverse();
    found.truncate(limit as usize);
    found
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn matches_call(query: &CallQuery, call: &Call) -> bool {
    query.user.is_none_or(|user| call.user_id == user)
        && query.key.is_none_or(|key| call.key_id == Some(key))
        && query.server.is_none_or(|server| call.server_id == Some(server))
        && query.kind.is_none_or(|kind| call.kind == kind)
        && query.target.as_ref().is_none_or(|target| call.target == *target)
        && query.outcome.is_none_or(|outcome| outcome.matches(call.outcome.kind()))
        && query.reasons.as_ref().is_none_or(|reasons| is_for(call, reasons))
        && !is_for(call, query.except)
        && query.from.is_none_or(|from| call.at >= from)
        && query.until.is_none_or(|until| call.at < until)
        && query
            .search
            .as_ref()
            .is_none_or(|text| [&*call.target, &*call.server, &*call.client].iter().any(|found| contains(found, text)))
}

/// Whether it was refused for one of these.
fn is_for(call: &Call, reasons: &[Reason]) -> bool {
    call.refusal.is_some_and(|refusal| reasons.contains(&refusal.reason))
}

pub(super) fn matches_entry(query: &EntryFilter, entry: &AuditRecord) -> bool {
    let noun = entry.action.split('.').next().unwrap_or_default();
    query.user.is_none_or(|user| entry.user_id == Some(user))
        && query.action.as_ref().is_none_or(|action| entry.action == *action || noun == action)
        && query.actions.is_none_or(|actions| actions.contains(&entry.action.as_str()))
        && (entry.target_kind != InSight::TARGET_KIND
            || entry.target_id.parse().map_or(query.servers == InSight::All, |server| query.servers.has(server)))
        && query.from.is_none_or(|from| entry.at >= from)
        && query.until.is_none_or(|until| entry.at < until)
        && query.search.as_ref().is_none_or(|search| {
            let who = entry.user_email.as_ref().filter(|_| search.by == SearchedBy::WhatAndWho);
            let what = [&entry.target_name, &entry.action, &entry.detail];
            what.into_iter().chain(who).any(|found| contains(found, &search.text))
        })
}
