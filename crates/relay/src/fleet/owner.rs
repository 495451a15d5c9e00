//! The owner task of one server: starts it when wanted, stops it when idle, follows its lists, and is the only one
//! that changes its state.

use std::collections::BTreeSet;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use orch_domain::id::ServerId;
use orch_domain::server_state::{ServerEvent, ServerState, next};
use orch_mcp::method;
use orch_mcp::peer::{Connection, Peer, PeerEvent, PeerSink};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::slot::{Slot, Unready, micros};
use super::{ListChange, Shared};
use crate::catalog::fetch::{self, FetchError};
use crate::catalog::{Catalog, shape};
use crate::connector::{ConnectFailure, era};

/// A server that ran for this long before it failed starts again without delay.
const SETTLED: Duration = Duration::from_secs(10);
/// How often an idle server is looked at.
const IDLE_CHECK: Duration = Duration::from_secs(1);
/// How long after a list could not be had it is tried again.
const RETRY_LISTS: Duration = Duration::from_secs(10);
/// How long the database may take to store lists.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// Events of one connection that wait for the owner; further list changes are remembered without their place.
const EVENT_QUEUE: usize = 1024;

type Waiter = oneshot::Sender<Result<(), Unready>>;

pub(super) enum Command {
    /// Start if need be; answered when ready or failed.
    Want(Waiter),
    /// The same, answered when the lists have been fetched once.
    WantCatalog(Waiter),
    /// Stop what runs; answered when it is gone.
    Stop(oneshot::Sender<()>),
    /// Start if need be, nobody waits.
    Nudge,
    /// There may be something to look after.
    LookAround,
    /// A client's own connection has heard that these lists changed.
    ListsChanged(&'static [ItemKind]),
}

type Starting = Pin<Box<dyn Future<Output = Result<Arc<dyn Peer>, ConnectFailure>> + Send>>;
type Refreshing = Pin<Box<dyn Future<Output = Refreshed> + Send>>;

/// What a refresh brought.
struct Refreshed {
    catalog: Catalog,
    remarks: Vec<String>,
    /// Lists that a client has to be told of, whether or not they differ.
    announced: BTreeSet<ItemKind>,
    /// Lists that could not be had; their last good state stays.
    failed: Vec<(ItemKind, FetchError)>,
}

pub(super) struct Owner {
    slot: Arc<Slot>,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Command>,
    state: ServerState,
    failures: u32,
    ready_since: Option<i64>,
    starting: Option<Starting>,
    refreshing: Option<Refreshing>,
    /// Lists to be fetched (again), and whether clients are to be told in any case.
    dirty: BTreeSet<ItemKind>,
    announce: BTreeSet<ItemKind>,
    peer: Option<Arc<dyn Peer>>,
    sink: Arc<Sink>,
    events: mpsc::Receiver<PeerEvent>,
    ready_waiters: Vec<Waiter>,
    catalog_waiters: Vec<Waiter>,
    /// What was last acted on: enabled, and the generation.
    applied: (bool, u32),
    next_check: Instant,
    /// Lists that could not be had, to be tried again at that time.
    lost: BTreeSet<ItemKind>,
    retry_at: Instant,
}

/// What woke the owner.
enum Wake {
    Changed,
    Command(Option<Command>),
    Started(Result<Arc<dyn Peer>, ConnectFailure>),
    Refreshed(Box<Refreshed>),
    Event(PeerEvent),
    Overflow,
    IdleCheck,
}

impl Owner {
    pub(super) fn new(slot: Arc<Slot>, inbox: mpsc::Receiver<Command>) -> Self {
        let shared = Arc::clone(slot.shared());
        let state = slot.status().state;
        let (sink, events) = Sink::new();
        let server = slot.server();
        Self {
            applied: (server.enabled, server.generation),
            next_check: Instant::now(),
            lost: BTreeSet::new(),
            retry_at: Instant::now(),
            slot,
            shared,
            inbox,
            state,
            failures: 0,
            ready_since: None,
            starting: None,
            refreshing: None,
            dirty: BTreeSet::new(),
            announce: BTreeSet::new(),
            peer: None,
            sink,
            events,
            ready_waiters: Vec::new(),
            catalog_waiters: Vec::new(),
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
                Wake::Started(outcome) => self.started(outcome).await,
                Wake::Refreshed(refreshed) => self.refreshed(*refreshed).await,
                Wake::Event(event) => self.event(event).await,
                Wake::Overflow => {
                    self.sink.overflown.store(false, Ordering::Release);
                    self.dirty.extend(ItemKind::ALL);
                    self.announce.extend(ItemKind::ALL);
                }
                Wake::IdleCheck => self.check_idle().await,
            }
            self.refresh_if_dirty();
        }
        self.halt("the server was removed or the daemon stops").await;
        self.slot.close_lanes().await;
        self.shared.connector.forget(self.slot.server().id);
    }

