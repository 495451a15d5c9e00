//! SIGTERM, SIGINT, SIGHUP: the daemon says that it stops, lets calls end, cuts off what takes too long, and leaves nothing behind.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, descendants, eventually, runs, scripted};
use crate::wire::{Answer, Events, Wire, answer, modern};

/// Well before calls would be cut off that may take their time.
const SOON: Duration = Duration::from_secs(20);

/// Calls may take as long as this test lasts.
const PATIENT: &str = "[relay]\ndrain_secs = 600\n";

fn tell(pid: u32, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().expect("kill");
    assert!(sent.success(), "{signal}");
}

fn call(id: u32, tool: &str, arguments: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

/// One server, whose calls say in a file that they have begun.
async fn project<'a>(daemon: &'a Daemon, slug: &str) -> Project<'a> {
    let record = record(daemon);
    let server = scripted(&["plain", record.to_str().expect("a path")]);
    daemon.project(slug, json!({ "s": server })).await.started(&["s"]).await
}

fn record(daemon: &Daemon) -> std::path::PathBuf {
    daemon.data.path().join("record.jsonl")
}

/// Waits until so many calls have reached the server.
async fn begun(daemon: &Daemon, count: usize) {
    let record = record(daemon);
    let calls = || std::fs::read_to_string(&record).unwrap_or_default().matches("tools/call").count();
    eventually("the calls have begun", || calls() >= count).await;
}

/// How its clients see that the daemon has begun to stop.
async fn readiness_when_stopping(daemon: &Daemon) -> Answer {
    let end = Instant::now() + SOON;
    loop {
        let ready = answer(daemon.http.get(format!("{}/health/ready", daemon.base))).await;
        if ready.status == 503 {
            return ready;
        }
        assert!(Instant::now() < end, "it is still ready: {:?}", ready.body);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers[name].to_str().expect("a text")
}

fn reason(message: &Value) -> &Value {
    &message["error"]["data"]["gateway"]["reason"]
}

/// Starts the daemon again and gives how the calls are on record, with their tools, in the order of their outcomes.
async fn recorded(data: tempfile::TempDir, slug: &str, count: usize) -> Vec<(String, String)> {
    let daemon = Daemon::start_in(data).await;
    let project = Project { daemon: &daemon, slug: slug.to_owned(), key: String::new(), key_id: String::new() };
    let calls = project.calls_when(|calls| calls.len() >= count).await;
    let text = |call: &Value, member: &str| call[member].as_str().expect("a text").to_owned();
    let mut calls: Vec<_> = calls.iter().map(|call| (text(call, "outcome"), text(call, "target"))).collect();
    calls.sort();
    calls
}

fn pairs(calls: &[(String, String)]) -> Vec<(&str, &str)> {
    calls.iter().map(|(outcome, target)| (outcome.as_str(), target.as_str())).collect()
}

#[tokio::test]
async fn calls_end_before_the_daemon_does() {
    let daemon = Daemon::configured(PATIENT).await;
    let project = project(&daemon, "drain").await;
    let busy = Wire::declaring(&project, "servers/s/mcp", "2025-11-25", json!({ "elicitation": {} })).await;
    let idle = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let working = Wire::open(&project, "servers/s/mcp", "2025-03-26").await;
    let mut news = Events::open(idle.request(reqwest::Method::GET)).await;
    let listen = json!({ "jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": {
        "notifications": { "toolsListChanged": true },
    } });
    let mut listen = Events::open(modern(&project, "servers/s/mcp", listen, &json!({}))).await;
    assert_eq!(listen.message().await["method"], "notifications/subscriptions/acknowledged");
    let events = daemon.http.get(format!("{}/api/v1/events", daemon.base)).bearer_auth(&daemon.token);
    let mut events = Events::open(events).await;
    // One that asks its client in the middle, one of each era that takes a while.
    let asking = busy.request(reqwest::Method::POST).header("content-type", "application/json");
    let mut asking = Events::open(asking.body(call(1, "ask", json!({})).to_string())).await;
    let question = loop {
        let message = asking.message().await;
        if message["method"] == "elicitation/create" {
            break message;
        }
    };
    let slow = json!({ "ms": 3000 });
    let (pid, servers) = (daemon.pid(), descendants(daemon.pid()));
    let stopping = async {
        begun(&daemon, 3).await;
        tell(pid, "TERM");
        let ready = readiness_when_stopping(&daemon).await;
        assert_eq!(ready.json()["status"], "unavailable");
        let live = answer(daemon.http.get(format!("{}/health/live", daemon.base))).await;
        assert_eq!((live.status, header(&live, "connection")), (200, "close"), "it still serves");
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "late", "version": "1" },
        } });
        let late = Wire::without_session(&project, "servers/s/mcp").post(hello.to_string()).await;
        assert_eq!((late.status, header(&late, "retry-after")), (503, "5"), "{:?}", late.body);
        assert_eq!(reason(&late.json()), "stopping");
        // What only listens has ended, and in good order.
        while news.next().await.is_some() {}
        assert_eq!(listen.message().await["result"]["resultType"], "complete");
        while listen.next().await.is_some() {}
        while events.next().await.is_some() {}
        // The session of a running call is there to the end.
        let said = json!({ "jsonrpc": "2.0", "id": question["id"], "result": {
            "action": "accept", "content": { "name": "Ada" },
        } });
        assert_eq!(busy.post(said.to_string()).await.status, 202);
        asking.message().await
    };
    let body = call(2, "slow", slow.clone()).to_string();
    let of_modern = modern(&project, "servers/s/mcp", call(3, "slow", slow), &json!({}));
    let (asked, in_session, without) = tokio::join!(stopping, working.post(body), answer(of_modern));
    assert_eq!(asked["result"]["content"][0]["text"], "accept:Ada", "{asked}");
    for done in [in_session, without] {
        assert_eq!(done.json()["result"]["content"][0]["text"], "done", "{:?}", done.body);
    }
    let (status, data) = daemon.wait();
    assert!(status.success(), "{status}");
    eventually("every child is gone", || !servers.iter().any(|child| runs(*child))).await;
    let calls = recorded(data, "drain", 3).await;
    assert_eq!(pairs(&calls), [("ok", "ask"), ("ok", "slow"), ("ok", "slow")]);
}

