//! What the calls of one peer and its listening task have in common: where the server is, its session, and what is
//! sent without anybody waiting.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderValue, Method, Uri, header};
use orch_mcp::capabilities;
use orch_mcp::codec;
use orch_mcp::declared::Declared;
use orch_mcp::id::RequestId;
use orch_mcp::message::{MethodName, Notification, Request};
use orch_mcp::method::{self, Method as Known};
use orch_mcp::modern;
use orch_mcp::object;
use orch_mcp::peer::{Connection, PeerError, PeerEvent, PeerRequest, PeerSink, Topic};
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{ClientIdentity, UpstreamConfig};
use crate::error::{ConnectError, DialError};
use crate::followed::Followed;
use crate::http::aside::{Aside, Asides};
use crate::http::breaker::Breaker;
use crate::http::dial::Dialer;
use crate::http::discover;
use crate::http::endpoint::Endpoint;
use crate::http::exchange::{Outgoing, Replay, exchange};
use crate::http::pool::Pool;
use crate::http::proxy::Proxy;
use crate::http::refusal::{Verdict, judge};
use crate::http::session::Session;
use crate::http::standing::Standing;
use crate::http::{HttpTarget, handshake, tls};
use crate::oddity::Oddities;
use crate::progress::Progress;
use crate::questions::{self, Questions};
use crate::stdio::table::Table;

/// So that nothing can be told from the hash of a credential.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A request that shows whether a server answers again may take long. Nobody waits for its end for longer than this.
const TRIAL_TIME: Duration = Duration::from_secs(2);

/// A message that nobody waits for is given up after this.
const BACKGROUND_TIME: Duration = Duration::from_secs(10);

pub(crate) struct Shared {
    pub(crate) endpoint: Endpoint,
    pub(crate) dialer: Dialer,
    /// Whether the server answers. By its whole address: others at the same origin are none the worse for it.
    pub(crate) answering: Breaker,
    /// What request lines name: the path of the URL, or one that the server has redirected to; all of it for a proxy.
    pub(crate) uri: ArcSwap<Uri>,
    pub(crate) response_timeout: Option<Duration>,
    pub(crate) pool: Pool,
    pub(crate) identity: ClientIdentity,
    pub(crate) max_message_bytes: usize,
    pub(crate) session: ArcSwap<Session>,
    /// There is a new session.
    pub(crate) renewed: Notify,
    /// What a legacy server is told again in a new session.
    pub(crate) standing: Standing,
    /// What a modern server is to tell us of, and what it has agreed to.
    pub(crate) followed: Followed,
    /// As it was wished for.
    pub(crate) connection: Connection,
    pub(crate) questions: Arc<Questions>,
    pub(crate) oddities: Oddities,
    pub(crate) sink: Arc<dyn PeerSink>,
    pub(crate) closed: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) in_flight: AtomicUsize,
    pub(crate) max_in_flight: usize,
    /// The open calls that want progress. A server may say it on any stream of the session.
    pub(crate) progress: Table,
    pub(crate) progress_queue: usize,
    handshake_timeout: Duration,
    next_id: AtomicU64,
    /// Held while the handshake is repeated, so that everybody who lost the session waits for the same new one.
    renewal: tokio::sync::Mutex<()>,
    asides: Asides,
}

