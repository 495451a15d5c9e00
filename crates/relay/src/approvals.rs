//! The desk where calls wait for somebody's approval: what waits now, and what was decided lately. In memory alone, as
//! a call does not survive its client either.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use orch_domain::approval::{Answer, Approval, ApprovalState};
use orch_domain::id::{ApprovalId, ProjectId, UserId};
use orch_domain::policy::decision::Consent;
use orch_domain::port::approval_desk::ApprovalDesk;
use orch_domain::port::call_log::CallLogError;
use orch_domain::port::clock::Clock;
use tokio::sync::oneshot;

/// Calls of one account that may wait at once.
const MAX_PER_USER: usize = 32;
/// Calls of one project that may wait at once.
const MAX_PER_PROJECT: usize = 256;
/// Decided ones that are remembered, of all projects.
const MAX_DECIDED: usize = 1000;

type Observer = Box<dyn Fn(&Approval) -> Result<(), CallLogError> + Send + Sync>;

pub struct Approvals {
    clock: Arc<dyn Clock>,
    all: Mutex<All>,
    observers: Mutex<Vec<Observer>>,
}

#[derive(Default)]
struct All {
    pending: HashMap<ApprovalId, Pending>,
    /// The latest last.
    decided: VecDeque<Approval>,
}

struct Pending {
    approval: Approval,
    answer: oneshot::Sender<Decided>,
}

pub(crate) enum Decided {
    Approved(Consent),
    Denied,
}

/// A call that does not wait any more.
struct Closed {
    approval: Approval,
    answer: oneshot::Sender<Decided>,
    recorded: Result<(), CallLogError>,
}

/// Why a call cannot wait.
#[derive(Debug)]
pub(crate) enum NoSeat {
    /// Too many wait already.
    Crowded {
        limit: usize,
    },
    NotRecorded(CallLogError),
}

impl Approvals {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, all: Mutex::default(), observers: Mutex::default() }
    }

    /// Has `observer` called whenever a call begins to wait and when it is decided. It must not wait for anything but
    /// a disk. When it fails, the call does not begin to wait, or is not made by its own caller's word.
    pub fn observe(&self, observer: impl Fn(&Approval) -> Result<(), CallLogError> + Send + Sync + 'static) {
        self.observers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(observer));
    }

    /// Takes a call in.
    pub(crate) fn ask(self: &Arc<Self>, approval: Approval) -> Result<Seat, NoSeat> {
        let (sender, answer) = oneshot::channel();
        let (id, user, project) = (approval.id, approval.user_id, approval.project_id);
        {
            let mut all = self.lock();
            let count =
                |same: &dyn Fn(&Approval) -> bool| all.pending.values().filter(|one| same(&one.approval)).count();
            for (limit, waiting) in [
                (MAX_PER_USER, count(&|one| one.user_id == user)),
                (MAX_PER_PROJECT, count(&|one| one.project_id == project)),
            ] {
                if waiting >= limit {
                    return Err(NoSeat::Crowded { limit });
                }
            }
            all.pending.insert(id, Pending { approval: approval.clone(), answer: sender });
        }
        if let Err(error) = self.tell(&approval) {
            self.lock().pending.remove(&id);
            return Err(NoSeat::NotRecorded(error));
        }
        Ok(Seat { desk: Arc::clone(self), id, user, answer })
    }

    /// Takes a call off the desk. None when it is not there any more.
    fn close(&self, id: ApprovalId, state: ApprovalState, by: Option<UserId>) -> Option<Closed> {
        let now = self.clock.now();
        let (approval, answer) = {
            let mut all = self.lock();
            let Pending { approval, answer } = all.pending.remove(&id)?;
            // What it wanted to do is nobody's business any more.
            let approval = Approval { state, decided_at: Some(now), decided_by: by, arguments: None, ..approval };
            if all.decided.len() >= MAX_DECIDED {
                all.decided.pop_front();
            }
            all.decided.push_back(approval.clone());
            (approval, answer)
        };
        let recorded = self.tell(&approval);
        Some(Closed { approval, answer, recorded })
    }

    /// Tells all observers, and gives the first failure.
    fn tell(&self, approval: &Approval) -> Result<(), CallLogError> {
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        observers.iter().map(|observer| observer(approval)).fold(Ok(()), Result::and)
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApprovalDesk for Approvals {
    fn list(&self, project: ProjectId) -> Vec<Approval> {
        let all = self.lock();
        let pending = all.pending.values().map(|one| &one.approval);
        let mut found: Vec<Approval> =
            pending.chain(&all.decided).filter(|one| one.project_id == project).cloned().collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.id));
        found
    }

    fn find(&self, id: ApprovalId) -> Option<Approval> {
        let all = self.lock();
        let pending = all.pending.get(&id).map(|one| &one.approval);
        pending.or_else(|| all.decided.iter().find(|one| one.id == id)).cloned()
    }

    fn answer(&self, id: ApprovalId, by: UserId, answer: Answer) -> Option<Approval> {
        let (state, decided) = match answer {
            Answer::Approve(consent) => (ApprovalState::Approved, Decided::Approved(consent)),
            Answer::Deny => (ApprovalState::Denied, Decided::Denied),
        };
        // What people say is on record before it is said here, so nothing depends on the observers.
        let closed = self.close(id, state, Some(by))?;
        // The call may have ended in this moment, and then nobody needs the answer.
        let _ = closed.answer.send(decided);
        Some(closed.approval)
    }
}

impl std::fmt::Debug for Approvals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Approvals").finish_non_exhaustive()
    }
}

/// A call's place at the desk. Given up, the call counts as cancelled.
pub(crate) struct Seat {
    desk: Arc<Approvals>,
    id: ApprovalId,
    user: UserId,
    answer: oneshot::Receiver<Decided>,
}

impl Seat {
    /// What somebody has said.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Decided> {
        match Pin::new(&mut self.answer).poll(cx) {
            Poll::Ready(Ok(decided)) => Poll::Ready(decided),
            // Nobody can answer any more who has not.
            Poll::Ready(Err(_)) => Poll::Ready(Decided::Denied),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The caller itself has agreed. False when somebody else has decided meanwhile, which is about to be heard.
    pub(crate) fn confirm(&self) -> Result<bool, CallLogError> {
        let Some(closed) = self.desk.close(self.id, ApprovalState::Approved, Some(self.user)) else { return Ok(false) };
        if closed.recorded.is_err()
            && let Some(kept) = self.desk.lock().decided.iter_mut().rfind(|kept| kept.id == self.id)
        {
            kept.state = ApprovalState::Cancelled;
        }
        closed.recorded.map(|()| true)
    }

    /// The caller itself does not want it.
    pub(crate) fn decline(&self) {
        self.desk.close(self.id, ApprovalState::Denied, Some(self.user));
    }

    pub(crate) fn expire(&self) {
        self.desk.close(self.id, ApprovalState::Expired, None);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Of one that is decided nothing is there any more.
        self.desk.close(self.id, ApprovalState::Cancelled, None);
    }
}
