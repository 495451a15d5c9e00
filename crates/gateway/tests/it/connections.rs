//! HTTP/1.1 on real connections: where requests begin and end, what is refused, what is kept and what ends when.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::rt;
use orch_gateway::Gateway;
use orch_gateway::config::GatewayConfig;
use orch_gateway::error::GatewayError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::world::World;

/// Long enough for anything that is to happen at once.
const AT_ONCE: Duration = Duration::from_secs(20);

const GET: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
const OK: &str = r#"{"status":"ok"}"#;

/// A gateway with a port.
struct Served {
    address: SocketAddr,
    /// Of somebody who may do anything.
    token: String,
    gateway: Gateway,
    stop: oneshot::Sender<()>,
    ended: rt::task::JoinHandle<Result<(), GatewayError>>,
}

impl Served {
    async fn new() -> Self {
        Self::with(GatewayConfig::default()).await
    }

    async fn with(config: GatewayConfig) -> Self {
        let world = World::with(config).await;
        let admin = world.user(|user| user.instance_admin()).await;
        let token = world.token(&admin).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let gateway = world.gateway.clone();
        let ended = rt::spawn(gateway.clone().serve(listener, 1, async move { drop(stopped.await) }));
        Self { address, token, gateway, stop, ended }
    }

    async fn client(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends `request` and reads until the other side ends the connection.
    async fn all(&self, request: &str) -> String {
        let mut client = self.client().await;
        client.send(request).await;
        client.rest().await
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        in_time(self.ended).await.unwrap().unwrap();
    }
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until `end` has come.
    async fn until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            let before = read.len();
            in_time(self.0.read_buf(&mut read)).await.unwrap();
            assert_ne!(read.len(), before, "ended before {end:?}: {}", String::from_utf8_lossy(&read));
        }
        String::from_utf8(read).unwrap()
    }

    async fn rest(mut self) -> String {
        let mut read = String::new();
        in_time(self.0.read_to_string(&mut read)).await.unwrap();
        read
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(AT_ONCE, future).await.unwrap_or_else(|_| panic!("it takes too long"))
}

fn status(response: &str) -> &str {
    response.get(9..12).unwrap_or(response)
}

fn responses(read: &str) -> usize {
    read.matches("\r\ndate: ").count()
}

