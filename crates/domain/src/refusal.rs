//! Why a call was refused, for the record: one word, and the rule that decided where one did. What the client is told
//! is the relay's; it may say less.

use crate::call::Outcome;
use crate::id::RuleId;
use crate::words::words;

/// Why one call was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refusal {
    pub reason: Reason,
    /// The rule that said no, or that wanted the approval which was not given.
    pub rule: Option<RuleId>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, rule: None }
    }
}

words! {
    /// What kind of no it was. The words stay as they are once they are on record.
    Reason {
        /// There is nothing of that name.
        Unknown = "unknown",
        /// The request names nothing, or cannot be read.
        InvalidParams = "invalid_params",
        /// The account has no role on the project, or too low a one.
        Role = "role",
        /// The API key was made for less.
        KeyScope = "key_scope",
        /// A rule denies it.
        Rule = "rule",
        /// It is switched off in the project.
        SwitchedOff = "switched_off",
        /// An approver said no.
        ApprovalDenied = "approval_denied",
        /// The caller itself did not confirm it.
        ApprovalDeclined = "approval_declined",
        /// Nobody approved it in time.
        ApprovalExpired = "approval_expired",
        /// It needed an approval, and nobody could be asked.
        NoApprover = "no_approver",
        /// Another request with the same id has no answer yet.
        DuplicateId = "duplicate_id",
        SessionEnded = "session_ended",
        /// It could not be put on record what was decided about it.
        RecordUnavailable = "record_unavailable",
        /// Too many requests a minute.
        LimitPerMinute = "limit_per_minute",
        /// Too many calls at the same time.
        LimitConcurrent = "limit_concurrent",
        /// Too many calls a day.
        LimitPerDay = "limit_per_day",
        /// Too many requests of the account or session have no answer yet.
        LimitInFlight = "limit_in_flight",
        /// Too many calls wait for an approval.
        LimitApprovals = "limit_approvals",
        /// The server has too much to do, or its limit of connections is reached.
        ServerBusy = "server_busy",
    }
}

impl Reason {
    /// Where a call was refused before anything was found for its caller. Such a call has its target as the client wrote
    /// it, and counts for no server.
    pub const NOWHERE: [Self; 6] =
        [Self::Unknown, Self::InvalidParams, Self::Role, Self::KeyScope, Self::Rule, Self::SwitchedOff];

    /// How a call that is refused for this ends.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Unknown
            | Self::InvalidParams
            | Self::Role
            | Self::KeyScope
            | Self::Rule
            | Self::SwitchedOff
            | Self::ApprovalDenied
            | Self::ApprovalDeclined
            | Self::ApprovalExpired
            | Self::NoApprover
            | Self::DuplicateId
            | Self::SessionEnded
            | Self::RecordUnavailable => Outcome::Refused,
            Self::LimitPerMinute
            | Self::LimitConcurrent
            | Self::LimitPerDay
            | Self::LimitInFlight
            | Self::LimitApprovals
            | Self::ServerBusy => Outcome::Limited,
        }
    }

    #[must_use]
    pub fn leads_nowhere(self) -> bool {
        Self::NOWHERE.contains(&self)
    }

    /// What its caller may know: of what is hidden from it only that there is no such thing, as it was told.
    #[must_use]
    pub const fn told_to_caller(self) -> Self {
        match self {
            Self::Role | Self::KeyScope | Self::Rule | Self::SwitchedOff => Self::Unknown,
            told => told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn each_reason_has_a_word_of_its_own() {
        for reason in Reason::ALL.iter().copied() {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::parse("because"), None);
    }

    #[test]
    fn what_is_hidden_is_told_like_what_is_missing() {
        for reason in Reason::ALL.iter().copied() {
            let told = reason.told_to_caller();
            assert_eq!(told.told_to_caller(), told);
            assert!(told == reason || (told == Reason::Unknown && reason.leads_nowhere()), "{reason:?}");
        }
        assert_eq!(Reason::Rule.told_to_caller(), Reason::Unknown);
    }
}
