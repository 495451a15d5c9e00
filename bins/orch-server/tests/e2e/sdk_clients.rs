//! The official SDKs as clients of the unified endpoint, over every transport and in every lifecycle that they have, in
//! front of servers of both eras: list, call, read, be asked, be sampled, get progress, cancel.

mod rust;

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{DEADLINE, Daemon, Project, eventually, everything, servers};

/// The servers by their aliases, and the file in which each notes what reaches it.
const SERVERS: [(&str, &str); 2] = [("old", "legacy"), ("new", "modern")];

async fn project<'a>(daemon: &'a Daemon, slug: &str) -> Project<'a> {
    let entries = SERVERS.map(|(alias, era)| {
        let notes = notes(daemon, slug, alias);
        (alias.to_owned(), everything(&["--era", era, "--notes", &notes, "--violations", &violations(daemon, slug)]))
    });
    daemon.project(slug, Value::Object(entries.into_iter().collect())).await.started(&["old", "new"]).await
}

fn notes(daemon: &Daemon, slug: &str, alias: &str) -> String {
    daemon.data.path().join(format!("{slug}-{alias}.notes")).display().to_string()
}

fn violations(daemon: &Daemon, slug: &str) -> String {
    daemon.data.path().join(format!("{slug}.violations")).display().to_string()
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name).display().to_string()
}

async fn run(program: &str, args: &[&str]) -> Value {
    let mut command = tokio::process::Command::new(program);
    command.args(args).env("MODULES", servers()).kill_on_drop(true);
    let Output { status, stdout, stderr } =
        tokio::time::timeout(DEADLINE, command.output()).await.expect("an end in time").expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{args:?}: {status}\n{out}\n{err}");
    serde_json::from_str(out.lines().last().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

/// Checks what a client says that it found.
fn check(what: &str, prefix: &str, found: &Value) {
    let tools = found["tools"].as_array().expect("tools");
    for (alias, _) in SERVERS {
        assert!(tools.contains(&json!(format!("{alias}__test_echo"))), "{what}: {tools:?}");
    }
    let expected = json!({
        "echo": "héllo",
        "read": "This is the content of the static text resource.",
        "elicited": "User response: action=accept, content={\"response\":\"Ada\"}",
        "sampled": "LLM response: sampled",
        "cancelled": true,
        "after": "still there",
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&found[name], value, "{what} {prefix} {name}");
    }
    let progress: Vec<f64> = serde_json::from_value(found["progress"].clone()).expect("numbers");
    // Clients may lose the last one, which comes together with the result.
    assert!(progress.starts_with(&[0.0, 50.0]), "{what} {prefix}: {progress:?}");
}

/// What a client is told: where it goes, as whom, whose tools it calls, and what that server has noted.
struct Ask<'a> {
    url: &'a str,
    key: &'a str,
    prefix: &'a str,
    notes: &'a str,
}

async fn everywhere(slug: &str, what: &str, path: &str, client: impl AsyncFn(Ask<'_>) -> Value) {
    let daemon = Daemon::start().await;
    let project = project(&daemon, slug).await;
    for (alias, _) in SERVERS {
        let prefix = format!("{alias}__");
        let file = notes(&daemon, slug, alias);
        let (url, key) = (project.url(path), project.key.as_str());
        let found = client(Ask { url: &url, key, prefix: &prefix, notes: &file }).await;
        check(what, &prefix, &found);
        eventually("the server hears of the cancellation", || {
            std::fs::read_to_string(&file).is_ok_and(|notes| notes.contains("cancelled"))
        })
        .await;
    }
    let wrong = std::fs::read_to_string(violations(&daemon, slug)).unwrap_or_default();
    assert_eq!(wrong, "", "{what}: the servers got what they must not get");
}

async fn typescript(version: &str, transport: &str, era: &str) {
    let (slug, path) = (format!("ts{version}-{transport}-{era}"), format!("unified/{}", ending(transport)));
    let script = script("typescript.mjs");
    everywhere(&slug, &slug, &path, async |Ask { url, key, prefix, notes }| {
        run("node", &[&script, version, transport, era, url, key, prefix, notes]).await
    })
    .await;
}

async fn python(transport: &str, era: &str) {
    let (slug, path) = (format!("py-{transport}-{era}"), format!("unified/{}", ending(transport)));
    let (program, script) = (servers().join("venv/bin/python").display().to_string(), script("python.py"));
    everywhere(&slug, &slug, &path, async |Ask { url, key, prefix, notes }| {
        run(&program, &[&script, transport, era, url, key, prefix, notes]).await
    })
    .await;
}

fn ending(transport: &str) -> &str {
    if transport == "sse" { "sse" } else { "mcp" }
}

#[tokio::test]
async fn typescript_1_over_streamable_http() {
    typescript("1", "http", "legacy").await;
}

#[tokio::test]
async fn typescript_1_over_sse() {
    typescript("1", "sse", "legacy").await;
}

#[tokio::test]
async fn typescript_2_in_a_session() {
    typescript("2", "http", "legacy").await;
}

#[tokio::test]
async fn typescript_2_without_sessions() {
    typescript("2", "http", "modern").await;
}

#[tokio::test]
async fn typescript_2_over_sse() {
    typescript("2", "sse", "legacy").await;
}

#[tokio::test]
async fn python_in_a_session() {
    python("http", "legacy").await;
}

#[tokio::test]
async fn python_without_sessions() {
    python("http", "modern").await;
}

#[tokio::test]
async fn python_over_sse() {
    python("sse", "legacy").await;
}

#[tokio::test]
async fn rust_in_both_lifecycles() {
    for era in ["legacy", "modern"] {
        let slug = format!("rust-{era}");
        everywhere(&slug, &slug, "unified/mcp", async |ask| rust::run(era, ask).await).await;
    }
}
