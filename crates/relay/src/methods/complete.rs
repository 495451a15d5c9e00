//! `completion/complete`: routed by its reference.

use std::sync::Arc;

use orch_domain::catalog::ItemKind;
use orch_domain::policy::decision::{Clearance, Pass};
use orch_domain::policy::item::ItemClass;
use orch_domain::server::Server;
use orch_mcp::message::Request;
use orch_mcp::meta;
use orch_mcp::object;
use orch_mcp::peer::PeerRequest;
use orch_mcp::raw::Raw;

use crate::context::{CallContext, Endpoint};
use crate::error::CallError;
use crate::outward::{Outward, Shape};
use crate::relay::{Relay, Sending};
use crate::reply::Reply;
use crate::view::{self, Origin};

pub(crate) fn complete(relay: &Relay, cx: &CallContext, request: Request) -> Reply {
    let params = request.params.unwrap_or_else(|| Raw::from_static("{}"));
    let (params, hop) = meta::take_hop(params);
    let (pass, params) = match resolve(relay, cx, params) {
        Ok(found) => found,
        Err(error) => return Reply::failed(&error, cx.client.revision, None, &*relay.clock),
    };
    let outward = match cx.endpoint {
        Endpoint::Server(_) => Outward::AsIs,
        Endpoint::Unified => Outward::Namespaced { server: Arc::clone(pass.get()), shape: Shape::Other },
    };
    let request = PeerRequest {
        progress: hop.progress_token.is_some(),
        log_level: cx.log_level,
        declared: Some(Arc::clone(&cx.client.declared_modern)),
        ..PeerRequest::new(request.method, Some(params))
    };
    relay.send(cx, pass, Sending { request, outward, hop, as_task: false, of_own_era: false }, None)
}

fn resolve(relay: &Relay, cx: &CallContext, params: Raw) -> Result<(Pass<Arc<Server>>, Raw), CallError> {
    let reference = object::member(&params, "ref")
        .ok_or_else(|| CallError::InvalidParams("params: missing field `ref`".to_owned()))?;
    let Reference { key, class, shown } = referred(&reference)?;
    let unknown = || CallError::Unknown { what: "reference", name: shown.clone() };
    let origin = match (&cx.endpoint, class) {
        (Endpoint::Server(server), _) => Some(Origin { server: Arc::clone(server), name: shown.clone() }),
        (Endpoint::Unified, ItemClass::Prompt) => relay.view(cx).resolve(&cx.project, ItemKind::Prompt, &shown),
        (Endpoint::Unified, _) => view::resolve_uri(&cx.project, &shown),
    };
    let Origin { server, name } = origin.ok_or_else(unknown)?;
    let pass = match relay.clear(cx, &server, class, &name) {
        Ok(Clearance::Granted(pass)) => pass,
        // To complete what needs an approval does not use it yet, and still nobody has agreed to anything.
        Ok(Clearance::Held(_)) | Err(_) => return Err(unknown()),
    };
    if matches!(cx.endpoint, Endpoint::Server(_)) {
        return Ok((pass, params));
    }
    let params = Raw::serialize(&name)
        .ok()
        .and_then(|name| object::with(&reference, key, &name).ok())
        .and_then(|reference| object::with(&params, "ref", &reference).ok())
        .ok_or_else(|| CallError::InvalidParams("params.ref must be an object".to_owned()))?;
    Ok((pass, params))
}

/// What a reference is to.
struct Reference {
    /// The member that says it.
    key: &'static str,
    class: ItemClass,
    shown: String,
}

/// Reads a reference by its type. One that a server could take for another than the one that is judged is refused.
fn referred(reference: &Raw) -> Result<Reference, CallError> {
    let invalid = |reason: &str| CallError::InvalidParams(format!("params.ref: {reason}"));
    let [kind, name, uri] =
        object::pick(reference, ["type", "name", "uri"]).map_err(|_| invalid("must be an object"))?;
    let kind = kind.and_then(|kind| kind.read::<String>().ok());
    let (key, class, shown, other) = match kind.as_deref() {
        Some("ref/prompt") => ("name", ItemClass::Prompt, name, uri),
        Some("ref/resource") => ("uri", ItemClass::Resource, uri, name),
        _ => return Err(invalid("`type` must be `ref/prompt` or `ref/resource`")),
    };
    if other.is_some() {
        return Err(invalid("needs one of `name` and `uri`, and has both"));
    }
    let shown = shown.and_then(|shown| shown.read().ok());
    let shown = shown.ok_or_else(|| invalid(&format!("its type needs a text as `{key}`")))?;
    Ok(Reference { key, class, shown })
}
