//! Logins and refresh tokens in memory.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::login::{self, LoginFrom};
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::refresh_token::{AGAIN_WITHIN, RefreshToken, Renewal, Rotation};
use orch_domain::user::{PasswordHash, User};

use super::{Login, MemoryStore, Token, Writing};

#[async_trait]
impl LoginRepo for MemoryStore {
    async fn open(
        &self,
        token: &RefreshToken,
        checked: Option<&PasswordHash>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(|writing| {
            let state = &mut writing.state;
            state.require_user(token.user_id)?;
            let holds = |user: &User| user.is_active() && user.password.as_ref() == checked;
            if !state.users.get(&token.user_id).is_some_and(holds) {
                return Err(StoreError::Stale { what: "the user" });
            }
            if state.logins.contains_key(&token.login_id) || state.tokens.contains_key(token.hash.as_bytes()) {
                return Err(StoreError::Conflict { what: "a login with this token" });
            }
            let login = Login {
                user_id: token.user_id,
                expires_at: token.expires_at,
                ended_at: None,
                opened_at: token.issued_at,
                seen_at: token.issued_at,
                from: LoginFrom::default(),
            };
            state.logins.insert(token.login_id, login);
            let (login_id, issued_at, expires_at) = (token.login_id, token.issued_at, token.expires_at);
            let first = Token { login_id, issued_at, expires_at, spent_at: None };
            state.tokens.insert(*token.hash.as_bytes(), first);
            writing.audit(audit);
            Ok(())
        })
    }

    async fn find_token(&self, hash: &KeyHash) -> Result<Option<RefreshToken>, StoreError> {
        self.read(|state| {
            let token = state.tokens.get(hash.as_bytes())?;
            let user_id = state.logins.get(&token.login_id)?.user_id;
            let Token { login_id, issued_at, expires_at, .. } = *token;
            Some(RefreshToken { hash: *hash, login_id, user_id, issued_at, expires_at })
        })
    }

    async fn rotate(&self, renewal: Renewal, reuse: &AuditEntry) -> Result<Rotation, StoreError> {
        let Renewal { old, new, now, expires_at } = renewal;
        self.write(|writing| {
            let state = &mut writing.state;
            let next = state.tokens.get(new.as_bytes()).filter(|next| next.spent_at.is_none());
            let next_of = next.map(|next| next.login_id);
            let Some(token) = state.tokens.get_mut(old.as_bytes()) else {
                return Ok(Rotation::Unknown);
            };
            let login_id = token.login_id;
            let Some(login) = state.logins.get_mut(&login_id).filter(|login| login.ended_at.is_none()) else {
                return Ok(Rotation::Unknown);
            };
            if let Some(spent_at) = token.spent_at {
                if next_of == Some(login_id) && now < spent_at + AGAIN_WITHIN {
                    return Ok(Rotation::Rotated);
                }
                login.ended_at = Some(now);
                writing.audit(reuse);
                writing.announce(Change::Logins);
                return Ok(Rotation::Reused);
            }
            if token.expires_at <= now {
                return Ok(Rotation::Unknown);
            }
            token.spent_at = Some(now);
            login.expires_at = expires_at;
            let next = Token { login_id, issued_at: now, expires_at, spent_at: None };
            state.tokens.insert(*new.as_bytes(), next);
            Ok(Rotation::Rotated)
        })
    }

    async fn end(&self, login: LoginId, now: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            if let Some(login) = writing.state.logins.get_mut(&login).filter(|login| login.ended_at.is_none()) {
                login.ended_at = Some(now);
                writing.audit(audit);
                writing.announce(Change::Logins);
            }
            Ok(())
        })
    }

    async fn end_others(
        &self,
        user: UserId,
        keep: LoginId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.write(|writing| {
            let ended = writing.end_logins(user, Some(keep), now);
            if !ended.is_empty() {
                writing.audit(audit);
            }
            Ok(ended)
        })
    }

    async fn list_open(&self, user: UserId, now: Timestamp) -> Result<Vec<login::Login>, StoreError> {
        self.read(|state| {
            let open = |login: &Login| login.user_id == user && login.ended_at.is_none() && now < login.expires_at;
            let mut open: Vec<_> = state
                .logins
                .iter()
                .filter(|(_, login)| open(login))
                .map(|(id, login)| login::Login {
                    id: *id,
                    user_id: login.user_id,
                    opened_at: login.opened_at,
                    expires_at: login.expires_at,
                    seen_at: login.seen_at,
                    from: login.from.clone(),
                })
                .collect();
            open.sort_by_key(|login| std::cmp::Reverse((login.seen_at, login.id)));
            open
        })
    }

    async fn note_seen(&self, login: LoginId, from: &LoginFrom, at: Timestamp) -> Result<(), StoreError> {
        self.write(|writing| {
            if let Some(login) = writing.state.logins.get_mut(&login) {
                login.seen_at = at;
                login.from = from.clone();
            }
            Ok(())
        })
    }

    async fn ended_since(&self, since: Timestamp) -> Result<Vec<LoginId>, StoreError> {
        self.read(|state| {
            let ended = |login: &Login| login.ended_at.is_some_and(|at| at >= since);
            state.logins.iter().filter(|(_, login)| ended(login)).map(|(id, _)| *id).collect()
        })
    }

    async fn is_open(&self, login: LoginId, now: Timestamp) -> Result<bool, StoreError> {
        self.read(|state| {
            state.logins.get(&login).is_some_and(|login| login.ended_at.is_none() && now < login.expires_at)
        })
    }
}

impl Writing {
    /// Ends the open logins of a user, except one; gives which those were.
    pub(super) fn end_logins(&mut self, user: UserId, except: Option<LoginId>, now: Timestamp) -> Vec<LoginId> {
        let open = |(id, login): &(&LoginId, &mut Login)| {
            login.user_id == user && Some(**id) != except && login.ended_at.is_none()
        };
        let mut ended = Vec::new();
        for (id, login) in self.state.logins.iter_mut().filter(open) {
            login.ended_at = Some(now);
            ended.push(*id);
        }
        if !ended.is_empty() {
            self.announce(Change::Logins);
        }
        ended
    }
}
