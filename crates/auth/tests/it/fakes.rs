//! Fakes of the domain's ports and shorthands for secrets and facts.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use orch_auth::master::{MasterSecrets, Strictness};
use orch_auth::vault::key::parse_keys;
use orch_domain::Timestamp;
use orch_domain::activity::EntryFilter;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::{AuditEntry, AuditRecord};
use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, ProjectId, UserId};
use orch_domain::login::{Login, LoginFrom};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::clock::Clock;
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::port::password_hasher::{PasswordError, PasswordHasher};
use orch_domain::port::user_repo::UserRepo;
use orch_domain::refresh_token::{AGAIN_WITHIN, RefreshToken, Renewal, Rotation};
use orch_domain::user::{PasswordHash, User};
use secrecy::SecretString;

pub(crate) fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

/// A client of which nothing is known.
pub(crate) fn nowhere() -> LoginFrom {
    LoginFrom::default()
}

pub(crate) fn secrets() -> MasterSecrets {
    secrets_of("a secret of these tests, long enough")
}

pub(crate) fn secrets_of(jwt_secret: &str) -> MasterSecrets {
    let keys = parse_keys(&secret(&"42".repeat(32))).unwrap();
    MasterSecrets::derive(&secret(jwt_secret), keys, Strictness::Development).unwrap()
}

pub(crate) struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Timestamp::from_unix_timestamp(1_800_000_000).unwrap())))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Users, logins and the trail in memory.
#[derive(Default)]
pub(crate) struct Memory {
    users: Mutex<HashMap<UserId, User>>,
    tokens: Mutex<Vec<Stored>>,
    ended: Mutex<Vec<LoginId>>,
    seen: Mutex<HashMap<LoginId, (Timestamp, LoginFrom)>>,
    pub(crate) trail: Mutex<Vec<AuditEntry>>,
    /// How often a user was read by his id.
    pub(crate) users_read: AtomicUsize,
    /// Users are not found for now.
    pub(crate) users_away: AtomicBool,
    /// Where logins are used is not noted for now.
    pub(crate) notes_away: AtomicBool,
}

fn away(flag: &AtomicBool) -> Result<(), StoreError> {
    let gone = || StoreError::Unavailable { doing: "a test", source: "away".into() };
    if flag.load(Ordering::SeqCst) { Err(gone()) } else { Ok(()) }
}

struct Stored {
    token: RefreshToken,
    spent_at: Option<Timestamp>,
}

impl Memory {
    pub(crate) fn add_user(&self, user: User) {
        self.users.lock().unwrap().insert(user.id, user);
    }

    pub(crate) fn user(&self, id: UserId) -> User {
        self.users.lock().unwrap()[&id].clone()
    }

    /// What the trail says, without ids: action, target name, detail up to the first id.
    pub(crate) fn actions(&self) -> Vec<String> {
        let trail = self.trail.lock().unwrap();
        trail.iter().map(|entry| format!("{} {}", entry.action, entry.target.name)).collect()
    }

    fn note(&self, audit: &AuditEntry) {
        self.trail.lock().unwrap().push(audit.clone());
    }

    fn end_login(&self, login: LoginId) {
        self.ended.lock().unwrap().push(login);
    }

    fn end_logins(&self, user: UserId, except: Option<LoginId>) -> Vec<LoginId> {
        let tokens = self.tokens.lock().unwrap();
        let theirs = tokens.iter().map(|stored| &stored.token).filter(|token| token.user_id == user);
        let ended: HashSet<_> = theirs.map(|token| token.login_id).filter(|login| Some(*login) != except).collect();
        let ended: Vec<_> = ended.into_iter().filter(|login| !self.is_ended(*login)).collect();
        ended.iter().for_each(|login| self.end_login(*login));
        ended
    }

    fn is_ended(&self, login: LoginId) -> bool {
        self.ended.lock().unwrap().contains(&login)
    }
}

#[async_trait]
impl UserRepo for Memory {
    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        away(&self.users_away)?;
        self.users_read.fetch_add(1, Ordering::SeqCst);
        Ok(self.users.lock().unwrap().get(&id).cloned())
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        Ok(self.users.lock().unwrap().values().find(|user| user.email == *email).cloned())
    }

    async fn list(&self, _: Option<&str>, _: PageRequest) -> Result<Page<User>, StoreError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn has_instance_admin(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn create(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        self.add_user(user.clone());
        self.note(audit);
        Ok(())
    }

    async fn update(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        if self.user(user.id).version + 1 != user.version {
            return Err(StoreError::Stale { what: "user" });
        }
        self.add_user(user.clone());
        self.note(audit);
        Ok(())
    }

    async fn change_password(
        &self,
        user: &User,
        keep: Option<LoginId>,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.update(user, audit).await?;
        Ok(self.end_logins(user.id, keep))
    }
}

#[async_trait]
impl LoginRepo for Memory {
    async fn open(
        &self,
        token: &RefreshToken,
        checked: Option<&PasswordHash>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        if self.user(token.user_id).password.as_ref() != checked {
            return Err(StoreError::Stale { what: "the user" });
        }
        self.tokens.lock().unwrap().push(Stored { token: token.clone(), spent_at: None });
        self.note(audit);
        Ok(())
    }

