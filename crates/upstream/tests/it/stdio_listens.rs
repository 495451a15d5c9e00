//! What is followed at a modern server over its pipe, when the server does not agree to all of it.

use std::sync::Arc;

use orch_mcp::peer::{Peer as _, PeerError, Topic};
use orch_upstream::stdio::StdioPeer;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::support::child::{self, Child};
use crate::support::{Events, MODERN, config, request, spawn, within};

const DISCOVERED: &str = r#"{"supportedVersions":["2026-07-28"],"capabilities":{},"resultType":"complete"}"#;

/// A modern server, and its first listen, which is not acknowledged yet.
async fn connected() -> (Arc<StdioPeer>, Child, Arc<Events>, Value) {
    let events = Events::new();
    let (connecting, script) = child::start_as(&MODERN, &config(), &events);
    let mut child = Child::new(within(script).await.expect("script"));
    let probe = child.message().await;
    assert_eq!(probe["method"], "server/discover");
    child.answer(&probe, DISCOVERED).await;
    let listen = child.message().await;
    let peer = within(connecting).await.expect("task").expect("peer");
    (peer, child, events, listen)
}

/// The same with `a:1` followed, by the second listen.
async fn following() -> (Arc<StdioPeer>, Child, Arc<Events>, Value) {
    let (peer, mut child, events, first) = connected().await;
    acknowledge(&mut child, &first).await;
    let wish = subscribe(&peer, "a:1");
    let second = child.message().await;
    acknowledge(&mut child, &second).await;
    assert_eq!(within(wish).await.expect("task"), Ok(()));
    assert_eq!(child.message().await["method"], "notifications/cancelled", "the first one");
    (peer, child, events, second)
}

async fn acknowledge(child: &mut Child, listen: &Value) {
    assert_eq!(listen["method"], "subscriptions/listen");
    acknowledge_as(child, &listen["id"].to_string(), listen).await;
}

