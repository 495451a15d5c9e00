//! What one key, account, project or server has used.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use orch_domain::refusal::Reason;

use super::Whose;

/// When somebody has run into a limit on what runs at the same time, it is worth trying again after this long.
const BUSY_FOR: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Meter {
    bucket: ArcSwapOption<Bucket>,
    running: AtomicU32,
    /// The day in the upper half, the calls of it in the lower.
    today: AtomicU64,
}

struct Bucket {
    per_minute: u32,
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

/// A limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{whose} may {what}: try again in {} s", .retry_after.as_secs().max(1), whose = .whose.as_str())]
pub struct Limited {
    pub whose: Whose,
    pub what: Limit,
    pub retry_after: Duration,
}

/// Which limit, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    PerMinute(u32),
    Concurrent(u32),
    PerDay(u32),
}

impl Limit {
    /// The limit as it goes on record.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::PerMinute(_) => Reason::LimitPerMinute,
            Self::Concurrent(_) => Reason::LimitConcurrent,
            Self::PerDay(_) => Reason::LimitPerDay,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PerMinute(most) => write!(f, "send {most} requests a minute"),
            Self::Concurrent(most) => write!(f, "run {most} calls at the same time"),
            Self::PerDay(most) => write!(f, "make {most} calls a day"),
        }
    }
}

impl Meter {
    /// Takes one out of the bucket.
    pub(super) fn request(&self, per_minute: u32, whose: Whose) -> Result<(), Limited> {
        let Some(quota) = NonZeroU32::new(per_minute) else { return Ok(()) };
        let current = self.bucket.load_full().filter(|bucket| bucket.per_minute == per_minute);
        let bucket = current.unwrap_or_else(|| {
            // Of two that make one at the same time the later stays; a few requests more come through.
            let limiter = RateLimiter::direct(Quota::per_minute(quota));
            let made = Arc::new(Bucket { per_minute, limiter, clock: DefaultClock::default() });
            self.bucket.store(Some(Arc::clone(&made)));
            made
        });
        bucket.limiter.check().map_err(|until| Limited {
            whose,
            what: Limit::PerMinute(per_minute),
            retry_after: until.wait_time_from(bucket.clock.now()),
        })
    }

    /// Counts one call as running.
    pub(super) fn run(self: &Arc<Self>, most: u32, whose: Whose) -> Result<Running, Limited> {
        let more = |running: u32| (running < most).then_some(running + 1);
        match self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(Running(Arc::clone(self))),
            Err(_) => Err(Limited { whose, what: Limit::Concurrent(most), retry_after: BUSY_FOR }),
        }
    }

    /// Counts one call of the day.
    pub(super) fn spend(&self, most: u32, whose: Whose, day: u32, until_midnight: Duration) -> Result<(), Limited> {
        let more = |today: u64| {
            let spent = spent(today, day);
            (spent < most).then(|| pack(day, spent + 1))
        };
        match self.today.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(()),
            Err(_) => Err(Limited { whose, what: Limit::PerDay(most), retry_after: until_midnight }),
        }
    }

    /// Takes back one that was counted today: the call is not made.
    pub(super) fn give_back(&self, day: u32) {
        let less = |today: u64| Some(pack(day, spent(today, day).saturating_sub(1)));
        // It never says no.
        let _ = self.today.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    /// Adds calls of the day that were made before.
    pub(super) fn count(&self, day: u32, calls: u32) {
        let more = |today: u64| Some(pack(day, spent(today, day).saturating_add(calls)));
        // It never says no.
        let _ = self.today.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
    }
}

fn spent(today: u64, day: u32) -> u32 {
    if today >> 32 == u64::from(day) { u32::try_from(today & u64::from(u32::MAX)).unwrap_or(u32::MAX) } else { 0 }
}

fn pack(day: u32, spent: u32) -> u64 {
    (u64::from(day) << 32) | u64::from(spent)
}

/// A call that runs; over when dropped.
pub(super) struct Running(Arc<Meter>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::Whose;
    use super::{Limit, Meter};

    #[test]
    fn a_bucket_holds_a_minutes_worth_and_says_when_to_come_again() {
        let meter = Meter::default();
        for _ in 0..60 {
            meter.request(60, Whose::Key).expect("within the limit");
        }
        let limited = meter.request(60, Whose::Key).expect_err("too many");
        assert!(limited.retry_after > Duration::ZERO && limited.retry_after <= Duration::from_secs(1), "{limited}");
        assert_eq!(limited.what, Limit::PerMinute(60));
        meter.request(61, Whose::Key).expect("another limit is another bucket");
    }

    #[test]
    fn what_runs_counts_until_it_is_over() {
        let meter = Arc::new(Meter::default());
        let (one, two) = (meter.run(2, Whose::User).expect("one"), meter.run(2, Whose::User).expect("two"));
        assert_eq!(meter.run(2, Whose::User).expect_err("too many").what, Limit::Concurrent(2));
        drop(one);
        let three = meter.run(2, Whose::User).expect("there is room again");
        drop((two, three));
    }

    #[test]
    fn a_new_day_begins_at_nothing() {
        let meter = Meter::default();
        let wait = Duration::from_secs(7);
        meter.count(1, 2);
        meter.spend(3, Whose::Project, 1, wait).expect("the third");
        let limited = meter.spend(3, Whose::Project, 1, wait).expect_err("the fourth");
        assert_eq!((limited.what, limited.retry_after), (Limit::PerDay(3), wait));
        meter.spend(3, Whose::Project, 2, wait).expect("the first of the next day");
    }
}
