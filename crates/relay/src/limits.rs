//! Counting: how much each key, account, project and server asks for, against what it may. In memory, of this process;
//! the count of a day begins with what is on record.

mod meter;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use orch_domain::api_key::ApiKey;
use orch_domain::directory::{Directory, ProjectFacts};
use orch_domain::id::{KeyId, ProjectId, ServerId, UserId};
use orch_domain::policy::Subject;
use orch_domain::port::call_census::CallCount;
use orch_domain::port::clock::Clock;
use orch_domain::quota::{Allowance, Limits};

use self::meter::{Meter, Running};

pub use self::meter::Limited;

/// Asked before anything is done for a request.
pub struct Limiter {
    clock: Arc<dyn Clock>,
    instance: ArcSwap<Limits>,
    /// What keys call, and what they ask for against their own limit: one for all that they do.
    keys: Table<KeyId>,
    /// What keys ask for in their projects, against the limit for keys there.
    keys_of_project: Table<KeyId>,
    /// What keys ask of REST, where the limit for keys of the instance holds and not that of a project.
    keys_of_rest: Table<KeyId>,
    users: Table<(ProjectId, UserId)>,
    /// What accounts ask of REST, whatever the project.
    accounts: Table<UserId>,
    projects: Table<ProjectId>,
    servers: Table<ServerId>,
}

/// Calls that count as running until this is dropped.
#[derive(Debug, Default)]
pub struct Admission(Vec<Running>);

impl Admission {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whose limit it is, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Key,
    User,
    Project,
    Server,
}

impl Whose {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "this API key",
            Self::User => "this account",
            Self::Project => "this project",
            Self::Server => "this server",
        }
    }
}

impl Limiter {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            instance: ArcSwap::default(),
            keys: Table::default(),
            keys_of_project: Table::default(),
            keys_of_rest: Table::default(),
            users: Table::default(),
            accounts: Table::default(),
            projects: Table::default(),
            servers: Table::default(),
        }
    }

    /// Takes over the limits of the instance, and forgets who is not there any more.
    pub fn follow(&self, directory: &Directory) {
        self.instance.store(Arc::new(directory.instance_limits()));
        self.keys.retain(|key| directory.key_by_id(*key).is_some());
        self.keys_of_project.retain(|key| directory.key_by_id(*key).is_some());
        self.keys_of_rest.retain(|key| directory.key_by_id(*key).is_some());
        self.projects.retain(|project| directory.project(*project).is_some());
        self.users.retain(|(project, user)| directory.project(*project).is_some() && directory.user(*user).is_some());
        self.accounts.retain(|user| directory.user(*user).is_some());
        let servers = directory.projects().flat_map(|project| project.servers.values());
        let known: HashSet<ServerId> = servers.map(|server| server.id).collect();
        self.servers.retain(|server| known.contains(server));
    }

    /// Begins the day with what was called since midnight.
    pub fn seed(&self, counts: &[CallCount]) {
        let day = self.day();
        for count in counts {
            let calls = u32::try_from(count.calls).unwrap_or(u32::MAX);
            self.projects.meter(count.project_id).count(day, calls);
            self.users.meter((count.project_id, count.user_id)).count(day, calls);
            if let Some(key) = count.key_id {
                self.keys.meter(key).count(day, calls);
            }
        }
    }

    /// Lets one request through, or says when to come again.
    pub fn request(&self, subject: &Subject, project: &ProjectFacts) -> Result<(), Limited> {
        let limits = self.limits(project);
        let id = project.project.id;
        if let Some(key) = &subject.key {
            self.keys.request(key.id, key.allowance, Whose::Key)?;
            self.keys_of_project.request(key.id, limits.key, Whose::Key)?;
        }
        self.users.request((id, subject.user), limits.user, Whose::User)?;
        self.projects.request(id, limits.project, Whose::Project)
    }

    /// Lets one call go to its server, as long as what comes back is kept. A call that is refused takes nothing: what
    /// runs is looked at first, and what is spent of a day is given back when another one is spent.
    pub fn call(&self, subject: &Subject, project: &ProjectFacts, server: ServerId) -> Result<Admission, Limited> {
        let limits = self.limits(project);
        let id = project.project.id;
        let of_server = Allowance { concurrent: limits.server_concurrent, ..Allowance::default() };
        let asked = [
            subject.key.as_ref().and_then(|key| self.keys.meter_of(key.id, key_allowance(key, limits), Whose::Key)),
            self.users.meter_of((id, subject.user), limits.user, Whose::User),
            self.projects.meter_of(id, limits.project, Whose::Project),
            self.servers.meter_of(server, of_server, Whose::Server),
        ];
        let mut admission = Admission::default();
        if asked.iter().all(Option::is_none) {
            return Ok(admission);
        }
        for (meter, allowance, whose) in asked.iter().flatten() {
            if let Some(most) = allowance.concurrent {
                admission.0.push(meter.run(most, *whose)?);
            }
        }
        let now = self.now();
        let mut spent: Vec<&Arc<Meter>> = Vec::new();
        for (meter, allowance, whose) in asked.iter().flatten() {
            let Some(most) = allowance.per_day else { continue };
            if let Err(limited) = meter.spend(most, *whose, now.day, now.until_midnight) {
                spent.into_iter().for_each(|meter| meter.give_back(now.day));
                return Err(limited);
            }
            spent.push(meter);
        }
        Ok(admission)
    }

    /// Lets one request of REST through. It belongs to no project, so the limits of the instance hold.
    pub fn rest(&self, user: UserId, key: Option<&ApiKey>) -> Result<(), Limited> {
        let limits = **self.instance.load();
        if let Some(key) = key {
            // Two numbers in one bucket would refill it in turns.
            self.keys.request(key.id, key.allowance, Whose::Key)?;
            self.keys_of_rest.request(key.id, limits.key, Whose::Key)?;
        }
        self.accounts.request(user, limits.user, Whose::User)
    }

    fn limits(&self, project: &ProjectFacts) -> Limits {
        project.limits.or(**self.instance.load())
    }

    fn now(&self) -> Moment {
        Moment { day: self.day(), until_midnight: until_midnight(self.clock.now().unix_timestamp()) }
    }

    fn day(&self) -> u32 {
        u32::try_from(self.clock.now().unix_timestamp() / DAY_SECS).unwrap_or_default()
    }
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

