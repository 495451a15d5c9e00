//! Clients without sessions: what a server may ask them, calls that wait for them, and how much they may have open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use orch_gateway::mcp::McpConfig;
use orch_mcp::error::RpcError;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::object;
use orch_mcp::peer::{PeerError, PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::question::{Answered, Question};
use orch_mcp::revision::Revision;
use orch_testkit::scripted_peer::{ends, never};
use serde_json::{Value, json};

use crate::mcp_world::{Mcp, SERVER, call, legacy, modern, raw};
use crate::world::Answer;

/// Answers each call with the result that is in its arguments.
fn as_told(request: PeerRequest) -> ReplyStream {
    let told = request.params.as_ref().and_then(|params| object::member(params, "arguments"));
    let told = told.and_then(|arguments| object::member(&arguments, "result"));
    ends(Ok(told.unwrap_or_else(|| raw("{}"))))
}

/// Asks the client who it is, and says what it heard, in its log as well.
pub(crate) fn asks(_: PeerRequest) -> ReplyStream {
    let params = Some(raw(r#"{"message":"who?","requestedSchema":{"type":"object","properties":{}}}"#));
    let (question, answered) = Question::new(MethodName::from_static("elicitation/create"), params);
    let told = stream::once(async move {
        let heard = match answered.await {
            Some(Ok(result)) => result.as_str().to_owned(),
            Some(Err(error)) => error.message,
            None => "nobody".to_owned(),
        };
        let method = MethodName::from_static("notifications/message");
        let log = Notification { method, params: Some(raw(r#"{"level":"debug","data":"heard"}"#)) };
        let result = raw(&json!({"content": [], "heard": heard}).to_string());
        stream::iter([ReplyItem::Notification(log), ReplyItem::End(Ok(result))])
    });
    Box::pin(stream::iter([ReplyItem::Question(question)]).chain(told.flatten()))
}

pub(crate) fn retry(id: u32, asked: &Answer) -> Value {
    let asked = &asked.json()["result"];
    let mut body = call(id, json!({}));
    let keys = asked["inputRequests"].as_object().map(|asked| asked.keys().cloned().collect::<Vec<_>>());
    for key in keys.unwrap_or_default() {
        body["params"]["inputResponses"][key] = json!({"action": "accept", "content": {}});
    }
    body["params"]["requestState"] = asked["requestState"].clone();
    body
}

#[actix_web::test]
async fn a_modern_server_asks_for_what_is_declared_and_says_what_a_result_is() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2026_07_28, as_told).await;
    let asks = |request: Value| json!({"resultType": "input_required", "inputRequests": {"a": request}});
    let form = asks(json!({"method": "elicitation/create", "params": {"message": "m", "requestedSchema": {}}}));
    let url =
        asks(json!({"method": "elicitation/create", "params": {"mode": "url", "message": "m", "url": "https://a"}}));
    let sampling = asks(json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}));
    let tools =
        asks(json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1, "tools": []}}));
    let all = json!({"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}}, "roots": {}});
    for (can, result, passes) in [
        (json!({"elicitation": {}}), &form, true),
        (json!({"elicitation": {}}), &url, false),
        (json!({"elicitation": {"url": {}}}), &form, false),
        (json!({"sampling": {}}), &form, false),
        (json!({"sampling": {}}), &sampling, true),
        (json!({"sampling": {}}), &tools, false),
        (all.clone(), &url, true),
        (all.clone(), &tools, true),
        (all.clone(), &asks(json!({"method": "roots/list"})), true),
        (json!({}), &asks(json!({"method": "roots/list"})), false),
        (all.clone(), &asks(json!({"method": "tools/call"})), false),
        (all.clone(), &json!({"resultType": "input_required"}), false),
        (json!({}), &json!({"resultType": "complete", "content": []}), true),
        (json!({}), &json!({"content": []}), true),
        (all.clone(), &json!({"resultType": "mine", "content": []}), false),
        (all.clone(), &json!({"resultType": 7, "content": []}), false),
        (all.clone(), &json!({"resultType": "task", "taskId": "t"}), false),
    ] {
        let answer = mcp.ask(&call(1, json!({"result": result})), can.clone()).await;
        let body = answer.json();
        assert_eq!(answer.status, 200, "{can} {result}");
        if passes {
            let kind = result["resultType"].as_str().unwrap_or("complete");
            assert_eq!(body["result"]["resultType"], kind, "{can} {result}: {body}");
        } else {
            assert_eq!(body["error"]["code"], -32603, "{can} {result}: {body}");
            assert_eq!(body["error"]["data"]["gateway"]["reason"], "upstream_protocol");
        }
    }
}

#[actix_web::test]
async fn a_legacy_server_has_no_types_of_results() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, as_told).await;
    for kind in [json!("input_required"), json!("task"), json!("mine"), json!(7)] {
        let told = json!({"result": {"resultType": kind, "taskId": "t", "content": []}});
        let answer = mcp.ask(&call(1, told), json!({"elicitation": {}})).await.json();
        assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
        assert_eq!(answer["result"]["taskId"], "t");
    }
}