    async fn wake(&mut self) -> Wake {
        let something_runs = self.peer.is_some() || self.slot.has_lanes() || self.slot.is_watched();
        tokio::select! {
            biased;
            () = self.slot.has_changed() => Wake::Changed,
            () = tokio::time::sleep_until(self.next_check), if something_runs => Wake::IdleCheck,
            command = self.inbox.recv() => Wake::Command(command),
            outcome = maybe(self.starting.as_mut()) => { self.starting = None; Wake::Started(outcome) }
            Some(event) = self.events.recv() => Wake::Event(event),
            () = self.sink.overflow.notified() => Wake::Overflow,
            refreshed = maybe(self.refreshing.as_mut()) => { self.refreshing = None; Wake::Refreshed(Box::new(refreshed)) }
        }
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
            self.halt("the server restarts with a changed configuration").await;
            self.move_on(ServerEvent::Stopped, None);
        } else {
            self.move_on(ServerEvent::Enabled, None);
        }
        self.failures = 0;
        for kind in ItemKind::ALL {
            self.tell(kind);
        }
        if replaced && server.enabled {
            self.start_if_wanted().await;
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Want(waiter) => {
                self.notice_loss().await;
                self.ready_waiters.retain(|waiter| !waiter.is_closed());
                self.ready_waiters.push(waiter);
                self.start_if_wanted().await;
            }
            Command::WantCatalog(waiter) => {
                self.notice_loss().await;
                self.catalog_waiters.retain(|waiter| !waiter.is_closed());
                self.catalog_waiters.push(waiter);
                self.start_if_wanted().await;
                if self.slot.catalog().is_some() {
                    answer(&mut self.catalog_waiters, &Ok(()));
                }
            }
            Command::Stop(done) => {
                self.halt("the server was stopped").await;
                self.slot.close_lanes().await;
                self.move_on(ServerEvent::Stopped, None);
                self.failures = 0;
                // Nobody may be waiting for the answer any more.
                let _ = done.send(());
            }
            Command::LookAround => {}
            Command::ListsChanged(kinds) => {
                self.dirty.extend(kinds);
                self.announce.extend(kinds);
                self.start_if_wanted().await;
            }
            Command::Nudge => {
                self.slot.nudge_taken();
                self.notice_loss().await;
                self.start_if_wanted().await;
            }
        }
    }

    /// Starts, or answers those who wait when there is nothing to be started.
    async fn start_if_wanted(&mut self) {
        let now = self.shared.clock.now();
        match next(&self.state, ServerEvent::Wanted, self.failures, now) {
            ServerState::Starting if self.starting.is_none() => {
                let (sink, events) = Sink::new();
                (self.sink, self.events) = (sink, events);
                let server = self.slot.server();
                let connector = Arc::clone(&self.shared.connector);
                let sink: Arc<dyn PeerSink> = Arc::<Sink>::clone(&self.sink);
                self.starting = Some(Box::pin(async move {
                    let connection = Connection::shared(era(server.dialect.era));
                    connector.connect(&server, connection, sink).await
                }));
                self.move_on(ServerEvent::Wanted, None);
            }
            ServerState::Starting | ServerState::Stopped => {}
            ServerState::Ready => answer(&mut self.ready_waiters, &Ok(())),
            ServerState::Disabled => self.refuse("the server is disabled"),
            ServerState::BackingOff { until, .. } => {
                let wait = (until - now).as_seconds_f64();
                let reason = self.slot.status().reason.unwrap_or_default();
                self.refuse(&format!("{reason}; the next start is possible in {wait:.1} s"));
            }
        }
    }

    fn refuse(&mut self, reason: &str) {
        let refusal = Err(Unready::Failed(reason.to_owned()));
        answer(&mut self.ready_waiters, &refusal);
        answer(&mut self.catalog_waiters, &refusal);
    }

    async fn started(&mut self, outcome: Result<Arc<dyn Peer>, ConnectFailure>) {
        let server = self.slot.server();
        match outcome {
            Err(failure) => {
                tracing::warn!(server.id = %server.id, server.alias = %server.alias, error = %failure, "a server did not start");
                self.failed(failure.reason);
            }
            Ok(peer) => {
                let hello = peer.hello();
                tracing::info!(
                    server.id = %server.id, server.alias = %server.alias, mcp.revision = %hello.revision, "a server is ready"
                );
                self.slot.set_status(|status| {
                    status.pid = peer.pid();
                    status.revision = Some(hello.revision.to_string());
                    status.implementation = Some(hello.display_name());
                });
                self.ready_since = Some(micros(self.shared.clock.now()));
                self.move_on(ServerEvent::HandshakeDone, None);
                self.slot.set_peer(Some(Arc::clone(&peer)));
                self.peer = Some(peer);
                answer(&mut self.ready_waiters, &Ok(()));
                self.dirty.extend(ItemKind::ALL);
                self.follow_again();
                if let (Some(level), Some(peer)) = (self.slot.level(), self.peer.clone()) {
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
                    // On a shared connection nobody knows whose it is.
                    method::LOG_MESSAGE => {
                        let text = notification.params.map_or_else(String::new, |params| params.as_str().to_owned());
                        self.remark(format!("log message: {text}"));
                    }
                    method::RESOURCE_UPDATED => {
                        if let Some(params) = &notification.params {
                            self.shared.registry.resource_updated(&self.slot.server(), params);
                        }
                    }
                    name => {
                        let kinds = kinds_of(name);
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
            for uri in watched {
                if let Err(error) = peer.subscribe(uri).await {
                    slot.remark(format!("a resource is not followed any more: {error}"));
                }
            }
        });
    }

    fn refresh_if_dirty(&mut self) {
        if self.refreshing.is_some() || self.dirty.is_empty() {
            return;
        }
        let Some(peer) = self.peer.clone() else { return };
        let kinds = std::mem::take(&mut self.dirty);
        let announced = std::mem::take(&mut self.announce);
        let last = self.slot.catalog();
        let shared = Arc::clone(&self.shared);
        self.refreshing = Some(Box::pin(async move { refresh(peer, kinds, announced, last, &shared).await }));
    }

    async fn refreshed(&mut self, refreshed: Refreshed) {
        let Refreshed { catalog, remarks, announced, failed } = refreshed;
        remarks.into_iter().for_each(|remark| self.remark(remark));
        for (_, error) in &failed {
            self.remark(format!("a list could not be read: {error}"));
        }
        // What the server refuses is its word; what was late or torn is tried again, and not kept for the next start.
        self.lost = failed.iter().filter(|(_, error)| !error.is_refusal()).map(|(kind, _)| *kind).collect();
        self.retry_at = Instant::now() + RETRY_LISTS;
        let old = self.slot.catalog();
        let mut changed = announced;
        for kind in ItemKind::ALL {
            if old.as_ref().is_none_or(|old| old.list(kind) != catalog.list(kind)) {
                changed.insert(kind);
            }
        }
        let differs = old.is_none_or(|old| !old.offers_the_same(&catalog));
        let catalog = Arc::new(catalog);
        self.slot.set_catalog(Arc::clone(&catalog), self.lost.is_empty());
        answer(&mut self.catalog_waiters, &Ok(()));
        for kind in changed {
            self.tell(kind);
        }
        if differs && self.lost.is_empty() {
            store(&self.shared, self.slot.server().id, &catalog).await;
        }
    }

    fn tell(&self, kind: ItemKind) {
        let server = self.slot.server();
        self.shared.announce(ListChange { project: server.project_id, server: server.id, kind });
    }

    /// A connection may be over before its last event has been read.
    async fn notice_loss(&mut self) {
        if self.peer.as_ref().is_some_and(|peer| peer.is_closed()) {
            self.lost("the connection ended".to_owned()).await;
        }
    }

    async fn check_idle(&mut self) {
        self.next_check = Instant::now() + IDLE_CHECK;
        self.slot.sweep_lanes();
        self.notice_loss().await;
        if self.peer.is_none() {
            // What clients follow is followed again as soon as the server may be started.
            let may_start = matches!(
                next(&self.state, ServerEvent::Wanted, self.failures, self.shared.clock.now()),
                ServerState::Starting
            );
            if self.slot.is_watched() && may_start {
                self.start_if_wanted().await;
            }
            return;
        }
        if !self.lost.is_empty() && Instant::now() >= self.retry_at {
            self.dirty.append(&mut self.lost);
        }
        let idle = micros(self.shared.clock.now()) - self.slot.last_used().max(self.ready_since.unwrap_or_default());
        let limit = i64::try_from(self.shared.config.idle_stop().as_micros()).unwrap_or(i64::MAX);
        if self.slot.in_flight() == 0 && !self.slot.is_watched() && self.refreshing.is_none() && idle > limit {
            self.halt("the server was idle").await;
            self.move_on(ServerEvent::Stopped, None);
        }
    }

    /// What ran has ended by itself.
    async fn lost(&mut self, reason: String) {
        let Some(peer) = self.peer.take() else { return };
        let server = self.slot.server();
        tracing::warn!(server.id = %server.id, server.alias = %server.alias, reason, "a server was lost");
        self.slot.set_peer(None);
        self.refreshing = None;
        peer.close().await;
        self.slot.unverify();
        let up = micros(self.shared.clock.now()) - self.ready_since.take().unwrap_or_default();
        if up > i64::try_from(SETTLED.as_micros()).unwrap_or(i64::MAX) {
            self.failures = 0;
        }
        self.failed(reason);
    }

    fn failed(&mut self, reason: String) {
        self.failures = self.failures.saturating_add(1);
        self.remark(reason.clone());
        self.move_on(ServerEvent::Failed, Some(reason.clone()));
        self.refuse(&reason);
    }

    /// Ends whatever runs or starts.
    async fn halt(&mut self, reason: &str) {
        let ran = self.starting.is_some() || self.peer.is_some();
        self.starting = None;
        self.refreshing = None;
        self.slot.set_peer(None);
        if let Some(peer) = self.peer.take() {
            peer.close().await;
        }
        self.ready_since = None;
        if ran {
            self.remark(reason.to_owned());
        }
        self.refuse(reason);
    }

    fn move_on(&mut self, event: ServerEvent, reason: Option<String>) {
        let now = self.shared.clock.now();
        let state = next(&self.state, event, self.failures, now);
        if state != self.state {
            self.state = state.clone();
            let gone = !matches!(state, ServerState::Ready);
            self.slot.set_status(|status| {
                status.state = state;
                status.since = now;
                if gone {
                    status.pid = None;
                }
                if reason.is_some() || matches!(event, ServerEvent::HandshakeDone) {
                    status.reason = reason;
                }
            });
        }
    }

    fn remark(&self, text: String) {
        self.shared.connector.remark(self.slot.server().id, text);
    }
}

/// The lists that a notification is about.
pub(super) fn kinds_of(method: &str) -> &'static [ItemKind] {
    match method {
        method::TOOLS_LIST_CHANGED => &[ItemKind::Tool],
        method::PROMPTS_LIST_CHANGED => &[ItemKind::Prompt],
        method::RESOURCES_LIST_CHANGED => &[ItemKind::Resource, ItemKind::Template],
        _ => &[],
    }
}

