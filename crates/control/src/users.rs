//! Accounts: only instance admins and the console manage them.

use std::fmt;
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::audit::{AuditAction, ChangedPart, FactName};
use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::UserId;
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::Permit;
use orch_domain::policy::rule::Who;
use orch_domain::principal::{Credential, Principal};
use orch_domain::user::{Preferences, User};
use secrecy::SecretString;

use crate::access::{Access, Grant};
use crate::accounts::new_reset;
use crate::audit::Trail;
use crate::changes::Changes;
use crate::display_name;
use crate::error::{ControlError, Needed};
use crate::letters;
use crate::password;
use crate::ports::Ports;
use crate::retry;

#[derive(Clone)]
pub struct Users {
    ports: Arc<Ports>,
    access: Access,
}

#[derive(Debug)]
pub struct NewUser {
    pub email: String,
    pub name: String,
    /// Without one, a password is generated and handed out once.
    pub password: Option<SecretString>,
    pub instance_admin: bool,
}

#[derive(Debug)]
pub struct CreatedUser {
    pub user: User,
    /// The generated password, to be shown once.
    pub generated: Option<SecretString>,
}

/// A link to a new password.
#[derive(Debug)]
pub struct IssuedReset {
    /// None when it was mailed.
    pub link: Option<SecretString>,
    pub expires_at: Timestamp,
}

/// What to change; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub name: Option<String>,
    pub instance_admin: Option<bool>,
    /// False switches the account off: its logins and keys are dead at once.
    pub active: Option<bool>,
}

impl Users {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Oldest first. `search` looks into addresses and names.
    pub async fn list(
        &self,
        who: &Principal,
        search: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<User>, ControlError> {
        self.access.instance(who).await?;
        Ok(self.ports.users.list(search, page).await?)
    }

    /// Finds an account by id or e-mail address.
    pub async fn find(&self, who: &Principal, id_or_email: &str) -> Result<User, ControlError> {
        let found = find(&self.ports, id_or_email).await?;
        // Asked after the account was read, whose change is compared with that: it may be the one that the right rests on.
        self.access.instance(who).await?;
        found.ok_or(ControlError::Missing { what: "user" })
    }

    /// The principal's own account.
    pub async fn find_own(&self, who: &Principal) -> Result<Option<User>, ControlError> {
        match who.credential {
            Credential::Console => Ok(None),
            Credential::Login { .. } | Credential::Key { .. } => Ok(self.ports.users.find(who.user_id).await?),
        }
    }

    pub async fn create(&self, who: &Principal, new: NewUser) -> Result<CreatedUser, ControlError> {
        self.access.instance(who).await?;
        let trail = Trail::new(who, self.ports.clock.now());
        self.insert(new, &trail).await
    }

    /// Creates the first instance admin, or promotes the account of that address; None when there is an instance
    /// admin already. For the start of the daemon, when nobody can log in yet.
    pub async fn bootstrap(
        &self,
        email: &str,
        password: Option<SecretString>,
    ) -> Result<Option<CreatedUser>, ControlError> {
        match self.try_bootstrap(email, password.clone()).await {
            // Another process that starts on the same database was faster: what it has made is looked at.
            Err(ControlError::Taken(_) | ControlError::Stale { .. }) => self.try_bootstrap(email, password).await,
            outcome => outcome,
        }
    }

    async fn try_bootstrap(
        &self,
        email: &str,
        password: Option<SecretString>,
    ) -> Result<Option<CreatedUser>, ControlError> {
        if self.ports.users.has_instance_admin().await? {
            return Ok(None);
        }
        let trail = Trail::of_the_system(self.ports.clock.now());
        let address = parse_email(email)?;
        let Some(user) = self.ports.users.find_by_email(&address).await? else {
            let new = NewUser { email: email.to_owned(), name: String::new(), password, instance_admin: true };
            return Ok(Some(self.insert(new, &trail).await?));
        };
        if user.instance_admin && user.is_active() {
            // Made since the first look: who made it has told its password.
            return Ok(None);
        }
        let (password, generated) = chosen_or_generated(password);
        let hash = self.ports.hasher.hash(&password).await?;
        let mut changes = Changes::default();
        changes.note(ChangedPart::InstanceAdmin, !user.instance_admin);
        changes.note(ChangedPart::Active, !user.is_active());
        let user = self.next(User { instance_admin: true, deactivated_at: None, password: Some(hash), ..user });
        let entry =
            trail.entry(AuditAction::UserPromote, "user", user.id, user.email.as_str(), "first admin".to_owned());
        self.ports.users.update(&user, &changes.on(entry)).await?;
        self.ports.written_users().await;
        Ok(Some(CreatedUser { user, generated }))
    }

    /// Changes an account. `expected` is the version that the caller has seen.
    pub async fn update(
        &self,
        who: &Principal,
        id_or_email: &str,
        patch: UserPatch,
        expected: Option<u32>,
    ) -> Result<User, ControlError> {
        retry::unless_expected(expected, || self.try_update(who, id_or_email, &patch, expected)).await
    }

    async fn try_update(
        &self,
        who: &Principal,
        id_or_email: &str,
        patch: &UserPatch,
        expected: Option<u32>,
    ) -> Result<User, ControlError> {
        let before = self.find(who, id_or_email).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(ControlError::Stale { what: "user" });
        }
        let now = self.ports.clock.now();
        let mut user = before.clone();
        let mut changes = Changes::default();
        let mut action = AuditAction::UserUpdate;
        if let Some(name) = &patch.name {
            user.name = display_name::parse("name", name)?;
            changes.note(ChangedPart::Name, user.name != before.name);
        }
        if let Some(admin) = patch.instance_admin.filter(|admin| *admin != before.instance_admin) {
            user.instance_admin = admin;
            action = if admin { AuditAction::UserPromote } else { AuditAction::UserDemote };
            changes.tell(ChangedPart::InstanceAdmin, true, || format!("to {admin}"));
        }
        if let Some(active) = patch.active.filter(|active| *active != before.is_active()) {
            user.deactivated_at = (!active).then_some(now);
            action = if active { AuditAction::UserActivate } else { AuditAction::UserDeactivate };
            changes.tell(ChangedPart::Active, true, || format!("to {active}"));
        }
        if changes.is_empty() {
            return Ok(before);
        }
        let user = self.next(user);
        let entry = Trail::new(who, now).entry(action, "user", user.id, user.email.as_str(), changes.detail());
        let entry = changes.on(entry);
        self.ports.users.update(&user, &entry).await?;
        self.ports.written_users().await;
        if before.is_active() && !user.is_active() {
            self.ports.ended_logins().await;
        }
        Ok(user)
    }

