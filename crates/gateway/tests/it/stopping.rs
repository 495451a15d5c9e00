//! The end of the daemon as clients see it: what only listens ends at once, calls are waited for, and what is left is told
//! why it is cut off.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{join, poll_immediate};
use futures_util::stream;
use orch_gateway::mcp::{Draining, McpConfig};
use orch_mcp::peer::{PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::revision::Revision;
use orch_testkit::scripted_peer::never;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::mcp_modern::{asks, retry};
use crate::mcp_world::{Held, Mcp, SERVER, call, legacy, modern, raw, within};
use crate::world::Answer;

const LISTEN: &str = "subscriptions/listen";

fn draining(mcp: &Mcp) -> Draining {
    Draining::new(Arc::clone(&mcp.world.sessions), Arc::clone(&mcp.world.running))
}

fn request(id: u32, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn initialize() -> Value {
    let client = json!({"name": "a", "version": "1"});
    request(1, "initialize", json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}))
}

/// Answers a call once there is a permit for it, of those for its client.
async fn with_slow_calls(in_session: &Arc<Semaphore>, without: &Arc<Semaphore>) -> Mcp {
    let (in_session, without) = (Arc::clone(in_session), Arc::clone(without));
    let slow = move |request: PeerRequest| -> ReplyStream {
        let is_without = request.params.is_some_and(|params| params.as_str().contains("without"));
        let permits = Arc::clone(if is_without { &without } else { &in_session });
        Box::pin(stream::once(async move {
            permits.acquire().await.unwrap().forget();
            ReplyItem::End(Ok(raw(r#"{"content":[],"done":true}"#)))
        }))
    };
    Mcp::before(McpConfig::default(), Revision::V2025_11_25, slow).await
}

/// Begins a call in a session; its answer is a stream.
async fn begin(mcp: &Mcp, session: &str, id: u32) -> Held {
    let sent = legacy("POST", SERVER, &mcp.key, Some(session)).insert_header(("accept", "text/event-stream"));
    mcp.hold(sent.set_json(call(id, json!({})))).await
}

async fn begin_modern(mcp: &Mcp, id: u32) -> Held {
    let call = call(id, json!({"session": "without"}));
    mcp.hold(modern(SERVER, &mcp.key, &call, json!({})).insert_header(("accept", "text/event-stream"))).await
}

async fn is_waiting(stream: &mut Held) -> bool {
    poll_immediate(pin!(stream.next())).await.is_none()
}

/// A refusal by which a client, and what stands before us, knows to come again.
fn is_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{answer:?}");
    assert_eq!(answer.json()["error"]["data"]["gateway"]["reason"], "stopping", "{answer:?}");
}

#[actix_web::test]
async fn what_only_listens_ends_at_once_and_calls_are_waited_for() {
    let (in_session, without) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let mcp = with_slow_calls(&in_session, &without).await;
    // So that there are no news when it starts.
    assert_eq!(mcp.ask(&request(1, "tools/list", json!({})), json!({})).await.status, 200);
    let (idle, busy) = (mcp.world.open_session(SERVER, &mcp.key).await, mcp.world.open_session(SERVER, &mcp.key).await);
    let get = async |session: &str| {
        let sent = legacy("GET", SERVER, &mcp.key, Some(session)).insert_header(("accept", "text/event-stream"));
        let mut stream = mcp.hold(sent).await;
        assert!(stream.next().await.unwrap().starts_with("id: "), "a priming event");
        stream
    };
    let (idle_news, mut busy_news) = (get(&idle).await, get(&busy).await);
    let listen = request(7, LISTEN, json!({"notifications": {"toolsListChanged": true}}));
    let mut listening = mcp.hold(modern(SERVER, &mcp.key, &listen, json!({}))).await;
    assert!(listening.next().await.unwrap().contains("acknowledged"));
    let sse = "/projects/demo/servers/s/sse";
    let channel = mcp.hold(legacy("GET", sse, &mcp.key, None)).await;
    let mut calls = [begin(&mcp, &busy, 2).await, begin(&mcp, &busy, 3).await, begin_modern(&mcp, 4).await];

    let draining = draining(&mcp);
    draining.begin();
    assert_eq!(idle_news.rest().await, "");
    assert!(listening.rest().await.contains(r#""resultType":"complete""#), "a listen ends with its result");
    assert!(channel.rest().await.starts_with("event: endpoint"), "nobody has introduced itself there");
    assert!(is_waiting(&mut busy_news).await, "a running call may have something to say there");

    // What begins now is told to go elsewhere, and what goes on is served.
    is_refused(&mcp.world.send(legacy("POST", SERVER, &mcp.key, None).set_json(initialize())).await);
    is_refused(&mcp.world.send(legacy("GET", SERVER, &mcp.key, Some(&idle))).await);
    is_refused(&mcp.world.send(legacy("GET", sse, &mcp.key, None)).await);
    is_refused(&mcp.ask(&listen, json!({})).await);
    let ping = request(5, "ping", json!({}));
    let pong = mcp.world.send(legacy("POST", SERVER, &mcp.key, Some(&idle)).set_json(ping)).await;
    assert_eq!(pong.json()["result"], json!({}), "{pong:?}");

    let mut over = pin!(draining.over());
    for (number, running) in calls.iter_mut().enumerate() {
        // Polled, it has something to wait for.
        while !is_waiting(running).await {}
        assert!(poll_immediate(&mut over).await.is_none(), "call {number} runs");
    }
    in_session.add_permits(2);
    let [first, second, third] = calls;
    let (first, second) = join(first.rest(), second.rest()).await;
    assert!(first.contains("done") && second.contains("done"), "{first} {second}");
    assert_eq!(busy_news.rest().await, "", "it ends with the last call of its session");
    assert!(poll_immediate(&mut over).await.is_none(), "one is left");
    without.add_permits(1);
    assert!(third.rest().await.contains("done"));
    within(over).await;

    within(draining.end()).await;
    is_refused(&mcp.ask(&call(6, json!({})), json!({})).await);
    // Which has clients open another one, here or elsewhere.
    let gone = legacy("POST", SERVER, &mcp.key, Some(&idle)).set_json(call(6, json!({})));
    assert_eq!(mcp.world.send(gone).await.status, 404);
}

#[actix_web::test]
async fn calls_that_are_cut_off_are_told_why() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, |_| never()).await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let (in_session, without) = (begin(&mcp, &session, 2).await, begin_modern(&mcp, 3).await);
    let draining = draining(&mcp);
    draining.begin();
    let reading = join(in_session.rest(), without.rest());
    let ((in_session, without), ()) = within(join(reading, draining.end())).await;
    for told in [in_session, without] {
        assert!(told.contains(r#""reason":"stopping""#) && !told.contains("access"), "{told}");
    }
    assert_eq!(mcp.peer.cancelled(), ["tools/call", "tools/call"], "the server is told as well");
}

#[actix_web::test]
async fn a_call_that_waits_for_its_client_does_not_hold_the_end_up() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, asks).await;
    let can = json!({"elicitation": {}});
    let asked = mcp.ask(&call(1, json!({})), can.clone()).await;
    assert_eq!(asked.json()["result"]["resultType"], "input_required", "{asked:?}");
    let draining = draining(&mcp);
    draining.begin();
    within(draining.over()).await;
    assert_eq!(mcp.peer.cancelled(), ["tools/call"]);
    let late = mcp.ask(&retry(2, &asked), can.clone()).await.json();
    assert!(late["error"]["message"].as_str().unwrap().starts_with("invalid requestState"), "{late}");
    // Nor does one that would begin to wait now.
    let refused = mcp.ask(&call(3, json!({})), can).await.json();
    assert_eq!(refused["error"]["data"]["gateway"]["reason"], "stopping", "{refused}");
    within(draining.over()).await;
}

#[actix_web::test]
async fn a_handshake_that_waits_for_a_server_does_not_hold_the_end_up() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, |_| never()).await;
    let closed = mcp.door.acquire().await.unwrap();
    let opening = mcp.world.send(legacy("POST", SERVER, &mcp.key, None).set_json(initialize()));
    let mut opening = pin!(opening);
    assert!(poll_immediate(&mut opening).await.is_none(), "the server does not start");
    draining(&mcp).begin();
    is_refused(&within(opening).await);
    drop(closed);
}

#[actix_web::test]
async fn an_answered_call_leaves_no_timer_behind() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, asks).await;
    let can = json!({"elicitation": {}});
    let mut before = None;
    for id in 0..20 {
        let asked = mcp.ask(&call(id, json!({})), can.clone()).await;
        let answer = mcp.ask(&retry(id, &asked), can.clone()).await;
        assert!(answer.body.contains("heard"), "{answer:?}");
        // The first one has started whatever there is to be started once.
        before.get_or_insert_with(|| Handle::current().metrics().num_alive_tasks());
    }
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let after = Handle::current().metrics().num_alive_tasks();
    assert!(after <= before.unwrap() + 1, "{after} tasks, and {before:?} after the first call");
}

#[actix_web::test]
async fn live_events_are_not_begun_any_more() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, |_| never()).await;
    let token = mcp.world.token(&mcp.admin).await;
    mcp.world.gateway.drain();
    let refused = mcp.world.get("/api/v1/events", &token).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")), "{refused:?}");
    assert_eq!(refused.json()["code"], "unavailable");
}
