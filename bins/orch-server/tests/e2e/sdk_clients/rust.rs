//! The official Rust SDK as such a client.

#![expect(deprecated, reason = "what newer revisions have deprecated still has to work")]

use std::sync::{Arc, Mutex};

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientConfig, ClientRequest, CreateMessageRequestParams,
    CreateMessageResult, ElicitRequestParams, ElicitResult, ListRootsResult, ProgressNotificationParam,
    ProtocolVersion, ReadResourceRequestParams,
};
use rmcp::serde::de::DeserializeOwned;
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestContext, RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData};
use serde_json::{Value, json};

use super::Ask;
use crate::harness::{DEADLINE, eventually};

#[derive(Clone, Default)]
struct Askable {
    progress: Arc<Mutex<Vec<f64>>>,
}

/// A value of the SDK's, by what it is on the wire.
fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a value of the SDK")
}

impl ClientHandler for Askable {
    fn get_info(&self) -> ClientConfig {
        of(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "sampling": {}, "elicitation": {}, "roots": {} },
            "clientInfo": { "name": "rmcp", "version": "1" },
        }))
    }

    async fn create_message(
        &self,
        _params: CreateMessageRequestParams,
        _cx: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        Ok(of(json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "sampled" } })))
    }

    async fn create_elicitation(
        &self,
        _request: ElicitRequestParams,
        _cx: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(of(json!({ "action": "accept", "content": { "response": "Ada" } })))
    }

    async fn list_roots(&self, _cx: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        Ok(of(json!({ "roots": [{ "uri": "file:///r", "name": "r" }] })))
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _cx: NotificationContext<RoleClient>) {
        self.progress.lock().expect("no panic").push(params.progress);
    }
}

type Client = RunningService<RoleClient, Askable>;

fn params(prefix: &str, tool: &str, arguments: Value) -> CallToolRequestParams {
    CallToolRequestParams::new(format!("{prefix}{tool}")).with_arguments(of(arguments))
}

async fn call(client: &Client, params: CallToolRequestParams) -> Value {
    let result = tokio::time::timeout(DEADLINE, client.call_tool(params)).await.expect("in time");
    serde_json::to_value(result.expect("a result")).expect("JSON")["content"][0]["text"].clone()
}

pub(super) async fn run(era: &str, Ask { url, key, prefix, notes }: Ask<'_>) -> Value {
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(key.to_owned());
    let transport = StreamableHttpClientTransport::from_config(config);
    let lifecycle = if era == "modern" {
        ClientLifecycleMode::Discover { preferred_versions: vec![of::<ProtocolVersion>(json!("2026-07-28"))] }
    } else {
        ClientLifecycleMode::Initialize
    };
    let handler = Askable::default();
    let client = handler.clone().serve_with_lifecycle(transport, lifecycle).await.expect("a handshake");

    let tools = client.list_all_tools().await.expect("tools");
    let tools: Vec<String> = tools.into_iter().map(|tool| tool.name.into_owned()).collect();
    let echo = call(&client, params(prefix, "test_echo", json!({ "text": "héllo" }))).await;
    let resources = serde_json::to_value(client.list_all_resources().await.expect("resources")).expect("JSON");
    let uris = resources.as_array().expect("an array").iter().filter_map(|one| one["uri"].as_str());
    let uri = uris.into_iter().find(|uri| uri.ends_with("static-text")).expect("the resource").to_owned();
    let read = client.read_resource(ReadResourceRequestParams::new(uri)).await.expect("contents");
    let read = serde_json::to_value(read).expect("JSON")["contents"][0]["text"].clone();
    let elicited = call(&client, params(prefix, "test_elicitation", json!({ "message": "who?" }))).await;
    let sampled = call(&client, params(prefix, "test_sampling", json!({ "prompt": "say" }))).await;
    // The SDK asks for progress with every call, and tells of all of it.
    handler.progress.lock().expect("no panic").clear();
    call(&client, params(prefix, "test_tool_with_progress", json!({}))).await;
    let progress = handler.progress.lock().expect("no panic").clone();
    let sleep = CallToolRequest::new(params(prefix, "test_sleep", json!({ "ms": 60_000 })));
    let request = ClientRequest::CallToolRequest(sleep);
    let handle = client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.expect("sent");
    eventually("the call reaches the server", || {
        std::fs::read_to_string(notes).is_ok_and(|notes| notes.contains("sleeping"))
    })
    .await;
    let cancelled = handle.cancel(Some("enough".to_owned())).await.is_ok();
    let after = call(&client, params(prefix, "test_echo", json!({ "text": "still there" }))).await;
    client.cancel().await.expect("a good end");
    json!({
        "tools": tools, "echo": echo, "read": read, "elicited": elicited, "sampled": sampled, "progress": progress,
        "cancelled": cancelled, "after": after,
    })
}
