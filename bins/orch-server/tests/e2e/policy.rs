//! Rules, scopes of keys, approvals and limits, through the real daemon and over the transports of both eras.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{DEADLINE, Daemon, Project, scripted, until};
use crate::wire::{Answer, Wire, answer, modern};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

fn call(tool: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": tool, "arguments": { "text": "hi" } } })
        .to_string()
}

async fn modern_call(project: &Project<'_>, tool: &str) -> Answer {
    let body = serde_json::from_str(&call(tool)).expect("JSON");
    answer(modern(project, "unified/mcp", body, &json!({}))).await
}

fn deny(name: &str) -> Value {
    json!({ "effect": "deny", "object": { "kind": "tool", "name": name } })
}

/// The same project, used with another key.
async fn with_key<'a>(project: &Project<'a>, key: Value) -> Project<'a> {
    let made = project.daemon.post(&format!("/projects/{}/keys", project.slug), key).await;
    let text = |member: &str| made[member].as_str().expect(member).to_owned();
    Project { key: text("key"), key_id: text("id"), ..project.daemon.same(project) }
}

#[tokio::test]
async fn a_rule_holds_for_the_next_request_of_an_open_session() {
    let daemon = Daemon::start().await;
    let project = daemon.project("rules", json!({ "s": scripted(&[]) })).await.started(&["s"]).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    assert!(wire.post(LIST).await.json()["result"].to_string().contains("s__echo"));
    let mut stream = wire.request(Method::GET).send().await.expect("a stream");

    let policy = json!({ "rules": [deny("echo")] });
    daemon.send(Method::PUT, "/projects/rules/policy", Some(policy.clone())).await;
    let news = tokio::time::timeout(DEADLINE, stream.chunk()).await.expect("in time").expect("news").expect("news");
    assert!(String::from_utf8_lossy(&news).contains("tools/list_changed"), "{news:?}");
    assert!(!wire.post(LIST).await.json()["result"].to_string().contains("s__echo"));
    let denied = wire.post(call("s__echo")).await.json().to_string().replace("echo", "X");
    let missing = wire.post(call("s__nope")).await.json().to_string().replace("nope", "X");
    assert_eq!(denied, missing);
    assert_eq!(modern_call(&project, "s__echo").await.json()["error"]["code"], -32602);

    let question = json!({ "server": "s", "name": "echo" });
    let why = daemon.post("/projects/rules/policy/explain", question.clone()).await;
    assert_eq!((&why["effect"], &why["steps"][0]["matched"]), (&json!("deny"), &json!(true)), "{why}");
    let offers = daemon.get("/projects/rules/servers/s/tools").await;
    let echo = offers["items"].as_array().expect("items").iter().find(|item| item["name"] == "echo").expect("echo");
    assert_eq!(echo["effect"], "deny", "who sets the rules sees what they hide");

    // Recorded calls tell what another policy would have made of them.
    let trial = daemon.post("/projects/rules/policy/try", json!({ "rules": [] })).await;
    assert!(trial["calls"].as_u64().is_some_and(|calls| trial["changed_calls"].as_u64() <= Some(calls)), "{trial}");

    daemon.send(Method::PUT, "/projects/rules/policy", Some(json!({ "rules": [] }))).await;
    let switch = json!({ "kind": "tool", "name": "echo", "on": false });
    daemon.send(Method::PUT, "/projects/rules/servers/s/switch", Some(switch)).await;
    assert!(wire.post(call("s__echo")).await.json()["error"].is_object());
    let why = daemon.post("/projects/rules/policy/explain", question).await;
    assert!(why["reason"].as_str().expect("a reason").contains("switched off"), "{why}");
    let switch = json!({ "kind": "tool", "name": "echo", "on": true });
    daemon.send(Method::PUT, "/projects/rules/servers/s/switch", Some(switch)).await;
    assert_eq!(wire.post(call("s__echo")).await.json()["result"]["content"][0]["text"], "hi");
}

