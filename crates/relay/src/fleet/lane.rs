//! Connections to one server that belong to one client: what a legacy server may ask on them reaches nobody else.
//! Opened when first needed, closed after disuse or with their client. Decides nothing about who may call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::id::{KeyId, UserId};
use orch_domain::server::{Server, Transport};
use orch_mcp::level::LogLevel;
use orch_mcp::message::Notification;
use orch_mcp::method;
use orch_mcp::peer::{Asking, Connection, EraChoice, Peer, PeerEvent, PeerSink};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::Shared;
use super::owner::Command;
use super::slot::{Slot, Unready};
use crate::context::{CallContext, SessionKey};
use crate::faculties::Faculties;

/// Connections of one modern client to one server, each with one call at a time.
const LANES_OF_A_CALLER: u8 = 8;
/// The first pause after a lane could not be opened; it doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whose a lane is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LaneKey {
    Session(SessionKey),
    Caller {
        user: UserId,
        key: Option<KeyId>,
        /// What the client can be asked; others need another connection.
        faculties: Option<Faculties>,
        number: u8,
    },
}

/// A connection that is needed for one call.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    key: LaneKey,
    user: UserId,
    connection: Connection,
    /// Which log messages the client wants.
    level: Option<LogLevel>,
    /// One call at a time, as nothing else says which call a question belongs to.
    exclusive: bool,
}

impl Wanted {
    pub(crate) fn of(cx: &CallContext, server: &Server) -> Self {
        let declared = (*cx.client.declared).clone();
        let Some(session) = cx.client.session else {
            let key = LaneKey::Caller {
                user: cx.principal.user_id,
                key: cx.principal.key_id(),
                faculties: cx.client.faculties,
                number: 0,
            };
            // Over HTTP the stream of a call says what belongs to it.
            let exclusive = !matches!(server.transport, Transport::StreamableHttp { .. });
            let asking = if exclusive { Asking::OneCall } else { Asking::Never };
            return Self {
                user: cx.principal.user_id,
                key,
                connection: Connection { era: EraChoice::Legacy, declared, asking },
                level: cx.log_level,
                exclusive,
            };
        };
        let connection = Connection { era: EraChoice::Legacy, declared, asking: Asking::Anytime };
        Self {
            key: LaneKey::Session(session),
            user: cx.principal.user_id,
            connection,
            level: cx.log_level,
            exclusive: false,
        }
    }
}

pub(crate) struct Lane {
    user: UserId,
    peer: OnceCell<Arc<dyn Peer>>,
    in_flight: AtomicU32,
    last_used: AtomicI64,
    closed: AtomicBool,
}

/// All lanes of one server.
#[derive(Default)]
pub(super) struct Lanes {
    open: Mutex<HashMap<LaneKey, Arc<Lane>>>,
    /// What one client declares may be why a server refuses it, and shall keep nobody else out.
    pauses: Mutex<HashMap<LaneKey, Pause>>,
}

/// After lanes that could not be opened.
#[derive(Default)]
struct Pause {
    failures: u32,
    until: Option<(Instant, String)>,
}

/// The right to use a lane; ends with its drop.
pub(crate) struct LaneUse {
    lane: Arc<Lane>,
    shared: Arc<Shared>,
}

