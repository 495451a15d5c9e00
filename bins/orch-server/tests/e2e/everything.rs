//! In front of the server that offers everything, which checks every message it gets: what older and newer revisions
//! have no words for, and what a server can do wrong.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Daemon, Project, everything, everything_script, until};
use crate::wire::{Answer, Events, Wire, answer, modern};

/// A fixture that listens.
pub(crate) struct Listening {
    child: Child,
    pub(crate) url: String,
}

impl Listening {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = Command::new("node")
            .arg(everything_script())
            .args(args)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .expect("node");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let told: Value = serde_json::from_str(&line).expect("where it listens");
        Self { child, url: told["url"].as_str().expect("a URL").to_owned() }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn call(id: u32, tool: &str, more: Value) -> Value {
    let mut params = json!({ "name": tool, "arguments": {} });
    for (name, value) in more.as_object().expect("an object") {
        params[name] = value.clone();
    }
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

pub(crate) async fn send(project: &Project<'_>, endpoint: &str, body: Value, can: Value) -> Answer {
    answer(modern(project, endpoint, body, &can)).await
}

pub(crate) fn text(answer: &Answer) -> String {
    let answer = answer.json();
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

pub(crate) fn violations(daemon: &Daemon) -> String {
    daemon.data.path().join("violations").display().to_string()
}

pub(crate) fn checked(daemon: &Daemon) {
    let found = std::fs::read_to_string(violations(daemon)).unwrap_or_default();
    assert_eq!(found, "", "the server got what it must not get");
}

#[tokio::test]
async fn a_tool_that_runs_only_as_a_task_is_called_like_any_other() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let project = daemon.project("tasks", json!({ "s": everything(&["--violations", &file]) })).await;
    let old = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let list = old.post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await.json();
    let tools = list["result"]["tools"].as_array().expect("tools");
    let tool = tools.iter().find(|tool| tool["name"] == "test_required_task").expect("the tool");
    assert!(tool.get("execution").is_none(), "{tool}");
    // What a client of 2025-11-25 says of tasks is nothing to the server: it was not offered any.
    let asked = call(2, "test_required_task", json!({ "task": { "ttl": 5 } }));
    let done = old.post(asked.to_string()).await;
    assert_eq!(text(&done), "task done");
    assert!(!String::from_utf8_lossy(&done.body).contains("related-task"), "{:?}", done.body);
    assert_eq!(text(&old.post(call(3, "test_simple_text", json!({ "task": {} })).to_string()).await), simple());
    let new = send(&project, "unified/mcp", call(4, "s__test_required_task", json!({})), json!({})).await;
    assert_eq!(text(&new), "task done");
    assert_eq!(new.json()["result"]["resultType"], "complete");
    checked(&daemon);
}

fn simple() -> &'static str {
    "This is a simple text response for testing."
}

#[tokio::test]
async fn a_url_is_opened_before_a_call_goes_on() {
    let daemon = Daemon::start().await;
    let server = everything(&["--violations", &violations(&daemon)]);
    let project = daemon.project("urls", json!({ "s": server, "t": server })).await;
    let opens = json!({ "elicitation": { "url": {} } });
    let tool = "s__test_url_required";
    let asked = send(&project, "unified/mcp", call(1, tool, json!({})), opens.clone()).await;
    let asked = asked.json()["result"].clone();
    assert_eq!(asked["resultType"], "input_required");
    let question = &asked["inputRequests"]["url-1"]["params"];
    assert_eq!((&question["mode"], &question["url"]), (&json!("url"), &json!("https://example.com/sign-in")));
    assert!(question.get("elicitationId").is_none(), "{question}");
    assert!(question["message"].as_str().is_some_and(|text| text.starts_with("[s] ")), "who asks is said: {question}");
    let back = |asked: &Value, action: &str| json!({ "requestState": asked["requestState"], "inputResponses": { "url-1": { "action": action } } });
    let bad = json!({ "requestState": asked["requestState"], "inputResponses": { "url-1": 7 } });
    assert_eq!(send(&project, "unified/mcp", call(2, tool, bad), opens.clone()).await.json()["error"]["code"], -32602);
    let elsewhere = call(3, "s__test_echo", back(&asked, "accept"));
    assert_eq!(send(&project, "unified/mcp", elsewhere, opens.clone()).await.json()["error"]["code"], -32602);
    // That has consumed nothing; whatever else comes back does.
    let nothing = json!({ "requestState": asked["requestState"] });
    let again = send(&project, "unified/mcp", call(4, tool, nothing), opens.clone()).await.json()["result"].clone();
    assert_eq!(again["resultType"], "input_required");
    let spent = send(&project, "unified/mcp", call(5, tool, back(&asked, "accept")), opens.clone()).await.json();
    assert_eq!(spent["error"]["code"], -32602, "a state is good once");
    let opened = send(&project, "unified/mcp", call(6, tool, back(&again, "accept")), opens.clone()).await;
    assert_eq!(text(&opened), "opened");
    let other = "t__test_url_required";
    let asked = send(&project, "unified/mcp", call(7, other, json!({})), opens.clone()).await.json()["result"].clone();
    let declined = send(&project, "unified/mcp", call(8, other, back(&asked, "decline")), opens).await.json();
    assert_eq!(declined["result"]["isError"], true);
    // Who cannot open URLs hears what it would have to declare.
    let cannot = send(&project, "servers/s/mcp", call(9, "test_url_required", json!({})), json!({})).await;
    assert_eq!((cannot.status, &cannot.json()["error"]["code"]), (400, &json!(-32021)));
    checked(&daemon);
}

#[tokio::test]
async fn a_task_belongs_to_the_client_that_began_it() {
    const TASKS: &str = "io.modelcontextprotocol/tasks";
    let daemon = Daemon::start().await;
    let entry = everything(&["--era", "modern", "--violations", &violations(&daemon)]);
    let project = daemon.project("own-tasks", json!({ "s": entry })).await;
    let knows = json!({ "extensions": { TASKS: {} }, "elicitation": {} });
    let about = |id: u32, method: &str, task: &Value, more: Value| {
        let mut params = more;
        params["taskId"] = task.clone();
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    };
    let ask = async |project: &Project<'_>, endpoint: &str, body: Value, can: &Value| {
        let id = body["params"]["taskId"].as_str().expect("an id").to_owned();
        answer(modern(project, endpoint, body, can).header("mcp-name", id)).await
    };
    for (endpoint, tool) in [("unified/mcp", "s__confirm_delete"), ("servers/s/mcp", "confirm_delete")] {
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {} });
        let hello = send(&project, endpoint, hello, knows.clone()).await.json();
        assert!(hello["result"]["capabilities"]["extensions"][TASKS].is_object(), "{hello}");
        let begun = json!({ "arguments": { "filename": "a.txt" } });
        let begun = send(&project, endpoint, call(2, tool, begun), knows.clone()).await.json();
        assert_eq!(begun["result"]["resultType"], "task", "{begun}");
        let task = begun["result"]["taskId"].clone();
        assert!(begun["result"]["taskId"].as_str().is_some_and(|id| id.len() > 60), "sealed: {begun}");
        let seen = loop {
            let seen = ask(&project, endpoint, about(3, "tasks/get", &task, json!({})), &knows).await.json();
            if seen["result"]["status"] == "input_required" {
                break seen;
            }
            assert_eq!(seen["result"]["status"], "working", "{seen}");
        };
        assert_eq!(seen["result"]["taskId"], task, "the id stays what it was");
        // Somebody else, at another endpoint or with another key, has no such task; who knows no tasks is told so.
        let other = daemon.post("/projects/own-tasks/keys", json!({ "name": "other" })).await;
        let other = Project { key: other["key"].as_str().expect("a key").to_owned(), ..daemon.same(&project) };
        let elsewhere = if endpoint == "unified/mcp" { "servers/s/mcp" } else { "unified/mcp" };
        for (who, whence) in [(&other, endpoint), (&project, elsewhere)] {
            let refused = ask(who, whence, about(4, "tasks/get", &task, json!({})), &knows).await.json();
            assert_eq!(refused["error"]["code"], -32602, "{refused}");
        }
        let unknowing = ask(&project, endpoint, about(5, "tasks/get", &task, json!({})), &json!({})).await;
        assert_eq!((unknowing.status, &unknowing.json()["error"]["code"]), (400, &json!(-32021)));
        let answers = json!({ "inputResponses": { "ok": { "action": "accept", "content": { "confirm": true } } } });
        let told = ask(&project, endpoint, about(6, "tasks/update", &task, answers), &knows).await.json();
        assert_eq!(told["result"]["resultType"], "complete", "{told}");
        let done = loop {
            let done = ask(&project, endpoint, about(7, "tasks/get", &task, json!({})), &knows).await.json();
            if done["result"]["status"] == "completed" {
                break done;
            }
        };
        assert_eq!(done["result"]["result"]["content"][0]["text"], "accept a.txt");
        let cancelled = ask(&project, endpoint, about(8, "tasks/cancel", &task, json!({})), &knows).await.json();
        assert_eq!(cancelled["result"]["resultType"], "complete");
    }
    // A client with a session is not offered what it could not use.
    let wire = Wire::open(&project, "servers/s/mcp", "2025-11-25").await;
    assert_eq!(
        text(&wire.post(call(9, "slow_compute", json!({ "arguments": { "label": "x" } })).to_string()).await),
        "computed x"
    );
    let get = json!({ "jsonrpc": "2.0", "id": 10, "method": "tasks/get", "params": { "taskId": "x" } });
    assert_eq!(wire.post(get.to_string()).await.json()["error"]["code"], -32601);
    checked(&daemon);
}