#[actix_web::test]
async fn answers_one_request_after_the_other() {
    let served = Served::new().await;
    let mut client = served.client().await;
    client.send(GET).await;
    let response = client.until(OK).await;
    assert_eq!(status(&response), "200");
    assert!(response.contains("\r\ncontent-length: 15\r\n") && response.contains("\r\ndate: "), "{response}");
    assert!(!response.contains("connection:"), "{response}");
    // In pieces of a byte, with an end of line too many before it.
    for byte in format!("\r\n{GET}").bytes() {
        client.0.write_all(&[byte]).await.unwrap();
    }
    client.until(OK).await;
    // Several at once, the last one in two pieces.
    client.send(&format!("{GET}{GET}{}", &GET[..20])).await;
    client.until(OK).await;
    client.send(&GET[20..]).await;
    client.send(&GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
    let rest = client.rest().await;
    assert!(rest.ends_with(OK) && rest.contains("\r\nconnection: close\r\n"), "{rest}");
    served.stop().await;
}

#[actix_web::test]
async fn knows_the_older_version_and_methods_without_a_body() {
    let served = Served::new().await;
    let old = served.all("GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n").await;
    assert!(status(&old) == "200" && old.ends_with(OK) && old.contains("\r\nconnection: close\r\n"), "{old}");
    let mut client = served.client().await;
    client.send("GET /health/live HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n").await;
    let kept = client.until(OK).await;
    assert!(kept.contains("\r\nconnection: keep-alive\r\n"), "{kept}");
    // What has no length ends with the connection, and has nothing in it that only the newer version knows.
    let mut watcher = served.client().await;
    let token = &served.token;
    let ask = format!("GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    watcher.send(&ask).await;
    let streamed = watcher.until("\n\n").await;
    assert!(streamed.contains("\r\nconnection: close\r\n") && !streamed.contains("transfer-encoding"), "{streamed}");
    let (_, events) = streamed.split_once("\r\n\r\n").unwrap();
    assert!(!events.contains('\r') && events.lines().all(|line| line.is_empty() || line.contains(':')), "{streamed}");
    drop(watcher);
    client.send("HEAD /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let heads = client.rest().await;
    assert!(heads.starts_with("HTTP/1.1 200 OK\r\n") && heads.ends_with("\r\n\r\n"), "{heads}");
    assert!(responses(&heads) == 2 && !heads.contains(OK) && !heads.contains("content-length: 0\r\n"), "{heads}");
    served.stop().await;
}

#[actix_web::test]
async fn refuses_what_it_cannot_read_and_says_why() {
    let served = Served::new().await;
    for (request, expected, why) in [
        ("\u{16}\u{3}\u{1}\r\n\r\n", "400", "the request is not valid HTTP/1.1: its head cannot be read"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", "only HTTP/1.1 and HTTP/1.0 are spoken here"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400", "it names more than one host"),
        ("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", "400", "the method, the address or a header"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400", "in chunks"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501", "not in another coding"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n", "417", "100-continue"),
    ] {
        // Nothing that comes after it is read as a request.
        let response = served.all(&format!("{request}{GET}")).await;
        assert_eq!((status(&response), responses(&response)), (expected, 1), "{request}: {response}");
        assert!(response.contains(why) && response.contains("\r\nconnection: close\r\n"), "{response}");
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((problem["status"].to_string().as_str(), &problem["code"]), (expected, &"malformed_request".into()));
        let id = problem["request_id"].as_str().unwrap();
        for line in [
            "content-type: application/problem+json",
            "x-content-type-options: nosniff",
            &format!("x-request-id: {id}"),
        ] {
            assert!(head.lines().any(|found| found == line), "{line}: {head}");
        }
    }
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "x".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(101));
    for request in [long, many] {
        assert_eq!(status(&served.all(&request).await), "431");
    }
    served.stop().await;
}

/// Its answer names what the body says, once all of it was read.
const BODY: &str = r#"{"name":"Demo","slug":"no slug"}"#;

impl Served {
    fn post(&self, framing: &str, body: &str) -> String {
        let token = &self.token;
        format!(
            "POST /api/v1/projects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {token}\r\n{framing}\r\n\r\n{body}"
        )
    }
}

#[actix_web::test]
async fn reads_bodies_in_any_form() {
    let served = Served::new().await;
    let by_length = served.post(&format!("Content-Length: {}", BODY.len()), BODY);
    let (one, two) = BODY.split_at(7);
    let chunks = format!("{:x}\r\n{one}\r\n{:X};a=b\r\n{two}\r\n0\r\nTrailer: x\r\n\r\n", one.len(), two.len());
    let in_chunks = served.post("Transfer-Encoding: chunked", &chunks);
    for request in [&by_length, &in_chunks] {
        for piece in [request.len(), 1, 60] {
            let mut client = served.client().await;
            for part in request.as_bytes().chunks(piece) {
                client.0.write_all(part).await.unwrap();
            }
            client.send(GET).await;
            let read = client.until(OK).await;
            assert!(status(&read) == "422" && read.contains("slug") && responses(&read) == 2, "{read}");
        }
    }
    // What is no chunk is an answer to this request, and the end of the connection.
    let broken = served.all(&served.post("Transfer-Encoding: chunked", &format!("5\r\nhello!\r\n{GET}"))).await;
    assert_eq!((status(&broken), responses(&broken)), ("400", 1), "{broken}");
    served.stop().await;
}

#[actix_web::test]
async fn tells_a_client_to_go_on_when_the_body_is_wanted() {
    let served = Served::new().await;
    let mut client = served.client().await;
    client.send(&served.post(&format!("Expect: 100-continue\r\nContent-Length: {}", BODY.len()), "")).await;
    client.until("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send(&format!("{BODY}{GET}")).await;
    assert!(client.until(OK).await.starts_with("HTTP/1.1 422 "));
    // Whoever is refused before that is not told, and the connection ends, as the body may come or not.
    let refused = served
        .all("POST /api/v1/projects HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    let refused = refused.await;
    assert!(status(&refused) == "401" && refused.contains("\r\nconnection: close\r\n"), "{refused}");
    served.stop().await;
}

#[actix_web::test]
async fn a_body_that_nobody_reads_is_not_taken_for_a_request() {
    let served = Served::new().await;
    let post = |length: usize| {
        format!("POST /api/v1/projects HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")
    };
    // A short one is passed over, also when it comes after the answer.
    let mut client = served.client().await;
    client.send(&post(GET.len())).await;
    assert_eq!(status(&client.until("}").await), "401");
    client.send(&format!("{GET}{}", GET.replace("live", "ready"))).await;
    let next = client.until("}").await;
    assert_eq!(responses(&next), 1, "{next}");
    // A long one ends the connection, and the client gets to read why although it is still sending.
    let mut client = served.client().await;
    client.send(&post(10_000_000)).await;
    client.send(&"x".repeat(1_000_000)).await;
    let refused = client.rest().await;
    assert!(status(&refused) == "401" && refused.contains("\r\nconnection: close\r\n"), "{refused}");
    served.stop().await;
}

#[actix_web::test]
async fn does_not_wait_for_a_head_that_does_not_come() {
    let served = Served::with(GatewayConfig { header_timeout_seconds: 1, ..GatewayConfig::default() }).await;
    let response = served.all("GET / HTTP/1.1\r\nHost: loc").await;
    assert_eq!(status(&response), "408");
    assert_eq!(served.all("").await, "", "nothing was asked");
    served.stop().await;
}

#[actix_web::test]
async fn a_connection_is_kept_for_so_long_and_no_longer() {
    let served = Served::with(GatewayConfig { keep_alive_seconds: 1, ..GatewayConfig::default() }).await;
    let mut client = served.client().await;
    client.send(GET).await;
    client.until(OK).await;
    assert_eq!(client.rest().await, "");
    served.stop().await;
}

#[actix_web::test]
async fn a_connection_carries_one_more_request_when_the_daemon_is_about_to_stop() {
    let served = Served::new().await;
    let mut used = served.client().await;
    used.send(GET).await;
    used.until(OK).await;
    let new = served.client().await;
    served.gateway.drain();
    let heard = async {
        loop {
            let mut client = served.client().await;
            client.send(GET).await;
            if client.until(OK).await.contains("\r\nconnection: close\r\n") {
                return;
            }
        }
    };
    in_time(heard).await;
    for mut client in [used, new] {
        client.send(GET).await;
        let last = client.rest().await;
        assert!(last.ends_with(OK) && last.contains("\r\nconnection: close\r\n"), "{last}");
    }
    served.stop().await;
}

#[actix_web::test]
async fn connections_without_a_request_end_with_the_daemon() {
    let served = Served::with(GatewayConfig { shutdown_seconds: 600, ..GatewayConfig::default() }).await;
    let mut used = served.client().await;
    used.send(GET).await;
    used.until(OK).await;
    let new = served.client().await;
    // Not before both are known to the worker.
    let mut last = served.client().await;
    last.send(GET).await;
    last.until(OK).await;
    served.stop().await;
    for client in [used, new, last] {
        assert_eq!(client.rest().await, "");
    }
}

#[actix_web::test]
async fn a_client_that_takes_nothing_is_not_waited_for() {
    let world = World::new().await;
    let connections = world.gateway.connections().await.unwrap();
    let (mut client, wire) = tokio::io::duplex(1024);
    client.write_all(b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    connections(wire, "192.0.2.1:1".parse().unwrap()).await;
    assert_eq!(begun.elapsed().as_secs(), 60);
}
