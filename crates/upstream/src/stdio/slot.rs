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

pub(crate) struct Slot {
    /// How many progress notifications are kept; none are wanted when zero.
    progress_limit: usize,
    /// Somebody's call, and not one of our own requests beside it.
    pub(crate) is_call: bool,
    pub(crate) wants_log: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    progress: VecDeque<Raw>,
    increasing: Increasing,
    /// Questions and notifications of a connection that is one client's.
    others: VecDeque<ReplyItem>,
    end: Option<Result<Raw, PeerError>>,
    waiting: Option<Waiting>,
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
            wants_log: request.log_level.is_some(),
            state: Mutex::default(),
        }
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
            if state.progress.len() >= self.progress_limit {
                state.progress.pop_front();
            }
            state.progress.push_back(progress.params);
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
            let dropped = if state.others.len() >= MOST_OTHERS { state.others.pop_front() } else { None };
            state.others.push_back(item);
            (state.waiting.take(), dropped)
        };
        wake(waiting);
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<ReplyItem> {
        let mut state = self.state();
        if let Some(params) = state.progress.pop_front() {
            return Poll::Ready(ReplyItem::Progress(params));
        }
        if let Some(item) = state.others.pop_front() {
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
        "subscriptions/listen" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" | "ping"
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
