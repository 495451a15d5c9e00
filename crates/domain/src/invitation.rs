//! Invitations: a single-use link for one e-mail address, to the instance, a project or a team. Nobody is added
//! anywhere without accepting.

use crate::Timestamp;
use crate::api_key::KeyHash;
use crate::email::Email;
use crate::id::{InvitationId, ProjectId, TeamId, UserId};
use crate::role::Role;
use crate::team::TeamRole;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    /// Who it is for; need not have an account yet.
    pub email: Email,
    pub target: InvitationTarget,
    /// None for the console, and for who asked for an account by signing up.
    pub inviter: Option<UserId>,
    pub origin: InvitationOrigin,
    /// The keyed hash of the token in the link; the plain text is shown or mailed once and never stored.
    pub hash: KeyHash,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub state: InvitationState,
    pub mail: MailState,
}

/// Where to, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvitationTarget {
    Instance { admin: bool },
    Project { id: ProjectId, role: Role },
    Team { id: TeamId, role: TeamRole },
}

/// How it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvitationOrigin {
    /// A person with a login invited; it is good as long as that person might still invite.
    Person,
    /// Made at the machine's own command line.
    Console,
    /// Somebody asked for an account; the link proves that the address is theirs.
    SignUp,
}

/// What became of it. Only a pending one can be accepted, and each changes state once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    Pending,
    Accepted { at: Timestamp, by: UserId },
    Declined { at: Timestamp },
    Revoked { at: Timestamp },
}

/// Whether the link went out by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailState {
    /// Not by mail: the link was shown to who invited.
    NotSent,
    Queued,
    Sent {
        at: Timestamp,
    },
    /// The reason is for people.
    Failed {
        at: Timestamp,
        reason: String,
    },
}

impl Invitation {
    /// Whether it can be accepted at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == InvitationState::Pending && now < self.expires_at
    }
}

impl InvitationTarget {
    /// The same place, whatever the role.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Instance { .. }, Self::Instance { .. }) => true,
            (Self::Project { id, .. }, Self::Project { id: other, .. }) => id == other,
            (Self::Team { id, .. }, Self::Team { id: other, .. }) => id == other,
            _ => false,
        }
    }
}
