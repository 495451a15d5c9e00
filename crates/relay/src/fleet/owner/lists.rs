//! The lists of one server: when they are read, and who is told of what changed. Bursts are read once, and a server
//! that never settles is read ever more rarely.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use orch_domain::id::ServerId;
use orch_domain::server_state::{ServerEvent, ServerState};
use orch_mcp::method;
use orch_mcp::peer::Peer;
use tokio::time::Instant;

use super::super::{ListChange, Shared};
use super::{Owner, answer};
use crate::catalog::fetch::{self, FetchError};
use crate::catalog::{self, Catalog, shape};

/// How long after a list could not be had it is tried again.
const RETRY_LISTS: Duration = Duration::from_secs(10);
/// How long the database may take to store lists.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// Lists of one server are not read more often than this, whatever it says.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// So many changes, each soon after the other, are what a server in good order may have.
const FREE_CHANGES: u32 = 4;
/// Changes that are further apart than this have nothing to do with each other.
const UNRELATED: Duration = Duration::from_secs(60);

/// What a refresh brought.
pub(super) struct Refreshed {
    catalog: Catalog,
    remarks: Vec<String>,
    /// Lists that clients are told of in any case.
    announced: BTreeSet<ItemKind>,
    /// Lists that could not be had; their last good state stays.
    failed: Vec<(ItemKind, FetchError)>,
}

/// How often lists may be read.
pub(super) struct Pace {
    /// Not before.
    pub(super) next: Instant,
    changes: u32,
    last_change: Option<Instant>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { next: Instant::now(), changes: 0, last_change: None }
    }

    /// Lists were read now; `changed` says that clients are told of it.
    fn read(&mut self, changed: bool) {
        let now = Instant::now();
        if self.last_change.is_none_or(|last| now - last > UNRELATED) {
            self.changes = 0;
        }
        if changed {
            self.changes = self.changes.saturating_add(1);
            self.last_change = Some(now);
        }
        let doubled = 2u32.saturating_pow(self.changes.saturating_sub(FREE_CHANGES).min(16));
        self.next = now + SHORTEST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
    }
}

impl Owner {
    pub(super) fn refresh_if_dirty(&mut self) {
        if self.refreshing.is_some() || self.dirty.is_empty() {
            return;
        }
        let Some(peer) = self.peer.clone() else { return };
        // Right after a start nothing is known, so it is not put off.
        if self.state != ServerState::Starting && Instant::now() < self.pace.next {
            return;
        }
        self.refresh_from(peer);
    }

    /// Reads what is dirty, from this connection.
    pub(super) fn refresh_from(&mut self, peer: Arc<dyn Peer>) {
        let kinds = std::mem::take(&mut self.dirty);
        let announced = std::mem::take(&mut self.announce);
        let last = self.slot.catalog();
        let shared = Arc::clone(&self.shared);
        self.refreshing = Some(Box::pin(async move { refresh(peer, kinds, announced, last, &shared).await }));
    }

    pub(super) async fn refreshed(&mut self, refreshed: Refreshed) {
        let Refreshed { catalog, remarks, announced, failed } = refreshed;
        remarks.into_iter().for_each(|remark| self.remark(remark));
        for (_, error) in &failed {
            self.remark(format!("a list could not be read: {error}"));
        }
        // What the server refuses is its word; what was late or torn is tried again, and not kept for the next start.
        self.lost = failed.iter().filter(|(_, error)| !error.is_refusal()).map(|(kind, _)| *kind).collect();
        self.retry_at = Instant::now() + RETRY_LISTS;
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
        let mut to_store = None;
        if differs {
            let catalog = Arc::new(catalog);
            self.slot.set_catalog(Arc::clone(&catalog), complete);
            if complete {
                if let Some(old) = &old {
                    self.shared.note_changed_definitions(&self.slot.server(), old, &catalog);
                }
                to_store = Some(catalog);
            }
        } else {
            // Nobody has to look again.
            self.slot.set_verified(complete);
        }
        answer(&mut self.catalog_waiters, &Ok(()));
        told.into_iter().for_each(|kind| self.tell(kind));
        // Without a peer the lists came over a client's own connection, and say nothing of the shared one.
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
        if let Some(catalog) = to_store {
            store(&self.shared, self.slot.server().id, &catalog).await;
        }
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
    let mut remarks = Vec::new();
    let mut failed = Vec::new();
    for kind in ItemKind::ALL {
        let old = || last.as_ref().map(|last| last.list(kind).to_vec()).unwrap_or_default();
        let promised = orch_mcp::capabilities::has(&catalog.hello.capabilities, shape(kind).capability);
        let items = if !promised {
            Vec::new()
        } else if kinds.contains(&kind) {
            match fetch::list(&*peer, kind, shared.config.fetch_deadline(), shared.config.max_items).await {
                Ok(mut fetched) => {
                    remarks.extend(fetched.remarks);
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
            old()
        };
        catalog.set_list(kind, items);
    }
    Refreshed { catalog, remarks, announced, failed }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_settles_is_read_ever_more_rarely() {
        let mut pace = Pace::new();
        let mut pauses = Vec::new();
        for _ in 0..14 {
            pace.read(true);
            pauses.push((pace.next - Instant::now()).as_millis());
            tokio::time::advance(pace.next - Instant::now()).await;
        }
        assert_eq!(pauses[..5], [250, 250, 250, 250, 500], "the first changes are free");
        assert_eq!(pauses[13], 30_000);
        pace.read(false);
        assert_eq!((pace.next - Instant::now()).as_secs(), 30, "one quiet look does not settle it");
        tokio::time::advance(Duration::from_secs(61)).await;
        pace.read(true);
        assert_eq!((pace.next - Instant::now()).as_millis(), 250);
    }
}
