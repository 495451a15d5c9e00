//! What instance admins have looked at lately, in projects that they do not belong to. Remembers; records nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::id::{ProjectId, UserId};

/// Who reads the same within this time still looks.
const ONE_LOOK: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Look {
    pub(crate) user: UserId,
    pub(crate) project: ProjectId,
    /// What is looked at, in words.
    pub(crate) at: String,
}

/// A part of a project that may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Project,
    Activity,
    Approvals,
    Audit,
    Calls,
    Keys,
    /// Of the server with this alias.
    Log(&'a str),
    Policy,
    Sessions,
    Usage,
    /// Not only looked at: what its servers offer was listed or called.
    Servers,
}

impl Part<'_> {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Activity => "activity",
            Self::Approvals => "approvals",
            Self::Audit => "audit",
            Self::Calls => "calls",
            Self::Keys => "keys",
            Self::Log(_) => "log",
            Self::Policy => "policy",
            Self::Sessions => "sessions",
            Self::Usage => "usage",
            Self::Servers => "servers",
        }
    }

    pub(crate) fn in_words(self) -> String {
        let looked_at = match self {
            Self::Project => "the project",
            Self::Activity => "the activity",
            Self::Approvals => "the approvals",
            Self::Audit => "the audit trail",
            Self::Calls => "the calls",
            Self::Keys => "the keys",
            Self::Log(server) => return format!("looked at the log of {server}"),
            Self::Policy => "the policy",
            Self::Sessions => "the sessions",
            Self::Usage => "the usage by people and keys",
            Self::Servers => return "used what its servers offer".to_owned(),
        };
        format!("looked at {looked_at}")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<HashMap<Look, Timestamp>>);

impl Looks {
    /// Whether the look is on record already.
    pub(crate) fn is_known(&self, look: &Look, now: Timestamp) -> bool {
        self.lock().get(look).is_some_and(|since| now - *since < ONE_LOOK)
    }

    /// Whether the look is to be recorded now, which it is by one of those who ask at once.
    pub(crate) fn is_first(&self, look: Look, now: Timestamp) -> bool {
        let mut looks = self.lock();
        if looks.get(&look).is_some_and(|since| now - *since < ONE_LOOK) {
            return false;
        }
        looks.retain(|_, since| now - *since < ONE_LOOK);
        looks.insert(look, now);
        true
    }

    /// Remembers that the look is on record since now.
    pub(crate) fn note(&self, look: Look, now: Timestamp) {
        let mut looks = self.lock();
        looks.retain(|_, since| now - *since < ONE_LOOK);
        looks.insert(look, now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Look, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
