//! Several clients of one connection: what each follows, and which log messages it wants.

use serde_json::{Value, json};

use crate::everything::{Listening, call, checked, send, violations};
use crate::harness::{Daemon, Project, eventually, everything};
use crate::wire::{Events, Wire, modern};

const URI: &str = "test://watched-resource";
const LOG: &str = "notifications/message";
const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
const UPDATED: &str = "notifications/resources/updated";

fn request(id: u32, method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

fn level(level: &str) -> String {
    request(1, "logging/setLevel", json!({ "level": level }))
}

fn touch(uri: &str) -> Value {
    call(2, "test_touch_resource", json!({ "arguments": { "uri": uri } }))
}

/// The methods of what comes until the tools are said to have changed.
async fn until_tools_changed(news: &mut Events) -> Vec<String> {
    let mut before = Vec::new();
    loop {
        let method = news.message().await["method"].as_str().expect("a notification").to_owned();
        if method == TOOLS_CHANGED {
            return before;
        }
        before.push(method);
    }
}

/// The resource that is said to be another one next.
async fn next_update(news: &mut Events) -> String {
    let update = news.until(|message| message["method"] == UPDATED).await;
    update["params"]["uri"].as_str().expect("a URI").to_owned()
}

async fn leave(wire: Wire<'_>) {
    assert_eq!(wire.request(reqwest::Method::DELETE).send().await.expect("an answer").status(), 204);
}

struct Notes(std::path::PathBuf);

impl Notes {
    fn of(daemon: &Daemon) -> Self {
        Self(daemon.data.path().join("notes"))
    }

    fn file(&self) -> String {
        self.0.display().to_string()
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.0).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|other| *other == line).count()
    }
}

#[tokio::test]
async fn a_shared_server_is_as_verbose_as_the_most_curious_client() {
    let daemon = Daemon::start().await;
    let (file, notes) = (violations(&daemon), Notes::of(&daemon));
    let server = Listening::start(&["--transport", "http", "--violations", &file, "--notes", &notes.file()]);
    let entry = json!({ "type": "streamable-http", "url": server.url });
    let project = daemon.project("levels", json!({ "s": entry })).await;
    let curious = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    let calm = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    assert_eq!(curious.post(level("debug")).await.json()["result"], json!({}));
    assert_eq!(calm.post(level("error")).await.json()["result"], json!({}));
    eventually("the server is told of the lower level", || notes.count("level debug") > 0).await;
    let logging = call(3, "test_tool_with_logging", json!({})).to_string();
    let heard = async |wire: &Wire<'_>| {
        let answer = wire.post(logging.clone()).await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(body.contains("executed successfully"), "{body}");
        body.matches(LOG).count()
    };
    let (lines, none) = tokio::join!(heard(&curious), heard(&calm));
    assert_eq!((lines, none), (3, 0), "each hears what it asked for");
    assert_eq!(notes.count("level error"), 0, "as long as somebody wants more");
    leave(curious).await;
    eventually("the server is told that less is enough", || notes.count("level error") > 0).await;
    assert_eq!(heard(&calm).await, 0);
    checked(&daemon);
}

#[tokio::test]
async fn a_log_message_of_nobody_s_call_reaches_nobody() {
    let daemon = Daemon::start().await;
    let entry = everything(&["--violations", &violations(&daemon)]);
    let project = daemon.project("stray", json!({ "s": entry })).await;
    let other = daemon.post("/projects/stray/keys", json!({ "name": "other" })).await;
    let other = Project { key: other["key"].as_str().expect("a key").to_owned(), ..daemon.same(&project) };
    let one = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    let two = Wire::open(&other, "servers/s/mcp", "2025-11-25").await;
    let mut news =
        [Events::open(one.request(reqwest::Method::GET)).await, Events::open(two.request(reqwest::Method::GET)).await];
    for wire in [&one, &two] {
        assert_eq!(wire.post(level("debug")).await.json()["result"], json!({}));
    }
    // Over a pipe that both share nothing says whose call a message is about.
    let logging = call(2, "test_tool_with_logging", json!({})).to_string();
    let (first, second) = tokio::join!(one.post(logging.clone()), two.post(logging.clone()));
    for answer in [first, second] {
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(body.contains("executed successfully") && !body.contains(LOG), "{body}");
    }
    one.post(call(3, "test_trigger_tool_change", json!({})).to_string()).await;
    for news in &mut news {
        let before = until_tools_changed(news).await;
        assert!(!before.iter().any(|method| method == LOG), "{before:?}");
    }
    let log = daemon.get("/projects/stray/servers/s/logs").await.to_string();
    assert!(log.contains("Tool processing data"), "it is in the server's own log: {log}");
    checked(&daemon);
}

