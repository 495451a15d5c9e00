//! Everything that is known about a request when it enters the relay.

use std::sync::Arc;

use orch_domain::directory::ProjectFacts;
use orch_domain::policy::Subject;
use orch_domain::principal::Principal;
use orch_domain::server::Server;
use orch_mcp::revision::Revision;

use crate::stop::Stop;

/// One request's context. Made by the edge, immutable from then on.
#[derive(Debug, Clone)]
pub struct CallContext {
    pub principal: Principal,
    /// What the principal is on the project at this moment.
    pub subject: Subject,
    pub project: Arc<ProjectFacts>,
    pub endpoint: Endpoint,
    pub client: Arc<Client>,
    /// How the edge ends this request early.
    pub stop: Arc<Stop>,
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
}
