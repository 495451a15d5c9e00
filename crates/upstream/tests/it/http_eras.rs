//! Servers whose era becomes another one while they are connected to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use orch_mcp::peer::{Connection, EraChoice, Peer as _, PeerError};
use orch_upstream::http::{self, HttpPeer};

use crate::support::server::{
    Asked, Script, Server, Step, accepted, chunk, handshake_in, head, json, response, result,
};
use crate::support::{Events, MODERN, call, config, within};

const DISCOVERED: &str = r#"{"supportedVersions":["2026-07-28"],"capabilities":{},"resultType":"complete"}"#;
const NO_SESSION: &str =
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}"#;

/// A server that is modern while that is set, and else a legacy one.
async fn changing(is_modern: bool) -> (Server, Arc<AtomicBool>) {
    let modern = Arc::new(AtomicBool::new(is_modern));
    let now = Arc::clone(&modern);
    let server = Server::start(move |asked: &Asked| {
        let is_modern = now.load(Ordering::SeqCst);
        match asked.method().as_str() {
            "server/discover" if is_modern => result(asked, DISCOVERED),
            "subscriptions/listen" if is_modern => unknown(asked),
            "tools/call" if is_modern && asked.header("mcp-session-id").is_none() => {
                result(asked, r#"{"modern":true}"#)
            }
            _ if is_modern => response("404 Not Found", ""),
            "tools/call" if asked.header("mcp-session-id").is_some() => result(asked, r#"{"modern":false}"#),
            "initialize" | "notifications/initialized" | "GET" => handshake_in("1", asked).unwrap_or_else(accepted),
            _ => response("400 Bad Request\r\ncontent-type: application/json", NO_SESSION),
        }
    })
    .await;
    (server, modern)
}

fn unknown(asked: &Asked) -> Script {
    let id = asked.id();
    json(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"no such method"}}}}"#))
}

async fn connect(server: &Server) -> (Arc<HttpPeer>, Arc<Events>) {
    let events = Events::new();
    let connection = Connection::shared(EraChoice::Auto);
    let peer = within(http::connect(&server.target(), &connection, &config(), events.clone())).await;
    (peer.expect("a handshake"), events)
}

#[tokio::test]
async fn a_modern_server_that_becomes_a_legacy_one_ends_the_connection() {
    let (server, modern) = changing(true).await;
    let (peer, events) = connect(&server).await;
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"modern":true}"#));
    modern.store(false, Ordering::SeqCst);
    let Err(PeerError::Closed { reason }) = call(&*peer, "{}").await else { panic!("it was served") };
    assert!(reason.contains("does not speak the era any more"), "{reason}");
    assert!(peer.is_closed());
    assert_eq!(events.next().await, format!("closed: {reason}"));
    assert_eq!(server.wait_for("tools/call", 2).await.len(), 2, "the call is not sent once more");
    let (peer, _events) = connect(&server).await;
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"modern":false}"#));
}

#[tokio::test]
async fn a_refusal_of_a_server_that_is_still_modern_is_its_answer() {
    let (server, _modern) = changing(true).await;
    let (peer, _events) = connect(&server).await;
    let request = crate::support::request("no/such", "{}");
    let refused = crate::support::end(peer.send(request)).await;
    assert_eq!(refused, Err(PeerError::Protocol { reason: "the server answered with HTTP 404".to_owned() }));
    assert!(!peer.is_closed());
    assert_eq!(server.wait_for("server/discover", 2).await.len(), 2, "asked once more what it speaks");
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"modern":true}"#));
}

#[tokio::test]
async fn a_session_that_comes_back_in_another_era_ends_the_connection() {
    let (server, modern) = changing(false).await;
    let (peer, events) = connect(&server).await;
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"modern":false}"#));
    modern.store(true, Ordering::SeqCst);
    let Err(PeerError::Closed { reason }) = call(&*peer, "{}").await else { panic!("it was served") };
    assert!(reason.contains("speaks another era now"), "{reason}");
    assert_eq!(events.next().await, format!("closed: {reason}"));
    let (peer, _events) = connect(&server).await;
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"modern":true}"#));
}

