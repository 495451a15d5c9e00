//! Real servers behind the daemon, the official SDK in front of it.

use rmcp::model::{CallToolRequestParams, ReadResourceRequestParams};
use serde_json::{Value, json};

use crate::harness::{Client, Daemon, npm_server, time_server};
use crate::wire::{Events, Wire};

async fn call(client: &Client, tool: &str, arguments: Value) -> Value {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let mut params = CallToolRequestParams::new(tool.to_owned());
    params.arguments = Some(arguments);
    let result = client.call_tool(params).await.unwrap_or_else(|error| panic!("{tool}: {error}"));
    serde_json::to_value(result).expect("a result")
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {result}"))
}

#[tokio::test]
async fn four_servers_answer_alone_and_under_one_roof() {
    let daemon = Daemon::start().await;
    let files = tempfile::tempdir().expect("a directory");
    let root = files.path().canonicalize().expect("its real name");
    std::fs::write(root.join("hello.txt"), "héllo").expect("a file");
    let root_text = root.to_str().expect("a name");
    let mut memory = npm_server("server-memory", &[]);
    memory["env"] = json!({ "MEMORY_FILE_PATH": root.join("memory.jsonl") });
    let project = daemon
        .project(
            "team",
            json!({
                "everything": npm_server("server-everything", &["stdio"]),
                "files": npm_server("server-filesystem", &[root_text]),
                "memory": memory,
                "time": time_server(),
            }),
        )
        .await;

    // Each server on its own endpoint, under its own names.
    let everything = project.client("servers/everything/mcp").await;
    let echo = call(&everything, "echo", json!({ "message": "hi" })).await;
    assert_eq!(text(&echo), "Echo: hi");
    let listed = everything.list_all_tools().await.expect("tools");
    assert!(listed.iter().any(|tool| tool.name == "echo"));
    let resources = everything.list_all_resources().await.expect("resources");
    let first = resources.first().expect("a resource").uri.clone();
    everything.read_resource(ReadResourceRequestParams::new(first)).await.expect("its content");
    let prompts = everything.list_all_prompts().await.expect("prompts");
    assert!(!prompts.is_empty());

    let clock = project.client("servers/time/mcp").await;
    let now = call(&clock, "get_current_time", json!({ "timezone": "UTC" })).await;
    assert!(text(&now).contains("UTC"), "{now}");

    // All of them on the unified endpoint, under names that say whose they are.
    let unified = project.client("unified/mcp").await;
    let tools = unified.list_all_tools().await.expect("tools");
    for alias in ["everything", "files", "memory", "time"] {
        assert!(tools.iter().any(|tool| tool.name.starts_with(&format!("{alias}__"))), "{alias} is missing");
    }
    let echo = call(&unified, "everything__echo", json!({ "message": "all" })).await;
    assert_eq!(text(&echo), "Echo: all");
    let dotted = call(&unified, "everything.echo", json!({ "message": "dot" })).await;
    assert_eq!(text(&dotted), "Echo: dot");
    let path = root.join("hello.txt");
    let read = call(&unified, "files__read_text_file", json!({ "path": path })).await;
    assert_eq!(text(&read), "héllo");
    let entity = json!({ "entities": [{ "name": "Ada", "entityType": "person", "observations": ["writes"] }] });
    call(&unified, "memory__create_entities", entity).await;
    let graph = call(&unified, "memory__read_graph", json!({})).await;
    assert!(graph.to_string().contains("Ada"), "{graph}");

    // What is listed can be read back under its shown name.
    let resources = unified.list_all_resources().await.expect("resources");
    let shown = resources.iter().find(|resource| resource.uri.starts_with("everything+")).expect("a resource");
    let content = unified.read_resource(ReadResourceRequestParams::new(shown.uri.clone())).await.expect("its content");
    let content = serde_json::to_value(content).expect("json");
    assert_eq!(content["contents"][0]["uri"], shown.uri.as_str());
    let unknown = unified.read_resource(ReadResourceRequestParams::new("file:///etc/passwd")).await;
    assert!(unknown.is_err(), "a URI that names no server is read nowhere");

    // Everything is on record: who, with what, where, how it ended; and nothing of what was said.
    let calls = project.calls_when(|calls| calls.len() >= 10).await;
    for call in &calls {
        assert_eq!(call["key_id"], project.key_id.as_str(), "{call}");
        assert!(call["client"].as_str().is_some_and(|client| !client.is_empty()), "{call}");
    }
    let echoes = calls.iter().filter(|call| call["target"] == "echo" && call["outcome"] == "ok").count();
    assert_eq!(echoes, 3);
    let refused: Vec<_> = calls.iter().filter(|call| call["outcome"] == "refused").collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    let all = serde_json::to_string(&calls).expect("json");
    assert!(!all.contains("héllo") && !all.contains("Ada"), "the record holds arguments or results");
    for client in [everything, clock, unified] {
        client.cancel().await.expect("a goodbye");
    }
}