const DAY_SECS: i64 = 24 * 60 * 60;

fn until_midnight(unix: i64) -> Duration {
    Duration::from_secs(u64::try_from(DAY_SECS - unix.rem_euclid(DAY_SECS)).unwrap_or_default())
}

/// Which day it is, and how long it lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    day: u32,
    until_midnight: Duration,
}

/// What a key may call: a limit of its own takes from the one for keys and never adds to it, as members make keys and
/// admins set limits.
fn key_allowance(key: &ApiKey, limits: Limits) -> Allowance {
    let (own, given) = (key.allowance, limits.key);
    Allowance {
        per_minute: lesser(own.per_minute, given.per_minute),
        concurrent: lesser(own.concurrent, given.concurrent),
        per_day: lesser(own.per_day, given.per_day),
    }
}

/// The lesser of two limits, where None is no limit.
fn lesser(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (limit, None) | (None, limit) => limit,
    }
}

/// One meter for each of a kind that has a limit.
struct Table<K>(RwLock<HashMap<K, Arc<Meter>>>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn meter(&self, key: K) -> Arc<Meter> {
        if let Some(meter) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(meter);
        }
        Arc::clone(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    fn request(&self, key: K, allowance: Allowance, whose: Whose) -> Result<(), Limited> {
        match allowance.per_minute {
            Some(per_minute) => self.meter(key).request(per_minute, whose),
            None => Ok(()),
        }
    }

    /// The meter that a call counts on, where there is a limit.
    fn meter_of(&self, key: K, allowance: Allowance, whose: Whose) -> Option<(Arc<Meter>, Allowance, Whose)> {
        let is_limited = allowance.concurrent.is_some() || allowance.per_day.is_some();
        is_limited.then(|| (self.meter(key), allowance, whose))
    }

    fn retain(&self, keep: impl Fn(&K) -> bool) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|key, _| keep(key));
    }
}

#[cfg(test)]
mod tests;
