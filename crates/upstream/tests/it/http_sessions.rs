//! Sessions: lost and healed, ended, and what in-flight calls see of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use orch_mcp::peer::{Peer as _, PeerError, Topic};
use tokio::sync::Notify;

use crate::support::server::{Asked, Script, Server, Step, accepted, handshake_in, json, response, result};
use crate::support::{call, end, method, request, spawn, within};

/// Sessions are numbered; those below `valid` are forgotten. How that is said is for `lost`.
async fn forgetful(lost: impl Fn() -> Script + Send + Sync + 'static) -> (Server, Arc<AtomicUsize>) {
    let valid = Arc::new(AtomicUsize::new(1));
    let opened = AtomicUsize::new(0);
    let limit = valid.clone();
    let server = Server::start(move |asked: &Asked| {
        let name = asked.method();
        if name == "initialize" {
            let number = opened.fetch_add(1, Ordering::SeqCst) + 1;
            return handshake_in(&number.to_string(), asked).unwrap_or_else(accepted);
        }
        let session: usize = asked.header("mcp-session-id").and_then(|id| id.parse().ok()).unwrap_or(0);
        if name == "GET" || name == "DELETE" {
            return response("405 Method Not Allowed", "");
        }
        if session < limit.load(Ordering::SeqCst) {
            return lost();
        }
        if asked.body.contains("bad:") {
            let error = r#""error":{"code":-32602,"message":"no such resource"}"#;
            return json(&format!(r#"{{"jsonrpc":"2.0","id":{},{error}}}"#, asked.id()));
        }
        if name.starts_with("notifications/") {
            return accepted();
        }
        result(asked, &format!(r#"{{"session":{session}}}"#))
    })
    .await;
    (server, valid)
}

fn not_found() -> Script {
    response("404 Not Found", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}"#)
}

#[tokio::test]
async fn heals_a_lost_session_once_for_all_who_lost_it() {
    let (server, valid) = forgetful(not_found).await;
    let (peer, events) = server.connect().await;
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"session":1}"#));
    valid.store(2, Ordering::SeqCst);
    let calls: Vec<_> = (0..20).map(|_| spawn(peer.send(request("tools/call", "{}")))).collect();
    for call in calls {
        assert_eq!(within(call).await.expect("task").as_deref(), Ok(r#"{"session":2}"#));
    }
    let names = server.methods();
    assert_eq!(names.iter().filter(|name| *name == "initialize").count(), 2);
    assert_eq!(names.iter().filter(|name| *name == "notifications/initialized").count(), 2);
    let second = server.wait_for("initialize", 2).await.remove(1);
    assert_eq!(second.header("mcp-session-id"), None);
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    assert!(events.is_empty());
    assert!(!peer.is_closed());
}

#[tokio::test]
async fn says_again_in_a_new_session_what_holds_for_a_session() {
    let (server, valid) = forgetful(not_found).await;
    let (peer, events) = server.connect().await;
    let topic = |uri: &str| Topic::Resource(uri.to_owned());
    for uri in ["a:1", "a:2", "a:3"] {
        assert_eq!(peer.subscribe(topic(uri)).await, Ok(()));
    }
    assert!(matches!(peer.subscribe(topic("bad:1")).await, Err(PeerError::Rpc(_))));
    assert_eq!(peer.unsubscribe(topic("a:2")).await, Ok(()));
    assert!(end(peer.send(request("logging/setLevel", r#"{"level":"debug"}"#))).await.is_ok());
    valid.store(2, Ordering::SeqCst);
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"session":2}"#));

    let level = server.wait_for("logging/setLevel", 2).await.remove(1);
    assert_eq!((level.header("mcp-session-id"), &level.json()["params"]["level"]), (Some("2"), &"debug".into()));
    let names = server.methods();
    let last = |name: &str| names.iter().rposition(|it| it == name);
    assert!(last("logging/setLevel") < last("tools/call"), "a call logs what was asked for: {names:?}");

    assert_eq!(events.next().await, "notifications/tools/list_changed");
    assert_eq!(events.next().await, r#"notifications/resources/updated {"uri":"a:1"}"#);
    assert_eq!(events.next().await, r#"notifications/resources/updated {"uri":"a:3"}"#);
    let followed = server.wait_for("resources/subscribe", 6).await;
    assert_eq!(followed.len(), 6, "neither what was refused nor what is not followed any more");
    assert!(followed[4..].iter().all(|asked| asked.header("mcp-session-id") == Some("2")));
}

#[tokio::test]
async fn heals_what_older_servers_say_and_for_notifications() {
    let body =
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}"#;
    let (server, valid) = forgetful(move || response("400 Bad Request\r\ncontent-type: application/json", body)).await;
    let (peer, _events) = server.connect().await;
    valid.store(2, Ordering::SeqCst);
    assert_eq!(peer.notify(method("notifications/x"), None).await, Ok(()));
    valid.store(3, Ordering::SeqCst);
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"session":3}"#));
}

#[tokio::test]
async fn tries_a_forgotten_session_only_once_per_request() {
    let (server, valid) = forgetful(not_found).await;
    let (peer, _events) = server.connect().await;
    valid.store(usize::MAX, Ordering::SeqCst);
    // The second `initialized` is refused as well, so there is no new session at all.
    let Err(PeerError::Closed { reason }) = call(&*peer, "{}").await else { panic!("no error") };
    assert_eq!(reason, "the server forgot its session, and a new one failed: the server forgot its session at once");
    assert!(peer.is_closed());
    let closed = PeerError::Closed { reason: "the connection to the server was closed".to_owned() };
    assert_eq!(call(&*peer, "{}").await, Err(closed));
}

#[tokio::test]
async fn says_once_that_a_session_could_not_be_renewed() {
    let down = Arc::new(AtomicUsize::new(0));
    let is_down = down.clone();
    let server = Server::start(move |asked| match (is_down.load(Ordering::SeqCst), asked.method().as_str()) {
        (0, _) => handshake_in("1", asked).unwrap_or_else(accepted),
        (_, "initialize") => response("503 Service Unavailable", ""),
        (_, "GET") => response("405 Method Not Allowed", ""),
        _ => not_found(),
    })
    .await;
    let (peer, events) = server.connect().await;
    down.store(1, Ordering::SeqCst);
    let calls: Vec<_> = (0..5).map(|_| spawn(peer.send(request("tools/call", "{}")))).collect();
    for call in calls {
        assert!(matches!(within(call).await.expect("task"), Err(PeerError::Closed { .. })));
    }
    assert_eq!(
        events.next().await,
        "closed: the server forgot its session, and a new one failed: the server is busy (HTTP 503)"
    );
    assert!(events.is_empty());
    assert_eq!(server.methods().iter().filter(|name| *name == "initialize").count(), 2);
}

#[tokio::test]
async fn close_ends_the_session_and_the_calls() {
    let hangs = Arc::new(Notify::new());
    let server = Server::start(move |asked| match asked.method().as_str() {
        "tools/call" => vec![Step::Hang(hangs.clone())],
        "DELETE" => response("405 Method Not Allowed", ""),
        _ => handshake_in("s-9", asked).unwrap_or_else(accepted),
    })
    .await;
    let (peer, events) = server.connect().await;
    let reply = spawn(peer.send(request("tools/call", "{}")));
    server.wait_for("tools/call", 1).await;
    within(peer.close()).await;
    let closed = PeerError::Closed { reason: "the connection to the server was closed".to_owned() };
    assert_eq!(within(reply).await.expect("task"), Err(closed.clone()));
    assert_eq!(call(&*peer, "{}").await, Err(closed.clone()));
    assert_eq!(peer.notify(method("notifications/x"), None).await, Err(closed));
    let deletes = server.wait_for("DELETE", 1).await;
    assert_eq!((deletes.len(), deletes[0].header("mcp-session-id")), (1, Some("s-9")));
    within(peer.close()).await;
    assert_eq!(server.wait_for("DELETE", 1).await.len(), 1);
    assert!(peer.is_closed() && events.is_empty());
}

#[tokio::test]
async fn close_without_a_session_deletes_nothing() {
    let server = Server::start(|asked| match crate::support::server::handshake(asked) {
        Some(script) => script,
        None => json("{}"),
    })
    .await;
    let (peer, _events) = server.connect().await;
    within(peer.close()).await;
    assert!(!server.methods().contains(&"DELETE".to_owned()));
}

#[tokio::test]
async fn a_connection_that_is_given_up_leaves_no_stream_behind() {
    let gone = Arc::new(Notify::new());
    let hangs = Arc::clone(&gone);
    let server = Server::start(move |asked| match asked.method().as_str() {
        // The server's own stream, which begins only when there is something to say.
        "GET" => vec![Step::Hang(Arc::clone(&hangs))],
        _ => handshake_in("s-1", asked).unwrap_or_else(accepted),
    })
    .await;
    let (target, config) = (server.target(), crate::support::config());
    let connecting = tokio::spawn(async move {
        let sink = crate::support::Events::new();
        orch_upstream::http::connect(&target, &crate::support::SHARED, &config, sink).await.map(|_| ())
    });
    server.wait_for("GET", 1).await;
    connecting.abort();
    assert!(connecting.await.expect_err("given up").is_cancelled(), "it waits for the stream");
    within(gone.notified()).await;
}
