//! All sessions of this process. Looked up by an unguessable id and by who asks for what, never by the id alone.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orch_domain::Timestamp;
use orch_domain::directory::Directory;
use orch_domain::id::{ProjectId, SessionId, UserId};
use orch_domain::map::Map;
use orch_domain::port::clock::Clock;
use orch_domain::port::session_registry::SessionRegistry;
use orch_domain::principal::Principal;
use orch_domain::session::Session as SeenSession;
use orch_relay::stop::StopReason;
use tokio::sync::Notify;

use super::channel::Channels;
use super::session::{NewSession, Session};
use crate::mcp::McpConfig;
use crate::mcp::endpoint::{EndpointId, Entry};
use crate::stopping::Stopping;

/// How many sessions there may be, and how long they live without use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    pub per_user: usize,
    pub in_all: usize,
    pub idle_secs: u64,
}

impl From<&McpConfig> for SessionLimits {
    fn from(config: &McpConfig) -> Self {
        Self {
            per_user: config.max_sessions_per_user,
            in_all: config.max_sessions,
            idle_secs: config.session_idle_secs,
        }
    }
}

pub struct Sessions {
    limits: SessionLimits,
    clock: Arc<dyn Clock>,
    all: RwLock<Registry>,
    pub(in crate::mcp) channels: Channels,
    stopping: Stopping,
}

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOpened {
    TooMany,
    /// The daemon stops.
    Stopping,
}

#[derive(Default)]
struct Registry {
    by_id: Map<Box<str>, Arc<Session>>,
    /// The daemon is about to stop, and no session is opened any more: told when nothing runs in those that are there.
    draining: Option<Arc<Notify>>,
    /// By the account that answers for them, as keys and logins can be had in any number.
    per_user: HashMap<UserId, usize>,
}

impl Sessions {
    #[must_use]
    pub fn new(limits: SessionLimits, clock: Arc<dyn Clock>) -> Self {
        Self { limits, clock, all: RwLock::default(), channels: Channels::default(), stopping: Stopping::default() }
    }

    /// Opens a session, unless the instance has too many. A user with too many loses the one that was not used for the
    /// longest time: clients that never end their sessions are common.
    pub(super) fn open(&self, entry: &Entry, new: NewSession) -> Result<Arc<Session>, NotOpened> {
        let id: Box<str> = URL_SAFE_NO_PAD.encode(random_bytes().ok_or(NotOpened::TooMany)?).into();
        let session = Arc::new(Session::new(id.clone(), entry.reach(), new, self.now()));
        let evicted = {
            let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
            if all.draining.is_some() {
                return Err(NotOpened::Stopping);
            }
            let user = entry.principal.user_id;
            let own = all.per_user.get(&user).copied().unwrap_or_default();
            let evicted = if own >= self.limits.per_user { all.evict(user) } else { None };
            if all.by_id.len() >= self.limits.in_all {
                return Err(NotOpened::TooMany);
            }
            *all.per_user.entry(user).or_default() += 1;
            all.by_id.insert(id, Arc::clone(&session));
            evicted
        };
        if let Some(evicted) = evicted {
            evicted.end(StopReason::AccessEnded);
        }
        Ok(session)
    }

    /// The session of that id, if it is this principal's on this endpoint.
    pub(in crate::mcp) fn find(&self, id: &str, entry: &Entry) -> Option<Arc<Session>> {
        let session = self.read().by_id.get(id).cloned()?;
        (session.reach == entry.reach()).then(|| {
            session.touch(self.now());
            session
        })
    }

    pub(super) fn end(&self, session: &Session) {
        self.end_for(session, StopReason::AccessEnded);
    }

    fn end_for(&self, session: &Session, reason: StopReason) {
        self.all.write().unwrap_or_else(PoisonError::into_inner).remove(&session.id);
        session.end(reason);
    }

