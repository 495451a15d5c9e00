//! Accounts in memory.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::user_repo::UserRepo;
use orch_domain::user::User;

use super::{MemoryStore, State, Writing, contains, oldest_first};

const THE_USER: &str = "the user";

#[async_trait]
impl UserRepo for MemoryStore {
    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|state| state.users.get(&id).cloned())
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.read(|state| state.users.values().find(|user| user.email == *email).cloned())
    }

    async fn list(&self, search: Option<&str>, page: PageRequest) -> Result<Page<User>, StoreError> {
        let shown = |user: &&User| contains(search, &[user.email.as_str(), &user.name]);
        self.read(|state| oldest_first(state.users.values().filter(shown), page, |user| user.id.as_uuid()))
    }

    async fn has_instance_admin(&self) -> Result<bool, StoreError> {
        self.read(State::has_instance_admin)
    }

    async fn create(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            writing.state.refuse_taken_email(user)?;
            writing.state.users.insert(user.id, user.clone());
            writing.audit(audit);
            writing.announce(Change::Users);
            Ok(())
        })
    }

    async fn update(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| update(writing, user, audit))
    }

    async fn change_password(
        &self,
        user: &User,
        keep: Option<LoginId>,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.write(|writing| {
            update(writing, user, audit)?;
            Ok(writing.end_logins(user.id, keep, user.updated_at))
        })
    }
}

fn update(writing: &mut Writing, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
    let state = &mut writing.state;
    let before = state.users.get(&user.id).ok_or(StoreError::Missing { what: THE_USER })?.clone();
    if before.version + 1 != user.version {
        return Err(StoreError::Stale { what: THE_USER });
    }
    state.refuse_taken_email(user)?;
    state.users.insert(user.id, user.clone());
    let was_admin = before.instance_admin && before.is_active();
    if was_admin && !(user.instance_admin && user.is_active()) && !state.has_instance_admin() {
        return Err(StoreError::LastInstanceAdmin);
    }
    if before.is_active() && !user.is_active() {
        let (projects, teams) = state.administered_by(user.id);
        state.keep_admins(&projects, &teams)?;
    }
    writing.audit(audit);
    writing.announce(Change::Users);
    if let Some(at) = user.deactivated_at {
        writing.end_logins(user.id, None, at);
    }
    Ok(())
}

impl State {
    fn has_instance_admin(&self) -> bool {
        self.users.values().any(|user| user.instance_admin && user.is_active())
    }

    pub(super) fn refuse_taken_email(&self, user: &User) -> Result<(), StoreError> {
        match self.users.values().any(|other| other.email == user.email && other.id != user.id) {
            true => Err(StoreError::Conflict { what: "a user with this e-mail address" }),
            false => Ok(()),
        }
    }
}