#[actix_web::test]
async fn a_long_state_of_a_server_comes_back_to_it_as_it_was() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2026_07_28, as_told).await;
    let state = "\"é\\ \u{2028}\u{1F600}'".repeat(5_100);
    assert!(state.len() >= 64 * 1024);
    let arguments = json!({"result": {"resultType": "input_required", "requestState": state}});
    let asked = mcp.ask(&call(1, arguments.clone()), json!({})).await.json();
    let sealed = asked["result"]["requestState"].as_str().unwrap();
    assert_ne!(sealed, state);
    let mut again = call(2, arguments);
    again["params"]["requestState"] = json!(sealed);
    assert_eq!(mcp.ask(&again, json!({})).await.status, 200);
    let sent = mcp.peer.sent();
    let params = sent.last().and_then(|request| request.params.as_ref()).unwrap();
    assert_eq!(object::string(params, "requestState"), Some(state));
}

#[actix_web::test]
async fn a_call_that_waited_is_decided_again() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, asks).await;
    let can = json!({"elicitation": {}});
    let asked = mcp.ask(&call(1, json!({})), can.clone()).await;
    assert_eq!(asked.json()["result"]["resultType"], "input_required", "{asked:?}");

    let token = mcp.world.token(&mcp.admin).await;
    let switch = async |on: bool| {
        let path = "/api/v1/projects/demo/servers/s/switch";
        let sent = crate::world::bearer(crate::world::request("PUT", path), &token);
        let body = json!({"kind": "tool", "name": "ask", "on": on});
        assert_eq!(mcp.world.send(sent.set_json(body)).await.status, 200);
        mcp.world.catch_up().await;
    };
    switch(false).await;
    let refused = mcp.ask(&retry(2, &asked), can.clone()).await.json();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    assert_eq!(mcp.peer.cancelled(), ["tools/call"], "the server is told that nobody goes on");
    switch(true).await;
    let late = mcp.ask(&retry(3, &asked), can.clone()).await.json();
    assert!(late["error"]["message"].as_str().unwrap().starts_with("invalid requestState"), "{late}");
    assert_eq!(mcp.ask(&call(4, json!({})), can).await.json()["result"]["resultType"], "input_required");
}