impl Drop for LaneUse {
    fn drop(&mut self) {
        self.lane.last_used.store(super::slot::micros(self.shared.clock.now()), Ordering::Relaxed);
        self.lane.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lanes {
    /// A live connection of this client's, opened when there is none.
    pub(super) async fn acquire(&self, slot: &Arc<Slot>, wanted: &Wanted) -> Result<(Arc<dyn Peer>, LaneUse), Unready> {
        // The second round is for a connection that ended while it was not in use.
        for _ in 0..2 {
            self.check_pause(&wanted.key)?;
            let (key, usage) = self.take(slot.shared(), wanted)?;
            let peer = match usage.lane.peer.get_or_try_init(|| self.open(slot, wanted)).await {
                Ok(peer) => Arc::clone(peer),
                Err(error) => {
                    self.forget(&key, &usage.lane);
                    return Err(error);
                }
            };
            if usage.lane.closed.load(Ordering::Acquire) {
                peer.close().await;
                return Err(Unready::Failed("its configuration changed".to_owned()));
            }
            if !peer.is_closed() {
                return Ok((peer, usage));
            }
            self.forget(&key, &usage.lane);
        }
        Err(Unready::Failed("the server ends as soon as it has started".to_owned()))
    }

    /// Reserves a lane, new or not.
    fn take(&self, shared: &Arc<Shared>, wanted: &Wanted) -> Result<(LaneKey, LaneUse), Unready> {
        let mut open = self.lock();
        let mut key = wanted.key.clone();
        loop {
            if let Some(lane) = open.get(&key) {
                let busy = wanted.exclusive && lane.in_flight.load(Ordering::Acquire) > 0;
                if !busy {
                    lane.in_flight.fetch_add(1, Ordering::AcqRel);
                    return Ok((key, LaneUse { lane: Arc::clone(lane), shared: Arc::clone(shared) }));
                }
                match &mut key {
                    LaneKey::Caller { number, .. } if *number + 1 < LANES_OF_A_CALLER => *number += 1,
                    _ => {
                        let reason = format!("{LANES_OF_A_CALLER} calls of this client that may ask are running");
                        return Err(Unready::Busy(reason));
                    }
                }
                continue;
            }
            let own = open.values().filter(|lane| lane.user == wanted.user).count();
            if open.len() >= shared.config.max_lanes || own >= shared.config.max_lanes_per_user {
                // Nobody gives way to somebody else: who wants one more loses an own one.
                let idle = |(_, lane): &(&LaneKey, &Arc<Lane>)| {
                    lane.user == wanted.user && lane.in_flight.load(Ordering::Acquire) == 0
                };
                let oldest = open.iter().filter(idle).min_by_key(|(_, lane)| lane.last_used.load(Ordering::Relaxed));
                let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                    let all = open.len();
                    let text = format!("{all} connections of single clients are open, {own} of them of this account");
                    return Err(Unready::Busy(text));
                };
                if let Some(lane) = open.remove(&oldest) {
                    lane.close_in_background();
                }
            }
            let lane = Arc::new(Lane {
                user: wanted.user,
                peer: OnceCell::new(),
                in_flight: AtomicU32::new(1),
                last_used: AtomicI64::new(super::slot::micros(shared.clock.now())),
                closed: AtomicBool::new(false),
            });
            open.insert(key.clone(), Arc::clone(&lane));
            return Ok((key, LaneUse { lane, shared: Arc::clone(shared) }));
        }
    }

    async fn open(&self, slot: &Arc<Slot>, wanted: &Wanted) -> Result<Arc<dyn Peer>, Unready> {
        let server = slot.server();
        if !server.enabled {
            return Err(Unready::Failed("the server is disabled".to_owned()));
        }
        let session = match wanted.key {
            LaneKey::Session(session) => Some(session),
            LaneKey::Caller { .. } => None,
        };
        let sink = Arc::new(LaneSink { slot: Arc::clone(slot), session });
        let shared = slot.shared();
        match shared.connector.connect(&server, wanted.connection.clone(), sink).await {
            Ok(peer) => {
                self.lock_pauses().remove(&wanted.key);
                // The owner has something to look after now; a full queue means that it is awake.
                let _ = slot.command(Command::LookAround);
                if let Some(level) = wanted.level {
                    super::slot::tell_level(Arc::clone(&peer), level);
                }
                Ok(peer)
            }
            Err(failure) => {
                let mut pauses = self.lock_pauses();
                let now = Instant::now();
                pauses.retain(|_, pause| pause.until.as_ref().is_some_and(|(until, _)| *until + LONGEST_PAUSE > now));
                let pause = pauses.entry(wanted.key.clone()).or_default();
                let doubled = 2u32.saturating_pow(pause.failures.min(16));
                pause.failures = pause.failures.saturating_add(1);
                let length = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
                pause.until = Some((now + length, failure.reason.clone()));
                Err(Unready::Failed(failure.reason))
            }
        }
    }

    fn lock_pauses(&self) -> MutexGuard<'_, HashMap<LaneKey, Pause>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_pause(&self, key: &LaneKey) -> Result<(), Unready> {
        let pauses = self.lock_pauses();
        let Some((until, reason)) = pauses.get(key).and_then(|pause| pause.until.as_ref()) else { return Ok(()) };
        let wait = until.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let seconds = wait.as_secs_f64();
        Err(Unready::Failed(format!("{reason}; the next start is possible in {seconds:.1} s")))
    }

