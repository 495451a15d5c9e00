//! What a server offers: tools, prompts, resources, templates.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use orch_control::tools::ItemSeen;
use orch_domain::catalog::ItemKind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::caller::Caller;
use crate::listing::PageView;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::policy::explain::AnnotationsView;
use crate::rest::policy::rule::RuleEffect;

/// What a server offers of one kind, in its own order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OffersView {
    /// In the server's own order.
    items: Vec<OfferView>,
    /// Always null: the list is given as a whole.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// Null when the server was never asked.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    fetched_at: Option<OffsetDateTime>,
    /// The server could not be asked since it last failed or was changed: the list is the last one that was seen.
    stale: bool,
    /// Why there is nothing for the caller to see, such as own values that are missing; null when that has no reason.
    #[schema(required = true)]
    lacking: Option<String>,
}

/// A tool, prompt, resource or template of a server.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferView {
    /// The tool's or prompt's name, the resource's URI, or the URI template.
    name: String,
    /// As the server sent it.
    #[schema(value_type = Object)]
    definition: Box<RawValue>,
    /// What policy says of it toward the caller. Denied ones are shown to admins alone.
    effect: RuleEffect,
    /// The rule or switch that says so; null when none does.
    #[schema(required = true)]
    rule_id: Option<Uuid>,
    /// Whether it is switched off for everybody.
    switched_off: bool,
    /// What a tool says of itself, as the protocol reads it; null for what is no tool.
    #[schema(required = true)]
    annotations: Option<AnnotationsView>,
    /// What strict clients would refuse of it; null when nothing.
    #[schema(required = true)]
    flaw: Option<String>,
}

/// A definition that an item had for a time.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastDefinitionView {
    /// SHA-256 of the definition as the server sent it.
    hash: String,
    /// As the server sent it.
    #[schema(value_type = Object)]
    definition: Box<RawValue>,
    /// Members that are not what they were in the definition before, in the order of their names; empty for the first.
    changed: Vec<String>,
    /// When the server was first seen to have it.
    #[serde(with = "time::serde::rfc3339")]
    first_seen: OffsetDateTime,
    /// When the server was last seen to have it.
    #[serde(with = "time::serde::rfc3339")]
    last_seen: OffsetDateTime,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OffersQuery {
    /// Tools unless said.
    #[param(inline)]
    kind: Option<ItemKindView>,
}

/// What a server can offer.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ItemKind)]
pub enum ItemKindView {
    Tool,
    Prompt,
    Resource,
    Template,
}

impl From<ItemKindView> for ItemKind {
    fn from(kind: ItemKindView) -> Self {
        match kind {
            ItemKindView::Tool => Self::Tool,
            ItemKindView::Prompt => Self::Prompt,
            ItemKindView::Resource => Self::Resource,
            ItemKindView::Template => Self::Template,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_tools).service(get_tool_history);
}

/// List what a server offers, as last seen
///
/// For everybody who sees the server.
///
/// From the catalog, in the server's own order, without asking the server now: `fetched_at` and `stale` say how old it
/// is. Members see what they may use, admins also what is denied.
#[utoipa::path(
    operation_id = "list_tools",
    tag = "tools",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
        OffersQuery,
    ),
    responses((status = 200, body = OffersView))
)]
#[get("/projects/{project}/servers/{server}/tools")]
async fn list_tools(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    Query(query): Query<OffersQuery>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    let kind = query.kind.map_or(ItemKind::Tool, ItemKind::from);
    let offers = rest.control.tools.list(&caller.principal, &project, &server, kind).await?;
    let items = offers
        .items
        .into_iter()
        .map(|ItemSeen { item, verdict, rule, is_switched_off, hints, flaw }| {
            let definition = RawValue::from_string(item.definition.as_ref().to_owned()).map_err(ApiError::internal)?;
            Ok(OfferView {
                name: item.name,
                definition,
                effect: verdict.into(),
                rule_id: rule.map(|id| id.as_uuid()),
                switched_off: is_switched_off,
                flaw,
                annotations: (kind == ItemKind::Tool).then(|| hints.into()),
            })
        })
        .collect::<Result<_, ApiError>>()?;
    Ok(HttpResponse::Ok().json(OffersView {
        items,
        next_cursor: None,
        fetched_at: offers.fetched_at,
        stale: offers.stale,
        lacking: offers.lacking,
    }))
}

/// Show what a tool, prompt or resource was in the course of time, latest first
///
/// For everybody who sees the server.
///
/// Each definition that it had, with when it was first and last seen, and which members changed: a tool whose
/// description changes on the quiet is seen here. 404 for what was never seen.
#[utoipa::path(
    operation_id = "get_tool_history",
    tag = "tools",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
        ("name" = String, Path, description = "the server's own name of it, percent-encoded"),
        OffersQuery,
    ),
    responses((status = 200, body = PageView<PastDefinitionView>))
)]
#[get("/projects/{project}/servers/{server}/tools/{name}/history")]
async fn get_tool_history(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String, String)>,
    Query(query): Query<OffersQuery>,
) -> Result<HttpResponse, ApiError> {
    let (project, server, name) = path.into_inner();
    let kind = query.kind.map_or(ItemKind::Tool, ItemKind::from);
    let history = rest.control.tools.history(&caller.principal, &project, &server, kind, &name).await?;
    let before = history.iter().skip(1).map(Some).chain([None]);
    let views = history.iter().zip(before).map(|(past, before)| {
        let definition = RawValue::from_string(past.definition.as_ref().to_owned()).map_err(ApiError::internal)?;
        Ok(PastDefinitionView {
            hash: past.hash.clone(),
            definition,
            changed: before.map(|before| differing(&before.definition, &past.definition)).unwrap_or_default(),
            first_seen: past.first_seen,
            last_seen: past.last_seen,
        })
    });
    Ok(HttpResponse::Ok().json(PageView::whole(views.collect::<Result<Vec<_>, ApiError>>()?)))
}

/// The members of an object that differ between two texts of it.
fn differing(before: &str, after: &str) -> Vec<String> {
    let read = |text: &str| serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text).unwrap_or_default();
    let (before, after) = (read(before), read(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}
