//! For how long clients are told that they may keep a list.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream;
use orch_mcp::declared::Declared;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::object;
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest, ReplyItem};
use orch_mcp::revision::Revision;
use orch_relay::config::RelayConfig;
use orch_relay::context::{CallContext, Client};
use orch_testkit::scripted_peer::{ScriptedPeer, ends};

use crate::house::{House, hello, raw, usual};
use crate::isolation::{personal_house, store};

fn of(revision: Revision, cx: CallContext) -> CallContext {
    CallContext { client: Arc::new(Client::new("tester 1".into(), revision, Declared::nothing(), None)), ..cx }
}

/// What a client of the modern era is told of the tools.
async fn told(house: &House, cx: CallContext) -> Option<u64> {
    let list = house.ask(&of(Revision::V2026_07_28, cx), "tools/list", "{}").await.expect("a list");
    object::member(&list, "ttlMs").map(|ttl| ttl.read().expect("a number"))
}

fn list_changed() -> PeerEvent {
    let method = MethodName::from_static("notifications/tools/list_changed");
    PeerEvent::Notification(Notification { method, params: None })
}

/// A modern server whose tools come on two pages, of which the second says `ttl`.
fn put(house: &House, alias: &str, ttl: &'static str) {
    house.connector.put(alias, Ok(Arc::new(of_two_pages(ttl))));
}