#[tokio::test]
async fn lists_of_many_pages_are_read_to_their_end_in_either_era() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let all = |era: &'static str| everything(&["--era", era, "--violations", &file]);
    let paged = |era: &'static str| everything(&["--era", era, "--page", "4", "--violations", &file]);
    let servers = json!({ "a": all("legacy"), "b": paged("legacy"), "c": all("modern"), "d": paged("modern") });
    let project = daemon.project("pages", servers).await;
    let names = async |alias: &str| {
        let wire = Wire::open(&project, &format!("servers/{alias}/mcp"), "2025-11-25").await;
        let list = wire.post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await.json();
        let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("a").await, names("b").await);
    // The second page of the modern one has the empty cursor, which is a good one there.
    assert_eq!(names("c").await, names("d").await);
    checked(&daemon);
}

#[tokio::test]
async fn the_era_of_a_server_can_be_chosen() {
    let daemon = Daemon::start().await;
    let mut old = everything(&["--era", "modern"]);
    old["era"] = json!("legacy");
    let mut new = everything(&["--era", "legacy"]);
    new["era"] = json!("modern");
    let mut quiet = everything(&[]);
    quiet["interactive"] = json!("never");
    let project = daemon.project("eras", json!({ "old": old, "new": new, "quiet": quiet })).await;
    for (alias, says) in [("old", "speaks 2026-07-28 only"), ("new", "does not speak 2026-07-28")] {
        let refused = send(&project, &format!("servers/{alias}/mcp"), call(1, "test_echo", json!({})), json!({})).await;
        let message = refused.json()["error"]["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(says), "{message}");
    }
    // A server that may ask nobody is told that nobody can be asked, and serves all the same.
    let wire = Wire::declaring(&project, "servers/quiet/mcp", "2025-11-25", json!({ "elicitation": {} })).await;
    let asked = call(2, "test_elicitation", json!({ "arguments": { "message": "who?" } }));
    let answer = wire.post(asked.to_string()).await;
    assert!(text(&answer).contains("cannot do elicitation"), "{:?}", answer.body);
    let server = daemon.get("/projects/eras/servers/quiet").await;
    assert_eq!((&server["era"], &server["interactive"]), (&json!("auto"), &json!("never")));
    let exported = daemon.get("/projects/eras/export").await;
    assert_eq!(exported["mcpServers"]["old"]["era"], "legacy", "{exported}");
    let changed = json!({ "era": "auto" });
    daemon.send(reqwest::Method::PATCH, "/projects/eras/servers/old", Some(changed)).await;
    let served = until("the server is spoken to in the other era", async || {
        let echo = call(3, "test_echo", json!({ "arguments": { "text": "x" } }));
        let answer = send(&project, "servers/old/mcp", echo, json!({})).await;
        if answer.json().get("result").is_some() { Ok(answer) } else { Err(answer.body) }
    })
    .await;
    assert_eq!(text(&served), "x");
    assert_eq!(daemon.get("/projects/eras/servers/old").await["status"]["revision"], "2026-07-28");
}

#[tokio::test]
async fn a_server_that_misbehaves_is_understood_or_given_up() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let odd = |how: &str| everything(&["--odd", how, "--violations", &file]);
    let fine = ["banner", "crlf", "rubbish", "string-ids", "duplicate", "late", "batch", "exit-on-probe"];
    let servers: serde_json::Map<String, Value> =
        fine.iter().chain(&["crash", "huge-line"]).map(|how| ((*how).to_owned(), odd(how))).collect();
    let project = daemon.project("odd", Value::Object(servers)).await;
    for how in fine {
        let answer =
            send(&project, &format!("servers/{how}/mcp"), call(1, "test_simple_text", json!({})), json!({})).await;
        assert_eq!(text(&answer), simple(), "{how}");
    }
    for how in ["crash", "huge-line"] {
        let endpoint = format!("servers/{how}/mcp");
        let lost = send(&project, &endpoint, call(2, "test_simple_text", json!({})), json!({})).await.json();
        assert_eq!(lost["error"]["code"], -32603, "{how}: {lost}");
        assert_eq!(lost["error"]["data"]["gateway"]["reason"], "upstream_disconnected", "{how}: {lost}");
    }
    // The others are there all the while.
    let list = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": {} });
    let list = send(&project, "unified/mcp", list, json!({})).await.json().to_string();
    assert!(fine.iter().all(|how| list.contains(&format!("{how}__test_echo"))), "{list}");
    checked(&daemon);
}