#[tokio::test]
async fn roots_are_asked_of_the_session_that_a_server_was_connected_for() {
    let daemon = Daemon::start().await;
    let project = daemon.project("roots", json!({ "s": npm_server("server-everything", &["stdio"]) })).await;
    let wire = Wire::declaring(&project, "servers/s/mcp", "2025-11-25", json!({ "roots": {} })).await;
    let mut news = Events::open(wire.request(reqwest::Method::GET)).await;
    let tool = |id: u32, name: &str, arguments: Value| {
        let params = json!({ "name": name, "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
    };
    // It asks for them right after the handshake, and nothing waits for the answer.
    let echo = wire.post(tool(1, "echo", json!({ "message": "hi" }))).await.json();
    assert_eq!(text(&echo["result"]), "Echo: hi");
    let question = loop {
        let message = news.message().await;
        if message["method"] == "roots/list" {
            break message;
        }
    };
    let roots = json!({ "roots": [{ "uri": "file:///mine", "name": "mine" }] });
    let reply = json!({ "jsonrpc": "2.0", "id": question["id"], "result": roots });
    assert_eq!(wire.post(reply.to_string()).await.status, 202);
    // The server says when it has them.
    while !news.message().await.to_string().contains("Roots updated: 1") {}
    let known = wire.post(tool(2, "get-roots-list", json!({}))).await.json();
    assert!(text(&known["result"]).contains("file:///mine"), "{known}");
}

#[tokio::test]
async fn what_a_client_that_can_be_asked_follows_is_told_by_its_own_process() {
    let daemon = Daemon::start().await;
    let project = daemon.project("updates", json!({ "s": npm_server("server-everything", &["stdio"]) })).await;
    let uri = "demo://resource/dynamic/text/1";
    for (endpoint, prefix, shown) in [("servers/s/mcp", "", ""), ("unified/mcp", "s__", "s+")] {
        let wire = Wire::declaring(&project, endpoint, "2025-11-25", json!({ "roots": {} })).await;
        let mut news = Events::open(wire.request(reqwest::Method::GET)).await;
        let request = |method: &str, params: Value| {
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
        };
        let shown = format!("{shown}{uri}");
        let followed = wire.post(request("resources/subscribe", json!({ "uri": shown }))).await.json();
        assert_eq!(followed["result"], json!({}), "{followed}");
        // From now on it tells of whatever it was asked to tell of on the same connection.
        let toggle = json!({ "name": format!("{prefix}toggle-subscriber-updates"), "arguments": {} });
        let begun = wire.post(request("tools/call", toggle)).await.json();
        assert!(text(&begun["result"]).contains("Started"), "{begun}");
        let update = news.until(|message| message["method"] == "notifications/resources/updated").await;
        assert_eq!(update["params"]["uri"], shown.as_str());
    }
}
