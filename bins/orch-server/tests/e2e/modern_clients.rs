//! Clients without sessions, in front of servers of both eras.

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, modern as modern_server, scripted};
use crate::insider::Insider;
use crate::wire::{Answer, Events, answer, modern};

const ASKABLE: &str = r#"{"elicitation":{"form":{}}}"#;

fn call(id: u32, tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

async fn send(project: &Project<'_>, endpoint: &str, body: Value, can: &str) -> Answer {
    answer(modern(project, endpoint, body, &serde_json::from_str(can).expect("JSON"))).await
}

/// A retry of a call with what it was asked for.
fn retry(id: u32, tool: &str, arguments: &Value, state: &Value, responses: Value) -> Value {
    let mut body = call(id, tool, arguments);
    body["params"]["requestState"] = state.clone();
    body["params"]["inputResponses"] = responses;
    body
}

#[tokio::test]
async fn a_client_without_a_session_is_served_by_a_legacy_server() {
    let daemon = Daemon::start().await;
    let project = daemon.project("stateless", json!({ "s": scripted(&[]) })).await;
    let discover = json!({ "jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {} });
    let hello = send(&project, "servers/s/mcp", discover.clone(), "{}").await;
    assert_eq!(hello.status, 200);
    assert!(!hello.headers.contains_key("mcp-session-id"));
    let hello = hello.json()["result"].clone();
    assert_eq!(hello["supportedVersions"][0], "2026-07-28");
    assert_eq!((&hello["resultType"], &hello["cacheScope"]), (&json!("complete"), &json!("private")));
    assert_eq!(hello["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "scripted");

    let list = json!({ "jsonrpc": "2.0", "id": "l", "method": "tools/list", "params": {} });
    let tools = send(&project, "unified/mcp", list.clone(), "{}").await.json();
    assert_eq!((&tools["id"], &tools["result"]["ttlMs"]), (&json!("l"), &json!(0)));
    assert_eq!(tools["result"]["tools"][0]["name"], "s__echo");

    let echo = send(&project, "unified/mcp", call(7, "s__echo", &json!({ "text": "hi" })), "{}").await.json();
    assert_eq!(echo["result"]["content"][0]["text"], "hi");
    assert_eq!(echo["result"]["resultType"], "complete");
    let read = json!({ "jsonrpc": "2.0", "id": 8, "method": "resources/read", "params": { "uri": "file:///none" } });
    let missing = send(&project, "servers/s/mcp", read, "{}").await.json();
    assert_eq!((&missing["error"]["code"], &missing["error"]["data"]["uri"]), (&json!(-32602), &json!("file:///none")));
}

#[tokio::test]
async fn the_envelope_is_checked_in_its_order() {
    let daemon = Daemon::start().await;
    let project = daemon.project("envelope", json!({ "s": scripted(&[]) })).await;
    let body = |method: &str, meta: Value| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "_meta": meta } }).to_string()
    };
    let post = |headers: &[(&'static str, &'static str)], body: String| {
        let mut request = daemon.http.post(project.url("servers/s/mcp")).bearer_auth(&project.key);
        for (name, value) in [("content-type", "application/json")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        answer(request.body(body))
    };
    let full = |version: &str| json!({ "io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": {} });
    let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
    let code = |answer: &Answer| (answer.status, answer.json()["error"]["code"].as_i64());

    assert_eq!(code(&post(&headers, body("tools/list", json!({}))).await), (400, Some(-32602)));
    assert_eq!(code(&post(&[], body("tools/list", full("2026-07-28"))).await), (400, Some(-32020)));
    let other = [("mcp-protocol-version", "2025-11-25"), ("mcp-method", "tools/list")];
    assert_eq!(code(&post(&other, body("tools/list", full("2026-07-28"))).await), (400, Some(-32020)));
    let old = post(&other, body("tools/list", full("2025-11-25"))).await;
    assert_eq!(code(&old), (400, Some(-32022)));
    assert_eq!(old.json()["error"]["data"], json!({ "supported": ["2026-07-28"], "requested": "2025-11-25" }));
    let loud = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "TOOLS/LIST")];
    assert_eq!(code(&post(&loud, body("tools/list", full("2026-07-28"))).await), (400, Some(-32020)));
    let padded = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "  tools/list ")];
    assert_eq!(post(&padded, body("tools/list", full("2026-07-28"))).await.status, 200);
    for removed in ["initialize", "ping", "logging/setLevel", "resources/subscribe"] {
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", removed)];
        let refused = post(&headers, body(removed, full("2026-07-28"))).await;
        assert_eq!(code(&refused), (404, Some(-32601)), "{removed}");
        assert_eq!(refused.json()["id"], 1);
    }
    let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned();
    assert_eq!(post(&headers[..1], response).await.status, 400);
}

