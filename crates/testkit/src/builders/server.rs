//! Servers.

use std::time::Duration;

use orch_domain::alias::Alias;
use orch_domain::dialect::Dialect;
use orch_domain::id::{ProjectId, SecretId, ServerId};
use orch_domain::limits::{Limit, ProcessLimits};
use orch_domain::run_settings::RunSettings;
use orch_domain::sandbox::Sandbox;
use orch_domain::secret::{Sealed, Secret, Slot};
use orch_domain::server::{Server, Transport};

use crate::builders::unique;
use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct ServerBuilder(Server);

/// An enabled stdio server without arguments, in a project of which nothing else is known.
#[must_use]
pub fn a_server() -> ServerBuilder {
    let name = format!("s{}", unique());
    ServerBuilder(Server {
        id: ServerId::new(),
        project_id: ProjectId::new(),
        alias: Alias::parse(&name).expect("a valid alias"),
        name,
        enabled: true,
        transport: Transport::Stdio { command: "server".to_owned(), cwd: None },
        secrets: Vec::new(),
        call_timeout: Server::DEFAULT_CALL_TIMEOUT,
        dialect: Dialect::default(),
        run: RunSettings::default(),
        limits: ProcessLimits::default(),
        sandbox: Sandbox::default(),
        extra: "{}".to_owned(),
        created_at: FixedClock::START,
        updated_at: FixedClock::START,
        version: 1,
        generation: 1,
    })
}

impl ServerBuilder {
    #[must_use]
    pub fn in_project(mut self, project: ProjectId) -> Self {
        self.0.project_id = project;
        self
    }

    /// Both the alias and the name.
    #[must_use]
    pub fn named(mut self, alias: &str) -> Self {
        self.0.alias = Alias::parse(alias).expect("a valid alias");
        alias.clone_into(&mut self.0.name);
        self
    }

    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.0.transport = transport;
        self
    }

    #[must_use]
    pub fn stdio(self, command: &str) -> Self {
        self.transport(Transport::Stdio { command: command.to_owned(), cwd: None })
    }

    #[must_use]
    pub fn http(self, url: &str) -> Self {
        self.transport(Transport::StreamableHttp { url: url.to_owned() })
    }

    #[must_use]
    pub fn sse(self, url: &str) -> Self {
        self.transport(Transport::Sse { url: url.to_owned() })
    }

    /// A secret in its sealed form. Secrets are kept in the order of their slots.
    #[must_use]
    pub fn secret(mut self, slot: Slot, sealed: &[u8]) -> Self {
        self.0.secrets.push(Secret { id: SecretId::new(), slot, sealed: Sealed::from_bytes(sealed.to_vec()) });
        self.0.secrets.sort_by(|a, b| a.slot.cmp(&b.slot));
        self
    }

    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.0.enabled = false;
        self
    }

    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.0.dialect = dialect;
        self
    }

    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.0.call_timeout = timeout;
        self
    }

    #[must_use]
    pub fn limit(mut self, limit: Limit, value: u32) -> Self {
        self.0.limits = self.0.limits.with(limit, Some(value));
        self
    }

    #[must_use]
    pub fn sandbox(mut self, sandbox: Sandbox) -> Self {
        self.0.sandbox = sandbox;
        self
    }

    #[must_use]
    pub fn extra(mut self, json: &str) -> Self {
        json.clone_into(&mut self.0.extra);
        self
    }

    #[must_use]
    pub fn run(mut self, change: impl FnOnce(&mut RunSettings)) -> Self {
        change(&mut self.0.run);
        self
    }

    #[must_use]
    pub fn build(self) -> Server {
        self.0
    }
}
