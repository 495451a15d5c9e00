//! Clients that come, call, drop, cancel and crash at random, and servers that crash, hang, leak, fork and change what
//! they offer. Afterwards, when all is idle, the daemon has no process and no session, as many descriptors, threads and
//! tasks as before, and hardly more memory. Short in CI; `just soak` runs it for minutes or hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, descendants, runs};

/// Everything is idle soon, so that what is left behind is seen soon.
const SETTINGS: &str = r#"
[relay]
idle_stop_secs = 2
lane_idle_secs = 2
drain_secs = 2
check_secs = 5
check_deadline_secs = 2
longest_pause_secs = 2
crash_loop_after = 1000000
lane_wait_secs = 2

[mcp]
session_idle_secs = 3

[metrics]
port = 0
"#;

const CLIENTS: u64 = 12;
/// How long the daemon may take to come to rest.
const REST: Duration = Duration::from_secs(60);
/// What has not changed for so long will stay.
const SETTLED: Duration = Duration::from_secs(3);
/// What pools keep open for a while: connections to the database, and threads for blocking work. A leak is of one for
/// each session, process or call, and so of hundreds.
const DESCRIPTOR_SLACK: usize = 16;
const THREAD_SLACK: usize = 8;
/// Connections to the database, and what works in the background now and then.
const TASK_SLACK: usize = 8;
/// What a heap keeps for itself of what it once needed.
const MEMORY_SLACK_KIB: u64 = 48 * 1024;

/// Numbers that look like chance, and are the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// What the daemon holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holds {
    processes: usize,
    descriptors: usize,
    threads: usize,
    tasks: usize,
    sessions: usize,
    memory_kib: u64,
}

impl Holds {
    /// Nothing that is there only while somebody is served.
    const fn is_idle(&self) -> bool {
        self.processes == 0 && self.sessions == 0
    }
}

/// Where the daemon tells its metrics.
fn metrics_of(daemon: &Daemon) -> String {
    let log = daemon.log();
    let entries = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut addresses = entries.filter_map(|entry| entry["metrics.address"].as_str().map(str::to_owned));
    format!("http://{}/metrics", addresses.next().unwrap_or_else(|| panic!("no metrics\n{log}")))
}

async fn holds(pid: u32, metrics: &str) -> Holds {
    let metrics = reqwest::get(metrics).await.expect("metrics").text().await.expect("metrics");
    let gauge = |name: &str| -> usize {
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in\n{metrics}"))
    };
    let entries = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).map_or(0, Iterator::count);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let rss = rss.and_then(|rss| rss.trim().trim_end_matches(" kB").parse().ok());
    Holds {
        processes: descendants(pid).len(),
        descriptors: entries("fd"),
        threads: entries("task"),
        tasks: gauge("orch_tasks"),
        sessions: gauge("orch_sessions"),
        memory_kib: rss.unwrap_or_default(),
    }
}

