//! Logins: from a password to a pair of tokens, and from there to their end. Decides no permission and sets no
//! cookie.

mod throttle;
mod trail;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::email::Email;
use orch_domain::error::{StoreError, WithCauses};
use orch_domain::id::{LoginId, UserId};
use orch_domain::login::{Login, LoginFrom};
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::clock::Clock;
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::port::password_hasher::PasswordHasher;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::refresh_token::{RefreshToken, Renewal, Rotation};
use orch_domain::user::User;
use secrecy::SecretString;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::access_token::{AccessTokens, Bearer};
use crate::config::AuthConfig;
use crate::ended_logins::EndedLogins;
use crate::error::LoginError;
use crate::logins::throttle::{Attempt, Throttle};
use crate::logins::trail::Why;
use crate::master::MasterSecrets;
use crate::refresh_token::{RefreshTokens, Succession};

pub struct Logins {
    ports: LoginPorts,
    access: AccessTokens,
    refresh: RefreshTokens,
    refresh_lifetime: Duration,
    throttle: Throttle,
    /// Password checks that run or wait; a flood beyond is refused at once instead of queued without end.
    slots: Semaphore,
}

/// What logins need of the world.
#[derive(Clone)]
pub struct LoginPorts {
    pub users: Arc<dyn UserRepo>,
    pub logins: Arc<dyn LoginRepo>,
    pub audit: Arc<dyn AuditLog>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub ended: Arc<EndedLogins>,
    pub clock: Arc<dyn Clock>,
}

/// Somebody claims to be the owner of an account.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// As it was typed.
    pub email: &'a str,
    pub password: &'a SecretString,
    /// Where the claim comes from, as far as that is certain; without an address it is not throttled by address.
    pub from: &'a LoginFrom,
}

/// What a login or a refresh gives.
#[derive(Debug, Clone)]
pub struct TokenPair {
    pub login_id: LoginId,
    pub user: User,
    pub access: SecretString,
    pub access_expires_in: Duration,
    pub refresh: SecretString,
    pub refresh_expires_in: Duration,
}

/// Somebody logged in asks for another password.
#[derive(Debug, Clone, Copy)]
pub struct PasswordChange<'a> {
    pub user: UserId,
    /// The login that asks; it stays open, all others of the user end.
    pub login: Option<LoginId>,
    pub old: &'a SecretString,
    pub new: &'a SecretString,
    pub address: Option<IpAddr>,
}

impl Logins {
    #[must_use]
    pub fn new(config: &AuthConfig, secrets: &MasterSecrets, ports: LoginPorts) -> Self {
        let slots = usize::from(config.password_concurrency.get()) + usize::from(config.password_queue);
        Self {
            ports,
            access: AccessTokens::new(config, secrets),
            refresh: RefreshTokens::new(secrets),
            refresh_lifetime: config.refresh_token_lifetime(),
            throttle: Throttle::default(),
            slots: Semaphore::new(slots),
        }
    }

    /// Opens a login. Neither the answer nor its time tells whether the account exists.
    pub async fn login(&self, claim: Claim<'_>) -> Result<TokenPair, LoginError> {
        let now = self.ports.clock.now();
        let email = Email::parse(claim.email).ok();
        let account = email.as_ref().map_or_else(String::new, |email| email.as_str().to_owned());
        let attempt = Attempt { account, address: claim.from.address };
        let _slot = self.admit(&attempt, now)?;
        match self.check(email.as_ref(), claim.password).await {
            Ok(Ok(user)) => {
                let (user_id, opened) = (user.id, self.open(user, claim.from).await);
                if let Err(LoginError::Store(StoreError::Stale { .. })) = opened {
                    let refused = Refused { user: Some(user_id), why: Why::Changed };
                    return self.refuse(&refused, &attempt, now).await;
                }
                self.throttle.forgive(&attempt);
                opened
            }
            Ok(Err(refused)) => self.refuse(&refused, &attempt, now).await,
            Err(error) => {
                self.throttle.disregard(&attempt);
                Err(error)
            }
        }
    }

    async fn refuse(&self, why: &Refused, attempt: &Attempt, now: Timestamp) -> Result<TokenPair, LoginError> {
        self.ports.audit.append(&trail::failed(why, attempt, now)).await?;
        Err(LoginError::InvalidCredentials)
    }

