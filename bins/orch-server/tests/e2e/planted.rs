//! What was planted as a secret is readable nowhere: not in the database, the journal, the logs of servers or the audit
//! trail, not in what the daemon itself writes, and not in a core dump, of which there is none.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{DEADLINE, Daemon, scripted};
use crate::wire::Wire;

/// In every secret and in every argument of a call.
const PLANTED: &str = "planted-value-4c7e02";

/// A value of its own for each place, so that a find says where it comes from.
fn planted(place: &str) -> String {
    format!("{PLANTED}-{place}")
}

/// The files below a directory that have the text in them, with what is around it.
fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && let Some(at) = bytes.windows(text.len()).position(|part| part == text.as_bytes())
        {
            let around = &bytes[at.saturating_sub(80)..bytes.len().min(at + 80)];
            found.push(format!("{}: {}", path.display(), String::from_utf8_lossy(around)));
        }
    }
    found
}

#[tokio::test]
async fn no_secret_is_in_a_file_or_in_the_log_of_the_daemon() {
    let directory = tempfile::tempdir().expect("a directory");
    // The most that it can be made to say.
    let daemon = Daemon::start_with(directory, &["--log-level", "trace"]).await;
    let mut server = scripted(&[]);
    server["env"] = json!({ "TOKEN": planted("env") });
    server["args"].as_array_mut().expect("arguments").extend([
        json!("plain"),
        json!("/dev/null"),
        json!(planted("arg")),
    ]);
    let remote = json!({
        "type": "streamable-http", "url": "http://127.0.0.1:9/mcp",
        "headers": { "Authorization": format!("Bearer {}", planted("header")) },
    });
    let dead =
        json!({ "command": "sh", "args": ["-c", "echo $SECRET >&2; exit 1"], "env": { "SECRET": planted("log") } });
    let project = daemon.project("demo", json!({ "s": server, "remote": remote, "dead": dead })).await;

    // Calls that go well, that fail and that are refused, over MCP and over REST; and a key that is none.
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    for (id, tool) in ["s__echo", "s__fail", "s__nothing", "dead__x", "remote__x"].iter().enumerate() {
        let params = json!({ "name": tool, "arguments": { "text": planted("argument") } });
        let call = json!({ "jsonrpc": "2.0", "id": id + 1, "method": "tools/call", "params": params });
        wire.post(call.to_string()).await;
    }
    let rubbish =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":\"{}\"", planted("body"));
    wire.post(rubbish).await;
    let body = json!({ "kind": "tool", "name": "echo", "arguments": { "text": planted("argument") } });
    let _ = daemon.try_send(Method::POST, "/projects/demo/servers/s/calls", Some(body)).await;
    let stranger = daemon.http.get(format!("{}/api/v1/projects", daemon.base)).bearer_auth(planted("bearer"));
    assert_eq!(stranger.send().await.expect("an answer").status(), 401);
    let guess = json!({ "email": "admin@example.com", "password": planted("guess") });
    let guess = daemon.http.post(format!("{}/api/v1/auth/login", daemon.base)).json(&guess);
    assert_eq!(guess.send().await.expect("an answer").status(), 401);
    daemon.post("/users", json!({ "email": "ada@example.com", "password": planted("password") })).await;
    for alias in ["dead", "remote"] {
        let _ = daemon.try_send(Method::POST, &format!("/projects/demo/servers/{alias}/start"), None).await;
    }
    let change = json!({ "transport": { "type": "stdio", "env": { "TOKEN": planted("changed") } } });
    let _ = daemon.try_send(Method::PATCH, "/projects/demo/servers/s", Some(change)).await;
    project.calls_when(|calls| calls.len() >= 5).await;

    let credentials = [project.key.clone(), daemon.token.clone()];
    drop(wire);
    let data = daemon.kill();
    // The log is one of the files, as a whole.
    let log = std::fs::read_to_string(data.path().join("daemon.log")).expect("the log");
    // Nothing says anything at the level below.
    assert!(log.contains("\"level\":\"DEBUG\""), "it says all that it can");
    assert_eq!(files_with(data.path(), PLANTED), [""; 0]);
    // Keys and tokens that it gave out are not in it either.
    for given in credentials {
        assert!(!log.contains(given.as_str()), "a credential is in the log");
    }
}

/// Starts a process that leaves a core dump if anything does, to know whether this machine makes any.
fn dumps_core(directory: &Path) -> bool {
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -c unlimited && exec sleep 1000"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .spawn()
        .expect("a shell");
    // It has to be the sleep: a shell would take the signal for itself.
    let end = std::time::Instant::now() + DEADLINE;
    while !std::fs::read_to_string(format!("/proc/{}/comm", child.id())).is_ok_and(|name| name.trim() == "sleep") {
        assert!(std::time::Instant::now() < end, "it does not start");
        std::thread::yield_now();
    }
    signal(child.id(), "ABRT");
    child.wait().expect("its end").core_dumped()
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().expect("kill");
    assert!(sent.success());
}

#[tokio::test]
async fn a_daemon_that_is_aborted_leaves_no_core() {
    let daemon = Daemon::start().await;
    let pid = daemon.pid();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // Who may raise the limit again, as root, gets no core all the same. Others cannot, and the limit holds.
    let _ = Command::new("prlimit").args(["--core=unlimited:unlimited", "--pid", &pid.to_string()]).status();
    let elsewhere = tempfile::tempdir().expect("a directory");
    let machine_dumps = dumps_core(elsewhere.path());
    signal(pid, "ABRT");
    let (status, data) = daemon.wait();
    assert_eq!(status.signal(), Some(6), "it was aborted");
    assert!(!status.core_dumped(), "it left a core; another process leaves one: {machine_dumps}");
    let cores = std::fs::read_dir(data.path()).expect("a directory").flatten();
    let cores: Vec<Value> = cores
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("core"))
        .map(Value::from)
        .collect();
    assert!(cores.is_empty(), "{cores:?}");
}
