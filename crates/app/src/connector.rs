//! From a configured server to a live peer: opens the secrets in this moment, launches or dials, and keeps each
//! server's log.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use orch_domain::confinement::ConfinementRules;
use orch_domain::id::ServerId;
use orch_domain::limits::{Limit, ProcessLimits};
use orch_domain::port::vault::{Vault, VaultError};
use orch_domain::secret::{Secret, Slot};
use orch_domain::server::{Server, Transport};
use orch_mcp::peer::{Connection, EraChoice, Peer, PeerSink};
use orch_relay::connector::{ConnectFailure, Connector};
use orch_supervisor::{Launcher, LogStore, ProcessLog, ProcessSpec, Redactor};
use orch_upstream::http::HttpTarget;
use orch_upstream::stdio::{self, Probed, StdioTarget};
use orch_upstream::{ConnectError, UpstreamConfig};
use orch_upstream::{remote, sse};
use secrecy::SecretString;

use crate::protocol_log::Listening;
use crate::{confined, logs};

/// Why a server is not started that is not confined as the instance wants it.
const WITHOUT_SANDBOX: &str = "it has no whole sandbox, and this instance starts no server without one (its setting \
                               servers.sandbox): set the mode of its sandbox to on";

pub(crate) struct UpstreamConnector {
    launcher: Arc<dyn Launcher>,
    vault: Arc<dyn Vault>,
    logs: Arc<LogStore>,
    config: UpstreamConfig,
    confinement: ConfinementRules,
    /// Servers that end when they are asked for the modern era, with the configuration they had: they are started in the
    /// old way, and not twice each time.
    old_ways: Mutex<HashMap<ServerId, u32>>,
}

impl UpstreamConnector {
    pub(crate) fn new(
        launcher: Arc<dyn Launcher>,
        vault: Arc<dyn Vault>,
        logs: Arc<LogStore>,
        config: UpstreamConfig,
        confinement: ConfinementRules,
    ) -> Self {
        Self { launcher, vault, logs, config, confinement, old_ways: Mutex::default() }
    }

    fn log(&self, server: ServerId, limits: &ProcessLimits) -> Arc<ProcessLog> {
        let kept = limits.get(Limit::Log).map(|kib| u64::from(kib) * 1024);
        self.logs.log(&logs::name(server), kept)
    }

    /// The settings of connections, with what the server's own limits say about messages.
    fn config(&self, limits: &ProcessLimits) -> UpstreamConfig {
        let mut config = self.config.clone();
        if let Some(kib) = limits.get(Limit::Line) {
            let bytes = usize::try_from(kib).unwrap_or(usize::MAX).saturating_mul(1024);
            config.max_message_bytes = config.max_message_bytes.min(bytes);
        }
        config
    }

    fn old_ways(&self) -> MutexGuard<'_, HashMap<ServerId, u32>> {
        self.old_ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process, and remembers how it wants to be spoken to.
    async fn start(
        &self,
        server: &Server,
        target: StdioTarget,
        connection: Connection,
        config: &UpstreamConfig,
        sink: Arc<dyn PeerSink>,
    ) -> Result<Arc<dyn Peer>, ConnectError> {
        let known = connection.era == EraChoice::Auto && self.old_ways().get(&server.id) == Some(&server.generation);
        let connection = if known { Connection { era: EraChoice::Legacy, ..connection } } else { connection };
        let started = stdio::connect(&*self.launcher, target, &connection, config, sink).await;
        match &started {
            Ok(peer) if peer.probed() == Probed::Died => {
                self.old_ways().insert(server.id, server.generation);
            }
            // It may have become another one, which the next start finds out.
            Err(_) if known => {
                self.old_ways().remove(&server.id);
            }
            Ok(_) | Err(_) => {}
        }
        Ok(started?)
    }

    fn open(&self, secret: &Secret) -> Result<SecretString, ConnectFailure> {
        self.vault.open(Secret::place(secret.id), &secret.sealed).map_err(|error: VaultError| {
            ConnectFailure::new(format!("{} cannot be decrypted: {error}", slot_name(&secret.slot)))
        })
    }

    fn open_args(&self, server: &Server) -> Result<Vec<SecretString>, ConnectFailure> {
        server.args().map(|secret| self.open(secret)).collect()
    }

