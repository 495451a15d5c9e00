//! One rule on the wire.

use std::time::Duration;

use orch_control::policies::draft::{EffectDraft, RuleDraft, WhoDraft};
use orch_domain::id::RuleId;
use orch_domain::policy::hints::Hint;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::rule::{Effect, Rule, ServerMatch, Who};
use orch_domain::role::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::rest::members::RoleView;
use crate::rest::policy::ItemClassView;

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
pub struct RuleView {
    /// Stays when the rule is changed or moved.
    id: Uuid,
    /// For people; may be empty.
    name: String,
    /// A rule that is not is skipped.
    enabled: bool,
    /// Whom it is about.
    subject: RuleSubject,
    /// What it is about.
    object: RuleObject,
    /// What it decides.
    effect: RuleEffect,
    /// How calls are approved, of a rule that requires it; else null.
    #[schema(required = true)]
    approval: Option<ApprovalTerms>,
}

/// A rule to save or to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleRequest {
    /// Of a rule that is there already. When left out, a rule that is exactly like this keeps its own; a new one gets
    /// one.
    #[serde(default)]
    id: Option<Uuid>,
    /// For people: at most 200 characters; empty when left out.
    #[serde(default)]
    #[schema(max_length = 200)]
    name: String,
    /// A rule that is not is kept and skipped.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
    /// Whom it is about; everybody when left out.
    #[serde(default)]
    subject: RuleSubject,
    /// What it is about; everything when left out.
    #[serde(default)]
    object: RuleObjectRequest,
    /// What it decides.
    effect: RuleEffect,
    /// How calls are approved; only for `require_approval`.
    #[serde(default)]
    approval: Option<ApprovalTerms>,
}

const fn yes() -> bool {
    true
}

// Variants without members have braces: serde takes any member for a unit variant beside its tag.
/// Whom a rule is about.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleSubject {
    /// Everybody.
    Anybody {},
    /// Whose effective role is exactly this.
    Role {
        /// The role.
        role: RoleView,
    },
    /// Everybody in a team.
    Team {
        /// Its id; in a request of a team that is on the project, or that one of its rules names already.
        team: String,
    },
    /// An account, with all its keys.
    User {
        /// Its id; in a request also its e-mail address.
        user: String,
    },
    /// An API key.
    Key {
        /// The id of an API key of the project.
        key: String,
    },
    /// By what the client calls itself, name and version, in upper or lower case; its own word.
    Client {
        /// A glob.
        client: String,
    },
}

impl Default for RuleSubject {
    fn default() -> Self {
        Self::Anybody {}
    }
}

/// What a rule is about; all that is given has to match.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleObject {
    /// Id of a server, or a glob over aliases; null for all.
    #[schema(required = true)]
    server: Option<String>,
    /// What it is; null for everything that a server has.
    #[schema(required = true)]
    kind: Option<ItemClassView>,
    /// A glob over the items' own names, or the URIs of resources; null for all.
    #[schema(required = true)]
    name: Option<String>,
    /// What a tool has to say of itself.
    annotations: RuleAnnotations,
}

/// What a rule is to be about; all that is given has to match.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleObjectRequest {
    /// Id of a server, or a glob over aliases; null or left out for all.
    server: Option<String>,
    /// What it is; null or left out for everything that a server has.
    kind: Option<ItemClassView>,
    /// A glob over the items' own names, or the URIs of resources; null or left out for all.
    name: Option<String>,
    /// What a tool has to say of itself.
    annotations: RuleAnnotations,
}

/// Annotations of tools as the protocol reads them: a tool that leaves them out is not read-only, destructive, not
/// idempotent and in an open world. Null for what does not matter.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleAnnotations {
    /// Whether it has to say that it changes nothing.
    read_only: Option<bool>,
    /// Whether it has to say that it may destroy something.
    destructive: Option<bool>,
    /// Whether using it twice has to do no more than using it once.
    idempotent: Option<bool>,
    /// Whether it has to deal with things outside, such as the web.
    open_world: Option<bool>,
}

/// What a rule decides.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleEffect {
    /// It may be used, whatever later rules say.
    Allow,
    /// It is as if it did not exist.
    Deny,
    /// It is shown, and used once somebody agrees.
    RequireApproval,
}

/// How calls are approved.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalTerms {
    /// Whether the caller's own client may be asked to confirm; else only an admin of the project approves.
    caller_may_confirm: bool,
    /// Seconds: without an answer for so long, the call is refused. 300 when left out.
    #[schema(minimum = 5, maximum = 3600)]
    timeout_seconds: u32,
}

