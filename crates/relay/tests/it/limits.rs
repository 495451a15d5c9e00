//! Timeouts, caps, and what may be tried a second time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use orch_domain::call::Outcome;
use orch_domain::run_settings::Isolation;
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest, ReplyItem, ReplyStream};
use orch_testkit::scripted_peer::{ScriptedPeer, ends, never};
use tokio::sync::watch;

use crate::house::{House, end, hello, raw, usual};

const TOOLS: &str = r#"{"tools":[
    {"name":"read","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}},
    {"name":"put","inputSchema":{"type":"object"},"annotations":{"idempotentHint":true}},
    {"name":"append","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":false}}
]}"#;

fn with_tools(
    call: impl Fn() -> ReplyStream + Send + Sync + 'static,
) -> impl Fn(PeerRequest) -> ReplyStream + Send + Sync + 'static {
    let others = usual("x", Ok(raw("{}")));
    move |request| match request.method.as_str() {
        "tools/list" => ends(Ok(raw(TOOLS))),
        "tools/call" => call(),
        _ => others(request),
    }
}

/// A house whose server knows its tools, and dies with the next call.
async fn about_to_die() -> House {
    let house = House::with(&["fs"]);
    let dead = || ends(Err(PeerError::Closed { reason: "killed by signal 9".to_owned() }));
    let first = Arc::new(ScriptedPeer::new(hello(), with_tools(dead)));
    house.connector.put("fs", Ok(Arc::clone(&first)));
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    let second = ScriptedPeer::new(hello(), with_tools(|| ends(Ok(raw(r#"{"second":true}"#)))));
    house.connector.put("fs", Ok(Arc::new(second)));
    first.break_off();
    // The end of the connection is still unknown to the owner; the lease sees the peer closed when it is asked for.
    drop(sink);
    house
}

#[tokio::test]
async fn only_what_does_no_harm_is_tried_again_and_once() {
    for (tool, again) in [("read", true), ("put", true), ("append", false), ("unknown", false)] {
        let house = House::with(&["fs"]);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let broken = move || {
            counted.fetch_add(1, Ordering::AcqRel);
            ends(Err(PeerError::Closed { reason: "killed by signal 9".to_owned() }))
        };
        house.connector.put("fs", Ok(Arc::new(ScriptedPeer::new(hello(), with_tools(broken)))));
        house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
        let params = format!(r#"{{"name":"{tool}"}}"#);
        let error = house.ask(&house.alone("fs"), "tools/call", &params).await.expect_err("it dies each time");
        assert!(error.message.contains("killed by signal 9"), "{}", error.message);
        assert_eq!(calls.load(Ordering::Acquire), if again { 2 } else { 1 }, "{tool}");
        assert_eq!(house.recorded().len(), 1, "one call, one record");
    }
    let house = about_to_die().await;
    let answer = house.ask(&house.alone("fs"), "tools/call", r#"{"name":"append"}"#).await.expect("a new connection");
    assert_eq!(answer.as_str(), r#"{"second":true}"#);
}

#[tokio::test]
async fn an_isolated_call_is_tried_again_on_a_connection_of_its_own() {
    for (tool, again) in [("read", true), ("append", false)] {
        let house = House::with(&["fs"]);
        house.change("fs", |server| server.run.isolation = Isolation::PerSession);
        let broken = || ends(Err(PeerError::Closed { reason: "killed by signal 9".to_owned() }));
        house.connector.make("fs", move || ScriptedPeer::new(hello(), with_tools(broken)));
        let cx = House::in_session(&house.alone("fs"));
        house.ask(&cx, "tools/list", "{}").await.expect("a list");
        let params = format!(r#"{{"name":"{tool}"}}"#);
        let error = house.ask(&cx, "tools/call", &params).await.expect_err("it dies each time");
        assert!(error.message.contains("killed by signal 9"), "{}", error.message);
        let is_call = |sent: &&PeerRequest| sent.method.as_str() == "tools/call";
        let calls = house.connector.made().into_iter().map(|(peer, _)| peer.sent().iter().filter(is_call).count());
        assert_eq!(calls.sum::<usize>(), if again { 2 } else { 1 }, "{tool}");
        assert_eq!(house.recorded().len(), 1, "one call, one record");
    }
}

#[tokio::test]
async fn what_has_said_something_is_not_tried_again() {
    let house = House::with(&["fs"]);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let broken = move || -> ReplyStream {
        counted.fetch_add(1, Ordering::AcqRel);
        let items = vec![
            ReplyItem::Progress(raw(r#"{"progress":1}"#)),
            ReplyItem::End(Err(PeerError::Closed { reason: "gone".to_owned() })),
        ];
        Box::pin(stream::iter(items))
    };
    house.connector.put("fs", Ok(Arc::new(ScriptedPeer::new(hello(), with_tools(broken)))));
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    house.ask(&house.alone("fs"), "tools/call", r#"{"name":"read"}"#).await.expect_err("gone");
    assert_eq!(calls.load(Ordering::Acquire), 1);
}

/// A process that is killed in the middle of 500 calls.
#[tokio::test]
async fn each_of_500_callers_has_exactly_one_answer() {
    let house = House::with(&["fs", "other"]);
    let (kill, killed) = watch::channel(false);
    let dying = move || -> ReplyStream {
        let mut killed = killed.clone();
        Box::pin(stream::once(async move {
            let _ = killed.wait_for(|killed| *killed).await;
            ReplyItem::End(Err(PeerError::Closed { reason: "killed by signal 9".to_owned() }))
        }))
    };
    let first = Arc::new(ScriptedPeer::new(hello(), with_tools(dying)));
    house.connector.put("fs", Ok(Arc::clone(&first)));
    house.connector.put("other", Ok(Arc::new(ScriptedPeer::new(hello(), usual("read", Ok(raw("{}")))))));
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    let cx = house.alone("fs");
    let tool = |number: usize| if number.is_multiple_of(2) { r#"{"name":"read"}"# } else { r#"{"name":"append"}"# };
    let calls: Vec<_> = (0..500)
        .map(|number| {
            let mut reply = house.send(&cx, "tools/call", tool(number));
            tokio::spawn(async move {
                let mut ends = Vec::new();
                while let Some(event) = reply.next().await {
                    if let orch_relay::reply::Event::End(answer) = event {
                        ends.push(answer.into_inner().is_ok());
                    }
                }
                ends
            })
        })
        .collect();
    // All of them are at the server when it goes away.
    let arrived = async {
        while first.sent().iter().filter(|request| request.method.as_str() == "tools/call").count() < calls.len() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("every call reaches the server");
    let second = ScriptedPeer::new(hello(), with_tools(|| ends(Ok(raw("{}")))));
    house.connector.put("fs", Ok(Arc::new(second)));
    first.break_off();
    kill.send_replace(true);
    sink.event(PeerEvent::Closed { reason: "killed by signal 9".to_owned() });
    house.ask(&house.alone("other"), "tools/call", r#"{"name":"read"}"#).await.expect("others go on");
    for (number, ends) in join_all(calls).await.into_iter().enumerate() {
        let ends = ends.expect("no panic");
        assert_eq!(
            ends,
            [number.is_multiple_of(2)],
            "call {number}: what is read-only is answered by the next process"
        );
    }
    assert_eq!(house.recorded().len(), 501);
    assert_eq!(house.connector.connects_of("fs"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tool_may_have_a_time_of_its_own() {
    let house = House::with(&["fs"]);
    house.change("fs", |server| {
        server.run.tool_timeouts.insert("slow".to_owned(), Duration::from_secs(300));
        server.run.tool_timeouts.insert("quick".to_owned(), Duration::from_secs(1));
    });
    let fs = Arc::new(ScriptedPeer::new(hello(), with_tools(never)));
    house.connector.put("fs", Ok(Arc::clone(&fs)));
    for (tool, seconds) in [("slow", 300), ("quick", 1), ("other", 30)] {
        let started = tokio::time::Instant::now();
        let error = house.ask(&house.alone("fs"), "tools/call", &format!(r#"{{"name":"{tool}"}}"#)).await;
        let error = error.expect_err("a timeout");
        assert_eq!(started.elapsed().as_secs(), seconds, "{tool}");
        assert!(error.message.contains(&format!("within {seconds} s")), "{}", error.message);
    }
    assert_eq!(fs.cancelled(), ["tools/call"; 3], "each was cancelled at the server");
    assert!(house.recorded().iter().all(|call| call.outcome == Outcome::Timeout));
}

#[tokio::test]
async fn more_calls_than_a_server_takes_are_told_so() {
    let house = House::with(&["fs"]);
    house.change("fs", |server| server.run.max_in_flight = Some(2));
    house.connector.put("fs", Ok(Arc::new(ScriptedPeer::new(hello(), with_tools(never)))));
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    let cx = house.alone("fs");
    let mut running: Vec<_> = (0..2).map(|_| house.send(&cx, "tools/call", r#"{"name":"read"}"#)).collect();
    for reply in &mut running {
        assert!(tokio::time::timeout(Duration::from_millis(10), reply.next()).await.is_err(), "it runs");
    }
    let error = end(house.send(&cx, "tools/call", r#"{"name":"read"}"#)).await.expect_err("one too many");
    assert!(error.message.contains("2 calls are running, the limit"), "{}", error.message);
    running.pop();
    let mut next = house.send(&cx, "tools/call", r#"{"name":"read"}"#);
    assert!(tokio::time::timeout(Duration::from_millis(10), next.next()).await.is_err(), "it runs");
}
