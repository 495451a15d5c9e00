//! One request: checked, sent on its way, answered.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::display_name;
use orch_mcp::message::Request;
use orch_mcp::method::Method;
use orch_mcp::modern::{self, RequestMeta};
use orch_mcp::object;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client, Endpoint};

use super::{checks, respond};
use crate::mcp::accept::Accepts;
use crate::mcp::endpoint::Entry;
use crate::mcp::{McpEndpoints, refusal};

pub(super) async fn handle(
    entry: Entry,
    http: &HttpRequest,
    accepts: Accepts,
    request: Request,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    let meta = match checks::envelope(http.headers(), &request) {
        Ok(meta) => meta,
        Err(refused) => return refused,
    };
    if let Endpoint::Server(server) = &entry.endpoint
        && !server.enabled
    {
        let error = RpcError::gateway("server_disabled", format!("server {} is disabled", server.alias));
        return refusal::rpc(StatusCode::OK, Some(&request.id), &error);
    }
    let cx = context(entry, meta);
    match request.method.known() {
        Method::Discover => discover(&cx, &request, endpoints).await,
        Method::ToolsCall => {
            let tool = request.params.as_ref().and_then(|params| object::string(params, "name"));
            if let Some(schema) = tool.and_then(|tool| endpoints.relay.input_schema(&cx, &tool))
                && let Err(refused) = checks::arguments(http.headers(), &request, &schema)
            {
                return refused;
            }
            relayed(&cx, accepts, request, endpoints).await
        }
        _ => relayed(&cx, accepts, request, endpoints).await,
    }
}

async fn relayed(cx: &CallContext, accepts: Accepts, request: Request, endpoints: &McpEndpoints) -> HttpResponse {
    let shape = respond::Shape {
        id: request.id.clone(),
        method: request.method.clone(),
        uri: request.params.as_ref().and_then(|params| object::member(params, "uri")),
        server_info: endpoints.relay.server_info(cx),
    };
    let reply = endpoints.relay.handle(cx, request);
    respond::respond(reply, shape, accepts, &endpoints.config).await
}

/// What the endpoint says of itself.
async fn discover(cx: &CallContext, request: &Request, endpoints: &McpEndpoints) -> HttpResponse {
    match endpoints.relay.hello(cx).await {
        Err(error) => refusal::rpc(StatusCode::OK, Some(&request.id), &error),
        Ok(hello) => {
            let stamp = modern::Stamp { server_info: Some(&hello.server_info) };
            let result = stamp.apply(&Method::Discover, modern::discover_result(&hello));
            HttpResponse::Ok()
                .content_type("application/json")
                .body(orch_mcp::codec::encode_result(&request.id, &result))
        }
    }
}

fn context(entry: Entry, meta: RequestMeta) -> CallContext {
    let RequestMeta { version: _, declared, log_level } = meta;
    let name = declared.info.as_ref().map(display_name).unwrap_or_default();
    let declared = Declared {
        capabilities: declared.capabilities.detached(),
        info: declared.info.as_ref().map(orch_mcp::raw::Raw::detached),
    };
    CallContext {
        principal: entry.principal,
        subject: entry.subject,
        project: entry.project,
        endpoint: entry.endpoint,
        client: Arc::new(Client::new(Arc::from(name), Revision::V2026_07_28, declared, None)),
        log_level,
        can_be_asked: true,
        stop: Arc::default(),
    }
}
