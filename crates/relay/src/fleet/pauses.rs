//! How failures of single clients' connections are answered: with ever longer pauses, and after too many in a row with
//! none at all. The same as for the connection that everybody shares, but for each account and each thing that a client
//! declares, as that may be why a server refuses it and shall keep nobody else out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::id::UserId;
use orch_domain::server_state::RetryPolicy;
use tokio::time::Instant;

use super::slot::Unready;
use super::wanted::Wanted;

/// Failures that nobody has added to for so long are forgotten, unless they are too many.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// More are not kept; the oldest give way.
const MOST: usize = 1024;

#[derive(Default)]
pub(super) struct Pauses(Mutex<HashMap<Whose, Pause>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Whose {
    user: Option<UserId>,
    declared: String,
}

struct Pause {
    failures: u32,
    last: Instant,
    /// Since when a connection has been there again.
    well_since: Option<Instant>,
    reason: String,
    next: Next,
}

#[derive(Clone, Copy)]
enum Next {
    At(Instant),
    /// Until a person or another configuration comes.
    Never,
}

impl Whose {
    fn of(wanted: &Wanted) -> Self {
        Self { user: wanted.user, declared: wanted.connection.declared.capabilities.as_str().to_owned() }
    }
}

impl Pauses {
    /// Whether a connection may be opened now; else says when.
    pub(super) fn check(&self, wanted: &Wanted) -> Result<(), Unready> {
        let pauses = self.lock();
        if pauses.is_empty() {
            return Ok(());
        }
        let Some(pause) = pauses.get(&Whose::of(wanted)) else { return Ok(()) };
        let reason = &pause.reason;
        match pause.next {
            Next::Never => Err(Unready::Failed(format!(
                "{reason}; it failed {} times in a row and is not started again for this account until an admin \
                 restarts the server or changes its configuration",
                pause.failures
            ))),
            Next::At(until) => match until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Ok(()),
                wait => {
                    let seconds = wait.as_secs_f64();
                    Err(Unready::Failed(format!("{reason}; the next start is possible in {seconds:.1} s")))
                }
            },
        }
    }

    /// A connection could not be opened, or ended by itself soon after.
    pub(super) fn failed(&self, wanted: &Wanted, reason: &str, retry: RetryPolicy, settled: Duration, jitter: f64) {
        let mut pauses = self.lock();
        let now = Instant::now();
        pauses.retain(|_, pause| matches!(pause.next, Next::Never) || pause.last + FORGOTTEN_AFTER > now);
        let whose = Whose::of(wanted);
        if pauses.len() >= MOST && !pauses.contains_key(&whose) {
            let oldest = pauses.iter().min_by_key(|(_, pause)| pause.last).map(|(whose, _)| whose.clone());
            oldest.and_then(|oldest| pauses.remove(&oldest));
        }
        let before = pauses.get(&whose).filter(|pause| pause.well_since.is_none_or(|since| since + settled > now));
        let failures = before.map_or(0, |pause| pause.failures).saturating_add(1);
        let next = retry.pause(failures, jitter).map_or(Next::Never, |pause| Next::At(now + pause));
        pauses.insert(whose, Pause { failures, last: now, well_since: None, reason: reason.to_owned(), next });
    }

    /// A connection is there. Whether it stays is seen later.
    pub(super) fn opened(&self, wanted: &Wanted) {
        let mut pauses = self.lock();
        if pauses.is_empty() {
            return;
        }
        if let Some(pause) = pauses.get_mut(&Whose::of(wanted)) {
            pause.well_since.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Whose, Pause>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
