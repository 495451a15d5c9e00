//! What an operator may set about upstream connections, with defaults. Reads no file and no variable.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use orch_mcp::raw::Raw;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Host;

use crate::address::AddressPolicy;
use crate::http;

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
    /// The way out, where it leads through a proxy.
    pub proxy: ProxySettings,
    /// Which authorities are trusted.
    pub tls: TlsSettings,
}

impl UpstreamConfig {
    /// What is wrong with these settings, if something is: it would be found at the first connection.
    pub fn check(&self) -> Result<(), String> {
        http::proxy::check(&self.proxy)?;
        self.addresses.check()
    }

    /// What is wrong with the files that they name.
    pub fn check_files(&self) -> Result<(), String> {
        self.tls.ca_file.as_deref().map_or(Ok(()), http::tls::check)
    }

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
            proxy: ProxySettings::default(),
            tls: TlsSettings::default(),
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
    /// With more requests open than this, writes of the same moment on one thread that reads for others
    /// ([`read_here`](crate::stdio::read_here)) are gathered into one: fewer system calls on both sides, for waiting
    /// until all that are about to run there have run.
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
    /// Messages that nobody waits for on their way at a time, of each kind: cancellations, answers of clients to the
    /// server, and answers of our own.
    pub background: usize,
    /// From a request to the head of its response, in milliseconds; 0 for as long as the call may take.
    pub response_timeout_ms: u64,
    /// When a server that cannot be reached is left alone.
    pub breaker: BreakerLimits,
}

impl HttpLimits {
    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) fn response_timeout(&self) -> Option<Duration> {
        (self.response_timeout_ms > 0).then(|| Duration::from_millis(self.response_timeout_ms))
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_ms)
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 10_000,
            idle_ms: 4_000,
            max_idle: 64,
            background: 64,
            response_timeout_ms: 0,
            breaker: BreakerLimits::default(),
        }
    }
}

/// When a server that cannot be reached is left alone for a while. Counted for each origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerLimits {
    /// After so many failures in a row; 0 for never.
    pub failures: u32,
    /// For so long at first, in milliseconds; twice as long with each further failure.
    pub first_pause_ms: u64,
    /// Never longer than this, in milliseconds.
    pub longest_pause_ms: u64,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failures: 5, first_pause_ms: 1_000, longest_pause_ms: 30_000 }
    }
}

/// Proxies for HTTP servers. The daemon's environment says nothing about them.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxySettings {
    /// For servers at `http://`; a URL, with user and password where the proxy wants them.
    pub http: Option<SecretString>,
    /// For servers at `https://`.
    pub https: Option<SecretString>,
    /// Host names, domains with a dot in front, and networks that are reached without.
    pub direct: Vec<String>,
}

impl ProxySettings {
    pub(crate) fn is_direct(&self, host: &Host<String>) -> bool {
        self.direct.iter().any(|entry| match host {
            Host::Domain(name) => match entry.strip_prefix('.') {
                Some(domain) => {
                    let (name, domain) = (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
                    name == domain || name.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
                }
                None => name.eq_ignore_ascii_case(entry),
            },
            Host::Ipv4(address) => within(entry, (*address).into()),
            Host::Ipv6(address) => within(entry, (*address).into()),
        })
    }
}

/// Whether an entry is this address, or a network that it is in.
fn within(entry: &str, address: std::net::IpAddr) -> bool {
    entry.parse() == Ok(address) || entry.parse::<IpNet>().is_ok_and(|network| network.contains(&address))
}

impl PartialEq for ProxySettings {
    fn eq(&self, other: &Self) -> bool {
        let plain = |url: &Option<SecretString>| url.as_ref().map(|url| url.expose_secret().to_owned());
        plain(&self.http) == plain(&other.http)
            && plain(&self.https) == plain(&other.https)
            && self.direct == other.direct
    }
}

impl Eq for ProxySettings {}

impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxySettings")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .field("direct", &self.direct)
            .finish()
    }
}

/// Trust in servers at `https://`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// A file of certificates in PEM, of authorities that are trusted besides those of this machine.
    pub ca_file: Option<PathBuf>,
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
