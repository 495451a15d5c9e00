//! A child is killed in the middle of 500 calls: each caller has exactly one answer, the next call finds it running
//! again, and other servers do not notice.

use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Daemon, eventually, scripted};
use crate::wire::Wire;

const CALLS: u32 = 500;

fn call(id: u32, tool: &str, arguments: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
        .to_string()
}

/// The median time of some calls that are answered at once.
async fn median(wire: &Wire<'_>) -> Duration {
    let mut times = Vec::new();
    for id in 0..20 {
        let started = Instant::now();
        let answer = wire.post(call(id, "echo", &json!({ "text": "x" }))).await.json();
        assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "the figures are what this is about")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_caller_has_one_answer_and_others_do_not_notice() {
    let daemon = Daemon::start().await;
    let project = daemon.project("killed", json!({ "s": scripted(&[]), "other": scripted(&[]) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    // A session has a limit of its own.
    let second = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let other = Wire::open(&project, "servers/other/mcp", "2025-06-18").await;
    assert_eq!(wire.post(call(0, "echo", &json!({ "text": "up" }))).await.json()["result"]["content"][0]["text"], "up");
    let calm = median(&other).await;
    let pid = daemon.get("/projects/killed/servers/s").await["status"]["pid"].as_u64().expect("a process");

    let by_turns = |id: u32| if id.is_multiple_of(2) { &wire } else { &second };
    let calls = join_all((1..=CALLS).map(|id| by_turns(id).post(call(id, "slow", &json!({ "ms": 60_000 })))));
    let killing = async {
        let running = || async {
            daemon.get("/projects/killed/servers/s").await["status"]["calls_in_flight"].as_u64().unwrap_or_default()
        };
        let end = Instant::now() + crate::harness::DEADLINE;
        while running().await < u64::from(CALLS) {
            assert!(Instant::now() < end, "not all calls are running");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill");
        assert!(killed.success());
        median(&other).await
    };
    let (answers, busy) = tokio::join!(calls, killing);
    for (id, answer) in (1..=CALLS).zip(&answers) {
        let answer = answer.json();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["data"]["gateway"]["reason"], "upstream_disconnected", "{answer}");
    }
    println!("a call of the other server: {calm:?} before, {busy:?} while 500 calls of the first one failed");
    assert!(busy < Duration::from_secs(2), "{busy:?}");

    let again = wire.post(call(9999, "echo", &json!({ "text": "back" }))).await.json();
    assert_eq!(again["result"]["content"][0]["text"], "back", "{again}");
    eventually("the killed process is gone", || !crate::harness::runs(u32::try_from(pid).unwrap_or_default())).await;
    let calls = project.calls_when(|calls| calls.len() >= 500 + 42).await;
    assert_eq!(calls.iter().filter(|call| call["target"] == "slow").count(), 500, "each call is on record once");
}
