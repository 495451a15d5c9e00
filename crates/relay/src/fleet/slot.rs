//! One server's place in the fleet: what callers see and hold. The owner task does the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use orch_domain::Timestamp;
use orch_domain::server::Server;
use orch_domain::server_state::{ServerState, ServerStatus};
use orch_mcp::peer::Peer;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::Shared;
use super::owner::{Command, Owner};
use crate::catalog::Catalog;

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
    });
    let owner = Owner::new(Arc::clone(&slot), inbox);
    (slot, owner)
}

impl Slot {
    pub(crate) fn server(&self) -> Arc<Server> {
        self.server.load_full()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// A peer that is ready right now.
    pub(crate) fn lease(self: &Arc<Self>) -> Option<Result<Lease, Unready>> {
        let live = self.peer.load();
        let live = live.as_ref().filter(|live| !live.0.is_closed())?;
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let lease = Lease { peer: Arc::clone(&live.0), slot: Arc::clone(self) };
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

/// The right to use a peer; as long as one is held, the server is not idle.
pub(crate) struct Lease {
    peer: Arc<dyn Peer>,
    slot: Arc<Slot>,
}

impl Lease {
    pub(crate) fn peer(&self) -> &dyn Peer {
        &*self.peer
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.slot.touch();
        self.slot.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "microseconds since 1970 fit for 290,000 years")]
pub(super) fn micros(at: Timestamp) -> i64 {
    (at.unix_timestamp_nanos() / 1000) as i64
}