#[tokio::test]
async fn servers_over_http_are_found_out_healed_and_not_believed() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let start = |args: &[&str]| Listening::start(&[args, &["--violations", &file]].concat());
    let forgetful = start(&["--transport", "http", "--odd", "session-loss"]);
    let array = start(&["--transport", "http", "--revision", "2025-03-26", "--odd", "array"]);
    let sse = start(&["--transport", "sse"]);
    let foreign = start(&["--transport", "sse", "--odd", "foreign-endpoint"]);
    let new = start(&["--transport", "http", "--era", "modern"]);
    let http = |server: &Listening| json!({ "type": "streamable-http", "url": server.url });
    let servers = json!({
        "forgetful": http(&forgetful), "array": http(&array), "sse": http(&sse), "new": http(&new),
        "foreign": { "type": "sse", "url": foreign.url },
    });
    let project = daemon.project("http", servers).await;
    for alias in ["forgetful", "array", "sse", "new"] {
        let endpoint = format!("servers/{alias}/mcp");
        let answer = send(&project, &endpoint, call(1, "test_simple_text", json!({})), json!({})).await;
        assert_eq!(text(&answer), simple(), "{alias}");
    }
    // Under one roof the server hears its own name of the tool, in the headers too, which it checks.
    let named = send(&project, "unified/mcp", call(9, "new__test_simple_text", json!({})), json!({})).await;
    assert_eq!(text(&named), simple());
    // The server forgets the session, which is made anew; the call was not executed, so it is sent again.
    let healed = send(&project, "servers/forgetful/mcp", call(2, "test_error_handling", json!({})), json!({})).await;
    assert!(text(&healed).contains("intentionally"), "{:?}", healed.body);
    let refused = send(&project, "servers/foreign/mcp", call(3, "test_echo", json!({})), json!({})).await.json();
    assert!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("origin")), "{refused}");
    // The client's credential stays here, and so does what the server does not know.
    let arguments = json!({ "arguments": { "region": "größe", "priority": 3, "inner": { "tenant": "t" } } });
    let mirrored = call(4, "test_custom_headers", arguments);
    let mirrored = modern(&project, "servers/new/mcp", mirrored, &json!({}))
        .header("mcp-param-region", "=?base64?Z3LDtsOfZQ==?=")
        .header("mcp-param-priority", "3.0")
        .header("mcp-param-tenant", "t")
        .header("mcp-param-unknown", "x")
        .header("cookie", "a=b");
    assert!(text(&answer(mirrored).await).starts_with("headers-ok"));
    checked(&daemon);
}

