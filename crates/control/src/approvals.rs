//! Calls that wait until somebody agrees: seen by who made them and by admins, answered by admins.

use std::fmt;
use std::sync::Arc;

use orch_domain::approval::{Answer, Approval, ApprovalState};
use orch_domain::audit::{AuditAction, AuditEntry, FactName};
use orch_domain::id::LoginId;
use orch_domain::policy::decision::consent;
use orch_domain::policy::{Action, Permit};
use orch_domain::principal::{Credential, Principal};

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::error::ControlError;
use crate::looks::Part;
use crate::policies::label;
use crate::ports::Ports;
use crate::users;

#[derive(Clone)]
pub struct Approvals {
    ports: Arc<Ports>,
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    Approve,
    Deny,
}

impl Approvals {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Newest first: all of the project for admins with a login, the own ones for others, and with a key of a narrower
    /// scope those of calls with that key alone; of one state if it is given.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        state: Option<ApprovalState>,
    ) -> Result<Vec<Approval>, ControlError> {
        let permit = self.access.project(who, project, Action::Call).await?;
        if sees_all(who, &permit) {
            self.access.note_look(who, &permit, Part::Approvals).await?;
        }
        let mut found = self.ports.approvals.list(permit.get().id);
        found.retain(|approval| sees(who, &permit, approval) && state.is_none_or(|state| approval.state == state));
        Ok(found)
    }

    pub async fn get(&self, who: &Principal, project: &str, approval: &str) -> Result<Approval, ControlError> {
        let permit = self.access.project(who, project, Action::Call).await?;
        self.visible(who, &permit, approval)
    }

    /// Lets the call go on, or refuses it.
    pub async fn answer(
        &self,
        who: &Principal,
        project: &str,
        approval: &str,
        say: Say,
    ) -> Result<Approval, ControlError> {
        let permit = self.access.project(who, project, Action::Approve).await?;
        let found = self.visible(who, &permit, approval)?;
        let over = |approval: &Approval| ControlError::Conflict {
            problem: format!("the call does not wait any more: it is {}", approval.state.as_str()),
        };
        if found.state != ApprovalState::Pending {
            return Err(over(&found));
        }
        let (action, answer) = match say {
            Say::Approve => {
                let consent =
                    consent(&permit.get().subject).map_err(|denial| ControlError::denied(denial, "approval"))?;
                (AuditAction::ApprovalApprove, Answer::Approve(consent))
            }
            Say::Deny => (AuditAction::ApprovalDeny, Answer::Deny),
        };
        // On record before it has an effect: a call never goes on by a word that nobody can find.
        let of = users::address(&self.ports, found.user_id).await?;
        let detail = format!("{} {} of {} by {of}", found.kind.as_str(), found.target, found.server);
        let trail = Trail::new(who, self.ports.clock.now()).project(&permit);
        let entry = trail.entry(action, "approval", found.id, &found.target, detail);
        let entry = with_rule(&self.ports, entry, &found).with(FactName::User, of);
        self.ports.audit.append(&entry).await?;
        match self.ports.approvals.answer(found.id, who.user_id, answer) {
            Some(answered) => Ok(answered),
            None => Err(over(&self.visible(who, &permit, approval)?)),
        }
    }

    /// What is put on record when something happens to an approval without anybody of the control plane: it was asked
    /// for, its caller confirmed or declined it, nobody answered, or the caller left.
    #[must_use]
    pub fn entry(&self, approval: &Approval) -> Option<AuditEntry> {
        let action = approval.action();
        // What people answer is on record since before it had an effect.
        if matches!(action, AuditAction::ApprovalApprove | AuditAction::ApprovalDeny) {
            return None;
        }
        let who = Principal {
            user_id: approval.user_id,
            credential: match approval.key_id {
                Some(key_id) => Credential::Key { key_id, project_id: approval.project_id },
                None => Credential::Login { login_id: LoginId::from_uuid(uuid::Uuid::nil()) },
            },
        };
        let at = approval.decided_at.unwrap_or(approval.asked_at);
        let directory = self.ports.directory.current();
        let facts = directory.project(approval.project_id);
        let slug = facts.map_or("", |facts| facts.project.slug.as_str());
        let rule = rule_of(&self.ports, approval).unwrap_or_else(|| approval.rule_id.to_string());
        let detail = format!("{} of {} by rule {rule}", approval.kind.as_str(), approval.server);
        let trail = Trail::new(&who, at).project_named(approval.project_id, slug);
        let entry = trail.entry(action, "approval", approval.id, &approval.target, detail);
        Some(with_rule(&self.ports, entry, approval))
    }

    fn visible(&self, who: &Principal, permit: &Permit<Grant>, approval: &str) -> Result<Approval, ControlError> {
        let missing = ControlError::Missing { what: "approval" };
        let Ok(id) = approval.parse() else { return Err(missing) };
        let found = self.ports.approvals.find(id).filter(|found| found.project_id == permit.get().id);
        found.filter(|found| sees(who, permit, found)).ok_or(missing)
    }
}

impl fmt::Debug for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Approvals").finish_non_exhaustive()
    }
}

/// The entry with what it is about: the call, and the rule that had it wait.
fn with_rule(ports: &Ports, entry: AuditEntry, approval: &Approval) -> AuditEntry {
    let directory = ports.directory.current();
    let keys = directory.project(approval.project_id).map(|facts| facts.keys.as_slice()).unwrap_or_default();
    let key = approval.key_id.and_then(|id| keys.iter().find(|key| key.id == id));
    entry
        .with(FactName::Kind, approval.kind.as_str())
        .with(FactName::Server, &approval.server)
        .with(FactName::Key, key.map_or("", |key| key.name.as_str()))
        .with(FactName::Rule, rule_of(ports, approval).unwrap_or_default())
        .with(FactName::RuleId, approval.rule_id)
}

/// What the rule is called and says; None when it is gone in the meantime.
fn rule_of(ports: &Ports, approval: &Approval) -> Option<String> {
    let directory = ports.directory.current();
    let facts = directory.project(approval.project_id)?;
    let rule = facts.policy.rules().iter().find(|rule| rule.id == approval.rule_id)?;
    Some(label::label(&directory, facts, rule, None))
}

/// Others see their own, as far as their key reaches: the arguments of a call are for who might have made it.
fn sees(who: &Principal, permit: &Permit<Grant>, approval: &Approval) -> bool {
    if sees_all(who, permit) {
        return true;
    }
    let grant = permit.get();
    let is_own = approval.user_id == who.user_id;
    let is_of_key = grant.narrow_key().is_none_or(|key| approval.key_id == Some(key));
    // A server that is gone hides nothing any more.
    is_own && is_of_key && grant.facts.server(approval.server_id).is_none_or(|server| grant.sees(server))
}

fn sees_all(who: &Principal, permit: &Permit<Grant>) -> bool {
    let is_key = matches!(who.credential, Credential::Key { .. });
    !is_key && permit.get().role >= Action::Inspect.least_role()
}