impl Default for ApprovalTerms {
    fn default() -> Self {
        Self { caller_may_confirm: false, timeout_seconds: 300 }
    }
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        let hint = |hint: Hint| rule.what.hints.iter().find(|(known, _)| *known == hint).map(|(_, wanted)| *wanted);
        Self {
            id: rule.id.as_uuid(),
            name: rule.name.clone(),
            enabled: rule.enabled,
            subject: match &rule.who {
                Who::Anybody => RuleSubject::Anybody {},
                Who::Role(role) => RuleSubject::Role { role: RoleView::from(*role) },
                Who::Team(id) => RuleSubject::Team { team: id.to_string() },
                Who::User(id) => RuleSubject::User { user: id.to_string() },
                Who::Key(id) => RuleSubject::Key { key: id.to_string() },
                Who::Client(pattern) => RuleSubject::Client { client: pattern.to_string() },
            },
            object: RuleObject {
                server: match &rule.what.server {
                    ServerMatch::Any => None,
                    ServerMatch::One(id) => Some(id.to_string()),
                    ServerMatch::Named(pattern) => Some(pattern.to_string()),
                },
                kind: rule.what.class.map(ItemClassView::from),
                name: rule.what.name.as_ref().map(ToString::to_string),
                annotations: RuleAnnotations {
                    read_only: hint(Hint::ReadOnly),
                    destructive: hint(Hint::Destructive),
                    idempotent: hint(Hint::Idempotent),
                    open_world: hint(Hint::OpenWorld),
                },
            },
            effect: match rule.effect {
                Effect::Allow => RuleEffect::Allow,
                Effect::Deny => RuleEffect::Deny,
                Effect::RequireApproval(_) => RuleEffect::RequireApproval,
            },
            approval: match rule.effect {
                Effect::Allow | Effect::Deny => None,
                Effect::RequireApproval(terms) => Some(ApprovalTerms {
                    caller_may_confirm: terms.caller_may_confirm,
                    timeout_seconds: u32::try_from(terms.within.as_secs()).unwrap_or(u32::MAX),
                }),
            },
        }
    }
}

/// The rules of a body, which has them as `rules`.
pub(super) fn drafts(rules: Vec<RuleRequest>) -> Result<Vec<RuleDraft>, ApiError> {
    rules.into_iter().enumerate().map(|(place, rule)| draft(place, rule)).collect()
}

fn draft(place: usize, rule: RuleRequest) -> Result<RuleDraft, ApiError> {
    let RuleRequest { id, name, enabled, subject, object, effect, approval } = rule;
    let RuleAnnotations { read_only, destructive, idempotent, open_world } = object.annotations;
    let said = [
        (Hint::ReadOnly, read_only),
        (Hint::Destructive, destructive),
        (Hint::Idempotent, idempotent),
        (Hint::OpenWorld, open_world),
    ];
    let effect = match (effect, approval) {
        (RuleEffect::Allow, None) => EffectDraft::Allow,
        (RuleEffect::Deny, None) => EffectDraft::Deny,
        (RuleEffect::RequireApproval, terms) => {
            let ApprovalTerms { caller_may_confirm, timeout_seconds } = terms.unwrap_or_default();
            let within = Some(Duration::from_secs(u64::from(timeout_seconds)));
            EffectDraft::RequireApproval { caller_may_confirm, within }
        }
        (RuleEffect::Allow | RuleEffect::Deny, Some(_)) => {
            let hint = "leave it out, or let the effect be require_approval";
            return Err(ApiError::invalid(format!("rules[{place}].approval"), "the rule requires no approval", hint));
        }
    };
    Ok(RuleDraft {
        id: id.map(RuleId::from_uuid),
        name,
        enabled,
        who: match subject {
            RuleSubject::Anybody {} => WhoDraft::Anybody,
            RuleSubject::Role { role } => WhoDraft::Role(Role::from(role)),
            RuleSubject::Team { team } => WhoDraft::Team(team),
            RuleSubject::User { user } => WhoDraft::User(user),
            RuleSubject::Key { key } => WhoDraft::Key(key),
            RuleSubject::Client { client } => WhoDraft::Client(client),
        },
        server: object.server,
        class: object.kind.map(ItemClass::from),
        item: object.name,
        hints: said.into_iter().filter_map(|(hint, wanted)| Some((hint, wanted?))).collect(),
        effect,
    })
}
