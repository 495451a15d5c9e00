//! Rules, scopes and limits as the JSON documents that columns hold. A released member keeps its name and meaning.

use std::time::Duration;

use orch_domain::id::{KeyId, RuleId, ServerId, TeamId, UserId};
use orch_domain::policy::hints::Hint;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::rule::{Effect, Rule, ServerMatch, Terms, What, Who};
use orch_domain::policy::scope::Scope;
use orch_domain::quota::{Allowance, Limits};
use orch_domain::role::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a document cannot be read: a reason for the log.
type Unreadable = String;

#[derive(Serialize, Deserialize)]
struct ScopeDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<Uuid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
    #[serde(default)]
    read_only: bool,
}

pub(crate) fn write_scope(scope: &Scope) -> Option<String> {
    if scope.is_full() {
        return None;
    }
    let document = ScopeDocument {
        servers: scope.servers.as_ref().map(|servers| servers.iter().map(|id| id.as_uuid()).collect()),
        tools: scope.tools.as_ref().map(|tools| tools.iter().map(|tool| tool.as_str().to_owned()).collect()),
        read_only: scope.read_only,
    };
    Some(write(&document))
}

pub(crate) fn read_scope(text: Option<&str>) -> Result<Scope, Unreadable> {
    let Some(text) = text else { return Ok(Scope::default()) };
    let document: ScopeDocument = read(text)?;
    let tools = document.tools.map(|tools| tools.iter().map(|tool| pattern(tool)).collect::<Result<_, _>>());
    Ok(Scope {
        servers: document.servers.map(|servers| servers.into_iter().map(ServerId::from_uuid).collect()),
        tools: tools.transpose()?,
        read_only: document.read_only,
    })
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct AllowanceDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_day: Option<u32>,
}

impl From<Allowance> for AllowanceDocument {
    fn from(allowance: Allowance) -> Self {
        let Allowance { per_minute, concurrent, per_day } = allowance;
        Self { per_minute, concurrent, per_day }
    }
}

impl From<AllowanceDocument> for Allowance {
    fn from(document: AllowanceDocument) -> Self {
        let AllowanceDocument { per_minute, concurrent, per_day } = document;
        Self { per_minute, concurrent, per_day }
    }
}

pub(crate) fn write_allowance(allowance: Allowance) -> Option<String> {
    (allowance != Allowance::default()).then(|| write(&AllowanceDocument::from(allowance)))
}

