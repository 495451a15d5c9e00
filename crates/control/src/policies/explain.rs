//! Why somebody may or may not use something: the decision with every step that led to it.

use orch_domain::directory::{Directory, ProjectFacts};
use orch_domain::id::{KeyId, LoginId, RuleId, UserId};
use orch_domain::policy::decision::{Because, Decision, Verdict, decide};
use orch_domain::policy::hints::Hints;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::policy::rule::{Rule, Who};
use orch_domain::policy::{Action, Asking, Permit, Subject};
use orch_domain::principal::{Credential, Principal};
use orch_domain::role::Role;
use orch_domain::server::Server;

use super::Policies;
use crate::access::Grant;
use crate::error::ControlError;
use crate::{servers, users};

/// Who would use what.
#[derive(Debug, Clone)]
pub struct Question {
    /// Id or e-mail address; the principal itself when absent. Only admins ask about others.
    pub user: Option<String>,
    /// The id of a key; its creator is the user then.
    pub key: Option<String>,
    /// What the client would call itself.
    pub client: Option<String>,
    /// Alias or id.
    pub server: String,
    pub class: ItemClass,
    /// The item's own name.
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct Explanation {
    pub verdict: Verdict,
    /// In a sentence.
    pub reason: String,
    /// The rule that decided; only for who sets rules.
    pub rule: Option<RuleId>,
    pub user: UserId,
    pub key: Option<KeyId>,
    pub role: Option<Role>,
    /// What the tool says of itself, as last seen.
    pub hints: Hints,
    /// Every rule up to the one that decided, in order; only for who sets rules.
    pub steps: Vec<Step>,
}

/// One rule that was asked.
#[derive(Debug, Clone)]
pub struct Step {
    pub rule: RuleId,
    /// From 1, switches included.
    pub place: usize,
    pub name: String,
    /// None when it matched; else what did not.
    pub unlike: Option<Unlike>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlike {
    Disabled,
    Subject,
    Server,
    Kind,
    Name,
    Annotations,
}

impl Unlike {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Subject => "subject",
            Self::Server => "server",
            Self::Kind => "kind",
            Self::Name => "name",
            Self::Annotations => "annotations",
        }
    }
}

impl Policies {
    /// Says whether and why. Everybody who sees the project asks about themselves, admins about anybody.
    pub async fn explain(
        &self,
        who: &Principal,
        project: &str,
        question: &Question,
    ) -> Result<Explanation, ControlError> {
        let about_others = question.user.is_some() || question.key.is_some();
        let action = if about_others { Action::Inspect } else { Action::View };
        let permit = self.access.project(who, project, action).await?;
        let server = servers::find(&self.ports, &permit, &question.server).await?;
        let facts = &permit.get().facts;
        let asked = self.principal(who, &permit, question).await?;
        let subject = self.ports.directory.current().subject(&asked, facts);
        let hints = self.hints(&server, &asked, question);
        let asking = Asking { subject: &subject, client: question.client.as_deref() };
        let item = Item {
            server: server.id,
            alias: server.alias.as_str(),
            class: question.class,
            name: &question.name,
            hints,
        };
        let decision = decide(&facts.policy, asking, Action::Call, &item);
        // Names and places of rules tell of what they hide; who sets no rules learns only whether one decided.
        let sees_rules = permit.get().manages();
        let reason = match decision.because {
            Because::Rule { rule, .. } if !sees_rules && !rule.is_switch => {
                format!("a rule of the project says {}", rule.effect.as_str())
            }
            because => because.to_string(),
        };
        Ok(Explanation {
            verdict: decision.verdict,
            reason,
            rule: decision.rule_id().filter(|_| sees_rules),
            user: subject.user,
            key: subject.key.as_ref().map(|key| key.id),
            role: subject.role,
            hints,
            steps: if sees_rules { steps(facts, asking, &item, decision) } else { Vec::new() },
        })
    }

    fn hints(&self, server: &Server, asked: &Principal, question: &Question) -> Hints {
        match question.class {
            ItemClass::Tool => self.ports.runtime.hints(server.id, asked.user_id, &question.name),
            _ => Hints::UNSAID,
        }
    }

    /// The principal that is asked about.
    async fn principal(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        question: &Question,
    ) -> Result<Principal, ControlError> {
        let facts = &permit.get().facts;
        if let Some(key) = &question.key {
            let key = key.parse().ok().and_then(|id: KeyId| facts.keys.iter().find(|key| key.id == id));
            // What is allowed to a key that opens nothing any more is no answer.
            let key = key.filter(|key| key.is_live(self.ports.clock.now()));
            let key = key.ok_or(ControlError::Missing { what: "live key" })?;
            return Ok(key_principal(key.id, facts, key.creator));
        }
        match &question.user {
            None => Ok(who.clone()),
            Some(user) => {
                let user = users::find_reaching(&self.ports, permit, user).await?;
                Ok(login_principal(user.ok_or(ControlError::Missing { what: "user of the project" })?))
            }
        }
    }
}

/// Somebody with one of the own keys.
pub(super) const fn key_principal(key: KeyId, facts: &ProjectFacts, creator: UserId) -> Principal {
    let credential = Credential::Key { key_id: key, project_id: facts.project.id };
    Principal { user_id: creator, credential }
}

/// Somebody with a login, whichever.
pub(super) const fn login_principal(user: UserId) -> Principal {
    let login_id = LoginId::from_uuid(uuid::Uuid::nil());
    Principal { user_id: user, credential: Credential::Login { login_id } }
}

/// What somebody is on the project, with a login or with one of the own keys.
pub(crate) fn subject_of(directory: &Directory, facts: &ProjectFacts, user: UserId, key: Option<KeyId>) -> Subject {
    let principal = key.map_or_else(|| login_principal(user), |key| key_principal(key, facts, user));
    directory.subject(&principal, facts)
}

fn steps(facts: &ProjectFacts, asking: Asking<'_>, item: &Item<'_>, decision: Decision<'_>) -> Vec<Step> {
    let last = match decision.because {
        Because::Rule { place, .. } => place + 1,
        // Role and scope decide before any rule is asked.
        Because::NoRole | Because::RoleNeeded(_) | Because::Scope(_) => 0,
        Because::Role(_) => facts.policy.rules().len(),
    };
    let step = |(place, rule): (usize, &Rule)| Step {
        rule: rule.id,
        place: place + 1,
        name: rule.name.clone(),
        unlike: unlike(rule, asking, item).filter(|_| Some(rule.id) != decision.rule_id()),
    };
    facts.policy.rules().iter().take(last).enumerate().map(step).collect()
}

fn unlike(rule: &Rule, asking: Asking<'_>, item: &Item<'_>) -> Option<Unlike> {
    let what = &rule.what;
    let matches_name = |name: &orch_domain::policy::pattern::Pattern| name.matches(item.name);
    if !rule.enabled {
        Some(Unlike::Disabled)
    } else if !Who::is(&rule.who, asking) {
        Some(Unlike::Subject)
    } else if !what.server.is(item.server, item.alias) {
        Some(Unlike::Server)
    } else if what.class.is_some_and(|class| class != item.class) {
        Some(Unlike::Kind)
    } else if !what.name.as_ref().is_none_or(matches_name) {
        Some(Unlike::Name)
    } else if !what.is(item) {
        Some(Unlike::Annotations)
    } else {
        None
    }
}
