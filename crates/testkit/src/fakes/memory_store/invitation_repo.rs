//! Invitations in memory.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{InvitationId, UserId};
use orch_domain::invitation::{Invitation, InvitationState, InvitationTarget, MailState};
use orch_domain::membership::Membership;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::invitation_repo::{Accepting, InvitationFilter, InvitationRepo};
use orch_domain::team::TeamMembership;
use orch_domain::user::User;

use super::{MemoryStore, State, Writing, newest_first};

const THE_INVITATION: &str = "the invitation";

#[async_trait]
impl InvitationRepo for MemoryStore {
    async fn find(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        self.read(|state| state.invitations.get(&id).cloned())
    }

    async fn find_by_hash(&self, hash: &KeyHash) -> Result<Option<Invitation>, StoreError> {
        self.read(|state| state.invitations.values().find(|invitation| invitation.hash == *hash).cloned())
    }

    async fn list(&self, filter: &InvitationFilter, page: PageRequest) -> Result<Page<Invitation>, StoreError> {
        self.read(|state| {
            let shown = |invitation: &&Invitation| {
                filter.place.is_none_or(|place| invitation.target.is_same_place(&place))
                    && filter.email.as_ref().is_none_or(|email| invitation.email == *email)
                    && filter.open_at.is_none_or(|now| invitation.is_open(now))
            };
            newest_first(state.invitations.values().filter(shown), page, |invitation| invitation.id.as_uuid())
        })
    }

    async fn create(&self, invitation: &Invitation, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            state.require_place(invitation.target)?;
            let earlier = state
                .invitations
                .values_mut()
                .filter(|other| other.email == invitation.email && other.target.is_same_place(&invitation.target));
            for other in earlier.filter(|other| other.state == InvitationState::Pending) {
                other.state = InvitationState::Revoked { at: invitation.created_at };
            }
            state.invitations.insert(invitation.id, invitation.clone());
            writing.audit(audit);
            writing.is_news = true;
            Ok(())
        })
    }

    async fn accept(
        &self,
        id: InvitationId,
        by: Accepting<'_>,
        at: Timestamp,
        audits: &[AuditEntry],
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let stale = || StoreError::Stale { what: THE_INVITATION };
            let state = &mut writing.state;
            let invitation = state.invitations.get_mut(&id).filter(|found| found.is_open(at)).ok_or_else(stale)?;
            let (target, user) = match by {
                Accepting::Account(user) => (invitation.target, user),
                Accepting::New(user) => (invitation.target, user.id),
            };
            invitation.state = InvitationState::Accepted { at, by: user };
            match by {
                Accepting::Account(user) => {
                    state.require_user(user)?;
                    if !state.users.get(&user).is_some_and(User::is_active) {
                        return Err(StoreError::Stale { what: "the user" });
                    }
                }
                Accepting::New(user) => {
                    state.refuse_taken_email(user)?;
                    state.users.insert(user.id, user.clone());
                    writing.announce(Change::Users);
                }
            }
            writing.admit(target, user, at)?;
            for audit in audits {
                writing.audit(audit);
            }
            writing.is_news = true;
            Ok(())
        })
    }

    async fn decline(&self, id: InvitationId, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        self.end(id, InvitationState::Declined { at }, audit)
    }

    async fn revoke(&self, id: InvitationId, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        self.end(id, InvitationState::Revoked { at }, audit)
    }

    async fn note_mail(&self, id: InvitationId, mail: &MailState) -> Result<(), StoreError> {
        self.write(|writing| {
            if let Some(invitation) = writing.state.invitations.get_mut(&id) {
                invitation.mail = mail.clone();
            }
            Ok(())
        })
    }

    async fn note_queued(&self, mail: &MailState) -> Result<u64, StoreError> {
        self.write(|writing| {
            let all = writing.state.invitations.values_mut();
            let queued: Vec<_> = all.filter(|invitation| invitation.mail == MailState::Queued).collect();
            let count = queued.len() as u64;
            for invitation in queued {
                invitation.mail = mail.clone();
            }
            Ok(count)
        })
    }
}

impl MemoryStore {
    fn end(&self, id: InvitationId, state: InvitationState, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let pending = writing.state.invitations.get_mut(&id);
            let pending = pending.filter(|invitation| invitation.state == InvitationState::Pending);
            pending.ok_or(StoreError::Stale { what: THE_INVITATION })?.state = state;
            writing.audit(audit);
            writing.is_news = true;
            Ok(())
        })
    }
}

impl Writing {
    /// Adds the account to the place; a higher role that it has there already stays.
    fn admit(&mut self, target: InvitationTarget, user: UserId, at: Timestamp) -> Result<(), StoreError> {
        let state = &mut self.state;
        state.require_place(target)?;
        match target {
            InvitationTarget::Instance { admin: false } => {}
            InvitationTarget::Instance { admin: true } => {
                if let Some(user) = state.users.get_mut(&user).filter(|user| !user.instance_admin) {
                    user.instance_admin = true;
                    user.version += 1;
                    user.updated_at = at;
                }
                self.announce(Change::Users);
            }
            InvitationTarget::Project { id, role } => {
                let joined = Membership { project_id: id, user_id: user, role, created_at: at };
                let member = state.members.entry((id, user)).or_insert(joined);
                member.role = member.role.max(role);
                self.announce(Change::Project(id));
            }
            InvitationTarget::Team { id, role } => {
                let joined = TeamMembership { team_id: id, user_id: user, role, created_at: at };
                let member = state.team_members.entry((id, user)).or_insert(joined);
                member.role = member.role.max(role);
                self.announce(Change::Teams);
            }
        }
        Ok(())
    }
}

impl State {
    fn require_place(&self, target: InvitationTarget) -> Result<(), StoreError> {
        match target {
            InvitationTarget::Project { id, .. } if !self.projects.contains_key(&id) => {
                Err(StoreError::Missing { what: "the project" })
            }
            InvitationTarget::Team { id, .. } if !self.teams.contains_key(&id) => {
                Err(StoreError::Missing { what: "the team" })
            }
            _ => Ok(()),
        }
    }
}
