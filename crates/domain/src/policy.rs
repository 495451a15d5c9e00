//! The one decision point: may this subject do this? Pure; all facts are arguments.

use crate::role::Role;

/// What a principal is on the project in question; made by [`crate::directory::Directory::subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The effective role, instance admins included; None for a stranger, a foreign key, a switched-off account.
    pub role: Option<Role>,
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
    /// Create, change, delete, start and stop servers; write secrets.
    ManageServers,
    /// Members, settings, deletion of the project.
    ManageProject,
}

impl Action {
    pub const ALL: [Self; 6] =
        [Self::View, Self::Call, Self::UseOwnKeys, Self::Inspect, Self::ManageServers, Self::ManageProject];

    /// The least role that may.
    #[must_use]
    pub const fn least_role(self) -> Role {
        match self {
            Self::View => Role::Viewer,
            Self::Call | Self::UseOwnKeys => Role::Member,
            Self::Inspect | Self::ManageServers | Self::ManageProject => Role::Admin,
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
pub fn authorize<T>(subject: Subject, action: Action, object: T) -> Result<Permit<T>, Denial> {
    let needed = action.least_role();
    match subject.role {
        None => Err(Denial::Hidden),
        Some(role) if role >= needed => Ok(Permit(object)),
        Some(_) => Err(Denial::NeedsRole { needed }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Denial, Subject, authorize};
    use crate::role::Role;

    #[test]
    fn decides_as_the_table_of_permissions_says() {
        let table = [
            (Action::View, [true, true, true]),
            (Action::Call, [false, true, true]),
            (Action::UseOwnKeys, [false, true, true]),
            (Action::Inspect, [false, false, true]),
            (Action::ManageServers, [false, false, true]),
            (Action::ManageProject, [false, false, true]),
        ];
        assert_eq!(table.len(), Action::ALL.len());
        for (action, allowed) in table {
            for (role, allowed) in Role::ALL.into_iter().zip(allowed) {
                let answer = authorize(Subject { role: Some(role) }, action, ());
                assert_eq!(answer.is_ok(), allowed, "{role} {action:?}");
            }
        }
    }

    #[test]
    fn hides_everything_from_strangers() {
        for action in Action::ALL {
            assert_eq!(authorize(Subject { role: None }, action, ()).map(|_| ()), Err(Denial::Hidden));
        }
    }
}
