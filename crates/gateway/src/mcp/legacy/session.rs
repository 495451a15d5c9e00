//! One client's session: what it is bound to, what is in flight, and what it is told and asked.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use orch_domain::id::SessionId;
use orch_domain::map::Map;
use orch_mcp::id::RequestId;
use orch_mcp::level::LogLevel;
use orch_mcp::message::Notification;
use orch_mcp::{method, object};
use orch_relay::context::{Client, UNSAID_LEVEL};
use orch_relay::stop::{Stop, StopReason};
use orch_relay::subscription::Subscription;
use tokio::sync::Notify;

use super::asking::Asked;
use super::standing::Standing;
use super::streams::{Log, Streams};
use crate::mcp::reach::Reach;

pub(in crate::mcp) struct Session {
    pub(super) id: Box<str>,
    /// What people know it by.
    pub(super) name: SessionId,
    /// Unix time in seconds.
    pub(super) opened: i64,
    pub(super) reach: Reach,
    pub(in crate::mcp) client: Arc<Client>,
    /// Unix time in seconds.
    last_used: AtomicI64,
    live: Mutex<Live>,
    pub(super) news: Subscription,
    /// Ends the news.
    news_stop: Arc<Stop>,
    pub(super) asked: Asked,
    pub(super) standing: Standing,
    pub(super) streams: Streams,
}

/// What a session begins with.
pub(super) struct NewSession {
    pub(super) client: Arc<Client>,
    pub(super) news: Subscription,
    /// The stop of the context that the news were subscribed in.
    pub(super) news_stop: Arc<Stop>,
}

struct Live {
    ended: bool,
    /// Requests of the client that have no answer yet.
    in_flight: Map<RequestId, Arc<Stop>>,
    /// As the client said; None before it has.
    level: Option<LogLevel>,
    /// The daemon is about to stop: told when nothing is in flight any more.
    draining: Option<Arc<Notify>>,
}

/// Why a request cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    Ended,
    /// The id is in use by a request without an answer.
    Duplicate,
    TooMany,
}

impl Session {
    pub(super) fn new(id: Box<str>, reach: Reach, new: NewSession, now: i64) -> Self {
        let NewSession { client, news, news_stop } = new;
        let live = Live { ended: false, in_flight: Map::default(), level: None, draining: None };
        Self {
            id,
            name: SessionId::new(),
            opened: now,
            reach,
            client,
            last_used: AtomicI64::new(now),
            live: Mutex::new(live),
            news,
            news_stop,
            asked: Asked::default(),
            standing: Standing::default(),
            streams: Streams::default(),
        }
    }

    pub(super) fn touch(&self, now: i64) {
        self.last_used.store(now, Ordering::Relaxed);
    }

    /// When the session was last used, in Unix seconds; None while it is in use.
    pub(super) fn idle_since(&self) -> Option<i64> {
        let live = self.lock();
        (live.in_flight.is_empty() && self.standing.is_empty()).then(|| self.last_used.load(Ordering::Relaxed))
    }

    /// How many requests have no answer yet, when it was last used, and whether it listens.
    pub(super) fn activity(&self) -> (usize, i64, bool) {
        let live = self.lock();
        (live.in_flight.len(), self.last_used.load(Ordering::Relaxed), !self.standing.is_empty())
    }

    /// Notes a request, so that it can be cancelled, until the guard is dropped.
    pub(super) fn register(self: &Arc<Self>, id: &RequestId, most: usize) -> Result<InFlight, NotTaken> {
        let stop = Arc::new(Stop::default());
        let mut live = self.lock();
        if live.ended {
            return Err(NotTaken::Ended);
        }
        if live.in_flight.len() >= most {
            return Err(NotTaken::TooMany);
        }
        if live.in_flight.contains_key(id) {
            return Err(NotTaken::Duplicate);
        }
        if live.draining.is_some() {
            stop.drain();
        }
        // Detached: a small id must not keep a large body in memory for as long as the call takes.
        let id = id.detached();
        live.in_flight.insert(id.clone(), Arc::clone(&stop));
        Ok(InFlight { session: Arc::clone(self), id, stop })
    }

    /// Ends a request for the client; an unknown id is ignored, as the answer may just be on its way.
    pub(super) fn cancel(&self, id: &RequestId) {
        let stop = self.lock().in_flight.get(id).cloned();
        if let Some(stop) = stop {
            stop.stop(StopReason::Cancelled);
        }
    }

    /// A stream that may be resumed.
    pub(in crate::mcp) fn open_stream(&self) -> Arc<Log> {
        self.streams.open()
    }

    /// Which log messages the client has said that it wants; None when it has said nothing.
    pub(super) fn said_level(&self) -> Option<LogLevel> {
        self.lock().level
    }

    pub(super) fn set_level(&self, level: LogLevel) {
        self.lock().level = Some(level);
    }

    /// Whether the client wants to hear this.
    pub(in crate::mcp) fn wants(&self, notification: &Notification) -> bool {
        if notification.method.as_str() != method::LOG_MESSAGE {
            return true;
        }
        let level = notification.params.as_ref().and_then(|params| object::member(params, "level"));
        let level = level.and_then(|level| LogLevel::read(&level));
        level.is_none_or(|level| level >= self.said_level().unwrap_or(UNSAID_LEVEL))
    }

    /// Ends what is in flight.
    pub(super) fn stop_all(&self, reason: StopReason) {
        let in_flight: Vec<Arc<Stop>> = self.lock().in_flight.values().cloned().collect();
        in_flight.iter().for_each(|stop| stop.stop(reason));
    }

    /// The daemon is about to stop. The session can be used until then; what listens ends as soon as nothing is in
    /// flight, as a question of a running call may come there.
    pub(super) fn drain(&self, quiet: &Arc<Notify>) {
        {
            let mut live = self.lock();
            live.draining = Some(Arc::clone(quiet));
            live.in_flight.values().for_each(|stop| stop.drain());
            if !live.in_flight.is_empty() {
                return;
            }
        }
        self.hush();
    }

    /// Whether nothing is in flight.
    pub(in crate::mcp) fn is_quiet(&self) -> bool {
        self.lock().in_flight.is_empty()
    }

    /// Tells no news any more.
    fn hush(&self) {
        self.news_stop.stop(StopReason::Stopping);
        self.standing.end();
    }

    /// Ends the session, its streams and everything in flight.
    pub(super) fn end(&self, reason: StopReason) {
        self.lock().ended = true;
        self.news_stop.stop(reason);
        self.standing.end();
        // Before anybody hears that a question is not answered, and goes on without.
        self.stop_all(reason);
        self.asked.end();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is as good as a key to the session.
        f.debug_struct("Session").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// A request in flight; forgotten by its session when this is dropped.
pub(in crate::mcp) struct InFlight {
    session: Arc<Session>,
    id: RequestId,
    stop: Arc<Stop>,
}

impl InFlight {
    pub(in crate::mcp) const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(super) fn stop(&self) -> Arc<Stop> {
        Arc::clone(&self.stop)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let quiet = {
            let mut live = self.session.lock();
            live.in_flight.remove(&self.id);
            live.draining.clone().filter(|_| live.in_flight.is_empty())
        };
        if let Some(quiet) = quiet {
            self.session.hush();
            quiet.notify_one();
        }
    }
}
