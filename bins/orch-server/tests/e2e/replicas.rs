//! Two daemons on one PostgreSQL database: what is done at one holds at the other, and what both did is one record.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use orch_testkit::postgres::PostgresDatabase;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Daemon, EMAIL, PASSWORD, Project, alone, scripted, until};
use crate::insider::{Insider, log_in};
use crate::revocation::{Doors, PING};
use crate::wire::{Answer, Events, Wire, answer, modern};

const OLD_KEY: &str = "6f1d2c3b4a5968778695a4b3c2d1e0f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const NEW_KEY: &str = "9a8b7c6d5e4f30211203f4e5d6c7b8a99a8b7c6d5e4f30211203f4e5d6c7b8a0";

/// The product's promise for another daemon is about a second.
const SOON: Duration = Duration::from_secs(2);

/// What all programs on the database are told.
fn settings(database: &PostgresDatabase, keys: &str) -> String {
    let url = database.url();
    format!("database_url = \"{url}\"\nencryption_key = \"{keys}\"\njwt_secret = \"{}\"\n", "one for both ".repeat(4))
}

/// Both start at once, on a database that may be empty.
async fn both(settings: &str) -> (Daemon, Daemon) {
    let start = || {
        let settings = settings.to_owned();
        tokio::spawn(async move { Daemon::configured(&settings).await })
    };
    let (a, b) = tokio::join!(start(), start());
    let (a, b) = (a.expect("a daemon"), b.expect("a daemon"));
    for daemon in [&a, &b] {
        until("each knows the admin that one of them has made", async || {
            let (status, _) = daemon.try_send(Method::GET, "/auth/me", None).await;
            if status == 200 { Ok(()) } else { Err(status) }
        })
        .await;
    }
    (a, b)
}

/// `orch-admin` on the database, with a directory of its own. Gives the document that it says.
fn admin(settings: &str, arguments: &[&str]) -> Value {
    let program = Path::new(env!("CARGO_BIN_EXE_orch-server")).with_file_name("orch-admin");
    assert!(program.exists(), "{} is not built; run: cargo build -p orch-admin", program.display());
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("orch.toml"), settings).expect("a file of settings");
    let mut command = alone(Command::new(program), directory.path());
    let output = command.args(arguments).args(["--json", "--config", "orch.toml"]).output().expect("the command runs");
    let (said, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {said}\n{log}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}\n{log}"))
}

fn echo(tool: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": { "text": "hi" } } })
}

async fn call(project: &Project<'_>, tool: &str) -> Answer {
    answer(modern(project, "unified/mcp", echo(tool), &json!({}))).await
}

async fn echoes(project: &Project<'_>, tool: &str) {
    let answer = call(project, tool).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "hi", "{:?}\n{}", answer.body, project.daemon.log());
}

async fn is_let_in(project: &Project<'_>) -> bool {
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    answer(modern(project, "unified/mcp", list, &json!({}))).await.status == 200
}

