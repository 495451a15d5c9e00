//! Servers of a project: their configuration, and the starting and stopping of what runs. Secrets go in and never
//! come out.

pub mod blueprint;
pub(crate) mod changes;
pub mod confinement;
pub mod logs;
pub(crate) mod moved;
pub mod run_patch;
pub mod transport_patch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::alias::Alias;
use orch_domain::audit::{AuditAction, AuditEntry, ChangedPart, FactName};
use orch_domain::dialect::{Dialect, Era, Interactive};
use orch_domain::id::ServerId;
use orch_domain::limits::ProcessLimits;
use orch_domain::policy::{Action, Permit};
use orch_domain::port::server_repo::ServerUpdate;
use orch_domain::port::server_runtime::RuntimeError;
use orch_domain::principal::Principal;
use orch_domain::run_settings::RunSettings;
use orch_domain::server::{Server, Transport};
use orch_domain::server_state::ServerStatus;

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::changes::Changes;
use crate::display_name;
use crate::error::{ControlError, both};
use crate::personal_secrets;
use crate::ports::Ports;
use crate::problem::Problem;
use crate::retry;
use crate::servers::blueprint::{Blueprint, NewTransport};
use crate::servers::confinement::{LimitsPatch, SandboxPatch, Wanted, check_confinement, kept_sandbox, usual_sandbox};
use crate::servers::run_patch::RunPatch;
use crate::servers::transport_patch::TransportPatch;

#[derive(Clone)]
pub struct Servers {
    ports: Arc<Ports>,
    access: Access,
}

/// A server with what it is doing now.
#[derive(Debug, Clone)]
pub struct ServerSeen {
    pub server: Server,
    /// What holds for its processes: its own limits, and the instance's.
    pub limits: ProcessLimits,
    pub status: ServerStatus,
}

#[derive(Debug)]
pub struct NewServer {
    pub alias: String,
    /// The alias when absent.
    pub name: Option<String>,
    pub enabled: bool,
    pub call_timeout: Option<Duration>,
    pub dialect: Dialect,
    /// Beginning with the usual settings.
    pub run: RunPatch,
    pub transport: NewTransport,
    pub limits: LimitsPatch,
    pub sandbox: SandboxPatch,
}

/// What to change; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ServerPatch {
    pub alias: Option<String>,
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub call_timeout: Option<Duration>,
    pub era: Option<Era>,
    pub interactive: Option<Interactive>,
    pub run: RunPatch,
    pub transport: Option<TransportPatch>,
    pub limits: LimitsPatch,
    pub sandbox: SandboxPatch,
}

/// What [`ServerRuntime`](orch_domain::port::server_runtime::ServerRuntime) is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    Start,
    Stop,
}

