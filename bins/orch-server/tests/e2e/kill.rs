//! The daemon is killed in the middle of its work: no child stays, and no answered call is missing from the record.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::json;

use crate::harness::{Daemon, descendants, eventually, runs, scripted};
use crate::wire::Wire;

const SESSIONS: usize = 8;
const CALLS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_and_nothing_is_left_running() {
    let daemon = Daemon::start().await;
    let project = daemon.project("kill", json!({ "s": scripted(&[]), "t": scripted(&[]) })).await;
    let key = project.key.clone();
    let mut wires = Vec::new();
    for _ in 0..SESSIONS {
        wires.push(Wire::open(&project, "unified/mcp", "2025-06-18").await);
    }
    for server in ["s", "t"] {
        let name = format!("{server}__echo");
        let params = json!({ "name": name, "arguments": { "text": "up" } });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        assert_eq!(wires[0].post(call.to_string()).await.json()["result"]["content"][0]["text"], "up");
    }
    let session_requests: Vec<_> = wires.iter().map(|wire| wire.request(reqwest::Method::POST)).collect();
    drop(wires);
    let children = descendants(daemon.pid());
    assert!(children.len() >= 4, "two servers, each with its keeper: {children:?}");

    // Each call is told apart in the record by its target: a tool that does not exist still is a call.
    let answered = Arc::new(Mutex::new(HashSet::new()));
    let tasks: Vec<_> = session_requests
        .into_iter()
        .enumerate()
        .map(|(session, request)| {
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                for number in 0..CALLS / SESSIONS {
                    let target = format!("call-{session}-{number}");
                    let server = if number % 2 == 0 { "s" } else { "t" };
                    let body = json!({
                        "jsonrpc": "2.0", "id": number, "method": "tools/call",
                        "params": { "name": format!("{server}__{target}"), "arguments": {} },
                    });
                    let request = request.try_clone().expect("a request without a stream");
                    let request = request.header("content-type", "application/json").body(body.to_string());
                    let Ok(response) = request.send().await else { return };
                    let Ok(text) = response.text().await else { return };
                    assert!(text.contains(&target), "{text}");
                    answered.lock().expect("a set").insert(target);
                }
            })
        })
        .collect();
    eventually("half of the calls are answered", || answered.lock().expect("a set").len() >= CALLS / 2).await;
    let data = daemon.kill();
    for task in tasks {
        task.await.expect("a client that was cut off");
    }
    eventually("every child is gone", || !children.iter().any(|child| runs(*child))).await;

    let daemon = Daemon::start_in(data).await;
    let project = crate::harness::Project { daemon: &daemon, slug: "kill".to_owned(), key, key_id: String::new() };
    let answered = answered.lock().expect("a set").clone();
    let missing = |calls: &[serde_json::Value]| {
        let recorded: HashSet<_> = calls.iter().filter_map(|call| call["target"].as_str()).collect();
        answered.iter().filter(|target| !recorded.contains(target.as_str())).count()
    };
    let calls = project.calls_when(|calls| missing(calls) == 0).await;
    let numbered: Vec<_> =
        calls.iter().filter_map(|call| call["target"].as_str()).filter(|target| target.starts_with("call-")).collect();
    let distinct: HashSet<_> = numbered.iter().collect();
    assert_eq!(distinct.len(), numbered.len(), "nothing is recorded twice");
}
