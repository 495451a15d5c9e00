//! Everything that is known about a request when it enters the relay.

use std::sync::Arc;

use orch_domain::dialect::Interactive;
use orch_domain::directory::ProjectFacts;
use orch_domain::policy::{Asking, Subject};
use orch_domain::principal::Principal;
use orch_domain::server::Server;
use orch_mcp::capabilities;
use orch_mcp::declared::Declared;
use orch_mcp::level::LogLevel;
use orch_mcp::revision::Revision;
use uuid::Uuid;

use crate::faculties::Faculties;
use crate::stop::Stop;

/// What a client with a session hears that has not said which log messages it wants. A modern server, which is told with
/// each request what its client has said, is told nothing.
pub const UNSAID_LEVEL: LogLevel = LogLevel::Info;

/// One request's context. Made by the edge, immutable from then on.
#[derive(Debug, Clone)]
pub struct CallContext {
    pub principal: Principal,
    /// What the principal is on the project at this moment.
    pub subject: Subject,
    pub project: Arc<ProjectFacts>,
    pub endpoint: Endpoint,
    pub client: Arc<Client>,
    /// Which log messages about this request the client has said that it wants. With None one with a session gets those
    /// from [`UNSAID_LEVEL`] on, and any other none.
    pub log_level: Option<LogLevel>,
    /// Whether a question about this request could reach the client: its answer may be a stream.
    pub can_be_asked: bool,
    /// How the edge ends this request early.
    pub stop: Arc<Stop>,
}

impl CallContext {
    /// Who asks, as policy wants to know it.
    #[must_use]
    pub fn asking(&self) -> Asking<'_> {
        Asking { subject: &self.subject, client: Some(&self.client.name) }
    }

    /// What the client can be asked about this request.
    #[must_use]
    pub fn faculties(&self) -> Option<Faculties> {
        self.client.faculties.filter(|_| self.can_be_asked)
    }

    /// From which level on the client hears what is logged about this request; None for nothing.
    pub(crate) fn heard_level(&self) -> Option<LogLevel> {
        self.log_level.or_else(|| self.client.session.map(|_| UNSAID_LEVEL))
    }

    /// Which log messages a request wants that belongs to no session; the level of a session holds for all that it does.
    pub(crate) fn own_log_level(&self) -> Option<LogLevel> {
        self.log_level.filter(|_| self.client.session.is_none())
    }

    /// What one server may ask the client about this request.
    #[must_use]
    pub fn faculties_for(&self, server: &Server) -> Option<Faculties> {
        self.faculties().filter(|_| server.dialect.interactive == Interactive::Auto)
    }
}

/// Where the request came in.
#[derive(Debug, Clone)]
pub enum Endpoint {
    Server(Arc<Server>),
    /// All enabled servers of the project under one roof.
    Unified,
}

/// What the client said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Name and version, for the record.
    pub name: Arc<str>,
    pub revision: Revision,
    /// What it can be asked, and its own `Implementation`.
    pub declared: Arc<Declared>,
    /// The session of a legacy client; None for a modern one, which says everything with each request.
    pub session: Option<SessionKey>,
    /// What it can be asked; None when nothing.
    pub faculties: Option<Faculties>,
    /// The same in words of the modern era.
    pub declared_modern: Arc<Declared>,
    /// Headers `Mcp-Param-*` of this request that no schema here knows, for the server.
    pub foreign_headers: Vec<(String, String)>,
}

impl Client {
    #[must_use]
    pub fn new(name: Arc<str>, revision: Revision, declared: Declared, session: Option<SessionKey>) -> Self {
        let faculties = Faculties::of(&declared.capabilities);
        let declared = Arc::new(declared);
        let declared_modern = if revision.is_legacy() {
            let capabilities = capabilities::for_modern(&declared.capabilities);
            Arc::new(Declared { capabilities, info: declared.info.clone() })
        } else {
            Arc::clone(&declared)
        };
        Self { name, revision, declared, session, faculties, declared_modern, foreign_headers: Vec::new() }
    }
}

/// Names a client's session within the process. No secret, and never sent to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey(Uuid);

impl SessionKey {
    /// A key that nobody has.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a new key each time is no default")]
    pub fn new() -> Self {
        Self(Uuid::new_v4())
    }
}
