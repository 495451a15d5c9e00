//! Audit entries: one thing done by anybody in the control plane. Append-only. Calls are [`crate::call`].

use crate::Timestamp;
use crate::id::{AuditId, ProjectId};
use crate::principal::Principal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Timestamp,
    /// None for what concerns the instance and not one project.
    pub project_id: Option<ProjectId>,
    /// None for what nobody in particular did, such as the first start or a failed login.
    pub actor: Option<Principal>,
    /// `<noun>.<verb>`, such as `server.update`. Stable; part of the API.
    pub action: &'static str,
    /// What it was done to: the noun's name for people, and its id.
    pub target: AuditTarget,
    /// What changed, in plain words. Never a secret, never an argument of a call.
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTarget {
    /// `project`, `server`, `key`, `user`, `member`, `team`, `invitation`.
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
    pub user_id: Option<crate::id::UserId>,
    pub key_id: Option<crate::id::KeyId>,
    /// `login`, `key`, `console` or `system`.
    pub via: String,
    pub action: String,
    pub target_kind: String,
    pub target_id: String,
    pub target_name: String,
    pub detail: String,
}