/// Polls until it is so, which has to be soon after `since`.
async fn soon(what: &str, since: Instant, holds: impl AsyncFn() -> bool) {
    while !holds().await {
        assert!(since.elapsed() < SOON, "{what}: not within {SOON:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_loses_at_one_daemon_is_lost_at_the_other() {
    let database = PostgresDatabase::empty();
    let (a, b) = both(&settings(&database, OLD_KEY)).await;
    type Loss = fn(&str, &Insider) -> (Method, String, Option<Value>);
    let losses: [(&str, u16, Loss); 3] = [
        ("key", 401, |slug, who| (Method::DELETE, format!("/projects/{slug}/keys/{}", who.key_id), None)),
        ("account", 401, |_, who| (Method::PATCH, format!("/users/{}", who.user), Some(json!({ "active": false })))),
        ("member", 404, |slug, who| (Method::DELETE, format!("/projects/{slug}/members/{}", who.user), None)),
    ];
    for (slug, status, loss) in losses {
        let project = a.project(slug, json!({ "s": scripted(&[]) })).await;
        let insider = Insider::invited(&a, slug).await;
        let project = Project { key: insider.key.clone(), ..project };
        let (doors, streams) = Doors::open(&project).await;
        soon("the other daemon knows the key", Instant::now(), async || is_let_in(&b.same(&project)).await).await;
        let (method, path, body) = loss(slug, &insider);
        b.send(method, &path, body).await;
        let since = Instant::now();
        let end = async {
            streams.end().await;
            since.elapsed()
        };
        let shut = async {
            soon(slug, since, async || doors.status().await == status).await;
            doors.are_shut(status).await;
        };
        let ((), took) = tokio::join!(shut, end);
        assert!(took < SOON, "{slug}: the streams end after {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_ends_at_one_daemon_opens_nothing_at_the_other() {
    let database = PostgresDatabase::empty();
    let (a, b) = both(&settings(&database, OLD_KEY)).await;
    let token = log_in(&b, &json!({ "email": EMAIL, "password": PASSWORD })).await;
    let get =
        |daemon: &Daemon, path: &str| daemon.http.get(format!("{}/api/v1{path}", daemon.base)).bearer_auth(&token);
    let status = async || get(&a, "/auth/me").send().await.expect("an answer").status();
    assert_eq!(status().await, 200, "a login holds at both");
    let mut events = Events::open(get(&a, "/events")).await;
    let out = b.http.post(format!("{}/api/v1/auth/logout", b.base)).bearer_auth(&token).send().await;
    assert_eq!(out.expect("an answer").status(), 204);
    let since = Instant::now();
    let end = async {
        while events.next().await.is_some() {}
        since.elapsed()
    };
    let ((), took) = tokio::join!(soon("the token is refused", since, async || status().await == 401), end);
    assert!(took < SOON, "the events end after {took:?}");
    // Another login of the same person is as it was.
    a.get("/auth/me").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_and_projects_are_at_one_daemon_as_the_other_made_them() {
    let database = PostgresDatabase::empty();
    let (a, b) = both(&settings(&database, OLD_KEY)).await;
    let records = ["first", "second"].map(|name| a.data.path().join(name).display().to_string());
    let args = ["plain", records[0].as_str()];
    let here =
        a.project("shared", json!({ "s": scripted(&args), "t": scripted(&[]) })).await.started(&["s", "t"]).await;
    let there = b.same(&here);
    soon("the other daemon knows the key", Instant::now(), async || is_let_in(&there).await).await;
    echoes(&here, "s__echo").await;
    echoes(&there, "s__echo").await;
    let seen = |record: &str| std::fs::read_to_string(record).unwrap_or_default();
    assert!(seen(&records[0]).contains("\"echo\""));

    // An argument is a secret: who has it as it was is started anew.
    let transport = scripted(&["plain", &records[1]])["args"].clone();
    let changed = json!({ "transport": { "args": transport } });
    b.send(Method::PATCH, "/projects/shared/servers/s", Some(changed)).await;
    let since = Instant::now();
    let begun = seen(&records[0]).len();
    soon("the server has the new secret", since, async || {
        call(&here, "s__echo").await.json()["result"].is_object() && seen(&records[1]).contains("\"tools/call\"")
    })
    .await;
    let late = seen(&records[0])[begun..].matches("\"tools/call\"").count();
    echoes(&here, "s__echo").await;
    assert_eq!(seen(&records[0])[begun..].matches("\"tools/call\"").count(), late, "nothing goes to the old one");

    // Another name, in the list and for calls.
    let names = async |project: &Project<'_>| {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
        let list = answer(modern(project, "unified/mcp", list, &json!({}))).await;
        list.json()["result"]["tools"].to_string()
    };
    b.send(Method::PATCH, "/projects/shared/servers/s", Some(json!({ "alias": "renamed" }))).await;
    let since = Instant::now();
    soon("the list has the new name", since, async || {
        let names = names(&here).await;
        names.contains("\"renamed__echo\"") && !names.contains("\"s__echo\"")
    })
    .await;
    echoes(&here, "renamed__echo").await;
    b.send(Method::PATCH, "/projects/shared", Some(json!({ "slug": "moved" }))).await;
    let since = Instant::now();
    let moved = Project { slug: "moved".to_owned(), ..a.same(&here) };
    soon("the project has moved", since, async || call(&moved, "renamed__echo").await.status == 200).await;

    // A server that is not to be used any more.
    let own = Wire::open(&moved, "servers/renamed/mcp", "2025-06-18").await;
    let mut stream = own.request(Method::GET).send().await.expect("a stream");
    b.send(Method::PATCH, "/projects/moved/servers/renamed", Some(json!({ "enabled": false }))).await;
    let since = Instant::now();
    let end = async {
        while stream.chunk().await.expect("the stream ends in good order").is_some() {}
        since.elapsed()
    };
    let ended = soon("the session ends", since, async || own.post(PING).await.status == 404);
    let ((), took) = tokio::join!(ended, end);
    assert!(took < SOON, "the stream ends after {took:?}");
    assert!(!names(&moved).await.contains("renamed__echo"));
    echoes(&moved, "t__echo").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_record_is_one_chain() {
    const EACH: usize = 30;
    let database = PostgresDatabase::empty();
    let settings = settings(&database, OLD_KEY);
    let (a, b) = both(&settings).await;
    let here = a.project("recorded", json!({ "s": scripted(&[]) })).await;
    let there = b.same(&here);
    soon("the other daemon knows the key", Instant::now(), async || is_let_in(&there).await).await;
    let many = async |project: &Project<'_>, name: &str| {
        for number in 0..EACH {
            // A call is told apart by its target; a tool that does not exist still is a call.
            let target = format!("{name}-{number}");
            let said = call(project, &format!("s__{target}")).await;
            assert!(String::from_utf8_lossy(&said.body).contains(&target), "{:?}", said.body);
            let key = json!({ "name": format!("{name}-{number}") });
            project.daemon.post("/projects/recorded/keys", key).await;
        }
    };
    tokio::join!(many(&here, "a"), many(&there, "b"));
    let mut lists = Vec::new();
    for project in [&here, &there] {
        let calls = project.calls_when(|calls| calls.len() == 2 * EACH).await;
        let mut targets: Vec<_> = calls.iter().map(|call| call["target"].to_string()).collect();
        targets.sort();
        targets.dedup();
        assert_eq!(targets.len(), 2 * EACH, "{targets:?}");
        lists.push(calls);
        let usage = project.daemon.get("/projects/recorded/usage").await;
        assert_eq!(usage["total"]["calls"], 2 * EACH, "{usage}");
    }
    assert_eq!(lists[0], lists[1], "both tell the same record");
    let trail = async |daemon: &Daemon| {
        let page = daemon.get("/projects/recorded/audit?limit=200&action=key.create").await;
        page["items"].as_array().expect("items").iter().map(|entry| entry["id"].to_string()).collect::<Vec<_>>()
    };
    let (one, other) = (trail(&a).await, trail(&b).await);
    assert_eq!((one.len(), &one), (2 * EACH + 1, &other));
    let report = admin(&settings, &["audit", "verify"]);
    assert_eq!((&report["sound"], &report["calls"]), (&json!(true), &json!(2 * EACH)), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_sealed_anew_while_both_run() {
    let database = PostgresDatabase::empty();
    let (a, b) = both(&settings(&database, OLD_KEY)).await;
    let servers = json!({ "s": scripted(&["plain", "/dev/null"]), "t": scripted(&["plain", "/dev/null"]) });
    let key = a.project("sealed", servers).await.key;
    let [first, second] = [a, b].map(Daemon::kill);
    let told = settings(&database, &format!("{NEW_KEY},{OLD_KEY}"));
    for data in [&first, &second] {
        std::fs::write(data.path().join("orch.toml"), &told).expect("a file of settings");
    }
    let (a, b) = (Daemon::start_in(first).await, Daemon::start_in(second).await);
    let here = Project { daemon: &a, slug: "sealed".to_owned(), key, key_id: String::new() };
    let there = b.same(&here);
    let sealed = async |daemon: &Daemon| {
        let encryption = daemon.get("/system").await["encryption"].clone();
        (encryption["secrets"].as_u64().expect("a number"), encryption["stale_secrets"].as_u64().expect("a number"))
    };
    let (secrets, stale) = sealed(&a).await;
    assert!(secrets >= 6 && stale == secrets, "{secrets} {stale}");
    // One server runs at each when it happens, and one does not.
    echoes(&here, "s__echo").await;
    echoes(&there, "t__echo").await;
    let rotated = tokio::task::spawn_blocking({
        let told = told.clone();
        move || admin(&told, &["encryption", "rotate"])
    });
    while !rotated.is_finished() {
        echoes(&here, "s__echo").await;
        echoes(&there, "t__echo").await;
    }
    let rotated = rotated.await.expect("a report");
    assert_eq!((&rotated["renewed"], &rotated["stale"]), (&json!(secrets), &json!(0)), "{rotated}");
    echoes(&here, "t__echo").await;
    echoes(&there, "s__echo").await;
    for daemon in [&a, &b] {
        until("nothing is sealed with the old key", async || match sealed(daemon).await {
            (all, 0) if all == secrets => Ok(()),
            other => Err(other),
        })
        .await;
    }
    // The old key can go, at one daemon after the other.
    let alone = settings(&database, NEW_KEY);
    let data = b.kill();
    std::fs::write(data.path().join("orch.toml"), &alone).expect("a file of settings");
    let b = Daemon::start_in(data).await;
    echoes(&b.same(&here), "s__echo").await;
    let report = admin(&alone, &["encryption", "verify"]);
    assert_eq!((&report["secrets"], &report["stale"]), (&json!(secrets), &json!(0)), "{report}");
    let report = admin(&alone, &["audit", "verify"]);
    assert_eq!(report["sound"], true, "{report}");
}