impl Shared {
    pub(crate) async fn new(
        target: &HttpTarget,
        connection: &Connection,
        config: &UpstreamConfig,
        sink: Arc<dyn PeerSink>,
    ) -> Result<Self, ConnectError> {
        let mut endpoint = Endpoint::parse(target, &config.identity)?;
        let tls = if endpoint.secure {
            let (host, port) = (endpoint.host.to_string(), endpoint.port);
            Some(tls::config(config.tls.ca_file.as_deref()).await.map_err(|why| DialError::Tls { host, port, why })?)
        } else {
            None
        };
        let proxy = Proxy::of(&config.proxy, endpoint.secure, &endpoint.host).map_err(|why| DialError::Proxy {
            host: endpoint.host.to_string(),
            port: endpoint.port,
            why,
        })?;
        let forwarded = proxy.as_ref().filter(|_| !endpoint.secure);
        if let Some(authorization) = forwarded.and_then(|proxy| proxy.authorization.as_ref()) {
            let mut value = HeaderValue::from_str(authorization.expose_secret()).map_err(|_| {
                ConnectError::Unusable { reason: "the credentials for the proxy cannot be sent".to_owned() }
            })?;
            value.set_sensitive(true);
            endpoint.headers.insert(header::PROXY_AUTHORIZATION, value);
        }
        let uri = forwarded.map_or_else(|| endpoint.uri.clone(), |_| endpoint.absolute(&endpoint.uri));
        let connect_timeout = config.http.connect_timeout();
        let dialer = Dialer {
            breaker: Breaker::new(endpoint.origin(), config.http.breaker, connect_timeout * 2),
            proxy,
            host: endpoint.host.clone(),
            port: endpoint.port,
            tls,
            policy: config.addresses.clone(),
            timeout: connect_timeout,
            idle: config.http.idle(),
        };
        // Nor are those who have credentials that it can take, for somebody else's that it cannot.
        let credentials = KEYS.hash_one(endpoint.headers.iter().map(|(_, value)| value.as_bytes()).collect::<Vec<_>>());
        let address = format!("{}{} {credentials:x}", endpoint.origin(), endpoint.uri);
        Ok(Self {
            answering: Breaker::new(address, config.http.breaker, TRIAL_TIME),
            session: ArcSwap::from_pointee(Session::none(&endpoint.headers)),
            endpoint,
            dialer,
            uri: ArcSwap::from_pointee(uri),
            response_timeout: config.http.response_timeout(),
            pool: Pool::new(config.http.max_idle),
            identity: config.identity.clone(),
            max_message_bytes: config.max_message_bytes,
            renewed: Notify::new(),
            standing: Standing::default(),
            followed: Followed::default(),
            connection: connection.clone(),
            questions: Arc::default(),
            oddities: Oddities::new(Arc::clone(&sink)),
            sink,
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
            in_flight: AtomicUsize::new(0),
            max_in_flight: config.max_in_flight,
            progress: Table::default(),
            progress_queue: config.progress_queue.max(1),
            handshake_timeout: config.handshake_timeout(),
            next_id: AtomicU64::new(1),
            renewal: tokio::sync::Mutex::new(()),
            asides: Asides::new(config.http.background),
        })
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Hands progress to the call whose token it has. That of a call that is over, or of nobody, is dropped.
    pub(crate) fn progress(&self, notification: &Notification) {
        if let Some(progress) = Progress::read(notification.params.as_ref())
            && let Some(slot) = self.progress.find(progress.token)
        {
            slot.progress(progress);
        }
    }

    /// Takes a question up, if there is a client behind this connection. None when it has to be refused.
    pub(crate) fn question(self: &Arc<Self>, request: &Request) -> Option<Question> {
        if self.connection.declared == Declared::nothing() || !questions::is_question(request) {
            return None;
        }
        let shared = Arc::downgrade(self);
        self.questions.open(request, move |response| {
            if let Some(shared) = shared.upgrade() {
                shared.deliver_in_background(Aside::Answer, response);
            }
        })
    }

    /// Params that say of the client behind them what a modern server wants to know.
    pub(crate) fn modern_params(&self, params: Option<&Raw>, request: &PeerRequest, token: Option<u64>) -> Raw {
        let ours = || Declared { capabilities: Raw::from_static("{}"), info: Some(self.identity.implementation()) };
        let own;
        let declared = match &request.declared {
            Some(declared) => &**declared,
            None => {
                own = ours();
                &own
            }
        };
        modern::with_request_meta(params, declared, request.log_level, token)
    }

    pub(crate) fn closed_error() -> PeerError {
        PeerError::Closed { reason: "the connection to the server was closed".to_owned() }
    }

    /// Asks a modern server that does not talk like one any more whether it still is. One that is not ends the peer: what is
    /// known of a server of another era is not true of it.
    pub(crate) async fn is_of_another_era(&self) -> bool {
        let _one_at_a_time = self.renewal.lock().await;
        if self.closed.is_cancelled() {
            return true;
        }
        let asked = tokio::time::timeout(self.handshake_timeout, discover::run(self)).await;
        // What is no answer says nothing.
        let Ok(Ok(None)) = asked else { return false };
        self.end("the server does not speak the era any more that it spoke before".to_owned());
        true
    }

    fn end(&self, reason: String) {
        self.closed.cancel();
        self.sink.event(PeerEvent::Closed { reason });
    }

    /// Does the handshake again, unless somebody else has since `lost`. If the server will not have it the peer is
    /// at its end.
    pub(crate) async fn renew(self: &Arc<Self>, lost: &Session) -> Result<(), PeerError> {
        let _one_at_a_time = self.renewal.lock().await;
        if self.closed.is_cancelled() {
            return Err(Self::closed_error());
        }
        if self.session.load().generation != lost.generation {
            return Ok(());
        }
        let done = tokio::time::timeout(self.handshake_timeout, handshake::run(self)).await;
        let error = match done {
            Ok(Ok((session, _))) if session.is_modern != lost.is_modern => {
                let reason = "the server forgot its session, and speaks another era now".to_owned();
                self.end(reason.clone());
                return Err(PeerError::Closed { reason });
            }
            Ok(Ok((session, hello))) => {
                tracing::debug!(generation = session.generation, "session renewed");
                let session = Arc::new(session);
                self.set_level_again(&session).await;
                self.session.store(Arc::clone(&session));
                self.renewed.notify_one();
                self.follow_again(session);
                // The server may be another one by now, and what it announced since was lost.
                for (feature, changed) in [
                    ("tools", method::TOOLS_LIST_CHANGED),
                    ("prompts", method::PROMPTS_LIST_CHANGED),
                    ("resources", method::RESOURCES_LIST_CHANGED),
                ] {
                    if capabilities::has(&hello.capabilities, feature) {
                        let method = MethodName::from_static(changed);
                        self.sink.event(PeerEvent::Notification(Notification { method, params: None }));
                    }
                }
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => ConnectError::Silent { after: self.handshake_timeout },
        };
        let reason = format!("the server forgot its session, and a new one failed: {error}");
        self.end(reason.clone());
        Err(PeerError::Closed { reason })
    }

    /// Before anybody calls in the new session: what a call logs is what was asked for.
    async fn set_level_again(&self, session: &Session) {
        let Some(params) = self.standing.level() else { return };
        if let Err(error) = self.tell(session, Known::SetLevel.as_str(), &params).await {
            self.oddities.report(|| format!("the log level was not taken in a new session: {error}"));
        }
    }

    /// Follows in a new session what was followed in the old one. In the background, as it may be much.
    fn follow_again(self: &Arc<Self>, session: Arc<Session>) {
        let followed = self.standing.followed();
        if followed.is_empty() {
            return;
        }
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let closed = shared.closed.clone();
            let all = async {
                for topic in followed {
                    let Topic::Resource(uri) = &topic else { continue };
                    // After yet another session it is all said once more.
                    if shared.session.load().generation != session.generation {
                        return;
                    }
                    if shared.standing.follows(&topic) {
                        shared.follow_in(&session, uri).await;
                    }
                }
            };
            tokio::select! {
                () = closed.cancelled() => {}
                () = all => {}
            }
        });
    }