    /// Gives new tokens for a refresh token, which is spent by it. Whoever lost the answer may ask again, for a while. Any
    /// other use of a spent token ends its login: one of the two who used it has stolen it.
    pub async fn refresh(&self, token: &SecretString, from: &LoginFrom) -> Result<TokenPair, LoginError> {
        let now = self.ports.clock.now();
        let succession = self.refresh.succession(token).ok_or(LoginError::InvalidRefresh)?;
        // What can fail comes before the token is spent: whoever is told of a failure has no other one to come back with.
        let known = self.ports.logins.find_token(&succession.hash).await?.ok_or(LoginError::InvalidRefresh)?;
        let RefreshToken { login_id, user_id, .. } = known;
        let user = self.ports.users.find(user_id).await?;
        let email = email_of(user.as_ref());
        // A login that ended here while the database was away is still open there.
        let ended = self.ports.ended.is_ended(login_id);
        let Some(user) = user.filter(|user| user.is_active() && !ended) else {
            self.end((user_id, Some(email)), login_id, now).await?;
            return Err(LoginError::InvalidRefresh);
        };
        let access = self.access.issue(Bearer { user_id, login_id }, now)?;
        self.rotate(&succession, (&known, &email), now).await?;
        self.note_seen(login_id, from, now).await;
        Ok(self.pair(user, login_id, access, succession.next))
    }

    /// The open logins of a user, the last seen first.
    pub async fn list(&self, user: UserId) -> Result<Vec<Login>, LoginError> {
        let open = self.ports.logins.list_open(user, self.ports.clock.now()).await?;
        // One that ended here while the database was away is still open there.
        Ok(open.into_iter().filter(|login| !self.ports.ended.is_ended(login.id)).collect())
    }

    /// Ends one of [`Self::list`]; false when there is no such login.
    pub async fn end_own(&self, user: UserId, login: LoginId) -> Result<bool, LoginError> {
        if !self.list(user).await?.iter().any(|open| open.id == login) {
            return Ok(false);
        }
        self.logout(user, login).await?;
        Ok(true)
    }

    /// Ends all logins of a user but one.
    pub async fn end_others(&self, user: UserId, keep: LoginId) -> Result<(), LoginError> {
        let now = self.ports.clock.now();
        let entry = trail::others_ended(user, self.find_email(user).await?, keep, now);
        let ended = self.ports.logins.end_others(user, keep, now, &entry).await?;
        self.ports.ended.hear(ended, now);
        Ok(())
    }

    /// Ends a login; its access tokens open nothing from now on. Ending one that is over changes nothing.
    pub async fn logout(&self, user: UserId, login: LoginId) -> Result<(), LoginError> {
        self.end((user, None), login, self.ports.clock.now()).await
    }

