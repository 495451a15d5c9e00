//! What a server is doing right now, and the pure function that decides what comes next.

use std::time::Duration;

use crate::Timestamp;

/// The state of a server's process or connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// Nothing runs; the next call starts it.
    Stopped,
    /// Launched or dialled; handshake or lists not there yet.
    Starting,
    /// Handshake done and lists fetched.
    Ready,
    /// It runs, and does not answer as it should: a check or a list is overdue. Restarted when that goes on.
    Degraded,
    /// Failed; not tried again before `until`.
    BackingOff { until: Timestamp, failures: u32 },
    /// Failed too often in a row; not tried again before somebody restarts it or changes its configuration.
    CrashLooping { failures: u32 },
    /// It answers, and not as a server that can be used, or the instance forbids to start it as it is; waits like
    /// [`Self::CrashLooping`].
    Incompatible,
    /// Stopped by an admin; waits until an admin starts it or changes its configuration.
    StoppedByAdmin,
    /// Switched off in its configuration.
    Disabled,
}

impl ServerState {
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::BackingOff { .. } => "backing_off",
            Self::CrashLooping { .. } => "crash_looping",
            Self::Incompatible => "incompatible",
            Self::StoppedByAdmin => "stopped_by_admin",
            Self::Disabled => "disabled",
        }
    }

    /// Whether something runs, or is about to.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self, Self::Starting | Self::Ready | Self::Degraded)
    }

    /// Whether only a person, or another configuration, gets the server out of it.
    #[must_use]
    pub const fn waits_for_a_person(&self) -> bool {
        matches!(self, Self::CrashLooping { .. } | Self::Incompatible | Self::StoppedByAdmin | Self::Disabled)
    }

    /// Whether it cannot be used as it should be.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        matches!(self, Self::Degraded | Self::BackingOff { .. } | Self::CrashLooping { .. } | Self::Incompatible)
    }

    /// How often it has failed in a row; None where that is not counted.
    #[must_use]
    pub const fn failures(&self) -> Option<u32> {
        match self {
            Self::BackingOff { failures, .. } | Self::CrashLooping { failures } => Some(*failures),
            _ => None,
        }
    }

    /// When it is tried again by itself.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::BackingOff { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// What a person can do about it, or what happens by itself.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::Stopped => "the next call starts it",
            Self::Starting => "wait until it has answered",
            Self::Ready => "nothing to do",
            Self::Degraded => "it is restarted if it does not recover; look into its log",
            Self::BackingOff { .. } => "it is tried again after the pause; look into its log",
            Self::CrashLooping { .. } => "look into its log, then change its configuration or restart it",
            Self::Incompatible => "change its configuration to what can be used here, or restart it",
            Self::StoppedByAdmin => "start it, or restart it",
            Self::Disabled => "enable it",
        }
    }
}

/// A server's state with what a person wants to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStatus {
    pub state: ServerState,
    /// When this state began.
    pub since: Timestamp,
    /// The last failure in plain words, without secrets.
    pub reason: Option<String>,
    pub pid: Option<u32>,
    /// Negotiated protocol revision, such as `2025-11-25`.
    pub revision: Option<String>,
    /// What the upstream calls itself: name and version.
    pub implementation: Option<String>,
    pub calls_in_flight: u32,
    /// Processes or connections that belong to single principals or sessions.
    pub own_connections: u32,
    /// When its lists were last read; None when never.
    pub lists_read: Option<Timestamp>,
    /// The lists are the last good ones: it could not be asked since it last failed or was changed.
    pub lists_stale: bool,
}

impl ServerStatus {
    /// Of a server that nothing is known of.
    #[must_use]
    pub const fn new(state: ServerState, since: Timestamp) -> Self {
        Self {
            state,
            since,
            reason: None,
            pid: None,
            revision: None,
            implementation: None,
            calls_in_flight: 0,
            own_connections: 0,
            lists_read: None,
            lists_stale: false,
        }
    }
}

/// What happened to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEvent {
    /// A call, or the wish to be always on.
    Wanted,
    /// The handshake is done and every list that was promised is there.
    ListsFetched,
    /// A list or a check is overdue.
    Suspect,
    /// The start failed, or what ran has ended; `pause` says when it may be tried again, None never by itself.
    Failed {
        failures: u32,
        pause: Option<Duration>,
    },
    /// It answered as no server does that can be used, or may not be started as it is.
    Incompatible,
    /// Idle for too long, or about to be replaced.
    Stopped,
    /// An admin stopped it.
    StoppedByAdmin,
    /// An admin started it, or its configuration is another one: what was before does not count.
    Reset,
    Disabled,
    Enabled,
}

/// The state after `event`. `Wanted` while backing off starts only when the pause is over.
#[must_use]
pub fn next(state: &ServerState, event: ServerEvent, now: Timestamp) -> ServerState {
    use ServerEvent as E;
    use ServerState as S;
    match (state, event) {
        (_, E::Disabled) => S::Disabled,
        (S::Disabled, E::Enabled) => S::Stopped,
        (S::Disabled, _) => S::Disabled,
        (_, E::StoppedByAdmin) => S::StoppedByAdmin,
        (
            S::Stopped | S::BackingOff { .. } | S::CrashLooping { .. } | S::Incompatible | S::StoppedByAdmin,
            E::Reset,
        ) => S::Stopped,
        (S::BackingOff { until, .. }, E::Wanted) if now < *until => state.clone(),
        (S::Stopped | S::BackingOff { .. }, E::Wanted) => S::Starting,
        (S::Starting | S::Degraded, E::ListsFetched) => S::Ready,
        (S::Starting | S::Ready, E::Suspect) => S::Degraded,
        (S::Starting, E::Incompatible) => S::Incompatible,
        (S::Starting | S::Ready | S::Degraded, E::Failed { failures, pause: Some(pause) }) => {
            S::BackingOff { until: now + pause, failures }
        }
        (S::Starting | S::Ready | S::Degraded, E::Failed { failures, pause: None }) => S::CrashLooping { failures },
        (S::Starting | S::Ready | S::Degraded | S::Stopped | S::BackingOff { .. }, E::Stopped) => S::Stopped,
        (_, _) => state.clone(),
    }
}

