//! A gateway with everything real but store, clock and processes; people to use it; and a client.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use async_trait::async_trait;
use orch_auth::api_key::mint::KeyMint;
use orch_auth::authenticator::{AuthFacts, Authenticator};
use orch_auth::config::AuthConfig;
use orch_auth::ended_logins::EndedLogins;
use orch_auth::link_mint::LinkMint;
use orch_auth::logins::{Claim, LoginPorts, Logins};
use orch_auth::master::{MasterSecrets, Strictness};
use orch_auth::password::{Argon2Cost, Argon2Hasher};
use orch_auth::state_seal::StateSeal;
use orch_auth::vault::AeadVault;
use orch_auth::vault::key::parse_keys;
use orch_control::Control;
use orch_control::config::PeopleConfig;
use orch_control::instance_uses::InstanceUses;
use orch_control::invitations::{InvitedTo, NewInvitation, Place};
use orch_control::keys::{NewKey, ScopeDraft};
use orch_control::ports::Ports;
use orch_control::servers::NewServer;
use orch_control::servers::blueprint::NewTransport;
use orch_control::servers::confinement::{LimitsPatch, SandboxPatch};
use orch_control::servers::run_patch::RunPatch;
use orch_domain::Timestamp;
use orch_domain::approval::{Answer as Said, Approval, ApprovalState};
use orch_domain::audit::AuditEntry;
use orch_domain::call::{Call, CallKind};
use orch_domain::catalog::{CatalogItem, ItemKind};
use orch_domain::confinement::ConfinementRules;
use orch_domain::dialect::Dialect;
use orch_domain::directory::Directory;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::event::bus::EventBus;
use orch_domain::id::{ApprovalId, KeyId, ProjectId, RuleId, ServerId, UserId};
use orch_domain::limits::{Limit, LimitRules, ProcessLimits};
use orch_domain::login::LoginFrom;
use orch_domain::membership::Membership;
use orch_domain::policy::hints::Hints;
use orch_domain::port::approval_desk::ApprovalDesk;
use orch_domain::port::call_log::{CallLog, CallLogError};
use orch_domain::port::clock::Clock;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::password_hasher::PasswordHasher;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::server_runtime::{Offers, RuntimeError, ServerRuntime};
use orch_domain::port::team_repo::TeamRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::sandbox::SandboxRule;
use orch_domain::server::Server;
use orch_domain::server_state::{ServerState, ServerStatus};
use orch_domain::team::{TeamMembership, TeamRole};
use orch_domain::user::{PasswordHash, User};
use orch_gateway::config::GatewayConfig;
use orch_gateway::gateway::Connections;
use orch_gateway::health::Readiness;
use orch_gateway::identity::Identity;
use orch_gateway::key_uses::KeyUses;
use orch_gateway::mcp::{McpConfig, McpEndpoints, Running, SessionLimits, Sessions};
use orch_gateway::{Gateway, GatewayParts};
use orch_mcp::peer::{Connection, Peer, PeerSink};
use orch_mcp::raw::Raw;
use orch_relay::approvals::Approvals;
use orch_relay::config::RelayConfig;
use orch_relay::connector::{ConnectFailure, Connector};
use orch_relay::fleet::{Fleet, FleetParts, Starts};
use orch_relay::limits::Limiter;
use orch_relay::relay::{Relay, RelayParts};
use orch_testkit::builders::{UserBuilder, a_project, a_team, a_user, an_audit_entry};
use orch_testkit::fakes::{FixedClock, HealthySystem, MemoryLogs, MemoryStore, PlainDigester};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::io::DuplexStream;

use crate::wire;

