//! The requests that wait for an answer, by our id. The only place that says which answer is whose. Never delivers.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::stdio::end::End;
use crate::stdio::slot::Slot;

/// So many given-up requests are remembered, so that their late answers are not reported as odd.
const REMEMBERED: usize = 1024;

#[derive(Default)]
pub(crate) struct Table {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Arc<Slot>, BuildHasherDefault<IdHasher>>,
    given_up: VecDeque<u64>,
    end: Option<End>,
}

/// Why a request was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    Full,
    Ended(End),
}

/// What an answer's id means.
pub(crate) enum Claimed {
    Waiting(Arc<Slot>),
    GivenUp,
    Unknown,
}

impl Table {
    /// Takes a request in, and says how many there are now.
    pub(crate) fn admit(&self, id: u64, slot: Arc<Slot>, limit: usize) -> Result<usize, NotAdmitted> {
        let mut state = self.state();
        if let Some(end) = state.end {
            return Err(NotAdmitted::Ended(end));
        }
        if state.waiting.len() >= limit {
            return Err(NotAdmitted::Full);
        }
        state.waiting.insert(id, slot);
        Ok(state.waiting.len())
    }

    /// The request is answered; it is in the table no more.
    pub(crate) fn claim(&self, id: u64) -> Claimed {
        let mut state = self.state();
        if let Some(slot) = state.waiting.remove(&id) {
            return Claimed::Waiting(slot);
        }
        match state.given_up.iter().position(|given_up| *given_up == id) {
            Some(index) => {
                state.given_up.swap_remove_back(index);
                Claimed::GivenUp
            }
            None => Claimed::Unknown,
        }
    }

    /// The request, which stays.
    pub(crate) fn find(&self, id: u64) -> Option<Arc<Slot>> {
        self.state().waiting.get(&id).cloned()
    }

    /// The call that waits, if it is the only one.
    pub(crate) fn only(&self) -> Option<Arc<Slot>> {
        let state = self.state();
        let mut calls = state.waiting.values().filter(|slot| slot.is_call);
        let only = calls.next()?;
        calls.next().is_none().then(|| Arc::clone(only))
    }

    /// The latest of the calls that wait.
    pub(crate) fn latest(&self) -> Option<Arc<Slot>> {
        let state = self.state();
        let calls = state.waiting.iter().filter(|(_, slot)| slot.is_call);
        calls.max_by_key(|(id, _)| **id).map(|(_, slot)| Arc::clone(slot))
    }

    /// Nobody waits for the answer any more. False when it was there already.
    pub(crate) fn give_up(&self, id: u64) -> bool {
        let mut state = self.state();
        if state.waiting.remove(&id).is_none() {
            return false;
        }
        if state.given_up.len() >= REMEMBERED {
            state.given_up.pop_front();
        }
        state.given_up.push_back(id);
        true
    }

    /// The request was never sent.
    pub(crate) fn retract(&self, id: u64) {
        self.state().waiting.remove(&id);
    }

    /// No request is taken in any more; those that wait come out. The first end counts.
    pub(crate) fn end(&self, end: End) -> Vec<Arc<Slot>> {
        let mut state = self.state();
        state.end.get_or_insert(end);
        state.waiting.drain().map(|(_, slot)| slot).collect()
    }

    pub(crate) fn ended(&self) -> Option<End> {
        self.state().end
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids are our own counter, so spreading them is enough.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        // The golden ratio: neighbours end up far apart, in the high bits as well.
        self.0 = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