fn of_two_pages(ttl: &'static str) -> ScriptedPeer {
    let script = usual("read", Ok(raw("{}")));
    let modern = orch_mcp::initialize::ServerHello { revision: Revision::V2026_07_28, ..hello() };
    ScriptedPeer::new(modern, move |request| {
        let cursor = request.params.as_ref().and_then(|params| object::string(params, "cursor"));
        match (request.method.as_str(), cursor) {
            ("tools/list", None) => {
                ends(Ok(raw(r#"{"tools":[{"name":"a"}],"ttlMs":90000,"cacheScope":"public","nextCursor":"2"}"#)))
            }
            ("tools/list", Some(_)) => ends(Ok(raw(&format!(r#"{{"tools":[{{"name":"b"}}]{ttl}}}"#)))),
            _ => script(request),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_modern_servers_time_is_told() {
    let house = House::with(&["fs"]);
    put(&house, "fs", r#","ttlMs":60000"#);
    assert_eq!(told(&house, house.alone("fs")).await, Some(60_000), "the shortest of all pages");
    tokio::time::sleep(Duration::from_millis(20_500)).await;
    assert_eq!(told(&house, house.alone("fs")).await, Some(39_500));
    assert_eq!(told(&house, house.unified()).await, Some(39_500));
    let legacy = of(Revision::V2025_11_25, house.alone("fs"));
    let list = house.ask(&legacy, "tools/list", "{}").await.expect("a list");
    assert_eq!(object::member(&list, "ttlMs"), None, "who does not know the word is not told");
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(told(&house, house.alone("fs")).await, None, "it is over");

    // Read again, and the same: it may be kept anew.
    house.changes.lock().unwrap().clear();
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    sink.event(list_changed());
    while house.changes.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(told(&house, house.alone("fs")).await.is_some_and(|ttl| ttl > 59_000));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_that_has_changed_or_may_not_be_right() {
    let house = House::with(&["fs"]);
    put(&house, "fs", r#","ttlMs":60000"#);
    assert!(told(&house, house.alone("fs")).await.is_some());
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    // The second of a burst is read a while later.
    for _ in 0..2 {
        sink.event(list_changed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(told(&house, house.alone("fs")).await, None, "it has changed, and is not read yet");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(told(&house, house.alone("fs")).await.is_some());
    house.connector.put("fs", Err("gone"));
    sink.event(PeerEvent::Closed { reason: "gone".to_owned() });
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(told(&house, house.alone("fs")).await, None);
    assert_eq!(told(&house, house.unified()).await, None);
}

#[tokio::test(start_paused = true)]
async fn together_they_may_be_kept_as_long_as_the_shortest() {
    let house = House::with(&["fs", "git"]);
    put(&house, "fs", r#","ttlMs":60000"#);
    put(&house, "git", r#","ttlMs":5000"#);
    assert_eq!(told(&house, house.unified()).await, Some(5_000));
    put(&house, "git", "");
    house.change("git", |server| server.generation += 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(told(&house, house.unified()).await, None, "one does not say");
    assert!(told(&house, house.alone("fs")).await.is_some());
    house.change("git", |server| server.enabled = false);
    assert!(told(&house, house.unified()).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn for_servers_without_the_word_it_is_what_is_set() {
    let config = RelayConfig { legacy_list_ttl_secs: 30, ..RelayConfig::default() };
    for (config, expected) in [(config, Some(30_000)), (RelayConfig::default(), None)] {
        let house = House::configured(&["fs"], config, |_| None);
        let script = usual("read", Ok(raw("{}")));
        let peer = ScriptedPeer::new(hello(), move |request| match request.method.as_str() {
            "tools/list" => ends(Ok(raw(r#"{"tools":[{"name":"a"}],"ttlMs":7}"#))),
            _ => script(request),
        });
        house.connector.put("fs", Ok(Arc::new(peer)));
        assert_eq!(told(&house, house.alone("fs")).await, expected);
        assert_eq!(told(&house, house.unified()).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_again_when_its_busy_server_wants_it() {
    let house = House::with(&["fs"]);
    let script = usual("read", Ok(raw("{}")));
    let peer = Arc::new(ScriptedPeer::new(hello(), move |request| {
        if request.method.as_str() != "prompts/list" {
            return script(request);
        }
        let retry_after = Some(Duration::from_secs(90));
        ends(Err(PeerError::Busy { reason: "the server is busy (HTTP 429)".to_owned(), retry_after }))
    }));
    house.connector.put("fs", Ok(Arc::clone(&peer)));
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    let asked = || peer.sent().iter().filter(|sent| sent.method.as_str() == "prompts/list").count();
    tokio::time::sleep(Duration::from_secs(85)).await;
    assert_eq!(asked(), 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn lists_of_own_values_are_kept_as_long_as_their_server_says() {
    let house = personal_house();
    house.connector.make("fs", || of_two_pages(r#","ttlMs":60000"#));
    house.add("git");
    put(&house, "git", r#","ttlMs":90000"#);
    store(&house, house.user(), b"own");
    for cx in [house.alone("fs"), house.unified()] {
        let cx = of(Revision::V2026_07_28, cx);
        let list = house.ask(&cx, "tools/list", "{}").await.expect("a list");
        assert_eq!(object::member(&list, "_meta"), None, "nothing of it is of before: {list:?}");
        assert_eq!(object::member(&list, "ttlMs"), Some(raw("60000")));
    }
}

/// The names of the tools that a client is shown.
async fn tools(house: &House, cx: &CallContext) -> Vec<String> {
    let list = house.ask(cx, "tools/list", "{}").await.expect("a list");
    let tools = object::member(&list, "tools").and_then(|tools| object::elements(&tools)).expect("tools");
    tools.iter().filter_map(|tool| object::string(tool, "name")).collect()
}

fn offers(tool: &str, ttl: &str) -> ReplyItem {
    ReplyItem::End(Ok(raw(&format!(r#"{{"tools":[{{"name":"{tool}"}}]{ttl}}}"#))))
}

#[tokio::test(start_paused = true)]
async fn what_changes_while_it_is_read_is_read_again() {
    let house = personal_house();
    store(&house, house.user(), b"own");
    let reads = Arc::new(AtomicUsize::new(0));
    let (connector, counted) = (Arc::clone(&house.connector), Arc::clone(&reads));
    house.connector.make("fs", move || {
        let (connector, reads, others) = (Arc::clone(&connector), Arc::clone(&counted), usual("", Ok(raw("{}"))));
        let modern = orch_mcp::initialize::ServerHello { revision: Revision::V2026_07_28, ..hello() };
        ScriptedPeer::new(modern, move |request| {
            if request.method.as_str() != "tools/list" {
                return others(request);
            }
            let read = reads.fetch_add(1, Ordering::AcqRel);
            let sink = Arc::clone(&connector.sinks.lock().unwrap()["fs"]);
            Box::pin(stream::once(async move {
                if read == 0 {
                    sink.event(list_changed());
                    // All who hear of it have done so before the list is there.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                offers(&format!("t{read}"), r#","ttlMs":60000"#)
            }))
        })
    });
    let cx = house.alone("fs");
    assert_eq!(told(&house, cx.clone()).await, None, "it has changed since it was asked for");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(tools(&house, &cx).await, ["t1"]);
    assert!(told(&house, cx).await.is_some(), "and is right now");
    assert_eq!(reads.load(Ordering::Acquire), 2);
}

#[tokio::test(start_paused = true)]
async fn lists_of_single_clients_are_read_again_when_nobody_knows_what_was_said() {
    let house = House::with(&["fs"]);
    let connections = AtomicUsize::new(0);
    house.connector.make("fs", move || {
        let is_shared = connections.fetch_add(1, Ordering::AcqRel) == 0;
        let (reads, others) = (AtomicUsize::new(0), usual("", Ok(raw("{}"))));
        ScriptedPeer::new(hello(), move |request: PeerRequest| match request.method.as_str() {
            "tools/list" if is_shared => Box::pin(stream::iter([offers("same", "")])),
            "tools/list" => {
                let tool = format!("t{}", reads.fetch_add(1, Ordering::AcqRel));
                Box::pin(stream::iter([offers(&tool, "")]))
            }
            _ => others(request),
        })
    });
    tools(&house, &house.alone("fs")).await;
    let shared = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    let declared = Declared { capabilities: raw(r#"{"elicitation":{}}"#), info: None };
    let client = Client::new("tester 1".into(), Revision::V2025_11_25, declared, None);
    let asker = CallContext { client: Arc::new(client), ..house.alone("fs") };
    tools(&house, &asker).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(tools(&house, &asker).await, ["t0"]);
    // More than wait for their turn: the last, which may be of a list, is lost.
    for _ in 0..2000 {
        let method = MethodName::from_static("notifications/vendor");
        shared.event(PeerEvent::Notification(Notification { method, params: None }));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    tools(&house, &asker).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(tools(&house, &asker).await, ["t1"]);
}
