//! One server's place in the fleet: what callers see and hold. The owner task does the work.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use orch_domain::Timestamp;
use orch_domain::server::Server;
use orch_domain::server_state::{ServerState, ServerStatus};
use orch_mcp::level::LogLevel;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::object;
use orch_mcp::peer::{Peer, PeerRequest};
use orch_mcp::raw::Raw;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::Shared;
use super::lane::{LaneUse, Lanes, Wanted};
use super::owner::{Command, Owner};
use super::variants::Variants;
use crate::catalog::Catalog;
use crate::context::SessionKey;
use crate::subscription::Unwatchable;

/// Commands wait here for the owner task. Callers that find it full are told that the server is busy.
const COMMAND_QUEUE: usize = 4096;

pub(crate) struct Slot {
    server: ArcSwap<Server>,
    shared: Arc<Shared>,
    /// The live peer; taken without asking the owner, so that a call in steady state waits for nobody.
    peer: ArcSwapOption<LivePeer>,
    catalog: ArcSwapOption<Catalog>,
    /// Whether the lists were fetched since the server last (re)started in this configuration.
    verified: AtomicBool,
    in_flight: AtomicU32,
    /// Unix time in microseconds.
    last_used: AtomicI64,
    status: watch::Sender<ServerStatus>,
    commands: mpsc::Sender<Command>,
    /// The configuration is another one, or the server is retired. A signal and no command: it is never lost.
    changed: Notify,
    retired: AtomicBool,
    /// A nudge is on its way.
    nudged: AtomicBool,
    /// Connections of single clients.
    lanes: Lanes,
    variants: Variants,
    /// The level of the most curious client.
    level: Mutex<Option<LogLevel>>,
    /// Resources that are followed, by how many.
    watched: Mutex<HashMap<String, usize>>,
}

pub(super) struct LivePeer(pub(super) Arc<dyn Peer>);

/// Why a slot gave no peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unready {
    /// Words for callers and admins.
    Failed(String),
    /// Over a limit of ours.
    Busy(String),
}

pub(super) fn new(server: Arc<Server>, catalog: Option<Catalog>, shared: Arc<Shared>) -> (Arc<Slot>, Owner) {
    let now = shared.clock.now();
    let (commands, inbox) = mpsc::channel(COMMAND_QUEUE);
    let state = if server.enabled { ServerState::Stopped } else { ServerState::Disabled };
    let (status, _) = watch::channel(ServerStatus {
        state,
        since: now,
        reason: None,
        pid: None,
        revision: catalog.as_ref().map(|catalog| catalog.hello.revision.to_string()),
        implementation: catalog.as_ref().map(|catalog| catalog.hello.display_name()),
        calls_in_flight: 0,
    });
    let slot = Arc::new(Slot {
        server: ArcSwap::new(server),
        shared,
        peer: ArcSwapOption::empty(),
        catalog: ArcSwapOption::new(catalog.map(Arc::new)),
        verified: AtomicBool::new(false),
        in_flight: AtomicU32::new(0),
        last_used: AtomicI64::new(micros(now)),
        status,
        commands,
        changed: Notify::new(),
        retired: AtomicBool::new(false),
        nudged: AtomicBool::new(false),
        lanes: Lanes::default(),
        variants: Variants::default(),
        level: Mutex::default(),
        watched: Mutex::default(),
    });
    let owner = Owner::new(Arc::clone(&slot), inbox);
    (slot, owner)
}

impl Slot {
    pub(crate) fn server(&self) -> Arc<Server> {
        self.server.load_full()
    }

    pub(super) const fn variants(&self) -> &Variants {
        &self.variants
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// A peer that is ready right now.
    pub(crate) fn lease(self: &Arc<Self>) -> Option<Result<Lease, Unready>> {
        let live = self.peer.load();
        let live = live.as_ref().filter(|live| !live.0.is_closed())?;
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let lease = Lease { peer: Arc::clone(&live.0), lane: None, _in_flight: InFlight(Arc::clone(self)) };
        let limit = self.shared.config.max_in_flight;
        if before >= limit {
            return Some(Err(Unready::Busy(format!("{limit} calls are running"))));
        }
        Some(Ok(lease))
    }

    /// A ready peer, starting the server when needed.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease, Unready> {
        // The second round is for a peer that ended between the owner's word and ours.
        for _ in 0..2 {
            if let Some(lease) = self.lease() {
                return lease;
            }
            self.want().await?;
        }
        Err(Unready::Failed("the server ends as soon as it has started".to_owned()))
    }