    /// Ends the login of a refresh token; for a browser whose access token has expired already. A token that opens
    /// nothing ends nothing, and that is fine.
    pub async fn logout_by_refresh(&self, token: &SecretString) -> Result<(), LoginError> {
        let now = self.ports.clock.now();
        let Some(succession) = self.refresh.succession(token) else { return Ok(()) };
        let Some(known) = self.ports.logins.find_token(&succession.hash).await? else { return Ok(()) };
        let email = self.find_email(known.user_id).await?;
        match self.rotate(&succession, (&known, &email), now).await {
            Ok(()) => self.end((known.user_id, Some(email)), known.login_id, now).await,
            Err(LoginError::InvalidRefresh) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Lets somebody ask for something without a login, or says how long to wait: each ask may cost a letter.
    pub fn admit_asking(&self, from: &LoginFrom) -> Result<(), LoginError> {
        let admitted = self.throttle.admit_asking(from.address, self.ports.clock.now());
        admitted.map_err(LoginError::throttled)
    }

    /// Sets another password and ends the user's other logins.
    pub async fn change_password(&self, change: PasswordChange<'_>) -> Result<(), LoginError> {
        let now = self.ports.clock.now();
        let Some(user) = self.ports.users.find(change.user).await?.filter(User::is_active) else {
            return Err(LoginError::InvalidCredentials);
        };
        // Throttled like a login: a stolen session must not become a way to guess the password.
        let attempt = Attempt { account: user.email.as_str().to_owned(), address: change.address };
        let _slot = self.admit(&attempt, now)?;
        let matches = self.ports.hasher.verify(change.old, user.password.as_ref()).await;
        match matches {
            Ok(true) => self.throttle.forgive(&attempt),
            Ok(false) => {
                self.ports.audit.append(&trail::password_refused(&user, &change, now)).await?;
                return Err(LoginError::WrongPassword);
            }
            Err(error) => {
                self.throttle.disregard(&attempt);
                return Err(error.into());
            }
        }
        let password = Some(self.ports.hasher.hash(change.new).await?);
        let changed = User { password, updated_at: now, version: user.version + 1, ..user };
        let entry = trail::password_changed(&changed, change.login, now);
        let ended = self.ports.users.change_password(&changed, change.login, &entry).await?;
        self.ports.ended.hear(ended, now);
        Ok(())
    }

    fn admit(&self, attempt: &Attempt, now: Timestamp) -> Result<SemaphorePermit<'_>, LoginError> {
        let slot = self.slots.try_acquire().map_err(|_| LoginError::Busy)?;
        self.throttle.admit(attempt, now).map_err(LoginError::throttled)?;
        Ok(slot)
    }

    /// The account that the password opens. Does the same work for every outcome.
    async fn check(&self, email: Option<&Email>, password: &SecretString) -> Result<Result<User, Refused>, LoginError> {
        let user = match email {
            Some(email) => self.ports.users.find_by_email(email).await?,
            None => None,
        };
        let hash = user.as_ref().and_then(|user| user.password.as_ref());
        let matches = self.ports.hasher.verify(password, hash).await?;
        Ok(match user {
            None => Err(Refused { user: None, why: Why::NoAccount }),
            Some(user) if !matches => Err(Refused { user: Some(user.id), why: Why::WrongPassword }),
            Some(user) if !user.is_active() => Err(Refused { user: Some(user.id), why: Why::Deactivated }),
            Some(user) => Ok(user),
        })
    }

    async fn open(&self, user: User, from: &LoginFrom) -> Result<TokenPair, LoginError> {
        // Hashing took its time: what is issued lives from now on.
        let now = self.ports.clock.now();
        let (plain, hash) = self.refresh.mint();
        let token = RefreshToken {
            hash,
            login_id: LoginId::new(),
            user_id: user.id,
            issued_at: now,
            expires_at: now + self.refresh_lifetime,
        };
        let access = self.access.issue(Bearer { user_id: user.id, login_id: token.login_id }, now)?;
        let entry = trail::opened(&user, token.login_id, from.address, now);
        self.ports.logins.open(&token, user.password.as_ref(), &entry).await?;
        self.note_seen(token.login_id, from, now).await;
        Ok(self.pair(user, token.login_id, access, plain))
    }

    fn pair(&self, user: User, login_id: LoginId, access: SecretString, refresh: SecretString) -> TokenPair {
        TokenPair {
            login_id,
            access,
            access_expires_in: self.access.lifetime(),
            refresh,
            refresh_expires_in: self.refresh_lifetime,
            user,
        }
    }

    /// The list of logins is the only one to miss it: no reason to keep somebody's tokens back.
    async fn note_seen(&self, login: LoginId, from: &LoginFrom, now: Timestamp) {
        if let Err(error) = self.ports.logins.note_seen(login, from, now).await {
            tracing::warn!(error = %WithCauses(&error), "where a login was used last is not noted");
        }
    }

    /// Spends a refresh token of a login, and of the user with that address, for the next one.
    async fn rotate(
        &self,
        succession: &Succession,
        (known, email): (&RefreshToken, &str),
        now: Timestamp,
    ) -> Result<(), LoginError> {
        let RefreshToken { login_id, user_id, .. } = *known;
        let (old, new) = (succession.hash, succession.next_hash);
        let renewal = Renewal { old, new, now, expires_at: now + self.refresh_lifetime };
        let reuse = trail::reused(user_id, email.to_owned(), login_id, now);
        match self.ports.logins.rotate(renewal, &reuse).await? {
            Rotation::Rotated => Ok(()),
            Rotation::Reused => {
                self.ports.ended.end(login_id, now);
                Err(LoginError::InvalidRefresh)
            }
            Rotation::Unknown => Err(LoginError::InvalidRefresh),
        }
    }

    /// Ends a login of a user, whose address is looked up where it is not known.
    async fn end(
        &self,
        (user, email): (UserId, Option<String>),
        login: LoginId,
        now: Timestamp,
    ) -> Result<(), LoginError> {
        // In memory first: should the database fail, the access tokens are dead all the same.
        self.ports.ended.end(login, now);
        let email = match email {
            Some(email) => email,
            None => self.find_email(user).await?,
        };
        self.ports.logins.end(login, now, &trail::ended(user, email, login, now)).await?;
        Ok(())
    }

    async fn find_email(&self, user: UserId) -> Result<String, StoreError> {
        Ok(email_of(self.ports.users.find(user).await?.as_ref()))
    }
}

/// For the trail; nobody's is empty.
fn email_of(user: Option<&User>) -> String {
    user.map_or_else(String::new, |user| user.email.to_string())
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins").finish_non_exhaustive()
    }
}

/// A login that did not happen; the reason is for the audit trail alone.
#[derive(Debug)]
struct Refused {
    user: Option<UserId>,
    why: Why,
}
