//! Logins that ended while their access tokens are still running, so that a logout is effective at once without a
//! query per request.
//!
//! Of the logins that end in this process it is told at once. Of those that end elsewhere, or with their account, the
//! application hears by the change feed, and [tells it](EndedLogins::hear). Each is named: when a login was opened, every
//! host judges by a clock of its own.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::id::LoginId;

use crate::access_token::LEEWAY;
use crate::config::AuthConfig;

#[derive(Debug)]
pub struct EndedLogins {
    /// After this time no access token of an ended login is left.
    keep: Duration,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When each may be forgotten.
    logins: HashMap<LoginId, Timestamp>,
    next_sweep: Option<Timestamp>,
}

impl EndedLogins {
    #[must_use]
    pub fn new(config: &AuthConfig) -> Self {
        Self { keep: config.access_token_lifetime() + LEEWAY, state: RwLock::default() }
    }

    /// The login is over; its access tokens open nothing from now on.
    pub fn end(&self, login: LoginId, now: Timestamp) {
        let mut state = self.write();
        state.sweep(now, self.keep);
        state.logins.insert(login, now + self.keep);
    }

    /// How long an end has to be remembered.
    #[must_use]
    pub const fn keep(&self) -> Duration {
        self.keep
    }

    /// These have ended somewhere, within the time that it is [kept](Self::keep). Most are known already.
    pub fn hear(&self, logins: impl IntoIterator<Item = LoginId>, now: Timestamp) {
        let mut state = self.write();
        state.sweep(now, self.keep);
        for login in logins {
            state.logins.entry(login).or_insert(now + self.keep);
        }
    }

    #[must_use]
    pub fn is_ended(&self, login: LoginId) -> bool {
        self.read().logins.contains_key(&login)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets what no token can belong to any more; at most once per lifetime of a token, so that ending many
    /// logins does not walk the whole set each time.
    fn sweep(&mut self, now: Timestamp, keep: Duration) {
        if self.next_sweep.is_some_and(|next| now < next) {
            return;
        }
        self.logins.retain(|_, forget_at| now < *forget_at);
        self.next_sweep = Some(now + keep);
    }
}
