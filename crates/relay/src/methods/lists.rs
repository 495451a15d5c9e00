//! The four lists, from the catalogs.

use std::sync::Arc;

use futures_util::future::join_all;
use orch_domain::catalog::ItemKind;
use orch_domain::directory::ProjectFacts;
use orch_domain::policy::{Action, authorize};
use orch_mcp::message::Request;
use orch_mcp::object;

use crate::context::{CallContext, Endpoint};
use crate::error::CallError;
use crate::fleet::Unready;
use crate::fleet::lane::Wanted;
use crate::relay::Relay;
use crate::reply::Answer;
use crate::view::enabled;

/// A whole list on one page. A cursor is refused: none was ever handed out.
pub(crate) async fn list(relay: &Relay, cx: &CallContext, kind: ItemKind, request: &Request) -> Answer {
    listed(relay, cx, kind, request).await.map_err(|error| error.to_rpc(cx.client.revision))
}

async fn listed(
    relay: &Relay,
    cx: &CallContext,
    kind: ItemKind,
    request: &Request,
) -> Result<orch_mcp::raw::Raw, CallError> {
    let cursor = request.params.as_ref().and_then(|params| object::member(params, "cursor"));
    if cursor.is_some_and(|cursor| cursor.as_str() != "null") {
        return Err(CallError::InvalidParams("this cursor was not given out here".to_owned()));
    }
    let method = || CallError::MethodNotFound(request.method.as_str().to_owned());
    match &cx.endpoint {
        Endpoint::Server(server) => {
            let server = authorize(cx.subject, Action::Call, server).map_err(|_| method())?.into_inner();
            let name = server.alias.to_string();
            let slot = relay.fleet.slot(server.id).ok_or_else(|| CallError::Unavailable {
                server: name.clone(),
                reason: "it is being set up".to_owned(),
            })?;
            let catalog = slot.catalog_or_wait().await.map_err(|unready| match unready {
                Unready::Failed(reason) => CallError::Unavailable { server: name, reason },
                Unready::Busy(reason) => CallError::Busy { server: name, reason },
            })?;
            let Some(faculties) = cx.faculties() else { return Ok(catalog.page(kind)) };
            slot.want_variant(faculties, Wanted::of(cx, server));
            Ok(slot.catalog_for(Some(faculties)).unwrap_or(catalog).page(kind))
        }
        Endpoint::Unified => {
            authorize(cx.subject, Action::Call, ()).map_err(|_| method())?;
            wait_for_catalogs(relay, &cx.project).await;
            if let Some(faculties) = cx.faculties() {
                for server in enabled(&cx.project) {
                    if let Some(slot) = relay.fleet.slot(server.id) {
                        slot.want_variant(faculties, Wanted::of(cx, server));
                    }
                }
            }
            Ok(relay.view(cx).page(kind))
        }
    }
}

/// Gives servers whose lists are not known yet a short time, side by side. Who does not make it is only missing, and
/// is announced when it comes.
async fn wait_for_catalogs(relay: &Relay, project: &Arc<ProjectFacts>) {
    let unknown: Vec<_> = enabled(project)
        .filter_map(|server| relay.fleet.slot(server.id))
        .filter(|slot| {
            slot.want_verified();
            slot.catalog().is_none()
        })
        .collect();
    if unknown.is_empty() {
        return;
    }
    let all = join_all(unknown.iter().map(|slot| slot.catalog_or_wait()));
    // Late ones are missing from this answer.
    let _ = tokio::time::timeout(relay.fleet.config().list_deadline(), all).await;
}
