//! How often lists may be read: bursts are read once, and a server that never settles ever more rarely.

use std::time::Duration;

use tokio::time::Instant;

/// Lists of one server are not read more often than this, whatever it says.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// So many changes, each soon after the other, are what a server in good order may have.
const FREE_CHANGES: u32 = 4;
/// Changes that are further apart than this have nothing to do with each other.
const UNRELATED: Duration = Duration::from_secs(60);

/// How often lists may be read.
pub(super) struct Pace {
    /// Not before.
    pub(super) next: Instant,
    changes: u32,
    last_change: Option<Instant>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { next: Instant::now(), changes: 0, last_change: None }
    }

    /// Lists were read now; `changed` says that clients are told of it.
    pub(super) fn read(&mut self, changed: bool) {
        let now = Instant::now();
        if self.last_change.is_none_or(|last| now - last > UNRELATED) {
            self.changes = 0;
        }
        if changed {
            self.changes = self.changes.saturating_add(1);
            self.last_change = Some(now);
        }
        let doubled = 2u32.saturating_pow(self.changes.saturating_sub(FREE_CHANGES).min(16));
        self.next = now + SHORTEST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_settles_is_read_ever_more_rarely() {
        let mut pace = Pace::new();
        let mut pauses = Vec::new();
        for _ in 0..14 {
            pace.read(true);
            pauses.push((pace.next - Instant::now()).as_millis());
            tokio::time::advance(pace.next - Instant::now()).await;
        }
        assert_eq!(pauses[..5], [250, 250, 250, 250, 500], "the first changes are free");
        assert_eq!(pauses[13], 30_000);
        pace.read(false);
        assert_eq!((pace.next - Instant::now()).as_secs(), 30, "one quiet look does not settle it");
        tokio::time::advance(Duration::from_secs(61)).await;
        pace.read(true);
        assert_eq!((pace.next - Instant::now()).as_millis(), 250);
    }
}
