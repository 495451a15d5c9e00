//! Lists: from catalogs, under shown names, with the dead only missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::object;
use orch_mcp::peer::{PeerError, PeerEvent};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client};
use orch_testkit::scripted_peer::{ScriptedPeer, ends, never};

use crate::house::{House, NOW, hello, raw, usual};

fn names(result: &Raw, member: &str, key: &str) -> Vec<String> {
    let items = object::elements(&object::member(result, member).expect(member)).expect("an array");
    items.iter().map(|item| object::string(item, key).expect(key)).collect()
}

fn peer(house: &House, alias: &str) -> Arc<ScriptedPeer> {
    let peer = Arc::new(ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))));
    house.connector.put(alias, Ok(Arc::clone(&peer)));
    peer
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{what} did not come");
}

#[tokio::test(start_paused = true)]
async fn unites_the_lists_without_the_dead_and_the_slow() {
    let house = House::with(&["alive", "dead", "slow", "well"]);
    peer(&house, "alive");
    peer(&house, "well");
    house.connector.put("dead", Err("the command `x` was not found"));
    house.connector.stuck.lock().unwrap().push("slow".to_owned());
    let before = tokio::time::Instant::now();
    let tools = house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
    assert_eq!(names(&tools, "tools", "name"), ["alive__read", "well__read"]);
    assert_eq!(before.elapsed(), Duration::from_secs(3), "as long as the deadline, and not for each server");
    let prompts = house.ask(&house.unified(), "prompts/list", "{}").await.expect("a list");
    assert_eq!(names(&prompts, "prompts", "name"), ["alive__greet", "well__greet"]);
    let resources = house.ask(&house.unified(), "resources/list", "{}").await.expect("a list");
    assert_eq!(names(&resources, "resources", "uri"), ["alive+file:///a", "well+file:///a"]);
    let templates = house.ask(&house.unified(), "resources/templates/list", "{}").await.expect("a list");
    assert_eq!(templates.as_str(), r#"{"resourceTemplates":[]}"#);
}

#[tokio::test]
async fn shows_one_server_as_it_is() {
    let house = House::with(&["fs"]);
    peer(&house, "fs");
    let tools = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    assert_eq!(tools.as_str(), r#"{"tools":[{"name":"read","inputSchema":{"type":"object"}}]}"#);
    let hello = house.relay.hello(&house.alone("fs")).await.expect("a handshake");
    assert_eq!(hello.server_info, raw(r#"{"name":"scripted","version":"1"}"#));
    assert_eq!(hello.instructions.as_deref(), Some("be careful"));
    let cursor = house.ask(&house.alone("fs"), "tools/list", r#"{"cursor":"x"}"#).await;
    assert_eq!(cursor.expect_err("never given out").code, -32602);
}

#[tokio::test]
async fn says_why_a_server_has_no_list() {
    let house = House::with(&["fs"]);
    house.connector.put("fs", Err("the command `x` was not found"));
    let error = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect_err("dead");
    assert_eq!(error.message, "server fs is not available: the command `x` was not found");
    let error = house.relay.hello(&house.alone("fs")).await.expect_err("dead");
    assert!(error.message.contains("the command `x` was not found"), "{}", error.message);
}

#[tokio::test]
async fn serves_the_last_good_lists_while_a_server_is_down() {
    let stored = |server: &orch_domain::server::Server| {
        let mut stored = orch_testkit::builders::a_catalog(server.id).fetched_at(NOW).build();
        stored.handshake = hello().write().as_str().into();
        stored.items = vec![orch_domain::catalog::CatalogItem {
            kind: ItemKind::Tool,
            name: "old".to_owned(),
            definition: r#"{"name":"old","inputSchema":{"type":"object"},"x":1.0}"#.into(),
        }];
        Some(stored)
    };
    let house = House::with_stored(&["fs"], stored);
    house.connector.put("fs", Err("gone"));
    let tools = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("the last good list");
    let stale = r#","_meta":{"io.mcp-orchestrator/stale":["fs"]}}"#;
    let expected =
        |name: &str| format!(r#"{{"tools":[{{"name":"{name}","inputSchema":{{"type":"object"}},"x":1.0}}]{stale}"#);
    assert_eq!(tools.as_str(), expected("old"));
    let unified = house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
    assert_eq!(unified.as_str(), expected("fs__old"));

    // It comes back with something else: who listens is told, and it is stored. Asking again starts it, once the
    // pause after its failure is over.
    until("the failed start", || !house.connector.remarks.lock().unwrap().is_empty()).await;
    peer(&house, "fs");
    house.clock.advance(Duration::from_secs(60));
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    until("news", || house.changes.lock().unwrap().iter().any(|change| change.kind == ItemKind::Tool)).await;
    let tools = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("the new list");
    assert_eq!(names(&tools, "tools", "name"), ["read"]);
}

#[tokio::test(start_paused = true)]
async fn announces_every_change_even_one_that_changes_nothing() {
    let house = House::with(&["fs"]);
    let fs = peer(&house, "fs");
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    house.changes.lock().unwrap().clear();
    let lists = |fs: &ScriptedPeer| fs.sent().iter().filter(|sent| sent.method.as_str() == "tools/list").count();
    let fetched = lists(&fs);
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    for _ in 0..50 {
        sink.event(PeerEvent::Notification(Notification {
            method: MethodName::from_static("notifications/tools/list_changed"),
            params: None,
        }));
    }
    until("news", || house.changes.lock().unwrap().iter().any(|change| change.kind == ItemKind::Tool)).await;
    assert!(lists(&fs) > fetched, "the list is fetched before anybody is told");
    assert!(lists(&fs) < fetched + 10, "a burst is taken together");
}

#[tokio::test]
async fn reads_all_pages_and_no_loop_and_stores_what_it_found() {
    let house = House::with(&["fs"]);
    let fs = Arc::new(ScriptedPeer::new(hello(), |request| {
        let cursor = request.params.as_ref().and_then(|params| object::string(params, "cursor"));
        ends(match (request.method.as_str(), cursor.as_deref()) {
            ("tools/list", None) => Ok(raw(r#"{"tools":[{"name":"a"},{"x":1}],"nextCursor":"2"}"#)),
            ("tools/list", Some("2")) => Ok(raw(r#"{"tools":[{"name":"b"},{"name":"a"}],"nextCursor":"3"}"#)),
            ("tools/list", Some(_)) => Ok(raw(r#"{"tools":[{"name":"c"}],"nextCursor":"3"}"#)),
            ("prompts/list", _) => Ok(raw(r#"{"prompts":[{"name":"p"}],"nextCursor":""}"#)),
            ("resources/list", _) => Ok(raw(r#"{"resources":7}"#)),
            _ => Err(PeerError::Rpc(RpcError::method_not_found("x"))),
        })
    }));
    house.connector.put("fs", Ok(fs));
    house.store_project().await;
    let tools = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    assert_eq!(names(&tools, "tools", "name"), ["a", "b", "c"]);
    let prompts = house.ask(&house.alone("fs"), "prompts/list", "{}").await.expect("a list");
    assert_eq!(names(&prompts, "prompts", "name"), ["p"]);
    let resources = house.ask(&house.alone("fs"), "resources/list", "{}").await.expect("a list");
    assert_eq!(resources.as_str(), r#"{"resources":[]}"#);
    let remarks = house.connector.remarks.lock().unwrap().join("\n");
    for part in ["an item without `name`", "a second item named \"a\"", "came twice", "no array `resources`"] {
        assert!(remarks.contains(part), "{part} in {remarks}");
    }
    let id = house.server("fs").id;
    for _ in 0..10_000 {
        if CatalogRepo::find(&house.store, id).await.expect("the store").is_some() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the catalog is not stored");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_never_comes_leaves_the_others() {
    let house = House::with(&["fs"]);
    let script = usual("read", Ok(raw("{}")));
    let fs = Arc::new(ScriptedPeer::new(hello(), move |request| {
        if request.method.as_str() == "prompts/list" { never() } else { script(request) }
    }));
    house.connector.put("fs", Ok(fs));
    let tools = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    assert_eq!(names(&tools, "tools", "name"), ["read"]);
    let prompts = house.ask(&house.alone("fs"), "prompts/list", "{}").await.expect("a list");
    assert_eq!(prompts.as_str(), r#"{"prompts":[],"_meta":{"io.mcp-orchestrator/stale":["fs"]}}"#);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_late_is_tried_again() {
    let house = House::with(&["fs"]);
    let script = usual("read", Ok(raw("{}")));
    let late = AtomicBool::new(true);
    let fs = Arc::new(ScriptedPeer::new(hello(), move |request| {
        let first = request.method.as_str() == "prompts/list" && late.swap(false, Ordering::AcqRel);
        if first { never() } else { script(request) }
    }));
    house.connector.put("fs", Ok(fs));
    let list = || async { house.ask(&house.alone("fs"), "prompts/list", "{}").await.expect("a list") };
    assert!(names(&list().await, "prompts", "name").is_empty());
    house.changes.lock().unwrap().clear();
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(names(&list().await, "prompts", "name"), ["greet"]);
    assert!(house.changes.lock().unwrap().iter().any(|change| change.kind == ItemKind::Prompt));
}

#[tokio::test]
async fn a_server_without_end_is_cut_off() {
    let house = House::with(&["fs"]);
    let page = AtomicUsize::new(0);
    let fs = Arc::new(ScriptedPeer::new(hello(), move |request| {
        let next = page.fetch_add(1, Ordering::AcqRel);
        ends(match request.method.as_str() {
            "tools/list" => Ok(raw(&format!(r#"{{"tools":[],"nextCursor":"{next}"}}"#))),
            _ => Err(PeerError::Rpc(RpcError::method_not_found("x"))),
        })
    }));
    house.connector.put("fs", Ok(fs));
    let tools = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    assert_eq!(tools.as_str(), r#"{"tools":[]}"#);
    assert!(house.connector.remarks.lock().unwrap().join("\n").contains("more than 500 pages"));
}

#[tokio::test]
async fn a_removed_server_leaves_the_lists_and_is_announced() {
    let house = House::with(&["a", "b"]);
    peer(&house, "a");
    peer(&house, "b");
    let list = || async { house.ask(&house.unified(), "tools/list", "{}").await.expect("a list") };
    assert_eq!(names(&list().await, "tools", "name"), ["a__read", "b__read"]);
    house.changes.lock().unwrap().clear();
    house.remove("a");
    assert_eq!(names(&list().await, "tools", "name"), ["b__read"]);
    assert!(house.changes.lock().unwrap().iter().any(|change| change.kind == ItemKind::Tool));
    house.change("b", |server| server.enabled = false);
    assert!(names(&list().await, "tools", "name").is_empty());
}

/// The features that the unified endpoint promises to a client without a session of its own.
async fn promised(house: &House, revision: Revision) -> Vec<String> {
    let client = Client::new("tester 1".into(), revision, Declared::nothing(), None);
    let cx = CallContext { client: Arc::new(client), ..house.unified() };
    let hello = house.relay.hello(&cx).await.expect("a hello");
    object::entries(&hello.capabilities).expect("an object").into_iter().map(|(feature, _)| feature).collect()
}

#[tokio::test]
async fn a_client_without_a_session_is_promised_what_there_is() {
    let house = House::with(&["files", "other"]);
    for (alias, capabilities) in [
        ("files", r#"{"tools":{},"tasks":{},"experimental":{"x":1}}"#),
        ("other", r#"{"resources":{"subscribe":true},"logging":{}}"#),
    ] {
        let hello = ServerHello { capabilities: raw(capabilities), ..hello() };
        let peer = ScriptedPeer::new(hello, usual("read", Ok(raw("{}"))));
        house.connector.put(alias, Ok(Arc::new(peer)));
        house.ask(&house.alone(alias), "tools/list", "{}").await.expect("a list");
    }
    assert_eq!(promised(&house, Revision::V2026_07_28).await, ["tools", "prompts", "resources", "logging"]);
    // During a session there may be more.
    let everything = ["tools", "prompts", "resources", "completions", "logging"];
    assert_eq!(promised(&house, Revision::V2025_11_25).await, everything);

    // A client that keeps what it was told hears of the servers that come.
    assert_eq!(promised(&House::with(&[]), Revision::V2026_07_28).await, ["tools", "prompts", "resources"]);

    // Who was never seen may offer anything.
    let house = House::with(&["files", "stuck"]);
    peer(&house, "files");
    house.connector.stuck.lock().unwrap().push("stuck".to_owned());
    house.ask(&house.alone("files"), "tools/list", "{}").await.expect("a list");
    let of_modern = ["tools", "prompts", "resources", "completions", "logging", "extensions"];
    assert_eq!(promised(&house, Revision::V2026_07_28).await, of_modern);
}