impl Servers {
    /// The longest time that a call may be given.
    pub const MAX_CALL_TIMEOUT: Duration = Duration::from_secs(3600);

    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// All servers of the project, by alias.
    pub async fn list(&self, who: &Principal, project: &str) -> Result<Vec<ServerSeen>, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let mut servers = self.ports.servers.list(permit.get().id).await?;
        servers.retain(|server| permit.get().sees(server));
        Ok(servers.into_iter().map(|server| self.seen(server)).collect())
    }

    /// Finds a server by alias or id.
    pub async fn get(&self, who: &Principal, project: &str, server: &str) -> Result<ServerSeen, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let server = find(&self.ports, &permit, server).await?;
        Ok(self.seen(server))
    }

    pub async fn create(&self, who: &Principal, project: &str, new: NewServer) -> Result<ServerSeen, ControlError> {
        let permit = self.access.project(who, project, Action::ManageServers).await?;
        let name = new.name.as_deref().map(|name| display_name::parse_required("name", name)).transpose();
        let (alias, name) = both(parse_alias(&new.alias), name)?;
        let name = name.unwrap_or_else(|| alias.to_string());
        let call_timeout = new.call_timeout.map_or(Ok(Server::DEFAULT_CALL_TIMEOUT), check_timeout)?;
        let blueprint = Blueprint::from(new.transport);
        blueprint.check("transport")?;
        let (transport, secrets) = blueprint.seal(self.ports.vault.as_ref())?;
        let local = matches!(transport, Transport::Stdio { .. });
        let run = new.run.apply(&RunSettings::default(), local).map_err(invalid)?;
        let sandbox = new.sandbox.apply(usual_sandbox(&transport, self.ports.confinement.sandbox));
        let now = self.ports.clock.now();
        let server = Server {
            id: ServerId::new(),
            project_id: permit.get().id,
            alias,
            name,
            enabled: new.enabled,
            transport,
            secrets,
            call_timeout,
            dialect: new.dialect,
            run,
            limits: new.limits.apply(ProcessLimits::default()),
            sandbox,
            extra: "{}".to_owned(),
            created_at: now,
            updated_at: now,
            version: 1,
            generation: 1,
        };
        check_confinement(Wanted::new(&server, None), &self.ports.confinement)?;
        let detail = server.transport.kind().to_owned();
        let entry = self.entry(who, &permit, AuditAction::ServerCreate, &server, detail);
        let entry = entry.with(FactName::Transport, server.transport.kind());
        self.ports.servers.create(&server, &entry).await.map_err(ControlError::taken("alias"))?;
        self.ports.written(server.project_id).await;
        Ok(self.seen(server))
    }

    /// Changes a server. `expected` is the version that the caller has seen.
    pub async fn update(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        patch: ServerPatch,
        expected: Option<u32>,
    ) -> Result<ServerSeen, ControlError> {
        let permit = self.access.project(who, project, Action::ManageServers).await?;
        retry::unless_expected(expected, || async {
            let before = find(&self.ports, &permit, server).await?;
            check_version(&before, expected)?;
            self.update_from(who, &permit, before, patch.clone()).await
        })
        .await
    }

    async fn update_from(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        before: Server,
        patch: ServerPatch,
    ) -> Result<ServerSeen, ControlError> {
        let mut after = before.clone();
        if let Some(alias) = &patch.alias {
            after.alias = parse_alias(alias)?;
        }
        if let Some(name) = &patch.name {
            after.name = display_name::parse_required("name", name)?;
        }
        if let Some(timeout) = patch.call_timeout {
            after.call_timeout = check_timeout(timeout)?;
        }
        after.dialect = Dialect {
            era: patch.era.unwrap_or(before.dialect.era),
            interactive: patch.interactive.unwrap_or(before.dialect.interactive),
        };
        if let Some(transport) = patch.transport {
            (after.transport, after.secrets) = transport.apply(&before)?.seal(self.ports.vault.as_ref())?;
        }
        let local = matches!(after.transport, Transport::Stdio { .. });
        after.run = patch.run.apply(&before.run, local).map_err(invalid)?;
        after.limits = patch.limits.apply(before.limits);
        let kept = kept_sandbox(&before, &after.transport, self.ports.confinement.sandbox);
        after.sandbox = patch.sandbox.apply(kept);
        after.enabled = patch.enabled.unwrap_or(before.enabled);
        check_confinement(Wanted::new(&after, Some(&before)), &self.ports.confinement)?;
        let changes = changes::between(&before, &after);
        if changes.is_empty() {
            return Ok(self.seen(before));
        }
        after.generation = changes::generation(&before, &after);
        let action = if changes.is_only(ChangedPart::Enabled) {
            AuditAction::ServerEnable
        } else if changes.is_only(ChangedPart::Disabled) {
            AuditAction::ServerDisable
        } else {
            AuditAction::ServerUpdate
        };
        self.write(who, permit, &before, after, action, &changes).await
    }

    pub async fn enable(&self, who: &Principal, project: &str, server: &str) -> Result<ServerSeen, ControlError> {
        let patch = ServerPatch { enabled: Some(true), ..ServerPatch::default() };
        self.update(who, project, server, patch, None).await
    }

    pub async fn disable(&self, who: &Principal, project: &str, server: &str) -> Result<ServerSeen, ControlError> {
        let patch = ServerPatch { enabled: Some(false), ..ServerPatch::default() };
        self.update(who, project, server, patch, None).await
    }

    /// Has every process and connection of the server replaced, in every replica of the daemon.
    pub async fn restart(&self, who: &Principal, project: &str, server: &str) -> Result<ServerSeen, ControlError> {
        let permit = self.access.project(who, project, Action::ManageServers).await?;
        retry::unless_expected(None, || async {
            let before = find(&self.ports, &permit, server).await?;
            if !before.enabled {
                return Err(RuntimeError::Disabled.into());
            }
            let after = Server { generation: before.generation.saturating_add(1), ..before.clone() };
            self.write(who, &permit, &before, after, AuditAction::ServerRestart, &Changes::default()).await
        })
        .await
    }

    pub async fn delete(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        expected: Option<u32>,
    ) -> Result<(), ControlError> {
        let permit = self.access.project(who, project, Action::ManageServers).await?;
        let server = find(&self.ports, &permit, server).await?;
        let entry = self.entry(who, &permit, AuditAction::ServerDelete, &server, String::new());
        self.ports.servers.delete(server.id, expected, &entry).await?;
        self.ports.written(server.project_id).await;
        Ok(())
    }

    /// Starts the server and waits until it is ready or has failed.
    pub async fn start(&self, who: &Principal, project: &str, server: &str) -> Result<ServerSeen, ControlError> {
        self.switch(who, project, server, Switch::Start).await
    }

    /// Stops what runs, until somebody starts it or its configuration changes. To have it stay off for good, disable it.
    pub async fn stop(&self, who: &Principal, project: &str, server: &str) -> Result<ServerSeen, ControlError> {
        self.switch(who, project, server, Switch::Stop).await
    }

    async fn switch(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        switch: Switch,
    ) -> Result<ServerSeen, ControlError> {
        let permit = self.access.project(who, project, Action::ManageServers).await?;
        let server = find(&self.ports, &permit, server).await?;
        if switch == Switch::Start && !server.enabled {
            return Err(RuntimeError::Disabled.into());
        }
        let action = match switch {
            Switch::Start => AuditAction::ServerStart,
            Switch::Stop => AuditAction::ServerStop,
        };
        let entry = self.entry(who, &permit, action, &server, String::new());
        self.ports.audit.append(&entry).await?;
        match switch {
            Switch::Start => self.ports.runtime.start(server.id).await?,
            Switch::Stop => self.ports.runtime.stop(server.id).await?,
        }
        Ok(self.seen(server))
    }

    /// Stores the next version of a changed server.
    async fn write(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        before: &Server,
        after: Server,
        action: AuditAction,
        changes: &Changes,
    ) -> Result<ServerSeen, ControlError> {
        let now = self.ports.clock.now();
        let server = Server { version: before.version.saturating_add(1), updated_at: now, ..after };
        let renamed = if server.alias == before.alias { "" } else { before.alias.as_str() };
        let audit = changes.on(self.entry(who, permit, action, &server, changes.detail()));
        let audit = audit.with(FactName::Before, renamed);
        let forgets = personal_secrets::forgetting(&Trail::new(who, now).project(permit), before, &server);
        let update = ServerUpdate { server, audit, forgets };
        self.ports.servers.update(&update).await.map_err(ControlError::taken("alias"))?;
        self.ports.written(update.server.project_id).await;
        Ok(self.seen(update.server))
    }

    fn seen(&self, server: Server) -> ServerSeen {
        let status = self.ports.runtime.status(server.id);
        let limits = self.ports.confinement.limits.effective(&server.limits);
        ServerSeen { server, limits, status }
    }

    fn entry(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        action: AuditAction,
        server: &Server,
        detail: String,
    ) -> AuditEntry {
        let trail = Trail::new(who, self.ports.clock.now()).project(permit);
        trail.entry(action, "server", server.id, server.alias.as_str(), detail)
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").finish_non_exhaustive()
    }
}

