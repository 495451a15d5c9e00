//! Many clients on one child at once.

use rmcp::model::CallToolRequestParams;
use serde_json::json;

use crate::harness::{Daemon, npm_server, scripted};

const CLIENTS: usize = 32;
const CALLS_EACH: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_clients_on_one_child_never_get_each_others_answers() {
    let daemon = Daemon::start().await;
    let servers = json!({ "everything": npm_server("server-everything", &["stdio"]), "scripted": scripted(&[]) });
    let project = daemon.project("crowd", servers).await;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        // Half of them alone with their server, half under the common roof.
        let unified = number % 2 == 1;
        let endpoint = if unified { "unified/mcp" } else { "servers/everything/mcp" };
        clients.push((number, unified, project.client(endpoint).await));
    }
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|(number, unified, client)| {
            tokio::spawn(async move {
                for round in 0..CALLS_EACH {
                    let said = format!("client {number} round {round}");
                    let tool = if unified { "everything__echo" } else { "echo" };
                    let mut params = CallToolRequestParams::new(tool);
                    params.arguments = json!({ "message": said }).as_object().cloned();
                    let result = client.call_tool(params).await.expect("an answer");
                    let result = serde_json::to_value(result).expect("json");
                    assert_eq!(result["content"][0]["text"], format!("Echo: {said}"));
                }
                client.cancel().await.expect("a goodbye");
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("every answer is right");
    }
    let calls = project.calls_when(|calls| calls.len() >= CLIENTS * CALLS_EACH).await;
    assert_eq!(calls.len(), CLIENTS * CALLS_EACH, "each call is on record once");
    assert!(calls.iter().all(|call| call["outcome"] == "ok"));
}
