//! A relay with a project, servers whose peers are scripted, and a record that can be read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use orch_domain::Timestamp;
use orch_domain::call::Call;
use orch_domain::catalog::StoredCatalog;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::directory::{Directory, ProjectFacts, UserFacts};
use orch_domain::id::{LoginId, ServerId, UserId};
use orch_domain::policy::Subject;
use orch_domain::policy::rule::{Policy, Rule};
use orch_domain::port::call_log::{CallLog, CallLogError};
use orch_domain::port::clock::Clock;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::server_repo::ServerRepo;
use orch_domain::port::server_runtime::ServerRuntime;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::principal::{Credential, Principal};
use orch_domain::quota::Limits;
use orch_domain::role::Role;
use orch_domain::server::Server;
use orch_domain::server_state::ServerState;
use orch_mcp::declared::Declared;
use orch_mcp::id::RequestId;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::{MethodName, Request};
use orch_mcp::peer::{Connection, EraChoice, Peer, PeerError, PeerRequest, PeerSink, ReplyStream};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_relay::approvals::Approvals;
use orch_relay::config::RelayConfig;
use orch_relay::connector::{ConnectFailure, Connector};
use orch_relay::context::{CallContext, Client, Endpoint, SessionKey};
use orch_relay::fleet::{Fleet, FleetParts, ListChange, Starts};
use orch_relay::limits::Limiter;
use orch_relay::relay::{Relay, RelayParts};
use orch_relay::reply::{Answer, Event, Reply};
use orch_relay::stop::Stop;
use orch_testkit::builders::{a_project, a_server, a_user, an_audit_entry};
use orch_testkit::fakes::{FixedClock, MemoryStore, PlainDigester};
use orch_testkit::scripted_peer::{ScriptedPeer, ends};
use tokio::runtime::Handle;

pub(crate) const NOW: Timestamp = time::macros::datetime!(2026-01-01 0:00 UTC);

const LOGIN: LoginId = LoginId::from_uuid(uuid::Uuid::nil());

pub(crate) fn raw(text: &str) -> Raw {
    Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text)
}

