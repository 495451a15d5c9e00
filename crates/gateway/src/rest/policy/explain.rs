//! Why somebody may or may not use something.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use orch_control::policies::explain::{Explanation, Question, Step};
use orch_domain::policy::decision::Verdict;
use orch_domain::policy::hints::{Hint, Hints};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::register::Register;
use crate::rest::Rest;
use crate::rest::members::RoleView;
use crate::rest::policy::ItemClassView;
use crate::rest::policy::rule::RuleEffect;

/// Who would use what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainPolicyRequest {
    /// Alias or id of the server.
    server: String,
    /// What it is; a tool when left out.
    #[serde(default)]
    kind: Option<ItemClassView>,
    /// The item's own name: of a tool or prompt, or the URI of a resource.
    name: String,
    /// Id or e-mail address of whom it is about; the caller when left out. Only admins ask about others.
    #[serde(default)]
    user: Option<String>,
    /// The id of an API key that would be used. Only for admins.
    #[serde(default)]
    key: Option<String>,
    /// What the client would call itself.
    #[serde(default)]
    client: Option<String>,
}

/// What is decided, and how it came to that.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationView {
    /// What is decided: `deny` means that it is as if it did not exist.
    effect: RuleEffect,
    /// Why, in a sentence.
    reason: String,
    /// The rule that decided; null when none did.
    #[schema(required = true)]
    rule_id: Option<Uuid>,
    /// Whom it is about.
    user_id: Uuid,
    /// The API key that would be used; null for none.
    #[schema(required = true)]
    key_id: Option<Uuid>,
    /// The effective role; null for who has none.
    #[schema(required = true)]
    role: Option<RoleView>,
    /// What the tool says of itself, as the protocol reads it.
    annotations: AnnotationsView,
    /// Every rule that was asked, in order.
    steps: Vec<ExplanationStep>,
}

/// What a tool says of itself; where it says nothing, what the protocol takes it for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Annotations)]
pub struct AnnotationsView {
    /// It changes nothing.
    read_only: bool,
    /// It may destroy something.
    destructive: bool,
    /// Using it twice does no more than using it once.
    idempotent: bool,
    /// It deals with things outside, such as the web.
    open_world: bool,
}

/// One rule that was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationStep {
    /// The rule or switch.
    rule_id: Uuid,
    /// From 1, switches included.
    place: usize,
    /// Its name for people; may be empty.
    name: String,
    /// Whether all of it matched, and so it decided.
    matched: bool,
    /// What did not match: `disabled`, `subject`, `server`, `kind`, `name` or `annotations`.
    #[schema(required = true)]
    unlike: Option<&'static str>,
}

impl From<Hints> for AnnotationsView {
    fn from(hints: Hints) -> Self {
        Self {
            read_only: hints.has(Hint::ReadOnly),
            destructive: hints.has(Hint::Destructive),
            idempotent: hints.has(Hint::Idempotent),
            open_world: hints.has(Hint::OpenWorld),
        }
    }
}

impl From<Verdict> for RuleEffect {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allowed => Self::Allow,
            Verdict::NeedsApproval(_) => Self::RequireApproval,
            Verdict::Denied => Self::Deny,
        }
    }
}

impl From<Step> for ExplanationStep {
    fn from(step: Step) -> Self {
        Self {
            rule_id: step.rule.as_uuid(),
            place: step.place,
            name: step.name,
            matched: step.unlike.is_none(),
            unlike: step.unlike.map(orch_control::policies::explain::Unlike::as_str),
        }
    }
}

impl From<Explanation> for ExplanationView {
    fn from(explanation: Explanation) -> Self {
        Self {
            effect: explanation.verdict.into(),
            reason: explanation.reason,
            rule_id: explanation.rule.map(|id| id.as_uuid()),
            user_id: explanation.user.as_uuid(),
            key_id: explanation.key.map(|id| id.as_uuid()),
            role: explanation.role.map(RoleView::from),
            annotations: explanation.hints.into(),
            steps: explanation.steps.into_iter().map(ExplanationStep::from).collect(),
        }
    }
}

pub(super) fn configure(config: &mut impl Register) {
    config.service(explain_policy);
}

/// Explain why something may be used, or is not there
///
/// For everybody who sees the server; about others and about keys for admins of the project.
///
/// Decides as a call would be, and tells every rule that was asked with why it matched or did not. Changes nothing.
#[utoipa::path(
    operation_id = "explain_policy",
    tag = "policy",
    params(("project" = String, Path, description = "id or slug")),
    request_body = ExplainPolicyRequest,
    responses((status = 200, body = ExplanationView))
)]
#[post("/projects/{project}/policy/explain")]
async fn explain_policy(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Json(body): Json<ExplainPolicyRequest>,
) -> Result<HttpResponse, ApiError> {
    let ExplainPolicyRequest { server, kind, name, user, key, client } = body;
    let class = kind.unwrap_or(ItemClassView::Tool).into();
    let question = Question { user, key, client, server, class, name };
    let explanation = rest.control.policies.explain(&caller.principal, &project, &question).await?;
    Ok(HttpResponse::Ok().json(ExplanationView::from(explanation)))
}
