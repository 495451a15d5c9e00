//! What people do about their own account, and about getting one or getting back into it. Nothing here tells whether
//! an address has an account: what somebody without a login asks for is only taken in, and done afterwards.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::audit::{AuditAction, ChangedPart, FactName};
use orch_domain::email::Email;
use orch_domain::id::{LoginId, UserId};
use orch_domain::invitation::{InvitationOrigin, InvitationTarget, MailState};
use orch_domain::page::PageRequest;
use orch_domain::password_reset::PasswordReset;
use orch_domain::port::desk::Errand;
use orch_domain::port::invitation_repo::InvitationFilter;
use orch_domain::port::link_minter::LinkPurpose;
use orch_domain::principal::{Credential, Principal};
use orch_domain::user::{Language, Theme, User};
use secrecy::{ExposeSecret, SecretString};

use crate::access::Access;
use crate::audit::Trail;
use crate::changes::Changes;
use crate::config::SignUp;
use crate::display_name;
use crate::error::ControlError;
use crate::invitations::Invitations;
use crate::letters;
use crate::ports::Ports;
use crate::retry;
use crate::users::parse_email;

#[derive(Clone)]
pub struct Accounts {
    ports: Arc<Ports>,
    access: Access,
    invitations: Invitations,
}

/// What to change about oneself; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfilePatch {
    pub name: Option<String>,
    /// `Some(None)` goes back to what the browser says.
    pub language: Option<Option<Language>>,
    pub theme: Option<Option<Theme>>,
}

/// How people get in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaysIn {
    pub sign_up: SignUp,
    /// Whether links are mailed; without it a forgotten password is a matter for an instance admin.
    pub mail: bool,
}

/// Letters to one address about one thing are this far apart: nobody fills the mailbox of another.
const BETWEEN_LETTERS: Duration = Duration::from_secs(60);

impl Accounts {
    pub(crate) fn new(ports: Arc<Ports>, access: Access, invitations: Invitations) -> Self {
        Self { ports, access, invitations }
    }

    /// For who is at the door.
    #[must_use]
    pub fn ways_in(&self) -> WaysIn {
        WaysIn { sign_up: self.ports.people.sign_up, mail: self.ports.post.delivers() }
    }

    /// The principal's own account.
    pub async fn profile(&self, who: &Principal) -> Result<User, ControlError> {
        self.access.login(who).await?;
        let user = match who.credential {
            Credential::Console => None,
            Credential::Login { .. } | Credential::Key { .. } => self.ports.users.find(who.user_id).await?,
        };
        user.ok_or(ControlError::Missing { what: "user" })
    }

    /// Changes the own account. `expected` is the version that the caller has seen.
    pub async fn update_profile(
        &self,
        who: &Principal,
        patch: ProfilePatch,
        expected: Option<u32>,
    ) -> Result<User, ControlError> {
        retry::unless_expected(expected, || self.try_update_profile(who, &patch, expected)).await
    }

