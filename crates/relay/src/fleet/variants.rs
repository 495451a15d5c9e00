//! What a legacy server offers to clients that can be asked something, where that is more than it offers to others.
//! Found out once for each kind of client, in the background; until then everybody sees the same.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::catalog::ItemKind;

use super::ListChange;
use super::lane::Patience;
use super::slot::{Slot, Unready};
use super::wanted::Wanted;
use crate::catalog::fetch;
use crate::catalog::{self, Catalog, shape};
use crate::faculties::Faculties;

#[derive(Default)]
pub(super) struct Variants(Mutex<Known>);

#[derive(Default)]
struct Known {
    catalogs: HashMap<Faculties, Variant>,
    asking: HashSet<Faculties>,
    /// Goes up when the server becomes another one: what was asked for before is not true of it.
    epoch: u64,
}

struct Variant {
    catalog: Arc<Catalog>,
    /// The shared lists that it was fetched beside; others make it out of date.
    beside: Arc<Catalog>,
    /// The server has said that its lists changed since.
    expired: bool,
}

impl Variants {
    fn find(&self, faculties: Faculties) -> Option<Arc<Catalog>> {
        self.lock().catalogs.get(&faculties).map(|variant| Arc::clone(&variant.catalog))
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

    /// The lists for such a client, as far as they are known.
    pub(crate) fn catalog_for(&self, faculties: Option<Faculties>) -> Option<Arc<Catalog>> {
        let variant = faculties.and_then(|faculties| self.variants().find(faculties));
        variant.or_else(|| self.catalog())
    }

    /// Finds out in the background what the server offers to this client, unless it is known.
    pub(crate) fn want_variant(self: &Arc<Self>, faculties: Faculties, wanted: Wanted) {
        let Some(shared) = self.catalog() else { return };
        // Servers of the modern era are not told who connects, so they cannot offer one more than another.
        if !shared.hello.revision.is_legacy() || !self.server().enabled {
            return;
        }
        let epoch = {
            let mut known = self.variants().lock();
            let is_known = known
                .catalogs
                .get(&faculties)
                .is_some_and(|variant| !variant.expired && Arc::ptr_eq(&variant.beside, &shared));
            if is_known || !known.asking.insert(faculties) {
                return;
            }
            known.epoch
        };
        let slot = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = slot.fetch_variant(&wanted, &shared).await;
            slot.variants().lock().asking.remove(&faculties);
            match fetched {
                Ok(catalog) => slot.set_variant(faculties, catalog, shared, epoch),
                Err(Unready::Failed(reason) | Unready::Busy(reason)) => {
                    tracing::debug!(server.id = %slot.server().id, reason, "lists of a client's own are not known");
                }
            }
        });
    }

    async fn fetch_variant(self: &Arc<Self>, wanted: &Wanted, shared: &Catalog) -> Result<Catalog, Unready> {
        // Only a list: it waits for nothing, and takes nothing that a call may need.
        let lease = self.acquire_lane(wanted, Patience::None).await?;
        let config = &self.shared().config;
        let mut catalog = shared.clone();
        for kind in ItemKind::ALL {
            if !orch_mcp::capabilities::has(&lease.peer().hello().capabilities, shape(kind).capability) {
                continue;
            }
            // What cannot be had is as it is for others.
            if let Ok(mut fetched) = fetch::list(lease.peer(), kind, config.fetch_deadline(), config.max_items).await {
                if kind == ItemKind::Tool {
                    catalog::examine(&mut fetched.items, Some(shared)).await;
                }
                catalog.set_list(kind, fetched.items);
            }
        }
        Ok(catalog)
    }

    fn set_variant(&self, faculties: Faculties, catalog: Catalog, beside: Arc<Catalog>, epoch: u64) {
        let catalog = Arc::new(catalog);
        let before = {
            let mut known = self.variants().lock();
            if known.epoch != epoch {
                return;
            }
            let variant = Variant { catalog: Arc::clone(&catalog), beside: Arc::clone(&beside), expired: false };
            known.catalogs.insert(faculties, variant).map_or(beside, |variant| variant.catalog)
        };
        let server = self.server();
        let differing: Vec<ItemKind> =
            ItemKind::ALL.into_iter().filter(|kind| before.list(*kind) != catalog.list(*kind)).collect();
        if differing.is_empty() {
            return;
        }
        self.shared().catalog_changed();
        for kind in differing {
            self.shared().announce(ListChange { project: server.project_id, server: server.id, kind });
        }
    }
}
