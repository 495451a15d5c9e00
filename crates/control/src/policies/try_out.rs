//! What a changed list of rules would have made of the calls on record, before it is saved.

use std::time::Duration;

use orch_domain::id::{KeyId, ServerId, UserId};
use orch_domain::policy::decision::{Verdict, decide};
use orch_domain::policy::hints::Hints;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::policy::rule::{Policy, Rule};
use orch_domain::policy::{Action, Asking};
use orch_domain::principal::Principal;

use super::explain::subject_of;
use super::{Policies, draft};
use crate::error::ControlError;
use crate::policies::draft::RuleDraft;

/// Callers with targets that are looked at, the most frequent ones.
const MAX_GROUPS: u32 = 5000;
/// Changes that are told one by one.
const MAX_TOLD: usize = 200;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The difference between the rules in force and others, told by calls of the past.
#[derive(Debug, Clone)]
pub struct TryOut {
    pub days: u32,
    pub calls: u64,
    /// Calls that would be decided in another way.
    pub changed_calls: u64,
    /// The most frequent first.
    pub changes: Vec<Change>,
    /// There were more callers or changes than are told.
    pub truncated: bool,
}

/// Calls of one caller to one target that would be decided in another way.
#[derive(Debug, Clone)]
pub struct Change {
    pub user: UserId,
    pub key: Option<KeyId>,
    pub client: String,
    pub server: ServerId,
    pub alias: String,
    pub class: ItemClass,
    pub target: String,
    pub calls: u64,
    pub before: Verdict,
    pub after: Verdict,
    /// Why it would be so, in a sentence.
    pub reason: String,
}

impl Policies {
    pub const MAX_DAYS: u32 = 90;
    pub const DEFAULT_DAYS: u32 = 7;

    /// Decides the calls of the last days once more, under the rules in force and under `drafts`, with what callers
    /// and tools are today.
    pub async fn try_out(
        &self,
        who: &Principal,
        project: &str,
        drafts: &[RuleDraft],
        days: u32,
    ) -> Result<TryOut, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        if !(1..=Self::MAX_DAYS).contains(&days) {
            return Err(ControlError::invalid("days", "it is out of range", "use 1 to 90"));
        }
        let rules = draft::check_all(&self.ports, &permit, drafts).await?;
        let facts = &permit.get().facts;
        let switches = facts.policy.rules().iter().filter(|rule| rule.is_switch).cloned();
        let proposed = Policy::new(switches.chain(rules).collect::<Vec<Rule>>(), facts.policy.version);
        let since = self.ports.clock.now() - DAY * days;
        let groups = self.ports.census.groups(facts.project.id, since, MAX_GROUPS).await?;
        let mut outcome = TryOut {
            days,
            calls: 0,
            changed_calls: 0,
            changes: Vec::new(),
            truncated: groups.len() >= MAX_GROUPS as usize,
        };
        let directory = self.ports.directory.current();
        for group in groups {
            // What is not there any more cannot be called.
            let Some(server) = facts.server(group.server_id) else { continue };
            let class = ItemClass::from(group.kind);
            let hints = match class {
                ItemClass::Tool => self.ports.runtime.hints(server.id, group.user_id, &group.target),
                _ => Hints::UNSAID,
            };
            let item = Item { server: server.id, alias: server.alias.as_str(), class, name: &group.target, hints };
            let subject = subject_of(&directory, facts, group.user_id, group.key_id);
            let asking = Asking { subject: &subject, client: Some(&group.client) };
            let before = decide(&facts.policy, asking, Action::Call, &item);
            let after = decide(&proposed, asking, Action::Call, &item);
            outcome.calls += group.calls;
            if before.verdict == after.verdict {
                continue;
            }
            outcome.changed_calls += group.calls;
            if outcome.changes.len() >= MAX_TOLD {
                outcome.truncated = true;
                continue;
            }
            outcome.changes.push(Change {
                user: group.user_id,
                key: group.key_id,
                client: group.client.clone(),
                server: server.id,
                alias: server.alias.to_string(),
                class,
                target: group.target.clone(),
                calls: group.calls,
                before: before.verdict,
                after: after.verdict,
                reason: after.because.to_string(),
            });
        }
        Ok(outcome)
    }
}