    async fn follow_in(&self, session: &Session, uri: &str) {
        let uri = Raw::serialize(&uri).unwrap_or_else(|_| Raw::from_static("null"));
        let params = object::build([("uri", &uri)]);
        match self.tell(session, Known::ResourcesSubscribe.as_str(), &params).await {
            // Whether it changed between the two sessions nobody knows.
            Ok(()) => {
                let method = MethodName::from_static(method::RESOURCE_UPDATED);
                self.sink.event(PeerEvent::Notification(Notification { method, params: Some(params) }));
            }
            Err(error) => self
                .oddities
                .report(|| format!("the server does not tell of {} in a new session: {error}", uri.as_str())),
        }
    }

    /// Sends a request of our own in a session that may not be in use yet, and waits for its answer.
    async fn tell(&self, session: &Session, method: &str, params: &Raw) -> Result<(), PeerError> {
        let id = self.next_id();
        let body = codec::encode_request(&RequestId::from_number(id), method, Some(params));
        let outgoing = Outgoing { method: Method::POST, headers: &session.post, body, replay: Replay::Harmless };
        let silent = || PeerError::Protocol { reason: "the server did not answer".to_owned() };
        let told = async {
            let answer = exchange(self, &outgoing).await?;
            match judge(self, answer, &session.post).await {
                Verdict::Messages(mut messages) => {
                    let response = handshake::response(self, &mut messages, id).await.map_err(|_| silent())?;
                    messages.release(&self.pool);
                    response.outcome.map(|_| ()).map_err(PeerError::Rpc)
                }
                Verdict::Nothing => Err(silent()),
                Verdict::SessionLost => Err(PeerError::Protocol { reason: "the session is gone again".to_owned() }),
                Verdict::Refused(error) => Err(error),
            }
        };
        tokio::time::timeout(BACKGROUND_TIME, told).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Sends a message that has no answer.
    pub(crate) async fn deliver(self: &Arc<Self>, body: Bytes) -> Result<(), PeerError> {
        for _ in 0..2 {
            let session = self.session.load_full();
            // A notification may not arrive twice.
            let replay = Replay::Unsent;
            let outgoing = Outgoing { method: Method::POST, headers: &session.post, body: body.clone(), replay };
            let answer = exchange(self, &outgoing).await?;
            match judge(self, answer, &session.post).await {
                Verdict::Nothing => return Ok(()),
                Verdict::Messages(messages) => {
                    messages.release(&self.pool);
                    return Ok(());
                }
                Verdict::SessionLost => self.renew(&session).await?,
                Verdict::Refused(error) => return Err(error),
            }
        }
        Err(PeerError::Protocol { reason: "the server forgets every session at once".to_owned() })
    }

    /// Sends a message that nobody waits for, if there are not too many of its kind already.
    pub(crate) fn deliver_in_background(self: &Arc<Self>, aside: Aside, body: Bytes) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Some(permit) = self.asides.admit(aside) else {
            self.oddities.report(|| "the server does not take what it is told: some of it is left out".to_owned());
            return;
        };
        let shared = Arc::clone(self);
        let task = async move {
            let _permit = permit;
            let sent = tokio::time::timeout(BACKGROUND_TIME, shared.deliver(body)).await;
            if let Ok(Err(error)) = sent {
                tracing::debug!(error = %error, "a message in the background was not taken");
            }
        };
        self.tasks.spawn_on(task, &runtime);
    }
}