    pub async fn deactivate(&self, who: &Principal, id_or_email: &str) -> Result<User, ControlError> {
        self.update(who, id_or_email, UserPatch { active: Some(false), ..UserPatch::default() }, None).await
    }

    pub async fn activate(&self, who: &Principal, id_or_email: &str) -> Result<User, ControlError> {
        self.update(who, id_or_email, UserPatch { active: Some(true), ..UserPatch::default() }, None).await
    }

    /// Makes the account an instance admin no more.
    pub async fn demote(&self, who: &Principal, id_or_email: &str) -> Result<User, ControlError> {
        self.update(who, id_or_email, UserPatch { instance_admin: Some(false), ..UserPatch::default() }, None).await
    }

    /// Makes the account an instance admin.
    pub async fn promote(&self, who: &Principal, id_or_email: &str) -> Result<User, ControlError> {
        self.update(who, id_or_email, UserPatch { instance_admin: Some(true), ..UserPatch::default() }, None).await
    }

    /// Gives the account another password and ends its logins. Gives back the password if it was generated. For the
    /// console alone: over the network nobody learns or chooses the password of another.
    pub async fn reset_password(
        &self,
        who: &Principal,
        id_or_email: &str,
        password: Option<SecretString>,
    ) -> Result<Option<SecretString>, ControlError> {
        if who.credential != Credential::Console {
            return Err(ControlError::Forbidden { needed: Needed::Console });
        }
        let now = self.ports.clock.now();
        let (password, generated) = chosen_or_generated(password);
        let hash = self.ports.hasher.hash(&password).await?;
        retry::unless_expected(None, || async {
            let user = self.find(who, id_or_email).await?;
            let user = self.next(User { password: Some(hash.clone()), ..user });
            let entry = Trail::new(who, now).entry(
                AuditAction::UserResetPassword,
                "user",
                user.id,
                user.email.as_str(),
                String::new(),
            );
            self.ports.users.change_password(&user, None, &entry).await?;
            Ok(())
        })
        .await?;
        self.ports.written_users().await;
        self.ports.ended_logins().await;
        Ok(generated)
    }

