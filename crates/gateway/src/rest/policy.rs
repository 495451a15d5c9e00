//! The rules of a project, the switches of single items, and why something is as it is.

pub mod explain;
pub mod rule;
pub mod try_out;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, put};
use orch_control::policies::{Position, SwitchTarget};
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::rule::{Policy, Rule, ServerMatch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::policy::rule::{RuleRequest, RuleView};

/// The rules of a project. The switches are asked first, then the rules in their order; the first that matches
/// decides, and where none does, the role.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    /// In the order in which they are asked.
    rules: Vec<RuleView>,
    /// What is switched off for everybody.
    switched_off: Vec<SwitchedOffView>,
    /// What the `ETag` is made of; 0 while there never was a rule.
    version: u32,
}

/// A tool, prompt or resource that is switched off for everybody.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwitchedOffView {
    /// Of the switch, as decisions name it.
    rule_id: Uuid,
    /// The server that has it.
    #[schema(required = true)]
    server_id: Option<Uuid>,
    /// What it is.
    kind: ItemClassView,
    /// The item's own name.
    name: String,
}

/// What a rule or a switch can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ItemClass)]
pub enum ItemClassView {
    Tool,
    Prompt,
    /// Of templates as well: what a URI names.
    Resource,
}

impl From<ItemClassView> for ItemClass {
    fn from(class: ItemClassView) -> Self {
        match class {
            ItemClassView::Tool => Self::Tool,
            ItemClassView::Prompt => Self::Prompt,
            ItemClassView::Resource => Self::Resource,
        }
    }
}

impl From<ItemClass> for ItemClassView {
    /// Methods and whole servers are never on the wire of REST.
    fn from(class: ItemClass) -> Self {
        match class {
            ItemClass::Tool | ItemClass::Method | ItemClass::Server => Self::Tool,
            ItemClass::Prompt => Self::Prompt,
            ItemClass::Resource => Self::Resource,
        }
    }
}

/// The rules that are to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutPolicyRequest {
    /// At most 200, in the order in which they are to be asked. Switches are not among them and stay.
    rules: Vec<RuleRequest>,
}

/// A switch and its position.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Switch)]
pub struct SwitchBody {
    /// What it is.
    kind: ItemClassView,
    /// The item's own name: of a tool or prompt, or the URI of a resource.
    #[schema(min_length = 1, max_length = 512)]
    name: String,
    /// Off, it is as if it did not exist, for everybody; on, the rules decide.
    on: bool,
}

impl From<&Policy> for PolicyView {
    fn from(policy: &Policy) -> Self {
        let (switches, rules): (Vec<&Rule>, Vec<&Rule>) = policy.rules().iter().partition(|rule| rule.is_switch);
        let switched_off = |rule: &Rule| SwitchedOffView {
            rule_id: rule.id.as_uuid(),
            server_id: match rule.what.server {
                ServerMatch::One(id) => Some(id.as_uuid()),
                ServerMatch::Any | ServerMatch::Named(_) => None,
            },
            kind: rule.what.class.map_or(ItemClassView::Tool, ItemClassView::from),
            name: rule.what.name.as_ref().map(orch_domain::policy::pattern::Pattern::unescaped).unwrap_or_default(),
        };
        Self {
            rules: rules.into_iter().map(RuleView::from).collect(),
            switched_off: switches.into_iter().map(switched_off).collect(),
            version: policy.version,
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(get_policy).service(put_policy).service(put_switch);
    explain::configure(config);
    try_out::configure(config);
}

/// Show the rules of a project
///
/// For admins of the project; not for API keys.
///
/// The rules in the order in which they are asked, and what is switched off.
#[utoipa::path(
    operation_id = "get_policy",
    tag = "policy",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 200, body = PolicyView))
)]
#[get("/projects/{project}/policy")]
async fn get_policy(caller: Caller, rest: Data<Rest>, project: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(answer(&rest.control.policies.get(&caller.principal, &project).await?))
}

/// Replace the rules of a project
///
/// For admins of the project; not for API keys.
///
/// Replaces all rules, and leaves the switches. They hold for the very next request, on running sessions as well.
/// Repeating it changes nothing. Send `If-Match`, so that nobody's rules are written over unseen.
#[utoipa::path(
    operation_id = "put_policy",
    tag = "policy",
    params(("project" = String, Path, description = "id or slug")),
    request_body = PutPolicyRequest,
    responses((status = 200, body = PolicyView))
)]
#[put("/projects/{project}/policy")]
async fn put_policy(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    IfMatch(expected): IfMatch,
    Json(body): Json<PutPolicyRequest>,
) -> Result<HttpResponse, ApiError> {
    let drafts = rule::drafts(body.rules)?;
    Ok(answer(&rest.control.policies.put(&caller.principal, &project, &drafts, expected).await?))
}

/// Switch a tool, prompt or resource on or off
///
/// For admins of the project; not for API keys.
///
/// Holds for the very next request, for everybody, before any rule is asked. The item need not exist yet. Repeating it
/// changes nothing.
#[utoipa::path(
    operation_id = "put_switch",
    tag = "policy",
    params(
        ("project" = String, Path, description = "id or slug"),
        ("server" = String, Path, description = "alias or id"),
    ),
    request_body = SwitchBody,
    responses((status = 200, body = SwitchBody))
)]
#[put("/projects/{project}/servers/{server}/switch")]
async fn put_switch(
    caller: Caller,
    rest: Data<Rest>,
    path: Path<(String, String)>,
    Json(body): Json<SwitchBody>,
) -> Result<HttpResponse, ApiError> {
    let (project, server) = path.into_inner();
    let position = if body.on { Position::On } else { Position::Off };
    let target = SwitchTarget { server, class: body.kind.into(), name: body.name.clone() };
    rest.control.policies.switch(&caller.principal, &project, &target, position).await?;
    Ok(HttpResponse::Ok().json(body))
}

fn answer(policy: &Policy) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(policy.version)).json(PolicyView::from(policy))
}
