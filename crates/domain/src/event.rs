//! Events: what people who look at the instance are told while it happens. Small facts that say where to look again,
//! never content. Who may see one is decided here, by the one decision function; how they travel is in [`bus`].

pub mod bus;

use crate::Timestamp;
use crate::audit::AuditRecord;
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

/// Nouns of actions that everybody may know of who sees the project.
pub const PUBLIC_NOUNS: &[&str] =
    &["project", "server", "tool", "member", "membership", "grant", "team", "catalog", "settings"];

/// The same for who does not see every tool: what becomes of a tool names it.
pub const PUBLIC_NOUNS_BUT_TOOLS: &[&str] =
    &["project", "server", "member", "membership", "grant", "team", "catalog", "settings"];

/// The one action of a public noun that is for those who inspect.
pub const LOOK: &str = "project.inspect";

/// Whether an entry that stands alone, which no change of anything belongs to, is news for who watches. A look is none: who
/// watches the trail would be told of his own looking. An approval tells of itself, while it still waits.
#[must_use]
pub fn is_news(action: &str) -> bool {
    action != LOOK && !action.starts_with("approval.")
}

/// What one must be allowed to do in a project in order to be told of such an action. What is not named here is for
/// those who may read the audit trail.
#[must_use]
pub fn needed_for(action: &str) -> Action {
    let noun = action.split_once('.').map_or(action, |(noun, _)| noun);
    if PUBLIC_NOUNS.contains(&noun) && action != LOOK { Action::View } else { Action::Inspect }
}

#[cfg(test)]
mod tests {
    use super::{Event, Fact, LOOK, PUBLIC_NOUNS, PUBLIC_NOUNS_BUT_TOOLS, is_news, needed_for};
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
        for action in ["project.inspect", "access.refuse", "key.create", "login.fail", "something.new", ""] {
            assert_eq!(needed_for(action), Action::Inspect, "{action}");
        }
    }

    #[test]
    fn refusals_failed_logins_and_changed_tools_are_news_and_a_look_is_none() {
        for action in ["access.refuse", "login.fail", "tool.change", "server.restart"] {
            assert!(is_news(action), "{action}");
        }
        for action in [LOOK, "approval.request", "approval.approve"] {
            assert!(!is_news(action), "{action}");
        }
    }

    #[test]
    fn the_nouns_without_tools_are_the_others() {
        let others: Vec<_> = PUBLIC_NOUNS.iter().filter(|noun| **noun != "tool").copied().collect();
        assert_eq!(PUBLIC_NOUNS_BUT_TOOLS, others);
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
