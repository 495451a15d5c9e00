//! What runs for clients without sessions: requests, listens, and calls that wait for the client to come back. Here is
//! where their access is taken away, and where they are counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::directory::Directory;
use orch_domain::id::UserId;
use orch_domain::principal::Principal;
use orch_mcp::id::RequestId;
use orch_relay::stop::{Stop, StopReason};
use uuid::Uuid;

use super::parking::Parked;
use crate::mcp::reach::Reach;

#[derive(Default)]
pub struct Running(Mutex<All>);

#[derive(Default)]
struct All {
    last: u64,
    open: HashMap<u64, One>,
    /// How many of them each account has.
    per_user: HashMap<UserId, usize>,
    parked: HashMap<Uuid, (Reach, Parked)>,
    closing: bool,
}

struct One {
    reach: Reach,
    stop: Arc<Stop>,
    /// The id of a listen; such a one may be ended by a notification.
    listen: Option<RequestId>,
}

/// Forgotten when dropped.
pub(in crate::mcp) struct Ticket {
    running: Arc<Running>,
    number: u64,
}

impl Running {
    /// Notes a request, so that it ends with its principal's access. None when the user has too many.
    pub(in crate::mcp) fn enter(
        self: &Arc<Self>,
        reach: Reach,
        stop: &Arc<Stop>,
        listen: Option<RequestId>,
        most: usize,
    ) -> Option<Ticket> {
        let mut all = self.lock();
        let own = all.per_user.entry(reach.principal.user_id).or_default();
        if *own >= most {
            return None;
        }
        *own += 1;
        all.last += 1;
        let number = all.last;
        if all.closing {
            stop.stop(StopReason::AccessEnded);
        }
        all.open.insert(number, One { reach, stop: Arc::clone(stop), listen });
        Some(Ticket { running: Arc::clone(self), number })
    }

    pub(super) fn listens_of(&self, user: UserId) -> usize {
        let of_user = |one: &&One| one.listen.is_some() && one.reach.principal.user_id == user;
        self.lock().open.values().filter(of_user).count()
    }

    /// Ends the listens of that id.
    pub(super) fn end_listen(&self, reach: &Reach, id: &RequestId) {
        for one in self.lock().open.values() {
            if one.listen.as_ref() == Some(id) && one.reach == *reach {
                one.stop.stop(StopReason::Cancelled);
            }
        }
    }

    /// Keeps a call until its client comes back. Gives it back when the user has too many.
    pub(super) fn park(&self, id: Uuid, reach: Reach, parked: Parked, most: usize) -> Result<(), Box<Parked>> {
        let mut all = self.lock();
        let user = reach.principal.user_id;
        let own = all.parked.values().filter(|(reach, _)| reach.principal.user_id == user).count();
        if all.closing || own >= most {
            return Err(Box::new(parked));
        }
        all.parked.insert(id, (reach, parked));
        Ok(())
    }

    /// Takes a call out, if it still waits in that round. Of several who come, one gets it.
    pub(super) fn unpark(&self, id: Uuid, round: u32) -> Option<Parked> {
        let mut all = self.lock();
        all.parked.get(&id).filter(|(_, parked)| parked.round == round)?;
        all.parked.remove(&id).map(|(_, parked)| parked)
    }

    /// Ends what `directory` does not allow any more.
    pub fn recheck(&self, directory: &Directory, is_live: impl Fn(&Principal) -> bool) {
        let mut all = self.lock();
        for one in all.open.values() {
            if !one.reach.is_open(directory, &is_live) {
                one.stop.stop(StopReason::AccessEnded);
            }
        }
        let ended: Vec<_> = all.parked.extract_if(|_, (reach, _)| !reach.is_open(directory, &is_live)).collect();
        drop(all);
        // Outside of the lock: a call that is dropped tells its server.
        drop(ended);
    }

    /// Ends everything, for the end of the process.
    pub fn end_all(&self) {
        let parked = {
            let mut all = self.lock();
            all.closing = true;
            all.open.values().for_each(|one| one.stop.stop(StopReason::AccessEnded));
            std::mem::take(&mut all.parked)
        };
        drop(parked);
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut all = self.running.lock();
        let Some(one) = all.open.remove(&self.number) else { return };
        let user = one.reach.principal.user_id;
        if let Some(own) = all.per_user.get_mut(&user) {
            *own -= 1;
            if *own == 0 {
                all.per_user.remove(&user);
            }
        }
    }
}
