//! For how long a server's lists may be kept, by its own word. Renewed in place when they are read again and are the same,
//! as nothing else of a catalog changes then. Knows no client.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::catalog::ItemKind;
use tokio::time::Instant;

use super::index;

/// Nobody keeps a list for longer, whatever a server says.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Until when each list may be kept. What was never said is over already.
#[derive(Debug, Default)]
pub(crate) struct Freshness(Mutex<[Option<Instant>; 4]>);

impl Freshness {
    /// The list was asked for at `asked`, and may be kept for `ttl` from then on.
    pub(crate) fn set(&self, kind: ItemKind, asked: Instant, ttl: Option<Duration>) {
        if let Some(until) = self.lock().get_mut(index(kind)) {
            *until = ttl.map(|ttl| asked + ttl.min(LONGEST));
        }
    }

    /// The server has said that the list changed.
    pub(crate) fn end(&self, kind: ItemKind) {
        self.set(kind, Instant::now(), None);
    }

    /// What is left, and nothing when it is over.
    pub(crate) fn left(&self, kind: ItemKind) -> Duration {
        let until = self.lock().get(index(kind)).copied().flatten();
        until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default()
    }

    /// The same lists were read again.
    pub(crate) fn renew(&self, read: &Self) {
        let read = *read.lock();
        *self.lock() = read;
    }

    /// The list is the one of another catalog.
    pub(crate) fn take_over(&self, kind: ItemKind, from: &Self) {
        let said = from.lock().get(index(kind)).copied().flatten();
        if let Some(until) = self.lock().get_mut(index(kind)) {
            *until = said;
        }
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Instant>; 4]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