    /// A connection for a client that can be asked: its own where the server is a legacy one, which would take an
    /// answer from anybody. A modern server is told with each request whom it may ask what.
    pub(crate) async fn acquire_for(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unready> {
        if self.catalog.load().is_none() {
            self.catalog_or_wait().await?;
        }
        let is_legacy = self.catalog.load().as_ref().is_none_or(|catalog| catalog.hello.revision.is_legacy());
        if !is_legacy {
            return self.acquire().await;
        }
        let lease = self.acquire_lane(wanted).await;
        if lease.is_err() {
            // Perhaps the server speaks another era than when its lists were stored; the shared connection finds out.
            self.want_verified();
        }
        lease
    }

    /// A connection of one client's own, opened when there is none.
    pub(crate) async fn acquire_lane(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unready> {
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let held = InFlight(Arc::clone(self));
        let limit = self.shared.config.max_in_flight;
        if before >= limit {
            return Err(Unready::Busy(format!("{limit} calls are running")));
        }
        let (peer, usage) = self.lanes.acquire(self, wanted).await?;
        Ok(Lease { peer, lane: Some(usage), _in_flight: held })
    }

    pub(super) fn end_session(&self, session: SessionKey) {
        self.lanes.end_session(session);
    }

    /// The level of log messages of the shared connection, from now on and whenever the server is started again.
    pub(crate) fn set_level(&self, level: Option<LogLevel>) {
        let mut now = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == level {
            return;
        }
        *now = level;
        drop(now);
        if let (Some(level), Some(live)) = (level, self.peer.load_full()) {
            tell_level(Arc::clone(&live.0), level);
        }
    }

    pub(super) fn level(&self) -> Option<LogLevel> {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_lane_level(&self, session: SessionKey, level: LogLevel) {
        if let Some(peer) = self.lanes.of_session(session) {
            tell_level(peer, level);
        }
    }

    pub(crate) fn notify_lane(&self, session: SessionKey, notification: &Notification) {
        let Some(peer) = self.lanes.of_session(session) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Notification { method, params } = notification.clone();
        runtime.spawn(async move {
            if let Err(error) = peer.notify(method, params).await {
                tracing::debug!(error = %error, "a notification of a client was not taken");
            }
        });
    }

    /// Closes the connections of single clients that nobody has used for long.
    pub(super) fn sweep_lanes(&self) {
        let idle = i64::try_from(self.shared.config.lane_idle().as_micros()).unwrap_or(i64::MAX);
        self.lanes.sweep(micros(self.shared.clock.now()).saturating_sub(idle));
    }

    pub(super) async fn close_lanes(&self) {
        self.lanes.close().await;
    }

    /// Follows a resource of the server's, together with everybody else who does.
    pub(crate) async fn watch(self: &Arc<Self>, uri: &str) -> Result<(), Unwatchable> {
        let first = {
            let mut watched = self.lock_watched();
            let count = watched.entry(uri.to_owned()).or_default();
            *count += 1;
            *count == 1
        };
        // Taken back when this is given up half way.
        let mut claim = Claim { slot: self, uri, stands: false };
        if first || !self.has_peer() {
            let lease = self.acquire().await.map_err(Unwatchable::Unready)?;
            lease.peer().subscribe(uri.to_owned()).await.map_err(Unwatchable::Peer)?;
        }
        claim.stands = true;
        Ok(())
    }

    /// The opposite of one [`Self::watch`] that went well.
    pub(crate) fn unwatch(self: &Arc<Self>, uri: &str) {
        {
            let mut watched = self.lock_watched();
            let Some(count) = watched.get_mut(uri) else { return };
            *count -= 1;
            if *count > 0 {
                return;
            }
            watched.remove(uri);
        }
        // A server that does not run, or a process that is about to end, follows nothing any more.
        let Some(Ok(lease)) = self.lease() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let uri = uri.to_owned();
        runtime.spawn(async move {
            if let Err(error) = lease.peer().unsubscribe(uri).await {
                tracing::debug!(error = %error, "a resource is followed for nobody");
            }
        });
    }

    pub(super) fn is_watched(&self) -> bool {
        !self.lock_watched().is_empty()
    }

    pub(super) fn has_lanes(&self) -> bool {
        !self.lanes.is_empty()
    }

    pub(super) fn watched(&self) -> Vec<String> {
        self.lock_watched().keys().cloned().collect()
    }

    fn lock_watched(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection of one client's said that lists changed: they are looked at on the shared one.
    pub(super) fn lists_changed(&self, method: &str) {
        let kinds = super::owner::kinds_of(method);
        // A full queue means that the owner has much to do; it is going to look at the lists anyway when it restarts.
        let _ = self.command(Command::ListsChanged(kinds));
    }

    pub(super) fn remark(&self, text: String) {
        self.shared.connector.remark(self.server.load().id, text);
    }

    /// Waits until the server is ready.
    pub(crate) async fn want(&self) -> Result<(), Unready> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Want(answer))?;
        answered.await.unwrap_or_else(|_| Err(Unready::Failed("the server was removed".to_owned())))
    }

    /// Has the server started without waiting for it, unless its lists are known to be right.
    pub(crate) fn want_verified(&self) {
        let wanted = !self.verified.load(Ordering::Acquire) && self.server.load().enabled;
        if wanted && !self.nudged.swap(true, Ordering::AcqRel) && self.command(Command::Nudge).is_err() {
            self.nudged.store(false, Ordering::Release);
        }
    }

    /// Waits until the lists have been fetched once.
    pub(crate) async fn catalog_or_wait(&self) -> Result<Arc<Catalog>, Unready> {
        if let Some(catalog) = self.catalog.load_full() {
            self.want_verified();
            return Ok(catalog);
        }
        let (answer, answered) = oneshot::channel();
        self.command(Command::WantCatalog(answer))?;
        answered.await.unwrap_or_else(|_| Err(Unready::Failed("the server was removed".to_owned())))?;
        self.catalog.load_full().ok_or_else(|| Unready::Failed("the server's lists are not known".to_owned()))
    }

    pub(super) fn command(&self, command: Command) -> Result<(), Unready> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Unready::Busy(format!("{COMMAND_QUEUE} callers wait for it")),
            mpsc::error::TrySendError::Closed(_) => Unready::Failed("the server was removed".to_owned()),
        })
    }

    pub(crate) fn catalog(&self) -> Option<Arc<Catalog>> {
        self.catalog.load_full()
    }

    pub(super) fn nudge_taken(&self) {
        self.nudged.store(false, Ordering::Release);
    }

    /// `complete` says that every list came.
    pub(super) fn set_catalog(&self, catalog: Arc<Catalog>, complete: bool) {
        self.catalog.store(Some(catalog));
        self.verified.store(complete, Ordering::Release);
        self.shared.catalog_changed();
    }

    pub(super) fn unverify(&self) {
        self.verified.store(false, Ordering::Release);
    }

    pub(super) fn set_peer(&self, peer: Option<Arc<dyn Peer>>) {
        self.peer.store(peer.map(|peer| Arc::new(LivePeer(peer))));
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn last_used(&self) -> i64 {
        self.last_used.load(Ordering::Relaxed)
    }

    fn touch(&self) {
        self.last_used.store(micros(self.shared.clock.now()), Ordering::Relaxed);
    }

    /// Takes note of a configuration; the owner acts on the difference.
    pub(super) fn reconfigure(&self, server: &Arc<Server>) {
        let old = self.server.swap(Arc::clone(server));
        if (old.generation, old.enabled) != (server.generation, server.enabled) {
            // From this moment no new call goes to what ran under the old configuration.
            self.set_peer(None);
            self.unverify();
            self.variants.clear();
            self.lanes.close_in_background();
            self.changed.notify_one();
        }
    }

    /// The server is gone, or the daemon stops.
    pub(super) fn retire(&self) {
        self.set_peer(None);
        self.retired.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Waits until there is something new in the configuration.
    pub(super) async fn has_changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn has_peer(&self) -> bool {
        self.peer.load().is_some()
    }

    pub(crate) fn status(&self) -> ServerStatus {
        let mut status = self.status.borrow().clone();
        status.calls_in_flight = self.in_flight();
        status
    }

    pub(super) fn set_status(&self, change: impl FnOnce(&mut ServerStatus)) {
        self.status.send_modify(change);
    }
}

/// Has a legacy server with a log say more or less. A modern one is told with each request.
pub(super) fn tell_level(peer: Arc<dyn Peer>, level: LogLevel) {
    let hello = peer.hello();
    if !hello.revision.is_legacy() || !orch_mcp::capabilities::has(&hello.capabilities, "logging") {
        return;
    }
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        let params = Raw::serialize(&level.as_str()).ok().map(|level| object::build([("level", &level)]));
        let request = PeerRequest::new(MethodName::from_static("logging/setLevel"), params);
        if let Err(error) = crate::catalog::fetch::answer(&*peer, request).await {
            tracing::debug!(error = %error, "a server does not change the level of its log");
        }
    });
}

/// The right to use a peer; as long as one is held, the server is not idle.
pub(crate) struct Lease {
    peer: Arc<dyn Peer>,
    #[expect(dead_code, reason = "held for its Drop")]
    lane: Option<LaneUse>,
    _in_flight: InFlight,
}

impl Lease {
    pub(crate) fn peer(&self) -> &dyn Peer {
        &*self.peer
    }

    /// The peer for something that may outlive the lease.
    pub(crate) fn shared_peer(&self) -> Arc<dyn Peer> {
        Arc::clone(&self.peer)
    }
}

/// Counts among the calls of a server.
struct InFlight(Arc<Slot>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A count among those who follow a resource, until it is known whether the server agrees.
struct Claim<'a> {
    slot: &'a Arc<Slot>,
    uri: &'a str,
    stands: bool,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.stands {
            let mut watched = self.slot.lock_watched();
            if let Some(count) = watched.get_mut(self.uri) {
                *count -= 1;
                if *count == 0 {
                    watched.remove(self.uri);
                }
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "microseconds since 1970 fit for 290,000 years")]
pub(super) fn micros(at: Timestamp) -> i64 {
    (at.unix_timestamp_nanos() / 1000) as i64
}