#[tokio::test]
async fn a_resource_is_followed_until_the_last_follower_leaves() {
    let daemon = Daemon::start().await;
    let (file, notes) = (violations(&daemon), Notes::of(&daemon));
    let entry = everything(&["--violations", &file, "--notes", &notes.file()]);
    let project = daemon.project("followers", json!({ "s": entry })).await;
    let one = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    let two = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    let mut first = Events::open(one.request(reqwest::Method::GET)).await;
    let mut second = Events::open(two.request(reqwest::Method::GET)).await;
    for wire in [&one, &two] {
        let subscribed = wire.post(request(1, "resources/subscribe", json!({ "uri": URI }))).await.json();
        assert_eq!(subscribed["result"], json!({}), "{subscribed}");
    }
    assert_eq!(notes.count(&format!("subscribe {URI}")), 1, "once for both");
    let unsubscribed = one.post(request(2, "resources/unsubscribe", json!({ "uri": URI }))).await.json();
    assert_eq!(unsubscribed["result"], json!({}), "{unsubscribed}");
    let other = "test://other";
    one.post(request(3, "resources/subscribe", json!({ "uri": other }))).await;
    for uri in [URI, other] {
        one.post(touch(uri).to_string()).await;
    }
    assert_eq!(next_update(&mut second).await, URI, "who stays is told");
    assert_eq!(next_update(&mut first).await, other, "who left is not");
    assert_eq!(notes.count(&format!("unsubscribe {URI}")), 0, "{:?}", notes.lines());
    leave(two).await;
    eventually("the server is told that nobody follows it any more", || {
        notes.count(&format!("unsubscribe {URI}")) == 1
    })
    .await;
    checked(&daemon);
}

#[tokio::test]
async fn nothing_is_lost_or_told_twice_while_something_else_is_followed_too() {
    let daemon = Daemon::start().await;
    let (file, notes) = (violations(&daemon), Notes::of(&daemon));
    // It takes its time to begin with a stream, and says nothing of what was before.
    let args = ["--era", "modern", "--odd", "slow-listen", "--violations", &file, "--notes", &notes.file()];
    let over_http = Listening::start(&[&args[..], &["--transport", "http"]].concat());
    let over_http = json!({ "type": "streamable-http", "url": over_http.url });
    let project = daemon.project("switch", json!({ "pipe": everything(&args), "http": over_http })).await;
    for alias in ["pipe", "http"] {
        let endpoint = format!("servers/{alias}/mcp");
        let listen = |id: u32, uri: &str| {
            let wanted = json!({ "resourceSubscriptions": [uri] });
            let body = json!({
                "jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": { "notifications": wanted },
            });
            modern(&project, &endpoint, body, &json!({}))
        };
        // A server that has to be started first may be too late for what a listen wants.
        send(&project, &endpoint, call(3, "test_echo", json!({})), json!({})).await;
        let mut news = Events::open(listen(1, URI)).await;
        let first = news.message().await;
        assert_eq!(first["params"]["notifications"]["resourceSubscriptions"], json!([URI]), "{alias}: {first}");
        let other = format!("test://{alias}");
        let (mut second, ()) = tokio::join!(Events::open(listen(2, &other)), async {
            let asked = format!("listen {other} {URI}");
            eventually("the new stream is asked for", || notes.count(&asked) > 0).await;
            // Only the old stream tells of this one.
            send(&project, &endpoint, touch(URI), json!({})).await;
            assert_eq!(next_update(&mut news).await, URI, "{alias}");
        });
        let first = second.message().await;
        assert_eq!(first["params"]["notifications"]["resourceSubscriptions"], json!([other]), "{alias}: {first}");
        // Both streams of the server may tell of these.
        for uri in [URI, other.as_str()] {
            send(&project, &endpoint, touch(uri), json!({})).await;
        }
        assert_eq!(next_update(&mut second).await, other, "{alias}");
        assert_eq!(next_update(&mut news).await, URI, "{alias}");
        // With the next change nothing of the one before is left, and what is told twice would have been told.
        let mut third = Events::open(listen(3, &format!("{other}/third"))).await;
        third.message().await;
        for uri in [URI, other.as_str()] {
            send(&project, &endpoint, touch(&format!("{uri}/marker")), json!({})).await;
        }
        assert_eq!(next_update(&mut second).await, format!("{other}/marker"), "{alias}: told twice");
        assert_eq!(next_update(&mut news).await, format!("{URI}/marker"), "{alias}: told twice");
    }
    checked(&daemon);
}
