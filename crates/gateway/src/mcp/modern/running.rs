//! What runs for clients without sessions: requests, listens, and calls that wait for the client to come back. Here is
//! where their access is taken away, and where they are counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::directory::Directory;
use orch_domain::id::UserId;
use orch_domain::principal::Principal;
use orch_mcp::id::RequestId;
use orch_relay::stop::{Stop, StopReason};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::parking::Parked;
use super::spent::{NotSpent, Spent};
use crate::mcp::reach::Reach;

#[derive(Default)]
pub struct Running {
    all: Mutex<All>,
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct All {
    last: u64,
    open: HashMap<u64, One>,
    /// How many of them each account has.
    per_user: HashMap<UserId, usize>,
    parked: HashMap<Uuid, Waits>,
    /// The daemon is about to stop: told when nothing runs any more.
    draining: Option<Arc<Notify>>,
    /// Nothing is taken any more.
    closing: bool,
}

/// A call that waits for its client to come back.
struct Waits {
    reach: Reach,
    parked: Parked,
    _expiry: Expiry,
}

/// Gives the call up that nobody has come back for. It goes with the call, whatever becomes of that.
struct Expiry(AbortHandle);

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct One {
    reach: Reach,
    stop: Arc<Stop>,
    /// The id of a listen; such a one may be ended by a notification.
    listen: Option<RequestId>,
}

impl All {
    fn stop(&self, ticket: &Ticket) {
        if let Some(one) = self.open.get(&ticket.number) {
            one.stop.stop(StopReason::Stopping);
        }
    }

    /// Nothing is waited for but listens, which end when they are told to.
    fn is_quiet(&self) -> bool {
        self.open.values().all(|one| one.listen.is_some())
    }
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mcp) enum NotEntered {
    TooMany,
    /// The daemon stops.
    Stopping,
}

/// Why a call cannot wait for its client.
pub(super) enum NotParked {
    TooMany,
    /// The daemon is about to stop, and nobody knows when the client would come back. The call is told so, and has an
    /// end that is to be taken to the client.
    Stopping(Box<Parked>),
}

/// Forgotten when dropped.
pub(in crate::mcp) struct Ticket {
    running: Arc<Running>,
    number: u64,
}

impl Running {
    /// Notes a request, so that it ends with its principal's access.
    pub(in crate::mcp) fn enter(
        self: &Arc<Self>,
        reach: Reach,
        stop: &Arc<Stop>,
        listen: Option<RequestId>,
        most: usize,
    ) -> Result<Ticket, NotEntered> {
        let mut all = self.lock();
        // News are for as long as the client wants, so they are not begun shortly before the end.
        if all.closing || (all.draining.is_some() && listen.is_some()) {
            return Err(NotEntered::Stopping);
        }
        let own = all.per_user.entry(reach.principal.user_id).or_default();
        if *own >= most {
            return Err(NotEntered::TooMany);
        }
        *own += 1;
        all.last += 1;
        let number = all.last;
        if all.draining.is_some() {
            stop.drain();
        }
        all.open.insert(number, One { reach, stop: Arc::clone(stop), listen });
        Ok(Ticket { running: Arc::clone(self), number })
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

    /// Keeps a call until its client comes back, and gives it up when that takes too long: dropped, it is cancelled at
    /// its server, and its questions count as not answered.
    pub(super) fn park(self: &Arc<Self>, id: Uuid, reach: Reach, parked: Parked, most: usize) -> Result<(), NotParked> {
        let mut all = self.lock();
        let user = reach.principal.user_id;
        let own = all.parked.values().filter(|waits| waits.reach.principal.user_id == user).count();
        if own >= most {
            // Its ticket is given back with it, which takes the lock.
            drop(all);
            return Err(NotParked::TooMany);
        }
        if all.draining.is_some() {
            all.stop(&parked.ticket);
            return Err(NotParked::Stopping(Box::new(parked)));
        }
        let (running, round, until) = (Arc::downgrade(self), parked.round, parked.until);
        let expiring = tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            if let Some(running) = running.upgrade() {
                drop(running.unpark(id, round));
            }
        });
        all.parked.insert(id, Waits { reach, parked, _expiry: Expiry(expiring.abort_handle()) });
        Ok(())
    }

    /// Takes a call out, if it still waits in that round. Of several who come, one gets it.
    pub(super) fn unpark(&self, id: Uuid, round: u32) -> Option<Parked> {
        let mut all = self.lock();
        all.parked.get(&id).filter(|waits| waits.parked.round == round)?;
        all.parked.remove(&id).map(|waits| waits.parked)
    }

    /// Notes that a state was used which is good once. `now` and `until`, when it is good no more in any case, are in Unix
    /// seconds. Of several who come with it, one gets through.
    pub(super) fn spend(&self, id: Uuid, user: UserId, now: i64, until: i64) -> Result<(), NotSpent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner).spend(id, user, now, until)
    }

    /// Ends what `directory` does not allow any more.
    pub fn recheck(&self, directory: &Directory, is_live: impl Fn(&Principal) -> bool) {
        let mut all = self.lock();
        for one in all.open.values() {
            if !one.reach.is_open(directory, &is_live) {
                one.stop.stop(StopReason::AccessEnded);
            }
        }
        let ended: Vec<_> = all.parked.extract_if(|_, waits| !waits.reach.is_open(directory, &is_live)).collect();
        drop(all);
        // Outside of the lock: a call that is dropped tells its server.
        drop(ended);
    }

    /// The daemon is about to stop. Listens end, and so does what waits for a person; `quiet` is told when nothing else
    /// runs any more.
    pub(in crate::mcp) fn drain(&self, quiet: &Arc<Notify>) {
        let parked = {
            let mut all = self.lock();
            all.draining = Some(Arc::clone(quiet));
            for one in all.open.values() {
                match one.listen {
                    Some(_) => one.stop.stop(StopReason::Stopping),
                    None => one.stop.drain(),
                }
            }
            all.parked.values().for_each(|waits| all.stop(&waits.parked.ticket));
            std::mem::take(&mut all.parked)
        };
        // Outside of the lock: nobody polls them any more, so it is done here, for their record.
        for (_, waits) in parked {
            waits.parked.end();
        }
    }

    /// Whether no call runs.
    pub(in crate::mcp) fn is_quiet(&self) -> bool {
        self.lock().is_quiet()
    }

    /// Ends everything, and takes nothing any more.
    pub(in crate::mcp) fn end_all(&self) {
        let mut all = self.lock();
        all.closing = true;
        all.open.values().for_each(|one| one.stop.stop(StopReason::Stopping));
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
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
        if let Some(quiet) = all.draining.as_ref().filter(|_| all.is_quiet()) {
            quiet.notify_one();
        }
    }
}
