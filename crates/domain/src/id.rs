//! Identifiers of the nouns. A new id is a version 7 UUID, so ids of one kind sort by creation.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A text that is not a UUID where an id was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a UUID")]
pub struct InvalidId {
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id that nothing else has.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "a default id would suggest a fixed value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| InvalidId { text: text.to_owned() })
            }
        }
    };
}

id!(/// Identifies a user.
    UserId);
id!(/// Identifies a project.
    ProjectId);
id!(/// Identifies a team.
    TeamId);
id!(/// Identifies an invitation.
    InvitationId);
id!(/// Identifies an upstream server of a project.
    ServerId);
id!(/// Identifies an API key; not its public part, which is a [`crate::api_key::KeyPublicId`].
    KeyId);
id!(/// Identifies a stored secret; part of what its sealed form is bound to.
    SecretId);
id!(/// Identifies one call of a tool, prompt or resource.
    CallId);
id!(/// Identifies an audit entry.
    AuditId);
id!(/// Identifies a user's star on something.
    StarId);
id!(/// Identifies a login: all refresh tokens that descend from one password check.
    LoginId);
id!(/// Identifies a session of an MCP client toward people; not the secret id that the client itself sends.
    SessionId);
id!(/// Identifies a rule of a project's policy.
    RuleId);
id!(/// Identifies a call that waits for somebody's approval.
    ApprovalId);
