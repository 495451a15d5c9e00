//! Logs of servers: across a restart of the daemon, live, and without secrets.

use serde_json::{Value, json};

use crate::harness::{DEADLINE, Daemon, until};

/// Says things on standard error and in messages, its secret among them.
const TALKER: &str = r#"
import json, os, sys
print("starting with " + os.environ["TOKEN"], file=sys.stderr, flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"logging": {}, "tools": {}}, "serverInfo": {"name": "t", "version": "1"}}
    elif message.get("method") == "tools/list":
        params = {"level": "warning", "logger": "talker", "data": "the token is " + os.environ["TOKEN"]}
        print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": params}), flush=True)
        result = {"tools": []}
    else:
        result = {}
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

async fn lines(daemon: &Daemon, query: &str) -> Vec<Value> {
    let page = daemon.get(&format!("/projects/team/servers/talker/logs{query}")).await;
    page["items"].as_array().expect("items").clone()
}

async fn lines_when(daemon: &Daemon, text: &str) -> Vec<Value> {
    until(text, async || {
        let lines = lines(daemon, "?tail=1000").await;
        let is_there = lines.iter().any(|line| line["text"].as_str().is_some_and(|line| line.contains(text)));
        if is_there { Ok(lines) } else { Err(lines) }
    })
    .await
}

#[tokio::test]
async fn are_followed_live_and_survive_a_restart() {
    let daemon = Daemon::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("talker.py");
    std::fs::write(&script, TALKER).expect("a script");
    let talker = json!({
        "command": "/usr/bin/python3", "args": [script.display().to_string()], "env": { "TOKEN": "hunter22-sesame" },
    });
    daemon.project("team", json!({ "talker": talker })).await;
    let url = format!("{}/api/v1/projects/team/servers/talker/logs/stream", daemon.base);
    let mut stream = daemon.http.get(url).bearer_auth(&daemon.token).send().await.expect("a stream");

    daemon.send(reqwest::Method::POST, "/projects/team/servers/talker/start", None).await;
    let mut heard = String::new();
    while !heard.contains("the token is") {
        let chunk =
            tokio::time::timeout(DEADLINE, stream.chunk()).await.expect("in time").expect("a stream").expect("more");
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(heard.contains("\"source\":\"stderr\"") && heard.contains("\"source\":\"protocol\""), "{heard}");
    assert!(heard.contains("warning talker: the token is [redacted]"), "{heard}");
    assert!(heard.contains("starting with [redacted]") && !heard.contains("hunter22"), "{heard}");
    drop(stream);

    let before = lines_when(&daemon, "the token is").await;
    let last = before.last().expect("lines")["seq"].as_u64().expect("a number");
    // What a killed daemon had not written yet may be lost; give it the moment that it takes.
    let logs = daemon.data.path().join("data/logs");
    crate::harness::eventually("the log is on disk", || {
        let mut found = String::new();
        for directory in std::fs::read_dir(&logs).into_iter().flatten().flatten() {
            for file in std::fs::read_dir(directory.path()).into_iter().flatten().flatten() {
                found.push_str(&std::fs::read_to_string(file.path()).unwrap_or_default());
            }
        }
        assert!(!found.contains("hunter22"));
        found.contains("the token is [redacted]")
    })
    .await;
    let daemon = Daemon::start_in(daemon.kill()).await;
    let after = lines(&daemon, "?tail=1000").await;
    assert!(after.iter().any(|line| line["text"] == "starting with [redacted]"), "{after:?}");
    daemon.send(reqwest::Method::POST, "/projects/team/servers/talker/start", None).await;
    let after = lines_when(&daemon, "started").await;
    assert!(after.last().expect("lines")["seq"].as_u64().expect("a number") >= last, "numbers go on");
    let found = lines(&daemon, "?search=STARTING&source=stderr").await;
    assert!(!found.is_empty() && found.iter().all(|line| line["source"] == "stderr"), "{found:?}");
}
