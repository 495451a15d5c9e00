//! Events: what people who look at the instance are told while it happens. Small facts that say where to look again,
//! never content. Who may see one is decided here, by the one decision function; how they travel is in [`bus`].

pub mod bus;

use std::sync::LazyLock;

use crate::Timestamp;
use crate::audit::{AuditAction, AuditRecord};
use crate::catalog::ItemKind;
use crate::id::{ProjectId, ServerId, UserId};
use crate::policy::{Action, Subject, authorize};

/// One thing that has just happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub at: Timestamp,
    /// None for what concerns the instance.
    pub project: Option<ProjectId>,
    /// Who sees it in any case, being the one whom it concerns: the owner of a key, who waits for an approval.
    pub concerns: Option<UserId>,
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A server is in another state; the word is that of [`ServerState::as_str`](crate::server_state::ServerState).
    ServerState { server: ServerId, state: &'static str, reason: Option<String> },
    /// One of a server's lists is another one.
    Catalog { server: ServerId, kind: ItemKind },
    /// Something was changed by an operator; `action` is that of the audit entry, such as `member.update`.
    Changed { action: String, target_kind: String, target_id: String, target_name: String, actor: Option<UserId> },
    /// Calls were recorded: how many since the last such event of the project, and how many of them failed; of the
    /// first few servers one by one.
    Calls { calls: u32, failed: u32, servers: Vec<CallsOf> },
}

/// Calls of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallsOf {
    pub server: ServerId,
    pub calls: u32,
    pub failed: u32,
}

impl Event {
    /// The event that follows from a committed audit entry.
    #[must_use]
    pub fn of_entry(entry: &AuditRecord) -> Self {
        let concerned = (entry.target_kind == "user").then(|| entry.target_id.parse().ok()).flatten();
        Self {
            at: entry.at,
            project: entry.project_id,
            concerns: concerned.or(entry.user_id),
            fact: Fact::Changed {
                action: entry.action.clone(),
                target_kind: entry.target_kind.clone(),
                target_id: entry.target_id.clone(),
                target_name: entry.target_name.clone(),
                actor: entry.user_id,
            },
        }
    }

    /// What a subject must be allowed to do in the event's project in order to see it.
    #[must_use]
    pub fn needs(&self) -> Action {
        match &self.fact {
            Fact::ServerState { .. } | Fact::Catalog { .. } | Fact::Calls { .. } => Action::View,
            Fact::Changed { action, .. } => needed_for(action),
        }
    }

    /// Whether an event of a project is for who is `subject` there.
    #[must_use]
    pub fn is_visible(&self, subject: &Subject) -> bool {
        // Without any role not even what concerns one is seen: the project does not exist for a stranger.
        let needed = if self.concerns == Some(subject.user) { Action::View } else { self.needs() };
        authorize(subject, needed, ()).is_ok()
    }
}

/// Who may know of an action in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Who sees the project.
    Everybody,
    /// Of these, who sees every tool: what becomes of a tool names it.
    OfTools,
    /// Who may read the audit trail.
    Inspectors,
}

impl Audience {
    const fn of(action: AuditAction) -> Self {
        use AuditAction as A;
        match action {
            A::ProjectCreate
            | A::ProjectDelete
            | A::ProjectUpdate
            | A::ProjectTeamCreate
            | A::ProjectTeamDelete
            | A::ProjectTeamUpdate
            | A::MemberDelete
            | A::MemberUpdate
            // Somebody new is here. Who was only invited is nobody's business.
            | A::InvitationAccept
            | A::ServerCreate
            | A::ServerDelete
            | A::ServerDisable
            | A::ServerEnable
            | A::ServerRestart
            | A::ServerStart
            | A::ServerStop
            | A::ServerUpdate
            | A::TeamCreate
            | A::TeamDelete
            | A::TeamUpdate => Self::Everybody,
            A::ToolChange => Self::OfTools,
            A::AccessRefuse
            | A::ApprovalApprove
            | A::ApprovalCancel
            | A::ApprovalConfirm
            | A::ApprovalDecline
            | A::ApprovalDeny
            | A::ApprovalExpire
            | A::ApprovalRequest
            | A::EncryptionBegin
            | A::EncryptionRotate
            | A::InvitationCreate
            | A::InvitationDecline
            | A::InvitationRevoke
            | A::KeyCreate
            | A::KeyRevoke
            | A::KeyRotate
            | A::KeyUpdate
            | A::LimitsUpdate
            | A::LoginEnd
            | A::LoginEndOthers
            | A::LoginFail
            | A::LoginOpen
            | A::LoginReuse
            | A::MailFail
            | A::PersonalSecretDelete
            | A::PersonalSecretUpdate
            | A::PolicyAdd
            | A::PolicyMove
            | A::PolicyRemove
            | A::PolicySwitchOff
            | A::PolicySwitchOn
            | A::PolicyUpdate
            | A::ProjectInspect
            | A::SecretsAdopt
            | A::SessionEnd
            | A::TeamMemberDelete
            | A::TeamMemberUpdate
            | A::UserActivate
            | A::UserChangePassword
            | A::UserCreate
            | A::UserCreateReset
            | A::UserDeactivate
            | A::UserDemote
            | A::UserForgetPassword
            | A::UserPromote
            | A::UserRefusePassword
            | A::UserResetPassword
            | A::UserUpdate => Self::Inspectors,
        }
    }
}

