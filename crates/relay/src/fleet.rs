//! All servers that run or may run: one slot each, one owner task each. Knows when to start and stop; never decides
//! who may.

mod kept;
mod lane;
mod owner;
mod pace;
mod pauses;
mod pool;
mod runtime;
mod slot;
mod variants;
pub(crate) mod wanted;
mod watch;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use orch_domain::catalog::{ItemKind, StoredCatalog};
use orch_domain::directory::{Directory, ProjectFacts};
use orch_domain::event::{Event, Fact};
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::map::Map;
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_domain::port::clock::Clock;
use orch_domain::port::event_sink::EventSink;
use orch_domain::server::Server;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::catalog::Catalog;
use crate::config::RelayConfig;
use crate::connector::Connector;
use crate::context::SessionKey;
use crate::fleet::pool::Pool;
use crate::subscription::Registry;

pub(crate) use self::slot::{Lease, Slot, Unready};

/// A server's list is no longer what it was, or may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListChange {
    pub project: ProjectId,
    pub server: ServerId,
    pub kind: ItemKind,
}

type ListObserver = Box<dyn Fn(ListChange) + Send + Sync>;

/// Tools are there as before, and in other words: what somebody agreed to may not be what they do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionChange {
    pub project: ProjectId,
    pub server: ServerId,
    /// The server's alias at that time.
    pub alias: String,
    /// The server's own names of the tools, in its order; at least one.
    pub tools: Vec<String>,
}

type DefinitionObserver = Box<dyn Fn(&DefinitionChange) + Send + Sync>;

/// What the owner tasks share.
pub(crate) struct Shared {
    pub(crate) config: RelayConfig,
    pub(crate) clock: Arc<dyn Clock>,
    connector: Arc<dyn Connector>,
    catalogs: Arc<dyn CatalogRepo>,
    observers: Mutex<Vec<ListObserver>>,
    /// Told of states and catalogs, for people who watch. A new state needs nothing: all pass `Owner::move_on`.
    events: Arc<dyn EventSink>,
    definition_observers: Mutex<Vec<DefinitionObserver>>,
    /// Who wants to be told what.
    pub(crate) registry: Arc<Registry>,
    catalog_versions: CatalogVersions,
    /// Connections of single clients.
    pool: Arc<Pool>,
    starts: Starts,
    seed: u64,
}

impl Shared {
    fn announce(&self, change: ListChange) {
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        self.registry.list_changed(change);
        let fact = Fact::Catalog { server: change.server, kind: change.kind };
        let project = Some(change.project);
        self.events.emit(Event { at: self.clock.now(), project, concerns: None, fact });
        for observer in observers.iter() {
            observer(change);
        }
    }

    /// Tools are not what they were.
    fn note_changed_definitions(&self, server: &Server, old: &Catalog, new: &Catalog) {
        let tools: Vec<_> = new.changed_since(old, ItemKind::Tool).map(str::to_owned).collect();
        if tools.is_empty() {
            return;
        }
        for tool in &tools {
            tracing::info!(server.id = %server.id, server.alias = %server.alias, tool, "the definition of a tool changed");
        }
        let (project, alias) = (server.project_id, server.alias.to_string());
        let change = DefinitionChange { project, server: server.id, alias, tools };
        let observers = self.definition_observers.lock().unwrap_or_else(PoisonError::into_inner);
        for observer in observers.iter() {
            observer(&change);
        }
    }

    fn catalog_changed(&self, project: ProjectId) {
        self.catalog_versions.of(project).fetch_add(1, Ordering::Release);
    }
}

/// What views of several catalogs check themselves against: goes up with every change of a catalog of the project. A
/// few projects share a number, whose views are made anew together; so it is found without looking anything up.
struct CatalogVersions([AtomicU64; 256]);

impl CatalogVersions {
    #[expect(clippy::indexing_slicing, reason = "there is one for each value of a byte")]
    fn of(&self, project: ProjectId) -> &AtomicU64 {
        let [.., last] = *project.as_uuid().as_bytes();
        &self.0[usize::from(last)]
    }
}

impl Default for CatalogVersions {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; 256])
    }
}

pub struct Fleet {
    shared: Arc<Shared>,
    slots: ArcSwap<Map<ServerId, Arc<Slot>>>,
    owners: Mutex<Owners>,
    runtime: Handle,
}

/// Guards against two changes of the slots at once.
#[derive(Default)]
struct Owners {
    /// To be waited for at the end.
    tasks: HashMap<ServerId, JoinHandle<()>>,
    /// The projects that the slots agree with.
    projects: HashMap<ProjectId, Arc<ProjectFacts>>,
    /// The daemon stops: a slot that came now would be missed by the end, and nobody would ever tell it.
    retired: bool,
}

/// For what a fleet starts servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// For who wants one, and for what is configured and followed: always on, changed, with lists that may be old.
    AsConfigured,
    /// Only for who waits for one. Servers that run elsewhere are not started a second time.
    OnDemand,
}

/// What a fleet works with.
pub struct FleetParts {
    pub config: RelayConfig,
    pub clock: Arc<dyn Clock>,
    pub connector: Arc<dyn Connector>,
    pub catalogs: Arc<dyn CatalogRepo>,
    pub events: Arc<dyn EventSink>,
    /// Where the owner tasks run.
    pub runtime: Handle,
    pub starts: Starts,
    /// Of the chance in pauses.
    pub seed: u64,
}