/// How the first attempt fails when the probe is answered so. The second is answered as a modern server answers, which
/// must be what it is taken for.
async fn failure_of_the_probe(answer: impl Fn() -> Script + Send + Sync + 'static) -> String {
    let probes = AtomicUsize::new(0);
    let server = Server::start(move |asked| match asked.method().as_str() {
        "server/discover" if probes.fetch_add(1, Ordering::SeqCst) == 0 => answer(),
        "server/discover" => result(asked, DISCOVERED),
        "subscriptions/listen" => unknown(asked),
        "tools/call" => result(asked, "{}"),
        _ => handshake_in("1", asked).unwrap_or_else(accepted),
    })
    .await;
    let failed = within(http::connect(&server.target(), &MODERN, &config(), Events::new())).await;
    let error = failed.expect_err("a failure").to_string();
    assert!(!server.methods().contains(&"initialize".to_owned()), "it is taken for a legacy one: {error}");
    let (peer, _events) = connect(&server).await;
    assert!(!peer.hello().revision.is_legacy());
    error
}

#[tokio::test]
async fn a_server_in_trouble_is_not_taken_for_a_legacy_one() {
    for status in ["500 Oops", "502 Bad Gateway", "504 Gateway Timeout", "407 Proxy Authentication", "408 Timeout"] {
        let error = failure_of_the_probe(move || response(status, "")).await;
        assert_eq!(error, format!("the server answered with HTTP {}", &status[..3]));
    }
    let internal = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the store is away"}}"#;
    let error = failure_of_the_probe(move || response("500 Oops\r\ncontent-type: application/json", internal)).await;
    assert!(error.contains("the store is away"), "{error}");
    let error = failure_of_the_probe(|| vec![head("application/json"), chunk("{\"jsonrpc\":"), Step::Close]).await;
    assert_eq!(error, "the connection was lost before the answer to server/discover");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_probe_is_a_legacy_one_whatever_its_status() {
    for status in ["200 OK", "400 Bad Request", "404 Not Found", "500 Oops"] {
        let server = Server::start(move |asked| match asked.method().as_str() {
            "server/discover" => {
                let error = r#""error":{"code":-32601,"message":"no such method"}"#;
                let body = format!(r#"{{"jsonrpc":"2.0","id":{},{error}}}"#, asked.id());
                response(&format!("{status}\r\ncontent-type: application/json"), &body)
            }
            "tools/call" => result(asked, "{}"),
            _ => handshake_in("1", asked).unwrap_or_else(accepted),
        })
        .await;
        let (peer, _events) = connect(&server).await;
        assert!(peer.hello().revision.is_legacy(), "{status}");
    }
}

#[tokio::test]
async fn headers_of_arguments_are_sent_as_the_schema_and_else_the_client_has_them() {
    let (server, _modern) = changing(true).await;
    let (peer, _events) = connect(&server).await;
    let schema = r#"{"properties":{"region":{"type":"string","x-mcp-header":"Region"},"zone":{"type":"string","x-mcp-header":"Zone"}}}"#;
    let foreign =
        [("mcp-param-foo", "=?base64?IGE=?="), ("mcp-param-region", "us"), ("mcp-param-zone", "z"), ("cookie", "a")];
    let request = orch_mcp::peer::PeerRequest {
        input_schema: Some(crate::support::raw(schema)),
        foreign_headers: foreign.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..crate::support::request("tools/call", r#"{"name":"a","arguments":{"region":"eu"}}"#)
    };
    assert_eq!(crate::support::end(peer.send(request)).await.as_deref(), Ok(r#"{"modern":true}"#));
    let asked = server.wait_for("tools/call", 1).await.remove(0);
    let sent = |name: &str| asked.header(name).map(str::to_owned);
    assert_eq!(sent("mcp-param-foo").as_deref(), Some("=?base64?IGE=?="), "as the client wrote it");
    assert_eq!(sent("mcp-param-region").as_deref(), Some("eu"));
    assert_eq!((sent("mcp-param-zone"), sent("cookie")), (None, None));
}

#[tokio::test]
async fn a_probe_that_is_answered_with_what_cannot_be_read_finds_a_legacy_server() {
    let server = Server::start(|asked: &Asked| match asked.method().as_str() {
        "server/discover" => {
            let answer = chunk(&format!("data: {{\"id\":{},\"result\":{{}}}}\n\n", asked.id()));
            vec![head("text/event-stream"), answer, Step::Hang(Arc::default())]
        }
        "tools/call" => result(asked, "{}"),
        _ => handshake_in("1", asked).unwrap_or_else(accepted),
    })
    .await;
    let (peer, _events) = connect(&server).await;
    assert!(peer.hello().revision.is_legacy());
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
}
