//! Whose a process is: everybody's, one principal's, one session's; and values that each member brings along.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use orch_domain::catalog::ItemKind;
use orch_domain::id::{SecretId, UserId};
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_domain::port::server_runtime::ServerRuntime;
use orch_domain::run_settings::{Isolation, PersonalValue};
use orch_domain::secret::{Sealed, Secret, Slot};
use orch_mcp::peer::{Peer, PeerEvent, PeerRequest};
use orch_relay::context::CallContext;
use orch_testkit::scripted_peer::{ScriptedPeer, never};

use crate::house::{House, hello, raw, usual};

const CALL: &str = r#"{"name":"read"}"#;

fn house(isolation: Isolation) -> House {
    let house = House::with(&["fs"]);
    house.change("fs", |server| server.run.isolation = isolation);
    house.connector.make("fs", || ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))));
    house
}

/// The peers that were called, with how often.
fn called(house: &House) -> Vec<usize> {
    let is_call = |sent: &&PeerRequest| sent.method.as_str() == "tools/call";
    let calls = house.connector.made().into_iter().map(|(peer, _)| peer.sent().iter().filter(is_call).count());
    calls.filter(|calls| *calls > 0).collect()
}

async fn call(house: &House, cx: &CallContext) {
    house.ask(cx, "tools/call", CALL).await.expect("an answer");
}

#[tokio::test]
async fn two_hundred_sessions_share_one_process() {
    let house = house(Isolation::Shared);
    let sessions: Vec<_> = (0..200).map(|_| House::in_session(&house.alone("fs"))).collect();
    join_all(sessions.iter().map(|cx| call(&house, cx))).await;
    assert_eq!(called(&house), [200]);
    assert_eq!(house.connector.connects_of("fs"), 1);
}

#[tokio::test]
async fn a_principal_has_a_process_to_itself() {
    let house = house(Isolation::PerPrincipal);
    let (ann, bob) = (UserId::new(), UserId::new());
    let cx = house.alone("fs");
    for _ in 0..2 {
        call(&house, &House::by(&House::in_session(&cx), ann)).await;
        call(&house, &House::by(&House::in_session(&cx), bob)).await;
    }
    call(&house, &House::by(&cx, ann)).await;
    assert_eq!(called(&house), [3, 2], "all sessions of one principal, and nobody else's");
}

#[tokio::test(start_paused = true)]
async fn a_session_has_a_process_to_itself_up_to_the_cap() {
    let house = house(Isolation::PerSession);
    house.change("fs", |server| {
        server.run.max_connections = Some(5);
        server.generation += 1;
    });
    let cx = house.alone("fs");
    let sessions: Vec<_> = (0..5).map(|_| House::in_session(&cx)).collect();
    join_all(sessions.iter().map(|cx| call(&house, cx))).await;
    call(&house, &sessions[0]).await;
    assert_eq!(called(&house).iter().sum::<usize>(), 6);
    assert_eq!(called(&house).len(), 5);
    let id = house.server("fs").id;
    assert_eq!(house.fleet.status(id).own_connections, 5);

    // What is remembered on them is not given up for another one: it waits, and is told so.
    let started = tokio::time::Instant::now();
    let sixth = House::in_session(&cx);
    let error = house.ask(&sixth, "tools/call", CALL).await.expect_err("all are taken");
    assert!(error.message.contains("none became free within 10 s"), "{}", error.message);
    assert_eq!(started.elapsed().as_secs(), 10);

    // A session that ends makes room for one that waits.
    let subscription = house.relay.subscribe(&sessions[1], orch_relay::subscription::Interest::lists()).await;
    let waiting = async { house.ask(&sixth, "tools/call", CALL).await };
    let leaving = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(subscription);
    };
    let (answer, ()) = tokio::join!(waiting, leaving);
    answer.expect("its turn");
    assert_eq!(called(&house).len(), 6);

    // All are gone after a time without use.
    house.clock.advance(Duration::from_secs(301));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(house.fleet.status(id).own_connections, 0);
    let open = house.connector.made().into_iter().filter(|(peer, _)| !peer.is_closed()).count();
    assert!(open <= 1, "at most the one that reads the lists is left: {open}");
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_an_end() {
    let house = house(Isolation::PerSession);
    house.change("fs", |server| {
        server.run.max_connections = Some(1);
        server.generation += 1;
    });
    let cx = house.alone("fs");
    call(&house, &House::in_session(&cx)).await;
    let sessions: Vec<_> = (0..300).map(|_| House::in_session(&cx)).collect();
    let answers = join_all(sessions.iter().map(|cx| house.ask(cx, "tools/call", CALL))).await;
    let errors: Vec<_> = answers.into_iter().map(|answer| answer.expect_err("no place").message).collect();
    let at_once = errors.iter().filter(|error| error.contains("256 calls wait for one")).count();
    assert_eq!(at_once, 300 - 256, "{:?}", errors.first());
    assert!(errors.iter().all(|error| error.contains("is busy")), "{errors:?}");
}

