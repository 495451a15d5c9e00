//! What a server is doing right now, and the pure function that decides what comes next.

use std::time::Duration;

use crate::Timestamp;

/// The state of a server's process or connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// Nothing runs; the next call starts it.
    Stopped,
    /// Launched or dialled, handshake not finished.
    Starting,
    /// Handshake done.
    Ready,
    /// Failed; not tried again before `until`.
    BackingOff { until: Timestamp, failures: u32 },
    /// Switched off by an admin.
    Disabled,
}

impl ServerState {
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::BackingOff { .. } => "backing_off",
            Self::Disabled => "disabled",
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
}

/// What happened to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEvent {
    Wanted,
    HandshakeDone,
    /// The start failed, or what ran has ended by itself.
    Failed,
    /// Idle for too long, or asked to stop.
    Stopped,
    Disabled,
    Enabled,
}

/// Shortest and longest pause after failures in a row.
pub const FIRST_BACKOFF: Duration = Duration::from_millis(500);
pub const LAST_BACKOFF: Duration = Duration::from_secs(60);

/// The state after `event`. `failures` counts the failures since the last time the server was ready for a while;
/// the caller keeps it. `Wanted` while backing off starts only when the pause is over.
#[must_use]
pub fn next(state: &ServerState, event: ServerEvent, failures: u32, now: Timestamp) -> ServerState {
    match (state, event) {
        (_, ServerEvent::Disabled) => ServerState::Disabled,
        (ServerState::Disabled, ServerEvent::Enabled) => ServerState::Stopped,
        (ServerState::Disabled, _) => ServerState::Disabled,
        (ServerState::BackingOff { until, .. }, ServerEvent::Wanted) if now < *until => state.clone(),
        (ServerState::Stopped | ServerState::BackingOff { .. }, ServerEvent::Wanted) => ServerState::Starting,
        (ServerState::Starting, ServerEvent::HandshakeDone) => ServerState::Ready,
        (ServerState::Starting | ServerState::Ready, ServerEvent::Failed) => {
            ServerState::BackingOff { until: now + backoff(failures), failures }
        }
        (_, ServerEvent::Stopped) => ServerState::Stopped,
        (_, _) => state.clone(),
    }
}

/// Doubles with each failure in a row: 0.5 s, 1 s, 2 s, up to a minute. No pause for the first.
#[must_use]
pub fn backoff(failures: u32) -> Duration {
    if failures <= 1 {
        return Duration::ZERO;
    }
    FIRST_BACKOFF.saturating_mul(2u32.saturating_pow(failures.saturating_sub(2).min(16))).min(LAST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::{ServerEvent as E, ServerState as S, backoff, next};
    use crate::Timestamp;
    use std::time::Duration;

    const NOW: Timestamp = time::macros::datetime!(2026-01-01 0:00 UTC);

    #[test]
    fn follows_the_table() {
        let waiting = S::BackingOff { until: NOW + Duration::from_secs(1), failures: 3 };
        let over = S::BackingOff { until: NOW, failures: 3 };
        let table = [
            (S::Stopped, E::Wanted, S::Starting),
            (S::Starting, E::HandshakeDone, S::Ready),
            (S::Starting, E::Wanted, S::Starting),
            (S::Ready, E::Wanted, S::Ready),
            (S::Ready, E::Stopped, S::Stopped),
            (waiting.clone(), E::Wanted, waiting.clone()),
            (over, E::Wanted, S::Starting),
            (waiting, E::Disabled, S::Disabled),
            (S::Disabled, E::Wanted, S::Disabled),
            (S::Disabled, E::Failed, S::Disabled),
            (S::Disabled, E::Stopped, S::Disabled),
            (S::Disabled, E::Enabled, S::Stopped),
            (S::Ready, E::Failed, S::BackingOff { until: NOW + Duration::from_millis(500), failures: 2 }),
            (S::Stopped, E::Failed, S::Stopped),
        ];
        for (state, event, expected) in table {
            assert_eq!(next(&state, event, 2, NOW), expected, "{state:?} {event:?}");
        }
    }

    #[test]
    fn backs_off_up_to_a_minute() {
        assert_eq!(backoff(0), Duration::ZERO);
        assert_eq!(backoff(1), Duration::ZERO);
        assert_eq!(backoff(2), Duration::from_millis(500));
        assert_eq!(backoff(4), Duration::from_secs(2));
        assert_eq!(backoff(u32::MAX), Duration::from_secs(60));
    }
}
