//! `initialize`: opens a session.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use orch_mcp::codec;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::{ClientHello, ServerHello};
use orch_mcp::message::Request;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client, Endpoint, SessionKey};
use orch_relay::subscription::Interest;

use super::SESSION_HEADER;
use super::session::{NewSession, Session};
use super::sessions::NotOpened;
use crate::mcp::endpoint::Entry;
use crate::mcp::{McpEndpoints, refusal};

/// Why there is no session.
pub(super) enum Refused {
    Error(RpcError),
    TooMany,
    /// The daemon stops.
    Stopping,
}

pub(super) async fn handle(entry: Entry, request: &Request, endpoints: &McpEndpoints) -> HttpResponse {
    match open(&entry, request, endpoints).await {
        Ok((session, hello)) => HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((SESSION_HEADER, &*session.id))
            .body(codec::encode_result(&request.id, &hello.write())),
        Err(Refused::Error(error)) => refusal::error(StatusCode::OK, &request.id, &error),
        Err(Refused::TooMany) => refusal::too_many_sessions(),
        Err(Refused::Stopping) => refusal::stopping(Some(&request.id)),
    }
}

/// Opens a session, and gives what the endpoint says of itself.
pub(super) async fn open(
    entry: &Entry,
    request: &Request,
    endpoints: &McpEndpoints,
) -> Result<(Arc<Session>, ServerHello), Refused> {
    endpoints.relay.admit(&entry.subject, &entry.project).map_err(Refused::Error)?;
    let hello = ClientHello::read(request.params.as_ref()).map_err(Refused::Error)?;
    if let Endpoint::Server(server) = &entry.endpoint
        && !server.enabled
    {
        let text = format!("server {} is disabled", server.alias);
        return Err(Refused::Error(RpcError::gateway("server_disabled", text)));
    }
    let declared = Declared { capabilities: hello.capabilities.detached(), info: Some(hello.client_info.detached()) };
    let revision = Revision::negotiate(&hello.protocol_version);
    let client = Arc::new(Client::new(Arc::from(hello.display_name()), revision, declared, Some(SessionKey::new())));
    let cx = CallContext {
        principal: entry.principal.clone(),
        subject: entry.subject.clone(),
        project: Arc::clone(&entry.project),
        endpoint: entry.endpoint.clone(),
        client: Arc::clone(&client),
        log_level: None,
        can_be_asked: false,
        stop: Arc::default(),
    };
    endpoints.uses.note_client(&cx.principal, &client.name);
    let asked = async {
        let answer = endpoints.relay.hello(&cx).await.map_err(Refused::Error)?;
        Ok((answer, endpoints.relay.subscribe(&cx, Interest::lists()).await))
    };
    let (answer, news) = tokio::select! {
        asked = asked => asked?,
        // A server that has to be started first may take its time, and there would be no session in the end.
        () = endpoints.sessions.draining() => return Err(Refused::Stopping),
    };
    let new = NewSession { client, news, news_stop: Arc::clone(&cx.stop) };
    let session = endpoints.sessions.open(entry, new).map_err(|not_opened| match not_opened {
        NotOpened::TooMany => Refused::TooMany,
        NotOpened::Stopping => Refused::Stopping,
    })?;
    Ok((session, answer))
}
