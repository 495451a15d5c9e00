//! Answers to invitations, by who holds the link or has the address.

use orch_domain::audit::{AuditAction, FactName};
use orch_domain::email::Email;
use orch_domain::id::{InvitationId, UserId};
use orch_domain::invitation::{Invitation, InvitationOrigin, InvitationTarget, MailState};
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::Action;
use orch_domain::port::invitation_repo::{Accepting, InvitationFilter};
use orch_domain::port::link_minter::LinkPurpose;
use orch_domain::principal::{Credential, Principal};
use orch_domain::team::{TeamAction, TeamRole};
use orch_domain::user::{Preferences, User};
use secrecy::SecretString;

use super::{InvitationSeen, Invitations, as_what, entry_of, over};
use crate::audit::Trail;
use crate::config::SignUp;
use crate::display_name;
use crate::error::ControlError;

/// The account that somebody makes by accepting.
#[derive(Debug)]
pub struct NewAccount {
    pub name: String,
    pub password: SecretString,
}

/// What a link leads to.
#[derive(Debug)]
pub struct Found {
    pub seen: InvitationSeen,
    /// Whether accepting makes an account for who has none. Says nothing of whether the address has one.
    pub makes_account: bool,
}

/// What accepting led to.
#[derive(Debug)]
pub struct Accepted {
    pub seen: InvitationSeen,
    /// The account that is in now.
    pub email: Email,
}

/// The same whether the address has an account or not.
const LOG_IN_FIRST: &str = "log in with the account of the address that was invited, and accept then; who has no \
                            account asks an instance admin for one";

impl Invitations {
    /// What a link leads to, for who holds it.
    pub async fn look(&self, token: &SecretString) -> Result<Found, ControlError> {
        let invitation = self.open(token).await?;
        let makes_account = self.makes_accounts(&invitation).await?;
        Ok(Found { seen: self.seen(invitation).await?, makes_account })
    }

