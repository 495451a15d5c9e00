//! A request within a session.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use orch_domain::refusal::Reason;
use orch_mcp::codec;
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::Request;
use orch_mcp::method::Method;
use orch_mcp::raw::Raw;
use orch_relay::context::CallContext;
use orch_relay::stop::Stop;

use super::session::{InFlight, NotTaken, Session};
use super::settings;
use crate::mcp::accept::Accepts;
use crate::mcp::cursor::Cursors;
use crate::mcp::endpoint::Entry;
use crate::mcp::exchange::Exchange;
use crate::mcp::post::Taken;
use crate::mcp::{McpEndpoints, refusal};

pub(super) fn handle(
    entry: Entry,
    session: Arc<Session>,
    accepts: Accepts,
    request: Request,
    endpoints: &McpEndpoints,
) -> Taken<'_> {
    if let Some(setting) = Setting::of(&request) {
        return Taken::Apart(Box::pin(async move {
            match setting.make(&entry, &session, &request, endpoints).await {
                Ok(made) => HttpResponse::Ok().content_type("application/json").body(made),
                Err(error) => refusal::error(StatusCode::OK, &request.id, &error),
            }
        }));
    }
    let id = request.id.clone();
    match start(entry, &session, accepts, request, endpoints) {
        Ok(exchange) => Taken::Relayed(exchange),
        Err(NotTaken::Ended) => Taken::Answered(refusal::no_such_session(Some(&id))),
        Err(not_taken) => Taken::Answered(refusal::error(StatusCode::BAD_REQUEST, &id, &refused(not_taken))),
    }
}

/// A request about the session itself.
#[derive(Clone, Copy)]
pub(super) enum Setting {
    Level,
    Subscribe,
    Unsubscribe,
}

impl Setting {
    pub(super) fn of(request: &Request) -> Option<Self> {
        Some(match request.method.known() {
            Method::SetLevel => Self::Level,
            Method::ResourcesSubscribe => Self::Subscribe,
            Method::ResourcesUnsubscribe => Self::Unsubscribe,
            _ => return None,
        })
    }

    /// Gives the answer.
    pub(super) async fn make(
        self,
        entry: &Entry,
        session: &Arc<Session>,
        request: &Request,
        endpoints: &McpEndpoints,
    ) -> Result<Bytes, RpcError> {
        endpoints.relay.admit(&entry.subject, &entry.project)?;
        let cx = || context(entry.clone(), session, Accepts::Both, Arc::default());
        match self {
            Self::Level => settings::set_level(session, request),
            Self::Subscribe => settings::subscribe(&cx(), session, request).await,
            Self::Unsubscribe => settings::unsubscribe(&cx(), session, request),
        }?;
        Ok(codec::encode_result(&request.id, &Raw::from_static("{}")))
    }
}

/// Sets a request on its way.
pub(super) fn start(
    entry: Entry,
    session: &Arc<Session>,
    accepts: Accepts,
    mut request: Request,
    endpoints: &McpEndpoints,
) -> Result<Exchange, NotTaken> {
    let cursors = Cursors::of(&request, || entry.reach(), endpoints);
    if let Some(cursors) = &cursors {
        cursors.open(&mut request);
    }
    let in_flight = session.register(&request.id, endpoints.config.max_requests_per_session);
    let stop = in_flight.as_ref().map(InFlight::stop).unwrap_or_default();
    let cx = context(entry, session, accepts, stop);
    endpoints.uses.note_client(&cx.principal, &cx.client.name);
    let in_flight = in_flight.inspect_err(|not_taken| {
        let reason = match not_taken {
            NotTaken::TooMany => Reason::LimitInFlight,
            NotTaken::Duplicate => Reason::DuplicateId,
            NotTaken::Ended => Reason::SessionEnded,
        };
        endpoints.relay.note_refused(&cx, &request, reason);
    })?;
    let id = request.id.clone();
    Ok(Exchange::new(id, endpoints.relay.handle(&cx, request), in_flight, cursors))
}

fn context(entry: Entry, session: &Session, accepts: Accepts, stop: Arc<Stop>) -> CallContext {
    CallContext {
        principal: entry.principal,
        subject: entry.subject,
        project: entry.project,
        endpoint: entry.endpoint,
        client: Arc::clone(&session.client),
        log_level: session.said_level(),
        can_be_asked: accepts != Accepts::JsonOnly,
        stop,
    }
}

pub(super) fn refused(not_taken: NotTaken) -> RpcError {
    match not_taken {
        NotTaken::Duplicate => {
            RpcError::new(code::INVALID_REQUEST, "this id is in use by a request that has no answer yet")
        }
        NotTaken::TooMany => refusal::limited("too many requests of this session are in flight"),
        NotTaken::Ended => RpcError::new(code::SESSION_NOT_FOUND, "session not found"),
    }
}