pub(crate) use orch_testkit::permissions::rest::PASSWORD;

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) clock: FixedClock,
    pub(crate) desk: Arc<Desk>,
    pub(crate) control: Control,
    pub(crate) ready: Arc<Ready>,
    pub(crate) gateway: Gateway,
    pub(crate) events: EventBus,
    pub(crate) uses: Arc<KeyUses>,
    /// What instance admins have used by that right alone.
    pub(crate) noticed: Arc<Mutex<Vec<AuditEntry>>>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) running: Arc<Running>,
    fleet: Arc<Fleet>,
    directory: Arc<LiveDirectory>,
    logins: Arc<Logins>,
    password: PasswordHash,
    connections: Connections<DuplexStream>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The answer without what is another for each request.
    pub(crate) fn without_request_id(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "x-request-id");
        self.headers.sort();
        if let Ok(mut body) = serde_json::from_str::<Value>(&self.body) {
            if let Some(members) = body.as_object_mut() {
                members.remove("request_id");
            }
            self.body = body.to_string();
        }
        self
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(GatewayConfig::default()).await
    }

    pub(crate) async fn with(config: GatewayConfig) -> Self {
        Self::before(config, McpConfig::default(), Arc::new(Unreachable)).await
    }

    /// In front of servers of the test's own.
    pub(crate) async fn before(config: GatewayConfig, mcp: McpConfig, connector: Arc<dyn Connector>) -> Self {
        let store = MemoryStore::new();
        let clock = FixedClock::default();
        let shared = Arc::new(store.clone());
        let shared_clock = Arc::new(clock.clone());
        let directory = Arc::new(LiveDirectory::new(Directory::default()));
        let auth = AuthConfig::default();
        let keys = parse_keys(&"00".repeat(32).into()).unwrap();
        let secrets = MasterSecrets::derive(&"x".repeat(32).into(), keys, Strictness::Development).unwrap();
        let ended = Arc::new(EndedLogins::new(&auth));
        let hasher = Arc::new(Argon2Hasher::new(Argon2Cost::FOR_TESTS, NonZeroU16::MIN).unwrap());
        let facts =
            AuthFacts { directory: Arc::clone(&directory), ended: Arc::clone(&ended), clock: shared_clock.clone() };
        let authenticator = Arc::new(Authenticator::new(&auth, &secrets, facts));
        let ports = LoginPorts {
            users: shared.clone(),
            logins: shared.clone(),
            audit: shared.clone(),
            hasher: hasher.clone(),
            ended: Arc::clone(&ended),
            clock: shared_clock.clone(),
        };
        let logins = Arc::new(Logins::new(&auth, &secrets, ports));
        let desk = Arc::new(Desk::default());
        let limits = SessionLimits::from(&mcp);
        let sessions = Arc::new(Sessions::new(limits, shared_clock.clone()));
        let events = EventBus::new();
        let control = Control::new(Ports {
            directory: Arc::clone(&directory),
            source: shared.clone(),
            follower: Arc::new(()),
            users: shared.clone(),
            logins: shared.clone(),
            projects: shared.clone(),
            teams: shared.clone(),
            invitations: shared.clone(),
            resets: shared.clone(),
            servers: shared.clone(),
            personal: shared.clone(),
            catalogs: shared.clone(),
            keys: shared.clone(),
            policies: shared.clone(),
            limits: shared.clone(),
            approvals: desk.clone(),
            sessions: sessions.clone(),
            calls: shared.clone(),
            census: shared.clone(),
            audit: shared.clone(),
            stars: shared.clone(),
            activity: shared.clone(),
            usage: shared.clone(),
            sealed: shared,
            system: Arc::new(HealthySystem),
            vault: Arc::new(AeadVault::new(secrets.encryption_keys()).unwrap()),
            hasher: hasher.clone(),
            minter: Arc::new(KeyMint::new(&secrets)),
            links: Arc::new(LinkMint::new(&secrets)),
            post: Arc::new(()),
            desk: Arc::new(()),
            runtime: Arc::new(FakeRuntime),
            logs: Arc::new(MemoryLogs::of(&["line 1", "Line 2", "line 3"])),
            confinement: ConfinementRules {
                limits: LimitRules {
                    maxima: ProcessLimits::default().with(Limit::Memory, Some(8192)),
                    ..LimitRules::default()
                },
                sandbox: SandboxRule::Optional,
            },
            clock: shared_clock.clone(),
            people: PeopleConfig::default(),
            base_url: "http://localhost:8000".into(),
            events: events.clone(),
        });
        let ready = Arc::new(Ready(AtomicBool::new(true)));
        let noticed = Arc::<Mutex<Vec<AuditEntry>>>::default();
        let uses = Arc::new(KeyUses::new(shared_clock.clone(), &config.trusted_proxies).unwrap());
        let running = Arc::<Running>::default();
        let fleet = fleet(&store, &clock, connector);
        let relay = relay(&fleet, &directory, &clock);
        let told = noticed.clone();
        let instance_uses = InstanceUses::new(shared_clock.clone(), move |entry| told.lock().unwrap().push(entry));
        let mcp = McpEndpoints {
            instance_uses: Arc::new(instance_uses),
            relay,
            directory: Arc::clone(&directory),
            authenticator: Arc::clone(&authenticator),
            uses: Arc::clone(&uses),
            sessions: Arc::clone(&sessions),
            running: Arc::clone(&running),
            playground: Arc::default(),
            seal: Arc::new(StateSeal::new(&secrets)),
            clock: shared_clock.clone(),
            config: mcp,
        };
        let identity = Identity { authenticator, logins: Arc::clone(&logins), ended };
        let parts = GatewayParts {
            config,
            control: control.clone(),
            identity,
            limiter: Arc::new(Limiter::new(shared_clock.clone())),
            uses: Arc::clone(&uses),
            clock: shared_clock,
            readiness: ready.clone(),
            mcp: Some(mcp),
            on_worker: || {},
        };
        let gateway = Gateway::new(parts).unwrap();
        let connections = gateway.connections().await.unwrap();
        let password = hasher.hash(&PASSWORD.into()).await.unwrap();
        Self {
            store,
            clock,
            desk,
            control,
            ready,
            gateway,
            events,
            uses,
            noticed,
            sessions,
            running,
            fleet,
            directory,
            logins,
            password,
            connections,
        }
    }

    /// Lets the live directory catch up with the store.
    pub(crate) async fn catch_up(&self) {
        self.directory.replace(self.store.load().await.unwrap());
    }

    /// The same, and lets the fleet run the servers that are there.
    pub(crate) async fn run_servers(&self) {
        self.catch_up().await;
        self.fleet.reconcile(&self.directory.current(), &[]);
    }

    pub(crate) async fn user(&self, build: impl FnOnce(UserBuilder) -> UserBuilder) -> User {
        let user = build(a_user().password(Some(self.password.clone()))).build();
        UserRepo::create(&self.store, &user, &an_audit_entry().build()).await.unwrap();
        self.catch_up().await;
        user
    }

    /// A project of that slug with its admin.
    pub(crate) async fn project(&self, slug: &str) -> (Project, User) {
        let admin = self.user(|user| user).await;
        let project = a_project().slug(slug).build();
        ProjectRepo::create(&self.store, &project, admin.id, &an_audit_entry().build()).await.unwrap();
        self.catch_up().await;
        (project, admin)
    }

    pub(crate) async fn member(&self, project: &Project, role: Role) -> User {
        let user = self.user(|user| user).await;
        let membership = Membership { project_id: project.id, user_id: user.id, role, created_at: FixedClock::START };
        ProjectRepo::put_member(&self.store, &membership, None, &an_audit_entry().build()).await.unwrap();
        self.catch_up().await;
        user
    }

    /// A team with its admin and members.
    pub(crate) async fn team(&self, slug: &str, admin: &User, members: &[&User]) {
        let team = a_team().slug(slug).build();
        TeamRepo::create(&self.store, &team, admin.id, &an_audit_entry().build()).await.unwrap();
        for member in members {
            let membership = TeamMembership {
                team_id: team.id,
                user_id: member.id,
                role: TeamRole::Member,
                created_at: FixedClock::START,
            };
            TeamRepo::put_member(&self.store, &membership, None, &an_audit_entry().build()).await.unwrap();
        }
        self.catch_up().await;
    }

    /// The id of an invitation of somebody unknown.
    pub(crate) async fn invitation(&self, admin: &User, to: Place<'_>) -> String {
        let to = match to {
            Place::Instance => InvitedTo::Instance { admin: false },
            Place::Project(project) => InvitedTo::Project { project, role: Role::Viewer },
            Place::Team(team) => InvitedTo::Team { team, role: TeamRole::Member },
        };
        let new = NewInvitation { email: "invited@example.com", to, good_for: None };
        let issued = self.control.invitations.create(&login(admin.id), new).await.unwrap();
        issued.seen.invitation.id.to_string()
    }

    pub(crate) async fn server(&self, admin: &User, project: &Project, alias: &str) {
        let new = NewServer {
            alias: alias.into(),
            name: None,
            enabled: true,
            call_timeout: None,
            dialect: Dialect::default(),
            run: RunPatch::default(),
            transport: NewTransport::Stdio {
                command: "npx".into(),
                args: vec!["planted-arg".into()],
                env: vec![("TOKEN".into(), "planted-env".into())],
                cwd: None,
            },
            limits: LimitsPatch::default(),
            sandbox: SandboxPatch::default(),
        };
        self.control.servers.create(&login(admin.id), project.slug.as_str(), new).await.unwrap();
        self.catch_up().await;
    }

    /// A key in the user's name.
    pub(crate) async fn key(&self, user: &User, project: &Project) -> (KeyId, String) {
        self.key_with(user, project, ScopeDraft::default()).await
    }

    /// The same, for less than the user may.
    pub(crate) async fn key_with(&self, user: &User, project: &Project, scope: ScopeDraft) -> (KeyId, String) {
        let new = NewKey { name: "agent".into(), scope, ..NewKey::default() };
        let created = self.control.keys.create(&login(user.id), project.slug.as_str(), new).await.unwrap();
        self.catch_up().await;
        (created.key.id, created.plain.expose_secret().to_owned())
    }

    /// An access token of a new login.
    pub(crate) async fn token(&self, user: &User) -> String {
        let password = SecretString::from(PASSWORD);
        let claim = Claim { email: user.email.as_str(), password: &password, from: &LoginFrom::default() };
        self.logins.login(claim).await.unwrap().access.expose_secret().to_owned()
    }

    /// Introduces a client at an endpoint, as clients with sessions do, and gives the secret id of its session.
    pub(crate) async fn open_session(&self, endpoint: &str, key: &str) -> String {
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"},
        }});
        let sent =
            bearer(request("POST", endpoint), key).insert_header(("accept", "application/json, text/event-stream"));
        let answer = self.send(sent.set_json(hello)).await;
        answer.header("mcp-session-id").unwrap_or_else(|| panic!("no session in {answer:?}")).to_owned()
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        let mut response = self.open(request).await;
        let (status, headers) = (response.status, std::mem::take(&mut response.headers));
        // A stream of events has no end: what is there at once is read.
        let is_endless = headers.contains(&("content-type".to_owned(), "text/event-stream".to_owned()));
        let body = if is_endless { response.at_once().await } else { response.whole().await };
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// Sends a request whose response is read by the test, for as long as it holds it.
    pub(crate) async fn open(&self, request: TestRequest) -> wire::Response {
        wire::open(&self.connections, request).await
    }

    /// Sends a request but for its last byte.
    pub(crate) async fn begin(&self, request: TestRequest) -> wire::Begun {
        wire::begin(&self.connections, request).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(bearer(request("GET", path), token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(bearer(request("POST", path), token).set_json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(bearer(request("PATCH", path), token).set_json(body)).await
    }
}

/// A request to `path`, under the host name that a browser on this machine would use.
pub(crate) fn request(method: &str, path: &str) -> TestRequest {
    let method: Method = method.parse().unwrap();
    TestRequest::default().method(method).uri(path).insert_header(("host", "localhost:8000"))
}

pub(crate) fn bearer(request: TestRequest, token: &str) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {token}")))
}

pub(crate) fn login(user: UserId) -> Principal {
    Principal { user_id: user, credential: Credential::Login { login_id: orch_domain::id::LoginId::new() } }
}

pub(crate) struct Ready(AtomicBool);

impl Ready {
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::SeqCst);
    }
}