    async fn find_token(&self, hash: &KeyHash) -> Result<Option<RefreshToken>, StoreError> {
        let tokens = self.tokens.lock().unwrap();
        Ok(tokens.iter().map(|stored| &stored.token).find(|token| token.hash == *hash).cloned())
    }

    async fn rotate(&self, renewal: Renewal, reuse: &AuditEntry) -> Result<Rotation, StoreError> {
        let Renewal { old, new, now, expires_at } = renewal;
        let mut tokens = self.tokens.lock().unwrap();
        let next = tokens.iter().any(|stored| stored.token.hash == new && stored.spent_at.is_none());
        let Some(found) = tokens.iter_mut().find(|stored| stored.token.hash == old) else {
            return Ok(Rotation::Unknown);
        };
        let RefreshToken { login_id, user_id, .. } = found.token;
        if self.is_ended(login_id) || now >= found.token.expires_at {
            return Ok(Rotation::Unknown);
        }
        if let Some(spent_at) = found.spent_at {
            if next && now < spent_at + AGAIN_WITHIN {
                return Ok(Rotation::Rotated);
            }
            self.end_login(login_id);
            self.note(reuse);
            return Ok(Rotation::Reused);
        }
        found.spent_at = Some(now);
        let token = RefreshToken { hash: new, login_id, user_id, issued_at: now, expires_at };
        tokens.push(Stored { token, spent_at: None });
        Ok(Rotation::Rotated)
    }

    async fn end(&self, login: LoginId, _: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        if !self.is_ended(login) {
            self.end_login(login);
            self.note(audit);
        }
        Ok(())
    }

    async fn end_others(
        &self,
        user: UserId,
        keep: LoginId,
        _: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        let ended = self.end_logins(user, Some(keep));
        if !ended.is_empty() {
            self.note(audit);
        }
        Ok(ended)
    }

    async fn list_open(&self, user: UserId, _: Timestamp) -> Result<Vec<Login>, StoreError> {
        let tokens = self.tokens.lock().unwrap();
        let seen = self.seen.lock().unwrap();
        let mut logins: Vec<Login> = Vec::new();
        for RefreshToken { login_id, user_id, issued_at, expires_at, .. } in tokens.iter().map(|stored| &stored.token) {
            let known = logins.iter().any(|login| login.id == *login_id);
            if *user_id == user && !known && !self.is_ended(*login_id) {
                let (seen_at, from) = seen.get(login_id).cloned().unwrap_or((*issued_at, LoginFrom::default()));
                let (opened_at, expires_at) = (*issued_at, *expires_at);
                logins.push(Login { id: *login_id, user_id: user, opened_at, expires_at, seen_at, from });
            }
        }
        Ok(logins)
    }

    async fn note_seen(&self, login: LoginId, from: &LoginFrom, at: Timestamp) -> Result<(), StoreError> {
        away(&self.notes_away)?;
        self.seen.lock().unwrap().insert(login, (at, from.clone()));
        Ok(())
    }

    async fn ended_since(&self, _: Timestamp) -> Result<Vec<LoginId>, StoreError> {
        Ok(self.ended.lock().unwrap().clone())
    }

    async fn is_open(&self, login: LoginId, _: Timestamp) -> Result<bool, StoreError> {
        Ok(!self.is_ended(login))
    }
}

#[async_trait]
impl AuditLog for Memory {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.note(entry);
        Ok(())
    }

    async fn list(
        &self,
        _: Option<ProjectId>,
        _: &EntryFilter,
        _: PageRequest,
    ) -> Result<Page<AuditRecord>, StoreError> {
        Ok(Page { items: Vec::new(), next: None })
    }
}

/// Takes the password for its own hash, and counts how often it was asked.
#[derive(Default)]
pub(crate) struct PlainHasher {
    pub(crate) verified: AtomicUsize,
    /// Happens while the next password is checked.
    pub(crate) meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl PlainHasher {
    pub(crate) fn of(password: &str) -> PasswordHash {
        PasswordHash::from_phc(format!("plain:{password}"))
    }
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(&self, password: &SecretString) -> Result<PasswordHash, PasswordError> {
        use secrecy::ExposeSecret as _;
        let password = password.expose_secret();
        if password.len() < 10 { Err(PasswordError::Length) } else { Ok(Self::of(password)) }
    }

    async fn verify(&self, password: &SecretString, hash: Option<&PasswordHash>) -> Result<bool, PasswordError> {
        use secrecy::ExposeSecret as _;
        self.verified.fetch_add(1, Ordering::SeqCst);
        // A password that stands for a hasher that breaks.
        if password.expose_secret() == "break the hasher" {
            return Err(PasswordError::Failed);
        }
        // Gives others a turn, as hashing on another thread does.
        tokio::task::yield_now().await;
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        Ok(hash == Some(&Self::of(password.expose_secret())))
    }
}
