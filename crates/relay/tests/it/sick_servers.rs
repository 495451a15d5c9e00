//! One sick server of twenty: the lists of the others come at once, under the same names and in the same order, and
//! nobody is flooded with news. And tools that strict clients would refuse.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_domain::port::server_runtime::ServerRuntime;
use orch_domain::project::FlawedTools;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::object;
use orch_mcp::peer::{PeerEvent, PeerSink};
use orch_mcp::raw::Raw;
use orch_testkit::scripted_peer::{ScriptedPeer, ends, never};

use crate::house::{House, hello, raw, usual};

fn names(list: &Raw) -> Vec<String> {
    let tools = object::elements(&object::member(list, "tools").expect("tools")).expect("an array");
    tools.iter().map(|tool| object::string(tool, "name").expect("a name")).collect()
}

fn stale(list: &Raw) -> Option<String> {
    let meta = object::member(list, "_meta")?;
    object::member(&meta, "io.mcp-orchestrator/stale").map(|stale| stale.as_str().to_owned())
}

/// Twenty servers of one tool each, all of them seen.
async fn twenty() -> House {
    let aliases: Vec<String> = (0..20).map(|number| format!("s{number:02}")).collect();
    let aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
    let house = House::with(&aliases);
    for alias in aliases {
        house.connector.put(alias, Ok(Arc::new(ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))))));
    }
    house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
    tokio::time::sleep(Duration::from_secs(2)).await;
    house
}

fn sink(house: &House, alias: &str) -> Arc<dyn PeerSink> {
    Arc::clone(&house.connector.sinks.lock().unwrap()[alias])
}

async fn check_lists_are_whole(house: &House) {
    let expected: Vec<String> = (0..20).map(|number| format!("s{number:02}__read")).collect();
    let started = tokio::time::Instant::now();
    let list = house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    assert_eq!(names(&list), expected);
}

