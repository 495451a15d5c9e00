//! Which era a server is spoken to in: what is found out by trying, and lists that wait for what depends on the client.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use orch_mcp::initialize::ServerHello;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, SessionKey};
use orch_testkit::scripted_peer::{ScriptedPeer, never};
use tokio::time::Instant;

use crate::house::{House, hello, raw, usual};

const CALL: &str = r#"{"name":"read"}"#;

fn modern() -> ServerHello {
    ServerHello { revision: Revision::V2026_07_28, ..hello() }
}

/// A server that names the newer era alone. In the older one it offers more, or refuses it.
fn house(takes_older: bool) -> House {
    let house = House::with(&["fs"]);
    house.connector.make("fs", || ScriptedPeer::new(modern(), usual("read", Ok(raw(r#"{"by":"newer"}"#)))));
    house.connector.in_older("fs", move || {
        takes_older.then(|| ScriptedPeer::new(hello(), usual("older", Ok(raw(r#"{"by":"older"}"#)))))
    });
    house
}

fn session(house: &House) -> CallContext {
    House::askable(&house.alone("fs"), Revision::V2025_11_25, Some(SessionKey::new()))
}

async fn by(house: &House, cx: &CallContext) -> String {
    house.ask(cx, "tools/call", CALL).await.expect("a result").as_str().to_owned()
}

fn older_connects(house: &House) -> usize {
    house.connector.older_connects.load(Ordering::Acquire)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_initialize_without_saying_so_is_found_out() {
    let house = house(true);
    let sessions: Vec<_> = (0..5).map(|_| session(&house)).collect();
    let served = join_all(sessions.iter().map(|cx| by(&house, cx))).await;
    assert!(served.iter().all(|by| by.contains("older")), "{served:?}");
    assert_eq!(older_connects(&house), 5, "one for each, as in front of a server of the older era");
    by(&house, &sessions[0]).await;
    assert_eq!(older_connects(&house), 5);
    // Who can be asked nothing loses nothing on the bridge, and goes on where it was.
    assert!(by(&house, &House::in_session(&house.alone("fs"))).await.contains("newer"));
    // What it offers in that era is found out, and told.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let list = house.ask(&sessions[0], "tools/list", "{}").await.expect("a list");
    assert!(list.as_str().contains(r#""older""#), "{list:?}");
    let changes = house.changes.lock().unwrap().clone();
    assert!(changes.iter().any(|change| change.kind == orch_domain::catalog::ItemKind::Tool), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_initialize_is_asked_once() {
    let house = house(false);
    let sessions: Vec<_> = (0..20).map(|_| session(&house)).collect();
    for _ in 0..2 {
        let served = join_all(sessions.iter().map(|cx| by(&house, cx))).await;
        assert!(served.iter().all(|by| by.contains("newer")), "{served:?}");
        // Longer than a pause after a failure.
        tokio::time::sleep(Duration::from_secs(120)).await;
    }
    assert_eq!(older_connects(&house), 1, "by the first, for all");
    house.change("fs", |server| server.generation += 1);
    assert!(by(&house, &session(&house)).await.contains("newer"));
    assert_eq!(older_connects(&house), 2, "another configuration may be another server");
    // Where it is said which era is to be spoken, nothing is tried.
    house.change("fs", |server| {
        server.generation += 1;
        server.dialect.era = orch_domain::dialect::Era::Modern;
    });
    assert!(by(&house, &session(&house)).await.contains("newer"));
    assert_eq!(older_connects(&house), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_to_initialize_is_not_waited_for_long() {
    let house = house(true);
    by(&house, &House::in_session(&house.alone("fs"))).await;
    house.connector.stuck.lock().unwrap().push("fs".to_owned());
    let began = Instant::now();
    let sessions: Vec<_> = (0..5).map(|_| session(&house)).collect();
    let served = join_all(sessions.iter().map(|cx| by(&house, cx))).await;
    assert!(served.iter().all(|by| by.contains("newer")), "{served:?}");
    assert_eq!(began.elapsed().as_secs(), 3, "as long as a list waits");
    by(&house, &session(&house)).await;
    assert_eq!(began.elapsed().as_secs(), 3, "once");
    assert_eq!(older_connects(&house), 1);
}

fn tools(answer: &orch_relay::reply::Answer) -> String {
    answer.as_ref().expect("a list").as_str().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_session_gets_all_that_is_for_it_at_once() {
    let house = House::with(&["fs"]);
    house.connector.make("fs", || ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))));
    house.connector.in_older("fs", || Some(ScriptedPeer::new(hello(), usual("for_askable", Ok(raw("{}"))))));
    for cx in [house.unified(), house.alone("fs")] {
        house.change("fs", |server| server.generation += 1);
        // The common lists are known, as after a start with stored ones.
        let plain = house.ask(&cx, "tools/list", "{}").await;
        assert!(tools(&plain).contains("read"));
        let askable = House::askable(&cx, Revision::V2026_07_28, None);
        let first = tools(&house.ask(&askable, "tools/list", "{}").await);
        assert!(first.contains("for_askable") && !first.contains("stale"), "{first}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_waited_for_once_and_holds_nobody_up() {
    let house = House::with(&["fs", "dead"]);
    for alias in ["fs", "dead"] {
        house.connector.make(alias, || ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))));
    }
    house.connector.in_older("fs", || Some(ScriptedPeer::new(hello(), usual("for_askable", Ok(raw("{}"))))));
    house.connector.in_older("dead", || Some(ScriptedPeer::new(hello(), |_| never())));
    house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
    let began = Instant::now();
    let askable = House::askable(&house.unified(), Revision::V2026_07_28, None);
    let session = House::askable(&house.unified(), Revision::V2025_11_25, Some(SessionKey::new()));
    house.ask(&session, "tools/list", "{}").await.expect("a list");
    assert_eq!(began.elapsed(), Duration::ZERO, "who is told of changes waits for none");
    for cx in [&askable, &House::askable(&house.alone("dead"), Revision::V2026_07_28, None)] {
        let list = tools(&house.ask(cx, "tools/list", "{}").await);
        assert_eq!(began.elapsed().as_secs(), 3);
        assert!(list.contains("read") && list.contains("stale"), "what everybody has, to be asked for again: {list}");
        assert!(!Arc::ptr_eq(&cx.client, &askable.client) || list.contains("for_askable"), "{list}");
    }
}
