//! What is followed at a modern server over HTTP, when the server does not agree to all of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use orch_mcp::peer::{Peer as _, PeerError, Topic};
use orch_upstream::http::{self, HttpPeer};
use tokio::sync::Notify;

use crate::support::server::{Asked, Script, Server, Step, chunk, head, json, response, result};
use crate::support::{Events, MODERN, config, within};

const DISCOVERED: &str = r#"{"supportedVersions":["2026-07-28"],"capabilities":{},"resultType":"complete"}"#;
const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

/// Each of its streams says that the tools have changed when it is told to.
type Streams = Arc<Mutex<Vec<Arc<Notify>>>>;

/// Refuses every stream that is to tell of something bad.
async fn picky() -> (Server, Streams) {
    let streams = Streams::default();
    let opened = Arc::clone(&streams);
    let server = Server::start(move |asked| match asked.method().as_str() {
        "server/discover" => result(asked, DISCOVERED),
        "subscriptions/listen" if asked.body.contains("bad:") => refused(asked),
        _ => agreed(asked, &opened),
    })
    .await;
    (server, streams)
}

fn agreed(asked: &Asked, opened: &Streams) -> Script {
    let told = asked.json()["params"]["notifications"].to_string();
    let acknowledged = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"notifications":{told}}}}}"#
    );
    let say = Arc::new(Notify::new());
    opened.lock().unwrap().push(Arc::clone(&say));
    vec![
        head("text/event-stream"),
        chunk(&format!("data: {acknowledged}\n\n")),
        Step::Wait(say),
        chunk(&format!("data: {CHANGED}\n\n")),
        Step::Hang(Arc::default()),
    ]
}

fn refused(asked: &Asked) -> Script {
    error(asked, -32602, "no such resource")
}

fn error(asked: &Asked, code: i64, message: &str) -> Script {
    let id = asked.id();
    json(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{message}"}}}}"#))
}

async fn connect(server: &Server) -> (Arc<HttpPeer>, Arc<Events>) {
    let events = Events::new();
    let peer = within(http::connect(&server.target(), &MODERN, &config(), events.clone())).await;
    (peer.expect("a handshake"), events)
}

fn topic(uri: &str) -> Topic {
    Topic::Resource(uri.to_owned())
}

fn wanted(asked: &Asked) -> String {
    asked.json()["params"]["notifications"]["resourceSubscriptions"].to_string()
}

#[tokio::test]
async fn what_a_server_refuses_is_refused_alone() {
    let (server, streams) = picky().await;
    let (peer, events) = connect(&server).await;
    server.wait_for("subscriptions/listen", 1).await;
    assert_eq!(within(peer.subscribe(topic("a:1"))).await, Ok(()));
    // All at once, so that they are wanted together.
    let (first, bad, second) = tokio::join!(
        within(peer.subscribe(topic("a:2"))),
        within(peer.subscribe(topic("bad:1"))),
        within(peer.subscribe(topic("a:3"))),
    );
    assert_eq!((first, second), (Ok(()), Ok(())));
    let Err(PeerError::Rpc(error)) = bad else { panic!("{bad:?}") };
    assert_eq!(error.message, "no such resource");
    assert_eq!(within(peer.subscribe(topic("a:4"))).await, Ok(()));
    let last = server.all().into_iter().rfind(|asked| asked.method() == "subscriptions/listen").expect("a listen");
    assert_eq!(wanted(&last), r#"["a:1","a:2","a:3","a:4"]"#);
    let current = streams.lock().unwrap().last().cloned().expect("a stream");
    current.notify_one();
    assert_eq!(events.next().await, "notifications/tools/list_changed");
}

#[tokio::test]
async fn what_is_told_goes_on_when_something_is_refused() {
    let (server, streams) = picky().await;
    let (peer, events) = connect(&server).await;
    assert_eq!(within(peer.subscribe(topic("a:1"))).await, Ok(()));
    let current = streams.lock().unwrap().last().cloned().expect("a stream");
    assert!(matches!(within(peer.subscribe(topic("bad:1"))).await, Err(PeerError::Rpc(_))));
    current.notify_one();
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    // It is still followed, so nobody is asked.
    let asked = server.methods().len();
    assert_eq!(within(peer.subscribe(topic("a:1"))).await, Ok(()));
    assert_eq!(server.methods().len(), asked);
}

#[tokio::test]
async fn what_is_followed_again_at_once_has_been_followed_all_along() {
    let (server, streams) = picky().await;
    let (peer, events) = connect(&server).await;
    assert_eq!(within(peer.subscribe(topic("a:1"))).await, Ok(()));
    let asked = server.methods().len();
    // Before the listening has seen the first of the two.
    assert_eq!(within(peer.unsubscribe(topic("a:1"))).await, Ok(()));
    assert_eq!(within(peer.subscribe(topic("a:1"))).await, Ok(()));
    // The same where the only other wish is refused.
    assert_eq!(within(peer.unsubscribe(topic("a:1"))).await, Ok(()));
    let (again, bad) = tokio::join!(within(peer.subscribe(topic("a:1"))), within(peer.subscribe(topic("bad:1"))));
    assert_eq!(again, Ok(()));
    assert!(matches!(bad, Err(PeerError::Rpc(_))));
    assert_eq!(server.methods().len(), asked + 1);
    let current = streams.lock().unwrap().last().cloned().expect("a stream");
    current.notify_one();
    assert_eq!(events.next().await, "notifications/tools/list_changed");
}

#[tokio::test]
async fn a_server_that_refuses_for_now_is_asked_again() {
    let streams = Streams::default();
    let (opened, asked_before) = (Arc::clone(&streams), AtomicBool::new(false));
    let server = Server::start(move |asked| match asked.method().as_str() {
        "server/discover" => result(asked, DISCOVERED),
        _ if !asked_before.swap(true, Ordering::SeqCst) => error(asked, -32603, "not yet"),
        _ => agreed(asked, &opened),
    })
    .await;
    let (peer, events) = connect(&server).await;
    server.wait_for("subscriptions/listen", 2).await;
    let current = streams.lock().unwrap().last().cloned().expect("a stream");
    current.notify_one();
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    assert_eq!(within(peer.subscribe(topic("a:1"))).await, Ok(()));
}

/// What does not acknowledge the stream is told of, whatever it says instead; what is only busy is not.
#[tokio::test]
async fn a_server_that_answers_something_else_is_told_of() {
    for (status, is_told) in [("202 Accepted", true), ("404 Not Found", true), ("503 Service Unavailable", false)] {
        let asked_twice = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked_twice);
        let server = Server::start(move |asked| match asked.method().as_str() {
            "server/discover" => result(asked, DISCOVERED),
            _ if seen.swap(true, Ordering::AcqRel) => agreed(asked, &Streams::default()),
            _ => response(status, ""),
        })
        .await;
        let (_peer, events) = connect(&server).await;
        server.wait_for("subscriptions/listen", 2).await;
        let told = events.oddities();
        assert_eq!(told.iter().any(|told| told.starts_with("it did not acknowledge")), is_told, "{status}: {told:?}");
    }
}
