//! What a client sets for its whole session: which log messages it wants, and which resources it follows.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use orch_mcp::codec;
use orch_mcp::error::RpcError;
use orch_mcp::level::LogLevel;
use orch_mcp::message::Request;
use orch_mcp::object;
use orch_mcp::raw::Raw;

use super::session::Session;
use crate::mcp::refusal;

pub(super) fn set_level(session: &Arc<Session>, request: &Request) -> HttpResponse {
    let level = request.params.as_ref().and_then(|params| object::member(params, "level"));
    let Some(level) = level.and_then(|level| LogLevel::read(&level)) else {
        let known = LogLevel::ALL.map(LogLevel::as_str).join(", ");
        return answer(request, Err(RpcError::invalid_params(format!("params.level must be one of {known}"))));
    };
    session.set_level(level);
    session.news.handle().set_log_level(level);
    answer(request, Ok(()))
}

pub(super) async fn subscribe(session: &Arc<Session>, request: &Request) -> HttpResponse {
    let done = match uri(request) {
        Ok(uri) => session.news.handle().add(&uri).await,
        Err(error) => Err(error),
    };
    answer(request, done)
}

pub(super) fn unsubscribe(session: &Arc<Session>, request: &Request) -> HttpResponse {
    answer(request, uri(request).and_then(|uri| session.news.handle().remove(&uri)))
}

fn uri(request: &Request) -> Result<String, RpcError> {
    let uri = request.params.as_ref().and_then(|params| object::string(params, "uri"));
    uri.ok_or_else(|| RpcError::invalid_params("params.uri must be a string"))
}

fn answer(request: &Request, done: Result<(), RpcError>) -> HttpResponse {
    match done {
        Ok(()) => {
            let body = codec::encode_result(&request.id, &Raw::from_static("{}"));
            HttpResponse::Ok().content_type("application/json").body(body)
        }
        Err(error) => refusal::rpc(StatusCode::OK, Some(&request.id), &error),
    }
}
