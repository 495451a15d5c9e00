//! How much may be asked: the numbers of a project, and those of the instance, which hold where a project has none.

use std::fmt;
use std::sync::Arc;

use orch_domain::audit::{AuditAction, FactName};
use orch_domain::change::Change;
use orch_domain::policy::Action;
use orch_domain::principal::Principal;
use orch_domain::quota::{Allowance, Limits as Numbers, StoredLimits};

use crate::access::Access;
use crate::audit::Trail;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::problem::Problem;
use crate::retry;

#[derive(Clone)]
pub struct Limits {
    ports: Arc<Ports>,
    access: Access,
}

/// What is set, and what holds in the end.
#[derive(Debug, Clone, Copy)]
pub struct LimitsSeen {
    pub stored: StoredLimits,
    pub effective: Numbers,
}

impl Limits {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    pub async fn get(&self, who: &Principal, project: &str) -> Result<LimitsSeen, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let stored = self.ports.limits.find(Some(permit.get().id)).await?;
        Ok(self.seen(stored))
    }

    /// Replaces the numbers of a project. `expected` is the version that the caller has seen.
    pub async fn put(
        &self,
        who: &Principal,
        project: &str,
        numbers: Numbers,
        expected: Option<u32>,
    ) -> Result<LimitsSeen, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        check(&numbers)?;
        let grant = permit.get();
        let stored = retry::unless_expected(expected, || async {
            let before = self.ports.limits.find(Some(grant.id)).await?;
            let Some(stored) = next(before, numbers, expected)? else { return Ok(before) };
            let trail = Trail::new(who, self.ports.clock.now()).project(&permit);
            let name = grant.facts.project.slug.as_str();
            let set = set(&numbers);
            let entry = trail.entry(AuditAction::LimitsUpdate, "project", grant.id, name, set.join(", "));
            let entry = entry.with_all(FactName::Set, set);
            self.ports.limits.put(Some(grant.id), &stored, &entry).await?;
            Ok(stored)
        })
        .await?;
        self.ports.written(grant.id).await;
        Ok(self.seen(stored))
    }

    pub async fn get_instance(&self, who: &Principal) -> Result<LimitsSeen, ControlError> {
        self.access.instance(who).await?;
        let stored = self.ports.limits.find(None).await?;
        Ok(LimitsSeen { stored, effective: stored.limits })
    }

    pub async fn put_instance(
        &self,
        who: &Principal,
        numbers: Numbers,
        expected: Option<u32>,
    ) -> Result<LimitsSeen, ControlError> {
        self.access.instance(who).await?;
        check(&numbers)?;
        let stored = retry::unless_expected(expected, || async {
            let before = self.ports.limits.find(None).await?;
            let Some(stored) = next(before, numbers, expected)? else { return Ok(before) };
            let trail = Trail::new(who, self.ports.clock.now());
            let set = set(&numbers);
            let entry = trail.entry(AuditAction::LimitsUpdate, "instance", "instance", "instance", set.join(", "));
            let entry = entry.with_all(FactName::Set, set);
            self.ports.limits.put(None, &stored, &entry).await?;
            Ok(stored)
        })
        .await?;
        self.ports.follower.catch_up(Change::Everything).await;
        Ok(LimitsSeen { stored, effective: numbers })
    }

    fn seen(&self, stored: StoredLimits) -> LimitsSeen {
        let instance = self.ports.directory.current().instance_limits();
        LimitsSeen { stored, effective: stored.limits.or(instance) }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

/// What is to be stored; None when it is what there is.
fn next(before: StoredLimits, limits: Numbers, expected: Option<u32>) -> Result<Option<StoredLimits>, ControlError> {
    if expected.is_some_and(|version| version != before.version) {
        return Err(ControlError::Stale { what: "limits" });
    }
    let version = before.version.saturating_add(1);
    Ok((limits != before.limits).then_some(StoredLimits { limits, version }))
}

fn check(numbers: &Numbers) -> Result<(), ControlError> {
    let mut problems = Vec::new();
    for (field, allowance) in [("key", numbers.key), ("user", numbers.user), ("project", numbers.project)] {
        problems.extend(check_allowance(allowance).into_iter().map(|problem| problem.below(field)));
    }
    check_number(&mut problems, "server_concurrent", numbers.server_concurrent, Allowance::MAX_CONCURRENT);
    if problems.is_empty() { Ok(()) } else { Err(ControlError::Invalid { problems }) }
}

pub(crate) fn check_allowance(allowance: Allowance) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_number(&mut problems, "per_minute", allowance.per_minute, Allowance::MAX_PER_MINUTE);
    check_number(&mut problems, "concurrent", allowance.concurrent, Allowance::MAX_CONCURRENT);
    check_number(&mut problems, "per_day", allowance.per_day, Allowance::MAX_PER_DAY);
    problems
}

fn check_number(problems: &mut Vec<Problem>, field: &str, number: Option<u32>, most: u32) {
    if number.is_some_and(|number| number == 0 || number > most) {
        let hint = format!("use 1 to {most}, or set none");
        problems.push(Problem::new(field, "it is out of range", hint));
    }
}

/// For the audit trail: each number that is set, or that none is.
fn set(numbers: &Numbers) -> Vec<String> {
    let mut set = Vec::new();
    for (whose, allowance) in [("key", numbers.key), ("user", numbers.user), ("project", numbers.project)] {
        let Allowance { per_minute, concurrent, per_day } = allowance;
        for (what, number) in [("per_minute", per_minute), ("concurrent", concurrent), ("per_day", per_day)] {
            set.extend(number.map(|number| format!("{whose}.{what} {number}")));
        }
    }
    set.extend(numbers.server_concurrent.map(|number| format!("server_concurrent {number}")));
    if set.is_empty() {
        set.push("nothing".to_owned());
    }
    set
}
