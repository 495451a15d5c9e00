//! Calls over REST: events as they happen, questions answered by another request, and a record like any other call's.

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, npm_server, scripted};
use crate::wire::Events;

/// The events of one call.
struct Call(Events);

impl Call {
    async fn of(project: &Project<'_>, server: &str, call: Value) -> Self {
        let daemon = project.daemon;
        let path = format!("{}/api/v1/projects/{}/servers/{server}/calls", daemon.base, project.slug);
        Self(Events::open(daemon.http.post(path).bearer_auth(&daemon.token).json(&call)).await)
    }

    async fn next(&mut self) -> Option<Value> {
        let (_, data) = self.0.next().await?;
        Some(serde_json::from_str(&data).expect("JSON"))
    }

    async fn until(&mut self, kind: &str) -> Value {
        self.0.until(|event| event["type"] == kind).await
    }
}

fn tool(name: &str, arguments: Value) -> Value {
    json!({ "kind": "tool", "name": name, "arguments": arguments })
}

#[tokio::test]
async fn tells_of_progress_and_result() {
    let daemon = Daemon::start().await;
    let project = daemon.project("try", json!({ "e": npm_server("server-everything", &["stdio"]) })).await;
    let mut events =
        Call::of(&project, "e", tool("trigger-long-running-operation", json!({ "duration": 1, "steps": 2 }))).await;
    assert_eq!(events.next().await.expect("a start")["type"], "started");
    let progress = events.until("progress").await;
    assert_eq!((&progress["progress"], &progress["total"]), (&json!(1.0), &json!(2.0)));
    let end = events.until("result").await;
    assert_eq!(end["result"]["content"][0]["type"], "text", "{end}");
    assert!(end["duration_ms"].as_f64().is_some_and(|duration| duration > 0.0), "{end}");
    assert!(events.next().await.is_none());

    let resource = json!({ "kind": "resource", "name": "demo://resource/static/document/features.md" });
    let read = Call::of(&project, "e", resource).await.until("result").await;
    assert!(read["result"]["contents"][0]["text"].is_string(), "{read}");
    let prompt =
        Call::of(&project, "e", json!({ "kind": "prompt", "name": "simple-prompt" })).await.until("result").await;
    assert!(prompt["result"]["messages"].is_array(), "{prompt}");

    let calls = project.calls_when(|calls| calls.len() == 3).await;
    assert!(calls.iter().all(|call| call["client"] == "rest" && call["outcome"] == "ok"), "{calls:?}");
    assert!(calls.iter().any(|call| call["kind"] == "resource"), "{calls:?}");
}

#[tokio::test]
async fn questions_are_answered_by_another_request() {
    let daemon = Daemon::start().await;
    let project = daemon.project("asks", json!({ "s": scripted(&[]) })).await;
    let mut events = Call::of(&project, "s", tool("ask", json!({}))).await;
    let call = events.until("started").await["call"].as_str().expect("an id").to_owned();
    let question = events.until("question").await;
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["requestedSchema"]["properties"]["name"]["type"], "string", "{question}");
    let path = format!("/projects/asks/servers/s/calls/{call}/answers");
    let answer = |result: Value| json!({ "question": question["question"], "result": result });

    let (status, _) = daemon.try_send(reqwest::Method::POST, &path, Some(answer(json!({})))).await;
    assert_eq!(status, 422, "what is no answer does not use the question up");
    let stranger = daemon.http.post(format!("{}/api/v1{path}", daemon.base)).bearer_auth(&project.key);
    let stranger = stranger.json(&answer(json!({ "action": "decline" }))).send().await.expect("an answer");
    assert_eq!(stranger.status(), 404, "another credential does not see the call");

    daemon.post(&path, answer(json!({ "action": "accept", "content": { "name": "Ada" } }))).await;
    assert_eq!(events.until("result").await["result"]["content"][0]["text"], "accept:Ada");
    let (status, _) = daemon.try_send(reqwest::Method::POST, &path, Some(answer(json!({ "action": "cancel" })))).await;
    assert_eq!(status, 404, "the call is over");
}

#[tokio::test]
async fn is_cancelled_by_request_and_by_leaving() {
    let daemon = Daemon::start().await;
    let project = daemon.project("stops", json!({ "s": scripted(&[]) })).await;
    let mut events = Call::of(&project, "s", tool("hang", json!({}))).await;
    let call = events.until("started").await["call"].as_str().expect("an id").to_owned();
    daemon.send(reqwest::Method::DELETE, &format!("/projects/stops/servers/s/calls/{call}"), None).await;
    events.until("cancelled").await;
    assert!(events.next().await.is_none());
    let mut left = Call::of(&project, "s", tool("hang", json!({}))).await;
    left.until("started").await;
    drop(left);
    let calls = project.calls_when(|calls| calls.len() == 2).await;
    let outcomes: Vec<_> = calls.iter().map(|call| call["outcome"].as_str().unwrap_or_default()).collect();
    assert!(outcomes.contains(&"cancelled") && outcomes.contains(&"abandoned"), "{outcomes:?}");
}

#[tokio::test]
async fn says_what_is_wrong_with_a_call() {
    let daemon = Daemon::start().await;
    let project = daemon.project("wrong", json!({ "s": scripted(&[]) })).await;
    let path = "/projects/wrong/servers/s/calls";
    let check = async |body: Value, expected: u16| {
        let (status, answer) = daemon.try_send(reqwest::Method::POST, path, Some(body)).await;
        assert_eq!(status, expected, "{answer}");
    };
    check(json!({ "kind": "tool", "name": "echo", "arguments": [1] }), 422).await;
    check(json!({ "kind": "tool", "name": "echo", "log_level": "loud" }), 422).await;
    check(json!({ "kind": "task", "name": "echo" }), 422).await;
    let error = Call::of(&project, "s", tool("no-such-tool", json!({}))).await.until("error").await;
    assert!(error["code"].is_i64() && error["message"].is_string(), "{error}");
    daemon.send(reqwest::Method::PATCH, "/projects/wrong/servers/s", Some(json!({ "enabled": false }))).await;
    check(json!({ "kind": "tool", "name": "echo" }), 409).await;
}
