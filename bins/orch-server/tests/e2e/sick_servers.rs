//! Servers that do not start, lie, crash or hang: the caller learns which server and why, nobody else suffers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, scripted};
use crate::wire::Wire;

fn call(id: u32, tool: &str, arguments: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
        .to_string()
}

/// The handshake with one server, which must fail, and in which words.
async fn refusal(project: &Project<'_>, alias: &str) -> String {
    let wire = Wire::without_session(project, &format!("servers/{alias}/mcp"));
    let hello = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } },
    });
    let answer = wire.post(hello.to_string()).await;
    assert_eq!(answer.status, 200, "a failed start is an answer, not a broken connection");
    assert!(!answer.headers.contains_key("mcp-session-id"));
    let answer = answer.json();
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert_eq!(answer["error"]["data"]["gateway"]["reason"], "upstream_unavailable");
    let message = answer["error"]["message"].as_str().expect("a message").to_owned();
    assert!(message.contains(alias), "it names the server: {message}");
    message
}

#[tokio::test]
async fn each_failed_start_has_its_own_words() {
    let daemon = Daemon::start().await;
    let project = daemon
        .project(
            "sick",
            json!({
                "absent": { "command": "no-such-command-anywhere", "args": ["--token=very-secret-value"] },
                "exits": scripted(&["exit"]),
                "refuses": scripted(&["refuse"]),
                "future": scripted(&["future"]),
                "nowhere": { "type": "streamable-http", "url": "http://127.0.0.1:9/mcp" },
                "well": scripted(&[]),
            }),
        )
        .await;
    for (alias, words) in [
        ("absent", "no-such-command-anywhere"),
        ("exits", "exited with code 3"),
        ("refuses", "license expired"),
        ("future", "2099-01-01"),
        ("nowhere", "127.0.0.1:9"),
    ] {
        let message = refusal(&project, alias).await;
        assert!(message.contains(words), "{alias}: {message}");
        assert!(!message.contains("very-secret-value"), "{message}");
    }
    // The admin finds what the server itself said.
    let logs = daemon.get("/projects/sick/servers/exits/logs?tail=50").await;
    assert!(logs.to_string().contains("cannot go on: no configuration"), "{logs}");

    // Under the common roof the sick ones are only missing.
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    let started = Instant::now();
    let list = wire.post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await.json();
    assert!(started.elapsed() < Duration::from_secs(20), "sick servers delay nobody");
    let names: Vec<_> =
        list["result"]["tools"].as_array().expect("tools").iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert!(names.contains(&"well__echo"), "{names:?}");
    let answer = wire.post(call(2, "exits__echo", &json!({ "text": "x" }))).await.json();
    assert_eq!(answer["error"]["data"]["gateway"]["reason"], "upstream_unavailable", "{answer}");
    let answer = wire.post(call(3, "well__echo", &json!({ "text": "fine" }))).await.json();
    assert_eq!(answer["result"]["content"][0]["text"], "fine");
}

#[tokio::test]
async fn odd_answers_are_tolerated_and_logged() {
    let daemon = Daemon::start().await;
    let project = daemon.project("odd", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let text = |answer: &Value| answer["result"]["content"][0]["text"].as_str().map(str::to_owned);
    assert_eq!(text(&wire.post(call(1, "twice", &json!({}))).await.json()).as_deref(), Some("first"));
    assert_eq!(text(&wire.post(call(2, "stranger", &json!({}))).await.json()).as_deref(), Some("mine"));
    assert_eq!(text(&wire.post(call(3, "echo", &json!({ "text": "still" }))).await.json()).as_deref(), Some("still"));
    let failed = wire.post(call(4, "fail", &json!({}))).await.json();
    assert_eq!(failed["result"]["isError"], true, "a tool's own error is its answer");
    let unknown = wire.post(call(5, "nothing", &json!({}))).await.json();
    assert_eq!(
        (unknown["error"]["code"].as_i64(), unknown["error"]["message"].as_str()),
        (Some(-32602), Some("no tool nothing"))
    );
    let calls = project.calls_when(|calls| calls.len() == 5).await;
    let outcome = |target: &str| {
        calls.iter().find(|call| call["target"] == target).map(|call| call["outcome"].as_str().expect("an outcome"))
    };
    assert_eq!(outcome("fail"), Some("tool_error"));
    assert_eq!(outcome("nothing"), Some("rpc_error"));
    let logs = daemon.get("/projects/odd/servers/s/logs?tail=100").await.to_string();
    assert!(logs.contains("999999"), "the stray answer is in the log: {logs}");
}

#[tokio::test]
async fn a_crash_fails_the_calls_in_flight_and_the_next_one_starts_it_again() {
    let daemon = Daemon::start().await;
    let project = daemon.project("crash", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let slow = wire.post(call(1, "slow", &json!({ "ms": 60_000 })));
    let crash = async {
        project.daemon.get("/projects/crash/servers/s").await;
        wire.post(call(2, "crash", &json!({}))).await.json()
    };
    let (slow, crash) = tokio::join!(slow, crash);
    for answer in [slow.json(), crash] {
        let message = answer["error"]["message"].as_str().expect("an error");
        assert!(message.contains("exited with code 7"), "{message}");
    }
    let again = wire.post(call(3, "echo", &json!({ "text": "back" }))).await.json();
    assert_eq!(again["result"]["content"][0]["text"], "back", "{again}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_after_its_timeout() {
    let daemon = Daemon::start().await;
    let mut server = scripted(&[]);
    server["timeout"] = json!(1);
    let project = daemon.project("hang", json!({ "s": server })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let answer = wire.post(call(1, "hang", &json!({}))).await.json();
    assert_eq!(answer["error"]["data"]["gateway"]["reason"], "upstream_timeout", "{answer}");
    assert_eq!(answer["error"]["message"], "server s did not answer within 1 s");
    let answer = wire.post(call(2, "echo", &json!({ "text": "next" }))).await.json();
    assert_eq!(answer["result"]["content"][0]["text"], "next");
    let calls = project.calls_when(|calls| calls.len() == 2).await;
    assert!(calls.iter().any(|call| call["outcome"] == "timeout"));
}

#[tokio::test]
async fn a_cancelled_call_is_cancelled_at_the_server_and_recorded() {
    let daemon = Daemon::start().await;
    let record = daemon.data.path().join("seen.jsonl");
    let args = ["plain", record.to_str().expect("a path")];
    let project = daemon.project("cancel", json!({ "s": scripted(&args) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let hanging = wire.post(call(7, "hang", &json!({})));
    let cancelling = async {
        crate::harness::eventually("the call reaches the server", || {
            std::fs::read_to_string(&record).is_ok_and(|seen| seen.contains("\"hang\""))
        })
        .await;
        wire.post(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"enough"}}"#)
            .await
    };
    let (answer, cancelled) = tokio::join!(hanging, cancelling);
    assert_eq!(cancelled.status, 202);
    assert!(!String::from_utf8_lossy(&answer.body).contains("\"id\":7"), "no answer to a cancelled request");
    crate::harness::eventually("the server is told", || {
        std::fs::read_to_string(&record).is_ok_and(|seen| seen.contains("notifications/cancelled"))
    })
    .await;
    let calls = project.calls_when(|calls| calls.len() == 1).await;
    assert_eq!(calls[0]["outcome"], "cancelled");
}
