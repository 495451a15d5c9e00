//! The owner task of one server: starts it when wanted, stops it when idle, follows its lists, and is the only one
//! that changes its state.

mod draining;
mod life;
mod lists;
mod liveness;
mod sink;

use std::collections::BTreeSet;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use orch_domain::server_state::{ServerEvent, ServerState, next};
use orch_mcp::method;
use orch_mcp::peer::{Peer, PeerEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use self::draining::Draining;
use self::lists::Refreshed;
use self::liveness::Checked;
use self::sink::{Events, Sink};
use super::pace::Pace;
use super::slot::{Slot, Unready, micros};
use super::{Shared, Starts};
use crate::catalog::Catalog;
use crate::connector::ConnectFailure;

pub(super) use self::draining::Released;
pub(super) use self::lists::kinds_of;
pub(super) use self::liveness::close_if_silent;

/// How often what runs is looked at.
const IDLE_CHECK: Duration = Duration::from_secs(1);

type Waiter = oneshot::Sender<Result<(), Unready>>;

pub(super) enum Command {
    /// Start if need be; answered when calls can be made, or when that failed.
    Want(Waiter),
    /// The same, answered when the lists have been fetched once.
    WantCatalog(Waiter),
    /// An admin starts it, whatever was before; answered when it is ready or has failed.
    Start(Waiter),
    /// An admin stops what runs; answered when it is gone.
    Stop(oneshot::Sender<()>),
    /// Start if need be, nobody waits; where servers start for who waits alone, this starts none.
    Nudge,
    /// There may be something to look after.
    LookAround,
    /// A client's own connection has heard that these lists changed.
    ListsChanged(&'static [ItemKind]),
    /// A call was not answered in time.
    Suspect,
}

type Pending<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

pub(super) struct Owner {
    slot: Arc<Slot>,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Command>,
    state: ServerState,
    failures: u32,
    random: fastrand::Rng,
    ready_since: Option<i64>,
    starting: Pending<Result<Arc<dyn Peer>, ConnectFailure>>,
    refreshing: Pending<Refreshed>,
    checking: Pending<Checked>,
    /// Lists to be fetched (again).
    dirty: BTreeSet<ItemKind>,
    /// Lists that the server itself says have changed: clients are told, whether or not a difference is seen.
    announce: BTreeSet<ItemKind>,
    pace: Pace,
    /// The lists with the tools whose definitions were last noted, and those that were last stored.
    noted: Option<Arc<Catalog>>,
    stored: Option<Arc<Catalog>>,
    peer: Option<Arc<dyn Peer>>,
    released: Option<Released>,
    draining: Draining,
    sink: Arc<Sink>,
    events: Events,
    ready_waiters: Vec<Waiter>,
    catalog_waiters: Vec<Waiter>,
    start_waiters: Vec<Waiter>,
    /// What was last acted on: enabled, and the generation.
    applied: (bool, u32),
    next_check: Instant,
    /// Lists that could not be had, to be tried again at that time.
    lost: BTreeSet<ItemKind>,
    retry_at: Instant,
    last_refresh: Instant,
    last_heard: Instant,
    suspect: bool,
    silent_checks: u32,
    /// There was no room for it when it was last started, which is said once.
    crowded_out: bool,
}

/// What woke the owner.
enum Wake {
    Changed,
    Command(Option<Command>),
    Started(Result<Arc<dyn Peer>, ConnectFailure>),
    Refreshed(Box<Refreshed>),
    Checked(Checked),
    Event(PeerEvent),
    Overflow,
    IdleCheck,
    RefreshDue,
}

impl Owner {
    pub(super) fn new(slot: Arc<Slot>, inbox: mpsc::Receiver<Command>) -> Self {
        let shared = Arc::clone(slot.shared());
        let state = slot.status().state;
        let (sink, events) = Sink::new();
        let server = slot.server();
        let now = Instant::now();
        let known = slot.catalog();
        let (high, low) = server.id.as_uuid().as_u64_pair();
        Self {
            applied: (server.enabled, server.generation),
            random: fastrand::Rng::with_seed(shared.seed ^ high ^ low),
            next_check: now,
            lost: BTreeSet::new(),
            retry_at: now,
            last_refresh: now,
            last_heard: now,
            suspect: false,
            silent_checks: 0,
            crowded_out: false,
            slot,
            shared,
            inbox,
            state,
            failures: 0,
            ready_since: None,
            starting: None,
            refreshing: None,
            checking: None,
            dirty: BTreeSet::new(),
            announce: BTreeSet::new(),
            pace: Pace::new(),
            noted: known.clone(),
            stored: known,
            peer: None,
            released: None,
            draining: Draining::new(),
            sink,
            events,
            ready_waiters: Vec::new(),
            catalog_waiters: Vec::new(),
            start_waiters: Vec::new(),
        }
    }

    /// Runs until the server is retired.
    pub(super) async fn run(mut self) {
        loop {
            match self.wake().await {
                Wake::Changed if self.slot.is_retired() => break,
                Wake::Changed => self.changed().await,
                Wake::Command(None) => break,
                Wake::Command(Some(command)) => self.obey(command).await,
                Wake::Started(outcome) => self.started(outcome),
                Wake::Refreshed(refreshed) => self.refreshed(*refreshed).await,
                Wake::Checked(checked) => self.checked(checked).await,
                Wake::Event(event) => self.event(event).await,
                Wake::Overflow => {
                    self.sink.overflown.store(false, Ordering::Release);
                    self.outdate(&ItemKind::ALL);
                }
                Wake::IdleCheck => self.look_around().await,
                Wake::RefreshDue => {}
            }
            self.refresh_if_dirty();
        }
        self.halt(self.slot.over_because()).await;
        self.slot.close_lanes().await;
        self.draining.finish().await;
        if self.slot.is_removed() {
            self.shared.connector.forget(self.slot.server().id);
        }
    }

    async fn wake(&mut self) -> Wake {
        let to_be_looked_at =
            self.peer.is_some() || self.slot.has_lanes() || self.slot.is_watched() || self.is_missed();
        let refresh_waits =
            (self.peer.is_some() || self.slot.is_private()) && self.refreshing.is_none() && !self.dirty.is_empty();
        tokio::select! {
            biased;
            () = self.slot.has_changed() => Wake::Changed,
            () = tokio::time::sleep_until(self.next_check), if to_be_looked_at => Wake::IdleCheck,
            command = self.inbox.recv() => Wake::Command(command),
            outcome = maybe(self.starting.as_mut()) => { self.starting = None; Wake::Started(outcome) }
            Some(event) = self.events.recv() => Wake::Event(event),
            () = self.sink.overflow.notified() => Wake::Overflow,
            refreshed = maybe(self.refreshing.as_mut()) => { self.refreshing = None; Wake::Refreshed(Box::new(refreshed)) }
            checked = maybe(self.checking.as_mut()) => { self.checking = None; Wake::Checked(checked) }
            () = tokio::time::sleep_until(self.pace.next), if refresh_waits => Wake::RefreshDue,
        }
    }

    /// Whether a server may run here although nobody waits for it.
    fn starts_by_itself(&self) -> bool {
        self.shared.starts == Starts::AsConfigured
    }

    /// It shall always run, and does not.
    fn is_missed(&self) -> bool {
        self.starts_by_itself()
            && self.slot.server().run.always_on
            && matches!(self.state, ServerState::Stopped | ServerState::BackingOff { .. })
            && self.starting.is_none()
    }

    /// Acts on the difference between what is configured and what was last acted on. Compared, not counted: several
    /// changes that came together are one.
    async fn changed(&mut self) {
        let server = self.slot.server();
        let (was_enabled, old_generation) = self.applied;
        let replaced = server.generation != old_generation;
        let cut_off = self.peer.is_some() && !self.slot.has_peer();
        if server.enabled == was_enabled && !replaced && !cut_off {
            return;
        }
        self.applied = (server.enabled, server.generation);
        if !server.enabled {
            self.halt("the server was disabled").await;
            self.move_on(ServerEvent::Disabled, None);
        } else if was_enabled {
            self.replace("the server restarts with a changed configuration").await;
            self.move_on(ServerEvent::Stopped, None);
            self.move_on(ServerEvent::Reset, None);
        } else {
            self.move_on(ServerEvent::Enabled, None);
        }
        self.failures = 0;
        if server.enabled != was_enabled {
            ItemKind::ALL.into_iter().for_each(|kind| self.tell(kind));
        }
        let waited_for = !self.ready_waiters.is_empty() || !self.catalog_waiters.is_empty();
        if server.enabled && (waited_for || replaced && self.starts_by_itself()) {
            self.start_if_wanted();
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Want(waiter) => {
                self.notice_loss().await;
                self.ready_waiters.retain(|waiter| !waiter.is_closed());
                self.ready_waiters.push(waiter);
                self.start_if_wanted();
            }
            Command::WantCatalog(waiter) => {
                self.notice_loss().await;
                self.catalog_waiters.retain(|waiter| !waiter.is_closed());
                self.catalog_waiters.push(waiter);
                self.start_if_wanted();
                if self.slot.catalog().is_some() {
                    answer(&mut self.catalog_waiters, &Ok(()));
                }
            }
            Command::Start(waiter) => {
                self.notice_loss().await;
                self.failures = 0;
                self.slot.lanes().forgive();
                self.slot.forget_older();
                self.move_on(ServerEvent::Reset, None);
                if matches!(self.state, ServerState::Ready) {
                    let _ = waiter.send(Ok(()));
                    return;
                }
                if self.peer.is_some() {
                    // It runs, and what is missing is asked for once more.
                    self.dirty.extend(ItemKind::ALL);
                }
                self.start_waiters.retain(|waiter| !waiter.is_closed());
                self.start_waiters.push(waiter);
                self.start_if_wanted();
            }
            Command::Stop(done) => {
                // First, so that nothing new is opened while what runs is being ended.
                self.move_on(ServerEvent::StoppedByAdmin, None);
                self.halt("the server was stopped by an admin").await;
                self.slot.close_lanes().await;
                self.draining.finish().await;
                self.failures = 0;
                // Nobody may be waiting for the answer any more.
                let _ = done.send(());
            }
            Command::LookAround => {}
            Command::Suspect => {
                self.suspect = true;
                self.check_if_due();
            }
            Command::ListsChanged(kinds) => {
                self.outdate(kinds);
                if !self.slot.is_private() && self.starts_by_itself() {
                    self.start_if_wanted();
                }
            }
            Command::Nudge => {
                self.slot.nudge_taken();
                self.notice_loss().await;
                if self.starts_by_itself() {
                    self.start_if_wanted();
                }
            }
        }
    }

    async fn event(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Closed { reason } => self.lost(reason).await,
            PeerEvent::Oddity(text) => self.remark(text),
            // Nobody can be asked over a shared connection.
            PeerEvent::Question(question) => drop(question),
            PeerEvent::Notification(notification) => {
                match notification.method.as_str() {
                    // On a shared connection nobody knows whose it is; it is in the server's log.
                    method::LOG_MESSAGE => {}
                    method::RESOURCE_UPDATED => {
                        if let Some(params) = &notification.params {
                            self.shared.registry.resource_updated(&self.slot.server(), params, None);
                        }
                    }
                    method::TASK_CHANGED => {
                        if let Some(params) = &notification.params {
                            self.shared.registry.task_changed(&self.slot.server(), params);
                        }
                    }
                    name => self.outdate(kinds_of(name)),
                }
            }
        }
    }

    /// What clients follow is followed on the new connection as well.
    fn follow_again(&self) {
        let (Some(peer), watched) = (self.peer.clone(), self.slot.watched()) else { return };
        if watched.is_empty() {
            return;
        }
        let slot = Arc::clone(&self.slot);
        tokio::spawn(async move {
            for topic in watched {
                if let Err(error) = peer.subscribe(topic).await {
                    slot.remark(format!("what clients follow is not followed any more: {error}"));
                }
            }
        });
    }

    /// A connection may be over before its last event has been read.
    async fn notice_loss(&mut self) {
        if self.peer.as_ref().is_some_and(|peer| peer.is_closed()) {
            self.lost("the connection ended".to_owned()).await;
        }
    }

    async fn look_around(&mut self) {
        self.next_check = Instant::now() + IDLE_CHECK;
        self.slot.sweep_lanes();
        if self.starts_by_itself() {
            self.slot.open_kept();
        }
        self.slot.relax_level();
        self.notice_loss().await;
        if self.peer.is_none() {
            // What shall always run, or what clients follow, comes back as soon as the server may be started.
            let wanted = self.starts_by_itself() && (self.slot.is_watched() || self.is_missed());
            let may_start =
                matches!(next(&self.state, ServerEvent::Wanted, self.shared.clock.now()), ServerState::Starting);
            if wanted && may_start {
                self.start_if_wanted();
            }
            return;
        }
        self.look_at_lists();
        self.check_if_due();
        self.stop_if_idle().await;
    }

    async fn stop_if_idle(&mut self) {
        let server = self.slot.server();
        let idle = micros(self.shared.clock.now()) - self.slot.last_used().max(self.ready_since.unwrap_or_default());
        let limit = i64::try_from(self.shared.config.idle_stop(&server).as_micros()).unwrap_or(i64::MAX);
        let needed = server.run.always_on
            || self.slot.in_flight() > 0
            || self.slot.is_watched()
            || self.refreshing.is_some()
            || self.state == ServerState::Starting;
        // Last, as it gives up what it finds unused.
        if !needed && idle > limit && self.slot.drop_unused_peer(self.applied) {
            if self.has_settled() {
                self.failures = 0;
            }
            self.halt("the server was idle").await;
            self.move_on(ServerEvent::Stopped, None);
        }
    }

    fn remark(&self, text: String) {
        self.shared.connector.remark(self.slot.server().id, text);
    }
}

fn answer(waiters: &mut Vec<Waiter>, outcome: &Result<(), Unready>) {
    for waiter in waiters.drain(..) {
        // A waiter that has gone needs no answer.
        let _ = waiter.send(outcome.clone());
    }
}

async fn maybe<T>(future: Option<&mut Pin<Box<dyn Future<Output = T> + Send>>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}
