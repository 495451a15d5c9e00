//! Ending a request early, from outside of the task that drives it.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use crate::error::CallError;

/// Shared by whoever may end a request and by the reply, which looks at it whenever it is polled.
#[derive(Debug, Default)]
pub struct Stop {
    reason: AtomicU8,
    draining: AtomicBool,
    waker: AtomicWaker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The client does not want the answer any more.
    Cancelled,
    /// The principal may not go on: key revoked, account or membership gone, session ended.
    AccessEnded,
    /// The daemon stops, and does not wait any longer.
    Stopping,
}

impl StopReason {
    /// What the client is told of a request that no server has; None when it is told nothing.
    pub(crate) const fn error(self) -> Option<CallError> {
        match self {
            Self::Cancelled => None,
            Self::AccessEnded => Some(CallError::AccessEnded),
            Self::Stopping => Some(CallError::Stopping),
        }
    }

    /// The same of a request that has been sent to a server.
    pub(crate) const fn error_of_sent(self) -> Option<CallError> {
        match self {
            Self::Stopping => Some(CallError::CutOff),
            Self::Cancelled | Self::AccessEnded => self.error(),
        }
    }
}

impl Stop {
    /// The first reason counts; a later one changes nothing.
    pub fn stop(&self, reason: StopReason) {
        let code = match reason {
            StopReason::Cancelled => 1,
            StopReason::AccessEnded => 2,
            StopReason::Stopping => 3,
        };
        if self.reason.compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.waker.wake();
        }
    }

    /// The daemon is about to stop. What is being done goes on; what waits for a person to agree ends, as nobody knows
    /// how long that would take.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.waker.wake();
    }

    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        match self.reason.load(Ordering::Acquire) {
            0 => None,
            1 => Some(StopReason::Cancelled),
            2 => Some(StopReason::AccessEnded),
            _ => Some(StopReason::Stopping),
        }
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<StopReason> {
        self.waker.register(cx.waker());
        self.reason().map_or(Poll::Pending, Poll::Ready)
    }

    /// The same for what waits for a person.
    pub(crate) fn poll_waiting(&self, cx: &Context<'_>) -> Poll<StopReason> {
        match self.poll(cx) {
            Poll::Pending if self.draining.load(Ordering::Acquire) => Poll::Ready(StopReason::Stopping),
            polled => polled,
        }
    }
}