#[tokio::test]
async fn calls_that_take_too_long_are_told_why_they_end() {
    let daemon = Daemon::configured("[relay]\ndrain_secs = 1\n").await;
    let project = project(&daemon, "cut").await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let can = json!({ "elicitation": {} });
    let waiting = answer(modern(&project, "servers/s/mcp", call(1, "ask", json!({})), &can)).await;
    assert_eq!(waiting.json()["result"]["resultType"], "input_required", "{:?}", waiting.body);
    let body = call(2, "hang", json!({})).to_string();
    let of_modern = modern(&project, "servers/s/mcp", call(3, "hang", json!({})), &json!({}));
    let stopping = async {
        begun(&daemon, 3).await;
        tell(daemon.pid(), "TERM");
    };
    let (in_session, without, ()) = tokio::join!(wire.post(body), answer(of_modern), stopping);
    for cut in [in_session, without] {
        let message = cut.json();
        assert_eq!((cut.status, reason(&message)), (200, &json!("stopping")), "{message}");
        assert!(message["error"]["message"].as_str().expect("a text").contains("in part"), "{message}");
    }
    let (status, data) = daemon.wait();
    assert!(status.success(), "{status}");
    let calls = recorded(data, "cut", 3).await;
    assert_eq!(pairs(&calls), [("stopping", "ask"), ("stopping", "hang"), ("stopping", "hang")]);
}

#[tokio::test]
async fn a_second_signal_is_not_kept_waiting() {
    for second in ["TERM", "INT"] {
        let daemon = Daemon::configured(PATIENT).await;
        let project = project(&daemon, "hurry").await;
        let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
        let servers = descendants(daemon.pid());
        let stopping = async {
            begun(&daemon, 1).await;
            tell(daemon.pid(), "TERM");
            readiness_when_stopping(&daemon).await;
            tell(daemon.pid(), second);
            Instant::now()
        };
        let (cut, told) = tokio::join!(wire.post(call(1, "hang", json!({})).to_string()), stopping);
        assert_eq!(reason(&cut.json()), "stopping", "{:?}", cut.body);
        let (status, data) = daemon.wait();
        assert!(status.success() && told.elapsed() < SOON, "{status} after {:?}", told.elapsed());
        eventually("every child is gone", || !servers.iter().any(|child| runs(*child))).await;
        assert_eq!(pairs(&recorded(data, "hurry", 1).await), [("stopping", "hang")]);
    }
}

#[tokio::test]
async fn a_server_that_is_starting_does_not_hold_the_end_up() {
    let daemon = Daemon::start().await;
    // It never answers the handshake.
    let project = daemon.project("starting", json!({ "s": scripted(&["silent"]) })).await;
    let pid = daemon.pid();
    let starting = daemon.try_send(reqwest::Method::POST, "/projects/starting/servers/s/start", Some(json!({})));
    let stopping = async {
        eventually("its process runs", || descendants(pid).len() >= 3).await;
        let servers = descendants(pid);
        tell(pid, "TERM");
        (Instant::now(), servers)
    };
    let ((status, told), (since, servers)) = tokio::join!(starting, stopping);
    assert!(status.is_server_error() && told.to_string().contains("the daemon is stopping"), "{status} {told}");
    drop(project);
    let (status, _data) = daemon.wait();
    assert!(status.success() && since.elapsed() < SOON, "{status} after {:?}", since.elapsed());
    eventually("every child is gone", || !servers.iter().any(|child| runs(*child))).await;
}

#[tokio::test]
async fn a_terminal_that_goes_away_stops_it_in_good_order() {
    let daemon = Daemon::configured(PATIENT).await;
    let project = project(&daemon, "hang-up").await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let stopping = async {
        begun(&daemon, 1).await;
        tell(daemon.pid(), "HUP");
        readiness_when_stopping(&daemon).await;
        // The kernel and the shell both tell of it; that is nobody who does not want to wait.
        tell(daemon.pid(), "HUP");
    };
    let (done, ()) = tokio::join!(wire.post(call(1, "slow", json!({ "ms": 3000 })).to_string()), stopping);
    assert_eq!(done.json()["result"]["content"][0]["text"], "done", "{:?}", done.body);
    let (status, data) = daemon.wait();
    assert!(status.success(), "{status}");
    assert_eq!(pairs(&recorded(data, "hang-up", 1).await), [("ok", "slow")]);
}

#[tokio::test]
async fn a_terminal_that_is_none_of_its_business_does_not_stop_it() {
    let daemon = Daemon::start_without_a_terminal().await;
    tell(daemon.pid(), "HUP");
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("its status");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("what it hears");
    let caught = u64::from_str_radix(caught.trim(), 16).expect("a mask");
    assert_eq!(caught & 1, 0, "it hears SIGHUP, and was told to ignore it");
    let ready = answer(daemon.http.get(format!("{}/health/ready", daemon.base))).await;
    assert_eq!(ready.status, 200, "{:?}", ready.body);
    tell(daemon.pid(), "TERM");
    assert!(daemon.wait().0.success());
}
