//! One client's session: what it is bound to, what is in flight, and its stream for news.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;
use orch_domain::id::ProjectId;
use orch_domain::principal::Principal;
use orch_mcp::id::RequestId;
use orch_relay::context::Client;
use orch_relay::stop::{Stop, StopReason};
use tokio::sync::mpsc;

use crate::mcp::endpoint::EndpointId;

/// News that wait on a session's stream; a reader that is slower than this loses its stream.
const STREAM_QUEUE: usize = 256;

pub(in crate::mcp) struct Session {
    pub(super) id: Box<str>,
    pub(super) principal: Principal,
    pub(super) project_id: ProjectId,
    pub(super) endpoint: EndpointId,
    pub(super) client: Arc<Client>,
    /// Unix time in seconds.
    last_used: AtomicI64,
    live: Mutex<Live>,
}

struct Live {
    ended: bool,
    /// Requests of the client that have no answer yet.
    in_flight: HashMap<RequestId, Arc<Stop>>,
    /// Where news go, while the client listens.
    stream: Option<mpsc::Sender<Bytes>>,
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
    pub(super) fn new(
        id: Box<str>,
        principal: Principal,
        project_id: ProjectId,
        endpoint: EndpointId,
        client: Arc<Client>,
        now: i64,
    ) -> Self {
        let live = Live { ended: false, in_flight: HashMap::new(), stream: None };
        Self { id, principal, project_id, endpoint, client, last_used: AtomicI64::new(now), live: Mutex::new(live) }
    }

    pub(super) fn touch(&self, now: i64) {
        self.last_used.store(now, Ordering::Relaxed);
    }

    /// When the session was last used, in Unix seconds; None while it is in use.
    pub(super) fn idle_since(&self) -> Option<i64> {
        let live = self.lock();
        let listening = live.stream.as_ref().is_some_and(|stream| !stream.is_closed());
        (live.in_flight.is_empty() && !listening).then(|| self.last_used.load(Ordering::Relaxed))
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

    /// Opens the stream for news. An earlier one ends, so that each piece of news goes out once.
    pub(super) fn listen(&self) -> Option<mpsc::Receiver<Bytes>> {
        let (sender, receiver) = mpsc::channel(STREAM_QUEUE);
        let mut live = self.lock();
        if live.ended {
            return None;
        }
        live.stream = Some(sender);
        Some(receiver)
    }

    /// Sends news to a client that listens. One that does not keep up loses the stream and has to open it again.
    pub(super) fn tell(&self, event: &Bytes) {
        let mut live = self.lock();
        if live.stream.as_ref().is_some_and(|stream| stream.try_send(event.clone()).is_err()) {
            live.stream = None;
        }
    }

    /// Ends the session, its stream and everything in flight.
    pub(super) fn end(&self, reason: StopReason) {
        let in_flight = {
            let mut live = self.lock();
            live.ended = true;
            live.stream = None;
            std::mem::take(&mut live.in_flight)
        };
        for stop in in_flight.values() {
            stop.stop(reason);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is as good as a key to the session.
        f.debug_struct("Session").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// A request in flight; forgotten by its session when this is dropped.
pub(in crate::mcp) struct InFlight {
    session: Arc<Session>,
    id: RequestId,
    stop: Arc<Stop>,
}

impl InFlight {
    pub(super) fn stop(&self) -> Arc<Stop> {
        Arc::clone(&self.stop)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.session.lock().in_flight.remove(&self.id);
    }
}
