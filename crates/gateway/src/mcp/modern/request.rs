//! One request: checked, sent on its way, answered.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use orch_domain::refusal::Reason;
use orch_http1::request::Head;
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::display_name;
use orch_mcp::message::Request;
use orch_mcp::meta;
use orch_mcp::method::Method;
use orch_mcp::modern::{self, RequestMeta};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_mcp::{object, tasks};
use orch_relay::context::{CallContext, Client, Endpoint};

use super::opening::{self, Return};
use super::parking::{self, Binding, Parked, State};
use super::running::{NotEntered, NotParked};
use super::spent::NotSpent;
use super::{checks, listen, respond, task};
use crate::mcp::accept::Accepts;
use crate::mcp::cursor::Cursors;
use crate::mcp::endpoint::Entry;
use crate::mcp::reach::Reach;
use crate::mcp::{McpEndpoints, refusal};

pub(super) async fn handle(
    entry: Entry,
    http: &Head,
    accepts: Accepts,
    mut request: Request,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    let meta = match checks::envelope(http, &request) {
        Ok(meta) => meta,
        Err(refused) => return refused,
    };
    if let Endpoint::Server(server) = &entry.endpoint
        && !server.enabled
    {
        let error = RpcError::gateway("server_disabled", format!("server {} is disabled", server.alias));
        return refusal::rpc(StatusCode::OK, Some(&request.id), &error);
    }
    let reach = entry.reach();
    let mut cx = context(entry, meta);
    endpoints.uses.note_client(&cx.principal, &cx.client.name);
    let is_ours = matches!(request.method.known(), Method::Discover | Method::Other("subscriptions/listen"));
    if is_ours && let Err(limited) = endpoints.relay.admit(&cx.subject, &cx.project) {
        return refusal::error(StatusCode::OK, &request.id, &limited);
    }
    match request.method.known() {
        Method::Discover => discover(&cx, &request, endpoints).await,
        Method::Other("subscriptions/listen") => listen::handle(&cx, reach, accepts, &request, endpoints).await,
        Method::ToolsCall => {
            let tool = request.params.as_ref().and_then(|params| object::string(params, "name"));
            let schema = tool.and_then(|tool| endpoints.relay.mirroring_schema(&cx, &tool));
            match checks::arguments(http, &request, schema.as_ref()) {
                Ok(foreign) if foreign.is_empty() => {}
                // Nobody else has the client yet, so nothing is copied.
                Ok(foreign) => Arc::make_mut(&mut cx.client).foreign_headers = foreign,
                Err(refused) => return refused,
            }
            relayed(&cx, reach, accepts, request, None, endpoints).await
        }
        Method::Other(name) if tasks::is_method(name) => match task::open(&cx, &reach, &mut request, endpoints) {
            Ok(shown) => relayed(&cx, reach, accepts, request, Some(shown), endpoints).await,
            Err((status, error)) => refusal::rpc(status, Some(&request.id), &error),
        },
        _ => relayed(&cx, reach, accepts, request, None, endpoints).await,
    }
}

