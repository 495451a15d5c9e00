//! Invitations: made by who manages the place, answered by who has the link or the address. Nobody is told whether an
//! address has an account here.

mod answers;
mod letters;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::audit::{AuditAction, AuditEntry, FactName};
use orch_domain::email::Email;
use orch_domain::id::{InvitationId, UserId};
use orch_domain::invitation::{Invitation, InvitationOrigin, InvitationState, InvitationTarget, MailState};
use orch_domain::letter::LONGEST_IN_QUEUE;
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::Action;
use orch_domain::port::invitation_repo::InvitationFilter;
use orch_domain::port::link_minter::LinkPurpose;
use orch_domain::principal::{Credential, Principal};
use orch_domain::role::Role;
use orch_domain::team::{TeamAction, TeamRole};
use secrecy::{ExposeSecret, SecretString};

pub use self::answers::{Accepted, Found, NewAccount};
use crate::access::Access;
use crate::audit::Trail;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::users::parse_email;

#[derive(Clone)]
pub struct Invitations {
    ports: Arc<Ports>,
    access: Access,
}

/// Where invitations lead to; projects and teams by id or slug.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    Instance,
    Project(&'a str),
    Team(&'a str),
}

/// Where to, and as what.
#[derive(Debug, Clone, Copy)]
pub enum InvitedTo<'a> {
    Instance { admin: bool },
    Project { project: &'a str, role: Role },
    Team { team: &'a str, role: TeamRole },
}

#[derive(Debug, Clone)]
pub struct NewInvitation<'a> {
    pub email: &'a str,
    pub to: InvitedTo<'a>,
    /// How long it is good for: an hour to 30 days, by default what the settings say.
    pub good_for: Option<Duration>,
}

/// An invitation with the names of what it is about.
#[derive(Debug, Clone)]
pub struct InvitationSeen {
    pub invitation: Invitation,
    /// Slug and name of the project or team.
    pub place: Option<(String, String)>,
    /// E-mail address and name of who invited.
    pub inviter: Option<(Email, String)>,
    /// Neither answered, revoked nor over.
    pub open: bool,
}

/// An invitation that was just made. The link is there only when no mail goes out, and is shown this once.
#[derive(Debug)]
pub struct Issued {
    pub seen: InvitationSeen,
    pub link: Option<SecretString>,
}

impl Invitations {
    pub const SHORTEST: Duration = Duration::from_secs(60 * 60);
    pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Invites an address, whether it has an account or not. An earlier invitation of it to the same place ends.
    pub async fn create(&self, who: &Principal, new: NewInvitation<'_>) -> Result<Issued, ControlError> {
        let (target, trail) = self.manage(who, new.to).await?;
        let email = parse_email(new.email)?;
        let good_for = match new.good_for {
            None => Duration::from_secs(u64::from(self.ports.people.invitation_hours) * 60 * 60),
            Some(time) if (Self::SHORTEST..=Self::LONGEST).contains(&time) => time,
            Some(_) => {
                return Err(ControlError::invalid("expires_in_hours", "it is out of range", "use 1 to 720 hours"));
            }
        };
        self.refuse_who_is_there(target, &email).await?;
        self.issue(who, (email, target, good_for), &trail).await
    }

    /// Those to a place, newest first.
    pub async fn list(
        &self,
        who: &Principal,
        place: Place<'_>,
        page: PageRequest,
    ) -> Result<Page<InvitationSeen>, ControlError> {
        let (place, _) = self.manage(who, place.any_role()).await?;
        let filter = InvitationFilter { place: Some(place), ..InvitationFilter::default() };
        let found = self.ports.invitations.list(&filter, page).await?;
        self.all_seen(found).await
    }

    /// All of the instance, newest first.
    pub async fn list_all(&self, who: &Principal, page: PageRequest) -> Result<Page<InvitationSeen>, ControlError> {
        self.access.instance(who).await?;
        let found = self.ports.invitations.list(&InvitationFilter::default(), page).await?;
        self.all_seen(found).await
    }

    /// Makes a new link for a pending or expired invitation, in place of the old one.
    pub async fn renew(&self, who: &Principal, place: Place<'_>, id: &str) -> Result<Issued, ControlError> {
        let (before, trail) = self.managed(who, place, id).await?;
        if before.state != InvitationState::Pending {
            return Err(over(&before));
        }
        let good_for = Duration::try_from(before.expires_at - before.created_at).unwrap_or(Self::SHORTEST);
        self.issue(who, (before.email, before.target, good_for), &trail).await
    }

    /// Takes an invitation back; its link opens nothing from now on.
    pub async fn revoke(&self, who: &Principal, place: Place<'_>, id: &str) -> Result<(), ControlError> {
        let (invitation, trail) = self.managed(who, place, id).await?;
        if invitation.state != InvitationState::Pending {
            return Err(over(&invitation));
        }
        let entry = entry_of(&trail, AuditAction::InvitationRevoke, &invitation, String::new());
        self.ports.invitations.revoke(invitation.id, self.ports.clock.now(), &entry).await?;
        Ok(())
    }

    /// Who may manage the place gets its id, and a trail for entries about it.
    async fn manage(&self, who: &Principal, to: InvitedTo<'_>) -> Result<(InvitationTarget, Trail), ControlError> {
        let trail = Trail::new(who, self.ports.clock.now());
        Ok(match to {
            InvitedTo::Instance { admin } => {
                self.access.instance(who).await?;
                (InvitationTarget::Instance { admin }, trail)
            }
            InvitedTo::Project { project, role } => {
                let permit = self.access.project(who, project, Action::ManageProject).await?;
                (InvitationTarget::Project { id: permit.get().id, role }, trail.project(&permit))
            }
            InvitedTo::Team { team, role } => {
                let grant = self.access.team(who, team, TeamAction::Manage).await?;
                (InvitationTarget::Team { id: grant.id, role }, trail.team(&grant))
            }
        })
    }

    /// An invitation to a place that the principal manages.
    async fn managed(&self, who: &Principal, place: Place<'_>, id: &str) -> Result<(Invitation, Trail), ControlError> {
        let (target, trail) = self.manage(who, place.any_role()).await?;
        let missing = || ControlError::Missing { what: "invitation" };
        let id: InvitationId = id.parse().map_err(|_| missing())?;
        let found = self.ports.invitations.find(id).await?.ok_or_else(missing)?;
        // Instance admins reach all of them in one list.
        let reached = matches!(place, Place::Instance) || found.target.is_same_place(&target);
        if reached { Ok((found, trail)) } else { Err(missing()) }
    }

    async fn issue(
        &self,
        who: &Principal,
        (email, target, good_for): (Email, InvitationTarget, Duration),
        trail: &Trail,
    ) -> Result<Issued, ControlError> {
        let (inviter, origin) = match who.credential {
            Credential::Console => (None, InvitationOrigin::Console),
            Credential::Login { .. } | Credential::Key { .. } => (Some(who.user_id), InvitationOrigin::Person),
        };
        let (invitation, plain) = self.minted((email, target, good_for), inviter, origin);
        let hours = good_for.as_secs() / 3600;
        let entry = entry_of(
            trail,
            AuditAction::InvitationCreate,
            &invitation,
            format!("{}, good for {hours} h", as_what(target)),
        );
        let entry = entry.with(FactName::Hours, hours);
        self.ports.invitations.create(&invitation, &entry).await?;
        if invitation.mail == MailState::Queued {
            return Ok(Issued { seen: self.mail(invitation, &plain).await?, link: None });
        }
        Ok(Issued { link: Some(self.link(&plain)), seen: self.seen(invitation).await? })
    }

    /// A new invitation with the token of its link.
    pub(crate) fn minted(
        &self,
        (email, target, good_for): (Email, InvitationTarget, Duration),
        inviter: Option<UserId>,
        origin: InvitationOrigin,
    ) -> (Invitation, SecretString) {
        let now = self.ports.clock.now();
        let minted = self.ports.links.mint(LinkPurpose::Invitation);
        let invitation = Invitation {
            id: InvitationId::new(),
            email,
            target,
            inviter,
            origin,
            hash: minted.hash,
            created_at: now,
            expires_at: now + good_for,
            state: InvitationState::Pending,
            mail: if self.ports.post.delivers() { MailState::Queued } else { MailState::NotSent },
        };
        (invitation, minted.plain)
    }

    /// Sends the link of an invitation that was stored.
    pub(crate) async fn mail(
        &self,
        invitation: Invitation,
        token: &SecretString,
    ) -> Result<InvitationSeen, ControlError> {
        let seen = self.seen(invitation).await?;
        self.ports.post.send(letters::invitation(&seen, &self.link(token)));
        Ok(seen)
    }

    /// The token stands behind `#`, which browsers keep to themselves: no server and no proxy logs it.
    fn link(&self, token: &SecretString) -> SecretString {
        SecretString::from(format!("{}/invitation#{}", self.ports.base_url, token.expose_secret()))
    }

    /// Who is there already needs no invitation. Says nothing about addresses that are not there.
    async fn refuse_who_is_there(&self, target: InvitationTarget, email: &Email) -> Result<(), ControlError> {
        let Some(user) = self.ports.users.find_by_email(email).await? else {
            return Ok(());
        };
        let what = match target {
            // An instance admin may know who has an account.
            InvitationTarget::Instance { .. } => Some("this address has an account already"),
            InvitationTarget::Project { id, .. } => {
                let member = self.ports.projects.find_member(id, user.id).await?;
                member.map(|_| "this address belongs to a member already: change the role there")
            }
            InvitationTarget::Team { id, .. } => {
                let member = self.ports.teams.find_member(id, user.id).await?;
                member.map(|_| "this address belongs to a member of the team already: change the role there")
            }
        };
        match what {
            Some(problem) => Err(ControlError::Conflict { problem: problem.to_owned() }),
            None => Ok(()),
        }
    }

    async fn all_seen(&self, page: Page<Invitation>) -> Result<Page<InvitationSeen>, ControlError> {
        let mut items = Vec::with_capacity(page.items.len());
        for invitation in page.items {
            items.push(self.seen(invitation).await?);
        }
        Ok(Page { items, next: page.next })
    }

    async fn seen(&self, mut invitation: Invitation) -> Result<InvitationSeen, ControlError> {
        let now = self.ports.clock.now();
        if invitation.mail == MailState::Queued && now - invitation.created_at > LONGEST_IN_QUEUE {
            let reason = "it was still waiting when the daemon stopped: renew the invitation".to_owned();
            invitation.mail = MailState::Failed { at: invitation.created_at, reason };
        }
        let place = match invitation.target {
            InvitationTarget::Instance { .. } => None,
            InvitationTarget::Project { id, .. } => {
                self.ports.projects.find(id).await?.map(|project| (project.slug.to_string(), project.name))
            }
            InvitationTarget::Team { id, .. } => {
                self.ports.teams.find(id).await?.map(|team| (team.slug.to_string(), team.name))
            }
        };
        let inviter = match invitation.inviter {
            Some(id) => self.ports.users.find(id).await?.map(|user| (user.email, user.name)),
            None => None,
        };
        let open = invitation.is_open(now);
        Ok(InvitationSeen { invitation, place, inviter, open })
    }
}

impl<'a> Place<'a> {
    /// The role does not matter for where it is.
    const fn any_role(self) -> InvitedTo<'a> {
        match self {
            Self::Instance => InvitedTo::Instance { admin: false },
            Self::Project(project) => InvitedTo::Project { project, role: Role::Viewer },
            Self::Team(team) => InvitedTo::Team { team, role: TeamRole::Member },
        }
    }
}

