//! What other rules would have made of the calls of the past.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use orch_control::policies::Policies;
use orch_control::policies::try_out::{Change, TryOut};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::policy::ItemClassView;
use crate::rest::policy::rule::{self, RuleEffect, RuleRequest};

/// Rules, and the calls that they are tried on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryPolicyRequest {
    /// The rules to try, as they would be saved.
    rules: Vec<RuleRequest>,
    /// Days to look back; a week when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 90, default = 7)]
    days: Option<u32>,
}

/// What the rules would have changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct TryOutView {
    /// Days that were looked back.
    days: u32,
    /// Calls that were looked at.
    calls: u64,
    /// Those that would be decided in another way.
    changed_calls: u64,
    /// By caller and target, the most frequent first.
    changes: Vec<TryOutChange>,
    /// There is more than is told here.
    truncated: bool,
}

/// Calls of one caller to one target that would be decided in another way.
#[derive(Debug, Serialize, ToSchema)]
pub struct TryOutChange {
    /// Who called.
    user_id: Uuid,
    /// The API key that was used; null for a login.
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// What the client calls itself.
    client: String,
    /// The server that was called.
    server_id: Uuid,
    /// The server's alias.
    server: String,
    /// What was called.
    kind: ItemClassView,
    /// The tool's or prompt's own name, or the resource's URI.
    target: String,
    /// How many calls.
    calls: u64,
    /// What the rules in force decide.
    before: RuleEffect,
    /// What the rules to try decide.
    after: RuleEffect,
    /// Why it would be so, in a sentence.
    reason: String,
}

impl From<TryOut> for TryOutView {
    fn from(outcome: TryOut) -> Self {
        let TryOut { days, calls, changed_calls, changes, truncated } = outcome;
        Self { days, calls, changed_calls, changes: changes.into_iter().map(TryOutChange::from).collect(), truncated }
    }
}

impl From<Change> for TryOutChange {
    fn from(change: Change) -> Self {
        Self {
            user_id: change.user.as_uuid(),
            key_id: change.key.map(|id| id.as_uuid()),
            client: change.client,
            server_id: change.server.as_uuid(),
            server: change.alias,
            kind: change.class.into(),
            target: change.target,
            calls: change.calls,
            before: change.before.into(),
            after: change.after.into(),
            reason: change.reason,
        }
    }
}

pub(super) fn configure(config: &mut impl Register) {
    config.service(try_policy);
}

/// Try rules on the calls of the past
///
/// For admins of the project; not for API keys.
///
/// Saves nothing. Calls of the last days are decided once more, under the rules in force and under those given; what
/// would be decided in another way is told by caller and target.
#[utoipa::path(
    operation_id = "try_policy",
    tag = "policy",
    params(("project" = String, Path, description = "id or slug")),
    request_body = TryPolicyRequest,
    responses((status = 200, body = TryOutView))
)]
#[post("/projects/{project}/policy/try")]
async fn try_policy(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Json(body): Json<TryPolicyRequest>,
) -> Result<HttpResponse, ApiError> {
    let drafts = rule::drafts(body.rules)?;
    let days = body.days.unwrap_or(Policies::DEFAULT_DAYS);
    let outcome = rest.control.policies.try_out(&caller.principal, &project, &drafts, days).await?;
    Ok(HttpResponse::Ok().json(TryOutView::from(outcome)))
}