    fn http_target(&self, server: &Server, url: &str) -> Result<HttpTarget, ConnectFailure> {
        let headers = self.open_named(server, |slot| match slot {
            Slot::Header(name) => Some(name),
            Slot::Arg(_) | Slot::Env(_) => None,
        })?;
        Ok(HttpTarget { url: url.to_owned(), headers })
    }

    /// The values of one kind of slot with their names.
    fn open_named<'a>(
        &self,
        server: &'a Server,
        name: impl Fn(&'a Slot) -> Option<&'a String>,
    ) -> Result<Vec<(String, SecretString)>, ConnectFailure> {
        server
            .secrets
            .iter()
            .filter_map(|secret| Some((name(&secret.slot)?, secret)))
            .map(|(name, secret)| Ok((name.clone(), self.open(secret)?)))
            .collect()
    }
}

/// A sink that keeps the credentials of this connection out of the log.
fn heard(sink: Arc<dyn PeerSink>, log: Arc<ProcessLog>, target: &HttpTarget) -> Arc<dyn PeerSink> {
    let redactor = Arc::new(Redactor::of_values(target.headers.iter().map(|(_, value)| value)));
    log.redact_with(Arc::clone(&redactor));
    Listening::before(sink, log, redactor)
}

fn slot_name(slot: &Slot) -> String {
    match slot {
        Slot::Arg(position) => format!("argument {}", position + 1),
        Slot::Env(name) => format!("the environment variable {name}"),
        Slot::Header(name) => format!("the header {name}"),
    }
}

#[async_trait]
impl Connector for UpstreamConnector {
    async fn connect(
        &self,
        server: &Server,
        connection: Connection,
        sink: Arc<dyn PeerSink>,
    ) -> Result<Arc<dyn Peer>, ConnectFailure> {
        let limits = self.confinement.limits.effective(&server.limits);
        let log = self.log(server.id, &limits);
        let config = self.config(&limits);
        let peer = match &server.transport {
            Transport::Stdio { command, cwd } => {
                // Whatever was stored before the rule, or by somebody who does not know it.
                if !self.confinement.sandbox.allows(server.sandbox.mode) {
                    return Err(ConnectFailure {
                        incompatible: true,
                        ..ConnectFailure::new(WITHOUT_SANDBOX.to_owned())
                    });
                }
                let spec = ProcessSpec {
                    args: self.open_args(server)?,
                    env: self.open_named(server, |slot| match slot {
                        Slot::Env(name) => Some(name),
                        Slot::Arg(_) | Slot::Header(_) => None,
                    })?,
                    cwd: cwd.as_ref().map(PathBuf::from),
                    limits: confined::limits(&limits),
                    sandbox: confined::sandbox(&server.sandbox),
                    ..ProcessSpec::new(server.alias.as_str(), command)
                };
                let redactor = Arc::new(Redactor::of(&spec));
                let sink = Listening::before(sink, Arc::clone(&log), redactor);
                self.start(server, StdioTarget { spec, log }, connection, &config, sink).await
            }
            Transport::StreamableHttp { url } => {
                let target = self.http_target(server, url)?;
                let sink = heard(sink, log, &target);
                remote::connect(&target, &connection, &config, sink).await
            }
            Transport::Sse { url } => {
                let target = self.http_target(server, url)?;
                let sink = heard(sink, log, &target);
                sse::connect(&target, &connection, &config, sink).await.map(|peer| -> Arc<dyn Peer> { peer })
            }
        };
        peer.map_err(|error| ConnectFailure {
            other_era: matches!(
                error,
                ConnectError::OtherEra { .. }
                    | ConnectError::Refused(_)
                    | ConnectError::NotHere { .. }
                    | ConnectError::UnknownVersion { .. }
                    | ConnectError::MalformedHello { .. }
            ),
            incompatible: matches!(
                error,
                ConnectError::OtherEra { .. }
                    | ConnectError::UnknownVersion { .. }
                    | ConnectError::MalformedHello { .. }
                    | ConnectError::InvalidUrl { .. }
                    | ConnectError::InvalidHeader { .. }
            ),
            ..ConnectFailure::new(error.to_string())
        })
    }

    fn remark(&self, server: ServerId, text: String) {
        self.logs.log(&logs::name(server), None).push(text);
    }

    fn forget(&self, server: ServerId) {
        self.old_ways().remove(&server);
        self.logs.forget(&logs::name(server));
    }
}
