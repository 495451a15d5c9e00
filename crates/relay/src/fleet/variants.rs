//! What a server offers to some of its clients, where that is not what it offers to all: to those that can be asked
//! something, to an account whose own values it runs with, in the older of two eras. Found out once for each face that a
//! client has; nobody sees what the server offers to the own values of somebody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::catalog::ItemKind;
use orch_domain::id::UserId;
use orch_domain::server::Server;
use orch_mcp::peer::PeerError;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::ListChange;
use super::lane::Patience;
use super::pace::Pace;
use super::slot::{Lease, Slot, Unready};
use super::wanted::{Needed, Wanted};
use crate::catalog::fetch::{self, FetchError, Fetched};
use crate::catalog::{self, Catalog, shape};
use crate::context::CallContext;
use crate::faculties::Faculties;

/// As what a server sees a client, in the few distinctions by which it may offer more or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Face {
    /// What the client can be asked, where the server is told.
    faculties: Option<Faculties>,
    /// The account whose own values the server runs with.
    user: Option<UserId>,
    /// In the older of the two eras that the server speaks.
    of_legacy: bool,
}

/// How the lists for a client are to be had.
pub(crate) enum Seen {
    /// They are everybody's.
    Common,
    /// They may be others.
    As(Face, Wanted),
    /// There are none: says what is missing.
    Nothing(String),
}

pub(super) struct Variants {
    known: Mutex<Known>,
    /// Goes up when the server becomes another one: what was asked for before is not true of it.
    epoch: watch::Sender<u64>,
}

impl Default for Variants {
    fn default() -> Self {
        Self { known: Mutex::default(), epoch: watch::Sender::new(0) }
    }
}

type Waiter = oneshot::Sender<Result<(), Unready>>;

#[derive(Default)]
struct Known {
    /// How often the server has said that its lists changed: what was read meanwhile may be of before.
    changes: u64,
    catalogs: HashMap<Face, Variant>,
    /// What is being asked for.
    asking: HashMap<Face, Asking>,
    /// A server that never settles is asked ever more rarely.
    paces: HashMap<Face, Pace>,
}

struct Asking {
    waiters: Vec<Waiter>,
    since: Instant,
    /// It is not asked yet, as that was done a moment ago: who asks meanwhile gets what is known.
    put_off: bool,
}

struct Variant {
    catalog: Arc<Catalog>,
    /// The shared lists that it was fetched beside; others make it out of date.
    beside: Option<Arc<Catalog>>,
    fetched_at: Instant,
    /// The server has said that its lists changed since it was asked for them.
    expired: bool,
}

/// How things were when a variant was asked for.
struct Before {
    at: Instant,
    common: Option<Arc<Catalog>>,
    changes: u64,
}

impl Variants {
    fn find(&self, face: Face) -> Option<Arc<Catalog>> {
        self.lock().catalogs.get(&face).map(|variant| Arc::clone(&variant.catalog))
    }

    /// What the server offers to the own values of an account, whatever its clients can be asked; the latest.
    fn of_account(&self, user: UserId) -> Option<Arc<Catalog>> {
        let known = self.lock();
        let own = known.catalogs.iter().filter(|(face, _)| face.user == Some(user));
        own.max_by_key(|(_, variant)| variant.fetched_at).map(|(_, variant)| Arc::clone(&variant.catalog))
    }

