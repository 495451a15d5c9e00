//! Which servers are not dialled for a while, because they could not be reached several times in a row. By origin, for
//! all connections of this process; kept connections are not asked, as they prove that a server is there.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::BreakerLimits;

/// More origins than this are not remembered.
const ORIGINS: usize = 4096;

static ORIGINS_IN_TROUBLE: LazyLock<Mutex<HashMap<String, Trouble>>> = LazyLock::new(Mutex::default);

/// What is known of an origin that failed.
#[derive(Debug)]
struct Trouble {
    failures: u32,
    /// Nobody dials before.
    until: Option<Instant>,
    /// Somebody is trying, and all others wait for the outcome until then.
    trial: Option<Instant>,
    last: String,
}

/// Why an origin is not dialled now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) failures: u32,
    pub(crate) again_in: Duration,
    pub(crate) last: String,
}

/// The way to one origin.
#[derive(Debug)]
pub(crate) struct Breaker {
    origin: String,
    limits: BreakerLimits,
    /// A trial that takes longer than this is somebody's who gave up.
    patience: Duration,
}

impl Breaker {
    pub(crate) fn new(origin: String, limits: BreakerLimits, patience: Duration) -> Self {
        Self { origin, limits, patience }
    }

    /// Whether the origin may be dialled now. Whoever may tells the outcome.
    pub(crate) fn admit(&self) -> Result<(), Open> {
        let mut origins = origins();
        let Some(trouble) = origins.get_mut(&self.origin) else { return Ok(()) };
        let now = Instant::now();
        let until = match (trouble.until, trouble.trial) {
            (_, Some(trial)) if trial > now => trial,
            (Some(until), _) if until > now => until,
            (Some(_), _) => {
                trouble.trial = Some(now + self.patience);
                return Ok(());
            }
            (None, _) => return Ok(()),
        };
        Err(Open { failures: trouble.failures, again_in: until - now, last: trouble.last.clone() })
    }

    pub(crate) fn succeeded(&self) {
        origins().remove(&self.origin);
    }

    pub(crate) fn failed(&self, why: &str) {
        let mut origins = origins();
        if origins.len() >= ORIGINS && !origins.contains_key(&self.origin) {
            return;
        }
        let fresh = || Trouble { failures: 0, until: None, trial: None, last: String::new() };
        let trouble = origins.entry(self.origin.clone()).or_insert_with(fresh);
        trouble.failures = trouble.failures.saturating_add(1);
        trouble.trial = None;
        why.clone_into(&mut trouble.last);
        if let Some(pause) = pause(trouble.failures, &self.limits) {
            trouble.until = Some(Instant::now() + pause);
        }
    }
}

/// How long nobody dials after so many failures in a row: doubles with each. None below the threshold.
fn pause(failures: u32, limits: &BreakerLimits) -> Option<Duration> {
    if limits.failures == 0 {
        return None;
    }
    let beyond = failures.checked_sub(limits.failures)?;
    let pause = limits.first_pause_ms.saturating_mul(1 << beyond.min(20)).min(limits.longest_pause_ms);
    Some(Duration::from_millis(pause))
}

fn origins() -> MutexGuard<'static, HashMap<String, Trouble>> {
    ORIGINS_IN_TROUBLE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Breaker, pause};
    use crate::config::BreakerLimits;

    const LIMITS: BreakerLimits = BreakerLimits { failures: 2, first_pause_ms: 1_000, longest_pause_ms: 5_000 };

    #[test]
    fn pauses_double_up_to_the_longest() {
        let seconds = |failures| pause(failures, &LIMITS).map(|pause| pause.as_secs());
        assert_eq!(
            [0, 1, 2, 3, 4, 5, u32::MAX].map(seconds),
            [None, None, Some(1), Some(2), Some(4), Some(5), Some(5)]
        );
        assert_eq!(pause(9, &BreakerLimits { failures: 0, ..LIMITS }), None);
    }

    #[tokio::test(start_paused = true)]
    async fn opens_lets_one_try_and_closes() {
        let breaker = Breaker::new("test:opens".to_owned(), LIMITS, Duration::from_secs(10));
        breaker.failed("first");
        assert_eq!(breaker.admit(), Ok(()), "one failure is none");
        breaker.failed("second");
        let open = breaker.admit().unwrap_err();
        assert_eq!((open.failures, open.last.as_str(), open.again_in.as_secs()), (2, "second", 1));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(breaker.admit(), Ok(()), "the trial");
        assert!(breaker.admit().is_err(), "only one");
        breaker.failed("third");
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert!(breaker.admit().is_err(), "the pause has doubled");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(breaker.admit(), Ok(()));
        // A trial of which nothing is heard does not keep the way closed for ever.
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(breaker.admit(), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.admit(), Ok(()));
        breaker.failed("again");
        assert_eq!(breaker.admit(), Ok(()), "counted from the start");
        breaker.succeeded();
    }
}
