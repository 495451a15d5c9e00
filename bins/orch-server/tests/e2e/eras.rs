//! Servers of both eras, servers whose era changes, and versions that are refused.

use std::time::Duration;

use serde_json::{Value, json};

use crate::everything::{Listening, call, checked, send, text, violations};
use crate::harness::{Daemon, everything};
use crate::wire::{Events, Wire, modern};

const TOOLS_CHANGED: &str = "notifications/tools/list_changed";

fn http(server: &Listening) -> Value {
    json!({ "type": "streamable-http", "url": server.url })
}

fn post(wire: &Wire<'_>, body: &Value) -> reqwest::RequestBuilder {
    wire.request(reqwest::Method::POST).header("content-type", "application/json").body(body.to_string())
}

async fn until_tools_changed(news: &mut Events) {
    news.until(|message| message["method"] == TOOLS_CHANGED).await;
}

#[tokio::test]
async fn each_client_of_a_server_of_both_eras_is_served_in_its_own() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let over_http = Listening::start(&["--era", "both", "--transport", "http", "--violations", &file]);
    let servers = json!({ "pipe": everything(&["--era", "both", "--violations", &file]), "http": http(&over_http) });
    let project = daemon.project("both", servers).await;
    let era = |id: u32| call(id, "test_era", json!({}));
    let list = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": {} });
    for alias in ["pipe", "http"] {
        let endpoint = format!("servers/{alias}/mcp");
        let old = Wire::open(&project, &endpoint, "2025-06-18").await;
        let mut old_news = Events::open(old.request(reqwest::Method::GET)).await;
        let wanted = json!({ "notifications": { "toolsListChanged": true } });
        let listen = json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": wanted });
        let mut new_news = Events::open(modern(&project, &endpoint, listen, &json!({}))).await;
        new_news.message().await;
        for _ in 0..3 {
            let (old, new) = tokio::join!(old.post(era(2).to_string()), send(&project, &endpoint, era(3), json!({})));
            assert_eq!((text(&old).as_str(), text(&new).as_str()), ("legacy", "modern"), "{alias}");
        }
        // A client that can be asked is asked in its own era as well: by a request of the server.
        let askable = Wire::declaring(&project, &endpoint, "2025-11-25", json!({ "elicitation": {} })).await;
        assert_eq!(text(&askable.post(era(4).to_string()).await), "legacy", "{alias}");
        let asked = call(5, "test_elicitation", json!({ "arguments": { "message": "who?" } }));
        let mut events = Events::open(post(&askable, &asked)).await;
        let question = events.message().await;
        assert_eq!(question["method"], "elicitation/create", "{alias}: {question}");
        let reply = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } });
        assert_eq!(askable.post(reply.to_string()).await.status, 202);
        assert!(
            events.message().await["result"]["content"][0]["text"].as_str().is_some_and(|it| it.contains("decline"))
        );
        // Each sees what the server offers in its era.
        while !String::from_utf8_lossy(&old.post(list.to_string()).await.body).contains("test_legacy_only") {
            until_tools_changed(&mut old_news).await;
        }
        let new_list = send(&project, &endpoint, list.clone(), json!({})).await.json().to_string();
        assert!(new_list.contains("test_era") && !new_list.contains("test_legacy_only"), "{alias}: {new_list}");
        // A change that the server tells of in one era reaches the clients of both.
        let change = call(6, "test_trigger_tool_change", json!({}));
        send(&project, &endpoint, change.clone(), json!({})).await;
        tokio::join!(until_tools_changed(&mut old_news), until_tools_changed(&mut new_news));
        old.post(change.to_string()).await;
        tokio::join!(until_tools_changed(&mut old_news), until_tools_changed(&mut new_news));
    }
    checked(&daemon);
}

#[tokio::test]
async fn a_modern_server_that_becomes_a_legacy_one_is_found_out() {
    let daemon = Daemon::start().await;
    let new = Listening::start(&["--era", "modern", "--transport", "http"]);
    let project = daemon.project("downgraded", json!({ "s": http(&new) })).await;
    let endpoint = "servers/s/mcp";
    let era = |id: u32| call(id, "test_era", json!({}));
    assert_eq!(text(&send(&project, endpoint, era(1), json!({})).await), "modern");
    let wire = Wire::open(&project, endpoint, "2025-11-25").await;
    let mut news = Events::open(wire.request(reqwest::Method::GET)).await;
    let port = new.url.rsplit(':').next().and_then(|rest| rest.split('/').next()).expect("a port").to_owned();
    drop(new);
    let _old = Listening::start(&["--era", "legacy", "--transport", "http", "--port", &port]);
    let served = loop {
        let answer = send(&project, endpoint, era(2), json!({})).await;
        let said = answer.json();
        if said.get("result").is_some() {
            break answer;
        }
        // It is not known whether the first ones were run, so they are not sent again.
        assert_eq!(said["error"]["code"], -32603, "{said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(text(&served), "legacy");
    // What it offers has become something else as well, and clients are told.
    let list = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": {} });
    let list = loop {
        let list = send(&project, endpoint, list.clone(), json!({})).await.json().to_string();
        if list.contains("test_required_task") {
            break list;
        }
        until_tools_changed(&mut news).await;
    };
    assert!(!list.contains("slow_compute"), "{list}");
    assert_eq!(daemon.get("/projects/downgraded/servers/s").await["status"]["revision"], "2025-11-25");
}

#[tokio::test]
async fn a_version_that_is_refused_and_offered_at_once_is_asked_for_again() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let odd = ["--era", "modern", "--odd", "version-once", "--violations", &file];
    let over_http = Listening::start(&[&odd[..], &["--transport", "http"]].concat());
    let project = daemon.project("versions", json!({ "pipe": everything(&odd), "http": http(&over_http) })).await;
    for alias in ["pipe", "http"] {
        let endpoint = format!("servers/{alias}/mcp");
        let answer = send(&project, &endpoint, call(1, "test_era", json!({})), json!({})).await;
        assert_eq!(text(&answer), "modern", "{alias}");
    }
    checked(&daemon);
}