pub(crate) fn hello() -> ServerHello {
    ServerHello {
        revision: Revision::V2025_06_18,
        capabilities: raw(r#"{"tools":{},"prompts":{},"resources":{}}"#),
        server_info: raw(r#"{"name":"scripted","version":"1"}"#),
        instructions: Some("be careful".to_owned()),
        also: Vec::new(),
    }
}

/// Lists of one server with a tool, a prompt and a resource; calls answer `call`.
pub(crate) fn usual(
    tool: &str,
    call: Result<Raw, PeerError>,
) -> impl Fn(PeerRequest) -> ReplyStream + Send + Sync + use<> {
    let tools = format!(r#"{{"tools":[{{"name":"{tool}","inputSchema":{{"type":"object"}}}}]}}"#);
    move |request| {
        ends(match request.method.as_str() {
            "tools/list" => Ok(raw(&tools)),
            "prompts/list" => Ok(raw(r#"{"prompts":[{"name":"greet"}]}"#)),
            "resources/list" => Ok(raw(r#"{"resources":[{"uri":"file:///a","name":"a"}]}"#)),
            "resources/templates/list" => Err(PeerError::Rpc(orch_mcp::error::RpcError::method_not_found("x"))),
            _ => call.clone(),
        })
    }
}

/// Hands out scripted peers; counts how often.
#[derive(Default)]
pub(crate) struct ScriptedConnector {
    peers: Mutex<HashMap<String, Result<Arc<ScriptedPeer>, String>>>,
    pub(crate) connects: Mutex<Vec<String>>,
    pub(crate) sinks: Mutex<HashMap<String, Arc<dyn PeerSink>>>,
    /// Never gives a peer while set.
    pub(crate) stuck: Mutex<Vec<String>>,
    /// How long an attempt takes.
    pub(crate) late: Mutex<Option<(String, Duration)>>,
    pub(crate) remarks: Mutex<Vec<String>>,
    /// Where each connection is to get a peer of its own.
    makers: Mutex<HashMap<String, Maker>>,
    /// What connections in the older era get that are not the shared one; a refusal where that is None.
    older: Mutex<HashMap<String, OlderMaker>>,
    pub(crate) older_connects: AtomicUsize,
    /// Every peer that was handed out by a maker, with the server as it was connected.
    pub(crate) made: Mutex<Vec<(Arc<ScriptedPeer>, Server)>>,
    /// Says of every failure that the server does not speak MCP.
    pub(crate) incompatible: AtomicBool,
    /// There is no room for one more.
    pub(crate) busy: AtomicBool,
    pub(crate) forgotten: Mutex<Vec<ServerId>>,
}

type Maker = Box<dyn Fn() -> ScriptedPeer + Send + Sync>;
type OlderMaker = Box<dyn Fn() -> Option<ScriptedPeer> + Send + Sync>;

impl ScriptedConnector {
    pub(crate) fn put(&self, alias: &str, peer: Result<Arc<ScriptedPeer>, &str>) {
        self.peers.lock().unwrap().insert(alias.to_owned(), peer.map_err(str::to_owned));
    }

    /// Gives each connection a peer of its own.
    pub(crate) fn make(&self, alias: &str, maker: impl Fn() -> ScriptedPeer + Send + Sync + 'static) {
        self.makers.lock().unwrap().insert(alias.to_owned(), Box::new(maker));
    }

    /// Answers whoever asks for the older era in another way.
    pub(crate) fn in_older(&self, alias: &str, maker: impl Fn() -> Option<ScriptedPeer> + Send + Sync + 'static) {
        self.older.lock().unwrap().insert(alias.to_owned(), Box::new(maker));
    }

    pub(crate) fn made(&self) -> Vec<(Arc<ScriptedPeer>, Server)> {
        self.made.lock().unwrap().clone()
    }

    pub(crate) fn connects_of(&self, alias: &str) -> usize {
        self.connects.lock().unwrap().iter().filter(|other| *other == alias).count()
    }
}

#[async_trait]
impl Connector for ScriptedConnector {
    async fn connect(
        &self,
        server: &Server,
        connection: Connection,
        sink: Arc<dyn PeerSink>,
    ) -> Result<Arc<dyn Peer>, ConnectFailure> {
        let alias = server.alias.to_string();
        self.connects.lock().unwrap().push(alias.clone());
        let in_older = connection.era == EraChoice::Legacy && self.older.lock().unwrap().contains_key(&alias);
        if in_older {
            self.older_connects.fetch_add(1, Ordering::AcqRel);
        }
        if self.stuck.lock().unwrap().contains(&alias) {
            std::future::pending::<()>().await;
        }
        let late = self.late.lock().unwrap().clone().filter(|(late, _)| *late == alias);
        if let Some((_, time)) = late {
            tokio::time::sleep(time).await;
        }
        self.sinks.lock().unwrap().insert(alias.clone(), sink);
        if in_older {
            let made = self.older.lock().unwrap()[&alias]();
            let Some(peer) = made.map(Arc::new) else {
                return Err(ConnectFailure { other_era: true, ..ConnectFailure::new("method not found".to_owned()) });
            };
            self.made.lock().unwrap().push((Arc::clone(&peer), server.clone()));
            return Ok(peer);
        }
        if let Some(maker) = self.makers.lock().unwrap().get(&alias) {
            let peer = Arc::new(maker());
            self.made.lock().unwrap().push((Arc::clone(&peer), server.clone()));
            return Ok(peer);
        }
        let peer = self.peers.lock().unwrap().get(&alias).cloned();
        match peer {
            Some(Ok(peer)) => Ok(peer),
            Some(Err(reason)) => {
                let incompatible = self.incompatible.load(Ordering::Acquire);
                let busy = self.busy.load(Ordering::Acquire);
                Err(ConnectFailure { incompatible, busy, ..ConnectFailure::new(reason) })
            }
            None => Err(ConnectFailure::new("no script".to_owned())),
        }
    }

    fn remark(&self, _server: ServerId, text: String) {
        self.remarks.lock().unwrap().push(text);
    }

    fn forget(&self, server: ServerId) {
        self.forgotten.lock().unwrap().push(server);
    }
}

pub(crate) struct Record {
    calls: Mutex<Vec<Call>>,
    pub(crate) full: AtomicBool,
    clock: FixedClock,
}

impl CallLog for Record {
    fn check(&self) -> Result<(), CallLogError> {
        if self.full.load(Ordering::Acquire) { Err(CallLogError::Full { bytes: 1 }) } else { Ok(()) }
    }

    fn append(&self, call: &Call) -> Result<(), CallLogError> {
        self.check()?;
        self.calls.lock().unwrap().push(call.clone());
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) struct House {
    pub(crate) relay: Arc<Relay>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) connector: Arc<ScriptedConnector>,
    pub(crate) record: Arc<Record>,
    pub(crate) clock: FixedClock,
    pub(crate) changes: Arc<Mutex<Vec<ListChange>>>,
    pub(crate) store: MemoryStore,
    user: UserId,
    project: Mutex<ProjectFacts>,
    live: Arc<LiveDirectory>,
}

impl House {
    /// A project with a server for each alias.
    pub(crate) fn with(aliases: &[&str]) -> Self {
        Self::with_stored(aliases, |_| None)
    }

    pub(crate) fn with_stored(aliases: &[&str], stored: impl Fn(&Server) -> Option<StoredCatalog>) -> Self {
        Self::configured(aliases, RelayConfig::default(), stored)
    }

    pub(crate) fn configured(
        aliases: &[&str],
        config: RelayConfig,
        stored: impl Fn(&Server) -> Option<StoredCatalog>,
    ) -> Self {
        Self::starting(Starts::AsConfigured, aliases, config, stored)
    }

    /// One whose servers start for who waits for them alone.
    pub(crate) fn on_demand(aliases: &[&str], stored: impl Fn(&Server) -> Option<StoredCatalog>) -> Self {
        Self::starting(Starts::OnDemand, aliases, RelayConfig::default(), stored)
    }

    fn starting(
        starts: Starts,
        aliases: &[&str],
        config: RelayConfig,
        stored: impl Fn(&Server) -> Option<StoredCatalog>,
    ) -> Self {
        let project = a_project().slug("demo").build();
        let user = UserId::new();
        let servers: Vec<_> = aliases
            .iter()
            .map(|alias| a_server().in_project(project.id).named(alias).call_timeout(Duration::from_secs(30)).build())
            .collect();
        let stored: Vec<_> = servers.iter().filter_map(stored).collect();
        let facts = ProjectFacts {
            project,
            members: HashMap::from([(user, Role::Member)]),
            teams: HashMap::new(),
            servers: servers.into_iter().map(|server| (server.alias.clone(), Arc::new(server))).collect(),
            keys: Vec::new(),
            policy: Arc::default(),
            limits: Limits::default(),
            personal: HashMap::new(),
        };
        let clock = FixedClock::at(NOW);
        let connector = Arc::new(ScriptedConnector::default());
        let store = MemoryStore::new();
        let fleet = Arc::new(Fleet::new(FleetParts {
            config,
            clock: Arc::new(clock.clone()),
            connector: Arc::<ScriptedConnector>::clone(&connector),
            catalogs: Arc::new(store.clone()),
            events: Arc::new(()),
            runtime: Handle::current(),
            starts,
            seed: 7,
        }));
        let record = Arc::new(Record { calls: Mutex::default(), full: AtomicBool::new(false), clock: clock.clone() });
        let live = Arc::<LiveDirectory>::default();
        let relay = Arc::new(Relay::new(RelayParts {
            fleet: Arc::clone(&fleet),
            directory: Arc::clone(&live),
            digester: Arc::new(PlainDigester),
            calls: Arc::<Record>::clone(&record),
            clock: Arc::new(clock.clone()),
            approvals: Arc::new(Approvals::new(Arc::new(clock.clone()))),
            limiter: Arc::new(Limiter::new(Arc::new(clock.clone()))),
            identity: raw(r#"{"name":"test","version":"0"}"#),
        }));
        let changes = Arc::<Mutex<Vec<ListChange>>>::default();
        {
            let changes = Arc::clone(&changes);
            fleet.observe_lists(move |change| changes.lock().unwrap().push(change));
        }
        let house =
            Self { relay, fleet, connector, record, clock, changes, store, user, project: Mutex::new(facts), live };
        house.live.replace(house.directory());
        house.fleet.reconcile(&house.live.current(), &stored);
        house
    }

    /// Puts the project and its servers into the store, as they are in a real one.
    pub(crate) async fn store_project(&self) {
        let (facts, audit) = (self.facts(), an_audit_entry().build());
        let user = a_user().build();
        UserRepo::create(&self.store, &user, &audit).await.expect("a user");
        ProjectRepo::create(&self.store, &facts.project, user.id, &audit).await.expect("a project");
        for server in facts.servers.values() {
            ServerRepo::create(&self.store, server, &audit).await.expect("a server");
        }
    }

    pub(crate) fn facts(&self) -> Arc<ProjectFacts> {
        Arc::new(self.project.lock().unwrap().clone())
    }

    fn follow(&self) {
        self.live.replace(self.directory());
        self.fleet.reconcile(&self.live.current(), &[]);
    }

    fn directory(&self) -> Directory {
        let users = HashMap::from([(self.user, UserFacts { active: true, instance_admin: false })]);
        Directory::new(users, vec![self.project.lock().unwrap().clone()])
    }

    /// Changes a server's configuration, as a committed write would.
    pub(crate) fn change(&self, alias: &str, change: impl FnOnce(&mut Server)) {
        {
            let mut project = self.project.lock().unwrap();
            let server = project.servers.get_mut(alias).expect(alias);
            change(Arc::make_mut(server));
        }
        self.follow();
    }

    /// Puts rules into force, as a committed write would.
    pub(crate) fn govern(&self, rules: Vec<Rule>) {
        {
            let mut project = self.project.lock().unwrap();
            let version = project.policy.version + 1;
            project.policy = Arc::new(Policy::new(rules, version));
        }
        self.follow();
    }

    /// Puts limits of the project into force.
    pub(crate) fn limit(&self, limits: Limits) {
        self.project.lock().unwrap().limits = limits;
    }

    /// Changes the project, as a committed write would.
    pub(crate) fn change_project(&self, change: impl FnOnce(&mut ProjectFacts)) {
        change(&mut self.project.lock().unwrap());
        self.follow();
    }

    pub(crate) const fn user(&self) -> UserId {
        self.user
    }

    /// The same request of somebody else.
    pub(crate) fn by(cx: &CallContext, user: UserId) -> CallContext {
        CallContext { principal: Principal { user_id: user, ..cx.principal.clone() }, ..cx.clone() }
    }

    /// The same request of a client with a session of its own.
    pub(crate) fn in_session(cx: &CallContext) -> CallContext {
        let client =
            Client::new("tester 1".into(), Revision::V2025_06_18, Declared::nothing(), Some(SessionKey::new()));
        CallContext { client: Arc::new(client), ..cx.clone() }
    }

    /// The same request of a client that can be asked by a form.
    pub(crate) fn askable(cx: &CallContext, revision: Revision, session: Option<SessionKey>) -> CallContext {
        let declared = Declared { capabilities: raw(r#"{"elicitation":{}}"#), info: None };
        let client = Client::new("tester 1".into(), revision, declared, session);
        CallContext { client: Arc::new(client), ..cx.clone() }
    }

    pub(crate) fn state(&self, alias: &str) -> ServerState {
        self.fleet.status(self.server(alias).id).state
    }

    pub(crate) fn add(&self, alias: &str) -> ServerId {
        let project = self.project.lock().unwrap().project.id;
        let server = a_server().in_project(project).named(alias).build();
        let id = server.id;
        self.change_project(|project| {
            project.servers.insert(server.alias.clone(), Arc::new(server));
        });
        id
    }

    pub(crate) fn remove(&self, alias: &str) {
        self.project.lock().unwrap().servers.remove(alias);
        self.follow();
    }

    pub(crate) fn server(&self, alias: &str) -> Arc<Server> {
        Arc::clone(&self.project.lock().unwrap().servers[alias])
    }

    pub(crate) fn at(&self, endpoint: Endpoint) -> CallContext {
        CallContext {
            principal: Principal { user_id: self.user, credential: Credential::Login { login_id: LOGIN } },
            subject: Subject::of(self.user, Some(Role::Member)),
            project: self.facts(),
            endpoint,
            client: Arc::new(Client::new("tester 1".into(), Revision::V2025_06_18, Declared::nothing(), None)),
            log_level: None,
            can_be_asked: true,
            stop: Arc::<Stop>::default(),
        }
    }

    pub(crate) fn unified(&self) -> CallContext {
        self.at(Endpoint::Unified)
    }

    pub(crate) fn alone(&self, alias: &str) -> CallContext {
        self.at(Endpoint::Server(self.server(alias)))
    }

    pub(crate) fn send(&self, cx: &CallContext, method: &'static str, params: &str) -> Reply {
        self.relay.handle(cx, request(method, params))
    }

    /// The answer to a request that says nothing before.
    pub(crate) async fn ask(&self, cx: &CallContext, method: &'static str, params: &str) -> Answer {
        end(self.send(cx, method, params)).await
    }

    pub(crate) fn recorded(&self) -> Vec<Call> {
        self.record.calls.lock().unwrap().clone()
    }
}

pub(crate) fn request(method: &'static str, params: &str) -> Request {
    Request { id: RequestId::from_number(1), method: MethodName::from_static(method), params: Some(raw(params)) }
}

pub(crate) async fn end(mut reply: Reply) -> Answer {
    while let Some(event) = reply.next().await {
        match event {
            Event::End(answer) => return answer.into_inner(),
            Event::Notification(_) | Event::Question(_) => {}
            Event::Cancelled => panic!("cancelled"),
        }
    }
    panic!("no end")
}