#[tokio::test]
async fn what_a_listen_wants_is_told_and_nothing_else() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let entry = |era: &'static str| everything(&["--era", era, "--violations", &file]);
    let project = daemon.project("news", json!({ "old": entry("legacy"), "new": entry("modern") })).await;
    for alias in ["old", "new"] {
        let endpoint = format!("servers/{alias}/mcp");
        // A server that has to be started first may be too late for what a listen wants.
        send(&project, &endpoint, call(9, "test_echo", json!({})), json!({})).await;
        let uri = "test://watched-resource";
        let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": [uri] });
        let listen = json!({
            "jsonrpc": "2.0", "id": "sub-1", "method": "subscriptions/listen", "params": { "notifications": wanted },
        });
        let mut news = Events::open(modern(&project, &endpoint, listen, &json!({}))).await;
        let first = news.message().await;
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
        for tool in ["test_trigger_prompt_change", "test_trigger_tool_change"] {
            send(&project, &endpoint, call(1, tool, json!({})), json!({})).await;
        }
        let touched = json!({ "arguments": { "uri": format!("{uri}/part") } });
        send(&project, &endpoint, call(2, "test_touch_resource", touched), json!({})).await;
        let mut seen = Vec::new();
        while seen.len() < 2 {
            let message = news.message().await;
            assert_eq!(message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "sub-1", "{message}");
            let method = message["method"].as_str().expect("a method").to_owned();
            assert!(!method.contains("prompts"), "{message}");
            if !seen.contains(&method) {
                seen.push(method);
            }
        }
        seen.sort();
        assert_eq!(seen, ["notifications/resources/updated", "notifications/tools/list_changed"], "{alias}");
    }
    checked(&daemon);
}