#[tokio::test(start_paused = true)]
async fn a_crashing_server_changes_nothing_for_others_and_is_marked() {
    let house = twenty().await;
    assert_eq!(stale(&house.ask(&house.unified(), "tools/list", "{}").await.expect("a list")), None);
    house.changes.lock().unwrap().clear();
    house.connector.put("s07", Err("exited with code 1"));
    sink(&house, "s07").event(PeerEvent::Closed { reason: "killed by signal 9".to_owned() });
    for _ in 0..30 {
        house.clock.advance(Duration::from_secs(61));
        tokio::time::sleep(Duration::from_secs(1)).await;
        check_lists_are_whole(&house).await;
    }
    let list = house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
    assert_eq!(stale(&list).as_deref(), Some(r#"["s07"]"#));
    assert!(house.fleet.offers(house.server("s07").id, house.user(), ItemKind::Tool).await.stale);
    assert!(house.connector.connects_of("s07") <= 9, "{}", house.connector.connects_of("s07"));
    assert_eq!(*house.changes.lock().unwrap(), [], "nothing that is visible has changed");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_server_delays_nobody() {
    let house = twenty().await;
    house.connector.put("s03", Ok(Arc::new(ScriptedPeer::new(hello(), |_| never()))));
    house.change("s03", |server| server.generation += 1);
    house.connector.stuck.lock().unwrap().push("s05".to_owned());
    house.change("s05", |server| server.generation += 1);
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        check_lists_are_whole(&house).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flapping_server_makes_no_storm() {
    let house = twenty().await;
    let round = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&round);
    let others = usual("read", Ok(raw("{}")));
    house.connector.put(
        "s09",
        Ok(Arc::new(ScriptedPeer::new(hello(), move |request| match request.method.as_str() {
            "tools/list" => {
                let round = counted.fetch_add(1, Ordering::AcqRel);
                ends(Ok(raw(&format!(
                    r#"{{"tools":[{{"name":"read","inputSchema":{{"type":"object"}},"x":{round}}}]}}"#
                ))))
            }
            _ => others(request),
        }))),
    );
    house.change("s09", |server| server.generation += 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    house.changes.lock().unwrap().clear();
    let flapping = sink(&house, "s09");
    for _ in 0..6000 {
        let method = MethodName::from_static("notifications/tools/list_changed");
        flapping.event(PeerEvent::Notification(Notification { method, params: None }));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    check_lists_are_whole(&house).await;
    let changes = house.changes.lock().unwrap().len();
    assert!((5..30).contains(&changes), "{changes} changes were told in 5 minutes of 6000");
}

/// A server whose second tool has no type at the root of its schema.
fn flawed(house: &House) {
    let tools =
        r#"{"tools":[{"name":"good","inputSchema":{"type":"object"}},{"name":"bad","inputSchema":{"properties":{}}}]}"#;
    let others = usual("read", Ok(raw("{}")));
    let peer = ScriptedPeer::new(hello(), move |request| match request.method.as_str() {
        "tools/list" => ends(Ok(raw(tools))),
        _ => others(request),
    });
    house.connector.put("fs", Ok(Arc::new(peer)));
}

#[tokio::test]
async fn a_flawed_tool_is_repaired_hidden_or_passed_on() {
    let house = House::with(&["fs"]);
    flawed(&house);
    let bad = |list: &Raw| {
        let tools = object::elements(&object::member(list, "tools").expect("tools")).expect("an array");
        tools.get(1).map(|tool| object::member(tool, "inputSchema").expect("a schema").as_str().to_owned())
    };
    for (choice, expected) in [
        (FlawedTools::Repair, Some(r#"{"properties":{},"type":"object"}"#)),
        (FlawedTools::Pass, Some(r#"{"properties":{}}"#)),
        (FlawedTools::Hide, None),
    ] {
        house.change_project(|project| project.project.flawed_tools = choice);
        let list = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
        assert_eq!(bad(&list).as_deref(), expected, "{choice:?}");
        let list = house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
        assert_eq!(bad(&list).as_deref(), expected, "{choice:?} on the unified endpoint");
        // Whatever is listed, it can be called.
        house.ask(&house.unified(), "tools/call", r#"{"name":"fs__bad"}"#).await.expect("an answer");
    }
    let offers = house.fleet.offers(house.server("fs").id, house.user(), ItemKind::Tool).await;
    assert_eq!(offers.flaws.keys().collect::<Vec<_>>(), ["bad"]);
    assert!(offers.flaws["bad"].contains("does not say"), "{:?}", offers.flaws);
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_again_after_a_time_and_their_history_is_kept() {
    let house = House::with(&["fs"]);
    house.store_project().await;
    let changed = Arc::<std::sync::Mutex<Vec<String>>>::default();
    {
        let changed = Arc::clone(&changed);
        house.fleet.observe_definitions(move |change| changed.lock().unwrap().extend(change.tools.clone()));
    }
    house.change("fs", |server| server.run.always_on = true);
    let round = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&round);
    let others = usual("read", Ok(raw("{}")));
    house.connector.put(
        "fs",
        Ok(Arc::new(ScriptedPeer::new(hello(), move |request| match request.method.as_str() {
            "tools/list" => {
                let round = counted.fetch_add(1, Ordering::AcqRel);
                ends(Ok(raw(&format!(
                    r#"{{"tools":[{{"name":"read","inputSchema":{{"type":"object"}},"x":{round}}}]}}"#
                ))))
            }
            _ => others(request),
        }))),
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    house.clock.advance(Duration::from_secs(7));
    tokio::time::sleep(Duration::from_secs(601)).await;
    assert_eq!(round.load(Ordering::Acquire), 2, "nobody has asked for it");
    let id = house.server("fs").id;
    let history = CatalogRepo::history(&house.store, id, ItemKind::Tool, "read").await.expect("a history");
    let definitions: Vec<_> = history.iter().map(|past| past.definition.contains("\"x\":1")).collect();
    assert_eq!(definitions, [true, false], "latest first");
    let times: HashMap<_, _> = history.iter().map(|past| (past.first_seen, past.last_seen)).collect();
    assert_eq!(times.len(), 2);
    assert_eq!(*changed.lock().unwrap(), ["read"], "who observes is told");
}
