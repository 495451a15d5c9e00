//! `initialize`: opens a session.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use orch_mcp::codec;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::ClientHello;
use orch_mcp::message::Request;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client, Endpoint, SessionKey};
use orch_relay::subscription::Interest;

use super::SESSION_HEADER;
use super::session::NewSession;
use crate::mcp::endpoint::Entry;
use crate::mcp::{McpEndpoints, refusal};

pub(super) async fn handle(entry: Entry, request: &Request, endpoints: &McpEndpoints) -> HttpResponse {
    let hello = match ClientHello::read(request.params.as_ref()) {
        Ok(hello) => hello,
        Err(error) => return refusal::rpc(StatusCode::OK, Some(&request.id), &error),
    };
    if let Endpoint::Server(server) = &entry.endpoint
        && !server.enabled
    {
        let error = RpcError::gateway("server_disabled", format!("server {} is disabled", server.alias));
        return refusal::rpc(StatusCode::OK, Some(&request.id), &error);
    }
    let declared = Declared { capabilities: hello.capabilities.detached(), info: Some(hello.client_info.detached()) };
    let revision = Revision::negotiate(&hello.protocol_version);
    let client = Arc::new(Client::new(Arc::from(hello.display_name()), revision, declared, Some(SessionKey::new())));
    let cx = CallContext {
        principal: entry.principal.clone(),
        subject: entry.subject,
        project: Arc::clone(&entry.project),
        endpoint: entry.endpoint.clone(),
        client: Arc::clone(&client),
        log_level: None,
        can_be_asked: false,
        stop: Arc::default(),
    };
    let answer = match endpoints.relay.hello(&cx).await {
        Ok(answer) => answer,
        Err(error) => return refusal::rpc(StatusCode::OK, Some(&request.id), &error),
    };
    let news_stop = Arc::clone(&cx.stop);
    let news = endpoints.relay.subscribe(&cx, Interest::lists()).await;
    let Some(session) = endpoints.sessions.open(&entry, NewSession { client, news, news_stop }) else {
        return refusal::too_many_sessions();
    };
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((SESSION_HEADER, &*session.id))
        .body(codec::encode_result(&request.id, &answer.write()))
}
