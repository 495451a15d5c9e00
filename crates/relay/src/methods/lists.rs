//! The four lists, from the catalogs.

use std::time::Duration;

use futures_util::future::join_all;
use orch_domain::catalog::ItemKind;
use orch_domain::policy::decision::is_plain;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::{Action, authorize};
use orch_mcp::message::Request;
use orch_mcp::raw::Raw;
use orch_mcp::{capabilities, listing, modern, object};

use crate::catalog::{Catalog, page, shape};
use crate::context::{CallContext, Endpoint};
use crate::error::CallError;
use crate::fleet::Unready;
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
    let Listed { whole, stale, ttl } = listed(relay, cx, kind, request).await?;
    let whole = if kind == ItemKind::Tool { listing::tools(cx.client.revision, whole) } else { whole };
    let cursor = request.params.as_ref().and_then(|params| object::member(params, "cursor"));
    let page = paging::page(whole, shape(kind).member, cursor.as_ref(), relay.fleet.config().page_items)?;
    // After the cut, as a cursor is good for as long as the items are the same.
    let page = if stale.is_empty() { page } else { mark_stale(page, &stale) };
    Ok(if cx.client.revision.is_legacy() { page } else { modern::with_ttl(page, ttl) })
}

struct Listed {
    whole: Raw,
    /// The servers whose part of it may not be right any more.
    stale: Vec<String>,
    /// For how long it may be kept.
    ttl: Duration,
}

async fn listed(relay: &Relay, cx: &CallContext, kind: ItemKind, request: &Request) -> Result<Listed, CallError> {
    let method = || CallError::MethodNotFound(request.method.as_str().to_owned());
    match &cx.endpoint {
        Endpoint::Server(server) => {
            let server = authorize(&cx.subject, Action::Call, server).map_err(|_| method())?.into_inner();
            let name = server.alias.to_string();
            let slot = relay.fleet.slot(server.id).ok_or_else(|| CallError::Unavailable {
                server: name.clone(),
                reason: "it is being set up".to_owned(),
            })?;
            let catalog = slot.lists_for(cx, server).await.map_err(|unready| match unready {
                Unready::Failed(reason) => CallError::Unavailable { server: name, reason },
                Unready::Busy(reason) => CallError::Busy { server: name, reason },
            })?;
            let choice = cx.project.project.flawed_tools;
            let page = if is_plain(&cx.project.policy, cx.asking()) {
                catalog.page(kind, choice)
            } else {
                let seen =
                    catalog.list(kind).iter().filter(|item| relay.sees(cx, server, ItemClass::from(kind), &item.name));
                page(kind, seen.filter_map(|item| item.shown(choice)))
            };
            let stale = slot.is_stale_for(cx, server).then(|| server.alias.to_string());
            let ttl = if stale.is_some() { Duration::ZERO } else { ttl(relay, &catalog, kind) };
            Ok(Listed { whole: page, stale: stale.into_iter().collect(), ttl })
        }
        Endpoint::Unified => {
            authorize(&cx.subject, Action::Call, ()).map_err(|_| method())?;
            wait_for_catalogs(relay, cx).await;
            let (mut stale, mut shortest) = (Vec::new(), None::<Duration>);
            for server in enabled(&cx.project) {
                let Some(slot) = relay.fleet.slot(server.id) else { continue };
                slot.want_lists_for(cx, server);
                if !relay.sees(cx, server, ItemClass::Server, "") {
                    continue;
                }
                let catalog = slot.catalog_for(cx, server);
                let is_stale = slot.is_stale_for(cx, server);
                if is_stale && catalog.is_some() {
                    stale.push(server.alias.to_string());
                }
                let own = match catalog {
                    // Missing or not known to be right: that may change at any time.
                    None => Duration::ZERO,
                    Some(_) if is_stale => Duration::ZERO,
                    Some(catalog) if !promises(&catalog, kind) => continue,
                    Some(catalog) => ttl(relay, &catalog, kind),
                };
                shortest = Some(shortest.map_or(own, |shortest| shortest.min(own)));
            }
            Ok(Listed { whole: relay.page(cx, kind), stale, ttl: shortest.unwrap_or_default() })
        }
    }
}

/// For how long a server's list may be kept: what is left of the time that it gave, or what is set for servers of the
/// revisions that have no such word.
fn ttl(relay: &Relay, catalog: &Catalog, kind: ItemKind) -> Duration {
    if catalog.hello.revision.is_legacy() { relay.fleet.config().legacy_list_ttl() } else { catalog.fresh.left(kind) }
}

fn promises(catalog: &Catalog, kind: ItemKind) -> bool {
    capabilities::has(&catalog.hello.capabilities, shape(kind).capability)
}

/// Gives servers whose lists are not known yet a short time, side by side. Who does not make it is only missing, and
/// is announced when it comes.
async fn wait_for_catalogs(relay: &Relay, cx: &CallContext) {
    let unknown: Vec<_> = enabled(&cx.project)
        .filter_map(|server| Some((server, relay.fleet.slot(server.id)?)))
        .filter(|(server, slot)| {
            slot.want_verified();
            // Who hangs has been waited for once.
            slot.lacks_lists_for(cx, server) && !slot.is_slow_to_start()
        })
        .collect();
    if unknown.is_empty() {
        return;
    }
    let all = join_all(unknown.iter().map(|(server, slot)| slot.lists_for(cx, server)));
    // Late ones are missing from this answer.
    let _ = tokio::time::timeout(relay.fleet.config().list_deadline(), all).await;
}

/// The member of a list's `_meta` that names the servers whose part is the last good one, and not known to be right.
const STALE: &str = "io.mcp-orchestrator/stale";

fn mark_stale(page: Raw, servers: &[String]) -> Raw {
    let marked = Raw::serialize(&servers).ok().and_then(|servers| {
        let meta = object::member(&page, "_meta").unwrap_or_else(|| Raw::from_static("{}"));
        let meta = object::with(&meta, STALE, &servers).ok()?;
        object::with(&page, "_meta", &meta).ok()
    });
    marked.unwrap_or(page)
}
