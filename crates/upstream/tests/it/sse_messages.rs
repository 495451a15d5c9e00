//! Messages over HTTP+SSE: large ones, and servers that take a request and do not let go of it.

use std::sync::Arc;

use orch_mcp::peer::Peer as _;
use orch_upstream::http::HttpTarget;
use orch_upstream::sse::{self, SsePeer};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::support::child::HELLO;
use crate::support::server::{Asked, Script, Server, Speech, Step, accepted, chunk, head, message};
use crate::support::{Events, SHARED, call, config, method, request, spawn, within};

/// A server that takes every message and answers calls on its stream, unless `otherwise` has something else in mind.
async fn server(otherwise: impl Fn(&Asked) -> Option<Script> + Send + Sync + 'static) -> (Server, Arc<SsePeer>) {
    let (say, speech) = Speech::new();
    let answer = move |asked: &Asked| {
        if asked.verb == "GET" {
            let endpoint = chunk("event: endpoint\ndata: /messages\n\n");
            return vec![head("text/event-stream"), endpoint, Step::Say(speech.clone())];
        }
        if let Some(script) = otherwise(asked) {
            return script;
        }
        answer(&say, asked);
        accepted()
    };
    let server = Server::start(answer).await;
    let peer = within(sse::connect(&server.target(), &SHARED, &config(), Events::new())).await.unwrap();
    (server, peer)
}

fn answer(say: &UnboundedSender<String>, asked: &Asked) {
    let result = match asked.method().as_str() {
        "initialize" => HELLO.to_owned(),
        "tools/call" => format!(r#"{{"length":{}}}"#, asked.body.len()),
        _ => return,
    };
    say.send(format!("event: message\ndata: {}\n\n", message(asked, &result))).unwrap();
}

fn hang(closed: &Arc<Notify>) -> Script {
    vec![Step::Hang(Arc::clone(closed))]
}

/// A call that the server shall not let go of.
const HELD: &str = r#"{"name":"held"}"#;

fn is_held(asked: &Asked) -> bool {
    asked.method() == "tools/call" && asked.body.contains(r#""held""#)
}

#[tokio::test]
async fn a_message_larger_than_the_pipe_comes_through() {
    let (_server, peer) = server(|_| None).await;
    let params = format!(r#"{{"text":"{}"}}"#, "x".repeat(3 * 1024 * 1024));
    for _ in 0..8 {
        let answer = call(&*peer, &params).await.unwrap();
        assert!(answer.starts_with(r#"{"length":31"#), "{answer}");
    }
    within(peer.close()).await;
}

#[tokio::test]
async fn a_server_that_holds_a_request_is_sent_others_and_its_cancellation() {
    let closed = Arc::new(Notify::new());
    let holding = Arc::clone(&closed);
    let (server, peer) = server(move |asked| is_held(asked).then(|| hang(&holding))).await;
    let held = spawn(peer.send(request("tools/call", HELD)));
    server.wait_for("tools/call", 1).await;
    assert!(call(&*peer, "{}").await.is_ok());
    held.abort();
    server.wait_for("notifications/cancelled", 1).await;
    assert!(call(&*peer, "{}").await.is_ok());
    // Nobody waits for its answer any more.
    within(closed.notified()).await;
    within(peer.close()).await;
}

#[tokio::test]
async fn a_server_that_holds_everything_still_lets_others_through_and_is_closed() {
    let (server, peer) = server(move |asked| is_held(asked).then(|| hang(&Arc::default()))).await;
    let held: Vec<_> = (0..100).map(|_| spawn(peer.send(request("tools/call", HELD)))).collect();
    server.wait_for("tools/call", 100).await;
    assert!(call(&*peer, "{}").await.is_ok());
    within(peer.close()).await;
    for call in held {
        assert!(within(call).await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_notification_that_is_held_does_not_keep_the_peer_from_closing() {
    let (server, peer) = server(|asked| (asked.method() == "notifications/held").then(|| hang(&Arc::default()))).await;
    peer.notify(method("notifications/held"), None).await.unwrap();
    server.wait_for("notifications/held", 1).await;
    assert!(call(&*peer, "{}").await.is_ok());
    within(peer.close()).await;
}

#[tokio::test]
async fn a_refusal_that_repeats_our_credentials_is_told_without_them() {
    let (say, speech) = Speech::new();
    let server = Server::start(move |asked: &Asked| {
        if asked.verb == "GET" {
            let endpoint = chunk("event: endpoint\ndata: /messages\n\n");
            return vec![head("text/event-stream"), endpoint, Step::Say(speech.clone())];
        }
        let error = r#""error":{"code":-32000,"message":"sesame-open is no key"}"#;
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{},{error}}}"#, asked.id());
        say.send(format!("event: message\ndata: {answer}\n\n")).unwrap();
        accepted()
    })
    .await;
    let headers = vec![("authorization".to_owned(), "Bearer sesame-open".into())];
    let target = HttpTarget { headers, ..server.target() };
    let error = within(sse::connect(&target, &SHARED, &config(), Events::new())).await.unwrap_err().to_string();
    assert_eq!(error, "answered initialize with error -32000: [redacted] is no key");
}
