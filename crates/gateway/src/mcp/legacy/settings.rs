//! What a client sets for its whole session: which log messages it wants, and which resources it follows.

use std::sync::Arc;

use orch_mcp::error::RpcError;
use orch_mcp::level::LogLevel;
use orch_mcp::message::Request;
use orch_mcp::object;
use orch_relay::context::CallContext;

use super::session::Session;

pub(super) fn set_level(session: &Arc<Session>, request: &Request) -> Result<(), RpcError> {
    let level = request.params.as_ref().and_then(|params| object::member(params, "level"));
    let Some(level) = level.and_then(|level| LogLevel::read(&level)) else {
        let known = LogLevel::ALL.map(LogLevel::as_str).join(", ");
        return Err(RpcError::invalid_params(format!("params.level must be one of {known}")));
    };
    session.set_level(level);
    session.news.handle().set_log_level(level);
    Ok(())
}

pub(super) async fn subscribe(cx: &CallContext, session: &Arc<Session>, request: &Request) -> Result<(), RpcError> {
    session.news.handle().add(cx, &uri(request)?).await
}

pub(super) fn unsubscribe(cx: &CallContext, session: &Arc<Session>, request: &Request) -> Result<(), RpcError> {
    session.news.handle().remove(cx, &uri(request)?)
}

fn uri(request: &Request) -> Result<String, RpcError> {
    let uri = request.params.as_ref().and_then(|params| object::string(params, "uri"));
    uri.ok_or_else(|| RpcError::invalid_params("params.uri must be a string"))
}
