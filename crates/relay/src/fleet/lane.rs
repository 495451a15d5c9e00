//! Connections to one server that belong to one client: for its state, its own values, or because what a legacy server
//! may ask on them shall reach nobody else. Opened when first needed, closed after disuse or with their client.
//! Decides nothing about who may call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use orch_domain::id::UserId;
use orch_domain::server::Server;
use orch_domain::server_state::ServerState;
use orch_mcp::level::LogLevel;
use orch_mcp::message::Notification;
use orch_mcp::method;
use orch_mcp::peer::{Peer, PeerEvent, PeerSink};
use tokio::sync::{Notify, OnceCell};
use tokio::time::Instant;

use super::Shared;
use super::owner::Command;
use super::pauses::Pauses;
use super::pool::{Caps, Place};
use super::slot::{Slot, Unready, tell_level};
use super::wanted::{LaneKey, Wanted};
use crate::context::SessionKey;

/// Connections of one modern client to one server, each with one call at a time.
const LANES_OF_A_CALLER: u8 = 8;

pub(crate) struct Lane {
    user: Option<UserId>,
    kept: bool,
    exclusive: bool,
    /// A call on it was given up: what the server still says of that one would be taken for the next one's.
    spent: AtomicBool,
    peer: OnceCell<Arc<dyn Peer>>,
    /// What its log was last told to say; None while nobody has said.
    level: Mutex<Option<LogLevel>>,
    in_flight: AtomicU32,
    last_used: AtomicI64,
    closed: AtomicBool,
    /// The last call on it has ended.
    released: Notify,
    /// Given back when the connection is gone.
    _place: Place,
}

/// All lanes of one server.
#[derive(Default)]
pub(super) struct Lanes {
    open: Mutex<HashMap<LaneKey, Arc<Lane>>>,
    pauses: Pauses,
    waiting: AtomicUsize,
}

/// Why there is no lane at this moment.
enum Full {
    /// One may become free.
    Wait(String),
    /// The client itself is what is in the way.
    Busy(String),
    /// The server is gone, or the daemon stops.
    Over,
}

/// How a lane ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Now,
    /// Running calls go on for so long at most.
    Drained(Duration),
}

/// The right to use a lane; ends with its drop.
pub(crate) struct LaneUse {
    lane: Arc<Lane>,
    shared: Arc<Shared>,
}

impl LaneUse {
    /// The call on it is given up before its answer.
    pub(super) fn abandon(&self) {
        if self.lane.exclusive {
            self.lane.spent.store(true, Ordering::Release);
        }
    }
}

impl Drop for LaneUse {
    fn drop(&mut self) {
        self.lane.last_used.store(super::slot::micros(self.shared.clock.now()), Ordering::Relaxed);
        if self.lane.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            if self.lane.closed.load(Ordering::Acquire) {
                self.lane.released.notify_one();
            }
            self.shared.pool.tell_freed();
        }
    }
}

impl Lanes {
    /// A live connection of this client's, opened when there is none.
    pub(super) async fn acquire(
        &self,
        slot: &Arc<Slot>,
        wanted: &Wanted,
        patience: Patience,
    ) -> Result<(Arc<dyn Peer>, LaneUse), Unready> {
        // The second round is for a connection that ended while it was not in use.
        for _ in 0..2 {
            self.pauses.check(wanted)?;
            let (key, usage) = self.reserve(slot, wanted, patience).await?;
            let peer = match usage.lane.peer.get_or_try_init(|| self.open(slot, wanted)).await {
                Ok(peer) => Arc::clone(peer),
                Err(error) => {
                    self.forget(&key, &usage.lane);
                    return Err(error);
                }
            };
            if usage.lane.closed.load(Ordering::Acquire) {
                // Closed while it was being opened: nobody else has seen the connection.
                peer.close().await;
                continue;
            }
            if !peer.is_closed() {
                usage.lane.hear(slot, &peer, wanted).await;
                return Ok((peer, usage));
            }
            self.forget(&key, &usage.lane);
        }
        Err(Unready::Failed("the server ends as soon as it has started".to_owned()))
    }

