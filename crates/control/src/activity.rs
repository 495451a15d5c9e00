//! What happened in a project. Who inspects sees all of it; members see their own calls, and everybody who sees the
//! project sees what became of its people and of the servers that are there for him. An API key with a scope of its own
//! sees the calls that were made with it, and what became of its servers.

use std::fmt;
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::activity::{
    CallQuery, EntryFilter, EntrySearch, Happening, InSight, OutcomeFilter, Place, SearchedBy, merge,
};
use orch_domain::call::CallKind;
use orch_domain::event::{public_actions, public_actions_but_of_tools};
use orch_domain::id::{KeyId, ServerId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::policy::Action;
use orch_domain::principal::{Credential, Principal};
use orch_domain::refusal::Reason;

use crate::access::Access;
use crate::audit::check_search;
use crate::error::ControlError;
use crate::looks::Part;
use crate::ports::Ports;

#[derive(Clone)]
pub struct Activity {
    ports: Arc<Ports>,
    access: Access,
}

/// What is asked for. What is None does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityFilter {
    pub what: What,
    pub user: Option<UserId>,
    pub key: Option<KeyId>,
    pub server: Option<ServerId>,
    pub kind: Option<CallKind>,
    pub target: Option<String>,
    pub outcome: Option<OutcomeFilter>,
    /// Only calls that were refused for this.
    pub reason: Option<Reason>,
    /// An action of an operator such as `server.update`, or its noun.
    pub action: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum What {
    #[default]
    Everything,
    Calls,
    Changes,
}

/// A part of the list, and where the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityPage {
    pub items: Vec<Happening>,
    pub next: Option<Place>,
}

impl Activity {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Newest first, from below `place`.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        filter: ActivityFilter,
        place: Place,
        limit: u32,
    ) -> Result<ActivityPage, ControlError> {
        check_search(filter.search.as_deref(), filter.from, filter.until)?;
        let permit = self.access.project(who, project, Action::View).await?;
        let (id, role) = (permit.get().id, permit.get().role);
        let is_key = matches!(who.credential, Credential::Key { .. });
        let inspects = !is_key && role >= Action::Inspect.least_role();
        if inspects {
            self.access.note_look(who, &permit, Part::Activity).await?;
        }
        let limit = limit.clamp(1, PageRequest::MAX_LIMIT);
        let mut calls = Vec::new();
        if filter.wants_calls() && role >= Action::Call.least_role() {
            let user = if inspects { filter.user } else { Some(who.user_id) };
            let key = permit.get().narrow_key();
            // The calls of others are none for who sees the own ones alone.
            let of_others = filter.user.is_some_and(|user| user != who.user_id)
                || key.is_some() && filter.key.is_some() && filter.key != key;
            if inspects || !of_others {
                let mut query = CallQuery { key: key.or(filter.key), ..filter.calls(id, user) };
                if !inspects {
                    as_told_to_caller(&mut query, filter.reason);
                }
                calls = self.ports.activity.calls(&query, place.calls, limit + 1).await?;
                if !inspects {
                    calls.iter_mut().for_each(|call| call.item.redact_for_caller());
                }
            }
        }
        let mut changes = Vec::new();
        if filter.wants_changes() {
            let sees_tools = permit.get().sees_every_item();
            let public = if sees_tools { public_actions() } else { public_actions_but_of_tools() };
            let entries = filter.entries((!inspects).then_some(public), permit.get().in_sight());
            changes = self.ports.activity.entries(id, &entries, place.changes, limit + 1).await?;
            if !inspects {
                changes.iter_mut().for_each(|change| change.item.user_email = None);
            }
        }
        let (items, next) = merge(calls, changes, place, limit as usize);
        Ok(ActivityPage { items, next })
    }
}

impl ActivityFilter {
    fn is_about_calls_only(&self) -> bool {
        self.key.is_some()
            || self.server.is_some()
            || self.kind.is_some()
            || self.target.is_some()
            || self.outcome.is_some()
            || self.reason.is_some()
    }

    fn wants_calls(&self) -> bool {
        self.what != What::Changes && self.action.is_none()
    }

    fn wants_changes(&self) -> bool {
        self.what != What::Calls && !self.is_about_calls_only()
    }

    fn calls(&self, project: orch_domain::id::ProjectId, user: Option<UserId>) -> CallQuery {
        CallQuery {
            project,
            user,
            key: self.key,
            server: self.server,
            kind: self.kind,
            target: self.target.clone(),
            outcome: self.outcome,
            reasons: self.reason.map(|reason| vec![reason]),
            except: &[],
            from: self.from,
            until: self.until,
            search: self.search.clone(),
        }
    }

    /// Only who inspects may know of every action, and who did it.
    fn entries(&self, public: Option<&'static [&'static str]>, servers: InSight) -> EntryFilter {
        let by = if public.is_none() { SearchedBy::WhatAndWho } else { SearchedBy::What };
        EntryFilter {
            user: self.user,
            action: self.action.clone(),
            actions: public,
            servers,
            from: self.from,
            until: self.until,
            search: self.search.clone().map(|text| EntrySearch { text, by }),
        }
    }
}

/// Asks by what the caller of a call is told of it: what was hidden from it is as what was never there.
fn as_told_to_caller(query: &mut CallQuery, reason: Option<Reason>) {
    query.reasons =
        reason.map(|told| Reason::ALL.iter().copied().filter(|reason| reason.told_to_caller() == told).collect());
    if query.server.is_some() {
        query.except = &Reason::NOWHERE;
    }
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity").finish_non_exhaustive()
    }
}
