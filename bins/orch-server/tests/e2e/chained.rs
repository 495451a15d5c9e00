//! A daemon as the upstream of a daemon: every transport that it serves is one that it connects to.

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, scripted};
use crate::wire::{Events, Wire, answer, modern};

/// Two projects: one with the real server, and one whose server is an endpoint of the first.
async fn chain<'a>(daemon: &'a Daemon, transport: &str, door: &str) -> Project<'a> {
    let inner = daemon.project("inner", json!({ "s": scripted(&[]) })).await;
    let far = json!({
        "type": transport, "url": inner.url(&format!("servers/s/{door}")),
        "headers": { "Authorization": format!("Bearer {}", inner.key) },
    });
    daemon.project("outer", json!({ "far": far })).await
}

fn call(id: u32, tool: &str, arguments: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

async fn serves_everything(transport: &str, door: &str) {
    let daemon = Daemon::start().await;
    let project = chain(&daemon, transport, door).await;
    let wire = Wire::declaring(&project, "servers/far/mcp", "2025-11-25", json!({ "elicitation": {} })).await;
    let post = |body: Value| {
        wire.request(reqwest::Method::POST).header("content-type", "application/json").body(body.to_string())
    };
    let echo = wire.post(call(1, "echo", json!({ "text": "far" })).to_string()).await;
    assert!(String::from_utf8_lossy(&echo.body).contains(r#""text":"far""#), "{:?}", echo.body);
    // A question goes all the way out, and its answer all the way in.
    let mut events = Events::open(post(call(2, "ask", json!({ "times": 2 })))).await;
    for _ in 0..2 {
        let question = events.message().await;
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let reply = json!({
            "jsonrpc": "2.0", "id": question["id"], "result": { "action": "accept", "content": { "name": "x" } },
        });
        assert_eq!(wire.post(reply.to_string()).await.status, 202);
    }
    assert_eq!(events.message().await["result"]["content"][0]["text"], "accept:x accept:x");

    let stateless = modern(&project, "unified/mcp", call(3, "far__echo", json!({ "text": "new" })), &json!({}));
    assert_eq!(answer(stateless).await.json()["result"]["content"][0]["text"], "new");

    let mut progress = call(4, "progress", json!({}));
    progress["params"]["_meta"] = json!({ "progressToken": "mine" });
    let mut events = Events::open(post(progress)).await;
    for step in 1..=3 {
        let news = events.message().await;
        assert_eq!((&news["params"]["progressToken"], &news["params"]["progress"]), (&json!("mine"), &json!(step)));
    }
    assert_eq!(events.message().await["id"], 4);
    let missing = json!({ "jsonrpc": "2.0", "id": 5, "method": "resources/read", "params": { "uri": "file:///no" } });
    let missing = wire.post(missing.to_string()).await.json();
    assert_eq!((&missing["error"]["code"], &missing["error"]["data"]["uri"]), (&json!(-32002), &json!("file:///no")));
}

#[tokio::test]
async fn over_http_sse() {
    serves_everything("sse", "sse").await;
}

#[tokio::test]
async fn over_streamable_http() {
    serves_everything("streamable-http", "mcp").await;
}

#[tokio::test]
async fn resources_are_followed_all_the_way() {
    for (transport, door) in [("sse", "sse"), ("streamable-http", "mcp")] {
        let daemon = Daemon::start().await;
        let project = chain(&daemon, transport, door).await;
        let wire = Wire::open(&project, "servers/far/mcp", "2025-06-18").await;
        let mut news = Events::open(wire.request(reqwest::Method::GET)).await;
        let subscribe =
            json!({ "jsonrpc": "2.0", "id": 5, "method": "resources/subscribe", "params": { "uri": "file:///a" } });
        assert_eq!(wire.post(subscribe.to_string()).await.json()["result"], json!({}), "{transport}");
        loop {
            let message = news.message().await;
            if message["method"] == "notifications/resources/updated" {
                assert_eq!(message["params"]["uri"], "file:///a");
                break;
            }
        }
    }
}
