//! Servers whose era becomes another one while they are connected to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use orch_mcp::peer::{Connection, EraChoice, Peer as _, PeerError};
use orch_upstream::http::{self, HttpPeer};

use crate::support::server::{Asked, Script, Server, accepted, handshake_in, json, response, result};
use crate::support::{Events, call, config, within};

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
