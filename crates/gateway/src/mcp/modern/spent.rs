//! States that are good once, and were used: remembered for as long as they would be good. Knows nothing of what is in them.

use std::collections::{HashMap, HashSet, VecDeque};

use orch_domain::id::UserId;
use uuid::Uuid;

/// One account has used at most so many within the time; a further one is refused, since to forget one would make it good
/// again.
const MOST_PER_USER: usize = 1024;

/// In the order in which they are forgotten.
#[derive(Default)]
pub(super) struct Spent {
    order: VecDeque<One>,
    known: HashSet<Uuid>,
    per_user: HashMap<UserId, usize>,
}

struct One {
    id: Uuid,
    user: UserId,
    /// Unix time in seconds.
    until: i64,
}

/// Why a state cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSpent {
    Already,
    TooMany,
}

impl Spent {
    /// `until` is not before the end of the state itself.
    pub(super) fn spend(&mut self, id: Uuid, user: UserId, now: i64, until: i64) -> Result<(), NotSpent> {
        self.forget(now);
        if self.known.contains(&id) {
            return Err(NotSpent::Already);
        }
        if self.per_user.get(&user).is_some_and(|own| *own >= MOST_PER_USER) {
            return Err(NotSpent::TooMany);
        }
        *self.per_user.entry(user).or_default() += 1;
        self.known.insert(id);
        self.order.push_back(One { id, user, until });
        Ok(())
    }

    fn forget(&mut self, now: i64) {
        while let Some(one) = self.order.pop_front_if(|one| one.until <= now) {
            self.known.remove(&one.id);
            if let Some(own) = self.per_user.get_mut(&one.user) {
                *own -= 1;
                if *own == 0 {
                    self.per_user.remove(&one.user);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::id::UserId;
    use uuid::Uuid;

    use super::{MOST_PER_USER, NotSpent, Spent};

    #[test]
    fn a_state_is_used_once_until_it_is_over() {
        let (mut spent, id, user) = (Spent::default(), Uuid::new_v4(), UserId::new());
        assert_eq!(spent.spend(id, user, 0, 10), Ok(()));
        assert_eq!(spent.spend(id, user, 9, 19), Err(NotSpent::Already));
        assert_eq!(spent.spend(id, UserId::new(), 9, 19), Err(NotSpent::Already));
        // Then nobody could open it any more.
        assert_eq!(spent.spend(Uuid::new_v4(), user, 10, 20), Ok(()));
        assert_eq!((spent.order.len(), spent.known.len(), spent.per_user.len()), (1, 1, 1));
    }

    #[test]
    fn one_user_fills_no_memory_and_stops_nobody_else() {
        let (mut spent, user) = (Spent::default(), UserId::new());
        for _ in 0..MOST_PER_USER {
            assert_eq!(spent.spend(Uuid::new_v4(), user, 0, 10), Ok(()));
        }
        assert_eq!(spent.spend(Uuid::new_v4(), user, 9, 19), Err(NotSpent::TooMany));
        assert_eq!(spent.spend(Uuid::new_v4(), UserId::new(), 9, 19), Ok(()));
        assert_eq!(spent.spend(Uuid::new_v4(), user, 10, 20), Ok(()));
    }
}
