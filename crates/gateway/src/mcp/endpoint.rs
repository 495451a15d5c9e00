//! From an HTTP request to who asks and where: credentials, project, endpoint. The first step of every request, and
//! the same for every method.

use std::sync::Arc;

use actix_web::HttpResponse;
use orch_auth::authenticator::bearer_of;
use orch_auth::error::AuthFailure;
use orch_domain::directory::ProjectFacts;
use orch_domain::id::ServerId;
use orch_domain::policy::decision::decide;
use orch_domain::policy::hints::Hints;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::policy::{Action, Asking, Denial, Subject, authorize};
use orch_domain::principal::Principal;
use orch_domain::server::Server;
use orch_mcp::id::RequestId;
use orch_relay::context::Endpoint;

use super::address::Address;
use super::reach::Reach;
use super::{Http, McpEndpoints, refusal};
use crate::fields::Fields as _;

/// A request that is let in.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) principal: Principal,
    pub(super) subject: Subject,
    pub(super) project: Arc<ProjectFacts>,
    pub(super) endpoint: Endpoint,
}

impl Entry {
    pub(super) fn reach(&self) -> Reach {
        Reach {
            principal: self.principal.clone(),
            project: self.project.project.id,
            endpoint: EndpointId::of(&self.endpoint),
        }
    }
}

/// What a session is bound to, beside its principal and project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum EndpointId {
    Server(ServerId),
    Unified,
}

impl EndpointId {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Server(server) => Self::Server(server.id),
            Endpoint::Unified => Self::Unified,
        }
    }
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refused {
    /// No credential, or one that opens nothing.
    Credential(AuthFailure),
    Access(Denial),
}

impl Refused {
    /// The answer to a request with this id, where it is known: some clients show nobody an error without it.
    pub(super) fn answer(self, id: Option<&RequestId>) -> HttpResponse {
        match self {
            Self::Credential(failure) => refusal::unauthorized(id, failure),
            Self::Access(Denial::Hidden) => refusal::no_such_endpoint(id),
            Self::Access(denial @ Denial::NeedsRole { .. }) => refusal::forbidden(id, &denial.to_string()),
        }
    }
}

/// Finds out who asks and whether the endpoint is for them. An endpoint that is not there and one that is not theirs
/// get the same answer.
pub(super) fn enter(address: Address<'_>, http: Http<'_>, endpoints: &McpEndpoints) -> Result<Entry, Refused> {
    let principal = authenticate(http, endpoints)?;
    endpoints.uses.note(&principal, Some(http.peer.ip()), http.head);
    enter_as(principal, address.project, address.server, endpoints).map_err(Refused::Access)
}

/// The same for somebody who is known already. What is not there is hidden.
pub(super) fn enter_as(
    principal: Principal,
    project: &str,
    server: Option<&str>,
    endpoints: &McpEndpoints,
) -> Result<Entry, Denial> {
    let directory = endpoints.directory.current();
    let project = directory.project_named(project).ok_or(Denial::Hidden)?;
    let subject = directory.subject(&principal, project);
    let endpoint = match server {
        None => Some(Endpoint::Unified),
        Some(server) => find_server(project, server)
            .filter(|server| may_reach(project, &subject, server))
            .map(|server| Endpoint::Server(Arc::clone(server))),
    };
    let endpoint = authorize(&subject, Action::Call, endpoint)?.into_inner().ok_or(Denial::Hidden)?;
    endpoints.instance_uses.note(&principal, &subject, project);
    Ok(Entry { principal, subject, project: Arc::clone(project), endpoint })
}

/// Whether the server as a whole is there for `subject`. The client has not said yet who it is; what depends on that is
/// decided with each request.
pub(super) fn may_reach(project: &ProjectFacts, subject: &Subject, server: &Server) -> bool {
    let item = Item {
        server: server.id,
        alias: server.alias.as_str(),
        class: ItemClass::Server,
        name: "",
        hints: Hints::UNSAID,
    };
    // Without the role there is an answer of its own.
    subject.role.is_none_or(|role| role < Action::Call.least_role())
        || decide(&project.policy, Asking { subject, client: None }, Action::Call, &item).is_visible()
}

fn find_server<'a>(project: &'a ProjectFacts, named: &str) -> Option<&'a Arc<Server>> {
    project.servers.get(named).or_else(|| project.server(named.parse().ok()?))
}

/// Only the `Authorization` header counts: never a query string, never a cookie.
fn authenticate(http: Http<'_>, endpoints: &McpEndpoints) -> Result<Principal, Refused> {
    let Some(header) = http.head.first("authorization") else {
        return Err(Refused::Credential(AuthFailure::Missing));
    };
    bearer_of(std::str::from_utf8(header).ok())
        .and_then(|bearer| endpoints.authenticator.authenticate(bearer))
        .map_err(Refused::Credential)
}
