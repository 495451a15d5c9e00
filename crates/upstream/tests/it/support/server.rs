//! HTTP servers whose every byte a test decides: a hand-written reader of requests, and scripted responses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use orch_upstream::http::{HttpPeer, HttpTarget};
use orch_upstream::{ConnectError, UpstreamConfig};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use super::{Events, config, within};
use crate::support::child::HELLO;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) verb: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Read apart from the params, in which there may be anything.
#[derive(serde::Deserialize)]
struct Envelope {
    method: Option<String>,
    id: Option<Value>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }

    /// The method of its message, or the verb where it has none.
    pub(crate) fn method(&self) -> String {
        match serde_json::from_str::<Envelope>(&self.body) {
            Ok(envelope) => envelope.method.unwrap_or_else(|| "response".to_owned()),
            Err(_) => self.verb.clone(),
        }
    }

    pub(crate) fn id(&self) -> Value {
        serde_json::from_str::<Envelope>(&self.body).expect(&self.body).id.expect("id")
    }
}

/// What a server does about a request, step by step.
#[derive(Clone)]
pub(crate) enum Step {
    Write(Vec<u8>),
    /// Goes on when told.
    Wait(Arc<Notify>),
    /// Closes the connection.
    Close,
    /// Closes the connection, and says when the client can know.
    CloseAndTell(Arc<Notify>),
    /// Waits for the client to close it, and says so.
    Hang(Arc<Notify>),
    /// Chunks, as they are said, for as long as somebody may say some.
    Say(Speech),
}

pub(crate) type Script = Vec<Step>;

/// What is said on a stream while others are answered.
#[derive(Clone)]
pub(crate) struct Speech(Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>>);

impl Speech {
    pub(crate) fn new() -> (mpsc::UnboundedSender<String>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(Arc::new(tokio::sync::Mutex::new(receiver))))
    }
}

pub(crate) fn write(text: impl Into<Vec<u8>>) -> Step {
    Step::Write(text.into())
}

/// A whole response with a length.
pub(crate) fn response(head: &str, body: &str) -> Script {
    vec![write(format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))]
}

pub(crate) fn json(body: &str) -> Script {
    response("200 OK\r\ncontent-type: application/json", body)
}

pub(crate) fn result(asked: &Asked, result: &str) -> Script {
    json(&message(asked, result))
}

/// The response message.
pub(crate) fn message(asked: &Asked, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, asked.id())
}

pub(crate) fn accepted() -> Script {
    response("202 Accepted", "")
}

/// The head of a chunked response.
pub(crate) fn head(kind: &str) -> Step {
    write(format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"))
}

pub(crate) fn chunk(text: &str) -> Step {
    write(format!("{:x}\r\n{text}\r\n", text.len()))
}

pub(crate) fn last_chunk() -> Step {
    write("0\r\n\r\n")
}

/// An event stream of these data lines, complete.
pub(crate) fn events(messages: &[&str]) -> Script {
    let mut script = vec![head("text/event-stream")];
    script.extend(messages.iter().map(|data| chunk(&format!("event: message\ndata: {data}\n\n"))));
    script.push(last_chunk());
    script
}

/// The handshake as most servers do it, without a session; None for everything else.
pub(crate) fn handshake(asked: &Asked) -> Option<Script> {
    match asked.method().as_str() {
        "initialize" => Some(result(asked, HELLO)),
        "notifications/initialized" => Some(accepted()),
        "GET" => Some(response("405 Method Not Allowed", "")),
        _ => None,
    }
}

/// As [`handshake`], with a session id.
pub(crate) fn handshake_in(session: &str, asked: &Asked) -> Option<Script> {
    match asked.method().as_str() {
        "initialize" => Some(response(
            &format!("200 OK\r\ncontent-type: application/json\r\nmcp-session-id: {session}"),
            &message(asked, HELLO),
        )),
        _ => handshake(asked),
    }
}

pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Asked>>>,
    changed: Arc<Notify>,
    acceptor: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Script + Send + Sync + 'static) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), answer).await
    }

    pub(crate) async fn start_at(
        address: std::net::SocketAddr,
        answer: impl Fn(&Asked) -> Script + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.expect("listener");
        let port = listener.local_addr().expect("address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let changed = Arc::new(Notify::new());
        let shared = (Arc::clone(&connections), Arc::clone(&asked), Arc::clone(&changed), Arc::new(answer));
        let acceptor = tokio::spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("connection");
                stream.set_nodelay(true).expect("nodelay");
                let (connections, asked, changed, answer) = shared.clone();
                connections.fetch_add(1, Ordering::SeqCst);
                conversations.spawn(async move {
                    let mut stream = BufReader::new(stream);
                    while let Some(request) = read(&mut stream).await {
                        asked.lock().unwrap().push(request.clone());
                        changed.notify_waiters();
                        if !perform(&mut stream, answer(&request)).await {
                            break;
                        }
                    }
                });
            }
        });
        Self { port, connections, asked, changed, acceptor: acceptor.abort_handle() }
    }

    pub(crate) fn target(&self) -> HttpTarget {
        HttpTarget { url: format!("http://127.0.0.1:{}/mcp", self.port), headers: Vec::new() }
    }

    pub(crate) async fn connect(&self) -> (Arc<HttpPeer>, Arc<Events>) {
        self.connect_with(&config()).await
    }

    pub(crate) async fn connect_with(&self, config: &UpstreamConfig) -> (Arc<HttpPeer>, Arc<Events>) {
        let events = Events::new();
        let peer =
            within(orch_upstream::http::connect(&self.target(), &crate::support::SHARED, config, events.clone())).await;
        (peer.expect("peer"), events)
    }

    pub(crate) async fn failure(&self) -> ConnectError {
        within(orch_upstream::http::connect(&self.target(), &crate::support::SHARED, &config(), Events::new()))
            .await
            .expect_err("a failure")
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn all(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn methods(&self) -> Vec<String> {
        self.all().iter().map(Asked::method).collect()
    }

    /// The requests with this method, once there are so many.
    pub(crate) async fn wait_for(&self, method: &str, count: usize) -> Vec<Asked> {
        within(async {
            loop {
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                let found: Vec<Asked> = self.all().into_iter().filter(|asked| asked.method() == method).collect();
                if found.len() >= count {
                    return found;
                }
                changed.await;
            }
        })
        .await
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (verb, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let mut asked = Asked { verb, path, headers, body: String::new() };
    let length = asked.header("content-length").map_or(0, |length| length.parse().expect("length"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    asked.body = String::from_utf8(body).expect("text");
    Some(asked)
}

/// False when the connection is over.
async fn perform(stream: &mut BufReader<TcpStream>, script: Script) -> bool {
    for step in script {
        match step {
            Step::Write(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return false;
                }
            }
            Step::Wait(notify) => notify.notified().await,
            Step::Close => return false,
            Step::CloseAndTell(closed) => {
                stream.shutdown().await.expect("shutdown");
                closed.notify_one();
                return false;
            }
            Step::Hang(closed) => {
                let _ = stream.read(&mut [0; 1024]).await;
                closed.notify_one();
                return false;
            }
            Step::Say(Speech(said)) => {
                while let Some(text) = said.lock().await.recv().await {
                    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                    if stream.write_all(chunk.as_bytes()).await.is_err() {
                        return false;
                    }
                }
            }
        }
    }
    true
}