/// Waits until `good` holds, and gives what the daemon holds then; or what it still held when the time was over.
async fn at_rest(pid: u32, metrics: &str, mut good: impl FnMut(&Holds) -> bool) -> Holds {
    let end = Instant::now() + REST;
    loop {
        let now = holds(pid, metrics).await;
        if good(&now) || Instant::now() > end {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What the daemon holds for good: idle, and what its pools keep open for a while has not changed for some time.
async fn settled(pid: u32, metrics: &str) -> Holds {
    let mut same: Option<(Instant, [usize; 3])> = None;
    at_rest(pid, metrics, |now| {
        let pools = [now.descriptors, now.threads, now.tasks];
        match same {
            Some((since, before)) if before == pools => now.is_idle() && since.elapsed() > SETTLED,
            _ => {
                same = Some((Instant::now(), pools));
                false
            }
        }
    })
    .await
}

#[derive(Default)]
struct Tally {
    sessions: AtomicU64,
    answers: AtomicU64,
    errors: AtomicU64,
    left: AtomicU64,
}

/// An endpoint, with a key for it.
struct Door {
    url: String,
    key: String,
    /// What stands before the names of tools.
    prefixes: &'static [&'static str],
}

/// One client after the other, each of which does some things and goes, in good order or not.
struct Visitor {
    http: reqwest::Client,
    doors: Arc<Vec<Door>>,
    random: Random,
    tally: Arc<Tally>,
    grandchildren: Arc<std::sync::Mutex<Vec<u32>>>,
}

impl Visitor {
    fn request(&self, door: &Door, session: Option<&str>, body: &Value) -> reqwest::RequestBuilder {
        let request = self
            .http
            .post(&door.url)
            .timeout(Duration::from_secs(20))
            .bearer_auth(&door.key)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body.to_string());
        match session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }

    async fn visit(&mut self) {
        let doors = Arc::clone(&self.doors);
        let door = &doors[usize::try_from(self.random.below(doors.len() as u64)).unwrap_or_default()];
        let can = if self.random.below(4) == 0 { json!({ "elicitation": {} }) } else { json!({}) };
        let hello = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": { "protocolVersion": "2025-06-18", "capabilities": can, "clientInfo": { "name": "soak", "version": "1" } },
        });
        let Ok(answer) = self.request(door, None, &hello).send().await else { return };
        let Some(session) = answer.headers().get("mcp-session-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
        else {
            self.tally.errors.fetch_add(1, Ordering::Relaxed);
            return;
        };
        drop(answer.bytes().await);
        self.tally.sessions.fetch_add(1, Ordering::Relaxed);
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        drop(self.request(door, Some(&session), &initialized).send().await);
        for id in 1..=self.random.below(12) {
            self.call(door, &session, id).await;
        }
        // A third says goodbye; the others are simply gone.
        if self.random.below(3) == 0 {
            let end = self.http.delete(&door.url).bearer_auth(&door.key).header("mcp-session-id", &session);
            drop(end.send().await);
        }
    }

    async fn call(&mut self, door: &Door, session: &str, id: u64) {
        let tool = match self.random.below(20) {
            0 => "crash",
            1 => "hang",
            2 => "leak",
            3 => "fork",
            4 | 5 => "mutate",
            6 | 7 => "slow",
            _ => "echo",
        };
        let count = door.prefixes.len() as u64;
        let name = format!("{}{tool}", door.prefixes[usize::try_from(self.random.below(count)).unwrap_or_default()]);
        let method = if self.random.below(10) == 0 { "tools/list" } else { "tools/call" };
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": { "name": name, "arguments": {} } });
        let sent = self.request(door, Some(session), &call).send();
        // Some do not wait for what they have asked.
        let patience = Duration::from_millis(if self.random.below(6) == 0 { 20 } else { 15_000 });
        let Ok(Ok(answer)) = tokio::time::timeout(patience, sent).await else {
            self.tally.left.fetch_add(1, Ordering::Relaxed);
            if self.random.below(2) == 0 {
                let cancel =
                    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
                drop(self.request(door, Some(session), &cancel).send().await);
            }
            return;
        };
        let text = answer.text().await.unwrap_or_default();
        if tool == "fork"
            && let Some(pid) = text.split("\"text\":\"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok())
        {
            self.grandchildren.lock().expect("a list").push(pid);
        }
        let tally = if text.contains("\"error\"") { &self.tally.errors } else { &self.tally.answers };
        tally.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(clippy::print_stdout, reason = "who runs it for hours wants to see what it did")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_grows_however_clients_and_servers_behave() {
    let seconds = std::env::var("ORCH_SOAK_SECS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    let daemon = Daemon::configured(SETTINGS).await;
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/soaking.mjs");
    let server = |isolation: &str| {
        json!({
            "command": "node", "args": [script.display().to_string()], "timeout": 2,
            "x-orchestrator": { "isolation": isolation, "maxConnections": 6 },
        })
    };
    let servers = json!({ "shared": server("shared"), "own": server("per_principal"), "each": server("per_session") });
    let project = daemon.project("soak", servers).await;
    // The daemon in front of itself, so that servers over HTTP and HTTP+SSE misbehave in the same ways.
    let remote = |kind: &str, path: &str| {
        json!({
            "type": kind, "url": format!("{}/projects/soak/servers/shared/{path}", daemon.base), "timeout": 4,
            "headers": { "Authorization": format!("Bearer {}", project.key) },
        })
    };
    let remotes = json!({ "http": remote("streamable-http", "mcp"), "sse": remote("sse", "sse") });
    let outer = daemon.project("outer", remotes).await;
    let door = |project: &str, key: &str, endpoint: &str, prefixes| Door {
        url: format!("{}/projects/{project}/{endpoint}/mcp", daemon.base),
        key: key.to_owned(),
        prefixes,
    };
    let doors = Arc::new(vec![
        door("soak", &project.key, "unified", &["shared__", "own__", "each__"]),
        door("soak", &project.key, "servers/shared", &[""]),
        door("soak", &project.key, "servers/own", &[""]),
        door("soak", &project.key, "servers/each", &[""]),
        door("outer", &outer.key, "unified", &["http__", "sse__"]),
        door("outer", &outer.key, "servers/sse", &[""]),
    ]);
    let pid = daemon.pid();
    let tally = Arc::new(Tally::default());
    let grandchildren = Arc::<std::sync::Mutex<Vec<u32>>>::default();
    let visitor = |seed: u64| Visitor {
        http: reqwest::Client::new(),
        doors: Arc::clone(&doors),
        random: Random(seed),
        tally: Arc::clone(&tally),
        grandchildren: Arc::clone(&grandchildren),
    };

    // Once through everything, so that what is made once and kept is not taken for a leak.
    let warming = (0..CLIENTS).map(|seed| {
        let mut visitor = visitor(seed + 500);
        async move {
            for _ in 0..3 {
                visitor.visit().await;
            }
        }
    });
    futures_util::future::join_all(warming).await;
    let metrics = metrics_of(&daemon);
    let before = settled(pid, &metrics).await;
    assert!(before.is_idle(), "nothing runs when nobody needs it: {before:?}\n{}", daemon.log());

    let over = Arc::new(AtomicBool::new(false));
    let visitors: Vec<_> = (0..CLIENTS)
        .map(|seed| {
            let (mut visitor, over) = (visitor(seed + 2), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    visitor.visit().await;
                }
            })
        })
        .collect();
    let mut most = 0;
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(500)).await;
        most = most.max(descendants(pid).len());
    }
    over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await.expect("a visitor");
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (sessions, answers) = (count(&tally.sessions), count(&tally.answers));
    assert!(sessions > 20 && answers > 50, "{sessions} sessions, {answers} answers: nothing was tried");

    let as_before = |now: &Holds| {
        now.is_idle()
            && now.tasks <= before.tasks + TASK_SLACK
            && now.descriptors <= before.descriptors + DESCRIPTOR_SLACK
            && now.threads <= before.threads + THREAD_SLACK
            && now.memory_kib <= before.memory_kib + MEMORY_SLACK_KIB
    };
    let after = at_rest(pid, &metrics, as_before).await;
    println!(
        "{seconds} s: {sessions} sessions, {answers} answers, {} errors, {} left early, up to {most} processes, {} \
         grandchildren\nbefore: {before:?}\nafter:  {after:?}",
        count(&tally.errors),
        count(&tally.left),
        grandchildren.lock().expect("a list").len(),
    );
    if after.sessions > 0 {
        for project in ["soak", "outer"] {
            println!("left in {project}: {}", daemon.get(&format!("/projects/{project}/sessions")).await);
            println!("servers: {}", daemon.get(&format!("/projects/{project}/servers")).await);
        }
    }
    assert!(as_before(&after), "something has grown\nbefore: {before:?}\nafter:  {after:?}\n{}", daemon.log());
    let grandchildren = grandchildren.lock().expect("a list").clone();
    let alive: Vec<_> = grandchildren.into_iter().filter(|pid| runs(*pid)).collect();
    assert!(alive.is_empty(), "what servers had forked is still there: {alive:?}");
    // It still works.
    let mut last = visitor(1000);
    let answered = count(&tally.answers);
    for _ in 0..10 {
        last.visit().await;
    }
    assert!(count(&tally.answers) > answered, "it does not answer any more\n{}", daemon.log());
}
