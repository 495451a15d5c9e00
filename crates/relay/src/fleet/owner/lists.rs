//! The lists of one server: when they are read, and who is told of what changed. Bursts are read once, and a server
//! that never settles is read ever more rarely.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use orch_domain::error::WithCauses;
use orch_domain::id::ServerId;
use orch_domain::server_state::{ServerEvent, ServerState};
use orch_mcp::method;
use orch_mcp::peer::Peer;
use tokio::time::Instant;

use super::super::{ListChange, Shared};
use super::{Owner, answer};
use crate::catalog::fetch::{self, FetchError};
use crate::catalog::{self, Catalog, shape};

/// How long after a list could not be had it is tried again; later where the server asks for it, but not so late that all
/// are read anew anyway.
const RETRY_LISTS: Duration = Duration::from_secs(10);
/// How long the database may take to store lists.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// What a refresh brought.
pub(super) struct Refreshed {
    catalog: Catalog,
    remarks: Vec<String>,
    /// Lists that clients are told of in any case.
    announced: BTreeSet<ItemKind>,
    /// Lists that could not be had; their last good state stays.
    failed: Vec<(ItemKind, FetchError)>,
}

impl Owner {
    pub(super) fn refresh_if_dirty(&mut self) {
        if self.refreshing.is_some() || self.dirty.is_empty() {
            return;
        }
        let Some(peer) = self.peer.clone() else { return self.announce_private() };
        // Right after a start nothing is known, so it is not put off.
        if self.state != ServerState::Starting && Instant::now() < self.pace.next {
            return;
        }
        self.refresh_from(peer);
    }

    /// Lists that only single members have are not read here: each member's are when that member asks. Clients are told
    /// that they changed, at the same pace.
    fn announce_private(&mut self) {
        if !self.slot.is_private() || Instant::now() < self.pace.next {
            return;
        }
        self.dirty.clear();
        self.pace.read(true);
        std::mem::take(&mut self.announce).into_iter().for_each(|kind| self.tell(kind));
    }

    /// Reads what is dirty, from this connection.
    fn refresh_from(&mut self, peer: Arc<dyn Peer>) {
        let kinds = std::mem::take(&mut self.dirty);
        let announced = std::mem::take(&mut self.announce);
        let last = self.slot.catalog();
        let shared = Arc::clone(&self.shared);
        self.refreshing = Some(Box::pin(async move { refresh(peer, kinds, announced, last, &shared).await }));
    }

    pub(super) async fn refreshed(&mut self, refreshed: Refreshed) {
        let Refreshed { catalog, remarks, announced, failed } = refreshed;
        if self.slot.is_private() {
            // Changed on the way.
            return;
        }
        remarks.into_iter().for_each(|remark| self.remark(remark));
        for (_, error) in &failed {
            self.remark(format!("a list could not be read: {error}"));
        }
        // What the server refuses is its word; what was late or torn is tried again, and not kept for the next start.
        self.lost = failed.iter().filter(|(_, error)| !error.is_refusal()).map(|(kind, _)| *kind).collect();
        let asked_for = failed.iter().filter_map(|(_, error)| error.retry_after()).max().unwrap_or_default();
        self.retry_at = Instant::now() + asked_for.min(self.shared.config.refresh()).max(RETRY_LISTS);
        self.last_refresh = Instant::now();
        let old = self.slot.catalog();
        let mut told = announced;
        told.extend(
            ItemKind::ALL
                .into_iter()
                .filter(|kind| old.as_ref().is_none_or(|old| old.list(*kind) != catalog.list(*kind))),
        );
        self.pace.read(old.is_some() && !told.is_empty());
        let complete = self.lost.is_empty();
        let differs = old.as_ref().is_none_or(|old| !old.offers_the_same(&catalog));
        let late = failed.first().map(|(_, error)| error.to_string());
        let catalog = match old {
            Some(old) if !differs => {
                // Nobody has to look again.
                old.fresh.renew(&catalog.fresh);
                self.slot.set_verified(complete);
                old
            }
            _ => {
                let catalog = Arc::new(catalog);
                self.slot.set_catalog(Arc::clone(&catalog), complete);
                catalog
            }
        };
        // What has changed while it was read.
        self.dirty.iter().for_each(|kind| catalog.fresh.end(*kind));
        // Whatever else was late: what clients see from now on is noted.
        if failed.iter().all(|(kind, _)| *kind != ItemKind::Tool) {
            if let Some(noted) = &self.noted {
                self.shared.note_changed_definitions(&self.slot.server(), noted, &catalog);
            }
            self.noted = Some(Arc::clone(&catalog));
        }
        let is_new = || self.stored.as_ref().is_none_or(|stored| !stored.offers_the_same(&catalog));
        let to_store = (complete && is_new()).then(|| Arc::clone(&catalog));
        answer(&mut self.catalog_waiters, &Ok(()));
        told.into_iter().for_each(|kind| self.tell(kind));
        // A connection that is gone by now says nothing of the next one.
        if self.peer.is_some() {
            match late {
                Some(reason) if !complete => self.move_on(ServerEvent::Suspect, Some(reason)),
                _ => {
                    self.heard();
                    self.move_on(ServerEvent::ListsFetched, None);
                }
            }
            answer(&mut self.start_waiters, &Ok(()));
        }
        // Last, as nobody has to wait for the database.
        if let Some(catalog) = to_store
            && store(&self.shared, self.slot.server().id, &catalog).await
        {
            self.stored = Some(catalog);
        }
    }