#[tokio::test]
async fn a_key_reaches_what_it_was_made_for_on_every_endpoint() {
    let daemon = Daemon::start().await;
    let project =
        daemon.project("scopes", json!({ "a": scripted(&[]), "b": scripted(&[]) })).await.started(&["a", "b"]).await;
    let scope = json!({ "servers": ["a"], "tools": ["ec*"] });
    let narrow = with_key(&project, json!({ "name": "narrow", "scope": scope })).await;
    let wire = Wire::open(&narrow, "unified/mcp", "2025-06-18").await;
    let tools = wire.post(LIST).await.json()["result"]["tools"].clone();
    let names: Vec<_> = tools.as_array().expect("tools").iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(names, ["a__echo"]);
    assert_eq!(wire.post(call("a__echo")).await.json()["result"]["content"][0]["text"], "hi");
    assert!(wire.post(call("b__echo")).await.json()["error"].is_object());
    assert!(modern_call(&narrow, "b__echo").await.json()["error"].is_object());
    assert_eq!(modern_call(&narrow, "a__echo").await.json()["result"]["content"][0]["text"], "hi");

    let hello =
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "protocolVersion": "2025-06-18" } });
    let hidden = Wire::without_session(&narrow, "servers/b/mcp").post(hello.to_string()).await;
    let missing = Wire::without_session(&narrow, "servers/nothing/mcp").post(hello.to_string()).await;
    assert_eq!((hidden.status, hidden.body), (404, missing.body));
    let own = Wire::open(&narrow, "servers/a/mcp", "2025-06-18").await;

    // What is taken from the key is gone for open sessions.
    let path = format!("/projects/scopes/keys/{}", narrow.key_id);
    let patch = json!({ "scope": { "servers": ["b"] } });
    daemon.send(Method::PATCH, &path, Some(patch)).await;
    let since = Instant::now();
    while own.post(LIST).await.status != 404 {
        assert!(since.elapsed() < Duration::from_secs(1), "the session on the server is still open");
    }
    assert!(wire.post(call("a__echo")).await.json()["error"].is_object());
    assert_eq!(wire.post(call("b__echo")).await.json()["result"]["content"][0]["text"], "hi");

    // The daemon notes who used it, from where and with what.
    until("it is noted who used it", async || {
        let key = daemon.get(&path).await;
        let by = key["last_used_by"].as_str().is_some_and(|by| !by.is_empty());
        if by && key["last_used_from"] == "127.0.0.1" { Ok(()) } else { Err(key) }
    })
    .await;
}

