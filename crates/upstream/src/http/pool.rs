//! Connections that wait for their next request. Kept apart by thread, because a connection is driven by the runtime
//! that made it, and each thread of the daemon has its own. Makes no connection.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::http::link::{Link, Settled};

/// More threads than this share.
const SHARDS: usize = 32;

/// So many connections are looked at before a new one is made.
const TRIES: usize = 4;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS);
}

pub(crate) struct Pool {
    shards: Vec<Mutex<VecDeque<Parked>>>,
    max_idle: usize,
}

struct Parked {
    link: Box<Link>,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(max_idle: usize) -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), max_idle }
    }

    /// A connection that was just seen to be alive.
    pub(crate) fn take(&self) -> Option<Box<Link>> {
        let mut unfinished = None;
        let mut taken = None;
        for _ in 0..TRIES {
            let Some(mut parked) = self.shard()?.pop_back() else { break };
            if parked.since.elapsed() >= parked.link.idle() {
                // Those in front have waited even longer.
                self.shard()?.clear();
                break;
            }
            match parked.link.settle() {
                Settled::Ready => {
                    taken = Some(parked.link);
                    break;
                }
                Settled::Unfinished => unfinished = unfinished.or(Some(parked)),
                Settled::Over => {}
            }
        }
        if let Some(parked) = unfinished {
            // Behind all others, for the next look.
            self.shard()?.push_front(parked);
        }
        taken
    }

    /// Keeps a connection after an exchange.
    pub(crate) fn park(&self, mut link: Box<Link>) {
        if link.settle() == Settled::Over {
            return;
        }
        let Some(mut shard) = self.shard() else { return };
        if shard.len() >= self.max_idle {
            shard.pop_front();
        }
        shard.push_back(Parked { link, since: Instant::now() });
    }

    /// Closes what has waited too long, and what the server has closed.
    pub(crate) fn sweep(&self) {
        for shard in &self.shards {
            let expired: VecDeque<Parked> = {
                let mut shard = lock(shard);
                let (kept, expired) = std::mem::take(&mut *shard)
                    .into_iter()
                    .partition(|parked: &Parked| parked.since.elapsed() < parked.link.idle());
                *shard = kept;
                expired
            };
            drop(expired);
        }
    }

    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let all = std::mem::take(&mut *lock(shard));
            drop(all);
        }
    }

    /// Of this thread.
    fn shard(&self) -> Option<MutexGuard<'_, VecDeque<Parked>>> {
        self.shards.get(SHARD.get()).map(lock)
    }
}

fn lock(shard: &Mutex<VecDeque<Parked>>) -> MutexGuard<'_, VecDeque<Parked>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