/// Finds a server of the permitted project by alias or id.
pub(crate) async fn find(ports: &Ports, permit: &Permit<Grant>, server: &str) -> Result<Server, ControlError> {
    let project = permit.get().id;
    let found = match Alias::parse(server) {
        Ok(alias) => ports.servers.find_by_alias(project, &alias).await?,
        Err(_) => match server.parse() {
            Ok(id) => ports.servers.find(id).await?,
            Err(_) => None,
        },
    };
    let seen = |server: &Server| server.project_id == project && permit.get().sees(server);
    found.filter(seen).ok_or(ControlError::Missing { what: "server" })
}

pub(crate) fn check_timeout(timeout: Duration) -> Result<Duration, ControlError> {
    if timeout.is_zero() || timeout > Servers::MAX_CALL_TIMEOUT {
        return Err(ControlError::invalid(
            "timeout",
            "it is out of range",
            "write seconds, more than 0 and at most 3600",
        ));
    }
    Ok(timeout)
}

fn invalid(problems: Vec<Problem>) -> ControlError {
    ControlError::Invalid { problems }
}

fn check_version(server: &Server, expected: Option<u32>) -> Result<(), ControlError> {
    match expected {
        Some(version) if version != server.version => Err(ControlError::Stale { what: "server" }),
        _ => Ok(()),
    }
}

fn parse_alias(text: &str) -> Result<Alias, ControlError> {
    Alias::parse(text).map_err(|_| {
        let hint = match Alias::derive(text) {
            Some(alias) => format!("use 1 to 24 of a-z, 0-9 and -, starting with a letter, such as {alias}"),
            None => "use 1 to 24 of a-z, 0-9 and -, starting with a letter".to_owned(),
        };
        ControlError::invalid("alias", "it is not a server alias", hint)
    })
}