fn secret(value: &[u8]) -> Secret {
    let slot = Slot::Env("TOKEN".to_owned());
    Secret { id: SecretId::new(), slot, sealed: Sealed::from_bytes(value.to_vec()) }
}

/// With a token that each member has to bring along.
pub(crate) fn personal_house() -> House {
    let house = house(Isolation::Shared);
    house.change("fs", |server| {
        let about = PersonalValue { required: true, description: "your token".to_owned() };
        server.run.personal.insert(Slot::Env("TOKEN".to_owned()), about);
        server.secrets.push(Secret { slot: Slot::Env("OTHER".to_owned()), ..secret(b"everybody's") });
        server.generation += 1;
    });
    house
}

pub(crate) fn store(house: &House, user: UserId, value: &[u8]) {
    let id = house.server("fs").id;
    house.change_project(|project| {
        project.personal.entry(id).or_default().insert(user, vec![secret(value)]);
    });
}

fn token(server: &orch_domain::server::Server) -> Option<Vec<u8>> {
    let is_token = |secret: &&Secret| secret.slot == Slot::Env("TOKEN".to_owned());
    server.secrets.iter().find(is_token).map(|secret| secret.sealed.as_bytes().to_vec())
}

#[tokio::test]
async fn a_member_without_own_values_is_told_where_they_go() {
    let house = personal_house();
    for method in ["tools/call", "tools/list"] {
        let error = house.ask(&house.alone("fs"), method, CALL).await.expect_err("there is no value");
        assert!(error.message.contains("your own values for the variable TOKEN"), "{}", error.message);
        assert!(error.message.contains("/api/v1/projects/demo/servers/fs/personal-secrets"), "{}", error.message);
    }
    assert_eq!(house.connector.connects_of("fs"), 0);
    let error = house.fleet.start(house.server("fs").id).await.expect_err("there is nothing to start");
    assert!(error.to_string().contains("only with each member's own values"), "{error}");
}

