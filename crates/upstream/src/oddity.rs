//! Tells the owner of a connection what was odd on it, and not so often that the telling becomes the problem.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orch_mcp::peer::{PeerEvent, PeerSink};
use tokio::time::Instant;

/// So many at once, and then one in each period.
const BURST: u32 = 20;
const PERIOD: Duration = Duration::from_secs(1);

pub(crate) struct Oddities {
    sink: Arc<dyn PeerSink>,
    budget: Mutex<Budget>,
}

struct Budget {
    left: u32,
    refilled: Instant,
    suppressed: u64,
}

impl Oddities {
    pub(crate) fn new(sink: Arc<dyn PeerSink>) -> Self {
        Self { sink, budget: Mutex::new(Budget { left: BURST, refilled: Instant::now(), suppressed: 0 }) }
    }

    /// `text` is only made when it will be told.
    pub(crate) fn report(&self, text: impl FnOnce() -> String) {
        let Some(suppressed) = self.budget.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now()) else {
            return;
        };
        let mut text = text();
        if suppressed > 0 {
            text.push_str(&format!(" ({suppressed} more were left out before)"));
        }
        self.sink.event(PeerEvent::Oddity(text));
    }
}

impl Budget {
    /// How many were suppressed before this one, or None when it is suppressed as well.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let periods = now.saturating_duration_since(self.refilled).as_secs() / PERIOD.as_secs();
        if periods > 0 {
            self.left = self.left.saturating_add(u32::try_from(periods).unwrap_or(BURST)).min(BURST);
            self.refilled = now;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Some(std::mem::take(&mut self.suppressed))
            }
            None => {
                self.suppressed += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::{BURST, Budget, PERIOD};

    #[test]
    fn counts_what_it_leaves_out() {
        let start = Instant::now();
        let mut budget = Budget { left: BURST, refilled: start, suppressed: 0 };
        for _ in 0..BURST {
            assert_eq!(budget.take(start), Some(0));
        }
        assert_eq!((budget.take(start), budget.take(start)), (None, None));
        assert_eq!(budget.take(start + PERIOD), Some(2));
        assert_eq!(budget.take(start + PERIOD), None);
    }
}
