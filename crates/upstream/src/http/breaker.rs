//! Who is left alone for a while, because it has failed several times in a row: an origin that cannot be reached, or a
//! server that is reached and does not answer. By name, for all connections of this process.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::BreakerLimits;

/// With more names than this the one goes that would be forgotten first.
const NAMES: usize = 4096;

/// Nobody is remembered for longer than this after its last failure and the pause for it: many are never asked again.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// How often those are looked for that are to be forgotten.
const SWEEP: Duration = Duration::from_secs(60);

static IN_TROUBLE: LazyLock<Mutex<InTrouble>> = LazyLock::new(Mutex::default);

/// How many there are, for whoever would find none.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// All that have failed, by name.
#[derive(Debug, Default)]
struct InTrouble {
    names: HashMap<String, Trouble>,
    next_sweep: Option<Instant>,
}

impl InTrouble {
    fn find(&mut self, name: &str, now: Instant) -> Option<&mut Trouble> {
        self.sweep(now);
        self.names.get_mut(name)
    }

    fn failed(&mut self, name: &str, why: &str, limits: &BreakerLimits, now: Instant) {
        self.sweep(now);
        if self.names.len() >= NAMES && !self.names.contains_key(name) {
            let first = self.names.iter().min_by_key(|(_, trouble)| trouble.forgotten_at);
            if let Some(first) = first.map(|(name, _)| name.clone()) {
                self.names.remove(&first);
            }
        }
        let fresh = || Trouble { failures: 0, until: None, trial: None, last: String::new(), forgotten_at: now };
        let trouble = self.names.entry(name.to_owned()).or_insert_with(fresh);
        trouble.failures = trouble.failures.saturating_add(1);
        trouble.trial = None;
        why.clone_into(&mut trouble.last);
        let pause = pause(trouble.failures, limits);
        if let Some(pause) = pause {
            trouble.until = Some(now + pause);
        }
        trouble.forgotten_at = now + pause.unwrap_or_default() + REMEMBERED;
    }

    fn sweep(&mut self, now: Instant) {
        if self.next_sweep.is_none_or(|next| next <= now) {
            self.names.retain(|_, trouble| trouble.forgotten_at > now);
            self.next_sweep = Some(now + SWEEP);
        }
    }
}

/// What is known of somebody that failed.
#[derive(Debug)]
struct Trouble {
    failures: u32,
    /// Nobody tries before.
    until: Option<Instant>,
    /// Somebody is trying, and all others wait for the outcome until then.
    trial: Option<Instant>,
    last: String,
    forgotten_at: Instant,
}

/// Why nobody may try now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) failures: u32,
    pub(crate) again_in: Duration,
    pub(crate) last: String,
}

/// The way to one of them.
#[derive(Debug)]
pub(crate) struct Breaker {
    name: String,
    limits: BreakerLimits,
    /// Nobody waits longer than this for the outcome of somebody else's trial.
    patience: Duration,
}

/// Somebody who tries. Dropped without an outcome it says nothing, and lets the next one try.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    breaker: &'a Breaker,
    /// Until when others wait for this one.
    trial: Option<Instant>,
}

impl Breaker {
    pub(crate) fn new(name: String, limits: BreakerLimits, patience: Duration) -> Self {
        Self { name, limits, patience }
    }

    pub(crate) fn admit(&self) -> Result<Attempt<'_>, Open> {
        let free = Attempt { breaker: self, trial: None };
        if COUNT.load(Ordering::Relaxed) == 0 {
            return Ok(free);
        }
        let (mut all, now) = (in_trouble(), Instant::now());
        let Some(trouble) = all.find(&self.name, now) else { return Ok(free) };
        let until = match (trouble.until, trouble.trial) {
            (_, Some(trial)) if trial > now => trial,
            (Some(until), _) if until > now => until,
            (Some(_), _) => {
                let trial = Some(now + self.patience);
                trouble.trial = trial;
                return Ok(Attempt { breaker: self, trial });
            }
            (None, _) => return Ok(free),
        };
        Err(Open { failures: trouble.failures, again_in: until - now, last: trouble.last.clone() })
    }

    fn succeeded(&self) {
        if COUNT.load(Ordering::Relaxed) > 0 {
            in_trouble().names.remove(&self.name);
        }
    }

    pub(crate) fn failed(&self, why: &str) {
        in_trouble().failed(&self.name, why, &self.limits, Instant::now());
    }
}

