//! Audit entries: one thing done by anybody in the control plane. Append-only. Calls are [`crate::call`].

mod words;

use std::fmt::Display;

use crate::Timestamp;
use crate::id::{AuditId, KeyId, ProjectId, UserId};
use crate::principal::Principal;

pub use self::words::{AuditAction, ChangedPart, FactName, Right};

/// One thing that was done, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Timestamp,
    /// None for what concerns the instance and not one project.
    pub project_id: Option<ProjectId>,
    /// None for what nobody in particular did, such as the first start or a failed login.
    pub actor: Option<Principal>,
    pub action: AuditAction,
    /// What it was done to: the noun's name for people, and its id.
    pub target: AuditTarget,
    /// What changed, in plain words. Never a secret, never an argument of a call.
    pub detail: String,
    /// The same as values with names, for who says it in another language. In an order, and a name may be there again.
    /// Never a secret either.
    pub facts: Vec<(FactName, String)>,
}

impl AuditEntry {
    /// The entry with one fact more; an empty value is none.
    #[must_use]
    pub fn with(mut self, name: FactName, value: impl Display) -> Self {
        let value = value.to_string();
        if !value.is_empty() {
            self.facts.push((name, value));
        }
        self
    }

    /// The entry with all of these values under one name.
    #[must_use]
    pub fn with_all<V: Display>(self, name: FactName, values: impl IntoIterator<Item = V>) -> Self {
        values.into_iter().fold(self, |entry, value| entry.with(name, value))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTarget {
    /// A noun: `approval`, `instance`, `invitation`, `key`, `member`, `policy`, `project`, `server`, `session`, `team`,
    /// `team_member` or `user`.
    pub kind: &'static str,
    pub id: String,
    pub name: String,
}

/// A stored audit entry; the words come back as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub id: AuditId,
    pub at: Timestamp,
    pub project_id: Option<ProjectId>,
    pub user_id: Option<UserId>,
    /// The e-mail address of that account. Not part of the entry: it is looked up as the trail is read, and None where
    /// the reader may not know it.
    pub user_email: Option<String>,
    pub key_id: Option<KeyId>,
    /// `login`, `key`, `console` or `system`.
    pub via: String,
    pub action: String,
    pub target_kind: String,
    pub target_id: String,
    pub target_name: String,
    pub detail: String,
    /// Names and values. Empty in entries of versions before they were written.
    pub facts: Vec<(String, String)>,
}
