//! MCP clients in front of one server whose answers the test decides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::test::TestRequest;
use async_trait::async_trait;
use bytes::Bytes;
use orch_domain::id::ServerId;
use orch_domain::project::Project;
use orch_domain::server::Server;
use orch_domain::user::User;
use orch_gateway::config::GatewayConfig;
use orch_gateway::mcp::McpConfig;
use orch_mcp::initialize::ServerHello;
use orch_mcp::peer::{Asking, Connection, Peer, PeerEvent, PeerRequest, PeerSink, ReplyStream};
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_relay::connector::{ConnectFailure, Connector};
use orch_testkit::scripted_peer::{ScriptedPeer, ends};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::wire::Response;
use crate::world::{Answer, World, bearer, request};

pub(crate) const UNIFIED: &str = "/projects/demo/unified/mcp";
pub(crate) const SERVER: &str = "/projects/demo/servers/s/mcp";
const VERSION: &str = "2026-07-28";

/// A condition that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("it takes too long"))
}

pub(crate) fn raw(text: &str) -> Raw {
    Raw::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(crate) struct Mcp {
    pub(crate) world: World,
    pub(crate) project: Project,
    pub(crate) admin: User,
    pub(crate) key: String,
    pub(crate) peer: Arc<ScriptedPeer>,
    /// Connections wait while it is closed.
    pub(crate) door: Arc<Semaphore>,
    asking: Arc<Mutex<Option<Arc<dyn PeerSink>>>>,
}

struct Scripted {
    peer: Arc<ScriptedPeer>,
    door: Arc<Semaphore>,
    /// Of the last connection that may ask at any time.
    asking: Arc<Mutex<Option<Arc<dyn PeerSink>>>>,
}

#[async_trait]
impl Connector for Scripted {
    async fn connect(
        &self,
        _: &Server,
        connection: Connection,
        sink: Arc<dyn PeerSink>,
    ) -> Result<Arc<dyn Peer>, ConnectFailure> {
        let _open = self.door.acquire().await;
        if connection.asking == Asking::Anytime {
            *self.asking.lock().unwrap() = Some(sink);
        }
        Ok(Arc::<ScriptedPeer>::clone(&self.peer))
    }

    fn remark(&self, _: ServerId, _: String) {}

    fn forget(&self, _: ServerId) {}
}

impl Mcp {
    /// The server has a tool `ask`, and `call` says what becomes of calls, of resources that are read and of
    /// completions.
    pub(crate) async fn before(
        config: McpConfig,
        revision: Revision,
        call: impl Fn(PeerRequest) -> ReplyStream + Send + Sync + 'static,
    ) -> Self {
        let hello = ServerHello {
            revision,
            capabilities: raw(r#"{"tools":{},"logging":{}}"#),
            server_info: raw(r#"{"name":"scripted","version":"1"}"#),
            instructions: None,
            also: Vec::new(),
        };
        let peer = Arc::new(ScriptedPeer::new(hello, move |request| match request.method.as_str() {
            "tools/call" | "resources/read" | "completion/complete" => call(request),
            "tools/list" => ends(Ok(raw(r#"{"tools":[{"name":"ask","inputSchema":{"type":"object"}}]}"#))),
            _ => ends(Ok(raw("{}"))),
        }));
        let door = Arc::new(Semaphore::new(1));
        let asking = Arc::default();
        let connector =
            Arc::new(Scripted { peer: Arc::clone(&peer), door: Arc::clone(&door), asking: Arc::clone(&asking) });
        let world = World::before(GatewayConfig::default(), config, connector).await;
        let (project, admin) = world.project("demo").await;
        world.server(&admin, &project, "s").await;
        let (_, key) = world.key(&admin, &project).await;
        world.run_servers().await;
        Self { world, project, admin, key, peer, door, asking }
    }

    /// How many calls the server has got.
    pub(crate) fn calls(&self) -> usize {
        self.peer.sent().iter().filter(|sent| sent.method.as_str() == "tools/call").count()
    }

    /// The server asks something that belongs to no request.
    pub(crate) fn question(&self, question: Question) {
        self.asking.lock().unwrap().as_ref().unwrap().event(PeerEvent::Question(question));
    }

    /// The same request as of a client without sessions that declares `can`.
    pub(crate) async fn ask(&self, body: &Value, can: Value) -> Answer {
        self.world.send(modern(SERVER, &self.key, body, can)).await
    }

    /// Opens a response that is read piece by piece.
    pub(crate) async fn hold(&self, request: TestRequest) -> Held {
        let response = self.world.open(request).await;
        Held { status: response.status, response }
    }
}

/// While it is there, so is its client.
pub(crate) struct Held {
    pub(crate) status: u16,
    response: Response,
}

impl Held {
    /// None at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let piece = within(self.response.next()).await?;
        Some(String::from_utf8_lossy(&piece).into_owned())
    }

    /// Everything up to the end.
    pub(crate) async fn rest(mut self) -> String {
        let mut all = String::new();
        while let Some(piece) = self.next().await {
            all.push_str(&piece);
        }
        all
    }
}

/// A request of a client with a session, or of one that wants a session.
pub(crate) fn legacy(method: &str, endpoint: &str, key: &str, session: Option<&str>) -> TestRequest {
    let sent = bearer(request(method, endpoint), key).insert_header(("accept", "application/json, text/event-stream"));
    match session {
        Some(session) => sent.insert_header(("mcp-session-id", session)),
        None => sent,
    }
}

/// A request of a client without sessions. `params` are completed by what every one of them says.
pub(crate) fn modern(endpoint: &str, key: &str, body: &Value, can: Value) -> TestRequest {
    let mut body = body.clone();
    let method = body["method"].as_str().unwrap_or_default().to_owned();
    let meta = &mut body["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!(VERSION);
    meta["io.modelcontextprotocol/clientCapabilities"] = can;
    let mut sent = legacy("POST", endpoint, key, None)
        .insert_header(("mcp-protocol-version", VERSION))
        .insert_header(("mcp-method", method));
    for member in ["name", "uri"] {
        if let Some(name) = body["params"][member].as_str() {
            sent = sent.insert_header(("mcp-name", name.to_owned()));
        }
    }
    sent.set_json(body)
}

pub(crate) fn call(id: u32, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "ask", "arguments": arguments}})
}
