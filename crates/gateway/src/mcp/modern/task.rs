//! Ids of tasks. A server sees the credential of the project and not the client's, so the binding of a task to its
//! client is ours: the client knows it by a sealed id, which is nothing to anybody else.

use actix_web::http::StatusCode;
use orch_auth::state_seal::StateSeal;
use orch_mcp::error::RpcError;
use orch_mcp::message::Request;
use orch_mcp::raw::Raw;
use orch_mcp::{object, tasks};
use orch_relay::context::CallContext;

use crate::mcp::McpEndpoints;
use crate::mcp::reach::Reach;

/// Puts the server's id in the place of the client's, and gives back the latter.
pub(super) fn open(
    cx: &CallContext,
    reach: &Reach,
    request: &mut Request,
    endpoints: &McpEndpoints,
) -> Result<Raw, (StatusCode, RpcError)> {
    if !endpoints.relay.offers_tasks(cx) {
        return Err((StatusCode::NOT_FOUND, RpcError::method_not_found(request.method.as_str())));
    }
    if !tasks::is_named_in(&cx.client.declared.capabilities) {
        return Err((StatusCode::BAD_REQUEST, tasks::not_declared()));
    }
    let unknown = || (StatusCode::OK, tasks::unknown());
    let params = request.params.as_ref().ok_or_else(unknown)?;
    let shown = object::member(params, "taskId").ok_or_else(unknown)?;
    let text = shown.read::<String>().map_err(|_| unknown())?;
    let inner = opened(reach, &endpoints.seal, &text).and_then(|inner| Raw::serialize(&inner).ok());
    let inner = inner.ok_or_else(unknown)?;
    let opened = object::with(params, "taskId", &inner).map_err(|_| unknown())?;
    request.params = Some(opened);
    Ok(shown.detached())
}

/// The id behind one that a client knows; None when it was not given to this client.
pub(super) fn opened(reach: &Reach, seal: &StateSeal, shown: &str) -> Option<String> {
    // An alias may stand before it, and has no dot.
    let sealed = shown.rsplit_once('.').map_or(shown, |(_, sealed)| sealed);
    String::from_utf8(seal.open(&parts(&bound(reach)), sealed)?).ok()
}

/// The result of a request about a task, under the id that the client used.
pub(super) fn shown_as(shown: &Raw, result: Raw) -> Raw {
    if object::member(&result, "taskId").is_none() {
        return result;
    }
    object::with(&result, "taskId", shown).unwrap_or(result)
}

/// A result that creates a task, with an id for the client. None when it cannot be sealed, which must not leave then.
pub(super) fn created(reach: &Reach, seal: &StateSeal, id: &str, result: &Raw) -> Option<Raw> {
    let sealed = seal.seal(&parts(&bound(reach)), id.as_bytes())?;
    let shown = match id.split_once('.') {
        Some((alias, _)) if orch_domain::alias::Alias::parse(alias).is_ok() => format!("{alias}.{sealed}"),
        _ => sealed,
    };
    object::with(result, "taskId", &Raw::serialize(&shown).ok()?).ok()
}

fn bound(reach: &Reach) -> String {
    format!("{reach:?}")
}

fn parts(reach: &str) -> [&[u8]; 2] {
    [b"task", reach.as_bytes()]
}
