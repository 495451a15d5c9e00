//! The way of one request: to its method, to its server, and back. Knows no transport of either side.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::call::{CallKind, CallTicket, Outcome};
use orch_domain::catalog::ItemKind;
use orch_domain::directory::ProjectFacts;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::id::{ProjectId, UserId};
use orch_domain::policy::decision::{self, Clearance, Pass, clear, decide};
use orch_domain::policy::fingerprint::Fingerprint;
use orch_domain::policy::hints::Hints;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::policy::{Action, Subject};
use orch_domain::port::argument_digester::ArgumentDigester;
use orch_domain::port::call_log::CallLog;
use orch_domain::port::clock::Clock;
use orch_domain::refusal::{Reason, Refusal};
use orch_domain::server::Server;
use orch_mcp::capabilities;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::Request;
use orch_mcp::meta::{self, HopMeta};
use orch_mcp::method::Method;
use orch_mcp::peer::PeerRequest;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_mcp::{object, tasks};

use crate::approvals::Approvals;
use crate::catalog::{Catalog, shape};
use crate::context::{CallContext, Endpoint};
use crate::error::CallError;
use crate::faculties::Faculties;
use crate::fleet::wanted::Needed;
use crate::fleet::{Fleet, Unready};
use crate::limits::Limiter;
use crate::methods;
use crate::outward::Outward;
use crate::reply::{Acquiring, Plan, Reply};
use crate::view::cache::ViewCache;
use crate::view::{View, enabled};

/// Capabilities of upstreams that are not relayed yet, and so are not shown.
const WITHHELD: [&str; 1] = ["tasks"];

/// At most this much of the instructions of all servers goes to a client of the unified endpoint.
const MAX_INSTRUCTIONS: usize = 16 * 1024;

pub struct Relay {
    pub(crate) fleet: Arc<Fleet>,
    directory: Arc<LiveDirectory>,
    pub(crate) calls: Arc<dyn CallLog>,
    pub(crate) digester: Arc<dyn ArgumentDigester>,
    pub(crate) clock: Arc<dyn Clock>,
    /// For each kind of client its own, where servers offer one more than another.
    views: ViewCache<Sort>,
    /// The same for who sees only a part: one for all who see the same part.
    parts: ViewCache<(Sort, Fingerprint)>,
    pub(crate) approvals: Arc<Approvals>,
    pub(crate) limiter: Arc<Limiter>,
    /// Name and version of ours, as an MCP `Implementation`.
    identity: Raw,
}

/// Clients for whom the servers of a project offer the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sort {
    project: ProjectId,
    faculties: Option<Faculties>,
    /// Servers of both eras may offer one thing in the one, and another in the other.
    of_legacy: bool,
    /// The account, where it has brought values of its own along.
    user: Option<UserId>,
}

impl Sort {
    fn of(cx: &CallContext) -> Self {
        let user = cx.principal.user_id;
        let has_own = cx.project.personal.values().any(|own| own.contains_key(&user));
        Self {
            project: cx.project.project.id,
            faculties: cx.faculties(),
            of_legacy: cx.client.revision.is_legacy(),
            user: has_own.then_some(user),
        }
    }
}

/// A request on its way to a server.
pub(crate) struct Sending {
    pub(crate) request: PeerRequest,
    pub(crate) outward: Outward,
    pub(crate) hop: HopMeta,
    /// The server runs what is called only as a task.
    pub(crate) as_task: bool,
    /// It means something only to a server of the client's era.
    pub(crate) of_own_era: bool,
}

/// Who a server is, for a legacy client: strict ones want a name and a version of it, and servers leave out either.
fn named(server: &Server, info: Raw) -> Raw {
    let mut told = info.clone();
    let title = if object::string(&info, "name").is_none() { Some(("title", server.name.as_str())) } else { None };
    for (key, instead) in [("name", server.alias.as_str()), ("version", "0.0.0")].into_iter().chain(title) {
        if object::string(&info, key).is_none()
            && let Ok(instead) = Raw::serialize(&instead)
        {
            told = object::with(&told, key, &instead).unwrap_or(told);
        }
    }
    told
}