#[tokio::test]
async fn log_messages_say_of_which_server_they_are() {
    let daemon = Daemon::start().await;
    let project = daemon.project("logs", json!({ "s": everything(&["--violations", &violations(&daemon)]) })).await;
    let mut body = call(1, "s__test_tool_with_logging", json!({}));
    body["params"]["_meta"] = json!({ "io.modelcontextprotocol/logLevel": "info" });
    let mut events = Events::open(modern(&project, "unified/mcp", body, &json!({ "sampling": {} }))).await;
    let first = events.message().await;
    assert_eq!((&first["method"], &first["params"]["logger"]), (&json!("notifications/message"), &json!("s")));
    // Who did not ask for any gets none.
    let silent = send(&project, "unified/mcp", call(2, "s__test_tool_with_logging", json!({})), json!({})).await;
    assert!(!String::from_utf8_lossy(&silent.body).contains("notifications/message"), "{:?}", silent.body);
    checked(&daemon);
}

#[tokio::test]
async fn a_modern_request_is_complete_in_itself() {
    let daemon = Daemon::start().await;
    let entry = everything(&["--era", "modern", "--violations", &violations(&daemon)]);
    let project = daemon.project("alone", json!({ "new": entry, "old": everything(&[]) })).await;
    // What only sessions have is neither looked at nor given back.
    let stale = modern(&project, "servers/new/mcp", call(1, "test_simple_text", json!({})), &json!({}))
        .header("mcp-session-id", "gone")
        .header("last-event-id", "1_1");
    let stale = answer(stale).await;
    assert_eq!((stale.status, text(&stale).as_str()), (200, simple()));
    assert!(!stale.headers.contains_key("mcp-session-id"));
    // Somebody without a name is served.
    let mut nameless = call(2, "test_simple_text", json!({}));
    nameless["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let nameless = daemon
        .http
        .post(project.url("servers/new/mcp"))
        .bearer_auth(&project.key)
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "test_simple_text")
        .body(nameless.to_string());
    assert_eq!(text(&answer(nameless).await), simple());
    // A cursor that was never given out leads nowhere, at either kind of endpoint.
    for endpoint in ["servers/new/mcp", "unified/mcp"] {
        let list = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": { "cursor": "1.00000000" } });
        let refused = send(&project, endpoint, list, json!({})).await.json();
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    // A client of a revision without elicitation never declared it, and hears what the server misses.
    let oldest = Wire::open(&project, "servers/new/mcp", "2024-11-05").await;
    let asked = call(4, "test_elicitation", json!({ "arguments": { "message": "who?" } }));
    assert_eq!(oldest.post(asked.to_string()).await.json()["error"]["code"], -32021);
    checked(&daemon);
}

#[tokio::test]
async fn what_is_not_answered_is_asked_again() {
    let daemon = Daemon::start().await;
    let project = daemon.project("again", json!({ "s": everything(&["--violations", &violations(&daemon)]) })).await;
    let can = json!({ "elicitation": {}, "sampling": {}, "roots": {} });
    let tool = "test_input_required_result_multiple_inputs";
    let asked = send(&project, "servers/s/mcp", call(1, tool, json!({})), can.clone()).await.json();
    let requests = asked["result"]["inputRequests"].as_object().expect("requests").clone();
    assert_eq!(requests.len(), 3, "one result for all that is asked at the same time: {asked}");
    let answers: serde_json::Map<String, Value> = requests
        .iter()
        .map(|(key, request)| {
            let answer = match request["method"].as_str().expect("a method") {
                "elicitation/create" => json!({ "action": "accept", "content": { "name": "Ada" } }),
                "roots/list" => json!({ "roots": [] }),
                _ => json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "hi" } }),
            };
            (key.clone(), answer)
        })
        .collect();
    let (first, rest) = answers.iter().next().map(|(key, _)| (key.clone(), answers.clone())).expect("an answer");
    let part =
        json!({ "requestState": asked["result"]["requestState"], "inputResponses": { &first: answers[&first] } });
    let open = send(&project, "servers/s/mcp", call(2, tool, part.clone()), can.clone()).await.json();
    let left = open["result"]["inputRequests"].as_object().expect("requests");
    assert!(left.len() == 2 && !left.contains_key(&first), "{open}");
    // The state of before is spent.
    let spent = send(&project, "servers/s/mcp", call(3, tool, part), can.clone()).await.json();
    assert_eq!(spent["error"]["code"], -32602);
    let rest: serde_json::Map<String, Value> = rest.into_iter().filter(|(key, _)| *key != first).collect();
    let back = json!({ "requestState": open["result"]["requestState"], "inputResponses": rest });
    let done = send(&project, "servers/s/mcp", call(4, tool, back), can).await;
    assert_eq!(text(&done), "Name: Ada; Greeting: hi; Roots: 0");
    checked(&daemon);
}

