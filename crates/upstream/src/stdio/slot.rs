//! The place where one caller waits for what belongs to its request. Knows neither ids nor the pipe.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use orch_mcp::peer::{PeerError, PeerRequest, ReplyItem};
use orch_mcp::raw::Raw;

use crate::progress::{Increasing, Progress};
use crate::stdio::home;
use crate::stdio::later::Later;

/// Questions and notifications that wait for one caller.
const MOST_OTHERS: usize = 256;
/// The same in bytes, and of progress. One may be larger, and waits alone then.
const MOST_BYTES: usize = 4 * 1024 * 1024;

pub(crate) struct Slot {
    /// How many progress notifications are kept; none are wanted when zero.
    progress_limit: usize,
    /// Somebody's call, and not one of our own requests beside it.
    pub(crate) is_call: bool,
    /// The peer's own listen. One that a caller sends is a request like any other.
    pub(crate) is_listen: bool,
    pub(crate) wants_log: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    progress: Kept,
    increasing: Increasing,
    /// Questions and notifications of a connection that is one client's.
    others: Kept,
    end: Option<Result<Raw, PeerError>>,
    waiting: Option<Waiting>,
}

/// What waits for a caller, and its bytes.
#[derive(Default)]
struct Kept {
    items: VecDeque<ReplyItem>,
    bytes: usize,
}

impl Kept {
    /// Gives back what has to go for it, the oldest first.
    fn push(&mut self, item: ReplyItem, most: usize) -> Vec<ReplyItem> {
        self.bytes += size(&item);
        self.items.push_back(item);
        let mut dropped = Vec::new();
        while self.items.len() > most || (self.bytes > MOST_BYTES && self.items.len() > 1) {
            dropped.extend(self.pop());
        }
        dropped
    }

    fn pop(&mut self) -> Option<ReplyItem> {
        let item = self.items.pop_front()?;
        self.bytes -= size(&item);
        Some(item)
    }
}

fn size(item: &ReplyItem) -> usize {
    let params = match item {
        ReplyItem::Progress(params) => Some(params),
        ReplyItem::Notification(notification) => notification.params.as_ref(),
        ReplyItem::Question(question) => question.params.as_ref(),
        ReplyItem::End(_) => None,
    };
    params.map_or(0, |params| params.as_str().len())
}

/// Who waits.
struct Waiting {
    waker: Waker,
    /// Of the thread it waits on.
    wakes: Option<Arc<Later<Waker>>>,
}

impl Slot {
    pub(crate) fn new(request: &PeerRequest, progress_limit: usize) -> Self {
        Self {
            progress_limit: if request.progress { progress_limit } else { 0 },
            is_call: !is_beside(request.method.as_str()),
            is_listen: false,
            wants_log: request.log_level.is_some(),
            state: Mutex::default(),
        }
    }

    pub(crate) fn of_listen(request: &PeerRequest) -> Self {
        Self { is_listen: true, ..Self::new(request, 0) }
    }

    /// Called once, by whoever took the slot out of the table.
    pub(crate) fn finish(&self, end: Result<Raw, PeerError>) {
        let waiting = {
            let mut state = self.state();
            state.end = Some(end);
            state.waiting.take()
        };
        wake(waiting);
    }

    /// Progress that was not asked for or does not increase is dropped. A caller that does not keep up loses the
    /// oldest, because only the newest says where things stand.
    pub(crate) fn progress(&self, progress: Progress) {
        if self.progress_limit == 0 {
            return;
        }
        let waiting = {
            let mut state = self.state();
            if state.end.is_some() || !state.increasing.admits(progress.value) {
                return;
            }
            state.progress.push(ReplyItem::Progress(progress.params), self.progress_limit);
            state.waiting.take()
        };
        wake(waiting);
    }

    /// Something that belongs to this request for certain. What a caller does not take in time is dropped, the oldest
    /// first; a question that is dropped counts as not answered.
    pub(crate) fn other(&self, item: ReplyItem) {
        let (waiting, _dropped) = {
            let mut state = self.state();
            if state.end.is_some() {
                return;
            }
            let dropped = state.others.push(item, MOST_OTHERS);
            (state.waiting.take(), dropped)
        };
        wake(waiting);
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<ReplyItem> {
        let mut state = self.state();
        if let Some(item) = state.progress.pop().or_else(|| state.others.pop()) {
            return Poll::Ready(item);
        }
        if let Some(end) = state.end.take() {
            return Poll::Ready(ReplyItem::End(end));
        }
        match &mut state.waiting {
            Some(waiting) => waiting.waker.clone_from(cx.waker()),
            none => *none = Some(Waiting { waker: cx.waker().clone(), wakes: home::wakes() }),
        }
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Requests that run beside the calls of a connection, and about which a server asks nothing.
fn is_beside(method: &str) -> bool {
    matches!(
        method,
        "server/discover"
            | "subscriptions/listen"
            | "logging/setLevel"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "ping"
    ) || method.ends_with("/list")
}

/// Outside of the lock, since it may run the scheduler.
fn wake(waiting: Option<Waiting>) {
    let Some(Waiting { waker, wakes }) = waiting else { return };
    match wakes.filter(|wakes| !home::are_here(wakes)) {
        Some(wakes) => wakes.put(waker),
        None => waker.wake(),
    }
}

#[cfg(test)]
mod tests {
    use orch_mcp::peer::ReplyItem;
    use orch_mcp::raw::Raw;

    use super::{Kept, MOST_BYTES};

    #[test]
    fn what_waits_is_bounded_in_number_and_bytes() {
        for (size, sent, kept) in [(2, 13, 10), (MOST_BYTES / 8, 9, 8), (MOST_BYTES + 1, 3, 1)] {
            let mut queue = Kept::default();
            let progress = || ReplyItem::Progress(Raw::serialize(&"x".repeat(size - 2)).expect("a text"));
            let dropped: usize = (0..sent).map(|_| queue.push(progress(), 10).len()).sum();
            assert_eq!((queue.items.len(), dropped), (kept, sent - kept));
            while queue.pop().is_some() {}
            assert_eq!(queue.bytes, 0);
        }
    }
}
