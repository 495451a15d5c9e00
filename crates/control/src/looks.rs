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

#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<HashMap<Look, Timestamp>>);

impl Looks {
    /// Whether the look is on record already.
    pub(crate) fn is_known(&self, look: &Look, now: Timestamp) -> bool {
        self.lock().get(look).is_some_and(|since| now - *since < ONE_LOOK)
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