#[tokio::test]
async fn a_call_waits_while_a_legacy_server_asks() {
    let daemon = Daemon::start().await;
    let project = daemon.project("parked", json!({ "s": scripted(&[]) })).await;
    let arguments = json!({ "times": 2 });
    let endpoint = "servers/s/mcp";

    let nobody = send(&project, endpoint, call(1, "ask", &arguments), "{}").await.json();
    assert_eq!(nobody["result"]["content"][0]["text"], "nobody to ask");

    let asked = send(&project, endpoint, call(2, "ask", &arguments), ASKABLE).await.json();
    let asked = &asked["result"];
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let (key, request) = asked["inputRequests"].as_object().expect("requests").iter().next().expect("one");
    assert_eq!(request["method"], "elicitation/create");
    assert_eq!(request["params"]["message"], "question 1");
    let state = &asked["requestState"];
    let accept = |name: &str| json!({ key.as_str(): { "action": "accept", "content": { "name": name } } });

    // What is wrong with a retry consumes nothing.
    let tampered = json!(format!("{}-TAMPERED", state.as_str().expect("text")));
    for (body, why) in [
        (retry(3, "ask", &arguments, &tampered, accept("a")), "tampered"),
        (retry(3, "ask", &json!({ "times": 3 }), state, accept("a")), "other arguments"),
        (retry(3, "echo", &arguments, state, accept("a")), "other tool"),
        (retry(3, "ask", &arguments, state, json!(null)), "no object"),
        (retry(3, "ask", &arguments, state, json!({ key.as_str(): 5 })), "a number"),
        (retry(3, "ask", &arguments, state, json!({ key.as_str(): { "action": "maybe" } })), "no such action"),
    ] {
        assert_eq!(send(&project, endpoint, body, ASKABLE).await.json()["error"]["code"], -32602, "{why}");
    }
    let other = daemon.post("/projects/parked/keys", json!({ "name": "other" })).await;
    let other = Project { key: other["key"].as_str().expect("a key").to_owned(), ..daemon.same(&project) };
    let foreign = send(&other, endpoint, retry(3, "ask", &arguments, state, accept("a")), ASKABLE).await.json();
    assert_eq!(foreign["error"]["code"], -32602, "another principal");

    // An empty retry is told again what is missing.
    let again = send(&project, endpoint, retry(4, "ask", &arguments, state, json!({})), ASKABLE).await.json();
    let state_again = &again["result"]["requestState"];
    assert_eq!(again["result"]["inputRequests"][key.as_str()]["params"]["message"], "question 1", "{again}");
    let spent = send(&project, endpoint, retry(5, "ask", &arguments, state, accept("a")), ASKABLE).await.json();
    assert_eq!(spent["error"]["code"], -32602, "a state is good once");

    let second = send(&project, endpoint, retry(6, "ask", &arguments, state_again, accept("a")), ASKABLE).await.json();
    let (key, request) = second["result"]["inputRequests"].as_object().expect("requests").iter().next().expect("one");
    assert_eq!(request["params"]["message"], "question 2");
    let decline = json!({ key.as_str(): { "action": "decline" } });
    let state = &second["result"]["requestState"];
    let (one, two) = tokio::join!(
        send(&project, endpoint, retry(7, "ask", &arguments, state, decline.clone()), ASKABLE),
        send(&project, endpoint, retry(8, "ask", &arguments, state, decline.clone()), ASKABLE),
    );
    let (one, two) = (one.json(), two.json());
    let (won, lost) = if one["error"].is_null() { (one, two) } else { (two, one) };
    assert_eq!(won["result"]["content"][0]["text"], "accept:a decline:");
    assert_eq!(lost["error"]["code"], -32602);
}

#[tokio::test]
async fn questions_of_two_users_do_not_meet() {
    let daemon = Daemon::start().await;
    let admins = daemon.project("two", json!({ "s": scripted(&[]) })).await;
    let member = Insider::invited(&daemon, "two").await;
    let members = Project { key: member.key, ..daemon.same(&admins) };
    let endpoint = "servers/s/mcp";
    let ask = |project| send(project, endpoint, call(1, "ask", &json!({})), ASKABLE);
    let (first, second) = tokio::join!(ask(&admins), ask(&members));
    let (first, second) = (first.json()["result"].clone(), second.json()["result"].clone());
    let back = |asked: &Value, name: &str| {
        let keys = asked["inputRequests"].as_object().expect("requests").keys();
        let answered = keys.map(|key| (key.clone(), json!({ "action": "accept", "content": { "name": name } })));
        let state = &asked["requestState"];
        retry(2, "ask", &json!({}), state, Value::Object(answered.collect()))
    };
    // Each waits for its own user, and the other's answer is nothing to it.
    let foreign = send(&members, endpoint, back(&first, "member"), ASKABLE).await.json();
    assert_eq!(foreign["error"]["code"], -32602, "{foreign}");
    let (one, two) = tokio::join!(
        send(&members, endpoint, back(&second, "member"), ASKABLE),
        send(&admins, endpoint, back(&first, "admin"), ASKABLE),
    );
    assert_eq!(one.json()["result"]["content"][0]["text"], "accept:member");
    assert_eq!(two.json()["result"]["content"][0]["text"], "accept:admin");
}

