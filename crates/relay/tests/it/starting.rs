//! Starting and stopping: once for many callers, with pauses after failures, and never for longer than needed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use orch_domain::call::Outcome;
use orch_domain::port::server_runtime::{RuntimeError, ServerRuntime};
use orch_domain::run_settings::Isolation;
use orch_domain::server_state::ServerState;
use orch_mcp::peer::{Peer, PeerEvent};
use orch_relay::stop::StopReason;
use orch_testkit::scripted_peer::ScriptedPeer;

use crate::house::{House, hello, raw, usual};

fn peer(house: &House, alias: &str) -> Arc<ScriptedPeer> {
    let peer = Arc::new(ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))));
    house.connector.put(alias, Ok(Arc::clone(&peer)));
    peer
}

const CALL: &str = r#"{"name":"read"}"#;

#[tokio::test]
async fn starts_once_for_all_who_wait() {
    let house = House::with(&["fs"]);
    peer(&house, "fs");
    let cx = house.alone("fs");
    let answers = join_all((0..100).map(|_| house.ask(&cx, "tools/call", CALL))).await;
    assert!(answers.iter().all(Result::is_ok));
    house.fleet.start(house.server("fs").id).await.expect("its lists as well");
    assert_eq!(house.connector.connects_of("fs"), 1);
    assert_eq!(house.fleet.status(house.server("fs").id).state, ServerState::Ready);
}

#[tokio::test]
async fn pauses_after_failures_and_says_so() {
    let house = House::with(&["fs"]);
    house.connector.put("fs", Err("exited with code 1"));
    let cx = house.alone("fs");
    for expected in ["exited with code 1", "exited with code 1", "the next start is possible in 0."] {
        let error = house.ask(&cx, "tools/call", CALL).await.expect_err("it does not start");
        assert!(error.message.contains(expected), "{expected} in {}", error.message);
    }
    assert_eq!(house.connector.connects_of("fs"), 2, "no start during the pause");
    let status = house.fleet.status(house.server("fs").id);
    assert!(matches!(status.state, ServerState::BackingOff { failures: 2, .. }), "{:?}", status.state);
    assert_eq!(status.reason.as_deref(), Some("exited with code 1"));

    peer(&house, "fs");
    house.clock.advance(Duration::from_millis(501));
    assert!(house.ask(&cx, "tools/call", CALL).await.is_ok());
}

#[tokio::test]
async fn a_lost_server_is_started_by_the_next_call() {
    let house = House::with(&["fs"]);
    let first = peer(&house, "fs");
    let cx = house.alone("fs");
    house.ask(&cx, "tools/call", CALL).await.expect("an answer");
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    peer(&house, "fs");
    first.break_off();
    sink.event(PeerEvent::Closed { reason: "killed by signal 9".to_owned() });
    house.ask(&cx, "tools/call", CALL).await.expect("an answer of the new one");
    assert_eq!(house.connector.connects_of("fs"), 2);
    // News of an old connection say nothing about the new one.
    sink.event(PeerEvent::Closed { reason: "again".to_owned() });
    house.ask(&cx, "tools/call", CALL).await.expect("an answer");
    assert_eq!(house.connector.connects_of("fs"), 2);
}

#[tokio::test]
async fn a_changed_configuration_replaces_what_runs() {
    let house = House::with(&["fs"]);
    let old = peer(&house, "fs");
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    let new = peer(&house, "fs");
    house.change("fs", |server| server.generation += 1);
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    assert!(old.is_closed() && !new.is_closed());
    // A change of words only replaces nothing.
    house.change("fs", |server| server.name = "another".to_owned());
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    assert!(!new.is_closed());
}