    fn forget(&self, key: &LaneKey, lane: &Arc<Lane>) {
        let mut open = self.lock();
        if open.get(key).is_some_and(|there| Arc::ptr_eq(there, lane)) {
            open.remove(key);
        }
    }

    /// Closes what has not been used since `before`, in Unix microseconds, and what has ended by itself.
    pub(super) fn sweep(&self, before: i64) {
        let closing: Vec<Arc<Lane>> = {
            let mut open = self.lock();
            let over: Vec<LaneKey> = open
                .iter()
                .filter(|(_, lane)| {
                    let unused = lane.in_flight.load(Ordering::Acquire) == 0;
                    let ended = lane.peer.get().is_some_and(|peer| peer.is_closed());
                    unused && (ended || lane.last_used.load(Ordering::Relaxed) < before)
                })
                .map(|(key, _)| key.clone())
                .collect();
            over.iter().filter_map(|key| open.remove(key)).collect()
        };
        closing.iter().for_each(|lane| lane.close_in_background());
    }

    pub(super) fn end_session(&self, session: SessionKey) {
        let lane = self.lock().remove(&LaneKey::Session(session));
        if let Some(lane) = lane {
            lane.close_in_background();
        }
    }

    /// The connection of a session, if there is one.
    pub(super) fn of_session(&self, session: SessionKey) -> Option<Arc<dyn Peer>> {
        let lane = self.lock().get(&LaneKey::Session(session)).cloned()?;
        lane.peer.get().cloned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// No call goes to what is open now.
    pub(super) fn close_in_background(&self) {
        let lanes: Vec<Arc<Lane>> = self.lock().drain().map(|(_, lane)| lane).collect();
        self.lock_pauses().clear();
        lanes.iter().for_each(|lane| lane.close_in_background());
    }

    /// Closes everything and waits until it is gone.
    pub(super) async fn close(&self) {
        let lanes: Vec<Arc<Lane>> = self.lock().drain().map(|(_, lane)| lane).collect();
        self.lock_pauses().clear();
        let peers = lanes.iter().filter_map(|lane| {
            lane.closed.store(true, Ordering::Release);
            lane.peer.get()
        });
        futures_util::future::join_all(peers.map(|peer| peer.close())).await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneKey, Arc<Lane>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn close_in_background(&self) {
        self.closed.store(true, Ordering::Release);
        let Some(peer) = self.peer.get().cloned() else { return };
        // Without a runtime the process is about to end, and takes the connection with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { peer.close().await });
        }
    }
}

/// Hands what a server says on a lane to the lane's client.
struct LaneSink {
    slot: Arc<Slot>,
    session: Option<SessionKey>,
}

impl PeerSink for LaneSink {
    fn event(&self, event: PeerEvent) {
        match event {
            PeerEvent::Question(question) => {
                if let Some(session) = self.session {
                    self.slot.shared().registry.ask_session(session, &self.slot.server(), question);
                }
            }
            PeerEvent::Notification(notification) => self.notification(notification),
            PeerEvent::Oddity(text) => self.slot.remark(text),
            // The next one who needs it sees that it is closed.
            PeerEvent::Closed { reason } => self.slot.remark(format!("a client's own connection ended: {reason}")),
        }
    }
}

impl LaneSink {
    fn notification(&self, notification: Notification) {
        let name = notification.method.as_str();
        if method::is_list_changed(name) {
            self.slot.lists_changed(name);
        } else if name == method::RESOURCE_UPDATED {
            if let Some(params) = &notification.params {
                self.slot.shared().registry.resource_updated(&self.slot.server(), params);
            }
        } else if let Some(session) = self.session {
            self.slot.shared().registry.tell_session(session, notification);
        }
    }
}
