//! Clients with sessions that are asked something, told something, and lose their streams.

use serde_json::json;

use crate::harness::{Daemon, modern, scripted};
use crate::wire::{Events, Wire};

fn call(id: u32, tool: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": {} } })
        .to_string()
}

fn post(wire: &Wire<'_>, body: String) -> reqwest::RequestBuilder {
    wire.request(reqwest::Method::POST).header("content-type", "application/json").body(body)
}

async fn is_asked(server: &str, revision: &str, asked_how: &str, answered: &str) {
    let daemon = Daemon::start().await;
    let project = daemon.project("asked", json!({ "s": scripted(&[]), "m": modern() })).await;
    let wire = Wire::declaring(&project, "unified/mcp", revision, json!({ "elicitation": {} })).await;
    let mut events = Events::open(post(&wire, call(1, &format!("{server}__ask")))).await;
    let question = events.message().await;
    assert_eq!(question["method"], "elicitation/create", "{question}");
    assert_eq!(question["params"]["message"], asked_how);
    // Older clients do not know that there are several ways to ask.
    assert_eq!(question["params"].get("mode").is_some(), revision >= "2025-11-25");
    let reply = json!({
        "jsonrpc": "2.0", "id": question["id"], "result": { "action": "accept", "content": { "name": "x" } },
    });
    assert_eq!(wire.post(reply.to_string()).await.status, 202);
    let end = events.message().await;
    assert_eq!((&end["id"], &end["result"]["content"][0]["text"]), (&json!(1), &json!(answered)));
    assert!(events.next().await.is_none());
    // A second answer, and one to a question that was never asked.
    assert_eq!(wire.post(reply.to_string()).await.status, 202);
    assert_eq!(wire.post(r#"{"jsonrpc":"2.0","id":99,"result":{}}"#).await.status, 202);
}

#[tokio::test]
async fn by_a_legacy_server() {
    is_asked("s", "2025-11-25", "[s] question 1", "accept:x").await;
}

#[tokio::test]
async fn by_a_legacy_server_in_an_older_revision() {
    is_asked("s", "2025-06-18", "[s] question 1", "accept:x").await;
}

#[tokio::test]
async fn by_a_modern_server() {
    is_asked("m", "2025-11-25", "[m] who?", "\u{e9}tat \"1\" accept x").await;
}

#[tokio::test]
async fn a_modern_server_that_never_has_enough_is_stopped() {
    let daemon = Daemon::start().await;
    let project = daemon.project("forever", json!({ "m": modern() })).await;
    let wire = Wire::open(&project, "servers/m/mcp", "2025-11-25").await;
    let answer = wire.post(call(1, "forever")).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("-32603") && text.contains("10 times"), "{text}");
}

#[tokio::test]
async fn nobody_else_is_asked() {
    let daemon = Daemon::start().await;
    let project = daemon.project("apart", json!({ "s": scripted(&[]) })).await;
    let silent = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    let askable = Wire::declaring(&project, "servers/s/mcp", "2025-11-25", json!({ "elicitation": {} })).await;
    let (told, mut events) = tokio::join!(silent.post(call(1, "ask")), Events::open(post(&askable, call(1, "ask"))));
    assert_eq!(told.json()["result"]["content"][0]["text"], "nobody to ask");
    assert_eq!(events.message().await["method"], "elicitation/create");
    // The client goes, and its server hears that nobody answers.
    let deleted = askable.request(reqwest::Method::DELETE).send().await.expect("an answer");
    assert_eq!(deleted.status(), 204);
}

#[tokio::test]
async fn a_lost_stream_is_resumed_where_it_was() {
    let daemon = Daemon::start().await;
    let project = daemon.project("resumed", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::declaring(&project, "servers/s/mcp", "2025-11-25", json!({ "elicitation": {} })).await;
    let mut events = Events::open(post(&wire, call(1, "ask"))).await;
    let (priming, nothing) = events.next().await.expect("a priming event");
    assert_eq!((priming.is_some(), nothing.as_str()), (true, ""));
    let (last, question) = events.next().await.expect("the question");
    let question: serde_json::Value = serde_json::from_str(&question).expect("JSON");
    drop(events);
    let reply = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } });
    assert_eq!(wire.post(reply.to_string()).await.status, 202);
    let last = last.expect("an id");
    let resume = |wire: &Wire<'_>| wire.request(reqwest::Method::GET).header("last-event-id", last.as_str());
    let mut events = Events::open(resume(&wire)).await;
    assert_eq!(events.message().await["result"]["content"][0]["text"], "decline:");
    assert!(events.next().await.is_none(), "a resumed stream ends where it ended");
    // Nobody else gets it.
    let other = daemon.post("/projects/resumed/keys", json!({ "name": "other" })).await;
    let theirs = daemon
        .http
        .get(project.url("servers/s/mcp"))
        .bearer_auth(other["key"].as_str().expect("a key"))
        .header("accept", "text/event-stream")
        .header("mcp-session-id", &wire.session)
        .header("last-event-id", last.as_str());
    assert_eq!(theirs.send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn a_lost_stream_of_news_is_resumed_where_it_was() {
    let daemon = Daemon::start().await;
    let project = daemon.project("news", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    let mut news = Events::open(wire.request(reqwest::Method::GET)).await;
    let (start, nothing) = news.next().await.expect("a priming event");
    assert_eq!(nothing, "");
    let subscribe =
        json!({ "jsonrpc": "2.0", "id": 5, "method": "resources/subscribe", "params": { "uri": "file:///a" } });
    assert_eq!(wire.post(subscribe.to_string()).await.json()["result"], json!({}));
    let mut told = Vec::new();
    while !told.last().is_some_and(|(_, message): &(_, String)| message.contains("resources/updated")) {
        told.push(news.next().await.expect("news"));
    }
    drop(news);
    // None of it has arrived, as far as the client knows.
    let resume = wire.request(reqwest::Method::GET).header("last-event-id", start.expect("an id"));
    let mut again = Events::open(resume).await;
    for event in told {
        assert_eq!(again.next().await, Some(event));
    }
}

#[tokio::test]
async fn sessions_follow_resources_and_choose_a_log_level() {
    let daemon = Daemon::start().await;
    let project = daemon.project("follow", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    let mut news = Events::open(wire.request(reqwest::Method::GET)).await;
    let subscribe = |uri: &str| {
        json!({ "jsonrpc": "2.0", "id": 5, "method": "resources/subscribe", "params": { "uri": uri } }).to_string()
    };
    assert_eq!(wire.post(subscribe("s+file:///a")).await.json()["result"], json!({}));
    assert_eq!(wire.post(subscribe("t+file:///a")).await.json()["error"]["code"], -32002);
    loop {
        let message = news.message().await;
        if message["method"] == "notifications/resources/updated" {
            assert_eq!(message["params"]["uri"], "s+file:///a");
            break;
        }
    }
    let level = |level: &str| {
        json!({ "jsonrpc": "2.0", "id": 6, "method": "logging/setLevel", "params": { "level": level } }).to_string()
    };
    assert_eq!(wire.post(level("loud")).await.json()["error"]["code"], -32602);
    assert_eq!(wire.post(level("warning")).await.json()["result"], json!({}));
}

#[tokio::test]
async fn who_can_be_asked_is_offered_more() {
    let daemon = Daemon::start().await;
    let project = daemon.project("more", json!({ "s": scripted(&[]) })).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    for endpoint in ["unified/mcp", "servers/s/mcp"] {
        let askable = Wire::declaring(&project, endpoint, "2025-11-25", json!({ "elicitation": {} })).await;
        let mut news = Events::open(askable.request(reqwest::Method::GET)).await;
        while !String::from_utf8_lossy(&askable.post(list.clone()).await.body).contains("only-for-askable") {
            while news.message().await["method"] != "notifications/tools/list_changed" {}
        }
        let silent = Wire::open(&project, endpoint, "2025-11-25").await;
        let theirs = silent.post(list.clone()).await;
        let theirs = String::from_utf8_lossy(&theirs.body).into_owned();
        assert!(theirs.contains("echo") && !theirs.contains("only-for-askable"), "{theirs}");
    }
}