    /// A lane, new or not; waits for one to become free where there are too many.
    async fn reserve(
        &self,
        slot: &Arc<Slot>,
        wanted: &Wanted,
        patience: Patience,
    ) -> Result<(LaneKey, LaneUse), Unready> {
        let shared = slot.shared();
        let reason = match self.take(slot, wanted) {
            Ok(taken) => return Ok(taken),
            Err(Full::Busy(reason)) => return Err(Unready::Busy(reason)),
            Err(Full::Over) => return Err(slot.over()),
            Err(Full::Wait(reason)) if patience == Patience::None => return Err(Unready::Busy(reason)),
            Err(Full::Wait(reason)) => reason,
        };
        let ahead = Queued::enter(&self.waiting);
        if ahead.before >= shared.config.lane_queue {
            return Err(Unready::Busy(format!("{reason}, and {} calls wait for one", ahead.before)));
        }
        let _waiting = shared.pool.wait();
        let wait = shared.config.lane_wait();
        let until = Instant::now() + wait;
        loop {
            let mut freed = std::pin::pin!(shared.pool.freed());
            // Listening before looking, so that nothing is missed in between.
            freed.as_mut().enable();
            match self.take(slot, wanted) {
                Ok(taken) => return Ok(taken),
                Err(Full::Busy(reason)) => return Err(Unready::Busy(reason)),
                Err(Full::Over) => return Err(slot.over()),
                Err(Full::Wait(reason)) => {
                    if tokio::time::timeout_at(until, freed).await.is_err() {
                        let seconds = wait.as_secs();
                        return Err(Unready::Busy(format!("{reason}, and none became free within {seconds} s")));
                    }
                }
            }
        }
    }

