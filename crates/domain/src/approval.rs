//! A call that waits until somebody agrees. What it wants to do is kept only as long as it waits.

use std::sync::Arc;

use crate::Timestamp;
use crate::call::CallKind;
use crate::id::{ApprovalId, KeyId, ProjectId, RuleId, ServerId, UserId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub id: ApprovalId,
    pub project_id: ProjectId,
    /// Who wants to call.
    pub user_id: UserId,
    pub key_id: Option<KeyId>,
    /// What the client calls itself.
    pub client: Arc<str>,
    pub server_id: ServerId,
    pub server: Arc<str>,
    pub kind: CallKind,
    /// The tool's or prompt's own name, or the resource's URI.
    pub target: String,
    /// The arguments as JSON text, for who has to decide; cut when long, and gone when it is decided.
    pub arguments: Option<String>,
    pub rule_id: RuleId,
    pub asked_at: Timestamp,
    /// From then on it counts as refused.
    pub expires_at: Timestamp,
    /// Whether the caller's own client may confirm as well.
    pub caller_may_confirm: bool,
    pub state: ApprovalState,
    pub decided_at: Option<Timestamp>,
    /// None for what nobody decided, and where the caller confirmed itself it is the caller.
    pub decided_by: Option<UserId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApprovalState {
    Pending,
    Approved,
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The caller has left, or lost its access.
    Cancelled,
}

impl ApprovalState {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Denied, Self::Expired, Self::Cancelled];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What an approver says.
#[derive(Debug)]
pub enum Answer {
    Approve(crate::policy::decision::Consent),
    Deny,
}
