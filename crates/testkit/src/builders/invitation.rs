//! Invitations.

use std::time::Duration;

use orch_domain::email::Email;
use orch_domain::id::{InvitationId, ProjectId, TeamId, UserId};
use orch_domain::invitation::{Invitation, InvitationOrigin, InvitationState, InvitationTarget, MailState};
use orch_domain::role::Role;
use orch_domain::team::TeamRole;

use crate::builders::{a_hash, unique};
use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct InvitationBuilder(Invitation);

/// A pending invitation to the instance, by the console, good for a day.
#[must_use]
pub fn an_invitation() -> InvitationBuilder {
    InvitationBuilder(Invitation {
        id: InvitationId::new(),
        email: Email::parse(&format!("invited-{}@example.com", unique())).expect("a valid address"),
        target: InvitationTarget::Instance { admin: false },
        inviter: None,
        origin: InvitationOrigin::Console,
        hash: a_hash(),
        created_at: FixedClock::START,
        expires_at: FixedClock::START + Duration::from_secs(24 * 60 * 60),
        state: InvitationState::Pending,
        mail: MailState::NotSent,
    })
}

impl InvitationBuilder {
    #[must_use]
    pub fn email(mut self, email: &Email) -> Self {
        self.0.email = email.clone();
        self
    }

    #[must_use]
    pub fn to_the_instance_as_admin(mut self) -> Self {
        self.0.target = InvitationTarget::Instance { admin: true };
        self
    }

    #[must_use]
    pub fn to_project(mut self, id: ProjectId, role: Role) -> Self {
        self.0.target = InvitationTarget::Project { id, role };
        self
    }

    #[must_use]
    pub fn to_team(mut self, id: TeamId, role: TeamRole) -> Self {
        self.0.target = InvitationTarget::Team { id, role };
        self
    }

    #[must_use]
    pub fn by(mut self, inviter: UserId) -> Self {
        self.0.inviter = Some(inviter);
        self.0.origin = InvitationOrigin::Person;
        self
    }

    #[must_use]
    pub fn good_for(mut self, lifetime: Duration) -> Self {
        self.0.expires_at = self.0.created_at + lifetime;
        self
    }

    #[must_use]
    pub fn build(self) -> Invitation {
        self.0
    }
}
