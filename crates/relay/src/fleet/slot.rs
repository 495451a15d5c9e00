//! One server's place in the fleet: what callers see. The owner task does the work.

mod acquire;
mod lease;
mod older;
mod volume;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use orch_domain::Timestamp;
use orch_domain::id::UserId;
use orch_domain::secret::Secret;
use orch_domain::server::Server;
use orch_domain::server_state::{ServerState, ServerStatus};
use orch_mcp::level::LogLevel;
use orch_mcp::message::Notification;
use orch_mcp::peer::{Peer, Topic};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

use super::Shared;
use super::kept::Kept;
use super::lane::{End, Lanes};
use super::owner::{Command, Owner, Released};
use super::variants::Variants;
use super::wanted::LaneKey;
use super::watch::Watches;
use crate::catalog::Catalog;
use crate::context::SessionKey;

pub(crate) use self::lease::Lease;
use self::older::Older;
use self::volume::Volume;
pub(super) use self::volume::tell_level;

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
    /// How many calls there may be.
    max_in_flight: AtomicU32,
    /// Unix time in microseconds.
    last_used: AtomicI64,
    /// When the lists were last read as a whole, likewise; 0 for never.
    lists_read: AtomicI64,
    status: watch::Sender<ServerStatus>,
    commands: mpsc::Sender<Command>,
    /// The configuration is another one, or the server is retired. A signal and no command: it is never lost.
    changed: Notify,
    retired: watch::Sender<bool>,
    /// Retired because the server is gone, and not because the daemon stops.
    removed: AtomicBool,
    starting: Mutex<Starting>,
    /// A nudge is on its way.
    nudged: AtomicBool,
    /// Connections of single clients.
    lanes: Lanes,
    kept: Kept,
    older: Older,
    variants: Variants,
    volume: Volume,
    watches: Watches,
    /// Values of single members.
    personal: ArcSwap<HashMap<UserId, Vec<Secret>>>,
}

/// The shared connection, for as long as a call or the slot holds it.
pub(super) struct LivePeer {
    peer: Arc<dyn Peer>,
    /// Tells the owner with its drop that nobody does any more.
    _released: oneshot::Sender<Infallible>,
}

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
        revision: catalog.as_ref().map(|catalog| catalog.hello.revision.to_string()),
        implementation: catalog.as_ref().map(|catalog| catalog.hello.display_name()),
        ..ServerStatus::new(state, now)
    });
    let max_in_flight = shared.config.max_in_flight(&server);
    let catalog = catalog.filter(|_| server.lacks_shared_values().is_none());
    let lists_read = catalog.as_ref().map_or(0, |catalog| micros(catalog.fetched_at));
    let slot = Arc::new(Slot {
        server: ArcSwap::new(server),
        shared,
        peer: ArcSwapOption::empty(),
        catalog: ArcSwapOption::new(catalog.map(Arc::new)),
        verified: AtomicBool::new(false),
        in_flight: AtomicU32::new(0),
        max_in_flight: AtomicU32::new(max_in_flight),
        last_used: AtomicI64::new(micros(now)),
        lists_read: AtomicI64::new(lists_read),
        status,
        commands,
        changed: Notify::new(),
        retired: watch::Sender::new(false),
        removed: AtomicBool::new(false),
        starting: Mutex::default(),
        nudged: AtomicBool::new(false),
        lanes: Lanes::default(),
        kept: Kept::default(),
        older: Older::default(),
        variants: Variants::default(),
        volume: Volume::default(),
        watches: Watches::default(),
        personal: ArcSwap::default(),
    });
    let owner = Owner::new(Arc::clone(&slot), inbox);
    (slot, owner)
}

/// Attempts to start it, as far as lists wait for them.
#[derive(Debug, Default)]
struct Starting {
    /// When the present attempt began; None when there is none.
    began: Option<Instant>,
    /// An attempt before took longer than lists wait.
    was_slow: bool,
}

impl Starting {
    fn is_slow(&self, deadline: Duration) -> bool {
        self.was_slow || self.began.is_some_and(|began| began.elapsed() >= deadline)
    }
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

    pub(super) fn is_of_legacy(&self) -> bool {
        self.catalog.load().as_ref().is_some_and(|catalog| catalog.hello.revision.is_legacy())
    }

    pub(crate) fn may_be_of_legacy(&self) -> bool {
        self.catalog.load().as_ref().is_none_or(|catalog| catalog.hello.revision.is_legacy())
    }

    /// Whether the server runs with values of this account's own.
    pub(super) fn has_own(&self, user: UserId) -> bool {
        let server = self.server.load();
        let personal = self.personal.load();
        personal.get(&user).is_some_and(|own| own.iter().any(|one| server.run.personal.contains_key(&one.slot)))
    }

    /// Whether there is nothing that everybody shares: the server runs only with values of single members, and what it
    /// offers to them is for nobody else to see.
    pub(super) fn is_private(&self) -> bool {
        let server = self.server.load();
        !server.missing_personal(&server.secrets).is_empty()
    }

    pub(super) const fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(super) const fn kept(&self) -> &Kept {
        &self.kept
    }

