//! The rules of a project: who may use what of its servers. Reading, writing, and saying why something is as it is.

mod changes;
pub mod draft;
pub mod explain;
pub(crate) mod label;
pub mod try_out;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use orch_domain::audit::{AuditAction, FactName};
use orch_domain::id::{RuleId, UserId};
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::rule::{Effect, Policy, Rule, ServerMatch, What, Who};
use orch_domain::policy::{Action, Permit};
use orch_domain::principal::Principal;

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::error::ControlError;
use crate::looks::Part;
use crate::policies::draft::RuleDraft;
use crate::ports::Ports;
use crate::{retry, servers, users};

#[derive(Clone)]
pub struct Policies {
    ports: Arc<Ports>,
    access: Access,
}

/// One item of a server, to be switched.
#[derive(Debug, Clone)]
pub struct SwitchTarget {
    /// Alias or id.
    pub server: String,
    pub class: ItemClass,
    /// The item's own name.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    On,
    Off,
}

impl Policies {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// All rules, switches first, in the order in which they are asked.
    pub async fn get(&self, who: &Principal, project: &str) -> Result<Policy, ControlError> {
        let permit = self.access.project(who, project, Action::Inspect).await?;
        self.access.note_look(who, &permit, Part::Policy).await?;
        Ok(self.ports.policies.find(permit.get().id).await?)
    }