#[actix_web::test]
async fn a_call_that_waited_goes_on_with_what_the_client_says_now() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, asks).await;
    let can = json!({"elicitation": {}});
    let asked = mcp.ask(&call(1, json!({})), can.clone()).await;

    let narrower = mcp.ask(&retry(2, &asked), json!({"sampling": {}})).await;
    assert_eq!((narrower.status, &narrower.json()["error"]["code"]), (400, &json!(-32021)));
    assert!(narrower.json()["error"]["data"]["requiredCapabilities"]["elicitation"].is_object());

    // That has consumed nothing.
    let mut again = retry(3, &asked);
    again["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = json!("debug");
    let told = mcp.hold(modern(SERVER, &mcp.key, &again, can)).await.rest().await;
    assert!(told.contains(r#""method":"notifications/message""#), "it wants the log now: {told}");
    assert!(told.contains(r#"\"action\":\"accept\""#), "{told}");
}

#[actix_web::test]
async fn a_request_that_can_be_read_in_two_ways_is_refused() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, as_told).await;
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    for (method, params) in [
        ("tools/call", r#""name":"ask","Name":"other""#),
        ("tools/call", r#""name":"ask","name":"other""#),
        ("tools/call", r#""name":"ask","ARGUMENTS":{}"#),
        ("completion/complete", r#""ref":{"type":"ref/prompt","name":"a","name":"b"}"#),
        ("resources/read", r#""uri":"file:///a","URI":"file:///b""#),
        ("some/method", r#""uri":"file:///a","uri":"file:///b""#),
    ] {
        let body =
            |more: &str| format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{{{params}{more}}}}}"#);
        let old = legacy("POST", SERVER, &mcp.key, Some(&session));
        let old = old.insert_header(("content-type", "application/json")).set_payload(body(""));
        let new = legacy("POST", SERVER, &mcp.key, None)
            .insert_header(("content-type", "application/json"))
            .insert_header(("mcp-protocol-version", "2026-07-28"))
            .insert_header(("mcp-method", method))
            .insert_header(("mcp-name", if method == "tools/call" { "ask" } else { "file:///a" }))
            .set_payload(body(&format!(",{meta}")));
        for sent in [old, new] {
            let answer = mcp.world.send(sent).await;
            assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!(-32602)), "{params}: {answer:?}");
            assert_eq!(answer.json()["id"], 7);
        }
    }
    assert!(mcp.peer.sent().iter().all(|request| request.method.as_str().ends_with("/list")), "nothing was passed on");
}

#[actix_web::test]
async fn a_header_says_what_the_body_says() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, as_told).await;
    let sent = |name: &str, headers: &[&str]| {
        let mut body = call(1, json!({}));
        body["params"]["name"] = json!(name);
        let mut request = modern(SERVER, &mcp.key, &body, json!({})).insert_header(("mcp-name", headers[0]));
        for header in &headers[1..] {
            request = request.append_header(("mcp-name", *header));
        }
        request
    };
    for (name, headers, agree) in [
        ("ask", ["ask"].as_slice(), true),
        ("ask", &["\task  "], true),
        ("ask", &["Ask"], false),
        ("ask", &["=?base64?YXNr?="], true),
        ("ask", &["=?base64?***?="], false),
        ("ask", &["ask", "ask"], true),
        ("ask", &["ask", "other"], false),
        ("größe", &["=?base64?Z3LDtsOfZQ==?="], true),
        ("größe", &["groesse"], false),
        ("=?base64?YXNr?=", &["=?base64?YXNr?="], false),
        ("=?base64?YXNr?=", &["=?base64?PT9iYXNlNjQ/WVhOcj89?="], true),
    ] {
        let answer = mcp.world.send(sent(name, headers)).await;
        let refused = (answer.status, answer.json()["error"]["code"].as_i64()) == (400, Some(-32020));
        assert_eq!(refused, !agree, "{name} {headers:?}: {answer:?}");
    }
}

#[actix_web::test]
async fn unknown_headers_of_arguments_go_on_to_the_server() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2026_07_28, as_told).await;
    let sent = modern(SERVER, &mcp.key, &call(1, json!({})), json!({}))
        .insert_header(("Mcp-Param-Foo", "=?base64?IGE=?="))
        .insert_header(("cookie", "a=b"))
        .insert_header(("mcp-other", "x"));
    assert_eq!(mcp.world.send(sent).await.status, 200);
    let sent = mcp.peer.sent();
    let foreign = &sent.last().unwrap().foreign_headers;
    assert_eq!(foreign, &[("mcp-param-foo".to_owned(), "=?base64?IGE=?=".to_owned())]);
}

/// What a client is told that has too much open.
fn is_limited(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")), "{answer:?}");
    let error = &answer.json()["error"];
    assert_eq!((&error["code"], &error["data"]["gateway"]["reason"]), (&json!(-32603), &json!("limit")));
    assert_eq!(error["data"]["retryAfterMs"], 1000);
}

#[actix_web::test]
async fn one_user_has_so_many_listens_and_others_are_none_the_worse() {
    let config = McpConfig { max_listens_per_user: 3, ..McpConfig::default() };
    let mcp = Mcp::before(config, Revision::V2025_11_25, as_told).await;
    let listen =
        json!({"jsonrpc": "2.0", "id": "l", "method": "subscriptions/listen", "params": {"notifications": {}}});
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = mcp.hold(modern(SERVER, &mcp.key, &listen, json!({}))).await;
        assert!(stream.next().await.unwrap().contains("acknowledged"));
        held.push(stream);
    }
    is_limited(&mcp.ask(&listen, json!({})).await);
    let member = mcp.world.member(&mcp.project, orch_domain::role::Role::Member).await;
    let (_, others) = mcp.world.key(&member, &mcp.project).await;
    let mut stream = mcp.hold(modern(SERVER, &others, &listen, json!({}))).await;
    assert!(stream.next().await.unwrap().contains("acknowledged"));
    assert_eq!(mcp.ask(&call(1, json!({})), json!({})).await.status, 200, "what is no listen");
    drop(held.pop());
    let mut stream = mcp.hold(modern(SERVER, &mcp.key, &listen, json!({}))).await;
    assert!(stream.next().await.unwrap().contains("acknowledged"));
}

