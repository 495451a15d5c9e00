//! What was refused to whom lately, so that asking again and again does not fill the record. Remembers; records
//! nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::id::{KeyId, ProjectId, TeamId, UserId};
use orch_domain::policy::Action;
use orch_domain::principal::Principal;

/// The same again within this time is the same refusal.
const ONE_REFUSAL: Duration = Duration::from_secs(600);
/// More than that are not remembered; the oldest give way.
const MOST: usize = 4096;

/// Of all logins of an account at once: one that logs in anew for each request is no more of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Refused {
    user: UserId,
    key: Option<KeyId>,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Project(ProjectId, Action),
    Team(TeamId),
    Instance,
}

#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<Refused, Timestamp>>);

impl Refused {
    pub(crate) fn to(who: &Principal, what: What) -> Self {
        Self { user: who.user_id, key: who.key_id(), what }
    }
}

impl Refusals {
    /// Whether the refusal has to be put on record. From now on it counts as being there, so that of many at once one
    /// is; who cannot put it there says so with [`Self::forget`].
    pub(crate) fn is_new(&self, refused: &Refused, now: Timestamp) -> bool {
        let mut known = self.lock();
        if known.get(refused).is_some_and(|since| now - *since < ONE_REFUSAL) {
            return false;
        }
        if known.len() >= MOST {
            known.retain(|_, since| now - *since < ONE_REFUSAL);
        }
        if known.len() >= MOST
            && let Some(oldest) = known.iter().min_by_key(|(_, since)| **since).map(|(oldest, _)| oldest.clone())
        {
            known.remove(&oldest);
        }
        known.insert(refused.clone(), now);
        true
    }

    pub(crate) fn forget(&self, refused: &Refused) {
        self.lock().remove(refused);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Refused, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use orch_domain::Timestamp;
    use orch_domain::id::{KeyId, LoginId, ProjectId, TeamId, UserId};
    use orch_domain::policy::Action;
    use orch_domain::principal::{Credential, Principal};

    use super::{MOST, Refusals, Refused, What};

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn login(user: UserId) -> Principal {
        Principal { user_id: user, credential: Credential::Login { login_id: LoginId::new() } }
    }

    #[test]
    fn one_is_one_for_ten_minutes_whatever_the_login() {
        let (refusals, user, project) = (Refusals::default(), UserId::new(), ProjectId::new());
        let call = What::Project(project, Action::Call);
        let key =
            Principal { user_id: user, credential: Credential::Key { key_id: KeyId::new(), project_id: project } };
        assert!(refusals.is_new(&Refused::to(&login(user), call), START));
        assert!(!refusals.is_new(&Refused::to(&login(user), call), START + Duration::from_secs(599)));
        for other in [
            Refused::to(&login(UserId::new()), call),
            Refused::to(&key, call),
            Refused::to(&login(user), What::Project(project, Action::Inspect)),
            Refused::to(&login(user), What::Project(ProjectId::new(), Action::Call)),
            Refused::to(&login(user), What::Team(TeamId::new())),
            Refused::to(&login(user), What::Instance),
        ] {
            assert!(refusals.is_new(&other, START), "{other:?}");
        }
        assert!(refusals.is_new(&Refused::to(&login(user), call), START + Duration::from_secs(600)));
    }

    #[test]
    fn one_that_could_not_be_recorded_is_new_again() {
        let (refusals, refused) = (Refusals::default(), Refused::to(&login(UserId::new()), What::Instance));
        assert!(refusals.is_new(&refused, START));
        refusals.forget(&refused);
        assert!(refusals.is_new(&refused, START));
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let refusals = Refusals::default();
        let first = Refused::to(&login(UserId::new()), What::Instance);
        assert!(refusals.is_new(&first, START));
        for _ in 0..MOST {
            let other = Refused::to(&login(UserId::new()), What::Instance);
            assert!(refusals.is_new(&other, START + Duration::from_secs(1)));
        }
        assert_eq!(refusals.lock().len(), MOST);
        assert!(refusals.is_new(&first, START + Duration::from_secs(1)), "the oldest gave way");
    }
}
