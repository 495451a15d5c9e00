//! The role of telling the time of day. Never reads it itself: whoever makes a log brings a clock.

use std::time::SystemTime;

/// Tells the time of day for log lines. Any `Fn() -> SystemTime` is one.
pub trait Clock: Send + Sync {
    /// The time of day at this moment.
    fn now(&self) -> SystemTime;
}

impl<F> Clock for F
where
    F: Fn() -> SystemTime + Send + Sync,
{
    fn now(&self) -> SystemTime {
        self()
    }
}
