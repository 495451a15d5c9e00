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
    /// Limits of the logs on disk.
    pub log_disk: LogDisk,
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
        Self {
            max_processes: 512,
            start_timeout_ms: 10_000,
            orphan_grace_ms: 1_000,
            log: LogLimits::default(),
            log_disk: LogDisk::default(),
        }
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
    /// What is printed faster than this for long is left out.
    pub bytes_per_second: u64,
}

impl LogLimits {
    /// What may be printed at once after a while of silence.
    pub(crate) fn burst(&self) -> u64 {
        self.bytes_per_second.saturating_mul(4)
    }
}

/// Limits of the logs on disk; the oldest parts go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogDisk {
    /// Bytes kept of all logs together.
    pub total_bytes: u64,
    /// Bytes kept of one log, unless it has a limit of its own.
    pub log_bytes: u64,
}

impl Default for LogDisk {
    fn default() -> Self {
        Self { total_bytes: 512 * 1024 * 1024, log_bytes: 4 * 1024 * 1024 }
    }
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { lines: 2_000, bytes: 512 * 1024, line_bytes: 16 * 1024, bytes_per_second: 256 * 1024 }
    }
}