/// The answer, also when it took so long that it came as an event.
fn told(answer: &Answer) -> Value {
    let text = std::str::from_utf8(&answer.body).expect("UTF-8");
    let last = text.lines().rev().find_map(|line| line.strip_prefix("data: ").or_else(|| line.strip_prefix("data:")));
    serde_json::from_str(last.unwrap_or(text)).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn pending(daemon: &Daemon, slug: &str) -> Value {
    until("a call waits", async || {
        let found = daemon.get(&format!("/projects/{slug}/approvals?state=pending")).await;
        found["items"].as_array().and_then(|items| items.first()).cloned().ok_or(found)
    })
    .await
}

#[tokio::test]
async fn a_call_waits_for_an_admin_in_both_eras() {
    let daemon = Daemon::start().await;
    let project = daemon.project("ask", json!({ "s": scripted(&[]) })).await.started(&["s"]).await;
    let rule = json!({
        "effect": "require_approval", "object": { "kind": "tool", "name": "echo" },
        "approval": { "timeout_seconds": 60 },
    });
    daemon.send(Method::PUT, "/projects/ask/policy", Some(json!({ "rules": [rule] }))).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    assert!(wire.post(LIST).await.json()["result"].to_string().contains("s__echo"), "it is seen");
    let answer_it = async |verb: &str| {
        let waiting = pending(&daemon, "ask").await;
        assert_eq!((&waiting["server"], &waiting["target"]), (&json!("s"), &json!("echo")));
        assert_eq!(waiting["arguments"], r#"{"text":"hi"}"#);
        let path = format!("/projects/ask/approvals/{}/{verb}", waiting["id"].as_str().expect("an id"));
        daemon.post(&path, json!({})).await
    };

    let (said, approved) = tokio::join!(wire.post(call("s__echo")), answer_it("approve"));
    assert_eq!(told(&said)["result"]["content"][0]["text"], "hi");
    assert_eq!((&approved["state"], &approved["arguments"]), (&json!("approved"), &Value::Null));
    let (said, _) = tokio::join!(modern_call(&project, "s__echo"), answer_it("deny"));
    assert_eq!(told(&said)["error"]["data"]["gateway"]["reason"], "not_approved");

    // Who loses the access does not wait any longer.
    let other = with_key(&project, json!({ "name": "other" })).await;
    let revoking = async {
        pending(&daemon, "ask").await;
        daemon.send(Method::DELETE, &format!("/projects/ask/keys/{}", other.key_id), None).await;
    };
    let (said, ()) = tokio::join!(modern_call(&other, "s__echo"), revoking);
    assert_eq!(told(&said)["error"]["data"]["gateway"]["reason"], "access_ended", "{:?}", said.body);
    let states: Vec<Value> = daemon.get("/projects/ask/approvals").await["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|approval| approval["state"].clone())
        .collect();
    assert_eq!(states, ["cancelled", "denied", "approved"]);
    let trail = daemon.get("/projects/ask/audit").await.to_string();
    for action in ["approval.request", "approval.approve", "approval.deny"] {
        assert!(trail.contains(action), "{action}");
    }
    assert!(!trail.contains("\\\"text\\\""), "arguments are not on the audit trail");
}

#[tokio::test]
async fn a_limit_says_when_to_come_again_in_every_dialect() {
    let daemon = Daemon::start().await;
    let project = daemon.project("limits", json!({ "s": scripted(&[]) })).await;
    let limited = |said: &Answer| {
        assert_eq!(said.status, 429, "{:?}", said.body);
        let seconds: u64 = said.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
        let error = said.json()["error"].clone();
        assert_eq!(error["data"]["gateway"]["reason"], "limit", "{error}");
        let milliseconds = error["data"]["retryAfterMs"].as_u64().expect("a number");
        assert!((1..=60).contains(&seconds) && milliseconds <= seconds * 1000, "{seconds} s, {milliseconds} ms");
    };
    let slow = with_key(&project, json!({ "name": "slow", "limits": { "per_minute": 2 } })).await;
    let wire = Wire::open(&slow, "unified/mcp", "2025-06-18").await;
    assert_eq!(wire.post(LIST).await.status, 200);
    limited(&wire.post(call("s__echo")).await);
    limited(&modern_call(&slow, "s__echo").await);
    let rest = daemon.http.get(format!("{}/api/v1/projects/limits", daemon.base)).bearer_auth(&slow.key);
    let rest = answer(rest).await;
    assert_eq!((rest.status, rest.json()["code"].clone()), (429, json!("too_many_requests")));
    assert!(rest.headers.contains_key("retry-after"));

    // A daily limit is kept over a restart: the record knows.
    let body = json!({ "project": { "per_day": 3 } });
    daemon.send(Method::PUT, "/projects/limits/limits", Some(body)).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    for _ in 0..2 {
        assert_eq!(wire.post(call("s__echo")).await.json()["result"]["content"][0]["text"], "hi");
    }
    let (key, key_id) = (project.key.clone(), project.key_id.clone());
    let daemon = Daemon::start_in(daemon.kill()).await;
    let project = Project { daemon: &daemon, slug: "limits".to_owned(), key, key_id };
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    let said = [wire.post(call("s__echo")).await, wire.post(call("s__echo")).await];
    assert_eq!(said[0].json()["result"]["content"][0]["text"], "hi");
    assert_eq!(said[1].status, 429, "{:?}", said[1].body);
}
