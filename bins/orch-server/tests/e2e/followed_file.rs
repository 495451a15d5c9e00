//! One binary and one file: what is in the file is served, and changes of the file hold while the daemon runs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::{DEADLINE, Daemon, eventually, scripted};

/// The aliases of the project's servers, in their order.
async fn aliases(daemon: &Daemon) -> Vec<String> {
    let servers = daemon.get("/projects/team-tools/servers").await;
    let items = servers["items"].as_array().expect("items");
    items.iter().map(|server| server["alias"].as_str().expect("an alias").to_owned()).collect()
}

async fn aliases_become(daemon: &Daemon, expected: &[&str]) {
    let end = Instant::now() + DEADLINE;
    while aliases(daemon).await != expected {
        assert!(Instant::now() < end, "not {expected:?} but {:?}\n{}", aliases(daemon).await, daemon.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn write(path: &Path, servers: &Value) {
    // As editors do it: the new file takes the old one's place.
    let draft = path.with_extension("new");
    std::fs::write(&draft, serde_json::to_string_pretty(&json!({ "mcpServers": servers })).expect("JSON"))
        .expect("a file");
    std::fs::rename(&draft, path).expect("its place");
}

#[tokio::test]
async fn is_followed_while_the_daemon_runs() {
    let data = tempfile::tempdir().expect("a directory");
    let path = data.path().join("team-tools.json");
    write(&path, &json!({ "one": scripted(&[]) }));
    let daemon = Daemon::start_with(data, &["--mcp-config", path.to_str().expect("a name")]).await;
    assert_eq!(aliases(&daemon).await, ["one"]);

    write(&path, &json!({ "one": scripted(&[]), "two": scripted(&[]) }));
    aliases_become(&daemon, &["one", "two"]).await;

    // What cannot be used is reported with its place, and nothing changes.
    std::fs::write(&path, "{ \"mcpServers\": {\n  \"one\": { \"args\": [\"x\"] }\n} }").expect("a file");
    eventually("the problem is reported", || daemon.log().contains("line 2, column")).await;
    assert!(daemon.log().contains("nothing was changed"), "{}", daemon.log());
    assert_eq!(aliases(&daemon).await, ["one", "two"]);

    write(&path, &json!({ "two": scripted(&[]), "three": scripted(&[]) }));
    aliases_become(&daemon, &["three", "two"]).await;

    // A start with a broken file goes on with what there is.
    std::fs::write(&path, "no file").expect("a file");
    let data = daemon.kill();
    let daemon = Daemon::start_with(data, &["--mcp-config", path.to_str().expect("a name")]).await;
    assert_eq!(aliases(&daemon).await, ["three", "two"]);
}

/// A daemon that was told nothing but the file.
struct Lone(Child);

impl Drop for Lone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whoever reads what the daemon says at its start may be gone by then.
#[tokio::test]
async fn is_served_when_nobody_listens_to_the_welcome() {
    let folder = tempfile::tempdir().expect("a directory");
    write(&folder.path().join("mcp-config.json"), &json!({ "one": scripted(&[]) }));
    let (unread, stdout) = std::io::pipe().expect("a pipe");
    drop(unread);
    let mut child = Command::new(env!("CARGO_BIN_EXE_orch-server"))
        .args(["serve", "--port", "0", "--data-dir", "data", "--mcp-config", "mcp-config.json"])
        .current_dir(folder.path())
        .env("LOG_FORMAT", "json")
        .env("LOG_LEVEL", "info")
        .env_remove("DATABASE_URL")
        .env_remove("INITIAL_ADMIN_EMAIL")
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the daemon starts");
    let stderr = child.stderr.take().expect("its log");
    let lone = Lone(child);
    let mut log = BufReader::new(stderr).lines();
    let address = loop {
        let line = log.next().expect("the daemon is listening").expect("a line");
        let entry: Value = serde_json::from_str(&line).expect("an entry");
        if entry["message"] == "listening" {
            break entry["address"].as_str().expect("an address").to_owned();
        }
    };
    // The log is read to its end, so that the daemon is not held up by a full pipe.
    std::thread::spawn(move || log.for_each(drop));
    let answer = reqwest::get(format!("http://{address}/health")).await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    drop(lone);
}

#[tokio::test]
async fn is_enough_for_one_person() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("mcp-config.json");
    write(&path, &json!({ "Every Thing": scripted(&[]) }));
    let child = Command::new(env!("CARGO_BIN_EXE_orch-server"))
        .args(["serve", "--port", "0", "--data-dir", "data", "--mcp-config", "mcp-config.json"])
        .current_dir(folder.path())
        .env_remove("DATABASE_URL")
        .env_remove("INITIAL_ADMIN_EMAIL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the daemon starts");
    let mut lone = Lone(child);
    let stdout = lone.0.stdout.take().expect("its words");
    let mut said: Vec<String> = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line.expect("a line");
        let last = line.contains("Other clients");
        said.push(line);
        if last {
            break;
        }
    }
    let word = |label: &str| {
        let line = said.iter().find(|line| line.trim_start().starts_with(label));
        let line = line.unwrap_or_else(|| panic!("no {label} in {said:#?}"));
        line.trim_start().trim_start_matches(label).split_whitespace().next().expect("a word").to_owned()
    };
    let (endpoint, key) = (word("endpoint"), word("API key"));
    assert!(said.iter().any(|line| line.contains("password of admin@localhost")), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("claude mcp add") && line.contains(&key)), "{said:#?}");

    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } } });
    let answer = reqwest::Client::new()
        .post(&endpoint)
        .bearer_auth(&key)
        .header("accept", "application/json, text/event-stream")
        .json(&list)
        .timeout(DEADLINE)
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    let text = answer.text().await.expect("a body");
    assert!(text.contains("mcp-orchestrator"), "{text}");
}