#[tokio::test]
async fn a_modern_server_asks_a_modern_client_itself() {
    let daemon = Daemon::start().await;
    let project = daemon.project("passed", json!({ "m": modern_server() })).await;
    let echo = send(&project, "unified/mcp", call(1, "m__echo", &json!({ "text": "hi" })), "{}").await.json();
    assert_eq!(echo["result"]["content"][0]["text"], "hi for wire");

    let refused = send(&project, "unified/mcp", call(2, "m__ask", &json!({})), "{}").await;
    assert_eq!((refused.status, refused.json()["error"]["code"].as_i64()), (400, Some(-32021)));
    let asked = send(&project, "unified/mcp", call(3, "m__ask", &json!({})), ASKABLE).await.json();
    assert_eq!(asked["result"]["inputRequests"]["who"]["params"]["message"], "[m] who?");
    let state = &asked["result"]["requestState"];
    assert_ne!(state, "\u{e9}tat \"1\"", "what is bound to our credential is not handed out as it is");
    let body =
        retry(4, "m__ask", &json!({}), state, json!({ "who": { "action": "accept", "content": { "name": "x" } } }));
    let done = send(&project, "unified/mcp", body.clone(), ASKABLE).await.json();
    assert_eq!(done["result"]["content"][0]["text"], "\u{e9}tat \"1\" accept x", "{done}");
    let raw = retry(5, "m__ask", &json!({}), &json!("\u{e9}tat \"1\""), json!({ "who": { "action": "accept" } }));
    assert_eq!(send(&project, "unified/mcp", raw, ASKABLE).await.json()["error"]["code"], -32602);
}

#[tokio::test]
async fn a_listen_says_first_what_it_tells() {
    let daemon = Daemon::start().await;
    let project = daemon.project("listens", json!({ "m": modern_server(), "s": scripted(&[]) })).await;
    // A server that has to be started first may be too late for what a listen wants.
    for endpoint in ["servers/m/mcp", "servers/s/mcp"] {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
        assert_eq!(modern(&project, endpoint, list, &json!({})).send().await.expect("an answer").status(), 200);
    }
    let listen = json!({ "jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": { "notifications": {
        "toolsListChanged": true, "resourceSubscriptions": ["m+file:///m", "s+file:///a", "nobody+file:///x"],
    } } });
    let mut events = Events::open(modern(&project, "unified/mcp", listen, &json!({}))).await;
    let first = events.message().await;
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(
        first["params"]["notifications"],
        json!({ "toolsListChanged": true, "resourceSubscriptions": ["m+file:///m", "s+file:///a"] })
    );
    let mut uris = Vec::new();
    while uris.len() < 2 {
        let news = events.message().await;
        assert_eq!(news["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7, "{news}");
        match news["method"].as_str() {
            Some("notifications/resources/updated") => {
                uris.push(news["params"]["uri"].as_str().expect("a URI").to_owned())
            }
            other => assert_eq!(other, Some("notifications/tools/list_changed")),
        }
    }
    uris.sort();
    assert_eq!(uris, ["m+file:///m/part", "s+file:///a"]);
    // The end of the key is the end of the stream.
    daemon.send(reqwest::Method::DELETE, &format!("/projects/listens/keys/{}", project.key_id), None).await;
    let mut last = Value::Null;
    while let Some((_, data)) = events.next().await {
        last = serde_json::from_str(&data).expect("JSON");
    }
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(7), &json!("complete")), "{last}");
}

#[tokio::test]
async fn who_takes_only_events_is_asked_in_the_last_one() {
    let daemon = Daemon::start().await;
    let project = daemon.project("events", json!({ "s": scripted(&[]) })).await;
    let can = serde_json::from_str(ASKABLE).expect("JSON");
    let mut request = modern(&project, "servers/s/mcp", call(1, "ask", &json!({})), &can).build().expect("a request");
    request.headers_mut().insert("accept", "text/event-stream".parse().expect("a value"));
    let response = daemon.http.execute(request).await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.expect("a body");
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().expect("an event");
    let last: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(1), &json!("input_required")), "{text}");
}