    fn take(&self, slot: &Arc<Slot>, wanted: &Wanted) -> Result<(LaneKey, LaneUse), Full> {
        let shared = slot.shared();
        let mut open = self.lock();
        // Looked at under the lock, so that what is closed then is everything.
        if slot.is_retired() {
            return Err(Full::Over);
        }
        let mut key = wanted.key.clone();
        loop {
            if open.get(&key).is_some_and(|lane| lane.spent.load(Ordering::Acquire)) {
                if let Some(lane) = open.remove(&key) {
                    lane.close_in_background(End::Now);
                }
                continue;
            }
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
                        return Err(Full::Busy(reason));
                    }
                }
                continue;
            }
            break;
        }
        let server = slot.server();
        let config = &shared.config;
        let caps = Caps {
            server: config.max_lanes(&server),
            project: config.max_lanes_per_project,
            total: config.max_lanes_total,
        };
        let own = open.values().filter(|lane| lane.user == wanted.user).count();
        let place = if own >= config.max_lanes_per_user.min(caps.server) {
            Err(format!("{own} connections of single clients of this account are open, the limit"))
        } else {
            shared.pool.take(server.project_id, server.id, caps)
        };
        let place = match place {
            Ok(place) => place,
            Err(reason) => {
                // Nobody gives way to somebody else: who wants one more loses an own one, unless it remembers something.
                let spare = |(key, lane): &(&LaneKey, &Arc<Lane>)| {
                    let unused = lane.in_flight.load(Ordering::Acquire) == 0;
                    lane.user == wanted.user && !lane.kept && unused && !slot.is_followed_on(key)
                };
                let oldest = open.iter().filter(spare).min_by_key(|(_, lane)| lane.last_used.load(Ordering::Relaxed));
                if let Some(lane) = oldest.map(|(key, _)| key.clone()).and_then(|oldest| open.remove(&oldest)) {
                    // Its place is free as soon as its process is gone, which is what is waited for.
                    lane.close_in_background(End::Now);
                }
                return Err(Full::Wait(reason));
            }
        };
        let lane = Arc::new(Lane {
            user: wanted.user,
            kept: wanted.kept,
            exclusive: wanted.exclusive,
            spent: AtomicBool::new(false),
            peer: OnceCell::new(),
            level: Mutex::default(),
            in_flight: AtomicU32::new(1),
            last_used: AtomicI64::new(super::slot::micros(shared.clock.now())),
            closed: AtomicBool::new(false),
            released: Notify::new(),
            _place: place,
        });
        open.insert(key.clone(), Arc::clone(&lane));
        Ok((key, LaneUse { lane, shared: Arc::clone(shared) }))
    }

    async fn open(&self, slot: &Arc<Slot>, wanted: &Wanted) -> Result<Arc<dyn Peer>, Unready> {
        // Who has waited for another's attempt does not make the next one at once.
        self.pauses.check(wanted)?;
        let server = slot.server();
        if !server.enabled {
            return Err(Unready::Failed("the server is disabled".to_owned()));
        }
        if slot.status().state == ServerState::StoppedByAdmin {
            return Err(Unready::Failed("the server was stopped by an admin; an admin can start it".to_owned()));
        }
        let server =
            wanted.user.map_or_else(|| Server::clone(&server), |user| server.personalized(&slot.personal_of(user)));
        let sink = Arc::new(LaneSink { slot: Arc::clone(slot), wanted: wanted.clone(), opened: OnceLock::new() });
        let shared = slot.shared();
        let connecting =
            shared.connector.connect(&server, wanted.connection.clone(), Arc::clone(&sink) as Arc<dyn PeerSink>);
        let connected = tokio::select! {
            connected = connecting => connected,
            // Nobody is going to use it, and a server that takes its time must not hold the end up.
            () = slot.has_retired() => return Err(slot.over()),
        };
        match connected {
            Ok(peer) => {
                slot.found_older(wanted.connection.era, server.generation, true);
                // Set once, here.
                let _ = sink.opened.set(Instant::now());
                self.pauses.opened(wanted);
                if let LaneKey::Session(session) = wanted.key {
                    follow_again(slot, session, &peer);
                }
                // The owner has something to look after now; a full queue means that it is awake.
                let _ = slot.command(Command::LookAround);
                Ok(peer)
            }
            Err(failure) if failure.busy => Err(Unready::Busy(failure.reason)),
            Err(failure) => {
                if failure.other_era {
                    slot.found_older(wanted.connection.era, server.generation, false);
                }
                self.failed(slot, wanted, &failure.reason);
                Err(Unready::Failed(failure.reason))
            }
        }
    }

    fn failed(&self, slot: &Slot, wanted: &Wanted, reason: &str) {
        let config = &slot.shared().config;
        let retry = config.retry(&slot.server());
        self.pauses.failed(wanted, reason, retry, config.settled(), fastrand::f64());
    }

    /// What has failed may be tried again.
    pub(super) fn forgive(&self) {
        self.pauses.clear();
    }

    fn forget(&self, key: &LaneKey, lane: &Arc<Lane>) {
        let mut open = self.lock();
        if open.get(key).is_some_and(|there| Arc::ptr_eq(there, lane)) {
            open.remove(key);
        }
    }

    /// Closes what has not been used since `before`, in Unix microseconds, and what has ended by itself.
    pub(super) fn sweep(&self, slot: &Slot, before: i64) {
        let closing = self.remove_where(|key, lane| {
            let unused = lane.in_flight.load(Ordering::Acquire) == 0;
            let ended = lane.spent.load(Ordering::Acquire) || lane.peer.get().is_some_and(|peer| peer.is_closed());
            unused && (ended || lane.last_used.load(Ordering::Relaxed) < before && !slot.is_followed_on(key))
        });
        closing.iter().for_each(|lane| lane.close_in_background(End::Now));
    }

    pub(super) fn end_session(&self, session: SessionKey) {
        let lane = self.lock().remove(&LaneKey::Session(session));
        if let Some(lane) = lane {
            lane.close_in_background(End::Now);
        }
    }

    /// Somebody's own values are others now.
    pub(super) fn end_user(&self, user: UserId, end: End) {
        self.remove_where(|_, lane| lane.user == Some(user)).iter().for_each(|lane| lane.close_in_background(end));
        self.pauses.clear();
    }

    /// The connection of a session, if there is one.
    pub(super) fn of_session(&self, session: SessionKey) -> Option<Arc<dyn Peer>> {
        let lane = self.lock().get(&LaneKey::Session(session)).cloned()?;
        lane.peer.get().cloned()
    }

    /// From now on this is what the log of a connection is to say. One that is being opened hears it with its next call.
    pub(super) fn set_level(&self, key: &LaneKey, level: LogLevel) {
        let Some(lane) = self.lock().get(key).cloned() else { return };
        let Some(peer) = lane.peer.get() else { return };
        *lane.level() = Some(level);
        tell_level(Arc::clone(peer), level);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether it is open, or being opened.
    pub(super) fn has(&self, key: &LaneKey) -> bool {
        self.lock().contains_key(key)
    }

    /// No new call goes to what is open now.
    pub(super) fn close_in_background(&self, end: End) {
        self.pauses.clear();
        self.remove_where(|_, _| true).iter().for_each(|lane| lane.close_in_background(end));
    }

    /// Closes everything and waits until it is gone.
    pub(super) async fn close(&self) {
        self.pauses.clear();
        let lanes = self.remove_where(|_, _| true);
        futures_util::future::join_all(lanes.iter().map(|lane| lane.close(End::Now))).await;
    }

    fn remove_where(&self, which: impl Fn(&LaneKey, &Lane) -> bool) -> Vec<Arc<Lane>> {
        let mut open = self.lock();
        let over: Vec<LaneKey> =
            open.iter().filter(|(key, lane)| which(key, lane)).map(|(key, _)| key.clone()).collect();
        over.iter().filter_map(|key| open.remove(key)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneKey, Arc<Lane>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the session followed on a connection that is gone is followed on the new one.
fn follow_again(slot: &Arc<Slot>, session: SessionKey, peer: &Arc<dyn Peer>) {
    let topics = slot.shared().registry.followed_on_own(session, slot.server().id);
    if topics.is_empty() {
        return;
    }
    let (slot, peer) = (Arc::clone(slot), Arc::clone(peer));
    tokio::spawn(async move {
        for topic in topics {
            if let Err(error) = peer.subscribe(topic).await {
                slot.remark(format!("what a client follows is not followed any more: {error}"));
            }
        }
    });
}

/// Whether a call that finds no lane waits for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    Queue,
    None,
}

/// A place in the queue of one server.
struct Queued<'a> {
    waiting: &'a AtomicUsize,
    before: usize,
}

impl<'a> Queued<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Self {
        Self { waiting, before: waiting.fetch_add(1, Ordering::AcqRel) }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lane {
    /// Has the log say at least what a call wants to hear, before that goes. Not less: others may want more, and what the
    /// client does not want is not handed on.
    async fn hear(&self, slot: &Slot, peer: &Arc<dyn Peer>, wanted: &Wanted) {
        let all = if wanted.key == LaneKey::Legacy { slot.level() } else { None };
        let Some(level) = all.into_iter().chain(wanted.level).min() else { return };
        {
            let mut told = self.level();
            if told.is_some_and(|told| told <= level) {
                return;
            }
            *told = Some(level);
        }
        slot.tell_level_in_time(Arc::clone(peer), level).await;
    }

    fn level(&self) -> MutexGuard<'_, Option<LogLevel>> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn close(self: &Arc<Self>, end: End) {
        self.closed.store(true, Ordering::Release);
        let Some(peer) = self.peer.get() else { return };
        if let End::Drained(longest) = end {
            let drained = async {
                while self.in_flight.load(Ordering::Acquire) > 0 {
                    self.released.notified().await;
                }
            };
            // What is not over by then is cut off.
            let _ = tokio::time::timeout(longest, drained).await;
        }
        peer.close().await;
    }

    fn close_in_background(self: &Arc<Self>, end: End) {
        self.closed.store(true, Ordering::Release);
        // Without a runtime the process is about to end, and takes the connection with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let lane = Arc::clone(self);
            runtime.spawn(async move { lane.close(end).await });
        }
    }
}

