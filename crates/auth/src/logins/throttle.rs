//! Slows down guessing of passwords, per account and per client address. Pure but for its own counts; knows neither
//! passwords nor whether an account exists, and so cannot tell.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::Timestamp;

/// Counts of this process only: they are forgotten at a restart, and each replica has its own.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    accounts: HashMap<String, Count>,
    addresses: HashMap<IpAddr, Count>,
    asking: HashMap<Option<IpAddr>, Count>,
}

/// What one attempt is counted under.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// The account's name as it was typed, in one spelling; it need not exist.
    pub(super) account: String,
    pub(super) address: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    last: Timestamp,
}

/// How patient we are.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Failures without any delay.
    free: u32,
    longest: Duration,
}

/// The longest delay is short: otherwise anybody could keep the owner out by failing on purpose.
const PER_ACCOUNT: Rule = Rule { free: 5, longest: Duration::from_secs(60) };
/// Many people may share an address, so more is free; a guesser's is then shut for long.
const PER_ADDRESS: Rule = Rule { free: 20, longest: Duration::from_secs(15 * 60) };

/// Everybody behind a proxy that nobody has told us about; a flood is slowed down, a few people are not.
const ASKING_WITHOUT_ADDRESS: Rule = Rule { free: 60, longest: Duration::from_secs(10) };

const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// Of accounts and of addresses each; beyond, the least suspicious are forgotten.
const MOST_COUNTS: usize = 10_000;

impl Throttle {
    /// Lets an attempt through or says how long to wait. An attempt that is let through counts as failed until
    /// [`Self::forgive`] says otherwise, so that many at once do not slip through before the first has failed.
    pub(super) fn admit(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Duration> {
        let mut counts = self.lock();
        let address = attempt.address.map(network);
        let account_wait = PER_ACCOUNT.wait(counts.accounts.get(&attempt.account), now);
        let address_wait = PER_ADDRESS.wait(address.and_then(|address| counts.addresses.get(&address)), now);
        if let Some(wait) = account_wait.max(address_wait) {
            return Err(wait);
        }
        add(&mut counts.accounts, attempt.account.clone(), now);
        if let Some(address) = address {
            add(&mut counts.addresses, address, now);
        }
        Ok(())
    }

    /// Like [`Self::admit`], for who asks for something without naming an account to get into; who has no address
    /// shares one count with all others like that.
    pub(super) fn admit_asking(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        let mut counts = self.lock();
        let key = address.map(network);
        let rule = if key.is_some() { PER_ADDRESS } else { ASKING_WITHOUT_ADDRESS };
        let wait = rule.wait(counts.asking.get(&key), now);
        if wait.is_none() {
            add(&mut counts.asking, key, now);
        }
        wait.map_or(Ok(()), Err)
    }

    /// The attempt succeeded: the account starts afresh. The address only gets this attempt back; otherwise one
    /// good password would buy any number of guesses at others.
    pub(super) fn forgive(&self, attempt: &Attempt) {
        let mut counts = self.lock();
        counts.accounts.remove(&attempt.account);
        take_back(&mut counts.addresses, attempt.address.map(network).as_ref());
    }

    /// The attempt came to nothing for a reason of ours: it does not count.
    pub(super) fn disregard(&self, attempt: &Attempt) {
        let mut counts = self.lock();
        take_back(&mut counts.accounts, Some(&attempt.account));
        take_back(&mut counts.addresses, attempt.address.map(network).as_ref());
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    /// The time still to wait; None when there is none.
    fn wait(self, count: Option<&Count>, now: Timestamp) -> Option<Duration> {
        let count = count?;
        let open_at = count.last + self.delay(count.failures);
        Duration::try_from(open_at - now).ok().filter(|wait| !wait.is_zero())
    }

    /// One second after the last free failure, doubling with each further one.
    fn delay(self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => Duration::from_secs(2_u64.saturating_pow(over)).min(self.longest),
        }
    }
}

fn add<K: Hash + Eq + Clone>(counts: &mut HashMap<K, Count>, key: K, now: Timestamp) {
    if counts.len() >= MOST_COUNTS && !counts.contains_key(&key) {
        make_room(counts, now);
    }
    let count = counts.entry(key).or_insert(Count { failures: 0, last: now });
    if now - count.last > FORGOTTEN_AFTER {
        count.failures = 0;
    }
    count.failures = count.failures.saturating_add(1);
    count.last = now;
}

fn take_back<K: Hash + Eq>(counts: &mut HashMap<K, Count>, key: Option<&K>) {
    let Some(key) = key else { return };
    let Some(count) = counts.get_mut(key) else { return };
    count.failures = count.failures.saturating_sub(1);
    if count.failures == 0 {
        counts.remove(key);
    }
}

/// Forgets the old, and if that is not enough the tenth with the fewest failures, oldest first.
fn make_room<K: Hash + Eq + Clone>(counts: &mut HashMap<K, Count>, now: Timestamp) {
    counts.retain(|_, count| now - count.last <= FORGOTTEN_AFTER);
    if counts.len() < MOST_COUNTS {
        return;
    }
    let mut ranked: Vec<(u32, Timestamp, K)> =
        counts.iter().map(|(key, count)| (count.failures, count.last, key.clone())).collect();
    ranked.sort_unstable_by_key(|(failures, last, _)| (*failures, *last));
    for (_, _, key) in ranked.into_iter().take(MOST_COUNTS / 10) {
        counts.remove(&key);
    }
}

/// An IPv6 customer owns a whole /64 and can change its address at will, so that is what counts.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