impl fmt::Debug for Invitations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitations").finish_non_exhaustive()
    }
}

fn entry_of(trail: &Trail, action: AuditAction, invitation: &Invitation, detail: String) -> AuditEntry {
    let entry = trail.entry(action, "invitation", invitation.id, invitation.email.as_str(), detail);
    match invitation.target {
        InvitationTarget::Instance { admin: true } => entry.with(FactName::Role, "instance_admin"),
        InvitationTarget::Instance { admin: false } => entry,
        InvitationTarget::Project { role, .. } => entry.with(FactName::Role, role),
        InvitationTarget::Team { role, .. } => entry.with(FactName::Role, role),
    }
}

fn as_what(target: InvitationTarget) -> String {
    match target {
        InvitationTarget::Instance { admin: true } => "to the instance as an admin".to_owned(),
        InvitationTarget::Instance { admin: false } => "to the instance".to_owned(),
        InvitationTarget::Project { role, .. } => format!("to the project as {role}"),
        InvitationTarget::Team { role, .. } => format!("to the team as {role}"),
    }
}

/// Why an invitation cannot be answered any more.
fn over(invitation: &Invitation) -> ControlError {
    let problem = match invitation.state {
        InvitationState::Pending => "the invitation has expired: ask for another",
        InvitationState::Accepted { .. } => "the invitation was accepted already",
        InvitationState::Declined { .. } => "the invitation was declined",
        InvitationState::Revoked { .. } => "the invitation was taken back: ask for another",
    };
    ControlError::Gone { problem: problem.to_owned() }
}
