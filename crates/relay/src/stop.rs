//! Ending a request early, from outside of the task that drives it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Shared by whoever may end a request and by the reply, which looks at it whenever it is polled.
#[derive(Debug, Default)]
pub struct Stop {
    reason: AtomicU8,
    waker: AtomicWaker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The client does not want the answer any more.
    Cancelled,
    /// The principal may not go on: key revoked, account or membership gone, session ended.
    AccessEnded,
}

impl Stop {
    /// The first reason counts; a later one changes nothing.
    pub fn stop(&self, reason: StopReason) {
        let code = match reason {
            StopReason::Cancelled => 1,
            StopReason::AccessEnded => 2,
        };
        if self.reason.compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.waker.wake();
        }
    }

    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        match self.reason.load(Ordering::Acquire) {
            0 => None,
            1 => Some(StopReason::Cancelled),
            _ => Some(StopReason::AccessEnded),
        }
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<StopReason> {
        self.waker.register(cx.waker());
        self.reason().map_or(Poll::Pending, Poll::Ready)
    }
}