/// What a relay works with.
pub struct RelayParts {
    pub fleet: Arc<Fleet>,
    /// Who may what now: a call that has waited is decided again.
    pub directory: Arc<LiveDirectory>,
    pub calls: Arc<dyn CallLog>,
    /// For projects that want digests of arguments on record.
    pub digester: Arc<dyn ArgumentDigester>,
    pub clock: Arc<dyn Clock>,
    pub approvals: Arc<Approvals>,
    pub limiter: Arc<Limiter>,
    /// An object with `name` and `version`.
    pub identity: Raw,
}

impl Relay {
    #[must_use]
    pub fn new(parts: RelayParts) -> Self {
        Self {
            fleet: parts.fleet,
            directory: parts.directory,
            calls: parts.calls,
            digester: parts.digester,
            clock: parts.clock,
            views: ViewCache::default(),
            parts: ViewCache::default(),
            approvals: parts.approvals,
            limiter: parts.limiter,
            identity: parts.identity,
        }
    }

    /// Where calls wait for somebody's approval.
    #[must_use]
    pub const fn approvals(&self) -> &Arc<Approvals> {
        &self.approvals
    }

    #[must_use]
    pub const fn limiter(&self) -> &Arc<Limiter> {
        &self.limiter
    }

    #[must_use]
    pub const fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// What the endpoint says of itself in a handshake, in the client's revision. One server is shown as it is, and
    /// is started when it has never been seen; the unified endpoint waits for nobody.
    pub async fn hello(&self, cx: &CallContext) -> Result<ServerHello, RpcError> {
        let revision = cx.client.revision;
        match &cx.endpoint {
            Endpoint::Server(server) => {
                let hello = self.server_hello(cx, server).await.map_err(|error| error.to_rpc(revision))?;
                let mut capabilities = capabilities::relayed(&hello.capabilities, &WITHHELD);
                if revision.is_legacy() {
                    capabilities = capabilities::shown_to_legacy(&capabilities);
                }
                let server_info =
                    if revision.is_legacy() { named(server, hello.server_info) } else { hello.server_info };
                Ok(ServerHello { revision, capabilities, server_info, also: Vec::new(), ..hello })
            }
            Endpoint::Unified => {
                // Servers come and go during a session, and clients without one keep what they were told as well: lists,
                // which the endpoint has whoever is behind it, are always promised, and what else a server could offer
                // unless it is known that none does.
                let known = if revision.is_legacy() { None } else { self.offered(cx) };
                let promised = if revision.is_legacy() {
                    r#"{"tools":{},"prompts":{},"resources":{"subscribe":true},"completions":{},"logging":{}}"#
                } else {
                    r#"{"tools":{},"prompts":{},"resources":{"subscribe":true},"completions":{},"logging":{},"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/ui":{}}}"#
                };
                let promised = Raw::from_static(promised);
                Ok(ServerHello {
                    revision,
                    capabilities: known.unwrap_or_else(|| capabilities::relayed(&promised, &WITHHELD)),
                    server_info: self.identity.clone(),
                    instructions: Some(self.instructions(cx)),
                    also: Vec::new(),
                })
            }
        }
    }

