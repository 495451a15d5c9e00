//! What a server offers to some of its clients, where that is not what it offers to all: to those that can be asked
//! something, to an account whose own values it runs with, in the older of two eras. Found out once for each face that a
//! client has; nobody sees what the server offers to the own values of somebody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::catalog::ItemKind;
use orch_domain::id::UserId;
use orch_domain::server::Server;
use orch_mcp::peer::PeerError;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::ListChange;
use super::lane::Patience;
use super::slot::{Lease, Slot, Unready};
use super::wanted::{Needed, Wanted};
use crate::catalog::fetch::{self, FetchError};
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

#[derive(Default)]
pub(super) struct Variants(Mutex<Known>);

type Waiter = oneshot::Sender<Result<(), Unready>>;

#[derive(Default)]
struct Known {
    catalogs: HashMap<Face, Variant>,
    /// What is being asked for, and who waits for it.
    asking: HashMap<Face, Vec<Waiter>>,
    /// Goes up when the server becomes another one: what was asked for before is not true of it.
    epoch: u64,
}

struct Variant {
    catalog: Arc<Catalog>,
    /// The shared lists that it was fetched beside; others make it out of date.
    beside: Option<Arc<Catalog>>,
    fetched_at: Instant,
    /// The server has said that its lists changed since.
    expired: bool,
}

impl Variants {
    fn find(&self, face: Face) -> Option<Arc<Catalog>> {
        self.lock().catalogs.get(&face).map(|variant| Arc::clone(&variant.catalog))
    }

    /// The server is another one now.
    fn clear(&self) {
        let mut known = self.lock();
        known.catalogs.clear();
        known.epoch += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn clear_variants(&self) {
        self.variants().clear();
    }

    /// The server has said that its lists changed: they are read again when somebody asks for them.
    pub(super) fn expire_variants(&self) {
        self.variants().lock().catalogs.values_mut().for_each(|variant| variant.expired = true);
    }

    /// As what the server sees the client behind a request.
    pub(crate) fn seen(&self, cx: &CallContext, server: &Server) -> Seen {
        if self.is_common(cx, server) {
            return Seen::Common;
        }
        let faculties = cx.faculties_for(server);
        match Needed::of(cx, server) {
            Needed::Shared => Seen::Common,
            Needed::Lacking(reason) => Seen::Nothing(reason),
            Needed::OfLegacy(wanted) if self.speaks_both() => {
                Seen::As(Face { faculties: None, user: None, of_legacy: true }, wanted)
            }
            Needed::OwnIfLegacy(wanted) if wanted.of_legacy && self.speaks_both() => {
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
                let variant = self.variants().find(face);
                variant.or_else(|| self.common_lists(face))
            }
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
            Seen::As(face, wanted) if face.user.is_some() => {
                let (answer, answered) = oneshot::channel();
                self.ask_variant(face, wanted, Some(answer));
                let answer =
                    answered.await.unwrap_or_else(|_| Err(Unready::Failed("the server was removed".to_owned())));
                // Last good lists of the own values are better than none.
                match (self.variants().find(face), answer) {
                    (Some(catalog), _) => Ok(catalog),
                    (None, Err(unready)) => Err(unready),
                    (None, Ok(())) => Err(Unready::Failed("the server's lists are not known".to_owned())),
                }
            }
            Seen::As(face, wanted) => {
                let common = self.catalog_or_wait().await?;
                self.ask_variant(face, wanted, None);
                Ok(self.variants().find(face).unwrap_or(common))
            }
        }
    }

    /// Finds out in the background what the server offers to such a client, unless it is known.
    pub(crate) fn want_lists_for(self: &Arc<Self>, cx: &CallContext, server: &Server) {
        if let Seen::As(face, wanted) = self.seen(cx, server) {
            self.ask_variant(face, wanted, None);
        }
    }

    /// Whether a list for such a client has to be waited for.
    pub(crate) fn lacks_lists_for(&self, cx: &CallContext, server: &Server) -> bool {
        match self.seen(cx, server) {
            Seen::Nothing(_) => false,
            Seen::As(face, _) if face.user.is_some() => !self.is_known(face),
            Seen::Common | Seen::As(..) => self.catalog().is_none(),
        }
    }

    /// What everybody may see may stand for what is not known, but not for what a server offers to somebody's own values:
    /// where it runs with nothing else, what is known of it is somebody's.
    fn common_lists(&self, face: Face) -> Option<Arc<Catalog>> {
        let is_private = face.user.is_some() && self.server().lacks_shared_values().is_some();
        self.catalog().filter(|_| !is_private)
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
        let epoch = {
            let mut known = self.variants().lock();
            if known.catalogs.get(&face).is_some_and(|variant| variant.is_true_of(face, common.as_ref(), self)) {
                drop(known);
                return tell(waiter, &Ok(()));
            }
            if let Some(waiters) = known.asking.get_mut(&face) {
                waiters.extend(waiter);
                return;
            }
            known.asking.insert(face, waiter.into_iter().collect());
            known.epoch
        };
        let slot = Arc::clone(self);
        tokio::spawn(async move {
            let begun = Instant::now();
            let outcome = match slot.fetch_variant(face, wanted, common.as_deref()).await {
                Ok(catalog) => {
                    slot.set_variant(face, catalog, common, epoch, begun);
                    Ok(())
                }
                Err(unready) => {
                    let (Unready::Failed(reason) | Unready::Busy(reason)) = &unready;
                    tracing::debug!(server.id = %slot.server().id, reason, "lists of a client's own are not known");
                    Err(unready)
                }
            };
            let waiters = slot.variants().lock().asking.remove(&face).unwrap_or_default();
            waiters.into_iter().for_each(|waiter| tell(Some(waiter), &outcome));
        });
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
        }
        for kind in ItemKind::ALL {
            if !orch_mcp::capabilities::has(&hello.capabilities, shape(kind).capability) {
                continue;
            }
            match self.fetch_list(&lease, kind, common).await {
                Ok(items) => catalog.set_list(kind, items),
                // What cannot be had is as it is for others, where others see the same.
                Err(_) if face.user.is_none() => {}
                Err(FetchError::Peer { error: PeerError::Rpc(_), .. }) => {}
                Err(error) => return Err(Unready::Failed(error.to_string())),
            }
        }
        Ok(catalog)
    }