/// Hands what a server says on a lane to the lane's client.
struct LaneSink {
    slot: Arc<Slot>,
    wanted: Wanted,
    /// When the handshake was over.
    opened: OnceLock<Instant>,
}

impl LaneSink {
    const fn session(&self) -> Option<SessionKey> {
        match self.wanted.key {
            LaneKey::Session(session) => Some(session),
            LaneKey::Legacy | LaneKey::Caller { .. } => None,
        }
    }

    fn notification(&self, notification: Notification) {
        let name = notification.method.as_str();
        if method::is_list_changed(name) {
            self.slot.lists_changed(name);
        } else if name == method::RESOURCE_UPDATED {
            if let Some(params) = &notification.params {
                // What is one client's own is not for others to hear, who are told where they follow it.
                let only = self.session();
                if self.wanted.kept && only.is_none() {
                    return;
                }
                self.slot.shared().registry.resource_updated(&self.slot.server(), params, only);
            }
        } else if let Some(session) = self.session() {
            // Of a message of another client's log nobody knows which call it is about; it is in the server's log.
            self.slot.shared().registry.tell_session(session, notification);
        }
    }
}

impl PeerSink for LaneSink {
    fn event(&self, event: PeerEvent) {
        match event {
            PeerEvent::Question(question) => {
                if let Some(session) = self.session() {
                    self.slot.shared().registry.ask_session(session, &self.slot.server(), question);
                }
            }
            PeerEvent::Notification(notification) => self.notification(notification),
            PeerEvent::Oddity(text) => self.slot.remark(text),
            // The next one who needs it sees that it is closed.
            PeerEvent::Closed { reason } => {
                // What ends during the handshake has failed to open, which is counted there.
                let settled = self.slot.shared().config.settled();
                if self.opened.get().is_some_and(|opened| opened.elapsed() < settled) {
                    self.slot.lanes().failed(&self.slot, &self.wanted, &reason);
                }
                self.slot.remark(format!("a client's own connection ended: {reason}"));
            }
        }
    }
}
