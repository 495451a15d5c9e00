//! A call that waits until somebody agrees. What it wants to do is kept only as long as it waits.

use std::sync::Arc;

use crate::Timestamp;
use crate::audit::AuditAction;
use crate::call::CallKind;
use crate::id::{ApprovalId, KeyId, ProjectId, RuleId, ServerId, UserId};
use crate::words::words;

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

impl Approval {
    /// What has happened to it last, as the audit trail says it.
    #[must_use]
    pub fn action(&self) -> AuditAction {
        let by_caller = self.caller_may_confirm && self.decided_by == Some(self.user_id);
        match self.state {
            ApprovalState::Pending => AuditAction::ApprovalRequest,
            ApprovalState::Approved if by_caller => AuditAction::ApprovalConfirm,
            ApprovalState::Approved => AuditAction::ApprovalApprove,
            ApprovalState::Denied if by_caller => AuditAction::ApprovalDecline,
            ApprovalState::Denied => AuditAction::ApprovalDeny,
            ApprovalState::Expired => AuditAction::ApprovalExpire,
            ApprovalState::Cancelled => AuditAction::ApprovalCancel,
        }
    }
}

words! {
    ApprovalState {
        Pending = "pending",
        Approved = "approved",
        Denied = "denied",
        /// Nobody answered in time.
        Expired = "expired",
        /// The caller has left, or lost its access.
        Cancelled = "cancelled",
    }
}

/// What an approver says.
#[derive(Debug)]
pub enum Answer {
    Approve(crate::policy::decision::Consent),
    Deny,
}

#[cfg(test)]
mod tests {
    use super::{Approval, ApprovalState};
    use crate::Timestamp;
    use crate::call::CallKind;
    use crate::id::{ApprovalId, ProjectId, RuleId, ServerId, UserId};

    #[test]
    fn what_happened_last_has_the_word_of_the_trail() {
        let (caller, other) = (UserId::new(), UserId::new());
        let action = |state, decided_by, caller_may_confirm| {
            let approval = Approval {
                id: ApprovalId::new(),
                project_id: ProjectId::new(),
                user_id: caller,
                key_id: None,
                client: "".into(),
                server_id: ServerId::new(),
                server: "".into(),
                kind: CallKind::Tool,
                target: String::new(),
                arguments: None,
                rule_id: RuleId::new(),
                asked_at: Timestamp::UNIX_EPOCH,
                expires_at: Timestamp::UNIX_EPOCH,
                caller_may_confirm,
                state,
                decided_at: None,
                decided_by,
            };
            approval.action().as_str()
        };
        for (state, decided_by, caller_may_confirm, expected) in [
            (ApprovalState::Pending, None, true, "approval.request"),
            (ApprovalState::Approved, Some(other), true, "approval.approve"),
            (ApprovalState::Approved, Some(caller), true, "approval.confirm"),
            (ApprovalState::Approved, Some(caller), false, "approval.approve"),
            (ApprovalState::Denied, Some(other), true, "approval.deny"),
            (ApprovalState::Denied, Some(caller), true, "approval.decline"),
            (ApprovalState::Denied, Some(caller), false, "approval.deny"),
            (ApprovalState::Expired, None, true, "approval.expire"),
            (ApprovalState::Cancelled, None, true, "approval.cancel"),
        ] {
            assert_eq!(action(state, decided_by, caller_may_confirm), expected);
        }
    }
}
