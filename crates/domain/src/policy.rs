//! The one decision point. Pure; all facts are arguments. What concerns a project as a whole, [`authorize`] decides by
//! the role; what concerns an item of a server, [`decision`] decides by role, key and rules.

pub mod decision;
pub mod fingerprint;
pub mod hints;
pub mod item;
pub mod pattern;
pub mod rule;
pub mod scope;
mod spelling;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::api_key::ApiKey;
use crate::id::{ServerId, TeamId, UserId};
use crate::role::Role;

/// What a principal is on the project in question; made by [`crate::directory::Directory::subject`].
#[derive(Debug, Clone)]
pub struct Subject {
    /// The effective role, instance admins included; None for a stranger, a foreign key, a switched-off account.
    pub role: Option<Role>,
    /// The same without the rights of instance admins.
    pub own_role: Option<Role>,
    /// The account that answers: the person, or the creator of the key.
    pub user: UserId,
    pub teams: Arc<[TeamId]>,
    /// The key that is used, whose scope takes away from the role.
    pub key: Option<Arc<ApiKey>>,
}

impl Subject {
    /// Somebody who has no part in the project.
    #[must_use]
    pub fn stranger(user: UserId) -> Self {
        Self::of(user, None)
    }

    /// Somebody with a role, without teams and without a key.
    #[must_use]
    pub fn of(user: UserId, role: Option<Role>) -> Self {
        Self { role, own_role: role, user, teams: Arc::default(), key: None }
    }

    /// Whether the key that is used reaches the server; of everybody else it is true.
    #[must_use]
    pub fn reaches(&self, server: ServerId) -> bool {
        self.key.as_ref().is_none_or(|key| key.scope.has_server(server))
    }
}

/// Who asks, with what: a subject and the client that it uses.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    pub subject: &'a Subject,
    /// What the client calls itself, name and version; None while it has not said.
    pub client: Option<&'a str>,
}

/// What can be done in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See the project, its servers without secrets, tools, health and activity.
    View,
    /// List and call tools, prompts and resources.
    Call,
    /// Create, rotate and revoke own API keys, and see own calls.
    UseOwnKeys,
    /// See all calls, logs, the audit trail and all keys; revoke any key.
    Inspect,
    /// Agree to calls that need somebody's approval.
    Approve,
    /// Create, change, delete, start and stop servers; write secrets.
    ManageServers,
    /// Members, rules, limits, settings, deletion of the project.
    ManageProject,
}

impl Action {
    pub const ALL: [Self; 7] = [
        Self::View,
        Self::Call,
        Self::UseOwnKeys,
        Self::Inspect,
        Self::Approve,
        Self::ManageServers,
        Self::ManageProject,
    ];

    /// The least role that may.
    #[must_use]
    pub const fn least_role(self) -> Role {
        match self {
            Self::View => Role::Viewer,
            Self::Call | Self::UseOwnKeys => Role::Member,
            Self::Inspect | Self::Approve | Self::ManageServers | Self::ManageProject => Role::Admin,
        }
    }
}

/// Proof that [`authorize`] said yes to this object. Nothing else makes one.
#[derive(Debug)]
pub struct Permit<T>(T);

impl<T> Permit<T> {
    pub const fn get(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Why the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The subject may not even know that the object exists: answer as if it did not.
    #[error("there is no such object")]
    Hidden,
    /// The subject sees the object, and needs a higher role for this.
    #[error("this needs the role {needed}")]
    NeedsRole { needed: Role },
}

/// Decides whether `subject` may do `action` to `object`.
pub fn authorize<T>(subject: &Subject, action: Action, object: T) -> Result<Permit<T>, Denial> {
    let needed = action.least_role();
    match subject.role {
        None => Err(Denial::Hidden),
        Some(role) if role >= needed => Ok(Permit(object)),
        Some(_) => Err(Denial::NeedsRole { needed }),
    }
}