    /// Ends the sessions that `directory` does not allow any more: the credential is dead, the role is gone, the
    /// server is switched off or deleted.
    pub fn recheck(&self, directory: &Directory, is_live: impl Fn(&Principal) -> bool) {
        self.end_where(StopReason::AccessEnded, |session| !session.reach.is_open(directory, &is_live));
        self.channels.recheck(directory, &is_live);
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.read().by_id.len()
    }

    /// Ends the sessions that nobody has used for long.
    pub fn expire(&self) {
        let now = self.now();
        let limit = i64::try_from(self.limits.idle_secs).unwrap_or(i64::MAX);
        let reason = StopReason::AccessEnded;
        self.end_where(reason, |session| session.idle_since().is_some_and(|since| now - since > limit));
    }

    /// The daemon is about to stop: no session and no stream of news is opened any more. What only listens ends, and what
    /// listens beside a call ends with the last one of its session; `quiet` is told when no call runs any more.
    pub(in crate::mcp) fn drain(&self, quiet: &Arc<Notify>) {
        let sessions: Vec<Arc<Session>> = {
            let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
            all.draining = Some(Arc::clone(quiet));
            all.by_id.values().cloned().collect()
        };
        sessions.iter().for_each(|session| session.drain(quiet));
        self.channels.drain();
        self.stopping.drain();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.read().draining.is_some()
    }

    /// Resolves when no session is opened any more.
    pub(super) async fn draining(&self) {
        self.stopping.draining().await;
    }

    /// Whether no call runs.
    pub(in crate::mcp) fn is_quiet(&self) -> bool {
        self.read().by_id.values().all(|session| session.is_quiet())
    }

    /// Ends all sessions, for the end of the process, and gives them.
    pub(in crate::mcp) fn end_all(&self) -> Vec<Arc<Session>> {
        let ended = self.end_where(StopReason::Stopping, |_| true);
        self.channels.end_all();
        ended
    }

    fn end_where(&self, reason: StopReason, ends: impl Fn(&Session) -> bool) -> Vec<Arc<Session>> {
        let ending: Vec<Arc<Session>> = self.read().by_id.values().filter(|session| ends(session)).cloned().collect();
        for session in &ending {
            self.end_for(session, reason);
        }
        ending
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Registry> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionRegistry for Sessions {
    fn list(&self, project: ProjectId) -> Vec<SeenSession> {
        let all = self.read();
        all.by_id.values().filter(|session| session.reach.project == project).map(|session| seen(session)).collect()
    }

    fn end(&self, id: SessionId) -> bool {
        let found = self.read().by_id.values().find(|session| session.name == id).cloned();
        let Some(session) = found else { return false };
        self.end(&session);
        true
    }
}

fn seen(session: &Session) -> SeenSession {
    let (in_flight, last_used, listening) = session.activity();
    let time = |seconds| Timestamp::from_unix_timestamp(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    SeenSession {
        id: session.name,
        project_id: session.reach.project,
        server_id: match session.reach.endpoint {
            EndpointId::Server(id) => Some(id),
            EndpointId::Unified => None,
        },
        user_id: session.reach.principal.user_id,
        key_id: session.reach.principal.key_id(),
        client: Arc::clone(&session.client.name),
        revision: session.client.revision.as_str(),
        opened_at: time(session.opened),
        last_used_at: time(last_used),
        in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
        listening,
    }
}

impl Registry {
    fn remove(&mut self, id: &str) -> Option<Arc<Session>> {
        let session = self.by_id.remove(id)?;
        if let Some(count) = self.per_user.get_mut(&session.reach.principal.user_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.per_user.remove(&session.reach.principal.user_id);
            }
        }
        Some(session)
    }

    fn evict(&mut self, user: UserId) -> Option<Arc<Session>> {
        let oldest = self
            .by_id
            .values()
            .filter(|session| session.reach.principal.user_id == user)
            .min_by_key(|session| session.idle_since().unwrap_or(i64::MAX))?
            .id
            .clone();
        self.remove(&oldest)
    }
}

/// 256 bits; None when the system gives no randomness, and then there is no session.
fn random_bytes() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}
