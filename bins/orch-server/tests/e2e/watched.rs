//! What people who watch are told: events as things happen, usage and activity afterwards, and a record that is whole.

use serde_json::json;

use crate::harness::{Daemon, scripted};
use crate::wire::{Events, Wire};

const ECHO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}"#;

/// The stream of events, open from now on.
async fn watch(daemon: &Daemon) -> Events {
    let request = daemon.http.get(format!("{}/api/v1/events", daemon.base)).bearer_auth(&daemon.token);
    let mut events = Events::open(request).await;
    events.until(|event| event["type"] == "hello").await;
    events
}

#[tokio::test]
async fn who_watches_is_told_and_finds_it_on_record() {
    let daemon = Daemon::start().await;
    let mut events = watch(&daemon).await;
    let project = daemon.project("watched", json!({ "s": scripted(&["plain"]) })).await;
    let created = events.until(|event| event["action"] == "server.create" || event["action"] == "server.import").await;
    assert_eq!(created["noun"], "server");
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let answer = wire.post(ECHO).await;
    assert_eq!(answer.status, 200);
    events.until(|event| event["type"] == "server_state" && event["state"] == "ready").await;
    let calls = events.until(|event| event["type"] == "calls").await;
    assert_eq!((&calls["calls"], &calls["failed"]), (&json!(1), &json!(0)));

    let server = calls["server_ids"][0].as_str().expect("an id");
    let usage = daemon.get(&format!("/projects/watched/usage?server={server}&target=echo")).await;
    assert_eq!(usage["total"]["calls"], 1, "{usage}");
    let top = daemon.get("/projects/watched/usage/top?by=client").await;
    assert_eq!(top["items"][0]["calls"], 1, "{top}");
    let activity = daemon.get("/projects/watched/activity?limit=1").await;
    assert_eq!((&activity["items"][0]["type"], &activity["items"][0]["target"]), (&json!("call"), &json!("echo")));
    let system = daemon.get("/system").await;
    assert_eq!((&system["healthy"], &system["sessions"]), (&json!(true), &json!(1)), "{system}");
}

#[tokio::test]
async fn what_members_stored_counts_among_the_secrets() {
    let daemon = Daemon::start().await;
    daemon.project("sealed", json!({ "s": scripted(&["plain"]) })).await;
    let sealed = async || daemon.get("/system").await["encryption"]["secrets"].as_u64().expect("a number");
    let before = sealed().await;
    let personal = json!({ "run": { "personal_env": { "TOKEN": { "required": true, "description": "" } } } });
    daemon.send(reqwest::Method::PATCH, "/projects/sealed/servers/s", Some(personal)).await;
    let own = json!({ "env": { "TOKEN": "mine" } });
    daemon.send(reqwest::Method::PATCH, "/projects/sealed/servers/s/personal-secrets", Some(own)).await;
    assert_eq!(sealed().await, before + 1);
}
