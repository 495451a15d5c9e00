//! Servers in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use orch_domain::alias::Alias;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::port::server_repo::{ServerRepo, ServerUpdate, ServerWrite};
use orch_domain::server::Server;

use super::{MemoryStore, State, Writing};

const THE_SERVER: &str = "the server";

#[async_trait]
impl ServerRepo for MemoryStore {
    async fn find(&self, id: ServerId) -> Result<Option<Server>, StoreError> {
        self.read(|state| state.servers.get(&id).cloned())
    }

    async fn find_by_alias(&self, project: ProjectId, alias: &Alias) -> Result<Option<Server>, StoreError> {
        let this = |server: &&Server| server.project_id == project && server.alias == *alias;
        self.read(|state| state.servers.values().find(this).cloned())
    }

    async fn list(&self, project: ProjectId) -> Result<Vec<Server>, StoreError> {
        self.read(|state| state.servers_of(project))
    }

    async fn create(&self, server: &Server, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| create(writing, server, audit))
    }

    async fn update(&self, change: &ServerUpdate) -> Result<(), StoreError> {
        self.write(|writing| update(writing, change))
    }

    async fn put_all(&self, writes: &[ServerWrite]) -> Result<(), StoreError> {
        self.write(|writing| {
            writes.iter().try_for_each(|write| match write {
                ServerWrite::Create { server, audit } => create(writing, server, audit),
                ServerWrite::Update(change) => update(writing, change),
            })
        })
    }

    async fn delete(&self, id: ServerId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(|writing| {
            let gone = writing.state.servers.remove(&id).ok_or(StoreError::Missing { what: THE_SERVER })?;
            if expected.is_some_and(|version| version != gone.version) {
                return Err(StoreError::Stale { what: THE_SERVER });
            }
            writing.state.catalogs.remove(&id);
            writing.state.definitions.retain(|(server, ..), _| *server != id);
            writing.state.personal.retain(|_, own| own.server_id != id);
            writing.state.forget_switches(gone.project_id);
            writing.audit(audit);
            writing.announce(Change::Project(gone.project_id));
            Ok(())
        })
    }
}

fn create(writing: &mut Writing, server: &Server, audit: &AuditEntry) -> Result<(), StoreError> {
    if !writing.state.projects.contains_key(&server.project_id) {
        return Err(StoreError::Missing { what: "the project" });
    }
    put(writing, server, audit)
}

fn update(writing: &mut Writing, change: &ServerUpdate) -> Result<(), StoreError> {
    let ServerUpdate { server, audit, forgets } = change;
    let before = writing.state.servers.get(&server.id).ok_or(StoreError::Missing { what: THE_SERVER })?;
    if before.version + 1 != server.version {
        return Err(StoreError::Stale { what: THE_SERVER });
    }
    put(writing, server, audit)?;
    if let Some(forgetting) = forgets {
        let state = &mut writing.state;
        let own = state.personal.values().filter(|own| own.server_id == server.id);
        let owners: BTreeSet<_> = own.map(|own| own.user_id).collect();
        state.personal.retain(|_, own| own.server_id != server.id);
        let entries: Vec<_> =
            owners.iter().filter_map(|owner| Some(forgetting.entry_of(&state.users.get(owner)?.email))).collect();
        entries.iter().for_each(|entry| writing.audit(entry));
    }
    Ok(())
}

fn put(writing: &mut Writing, server: &Server, audit: &AuditEntry) -> Result<(), StoreError> {
    let taken =
        |other: &Server| other.project_id == server.project_id && other.alias == server.alias && other.id != server.id;
    if writing.state.servers.values().any(taken) {
        return Err(StoreError::Conflict { what: "a server with this alias" });
    }
    let mut server = server.clone();
    server.secrets.sort_by(|a, b| a.slot.cmp(&b.slot));
    writing.announce(Change::Project(server.project_id));
    writing.state.servers.insert(server.id, server);
    writing.audit(audit);
    Ok(())
}

impl State {
    /// By alias.
    pub(super) fn servers_of(&self, project: ProjectId) -> Vec<Server> {
        let mut servers: Vec<_> =
            self.servers.values().filter(|server| server.project_id == project).cloned().collect();
        servers.sort_by(|a, b| a.alias.cmp(&b.alias));
        servers
    }
}
