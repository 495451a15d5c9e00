//! Calls that take more than one request to a server: tools that run only as tasks, headers that have to be mended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::run_settings::Isolation;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::revision::Revision;
use orch_mcp::{method, object};
use orch_relay::context::{CallContext, Client, SessionKey};
use orch_relay::reply::Event;
use orch_relay::stop::StopReason;
use orch_relay::subscription::{Interest, News, Subscription};
use orch_testkit::scripted_peer::{ScriptedPeer, ends, items, never};

use crate::house::{House, hello, raw};

/// A server with these tools and an answer to everything else.
fn put(
    house: &House,
    hello: ServerHello,
    tools: &'static str,
    rest: impl Fn(PeerRequest) -> ReplyStream + Send + Sync + 'static,
) -> Arc<ScriptedPeer> {
    let script = move |request: PeerRequest| match request.method.as_str() {
        "tools/list" => ends(Ok(raw(tools))),
        "prompts/list" | "resources/list" | "resources/templates/list" => {
            ends(Ok(raw(r#"{"prompts":[],"resources":[],"resourceTemplates":[]}"#)))
        }
        _ => rest(request),
    };
    let peer = Arc::new(ScriptedPeer::new(hello, script));
    house.connector.put("fs", Ok(Arc::clone(&peer)));
    peer
}

fn methods(peer: &ScriptedPeer) -> Vec<String> {
    let sent = peer.sent().into_iter().map(|request| request.method.as_str().to_owned());
    sent.filter(|method| !method.ends_with("/list")).collect()
}

const TASK_TOOL: &str = r#"{"tools":[{"name":"slow","inputSchema":{},"execution":{"taskSupport":"required"}},{"name":"quick","inputSchema":{}}]}"#;

#[tokio::test(start_paused = true)]
async fn a_tool_that_runs_only_as_a_task_gives_a_plain_result() {
    let house = House::with(&["fs"]);
    let peer = put(&house, hello(), TASK_TOOL, |request| match request.method.as_str() {
        "tools/call" => ends(Ok(raw(r#"{"task":{"taskId":"t 1","status":"working"}}"#))),
        "tasks/result" => {
            assert_eq!(request.params, Some(raw(r#"{"taskId":"t 1"}"#)));
            ends(Ok(raw(r#"{"content":[],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t 1"},"v":1}}"#)))
        }
        other => panic!("{other}"),
    });
    let list = house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    assert!(!list.as_str().contains("execution"), "{list:?}");
    let answer = house.ask(&house.alone("fs"), "tools/call", r#"{"name":"slow","task":{"ttl":1}}"#).await;
    assert_eq!(answer, Ok(raw(r#"{"content":[],"_meta":{"v":1}}"#)));
    assert_eq!(methods(&peer), ["tools/call", "tasks/result"]);
    let call = peer.sent().into_iter().find(|request| request.method.as_str() == "tools/call").expect("the call");
    assert_eq!(call.params, Some(raw(r#"{"name":"slow","task":{}}"#)));
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_client_leaves_is_cancelled() {
    let house = House::with(&["fs"]);
    let peer = put(&house, hello(), TASK_TOOL, |request| match request.method.as_str() {
        "tools/call" => ends(Ok(raw(r#"{"task":{"taskId":"t"}}"#))),
        "tasks/cancel" => ends(Ok(raw("{}"))),
        _ => never(),
    });
    let cx = house.alone("fs");
    house.ask(&cx, "tools/list", "{}").await.expect("a list");
    let mut reply = house.send(&cx, "tools/call", r#"{"name":"slow"}"#);
    assert!(tokio::time::timeout(std::time::Duration::from_secs(1), reply.next()).await.is_err());
    cx.stop.stop(StopReason::Cancelled);
    assert!(matches!(reply.next().await, Some(Event::Cancelled)));
    drop(reply);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(methods(&peer), ["tools/call", "tasks/result", "tasks/cancel"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_to_a_usual_tool_says_nothing_of_tasks() {
    let house = House::with(&["fs"]);
    let peer = put(&house, hello(), TASK_TOOL, |_| ends(Ok(raw(r#"{"content":[]}"#))));
    house.ask(&house.alone("fs"), "tools/list", "{}").await.expect("a list");
    let answer = house.ask(&house.alone("fs"), "tools/call", r#"{"name":"quick","task":{}}"#).await;
    assert_eq!(answer, Ok(raw(r#"{"content":[]}"#)));
    let call = peer.sent().into_iter().find(|request| request.method.as_str() == "tools/call").expect("the call");
    assert_eq!(call.params, Some(raw(r#"{"name":"quick"}"#)));
}

const PLAIN_TOOL: &str = r#"{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}"#;

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_other_headers_gets_them() {
    let house = House::with(&["fs"]);
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    let peer = put(&house, modern(), PLAIN_TOOL, move |_| {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            return ends(Err(PeerError::Rpc(RpcError::new(-32020, "the header is missing"))));
        }
        ends(Ok(raw(r#"{"resultType":"complete","content":[]}"#)))
    });
    let answer = house.ask(&house.alone("fs"), "tools/call", r#"{"name":"a","arguments":{}}"#).await;
    assert_eq!(answer, Ok(raw(r#"{"resultType":"complete","content":[]}"#)));
    assert_eq!(methods(&peer), ["tools/call", "tools/call"]);
    let again = peer.sent().into_iter().rfind(|request| request.method.as_str() == "tools/call").expect("the call");
    assert_eq!(again.input_schema, Some(raw(r#"{"type":"object"}"#)));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_never_content_with_the_headers_is_not_the_fault_of_the_client() {
    let house = House::with(&["fs"]);
    let peer = put(&house, modern(), PLAIN_TOOL, |_| {
        ends(Err(PeerError::Rpc(RpcError::new(-32020, "the header is missing"))))
    });
    let answer = house.ask(&house.alone("fs"), "tools/call", r#"{"name":"a","arguments":{}}"#).await;
    assert_eq!(answer.map_err(|error| error.code), Err(-32603));
    assert_eq!(methods(&peer).len(), 2);
}

fn modern() -> ServerHello {
    ServerHello { revision: Revision::V2026_07_28, ..hello() }
}

fn client(house: &House, revision: Revision) -> CallContext {
    let declared = Declared { capabilities: raw("{}"), info: None };
    let client = Client::new("tester 1".into(), revision, declared, None);
    CallContext { client: Arc::new(client), ..house.alone("fs") }
}

const NO_TOOLS: &str = r#"{"tools":[]}"#;

#[tokio::test]
async fn what_we_do_not_know_goes_to_servers_of_the_clients_era_alone() {
    for (server, stranger, friend) in [
        (hello(), Revision::V2026_07_28, Revision::V2024_11_05),
        (modern(), Revision::V2025_06_18, Revision::V2026_07_28),
    ] {
        let house = House::with(&["fs"]);
        let peer = put(&house, server, NO_TOOLS, |_| ends(Ok(raw("{}"))));
        // Before the server runs, and after.
        for _ in 0..2 {
            let refused = house.ask(&client(&house, stranger), "vendor/do", "{}").await.expect_err("unknown");
            assert_eq!(refused.code, -32601);
        }
        assert_eq!(house.ask(&client(&house, friend), "vendor/do", "{}").await, Ok(raw("{}")));
        for revision in [stranger, friend] {
            let refused = house.ask(&client(&house, revision), "subscriptions/listen", "{}").await;
            assert_eq!(refused.expect_err("ours to ask for").code, -32601);
        }
        assert_eq!(methods(&peer), ["vendor/do"]);
    }
}

#[tokio::test]
async fn a_server_without_a_name_has_one_for_clients_that_need_it() {
    let house = House::with(&["fs"]);
    put(&house, ServerHello { server_info: raw("{}"), ..modern() }, NO_TOOLS, |_| never());
    let legacy = house.relay.hello(&client(&house, Revision::V2025_11_25)).await.expect("a handshake");
    assert_eq!(object::string(&legacy.server_info, "name").as_deref(), Some("fs"));
    assert!(object::string(&legacy.server_info, "version").is_some());
    let cx = client(&house, Revision::V2026_07_28);
    assert_eq!(house.relay.hello(&cx).await.expect("what it offers").server_info(), None);
    assert_eq!(house.relay.server_info(&cx), None);
}

#[tokio::test]
async fn a_missing_resource_has_the_code_of_the_clients_era() {
    let missing =
        |_| ends(Err(PeerError::Rpc(RpcError::invalid_params("no").with_data(&serde_json::json!({"uri": "a:b"})))));
    for (server, revision, method, code) in [
        (modern(), Revision::V2025_06_18, "resources/read", -32002),
        (modern(), Revision::V2026_07_28, "resources/read", -32602),
        (hello(), Revision::V2025_06_18, "resources/read", -32602),
        (modern(), Revision::V2025_06_18, "tools/call", -32602),
    ] {
        let house = House::with(&["fs"]);
        put(&house, server, NO_TOOLS, missing);
        let refused = house.ask(&client(&house, revision), method, r#"{"name":"x","uri":"a:b"}"#).await;
        assert_eq!(refused.expect_err("missing").code, code, "{revision} {method}");
    }
}

#[tokio::test]
async fn a_client_hears_only_what_its_revision_has() {
    let house = House::with(&["fs"]);
    put(&house, hello(), NO_TOOLS, |_| {
        let said = ["notifications/elicitation/complete", "notifications/tasks/status", "notifications/vendor"];
        let said = said.map(|method| {
            ReplyItem::Notification(Notification { method: MethodName::from_static(method), params: None })
        });
        items(said.into_iter().chain([ReplyItem::End(Ok(raw(r#"{"content":[]}"#)))]).collect())
    });
    for (revision, heard) in [
        (Revision::V2025_06_18, &["notifications/vendor"][..]),
        (Revision::V2025_11_25, &["notifications/elicitation/complete", "notifications/vendor"]),
        (Revision::V2026_07_28, &["notifications/vendor"]),
    ] {
        let mut reply = house.send(&client(&house, revision), "tools/call", r#"{"name":"x"}"#);
        let mut methods = Vec::new();
        while let Some(event) = reply.next().await {
            if let Event::Notification(notification) = event {
                methods.push(notification.method.as_str().to_owned());
            }
        }
        assert_eq!(methods, heard, "{revision}");
    }
}

fn says(house: &House, method: &'static str, params: &str) {
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    let notification = Notification { method: MethodName::from_static(method), params: Some(raw(params)) };
    sink.event(PeerEvent::Notification(notification));
}

async fn next(news: &mut Subscription) -> Notification {
    match tokio::time::timeout(Duration::from_secs(5), news.next()).await {
        Ok(Some(News::Notification(notification))) => notification,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_hears_only_what_its_revision_has() {
    for (revision, first) in
        [(Revision::V2025_06_18, "notifications/vendor"), (Revision::V2025_11_25, "notifications/elicitation/complete")]
    {
        let house = House::with(&["fs"]);
        house.change("fs", |server| server.run.isolation = Isolation::PerSession);
        put(&house, hello(), NO_TOOLS, |_| ends(Ok(raw("{}"))));
        let client = Client::new("tester 1".into(), revision, Declared::nothing(), Some(SessionKey::new()));
        let cx = CallContext { client: Arc::new(client), ..house.alone("fs") };
        let mut news = house.relay.subscribe(&cx, Interest::default()).await;
        house.ask(&cx, "vendor/do", "{}").await.expect("its own connection");
        says(&house, "notifications/tasks/status", "{}");
        says(&house, "notifications/elicitation/complete", "{}");
        says(&house, "notifications/vendor", "{}");
        assert_eq!(next(&mut news).await.method.as_str(), first, "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn news_do_not_name_our_subscription_at_the_server() {
    let house = House::with(&["fs"]);
    put(&house, modern(), NO_TOOLS, |_| ends(Ok(raw("{}"))));
    let interest = Interest { uris: vec!["a:b".to_owned()], tasks: vec!["t".to_owned()], ..Interest::default() };
    let mut news = house.relay.subscribe(&client(&house, Revision::V2026_07_28), interest).await;
    for (method, about) in [(method::RESOURCE_UPDATED, r#""uri":"a:b""#), (method::TASK_CHANGED, r#""taskId":"t""#)] {
        let params = format!(r#"{{{about},"_meta":{{"io.modelcontextprotocol/subscriptionId":7,"vendor/x":1}}}}"#);
        says(&house, method, &params);
        let told = next(&mut news).await;
        assert_eq!(told.params, Some(raw(&format!(r#"{{{about},"_meta":{{"vendor/x":1}}}}"#))), "{method}");
    }
}
