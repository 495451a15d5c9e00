//! The owner task of one server: starts it when wanted, stops it when idle, follows its lists, and is the only one
//! that changes its state.

mod draining;
mod lists;
mod liveness;

use std::collections::BTreeSet;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use orch_domain::event::{Event, Fact};
use orch_domain::server_state::{ServerEvent, ServerState, next};
use orch_mcp::method;
use orch_mcp::peer::{Connection, Peer, PeerEvent, PeerSink};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use self::draining::Draining;
use self::lists::Refreshed;
use self::liveness::Checked;
use super::Shared;
use super::pace::Pace;
use super::slot::{Slot, Unready, micros};
use crate::catalog::Catalog;
use crate::connector::{ConnectFailure, era};

pub(super) use self::draining::Released;
pub(super) use self::lists::kinds_of;
pub(super) use self::liveness::close_if_silent;

/// How often what runs is looked at.
const IDLE_CHECK: Duration = Duration::from_secs(1);
/// Events of one connection that wait for the owner; further list changes are remembered without their place.
const EVENT_QUEUE: usize = 1024;

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
    /// Start if need be, nobody waits.
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
    events: mpsc::Receiver<PeerEvent>,
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
                    self.dirty.extend(ItemKind::ALL);
                    self.announce.extend(ItemKind::ALL);
                }
                Wake::IdleCheck => self.look_around().await,
                Wake::RefreshDue => {}
            }
            self.refresh_if_dirty();
        }
        self.halt("the server was removed or the daemon stops").await;
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

    /// It shall always run, and does not.
    fn is_missed(&self) -> bool {
        self.slot.server().run.always_on
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
        if server.enabled && (replaced || waited_for) {
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
                self.dirty.extend(kinds);
                self.announce.extend(kinds);
                if !self.slot.is_private() {
                    self.start_if_wanted();
                }
            }
            Command::Nudge => {
                self.slot.nudge_taken();
                self.notice_loss().await;
                self.start_if_wanted();
            }
        }
    }

    /// Starts, or answers those who wait when there is nothing to be started.
    fn start_if_wanted(&mut self) {
        if self.peer.is_some() {
            return answer(&mut self.ready_waiters, &Ok(()));
        }
        let server = self.slot.server();
        if self.state != ServerState::Disabled
            && let Some(missing) = server.lacks_shared_values()
        {
            return self.refuse(&missing);
        }
        let now = self.shared.clock.now();
        match next(&self.state, ServerEvent::Wanted, now) {
            ServerState::Starting if self.starting.is_none() => {
                let (sink, events) = Sink::new();
                (self.sink, self.events) = (sink, events);
                let connector = Arc::clone(&self.shared.connector);
                let sink: Arc<dyn PeerSink> = Arc::<Sink>::clone(&self.sink);
                self.starting = Some(Box::pin(async move {
                    let connection = Connection::shared(era(server.dialect.era));
                    connector.connect(&server, connection, sink).await
                }));
                self.move_on(ServerEvent::Wanted, None);
            }
            ServerState::Starting | ServerState::Stopped | ServerState::Ready | ServerState::Degraded => {}
            ServerState::Disabled => self.refuse("the server is disabled"),
            ServerState::StoppedByAdmin => self.refuse("the server was stopped by an admin; an admin can start it"),
            ServerState::BackingOff { until, .. } => {
                let wait = (until - now).as_seconds_f64();
                let reason = self.slot.status().reason.unwrap_or_default();
                self.refuse(&format!("{reason}; the next start is possible in {wait:.1} s"));
            }
            state @ (ServerState::CrashLooping { .. } | ServerState::Incompatible) => {
                let reason = self.slot.status().reason.unwrap_or_default();
                self.refuse(&stuck(&reason, &state));
            }
        }
    }

    fn refuse(&mut self, reason: &str) {
        self.turn_away(&Unready::Failed(reason.to_owned()));
    }

    fn turn_away(&mut self, why: &Unready) {
        let refusal = Err(why.clone());
        answer(&mut self.ready_waiters, &refusal);
        answer(&mut self.catalog_waiters, &refusal);
        answer(&mut self.start_waiters, &refusal);
    }

    fn started(&mut self, outcome: Result<Arc<dyn Peer>, ConnectFailure>) {
        let server = self.slot.server();
        match outcome {
            Err(failure) => {
                tracing::warn!(server.id = %server.id, server.alias = %server.alias, error = %failure, "a server did not start");
                if failure.busy {
                    // There is no room for it, which says nothing of the server.
                    self.remark(failure.reason.clone());
                    self.move_on(ServerEvent::Stopped, Some(failure.reason.clone()));
                    self.turn_away(&Unready::Busy(failure.reason));
                } else if failure.incompatible {
                    self.remark(failure.reason.clone());
                    self.move_on(ServerEvent::Incompatible, Some(failure.reason.clone()));
                    self.refuse(&stuck(&failure.reason, &ServerState::Incompatible));
                } else {
                    self.failed(failure.reason);
                }
            }
            Ok(peer) => {
                let hello = peer.hello();
                tracing::info!(
                    server.id = %server.id, server.alias = %server.alias, mcp.revision = %hello.revision, "a server has started"
                );
                self.slot.set_status(|status| {
                    status.pid = peer.pid();
                    status.revision = Some(hello.revision.to_string());
                    status.implementation = Some(hello.display_name());
                });
                self.ready_since = Some(micros(self.shared.clock.now()));
                self.heard();
                self.suspect = false;
                self.released = Some(self.slot.set_peer(Arc::clone(&peer)));
                self.peer = Some(Arc::clone(&peer));
                // Calls may go before the lists are there; who starts it waits for them.
                answer(&mut self.ready_waiters, &Ok(()));
                self.dirty.extend(ItemKind::ALL);
                self.follow_again();
                if let Some(level) = self.slot.level() {
                    super::slot::tell_level(peer, level);
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
                    name => {
                        let kinds = kinds_of(name);
                        if !kinds.is_empty() {
                            self.slot.expire_variants();
                        }
                        self.dirty.extend(kinds);
                        self.announce.extend(kinds);
                    }
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
        self.notice_loss().await;
        if self.peer.is_none() {
            // What shall always run, or what clients follow, comes back as soon as the server may be started.
            let wanted = self.slot.is_watched() || self.is_missed();
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
        if !needed && idle > limit {
            if self.has_settled() {
                self.failures = 0;
            }
            self.halt("the server was idle").await;
            self.move_on(ServerEvent::Stopped, None);
        }
    }

    /// What ran has ended by itself.
    async fn lost(&mut self, reason: String) {
        let Some(peer) = self.peer.take() else { return };
        let server = self.slot.server();
        tracing::warn!(server.id = %server.id, server.alias = %server.alias, reason, "a server was lost");
        self.let_go();
        peer.close().await;
        self.slot.set_verified(false);
        if self.has_settled() {
            self.failures = 0;
        }
        self.ready_since = None;
        self.failed(reason);
    }

    /// Whether what runs, or ran until now, did so long enough to be taken for well.
    fn has_settled(&self) -> bool {
        let up = micros(self.shared.clock.now()) - self.ready_since.unwrap_or(i64::MAX);
        up > i64::try_from(self.shared.config.settled().as_micros()).unwrap_or(i64::MAX)
    }

    fn failed(&mut self, reason: String) {
        self.failures = self.failures.saturating_add(1);
        self.remark(reason.clone());
        let pause = self.shared.config.retry(&self.slot.server()).pause(self.failures, self.random.f64());
        let event = ServerEvent::Failed { failures: self.failures, pause };
        self.move_on(event, Some(reason.clone()));
        if pause.is_none() {
            self.remark(stuck("too many failures in a row", &self.state));
        }
        let told = if self.state.waits_for_a_person() { stuck(&reason, &self.state) } else { reason };
        self.refuse(&told);
    }

    /// Nothing that belongs to the present connection is waited for any more.
    fn let_go(&mut self) {
        self.starting = None;
        self.refreshing = None;
        self.checking = None;
        self.silent_checks = 0;
        self.suspect = false;
        self.released = None;
        self.slot.drop_peer();
    }

    /// Ends whatever runs or starts.
    async fn halt(&mut self, reason: &str) {
        let ran = self.starting.is_some() || self.peer.is_some();
        self.let_go();
        if let Some(peer) = self.peer.take() {
            peer.close().await;
        }
        self.ready_since = None;
        if ran {
            self.remark(reason.to_owned());
        }
        self.refuse(reason);
    }

    /// Gives what runs up for another connection. Running calls go on for a while; who waits for a start goes on
    /// waiting.
    async fn replace(&mut self, reason: &str) {
        let ran = self.starting.is_some() || self.peer.is_some();
        let released = self.released.take();
        self.let_go();
        match (self.peer.take(), released) {
            (Some(peer), Some(released)) if self.slot.in_flight() > 0 => {
                self.draining.add(peer, released, self.shared.config.drain());
            }
            // Before the new one starts: many servers cannot run twice.
            (Some(peer), _) => peer.close().await,
            (None, _) => {}
        }
        self.ready_since = None;
        if ran {
            self.remark(reason.to_owned());
        }
    }

    fn move_on(&mut self, event: ServerEvent, reason: Option<String>) {
        let now = self.shared.clock.now();
        let state = next(&self.state, event, now);
        let well = matches!(event, ServerEvent::ListsFetched | ServerEvent::Reset | ServerEvent::Enabled);
        if state == self.state && reason.is_none() && !well {
            return;
        }
        let moved = state != self.state;
        self.state = state.clone();
        self.slot.set_starting(state == ServerState::Starting);
        self.slot.set_status(|status| {
            if moved {
                status.state = state.clone();
                status.since = now;
            }
            if !state.is_up() {
                status.pid = None;
            }
            if reason.is_some() || well {
                status.reason.clone_from(&reason);
            }
        });
        if moved {
            // After the status, so that who reads it because of this sees it.
            let server = self.slot.server();
            let fact = Fact::ServerState { server: server.id, state: state.as_str(), reason };
            self.shared.events.emit(Event { at: now, project: Some(server.project_id), concerns: None, fact });
        }
    }

    fn remark(&self, text: String) {
        self.shared.connector.remark(self.slot.server().id, text);
    }
}

/// What callers and admins are told of a server that does not start again by itself.
fn stuck(reason: &str, state: &ServerState) -> String {
    let what = match state {
        ServerState::CrashLooping { failures } => format!("it failed {failures} times in a row"),
        _ => "it does not work as an MCP server".to_owned(),
    };
    format!("{reason}; {what} and is not started again until an admin restarts it or changes its configuration")
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

/// Takes the events of one connection. A new connection gets a new one, so nothing of an old one is taken for new.
struct Sink {
    events: mpsc::Sender<PeerEvent>,
    overflow: Notify,
    overflown: AtomicBool,
}

impl Sink {
    fn new() -> (Arc<Self>, mpsc::Receiver<PeerEvent>) {
        let (events, inbox) = mpsc::channel(EVENT_QUEUE);
        (Arc::new(Self { events, overflow: Notify::new(), overflown: AtomicBool::new(false) }), inbox)
    }
}

impl PeerSink for Sink {
    fn event(&self, event: PeerEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            // A lost remark is a lost remark. A lost list change is made up for by looking at all lists; a lost end
            // of the connection is seen by the peer being closed.
            if matches!(event, PeerEvent::Notification(_)) && !self.overflown.swap(true, Ordering::AcqRel) {
                self.overflow.notify_one();
            }
        }
    }
}
