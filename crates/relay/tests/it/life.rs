//! What becomes of a server that fails, is idle, is silent or is changed: the states, and what calls meet in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use orch_domain::port::server_runtime::ServerRuntime;
use orch_domain::server::Server;
use orch_domain::server_state::ServerState;
use orch_mcp::peer::{Peer, PeerEvent, PeerRequest, ReplyItem, ReplyStream};
use orch_testkit::builders::a_catalog;
use orch_testkit::scripted_peer::{ScriptedPeer, never};
use tokio::sync::Notify;

use crate::house::{House, end, hello, raw, usual};

const CALL: &str = r#"{"name":"read"}"#;

fn peer(house: &House, alias: &str) -> Arc<ScriptedPeer> {
    scripted(house, alias, usual("read", Ok(raw("{}"))))
}

fn scripted(
    house: &House,
    alias: &str,
    script: impl Fn(PeerRequest) -> ReplyStream + Send + Sync + 'static,
) -> Arc<ScriptedPeer> {
    let peer = Arc::new(ScriptedPeer::new(hello(), script));
    house.connector.put(alias, Ok(Arc::clone(&peer)));
    peer
}

/// Lets the owner tasks do what is to be done now.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Both clocks.
async fn pass(house: &House, time: Duration) {
    house.clock.advance(time);
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_waits_for_an_admin() {
    let house = House::with(&["fs"]);
    house.connector.put("fs", Err("exited with code 1"));
    let cx = house.alone("fs");
    for failures in 1..=8 {
        house.ask(&cx, "tools/call", CALL).await.expect_err("it does not start");
        assert_eq!(house.connector.connects_of("fs"), failures);
        pass(&house, Duration::from_secs(61)).await;
    }
    assert_eq!(house.state("fs"), ServerState::CrashLooping { failures: 8 });
    pass(&house, Duration::from_secs(3600)).await;
    peer(&house, "fs");
    let error = house.ask(&cx, "tools/call", CALL).await.expect_err("it waits");
    assert!(error.message.contains("failed 8 times in a row"), "{}", error.message);
    assert!(error.message.contains("until an admin restarts it"), "{}", error.message);
    assert_eq!(house.connector.connects_of("fs"), 8, "nobody has started it");
    let id = house.server("fs").id;
    house.fleet.start(id).await.expect("an admin starts it");
    assert_eq!(house.state("fs"), ServerState::Ready);
    assert_eq!(house.fleet.status(id).reason, None);
    house.ask(&cx, "tools/call", CALL).await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn another_configuration_ends_a_crash_loop() {
    let house = House::with(&["fs"]);
    house.connector.put("fs", Err("exited with code 1"));
    for _ in 0..8 {
        house.ask(&house.alone("fs"), "tools/call", CALL).await.expect_err("it does not start");
        pass(&house, Duration::from_secs(61)).await;
    }
    assert!(house.state("fs").waits_for_a_person());
    peer(&house, "fs");
    house.change("fs", |server| server.generation += 1);
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn what_is_dialled_is_never_given_up() {
    let house = House::with(&["fs"]);
    house.change("fs", |server| {
        server.transport = orch_domain::server::Transport::StreamableHttp { url: "https://a.example/mcp".to_owned() };
    });
    house.connector.put("fs", Err("connection refused"));
    for _ in 0..20 {
        house.ask(&house.alone("fs"), "tools/call", CALL).await.expect_err("it is away");
        pass(&house, Duration::from_secs(61)).await;
    }
    peer(&house, "fs");
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("it is back");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_speak_mcp_is_not_tried_again() {
    let house = House::with(&["fs"]);
    house.connector.put("fs", Err("speaks protocol version 1999-01-01, which is unknown here"));
    house.connector.incompatible.store(true, Ordering::Release);
    let error = house.ask(&house.alone("fs"), "tools/call", CALL).await.expect_err("it does not fit");
    assert!(error.message.contains("does not work as an MCP server"), "{}", error.message);
    pass(&house, Duration::from_secs(3600)).await;
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect_err("it does not fit");
    assert_eq!((house.state("fs"), house.connector.connects_of("fs")), (ServerState::Incompatible, 1));
}

#[tokio::test(start_paused = true)]
async fn an_admin_s_stop_lasts() {
    let house = House::with(&["fs"]);
    peer(&house, "fs");
    house.change("fs", |server| server.run.always_on = true);
    settle().await;
    let id = house.server("fs").id;
    house.fleet.stop(id).await.expect("a stop");
    pass(&house, Duration::from_secs(600)).await;
    let error = house.ask(&house.alone("fs"), "tools/call", CALL).await.expect_err("it is stopped");
    assert!(error.message.contains("stopped by an admin"), "{}", error.message);
    assert_eq!(house.state("fs"), ServerState::StoppedByAdmin);
    peer(&house, "fs");
    house.fleet.start(id).await.expect("a start");
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn what_is_always_on_starts_by_itself_comes_back_and_never_idles() {
    let house = House::with(&["fs"]);
    let first = peer(&house, "fs");
    house.change("fs", |server| server.run.always_on = true);
    pass(&house, Duration::from_secs(2)).await;
    assert_eq!((house.state("fs"), house.connector.connects_of("fs")), (ServerState::Ready, 1));
    pass(&house, Duration::from_secs(3600)).await;
    assert!(!first.is_closed(), "it is needed, used or not");
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    let second = peer(&house, "fs");
    first.break_off();
    sink.event(PeerEvent::Closed { reason: "killed by signal 9".to_owned() });
    pass(&house, Duration::from_secs(3)).await;
    assert_eq!((house.state("fs"), house.connector.connects_of("fs")), (ServerState::Ready, 2));
    assert!(!second.is_closed());
}

#[tokio::test(start_paused = true)]
async fn on_demand_nothing_starts_but_for_who_waits_for_it() {
    let stored = |server: &Server| {
        let mut stored = a_catalog(server.id).build();
        stored.handshake = hello().write().as_str().into();
        Some(stored)
    };
    let house = House::on_demand(&["fs"], stored);
    peer(&house, "fs");
    house.change("fs", |server| server.run.always_on = true);
    pass(&house, Duration::from_secs(10)).await;
    house.change("fs", |server| server.generation += 1);
    pass(&house, Duration::from_secs(10)).await;
    let id = house.server("fs").id;
    house.ask(&house.unified(), "tools/list", "{}").await.expect("lists that are known, and may be old");
    pass(&house, Duration::from_secs(10)).await;
    assert_eq!((house.state("fs"), house.connector.connects_of("fs")), (ServerState::Stopped, 0));
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    assert_eq!(house.connector.connects_of("fs"), 1);
    house.fleet.stop(id).await.expect("a stop");
}

#[tokio::test(start_paused = true)]
async fn a_server_may_have_an_idle_time_of_its_own() {
    let house = House::with(&["fs"]);
    house.change("fs", |server| server.run.idle_stop = Some(Duration::from_secs(5)));
    let fs = peer(&house, "fs");
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    pass(&house, Duration::from_secs(4)).await;
    assert!(!fs.is_closed());
    pass(&house, Duration::from_secs(3)).await;
    assert!(fs.is_closed());
    assert_eq!(house.state("fs"), ServerState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn running_calls_finish_on_what_is_being_replaced() {
    let house = House::with(&["fs"]);
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let lists = usual("read", Ok(raw("{}")));
    let old = scripted(&house, "fs", move |request| match request.method.as_str() {
        "tools/call" => {
            let gate = Arc::clone(&opened);
            Box::pin(stream::once(async move {
                gate.notified().await;
                ReplyItem::End(Ok(raw(r#"{"from":"old"}"#)))
            }))
        }
        _ => lists(request),
    });
    let running = tokio::spawn(end(house.send(&house.alone("fs"), "tools/call", CALL)));
    settle().await;
    let new = scripted(&house, "fs", usual("read", Ok(raw(r#"{"from":"new"}"#))));
    house.change("fs", |server| server.generation += 1);
    let answer = house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    assert_eq!(answer.as_str(), r#"{"from":"new"}"#, "new calls go to the new one");
    pass(&house, Duration::from_secs(10)).await;
    assert!(!old.is_closed(), "it has a call");
    gate.notify_one();
    let answer = running.await.expect("no panic").expect("the old one's answer");
    assert_eq!(answer.as_str(), r#"{"from":"old"}"#);
    settle().await;
    assert!(old.is_closed() && !new.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_holds_nothing_up_for_ever() {
    let house = House::with(&["fs"]);
    house.change("fs", |server| server.call_timeout = Duration::from_secs(600));
    let lists = usual("read", Ok(raw("{}")));
    let old = scripted(&house, "fs", move |request| match request.method.as_str() {
        "tools/call" => never(),
        _ => lists(request),
    });
    let mut running = house.send(&house.alone("fs"), "tools/call", CALL);
    assert!(tokio::time::timeout(Duration::from_secs(1), running.next()).await.is_err(), "it runs");
    peer(&house, "fs");
    house.change("fs", |server| server.generation += 1);
    pass(&house, Duration::from_secs(29)).await;
    assert!(!old.is_closed());
    pass(&house, Duration::from_secs(2)).await;
    assert!(old.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_degraded_and_then_restarted() {
    let house = House::with(&["fs"]);
    let silent = Arc::new(AtomicBool::new(false));
    let mute = Arc::clone(&silent);
    let lists = usual("read", Ok(raw("{}")));
    let fs = scripted(&house, "fs", move |request| if mute.load(Ordering::Acquire) { never() } else { lists(request) });
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    pass(&house, Duration::from_secs(63)).await;
    assert_eq!(house.state("fs"), ServerState::Ready);
    let pings = fs.sent().iter().filter(|sent| sent.method.as_str() == "ping").count();
    assert_eq!(pings, 1, "it was asked once, after a minute without a call");
    silent.store(true, Ordering::Release);
    pass(&house, Duration::from_secs(75)).await;
    assert_eq!(house.state("fs"), ServerState::Degraded);
    let reason = house.fleet.status(house.server("fs").id).reason;
    assert_eq!(reason.as_deref(), Some("it did not answer a check within 10 s"));
    pass(&house, Duration::from_secs(30)).await;
    assert!(fs.is_closed());
    assert!(matches!(house.state("fs"), ServerState::BackingOff { failures: 1, .. }), "{:?}", house.state("fs"));
    peer(&house, "fs");
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer of the next one");
}

#[tokio::test(start_paused = true)]
async fn a_server_recovers_when_it_answers_again() {
    let house = House::with(&["fs"]);
    let silent = Arc::new(AtomicBool::new(false));
    let mute = Arc::clone(&silent);
    let lists = usual("read", Ok(raw("{}")));
    let fs = scripted(&house, "fs", move |request| {
        if mute.load(Ordering::Acquire) && request.method.as_str() != "tools/list" { never() } else { lists(request) }
    });
    let cx = house.alone("fs");
    house.ask(&cx, "tools/list", "{}").await.expect("a list");
    settle().await;
    silent.store(true, Ordering::Release);
    // A call that is not answered is reason enough to look.
    let error = house.ask(&cx, "tools/call", CALL).await.expect_err("a timeout");
    assert!(error.message.contains("did not answer within 30 s"), "{}", error.message);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(house.state("fs"), ServerState::Degraded);
    silent.store(false, Ordering::Release);
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(house.state("fs"), ServerState::Ready);
    assert!(!fs.is_closed());
}

#[tokio::test(start_paused = true)]
async fn ready_means_that_the_lists_are_there() {
    let house = House::with(&["fs"]);
    let late = Arc::new(AtomicBool::new(true));
    let waiting = Arc::clone(&late);
    let lists = usual("read", Ok(raw("{}")));
    scripted(&house, "fs", move |request| {
        if request.method.as_str() == "tools/list" && waiting.load(Ordering::Acquire) {
            never()
        } else {
            lists(request)
        }
    });
    // Calls need no lists.
    house.ask(&house.alone("fs"), "tools/call", CALL).await.expect("an answer");
    assert_eq!(house.state("fs"), ServerState::Starting);
    house.fleet.start(house.server("fs").id).await.expect("it runs");
    assert_eq!(house.state("fs"), ServerState::Degraded);
    let reason = house.fleet.status(house.server("fs").id).reason.expect("a reason");
    assert!(reason.contains("tools/list was not answered within 10 s"), "{reason}");
    late.store(false, Ordering::Release);
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(house.state("fs"), ServerState::Ready);
}

#[tokio::test(start_paused = true)]
async fn failures_with_a_good_run_between_them_are_no_crash_loop() {
    let house = House::with(&["fs"]);
    let cx = house.alone("fs");
    for _ in 0..12 {
        house.connector.put("fs", Err("exited with code 1"));
        house.ask(&cx, "tools/call", CALL).await.expect_err("it does not start");
        pass(&house, Duration::from_secs(61)).await;
        peer(&house, "fs");
        house.ask(&cx, "tools/call", CALL).await.expect("an answer");
        // Until it is idle for so long that it is stopped.
        pass(&house, Duration::from_secs(3600)).await;
        assert_eq!(house.state("fs"), ServerState::Stopped);
    }
}

#[tokio::test(start_paused = true)]
async fn no_room_for_one_more_is_no_failure_of_the_server() {
    let house = House::with(&["fs"]);
    let cx = house.alone("fs");
    house.connector.put("fs", Err("256 servers run, the limit"));
    house.connector.busy.store(true, Ordering::Release);
    for _ in 0..20 {
        let error = house.ask(&cx, "tools/call", CALL).await.expect_err("there is no room");
        assert!(error.message.contains("256 servers run"), "{}", error.message);
        assert_eq!(house.state("fs"), ServerState::Stopped);
    }
    assert_eq!(*house.connector.remarks.lock().unwrap(), ["256 servers run, the limit"], "said once");
    peer(&house, "fs");
    house.ask(&cx, "tools/call", CALL).await.expect("there is room again");
}

#[tokio::test(start_paused = true)]
async fn only_what_is_removed_is_forgotten() {
    let house = House::with(&["fs", "other"]);
    let gone = house.server("fs").id;
    house.remove("fs");
    house.fleet.shut_down().await;
    assert_eq!(*house.connector.forgotten.lock().unwrap(), [gone], "the log of the other one outlives the daemon");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_is_waited_for_once() {
    let house = House::with(&["fs", "other"]);
    peer(&house, "other");
    house.connector.stuck.lock().unwrap().push("fs".to_owned());
    let ask = async || {
        let begun = tokio::time::Instant::now();
        let list = house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
        assert!(list.as_str().contains("other__read"), "{list:?}");
        begun.elapsed()
    };
    assert!(ask().await >= Duration::from_secs(1), "who has never been seen is waited for");
    for _ in 0..20 {
        assert_eq!(ask().await, Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_slow_is_not_waited_for_again_until_its_lists_are_there() {
    let house = House::with(&["fs", "other"]);
    peer(&house, "other");
    *house.connector.late.lock().unwrap() = Some(("fs".to_owned(), Duration::from_secs(20)));
    house.connector.put("fs", Err("it did not answer"));
    let ask = async || {
        let begun = tokio::time::Instant::now();
        let list = house.ask(&house.unified(), "tools/list", "{}").await.expect("a list");
        (begun.elapsed(), list.as_str().contains("fs__read"))
    };
    assert_eq!(ask().await, (Duration::from_secs(3), false));
    let tried = || house.connector.connects.lock().unwrap().iter().filter(|alias| *alias == "fs").count();
    for attempts in 2..4 {
        // The pause after a failure goes by the house's clock.
        tokio::time::sleep(Duration::from_secs(30)).await;
        house.clock.advance(Duration::from_secs(60));
        assert_eq!(ask().await, (Duration::ZERO, false));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(tried(), attempts, "it is tried again");
    }
    *house.connector.late.lock().unwrap() = None;
    peer(&house, "fs");
    tokio::time::sleep(Duration::from_secs(30)).await;
    house.clock.advance(Duration::from_secs(60));
    ask().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ask().await, (Duration::ZERO, true));
}

#[tokio::test(start_paused = true)]
async fn another_definition_is_noted_although_another_list_is_late() {
    let house = House::with(&["fs"]);
    let seen = Arc::<std::sync::Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&seen);
    house.fleet.observe_definitions(move |change| noted.lock().unwrap().extend(change.tools.clone()));
    let changed = Arc::new(AtomicBool::new(false));
    let is_changed = Arc::clone(&changed);
    let others = usual("read", Ok(raw("{}")));
    scripted(&house, "fs", move |request| match (request.method.as_str(), is_changed.load(Ordering::Acquire)) {
        ("tools/list", true) => orch_testkit::scripted_peer::ends(Ok(raw(
            r#"{"tools":[{"name":"read","description":"another","inputSchema":{"type":"object"}}]}"#,
        ))),
        ("prompts/list", true) => never(),
        _ => others(request),
    });
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    settle().await;
    changed.store(true, Ordering::Release);
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    for list in ["tools", "prompts"] {
        let method =
            if list == "tools" { "notifications/tools/list_changed" } else { "notifications/prompts/list_changed" };
        let method = orch_mcp::message::MethodName::from_static(method);
        sink.event(PeerEvent::Notification(orch_mcp::message::Notification { method, params: None }));
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(*seen.lock().unwrap(), ["read"], "once");
}
