//! The four lists, from the catalogs.

use std::sync::Arc;

use futures_util::future::join_all;
use orch_domain::catalog::ItemKind;
use orch_domain::directory::ProjectFacts;
use orch_domain::policy::decision::is_plain;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::{Action, authorize};
use orch_mcp::message::Request;
use orch_mcp::raw::Raw;
use orch_mcp::{listing, object};

use crate::catalog::{page, shape};
use crate::context::{CallContext, Endpoint};
use crate::error::CallError;
use crate::fleet::Unready;
use crate::fleet::lane::Wanted;
use crate::paging;
use crate::relay::Relay;
use crate::reply::Answer;
use crate::view::enabled;

/// A list, or the page of it that a cursor of ours leads to.
pub(crate) async fn list(relay: &Relay, cx: &CallContext, kind: ItemKind, request: &Request) -> Answer {
    let revision = cx.client.revision;
    paged(relay, cx, kind, request).await.map_err(|error| error.to_rpc(revision))
}

async fn paged(relay: &Relay, cx: &CallContext, kind: ItemKind, request: &Request) -> Result<Raw, CallError> {
    let whole = listed(relay, cx, kind, request).await?;
    let whole = if kind == ItemKind::Tool { listing::tools(cx.client.revision, whole) } else { whole };
    let cursor = request.params.as_ref().and_then(|params| object::member(params, "cursor"));
    paging::page(whole, shape(kind).member, cursor.as_ref(), relay.fleet.config().page_items)
}

async fn listed(relay: &Relay, cx: &CallContext, kind: ItemKind, request: &Request) -> Result<Raw, CallError> {
    let method = || CallError::MethodNotFound(request.method.as_str().to_owned());
    match &cx.endpoint {
        Endpoint::Server(server) => {
            let server = authorize(&cx.subject, Action::Call, server).map_err(|_| method())?.into_inner();
            let name = server.alias.to_string();
            let slot = relay.fleet.slot(server.id).ok_or_else(|| CallError::Unavailable {
                server: name.clone(),
                reason: "it is being set up".to_owned(),
            })?;
            let catalog = slot.catalog_or_wait().await.map_err(|unready| match unready {
                Unready::Failed(reason) => CallError::Unavailable { server: name, reason },
                Unready::Busy(reason) => CallError::Busy { server: name, reason },
            })?;
            let catalog = match cx.faculties_for(server) {
                None => catalog,
                Some(faculties) => {
                    slot.want_variant(faculties, Wanted::of(cx, server));
                    slot.catalog_for(Some(faculties)).unwrap_or(catalog)
                }
            };
            if is_plain(&cx.project.policy, cx.asking()) {
                return Ok(catalog.page(kind));
            }
            let seen =
                catalog.list(kind).iter().filter(|item| relay.sees(cx, server, ItemClass::from(kind), &item.name));
            Ok(page(kind, seen.map(|item| &item.definition)))
        }
        Endpoint::Unified => {
            authorize(&cx.subject, Action::Call, ()).map_err(|_| method())?;
            wait_for_catalogs(relay, &cx.project).await;
            if cx.faculties().is_some() {
                for server in enabled(&cx.project) {
                    if let Some(slot) = relay.fleet.slot(server.id)
                        && let Some(faculties) = cx.faculties_for(server)
                    {
                        slot.want_variant(faculties, Wanted::of(cx, server));
                    }
                }
            }
            Ok(relay.page(cx, kind))
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