/// The actions that everybody may know of who sees the project.
#[must_use]
pub fn public_actions() -> &'static [&'static str] {
    static ACTIONS: LazyLock<Vec<&str>> = LazyLock::new(|| actions_for(&[Audience::Everybody, Audience::OfTools]));
    &ACTIONS
}

/// The same for who does not see every tool.
#[must_use]
pub fn public_actions_but_of_tools() -> &'static [&'static str] {
    static ACTIONS: LazyLock<Vec<&str>> = LazyLock::new(|| actions_for(&[Audience::Everybody]));
    &ACTIONS
}

fn actions_for(audiences: &[Audience]) -> Vec<&'static str> {
    let told = AuditAction::ALL.iter().copied().filter(|action| audiences.contains(&Audience::of(*action)));
    told.map(AuditAction::as_str).collect()
}

/// Whether an entry that stands alone, which no change of anything belongs to, is news for who watches. A look is none: who
/// watches the trail would be told of his own looking. An approval tells of itself, while it still waits.
#[must_use]
pub fn is_news(action: &str) -> bool {
    action != AuditAction::ProjectInspect.as_str() && !action.starts_with("approval.")
}

/// What one must be allowed to do in a project in order to be told of such an action. What is not known is for those who
/// may read the audit trail.
#[must_use]
pub fn needed_for(action: &str) -> Action {
    if public_actions().contains(&action) { Action::View } else { Action::Inspect }
}

#[cfg(test)]
mod tests {
    use super::{Event, Fact, is_news, needed_for, public_actions, public_actions_but_of_tools};
    use crate::Timestamp;
    use crate::id::UserId;
    use crate::policy::{Action, Subject};
    use crate::role::Role;

    const NOW: Timestamp = time::macros::datetime!(2026-01-01 0:00 UTC);

    fn changed(action: &str, concerns: Option<UserId>) -> Event {
        let text = String::new;
        let fact = Fact::Changed {
            action: action.to_owned(),
            target_kind: text(),
            target_id: text(),
            target_name: text(),
            actor: None,
        };
        Event { at: NOW, project: None, concerns, fact }
    }

    #[test]
    fn what_is_not_known_to_be_public_is_for_those_who_inspect() {
        assert_eq!(needed_for("server.update"), Action::View);
        assert_eq!(needed_for("project.update"), Action::View);
        assert_eq!(needed_for("project_team.create"), Action::View);
        assert_eq!(needed_for("invitation.accept"), Action::View);
        for action in
            ["invitation.create", "project.inspect", "access.refuse", "key.create", "login.fail", "something.new", ""]
        {
            assert_eq!(needed_for(action), Action::Inspect, "{action}");
        }
    }

    #[test]
    fn refusals_failed_logins_and_changed_tools_are_news_and_a_look_is_none() {
        for action in ["access.refuse", "login.fail", "tool.change", "server.restart"] {
            assert!(is_news(action), "{action}");
        }
        for action in ["project.inspect", "approval.request", "approval.approve"] {
            assert!(!is_news(action), "{action}");
        }
    }

    #[test]
    fn what_becomes_of_tools_is_for_who_sees_them_all() {
        let others: Vec<_> = public_actions().iter().filter(|action| **action != "tool.change").copied().collect();
        assert_eq!(public_actions_but_of_tools(), others);
        assert_ne!(public_actions(), others);
    }

    #[test]
    fn the_one_whom_it_concerns_sees_it_as_long_as_the_project_exists_for_him() {
        let me = UserId::new();
        let event = changed("key.create", Some(me));
        assert!(event.is_visible(&Subject::of(me, Some(Role::Member))));
        assert!(!event.is_visible(&Subject::of(me, None)));
        assert!(!event.is_visible(&Subject::of(UserId::new(), Some(Role::Member))));
        assert!(event.is_visible(&Subject::of(UserId::new(), Some(Role::Admin))));
    }
}