/// Sends a request on its way, or goes on with one that has waited for this. `task` is the id by which the client knows
/// what the request is about.
async fn relayed(
    cx: &CallContext,
    reach: Reach,
    accepts: Accepts,
    mut request: Request,
    task: Option<Raw>,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    let cursors = Cursors::of(&request, || reach.clone(), endpoints);
    if let Some(cursors) = &cursors {
        cursors.open(&mut request);
    }
    let [uri, state] = request
        .params
        .as_ref()
        .and_then(|params| object::pick(params, ["uri", "requestState"]).ok())
        .unwrap_or_default();
    let binding = modern::may_ask(&request.method.known()).then(|| Binding::of(&reach, &request));
    let mut shape = respond::Shape {
        id: request.id.clone(),
        method: request.method.clone(),
        uri,
        server_info: endpoints.relay.server_info(cx),
        declared: Arc::clone(&cx.client.declared),
        reach: reach.clone(),
        binding,
        round: 0,
        opens_urls: opening::is_possible(cx),
        opened: 0,
        task,
        cursors,
    };
    let mut opened = None;
    if let (Some(binding), Some(state)) = (&shape.binding, state) {
        let now = endpoints.clock.now().unix_timestamp();
        let state = state.read::<String>().ok().and_then(|state| binding.open(&endpoints.seal, &state, now));
        match state {
            None => return shape.json(Err(parking::invalid_state())),
            Some(State::Passed { inner }) => {
                let inner = Raw::serialize(&inner).ok();
                let params = request.params.take().zip(inner);
                request.params = params.and_then(|(params, inner)| object::with(&params, "requestState", &inner).ok());
            }
            Some(State::Opening { id, round, asked }) => {
                let back = match opening::come_back(&asked, request) {
                    Err(error) => return shape.json(Err(error)),
                    Ok(back) => back,
                };
                let lot = respond::Lot::of(endpoints);
                let spend = || lot.spend(id, cx.principal.user_id).map_err(refused_state);
                match back {
                    // Used when it is sure that the call is made.
                    Return::Call(again) => {
                        request = again;
                        shape.opened = round;
                        opened = Some(id);
                    }
                    Return::Again => {
                        return match spend() {
                            Ok(()) => shape.ask_to_open(round, asked, &lot),
                            Err(error) => shape.json(Err(error)),
                        };
                    }
                    Return::Over(answer) => return shape.json(spend().and(answer)),
                }
            }
            Some(State::Parked { id, round }) => {
                let Some(mut parked) = endpoints.running.unpark(id, round) else {
                    return shape.json(Err(parking::invalid_state()));
                };
                // The waiting may have been long: what was decided then is decided again. A call that may not be made
                // any more ends here.
                if let Err(error) = endpoints.relay.may_go_on(cx, &request) {
                    return shape.json(Err(error));
                }
                let responses = request.params.as_ref().and_then(|params| object::member(params, "inputResponses"));
                let taken = match parked.lacking(&cx.client.declared) {
                    Some(required) => Err(parking::not_declared(&required)),
                    None => parked.answer(responses),
                };
                if let Err(error) = taken {
                    let most = endpoints.config.max_parked_per_user;
                    match endpoints.running.park(id, reach, parked, most) {
                        // There was room for it a moment ago; if there is not now, it ends.
                        Ok(()) | Err(NotParked::TooMany) => {}
                        Err(NotParked::Stopping(parked)) => parked.end(),
                    }
                    return shape.json(Err(error));
                }
                let (_, hop) = meta::take_hop(request.params.unwrap_or_else(|| Raw::from_static("{}")));
                parked.reply.go_on(hop.progress_token, cx.log_level);
                shape.round = parked.round;
                let Parked { reply, questions, ticket, .. } = parked;
                return respond::respond(reply, questions, ticket, shape, accepts, endpoints).await;
            }
        }
    }
    let most = endpoints.config.max_requests_per_user;
    let ticket = match endpoints.running.enter(reach, &cx.stop, None, most) {
        Ok(ticket) => ticket,
        Err(NotEntered::TooMany) => {
            endpoints.relay.note_refused(cx, &request, Reason::LimitInFlight);
            return shape.json(Err(refusal::limited(format!("{most} requests are in flight, the limit"))));
        }
        Err(NotEntered::Stopping) => {
            endpoints.relay.note_stopping(cx, &request);
            return refusal::stopping(Some(&request.id));
        }
    };
    if let Some(id) = opened
        && let Err(not_spent) = respond::Lot::of(endpoints).spend(id, cx.principal.user_id)
    {
        if not_spent == NotSpent::TooMany {
            endpoints.relay.note_refused(cx, &request, Reason::LimitInFlight);
        }
        return shape.json(Err(refused_state(not_spent)));
    }
    let reply = endpoints.relay.handle(cx, request);
    respond::respond(reply, Vec::new(), ticket, shape, accepts, endpoints).await
}

fn refused_state(not_spent: NotSpent) -> RpcError {
    match not_spent {
        NotSpent::Already => parking::invalid_state(),
        NotSpent::TooMany => refusal::limited("too many URLs were opened for calls of this user within a short time"),
    }
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
    let declared =
        Declared { capabilities: declared.capabilities.detached(), info: declared.info.as_ref().map(Raw::detached) };
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