    /// Lists changed, by the server's word or because nobody knows: they are read again, and clients are told.
    pub(super) fn outdate(&mut self, kinds: &[ItemKind]) {
        if kinds.is_empty() {
            return;
        }
        self.slot.expire_variants();
        if let Some(catalog) = self.slot.catalog() {
            kinds.iter().for_each(|kind| catalog.fresh.end(*kind));
        }
        self.dirty.extend(kinds);
        self.announce.extend(kinds);
    }

    /// Marks lists as to be read again, where it is time.
    pub(super) fn look_at_lists(&mut self) {
        let now = Instant::now();
        if !self.lost.is_empty() && now >= self.retry_at {
            self.dirty.append(&mut self.lost);
        }
        if self.state == ServerState::Ready && now >= self.last_refresh + self.shared.config.refresh() {
            self.dirty.extend(ItemKind::ALL);
            self.last_refresh = now;
        }
    }

    pub(super) fn tell(&self, kind: ItemKind) {
        let server = self.slot.server();
        self.shared.announce(ListChange { project: server.project_id, server: server.id, kind });
    }
}

/// The lists that a notification is about.
pub(crate) fn kinds_of(method: &str) -> &'static [ItemKind] {
    match method {
        method::TOOLS_LIST_CHANGED => &[ItemKind::Tool],
        method::PROMPTS_LIST_CHANGED => &[ItemKind::Prompt],
        method::RESOURCES_LIST_CHANGED => &[ItemKind::Resource, ItemKind::Template],
        _ => &[],
    }
}

/// The lists are worth less than an owner that answers, so the database gets only a moment.
async fn store(shared: &Shared, id: ServerId, catalog: &Catalog) -> bool {
    let stored = catalog.to_stored(id);
    match tokio::time::timeout(STORE_WITHIN, shared.catalogs.save(&stored)).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::warn!(server.id = %id, error = %WithCauses(&error), "a catalog could not be stored"),
        Err(_) => tracing::warn!(server.id = %id, "a catalog could not be stored in time"),
    }
    false
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
    let mut remarks = Vec::new();
    let mut failed = Vec::new();
    for kind in ItemKind::ALL {
        let old = || last.as_ref().map(|last| last.list(kind).to_vec()).unwrap_or_default();
        let promised = orch_mcp::capabilities::has(&catalog.hello.capabilities, shape(kind).capability);
        let items = if !promised {
            Vec::new()
        } else if kinds.contains(&kind) {
            let asked = Instant::now();
            match fetch::list(&*peer, kind, shared.config.fetch_deadline(), shared.config.max_items).await {
                Ok(mut fetched) => {
                    remarks.extend(fetched.remarks);
                    catalog.fresh.set(kind, asked, fetched.ttl);
                    if kind == ItemKind::Tool {
                        catalog::examine(&mut fetched.items, last.as_deref()).await;
                    }
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
            if let Some(last) = &last {
                catalog.fresh.take_over(kind, &last.fresh);
            }
            old()
        };
        catalog.set_list(kind, items);
    }
    Refreshed { catalog, remarks, announced, failed }
}
