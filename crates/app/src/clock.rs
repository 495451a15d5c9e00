//! The wall clock of the machine, in whole microseconds: what is stored keeps no more, and an answer to a write shows
//! the same time as what is read later.

use std::time::SystemTime;

use orch_domain::Timestamp;
use orch_domain::port::clock::Clock;

#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the wall clock is read")]
    fn now(&self) -> Timestamp {
        // Read several times for each call, and `now_utc` gets here by the longer way of adding a duration to a date.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs())
            .ok()
            .and_then(|seconds| Timestamp::from_unix_timestamp(seconds).ok())
            .and_then(|at| at.replace_microsecond(since.subsec_micros()).ok())
            .unwrap_or_else(|| Timestamp::now_utc().truncate_to_microsecond())
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::port::clock::Clock;

    use super::SystemClock;

    #[test]
    fn shows_no_more_than_is_stored() {
        // A clock that shows nanoseconds shows whole microseconds once in a thousand times.
        assert!((0..20).all(|_| SystemClock.now().nanosecond().is_multiple_of(1000)));
    }
}