/// How failures in a row are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// So many failures in a row are a crash loop; None for what is dialled, which comes back without our doing.
    pub give_up_after: Option<u32>,
}

impl RetryPolicy {
    /// The pause after so many failures in a row; None when it is not tried again by itself. There is none after the
    /// first one, then it doubles. `jitter` from 0 to 1 takes up to a fifth off, so that what failed together does
    /// not start together.
    #[must_use]
    pub fn pause(&self, failures: u32, jitter: f64) -> Option<Duration> {
        if self.give_up_after.is_some_and(|most| failures >= most) {
            return None;
        }
        if failures <= 1 {
            return Some(Duration::ZERO);
        }
        let doubled = 2u32.saturating_pow(failures.saturating_sub(2).min(16));
        let full = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        Some(full.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 5.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{RetryPolicy, ServerEvent as E, ServerState as S, next};
    use crate::Timestamp;
    use std::time::Duration;

    const NOW: Timestamp = time::macros::datetime!(2026-01-01 0:00 UTC);
    const PAUSE: Duration = Duration::from_secs(1);
    const FAILED: E = E::Failed { failures: 2, pause: Some(PAUSE) };
    const FAILED_FOR_GOOD: E = E::Failed { failures: 8, pause: None };

    fn waiting() -> S {
        S::BackingOff { until: NOW + PAUSE, failures: 2 }
    }

    /// Every state with every event.
    #[test]
    fn follows_the_table() {
        let over = S::BackingOff { until: NOW, failures: 2 };
        let looping = S::CrashLooping { failures: 8 };
        let (stopped, starting, ready, degraded) = (S::Stopped, S::Starting, S::Ready, S::Degraded);
        let (wrong, held, off) = (S::Incompatible, S::StoppedByAdmin, S::Disabled);
        let states =
            [&stopped, &starting, &ready, &degraded, &waiting(), &over, &looping, &wrong, &held, &off].map(S::clone);
        let [stopped, starting, ready, degraded, waiting, over, looping, wrong, held, off] = states.clone();
        let again = waiting.clone();
        #[rustfmt::skip]
        let table: [(E, [&S; 10]); 11] = [
            //                  stopped    starting   ready      degraded   waiting    over       looping    wrong    held     off
            (E::Wanted,        [&starting, &starting, &ready,    &degraded, &waiting,  &starting, &looping,  &wrong,  &held,   &off]),
            (E::ListsFetched,  [&stopped,  &ready,    &ready,    &ready,    &waiting,  &over,     &looping,  &wrong,  &held,   &off]),
            (E::Suspect,       [&stopped,  &degraded, &degraded, &degraded, &waiting,  &over,     &looping,  &wrong,  &held,   &off]),
            (FAILED,           [&stopped,  &again,    &again,    &again,    &waiting,  &over,     &looping,  &wrong,  &held,   &off]),
            (FAILED_FOR_GOOD,  [&stopped,  &looping,  &looping,  &looping,  &waiting,  &over,     &looping,  &wrong,  &held,   &off]),
            (E::Incompatible,  [&stopped,  &wrong,    &ready,    &degraded, &waiting,  &over,     &looping,  &wrong,  &held,   &off]),
            (E::Stopped,       [&stopped,  &stopped,  &stopped,  &stopped,  &stopped,  &stopped,  &looping,  &wrong,  &held,   &off]),
            (E::StoppedByAdmin,[&held,     &held,     &held,     &held,     &held,     &held,     &held,     &held,   &held,   &off]),
            (E::Reset,         [&stopped,  &starting, &ready,    &degraded, &stopped,  &stopped,  &stopped,  &stopped,&stopped,&off]),
            (E::Disabled,      [&off;10]),
            (E::Enabled,       [&stopped,  &starting, &ready,    &degraded, &waiting,  &over,     &looping,  &wrong,  &held,   &stopped]),
        ];
        for (event, expected) in table {
            for (state, expected) in states.iter().zip(expected) {
                assert_eq!(next(state, event, NOW), *expected, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn pauses_double_and_end_in_a_crash_loop() {
        let policy = RetryPolicy {
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
            give_up_after: Some(8),
        };
        let table = [(0, Some(0)), (1, Some(0)), (2, Some(500)), (4, Some(2000)), (7, Some(16_000)), (8, None)];
        for (failures, expected) in table {
            assert_eq!(policy.pause(failures, 0.0), expected.map(Duration::from_millis), "{failures}");
        }
        let remote = RetryPolicy { give_up_after: None, ..policy };
        assert_eq!(remote.pause(u32::MAX, 0.0), Some(Duration::from_secs(60)));
        assert_eq!(remote.pause(2, 1.0), Some(Duration::from_millis(400)));
        for jitter in [0.1, 0.5, 0.9] {
            let pause = remote.pause(6, jitter).expect("a pause");
            assert!(pause > Duration::from_millis(6400) && pause < Duration::from_secs(8), "{pause:?}");
        }
    }
}
