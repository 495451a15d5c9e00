//! Clients over HTTP+SSE.

use serde_json::{Value, json};

use crate::harness::{DEADLINE, Daemon, Project, eventually, scripted, until};
use crate::wire::Events;

struct Sse<'a> {
    project: &'a Project<'a>,
    events: Events,
    messages: String,
}

impl<'a> Sse<'a> {
    async fn open(project: &'a Project<'a>, endpoint: &str) -> Self {
        let request = project
            .daemon
            .http
            .get(project.url(endpoint))
            .bearer_auth(&project.key)
            .header("accept", "text/event-stream");
        let mut events = Events::open(request).await;
        let (_, messages) = events.next().await.expect("the endpoint event");
        assert!(messages.starts_with("/projects/") && messages.contains("sessionId="), "{messages}");
        Self { project, events, messages: format!("{}{messages}", project.daemon.base) }
    }

    async fn post(&self, key: &str, body: &Value) -> reqwest::StatusCode {
        let request = self.project.daemon.http.post(&self.messages).timeout(DEADLINE).bearer_auth(key);
        request.json(body).send().await.expect("an answer").status()
    }

    async fn ask(&mut self, body: Value) -> Value {
        assert_eq!(self.post(&self.project.key.clone(), &body).await, 202);
        self.message().await
    }

    /// The next message but for the news that the server's lists have been read.
    async fn message(&mut self) -> Value {
        loop {
            let message = self.events.message().await;
            if !message["method"].as_str().is_some_and(|method| method.ends_with("list_changed")) {
                return message;
            }
        }
    }

    async fn shake_hands(&mut self, revision: &str) {
        let hello = self
            .ask(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": revision,
                "capabilities": { "elicitation": {} },
                "clientInfo": { "name": "sse", "version": "1" },
            } }))
            .await;
        assert_eq!(hello["result"]["protocolVersion"], revision, "{hello}");
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.post(&self.project.key.clone(), &initialized).await, 202);
    }
}

fn call(id: u32, tool: &str, arguments: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

#[tokio::test]
async fn are_served_on_every_address() {
    let daemon = Daemon::start().await;
    let project = daemon.project("old", json!({ "s": scripted(&[]) })).await;
    for (endpoint, tool, revision) in [
        ("servers/s/sse", "echo", "2024-11-05"),
        ("unified/sse", "s__echo", "2025-06-18"),
        ("sse", "s.echo", "2025-11-25"),
    ] {
        let mut sse = Sse::open(&project, endpoint).await;
        let early = sse.ask(call(1, tool, json!({}))).await;
        assert_eq!(early["error"]["code"], -32600, "{early}");
        let discover = sse.ask(json!({ "jsonrpc": "2.0", "id": 2, "method": "server/discover" })).await;
        assert_eq!(discover["error"]["code"], -32601);
        let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
        for method in ["server/discover", "tools/list"] {
            let modern = json!({ "jsonrpc": "2.0", "id": 2, "method": method, "params": { "_meta": meta } });
            let refused = sse.ask(modern).await;
            let error = &refused["error"];
            let newest = (&error["code"], &error["data"]["supported"][0], &error["data"]["requested"]);
            assert_eq!(newest, (&json!(-32022), &json!("2025-11-25"), &json!("2026-07-28")), "{refused}");
        }
        sse.shake_hands(revision).await;
        let echo = sse.ask(call(3, tool, json!({ "text": "hi" }))).await;
        assert_eq!((&echo["id"], &echo["result"]["content"][0]["text"]), (&json!(3), &json!("hi")));
    }
}

#[tokio::test]
async fn are_asked_and_told_on_their_stream() {
    let daemon = Daemon::start().await;
    let project = daemon.project("told", json!({ "s": scripted(&[]) })).await;
    let mut sse = Sse::open(&project, "servers/s/sse").await;
    sse.shake_hands("2025-06-18").await;
    let question = sse.ask(call(1, "ask", json!({}))).await;
    assert_eq!(question["method"], "elicitation/create", "{question}");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } });
    assert_eq!(sse.ask(answer).await["result"]["content"][0]["text"], "decline:");
    let subscribe =
        json!({ "jsonrpc": "2.0", "id": 5, "method": "resources/subscribe", "params": { "uri": "file:///a" } });
    let (one, two) = (sse.ask(subscribe).await, sse.message().await);
    let methods = [one["method"].as_str(), two["method"].as_str()];
    assert!(methods.contains(&Some("notifications/resources/updated")), "{one} {two}");
}

#[tokio::test]
async fn lose_their_session_with_their_stream_and_to_nobody_else() {
    let daemon = Daemon::start().await;
    let record = daemon.data.path().join("seen.jsonl");
    let has_seen = |what: &str| std::fs::read_to_string(&record).is_ok_and(|seen| seen.contains(what));
    let args = ["plain", record.to_str().expect("a path")];
    let project = daemon.project("gone", json!({ "s": scripted(&args) })).await;
    let other = daemon.post("/projects/gone/keys", json!({ "name": "other" })).await;
    let other = other["key"].as_str().expect("a key").to_owned();
    let mut sse = Sse::open(&project, "unified/sse").await;
    sse.shake_hands("2024-11-05").await;
    assert_eq!(sse.post(&other, &call(1, "s__echo", json!({}))).await, 404);
    let post = daemon.http.post(project.url("unified/sse")).bearer_auth(&project.key).json(&json!({}));
    let refused = post.send().await.expect("an answer");
    assert_eq!((refused.status().as_u16(), refused.headers()["allow"].to_str().expect("text")), (405, "GET"));
    assert!(refused.headers()["content-type"].to_str().expect("text").starts_with("text/plain"));

    // What is in flight ends with it, at the server too.
    assert_eq!(sse.post(&project.key, &call(8, "s__hang", json!({}))).await, 202);
    eventually("the call reaches the server", || has_seen("\"hang\"")).await;
    let Sse { events, messages, .. } = sse;
    drop(events);
    eventually("the server is told", || has_seen("notifications/cancelled")).await;
    let ping = json!({ "jsonrpc": "2.0", "id": 9, "method": "ping" });
    until("the session ends with its stream", async || {
        let answer = daemon.http.post(&messages).bearer_auth(&project.key).json(&ping).send().await;
        let status = answer.expect("an answer").status();
        if status == 404 { Ok(()) } else { Err(status) }
    })
    .await;

    // The end of the key is the end of the stream.
    let mut sse = Sse::open(&project, "unified/sse").await;
    sse.shake_hands("2025-06-18").await;
    daemon.send(reqwest::Method::DELETE, &format!("/projects/gone/keys/{}", project.key_id), None).await;
    while sse.events.next().await.is_some() {}
}
