//! When a process that is to end gets which push. Decides only: no clock, no signal.

use std::time::Duration;

use tokio::time::Instant;

/// How long the keeper has to carry out a kill before the daemon does it in its place.
const FORCE_AFTER: Duration = Duration::from_secs(5);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    /// SIGTERM through the keeper.
    Terminate,
    /// SIGKILL through the keeper.
    Kill,
    /// SIGKILL past the keeper, to its group and itself.
    Force,
}

/// The pushes still to come. Times only ever move forward: an earlier end wins.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    terminate_at: Option<Instant>,
    kill_at: Option<Instant>,
    force_at: Option<Instant>,
    terminated: bool,
    killed: bool,
}

impl Ladder {
    /// Somebody wants it to end within `grace`.
    pub(crate) fn stop(&mut self, grace: Duration, now: Instant) {
        if self.killed {
            return;
        }
        if !self.terminated {
            self.terminate_at = earlier(self.terminate_at, now + grace / 2);
        }
        self.kill_at = earlier(self.kill_at, now + grace);
    }

    /// Somebody wants it to end now.
    pub(crate) fn kill(&mut self, now: Instant) {
        self.stop(Duration::ZERO, now);
    }

    /// Nobody holds it any more, and the keeper, told so, ends everything within `grace`.
    pub(crate) fn abandon(&mut self, grace: Duration, now: Instant) {
        self.terminate_at = None;
        self.kill_at = None;
        self.killed = true;
        self.force_at = earlier(self.force_at, now + grace + FORCE_AFTER);
    }

    /// The time of the next push.
    pub(crate) fn next(&self) -> Option<Instant> {
        [self.terminate_at, self.kill_at, self.force_at].into_iter().flatten().min()
    }

    /// Takes the strongest push whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Push> {
        let come = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if come(self.force_at) {
            self.force_at = None;
            Some(Push::Force)
        } else if come(self.kill_at) {
            self.kill_at = None;
            self.terminate_at = None;
            self.killed = true;
            self.force_at = Some(now + FORCE_AFTER);
            Some(Push::Kill)
        } else if come(self.terminate_at) {
            self.terminate_at = None;
            self.terminated = true;
            Some(Push::Terminate)
        } else {
            None
        }
    }

    /// Whether SIGKILL was, or may have been, ours.
    pub(crate) fn killed(&self) -> bool {
        self.killed
    }
}

fn earlier(at: Option<Instant>, other: Instant) -> Option<Instant> {
    Some(at.map_or(other, |at| at.min(other)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Ladder, Push};

    /// Steps are (seconds, grace of a stop asked at that time or none, the push then due).
    fn check(steps: &[(u64, Option<u64>, Option<Push>)]) {
        let start = Instant::now();
        let mut ladder = Ladder::default();
        for (at, stop, expected) in steps {
            let now = start + Duration::from_secs(*at);
            if let Some(grace) = stop {
                ladder.stop(Duration::from_secs(*grace), now);
            }
            assert_eq!(ladder.due(now), *expected, "after {at} s of {steps:?}");
        }
    }

    #[test]
    fn climbs_from_term_to_kill_to_force() {
        check(&[
            (0, Some(10), None),
            (4, None, None),
            (5, None, Some(Push::Terminate)),
            (6, None, None),
            (10, None, Some(Push::Kill)),
            (14, None, None),
            (15, None, Some(Push::Force)),
            (99, None, None),
        ]);
    }

    #[test]
    fn the_earliest_end_counts() {
        check(&[
            (0, Some(10), None),
            (1, Some(2), None),
            (2, None, Some(Push::Terminate)),
            (3, None, Some(Push::Kill)),
        ]);
        check(&[
            (0, Some(4), None),
            (1, Some(90), None),
            (2, None, Some(Push::Terminate)),
            (4, None, Some(Push::Kill)),
        ]);
    }

    #[test]
    fn terminates_once_and_kills_once() {
        check(&[
            (0, Some(4), None),
            (2, None, Some(Push::Terminate)),
            (3, Some(1), None),
            (4, Some(0), Some(Push::Kill)),
            (5, Some(0), None),
        ]);
    }

    #[test]
    fn no_grace_is_a_kill() {
        check(&[(0, Some(0), Some(Push::Kill)), (0, None, None)]);
    }

    #[test]
    fn an_abandoned_process_is_left_to_the_keeper_and_then_forced() {
        let now = Instant::now();
        let mut ladder = Ladder::default();
        ladder.stop(Duration::from_secs(2), now);
        ladder.abandon(Duration::from_secs(1), now);
        assert!(ladder.killed());
        assert_eq!(ladder.due(now + Duration::from_secs(5)), None);
        assert_eq!(ladder.next(), Some(now + Duration::from_secs(6)));
        assert_eq!(ladder.due(now + Duration::from_secs(6)), Some(Push::Force));
        assert_eq!(ladder.next(), None);
    }
}
