//! Rules as people write them, and what is wrong with them.

use std::collections::HashSet;
use std::time::Duration;

use orch_domain::directory::ProjectFacts;
use orch_domain::id::{KeyId, RuleId, ServerId, TeamId};
use orch_domain::policy::Permit;
use orch_domain::policy::hints::Hint;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::pattern::{InvalidPattern, Pattern};
use orch_domain::policy::rule::{Effect, Policy, Rule, ServerMatch, Terms, What, Who};
use orch_domain::role::Role;

use crate::access::Grant;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::problem::{MAX_REPORTED, Problem};
use crate::users;

const MAX_NAME: usize = 200;

#[derive(Debug, Clone)]
pub struct RuleDraft {
    /// A rule keeps its id when it is written again. Without one here, in a whole list, a stored rule that is exactly
    /// like it keeps its own; a new one gets one.
    pub id: Option<RuleId>,
    pub name: String,
    pub enabled: bool,
    pub who: WhoDraft,
    /// Alias, glob over aliases, or id; None for all servers.
    pub server: Option<String>,
    /// None for everything that a server has.
    pub class: Option<ItemClass>,
    /// Glob over the names of items; None for all.
    pub item: Option<String>,
    pub hints: Vec<(Hint, bool)>,
    pub effect: EffectDraft,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhoDraft {
    Anybody,
    Role(Role),
    /// The id of a team that is on the project.
    Team(String),
    /// Id or e-mail address.
    User(String),
    /// The id of a key of the project.
    Key(String),
    /// Glob over what clients call themselves.
    Client(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectDraft {
    Allow,
    Deny,
    RequireApproval { caller_may_confirm: bool, within: Option<Duration> },
}

/// Checks a whole list and reports everything that is wrong with it.
pub(crate) async fn check_all(
    ports: &Ports,
    permit: &Permit<Grant>,
    drafts: &[RuleDraft],
) -> Result<Vec<Rule>, ControlError> {
    if drafts.len() > Policy::MAX_RULES {
        let hint = format!("use at most {}", Policy::MAX_RULES);
        return Err(ControlError::invalid("rules", "there are too many", hint));
    }
    let (mut rules, mut problems) = (Vec::with_capacity(drafts.len()), Vec::new());
    for (place, draft) in drafts.iter().enumerate() {
        match check(ports, permit, draft, &format!("rules[{place}]")).await {
            Ok(rule) if rules.iter().any(|other: &Rule| other.id == rule.id) => {
                problems.push(Problem::new(format!("rules[{place}].id"), "another rule has it", "leave it out"));
            }
            Ok(rule) => rules.push(rule),
            Err(ControlError::Invalid { problems: found }) => problems.extend(found),
            Err(error) => return Err(error),
        }
    }
    problems.truncate(MAX_REPORTED);
    if !problems.is_empty() {
        return Err(ControlError::Invalid { problems });
    }
    Ok(rules)
}

/// Gives rules that came without an id the id of a stored rule that is like them in everything else, so that the same
/// list sent twice is the same list.
pub(crate) fn recognized(drafts: &[RuleDraft], mut rules: Vec<Rule>, stored: &[Rule]) -> Vec<Rule> {
    let mut taken: HashSet<RuleId> = rules.iter().map(|rule| rule.id).collect();
    for (rule, _) in rules.iter_mut().zip(drafts).filter(|(_, draft)| draft.id.is_none()) {
        let is_like = |other: &&Rule| !taken.contains(&other.id) && **other == Rule { id: other.id, ..rule.clone() };
        if let Some(known) = stored.iter().find(is_like) {
            rule.id = known.id;
            taken.insert(known.id);
        }
    }
    rules
}

/// Checks one rule; `field` is the path to it.
pub(crate) async fn check(
    ports: &Ports,
    permit: &Permit<Grant>,
    draft: &RuleDraft,
    field: &str,
) -> Result<Rule, ControlError> {
    let mut problems = Vec::new();
    let who = match who(ports, permit, &draft.who).await? {
        Ok(who) => Some(who),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let mut name = draft.name.trim().to_owned();
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        problems.push(Problem::new("name", "it is too long or has control characters", "use at most 200 characters"));
        name.clear();
    }
    let server = match server(permit, draft.server.as_deref()) {
        Ok(server) => server,
        Err(problem) => {
            problems.push(problem);
            ServerMatch::Any
        }
    };
    let item = match draft.item.as_deref().map(|text| pattern("name", text, Pattern::parse(text))).transpose() {
        Ok(item) => item,
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    if !draft.hints.is_empty() && draft.class != Some(ItemClass::Tool) {
        problems.push(Problem::new("object.annotations", "only tools have them", "set the kind to tool"));
    }
    if matches!(draft.class, Some(ItemClass::Method | ItemClass::Server)) {
        problems.push(Problem::new("object.kind", "no rule is about that", "use any, tool, prompt or resource"));
    }
    let effect = match draft.effect {
        EffectDraft::Allow => Effect::Allow,
        EffectDraft::Deny => Effect::Deny,
        EffectDraft::RequireApproval { caller_may_confirm, within } => {
            let within = within.unwrap_or(Terms::DEFAULT_WITHIN);
            if within < Terms::MIN_WITHIN || within > Terms::MAX_WITHIN {
                let field = "approval.timeout_seconds";
                problems.push(Problem::new(field, "it is out of range", "use 5 to 3600 seconds"));
            }
            Effect::RequireApproval(Terms { caller_may_confirm, within })
        }
    };
    match who {
        Some(who) if problems.is_empty() => Ok(Rule {
            id: draft.id.unwrap_or_else(RuleId::new),
            name,
            enabled: draft.enabled,
            is_switch: false,
            who,
            what: What { server, class: draft.class, name: item, hints: draft.hints.clone() },
            effect,
        }),
        _ => {
            let below = |problem: Problem| if field.is_empty() { problem } else { problem.below(field) };
            Err(ControlError::Invalid { problems: problems.into_iter().map(below).collect() })
        }
    }
}

async fn who(ports: &Ports, permit: &Permit<Grant>, draft: &WhoDraft) -> Result<Result<Who, Problem>, ControlError> {
    Ok(match draft {
        WhoDraft::Anybody => Ok(Who::Anybody),
        WhoDraft::Role(role) => Ok(Who::Role(*role)),
        WhoDraft::Team(text) => {
            let facts = &permit.get().facts;
            let is_known =
                |id: &TeamId| facts.teams.contains_key(id) || names(facts, |rule| rule.who == Who::Team(*id));
            text.parse().ok().filter(is_known).map(Who::Team).ok_or_else(|| {
                Problem::new("subject.team", "the project has no such team", "write the id of a team that is on it")
            })
        }
        WhoDraft::User(text) => match users::find_reaching(ports, permit, text).await? {
            Some(user) => Ok(Who::User(user)),
            None => {
                let hint = "name somebody who reaches the project by id or e-mail address";
                Err(Problem::new("subject.user", "the project has no such account", hint))
            }
        },
        WhoDraft::Key(text) => match text.parse::<KeyId>() {
            Ok(id) if ports.keys.find(id).await?.is_some_and(|key| key.project_id == permit.get().id) => {
                Ok(Who::Key(id))
            }
            _ => Err(Problem::new("subject.key", "the project has no such API key", "write the id of a key")),
        },
        WhoDraft::Client(text) => pattern("subject.client", text, Pattern::parse_client(text)).map(Who::Client),
    })
}

fn server(permit: &Permit<Grant>, draft: Option<&str>) -> Result<ServerMatch, Problem> {
    let Some(text) = draft else { return Ok(ServerMatch::Any) };
    if let Ok(id) = text.parse::<ServerId>() {
        let facts = &permit.get().facts;
        let one = ServerMatch::One(id);
        let is_known = facts.server(id).is_some() || names(facts, |rule| rule.what.server == one);
        return is_known.then_some(one).ok_or_else(|| {
            Problem::new("object.server", "the project has no such server", "write an alias or its id")
        });
    }
    pattern("object.server", text, Pattern::parse(text)).map(ServerMatch::Named)
}

/// Whether a stored rule is about something. What one names already may be named again, also when it is gone: else the
/// rules as they are read could not be written back.
fn names(facts: &ProjectFacts, is_about: impl Fn(&Rule) -> bool) -> bool {
    facts.policy.rules().iter().any(is_about)
}

fn pattern(field: &str, text: &str, parsed: Result<Pattern, InvalidPattern>) -> Result<Pattern, Problem> {
    let field = if field == "name" { "object.name" } else { field };
    if text.len() > Pattern::MAX_LEN {
        return Err(Problem::new(field, "it is too long", format!("use at most {} bytes", Pattern::MAX_LEN)));
    }
    parsed.map_err(|error| {
        Problem::new(field, error.reason, "use *, ?, [ab] and {a,b}; \\ before what is meant literally")
    })
}