#[tokio::test]
async fn a_call_that_waits_does_not_outlive_the_daemon() {
    let daemon = Daemon::start().await;
    let project = daemon.project("restart", json!({ "s": everything(&[]) })).await;
    let (key, tool, can) =
        (project.key.clone(), "test_input_required_result_elicitation", json!({ "elicitation": {} }));
    let asked = send(&project, "servers/s/mcp", call(1, tool, json!({})), can.clone()).await.json();
    let state = asked["result"]["requestState"].clone();
    assert!(state.is_string(), "{asked}");
    let daemon = Daemon::start_in(daemon.kill()).await;
    let project = Project { daemon: &daemon, slug: "restart".to_owned(), key, key_id: String::new() };
    let back = json!({ "requestState": state, "inputResponses": { "r1-1": { "action": "accept", "content": { "name": "A" } } } });
    let refused = send(&project, "servers/s/mcp", call(2, tool, back), can).await.json();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    assert!(
        refused["error"]["message"].as_str().is_some_and(|text| text.contains("send the request again")),
        "{refused}"
    );
}

#[tokio::test]
async fn progress_goes_on_under_the_token_of_the_retry() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let entry = |era: &'static str| everything(&["--era", era, "--violations", &file]);
    let project = daemon.project("tokens", json!({ "old": entry("legacy"), "new": entry("modern") })).await;
    let can = json!({ "elicitation": {} });
    for alias in ["old", "new"] {
        let endpoint = format!("servers/{alias}/mcp");
        let ask = async |id: u32, token: Value, more: Value| {
            let mut body = call(id, "test_progress_around_a_question", more);
            if !token.is_null() {
                body["params"]["_meta"] = json!({ "progressToken": token });
            }
            let answer = send(&project, &endpoint, body, can.clone()).await;
            // The stream as its messages; without anything to tell before it, the answer is no stream.
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
            let data: Vec<String> = if text.starts_with('{') { vec![text.clone()] } else { data.collect() };
            data.iter().map(|data| serde_json::from_str::<Value>(data).expect("JSON")).collect::<Vec<_>>()
        };
        for retried in [json!(7), Value::Null] {
            let asked = ask(1, json!("first"), json!({})).await;
            let [progress, question] = &asked[..] else { panic!("{alias}: {asked:?}") };
            assert_eq!(progress["params"]["progressToken"], "first", "{alias}: {asked:?}");
            assert_eq!(question["result"]["resultType"], "input_required", "{alias}: {asked:?}");
            let requests = question["result"]["inputRequests"].as_object().expect("requests");
            let key = requests.keys().next().expect("a question").clone();
            let accepted = json!({ "action": "accept", "content": { "ok": true } });
            let back = json!({
                "requestState": question["result"]["requestState"], "inputResponses": { key: accepted },
            });
            let told = ask(2, retried.clone(), back).await;
            let (end, before) = told.split_last().expect("an answer");
            assert_eq!(end["result"]["content"][0]["text"], "went on", "{alias}: {told:?}");
            assert_eq!(before.is_empty(), retried.is_null(), "{alias}: {told:?}");
            assert!(before.iter().all(|one| one["params"]["progressToken"] == retried), "{alias}: {told:?}");
        }
    }
    checked(&daemon);
}

