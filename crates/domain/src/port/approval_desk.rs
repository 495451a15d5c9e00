//! Calls of this daemon that wait for somebody's approval, and those that were decided lately. Does not check
//! permission; the caller has.

use crate::approval::{Answer, Approval};
use crate::id::{ApprovalId, ProjectId, UserId};

pub trait ApprovalDesk: Send + Sync {
    /// Newest first; pending ones, and those decided lately.
    fn list(&self, project: ProjectId) -> Vec<Approval>;
    fn find(&self, id: ApprovalId) -> Option<Approval>;
    /// Lets the call go on, or refuses it. None when it does not wait any more.
    fn answer(&self, id: ApprovalId, by: UserId, answer: Answer) -> Option<Approval>;
}

/// For where no calls are made.
impl ApprovalDesk for () {
    fn list(&self, _: ProjectId) -> Vec<Approval> {
        Vec::new()
    }

    fn find(&self, _: ApprovalId) -> Option<Approval> {
        None
    }

    fn answer(&self, _: ApprovalId, _: UserId, _: Answer) -> Option<Approval> {
        None
    }
}
