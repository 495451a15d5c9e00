//! Real processes, counted: one for all sessions of a shared server, and never more than the cap where each session has
//! its own.

use std::path::Path;

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Daemon, Project, descendants, eventually, scripted};
use crate::wire::Wire;

const SESSIONS: usize = 200;
const CAP: usize = 3;

/// Who waits for a place waits longer than a process takes to end; one that nobody uses goes soon.
const SETTINGS: &str = "
[relay]
lane_wait_secs = 5
idle_stop_secs = 1
";

/// How many processes run the scripted server.
fn running(daemon: &Daemon) -> usize {
    let runs_it = |pid: &u32| {
        let line = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        words.next().is_some_and(|program| program.ends_with(b"node"))
            && words.any(|word| word.ends_with(b"scripted.mjs"))
    };
    descendants(daemon.pid()).iter().filter(|pid| runs_it(pid)).count()
}

async fn echo(wire: &Wire<'_>, text: &str) -> Value {
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "echo", "arguments": { "text": text } },
    });
    wire.post(call.to_string()).await.json()
}

async fn sessions<'a>(project: &'a Project<'a>, many: usize) -> Vec<Wire<'a>> {
    let opened = (0..many).map(|_| Wire::open(project, "servers/s/mcp", "2025-06-18"));
    stream::iter(opened).buffered(16).collect().await
}

async fn end(wire: &Wire<'_>) {
    let ended = wire.request(Method::DELETE).send().await.expect("an answer");
    assert!(ended.status().is_success(), "{}", ended.status());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sessions_share_one_process() {
    let daemon = Daemon::configured(SETTINGS).await;
    let project = daemon.project("shared", json!({ "s": scripted(&[]) })).await;
    let wires = sessions(&project, SESSIONS).await;
    let answers = stream::iter(wires.iter().enumerate())
        .map(|(number, wire)| async move { (number, echo(wire, &number.to_string()).await) })
        .buffer_unordered(32);
    let most = answers
        .fold(0, |most, (number, answer)| {
            assert_eq!(answer["result"]["content"][0]["text"], number.to_string(), "{answer}");
            std::future::ready(usize::max(most, running(&daemon)))
        })
        .await;
    assert_eq!(most, 1, "processes for {SESSIONS} sessions");
    for wire in &wires {
        end(wire).await;
    }
    eventually("nothing runs when nobody is there", || running(&daemon) == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_with_processes_of_their_own_keep_to_the_cap_and_leave_nothing() {
    let daemon = Daemon::configured(SETTINGS).await;
    let mut server = scripted(&[]);
    server["x-orchestrator"] = json!({ "isolation": "per_session", "maxConnections": CAP });
    let project = daemon.project("each", json!({ "s": server })).await;
    // Its lists are read from a process that nobody else uses.
    daemon.post("/projects/each/servers/s/start", json!({})).await;
    eventually("that process is gone", || running(&daemon) == 0).await;
    let wires = sessions(&project, CAP).await;
    for wire in &wires {
        assert_eq!(echo(wire, "mine").await["result"]["content"][0]["text"], "mine");
    }
    assert_eq!(running(&daemon), CAP);

    let late = sessions(&project, 2).await;
    let refused = echo(&late[0], "too many").await;
    assert_eq!(refused["error"]["data"]["gateway"]["reason"], "limit", "{refused}");
    assert!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("the limit")), "{refused}");
    assert_eq!(running(&daemon), CAP, "nothing is started beyond the cap");

    // Who waits gets the place of who leaves.
    let (answer, ()) = tokio::join!(echo(&late[1], "my turn"), end(&wires[0]));
    assert_eq!(answer["result"]["content"][0]["text"], "my turn", "{answer}");
    for wire in wires[1..].iter().chain(&late) {
        end(wire).await;
    }
    eventually("all of them are gone", || running(&daemon) == 0).await;
}