#[tokio::test]
async fn a_tool_that_runs_only_as_a_task_is_called_before_any_list_is_known() {
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let over_http = Listening::start(&["--transport", "http", "--violations", &file]);
    let servers = json!({
        "pipe": everything(&["--violations", &file]), "http": { "type": "streamable-http", "url": over_http.url },
    });
    let project = daemon.project("first", servers).await;
    for alias in ["pipe", "http"] {
        let endpoint = format!("servers/{alias}/mcp");
        let done = send(&project, &endpoint, call(1, "test_required_task", json!({})), json!({})).await;
        assert_eq!(text(&done), "task done", "{alias}");
        // What is not there stays what the server says of it.
        let method = json!({ "jsonrpc": "2.0", "id": 2, "method": "no/such", "params": {} });
        assert_eq!(send(&project, &endpoint, method, json!({})).await.json()["error"]["code"], -32601);
    }
    checked(&daemon);
}

#[tokio::test]
async fn a_followed_task_tells_what_becomes_of_it() {
    const TASKS: &str = "io.modelcontextprotocol/tasks";
    let daemon = Daemon::start().await;
    let file = violations(&daemon);
    let over_http = Listening::start(&["--era", "modern", "--transport", "http", "--violations", &file]);
    let servers = json!({
        "pipe": everything(&["--era", "modern", "--violations", &file]),
        "http": { "type": "streamable-http", "url": over_http.url },
    });
    let project = daemon.project("followed", servers).await;
    let knows = json!({ "extensions": { TASKS: {} }, "elicitation": {} });
    let other = daemon.post("/projects/followed/keys", json!({ "name": "other" })).await;
    let other = Project { key: other["key"].as_str().expect("a key").to_owned(), ..daemon.same(&project) };
    let listen = |task: &Value| {
        let wanted = json!({ "toolsListChanged": true, "taskIds": [task] });
        json!({ "jsonrpc": "2.0", "id": 3, "method": "subscriptions/listen", "params": { "notifications": wanted } })
    };
    for alias in ["pipe", "http"] {
        for (endpoint, prefix) in
            [("unified/mcp".to_owned(), format!("{alias}__")), (format!("servers/{alias}/mcp"), String::new())]
        {
            let begun = json!({ "arguments": { "filename": "a.txt" } });
            let begun = call(1, &format!("{prefix}confirm_delete"), begun);
            let begun = send(&project, &endpoint, begun, knows.clone()).await.json();
            let task = begun["result"]["taskId"].clone();
            assert!(task.is_string(), "{begun}");
            let mut news = Events::open(modern(&project, &endpoint, listen(&task), &knows)).await;
            let first = news.message().await;
            assert_eq!(first["params"]["notifications"]["taskIds"], json!([task]), "{alias}: {first}");
            // Somebody else has no such task, and who knows no tasks is told of none.
            for (who, can) in [(&other, &knows), (&project, &json!({}))] {
                let mut theirs = Events::open(modern(who, &endpoint, listen(&task), can)).await;
                let first = theirs.message().await;
                assert!(first["params"]["notifications"].get("taskIds").is_none(), "{alias}: {first}");
            }
            let answers = json!({ "ok": { "action": "accept", "content": { "confirm": true } } });
            let update = json!({
                "jsonrpc": "2.0", "id": 4, "method": "tasks/update",
                "params": { "taskId": task, "inputResponses": answers },
            });
            let id = task.as_str().expect("an id").to_owned();
            // The server may not have asked yet; then there is nothing to be answered.
            loop {
                let get = json!({ "jsonrpc": "2.0", "id": 5, "method": "tasks/get", "params": { "taskId": task } });
                let seen = answer(modern(&project, &endpoint, get, &knows).header("mcp-name", &id)).await.json();
                if seen["result"]["status"] == "input_required" {
                    break;
                }
                assert_eq!(seen["result"]["status"], "working", "{seen}");
            }
            answer(modern(&project, &endpoint, update, &knows).header("mcp-name", &id)).await;
            let done = loop {
                let told = news.message().await;
                if told["method"] != "notifications/tasks" {
                    continue;
                }
                assert_eq!(told["params"]["taskId"], task, "under the id that the client knows: {told}");
                assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 3, "{told}");
                if told["params"]["status"] == "completed" {
                    break told;
                }
            };
            assert_eq!(done["params"]["result"]["content"][0]["text"], "accept a.txt", "{done}");
        }
    }
    checked(&daemon);
}

