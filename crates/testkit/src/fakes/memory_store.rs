//! All repositories in memory, over one state behind one mutex: a write happens as a whole or not at all. Announces its
//! changes. Can be made to fail as a database does that is away.

mod activity_repo;
mod audit_log;
mod call_census;
mod call_repo;
mod catalog_repo;
mod changes;
mod directory_source;
mod invitation_repo;
mod key_repo;
mod limits_repo;
mod login_repo;
mod personal_secret_repo;
mod policy_repo;
mod project_repo;
mod reset_repo;
mod sealed_repo;
mod server_repo;
mod star_repo;
mod team_repo;
mod usage_repo;
mod user_repo;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::Timestamp;
use orch_domain::api_key::ApiKey;
use orch_domain::audit::{AuditEntry, AuditRecord};
use orch_domain::call::Call;
use orch_domain::catalog::{ItemKind, PastDefinition, StoredCatalog};
use orch_domain::change::{Change, Committed};
use orch_domain::error::StoreError;
use orch_domain::id::{
    AuditId, CallId, InvitationId, KeyId, LoginId, ProjectId, SecretId, ServerId, StarId, TeamId, UserId,
};
use orch_domain::invitation::Invitation;
use orch_domain::login::LoginFrom;
use orch_domain::membership::Membership;
use orch_domain::page::{Page, PageRequest};
use orch_domain::password_reset::PasswordReset;
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::policy::rule::Policy;
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::Project;
use orch_domain::quota::StoredLimits;
use orch_domain::server::Server;
use orch_domain::star::Star;
use orch_domain::team::{Team, TeamGrant, TeamMembership};
use orch_domain::user::User;
use tokio::sync::broadcast;
use uuid::Uuid;

/// Clones share the state.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changes: broadcast::Sender<Committed>,
    away: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct State {
    users: BTreeMap<UserId, User>,
    projects: BTreeMap<ProjectId, Project>,
    members: BTreeMap<(ProjectId, UserId), Membership>,
    teams: BTreeMap<TeamId, Team>,
    team_members: BTreeMap<(TeamId, UserId), TeamMembership>,
    grants: BTreeMap<(ProjectId, TeamId), TeamGrant>,
    invitations: BTreeMap<InvitationId, Invitation>,
    resets: BTreeMap<[u8; 32], PasswordReset>,
    servers: BTreeMap<ServerId, Server>,
    keys: BTreeMap<KeyId, ApiKey>,
    logins: BTreeMap<LoginId, Login>,
    tokens: BTreeMap<[u8; 32], Token>,
    catalogs: BTreeMap<ServerId, StoredCatalog>,
    /// Latest last, by kind and name.
    definitions: BTreeMap<(ServerId, ItemKind, String), Vec<PastDefinition>>,
    personal: BTreeMap<SecretId, PersonalSecret>,
    calls: BTreeMap<CallId, Call>,
    /// How far each segment of a journal is stored.
    marks: BTreeMap<Uuid, u64>,
    audit: BTreeMap<AuditId, AuditRecord>,
    stars: BTreeMap<StarId, Star>,
    policies: BTreeMap<ProjectId, Policy>,
    /// Those of the instance under None.
    limits: BTreeMap<Option<ProjectId>, StoredLimits>,
}

#[derive(Debug, Clone)]
struct Login {
    user_id: UserId,
    expires_at: Timestamp,
    ended_at: Option<Timestamp>,
    opened_at: Timestamp,
    seen_at: Timestamp,
    from: LoginFrom,
}

#[derive(Debug, Clone)]
struct Token {
    login_id: LoginId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    spent_at: Option<Timestamp>,
}

/// A write under way, on a copy of the state.
struct Writing {
    state: State,
    changes: Vec<Change>,
    entries: Vec<AuditRecord>,
    /// Whether the entries are told although nothing has changed.
    is_news: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        let (changes, _) = broadcast::channel(1024);
        Self(Arc::new(Shared { state: Mutex::default(), changes, away: AtomicBool::new(false) }))
    }

    /// From now on every port answers that the database is not available, or works again.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        if self.0.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { doing: "using a store that is away", source: "it is away".into() });
        }
        // Only whole writes are put into the state, so a panic elsewhere has broken nothing.
        Ok(self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        self.lock().map(|state| read(&state))
    }

    /// Keeps what `write` did and announces it, unless it gives an error.
    fn write<T>(&self, write: impl FnOnce(&mut Writing) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = self.lock()?;
        let mut writing = Writing { state: state.clone(), changes: Vec::new(), entries: Vec::new(), is_news: false };
        let outcome = write(&mut writing)?;
        *state = writing.state;
        // Still under the lock, so that changes are announced in the order of the writes.
        if writing.is_news || !writing.changes.is_empty() {
            let entries = writing.entries.into_iter().map(|entry| Committed::Entry(Arc::new(entry)));
            for told in writing.changes.into_iter().map(Committed::Change).chain(entries) {
                let _ = self.0.changes.send(told);
            }
        }
        Ok(outcome)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Writing {
    fn audit(&mut self, entry: &AuditEntry) {
        let actor = entry.actor.as_ref();
        let record = AuditRecord {
            id: entry.id,
            at: entry.at,
            project_id: entry.project_id,
            user_id: actor.map(|actor| actor.user_id).filter(|id| !id.as_uuid().is_nil()),
            user_email: None,
            key_id: actor.and_then(Principal::key_id),
            via: match actor.map(|actor| actor.credential) {
                None => "system",
                Some(Credential::Login { .. }) => "login",
                Some(Credential::Key { .. }) => "key",
                Some(Credential::Console) => "console",
            }
            .to_owned(),
            action: entry.action.as_str().to_owned(),
            target_kind: entry.target.kind.to_owned(),
            target_id: entry.target.id.clone(),
            target_name: entry.target.name.clone(),
            detail: entry.detail.clone(),
            facts: entry.facts.iter().map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect(),
        };
        self.entries.push(record.clone());
        self.state.audit.insert(entry.id, record);
    }

    fn announce(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }
}

impl State {
    /// The audit trail as it is read: with the addresses of who did it.
    fn told_entries(&self) -> impl Iterator<Item = AuditRecord> {
        self.audit.values().map(|record| {
            let user = record.user_id.and_then(|id| self.users.get(&id));
            AuditRecord { user_email: user.map(|user| user.email.to_string()), ..record.clone() }
        })
    }
}

/// Whether `search` is somewhere in one of `texts`, whatever the case.
fn contains(search: Option<&str>, texts: &[&str]) -> bool {
    search.is_none_or(|search| texts.iter().any(|text| text.to_lowercase().contains(&search.to_lowercase())))
}

/// A page, oldest first.
fn oldest_first<'a, T: Clone + 'a>(
    items: impl Iterator<Item = &'a T>,
    request: PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    let mut items: Vec<T> = items.filter(|item| request.after.is_none_or(|after| id(item) > after)).cloned().collect();
    items.sort_by_key(&id);
    Page::cut(items, request.limit, id)
}

/// A page, newest first.
fn newest_first<'a, T: Clone + 'a>(
    items: impl Iterator<Item = &'a T>,
    request: PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    let mut items: Vec<T> = items.filter(|item| request.after.is_none_or(|after| id(item) < after)).cloned().collect();
    items.sort_by_key(|item| std::cmp::Reverse(id(item)));
    Page::cut(items, request.limit, id)
}
