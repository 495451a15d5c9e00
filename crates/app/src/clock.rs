//! The wall clock of the machine.

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
            .and_then(|at| at.replace_nanosecond(since.subsec_nanos()).ok())
            .unwrap_or_else(Timestamp::now_utc)
    }
}