#[tokio::test]
async fn stops_and_starts_as_told() {
    let house = House::with(&["fs"]);
    let fs = peer(&house, "fs");
    let id = house.server("fs").id;
    house.fleet.start(id).await.expect("a start");
    assert_eq!(house.fleet.status(id).state, ServerState::Ready);
    house.fleet.stop(id).await.expect("a stop");
    assert_eq!(house.fleet.status(id).state, ServerState::StoppedByAdmin);
    assert!(fs.is_closed());
    peer(&house, "fs");
    house.change("fs", |server| server.enabled = false);
    assert_eq!(house.fleet.start(id).await, Err(RuntimeError::Disabled));
    let error = house.ask(&house.alone("fs"), "tools/call", CALL).await.expect_err("disabled");
    assert!(error.message.contains("disabled"), "{}", error.message);
    house.change("fs", |server| server.enabled = true);
    house.fleet.start(id).await.expect("a start");
}

#[tokio::test]
async fn several_changes_at_once_are_one() {
    let house = House::with(&["fs"]);
    let old = peer(&house, "fs");
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    peer(&house, "fs");
    // Off and on again before anybody could act on it.
    house.change("fs", |server| server.enabled = false);
    house.change("fs", |server| server.enabled = true);
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer of the new one");
    assert!(old.is_closed());
    assert_eq!(house.connector.connects_of("fs"), 2);
}

#[tokio::test(start_paused = true)]
async fn stops_a_server_that_nobody_uses() {
    let house = House::with(&["fs"]);
    let fs = peer(&house, "fs");
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    house.clock.advance(Duration::from_secs(599));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!fs.is_closed());
    house.clock.advance(Duration::from_secs(2));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(fs.is_closed());
    assert_eq!(house.fleet.status(house.server("fs").id).state, ServerState::Stopped);
}

#[tokio::test]
async fn leaves_nothing_behind_at_the_end() {
    let house = House::with(&["a", "b"]);
    let (a, b) = (peer(&house, "a"), peer(&house, "b"));
    house.ask(&house.alone("a"), "tools/call", CALL).await.expect("an answer");
    house.ask(&house.alone("b"), "tools/call", CALL).await.expect("an answer");
    house.fleet.shut_down().await;
    assert!(a.is_closed() && b.is_closed());
    let error = house.ask(&house.alone("a"), "tools/call", CALL).await.expect_err("over");
    assert!(error.message.contains("the daemon is stopping"), "{}", error.message);
}

/// Longer than anything takes that waits for nothing, in a time that only passes when everybody waits.
const AT_ONCE: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_server_that_is_starting() {
    for own in [false, true] {
        let house = House::with(&["fs"]);
        if own {
            house.change("fs", |server| server.run.isolation = Isolation::PerPrincipal);
        }
        house.connector.stuck.lock().unwrap().push("fs".to_owned());
        let cx = house.alone("fs");
        let asking = house.ask(&cx, "tools/call", CALL);
        let ending = async {
            while house.connector.connects_of("fs") == 0 {
                tokio::task::yield_now().await;
            }
            house.fleet.shut_down().await;
        };
        let (answer, ()) = tokio::time::timeout(AT_ONCE, join(asking, ending)).await.expect("at once");
        let error = answer.expect_err("it never started");
        assert!(error.message.contains("the daemon is stopping"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_call_that_has_not_reached_its_server_is_to_be_sent_again() {
    let house = House::with(&["fs"]);
    house.connector.stuck.lock().unwrap().push("fs".to_owned());
    let cx = house.alone("fs");
    let stopping = async {
        while house.connector.connects_of("fs") == 0 {
            tokio::task::yield_now().await;
        }
        cx.stop.stop(StopReason::Stopping);
    };
    let (answer, ()) = join(house.ask(&cx, "tools/call", CALL), stopping).await;
    let error = answer.expect_err("it never started");
    assert_eq!(error.message, "the daemon is stopping; send the request again in a moment");
    assert_eq!(house.recorded()[0].outcome, Outcome::Stopping);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_at_the_end_does_not_hold_it_up() {
    let house = House::with(&["fs"]);
    house.fleet.retire();
    let late = house.add("late");
    tokio::time::timeout(AT_ONCE, house.fleet.shut_down()).await.expect("at once");
    let error = house.ask(&house.alone("late"), "tools/call", CALL).await.expect_err("there is no place for it");
    assert!(error.message.contains("not available"), "{}", error.message);
    assert_eq!(house.fleet.start(late).await, Err(RuntimeError::Missing));
}