    pub(super) const fn watches(&self) -> &Watches {
        &self.watches
    }

    /// What this account brought along.
    pub(super) fn personal_of(&self, user: UserId) -> Vec<Secret> {
        self.personal.load().get(&user).cloned().unwrap_or_default()
    }

    /// Takes note of what members brought along. What runs with other values is replaced.
    pub(super) fn set_personal(&self, personal: HashMap<UserId, Vec<Secret>>) {
        let old = self.personal.load_full();
        if *old == personal {
            return;
        }
        let users: HashSet<UserId> = old.keys().chain(personal.keys()).copied().collect();
        let changed: Vec<UserId> = users.into_iter().filter(|user| old.get(user) != personal.get(user)).collect();
        self.personal.store(Arc::new(personal));
        // What a server offered to somebody's own values may not be what it offers to others.
        self.clear_variants();
        let end = End::Drained(self.shared.config.drain());
        changed.into_iter().for_each(|user| self.lanes.end_user(user, end));
    }

    pub(super) fn end_session(&self, session: SessionKey) {
        self.kept.end_session(session);
        self.lanes.end_session(session);
    }

    pub(crate) fn set_lane_level(&self, session: SessionKey, level: LogLevel) {
        self.lanes.set_level(&LaneKey::Session(session), level);
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
        let idle = self.shared.config.lane_idle(&self.server.load());
        let idle = i64::try_from(idle.as_micros()).unwrap_or(i64::MAX);
        self.lanes.sweep(self, micros(self.shared.clock.now()).saturating_sub(idle));
    }

    pub(super) async fn close_lanes(&self) {
        self.lanes.close().await;
    }

    pub(super) fn is_watched(&self) -> bool {
        !self.watches.is_empty()
    }

    pub(super) fn has_lanes(&self) -> bool {
        !self.lanes.is_empty() || !self.kept.is_empty()
    }

    pub(super) fn watched(&self) -> Vec<Topic> {
        self.watches.followed()
    }

    /// A connection of one client's said that lists changed: they are looked at on the shared one.
    pub(super) fn lists_changed(&self, method: &str) {
        if self.command(Command::ListsChanged(super::owner::kinds_of(method))).is_err() {
            // The owner has much to do; it is going to look at the lists anyway when it restarts.
            self.expire_variants();
        }
    }

    pub(super) fn remark(&self, text: String) {
        self.shared.connector.remark(self.server.load().id, text);
    }