impl Fleet {
    /// A fleet that knows the last good lists and runs nothing yet.
    #[must_use]
    pub fn new(parts: FleetParts) -> Self {
        let shared = Shared {
            config: parts.config,
            clock: parts.clock,
            connector: parts.connector,
            catalogs: parts.catalogs,
            events: parts.events,
            observers: Mutex::default(),
            definition_observers: Mutex::default(),
            registry: Arc::default(),
            catalog_versions: CatalogVersions::default(),
            pool: Arc::default(),
            starts: parts.starts,
            seed: parts.seed,
        };
        Self { shared: Arc::new(shared), slots: ArcSwap::default(), owners: Mutex::default(), runtime: parts.runtime }
    }

    /// Makes the slots agree with the directory: new servers get one, changed ones restart, disabled ones stop, and
    /// those of servers that are gone end. `stored` fills the catalogs of new slots. Nothing changes any more once the
    /// fleet is retired.
    pub fn reconcile(&self, directory: &Directory, stored: &[StoredCatalog]) {
        let mut owners = self.lock();
        if owners.retired {
            return;
        }
        let Owners { tasks, projects, .. } = &mut *owners;
        let now: HashMap<_, _> = directory.projects().map(|facts| (facts.project.id, Arc::clone(facts))).collect();
        let before = std::mem::replace(projects, now);
        // A change is one of few projects: the others are the very same facts, and their slots agree with them already.
        let changed = |facts: &Arc<ProjectFacts>, others: &HashMap<ProjectId, Arc<ProjectFacts>>| {
            others.get(&facts.project.id).is_none_or(|other| !Arc::ptr_eq(facts, other))
        };
        let mut slots = self.slots.load_full();
        let stored: HashMap<_, _> = stored.iter().map(|stored| (stored.server_id, stored)).collect();
        let mut kept = HashSet::new();
        for project in projects.values().filter(|facts| changed(facts, &before)) {
            for server in project.servers.values() {
                kept.insert(server.id);
                let personal = project.personal.get(&server.id).cloned().unwrap_or_default();
                if let Some(slot) = slots.get(&server.id) {
                    slot.set_personal(personal);
                    slot.reconfigure(server);
                    continue;
                }
                let catalog = stored.get(&server.id).copied().and_then(Catalog::from_stored);
                let (slot, owner) = slot::new(Arc::clone(server), catalog, Arc::clone(&self.shared));
                slot.set_personal(personal);
                tasks.insert(server.id, self.runtime.spawn(owner.run()));
                Arc::make_mut(&mut slots).insert(server.id, slot);
            }
        }
        let had = before.values().filter(|facts| changed(facts, projects)).flat_map(|facts| facts.servers.values());
        let gone: Vec<_> = had
            .filter(|server| !kept.contains(&server.id))
            .filter_map(|server| Arc::make_mut(&mut slots).remove(&server.id))
            .collect();
        tasks.retain(|id, task| slots.contains_key(id) || !task.is_finished());
        self.slots.store(slots);
        self.shared.registry.refresh(directory);
        // Servers came, went or were switched: views over several of them that were made meanwhile miss that.
        let now = projects.values().filter(|facts| changed(facts, &before));
        for facts in now.chain(before.values().filter(|facts| changed(facts, projects))) {
            self.shared.catalog_changed(facts.project.id);
        }
        for slot in gone {
            slot.remove();
            let server = slot.server();
            let Some(catalog) = slot.catalog() else { continue };
            for kind in ItemKind::ALL.into_iter().filter(|kind| !catalog.list(*kind).is_empty()) {
                self.shared.announce(ListChange { project: server.project_id, server: server.id, kind });
            }
        }
    }

    /// Has `observer` called whenever a list changed. It must not block.
    pub fn observe_lists(&self, observer: impl Fn(ListChange) + Send + Sync + 'static) {
        self.shared.observers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(observer));
    }

    /// Has `observer` called whenever a tool's definition changed. It must not block.
    pub fn observe_definitions(&self, observer: impl Fn(&DefinitionChange) + Send + Sync + 'static) {
        self.shared.definition_observers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(observer));
    }

    /// The daemon stops: everything that runs or starts is ended, who waits for it is told so, and nothing starts again.
    pub fn retire(&self) {
        let mut owners = self.lock();
        owners.retired = true;
        for slot in self.slots.load().values() {
            slot.retire();
        }
    }

    /// The same, waiting until everything is gone.
    pub async fn shut_down(&self) {
        self.retire();
        let tasks = std::mem::take(&mut self.lock().tasks);
        for task in tasks.into_values() {
            if let Err(error) = task.await {
                tracing::error!(error = %error, "the owner task of a server did not end in good order");
            }
        }
    }

    /// A client's session is over, and so are its own connections.
    pub(crate) fn end_session(&self, session: SessionKey) {
        for slot in self.slots.load().values() {
            slot.end_session(session);
        }
    }

    /// Those of one server, or of all of a project.
    pub(crate) fn slots_of(&self, project: ProjectId, server: Option<ServerId>) -> Vec<Arc<Slot>> {
        let slots = self.slots.load();
        match server {
            Some(server) => slots.get(&server).cloned().into_iter().collect(),
            None => slots.values().filter(|slot| slot.server().project_id == project).cloned().collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Owners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.shared.registry
    }

    /// None in the moment between a server's creation and its slot, and after its end.
    pub(crate) fn slot(&self, server: ServerId) -> Option<Arc<Slot>> {
        self.slots.load().get(&server).cloned()
    }

    /// Another one whenever a catalog of the project has changed.
    pub(crate) fn catalog_version(&self, project: ProjectId) -> u64 {
        self.shared.catalog_versions.of(project).load(Ordering::Acquire)
    }

    pub(crate) fn config(&self) -> &RelayConfig {
        &self.shared.config
    }
}

#[cfg(test)]
mod tests;