    /// Makes a single-use link to a new password. The link is given back only when no mail goes out; then it is shown
    /// this once.
    pub async fn create_reset(&self, who: &Principal, id_or_email: &str) -> Result<IssuedReset, ControlError> {
        let user = self.find(who, id_or_email).await?;
        if !user.is_active() {
            return Err(ControlError::Conflict { problem: "the account is deactivated: activate it first".to_owned() });
        }
        let (reset, link) = new_reset(&self.ports, user.id);
        // The console stands in the place of mail that does not arrive.
        let mailed = self.ports.post.delivers() && who.credential != Credential::Console;
        let detail = if mailed { "a link is mailed" } else { "a link is shown" };
        let entry = Trail::new(who, reset.created_at).entry(
            AuditAction::UserCreateReset,
            "user",
            user.id,
            user.email.as_str(),
            detail.to_owned(),
        );
        let entry = entry.with(FactName::Delivery, if mailed { "mail" } else { "shown" });
        self.ports.resets.create(&reset, &entry).await?;
        let expires_at = reset.expires_at;
        if mailed {
            self.ports.post.send(letters::new_password(&user.email, user.id, (&link, expires_at)));
            return Ok(IssuedReset { link: None, expires_at });
        }
        Ok(IssuedReset { link: Some(link), expires_at })
    }

    async fn insert(&self, new: NewUser, trail: &Trail) -> Result<CreatedUser, ControlError> {
        let email = parse_email(&new.email)?;
        let name = display_name::parse("name", &new.name)?;
        let (password, generated) = chosen_or_generated(new.password);
        let hash = self.ports.hasher.hash(&password).await?;
        let now = self.ports.clock.now();
        let user = User {
            id: UserId::new(),
            email,
            name,
            password: Some(hash),
            instance_admin: new.instance_admin,
            address_proven: true,
            preferences: Preferences::default(),
            deactivated_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let detail = if user.instance_admin { "instance admin" } else { "" };
        let entry = trail.entry(AuditAction::UserCreate, "user", user.id, user.email.as_str(), detail.to_owned());
        let entry = entry.with(FactName::Role, if user.instance_admin { "instance_admin" } else { "" });
        self.ports.users.create(&user, &entry).await.map_err(ControlError::taken("email"))?;
        self.ports.written_users().await;
        Ok(CreatedUser { user, generated })
    }

    /// The next version of a changed account.
    fn next(&self, user: User) -> User {
        User { version: user.version.saturating_add(1), updated_at: self.ports.clock.now(), ..user }
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

/// Finds an account by id or e-mail address. Does not check permission.
pub(crate) async fn find(ports: &Ports, id_or_email: &str) -> Result<Option<User>, ControlError> {
    if let Ok(id) = id_or_email.parse() {
        return Ok(ports.users.find(id).await?);
    }
    match Email::parse(id_or_email) {
        Ok(email) => Ok(ports.users.find_by_email(&email).await?),
        Err(_) => Ok(None),
    }
}

/// Finds an account that reaches the project, or that a rule of it is about, by id or e-mail address. Of all others the
/// project's admins do not learn whether they exist.
pub(crate) async fn find_reaching(
    ports: &Ports,
    permit: &Permit<Grant>,
    id_or_email: &str,
) -> Result<Option<UserId>, ControlError> {
    let facts = &permit.get().facts;
    let found = find(ports, id_or_email).await?.map(|user| user.id);
    let is_named = |user: UserId| facts.policy.rules().iter().any(|rule| rule.who == Who::User(user));
    let reaches = |user: UserId| ports.directory.current().role_on(user, facts).is_some();
    Ok(found.filter(|user| reaches(*user) || is_named(*user)))
}

pub(crate) fn parse_email(text: &str) -> Result<Email, ControlError> {
    Email::parse(text).map_err(|error| ControlError::invalid("email", error.reason, "write it as name@example.com"))
}

fn chosen_or_generated(password: Option<SecretString>) -> (SecretString, Option<SecretString>) {
    match password {
        Some(password) => (password, None),
        None => {
            let password = password::generate();
            (password.clone(), Some(password))
        }
    }
}

/// The e-mail address of an account, for the audit trail; its id where there is none.
pub(crate) async fn address(ports: &Ports, user: UserId) -> Result<String, StoreError> {
    let found = ports.users.find(user).await?;
    Ok(found.map_or_else(|| user.to_string(), |user| user.email.to_string()))
}