impl Readiness for Ready {
    fn is_ready(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

fn fleet(store: &MemoryStore, clock: &FixedClock, connector: Arc<dyn Connector>) -> Arc<Fleet> {
    Arc::new(Fleet::new(FleetParts {
        config: RelayConfig::default(),
        clock: Arc::new(clock.clone()),
        connector,
        catalogs: Arc::new(store.clone()),
        events: Arc::new(()),
        runtime: tokio::runtime::Handle::current(),
        starts: Starts::AsConfigured,
        seed: 7,
    }))
}

fn relay(fleet: &Arc<Fleet>, directory: &Arc<LiveDirectory>, clock: &FixedClock) -> Arc<Relay> {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    Arc::new(Relay::new(RelayParts {
        fleet: Arc::clone(fleet),
        directory: Arc::clone(directory),
        digester: Arc::new(PlainDigester),
        calls: Arc::new(Unwritten),
        clock: Arc::clone(&clock),
        approvals: Arc::new(Approvals::new(Arc::clone(&clock))),
        limiter: Arc::new(Limiter::new(clock)),
        identity: Raw::from_static(r#"{"name":"orch","version":"1"}"#),
    }))
}

/// Nothing can be connected to.
struct Unreachable;

#[async_trait]
impl Connector for Unreachable {
    async fn connect(&self, _: &Server, _: Connection, _: Arc<dyn PeerSink>) -> Result<Arc<dyn Peer>, ConnectFailure> {
        Err(ConnectFailure::new("nothing is there".to_owned()))
    }

    fn remark(&self, _: ServerId, _: String) {}

    fn forget(&self, _: ServerId) {}
}

/// A record that is kept nowhere.
struct Unwritten;

impl CallLog for Unwritten {
    fn check(&self) -> Result<(), CallLogError> {
        Ok(())
    }

    fn append(&self, _: &Call) -> Result<(), CallLogError> {
        Ok(())
    }

    fn now(&self) -> Timestamp {
        FixedClock::START
    }
}

/// Calls that wait, though nobody makes them.
#[derive(Default)]
pub(crate) struct Desk(Mutex<Vec<Approval>>);

impl Desk {
    pub(crate) fn put(&self, project: &Project, user: UserId) -> ApprovalId {
        let id = ApprovalId::new();
        self.0.lock().unwrap().push(Approval {
            id,
            project_id: project.id,
            user_id: user,
            key_id: None,
            client: "tester 1".into(),
            server_id: ServerId::new(),
            server: "echo".into(),
            kind: CallKind::Tool,
            target: "echo".to_owned(),
            arguments: Some(r#"{"text":"planted"}"#.to_owned()),
            rule_id: RuleId::new(),
            asked_at: FixedClock::START,
            expires_at: FixedClock::START + std::time::Duration::from_secs(60),
            caller_may_confirm: false,
            state: ApprovalState::Pending,
            decided_at: None,
            decided_by: None,
        });
        id
    }
}

impl ApprovalDesk for Desk {
    fn list(&self, project: ProjectId) -> Vec<Approval> {
        self.0.lock().unwrap().iter().filter(|approval| approval.project_id == project).cloned().collect()
    }

    fn find(&self, id: ApprovalId) -> Option<Approval> {
        self.0.lock().unwrap().iter().find(|approval| approval.id == id).cloned()
    }

    fn answer(&self, id: ApprovalId, by: UserId, answer: Said) -> Option<Approval> {
        let mut all = self.0.lock().unwrap();
        let approval = all.iter_mut().find(|approval| approval.id == id)?;
        approval.state = match answer {
            Said::Approve(_) => ApprovalState::Approved,
            Said::Deny => ApprovalState::Denied,
        };
        approval.decided_by = Some(by);
        Some(approval.clone())
    }
}

/// Servers that are always ready and have one tool.
struct FakeRuntime;

#[async_trait]
impl ServerRuntime for FakeRuntime {
    fn status(&self, _: ServerId) -> ServerStatus {
        ServerStatus {
            pid: Some(7),
            revision: Some("2025-11-25".into()),
            implementation: Some("fake 1".into()),
            ..ServerStatus::new(ServerState::Ready, FixedClock::START)
        }
    }

    async fn start(&self, _: ServerId) -> Result<(), RuntimeError> {
        Ok(())
    }

    async fn stop(&self, _: ServerId) -> Result<(), RuntimeError> {
        Err(RuntimeError::Failed { reason: "it does not listen".into() })
    }

    async fn offers(&self, _: ServerId, _: UserId, kind: ItemKind) -> Offers {
        let definition = r#"{"name":"echo","inputSchema":{"type":"object"}}"#.into();
        let items = if kind == ItemKind::Tool {
            vec![CatalogItem { kind, name: "echo".into(), definition }]
        } else {
            Vec::new()
        };
        Offers { items, flaws: BTreeMap::default(), fetched_at: Some(FixedClock::START), stale: false, lacking: None }
    }

    fn hints(&self, _: ServerId, _: UserId, _: &str) -> Hints {
        Hints::UNSAID
    }
}

/// Every answer that a test has seen, for searching.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<String>>);

impl Seen {
    pub(crate) fn note(&self, answer: &Answer) {
        self.0.lock().unwrap().push(format!("{answer:?}"));
    }

    pub(crate) fn holds(&self, text: &str) -> Option<String> {
        self.0.lock().unwrap().iter().find(|answer| answer.contains(text)).cloned()
    }
}