/// The lists are worth less than an owner that answers, so the database gets only a moment.
async fn store(shared: &Shared, id: ServerId, catalog: &Catalog) {
    let stored = catalog.to_stored(id);
    match tokio::time::timeout(STORE_WITHIN, shared.catalogs.save(&stored)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(server.id = %id, error = %error, "a catalog could not be stored"),
        Err(_) => tracing::warn!(server.id = %id, "a catalog could not be stored in time"),
    }
}

/// Fetches the lists that the server promises, each within its deadline; what cannot be had stays as it was.
async fn refresh(
    peer: Arc<dyn Peer>,
    kinds: BTreeSet<ItemKind>,
    announced: BTreeSet<ItemKind>,
    last: Option<Arc<Catalog>>,
    shared: &Shared,
) -> Refreshed {
    let hello = peer.hello().clone();
    let mut catalog = Catalog::empty(hello, shared.clock.now());
    let mut refreshed_remarks = Vec::new();
    let mut failed = Vec::new();
    for kind in ItemKind::ALL {
        let old = || last.as_ref().map(|last| last.list(kind).to_vec()).unwrap_or_default();
        let promised = orch_mcp::capabilities::has(&catalog.hello.capabilities, shape(kind).capability);
        let items = if !promised {
            Vec::new()
        } else if kinds.contains(&kind) {
            match fetch::list(&*peer, kind, shared.config.fetch_deadline(), shared.config.max_items).await {
                Ok(fetched) => {
                    refreshed_remarks.extend(fetched.remarks);
                    fetched.items
                }
                // Servers with resources but without templates are common, and say so in this way.
                Err(FetchError::Peer { error: orch_mcp::peer::PeerError::Rpc(error), .. })
                    if error.code == orch_mcp::error::code::METHOD_NOT_FOUND =>
                {
                    Vec::new()
                }
                Err(error) => {
                    failed.push((kind, error));
                    old()
                }
            }
        } else {
            old()
        };
        catalog.set_list(kind, items);
    }
    Refreshed { catalog, remarks: refreshed_remarks, announced, failed }
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
