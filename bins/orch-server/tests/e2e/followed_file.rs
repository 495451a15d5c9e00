//! One binary and one file: what is in the file is served, and changes of the file hold while the daemon runs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::harness::{DEADLINE, Daemon, eventually, orch_server, scripted, until};

/// The aliases of the project's servers, in their order.
async fn aliases(daemon: &Daemon) -> Vec<String> {
    let servers = daemon.get("/projects/team-tools/servers").await;
    let items = servers["items"].as_array().expect("items");
    items.iter().map(|server| server["alias"].as_str().expect("an alias").to_owned()).collect()
}

async fn aliases_become(daemon: &Daemon, expected: &[&str]) {
    until(&format!("the servers are {expected:?}"), async || {
        let found = aliases(daemon).await;
        if found == expected { Ok(()) } else { Err(found) }
    })
    .await;
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

    // What did not come from the file is not the file's to take away.
    daemon.post("/projects/team-tools/import", json!({ "mcpServers": { "own": scripted(&[]) } })).await;
    write(&path, &json!({ "two": scripted(&[]), "three": scripted(&[]) }));
    aliases_become(&daemon, &["own", "three", "two"]).await;
    // Whose servers these are is written down last, and the daemon is about to be killed.
    eventually("the file is taken over", || daemon.log().contains(r#""removed":1"#)).await;

    // A start with a broken file goes on with what there is.
    std::fs::write(&path, "no file").expect("a file");
    let data = daemon.kill();
    let daemon = Daemon::start_with(data, &["--mcp-config", path.to_str().expect("a name")]).await;
    assert_eq!(aliases(&daemon).await, ["own", "three", "two"]);

    // What the file has lost meanwhile is taken away by the next start.
    let data = daemon.kill();
    write(&path, &json!({ "two": scripted(&[]) }));
    let daemon = Daemon::start_with(data, &["--mcp-config", path.to_str().expect("a name")]).await;
    assert_eq!(aliases(&daemon).await, ["own", "two"], "{}", daemon.log());
}

/// What is in the way may go away, and the file does not change by that.
#[tokio::test]
async fn what_failed_for_a_passing_reason_is_tried_again() {
    let data = tempfile::tempdir().expect("a directory");
    let path = data.path().join("team-tools.json");
    write(&path, &json!({ "one": scripted(&[]) }));
    let mark = data.path().join("data/followed/team-tools.json");
    let daemon = Daemon::start_with(data, &["--mcp-config", path.to_str().expect("a name")]).await;
    let aside = mark.with_extension("aside");
    std::fs::rename(&mark, &aside).expect("a place aside");
    std::fs::create_dir(&mark).expect("something in the way");
    write(&path, &json!({ "one": scripted(&[]), "two": scripted(&[]) }));
    eventually("the trouble is told", || daemon.log().contains("followed/team-tools.json cannot be read")).await;
    assert_eq!(aliases(&daemon).await, ["one"]);
    std::fs::remove_dir(&mark).expect("the way is free");
    std::fs::rename(&aside, &mark).expect("its place");
    aliases_become(&daemon, &["one", "two"]).await;
}

/// A command of the daemon's binary that is to end by itself: whether it succeeded, and all that it said.
fn run(command: &str, folder: &Path, file: &str) -> (bool, String) {
    let child = orch_server(command, folder)
        .args(["--port", "0", "--data-dir", "data", "--mcp-config", file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut lone = Lone(child);
    let (mut stdout, mut stderr) = (lone.0.stdout.take().expect("its words"), lone.0.stderr.take().expect("its log"));
    let log = std::thread::spawn(move || std::io::read_to_string(&mut stderr).expect("text"));
    let said = std::io::read_to_string(&mut stdout).expect("text");
    let status = lone.0.wait().expect("its end");
    (status.success(), format!("{said}{}", log.join().expect("the log")))
}

#[tokio::test]
async fn a_project_that_was_made_otherwise_is_not_taken_over() {
    let daemon = Daemon::start().await;
    daemon.project("team-tools", json!({ "one": scripted(&[]), "two": scripted(&[]) })).await;
    let data = daemon.kill();
    let path = data.path().join("team-tools.json");
    let file = path.to_str().expect("a name").to_owned();
    let other = scripted(&["plain"]);
    for servers in [json!({ "three": scripted(&[]) }), json!({ "one": other, "two": scripted(&[]) })] {
        write(&path, &servers);
        for command in ["check-config", "serve"] {
            let (good, said) = run(command, data.path(), &file);
            assert!(!good && said.contains("there is a project team-tools already"), "{command}: {said}");
            assert!(
                said.contains("another name") && said.contains("orch-admin --data-dir data server export"),
                "{said}"
            );
        }
    }
    let daemon = Daemon::start_in(data).await;
    assert_eq!(aliases(&daemon).await, ["one", "two"]);
    let data = daemon.kill();

    // A file that has its servers as they are takes nothing away, and is followed from then on.
    write(&path, &json!({ "one": scripted(&[]), "two": scripted(&[]), "three": scripted(&[]) }));
    let daemon = Daemon::start_with(data, &["--mcp-config", &file]).await;
    assert_eq!(aliases(&daemon).await, ["one", "three", "two"]);
    write(&path, &json!({ "one": scripted(&[]) }));
    aliases_become(&daemon, &["one"]).await;
    let data = daemon.kill();

    // Nor is a project that follows another file of this name.
    let elsewhere = data.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a directory");
    write(&elsewhere.join("team-tools.json"), &json!({ "three": scripted(&[]) }));
    let (good, said) = run("serve", data.path(), "elsewhere/team-tools.json");
    assert!(!good && said.contains(&format!("it follows {file}")), "{said}");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_makes_no_admin() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join("mcp.json"), "{ \"mcpServers\": { \"one\": {} } }").expect("a file");
    for command in ["check-config", "serve"] {
        let (good, said) = run(command, folder.path(), "mcp.json");
        assert!(!good && said.contains("mcp.json: ") && said.contains("line 1, column"), "{command}: {said}");
        assert!(!said.contains("password of"), "{said}");
    }
    let (good, said) = run("check-config", folder.path(), "gone.json");
    assert!(!good && said.contains("gone.json cannot be read"), "{said}");
    write(&folder.path().join("mcp.json"), &json!({ "one": scripted(&[]) }));
    let (good, said) = run("check-config", folder.path(), "mcp.json");
    assert!(good && said.contains("a start makes the project mcp"), "{said}");
    // Nobody was shown the password of an admin, so there is none yet: the first account is still to be chosen.
    let daemon = Daemon::start_in(folder).await;
    assert_eq!(daemon.get("/users").await["items"].as_array().map(Vec::len), Some(1));
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
    let mut child = orch_server("serve", folder.path())
        .args(["--port", "0", "--data-dir", "data", "--mcp-config", "mcp-config.json"])
        .env("LOG_FORMAT", "json")
        .env("LOG_LEVEL", "info")
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
    let child = orch_server("serve", folder.path())
        .args(["--port", "0", "--data-dir", "data", "--mcp-config", "mcp-config.json"])
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
