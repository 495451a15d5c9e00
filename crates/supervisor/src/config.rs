//! What an operator may set about child processes, with defaults. Reads no file and no variable.

use std::time::Duration;

use serde::Deserialize;

/// Limits on processes. Every field has a default, an unknown field is an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupervisorConfig {
    /// How many processes one launcher runs at a time; one more is refused.
    pub max_processes: usize,
    /// How long a command may take from our decision to its `exec`, in milliseconds.
    pub start_timeout_ms: u64,
    /// How long processes that outlive their command, or the daemon, have between SIGTERM and
    /// SIGKILL, in milliseconds.
    pub orphan_grace_ms: u64,
    /// Limits of each process log.
    pub log: LogLimits,
}

impl SupervisorConfig {
    pub(crate) fn start_timeout(&self) -> Duration {
        Duration::from_millis(self.start_timeout_ms)
    }

    pub(crate) fn orphan_grace(&self) -> Duration {
        Duration::from_millis(self.orphan_grace_ms)
    }
}

impl Default for SupervisorConfig {
    fn default() -> Self {
        Self { max_processes: 512, start_timeout_ms: 10_000, orphan_grace_ms: 1_000, log: LogLimits::default() }
    }
}

/// Limits of one process log; the oldest lines go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogLimits {
    /// Lines kept.
    pub lines: usize,
    /// Bytes of text kept over all lines.
    pub bytes: usize,
    /// Bytes of text kept of one line; a longer one is cut and marked.
    pub line_bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { lines: 2_000, bytes: 512 * 1024, line_bytes: 16 * 1024 }
    }
}