    /// Replaces all rules but the switches; writes nothing when they are those that hold. `expected` is the version that
    /// the caller has seen.
    pub async fn put(
        &self,
        who: &Principal,
        project: &str,
        drafts: &[RuleDraft],
        expected: Option<u32>,
    ) -> Result<Policy, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let rules = draft::check_all(&self.ports, &permit, drafts).await?;
        retry::unless_expected(expected, || async {
            let before = self.ports.policies.find(permit.get().id).await?;
            if expected.is_some_and(|version| version != before.version) {
                return Err(ControlError::Stale { what: "policy" });
            }
            let switches = before.rules().iter().filter(|rule| rule.is_switch).cloned();
            let all = switches.chain(draft::recognized(drafts, rules.clone(), before.rules())).collect();
            self.write(who, &permit, &before, all, AuditAction::PolicyUpdate, None).await
        })
        .await
    }

    /// Adds a rule at a place among the rules that are no switches, counted from 1; at the end without one.
    pub async fn add(
        &self,
        who: &Principal,
        project: &str,
        draft: &RuleDraft,
        place: Option<usize>,
    ) -> Result<(Policy, RuleId), ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let rule = draft::check(&self.ports, &permit, draft, "").await?;
        let id = rule.id;
        let policy = self
            .change(who, &permit, AuditAction::PolicyAdd, None, |rules| {
                let own: Vec<usize> = own_places(rules);
                let place = place.unwrap_or(usize::MAX).saturating_sub(1);
                let at = own.get(place).copied().unwrap_or(rules.len());
                rules.insert(at, rule.clone());
                Ok(())
            })
            .await?;
        Ok((policy, id))
    }

    /// Takes a rule away; a switch as well.
    pub async fn remove(&self, who: &Principal, project: &str, rule: &str) -> Result<Policy, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let id = parse_rule(rule)?;
        self.change(who, &permit, AuditAction::PolicyRemove, None, |rules| {
            let at = rules.iter().position(|rule| rule.id == id).ok_or(ControlError::Missing { what: "rule" })?;
            rules.remove(at);
            Ok(())
        })
        .await
    }

    /// Moves a rule to a place among the rules that are no switches, counted from 1.
    pub async fn move_to(
        &self,
        who: &Principal,
        project: &str,
        rule: &str,
        place: usize,
    ) -> Result<Policy, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let id = parse_rule(rule)?;
        self.change(who, &permit, AuditAction::PolicyMove, None, |rules| {
            let own = |rule: &Rule| rule.id == id && !rule.is_switch;
            let from = rules.iter().position(own).ok_or(ControlError::Missing { what: "rule" })?;
            let moved = rules.remove(from);
            let places = own_places(rules);
            let at = places.get(place.saturating_sub(1)).copied().unwrap_or(rules.len());
            rules.insert(at, moved);
            Ok(())
        })
        .await
    }

    /// Switches one item of a server on or off, for everybody. Off, it is as if it did not exist; on, the other rules
    /// decide.
    pub async fn switch(
        &self,
        who: &Principal,
        project: &str,
        target: &SwitchTarget,
        position: Position,
    ) -> Result<Policy, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let server = servers::find(&self.ports, &permit, &target.server).await?;
        if !matches!(target.class, ItemClass::Tool | ItemClass::Prompt | ItemClass::Resource) {
            return Err(ControlError::invalid("kind", "it has no switch", "switch a tool, a prompt or a resource"));
        }
        if target.name.is_empty() || target.name.len() > Pattern::MAX_LEN * 2 {
            return Err(ControlError::invalid("name", "its length is wrong", "use 1 to 512 bytes"));
        }
        let name = Pattern::literal(&target.name)
            .map_err(|error| ControlError::invalid("name", error.reason, "write the name as the server gives it"))?;
        let what = What {
            server: ServerMatch::One(server.id),
            class: Some(target.class),
            name: Some(name),
            hints: Vec::new(),
        };
        let (action, verb) = match position {
            Position::On => (AuditAction::PolicySwitchOn, "on"),
            Position::Off => (AuditAction::PolicySwitchOff, "off"),
        };
        let switched = Switched {
            detail: format!("{} {} of {} {verb}", target.class.as_str(), target.name, server.alias),
            facts: [
                (FactName::Kind, target.class.as_str().to_owned()),
                (FactName::Tool, target.name.clone()),
                (FactName::Server, server.alias.to_string()),
            ],
        };
        let before = self.ports.policies.find(permit.get().id).await?;
        let is_off = before.rules().iter().any(|rule| rule.is_switch && rule.what == what);
        if is_off == (position == Position::Off) {
            return Ok(before);
        }
        self.change(who, &permit, action, Some(&switched), |rules| {
            rules.retain(|rule| !(rule.is_switch && rule.what == what));
            if position == Position::Off {
                if rules.iter().filter(|rule| rule.is_switch).count() >= Policy::MAX_SWITCHES {
                    return Err(ControlError::Conflict {
                        problem: format!("{} items are switched off, the limit: use a rule", Policy::MAX_SWITCHES),
                    });
                }
                rules.push(Rule {
                    id: RuleId::new(),
                    name: String::new(),
                    enabled: true,
                    is_switch: true,
                    who: Who::Anybody,
                    what: what.clone(),
                    effect: Effect::Deny,
                });
            }
            Ok(())
        })
        .await
    }

    /// Reads, changes and writes, and does so again when somebody else was faster. Without a detail of its own the audit
    /// trail says what is different.
    async fn change(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        action: AuditAction,
        switched: Option<&Switched>,
        change: impl Fn(&mut Vec<Rule>) -> Result<(), ControlError>,
    ) -> Result<Policy, ControlError> {
        retry::unless_expected(None, || async {
            let before = self.ports.policies.find(permit.get().id).await?;
            let mut rules = before.rules().to_vec();
            change(&mut rules)?;
            if own_places(&rules).len() > Policy::MAX_RULES {
                return Err(ControlError::Conflict {
                    problem: format!("a project has at most {} rules", Policy::MAX_RULES),
                });
            }
            self.write(who, permit, &before, rules, action, switched).await
        })
        .await
    }

    async fn write(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        before: &Policy,
        rules: Vec<Rule>,
        action: AuditAction,
        switched: Option<&Switched>,
    ) -> Result<Policy, ControlError> {
        let grant = permit.get();
        let policy = Policy::new(rules, before.version.saturating_add(1));
        if policy.rules() == before.rules() {
            return Ok(before.clone());
        }
        let trail = Trail::new(who, self.ports.clock.now()).project(permit);
        let about = |detail| trail.entry(action, "policy", grant.id, grant.facts.project.slug.as_str(), detail);
        let entry = match switched {
            Some(switched) => {
                let entry = about(switched.detail.clone());
                switched.facts.iter().fold(entry, |entry, (name, value)| entry.with(*name, value))
            }
            None => {
                let changes = changes::between(before.rules(), policy.rules());
                let names = self.names(changes.rules()).await?;
                let directory = self.ports.directory.current();
                let label = |rule: &Rule| label::label(&directory, &grant.facts, rule, named(&names, rule));
                let facts = changes.named.iter().map(|change| change.fact(label));
                facts.fold(about(changes.in_words(label)), |entry, (name, value)| entry.with(name, value))
            }
        };
        let stored = self.ports.policies.put(grant.id, &policy, &entry).await?;
        self.ports.written(grant.id).await;
        Ok(stored)
    }

    /// The addresses of the accounts that these rules are about.
    async fn names(&self, rules: impl Iterator<Item = &Rule>) -> Result<HashMap<UserId, String>, ControlError> {
        let users: BTreeSet<_> =
            rules.filter_map(|rule| if let Who::User(id) = rule.who { Some(id) } else { None }).collect();
        let mut names = HashMap::new();
        for user in users {
            names.insert(user, users::address(&self.ports, user).await?);
        }
        Ok(names)
    }
}

/// What the audit trail says of a switch.
struct Switched {
    detail: String,
    facts: [(FactName, String); 3],
}

fn named<'a>(names: &'a HashMap<UserId, String>, rule: &Rule) -> Option<&'a str> {
    if let Who::User(id) = rule.who { names.get(&id).map(String::as_str) } else { None }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies").finish_non_exhaustive()
    }
}

/// Where the rules stand that are no switches.
fn own_places(rules: &[Rule]) -> Vec<usize> {
    rules.iter().enumerate().filter(|(_, rule)| !rule.is_switch).map(|(place, _)| place).collect()
}

fn parse_rule(text: &str) -> Result<RuleId, ControlError> {
    text.parse().map_err(|_| ControlError::Missing { what: "rule" })
}
