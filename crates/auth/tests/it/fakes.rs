//! Fakes of the domain's ports and shorthands for secrets and facts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use orch_auth::master::{MasterSecrets, Strictness};
use orch_auth::vault::key::parse_keys;
use orch_domain::Timestamp;
use orch_domain::activity::EntryFilter;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::{AuditEntry, AuditRecord};
use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::login::{Login, LoginFrom};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::refresh_token::{RefreshToken, Renewal, Rotation};
use orch_domain::user::{PasswordHash, User};
use orch_testkit::builders::an_audit_entry;
use orch_testkit::fakes::MemoryStore;
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

/// Users, logins and the trail in memory, with a count of what is read and parts that can be away.
#[derive(Default)]
pub(crate) struct Memory {
    store: MemoryStore,
    /// How often a user was read by his id.
    pub(crate) users_read: AtomicUsize,
    /// Users are not found for now.
    pub(crate) users_away: AtomicBool,
    /// Where logins are used is not noted for now.
    pub(crate) notes_away: AtomicBool,
}

/// Whom the entries of what tests do themselves are about.
const SET_UP: &str = "set up by a test";

fn set_up() -> AuditEntry {
    let mut entry = an_audit_entry().build();
    SET_UP.clone_into(&mut entry.target.name);
    entry
}

fn away(flag: &AtomicBool) -> Result<(), StoreError> {
    let gone = || StoreError::Unavailable { doing: "a test", source: "away".into() };
    if flag.load(Ordering::SeqCst) { Err(gone()) } else { Ok(()) }
}

impl Memory {
    pub(crate) async fn add_user(&self, user: &User) {
        self.store.create(user, &set_up()).await.unwrap();
    }

    /// As somebody else changes it.
    pub(crate) async fn change_user(&self, id: UserId, change: impl FnOnce(&mut User)) {
        let mut user = self.user(id).await;
        change(&mut user);
        user.version += 1;
        self.store.update(&user, &set_up()).await.unwrap();
    }

    /// The trail as a port.
    pub(crate) fn audit(&self) -> Arc<dyn AuditLog> {
        Arc::new(self.store.clone())
    }

    pub(crate) async fn user(&self, id: UserId) -> User {
        self.store.find(id).await.unwrap().unwrap()
    }

    /// What was put on record, the oldest first.
    pub(crate) async fn trail(&self) -> Vec<AuditRecord> {
        let all = PageRequest::new(PageRequest::MAX_LIMIT, None);
        let page = AuditLog::list(&self.store, None, &EntryFilter::default(), all).await.unwrap();
        assert_eq!(page.next, None, "all of it");
        page.items.into_iter().rev().filter(|entry| entry.target_name != SET_UP).collect()
    }

    /// What the trail says, without ids: action and target name.
    pub(crate) async fn actions(&self) -> Vec<String> {
        let trail = self.trail().await;
        trail.iter().map(|entry| format!("{} {}", entry.action, entry.target_name)).collect()
    }
}

#[async_trait]
impl UserRepo for Memory {
    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        away(&self.users_away)?;
        self.users_read.fetch_add(1, Ordering::SeqCst);
        self.store.find(id).await
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.store.find_by_email(email).await
    }

    async fn list(&self, search: Option<&str>, page: PageRequest) -> Result<Page<User>, StoreError> {
        UserRepo::list(&self.store, search, page).await
    }

    async fn has_instance_admin(&self) -> Result<bool, StoreError> {
        self.store.has_instance_admin().await
    }

    async fn create(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        self.store.create(user, audit).await
    }

    async fn update(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        self.store.update(user, audit).await
    }

    async fn change_password(
        &self,
        user: &User,
        keep: Option<LoginId>,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.store.change_password(user, keep, audit).await
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
        self.store.open(token, checked, audit).await
    }

    async fn find_token(&self, hash: &KeyHash) -> Result<Option<RefreshToken>, StoreError> {
        self.store.find_token(hash).await
    }

    async fn rotate(&self, renewal: Renewal, reuse: &AuditEntry) -> Result<Rotation, StoreError> {
        self.store.rotate(renewal, reuse).await
    }

    async fn end(&self, login: LoginId, now: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        self.store.end(login, now, audit).await
    }

    async fn end_others(
        &self,
        user: UserId,
        keep: LoginId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.store.end_others(user, keep, now, audit).await
    }

    async fn list_open(&self, user: UserId, now: Timestamp) -> Result<Vec<Login>, StoreError> {
        self.store.list_open(user, now).await
    }

    async fn note_seen(&self, login: LoginId, from: &LoginFrom, at: Timestamp) -> Result<(), StoreError> {
        away(&self.notes_away)?;
        self.store.note_seen(login, from, at).await
    }

    async fn ended_since(&self, since: Timestamp) -> Result<Vec<LoginId>, StoreError> {
        self.store.ended_since(since).await
    }

    async fn is_open(&self, login: LoginId, now: Timestamp) -> Result<bool, StoreError> {
        self.store.is_open(login, now).await
    }
}