    /// Those for the principal's own address that can be answered, newest first; none for an account that may not be
    /// the address's own: that one needs the link of each.
    pub async fn list_own(&self, who: &Principal, page: PageRequest) -> Result<Page<InvitationSeen>, ControlError> {
        let user = self.account(who).await?;
        if !user.address_proven {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let open_at = Some(self.ports.clock.now());
        let filter = InvitationFilter { email: Some(user.email), open_at, ..InvitationFilter::default() };
        let found = self.ports.invitations.list(&filter, page).await?;
        self.all_seen(found).await
    }

    /// Accepts by link with the account of the address.
    pub async fn accept(&self, who: &Principal, token: &SecretString) -> Result<Accepted, ControlError> {
        let user = self.account(who).await?;
        let invitation = self.open(token).await?;
        if invitation.email != user.email {
            let problem = "the invitation is for another address: log in with the account of that one".to_owned();
            return Err(ControlError::Conflict { problem });
        }
        self.accept_as(who, invitation, &user).await
    }

    /// Accepts by link and makes the account of the address, where that may be.
    pub async fn accept_as_new(&self, token: &SecretString, account: NewAccount) -> Result<Accepted, ControlError> {
        let invitation = self.open(token).await?;
        let name = display_name::parse("name", &account.name)?;
        if !self.makes_accounts(&invitation).await? {
            return Err(ControlError::Conflict { problem: LOG_IN_FIRST.to_owned() });
        }
        let hash = self.ports.hasher.hash(&account.password).await?;
        let now = self.ports.clock.now();
        let user = User {
            id: UserId::new(),
            email: invitation.email.clone(),
            name,
            password: Some(hash),
            instance_admin: matches!(invitation.target, InvitationTarget::Instance { admin: true }),
            address_proven: self.proves_address(&invitation).await?,
            preferences: Preferences::default(),
            deactivated_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let trail = self.trail_of(Trail::of_the_system(now), invitation.target);
        let entries = [
            Trail::of_the_system(now)
                .entry(
                    AuditAction::UserCreate,
                    "user",
                    user.id,
                    user.email.as_str(),
                    "by accepting an invitation".to_owned(),
                )
                .with(FactName::Through, "invitation"),
            entry_of(&trail, AuditAction::InvitationAccept, &invitation, as_what(invitation.target)),
        ];
        let accepted = self.ports.invitations.accept(invitation.id, Accepting::New(&user), now, &entries).await;
        match accepted.map_err(ControlError::from) {
            Err(ControlError::Conflict { .. }) => Err(ControlError::Conflict { problem: LOG_IN_FIRST.to_owned() }),
            Err(error) => Err(self.lost(&invitation, error).await?),
            Ok(()) => {
                self.ports.written_users().await;
                self.accepted(invitation, user.email).await
            }
        }
    }

    /// Declines by link.
    pub async fn decline(&self, token: &SecretString) -> Result<(), ControlError> {
        let invitation = self.open(token).await?;
        self.declined(Trail::of_the_system(self.ports.clock.now()), invitation).await
    }

    /// Accepts one of [`Self::list_own`].
    pub async fn accept_own(&self, who: &Principal, id: &str) -> Result<Accepted, ControlError> {
        let (user, invitation) = self.own(who, id).await?;
        self.accept_as(who, invitation, &user).await
    }

    /// Declines one of [`Self::list_own`].
    pub async fn decline_own(&self, who: &Principal, id: &str) -> Result<(), ControlError> {
        let (_, invitation) = self.own(who, id).await?;
        self.declined(Trail::new(who, self.ports.clock.now()), invitation).await
    }

    async fn accept_as(&self, who: &Principal, invitation: Invitation, user: &User) -> Result<Accepted, ControlError> {
        let now = self.ports.clock.now();
        let trail = self.trail_of(Trail::new(who, now), invitation.target);
        let entry = entry_of(&trail, AuditAction::InvitationAccept, &invitation, as_what(invitation.target));
        let by = Accepting::Account(user.id);
        match self.ports.invitations.accept(invitation.id, by, now, &[entry]).await {
            Ok(()) => self.accepted(invitation, user.email.clone()).await,
            Err(error) => Err(self.lost(&invitation, error.into()).await?),
        }
    }

    async fn accepted(&self, invitation: Invitation, email: Email) -> Result<Accepted, ControlError> {
        match invitation.target {
            InvitationTarget::Instance { .. } => self.ports.written_users().await,
            InvitationTarget::Project { id, .. } => self.ports.written(id).await,
            InvitationTarget::Team { .. } => self.ports.written_teams().await,
        }
        // As it is now.
        let invitation = self.ports.invitations.find(invitation.id).await?.unwrap_or(invitation);
        Ok(Accepted { seen: self.seen(invitation).await?, email })
    }

    async fn declined(&self, trail: Trail, invitation: Invitation) -> Result<(), ControlError> {
        let trail = self.trail_of(trail, invitation.target);
        let entry = entry_of(&trail, AuditAction::InvitationDecline, &invitation, as_what(invitation.target));
        let declined = self.ports.invitations.decline(invitation.id, self.ports.clock.now(), &entry).await;
        match declined {
            Ok(()) => Ok(()),
            Err(error) => Err(self.lost(&invitation, error.into()).await?),
        }
    }

    /// Somebody else was quicker: says what became of the invitation.
    async fn lost(&self, invitation: &Invitation, error: ControlError) -> Result<ControlError, ControlError> {
        if !matches!(error, ControlError::Stale { what: "invitation" }) {
            return Ok(error);
        }
        let found = self.ports.invitations.find(invitation.id).await?;
        Ok(found.as_ref().map_or(ControlError::Missing { what: "invitation" }, over))
    }

    /// The invitation behind a token, if it can still be answered.
    async fn open(&self, token: &SecretString) -> Result<Invitation, ControlError> {
        let missing = || ControlError::Missing { what: "invitation" };
        let hash = self.ports.links.hash_of(LinkPurpose::Invitation, token).ok_or_else(missing)?;
        let invitation = self.ports.invitations.find_by_hash(&hash).await?.ok_or_else(missing)?;
        self.still_good(invitation).await
    }

    async fn own(&self, who: &Principal, id: &str) -> Result<(User, Invitation), ControlError> {
        let missing = || ControlError::Missing { what: "invitation" };
        let user = self.account(who).await?;
        let id: InvitationId = id.parse().map_err(|_| missing())?;
        let found = self.ports.invitations.find(id).await?.filter(|found| found.email == user.email);
        let found = found.ok_or_else(missing)?;
        if !user.address_proven {
            return Err(missing());
        }
        let invitation = self.still_good(found).await?;
        Ok((user, invitation))
    }

    /// Whether who makes an account by the link reads the mail of its address: it was mailed there, or an instance admin
    /// handed it over.
    async fn proves_address(&self, invitation: &Invitation) -> Result<bool, ControlError> {
        let to_instance = matches!(invitation.target, InvitationTarget::Instance { .. });
        Ok(invitation.mail != MailState::NotSent || to_instance || self.by_an_instance_admin(invitation).await?)
    }

    async fn still_good(&self, invitation: Invitation) -> Result<Invitation, ControlError> {
        if !invitation.is_open(self.ports.clock.now()) {
            return Err(over(&invitation));
        }
        if !self.inviter_may(&invitation).await? {
            let problem = "who invited may not do so any more: ask somebody else for an invitation".to_owned();
            return Err(ControlError::Gone { problem });
        }
        Ok(invitation)
    }

    /// The account behind a login.
    async fn account(&self, who: &Principal) -> Result<User, ControlError> {
        self.access.login(who).await?;
        let user = match who.credential {
            Credential::Console => None,
            Credential::Login { .. } | Credential::Key { .. } => self.ports.users.find(who.user_id).await?,
        };
        user.filter(User::is_active).ok_or(ControlError::Missing { what: "user" })
    }

    /// An invitation is good only as long as who made it could make it again: otherwise somebody who was shown the
    /// door could have left a key under the mat.
    async fn inviter_may(&self, invitation: &Invitation) -> Result<bool, ControlError> {
        let inviter = match (invitation.origin, invitation.inviter) {
            (InvitationOrigin::Console, _) => return Ok(true),
            (InvitationOrigin::SignUp, _) => {
                let open = self.ports.people.sign_up == SignUp::Open;
                return Ok(open && self.ports.people.allows(invitation.email.as_str()));
            }
            (InvitationOrigin::Person, None) => return Ok(false),
            (InvitationOrigin::Person, Some(id)) => id,
        };
        let Some(user) = self.ports.users.find(inviter).await?.filter(User::is_active) else {
            return Ok(false);
        };
        if user.instance_admin {
            return Ok(true);
        }
        Ok(match invitation.target {
            InvitationTarget::Instance { .. } => false,
            InvitationTarget::Project { id, .. } => {
                self.access.stored_role(inviter, id).await? >= Some(Action::ManageProject.least_role())
            }
            InvitationTarget::Team { id, .. } => {
                let member = self.ports.teams.find_member(id, inviter).await?;
                let role: Option<TeamRole> = member.map(|member| member.role);
                role >= Some(TeamAction::Manage.least_role())
            }
        })
    }

    /// Whether accepting may make an account: who makes accounts anyway has invited, or the settings let it.
    async fn makes_accounts(&self, invitation: &Invitation) -> Result<bool, ControlError> {
        let by_the_settings = match self.ports.people.sign_up {
            SignUp::Closed => false,
            SignUp::Invite | SignUp::Open => self.ports.people.allows(invitation.email.as_str()),
        };
        Ok(by_the_settings || self.by_an_instance_admin(invitation).await?)
    }

    async fn by_an_instance_admin(&self, invitation: &Invitation) -> Result<bool, ControlError> {
        Ok(match (invitation.origin, invitation.inviter) {
            (InvitationOrigin::Console, _) => true,
            (InvitationOrigin::Person, Some(id)) => {
                self.ports.users.find(id).await?.is_some_and(|user| user.instance_admin && user.is_active())
            }
            _ => false,
        })
    }

    fn trail_of(&self, trail: Trail, target: InvitationTarget) -> Trail {
        match target {
            InvitationTarget::Project { id, .. } => {
                let directory = self.ports.directory.current();
                trail.project_named(id, directory.project(id).map_or("", |facts| facts.project.slug.as_str()))
            }
            InvitationTarget::Team { id, .. } => {
                let directory = self.ports.directory.current();
                directory.teams().team(id).map_or(trail.clone(), |team| trail.team_named(team.slug.as_str()))
            }
            InvitationTarget::Instance { .. } => trail,
        }
    }
}