pub(crate) fn read_allowance(text: Option<&str>) -> Result<Allowance, Unreadable> {
    text.map_or(Ok(Allowance::default()), |text| read::<AllowanceDocument>(text).map(Allowance::from))
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct LimitsDocument {
    key: AllowanceDocument,
    user: AllowanceDocument,
    project: AllowanceDocument,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_concurrent: Option<u32>,
}

pub(crate) fn write_limits(limits: Limits) -> String {
    let Limits { key, user, project, server_concurrent } = limits;
    write(&LimitsDocument { key: key.into(), user: user.into(), project: project.into(), server_concurrent })
}

pub(crate) fn read_limits(text: &str) -> Result<Limits, Unreadable> {
    let LimitsDocument { key, user, project, server_concurrent } = read(text)?;
    Ok(Limits { key: key.into(), user: user.into(), project: project.into(), server_concurrent })
}

#[derive(Serialize, Deserialize)]
struct RuleDocument {
    id: Uuid,
    #[serde(default)]
    name: String,
    enabled: bool,
    #[serde(default)]
    switch: bool,
    who: WhoDocument,
    what: WhatDocument,
    effect: EffectDocument,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhoDocument {
    Anybody,
    Role(String),
    Team(Uuid),
    User(Uuid),
    Key(Uuid),
    Client(String),
}

#[derive(Serialize, Deserialize)]
struct WhatDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<ServerDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hints: Vec<(String, bool)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ServerDocument {
    Id(Uuid),
    Alias(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffectDocument {
    Allow,
    Deny,
    RequireApproval { caller_may_confirm: bool, within_secs: u64 },
}

pub(crate) fn write_rules(rules: &[Rule]) -> String {
    let document = |rule: &Rule| RuleDocument {
        id: rule.id.as_uuid(),
        name: rule.name.clone(),
        enabled: rule.enabled,
        switch: rule.is_switch,
        who: match &rule.who {
            Who::Anybody => WhoDocument::Anybody,
            Who::Role(role) => WhoDocument::Role(role.as_str().to_owned()),
            Who::Team(id) => WhoDocument::Team(id.as_uuid()),
            Who::User(id) => WhoDocument::User(id.as_uuid()),
            Who::Key(id) => WhoDocument::Key(id.as_uuid()),
            Who::Client(pattern) => WhoDocument::Client(pattern.as_str().to_owned()),
        },
        what: WhatDocument {
            server: match &rule.what.server {
                ServerMatch::Any => None,
                ServerMatch::One(id) => Some(ServerDocument::Id(id.as_uuid())),
                ServerMatch::Named(pattern) => Some(ServerDocument::Alias(pattern.as_str().to_owned())),
            },
            class: rule.what.class.map(|class| class.as_str().to_owned()),
            name: rule.what.name.as_ref().map(|name| name.as_str().to_owned()),
            hints: rule.what.hints.iter().map(|(hint, wanted)| (hint.as_str().to_owned(), *wanted)).collect(),
        },
        effect: match rule.effect {
            Effect::Allow => EffectDocument::Allow,
            Effect::Deny => EffectDocument::Deny,
            Effect::RequireApproval(terms) => EffectDocument::RequireApproval {
                caller_may_confirm: terms.caller_may_confirm,
                within_secs: terms.within.as_secs(),
            },
        },
    };
    write(&rules.iter().map(document).collect::<Vec<_>>())
}

pub(crate) fn read_rules(text: &str) -> Result<Vec<Rule>, Unreadable> {
    let documents: Vec<RuleDocument> = read(text)?;
    documents.into_iter().map(rule).collect()
}

fn rule(document: RuleDocument) -> Result<Rule, Unreadable> {
    let RuleDocument { id, name, enabled, switch, who, what, effect } = document;
    let who = match who {
        WhoDocument::Anybody => Who::Anybody,
        WhoDocument::Role(role) => Who::Role(Role::parse(&role).ok_or_else(|| format!("`{role}` is not a role"))?),
        WhoDocument::Team(id) => Who::Team(TeamId::from_uuid(id)),
        WhoDocument::User(id) => Who::User(UserId::from_uuid(id)),
        WhoDocument::Key(id) => Who::Key(KeyId::from_uuid(id)),
        WhoDocument::Client(text) => Who::Client(Pattern::parse_client(&text).map_err(|error| error.to_string())?),
    };
    let server = match what.server {
        None => ServerMatch::Any,
        Some(ServerDocument::Id(id)) => ServerMatch::One(ServerId::from_uuid(id)),
        Some(ServerDocument::Alias(text)) => ServerMatch::Named(pattern(&text)?),
    };
    let hint = |(name, wanted): (String, bool)| {
        Hint::parse(&name).map(|hint| (hint, wanted)).ok_or_else(|| format!("`{name}` is not a hint"))
    };
    Ok(Rule {
        id: RuleId::from_uuid(id),
        name,
        enabled,
        is_switch: switch,
        who,
        what: What {
            server,
            class: what.class.as_deref().map(class).transpose()?,
            name: what.name.as_deref().map(pattern).transpose()?,
            hints: what.hints.into_iter().map(hint).collect::<Result<_, _>>()?,
        },
        effect: match effect {
            EffectDocument::Allow => Effect::Allow,
            EffectDocument::Deny => Effect::Deny,
            EffectDocument::RequireApproval { caller_may_confirm, within_secs } => {
                Effect::RequireApproval(Terms { caller_may_confirm, within: Duration::from_secs(within_secs) })
            }
        },
    })
}

fn class(text: &str) -> Result<ItemClass, Unreadable> {
    ItemClass::parse(text)
        .filter(|class| matches!(class, ItemClass::Tool | ItemClass::Prompt | ItemClass::Resource))
        .ok_or_else(|| format!("`{text}` is not a class of items"))
}

fn pattern(text: &str) -> Result<Pattern, Unreadable> {
    Pattern::parse(text).map_err(|error| error.to_string())
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Text, numbers and lists alone, which never fail to be written.
fn write(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}