async fn acknowledge_as(child: &mut Child, id: &str, listen: &Value) {
    let told = &listen["params"]["notifications"];
    let meta = format!(r#""_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}"#);
    let params = format!(r#"{{"notifications":{told},{meta}}}"#);
    child
        .say(&format!(r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{params}}}"#))
        .await;
}

async fn refuse(child: &mut Child, listen: &Value, code: i64) {
    let error = format!(r#""error":{{"code":{code},"message":"not this"}}"#);
    child.say(&format!(r#"{{"jsonrpc":"2.0","id":{},{error}}}"#, listen["id"])).await;
}

/// The tools have changed, as that listen has it.
async fn tools_changed(child: &mut Child, listen: &Value) -> String {
    let params = format!(r#"{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{}}}}}"#, listen["id"]);
    let method = "notifications/tools/list_changed";
    child.say(&format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#)).await;
    format!("{method} {params}")
}

fn subscribe(peer: &Arc<StdioPeer>, uri: &str) -> JoinHandle<Result<(), PeerError>> {
    let (peer, topic) = (Arc::clone(peer), Topic::Resource(uri.to_owned()));
    tokio::spawn(async move { peer.subscribe(topic).await })
}

fn wanted(listen: &Value) -> String {
    listen["params"]["notifications"]["resourceSubscriptions"].to_string()
}

#[tokio::test]
async fn a_refused_wish_leaves_everything_as_it_was() {
    let (peer, mut child, events, first) = connected().await;
    acknowledge(&mut child, &first).await;
    let bad = subscribe(&peer, "bad:1");
    let listen = child.message().await;
    assert_eq!(wanted(&listen), r#"["bad:1"]"#);
    refuse(&mut child, &listen, -32602).await;
    assert!(matches!(within(bad).await.expect("task"), Err(PeerError::Rpc(error)) if error.code == -32602));
    let said = tools_changed(&mut child, &first).await;
    assert_eq!(events.next().await, said, "the first listen is still the one that counts");
    let good = subscribe(&peer, "a:1");
    let second = child.message().await;
    assert_eq!(wanted(&second), r#"["a:1"]"#);
    acknowledge(&mut child, &second).await;
    assert_eq!(within(good).await.expect("task"), Ok(()));
    let cancelled = child.message().await;
    assert_eq!(
        (&cancelled["method"], &cancelled["params"]["requestId"]),
        (&"notifications/cancelled".into(), &first["id"])
    );
}

#[tokio::test]
async fn what_is_followed_again_at_once_has_been_followed_all_along() {
    let (peer, mut child, events, second) = following().await;
    // Before the listening has seen the first of the two.
    let topic = || Topic::Resource("a:1".to_owned());
    assert_eq!(within(peer.unsubscribe(topic())).await, Ok(()));
    assert_eq!(within(peer.subscribe(topic())).await, Ok(()));
    let said = tools_changed(&mut child, &second).await;
    assert_eq!(events.next().await, said, "the second listen is still the one that counts");
    let other = subscribe(&peer, "a:2");
    let third = child.message().await;
    assert_eq!(wanted(&third), r#"["a:1","a:2"]"#, "and nothing was asked in between");
    acknowledge(&mut child, &third).await;
    assert_eq!(within(other).await.expect("task"), Ok(()));
}

#[tokio::test]
async fn what_a_server_leaves_out_may_be_wished_for_again() {
    let (peer, mut child, _events, first) = connected().await;
    acknowledge(&mut child, &first).await;
    for _ in 0..2 {
        let wish = subscribe(&peer, "a:1");
        let mut listen = child.message().await;
        while listen["method"] == "notifications/cancelled" {
            listen = child.message().await;
        }
        assert_eq!(wanted(&listen), r#"["a:1"]"#);
        listen["params"]["notifications"]["resourceSubscriptions"] = Value::Array(Vec::new());
        acknowledge(&mut child, &listen).await;
        let left_out = within(wish).await.expect("task");
        assert!(matches!(left_out, Err(PeerError::Rpc(error)) if error.code == -32602));
    }
}

#[tokio::test]
async fn a_listen_that_is_agreed_to_too_late_takes_the_place_of_none() {
    let (peer, mut child, events, first) = connected().await;
    acknowledge(&mut child, &first).await;
    let late = subscribe(&peer, "late:1");
    let listen = child.message().await;
    // The wait ends by itself; that it has shows in the message that takes the request back.
    let cancelled = child.message().await;
    assert_eq!(cancelled["params"]["requestId"], listen["id"]);
    assert!(matches!(within(late).await.expect("task"), Err(PeerError::Closed { .. })));
    acknowledge(&mut child, &listen).await;
    let said = tools_changed(&mut child, &first).await;
    assert_eq!(events.next().await, said);
}

#[tokio::test]
async fn a_listen_that_is_not_begun_is_tried_again() {
    let (peer, mut child, events, first) = connected().await;
    child.answer(&first, r#"{"resultType":"complete"}"#).await;
    let second = child.message().await;
    let said = events.next().await;
    assert!(said.starts_with("oddity: it did not acknowledge subscriptions/listen"), "{said}");
    acknowledge(&mut child, &second).await;
    let good = subscribe(&peer, "a:1");
    let third = child.message().await;
    acknowledge(&mut child, &third).await;
    assert_eq!(within(good).await.expect("task"), Ok(()));
}

#[tokio::test]
async fn a_server_without_such_streams_is_asked_once() {
    let (peer, mut child, _events, first) = connected().await;
    refuse(&mut child, &first, -32601).await;
    for uri in ["a:1", "a:2"] {
        let refused = within(subscribe(&peer, uri)).await.expect("task");
        assert!(matches!(refused, Err(PeerError::Rpc(error)) if error.code == -32601));
    }
}

#[tokio::test]
async fn a_server_that_refuses_for_now_is_asked_again() {
    let (peer, mut child, events, first) = connected().await;
    refuse(&mut child, &first, -32603).await;
    let refused = within(subscribe(&peer, "a:1")).await.expect("task");
    assert!(matches!(refused, Err(PeerError::Rpc(error)) if error.code == -32603), "nobody waits for the next attempt");
    let second = child.message().await;
    assert_eq!(wanted(&second), "null", "who was refused does not wish any more");
    acknowledge(&mut child, &second).await;
    // It has been acknowledged when this is heard.
    let said = tools_changed(&mut child, &second).await;
    assert_eq!(events.next().await, said);
    let good = subscribe(&peer, "a:1");
    let third = child.message().await;
    acknowledge(&mut child, &third).await;
    assert_eq!(within(good).await.expect("task"), Ok(()));
}

#[tokio::test]
async fn only_our_own_listen_can_be_acknowledged() {
    let (peer, mut child, events, first) = connected().await;
    acknowledge(&mut child, &first).await;
    let foreign = spawn(peer.send(request("subscriptions/listen", r#"{"notifications":{}}"#)));
    let relayed = child.message().await["id"].to_string();
    for id in [r#""of a client""#, "999", &relayed] {
        acknowledge_as(&mut child, id, &first).await;
        let said = tools_changed(&mut child, &first).await;
        assert_eq!(events.next().await, said, "the first listen is still the one that counts");
    }
    foreign.abort();
}

#[tokio::test]
async fn a_listen_that_is_acknowledged_again_takes_the_place_of_none() {
    let (peer, mut child, events, first) = connected().await;
    acknowledge(&mut child, &first).await;
    let wish = subscribe(&peer, "a:1");
    let second = child.message().await;
    acknowledge(&mut child, &second).await;
    acknowledge(&mut child, &first).await;
    let said = tools_changed(&mut child, &second).await;
    assert_eq!(events.next().await, said);
    assert_eq!(within(wish).await.expect("task"), Ok(()));
}

#[tokio::test]
async fn ids_are_the_same_however_the_server_writes_numbers() {
    let (peer, mut child, events, first) = connected().await;
    acknowledge_as(&mut child, &format!("{}.0", first["id"]), &first).await;
    let wish = subscribe(&peer, "a:1");
    let second = child.message().await;
    acknowledge_as(&mut child, &format!("{}e0", second["id"]), &second).await;
    assert_eq!(within(wish).await.expect("task"), Ok(()));
    let said = tools_changed(&mut child, &second).await;
    assert_eq!(events.next().await, said);
}

#[tokio::test]
async fn a_listen_that_the_server_ends_is_opened_again() {
    let (_peer, mut child, events, second) = following().await;
    let params = format!(r#"{{"requestId":{}}}"#, second["id"]);
    child.say(&format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{params}}}"#)).await;
    child.answer(&second, r#"{"resultType":"complete"}"#).await;
    for expected in [r#"["a:1"]"#, "null"] {
        let too_early = child.message().await;
        assert_eq!(wanted(&too_early), expected);
        refuse(&mut child, &too_early, -32603).await;
    }
    let again = child.message().await;
    assert_eq!(wanted(&again), r#"["a:1"]"#, "what was agreed to before is not forgotten");
    acknowledge(&mut child, &again).await;
    for list in ["tools", "prompts", "resources"] {
        assert_eq!(events.next().await, format!("notifications/{list}/list_changed"), "it may have changed meanwhile");
    }
    assert_eq!(events.oddities(), Vec::<String>::new());
}