#[tokio::test]
async fn each_member_has_a_process_with_own_values() {
    let house = personal_house();
    let (ann, bob) = (house.user(), UserId::new());
    store(&house, ann, b"ann's");
    store(&house, bob, b"bob's");
    let lists = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("lists, read on a connection of ann's");
    assert!(lists.as_str().contains("read"), "{lists:?}");
    call(&house, &house.alone("fs")).await;
    call(&house, &House::by(&house.alone("fs"), bob)).await;
    house.ask(&house.unified(), "tools/call", r#"{"name":"fs__read"}"#).await.expect("an answer");
    let made = house.connector.made();
    let tokens: Vec<_> = made.iter().filter_map(|(_, server)| token(server)).collect();
    assert_eq!(tokens, [b"ann's".to_vec(), b"bob's".to_vec()]);
    assert!(made.iter().all(|(_, server)| server.secrets.len() == 2), "the other values are there as well");
    assert_eq!(called(&house), [2, 1]);
}

#[tokio::test]
async fn new_values_replace_only_that_member_s_process() {
    let house = personal_house();
    let (ann, bob) = (house.user(), UserId::new());
    store(&house, ann, b"ann's");
    store(&house, bob, b"bob's");
    call(&house, &house.alone("fs")).await;
    call(&house, &House::by(&house.alone("fs"), bob)).await;
    store(&house, ann, b"ann's new");
    call(&house, &house.alone("fs")).await;
    call(&house, &House::by(&house.alone("fs"), bob)).await;
    let made = house.connector.made();
    let tokens: Vec<_> = made.iter().filter_map(|(_, server)| token(server)).collect();
    assert_eq!(tokens, [b"ann's".to_vec(), b"bob's".to_vec(), b"ann's new".to_vec()]);
    let closed = || made.iter().map(|(peer, _): &(Arc<ScriptedPeer>, _)| peer.is_closed()).collect::<Vec<_>>();
    for _ in 0..10_000 {
        if closed().contains(&true) {
            break;
        }
        // What is replaced ends in a task of its own.
        tokio::task::yield_now().await;
    }
    assert_eq!(closed(), [true, false, false]);
}

/// A server that offers each of its connections another tool.
fn house_with_a_tool_for_each() -> House {
    let house = personal_house();
    let made = std::sync::atomic::AtomicUsize::new(0);
    house.connector.make("fs", move || {
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        ScriptedPeer::new(hello(), usual(&format!("tool-{number}"), Ok(raw("{}"))))
    });
    house
}

#[tokio::test]
async fn nobody_sees_what_a_server_offers_to_the_values_of_somebody_else() {
    let house = house_with_a_tool_for_each();
    let (ann, bob, eve) = (house.user(), UserId::new(), UserId::new());
    store(&house, ann, b"ann's");
    store(&house, bob, b"bob's");
    for endpoint in [house.alone("fs"), house.unified()] {
        for (user, own, other) in [(ann, "tool-0", "tool-1"), (bob, "tool-1", "tool-0")] {
            for _ in 0..2 {
                let lists = house.ask(&House::by(&endpoint, user), "tools/list", "{}").await.expect("lists");
                let lists = lists.as_str();
                assert!(lists.contains(own) && !lists.contains(other), "{lists}");
            }
        }
    }
    // Whoever has no values has no lists either, and hears why where there is nothing else.
    let eve_s = House::by(&house.unified(), eve);
    let lists = house.ask(&eve_s, "tools/list", "{}").await.expect("lists");
    assert!(!lists.as_str().contains("tool-"), "{}", lists.as_str());
    let error = house.ask(&House::by(&house.alone("fs"), eve), "tools/list", "{}").await.expect_err("no values");
    assert!(error.message.contains("your own values"), "{}", error.message);
    assert_eq!(house.connector.made().len(), 2, "a connection for each who has values");
}

#[tokio::test]
async fn lists_follow_the_values_that_they_were_read_with() {
    let house = house_with_a_tool_for_each();
    store(&house, house.user(), b"old");
    let lists = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("lists");
    assert!(lists.as_str().contains("tool-0"), "{}", lists.as_str());
    store(&house, house.user(), b"new");
    let lists = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("lists");
    assert!(lists.as_str().contains("tool-1"), "{}", lists.as_str());
}

#[tokio::test]
async fn an_account_that_looks_without_a_client_sees_only_what_its_own_values_see() {
    let house = house_with_a_tool_for_each();
    let (ann, bob, eve) = (house.user(), UserId::new(), UserId::new());
    store(&house, ann, b"ann's");
    store(&house, bob, b"bob's");
    let server = house.server("fs").id;
    for (user, own) in [(ann, "tool-0"), (bob, "tool-1"), (ann, "tool-0")] {
        let offers = house.fleet.offers(server, user, ItemKind::Tool).await;
        let names: Vec<_> = offers.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!((names, offers.lacking), (vec![own], None));
        assert!(offers.fetched_at.is_some() && !offers.stale);
    }
    let offers = house.fleet.offers(server, eve, ItemKind::Tool).await;
    assert!(offers.items.is_empty() && offers.fetched_at.is_none());
    assert!(offers.lacking.is_some_and(|why| why.contains("store your own")));
    assert_eq!(house.connector.made().len(), 2, "a connection for each who has values, which calls use as well");
    call(&house, &house.alone("fs")).await;
    assert!(
        CatalogRepo::load_all(&house.store).await.expect("the store").is_empty(),
        "nothing of it is stored, where all would see it"
    );
}

#[tokio::test]
async fn lists_of_all_are_nobody_s_once_the_server_runs_with_own_values_alone() {
    let house = house_with_a_tool_for_each();
    let user = house.user();
    let shared = |server: &mut orch_domain::server::Server| {
        server.secrets.push(secret(b"everybody's"));
        server.generation += 1;
    };
    house.change("fs", shared);
    let server = house.server("fs").id;
    house.fleet.start(server).await.expect("it runs with the project's own value");
    assert_eq!(house.fleet.offers(server, user, ItemKind::Tool).await.items.len(), 1);
    house.change("fs", |server| {
        server.secrets.retain(|secret| secret.slot != Slot::Env("TOKEN".to_owned()));
        server.generation += 1;
    });
    let offers = house.fleet.offers(server, user, ItemKind::Tool).await;
    assert!(offers.items.is_empty() && offers.lacking.is_some());
    let status = house.fleet.status(server);
    assert_eq!((status.lists_read, status.lists_stale), (None, false), "there are none that could be of before");
}

#[tokio::test(start_paused = true)]
async fn a_process_of_one_account_that_keeps_failing_is_given_up() {
    let house = House::with(&["fs"]);
    house.change("fs", |server| server.run.isolation = Isolation::PerPrincipal);
    house.connector.put("fs", Err("exited with code 1"));
    let cx = house.alone("fs");
    // Those who wait for one attempt do not each make another.
    let together: Vec<_> = (0..20).map(|_| house.ask(&cx, "tools/call", CALL)).collect();
    for answer in join_all(together).await {
        answer.expect_err("it does not start");
    }
    assert!(house.connector.connects_of("fs") <= 2, "{}", house.connector.connects_of("fs"));
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_secs(61)).await;
        house.ask(&cx, "tools/call", CALL).await.expect_err("it does not start");
    }
    assert_eq!(house.connector.connects_of("fs"), 8);
    let error = house.ask(&cx, "tools/call", CALL).await.expect_err("it is given up");
    assert!(error.message.contains("until an admin restarts the server"), "{}", error.message);
    let others = House::by(&cx, UserId::new());
    house.ask(&others, "tools/call", CALL).await.expect_err("it does not start either");
    assert_eq!(house.connector.connects_of("fs"), 9, "one account keeps no other out");
    house.connector.make("fs", || ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))));
    house.change("fs", |server| server.generation += 1);
    call(&house, &cx).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_soon_after_its_start_is_a_failure() {
    let house = house(Isolation::PerPrincipal);
    let cx = house.alone("fs");
    for _ in 0..40 {
        // Which of them finds it given up is seen below.
        let _ = house.ask(&cx, "tools/call", CALL).await;
        for (peer, _) in house.connector.made() {
            if !peer.is_closed() {
                peer.break_off();
                let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
                sink.event(PeerEvent::Closed { reason: "killed by signal 11".to_owned() });
            }
        }
        tokio::time::sleep(Duration::from_secs(61)).await;
    }
    assert_eq!(house.connector.connects_of("fs"), 8);
    let error = house.ask(&cx, "tools/call", CALL).await.expect_err("it is given up");
    assert!(error.message.contains("killed by signal 11; it failed 8 times in a row"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_settles_makes_no_storm_for_own_values_either() {
    let house = personal_house();
    store(&house, house.user(), b"own");
    let round = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&round);
    house.connector.make("fs", move || {
        let (round, others) = (Arc::clone(&counted), usual("read", Ok(raw("{}"))));
        ScriptedPeer::new(hello(), move |request| match request.method.as_str() {
            "tools/list" => {
                let round = round.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let tool = format!(r#"{{"tools":[{{"name":"t{round}","inputSchema":{{"type":"object"}}}}]}}"#);
                orch_testkit::scripted_peer::ends(Ok(raw(&tool)))
            }
            _ => others(request),
        })
    });
    let cx = house.alone("fs");
    house.ask(&cx, "tools/list", "{}").await.expect("lists");
    house.changes.lock().unwrap().clear();
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    for _ in 0..3000 {
        let method = orch_mcp::message::MethodName::from_static("notifications/tools/list_changed");
        sink.event(PeerEvent::Notification(orch_mcp::message::Notification { method, params: None }));
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.ask(&cx, "tools/list", "{}").await.expect("lists");
    }
    let (reads, told) = (round.load(std::sync::atomic::Ordering::Relaxed), house.changes.lock().unwrap().len());
    assert!((5..60).contains(&reads) && told < 120, "{reads} reads and {told} changes in 5 minutes of 3000");
}

#[tokio::test(start_paused = true)]
async fn lists_of_a_server_that_becomes_another_one_are_asked_for_anew() {
    let house = personal_house();
    store(&house, house.user(), b"own");
    let made = std::sync::atomic::AtomicUsize::new(0);
    house.connector.make("fs", move || {
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let others = usual(&format!("tool-{number}"), Ok(raw("{}")));
        ScriptedPeer::new(hello(), move |request| match request.method.as_str() {
            "tools/list" if number == 0 => never(),
            _ => others(request),
        })
    });
    let before = house.alone("fs");
    let first = house.ask(&before, "tools/list", "{}");
    let later = async {
        let is_asked = |made: &[(Arc<ScriptedPeer>, _)]| {
            made.iter().any(|(peer, _)| peer.sent().iter().any(|sent| sent.method.as_str() == "tools/list"))
        };
        while !is_asked(&house.connector.made()) {
            tokio::task::yield_now().await;
        }
        house.change("fs", |server| server.generation += 1);
        house.ask(&house.alone("fs"), "tools/list", "{}").await
    };
    let both = tokio::time::timeout(Duration::from_secs(1), futures_util::future::join(first, later)).await;
    let (first, later) = both.expect("nobody waits for what is not true any more");
    for lists in [first, later] {
        let lists = lists.expect("lists");
        assert!(lists.as_str().contains("tool-1"), "{lists:?}");
    }
}
