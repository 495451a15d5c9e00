//! What an operator may set about upstream connections, with defaults. Reads no file and no variable.

use std::time::Duration;

use orch_mcp::raw::Raw;
use serde::Deserialize;

use crate::address::AddressPolicy;

/// Limits and manners of upstream connections. Every field has a default, an unknown field is an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Who we say we are.
    pub identity: ClientIdentity,
    /// From the first byte to the end of the handshake, in milliseconds.
    pub handshake_timeout_ms: u64,
    /// The largest message taken from a server, in bytes.
    pub max_message_bytes: usize,
    /// Requests that one connection has open at a time; one more is refused.
    pub max_in_flight: usize,
    /// Progress notifications kept for a caller that is slow to take them; the oldest go first.
    pub progress_queue: usize,
    /// What only child processes have.
    pub stdio: StdioLimits,
    /// What only HTTP servers have.
    pub http: HttpLimits,
    /// Which addresses may be dialled.
    pub addresses: AddressPolicy,
}

impl UpstreamConfig {
    pub(crate) fn handshake_timeout(&self) -> Duration {
        Duration::from_millis(self.handshake_timeout_ms)
    }
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            identity: ClientIdentity::default(),
            handshake_timeout_ms: 30_000,
            max_message_bytes: 16 * 1024 * 1024,
            max_in_flight: 1024,
            progress_queue: 64,
            stdio: StdioLimits::default(),
            http: HttpLimits::default(),
            addresses: AddressPolicy::default(),
        }
    }
}

/// Who we say we are in the handshake.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientIdentity {
    pub name: String,
    pub version: String,
}

impl ClientIdentity {
    /// As an MCP `Implementation`.
    pub(crate) fn implementation(&self) -> Raw {
        let text = |value: &str| Raw::serialize(&value).unwrap_or_else(|_| Raw::from_static("\"\""));
        orch_mcp::object::build([("name", &text(&self.name)), ("version", &text(&self.version))])
    }
}

impl Default for ClientIdentity {
    fn default() -> Self {
        Self { name: "mcp-orchestrator".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// Limits of connections to child processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StdioLimits {
    /// Bytes that wait for a child which does not read; more are refused as busy.
    pub queue_bytes: usize,
    /// From the end of the child's input to SIGKILL, in milliseconds.
    pub stop_grace_ms: u64,
    /// With more requests open than this, writes of the same moment are gathered into one. Fewer syscalls on both
    /// sides against one more turn of the scheduler.
    pub gather_above: usize,
}

impl StdioLimits {
    pub(crate) fn stop_grace(&self) -> Duration {
        Duration::from_millis(self.stop_grace_ms)
    }
}

impl Default for StdioLimits {
    fn default() -> Self {
        Self { queue_bytes: 8 * 1024 * 1024, stop_grace_ms: 5_000, gather_above: 1 }
    }
}

/// Limits of connections to HTTP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpLimits {
    /// Name resolution, TCP and TLS together, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a connection is kept for the next request, in milliseconds. Below the five seconds after which
    /// common servers close theirs; a server that announces another time is taken at its word.
    pub idle_ms: u64,
    /// Idle connections kept for each thread.
    pub max_idle: usize,
    /// Messages that nobody waits for (cancellations, answers to the server) on their way at a time.
    pub background: usize,
}

impl HttpLimits {
    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_ms)
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { connect_timeout_ms: 10_000, idle_ms: 4_000, max_idle: 64, background: 64 }
    }
}

#[cfg(test)]
mod tests {
    use super::UpstreamConfig;

    #[test]
    fn every_field_has_a_default_and_a_typo_is_an_error() {
        assert_eq!(serde_json::from_str::<UpstreamConfig>("{}").ok(), Some(UpstreamConfig::default()));
        let some = serde_json::from_str::<UpstreamConfig>(
            r#"{"stdio":{"queue_bytes":5},"addresses":{"allow_loopback":true}}"#,
        )
        .expect("config");
        assert_eq!((some.stdio.queue_bytes, some.addresses.allow_loopback), (5, true));
        for typo in [r#"{"x":1}"#, r#"{"stdio":{"queue":1}}"#, r#"{"addresses":{"allow_all":true}}"#] {
            assert!(serde_json::from_str::<UpstreamConfig>(typo).is_err(), "{typo}");
        }
    }
}