    /// What the servers of the project offer together to this client, beside the lists that the endpoint has; None while
    /// one of them is not known as it is now, which may offer anything.
    fn offered(&self, cx: &CallContext) -> Option<Raw> {
        let seen = enabled(&cx.project).filter(|server| self.sees(cx, server, ItemClass::Server, ""));
        let known = |server: &Arc<Server>| {
            let slot = self.fleet.slot(server.id)?;
            if slot.is_stale_for(cx, server) { None } else { slot.catalog_for(cx, server) }
        };
        let catalogs = seen.map(known).collect::<Option<Vec<_>>>()?;
        let lists = Raw::from_static(r#"{"tools":{},"prompts":{},"resources":{}}"#);
        let offered = catalogs.iter().map(|catalog| &catalog.hello.capabilities);
        Some(capabilities::united(std::iter::once(&lists).chain(offered), &WITHHELD))
    }

    async fn server_hello(&self, cx: &CallContext, server: &Server) -> Result<ServerHello, CallError> {
        let name = server.alias.to_string();
        let unavailable = |reason: String| CallError::Unavailable { server: name.clone(), reason };
        let slot = self.fleet.slot(server.id).ok_or_else(|| unavailable("it is being set up".to_owned()))?;
        if let Some(catalog) = slot.catalog_for(cx, server) {
            slot.want_verified();
            return Ok(catalog.hello.clone());
        }
        match slot.acquire_for(&Needed::of(cx, server)).await {
            Ok(lease) => Ok(lease.peer().hello().clone()),
            Err(Unready::Failed(reason)) => Err(unavailable(reason)),
            Err(Unready::Busy(reason)) => Err(CallError::Busy { server: name, reason }),
        }
    }

    /// Who answers at the endpoint, as an `Implementation`: the server where there is one, as far as it is known.
    #[must_use]
    pub fn server_info(&self, cx: &CallContext) -> Option<Raw> {
        match &cx.endpoint {
            Endpoint::Server(server) => {
                self.fleet.slot(server.id)?.catalog_for(cx, server)?.hello.server_info().cloned()
            }
            Endpoint::Unified => Some(self.identity.clone()),
        }
    }

    /// The `inputSchema` of a tool by the name that the client knows, if it may want arguments as headers.
    #[must_use]
    pub fn mirroring_schema(&self, cx: &CallContext, tool: &str) -> Option<Raw> {
        let (server, name) = match &cx.endpoint {
            Endpoint::Server(server) => (Arc::clone(server), tool.to_owned()),
            Endpoint::Unified => {
                let origin = self.view(cx).resolve(&cx.project, ItemKind::Tool, tool)?;
                (origin.server, origin.name)
            }
        };
        let schema = self.fleet.slot(server.id)?.catalog_for(cx, &server)?.mirroring().get(&name).cloned()?;
        // The schema of a tool that is not there for this principal is not there either.
        self.sees(cx, &server, ItemClass::Tool, &name).then_some(schema)
    }

    fn instructions(&self, cx: &CallContext) -> String {
        let project = &cx.project;
        let separator = project.project.separator.as_str();
        let mut text = format!(
            "This endpoint unites the MCP servers of the project {name}. Tools and prompts are named \
             <server>{separator}<name>; where a server's own text names a tool, add its prefix.",
            name = project.project.name,
        );
        for server in enabled(project).filter(|server| self.sees(cx, server, ItemClass::Server, "")) {
            let Some(slot) = self.fleet.slot(server.id) else { continue };
            slot.want_verified();
            let Some(catalog) = slot.catalog_for(cx, server) else { continue };
            if let Some(own) = catalog.hello.instructions.as_deref().filter(|own| !own.trim().is_empty()) {
                text.push_str(&format!("\n\n# {}\n\n{}", server.alias, own.trim()));
            }
        }
        if text.len() > MAX_INSTRUCTIONS {
            let cut = (0..=MAX_INSTRUCTIONS).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            text.truncate(cut);
        }
        text
    }

    /// Answers one request.
    pub fn handle(self: &Arc<Self>, cx: &CallContext, request: Request) -> Reply {
        if let Err(limited) = self.limiter.request(&cx.subject, &cx.project) {
            self.note_refused(cx, &request, limited.what.reason());
            return Reply::failed(&CallError::Limited(limited), cx.client.revision, None, &*self.clock);
        }
        match request.method.known() {
            Method::ToolsCall => methods::call::call(self, cx, CallKind::Tool, request),
            Method::PromptsGet => methods::call::call(self, cx, CallKind::Prompt, request),
            Method::ResourcesRead => methods::call::call(self, cx, CallKind::Resource, request),
            Method::ToolsList => self.list(cx, ItemKind::Tool, request),
            Method::PromptsList => self.list(cx, ItemKind::Prompt, request),
            Method::ResourcesList => self.list(cx, ItemKind::Resource, request),
            Method::ResourceTemplatesList => self.list(cx, ItemKind::Template, request),
            Method::Complete => methods::complete::complete(self, cx, request),
            Method::Ping => Reply::unrecorded(Ok(Raw::from_static("{}"))),
            Method::Other(name) if tasks::is_method(name) => self.about_task(cx, request),
            Method::Other(_) => self.pass_on(cx, request),
            _ => Reply::unrecorded(Err(RpcError::method_not_found(request.method.as_str()))),
        }
    }

    /// Counts a request that is answered without [`handle`](Self::handle): a handshake, a setting of a session.
    pub fn admit(&self, subject: &Subject, project: &ProjectFacts) -> Result<(), RpcError> {
        self.limiter
            .request(subject, project)
            .map_err(|limited| CallError::Limited(limited).to_rpc(Revision::V2026_07_28))
    }

    /// Puts a call on record that the edge refuses before it is taken; other requests leave no trace. An error means
    /// that the refusal stands without a record, which the log reports.
    pub fn note_refused(&self, cx: &CallContext, request: &Request, reason: Reason) {
        self.note(cx, request, reason.outcome(), Some(reason.into()));
    }

    /// The same for a call that is not taken because the daemon stops.
    pub fn note_stopping(&self, cx: &CallContext, request: &Request) {
        self.note(cx, request, Outcome::Stopping, None);
    }

    fn note(&self, cx: &CallContext, request: &Request, outcome: Outcome, refusal: Option<Refusal>) {
        let kind = match request.method.known() {
            Method::ToolsCall => CallKind::Tool,
            Method::PromptsGet => CallKind::Prompt,
            Method::ResourcesRead => CallKind::Resource,
            _ => return,
        };
        if let Err(error) = methods::call::note(self, cx, kind, request, outcome, refusal) {
            tracing::error!(error = %error, "a refused call is not on record");
        }
    }

    fn list(self: &Arc<Self>, cx: &CallContext, kind: ItemKind, request: Request) -> Reply {
        if let Endpoint::Server(server) = &cx.endpoint
            && let Some(catalog) = self.fleet.slot(server.id).and_then(|slot| slot.catalog_for(cx, server))
            && !capabilities::has(&catalog.hello.capabilities, shape(kind).capability)
            // Nobody looks through what the server says then.
            && decision::is_plain(&cx.project.policy, cx.asking())
        {
            // Not promised, so not in the catalog; whether it is there all the same is the server's word.
            return self.pass_on(cx, request);
        }
        let (relay, stop, revision) = (Arc::clone(self), Arc::clone(&cx.stop), cx.client.revision);
        let cx = cx.clone();
        let answer = Box::pin(async move { methods::lists::list(&relay, &cx, kind, &request).await });
        Reply::deferred(answer, stop, revision)
    }

    /// A method that we do not know is the server's own business; on the unified endpoint nobody could say whose, and to a
    /// server of the other era it would say something else, if anything.
    fn pass_on(&self, cx: &CallContext, request: Request) -> Reply {
        let method = request.method.as_str();
        let Endpoint::Server(server) = &cx.endpoint else {
            return Reply::unrecorded(Err(RpcError::method_not_found(method)));
        };
        // Those of the experiment of 2025-11-25: that is withheld, so its methods are as well. A stream of news is ours to ask
        // for: another one on the same connection would be taken for it.
        if method.starts_with("tasks/") || method == "subscriptions/listen" {
            return Reply::unrecorded(Err(RpcError::method_not_found(method)));
        }
        let Ok(Clearance::Granted(pass)) = self.clear(cx, server, ItemClass::Method, method) else {
            // Nobody can be asked to approve what nobody knows.
            return Reply::unrecorded(Err(RpcError::method_not_found(method)));
        };
        let (params, hop) = request.params.map_or((None, HopMeta::default()), |params| {
            let (params, hop) = meta::take_hop(params);
            (Some(params), hop)
        });
        let request = PeerRequest {
            progress: hop.progress_token.is_some(),
            log_level: cx.log_level,
            declared: Some(Arc::clone(&cx.client.declared_modern)),
            ..PeerRequest::new(request.method, params)
        };
        let of_own_era = matches!(request.method.known(), Method::Other(_));
        self.send(cx, pass, Sending { request, outward: Outward::AsIs, hop, as_task: false, of_own_era }, None)
    }

    /// Sends to a server; only with proof that policy has agreed.
    pub(crate) fn send(
        &self,
        cx: &CallContext,
        pass: Pass<Arc<Server>>,
        sending: Sending,
        ticket: Option<CallTicket>,
    ) -> Reply {
        let Sending { mut request, outward, hop, as_task, of_own_era } = sending;
        let server = pass.into_inner();
        let revision = cx.client.revision;
        let failed = |error: &CallError, ticket| Reply::failed(error, revision, ticket, &*self.clock);
        let name = server.alias.as_str();
        let Some(slot) = self.fleet.slot(server.id) else {
            let reason = "it is being set up".to_owned();
            return failed(&CallError::Unavailable { server: name.to_owned(), reason }, ticket);
        };
        let asks = cx.faculties_for(&server).is_some();
        if !asks && cx.client.faculties.is_some() {
            request.declared = request.declared.map(|declared| {
                let capabilities = capabilities::unasked(&declared.capabilities);
                Arc::new(Declared { capabilities, info: declared.info.clone() })
            });
        }
        let of_other_era = cx.client.revision.is_legacy() && slot.may_speak_both();
        // A modern server is told with the request.
        let hears = cx.own_log_level().is_some() && slot.may_be_of_legacy();
        let mut own = None;
        let source = if of_other_era || hears || !Needed::is_plain(cx, &server) {
            // State, own values, what a legacy server may ask, or the client's era: it may not be the shared connection. Or
            // the server has to be told first what the client wants to hear.
            let needed = Needed::of(cx, &server);
            own = Some(Box::new(needed.clone()));
            Err(Box::pin(async move { slot.acquire_for(&needed).await }) as Acquiring)
        } else {
            match slot.lease() {
                Some(Ok(lease)) => Ok(lease),
                Some(Err(Unready::Busy(reason) | Unready::Failed(reason))) => {
                    return failed(&CallError::Busy { server: name.to_owned(), reason }, ticket);
                }
                None => Err(Box::pin(async move { slot.acquire().await }) as Acquiring),
            }
        };
        let plan = Plan {
            clock: Arc::clone(&self.clock),
            stop: Arc::clone(&cx.stop),
            revision,
            server: Arc::from(name),
            outward,
            progress_token: hop.progress_token,
            log_level: cx.heard_level(),
            patience: patience(&server, &request),
            longest: self.fleet.config().longest_call(),
            question: self.fleet.config().question(),
            as_task,
            of_own_era,
            reads: matches!(request.method.known(), Method::ResourcesRead),
            needed: own,
        };
        Reply::live(source, request, plan, ticket)
    }

    /// The same request as of now; None when its project is gone, or the server that it came to. Whether it is still allowed
    /// is for policy to say.
    pub(crate) fn as_of_now(&self, cx: &CallContext) -> Option<CallContext> {
        let directory = self.directory.current();
        let project = Arc::clone(directory.project(cx.project.project.id)?);
        let endpoint = match &cx.endpoint {
            Endpoint::Server(server) => Endpoint::Server(Arc::clone(project.server(server.id)?)),
            Endpoint::Unified => Endpoint::Unified,
        };
        let subject = directory.subject(&cx.principal, &project);
        Some(CallContext { subject, project, endpoint, ..cx.clone() })
    }

    /// Whether a call that waits for its client may still be made: decided again for the request that comes back, which
    /// is put neither on record nor to account. The error is what such a call would get now.
    pub fn may_go_on(&self, cx: &CallContext, request: &Request) -> Result<(), RpcError> {
        methods::call::may_go_on(self, cx, request).map_err(|error| error.to_rpc(cx.client.revision))
    }

    /// Decides whether the item may be used, and gives the way to its server.
    pub(crate) fn clear(
        &self,
        cx: &CallContext,
        server: &Arc<Server>,
        class: ItemClass,
        name: &str,
    ) -> Result<Clearance<Arc<Server>>, Refusal> {
        let item = self.item(cx, server, class, name);
        clear(&cx.project.policy, cx.asking(), &item, Arc::clone(server))
    }

    /// Whether the item is there for who asks.
    pub(crate) fn sees(&self, cx: &CallContext, server: &Server, class: ItemClass, name: &str) -> bool {
        let item = self.item(cx, server, class, name);
        decide(&cx.project.policy, cx.asking(), Action::Call, &item).is_visible()
    }

    /// Whether a call of that name may go to the server. Where policy hides something, what no list has is answered by
    /// us as well, so that hidden and missing are one; else the server knows best what it offers.
    pub(crate) fn offers(&self, cx: &CallContext, server: &Server, kind: CallKind, name: &str) -> bool {
        let kind = match kind {
            CallKind::Tool => ItemKind::Tool,
            CallKind::Prompt => ItemKind::Prompt,
            // Templates make resources that no list has.
            CallKind::Resource => return true,
        };
        if decision::is_plain(&cx.project.policy, cx.asking()) {
            return true;
        }
        let catalog = self.fleet.slot(server.id).and_then(|slot| slot.catalog_for(cx, server));
        catalog.is_none_or(|catalog| catalog.list(kind).iter().any(|item| item.name == name))
    }

    /// The facts about an item that policy wants to know. What a tool says of itself is looked up only where it matters.
    fn item<'a>(&self, cx: &CallContext, server: &'a Server, class: ItemClass, name: &'a str) -> Item<'a> {
        let hints = if decision::reads_hints(&cx.project.policy, cx.asking(), class) {
            let catalog = self.fleet.slot(server.id).and_then(|slot| slot.catalog_for(cx, server));
            catalog.map_or(Hints::UNSAID, |catalog| catalog.hints(name))
        } else {
            Hints::UNSAID
        };
        Item { server: server.id, alias: server.alias.as_str(), class, name, hints }
    }

    /// One page of the unified lists, with what is there for who asks.
    pub(crate) fn page(&self, cx: &CallContext, kind: ItemKind) -> Raw {
        let (policy, asking) = (&cx.project.policy, cx.asking());
        if decision::is_plain(policy, asking) {
            return self.view(cx).page(kind);
        }
        let sees = |server: &Server, catalog: &Catalog, kind: ItemKind, name: &str| {
            let class = ItemClass::from(kind);
            let hints = if kind == ItemKind::Tool { catalog.hints(name) } else { Hints::UNSAID };
            let item = Item { server: server.id, alias: server.alias.as_str(), class, name, hints };
            decide(policy, asking, Action::Call, &item).is_visible()
        };
        self.kept(&self.parts, (Sort::of(cx), Fingerprint::of(policy, asking)), cx, sees).page(kind)
    }

    /// The unified view of a project for such a client.
    pub(crate) fn view(&self, cx: &CallContext) -> Arc<View> {
        self.kept(&self.views, Sort::of(cx), cx, |_, _, _, _| true)
    }

    /// What the client is shown of what `sees` lets through, made anew only when something changed.
    fn kept<K: Eq + Hash>(
        &self,
        views: &ViewCache<K>,
        key: K,
        cx: &CallContext,
        sees: impl Fn(&Server, &Catalog, ItemKind, &str) -> bool,
    ) -> Arc<View> {
        let catalogs = |server: &Server| self.fleet.slot(server.id)?.catalog_for(cx, server);
        let version = |project| self.fleet.catalog_version(project);
        views.get(key, &cx.project, version, || View::new(&cx.project, catalogs, sees))
    }
}

/// How long the server may be silent about this request.
fn patience(server: &Server, request: &PeerRequest) -> Duration {
    if server.run.tool_timeouts.is_empty() || !matches!(request.method.known(), Method::ToolsCall) {
        return server.call_timeout;
    }
    let tool = request.params.as_ref().and_then(|params| object::string(params, "name"));
    tool.map_or(server.call_timeout, |tool| server.patience(&tool))
}

#[cfg(test)]
mod tests {
    use orch_mcp::raw::Raw;
    use orch_testkit::builders::a_server;

    use super::named;

    #[test]
    fn a_legacy_client_is_told_a_name_and_a_version_whatever_the_server_says() {
        let server = a_server().named("files").build();
        for (said, told) in [
            ("{}", r#"{"name":"files","version":"0.0.0","title":"files"}"#),
            (r#"{"name":"n","x":1.0}"#, r#"{"name":"n","x":1.0,"version":"0.0.0"}"#),
            (r#"{"version":2,"title":"T"}"#, r#"{"version":"0.0.0","title":"T","name":"files"}"#),
            (r#"{"name":"n","version":"1"}"#, r#"{"name":"n","version":"1"}"#),
        ] {
            assert_eq!(named(&server, Raw::from_static(said)), Raw::from_static(told));
        }
    }
}