    /// Waits until the server is ready.
    pub(crate) async fn want(&self) -> Result<(), Unready> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Want(answer))?;
        answered.await.unwrap_or_else(|_| Err(self.over()))
    }

    /// Starts it, whatever was before, and waits until it is ready.
    pub(super) async fn start(&self) -> Result<(), Unready> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Start(answer))?;
        answered.await.unwrap_or_else(|_| Err(self.over()))
    }

    /// Has the server started without waiting for it, unless its lists are known to be right.
    pub(crate) fn want_verified(&self) {
        let wanted = self.is_stale() && self.server.load().enabled;
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
        answered.await.unwrap_or_else(|_| Err(self.over()))?;
        self.catalog.load_full().ok_or_else(|| Unready::Failed("the server's lists are not known".to_owned()))
    }

    pub(super) fn command(&self, command: Command) -> Result<(), Unready> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Unready::Busy(format!("{COMMAND_QUEUE} callers wait for it")),
            mpsc::error::TrySendError::Closed(_) => self.over(),
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
        let hello = &catalog.hello;
        if self.catalog.load().as_ref().is_some_and(|old| old.hello.server_info != hello.server_info) {
            // Another version of the server may speak otherwise.
            self.forget_older();
        }
        self.catalog.store(Some(catalog));
        self.set_verified(complete);
        self.shared.catalog_changed(self.server().project_id);
    }

    /// Whether the lists are known to be what the server offers now.
    pub(super) fn set_verified(&self, verified: bool) {
        if verified {
            self.lists_read.store(micros(self.shared.clock.now()), Ordering::Relaxed);
        }
        self.verified.store(verified, Ordering::Release);
    }

    /// The lists are the last good ones, and may not be right any more. Where nothing is shared there are none that could
    /// be.
    pub(crate) fn is_stale(&self) -> bool {
        !self.verified.load(Ordering::Acquire) && !self.is_private()
    }

    /// When the lists were last read; None when never.
    pub(super) fn lists_read(&self) -> Option<Timestamp> {
        let micros = self.lists_read.load(Ordering::Relaxed);
        (micros > 0).then(|| Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()).flatten()
    }

    /// From now on calls go to this connection. Gives what tells when nobody uses it any more.
    pub(super) fn set_peer(&self, peer: Arc<dyn Peer>) -> Released {
        let (holder, released) = oneshot::channel();
        self.peer.store(Some(Arc::new(LivePeer { peer, _released: holder })));
        released
    }

    pub(super) fn drop_peer(&self) {
        self.peer.store(None);
    }

    /// Takes the shared connection away, unless somebody uses it or it was given up already. `applied` is what it was
    /// opened for: whether the server is enabled, and its generation.
    pub(super) fn drop_unused_peer(&self, applied: (bool, u32)) -> bool {
        match take_unused(&self.peer) {
            Ok(()) => true,
            Err(None) => false,
            Err(Some(used)) => {
                self.peer.store(Some(used));
                let server = self.server.load();
                if self.is_retired() || (server.enabled, server.generation) != applied {
                    // It was given up while it was not there.
                    self.drop_peer();
                }
                false
            }
        }
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
        self.max_in_flight.store(self.shared.config.max_in_flight(server), Ordering::Relaxed);
        if (old.generation, old.enabled) != (server.generation, server.enabled) {
            // From this moment no new call goes to what ran under the old configuration.
            self.drop_peer();
            self.set_verified(false);
            self.clear_variants();
            if server.lacks_shared_values().is_some() {
                self.catalog.store(None);
                self.lists_read.store(0, Ordering::Relaxed);
            }
            let end = if server.enabled { End::Drained(self.shared.config.drain()) } else { End::Now };
            self.lanes.close_in_background(end);
            let (isolation, personal) = (server.run.isolation, &server.run.personal);
            if (old.run.isolation, &old.run.personal, old.dialect) != (isolation, personal, server.dialect) {
                self.kept.clear();
            }
            self.changed.notify_one();
        } else if old.run != server.run {
            self.changed.notify_one();
        }
    }

    /// The server is gone, and so is what is kept of it.
    pub(super) fn remove(&self) {
        self.removed.store(true, Ordering::Release);
        self.retire();
    }

    pub(super) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// The server is gone, or the daemon stops.
    pub(super) fn retire(&self) {
        self.drop_peer();
        self.retired.send_replace(true);
        self.changed.notify_one();
    }

    pub(super) fn is_retired(&self) -> bool {
        *self.retired.borrow()
    }

    /// Resolves when the slot is retired.
    pub(super) async fn has_retired(&self) {
        // It fails when the sender is gone, which is in `self`.
        let _ = self.retired.subscribe().wait_for(|retired| *retired).await;
    }

    /// Why a retired slot gives nothing any more.
    pub(super) fn over(&self) -> Unready {
        Unready::Failed(self.over_because().to_owned())
    }

    pub(super) fn over_because(&self) -> &'static str {
        if self.is_removed() { "the server was removed" } else { "the daemon is stopping" }
    }

    /// Waits until there is something new in the configuration.
    pub(super) async fn has_changed(&self) {
        self.changed.notified().await;
    }

    /// `is_well`: its lists were read, or it is to be tried as if nothing had been before.
    pub(super) fn set_starting(&self, starting: bool, is_well: bool) {
        let deadline = self.shared.config.list_deadline();
        let mut known = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        known.was_slow = !is_well && known.is_slow(deadline);
        known.began = if starting { known.began.or_else(|| Some(Instant::now())) } else { None };
    }

    /// Whether it has been waited for as long as a list waits, and its lists were not read since: another attempt is not
    /// waited for.
    pub(crate) fn is_slow_to_start(&self) -> bool {
        self.starting.lock().unwrap_or_else(PoisonError::into_inner).is_slow(self.shared.config.list_deadline())
    }

    pub(super) fn has_peer(&self) -> bool {
        self.peer.load().is_some()
    }

    pub(crate) fn status(&self) -> ServerStatus {
        let mut status = self.status.borrow().clone();
        status.calls_in_flight = self.in_flight();
        let own = self.shared.pool.of_server(self.server.load().id);
        status.own_connections = u32::try_from(own).unwrap_or(u32::MAX);
        status.lists_read = self.lists_read();
        status.lists_stale = status.lists_read.is_some() && self.is_stale();
        status
    }

    pub(super) fn set_status(&self, change: impl FnOnce(&mut ServerStatus)) {
        self.status.send_modify(change);
    }
}

/// Takes out what nobody uses; gives back what somebody does. Taken first and looked at then: who has just got hold of
/// it counts, and nobody gets hold of it any more.
fn take_unused<T>(place: &ArcSwapOption<T>) -> Result<(), Option<Arc<T>>> {
    let taken = place.swap(None).ok_or(None)?;
    if Arc::strong_count(&taken) > 1 { Err(Some(taken)) } else { Ok(()) }
}

#[expect(clippy::cast_possible_truncation, reason = "microseconds since 1970 fit for 290,000 years")]
pub(super) fn micros(at: Timestamp) -> i64 {
    (at.unix_timestamp_nanos() / 1000) as i64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwapOption;

    use super::take_unused;

    #[test]
    fn what_somebody_has_just_got_hold_of_is_in_use() {
        let place = ArcSwapOption::from_pointee(1);
        // A caller that has looked at the connection, and does not count among the calls yet.
        let looking = place.load();
        let used = take_unused(&place).expect_err("it is in use").expect("it was there");
        assert!(place.load().is_none(), "nobody else gets hold of it meanwhile");
        drop(looking);
        place.store(Some(Arc::clone(&used)));
        assert!(take_unused(&place).is_err(), "a call has it");
        place.store(Some(used));
        assert_eq!(take_unused(&place), Ok(()));
        assert_eq!(take_unused(&place), Err(None), "it is gone already");
    }
}