#[tokio::test]
async fn a_page_of_a_tool_is_found_under_one_roof() {
    let daemon = Daemon::start().await;
    let project = daemon
        .project("apps", json!({ "s": everything(&["--violations", &violations(&daemon)]) }))
        .await
        .started(&["s"])
        .await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let list = send(&project, "unified/mcp", list, json!({})).await.json();
    let tools = list["result"]["tools"].as_array().expect("tools");
    let tool = tools.iter().find(|tool| tool["name"] == "s__test_app").expect("the tool");
    let uri = tool["_meta"]["ui"]["resourceUri"].as_str().expect("its page");
    assert_eq!(uri, "ui://s/app/page.html");
    let read = json!({ "jsonrpc": "2.0", "id": 2, "method": "resources/read", "params": { "uri": uri } });
    let page = send(&project, "unified/mcp", read, json!({})).await.json();
    assert_eq!(page["result"]["contents"][0]["uri"], uri, "{page}");
    assert_eq!(page["result"]["contents"][0]["mimeType"], "text/html;profile=mcp-app");
    let list = json!({ "jsonrpc": "2.0", "id": 3, "method": "resources/list", "params": {} });
    let list = send(&project, "unified/mcp", list, json!({})).await.json();
    let resources = list["result"]["resources"].as_array().expect("resources");
    let resource = resources.iter().find(|resource| resource["uri"] == uri).expect("the page");
    assert_eq!(resource["_meta"]["ui"]["csp"]["connectDomains"][0], "https://example.com");
    checked(&daemon);
}
