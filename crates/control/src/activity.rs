//! What happened in a project. Who inspects sees all of it; members see their own calls, and everybody who sees the
//! project sees what became of its people and of the servers that are there for him. An API key with a scope of its own
//! sees the calls that were made with it, and what became of its servers.

use std::fmt;
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::activity::{CallQuery, EntryQuery, Happening, InSight, OutcomeFilter, Place, merge};
use orch_domain::call::CallKind;
use orch_domain::event::{PUBLIC_NOUNS, PUBLIC_NOUNS_BUT_TOOLS};
use orch_domain::id::{KeyId, ServerId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::policy::Action;
use orch_domain::principal::{Credential, Principal};

use crate::access::Access;
use crate::error::ControlError;
use crate::ports::Ports;

/// A text that is searched for has at most so many bytes.
const MAX_SEARCH: usize = 200;

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
        check(&filter)?;
        let permit = self.access.project(who, project, Action::View).await?;
        let (id, role) = (permit.get().id, permit.get().role);
        let is_key = matches!(who.credential, Credential::Key { .. });
        let inspects = !is_key && role >= Action::Inspect.least_role();
        if inspects {
            self.access.note_look(who, &permit, "the activity").await?;
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
                let query = CallQuery { key: key.or(filter.key), ..filter.calls(id, user) };
                calls = self.ports.activity.calls(&query, place.calls, limit + 1).await?;
            }
        }
        let mut changes = Vec::new();
        if filter.wants_changes() {
            let nouns = if permit.get().sees_every_item() { PUBLIC_NOUNS } else { PUBLIC_NOUNS_BUT_TOOLS };
            let mut query = filter.entries(id, (!inspects).then_some(nouns));
            query.servers = permit.get().in_sight();
            changes = self.ports.activity.entries(&query, place.changes, limit + 1).await?;
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
            from: self.from,
            until: self.until,
            search: self.search.clone(),
        }
    }

    fn entries(&self, project: orch_domain::id::ProjectId, nouns: Option<&'static [&'static str]>) -> EntryQuery {
        EntryQuery {
            project,
            user: self.user,
            action: self.action.clone(),
            nouns,
            servers: InSight::All,
            from: self.from,
            until: self.until,
            search: self.search.clone(),
        }
    }
}

fn check(filter: &ActivityFilter) -> Result<(), ControlError> {
    if filter.search.as_ref().is_some_and(|text| text.len() > MAX_SEARCH) {
        let hint = format!("search for at most {MAX_SEARCH} bytes");
        return Err(ControlError::invalid("search", "it is too long", hint));
    }
    if let (Some(from), Some(until)) = (filter.from, filter.until)
        && from >= until
    {
        return Err(ControlError::invalid("from", "it is not before `until`", "swap the two"));
    }
    Ok(())
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity").finish_non_exhaustive()
    }
}