    async fn try_update_profile(
        &self,
        who: &Principal,
        patch: &ProfilePatch,
        expected: Option<u32>,
    ) -> Result<User, ControlError> {
        let before = self.profile(who).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(ControlError::Stale { what: "user" });
        }
        let mut after = before.clone();
        if let Some(name) = &patch.name {
            after.name = display_name::parse("name", name)?;
        }
        if let Some(language) = patch.language {
            after.preferences.language = language;
        }
        if let Some(theme) = patch.theme {
            after.preferences.theme = theme;
        }
        if after == before {
            return Ok(before);
        }
        let mut changes = Changes::default();
        changes.note(ChangedPart::Name, after.name != before.name);
        changes.note(ChangedPart::Preferences, after.preferences != before.preferences);
        after.version = before.version.saturating_add(1);
        after.updated_at = self.ports.clock.now();
        let entry = Trail::new(who, after.updated_at).entry(
            AuditAction::UserUpdate,
            "user",
            after.id,
            after.email.as_str(),
            format!("own {}", changes.detail()),
        );
        let entry = changes.on(entry);
        self.ports.users.update(&after, &entry).await?;
        self.ports.written_users().await;
        Ok(after)
    }

    /// Takes in that somebody asks for an account; the answer is the same for every address.
    pub fn ask_for_account(&self, email: &str) -> Result<(), ControlError> {
        if self.ports.people.sign_up != SignUp::Open || !self.ports.post.delivers() {
            let problem = "accounts are not given out here: ask an instance admin for an invitation".to_owned();
            return Err(ControlError::Conflict { problem });
        }
        let email = parse_email(email)?;
        if !self.ports.people.allows(email.as_str()) {
            let hint = format!("use an address of {}", self.ports.people.allowed_domains.join(", "));
            return Err(ControlError::invalid("email", "addresses of this domain get no account here", hint));
        }
        self.hand_in(Errand::Account(email))
    }

    /// Takes in that somebody has forgotten the password; the answer is the same for every address.
    pub fn ask_for_password(&self, email: &str) -> Result<(), ControlError> {
        if !self.ports.post.delivers() {
            let problem = "no mail goes out here: ask an instance admin for a link to a new password".to_owned();
            return Err(ControlError::Conflict { problem });
        }
        self.hand_in(Errand::Password(parse_email(email)?))
    }

    /// Does what was taken in. For the owner of the desk.
    pub async fn run(&self, errand: &Errand) -> Result<(), ControlError> {
        match errand {
            Errand::Account(email) => self.invite_who_asks(email).await,
            Errand::Password(email) => self.help_who_forgot(email).await,
        }
    }

    /// Chooses a password by link: spends the link and ends the account's logins. Gives which those were.
    pub async fn redeem_reset(
        &self,
        token: &SecretString,
        password: &SecretString,
    ) -> Result<Vec<LoginId>, ControlError> {
        let gone = || ControlError::Gone {
            problem: "the link does not work any more: it was used, replaced by another, or is too old".to_owned(),
        };
        let now = self.ports.clock.now();
        let hash = self.ports.links.hash_of(LinkPurpose::PasswordReset, token).ok_or_else(gone)?;
        let reset = self.ports.resets.find(&hash).await?.filter(|reset| now < reset.expires_at).ok_or_else(gone)?;
        let user = self.ports.users.find(reset.user_id).await?.filter(User::is_active).ok_or_else(gone)?;
        let password = self.ports.hasher.hash(password).await?;
        let entry = Trail::of_the_system(now).entry(
            AuditAction::UserResetPassword,
            "user",
            user.id,
            user.email.as_str(),
            "by link; all logins were ended".to_owned(),
        );
        let entry = entry.with(FactName::Through, "link");
        match self.ports.resets.redeem(&hash, &password, now, &entry).await.map_err(ControlError::from) {
            Err(ControlError::Stale { .. }) => Err(gone()),
            Err(error) => Err(error),
            Ok(ended) => {
                self.ports.written_users().await;
                Ok(ended)
            }
        }
    }

    fn hand_in(&self, errand: Errand) -> Result<(), ControlError> {
        if self.ports.desk.hand_in(errand) { Ok(()) } else { Err(ControlError::Busy) }
    }

    async fn invite_who_asks(&self, email: &Email) -> Result<(), ControlError> {
        let now = self.ports.clock.now();
        if let Some(user) = self.ports.users.find_by_email(email).await? {
            if user.is_active() {
                self.ports.post.send(letters::has_account(email, user.id, &self.ports.base_url));
            }
            return Ok(());
        }
        let target = InvitationTarget::Instance { admin: false };
        let filter = InvitationFilter { place: Some(target), email: Some(email.clone()), open_at: Some(now) };
        let latest = self.ports.invitations.list(&filter, PageRequest::new(1, None)).await?.items.pop();
        // One that an admin has sent stays as it is.
        if latest.is_some_and(|latest| {
            latest.origin != InvitationOrigin::SignUp || now - latest.created_at < BETWEEN_LETTERS
        }) {
            return Ok(());
        }
        let good_for = Duration::from_secs(u64::from(self.ports.people.reset_hours) * 60 * 60);
        let (invitation, token) =
            self.invitations.minted((email.clone(), target, good_for), None, InvitationOrigin::SignUp);
        let entry = Trail::of_the_system(now).entry(
            AuditAction::InvitationCreate,
            "invitation",
            invitation.id,
            email.as_str(),
            "who signs up".to_owned(),
        );
        let entry = entry.with(FactName::Through, "sign_up");
        self.ports.invitations.create(&invitation, &entry).await?;
        if invitation.mail == MailState::Queued {
            self.invitations.mail(invitation, &token).await?;
        }
        Ok(())
    }

    async fn help_who_forgot(&self, email: &Email) -> Result<(), ControlError> {
        let Some(user) = self.ports.users.find_by_email(email).await?.filter(User::is_active) else {
            return Ok(());
        };
        let now = self.ports.clock.now();
        if self.ports.resets.latest_of(user.id).await?.is_some_and(|latest| now - latest.created_at < BETWEEN_LETTERS) {
            return Ok(());
        }
        let entry = Trail::of_the_system(now).entry(
            AuditAction::UserForgetPassword,
            "user",
            user.id,
            user.email.as_str(),
            "a link is mailed".to_owned(),
        );
        let entry = entry.with(FactName::Delivery, "mail");
        let (reset, link) = new_reset(&self.ports, user.id);
        self.ports.resets.create(&reset, &entry).await?;
        self.ports.post.send(letters::new_password(&user.email, user.id, (&link, reset.expires_at)));
        Ok(())
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

/// A reset to be stored, and its link. The token stands behind `#`, which no server and no proxy logs.
pub(crate) fn new_reset(ports: &Ports, user: UserId) -> (PasswordReset, SecretString) {
    let now = ports.clock.now();
    let minted = ports.links.mint(LinkPurpose::PasswordReset);
    let good_for = Duration::from_secs(u64::from(ports.people.reset_hours) * 60 * 60);
    let link = format!("{}/reset-password#{}", ports.base_url, minted.plain.expose_secret());
    let reset = PasswordReset { hash: minted.hash, user_id: user, created_at: now, expires_at: now + good_for };
    (reset, SecretString::from(link))
}