impl Attempt<'_> {
    pub(crate) fn succeeded(mut self) {
        self.trial = None;
        self.breaker.succeeded();
    }

    pub(crate) fn failed(mut self, why: &str) {
        self.trial = None;
        self.breaker.failed(why);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.trial.is_some()
            && let Some(trouble) = in_trouble().names.get_mut(&self.breaker.name)
            // It may have taken too long, and be somebody else's by now.
            && trouble.trial == self.trial
        {
            trouble.trial = None;
        }
    }
}

/// How long nobody tries after so many failures in a row: doubles with each. None below the threshold.
fn pause(failures: u32, limits: &BreakerLimits) -> Option<Duration> {
    if limits.failures == 0 {
        return None;
    }
    let beyond = failures.checked_sub(limits.failures)?;
    let pause = limits.first_pause_ms.saturating_mul(1 << beyond.min(20)).min(limits.longest_pause_ms);
    Some(Duration::from_millis(pause))
}

/// All of them, counted again when it is given back.
fn in_trouble() -> Counted {
    Counted(IN_TROUBLE.lock().unwrap_or_else(PoisonError::into_inner))
}

struct Counted(MutexGuard<'static, InTrouble>);

impl Deref for Counted {
    type Target = InTrouble;

    fn deref(&self) -> &InTrouble {
        &self.0
    }
}

impl DerefMut for Counted {
    fn deref_mut(&mut self) -> &mut InTrouble {
        &mut self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNT.store(self.0.names.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Breaker, InTrouble, NAMES, Open, REMEMBERED, SWEEP, pause};
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

    /// The refusal, if there is one; an attempt that is admitted comes to no outcome.
    fn refused(breaker: &Breaker) -> Option<Open> {
        breaker.admit().err()
    }

    #[tokio::test(start_paused = true)]
    async fn opens_lets_one_try_and_closes() {
        let breaker = Breaker::new("test:opens".to_owned(), LIMITS, Duration::from_secs(10));
        breaker.failed("first");
        assert_eq!(refused(&breaker), None, "one failure is none");
        breaker.failed("second");
        let open = refused(&breaker).unwrap();
        assert_eq!((open.failures, open.last.as_str(), open.again_in.as_secs()), (2, "second", 1));
        tokio::time::advance(Duration::from_secs(1)).await;
        let trial = breaker.admit().unwrap();
        assert!(refused(&breaker).is_some(), "only one");
        trial.failed("third");
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert!(refused(&breaker).is_some(), "the pause has doubled");
        tokio::time::advance(Duration::from_millis(500)).await;
        let late = breaker.admit().unwrap();
        // A trial of which nothing is heard does not keep the way closed for ever.
        tokio::time::advance(Duration::from_secs(10)).await;
        let next = breaker.admit().unwrap();
        drop(late);
        assert!(refused(&breaker).is_some(), "the next one is trying");
        next.succeeded();
        assert_eq!(refused(&breaker), None);
        breaker.failed("again");
        assert_eq!(refused(&breaker), None, "counted from the start");
        breaker.admit().unwrap().succeeded();
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_forgotten_when_nothing_follows_it() {
        let breaker = Breaker::new("test:forgotten".to_owned(), LIMITS, Duration::from_secs(10));
        breaker.failed("first");
        tokio::time::advance(REMEMBERED - Duration::from_secs(1)).await;
        breaker.failed("second");
        assert!(refused(&breaker).is_some(), "in a row, however slowly");
        tokio::time::advance(Duration::from_secs(1) + REMEMBERED + SWEEP).await;
        breaker.failed("third");
        assert_eq!(refused(&breaker), None, "counted from the start");
        breaker.admit().unwrap().succeeded();
    }

    #[test]
    fn so_many_are_remembered_and_the_latest_of_them() {
        let (mut all, start) = (InTrouble::default(), Instant::now());
        for number in 0..=NAMES {
            let now = start + Duration::from_millis(u64::try_from(number).unwrap());
            all.failed(&number.to_string(), "why", &LIMITS, now);
        }
        let later = start + SWEEP;
        assert_eq!(all.names.len(), NAMES);
        assert!(all.find("0", later).is_none() && all.find("1", later).is_some());
        assert!(all.find(&NAMES.to_string(), later).is_some());
        let much_later = later + REMEMBERED + SWEEP;
        assert!(all.find("1", much_later).is_none() && all.names.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_is_given_up_leaves_its_place_to_the_next() {
        let breaker = Breaker::new("test:given-up".to_owned(), LIMITS, Duration::from_secs(10));
        breaker.failed("first");
        breaker.failed("second");
        tokio::time::advance(Duration::from_secs(1)).await;
        drop(breaker.admit().unwrap());
        breaker.admit().expect("at once").succeeded();
    }
}
