//! A clock that stands still until it is told to go on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::port::clock::Clock;
use time::macros::datetime;

/// Clones show the same time.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<Mutex<Timestamp>>);

impl FixedClock {
    /// When tests begin, unless they say otherwise. In whole microseconds, as stores keep times.
    pub const START: Timestamp = datetime!(2026-01-02 03:04:05.678901 UTC);

    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::at(Self::START)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
