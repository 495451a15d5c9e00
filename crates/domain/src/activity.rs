//! What happened in a project: changes by operators and calls by clients, as one list. The questions that can be
//! asked of it; who answers is behind [`ActivityRepo`](crate::port::activity_repo::ActivityRepo).

use std::cmp::Reverse;

use crate::Timestamp;
use crate::audit::AuditRecord;
use crate::call::{Call, CallKind, OutcomeKind};
use crate::id::{KeyId, ProjectId, ServerId, UserId};
use crate::refusal::Reason;

/// Which calls. Everything that is None does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallQuery {
    pub project: ProjectId,
    pub user: Option<UserId>,
    pub key: Option<KeyId>,
    pub server: Option<ServerId>,
    pub kind: Option<CallKind>,
    /// The whole name of a tool or prompt, or a resource's URI.
    pub target: Option<String>,
    pub outcome: Option<OutcomeFilter>,
    /// Only calls that were refused for one of these.
    pub reasons: Option<Vec<Reason>>,
    /// No calls that were refused for one of these.
    pub except: &'static [Reason],
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// A part of the server's alias, the target or the client's name, in any case.
    pub search: Option<String>,
}

impl CallQuery {
    /// All calls of a project.
    #[must_use]
    pub const fn all(project: ProjectId) -> Self {
        Self {
            project,
            user: None,
            key: None,
            server: None,
            kind: None,
            target: None,
            outcome: None,
            reasons: None,
            except: &[],
            from: None,
            until: None,
            search: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeFilter {
    /// Everything but `ok`.
    Failed,
    Is(OutcomeKind),
}

impl OutcomeFilter {
    const FAILED: &'static str = "failed";

    /// Every word that it can be written as: `failed`, and those of the outcomes.
    pub fn words() -> impl Iterator<Item = &'static str> {
        std::iter::once(Self::FAILED).chain(OutcomeKind::ALL.map(OutcomeKind::as_str))
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == Self::FAILED { Some(Self::Failed) } else { OutcomeKind::parse(text).map(Self::Is) }
    }

    #[must_use]
    pub fn matches(self, outcome: OutcomeKind) -> bool {
        match self {
            Self::Failed => outcome != OutcomeKind::Ok,
            Self::Is(kind) => outcome == kind,
        }
    }
}

/// Which audit entries. Everything that is None does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryFilter {
    pub user: Option<UserId>,
    /// An action such as `server.update`, or a noun such as `server` for all of its actions.
    pub action: Option<String>,
    /// Only these actions; None for all.
    pub actions: Option<&'static [&'static str]>,
    /// Entries about other servers are left out; what is about no server stays.
    pub servers: InSight,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub search: Option<EntrySearch>,
}

/// A part of a text of an entry, in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntrySearch {
    pub text: String,
    pub by: SearchedBy,
}

/// Where a part of a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchedBy {
    /// The target's name, the action and the detail.
    What,
    /// These, and the e-mail address of who did it. For who may know everybody.
    WhatAndWho,
}

/// The servers that somebody may know of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum InSight {
    #[default]
    All,
    Only(Vec<ServerId>),
    /// Also those that are gone.
    AllBut(Vec<ServerId>),
}

impl InSight {
    /// What entries about a server have as the kind of their target.
    pub const TARGET_KIND: &'static str = "server";

    #[must_use]
    pub fn has(&self, server: ServerId) -> bool {
        match self {
            Self::All => true,
            Self::Only(servers) => servers.contains(&server),
            Self::AllBut(servers) => !servers.contains(&server),
        }
    }
}

/// One thing that happened, with its place among those of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    Call(Call),
    Change(AuditRecord),
}

impl Happening {
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Call(call) => call.at,
            Self::Change(entry) => entry.at,
        }
    }
}

/// An item with its number in the record of its project. Numbers grow as things are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered<T> {
    pub seq: u64,
    pub item: T,
}

/// Where a reader of the list is: the next page begins below these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub calls: u64,
    pub changes: u64,
}

impl Place {
    pub const NEWEST: Self = Self { calls: u64::MAX, changes: u64::MAX };
}

/// Merges two lists, each newest first, into the `limit` newest, and tells where the next page begins; None when there
/// is no more. Each list was read with one item more than `limit`. Calls have their numbers in the order in which they
/// were stored, which is nearly that of their times; within a page it is that of the times.
#[must_use]
pub fn merge(
    calls: Vec<Numbered<Call>>,
    changes: Vec<Numbered<AuditRecord>>,
    from: Place,
    limit: usize,
) -> (Vec<Happening>, Option<Place>) {
    let (mut calls, mut changes) = (calls.into_iter().peekable(), changes.into_iter().peekable());
    let (mut merged, mut place) = (Vec::new(), from);
    while merged.len() < limit {
        let call_is_next = match (calls.peek(), changes.peek()) {
            (None, None) => break,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(call), Some(change)) => call.item.at >= change.item.at,
        };
        if call_is_next {
            if let Some(call) = calls.next() {
                place.calls = call.seq;
                merged.push(Happening::Call(call.item));
            }
        } else if let Some(change) = changes.next() {
            place.changes = change.seq;
            merged.push(Happening::Change(change.item));
        }
    }
    let more = calls.peek().is_some() || changes.peek().is_some();
    merged.sort_by_key(|happening| Reverse(happening.at()));
    (merged, more.then_some(place))
}
