//! Tasks on both of their ways. A tool of a legacy server that runs only as a task gives its client the plain result,
//! whatever the client's revision. A task of a modern server belongs to its client, who names it by an id that on the
//! unified endpoint says which server it is of.

use std::sync::Arc;

use orch_domain::policy::decision::Clearance;
use orch_domain::policy::item::ItemClass;
use orch_domain::server::Server;
use orch_mcp::message::{MethodName, Request};
use orch_mcp::peer::{Peer, PeerRequest};
use orch_mcp::raw::Raw;
use orch_mcp::{meta, object, tasks};

use crate::context::{CallContext, Endpoint};
use crate::error::CallError;
use crate::fleet::Lease;
use crate::outward::{Outward, Shape};
use crate::relay::{Relay, Sending};
use crate::reply::Reply;
use crate::view::enabled;

/// What stands between alias and id on the unified endpoint.
const SEPARATOR: char = '.';

/// The id under which a server's task is known on the unified endpoint.
pub(crate) fn expose(alias: &str, id: &str) -> String {
    format!("{alias}{SEPARATOR}{id}")
}

impl Relay {
    /// Whether anything behind the endpoint speaks of tasks in the modern way.
    #[must_use]
    pub fn offers_tasks(&self, cx: &CallContext) -> bool {
        let offers = |server: &Arc<Server>| {
            let catalog = self.fleet().slot(server.id).and_then(|slot| slot.catalog_for(cx, server));
            catalog.is_some_and(|it| !it.hello.revision.is_legacy() && tasks::is_named_in(&it.hello.capabilities))
        };
        match &cx.endpoint {
            Endpoint::Server(server) => offers(server),
            Endpoint::Unified => enabled(&cx.project).any(offers),
        }
    }

    /// `tasks/get`, `tasks/update` and `tasks/cancel`, for clients of the modern era.
    pub(crate) fn about_task(&self, cx: &CallContext, request: Request) -> Reply {
        if cx.client.revision.is_legacy() || !self.offers_tasks(cx) {
            let error = CallError::MethodNotFound(request.method.as_str().to_owned());
            return Reply::failed(&error, cx.client.revision, None, &*self.clock);
        }
        let (params, hop) = meta::take_hop(request.params.unwrap_or_else(|| Raw::from_static("{}")));
        let Some((server, params)) = addressed(cx, params) else { return Reply::unrecorded(Err(tasks::unknown())) };
        // A task is the server's own business: nobody knows here which tool it runs.
        let method = request.method.as_str();
        let Ok(Clearance::Granted(pass)) = self.clear(cx, &server, ItemClass::Method, method) else {
            return Reply::unrecorded(Err(tasks::unknown()));
        };
        let outward = match cx.endpoint {
            Endpoint::Server(_) => Outward::AsIs,
            Endpoint::Unified => Outward::Namespaced { server, shape: Shape::Task },
        };
        let request = PeerRequest {
            declared: Some(Arc::clone(&cx.client.declared_modern)),
            ..PeerRequest::new(request.method, Some(params))
        };
        self.send(cx, pass, Sending { request, outward, hop, as_task: false, of_own_era: false }, None)
    }
}

/// The server of a task, and the params as that server knows them.
fn addressed(cx: &CallContext, params: Raw) -> Option<(Arc<Server>, Raw)> {
    let (server, id) = locate(cx, &object::string(&params, "taskId")?)?;
    let params = object::with(&params, "taskId", &Raw::serialize(&id).ok()?).ok()?;
    Some((server, params))
}

/// The server of a task, and the id by which that server knows it.
pub(crate) fn locate(cx: &CallContext, shown: &str) -> Option<(Arc<Server>, String)> {
    if let Endpoint::Server(server) = &cx.endpoint {
        return Some((Arc::clone(server), shown.to_owned()));
    }
    let (alias, id) = shown.split_once(SEPARATOR)?;
    let server = enabled(&cx.project).find(|server| server.alias.as_str() == alias)?;
    Some((Arc::clone(server), id.to_owned()))
}

/// A call that its legacy server runs as a task: begun with the call, fetched with `tasks/result`. Dropped before its
/// end, it is cancelled at the server.
pub(crate) struct TaskRun {
    /// Where it runs, once it does and until it is done.
    peer: Option<Arc<dyn Peer>>,
    id: Option<Raw>,
}

impl TaskRun {
    pub(crate) const fn new() -> Self {
        Self { peer: None, id: None }
    }

    /// The params of a call that begins a task.
    pub(crate) fn begin(params: &Raw) -> Raw {
        object::with(params, "task", &Raw::from_static("{}")).unwrap_or_else(|_| params.clone())
    }

    /// What to send next after a result; None when the result is the answer.
    pub(crate) fn takes(&mut self, result: &Raw, lease: &Lease) -> Option<PeerRequest> {
        if self.id.is_some() {
            return None;
        }
        let id = tasks::started(result)?;
        self.peer = Some(lease.shared_peer());
        let params = object::build([("taskId", &id)]);
        self.id = Some(id.detached());
        Some(PeerRequest::new(MethodName::from_static("tasks/result"), Some(params)))
    }

    /// The answer has come: there is nothing to cancel.
    pub(crate) fn done(&mut self) {
        self.peer = None;
    }
}

impl Drop for TaskRun {
    fn drop(&mut self) {
        let (Some(peer), Some(id)) = (self.peer.take(), self.id.take()) else { return };
        // Without a runtime the process is about to end, and its servers with it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let params = object::build([("taskId", &id)]);
        let cancel = PeerRequest::new(MethodName::from_static("tasks/cancel"), Some(params));
        runtime.spawn(async move {
            // The answer does not matter; the peer ends it when it is closed.
            let within = std::time::Duration::from_secs(10);
            let asked = crate::catalog::fetch::answer(&*peer, cancel);
            let _ = tokio::time::timeout(within, asked).await;
        });
    }
}