#[actix_web::test]
async fn who_has_too_much_open_hears_when_to_come_again() {
    let config = McpConfig { max_requests_per_user: 1, ..McpConfig::default() };
    let mcp = Mcp::before(config, Revision::V2025_11_25, |_| never()).await;
    let events =
        modern(SERVER, &mcp.key, &call(1, json!({})), json!({})).insert_header(("accept", "text/event-stream"));
    let held = mcp.hold(events).await;
    assert_eq!(held.status, 200);
    is_limited(&mcp.ask(&call(2, json!({})), json!({})).await);
    drop(held);

    let config = McpConfig { max_parked_per_user: 1, ..McpConfig::default() };
    let mcp = Mcp::before(config, Revision::V2025_11_25, asks).await;
    let can = json!({"elicitation": {}});
    assert_eq!(mcp.ask(&call(1, json!({})), can.clone()).await.status, 200);
    is_limited(&mcp.ask(&call(2, json!({})), can).await);
}

#[actix_web::test]
async fn what_was_answered_goes_on_while_the_rest_is_asked_again() {
    let heard = Arc::new(AtomicUsize::new(0));
    let so_far = Arc::clone(&heard);
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, move |_| {
        let ask = || {
            let params = raw(r#"{"message":"who?","requestedSchema":{"type":"object","properties":{}}}"#);
            Question::new(MethodName::from_static("elicitation/create"), Some(params))
        };
        let ((one, first), (two, second), heard) = (ask(), ask(), Arc::clone(&so_far));
        let count = async move |answered: Answered| {
            answered.await;
            heard.fetch_add(1, Ordering::Relaxed);
        };
        let told = stream::once(async move {
            futures_util::future::join(count(first), count(second)).await;
            ReplyItem::End(Ok(raw(r#"{"content":[]}"#)))
        });
        Box::pin(stream::iter([ReplyItem::Question(one), ReplyItem::Question(two)]).chain(told))
    })
    .await;
    let can = json!({"elicitation": {}});
    let asked = mcp.ask(&call(1, json!({})), can.clone()).await;
    let mut one_answer = retry(2, &asked);
    one_answer["params"]["inputResponses"].as_object_mut().unwrap().remove("r1-2");
    let asked = mcp.ask(&one_answer, can.clone()).await;
    let open = asked.json()["result"]["inputRequests"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((open, heard.load(Ordering::Relaxed)), (vec!["r1-2".to_owned()], 1));
    assert_eq!(mcp.ask(&retry(3, &asked), can).await.json()["result"]["resultType"], "complete");
}

#[actix_web::test]
async fn a_notification_agrees_with_its_header_too() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, as_told).await;
    let note = |version: &str, header: &str| {
        let meta = json!({"io.modelcontextprotocol/protocolVersion": version});
        let params = json!({"requestId": 1, "_meta": meta});
        let body = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        legacy("POST", SERVER, &mcp.key, None).insert_header(("mcp-protocol-version", header.to_owned())).set_json(body)
    };
    assert_eq!(mcp.world.send(note("2026-07-28", "2026-07-28")).await.status, 202);
    for (version, header, code) in [
        ("2026-07-28", "2025-06-18", -32020),
        ("2026-07-28", "2027-01-01", -32020),
        ("2027-01-01", "2027-01-01", -32022),
    ] {
        let refused = mcp.world.send(note(version, header)).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(code)), "{refused:?}");
    }
}

#[actix_web::test]
async fn a_resource_that_is_not_found_is_named() {
    for (data, named) in [
        (None, json!({"uri": "file:///a"})),
        (Some(r#"{"why":"gone"}"#), json!({"why": "gone", "uri": "file:///a"})),
        (Some(r#"{"uri":"file:///b"}"#), json!({"uri": "file:///b"})),
        (Some(r#""gone""#), json!({"uri": "file:///a"})),
    ] {
        let error = RpcError { data: data.map(raw), ..RpcError::new(-32002, "not found") };
        let mcp =
            Mcp::before(McpConfig::default(), Revision::V2025_11_25, move |_| ends(Err(PeerError::Rpc(error.clone()))))
                .await;
        let read = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "file:///a"}});
        let error = mcp.ask(&read, json!({})).await.json()["error"].clone();
        assert_eq!((&error["code"], &error["data"]), (&json!(-32602), &named));
    }
}