    /// The server is another one now. What is being asked begins anew, for all who wait, and at once.
    fn clear(&self) {
        let mut known = self.lock();
        known.catalogs.clear();
        known.paces.clear();
        for asking in known.asking.values_mut() {
            (asking.put_off, asking.since) = (false, Instant::now());
        }
        // Under the lock, so that what is stored is of the epoch that it was asked in.
        self.epoch.send_modify(|epoch| *epoch += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn clear_variants(&self) {
        self.variants().clear();
    }

    /// The server has said that its lists changed: they are read again when somebody asks for them.
    pub(super) fn expire_variants(&self) {
        let mut known = self.variants().lock();
        known.changes += 1;
        known.catalogs.values_mut().for_each(Variant::expire);
    }

    /// As what the server sees the client behind a request.
    pub(crate) fn seen(&self, cx: &CallContext, server: &Server) -> Seen {
        if self.is_common(cx, server) {
            return Seen::Common;
        }
        let faculties = cx.faculties_for(server);
        match Needed::of(cx, server) {
            Needed::Shared(_) => Seen::Common,
            Needed::Lacking(reason) => Seen::Nothing(reason),
            Needed::OfLegacy(wanted) if self.speaks_both() => {
                Seen::As(Face { faculties: None, user: None, of_legacy: true }, wanted)
            }
            Needed::OwnIfLegacy(wanted) if wanted.of_legacy && self.asks_in_older() => {
                Seen::As(Face { faculties, user: None, of_legacy: true }, wanted)
            }
            // Servers of the modern era are not told who connects, so they cannot offer one more than another.
            Needed::OwnIfLegacy(wanted) if self.is_of_legacy() => {
                Seen::As(Face { faculties, user: None, of_legacy: false }, wanted)
            }
            Needed::Own(wanted) if self.has_own(cx.principal.user_id) => {
                Seen::As(Face { faculties, user: Some(cx.principal.user_id), of_legacy: false }, wanted)
            }
            Needed::OfLegacy(_) | Needed::OwnIfLegacy(_) | Needed::Own(_) => Seen::Common,
        }
    }

    /// Whether nothing has to be thought about: what most requests are.
    pub(crate) fn is_common(&self, cx: &CallContext, server: &Server) -> bool {
        Needed::is_plain(cx, server) && !(cx.client.revision.is_legacy() && self.speaks_both())
    }

    /// The lists for the client behind a request, as far as they are known.
    pub(crate) fn catalog_for(&self, cx: &CallContext, server: &Server) -> Option<Arc<Catalog>> {
        match self.seen(cx, server) {
            Seen::Common => self.catalog(),
            Seen::Nothing(_) => None,
            Seen::As(face, _) => {
                // What everybody may see stands for what is not known.
                self.variants().find(face).or_else(|| self.catalog())
            }
        }
    }

    /// Whether those may not be right any more.
    pub(crate) fn is_stale_for(&self, cx: &CallContext, server: &Server) -> bool {
        match self.seen(cx, server) {
            Seen::As(face, _) if face.user.is_some() => !self.is_known(face),
            // Who is told of nothing is to ask again.
            Seen::As(face, _) if is_told_nothing(cx) && self.variants().find(face).is_none() => true,
            Seen::As(..) | Seen::Common | Seen::Nothing(_) => self.is_stale(),
        }
    }

    /// The same, waiting for what is not known and may not be guessed.
    pub(crate) async fn lists_for(
        self: &Arc<Self>,
        cx: &CallContext,
        server: &Server,
    ) -> Result<Arc<Catalog>, Unready> {
        match self.seen(cx, server) {
            Seen::Common => self.catalog_or_wait().await,
            Seen::Nothing(reason) => Err(Unready::Failed(reason)),
            Seen::As(face, wanted) if face.user.is_some() => self.own_lists(face, wanted).await,
            Seen::As(face, wanted) => {
                let common = self.catalog_or_wait().await?;
                if is_told_nothing(cx) && self.is_to_be_waited_for(face) {
                    // A late one comes in the background, as does what is as it is for others after a failure.
                    let _ =
                        tokio::time::timeout(self.shared().config.list_deadline(), self.own_lists(face, wanted)).await;
                } else {
                    self.ask_variant(face, wanted, None);
                }
                Ok(self.variants().find(face).unwrap_or(common))
            }
        }
    }

    async fn own_lists(self: &Arc<Self>, face: Face, wanted: Wanted) -> Result<Arc<Catalog>, Unready> {
        let (answer, answered) = oneshot::channel();
        self.ask_variant(face, wanted, Some(answer));
        let answer = answered.await.unwrap_or_else(|_| Err(self.over()));
        // Last good lists of the own values are better than none.
        match (self.variants().find(face), answer) {
            (Some(catalog), _) => Ok(catalog),
            (None, Err(unready)) => Err(unready),
            (None, Ok(())) => Err(Unready::Failed("the server's lists are not known".to_owned())),
        }
    }

    /// The lists for an account that asks without an MCP client, and when they were read: as far as they are known.
    pub(super) fn known_to(&self, user: UserId) -> Option<Arc<Catalog>> {
        let variant = if self.has_own(user) { self.variants().of_account(user) } else { None };
        variant.or_else(|| self.catalog())
    }

    /// The same, waiting for what only this account sees; an error says why there is nothing.
    pub(super) async fn lists_of_account(self: &Arc<Self>, user: UserId) -> Result<Option<Arc<Catalog>>, Unready> {
        let server = self.server();
        let Some(missing) = server.lacks_shared_values() else { return Ok(self.known_to(user)) };
        if !server.missing_personal(&self.personal_of(user)).is_empty() {
            return Err(Unready::Failed(format!("{missing}: store your own to see what it offers to you")));
        }
        let face = Face { faculties: None, user: Some(user), of_legacy: false };
        let lists = self.own_lists(face, Wanted::of_account(user, &server));
        match tokio::time::timeout(self.shared().config.list_deadline(), lists).await {
            Ok(lists) => lists.map(Some),
            // They come in the background.
            Err(_) => Ok(self.known_to(user)),
        }
    }

    /// Finds out in the background what the server offers to such a client, unless it is known.
    pub(crate) fn want_lists_for(self: &Arc<Self>, cx: &CallContext, server: &Server) {
        if let Seen::As(face, wanted) = self.seen(cx, server) {
            self.ask_variant(face, wanted, None);
        }
    }

    /// The same for a client that can be asked, and is served in the older era from now on.
    pub(super) fn want_lists_in_older(self: &Arc<Self>, wanted: &Wanted) {
        let faculties = Faculties::of(&wanted.connection.declared.capabilities);
        self.ask_variant(Face { faculties, user: None, of_legacy: true }, wanted.clone(), None);
    }

    /// Whether a list for such a client has to be waited for.
    pub(crate) fn lacks_lists_for(&self, cx: &CallContext, server: &Server) -> bool {
        match self.seen(cx, server) {
            Seen::Nothing(_) => false,
            Seen::As(face, _) if face.user.is_some() => !self.is_known(face) && !self.is_slow_to_list(face),
            Seen::As(face, _) if is_told_nothing(cx) => self.catalog().is_none() || self.is_to_be_waited_for(face),
            Seen::Common | Seen::As(..) => self.catalog().is_none(),
        }
    }

    /// Whether nothing was ever read for such a client, and that is not slow.
    fn is_to_be_waited_for(&self, face: Face) -> bool {
        self.variants().find(face).is_none() && !self.is_slow_to_list(face)
    }

    /// Whether they are being asked for, and have been waited for as long as a list waits.
    fn is_slow_to_list(&self, face: Face) -> bool {
        let deadline = self.shared().config.list_deadline();
        self.variants().lock().asking.get(&face).is_some_and(|asking| asking.since.elapsed() >= deadline)
    }

    fn is_known(&self, face: Face) -> bool {
        let common = self.catalog();
        let known = self.variants().lock();
        known.catalogs.get(&face).is_some_and(|variant| variant.is_true_of(face, common.as_ref(), self))
    }

    fn ask_variant(self: &Arc<Self>, face: Face, wanted: Wanted, waiter: Option<Waiter>) {
        let common = self.catalog();
        // Without own values there is nothing to compare with before the common lists are known.
        if !self.server().enabled || (face.user.is_none() && common.is_none()) {
            return tell(waiter, &Err(Unready::Failed("the server is disabled".to_owned())));
        }
        let put_off = {
            let mut known = self.variants().lock();
            if known.catalogs.get(&face).is_some_and(|variant| variant.is_true_of(face, common.as_ref(), self)) {
                drop(known);
                return tell(waiter, &Ok(()));
            }
            if let Some(asking) = known.asking.get_mut(&face) {
                if asking.put_off {
                    drop(known);
                    return tell(waiter, &Ok(()));
                }
                asking.waiters.extend(waiter);
                return;
            }
            let now = Instant::now();
            // Only what is known can be shown meanwhile.
            let put_off = known.paces.get(&face).map(|pace| pace.next).filter(|next| *next > now);
            let put_off = put_off.filter(|_| known.catalogs.contains_key(&face));
            let mut waiters: Vec<Waiter> = waiter.into_iter().collect();
            if put_off.is_some() {
                waiters.drain(..).for_each(|waiter| tell(Some(waiter), &Ok(())));
            }
            known.asking.insert(face, Asking { waiters, since: now, put_off: put_off.is_some() });
            put_off
        };
        let slot = Arc::clone(self);
        tokio::spawn(async move {
            if let Some(until) = put_off {
                let mut epochs = slot.variants().epoch.subscribe();
                tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    // It fails when the sender is gone, which is in `slot`.
                    _ = epochs.changed() => {}
                }
                if let Some(asking) = slot.variants().lock().asking.get_mut(&face) {
                    (asking.put_off, asking.since) = (false, Instant::now());
                }
            }
            let (outcome, asking) = slot.ask_until_true(face, &wanted).await;
            asking.into_iter().flat_map(|it| it.waiters).for_each(|waiter| tell(Some(waiter), &outcome));
        });
    }

    /// Asks what the server offers, and anew whenever it becomes another one meanwhile. Gives who has waited for that.
    async fn ask_until_true(self: &Arc<Self>, face: Face, wanted: &Wanted) -> (Result<(), Unready>, Option<Asking>) {
        let mut epochs = self.variants().epoch.subscribe();
        loop {
            let epoch = *epochs.borrow_and_update();
            let changes = self.variants().lock().changes;
            let before = Before { at: Instant::now(), common: self.catalog(), changes };
            let fetched = tokio::select! {
                fetched = self.fetch_variant(face, wanted.clone(), before.common.as_deref()) => fetched,
                // It fails when the sender is gone, which is in `self`.
                _ = epochs.changed() => continue,
            };
            let mut known = self.variants().lock();
            if *self.variants().epoch.borrow() != epoch {
                continue;
            }
            // From here on somebody who wants to know asks again.
            let asking = known.asking.remove(&face);
            match fetched {
                Ok(catalog) => {
                    self.set_variant(known, face, catalog, before);
                    return (Ok(()), asking);
                }
                Err(unready) => {
                    let (Unready::Failed(reason) | Unready::Busy(reason)) = &unready;
                    tracing::debug!(server.id = %self.server().id, reason, "lists of a client's own are not known");
                    return (Err(unready), asking);
                }
            }
        }
    }

    async fn fetch_variant(
        self: &Arc<Self>,
        face: Face,
        wanted: Wanted,
        common: Option<&Catalog>,
    ) -> Result<Catalog, Unready> {
        let lease = if face.user.is_some() {
            self.acquire_for(&Needed::Own(wanted)).await?
        } else {
            // Only a list: it waits for nothing, and takes nothing that a call may need.
            self.acquire_lane(&wanted, Patience::None).await?
        };
        let shared = self.shared();
        let hello = lease.peer().hello();
        let mut catalog = Catalog::empty(hello.clone(), shared.clock.now());
        if let Some(common) = common.filter(|_| face.user.is_none()) {
            ItemKind::ALL.into_iter().for_each(|kind| catalog.set_list(kind, common.list(kind).to_vec()));
            catalog.fresh.renew(&common.fresh);
        }
        for kind in ItemKind::ALL {
            if !orch_mcp::capabilities::has(&hello.capabilities, shape(kind).capability) {
                continue;
            }
            let asked = Instant::now();
            match self.fetch_list(&lease, kind, common).await {
                Ok(fetched) => {
                    catalog.set_list(kind, fetched.items);
                    catalog.fresh.set(kind, asked, fetched.ttl);
                }
                // What cannot be had is as it is for others, where others see the same.
                Err(_) if face.user.is_none() => {}
                Err(FetchError::Peer { error: PeerError::Rpc(_), .. }) => {}
                Err(error) => return Err(Unready::Failed(error.to_string())),
            }
        }
        Ok(catalog)
    }

    async fn fetch_list(&self, lease: &Lease, kind: ItemKind, common: Option<&Catalog>) -> Result<Fetched, FetchError> {
        let config = &self.shared().config;
        let mut fetched = fetch::list(lease.peer(), kind, config.fetch_deadline(), config.max_items).await?;
        if kind == ItemKind::Tool {
            catalog::examine(&mut fetched.items, common).await;
        }
        Ok(fetched)
    }

    fn set_variant(&self, mut known: MutexGuard<'_, Known>, face: Face, catalog: Catalog, before: Before) {
        let Before { at: begun, common: beside, changes } = before;
        let catalog = Arc::new(catalog);
        let mut variant = Variant {
            catalog: Arc::clone(&catalog),
            beside: beside.clone(),
            fetched_at: Instant::now(),
            expired: false,
        };
        if known.changes != changes {
            variant.expire();
        }
        let before = known.catalogs.insert(face, variant).map(|variant| variant.catalog);
        drop(known);
        // Who waited has seen nothing else before; who could not wait is told.
        let waited = face.user.is_some() && begun.elapsed() < self.shared().config.list_deadline();
        let differing: Vec<ItemKind> = match before.or(if face.user.is_some() { None } else { beside }) {
            Some(before) => {
                ItemKind::ALL.into_iter().filter(|kind| before.list(*kind) != catalog.list(*kind)).collect()
            }
            None if waited => Vec::new(),
            None => ItemKind::ALL.to_vec(),
        };
        {
            let mut known = self.variants().lock();
            known.paces.entry(face).or_insert_with(Pace::new).read(!differing.is_empty());
        }
        let server = self.server();
        self.shared().catalog_changed(server.project_id);
        for kind in differing {
            self.shared().announce(ListChange { project: server.project_id, server: server.id, kind });
        }
    }
}

impl Variant {
    fn expire(&mut self) {
        self.expired = true;
        ItemKind::ALL.into_iter().for_each(|kind| self.catalog.fresh.end(kind));
    }

    fn is_true_of(&self, face: Face, common: Option<&Arc<Catalog>>, slot: &Slot) -> bool {
        if self.expired {
            return false;
        }
        if face.user.is_some() {
            return self.fetched_at.elapsed() < slot.shared().config.refresh();
        }
        match (&self.beside, common) {
            (Some(beside), Some(common)) => Arc::ptr_eq(beside, common),
            _ => false,
        }
    }
}

/// Whether nobody hears of it when lists change: a client without a session need not listen.
fn is_told_nothing(cx: &CallContext) -> bool {
    cx.client.session.is_none()
}

/// Nobody may be waiting any more.
fn tell(waiter: Option<Waiter>, outcome: &Result<(), Unready>) {
    if let Some(waiter) = waiter {
        let _ = waiter.send(outcome.clone());
    }
}