    async fn fetch_list(
        &self,
        lease: &Lease,
        kind: ItemKind,
        common: Option<&Catalog>,
    ) -> Result<Vec<catalog::Item>, FetchError> {
        let config = &self.shared().config;
        let mut fetched = fetch::list(lease.peer(), kind, config.fetch_deadline(), config.max_items).await?;
        if kind == ItemKind::Tool {
            catalog::examine(&mut fetched.items, common).await;
        }
        Ok(fetched.items)
    }

    fn set_variant(&self, face: Face, catalog: Catalog, beside: Option<Arc<Catalog>>, epoch: u64, begun: Instant) {
        let catalog = Arc::new(catalog);
        let before = {
            let mut known = self.variants().lock();
            if known.epoch != epoch {
                return;
            }
            let variant = Variant {
                catalog: Arc::clone(&catalog),
                beside: beside.clone(),
                fetched_at: Instant::now(),
                expired: false,
            };
            known.catalogs.insert(face, variant).map(|variant| variant.catalog)
        };
        // Who waited has seen nothing else before; who could not wait is told.
        let waited = face.user.is_some() && begun.elapsed() < self.shared().config.list_deadline();
        let differing: Vec<ItemKind> = match before.or(if face.user.is_some() { None } else { beside }) {
            Some(before) => {
                ItemKind::ALL.into_iter().filter(|kind| before.list(*kind) != catalog.list(*kind)).collect()
            }
            None if waited => Vec::new(),
            None => ItemKind::ALL.to_vec(),
        };
        self.shared().catalog_changed();
        let server = self.server();
        for kind in differing {
            self.shared().announce(ListChange { project: server.project_id, server: server.id, kind });
        }
    }
}

impl Variant {
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

/// Nobody may be waiting any more.
fn tell(waiter: Option<Waiter>, outcome: &Result<(), Unready>) {
    if let Some(waiter) = waiter {
        let _ = waiter.send(outcome.clone());
    }
}
